"""Nobody gets in: the trust asks for something that no token of the issuer can be.

## What it finds

A trust that no token the issuer can mint satisfies, and the smallest set of tests that makes it so.

## Why it matters

It looks hardened, and it may be kept for that reason. It breaks whoever relies on it, and it may come alive unnoticed:
when somebody registers the missing issuer, when the cloud begins to support a condition key, when somebody "repairs" it
by widening. Nothing else is reported about such a trust.

## Example

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:*"}

`StringEquals` reads the star as a letter. Equally dead: a key that AWS does not have (`repository_owner`), an audience
that is not registered, an issuer that is not registered.

## Use instead

Delete the trust, or say what was meant:

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.claims.verdict import Rejected
from auditor.model import Confidence, Decision, Finding, Fix, Source
from auditor.rules import references
from auditor.rules.base import Context, Definition
from auditor.rules.impossible import core, reason

MOST = 5
"""Dead statements explained one by one."""


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    del context
    if not isinstance(decision.reachable, Rejected):
        return
    trust = decision.trust
    causes = list(_causes(decision))
    texts = list(dict.fromkeys(text for text, _ in causes))
    assumption = decision.reachable.reason
    if assumption is not None:
        texts.append(f"This holds {assumption}." if assumption.startswith("assuming") else f"{assumption}.")
    yield RULE.finding(
        decision,
        title=f"No token of {trust.issuer.name} can {trust.identity.gained}",
        detail=" ".join(texts),
        evidence=[place for _, places in causes for place in places] or [trust.source],
        fix=Fix("Delete the trust if nobody misses it; else say what was meant, exactly."),
    )


def _causes(decision: Decision) -> Iterator[tuple[str, tuple[Source, ...]]]:
    """Why each allow statement lets nobody in, and where that stands."""
    trust = decision.trust
    for statement in trust.allows[:MOST]:
        found = core(trust, statement.clauses)
        if found is not None:
            yield reason(trust, found, statement), found.places or (statement.source,)
    if len(trust.allows) > MOST:
        yield f"The same goes for {len(trust.allows) - MOST} more statements.", ()


RULE = Definition(
    id="dead-trust",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_OPERATORS, references.AWS_KEYS, references.AWS_PROVIDERS, references.GITHUB_SUBJECTS),
    compliance=references.UPKEEP,
    trust=check,
)
