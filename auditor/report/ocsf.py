"""The report as events of the Open Cybersecurity Schema Framework 1.6.0, one a line. Schema: https://schema.ocsf.io/1.6.0

Every finding is a Detection Finding (class 2004), for those who respond, and a Compliance Finding (class 2003) that
fails, for those who keep accounts of controls. What is not known is a Compliance Finding of status Unknown. No event
says that anything passed: that is more than an audit of one side of a control can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TextIO

from auditor.model import Confidence, Finding, Severity, Source, Status, Subject
from auditor.report.base import TOOL, Layout, Report
from auditor.report.facts import FAILS_FROM, Gap, Gaps, doubt, failures, story, subject_of
from auditor.report.json_report import source_record, witness_record
from auditor.report.neutral import clip, dump, milliseconds, plain
from auditor.report.rulebook import controls, rulebook
from auditor.rules.base import Definition

VERSION = "1.6.0"
DETECTION = (2004, "Detection Finding")
COMPLIANCE = (2003, "Compliance Finding")

SEVERITIES = {
    Severity.INFO: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
CONFIDENCES = {Confidence.LOW: (1, "Low"), Confidence.MEDIUM: (2, "Medium"), Confidence.HIGH: (3, "High")}
UNKNOWN = (0, "Unknown")
NEW = (1, "New")
SUPPRESSED = (3, "Suppressed")
WARNING = (2, "Warning")
FAIL = (3, "Fail")
CLOUDS = {"aws": "AWS", "azure": "Azure", "gcp": "GCP"}
ACCOUNTS = (
    ("aws", re.compile(r"[0-9]{12}"), (10, "AWS Account")),
    ("azure", re.compile(r"subscriptions/.*"), (13, "Azure Subscription")),
    ("azure", re.compile(r"tenants/.*"), (6, "Azure AD Account")),
    ("gcp", re.compile(r"(folders|organizations)/.*"), (5, "GCP Account")),
    ("gcp", re.compile(r"[a-z].*"), (11, "GCP Project")),
)
"""Cloud, scope, and what kind of account OCSF takes it for."""
RULE = (1, "Rule")

Record = dict[str, Any]


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write what is not known, then the findings; one event a line, whatever the layout."""
    del layout
    stream.writelines(dump(event) + "\n" for event in _events(report.with_counts()))


def _events(report: Report) -> Iterator[Record]:
    rules = rulebook()
    for gap in chain(Gaps(report), failures(report)):
        yield _unknown(report, gap)
    for finding in report.findings:
        if finding.status is not Status.ERROR:
            subject, rule = subject_of(finding), rules.get(finding.rule)
            yield _detection(report, finding, subject, rule)
            yield _compliance(report, finding, subject, rule)


def _event(report: Report, kind: tuple[int, str], uid: str, provider: str, scope: str) -> Record:
    """What every event has. `uid` is that of the finding; the event's own also tells the class."""
    number, name = kind
    home = clip(scope) or "-"
    account = next((kind for one, form, kind in ACCOUNTS if one == provider and form.fullmatch(scope)), UNKNOWN)
    return {
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": number,
        "class_name": name,
        "activity_id": 1,
        "activity_name": "Create",
        "type_uid": number * 100 + 1,
        "type_name": f"{name}: Create",
        "time": milliseconds(report.finished),
        "metadata": {
            "version": VERSION,
            "uid": f"{uid}-{number}",
            "profiles": ["cloud"],
            "product": {"name": TOOL, "vendor_name": TOOL, "version": clip(report.tool_version)},
        },
        "cloud": {
            "provider": CLOUDS.get(provider, clip(provider) or "-"),
            "account": {"uid": home, "name": home, "type_id": account[0], "type": account[1]},
        },
    }


def _pair(name: str, value: tuple[int, str]) -> Record:
    """An enumerated attribute and its caption."""
    return {f"{name}_id": value[0], name: value[1]}


def _common(
    report: Report, kind: tuple[int, str], finding: Finding, subject: Subject, rule: Definition | None
) -> Record:
    title = clip(finding.title + doubt(finding))
    about = {"uid": clip(finding.rule), "name": clip(rule.summary if rule else finding.rule)}
    waived = finding.status is Status.WAIVED
    return {
        **_event(report, kind, finding.id, subject.provider, subject.scope),
        **_pair("severity", SEVERITIES[finding.severity]),
        **_pair("confidence", CONFIDENCES[finding.confidence]),
        **_pair("status", SUPPRESSED if waived else NEW),
        "message": title,
        "finding_info": {
            "uid": finding.id,
            "title": title,
            "desc": "\n".join(f"{label}: {clip(text)}" for label, text in story(finding, subject)),
            "types": [clip(finding.rule)],
            "analytic": {**about, **_pair("type", RULE)},
        },
        "resources": [_resource(subject)],
        **_remediation(finding, rule),
    }


def _detection(report: Report, finding: Finding, subject: Subject, rule: Definition | None) -> Record:
    record = _common(report, DETECTION, finding, subject, rule)
    evidence = [_evidence(source) for source in dict.fromkeys(finding.evidence)]
    if finding.witness is not None:
        evidence.append({"name": "a token that gets in", "data": plain(witness_record(finding.witness))})
    if evidence:
        record["evidences"] = evidence
    return record


def _compliance(report: Report, finding: Finding, subject: Subject, rule: Definition | None) -> Record:
    record = _common(report, COMPLIANCE, finding, subject, rule)
    told = controls(rule, subject.provider)
    record["compliance"] = {
        "control": clip(finding.rule),
        **_pair("status", FAIL if finding.severity >= FAILS_FROM else WARNING),
        "status_details": [clip(finding.title)],
        **_standards(told),
    }
    return record


def _standards(told: Iterable[tuple[str, str]]) -> Record:
    listed = tuple(told)
    if not listed:
        return {}
    return {
        "standards": list(dict.fromkeys(framework for framework, _ in listed)),
        "requirements": [" ".join(control) for control in listed],
    }


def _unknown(report: Report, gap: Gap) -> Record:
    where = {"uid": clip(gap.about) or "-", "name": clip(gap.about) or "-"}
    record = {
        **_event(report, COMPLIANCE, gap.id, gap.provider, gap.scope),
        **_pair("severity", UNKNOWN),
        **_pair("status", NEW),
        "message": clip(gap.text),
        "finding_info": {"uid": gap.id, "title": clip(gap.title), "desc": clip(gap.text), "types": [gap.kind]},
        "compliance": {
            "control": gap.kind,
            **_pair("status", UNKNOWN),
            "status_details": [clip(gap.text)],
        },
        "resources": [where],
    }
    if gap.permission:
        record["remediation"] = {"desc": f"Grant the auditor {clip(gap.permission)}."}
    return record


def _resource(subject: Subject) -> Record:
    record = {"uid": clip(subject.id) or "-", "name": clip(subject.name) or "-", "type": clip(subject.kind)}
    extra = {"issuer": subject.issuer, "power": subject.power}
    told = {name: clip(text) for name, text in extra.items() if text}
    return {**record, "data": told} if told else record


def _evidence(source: Source) -> Record:
    return {"name": clip(source.place or source.document), "data": plain(source_record(source))}


def _remediation(finding: Finding, rule: Definition | None) -> Mapping[str, Record]:
    if finding.fix is None:
        return {}
    changes = (("before", finding.fix.before), ("after", finding.fix.after))
    text = [clip(finding.fix.summary), *(f"{name}:\n{plain(code)}" for name, code in changes if code)]
    record: Record = {"desc": "\n".join(text)}
    if rule:
        record["references"] = list(rule.references)
    return {"remediation": record}
