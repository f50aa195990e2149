"""What the page knows, as JSON: first what its lists and its picture show, then per subject what one looks at closer.

Nothing in any text is invisible. The first part is read at once, the
others when somebody opens a subject of theirs: with thousands of trusts that is what keeps the page quick.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.claims.verdict import Rejected
from auditor.graph import Standing
from auditor.model import Decision, Finding, Identity, Severity, Source, stable_id
from auditor.report import standing as words
from auditor.report.base import TOOL, Report, undecided, unread
from auditor.report.compared import sentence
from auditor.report.facts import Gaps
from auditor.report.html_source import LONGEST, Documents
from auditor.report.html_subject import Record, Texts, identity_record, trust_record
from auditor.report.json_report import summary_record
from auditor.report.neutral import LONGEST_CODE, clip
from auditor.report.rulebook import controls, rulebook
from auditor.report.verdict import PROVIDERS, origins, reach, verdict
from auditor.rules.base import Definition

CHUNK = 40
"""Subjects of one part."""


@dataclass(slots=True)
class _Subject:
    """A trust, an identity, or what is neither (a waiver)."""

    id: str
    identity: Identity | None
    decision: Decision | None = None
    standing: Standing | None = None
    findings: list[Finding] = field(default_factory=list)


class Data:
    """The parts of one report."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._subjects = _subjects(report)
        self._documents = Documents(report.documents, {source.document for source in _sources(self._subjects)})
        self._places = {subject.id: place for place, subject in enumerate(self._subjects)}

    def head(self) -> Record:
        """What is read at once."""
        report = self._report
        issuers = list(dict.fromkeys((one.trust.issuer.url, one.trust.issuer.name) for one in report.decisions))
        named = {url: place for place, (url, _) in enumerate(issuers)}
        rules = list(dict.fromkeys(finding.rule for finding in report.findings))
        told = report.comparison  # of a report of changes the verdict speaks of it
        record: Record = {
            "tool": {"name": TOOL, "version": report.tool_version},
            "started": report.started,
            "finished": report.finished,
            "verdict": verdict(report)._asdict(),
            "comparison": None if told is None or told.changes_only else sentence(told),
            "summary": summary_record(report.summary()),
            "clouds": PROVIDERS,
            "coverage": [
                [row.provider, row.scope, row.kind, row.status.value, row.reason, row.permission, unread(row)]
                for row in report.coverage
            ],
            "gaps": [[gap.kind, gap.provider, gap.title, gap.reason, gap.permission] for gap in Gaps(report)],
            "issuers": issuers,
            "rules": [_rule(name, rulebook().get(name)) for name in rules],
            "subjects": [self._row(subject, named) for subject in self._subjects],
            "findings": self._findings({name: place for place, name in enumerate(rules)}),
            "chunk": CHUNK,
        }
        return dict(_plain(record))

    def chunks(self) -> Iterator[Record]:
        """What is read later, `CHUNK` subjects at a time, in the order of `subjects`."""
        for begin in range(0, len(self._subjects), CHUNK):
            texts = Texts()
            subjects = [self._detail(subject, texts) for subject in self._subjects[begin : begin + CHUNK]]
            yield dict(_plain({"subjects": subjects, "texts": texts.listed}))

    def _row(self, subject: _Subject, issuers: Mapping[str, int]) -> Record:
        identity, decision, standing = subject.identity, subject.decision, subject.standing
        row: Record = {"id": subject.id}
        if identity is not None:
            row |= {
                "provider": identity.provider,
                "scope": identity.scope,
                "kind": identity.kind,
                "resource": identity.id,
                "name": identity.name,
            }
        if standing is not None:
            row |= {"power": str(standing.level), "then": words.power(standing)}
        if decision is not None:
            assert identity is not None
            row |= {
                "issuer": issuers[decision.trust.issuer.url],
                "identity": self._places[_name(identity.id)],
                "statement": decision.statement,
                "reach": reach(decision).value,
                "origins": list(origins(decision)),
                "undecided": bool(undecided(decision)),
                "dead": isinstance(decision.reachable, Rejected),
                "power": str(decision.power),
            }
        return row

    def _findings(self, rules: Mapping[str, int]) -> list[list[Any]]:
        """Severity, status, rule, subject, number there, title, id, confidence, known; in the order of the report."""
        seen: dict[int, int] = {}
        rows: list[list[Any]] = []
        for finding in self._report.findings:
            place = self._places[_key(finding)]
            number = seen[place] = seen.get(place, -1) + 1
            severity = str(Severity(finding.severity))
            rows.append([severity, finding.status.value, rules[finding.rule], place, number, finding.title])
            rows[-1] += [finding.id, finding.confidence.value, finding.known]
        return rows

    def _detail(self, subject: _Subject, texts: Texts) -> Record:
        if subject.decision is not None:
            return trust_record(subject.decision, subject.findings, self._documents, texts)
        return identity_record(subject.identity, subject.standing, subject.findings, self._documents)


def _subjects(report: Report) -> list[_Subject]:
    """Trusts, identities, then what findings speak of besides."""
    trusts = [one.trust for one in report.decisions]
    standings = report.standings
    listed = {
        one.trust.id: _Subject(one.trust.id, one.trust.identity, one, standings.get(one.trust.identity))
        for one in report.decisions
    }
    for identity in (*report.identities, *(trust.identity for trust in trusts)):
        name = _name(identity.id)
        listed.setdefault(name, _Subject(name, identity, None, standings.get(identity)))
    for finding in report.findings:
        name = _key(finding)
        listed.setdefault(name, _Subject(name, None)).findings.append(finding)
    return list(listed.values())


def _sources(subjects: Iterable[_Subject]) -> Iterator[Source]:
    """All that the page may show a part of."""
    for subject in subjects:
        if subject.decision is not None:
            trust = subject.decision.trust
            yield trust.source
            yield from (clause.source for one in trust.statements for clause in one.clauses)
        if subject.standing is not None:
            yield from (source for one in subject.standing.profile.power.capabilities for source in one.sources)
        for finding in subject.findings:
            yield from finding.evidence


def _key(finding: Finding) -> str:
    """What the page calls the subject of a finding."""
    return finding.subject if finding.subject_kind == "trust" else _name(finding.subject)


def _name(resource: str) -> str:
    return stable_id("subject", resource)


def _rule(name: str, rule: Definition | None) -> Record:
    if rule is None:
        return {"id": name, "summary": "", "sections": [], "references": [], "controls": []}
    _, _, text = (rule.documentation or "").partition("\n\n")
    sections = [part.partition("\n") for part in text.split("\n## ")]
    return {
        "id": name,
        "summary": rule.summary,
        "sections": [[head.removeprefix("## ").strip(), body.strip("\n")] for head, _, body in sections],
        "references": list(rule.references),
        "controls": [list(pair) for pair in controls(rule)],
    }


def _plain(value: Any) -> Any:
    """`value` with nothing invisible in its texts but line breaks, and none endless. The names in it are our own."""
    match value:
        case str():
            shown = "\n".join(clip(line, LONGEST) for line in value.split("\n"))
            return shown if len(shown) <= LONGEST_CODE else f"{shown[:LONGEST_CODE]}\n… ({len(shown):,} characters)"
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value
