"""The report as JUnit XML, for the page of tests that every CI system has.

There is no standard; this keeps to the schema of Jenkins' xUnit plugin, which is the usual one. A suite is an account,
project or subscription. A case is a trust: it fails when anything is found that counts, and is skipped, which a page
shows, when it is not decided. Every kind of document that should be read is a case as well: not to be read is an error.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Literal, TextIO

from auditor.model import Decision, Finding, Status, Subject
from auditor.report.base import TOOL, Layout, Report, undecided, unread
from auditor.report.facts import FAILS_FROM, doubt, story, subject_of
from auditor.report.large import sorting
from auditor.report.neutral import clip
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from auditor.storage.spool import Sorted

Outcome = Literal["passed", "failure", "error", "skipped"]
ESTATE = "estate"


@dataclass(slots=True)
class _Case:
    suite: str
    group: str
    name: str
    findings: Sequence[Finding] = ()
    questions: str = ""
    """Why it is not known whom the trust lets in."""
    row: Coverage | None = None

    @property
    def outcome(self) -> Outcome:
        """The worst of what there is to say."""
        if self.row is not None:
            skipped = self.row.status is Reading.SKIPPED
            return "error" if unread(self.row) else "skipped" if skipped else "passed"
        if self.failing:
            return "failure"
        if any(finding.status is Status.ERROR for finding in self.findings):
            return "error"
        return "skipped" if self.questions else "passed"

    @property
    def failing(self) -> list[Finding]:
        """What is known from the baseline fails nothing, as it decides no exit code."""
        counting = (one for one in self.findings if one.status is Status.OPEN and not one.known)
        return [one for one in counting if one.severity >= FAILS_FROM]


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write `report` as XML 1.0, whatever the layout."""
    del layout
    suites = _Suites(report)
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    stream.write(f"<testsuites{_attributes(('name', TOOL), *_counts(suites.total)[:3])}>\n")
    for name, outcomes, cases in suites:
        times = ("timestamp", report.finished)
        stream.write(f"  <testsuite{_attributes(('name', name), *_counts(outcomes), times)}>\n")
        stream.writelines(cases)
        stream.write("  </testsuite>\n")
    stream.write("</testsuites>\n")


_Part = tuple[str, int, int, _Case | Finding]
"""Of what a trust and the findings about it have in common: its id, what it is, its number there, itself."""
_Place = tuple[int, int, int]
"""Suite, what it is, number there."""
_ROW, _TRUST, _OTHER = range(3)


class _Suites:
    """The cases of a report, suite by suite: documents, then trusts, then what else findings are about.

    A report has its trusts and its findings in different orders. Both are sorted by the trust, so that only those of
    one are in memory at a time, and the cases that are made of them by suite. Of each suite there is one in memory.
    """

    def __init__(self, report: Report) -> None:
        self._ranks: dict[str, int] = {}
        """Suites in the order in which they come in."""
        self._outcomes: dict[int, Counter[Outcome]] = {}
        self._written: Sorted[tuple[_Place, str]] = sorting(itemgetter(0))
        for number, case in enumerate(_documents(report)):
            self._add(case, _ROW, number)
        for case, kind, number in self._joined(report):
            self._add(case, kind, number)
        self.total = sum(self._outcomes.values(), Counter[Outcome]())

    def __iter__(self) -> Iterator[tuple[str, Counter[Outcome], Iterator[str]]]:
        """Name, outcomes, and lines of all cases."""
        names = {rank: name for name, rank in self._ranks.items()}
        for rank, cases in groupby(self._written, key=lambda one: one[0][0]):
            yield names[rank], self._outcomes[rank], (text for _, text in cases)

    def _add(self, case: _Case, kind: int, number: int) -> None:
        rank = self._rank(case.suite)
        self._outcomes.setdefault(rank, Counter())[case.outcome] += 1
        self._written.add(((rank, kind, number), "".join(f"    {line}\n" for line in _case(case))))

    def _rank(self, suite: str) -> int:
        return self._ranks.setdefault(suite, len(self._ranks))

    def _joined(self, report: Report) -> Iterator[tuple[_Case, int, int]]:
        """A case for every trust and for whatever else findings are about, each with its findings."""
        parts: Sorted[_Part] = sorting(itemgetter(0, 1, 2))
        for number, decision in enumerate(report.decisions):
            case = _trust(decision)
            self._rank(case.suite)
            parts.add((decision.trust.id, _TRUST, number, case))
        for number, finding in enumerate(report.findings):
            self._rank(_suite(subject_of(finding)))
            parts.add((finding.subject, _OTHER, number, finding))
        for _, group in groupby(parts, key=itemgetter(0)):
            trusts: list[tuple[_Case, int]] = []
            found: list[tuple[Finding, int]] = []
            for _, _, number, part in group:
                if isinstance(part, _Case):
                    trusts.append((part, number))
                else:
                    found.append((part, number))
            findings = [finding for finding, _ in found]
            for place, (case, number) in enumerate(trusts):
                yield replace(case, findings=() if place else findings), _TRUST, number
            if not trusts:
                yield _other(findings), _OTHER, found[0][1]


def _documents(report: Report) -> Iterator[_Case]:
    if not report.coverage:
        row = Coverage("-", "-", "everything", Reading.FAILED, "nothing was read")
        yield _Case(ESTATE, "coverage", "everything", row=row)
    for row in report.coverage:
        yield _Case(f"{row.provider} {row.scope}", f"{row.provider}.{row.scope}.coverage", row.kind, row=row)


def _trust(decision: Decision) -> _Case:
    one = decision.trust.identity
    member = f" as {decision.trust.member}" if decision.trust.member else ""
    return _Case(
        f"{one.provider} {one.scope}",
        f"{one.provider}.{one.scope}.{one.kind}",
        f"{one.name} from {decision.trust.issuer.url}{member}",
        questions="; ".join(dict.fromkeys(undecided(decision).values())),
    )


def _other(findings: Sequence[Finding]) -> _Case:
    subject = subject_of(findings[0])
    group = ".".join(part for part in (subject.provider, subject.scope, subject.kind) if part)
    return _Case(_suite(subject), group, subject.name, findings)


def _suite(subject: Subject) -> str:
    return f"{subject.provider} {subject.scope}".strip() or ESTATE


def _counts(outcomes: Mapping[Outcome, int]) -> list[tuple[str, str]]:
    named: list[tuple[str, Outcome]] = [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
    tests = ("tests", str(sum(outcomes.values())))
    return [tests, *((name, str(outcomes.get(outcome, 0))) for name, outcome in named)]


def _attributes(*pairs: tuple[str, str]) -> str:
    return "".join(f' {name}="{_xml(text)}"' for name, text in pairs)


def _case(case: _Case) -> Iterator[str]:
    attributes = _attributes(("name", case.name), ("classname", case.group))
    told = list(_told(case))
    if case.outcome == "passed" and not told:
        yield f"<testcase{attributes}/>"
        return
    body = "\n".join(map(_xml, told))
    yield f"<testcase{attributes}>"
    if case.outcome != "passed":
        kind, message = _headline(case)
        yield f"  <{case.outcome}{_attributes(('type', kind), ('message', message))}>{body}</{case.outcome}>"
    else:
        yield f"  <system-out>{body}</system-out>"
    yield "</testcase>"


def _headline(case: _Case) -> tuple[str, str]:
    """What kind of trouble, and the one line that a page shows of it."""
    if case.row is not None:
        return case.row.status.value, f"{case.row.kind}: {case.row.reason or case.row.status.value}"
    first = next((one for one in (*case.failing, *case.findings) if case.outcome != "skipped"), None)
    if first is None:
        return "not-decided", f"It is not known who gets in: {case.questions}"
    more = f" (and {len(case.failing) - 1} more)" if len(case.failing) > 1 else ""
    return first.rule, f"{str(first.severity).upper()} {first.title}{doubt(first)}{more}"


def _told(case: _Case) -> Iterator[str]:
    """Lines below the headline."""
    if case.row is not None:
        if case.row.permission and unread(case.row):
            yield f"It needs {case.row.permission}."
        return
    for number, finding in enumerate(case.findings):
        if number:
            yield ""
        state = "" if finding.status is Status.OPEN else f" [{finding.status.value}]"
        yield f"{str(finding.severity).upper()} {finding.rule}{state}: {finding.title}{doubt(finding)}"
        yield from (f"  {label}: {text}" for label, text in story(finding, subject_of(finding)))
    if case.questions:
        yield from ([""] if case.findings else [])
        yield f"Not decided: {case.questions}"


def _xml(text: str) -> str:
    """Visible characters only, which XML 1.0 can hold all of, and none of its own."""
    return html.escape(clip(text), quote=True)
