"""Findings about waivers of the configuration: whom to ask, and where the waiver stands."""

from __future__ import annotations

from auditor.config import Waiver
from auditor.model import Finding, Fix, Level, Source
from auditor.rules.base import Definition
from auditor.rules.severity import rate


def finding(rule: Definition, waiver: Waiver, *, what: str, so: str, fix: str) -> Finding:
    """A finding of `rule`: `what` is the matter with the waiver, and what follows. No cloud has a part in it."""
    return Finding(
        rule=rule.id,
        severity=rate(rule.id, Level.NONE),
        confidence=rule.confidence,
        subject=waiver.subject,
        subject_kind="identity",
        title=f"The waiver of {waiver.rule} for {waiver.subject} {what}",
        detail=f"{waiver.owner} waived it: {waiver.reason}. {so}",
        witness=None,
        evidence=(Source(waiver.file, waiver.pointer),),
        fix=Fix(f"{fix} ({waiver.where})."),
        discriminator=waiver.rule,
    )
