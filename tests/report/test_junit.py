"""JUnit: what fails, what is an error, what is skipped."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from auditor.model import Decision, Finding, Severity, Status
from auditor.report.base import Report
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from tests.estate import ACCOUNT, OPEN, UNREAD, finding, report
from tests.report.formats import written


def outcomes(subject: Report) -> list[tuple[str, str, str]]:
    """Name, outcome and headline of every case."""
    root = ET.fromstring(written("junit", subject))
    told = []
    for case in root.iter("testcase"):
        element = next((one for one in case if one.tag != "system-out"), None)
        outcome = ("passed", "") if element is None else (element.tag, element.get("message", ""))
        told.append((case.get("name", "").partition(" ")[0], *outcome))
    return told


@pytest.mark.parametrize(
    ("decision", "findings", "outcome"),
    [
        (OPEN, [], ("deploy-web", "passed", "")),
        (OPEN, [finding(severity=Severity.INFO)], ("deploy-web", "passed", "")),
        (OPEN, [finding(status=Status.WAIVED)], ("deploy-web", "passed", "")),
        (
            OPEN,
            [finding(), finding(severity=Severity.LOW)],
            ("deploy-web", "failure", "CRITICAL Anyone on GitHub Actions can become deploy-web (and 1 more)"),
        ),
        (
            OPEN,
            [finding(status=Status.ERROR, title="The rule failed")],
            ("deploy-web", "error", "CRITICAL The rule failed"),
        ),
        (OPEN, [finding(known=True)], ("deploy-web", "passed", "")),
        (
            OPEN,
            [finding(known=False)],
            ("deploy-web", "failure", "CRITICAL Anyone on GitHub Actions can become deploy-web"),
        ),
        (UNREAD, [], ("legacy", "skipped", "It is not known who gets in: the policy is no JSON")),
        (
            UNREAD,
            [finding(UNREAD, title="Open anyway")],
            ("legacy", "failure", "CRITICAL Open anyway"),
        ),
    ],
    ids=[
        "quiet",
        "information",
        "waived",
        "two findings",
        "failed check",
        "known",
        "new",
        "not decided",
        "not decided and open",
    ],
)
def test_a_trust(decision: Decision, findings: list[Finding], outcome: tuple[str, str, str]) -> None:
    assert outcomes(report(findings, [decision], [Coverage("aws", ACCOUNT, "iam-role", Reading.READ)])) == [
        ("iam-role", "passed", ""),
        outcome,
    ]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (Reading.READ, ("iam-role", "passed", "")),
        (Reading.DENIED, ("iam-role", "error", "iam-role: AccessDenied")),
        (Reading.FAILED, ("iam-role", "error", "iam-role: AccessDenied")),
        (Reading.SKIPPED, ("iam-role", "skipped", "iam-role: AccessDenied")),
    ],
)
def test_a_kind_of_document(status: Reading, outcome: tuple[str, str, str]) -> None:
    assert outcomes(report(coverage=[Coverage("aws", ACCOUNT, "iam-role", status, "AccessDenied")])) == [outcome]


def test_nothing_read_is_an_error() -> None:
    assert outcomes(report(coverage=())) == [("everything", "error", "everything: nothing was read")]


def test_what_is_about_no_trust_has_a_case_too() -> None:
    orphan = finding(subject="arn:old", subject_kind="identity", title="Nobody uses it")
    assert outcomes(report([orphan], coverage=())) == [
        ("everything", "error", "everything: nothing was read"),
        ("arn:old", "failure", "CRITICAL Nobody uses it"),
    ]
