"""The report as a comment on a pull request or the summary of a job: GitHub's and GitLab's Markdown, of bounded length.

The verdict and what is not known come first, then the counts, then the findings, folded. What does not fit is counted.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TextIO

from auditor.model import Finding, Fix, Severity, Status
from auditor.report.base import TOOL, Layout, Report, Summary
from auditor.report.compared import sentence
from auditor.report.facts import Gap, Subject, Subjects, doubt, gaps, open_findings, places, proof, waiver
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

Part = tuple[str, Finding]
"""Markdown, and the finding it tells of."""


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write at most `LIMIT` characters. With `details` the lesser findings are written out too, if there is room."""
    unknown = tuple(gaps(report))
    head = "\n\n".join((*_verdict(report, report.summary(), unknown), *_gaps(unknown))) + "\n"
    stream.write(head)
    room = LIMIT - RESERVE - len(head)
    left_out: list[Finding] = []
    for text, finding in _parts(report, details=layout.details):
        if left_out or len(text) > room:
            left_out.append(finding)
            continue
        stream.write(text)
        room -= len(text)
    if left_out:
        stream.write(f"\n**Left out here, for length: {_tally(left_out)}.** The other formats hold everything.\n")
    stream.write(f"\n{TOOL} {say(report.tool_version, 40)}; it speaks of {span(clip(report.finished, 40))}.\n")


def _verdict(report: Report, summary: Summary, unknown: Sequence[Gap]) -> Iterator[str]:
    found = _tally(list(open_findings(report)))
    clean = summary.coverage_complete and not summary.errors and not unknown
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
        yield "\n".join(_by_cloud(report))


def _by_cloud(report: Report) -> Iterator[str]:
    """Open findings: scopes by severities."""
    subjects = Subjects(report)
    rows: dict[str, Counter[Severity]] = {}
    for finding in open_findings(report):
        subject = subjects(finding)
        name = f"{subject.provider} {subject.scope}".strip() or "estate"
        rows.setdefault(name, Counter())[finding.severity] += 1
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


def _gaps(unknown: Sequence[Gap]) -> Iterator[str]:
    if not unknown:
        return
    yield "### Not known"
    listed = [f"- {say(gap.text, 400)}" for gap in unknown[:MOST_GAPS]]
    if len(unknown) > MOST_GAPS:
        listed.append(f"- and {len(unknown) - MOST_GAPS:,} more; the other formats list them all.")
    yield "\n".join(listed)


def _parts(report: Report, *, details: bool) -> Iterator[Part]:
    """The findings one by one, worst first: why and what instead only of serious ones and failed checks."""
    subjects = Subjects(report)
    for heading, group in groupby(report.findings, key=_heading):
        members = list(group)
        title = f"\n### {heading} ({len(members):,})\n"
        for finding in members:
            failed = finding.status is Status.ERROR
            full = details or failed or (finding.status is Status.OPEN and finding.severity in SERIOUS)
            yield title + "\n" + "\n".join(_folded(finding, subjects(finding), full=full)) + "\n", finding
            title = ""


def _heading(finding: Finding) -> str:
    match finding.status:
        case Status.OPEN:
            return str(finding.severity).capitalize()
        case Status.ERROR:
            return "Failed checks, which are no passes"
        case Status.WAIVED:
            return "Waived"


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


def _tally(findings: Iterable[Finding]) -> str:
    """`3 findings: 1 critical, 2 low`; waived ones and failed checks are counted apart."""
    counts = Counter(_heading(finding).partition(" ")[0].lower() for finding in findings)
    if not counts:
        return "no open findings"
    return f"{_count(counts.total(), 'finding')} ({', '.join(f'{count:,} {name}' for name, count in counts.items())})"


def _count(number: int, noun: str) -> str:
    plural = noun.removesuffix("y") + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"
