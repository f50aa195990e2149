"""The report as a table for spreadsheets: RFC 4180, one row a finding; what the audit does not know comes first.

A spreadsheet runs what begins like a formula. Such a cell gets an apostrophe in front, which shows it as text.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from itertools import chain
from typing import TextIO

from auditor.model import Finding, Subject
from auditor.report.base import Layout, Report
from auditor.report.facts import Gap, Gaps, baseline, places, proof, subject_of, waiver
from auditor.report.neutral import clip

COLUMNS = (
    *("status", "severity", "confidence", "rule", "provider", "scope", "kind", "identity", "name", "issuer", "title"),
    *("detail", "power", "token", "where", "fix", "waiver", "baseline", "id"),
)
LONGEST = 30_000
"""Characters in a cell; the usual spreadsheet programs hold 32,767."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula can begin with; the last four are the wide forms, which some programs take for the others."""

Row = Mapping[str, str]


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write `report` as CSV with a header line and CRLF line ends, whatever the layout."""
    del layout
    report = report.with_counts()
    table = csv.DictWriter(stream, COLUMNS, restval="", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    table.writeheader()
    for row in chain(map(_gap, Gaps(report)), (_finding(one, subject_of(one)) for one in report.findings)):
        table.writerow({name: cell(text) for name, text in row.items()})


def cell(text: str) -> str:
    """`text` on one line, nothing hidden in it, and no formula."""
    shown = clip(text, LONGEST)
    return f"'{shown}" if shown.lstrip(" ").startswith(FORMULA) else shown


def _gap(gap: Gap) -> Row:
    named = {"identity": gap.about} if gap.kind == "not-decided" else {"kind": gap.about}
    return {
        "status": gap.kind,
        "provider": gap.provider,
        "scope": gap.scope,
        **named,
        "title": gap.title,
        "detail": gap.reason,
        "where": "" if gap.source is None else f"{gap.source.document} {gap.source.place}".rstrip(),
        "fix": f"needs {gap.permission}" if gap.permission else "",
        "id": gap.id,
    }


def _finding(finding: Finding, subject: Subject) -> Row:
    return {
        "status": finding.status.value,
        "severity": str(finding.severity),
        "confidence": finding.confidence.value,
        "rule": finding.rule,
        "provider": subject.provider,
        "scope": subject.scope,
        "kind": subject.kind,
        "identity": subject.id,
        "name": subject.name,
        "issuer": subject.issuer or "",
        "title": finding.title,
        "detail": finding.detail,
        "power": subject.power or "",
        "token": "; ".join(f"{claim} = {value}" for claim, value in proof(finding, subject)),
        "where": "; ".join(places(finding)),
        "fix": finding.fix.summary if finding.fix else "",
        "baseline": baseline(finding),
        "waiver": waiver(finding.waiver) if finding.waiver else "",
        "id": finding.id,
    }
