"""Real-world shapes of conditions, mappings and bindings, each with who gets in: `fixtures/cases/gcp_verdicts.json`."""

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
from auditor.providers.gcp import PROVIDER
from tests.providers.gcp.estates import snapshot

CASES = json.loads((Path(__file__).parents[3] / "fixtures/cases/gcp_verdicts.json").read_text("utf-8"))
WORD = {Accepted: "accepted", Rejected: "rejected", Undecided: "unknown"}


def test_there_are_enough() -> None:
    assert len(CASES) >= 60
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert {"accepted", "rejected", "unknown"} == {case["reachable"] for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_verdicts(case: Mapping[str, Any]) -> None:
    """Of every trust of the case, with witnesses tried on the raw documents."""
    decided = [(decide(trust, Ours())) for trust in PROVIDER.trusts(snapshot(case))]
    assert decided
    for decision in decided:
        sure = confirm(PROVIDER, decision)
        assert sure == decision  # no witness is refused by the source
        words = {name: WORD[type(verdict)] for name, verdict in decision.classes.items()}
        assert {
            "reachable": WORD[type(decision.reachable)],
            "accepted": {name for name, word in words.items() if word == "accepted"},
            "unknown": {name for name, word in words.items() if word == "unknown"},
        } == {"reachable": case["reachable"], "accepted": set(case["accepted"]), "unknown": set(case["unknown"])}
