"""A waiver is over, and what it waived is still there.

## What it finds

A `[[waiver]]` of the configuration whose day has passed, while the finding it names is still found. The finding counts
again; this tells whom to ask.

## Why it matters

Somebody decided to live with it until a certain day. That day is there to decide anew.

## Example

    [[waiver]]
    rule = "any-branch"
    subject = "arn:aws:iam::111122223333:role/deploy-preview"
    reason = "previews hold no customer data"
    owner = "platform@example.com"
    expires = 2026-03-31

## Use instead

Mend what was waived and delete the waiver; or, if it still is worth it, give it another day, and say why.
"""

from __future__ import annotations

from auditor.config import Waiver
from auditor.model import Confidence, Finding
from auditor.rules import references, waiving
from auditor.rules.base import Definition


def finding(waiver: Waiver) -> Finding:
    """The finding about one waiver."""
    return waiving.finding(
        RULE,
        waiver,
        what=f"expired on {waiver.expires}",
        so="What it waived is still found, and counts again.",
        fix="Mend it and delete the waiver, or give it another day",
    )


RULE = Definition(
    id="expired-waiver",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.REVIEWS,),
)
