"""A federated identity has no permissions boundary where others have one.

## What it finds

An identity that federated tokens can become, without the bound that limits whatever it is granted, in an account where
other identities have one. What it may do is more than named things.

## Why it matters

Where boundaries are the rule, they are what holds when a policy grows by mistake. The one without is where it does not
hold, and pipelines are where policies grow.

## Example

Twenty roles with `PermissionsBoundary: ci-limits`, and `deploy-legacy` without.

## Use instead

    aws iam put-role-permissions-boundary --role-name deploy-legacy \\
      --permissions-boundary arn:aws:iam::111122223333:policy/ci-limits
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Finding, Fix, Level
from auditor.rules import powers, references
from auditor.rules.base import Context, Definition, Persona


def check_estate(context: Context) -> Iterable[Finding]:
    for holder in powers.holders(context):
        profile = holder.standing.profile
        if profile.bound is not None or not profile.bounds_usual or profile.power.level <= Level.SCOPED:
            continue
        yield powers.about(
            RULE,
            holder,
            level=profile.power.level,
            row=RULE.id,
            title=f"{holder.identity.name}, which federated tokens become, has no permissions boundary; others have",
            detail=f"Nothing limits what {holder.identity.name} is granted. {holder.who}",
            evidence=(decision.trust.source for decision in holder.decisions),
            certain=True,
            fix=Fix("Give it the permissions boundary that other identities of the account have."),
        )


RULE = Definition(
    id="unbounded-role",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_BOUNDARIES,),
    of_power=True,
    estate=check_estate,
    persona=Persona.PEDANTIC,
)
