"""Trust policies as third parties wrote them, labelled by people, audited live over HTTP.

The cases are not part of this repository. `AUDITOR_LABELLED_CASES` names the folder they lie in (one JSON file a case,
with `trust_policy`, `labels` and `confidence`); without it this test has nothing to run on and says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.config import Config
from auditor.pipeline import audit
from auditor.providers.aws import PROVIDER
from auditor.rules.base import Persona
from fixtures.loopback.aws import LoopbackAws
from tests.reading import read_alone

FOLDER = os.environ.get("AUDITOR_LABELLED_CASES")

CLASS_OF = {
    "any_tenant": "any-tenant",
    "any_repo_in_org": "any-project",
    "any_branch": "any-branch",
    "any_environment": "any-environment",
    "pull_request": "pull-request",
    "no_audience_check": "unchecked-audience",
}

REASONED = {
    "306": "its subject is a placeholder, as the label says; that a person may have it is not documented: unknown",
    "259": "the label takes a principal tag for missing; whether such callers carry tags is not settled, so: unknown",
}
"""Cases below high confidence that come out differently, and why."""

WORD = {Accepted: True, Rejected: False, Undecided: "unknown", type(None): "no such class"}


def audiences(value: Any) -> Iterator[str]:
    """Every audience a policy spells out: those a provider of its account has registered."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key.lower().endswith(":aud"):
                yield from (text for text in ([inner] if isinstance(inner, str) else inner) if "*" not in text)
            else:
                yield from audiences(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from audiences(inner)


@pytest.mark.skipif(FOLDER is None, reason="AUDITOR_LABELLED_CASES names no folder of labelled cases")
def test_every_label_is_met(aws: LoopbackAws) -> None:
    cases = [json.loads(path.read_text()) for path in sorted(Path(FOLDER or "").glob("*.json"))]
    assert cases
    registered = ["second-client", *(text for case in cases for text in audiences(case["trust_policy"]))]
    listed = list(dict.fromkeys(("sts.amazonaws.com", *registered)))[:100]
    aws.load_trusts([(f"case-{case['id']}", case["trust_policy"]) for case in cases], client_ids=listed)
    snapshot = read_alone(PROVIDER, Config())
    report = audit(snapshot, (PROVIDER,), Config(), (), Persona.AUDITOR, lambda text: None)
    decisions = {decision.trust.identity.name: decision for decision in report.decisions}
    wrong: list[str] = []
    for case in cases:
        decision = decisions[f"case-{case['id']}"]
        expected = {CLASS_OF[name]: value for name, value in case["labels"].items() if name in CLASS_OF}
        if isinstance(case["labels"]["unreachable"], bool):
            expected["reachable"] = not case["labels"]["unreachable"]
        verdicts: dict[str, Verdict] = {"reachable": decision.reachable, **decision.classes}
        for name, value in expected.items():
            got = WORD[type(verdicts.get(name))]
            if isinstance(value, bool) and got != value and case["id"] not in REASONED:
                wrong.append(f"{case['id']} ({case['confidence']}) {name}: labelled {value}, decided {got}")
    assert wrong == []
