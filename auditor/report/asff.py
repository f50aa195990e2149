"""The report in the AWS Security Finding Format: one line is one request of BatchImportFindings.

https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html tells the limits: 100 findings and
6 MB a request, 240 KB a finding; it also has to be called by the account the findings are about, so no request mixes
accounts. Findings of other clouds stand in the first AWS account of the report, since Security Hub knows no others.

The region belongs to Security Hub, not to what was audited: it is that of AWS_REGION or AWS_DEFAULT_REGION, as for
every client of AWS, else the first region of the partition.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any, TextIO

from auditor.model import Confidence, Finding, Severity, Status, Subject
from auditor.report.base import TOOL, Layout, Report
from auditor.report.facts import (
    FAILS_FROM,
    Gap,
    Gaps,
    baseline,
    doubt,
    failures,
    places,
    proof,
    subject_of,
    waiver,
)
from auditor.report.large import sorting
from auditor.report.neutral import clip, dump, zulu
from auditor.report.rulebook import controls, rulebook
from auditor.rules.base import Definition
from auditor.storage.spool import Sorted

BATCH = 100
NOWHERE = "000000000000"
"""The account where the report knows of none; Security Hub refuses it."""

LABELS = {
    Severity.INFO: "INFORMATIONAL",
    Severity.LOW: "LOW",
    Severity.MEDIUM: "MEDIUM",
    Severity.HIGH: "HIGH",
    Severity.CRITICAL: "CRITICAL",
}
CONFIDENCES = {Confidence.HIGH: 95, Confidence.MEDIUM: 70, Confidence.LOW: 40}
REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
TYPE = "Software and Configuration Checks/AWS Security Best Practices"
RESOURCES = {"iam-role": "AwsIamRole"}
MOST_REQUIREMENTS = 32
LONGEST_FIELD = 1024
"""Half of what is allowed, so that a hundred findings stay below 6 MB whatever they are written in."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_PARTITION = re.compile(r"arn:(aws[a-z-]*):")

Record = dict[str, Any]


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write one request a line, each with the findings of one account; nothing where nothing was found or missed."""
    del layout
    stream.writelines(_requests(_findings(report.with_counts())))


def _requests(findings: Iterable[Record]) -> Iterator[str]:
    """Accounts come in the order in which something is first said of them."""
    places: dict[str, int] = {}
    by_account: Sorted[tuple[int, str]] = sorting(itemgetter(0))
    for finding in findings:
        account = finding["AwsAccountId"]
        by_account.add((places.setdefault(account, len(places)), dump(finding)))
    for _, listed in groupby(by_account, key=itemgetter(0)):
        while batch := [text for _, text in islice(listed, BATCH)]:
            yield f'{{"Findings": [{", ".join(batch)}]}}\n'


def _findings(report: Report) -> Iterator[Record]:
    home = _Home(report)
    rules = rulebook()
    for gap in chain(Gaps(report), failures(report)):
        yield _gap(report, home, gap)
    for finding in report.findings:
        if finding.status is not Status.ERROR:
            yield _finding(report, home, finding, subject_of(finding), rules.get(finding.rule))


class _Home:
    """Where in AWS a finding belongs."""

    def __init__(self, report: Report) -> None:
        self._partitions: dict[str, str] = {}
        first: str | None = None
        for identity in report.identities:
            if identity.provider == "aws":
                if first is None and _ACCOUNT.fullmatch(identity.scope):
                    first = identity.scope
                if identity.scope not in self._partitions and (found := _PARTITION.match(identity.id)):
                    self._partitions[identity.scope] = found[1]
        rows = (row.scope for row in report.coverage if row.provider == "aws" and _ACCOUNT.fullmatch(row.scope))
        self._first = first or next(rows, NOWHERE)

    def account(self, provider: str, scope: str) -> str:
        return scope if provider == "aws" and _ACCOUNT.fullmatch(scope) else self._first

    def partition(self, account: str) -> str:
        return self._partitions.get(account, "aws")

    def region(self, account: str) -> str:
        told = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        return clip(told) if told else REGIONS.get(self.partition(account), REGIONS["aws"])


def _base(report: Report, home: _Home, account: str, key: str) -> Record:
    partition, region = home.partition(account), home.region(account)
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"{region}/{account}/{TOOL}/{key}",
        "ProductArn": f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default",
        "ProductName": TOOL,
        "CompanyName": TOOL,
        "AwsAccountId": account,
        "CreatedAt": zulu(report.finished),
        "UpdatedAt": zulu(report.finished),
        "RecordState": "ACTIVE",
    }


def _finding(report: Report, home: _Home, finding: Finding, subject: Subject, rule: Definition | None) -> Record:
    account = home.account(subject.provider, subject.scope)
    severity = {"Label": LABELS[finding.severity], "Original": str(finding.severity)}
    status = "FAILED" if finding.severity >= FAILS_FROM else "WARNING"
    requirements = [clip(" ".join(control), 64) for control in controls(rule, subject.provider)]
    fields = {
        "identity": f"{subject.kind} {subject.id}",
        "issuer": subject.issuer,
        "power": subject.power,
        "token": "; ".join(f"{claim} = {value}" for claim, value in proof(finding, subject)),
        "where": "; ".join(places(finding)),
        "baseline": baseline(finding),
        "waived": waiver(finding.waiver) if finding.waiver else None,
    }
    record = {
        **_base(report, home, account, finding.id),
        "GeneratorId": _text(f"{TOOL}/{finding.rule}", 512),
        "Types": [TYPE],
        "Title": _text(finding.title + doubt(finding), 256),
        "Description": _text(finding.detail or finding.title, 1024),
        "Severity": severity,
        "FindingProviderFields": {
            "Severity": severity,
            "Types": [TYPE],
            "Confidence": CONFIDENCES[finding.confidence],
        },
        "Compliance": {"Status": status, **_requirements(requirements)},
        "ProductFields": {f"{TOOL}/{name}": _text(text, LONGEST_FIELD) for name, text in fields.items() if text},
        "Resources": [_resource(home, account, subject.kind, subject.id, subject.provider)],
    }
    if finding.fix is not None:
        url = {"Url": rule.references[0]} if rule else {}
        record["Remediation"] = {"Recommendation": {"Text": _text(finding.fix.summary, 512), **url}}
    if finding.status is Status.WAIVED:
        record["Workflow"] = {"Status": "SUPPRESSED"}
    return record


def _requirements(listed: list[str]) -> Record:
    return {"RelatedRequirements": listed[:MOST_REQUIREMENTS]} if listed else {}


def _gap(report: Report, home: _Home, gap: Gap) -> Record:
    account = home.account(gap.provider, gap.scope)
    severity = {"Label": "INFORMATIONAL", "Original": "unknown"}
    return {
        **_base(report, home, account, gap.id),
        "GeneratorId": f"{TOOL}/{gap.kind}",
        "Types": [TYPE],
        "Title": _text(gap.title, 256),
        "Description": _text(f"What is not known is not safe. {gap.text}", 1024),
        "Severity": severity,
        "FindingProviderFields": {"Severity": severity, "Types": [TYPE]},
        "Compliance": {"Status": "NOT_AVAILABLE"},
        "Resources": [_resource(home, account, "", gap.about, gap.provider)],
    }


def _resource(home: _Home, account: str, kind: str, name: str, provider: str) -> Record:
    record = {"Type": RESOURCES.get(kind, "Other"), "Id": _text(name, 512)}
    if provider == "aws":
        record |= {"Partition": home.partition(account), "Region": home.region(account)}
    return record


def _text(text: str, most: int) -> str:
    """Never empty, which the service refuses."""
    return clip(text, most).strip() or "-"
