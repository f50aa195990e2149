"""The report as OSCAL assessment results 1.1.3: https://pages.nist.gov/OSCAL-Reference/models/v1.1.3/assessment-results/

Every finding is an observation and, unless it is mere information, a risk. An OSCAL finding speaks of a control: each
one of NIST SP 800-53 that an open finding bears on is not satisfied. None is ever called satisfied: this audit looks
at one side of a control only. What is not known is an observation as well. All UUIDs depend on what they stand for,
so those of two audits of the same thing are the same.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from auditor.model import Finding, Severity, Source, Status
from auditor.report.base import TOOL, Layout, Report
from auditor.report.facts import FAILS_FROM, Gap, Subject, Subjects, doubt, failures, gaps, story
from auditor.report.gfm import say
from auditor.report.neutral import clip, dump, zulu
from auditor.report.rulebook import NIST, controls, rulebook
from auditor.rules.base import Definition

VERSION = "1.1.3"
NAMESPACE = uuid.UUID("6f1c3b0a-52de-5c0f-9e0b-0a8f0d9f3b51")
"""Of the UUIDs below; made up once."""
OURS = "https://oidc-trust-auditor.invalid/ns/oscal"
"""The namespace of names that OSCAL does not define: a domain that can never be anybody's (RFC 6761)."""
CORE = "http://csrc.nist.gov/ns/oscal"

_CONTROL = re.compile(r"([A-Z]{2}-[0-9]+)(?:\(([0-9]+)\))?")

Record = dict[str, Any]


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write `report` as one JSON document, one record a line, whatever the layout."""
    del layout
    results = _Results(report)
    head = {
        "uuid": _uuid("document", report.started, report.finished, report.tool_version),
        "metadata": {
            "title": "Who can become which identity by a federated token",
            "last-modified": zulu(report.finished),
            "version": zulu(report.finished),
            "oscal-version": VERSION,
        },
        "import-ap": {"href": f"#{_uuid('plan')}"},
    }
    plan = {
        "uuid": _uuid("plan"),
        "title": "Assessment plan",
        "description": "There is no plan but the rules of the tool. Each says what it finds, and why that matters.",
    }
    stream.write('{"assessment-results": {\n')
    stream.writelines(f"{dump(name)}: {dump(value)},\n" for name, value in head.items())
    stream.write('"results": [{\n')
    stream.write(",\n".join(f"{dump(name)}: {_lines(value)}" for name, value in results.record()))
    stream.write(f'\n}}],\n"back-matter": {dump({"resources": [plan]})}\n}}}}\n')


def _lines(value: object) -> str:
    if not isinstance(value, list):
        return dump(value)
    return "[\n" + ",\n".join(map(dump, value)) + "\n]"


class _Results:
    """The parts of the one result, which refer to each other."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._rules = rulebook()
        self._subjects = Subjects(report)
        self._unknown = (*gaps(report), *failures(report, self._subjects))
        self._findings = [one for one in report.findings if one.status is not Status.ERROR]
        self._items: dict[str, Record] = {}

    def record(self) -> Iterator[tuple[str, object]]:
        """Name → value, in order; lists that would be empty are left out, as OSCAL wants it."""
        report = self._report
        summary = report.summary()
        yield "uuid", _uuid("result", report.started, report.finished, report.tool_version)
        yield "title", "Trust in federated tokens"
        yield (
            "description",
            "Everything that was asked for was read."
            if summary.coverage_complete
            else "Coverage is incomplete: what was not read may hold anything.",
        )
        yield "start", zulu(report.started)
        yield "end", zulu(report.finished)
        counts = [
            ("trusts", summary.trusts),
            ("identities", summary.identities),
            *((f"open-{severity}", count) for severity, count in summary.by_severity.items()),
            ("waived", summary.waived),
            ("failed-checks", summary.errors),
            ("undecided", summary.undecided),
        ]
        coverage = ("coverage-complete", "yes" if summary.coverage_complete else "no")
        yield "props", [_property(*coverage), *(_property(name, str(count)) for name, count in counts)]
        observations = [
            *(self._gap(gap) for gap in self._unknown),
            *(self._observation(finding) for finding in self._findings),
        ]
        tool = {
            "uuid": _uuid("tool"),
            "type": "software",
            "title": TOOL,
            "description": "Decides which tokens of an OIDC issuer a cloud accepts, from the cloud's own documents.",
            "props": [{"name": "version", "value": _value(report.tool_version)}],
            "status": {"state": "operational"},
        }
        inventory = {"inventory-items": list(self._items.values())} if self._items else {}
        yield "local-definitions", {"components": [tool], **inventory}
        yield "reviewed-controls", _reviewed(self._rules.values())
        if observations:
            yield "observations", observations
        risks = [self._risk(finding) for finding in self._findings if finding.severity >= FAILS_FROM]
        if risks:
            yield "risks", risks
        judged = list(self._judged())
        if judged:
            yield "findings", judged

    def _observation(self, finding: Finding) -> Record:
        subject = self._subjects(finding)
        record: Record = {
            "uuid": _uuid("observation", finding.id),
            "title": _markup(finding.title + doubt(finding)),
            "description": _story(finding, subject),
            "props": [
                _property("rule", finding.rule),
                _property("severity", str(finding.severity)),
                _property("confidence", finding.confidence.value),
                _property("status", finding.status.value),
                _property("finding-id", finding.id),
            ],
            "methods": ["TEST"],
            "types": ["discovery"],
            "origins": [_ORIGIN],
            "subjects": [self._item(subject)],
            "collected": zulu(self._report.finished),
        }
        if finding.evidence:
            record["relevant-evidence"] = [_evidence(source) for source in dict.fromkeys(finding.evidence)]
        return record

    def _gap(self, gap: Gap) -> Record:
        record: Record = {
            "uuid": _uuid("observation", gap.id),
            "title": _markup(gap.title),
            "description": f"What is not known is not safe. {_markup(gap.text)}",
            "props": [_property("gap", gap.kind), _property("about", gap.about)],
            "methods": ["TEST"],
            "types": ["coverage-gap"],
            "origins": [_ORIGIN],
            "collected": zulu(self._report.finished),
        }
        if gap.source is not None:
            record["relevant-evidence"] = [_evidence(gap.source)]
        return record

    def _risk(self, finding: Finding) -> Record:
        subject = self._subjects(finding)
        record: Record = {
            "uuid": _uuid("risk", finding.id),
            "title": _markup(finding.title + doubt(finding)),
            "description": _story(finding, subject),
            "statement": _markup(finding.detail or finding.title),
            "status": "open" if finding.status is Status.OPEN else "deviation-approved",
            "characterizations": [
                {
                    "origin": _ORIGIN,
                    "facets": [{"name": "severity", "system": CORE, "value": str(finding.severity)}],
                }
            ],
            "related-observations": [{"observation-uuid": _uuid("observation", finding.id)}],
        }
        if finding.fix is not None:
            record["remediations"] = [
                {
                    "uuid": _uuid("remediation", finding.id),
                    "lifecycle": "recommendation",
                    "title": "What to write instead",
                    "description": _markup(finding.fix.summary),
                }
            ]
        return record

    def _judged(self) -> Iterator[Record]:
        """The controls that open findings bear on."""
        bearing: dict[str, list[Finding]] = {}
        for finding in self._findings:
            if finding.status is Status.OPEN and finding.severity >= FAILS_FROM:
                for control in _controls(self._rules.get(finding.rule), failing=True):
                    bearing.setdefault(control, []).append(finding)
        for control, findings in sorted(bearing.items(), key=lambda pair: _order(pair[0])):
            worst: Severity = max(finding.severity for finding in findings)
            yield {
                "uuid": _uuid("finding", control),
                "title": f"{control.upper()} is not satisfied",
                "description": f"{len(findings):,} open findings bear on it, the worst of them {worst}.",
                "target": {
                    "type": "statement-id",
                    "target-id": f"{control}_smt",
                    "status": {"state": "not-satisfied", "reason": "fail"},
                },
                "related-observations": [{"observation-uuid": _uuid("observation", one.id)} for one in findings],
                "related-risks": [{"risk-uuid": _uuid("risk", one.id)} for one in findings],
            }

    def _item(self, subject: Subject) -> Record:
        """A reference to the identity, which is listed once."""
        key = _uuid("item", subject.provider, subject.scope, subject.kind, subject.id)
        self._items[key] = {
            "uuid": key,
            "description": _markup(f"{subject.kind} {subject.name}"),
            "props": [
                {"name": "asset-id", "value": _value(subject.id)},
                _property("provider", subject.provider),
                _property("scope", subject.scope),
                _property("kind", subject.kind),
            ],
        }
        return {"subject-uuid": key, "type": "inventory-item"}


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(NAMESPACE, clip("\x1f".join(parts))))


_ORIGIN: Record = {"actors": [{"type": "tool", "actor-uuid": _uuid("tool")}]}


def _property(name: str, value: str) -> Record:
    return {"name": name, "ns": OURS, "value": _value(value)}


def _value(text: str) -> str:
    """A text without spaces at its ends, and never empty."""
    return clip(text).strip() or "-"


def _markup(text: str) -> str:
    """Texts of OSCAL are Markdown."""
    return say(text) or "-"


def _story(finding: Finding, subject: Subject) -> str:
    return "\n\n".join(f"{label}: {_markup(text)}" for label, text in story(finding, subject))


def _evidence(source: Source) -> Record:
    return {
        "description": _markup(f"{source.document} {source.place}".rstrip()),
        "props": [_property("document", source.document), _property("pointer", source.place or "/")],
    }


def _reviewed(rules: Iterable[Definition]) -> Record:
    listed = dict.fromkeys(control for rule in rules for control in _controls(rule))
    remark = "The controls of NIST SP 800-53 that the rules of the tool bear on, each in part."
    if not listed:
        return {"control-selections": [{"description": remark}]}
    included: list[Mapping[str, str]] = [{"control-id": control} for control in sorted(listed, key=_order)]
    return {"control-selections": [{"description": remark, "include-controls": included}]}


def _controls(rule: Definition | None, *, failing: bool = False) -> Iterator[str]:
    """Control ids as in the OSCAL catalogue of NIST SP 800-53: `AC-6(7)` is `ac-6.7`."""
    for framework, control in controls(rule, failing=failing):
        found = _CONTROL.fullmatch(control) if framework.startswith(NIST) else None
        if found:
            yield found[1].lower() + (f".{found[2]}" if found[2] else "")


def _order(control: str) -> tuple[str, list[int]]:
    family, _, number = control.partition("-")
    return family, [int(part) for part in number.split(".")]
