"""The report as JUnit XML, for the page of tests that every CI system has.

There is no standard; this keeps to the schema of Jenkins' xUnit plugin, which is the usual one. A suite is an account,
project or subscription. A case is a trust: it fails when anything is found that counts, and is skipped, which a page
shows, when it is not decided. Every kind of document that should be read is a case as well: not to be read is an error.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TextIO

from auditor.model import Finding, Status
from auditor.report.base import TOOL, Layout, Report, undecided, unread
from auditor.report.facts import FAILS_FROM, Subject, Subjects, doubt, story
from auditor.report.neutral import clip
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading

Outcome = Literal["passed", "failure", "error", "skipped"]
ESTATE = "estate"


@dataclass(slots=True)
class _Case:
    suite: str
    group: str
    name: str
    findings: list[Finding] = field(default_factory=list)
    subject: Subject | None = None
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

    @property
    def questions(self) -> str:
        decision = self.subject.decision if self.subject else None
        return "" if decision is None else "; ".join(dict.fromkeys(undecided(decision).values()))


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write `report` as XML 1.0, whatever the layout."""
    del layout
    suites: dict[str, list[_Case]] = {}
    for case in _cases(report):
        suites.setdefault(case.suite, []).append(case)
    every = [case for cases in suites.values() for case in cases]
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    stream.write(f"<testsuites{_attributes(('name', TOOL), *_counts(every)[:3])}>\n")
    for name, cases in suites.items():
        times = ("timestamp", report.finished)
        stream.write(f"  <testsuite{_attributes(('name', name), *_counts(cases), times)}>\n")
        for case in cases:
            stream.writelines(f"    {line}\n" for line in _case(case))
        stream.write("  </testsuite>\n")
    stream.write("</testsuites>\n")


def _cases(report: Report) -> Iterator[_Case]:
    """Documents, then trusts, then what else findings are about."""
    if not report.coverage:
        row = Coverage("-", "-", "everything", Reading.FAILED, "nothing was read")
        yield _Case(ESTATE, "coverage", "everything", row=row)
    for row in report.coverage:
        yield _Case(f"{row.provider} {row.scope}", f"{row.provider}.{row.scope}.coverage", row.kind, row=row)
    subjects = Subjects(report)
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(finding.subject, []).append(finding)
    for decision in report.decisions:
        one = decision.trust.identity
        member = f" as {decision.trust.member}" if decision.trust.member else ""
        yield _Case(
            f"{one.provider} {one.scope}",
            f"{one.provider}.{one.scope}.{one.kind}",
            f"{one.name} from {decision.trust.issuer.url}{member}",
            found.pop(decision.trust.id, []),
            subjects.of(decision),
        )
    for listed in found.values():
        subject = subjects(listed[0])
        suite = f"{subject.provider} {subject.scope}".strip() or ESTATE
        group = ".".join(part for part in (subject.provider, subject.scope, subject.kind) if part)
        yield _Case(suite, group, subject.name, listed, subject)


def _counts(cases: Iterable[_Case]) -> list[tuple[str, str]]:
    outcomes = [case.outcome for case in cases]
    named: list[tuple[str, Outcome]] = [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
    return [("tests", str(len(outcomes))), *((name, str(outcomes.count(outcome))) for name, outcome in named)]


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
        if case.subject is not None:
            yield from (f"  {label}: {text}" for label, text in story(finding, case.subject))
    if case.questions:
        yield from ([""] if case.findings else [])
        yield f"Not decided: {case.questions}"


def _xml(text: str) -> str:
    """Visible characters only, which XML 1.0 can hold all of, and none of its own."""
    return html.escape(clip(text), quote=True)
