"""A waiver waives nothing.

## What it finds

A `[[waiver]]` of the configuration that no finding answers to: what it waived was mended, or was never there under that
name.

## Why it matters

It would silence the finding on the day it comes back, without anybody having decided that. If rule or subject is
misspelt, what was to be waived fails the run instead.

## Example

    [[waiver]]
    rule = "any-branch"
    subject = "arn:aws:iam::111122223333:role/deleted-last-year"

## Use instead

Delete it; or write the subject as the report does: the id of the finding, of the trust or of the identity.
"""

from __future__ import annotations

from auditor.config import Waiver
from auditor.model import Confidence, Finding, Fix, Level, Source
from auditor.rules import references
from auditor.rules.base import Definition
from auditor.rules.severity import rate


def finding(waiver: Waiver) -> Finding:
    """The finding about one waiver."""
    return Finding(
        rule=RULE.id,
        severity=rate(RULE.id, Level.NONE),
        confidence=RULE.confidence,
        subject=waiver.subject,
        subject_kind="identity",
        title=f"The waiver of {waiver.rule} for {waiver.subject} waives nothing",
        detail=f"{waiver.owner} waived it: {waiver.reason}. No such finding was made.",
        witness=None,
        evidence=(Source(waiver.file, waiver.pointer),),
        fix=Fix(f"Delete it, or mend its subject ({waiver.where})."),
        discriminator=waiver.rule,
    )


RULE = Definition(
    id="unused-waiver",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.REVIEWS,),
)
