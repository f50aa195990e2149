"""A federated identity can make itself more than it was granted.

## What it finds

An identity that federated tokens can become, and whose permissions together make a known path to more: writing its own
policy, running code as a stronger identity, rewriting who may become one, registering an issuer of its own. The path is
named; each needs all of its permissions, on what they must be granted on.

## Why it matters

The permissions look like those of a deployment. Together they are those of the strongest identity the path leads to,
mostly an administrator.

## Example

    {"Effect": "Allow", "Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*"}

## Use instead

One of the permissions less, or narrower where it cannot be missed: pass one role, to one service.

    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/shop-task",
     "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}}
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Finding, Level
from auditor.rules import credential_writer, powers, references
from auditor.rules.base import Context, Definition


def check_estate(context: Context) -> Iterable[Finding]:
    for holder in powers.holders(context):
        found = tuple(one for one in powers.at(holder, Level.ESCALATION) if not credential_writer.writes(one))
        if found and not powers.administrator(holder):
            paths = len({one.path for one in found})
            ways = "in a known way" if paths == 1 else f"in {paths} known ways"
            perhaps = "can" if any(one.certain for one in found) else "can perhaps"
            yield powers.finding(
                RULE,
                holder,
                found,
                context,
                title=f"{holder.identity.name}, which federated tokens become, {perhaps} raise its own rights {ways}",
                why="What it was granted is not what it comes to.",
            )


RULE = Definition(
    id="privilege-escalation",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=references.LEAST_PRIVILEGE,
    of_power=True,
    estate=check_estate,
    exposures=powers.ROWS,
)
