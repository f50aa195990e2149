"""Policies as nobody should write them: no rule fails on one, and no witness is unconfirmed."""

from __future__ import annotations

from collections import Counter
from random import Random

from auditor.config import Ours, Owned
from auditor.model import Status
from auditor.providers.aws import PROVIDER
from auditor.rules import CHANGES, RULES
from auditor.rules.base import Context
from auditor.snapshot import Coverage, Document, Snapshot
from auditor.snapshot import Status as Reading
from tests.providers.aws.material import ACCOUNT, ROLE_ARN
from tests.providers.aws.strategies import World, make_world
from tests.rules.cases import findings, judged, policy, snapshot

WORLDS = 150
GOOGLE = {"broad-impersonation", "pool-wide-binding", "uploaded-keys", "tautological-condition", "subject-collision"}
GOOGLE |= {"misleading-attribute", "shared-pool", "unreferenced-provider"}
"""Rules about Google Cloud alone."""
AZURE = {"foreign-issuer", "long-lived-secret-beside", "audience-unusual", "credential-writer"}
"""Rules about Azure alone."""
OURS = Ours(tenants={"github": (Owned("acme", "12"),), "gitlab": (Owned("acme"),)}, declared=True)


def snapshot_of(world: World) -> Snapshot:
    documents = [Document("aws", ACCOUNT, "iam-role", ROLE_ARN, world.role)]
    documents += [Document("aws", ACCOUNT, "oidc-provider", arn, body) for arn, body in world.providers.items()]
    listed = Reading.READ if world.providers_read else Reading.DENIED
    rows = [Coverage("aws", ACCOUNT, "iam-role", Reading.READ), Coverage("aws", ACCOUNT, "oidc-provider", listed)]
    return Snapshot("2026-11-21T12:00:00Z", "2026-11-21T12:00:01Z", documents, rows)


POWER = {"admin-access", "privilege-escalation", "impersonation-chain", "service-wildcard", "sensitive-read"}
POWER |= {"unbounded-role", "unused-identity", "expired-waiver", "unused-waiver", *(rule.id for rule in CHANGES)}
"""Nobody asks here what the roles may do, nothing is waived, and nothing is compared with what was."""


def check(context: Context, seen: Counter[str]) -> None:
    trusts = {decision.trust.id: decision.trust for decision in context.decisions}
    for one in findings(context):
        assert one.status is Status.OPEN, f"{one.rule}: {one.detail}"
        assert one.witness is None or PROVIDER.admits(trusts[one.subject], one.witness) is True
        seen[one.rule] += 1


def test_no_rule_fails_and_every_witness_is_confirmed() -> None:
    seen: Counter[str] = Counter()
    for seed in range(WORLDS):
        check(judged(snapshot_of(make_world(Random(seed))), OURS), seen)
    rare = {"any-branch", "any-tag", "any-environment", "environment-gate", "pull-request", "untrusted-tenant"}
    rare |= {"unchecked-audience", "reusable-name", "cross-issuer", "unknown-issuer"}
    rare |= GOOGLE | AZURE | POWER
    assert {rule.id for rule in RULES} - seen.keys() <= rare


def test_a_long_list_counts_as_one_line() -> None:
    body = {"condition": {"StringLike": {"sub": [f"repo:acme/app{number}:*" for number in range(40)]}}}
    found = [one for one in findings(judged(snapshot(policy(body), body), Ours())) if one.rule != "reusable-name"]
    assert [(one.rule, [place.pointer.rpartition("/")[2] for place in one.evidence]) for one in found] == [
        ("pull-request", ["token.actions.githubusercontent.com:sub"])
    ]


def test_many_strangers_share_a_finding() -> None:
    body = {
        "condition": {"StringEquals": {"sub": [f"repo:org{n:02}@{n + 1}/app@1:ref:refs/heads/main" for n in range(22)]}}
    }
    found = findings(judged(snapshot(policy(body), body), Ours(tenants={"github": ()}, declared=True)))
    names = [one.title.partition(" on ")[0] for one in found if one.rule == "untrusted-tenant"]
    assert names[:20] == [f"org{n:02}" for n in range(20)]
    assert names[20].startswith("org20, org21")
    assert len(names) == 21
