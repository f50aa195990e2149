"""The report as OSCAL assessment results 1.1.3: https://pages.nist.gov/OSCAL-Reference/models/v1.1.3/assessment-results/

Every finding is an observation and, unless it is mere information, a risk. An OSCAL finding speaks of a control: each
one of NIST SP 800-53 that an open finding bears on is not satisfied. None is ever called satisfied: this audit looks
at one side of a control only. What is not known is an observation as well. All UUIDs depend on what they stand for,
so those of two audits of the same thing are the same.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple, TextIO

from auditor.model import Finding, Severity, Source, Status, Subject
from auditor.report.base import TOOL, Layout, Report
from auditor.report.facts import FAILS_FROM, Gap, Gaps, doubt, failures, story, subject_of
from auditor.report.gfm import say
from auditor.report.large import sorting
from auditor.report.neutral import clip, dump, dumped, zulu
from auditor.report.rulebook import NIST, controls, rulebook
from auditor.rules.base import Definition
from auditor.storage.spool import Sorted

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
    stream.writelines(_parts(results.record()))
    stream.write(f'\n}}],\n"back-matter": {dump({"resources": [plan]})}\n}}}}\n')


Text = Iterable[str]
"""JSON, piece by piece."""


class Listed(NamedTuple):
    """A list of records, one a line; it is left out where it is empty, as OSCAL wants it."""

    records: Iterator[Text]


def _parts(record: Iterable[tuple[str, Text | Listed]]) -> Iterator[str]:
    """Names and values of an object, each on lines of its own."""
    between = ""
    for name, value in record:
        if not isinstance(value, Listed):
            yield f"{between}{dump(name)}: "
            yield from value
            between = ",\n"
        elif (first := next(value.records, None)) is not None:
            yield f"{between}{dump(name)}: [\n"
            yield from first
            for text in value.records:
                yield ",\n"
                yield from text
            yield "\n]"
            between = ",\n"


def _listed(records: Iterable[Record]) -> Listed:
    return Listed((dump(record),) for record in records)


class _Bearing:
    """The open findings that bear on controls, by control."""

    def __init__(self) -> None:
        self.counts = Counter[str]()
        self.worst: dict[str, Severity] = {}
        self._findings: Sorted[tuple[tuple[str, list[int]], str, int, str]] = sorting(itemgetter(0, 1, 2))
        """Each twice: as an observation and as a risk."""

    def add(self, finding: Finding, found: Iterable[str]) -> None:
        for control in found:
            self.counts[control] += 1
            self.worst[control] = max(finding.severity, self.worst.get(control, Severity.INFO))
            for which in range(2):
                self._findings.add((_order(control), control, which, finding.id))

    def __iter__(self) -> Iterator[tuple[str, Iterator[tuple[int, str]]]]:
        """Control by control, the ids of its findings: first all with 0, then all with 1."""
        for control, listed in groupby(self._findings, key=itemgetter(1)):
            yield control, ((which, name) for _, _, which, name in listed)


class _Results:
    """The parts of the one result, which refer to each other. The findings are gone through a few times."""

    def __init__(self, report: Report) -> None:
        self._report = report.with_counts()
        self._rules = rulebook()
        self._bearing = _Bearing()
        self._subjects: Sorted[tuple[_Key, int, str]] = sorting(itemgetter(0, 1))
        for number, finding in enumerate(self._findings()):
            subject = subject_of(finding)
            self._subjects.add((_key(subject), number, subject.name))
            if finding.status is Status.OPEN and finding.severity >= FAILS_FROM:
                self._bearing.add(finding, _controls(self._rules.get(finding.rule), failing=True))

    def _findings(self) -> Iterator[Finding]:
        return (one for one in self._report.findings if one.status is not Status.ERROR)

    def record(self) -> Iterator[tuple[str, Text | Listed]]:
        """Name → value, in order."""
        report = self._report
        summary = report.summary()
        complete = "Everything that was asked for was read."
        missing = "Coverage is incomplete: what was not read may hold anything."
        texts = {
            "uuid": _uuid("result", report.started, report.finished, report.tool_version),
            "title": "Trust in federated tokens",
            "description": complete if summary.coverage_complete else missing,
            "start": zulu(report.started),
            "end": zulu(report.finished),
        }
        yield from ((name, (dump(text),)) for name, text in texts.items())
        counts = [
            ("trusts", summary.trusts),
            ("identities", summary.identities),
            *((f"open-{severity}", count) for severity, count in summary.by_severity.items()),
            ("waived", summary.waived),
            ("failed-checks", summary.errors),
            ("undecided", summary.undecided),
        ]
        coverage = ("coverage-complete", "yes" if summary.coverage_complete else "no")
        yield "props", _listed([_property(*coverage), *(_property(name, str(count)) for name, count in counts)])
        yield "local-definitions", self._definitions()
        yield "reviewed-controls", (dump(_reviewed(self._rules.values())),)
        unknown = map(self._gap, chain(Gaps(report), failures(report)))
        yield "observations", _listed(chain(unknown, map(self._observation, self._findings())))
        yield "risks", _listed(self._risk(one) for one in self._findings() if one.severity >= FAILS_FROM)
        yield "findings", Listed(self._control(control, listed) for control, listed in self._bearing)

    def _definitions(self) -> Text:
        tool = {
            "uuid": _uuid("tool"),
            "type": "software",
            "title": TOOL,
            "description": "Decides which tokens of an OIDC issuer a cloud accepts, from the cloud's own documents.",
            "props": [{"name": "version", "value": _value(self._report.tool_version)}],
            "status": {"state": "operational"},
        }
        yield f'{{"components": {dump([tool])}'
        if self._subjects:
            yield ', "inventory-items": '
            yield from dumped(self._items())
        yield "}"

    def _items(self) -> Iterator[Record]:
        """What findings are about, each once, in the order in which they speak of it."""
        first: Sorted[tuple[int, _Key, str]] = sorting(itemgetter(0))
        for key, listed in groupby(self._subjects, key=itemgetter(0)):
            _, number, name = next(listed)
            first.add((number, key, name))
        return (_item(key, name) for _, key, name in first)

    def _observation(self, finding: Finding) -> Record:
        subject = subject_of(finding)
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
            "subjects": [{"subject-uuid": _uuid("item", *_key(subject)), "type": "inventory-item"}],
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
        subject = subject_of(finding)
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

    def _control(self, control: str, listed: Iterable[tuple[int, str]]) -> Text:
        """A control that open findings bear on."""
        worst = self._bearing.worst[control]
        head = {
            "uuid": _uuid("finding", control),
            "title": f"{control.upper()} is not satisfied",
            "description": f"{self._bearing.counts[control]:,} open findings bear on it, the worst of them {worst}.",
            "target": {
                "type": "statement-id",
                "target-id": f"{control}_smt",
                "status": {"state": "not-satisfied", "reason": "fail"},
            },
        }
        yield dump(head).removesuffix("}")
        for which, names in groupby(listed, key=itemgetter(0)):
            kind = ("observation", "risk")[which]
            yield f", {dump(f'related-{kind}s')}: "
            yield from dumped({f"{kind}-uuid": _uuid(kind, name)} for _, name in names)
        yield "}"


_Key = tuple[str, str, str, str]
"""Provider, scope, kind, id."""


def _key(subject: Subject) -> _Key:
    return subject.provider, subject.scope, subject.kind, subject.id


def _item(key: _Key, name: str) -> Record:
    """An identity, to which observations refer."""
    provider, scope, kind, identity = key
    return {
        "uuid": _uuid("item", *key),
        "description": _markup(f"{kind} {name}"),
        "props": [
            {"name": "asset-id", "value": _value(identity)},
            _property("provider", provider),
            _property("scope", scope),
            _property("kind", kind),
        ],
    }


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
