"""The report for people: what was read, who can get in as what, and the counts. Plain text, no colour, no banner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import TextIO

import tabulate

from auditor.model import Decision, Finding, Status
from auditor.report.base import Layout, Report, Summary, undecided, unread
from auditor.report.blocks import Subject, block
from auditor.report.text import visible, wrap
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading

MINIMUM_WIDTH = 60
SERIOUS = ("CRITICAL", "HIGH")
OVERVIEW_FROM = 10
"""Findings."""
ALIKE = 3
"""Scopes of which the same was read, and that are still listed one by one."""


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write `report` for a terminal; at least 60 columns are used."""
    width = max(layout.width, MINIMUM_WIDTH)
    subjects: dict[str, Subject] = {identity.id: identity for identity in report.identities}
    subjects |= {decision.trust.id: decision for decision in report.decisions}
    lines = chain(
        _coverage(report.coverage, width),
        _findings(report, subjects, width, details=layout.details),
        _undecided(report.decisions, width),
        _overview(report.findings),
        _ledger(report, width),
    )
    stream.writelines(line.rstrip() + "\n" for line in lines)


def _coverage(rows: tuple[Coverage, ...], width: int) -> Iterator[str]:
    """What was read is one line per scope, what was not one line per row: that is what a reader must see."""
    yield "COVERAGE"
    table: list[tuple[str, str, str, str]] = []
    good = [row for row in rows if row.status is Reading.READ]
    alike: dict[tuple[str, str], list[str]] = {}
    for (provider, scope), read in groupby(good, key=lambda row: (row.provider, row.scope)):
        alike.setdefault((provider, _kinds(read)), []).append(scope)
    for (provider, kinds), scopes in alike.items():
        table.extend((provider, scope, "read", kinds) for scope in _shortened(scopes))
    for row in rows:
        if row.status is not Reading.READ:
            wanted = f" (needs {row.permission})" if row.permission and row.status is Reading.DENIED else ""
            reason = f": {row.reason}" if row.reason else ""
            table.append((row.provider, row.scope, row.status.value, f"{row.kind}{wanted}{reason}"))
    if not table:
        yield "Nothing was read."
        yield ""
        return
    headers = ("provider", "scope", "status", "documents")
    padded = [f"{header}  " for header in headers]  # as tabulate pads them, besides the gap between columns
    taken = sum(max(len(visible(row[column])) for row in (padded, *table)) + 2 for column in range(3))
    room = max(width - taken, MINIMUM_WIDTH // 3)
    cells = [[*map(visible, row[:3]), "\n".join(wrap(row[3], room))] for row in table]
    yield from tabulate.tabulate(cells, headers, tablefmt="simple", disable_numparse=True).splitlines()
    yield ""


def _shortened(scopes: Sequence[str]) -> Sequence[str]:
    """Scopes of which the same was read; an organisation of hundreds of projects would fill the screen with them."""
    return scopes if len(scopes) <= ALIKE else (f"{scopes[0]} and {len(scopes) - 1} more",)


def _kinds(rows: Iterable[Coverage]) -> str:
    """The kinds of some rows; rows about single documents are counted, not listed."""
    names: dict[str, int] = {}
    for row in rows:
        kind, _, single = row.kind.partition(" ")
        names[kind] = names.get(kind, 0) + bool(single)
    return ", ".join(f"{kind} ({count})" if count else kind for kind, count in names.items())


def _findings(report: Report, subjects: Mapping[str, Subject], width: int, *, details: bool) -> Iterator[str]:
    """The serious ones and the failed checks written out, the others in short unless `details` are asked for."""
    number = 0
    for heading, group in groupby(report.findings, key=_heading):
        members = list(group)
        full = details or members[0].status is Status.ERROR or heading in SERIOUS
        yield f"{heading} ({len(members):,}){'' if full else ', in short: --details tells more'}"
        yield ""
        for finding in members:
            number += 1
            subject = subjects.get(finding.subject)
            identity = subject.trust.identity if isinstance(subject, Decision) else subject
            standing = None if identity is None else report.standings.get(identity)
            yield from block(f"{number}. ", finding, subject, standing, width, full=full)
            if full:
                yield ""
        if not full:
            yield ""


def _heading(finding: Finding) -> str:
    match finding.status:
        case Status.OPEN:
            return str(finding.severity).upper()
        case Status.ERROR:
            return "FAILED CHECKS, which are no passes"
        case Status.WAIVED:
            return "WAIVED"


def _undecided(decisions: tuple[Decision, ...], width: int) -> Iterator[str]:
    open_questions = [(decision, undecided(decision)) for decision in decisions]
    open_questions = [(decision, reasons) for decision, reasons in open_questions if reasons]
    if not open_questions:
        return
    yield "NOT DECIDED: unknown whether such tokens get in"
    yield ""
    for decision, reasons in open_questions:
        identity = decision.trust.identity
        yield from wrap(
            f"{identity.name} ({identity.kind} {identity.id}), tokens of {decision.trust.issuer.url}", width
        )
        by_reason: dict[str, list[str]] = {}
        for name, reason in reasons.items():
            by_reason.setdefault(reason, []).append(name)
        for reason, names in by_reason.items():
            yield from ("    " + line for line in wrap(f"{', '.join(names)}: {reason}", width - 4))
    yield ""


def _overview(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Rules by headings, counted; left out where a look at the findings tells as much."""
    if len(findings) < OVERVIEW_FROM:
        return
    headings = list(dict.fromkeys(map(_heading, findings)))
    counts = Counter((finding.rule, _heading(finding)) for finding in findings)
    rows = [
        [visible(rule), *(counts[rule, heading] or "" for heading in headings)]
        for rule in dict.fromkeys(finding.rule for finding in findings)
    ]
    yield "OVERVIEW"
    columns = ["rule", *(heading.partition(",")[0].lower() for heading in headings)]
    yield from tabulate.tabulate(rows, columns, tablefmt="simple").splitlines()
    yield ""


def _ledger(report: Report, width: int) -> Iterator[str]:
    summary = report.summary()
    subjects = {finding.subject for finding in report.findings}
    quiet = sum(1 for decision in report.decisions if decision.trust.id not in subjects and not undecided(decision))
    lost = sum(1 for row in report.coverage if unread(row))
    if summary.coverage_complete:
        reading = "Everything that was asked for was read."
    elif report.coverage:
        reading = f"Coverage is INCOMPLETE: {_count(lost, 'part')} could not be read, see above."
    else:
        reading = "Coverage is INCOMPLETE: nothing was read."
    text = f"{_total(summary)} {_count(summary.trusts, 'trust')} of {_count(summary.identities, 'identity')} judged"
    text += f", {quiet} without a finding." if summary.trusts else "."
    if summary.undecided:
        text += f" {_count(summary.undecided, 'trust')} not decided in every respect."
    yield from wrap(f"{text} {reading}", width)
    gaps = {"read": not summary.coverage_complete, "decided": summary.undecided, "checked": summary.errors}
    missing = [what for what, missed in gaps.items() if missed]
    if not summary.open and missing:
        yield from wrap(f"This is NOT a clean report: what was not {' or '.join(missing)} may hold anything.", width)


def _total(summary: Summary) -> str:
    parts = [f"{count} {severity}" for severity, count in summary.by_severity.items() if count]
    text = f"{_count(summary.open, 'finding')}: {', '.join(parts)}" if parts else "No open findings"
    if summary.waived:
        text += f"; {summary.waived} waived"
    if summary.errors:
        text += f"; {_count(summary.errors, 'check')} failed, which is no pass"
    return text + "."


def _count(number: int, noun: str) -> str:
    plural = noun.removesuffix("y") + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"
