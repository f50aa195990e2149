"""Nobody gets in: the trust asks for something that no token of the issuer can be.

## What it finds

A trust that no token the issuer can mint satisfies, and the smallest set of tests that makes it so.

## Why it matters

It looks hardened, and it may be kept for that reason. It breaks whoever relies on it, and it may come alive unnoticed:
when somebody registers the missing issuer, when the cloud begins to support a condition key, when somebody "repairs" it
by widening. Nothing else is reported about such a trust.

## Example

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:*"}

`StringEquals` reads the star as a letter, and so does a subject on Azure. Equally dead: a key that AWS does not have
(`repository_owner`), an audience or an issuer that is not registered. On Azure, where nothing is checked when a
credential is written: an issuer with a slash too many or pasted as a Markdown link, `pull-request` for `pull_request`,
a URL in the place of a name, capitals where the platform has none, another tenant's id in a subject of Microsoft's own
services. On AWS also what is well written and shut from above: a resource control policy of the organization refuses
everybody it names; the finding says whom it would let in without. Most likely dead, and reported with low confidence: a
service connection of Azure DevOps in its older form, where one of the newer form stands beside it.

## Use instead

Delete the trust, or say what was meant:

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Confidence, Decision, Finding, Fix, Source, Trust
from auditor.rules import above, connections, fix_azure, fixes, meant, references
from auditor.rules.base import Context, Definition
from auditor.rules.impossible import core, reason

_TAKEN = " are taken "
"""Of the points that no page settles, those on which one reading was chosen; every reading of the others agrees."""

_FIX = "Delete the trust if nobody misses it; else say what was meant, exactly."
_FIX_BELOW = (
    "Delete the trust if nobody misses it, for it opens when that policy changes. Whoever is meant to get in needs an "
    "exception in that policy; no change of the trust lets them in."
)

MOST = 5
"""Dead statements explained one by one."""


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    if not isinstance(decision.reachable, Rejected):
        return
    trust = decision.trust
    causes = list(_causes(decision))
    texts = list(dict.fromkeys(text for text, _ in causes))
    below = any(place.document in above.above(trust) for _, places in causes for place in places)
    if below:
        texts += _if_open(decision, context)
    assumption = decision.reachable.reason
    if assumption is not None:
        texts.append(f"This holds {assumption}." if assumption.startswith("assuming") else f"{assumption}.")
    texts += [f"Nobody documents it, but {point}." for point in trust.notes.get("undocumented", ()) if _TAKEN in point]
    change, guess = _meant(trust)
    if guess is not None:
        texts.append(f"Perhaps {guess} was meant.")
    yield RULE.finding(
        decision,
        title=f"No token of {trust.issuer.name} can {trust.identity.gained}",
        detail=" ".join(texts),
        evidence=[place for _, places in causes for place in places] or [trust.source],
        fix=fixes.of(_FIX_BELOW if below else _FIX, change),
    )


def check_estate(context: Context) -> Iterable[Finding]:
    """Credentials for service connections that have most likely moved to another issuer: no token tells."""
    for decision, moved in connections.older(context):
        if moved:
            yield _moved(decision)


def _moved(decision: Decision) -> Finding:
    trust = decision.trust
    found = RULE.finding(
        decision,
        title=f"A credential of {trust.identity.name} is probably dead: its service connection has moved",
        detail=f"It asks for tokens of {trust.issuer.url}. Beside it stands one for the same organization and the "
        "issuer of the Entra tenant, which Azure DevOps mints for a converted connection instead.",
        evidence=(trust.source,),
        fix=Fix("Delete the credential once no connection uses it; after a conversion none does."),
        discriminator="connection",
    )
    return replace(found, confidence=Confidence.LOW)


def _if_open(decision: Decision, context: Context) -> Iterator[str]:
    """Who would get in if only policies above did not refuse them."""
    alone = context.judge(above.alone(decision.trust))
    if isinstance(alone.reachable, Accepted):
        yield f"If nothing stood above it: {alone.statement}"


def _meant(trust: Trust) -> tuple[tuple[str, str] | None, str | None]:
    """A credential of Azure with known slips undone, and the subject that it then has."""
    written = fix_azure.fields(trust)
    issuer, subject = written.get(fix_azure.ISSUER), written.get(fix_azure.SUBJECT)
    if trust.provider != "azure" or not isinstance(issuer, str):
        return None, None
    mended = {fix_azure.ISSUER: trust.issuer.url} if issuer != trust.issuer.url else {}
    if isinstance(subject, str) and (other := meant.subject(subject, trust.issuer.grammar)) is not None:
        mended[fix_azure.SUBJECT] = other
    change = fix_azure.changed(trust, mended) if mended else None
    return change, mended.get(fix_azure.SUBJECT)


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
    references=(
        references.AWS_OPERATORS,
        references.AWS_KEYS,
        references.AWS_PROVIDERS,
        references.GITHUB_SUBJECTS,
        references.AZURE_CONSIDERATIONS,
        references.AZURE_DEVOPS,
    ),
    trust=check,
    estate=check_estate,
)
