"""OCSF: which events there are, and of what status."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from auditor.model import Severity, Status
from auditor.report.base import Report
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from tests.estate import DENIED, OPEN, READ, TIGHT, UNREAD, finding, report
from tests.report.formats import written

DETECTION, COMPLIANCE = 2004, 2003


def events(subject: Report) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in written("ocsf", subject).splitlines()]


def told(subject: Report) -> list[tuple[int, str, str, str | None]]:
    """Class, status and severity of every event, and the status of its control."""
    return [
        (one["class_uid"], one["status"], one["severity"], one.get("compliance", {}).get("status"))
        for one in events(subject)
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [(DETECTION, "New", "Critical", None), (COMPLIANCE, "New", "Critical", "Fail")]),
        (
            {"severity": Severity.INFO},
            [(DETECTION, "New", "Informational", None), (COMPLIANCE, "New", "Informational", "Warning")],
        ),
        (
            {"status": Status.WAIVED},
            [(DETECTION, "Suppressed", "Critical", None), (COMPLIANCE, "Suppressed", "Critical", "Fail")],
        ),
        ({"status": Status.ERROR}, [(COMPLIANCE, "New", "Unknown", "Unknown")]),
    ],
    ids=["open", "information", "waived", "failed check"],
)
def test_a_finding(changes: dict[str, Any], expected: list[tuple[int, str, str, str | None]]) -> None:
    assert told(report([finding(**changes)], [OPEN])) == expected


def test_what_is_not_known_comes_first() -> None:
    assert told(report([finding()], [OPEN, UNREAD], [*READ, DENIED])) == [
        (COMPLIANCE, "New", "Unknown", "Unknown"),
        (COMPLIANCE, "New", "Unknown", "Unknown"),
        (DETECTION, "New", "Critical", None),
        (COMPLIANCE, "New", "Critical", "Fail"),
    ]


def test_nothing_passes_and_nothing_found_is_no_event() -> None:
    assert events(report((), [TIGHT])) == []


@pytest.mark.parametrize(
    ("provider", "scope", "cloud", "kind"),
    [
        ("aws", "123456789012", "AWS", "AWS Account"),
        ("aws", "-", "AWS", "Unknown"),
        ("azure", "subscriptions/2f10495c", "Azure", "Azure Subscription"),
        ("azure", "tenants/ea1d1e06", "Azure", "Azure AD Account"),
        ("gcp", "web-prod", "GCP", "GCP Project"),
        ("gcp", "folders/611840275305", "GCP", "GCP Account"),
        ("gcp", "-", "GCP", "Unknown"),
        ("oci", "x", "oci", "Unknown"),
    ],
)
def test_where(provider: str, scope: str, cloud: str, kind: str) -> None:
    (event,) = events(report(coverage=[Coverage(provider, scope, "everything", Reading.FAILED)]))
    assert (event["cloud"]["provider"], event["cloud"]["account"]["type"]) == (cloud, kind)
    assert event["cloud"]["account"]["uid"] == scope


def test_both_events_of_a_finding_name_it() -> None:
    one = finding()
    first, second = events(report([one], [OPEN]))
    assert first["finding_info"]["uid"] == second["finding_info"]["uid"] == one.id
    assert (first["metadata"]["uid"], second["metadata"]["uid"]) == (f"{one.id}-2004", f"{one.id}-2003")
