"""What formats for other programs say about a finding, each in its own form; and what the audit does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from auditor.claims.predicate import Token, claims_of
from auditor.graph import Standing
from auditor.model import Confidence, Decision, Finding, Identity, Severity, Source, Status, Waived, stable_id
from auditor.report import standing as words
from auditor.report.base import Report, undecided, unread
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading


@dataclass(frozen=True, slots=True)
class Subject:
    """What a finding is about: an identity, and the trust by which one becomes it if it is about one."""

    provider: str
    """Empty when the report does not hold the subject, or when it is the estate as a whole."""
    scope: str
    kind: str
    id: str
    name: str
    decision: Decision | None = None
    standing: Standing | None = None

    @property
    def issuer(self) -> str | None:
        """The URL of the trusted issuer."""
        return None if self.decision is None else self.decision.trust.issuer.url

    @property
    def power(self) -> str | None:
        """What the identity may do, in plain words; None where nobody asked."""
        return None if self.standing is None else words.power(self.standing)


class Subjects:
    """The subject of every finding of one report."""

    def __init__(self, report: Report) -> None:
        self._standings: Mapping[Identity, Standing] = report.standings
        self._identities = {identity.id: self._about(identity) for identity in report.identities}
        self._trusts = {one.trust.id: self._about(one.trust.identity, one) for one in report.decisions}

    def __call__(self, finding: Finding) -> Subject:
        known = self._trusts if finding.subject_kind == "trust" else self._identities
        unknown = Subject("", "", finding.subject_kind, finding.subject, finding.subject)
        return known.get(finding.subject, unknown)

    def of(self, decision: Decision) -> Subject:
        """The subject of whatever is said about one of the report's trusts."""
        return self._trusts[decision.trust.id]

    def _about(self, one: Identity, decision: Decision | None = None) -> Subject:
        return Subject(one.provider, one.scope, one.kind, one.id, one.name, decision, self._standings.get(one))


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


def gaps(report: Report) -> Iterator[Gap]:
    """Documents that were not read, then trusts that are not decided and of which no finding says so."""
    if not report.coverage:
        yield Gap("not-read", "", "", "everything", "Nothing was read", "")
    for row in report.coverage:
        if unread(row):
            yield _unread(row)
    told = {finding.subject for finding in report.findings if finding.rule == "undecided"}
    for decision in report.decisions:
        reasons = undecided(decision)
        trust = decision.trust
        if reasons and trust.id not in told:
            questions: dict[str, list[str]] = {}
            for name, reason in reasons.items():
                questions.setdefault(reason, []).append(name)
            listed = "; ".join(f"{reason} ({', '.join(names)})" for reason, names in questions.items())
            title = f"It is not known who on {trust.issuer.name} can {trust.identity.gained}"
            where = (trust.provider, trust.scope, trust.identity.id)
            yield Gap("not-decided", *where, title, listed, source=trust.source)


def failures(report: Report, subjects: Subjects) -> Iterator[Gap]:
    """Checks that failed on their subject: findings that say nothing but that something is not known."""
    for finding in report.findings:
        if finding.status is Status.ERROR:
            subject = subjects(finding)
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
    read = claims_of(subject.decision.trust.predicate) if subject.decision else frozenset()
    for claim in ("sub", "aud", *sorted(read - {"sub", "aud"})):
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
