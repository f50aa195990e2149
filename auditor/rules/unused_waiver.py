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
from auditor.model import Confidence, Finding
from auditor.rules import references, waiving
from auditor.rules.base import Definition


def finding(waiver: Waiver) -> Finding:
    """The finding about one waiver."""
    return waiving.finding(
        RULE,
        waiver,
        what="waives nothing",
        so="No such finding was made.",
        fix="Delete it, or mend its subject",
    )


RULE = Definition(
    id="unused-waiver",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.REVIEWS,),
)
