"""Google findings: one in full, what is proposed, and estates as nobody should write them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from auditor.claims.predicate import Token
from auditor.config import Ours, Owned
from auditor.model import Confidence, Finding, Fix, Severity, Source, Status
from auditor.providers.gcp import PROVIDER as GOOGLE
from auditor.snapshot import Document
from tests.providers.gcp import estates
from tests.providers.gcp.estates import ACCOUNT, NUMBER, PROVIDER, member
from tests.rules.cases import cases, findings, judged

SUBJECTS = f"principal://iam.googleapis.com/projects/{NUMBER}/locations/global/workloadIdentityPools/ci/subject"
PLACE = "/policy/bindings/0/members/0"
OURS = Ours(tenants={"github": (Owned("acme", "12"),), "gitlab": (Owned("acme"),)}, declared=True)
WORLDS = 150


def found(case: dict[str, Any], ours: Ours | None = None) -> list[Finding]:
    return findings(judged(estates.snapshot(case), ours or Ours()))


def short(token: Token | None) -> Token | None:
    return None if token is None else {claim: token[claim] for claim in ("sub", "aud")}


def test_any_repository_of_an_owner_known_by_id() -> None:
    case = {"member": "*", "condition": "assertion.repository_owner_id == '123'"}
    wide, pool = found(case)
    assert pool.rule == "pool-wide-binding"
    assert replace(wide, witness=short(wide.witness), subject="") == Finding(
        rule="any-project",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        subject="",
        subject_kind="trust",
        title="Any repository of owner id 123 can become deploy",
        detail=(
            "Any branch, environment, pull request or tag of any repository of any owner with tenant id 123 on GitHub "
            "Actions may become deploy. The token shown is of evil-org/evil-repo, which the trust does not name. The "
            "same lines let in, and these are not reported again: any branch, any tag, any environment and code that "
            "nobody has merged. What deploy may then do was not judged."
        ),
        witness={"sub": "repo:evil-org/evil-repo:ref:refs/heads/main", "aud": f"//iam.googleapis.com/{PROVIDER}"},
        evidence=(Source(PROVIDER, "/attributeCondition", (0, 38)),),
        fix=Fix(
            "Name the repository, and one branch or environment.",
            before=member("*"),
            after=f"{SUBJECTS}/repo:OWNER/REPOSITORY:ref:refs/heads/main",
        ),
    )


def fixes_of(case: dict[str, Any], rule: str, ours: Ours | None = None) -> list[tuple[str | None, str | None]]:
    return [(one.fix.before, one.fix.after) for one in found(case, ours) if one.rule == rule and one.fix]


def test_where_the_subject_is_mapped_otherwise_the_condition_is_narrowed() -> None:
    mapping = {"google.subject": "assertion.repository"}
    condition = "assertion.repository.startsWith('acme/') && assertion.repository_owner_id == '123'"
    assert fixes_of({"member": "*", "mapping": mapping, "condition": condition}, "any-project") == [
        (
            condition,
            "assertion.repository_owner_id == '123' && assertion.sub == 'repo:acme/REPOSITORY:ref:refs/heads/main'",
        )
    ]
    assert fixes_of({"member": "*", "mapping": mapping}, "any-tenant") == [
        ("(no attribute condition)", "assertion.sub == 'repo:OWNER/REPOSITORY:ref:refs/heads/main'")
    ]


def test_stars_become_tests_of_both_ends() -> None:
    case = {"issuer": "buildkite", "member": "*", "condition": "assertion.organization_slug == 'acme'"}
    ((before, after),) = fixes_of(case, "any-project")
    assert before == "assertion.organization_slug == 'acme'"
    assert after == (
        "assertion.sub.startsWith('organization:acme:pipeline:PIPELINE:ref:refs/heads/main:commit:') && "
        "assertion.sub.contains(':step:')"
    )


@pytest.mark.parametrize(
    ("condition", "after"),
    [
        ("assertion.repository_owner in ['acme', 'other']", "assertion.repository_owner in ['acme']"),
        (
            "assertion.repository_owner == 'acme' || assertion.repository_owner == 'other'",
            "assertion.repository_owner == 'acme'",
        ),
        ("(assertion.repository_owner == 'acme') || (assertion.repository_owner == 'other')", None),
    ],
)
def test_strangers_are_struck_out(condition: str, after: str | None) -> None:
    case = {"member": "*", "condition": condition}
    before = None if after is None else condition
    assert fixes_of(case, "untrusted-tenant", OURS) == [(before, after)]


def test_a_pool_that_is_not_there() -> None:
    (orphan,) = (one for one in found({"member": "*", "pool": None, "providers": []}) if one.rule == "orphan-provider")
    assert orphan.title == "A policy lets ci, a pool without any provider, become deploy"
    assert orphan.evidence == (Source(ACCOUNT, PLACE),)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ({"provider": {"disabled": True}}, "Google Cloud lets no token in there: the provider is disabled."),
        ({"member": "attribute.team/x"}, "attribute.team/x: the provider maps nothing to attribute.team."),
        (
            {"binding": "request.time < timestamp('2020-01-01T00:00:00Z')"},
            "request.time < timestamp('2020-01-01T00:00:00Z'): the time that the binding allows is over.",
        ),
        (
            {"mapping": {"google.subject": "true"}},
            "Google Cloud lets no token in there: the attribute mapping gives no token a google.subject that is text.",
        ),
        (
            {
                "deny": [
                    {"deniedPrincipals": ["*"], "deniedPermissions": ["iam.googleapis.com/serviceAccounts.signBlob"]}
                ]
            },
            "A Deny statement refuses every token that this lets in.",
        ),
    ],
)
def test_why_nobody_gets_in(case: dict[str, Any], why: str) -> None:
    roles = [{"name": "projects/p/roles/x", "includedPermissions": ["iam.serviceAccounts.signBlob"]}]
    given = {"member": "attribute.repository/acme/app", **case}
    if "deny" in case:
        given |= {"role": "projects/p/roles/x", "roles": roles}
    if "mapping" in case:
        given["member"] = "*"
    (dead,) = (one for one in found(given) if one.rule == "dead-trust")
    assert dead.detail == why


ODD: tuple[Any, ...] = (None, True, 7, "", "x", "*", [], {}, ["x"], {"x": 1}, "'", "assertion.", "a" * 5000)


def places(body: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything inside a JSON value."""
    steps = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for step, inner in steps:
        yield (*here, step)
        yield from places(inner, (*here, step))


def spoiled(random: Random, document: Document) -> Document:
    body = copy.deepcopy(dict(document.body))
    everywhere = list(places(body))
    if everywhere:
        *above, last = random.choice(everywhere)
        inner: Any = body
        for step in above:
            inner = inner[step]
        inner[last] = random.choice(ODD)
    return replace(document, body=body)


def test_no_rule_fails_on_documents_of_another_shape() -> None:
    random = Random(7)
    written = [case for case in cases() if "google" in case.body]
    for _ in range(WORLDS):
        snapshot = random.choice(written).snapshot()
        for _ in range(random.randint(1, 3)):
            assert isinstance(snapshot.documents, list)
            place = random.randrange(len(snapshot.documents))
            snapshot.documents[place] = spoiled(random, snapshot.documents[place])
        context = judged(snapshot, OURS)
        trusts = {decision.trust.id: decision.trust for decision in context.decisions}
        for one in findings(context):
            assert one.status is Status.OPEN, f"{one.rule}: {one.detail}"
            assert one.witness is None or GOOGLE.admits(trusts[one.subject], one.witness) is True
