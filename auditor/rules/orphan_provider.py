"""A registered issuer that no identity trusts, or a trusted issuer that is not registered.

## What it finds

Both directions: a registration (on AWS an IAM OIDC provider) nobody uses, and a trust that names a registration which
is not there.

## Why it matters

An idle registration is a door without a lock: one trust policy, however small the mistake in it, opens it to everybody
on that platform. The other way round, the trust comes alive as soon as somebody registers the issuer; whoever may do
that decides who gets in.

## Example

An OIDC provider for `oidc.circleci.com/org/…` two years after the move to another CI; a role that trusts the provider
of a cluster that was deleted.

## Use instead

Delete what is not used. Give `iam:CreateOpenIDConnectProvider` to as few as role creation itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Decision, Finding, Fix, Level
from auditor.rules import references, words
from auditor.rules.base import Context, Definition
from auditor.rules.severity import rate

KIND = "oidc-provider"
"""The kind of identity such a registration is listed as; what other clouds have instead has rules of its own."""


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    del context
    trust = decision.trust
    if not trust.notes.get("provider-missing"):
        return
    if trust.provider == "gcp":
        yield _empty_pool(decision)
        return
    yield RULE.finding(
        decision,
        title=f"{trust.identity.name} trusts an issuer that is not registered: {trust.issuer.url}",
        detail=f"{trust.via} does not exist in {trust.scope}. Whoever registers {trust.issuer.url} there brings the "
        "trust to life, with all it admits.",
        evidence=[statement.source for statement in trust.allows] or [trust.source],
        fix=Fix("Delete the trust, or register the issuer if it is still wanted."),
    )


def _empty_pool(decision: Decision) -> Finding:
    """Google's members name a pool, whose providers may be gone."""
    trust = decision.trust
    return RULE.finding(
        decision,
        title=f"A policy lets {trust.via.rpartition('/')[2]}, a pool without any provider, {trust.identity.gained}",
        detail=f"{trust.via} has no provider, or is gone itself. Whoever may create one there decides who becomes "
        f"{trust.member}.",
        evidence=[statement.source for statement in trust.allows] or [trust.source],
        fix=Fix("Take the member out of the binding, or set the provider up again if it is still wanted."),
    )


def check_estate(context: Context) -> Iterable[Finding]:
    for identity, source in context.idle:
        if identity.kind != KIND:
            continue
        yield Finding(
            rule=RULE.id,
            severity=rate(RULE.id, Level.NONE),
            confidence=RULE.confidence,
            subject=identity.id,
            subject_kind="identity",
            title=f"Nothing trusts the registered issuer {identity.name}",
            detail=f"{words.CLOUDS.get(identity.provider, identity.provider)} accepts tokens of {identity.name} in "
            f"{identity.scope}, and no identity there asks for one. The next trust that names it is open to that whole "
            "platform unless it is written well.",
            witness=None,
            evidence=(source,),
            fix=Fix("Delete the registration if nobody is about to use it."),
        )


RULE = Definition(
    id="orphan-provider",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_PROVIDERS,),
    trust=check,
    estate=check_estate,
)
