"""A trust refuses tokens that it let in before, and lets in no others.

## What it finds

`auditor diff` finds a token that got in before and does not now, and proves that there is none the other way round.
Where only the latter is sure, it says so.

## Why it matters

It is what a fix looks like. It is told so that a fix can be seen to have worked, and so that whoever wonders why a job
fails since yesterday finds the reason.

## Example

    - "token.actions.githubusercontent.com:sub": "repo:acme/app:*"
    + "token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"

## Use instead

Nothing: it is information.
"""

from __future__ import annotations

from auditor.model import Confidence, Finding, Fix
from auditor.rules import references
from auditor.rules.base import Definition
from auditor.rules.changes import BY_REPORTS, Change, about, refused
from auditor.rules.severity import rate


def finding(change: Change) -> Finding:
    """The finding about a trust that is tighter."""
    trust = change.new.trust
    perhaps = change.reason is not None and change.lost is None
    fewer = f"{'Perhaps fewer' if perhaps else 'Fewer'} tokens"
    unknown = f"Whether it is fewer at all is not known: {change.reason}." if perhaps else ""
    return about(
        RULE,
        change.new,
        severity=rate(RULE.id, change.new.power),
        title=f"{fewer} of {trust.issuer.name} can {trust.identity.gained} than before",
        detail=(
            f"Before: {change.old.statement} Now: {change.new.statement}",
            refused(change.lost),
            unknown,
            "" if change.by_tokens else BY_REPORTS,
        ),
        fix=Fix("Nothing, if it was meant."),
        confidence=None if change.by_tokens else Confidence.MEDIUM,
    )


RULE = Definition(
    id="trust-shrank",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_ROLES, references.GCP_PRACTICES, references.AZURE_CONSIDERATIONS),
    compares=True,
)
