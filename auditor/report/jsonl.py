"""The report as JSON Lines: one record a line, for programs that read as they go.

The records are those of JSON version 1. Each line is an object with one key that names what it holds: `header` (first),
`comparison` (where there is one), `coverage`, `trust`, `identity`, `finding`, `summary` (last: a file without it was
cut short).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from auditor.report import json_report as records
from auditor.report.base import TOOL, Layout, Report
from auditor.report.neutral import dump


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write `report` line by line, whatever the layout."""
    del layout
    stream.writelines(dump({kind: record}) + "\n" for kind, record in _records(report))


def _records(report: Report) -> Iterator[tuple[str, Mapping[str, Any]]]:
    tool = {"name": TOOL, "version": report.tool_version}
    times = {"started": report.started, "finished": report.finished}
    yield "header", {"version": records.VERSION, "tool": tool, **times}
    if report.comparison is not None:
        yield "comparison", records.comparison_record(report.comparison)
    yield from (("coverage", records.coverage_record(row)) for row in report.coverage)
    yield from (("trust", records.trust_record(decision)) for decision in report.decisions)
    for identity in report.identities:
        yield "identity", records.identity_record(identity, report.standings.get(identity))
    yield from (("finding", records.finding_record(finding)) for finding in report.findings)
    yield "summary", records.summary_record(report.summary())
