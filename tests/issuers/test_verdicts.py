"""Trusts on every issuer, decided, and the sentences about them.

The cases lie in `fixtures/cases/issuers`, whose README says how one is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.claims.languages.pattern import Pattern
from auditor.claims.parse import readings
from auditor.claims.predicate import Match, conjunction, evaluate
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.config import Ours
from auditor.decide import decide
from auditor.issuers import identify, kinds
from auditor.model import Clause, Decision, Identity, Source, Statement, Trust

FOLDER = Path(__file__).parents[2] / "fixtures/cases/issuers"
CASES: list[tuple[str, Mapping[str, Any]]] = [
    (file.stem, row) for file in sorted(FOLDER.glob("*.json")) for row in json.loads(file.read_text("utf-8"))["cases"]
]
ROWS = [
    pytest.param(kind, row, id=f"{kind}: {row['why']} {row['issuer'].removeprefix('https://')}") for kind, row in CASES
]

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
    issuer = identify(url, (subject,) if isinstance(subject, str) else tuple(subject), globs)
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


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_classes(kind: str, row: Mapping[str, Any]) -> None:
    decision = decided(row["issuer"], row["like"])
    assert decision.trust.issuer.kind == kind
    assert word(decision.reachable) == row["reachable"]
    assert {name: word(verdict) for name, verdict in decision.classes.items()} == row["classes"]
    verdicts: dict[str, Verdict] = {"reachable": decision.reachable, **decision.classes}
    for verdict in verdicts.values():
        if isinstance(verdict, Accepted):
            assert evaluate(decision.trust.predicate, verdict.witness) is True
    for name, claims in row.get("witness", {}).items():
        verdict = verdicts[name]
        assert isinstance(verdict, Accepted)
        for claim, glob in claims.items():
            assert Pattern.glob(glob).matches(str(verdict.witness[claim])), (name, claim, verdict.witness[claim])


def test_every_issuer_has_cases() -> None:
    """Open ones and tight ones, wherever the issuer has tenants or projects to tell apart."""
    for kind in kinds():
        rows = [row for name, row in CASES if name == kind]
        open_ones = [
            row for row in rows if "accepted" in (row["classes"].get("any-tenant"), row["classes"].get("any-project"))
        ]
        assert rows, kind
        assert open_ones or kind in PEOPLE, kind
        assert len(rows) > len(open_ones), kind


PEOPLE = {"auth0", "okta", "keycloak", "cognito-user-pool"}
"""Issuers of people: who holds their tokens is not known, so nothing is proved about strangers."""


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_a_witness_is_a_token_of_its_issuer(kind: str, row: Mapping[str, Any]) -> None:
    """The parser reads every witness as an exact token: nothing missing, nothing contradicting."""
    del kind
    decision = decided(row["issuer"], row["like"])
    grammar = decision.trust.issuer.grammar
    for name, verdict in {"reachable": decision.reachable, **decision.classes}.items():
        if isinstance(verdict, Accepted):
            found = readings(verdict.witness, grammar)
            assert found, name
            assert all(one.exact for one in found), (name, found[0].missing, found[0].misfits)


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
