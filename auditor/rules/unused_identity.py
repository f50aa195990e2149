"""A federated identity that nobody uses is still open.

## What it finds

An identity that federated tokens can become, and that was not used for ninety days, or never since it was made more
than ninety days ago; by the cloud's own records of last use, where they were read. Another number of days can stand in
the configuration:

    [rules.unused-identity]
    days = 180

## Why it matters

Nobody misses it, and nobody watches it. It keeps its rights and its trust, while repositories it names are renamed or
deleted, and names become free to be taken by others.

## Example

A role of a project that moved elsewhere last year, last used fourteen months ago.

## Use instead

Delete the identity; or, to be sure that nobody needs it, first its trust: that is quickly put back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from auditor.model import Confidence, Finding, Fix
from auditor.rules import powers, references
from auditor.rules.base import Context, Definition

IDLE = timedelta(days=90)
"""The longest that something in use is likely to rest."""


def check_estate(context: Context) -> Iterable[Finding]:
    now = _moment(context.collected)
    wanted = context.settings.get(RULE.id)
    idle = IDLE if wanted is None or wanted.days is None else timedelta(days=wanted.days)
    for holder in powers.holders(context):
        profile = holder.standing.profile
        if not profile.use_known or now is None:
            continue
        created, used = _moment(profile.created), _moment(profile.last_used)
        since = used or created
        if since is None or now - since < idle:
            continue
        days = (now - since).days
        how = f"was last used {days} days ago" if used else f"was never used in the {days} days since it was made"
        yield powers.about(
            RULE,
            holder,
            level=holder.standing.level,
            row=RULE.id,
            title=f"{holder.identity.name}, which federated tokens become, {how}",
            detail=f"It could still {holder.standing.words}. {holder.who}",
            evidence=(decision.trust.source for decision in holder.decisions),
            certain=True,
            fix=Fix("Delete it; to be sure that nobody needs it, delete its trust first."),
        )


def _moment(text: str | None) -> datetime | None:
    """A time as clouds write it; None for none, or what is none."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


RULE = Definition(
    id="unused-identity",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_LAST_USED,),
    of_power=True,
    estate=check_estate,
)
