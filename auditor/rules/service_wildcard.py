"""A federated identity may change everything of a service.

## What it finds

An identity that federated tokens can become, and that may write all over a service, account, project or subscription:
a wildcard for actions, or actions on a wildcard for resources.

## Why it matters

A pipeline that deploys one thing can then overwrite or delete all others of its kind, backups included; and what the
wildcard covers grows by itself whenever the service gains an action.

## Example

    {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}

## Use instead

The actions by name, on what is deployed:

    {"Effect": "Allow", "Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": "arn:aws:s3:::shop-assets/*"}
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Finding, Level
from auditor.rules import powers, references
from auditor.rules.base import Context, Definition


def check_estate(context: Context) -> Iterable[Finding]:
    for holder in powers.holders(context):
        found = powers.at(holder, Level.WIDE_WRITE)
        if found and not powers.administrator(holder):
            yield powers.finding(
                RULE,
                holder,
                found,
                context,
                title=f"{holder.identity.name}, which federated tokens become, may {found[0].what}",
                why="That is more than one deployment needs.",
            )


RULE = Definition(
    id="service-wildcard",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=references.LEAST_PRIVILEGE,
    of_power=True,
    estate=check_estate,
    exposures=powers.ROWS,
)
