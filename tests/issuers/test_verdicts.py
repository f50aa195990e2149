"""Trusts on every issuer besides GitHub, decided (`fixtures/cases/issuer_trusts.jsonl`), and the sentences about them.

A row: `like` compares claims with globs (several of one claim: all must match), whatever the audience; `reachable` and
`classes` are the whole answer, `why` the reason in a few words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.claims.pattern import Pattern
from auditor.claims.predicate import Match, conjunction
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.config import Ours
from auditor.decide import decide
from auditor.issuers import identify
from auditor.model import Clause, Decision, Identity, Source, Statement, Trust

TABLE = Path(__file__).parents[2] / "fixtures/cases/issuer_trusts.jsonl"
ROWS = [json.loads(line) for line in TABLE.read_text("utf-8").splitlines()]

PLACE = Source("role", "/AssumeRolePolicyDocument")
NOTHING = Ours()


def decided(url: str, globs: Mapping[str, str | list[str]], ours: Ours = NOTHING) -> Decision:
    """A trust that compares each claim with a glob (or with several, all of which must match), any audience let in."""
    tests = [
        Match(claim, Pattern.glob(glob))
        for claim, listed in globs.items()
        for glob in ((listed,) if isinstance(listed, str) else listed)
    ]
    subject = globs.get("sub", ())
    issuer = identify(url, (subject,) if isinstance(subject, str) else tuple(subject))
    clause = Clause(PLACE, "test", conjunction(tests))
    statement = Statement("allow", PLACE, (clause,))
    identity = Identity("aws", "123456789012", "iam-role", "role", "deploy")
    return decide(Trust(identity, issuer, "door", PLACE, (statement,), conjunction(()), None, {}), ours)


def word(verdict: Verdict) -> str:
    match verdict:
        case Accepted():
            return "accepted"
        case Rejected():
            return "rejected"
        case Undecided():
            return "unknown"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['issuer'].removeprefix('https://')}: {row['why']}")
def test_classes(row: Mapping[str, Any]) -> None:
    decision = decided(row["issuer"], row["like"])
    assert word(decision.reachable) == row["reachable"]
    assert {name: word(verdict) for name, verdict in decision.classes.items()} == row["classes"]


ORG, PROJECT = "c1000000-0000-4000-8000-0000000000aa", "c1000000-0000-4000-8000-0000000000bb"
CIRCLE = f"https://oidc.circleci.com/org/{ORG}"
EKS = "https://oidc.eks.eu-north-1.amazonaws.com/id/A1B2"
TFC = "https://app.terraform.io"
GITLAB = "https://gitlab.com"


def test_a_branch_can_look_like_the_end_of_a_circleci_subject() -> None:
    pattern = f"org/{ORG}/project/{PROJECT}/user/*/vcs-origin/github.com/acme/*/vcs-ref/refs/heads/main"
    decision = decided(CIRCLE, {"sub": pattern, "oidc.circleci.com/vcs-ref": "refs/heads/x*"})
    assert isinstance(decision.reachable, Accepted)
    branch = str(decision.reachable.witness["oidc.circleci.com/vcs-ref"])
    assert branch.startswith("refs/heads/x")
    assert branch.endswith("/vcs-ref/refs/heads/main")


@pytest.mark.parametrize(
    ("url", "globs", "sentence"),
    [
        (
            GITLAB,
            {"sub": "project_path:acme/sub/app:ref_type:branch:ref:main"},
            "Branch main or merge-request branch main of acme/sub/app on GitLab CI/CD may become deploy.",
        ),
        (
            EKS,
            {"sub": "system:serviceaccount:*:writer", "aud": "sts.amazonaws.com"},
            "Any pod of service account writer of any namespace on Amazon EKS may become deploy.",
        ),
        (
            TFC,
            {"sub": "organization:acme:project:core:workspace:*:run_phase:apply"},
            "Any run of any workspace of project core of acme with run phase apply on HCP Terraform may become deploy.",
        ),
        (
            "https://oidc.fly.io/acme",
            {"sub": "acme:api:*"},
            "Any machine of acme/api on Fly.io may become deploy.",
        ),
        (
            GITLAB,
            {"project_path": "acme/app", "environment": "prod"},
            (
                "Any branch, merge-request branch or tag of acme/app with environment prod on GitLab CI/CD "
                "may become deploy."
            ),
        ),
    ],
)
def test_sentence(url: str, globs: dict[str, str | list[str]], sentence: str) -> None:
    assert decided(url, globs).statement == sentence


def test_projects_are_named_in_the_order_people_write_them() -> None:
    assert decided(GITLAB, {"sub": "project_path:acme/sub/app:*"}).projects == ("acme/sub/app",)
    assert decided(EKS, {"sub": "system:serviceaccount:billing:writer"}).projects == ("billing/writer",)
    assert decided(TFC, {"sub": "organization:acme:project:core:workspace:net:*"}).projects == ("acme/core/net",)


@pytest.mark.parametrize(
    ("place", "reachable"),
    [
        ("gitlab:acme", "accepted"),
        ("gitlab:acme/sub/app", "accepted"),
        ("gitlab:acme/sub", "rejected"),
        ("gitlab:acme/app", "rejected"),
        ("gitlab:eve", "rejected"),
        ("github:acme", "rejected"),
    ],
)
def test_a_declared_subject_template_counts_for_its_own_project_only(place: str, reachable: str) -> None:
    ours = Ours(subject_templates={place: ("project_path", "ref_protected")}, declared=True)
    decision = decided(GITLAB, {"sub": "project_path:acme/sub/app:ref_protected:true"}, ours)
    assert word(decision.reachable) == reachable
