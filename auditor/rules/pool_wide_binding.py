"""A role is granted to every identity of a workload identity pool.

## What it finds

A binding whose member is a whole pool, `principalSet://…/POOL/*`, and which lets somebody in.

## Why it matters

The binding itself restricts nothing. Whatever the condition of any provider of the pool lets in gets the role, and so
does what a provider added tomorrow lets in: whoever may add one, or loosen a condition, decides who gets this role too.

## Example

    principalSet://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci/*

## Use instead

One repository, or better one subject:

    principalSet://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci/attribute.repository/acme/app
    principal://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci/subject/repo:acme/app:ref:refs/heads/main
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Confidence, Decision, Finding
from auditor.rules import fixes, pools, references, words
from auditor.rules.base import Context, Definition
from auditor.rules.narrowing import bearer


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    del context
    trust = decision.trust
    if trust.member is None or not _whole_pool(trust.member) or isinstance(decision.reachable, Rejected):
        return
    witness = decision.reachable.witness if isinstance(decision.reachable, Accepted) else None
    who = None if witness is None else bearer(trust.issuer.grammar, witness)
    others = words.listed((pools.short(name) for name, _ in trust.notes.get("beside", ())), "and")
    beside = f" So does whatever {others} lets in." if others else ""
    yield RULE.finding(
        decision,
        title=f"Every identity of pool {pools.short(pools.pool_of(trust))} can {trust.identity.gained}",
        detail=f"{decision.statement} The binding names the whole pool, so the condition of the provider "
        f"{pools.short(trust.via)} alone says who that is.{beside} {words.power(decision)}",
        witness=witness,
        evidence=[statement.source for statement in trust.allows],
        fix=fixes.member(trust, who, "Grant the role to one subject, or to one value of an attribute."),
    )


def _whole_pool(member: str) -> bool:
    """Whether the star stands where the pool's name ends, and is not the value of an attribute."""
    pool, _, rest = member.partition("/workloadIdentityPools/")
    return bool(pool) and rest.partition("/")[2] == "*"


RULE = Definition(
    id="pool-wide-binding",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GCP_PRACTICES, references.GCP_PRINCIPALS),
    trust=check,
)
