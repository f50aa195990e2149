"""An identity that federated tokens can become may do less than before.

## What it finds

`auditor diff` finds that the level of an identity is lower than it was, everything about its permissions being known.

## Why it matters

It is what a fix looks like. It is told so that a fix can be seen to have worked.

## Example

    - "arn:aws:iam::aws:policy/AdministratorAccess"

## Use instead

Nothing: it is information.
"""

from __future__ import annotations

from auditor.model import Confidence, Finding, Fix, Source
from auditor.rules import references
from auditor.rules.base import Definition
from auditor.rules.changes import Growth
from auditor.rules.severity import rate


def finding(growth: Growth) -> Finding:
    """The finding about one identity."""
    identity, old, new = growth.identity, growth.old, growth.new
    return Finding(
        rule=RULE.id,
        severity=rate(RULE.id, new.level),
        confidence=RULE.confidence,
        subject=identity.id,
        subject_kind="identity",
        title=f"{identity.name} may do less than before: {new.level}, and was {old.level}",
        detail=f"Before, it could {old.words}. Now it may {new.words}.",
        witness=None,
        evidence=(Source(identity.id, ""),),
        fix=Fix("Nothing, if it was meant."),
    )


RULE = Definition(
    id="power-shrank",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=references.LEAST_PRIVILEGE,
    compares=True,
)
