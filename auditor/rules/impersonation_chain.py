"""A federated identity comes to more by becoming others.

## What it finds

An identity that federated tokens can become, that may become another one, perhaps by way of further ones, and the last
of them may do more than the first: a role that assumes a role, a service account that mints tokens of another, an
application whose credentials another may write.

## Why it matters

Each of them looks modest by itself, and nobody reads the chain. Who gets into the first one has the last one.

## Example

`ci` may assume `deploy`, and `deploy` may assume `administrator`.

## Use instead

Let the strongest identity be assumed from where people are, and not from where code of others runs; where a chain is
meant, name its one beginning in the trust of its end, and grant the step on that end only.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Finding, Fix, Level
from auditor.rules import powers, references
from auditor.rules.base import Context, Definition


def check_estate(context: Context) -> Iterable[Finding]:
    for holder in powers.holders(context):
        standing = holder.standing
        capability = standing.capability
        if not standing.way or capability is None or standing.level is Level.UNKNOWN:
            continue
        if standing.level.rank <= max(standing.profile.power.may.rank, Level.SCOPED.rank):
            continue
        steps = len(standing.way)
        names = [holder.identity.name, *(step.target.name for step in standing.way)]
        hops = [f"{here} may {step.how}" for here, step in zip(names, standing.way, strict=False)]
        doubts = [step.doubt for step in standing.way if step.doubt]
        if capability.doubt:
            doubts.append(capability.doubt)
        depends = f" That depends on: {'; '.join(doubts)}." if doubts else ""
        last = standing.way[-1]
        perhaps = "" if standing.certain else "perhaps "
        yield powers.about(
            RULE,
            holder,
            level=standing.level,
            title=f"{holder.identity.name}, which federated tokens become, {perhaps}comes to {standing.holder.name} in "
            f"{steps} step{'s' if steps > 1 else ''}, which may {capability.what}",
            detail=f"{' → '.join(names)}: {'; '.join(hops)}.{depends} {holder.who}",
            evidence=(*(source for step in standing.way for source in step.sources), *capability.sources),
            certain=standing.certain,
            fix=Fix(
                f"Take {' and '.join(last.permissions) or 'that trust'} on {last.target.name} away from {names[-2]}, "
                "or name in it who may take the step."
            ),
        )


RULE = Definition(
    id="impersonation-chain",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=references.LEAST_PRIVILEGE,
    of_power=True,
    estate=check_estate,
    exposures=powers.ROWS,
)
