"""The report as SARIF 2.1.0, in the form that code scanning accepts.

Specification: https://docs.oasis-open.org/sarif/sarif/v2.1.0/; what GitHub reads of it:
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning

A rule is listed once for each severity its findings have (`any-tenant-critical`), since code scanning takes the
severity from the rule. A cloud's document has no file: its place is `provider/scope/document`, the JSON pointer stands
in the logical location. What is not known is a result of its own besides the notification that a tool of another kind
would make do with: code scanning does not show notifications.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TextIO
from urllib.parse import quote

from auditor.model import Confidence, Finding, Severity, Source, Status, Subject
from auditor.report.base import TOOL, Layout, Report
from auditor.report.facts import Gap, Gaps, doubt, failures, story, subject_of, waiver
from auditor.report.json_report import coverage_record, fix_record, source_record, witness_record
from auditor.report.neutral import clip, dump, dumped, plain, zulu
from auditor.report.rulebook import controls, explanation, rulebook
from auditor.report.text import visible
from auditor.rules.base import Definition

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
}
"""Code scanning shows critical above 9.0, high from 7.0, medium from 4.0, low from 0.1; the rest by their level."""
PRECISION = {Confidence.HIGH: "very-high", Confidence.MEDIUM: "high", Confidence.LOW: "medium"}

MOST_LOCATIONS = 100
"""Places shown of one finding; code scanning shows as many."""
MOST_TAGS = 20
"""As many code scanning takes."""

NOT_KNOWN = {
    "not-read": "A document was not read",
    "not-decided": "It is not decided whether somebody gets in",
    "check-failed": "A check failed, which is no pass",
}

Record = dict[str, Any]


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write `report` as one SARIF log with one run, one result a line, whatever the layout."""
    del layout
    report = report.with_counts()
    unknown = _Unknown(report)
    descriptors = [*_descriptors(report), *map(_unknown_descriptor, unknown.kinds())]
    indices = {record["id"]: index for index, record in enumerate(descriptors)}
    driver = {"name": TOOL, "version": visible(report.tool_version), "rules": descriptors}
    told = (finding for finding in report.findings if finding.status is not Status.ERROR)
    results = chain((_result(one, subject_of(one), indices) for one in told), (_open(gap, indices) for gap in unknown))
    stream.write(f'{{"$schema": {dump(SCHEMA)}, "version": "2.1.0", "runs": [{{\n')
    stream.write(f'"tool": {dump({"driver": driver})},\n')
    stream.write('"invocations": [')
    stream.writelines(_invocation(report, unknown))
    stream.write('],\n"columnKind": "unicodeCodePoints",\n"results": [')
    stream.writelines((",\n" if number else "\n") + dump(result) for number, result in enumerate(results))
    stream.write("\n]\n}]}\n")


class _Unknown:
    """What is not known, to be gone through any number of times."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._gaps = Gaps(report)

    def __iter__(self) -> Iterator[Gap]:
        yield from self._gaps
        yield from failures(self._report)

    def kinds(self) -> Iterator[str]:
        """Each once, in the order they come in."""
        summary = self._report.summary()
        if not summary.coverage_complete:
            yield "not-read"
        if any(gap.kind == "not-decided" for gap in self._gaps):
            yield "not-decided"
        if summary.errors:
            yield "check-failed"


def _key(finding: Finding) -> str:
    return f"{visible(finding.rule)}-{finding.severity}"


def _descriptors(report: Report) -> Iterator[Record]:
    """One for each rule and severity there is, made from the first finding of that kind."""
    rules = rulebook()
    first: dict[str, Finding] = {}
    for finding in report.findings:
        if finding.status is not Status.ERROR:
            first.setdefault(_key(finding), finding)
    for key, finding in sorted(first.items()):
        yield _descriptor(key, finding, rules.get(finding.rule))


def _descriptor(key: str, finding: Finding, rule: Definition | None) -> Record:
    tags = ["security", visible(finding.rule), *(" ".join(control) for control in controls(rule))]
    summary = {"text": rule.summary if rule else visible(finding.rule)}
    page = explanation(rule) if rule else f"# {visible(finding.rule)}\n"
    record: Record = {
        "id": key,
        "name": "".join(part.capitalize() for part in visible(finding.rule).split("-")),
        "shortDescription": summary,
        "fullDescription": summary,
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "properties": {
            "tags": tags[:MOST_TAGS],
            "precision": PRECISION[rule.confidence if rule else finding.confidence],
        },
    }
    if finding.severity in SCORES:
        record["properties"]["security-severity"] = SCORES[finding.severity]
    if rule:
        record["helpUri"] = rule.references[0]
    return record


def _unknown_descriptor(kind: str) -> Record:
    text = f"{NOT_KNOWN[kind]}. What is not known is not safe: where nothing was found, anything may be amiss."
    return {
        "id": kind,
        "name": "".join(part.capitalize() for part in kind.split("-")),
        "shortDescription": {"text": f"{NOT_KNOWN[kind]}."},
        "fullDescription": {"text": text},
        "help": {"text": f"{text} `auditor permissions` prints what the audit needs to read."},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["coverage"], "precision": "very-high", "problem.severity": "warning"},
    }


def _result(finding: Finding, subject: Subject, indices: Mapping[str, int]) -> Record:
    key = _key(finding)
    record: Record = {
        "ruleId": key,
        "ruleIndex": indices[key],
        "level": LEVELS[finding.severity],
        "message": {"text": _message(finding, subject)},
        "locations": _locations(finding.evidence, subject),
        "partialFingerprints": {"primaryLocationLineHash": finding.id, "finding/v1": finding.id},
        "properties": {
            "severity": str(finding.severity),
            "confidence": finding.confidence.value,
            "witness": None if finding.witness is None else plain(witness_record(finding.witness)),
            "evidence": [plain(source_record(source)) for source in finding.evidence],
            "fix": None if finding.fix is None else plain(fix_record(finding.fix)),
        },
    }
    if finding.known is not None:
        record["baselineState"] = "unchanged" if finding.known else "new"
    if finding.status is Status.WAIVED:
        why = {"justification": clip(waiver(finding.waiver))} if finding.waiver else {}
        record["suppressions"] = [{"kind": "external", "status": "accepted", **why}]
    return record


def _open(gap: Gap, indices: Mapping[str, int]) -> Record:
    return {
        "ruleId": gap.kind,
        "ruleIndex": indices[gap.kind],
        "level": "warning",
        "message": {"text": _unlinked(clip(gap.text))},
        "locations": [_gap_location(gap)],
        "partialFingerprints": {"primaryLocationLineHash": gap.id, "finding/v1": gap.id},
    }


def _message(finding: Finding, subject: Subject) -> str:
    """The title as a sentence, since viewers show the first sentence in lists; then the rest, a line each."""
    title = clip(finding.title + doubt(finding))
    facts = (f"{label}: {clip(text)}" for label, text in story(finding, subject) if label != "where")
    return _unlinked("\n".join((title if title.endswith((".", "!", "?")) else f"{title}.", *facts)))


def _unlinked(text: str) -> str:
    """`[text](target)` is a link in any message (section 3.11.6); a space keeps it from being one."""
    return text.replace("](", "] (")


def _locations(evidence: Iterable[Source], subject: Subject) -> list[Record]:
    found = [_location(subject.provider, subject.scope, one.document, one.place) for one in dict.fromkeys(evidence)]
    return found[:MOST_LOCATIONS] or [_location(subject.provider, subject.scope, subject.id, "")]


def _gap_location(gap: Gap) -> Record:
    if gap.source is None:
        return _location(gap.provider, gap.scope, gap.about, "")
    return _location(gap.provider, gap.scope, gap.source.document, gap.source.place)


def _location(provider: str, scope: str, document: str, place: str) -> Record:
    name = clip(place or document)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri(provider or "estate", scope or "-", document)},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{"fullyQualifiedName": name, "kind": "element" if place else "resource"}],
    }


def uri(*parts: str) -> str:
    """A relative reference that stays below its root, whatever the parts hold."""
    steps = [step for part in parts for step in visible(part).split("/") if step]
    return "/".join(quote(f"_{step}" if set(step) == {"."} else step, safe=":@") for step in steps)


def _invocation(report: Report, unknown: Iterable[Gap]) -> Iterator[str]:
    """What was not read or decided, and which checks failed. Not everything read and checked is no success."""
    summary = report.summary()
    begun = {
        "executionSuccessful": summary.coverage_complete and not summary.errors,
        "startTimeUtc": zulu(report.started),
        "endTimeUtc": zulu(report.finished),
    }
    yield f'{dump(begun).removesuffix("}")}, "toolExecutionNotifications": '
    yield from dumped(map(_notification, unknown))
    yield ', "properties": {"coverage": '
    yield from dumped(plain(coverage_record(row)) for row in report.coverage)
    yield "}}"


def _notification(gap: Gap) -> Record:
    return {
        "level": "error" if gap.kind == "check-failed" else "warning",
        "descriptor": {"id": gap.kind},
        "message": {"text": _unlinked(clip(gap.text))},
        "locations": [_gap_location(gap)],
    }
