"""What was found before is not found any more.

## What it finds

`auditor diff` finds a finding in the older state that the newer one does not have, although its place was looked at
again: it was mended, or what it was about is gone.

## Why it matters

It is what a fix looks like. Where nobody mended anything, it is worth a look why it went.

## Example

A role whose subject was `repo:acme/*` names one branch now: its `any-project` is gone.

## Use instead

Nothing: it is information.
"""

from __future__ import annotations

from auditor.model import Confidence, Finding, Fix, Level
from auditor.rules import references
from auditor.rules.base import Definition
from auditor.rules.severity import rate


def finding(old: Finding) -> Finding:
    """The finding about one that is gone."""
    return Finding(
        rule=RULE.id,
        severity=rate(RULE.id, Level.NONE),
        confidence=RULE.confidence,
        subject=old.subject,
        subject_kind=old.subject_kind,
        title=f"No longer found, {old.rule}: {old.title}",
        detail=f"It was of severity {old.severity}. Before: {old.detail}",
        witness=None,
        evidence=old.evidence,
        fix=Fix("Nothing, if it was meant."),
        discriminator=old.id,
    )


RULE = Definition(
    id="finding-gone",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.REVIEWS,),
    compares=True,
)
