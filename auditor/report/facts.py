"""What formats for other programs say about a finding, each in its own form; and what the audit does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from auditor.claims.predicate import Token
from auditor.model import Confidence, Finding, Severity, Source, Status, Subject, Trust, Waived, stable_id
from auditor.report.base import Report, undecided, unread
from auditor.report.large import Seen
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading


def subject_of(finding: Finding) -> Subject:
    """What is known of its subject: at least what the finding calls it."""
    return finding.about or Subject("", "", finding.subject_kind, finding.subject, finding.subject)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something the audit cannot answer. Wherever findings are listed gaps are too, or a list would pass for whole."""

    kind: Literal["not-read", "not-decided", "check-failed"]
    provider: str
    scope: str
    about: str
    """The kind of document that was not read; else the id of the identity that is not decided on or not checked."""
    title: str
    reason: str
    """Empty when none is known."""
    permission: str | None = None
    source: Source | None = None

    @property
    def id(self) -> str:
        """The same in every run, also when the reason is put in other words."""
        return stable_id("gap", self.kind, self.provider, self.scope, self.about, self.permission or "", self.title)

    @property
    def text(self) -> str:
        """All of it as sentences."""
        needs = f" It needs {self.permission}." if self.permission else ""
        reason = f": {self.reason}" if self.reason else "."
        return f"{self.title}{reason}{'' if reason.endswith('.') else '.'}{needs}"


class Gaps:
    """Documents that were not read, then trusts that are not decided and of which no finding says so.

    They can be gone through any number of times; each goes through the trusts once. All that is kept of the report are
    the trusts of which a finding says it, in 12 to 24 bytes each.
    """

    def __init__(self, report: Report) -> None:
        self._report = report

    def __iter__(self) -> Iterator[Gap]:
        report = self._report
        if not report.coverage:
            yield Gap("not-read", "", "", "everything", "Nothing was read", "")
        for row in report.coverage:
            if unread(row):
                yield _unread(row)
        if report.counted is None or report.counted.undecided:
            for decision in report.decisions:
                reasons = undecided(decision)
                if reasons and decision.trust.id not in self._told:
                    yield _undecided(decision.trust, reasons)

    @cached_property
    def _told(self) -> Seen:
        told = Seen()
        for finding in self._report.findings:
            if finding.rule == "undecided":
                told.add(finding.subject)
        return told


def _undecided(trust: Trust, reasons: Mapping[str, str]) -> Gap:
    questions: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        questions.setdefault(reason, []).append(name)
    listed = "; ".join(f"{reason} ({', '.join(names)})" for reason, names in questions.items())
    title = f"It is not known who on {trust.issuer.name} can {trust.identity.gained}"
    where = (trust.provider, trust.scope, trust.identity.id)
    return Gap("not-decided", *where, title, listed, source=trust.source)


def failures(report: Report) -> Iterator[Gap]:
    """Checks that failed on their subject: findings that say nothing but that something is not known."""
    if report.counted is not None and not report.counted.errors:
        return
    for finding in report.findings:
        if finding.status is Status.ERROR:
            subject = subject_of(finding)
            where = (subject.provider, subject.scope, subject.id)
            title = f"{finding.rule}: {finding.title}"
            yield Gap("check-failed", *where, title, finding.detail, source=next(iter(finding.evidence), None))


def _unread(row: Coverage) -> Gap:
    state = "may not be read" if row.status is Reading.DENIED else "could not be read"
    title = f"{row.kind} of {row.provider} {row.scope} {state}"
    return Gap("not-read", row.provider, row.scope, row.kind, title, row.reason or "", row.permission)


def proof(finding: Finding, subject: Subject) -> Iterator[tuple[str, str]]:
    """The claims of the witness that decide: subject and audience, and what else the trust reads."""
    token: Token = finding.witness or {}
    for claim in ("sub", "aud", *(name for name in subject.reads if name not in ("sub", "aud"))):
        if claim in token:
            value = token[claim]
            yield claim, ", ".join(value) if isinstance(value, tuple) else str(value)


MOST_PLACES = 12
"""Written out in `story`; formats with fields of their own for evidence have all."""


def story(finding: Finding, subject: Subject) -> Iterator[tuple[str, str]]:
    """Label and text of what there is to say below the title: as what, with what power, why, by which token, where."""
    yield "identity", f"{subject.kind} {subject.id}"
    if subject.issuer:
        yield "issuer", subject.issuer
    if subject.power:
        yield "may then", subject.power
    if finding.detail:
        yield "why", finding.detail
    claims = "; ".join(f"{claim} = {value}" for claim, value in proof(finding, subject))
    if claims:
        yield "token", claims
    told = list(places(finding))
    yield from (("where", place) for place in told[:MOST_PLACES])
    if len(told) > MOST_PLACES:
        yield "where", f"and at {len(told) - MOST_PLACES:,} more places"
    if finding.fix is not None:
        yield "fix", finding.fix.summary
    if finding.waiver is not None:
        yield "waived", waiver(finding.waiver)
    if finding.known is not None:
        yield "baseline", baseline(finding)


def baseline(finding: Finding) -> str:
    """Whether the state it was compared with has it as well; empty where nothing was compared."""
    return {None: "", True: "known", False: "new"}[finding.known]


def places(finding: Finding) -> Iterator[str]:
    """Document and place of all evidence."""
    for source in dict.fromkeys(finding.evidence):
        yield f"{source.document} {source.place}".rstrip()


def waiver(one: Waived) -> str:
    """Why, by whom, until when."""
    return f"{one.reason} ({one.owner}, until {one.expires})"


def open_findings(report: Report) -> Iterator[Finding]:
    return (finding for finding in report.findings if finding.status is Status.OPEN)


def doubt(finding: Finding) -> str:
    """What to put behind the title of a finding that is not certain, or that the baseline has too."""
    known = " (known)" if finding.known else ""
    return known if finding.confidence is Confidence.HIGH else f" (confidence {finding.confidence.value}){known}"


FAILS_FROM = Severity.LOW
"""What counts as a failure where a format knows only passed and failed, as with `--fail-on`; less is information."""
