"""Whole trust policies and their verdicts, each row written down from the vendors' documents before the program ran."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.claims import regions
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.config import Ours, Owned
from auditor.decide import decide
from auditor.model import Decision, Trust
from auditor.providers.aws.evaluate import admits
from auditor.providers.aws.trust import trusts
from auditor.snapshot import Coverage, Document, Snapshot, Status

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ACCOUNT = "111122223333"
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
CASES = json.loads((Path(__file__).parents[1] / "fixtures/cases/aws_verdicts.json").read_text())


def trust_of(policy: Any, client_ids: list[str]) -> Trust:
    role = {"RoleName": "deploy", "AssumeRolePolicyDocument": policy}
    provider = {"Arn": GITHUB, "Url": GITHUB.partition("oidc-provider/")[2], "ClientIDList": client_ids}
    snapshot = Snapshot(
        started=NOW.isoformat(),
        finished=NOW.isoformat(),
        documents=[
            Document("aws", ACCOUNT, "iam-role", f"arn:aws:iam::{ACCOUNT}:role/deploy", role),
            Document("aws", ACCOUNT, "oidc-provider", GITHUB, provider),
        ],
        coverage=[Coverage("aws", ACCOUNT, kind, Status.READ) for kind in ("iam-role", "oidc-provider")],
    )
    (trust,) = trusts(snapshot, NOW)
    return trust


def decided(case: Any) -> Decision:
    ours = {kind: tuple(Owned(name) for name in names) for kind, names in case.get("ours", {}).items()}
    return decide(trust_of(case["policy"], case["client_ids"]), Ours(tenants=ours, declared=bool(ours)))


def word(verdict: Verdict) -> str:
    return {Accepted: "accepted", Rejected: "rejected", Undecided: "unknown"}[type(verdict)]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_verdicts(case: Any) -> None:
    decision = decided(case)
    expected = dict.fromkeys(decision.classes, "rejected")
    expected |= dict.fromkeys(case["accepted"], "accepted") | dict.fromkeys(case["unknown"], "unknown")
    got = {name: word(verdict) for name, verdict in decision.classes.items()}
    assert (word(decision.reachable), got) == (case["reachable"], expected), case["why"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_witness_satisfies_the_source_policy(case: Any) -> None:
    decision = decided(case)
    for name, verdict in {"reachable": decision.reachable, **decision.classes}.items():
        if isinstance(verdict, Accepted):
            assert admits(decision.trust, verdict.witness, NOW) is True, (name, verdict.witness)


def test_names_that_were_too_many_to_list_do_not_narrow_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `acme/app` is listed; that any project of `other` gets in must not be refused for that."""
    monkeypatch.setattr(regions, "REGION_BUDGET", 0)
    subjects = ["repo:acme/app:ref:refs/heads/main", "repo:other/*:ref:refs/heads/main"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": GITHUB},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": subjects}},
    }
    decision = decide(trust_of({"Version": "2012-10-17", "Statement": statement}, ["sts.amazonaws.com"]), Ours())
    assert not decision.breadth_complete
    assert decision.tenants == ("acme",)
    assert {name: word(decision.classes[name]) for name in ("any-tenant", "any-project")} == {
        "any-tenant": "unknown",  # `other` is named as well, but was not listed
        "any-project": "unknown",
    }
