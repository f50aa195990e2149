"""The report as a comment on a pull request or the summary of a job: GitHub's and GitLab's Markdown, of bounded length.

The verdict and what is not known come first, then the counts, then the findings, folded. What does not fit is counted.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TextIO

from auditor.model import Finding, Fix, Severity, Status, Subject
from auditor.report.base import TOOL, Layout, Report
from auditor.report.compared import sentence
from auditor.report.facts import Gaps, doubt, places, proof, subject_of, waiver
from auditor.report.gfm import block, cell, say, say_html, span
from auditor.report.neutral import clip

LIMIT = 65_000
"""Characters; a comment on GitHub holds 65,536."""
RESERVE = 600
"""Characters kept for what stands below the findings."""
MOST_CLOUDS = 20
MOST_GAPS = 15
MOST_PLACES = 8
MOST_CODE = 24
LONGEST_LINE = 200
SERIOUS = (Severity.CRITICAL, Severity.HIGH)
SEVERITIES = tuple(sorted(Severity, reverse=True))


class _Counts(NamedTuple):
    """How many findings there are, in one pass."""

    headings: Counter[str]
    scopes: Mapping[str, Counter[Severity]]
    """Open ones: cloud and scope → severities."""


class _Unknown(NamedTuple):
    """What is not known."""

    first: Sequence[str]
    """Told in words."""
    total: int


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write at most `LIMIT` characters. With `details` the lesser findings are written out too, if there is room."""
    report = report.with_counts()
    unknown, counts = _unknown(report), _counts(report)
    head = "\n\n".join((*_verdict(report, unknown, counts), *_gaps(unknown))) + "\n"
    stream.write(head)
    room = LIMIT - RESERVE - len(head)
    left_out = Counter[str]()
    begun: set[str] = set()
    for finding in report.findings:
        heading = _heading(finding)
        if not left_out:
            text = _part(finding, details=layout.details)
            if heading not in begun:
                begun.add(heading)
                text = f"\n### {heading} ({counts.headings[heading]:,})\n{text}"
            if len(text) <= room:
                stream.write(text)
                room -= len(text)
                continue
        left_out[heading] += 1
    if left_out:
        stream.write(f"\n**Left out here, for length: {_tally(left_out)}.** The other formats hold everything.\n")
    stream.write(f"\n{TOOL} {say(report.tool_version, 40)}; it speaks of {span(clip(report.finished, 40))}.\n")


def _unknown(report: Report) -> _Unknown:
    first: list[str] = []
    total = 0
    for gap in Gaps(report):
        total += 1
        if total <= MOST_GAPS:
            first.append(say(gap.text, 400))
    return _Unknown(first, total)


def _counts(report: Report) -> _Counts:
    headings = Counter[str]()
    scopes: dict[str, Counter[Severity]] = {}
    for finding in report.findings:
        headings[_heading(finding)] += 1
        if finding.status is Status.OPEN:
            subject = subject_of(finding)
            name = f"{subject.provider} {subject.scope}".strip() or "estate"
            scopes.setdefault(name, Counter())[finding.severity] += 1
    return _Counts(headings, scopes)


def _verdict(report: Report, unknown: _Unknown, counts: _Counts) -> Iterator[str]:
    summary = report.summary()
    severities = set(map(_heading_of, Severity))
    found = _tally(Counter({name: number for name, number in counts.headings.items() if name in severities}))
    clean = summary.coverage_complete and not summary.errors and not unknown.total
    yield f"## Federated trust: {found}{'' if summary.open or clean else ', but this is NOT a clean report'}"
    if summary.coverage_complete:
        reading = "Everything that was asked for was read."
    elif report.coverage:
        reading = "**Coverage is INCOMPLETE**: what was not read may hold anything."
    else:
        reading = "**Coverage is INCOMPLETE**: nothing was read."
    told = [f"{_count(summary.trusts, 'trust')} of {_count(summary.identities, 'identity')} judged"]
    told += [f"{summary.undecided:,} not decided in every respect"] if summary.undecided else []
    told += [f"{_count(summary.errors, 'check')} failed, which is no pass"] if summary.errors else []
    told += [f"{_count(summary.waived, 'finding')} waived"] if summary.waived else []
    yield f"{reading} {'; '.join(told)}."
    if report.comparison is not None:
        yield say(sentence(report.comparison), 1000)
    if summary.open:
        yield "\n".join(_by_cloud(counts.scopes))


def _by_cloud(rows: Mapping[str, Counter[Severity]]) -> Iterator[str]:
    """Open findings: scopes by severities."""
    yield f"| | {' | '.join(map(str, SEVERITIES))} |"
    yield f"|---|{'--:|' * len(SEVERITIES)}"
    worst = sorted(rows.items(), key=lambda row: ([-row[1][severity] for severity in SEVERITIES], row[0]))
    for name, counts in worst[:MOST_CLOUDS]:
        yield f"| {cell(name, 120)} | {' | '.join(str(counts[severity] or '') for severity in SEVERITIES)} |"
    rest = Counter[Severity]()
    for _, counts in worst[MOST_CLOUDS:]:
        rest += counts
    if rest:
        numbers = " | ".join(str(rest[severity] or "") for severity in SEVERITIES)
        yield f"| {len(worst) - MOST_CLOUDS:,} more | {numbers} |"


def _gaps(unknown: _Unknown) -> Iterator[str]:
    if not unknown.total:
        return
    yield "### Not known"
    listed = [f"- {text}" for text in unknown.first]
    if unknown.total > MOST_GAPS:
        listed.append(f"- and {unknown.total - MOST_GAPS:,} more; the other formats list them all.")
    yield "\n".join(listed)


def _part(finding: Finding, *, details: bool) -> str:
    """One finding: why and what instead only of a serious one or a failed check."""
    failed = finding.status is Status.ERROR
    full = details or failed or (finding.status is Status.OPEN and finding.severity in SERIOUS)
    return "\n" + "\n".join(_folded(finding, subject_of(finding), full=full)) + "\n"


def _heading(finding: Finding) -> str:
    match finding.status:
        case Status.OPEN:
            return _heading_of(finding.severity)
        case Status.ERROR:
            return "Failed checks, which are no passes"
        case Status.WAIVED:
            return "Waived"


def _heading_of(severity: Severity) -> str:
    return str(severity).capitalize()


def _folded(finding: Finding, subject: Subject, *, full: bool) -> Iterator[str]:
    # An empty line ends the HTML, so that Markdown begins; every text below is marked up on a line of its own.
    rule = say_html(finding.rule, 100)
    yield f"<details><summary><b>{rule}</b>: {say_html(finding.title + doubt(finding), 400)}</summary>"
    yield ""
    yield f"- **as** {say(f'{subject.kind} {subject.id}', 500)}"
    if subject.power:
        yield f"- **who may** {say(subject.power, 500)}"
    told = list(places(finding))
    yield from (f"- **where** {say(place, 500)}" for place in told[:MOST_PLACES])
    if len(told) > MOST_PLACES:
        yield f"- and at {len(told) - MOST_PLACES:,} more places"
    if full and finding.detail:
        yield f"- **why** {say(finding.detail, 1500)}"
    if full and finding.fix is not None:
        yield f"- **fix** {say(finding.fix.summary, 1000)}"
    if finding.waiver is not None:
        yield f"- **waived** {say(waiver(finding.waiver), 1000)}"
    token = [clip(f"{claim} = {value}", LONGEST_LINE) for claim, value in proof(finding, subject)]
    if token:
        yield ""
        yield "A token that gets in:"
        yield ""
        yield block(token[:MOST_CODE])
    change = list(_changes(finding.fix)) if full and finding.fix is not None else []
    if change:
        yield ""
        yield block(change, "diff")
    yield ""
    yield "</details>"


def _changes(fix: Fix) -> Iterator[str]:
    """Lines that go and lines that come, each behind its mark, and one around them to find the place."""
    before, after = (text.splitlines() if text else [] for text in (fix.before, fix.after))
    lines = [line for line in list(difflib.unified_diff(before, after, n=1, lineterm=""))[2:] if line[:2] != "@@"]
    yield from (line[0] + " " + clip(line[1:], LONGEST_LINE) for line in lines[:MOST_CODE])
    if len(lines) > MOST_CODE:
        yield f"  … {len(lines) - MOST_CODE:,} more lines, see the JSON report"


def _tally(headings: Counter[str]) -> str:
    """`3 findings: 1 critical, 2 low`; waived ones and failed checks are counted apart."""
    if not headings:
        return "no open findings"
    told = ", ".join(f"{count:,} {heading.partition(' ')[0].lower()}" for heading, count in headings.items())
    return f"{_count(headings.total(), 'finding')} ({told})"


def _count(number: int, noun: str) -> str:
    plural = noun.removesuffix("y") + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"
