"""The report for people: the verdict, what was read, who may do how much, who can get in as what, and the counts.

Plain text, no banner; colours for a few words, on a terminal only.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TextIO

from auditor.report.base import Layout, Report, Summary, unread
from auditor.report.compared import sentence
from auditor.report.ink import Ink, Tint
from auditor.report.table_coverage import coverage
from auditor.report.table_findings import Findings, more
from auditor.report.table_power import opening, overview
from auditor.report.table_undecided import open_questions
from auditor.report.text import count, wrap

MINIMUM_WIDTH = 60


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write `report` for a terminal; at least 60 columns are used."""
    report = report.with_counts()
    width = max(layout.width, MINIMUM_WIDTH)
    ink = Ink(on=layout.colour)
    details = layout.details
    # What was so before is no news: of a report of changes only what changed is told.
    whole = report.comparison is None or not report.comparison.changes_only
    lines = chain(
        opening(report, width, ink),
        coverage(report, width, ink, details=details),
        overview(report, width, ink, details=details) if whole else (),
        Findings(report, width, ink).write(details=details),
        more(report, width, details=details),
        open_questions(report.decisions, width, ink, details=details) if whole else (),
        _ledger(report, width, ink),
    )
    stream.writelines(line.rstrip() + "\n" for line in lines)


def _ledger(report: Report, width: int, ink: Ink) -> Iterator[str]:
    """The counts everything ends in."""
    summary = report.summary()
    lost = sum(1 for row in report.coverage if unread(row))
    if summary.coverage_complete:
        reading = "Everything that was asked for was read."
    elif report.coverage:
        reading = f"Coverage is INCOMPLETE: {count(lost, 'part')} could not be read, see above."
    else:
        reading = "Coverage is INCOMPLETE: nothing was read."
    text = f"{_total(summary)} {count(summary.trusts, 'trust')} of {count(summary.identities, 'identity')} judged"
    text += f", {summary.quiet} without a finding." if summary.trusts else "."
    if summary.undecided:
        text += f" {count(summary.undecided, 'trust')} not decided in every respect."
    yield from wrap(f"{text} {reading}", width)
    if report.comparison is not None and not report.comparison.changes_only:
        yield from wrap(sentence(report.comparison), width)
    gaps = {"read": not summary.coverage_complete, "decided": summary.undecided, "checked": summary.errors}
    missing = [what for what, missed in gaps.items() if missed]
    if not summary.open and missing:
        warning = f"This is NOT a clean report: what was not {' or '.join(missing)} may hold anything."
        yield from (ink(line, Tint.WARN) for line in wrap(warning, width))


def _total(summary: Summary) -> str:
    parts = [f"{found:,} {severity}" for severity, found in summary.by_severity.items() if found]
    text = f"{count(summary.open, 'finding')}: {', '.join(parts)}" if parts else "No open findings"
    if summary.waived:
        text += f"; {summary.waived:,} waived"
    if summary.errors:
        text += f"; {count(summary.errors, 'check')} failed, which is no pass"
    return text + "."
