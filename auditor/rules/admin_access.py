"""A federated identity is an administrator.

## What it finds

An identity that federated tokens can become, and that may do everything in its account, project, folder, organisation,
subscription or tenant; or that may grant itself everything without a detour.

## Why it matters

Whoever brings one job under control, by a stolen token, a poisoned dependency or a careless review, then holds the
whole of it. No loose pattern in the trust is needed for that, and with one, nothing stands in between.

## Example

    {"Effect": "Allow", "Action": "*", "Resource": "*"}

## Use instead

What the pipeline does, by name, on what it deploys; and a second identity, behind an environment that asks for
approval, for the rare rest:

    {"Effect": "Allow", "Action": ["ecs:UpdateService", "ecr:PutImage"], "Resource": "arn:aws:…:service/shop/*"}
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Finding, Level
from auditor.rules import powers, references
from auditor.rules.base import Context, Definition


def check_estate(context: Context) -> Iterable[Finding]:
    for holder in powers.holders(context):
        found = powers.at(holder, Level.ADMIN)
        if found:
            perhaps = "" if any(one.certain for one in found) else "perhaps "
            yield powers.finding(
                RULE,
                holder,
                found,
                context,
                title=f"{holder.identity.name}, which federated tokens become, is {perhaps}an administrator",
                why="One job brought under control is all of that.",
            )


RULE = Definition(
    id="admin-access",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=references.LEAST_PRIVILEGE,
    of_power=True,
    estate=check_estate,
    exposures=powers.ROWS,
)
