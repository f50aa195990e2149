"""A federated identity may read secrets, keys or data of everybody.

## What it finds

An identity that federated tokens can become, and that may read secrets, decrypt with keys, or read stored data, beyond
the things it is named for.

## Why it matters

Reading leaves nothing broken behind, and a secret once read opens what it was made for. A job that runs code from
dependencies is where data leaves unseen.

## Example

    {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}

## Use instead

The secrets of the one application:

    {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
     "Resource": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/*"}
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Finding, Level
from auditor.rules import powers, references
from auditor.rules.base import Context, Definition


def check_estate(context: Context) -> Iterable[Finding]:
    for holder in powers.holders(context):
        found = powers.at(holder, Level.SENSITIVE_READ)
        if found and not powers.administrator(holder):
            yield powers.finding(
                RULE,
                holder,
                found,
                context,
                title=f"{holder.identity.name}, which federated tokens become, may {found[0].what}",
                why="Whoever holds one job can carry that away.",
            )


RULE = Definition(
    id="sensitive-read",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=references.LEAST_PRIVILEGE,
    of_power=True,
    estate=check_estate,
    exposures=powers.ROWS,
)
