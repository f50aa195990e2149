"""An identity that federated tokens can become may do more than before.

## What it finds

`auditor diff` finds that the level of an identity (administrator, escalation, wide write, reading secrets) is higher
than it was, by itself or by becoming others; or that something about its permissions can no longer be read, so that it
may be.

## Why it matters

A trust that was right for a harmless identity is not for an administrator. The two are changed by different people, in
different places, and nobody sees both.

## Example

    + "arn:aws:iam::aws:policy/AdministratorAccess"

## Use instead

The permissions it had, or an identity of its own for the new task, with a trust as tight as that needs.
"""

from __future__ import annotations

from auditor.model import Confidence, Finding, Fix, Source
from auditor.rules import references
from auditor.rules.base import Definition
from auditor.rules.changes import Growth
from auditor.rules.exposure import exposed
from auditor.rules.severity import rate

OPEN, TIGHT = "power-grew, open", "power-grew"


def finding(growth: Growth) -> Finding:
    """The finding about one identity."""
    identity, old, new = growth.identity, growth.old, growth.new
    row = OPEN if any(map(exposed, growth.decisions)) else TIGHT
    who = " ".join(dict.fromkeys(decision.statement for decision in growth.decisions[:2]))
    if growth.doubt is None:
        title = f"{identity.name} may do more than before: {new.level}, and was {old.level}"
    else:
        title = f"It is not known whether {identity.name} may do more than before"
    doubt = f"Not certain: {growth.doubt}." if growth.doubt else ""
    told = (f"Before, it could {old.words}. Now it may {new.words}.", doubt, who)
    return Finding(
        rule=RULE.id,
        severity=rate(row, new.level),
        confidence=RULE.confidence if growth.doubt is None and new.certain else Confidence.MEDIUM,
        subject=identity.id,
        subject_kind="identity",
        title=title,
        detail=" ".join(sentence for sentence in told if sentence),
        witness=None,
        evidence=_evidence(growth) or (Source(identity.id, ""),),
        fix=Fix("Take away again what it does not need, or see that its trusts are as tight as what it may do now."),
    )


def _evidence(growth: Growth) -> tuple[Source, ...]:
    """Where its level is granted, the first step towards it included."""
    steps = (source for step in growth.new.way for source in step.sources)
    capability = growth.new.capability
    return tuple(dict.fromkeys((*steps, *(capability.sources if capability else ()))))


RULE = Definition(
    id=TIGHT,
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=references.LEAST_PRIVILEGE,
    compares=True,
    exposures=(OPEN, TIGHT),
)
