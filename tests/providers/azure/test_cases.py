"""Real-world shapes of federated credentials, each with who gets in: `fixtures/cases/azure_verdicts.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.config import Ours
from auditor.decide import decide
from auditor.judging.checks import confirm
from auditor.providers.azure import PROVIDER
from tests.providers.azure.estates import snapshot

CASES = json.loads((Path(__file__).parents[3] / "fixtures/cases/azure_verdicts.json").read_text("utf-8"))
WORD = {Accepted: "accepted", Rejected: "rejected", Undecided: "unknown"}


def test_there_are_enough() -> None:
    assert len(CASES) >= 100
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert {"accepted", "rejected", "unknown"} == {case["reachable"] for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_verdicts(case: Mapping[str, Any]) -> None:
    """Of the one credential the case is about, with witnesses tried on the raw documents."""
    estate = snapshot({key: value for key, value in case.items() if key != "name"})
    (trust,) = (trust for trust in PROVIDER.trusts(estate) if trust.identity.name == "deploy")
    decision = decide(trust, Ours())
    assert confirm(PROVIDER, decision) == decision  # no witness is refused by the source
    words = {name: WORD[type(verdict)] for name, verdict in decision.classes.items()}
    assert {
        "reachable": WORD[type(decision.reachable)],
        "accepted": {name for name, word in words.items() if word == "accepted"},
        "unknown": {name for name, word in words.items() if word == "unknown"},
        "because": trust.notes.get("closed") or next(iter(trust.notes.get("dead", {}).values()), None),
    } == {
        "reachable": case["reachable"],
        "accepted": set(case["accepted"]),
        "unknown": set(case["unknown"]),
        "because": case.get("because"),
    }
