"""OSCAL: which controls are not satisfied, and that none is ever called satisfied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from auditor.model import Severity, Status
from auditor.report.base import Report
from tests.estate import OPEN, TIGHT, finding, report
from tests.report.formats import whole, written


def result(subject: Report) -> dict[str, Any]:
    (found,) = orjson.loads(written("oscal", subject))["assessment-results"]["results"]
    assert isinstance(found, dict)
    return found


@pytest.mark.usefixtures("_one_rule")
def test_controls_that_open_findings_bear_on() -> None:
    found = result(report([finding(), finding(TIGHT)], [OPEN, TIGHT]))
    assert [(one["target"]["target-id"], one["target"]["status"]["state"]) for one in found["findings"]] == [
        ("ac-3_smt", "not-satisfied"),
        ("ac-6.7_smt", "not-satisfied"),
    ]
    assert [len(one["related-observations"]) for one in found["findings"]] == [2, 2]
    (selection,) = found["reviewed-controls"]["control-selections"]
    assert selection["include-controls"] == [{"control-id": "ac-3"}, {"control-id": "ac-6.7"}]


@pytest.mark.usefixtures("_one_rule")
@pytest.mark.parametrize(
    "changes",
    [{"status": Status.WAIVED}, {"status": Status.ERROR}, {"severity": Severity.INFO}, {"rule": "of no framework"}],
    ids=str,
)
def test_what_is_no_open_finding_says_nothing_about_controls(changes: dict[str, Any]) -> None:
    assert "findings" not in result(report([finding(**changes)], [OPEN]))
    assert "satisfied" not in written("oscal", report([finding(**changes)], [OPEN]))


def test_risks_are_open_or_accepted() -> None:
    information = finding(severity=Severity.INFO, discriminator="another")
    subject = report([finding(), finding(TIGHT, status=Status.WAIVED), information], [OPEN, TIGHT])
    assert [risk["status"] for risk in result(subject)["risks"]] == ["open", "deviation-approved"]


def test_identifiers_depend_on_what_they_stand_for() -> None:
    later = replace(whole(), finished="2027-01-01T00:00:00Z")
    first, second = result(whole()), result(later)
    assert first["uuid"] != second["uuid"]
    for name in ("observations", "risks"):
        assert [one["uuid"] for one in first[name]] == [one["uuid"] for one in second[name]]


def test_a_finding_that_leaves_a_control_open_does_not_fail_it() -> None:
    gate = finding(rule="environment-gate", severity=Severity.LOW)
    found = result(report([gate], [OPEN]))
    assert "findings" not in found
    assert [one["title"] for one in found["observations"]] == [gate.title]
