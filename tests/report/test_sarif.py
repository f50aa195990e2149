"""SARIF: places, fingerprints, severities, and what code scanning would otherwise not see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from auditor.model import Severity, Status
from auditor.report.base import Report
from auditor.report.sarif import uri
from tests.estate import DENIED, OPEN, READ, TIGHT, finding, report
from tests.report.formats import whole, written


def run(subject: Report) -> dict[str, Any]:
    (found,) = orjson.loads(written("sarif", subject))["runs"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("parts", "reference"),
    [
        (("aws", "1", "arn:aws:iam::1:role/path/deploy"), "aws/1/arn:aws:iam::1:role/path/deploy"),
        (("gcp", "p", "//iam.googleapis.com/projects/p"), "gcp/p/iam.googleapis.com/projects/p"),
        (("aws", "1", "../../../.github/workflows/ci.yml"), "aws/1/_../_../_../.github/workflows/ci.yml"),
        (("aws", "1", "./.../x"), "aws/1/_./_.../x"),
        (("aws", "1", "a b?c#d%e\\f"), "aws/1/a%20b%3Fc%23d%25e%5Cf"),
        (("aws", "1", "\u202eé"), "aws/1/%5Cu202e%C3%A9"),
    ],
)
def test_a_place_stays_below_its_account(parts: tuple[str, ...], reference: str) -> None:
    assert uri(*parts) == reference


def test_fingerprints_depend_on_what_a_result_is_about_alone() -> None:
    later = replace(whole(), started="2027-01-01T00:00:00Z", finished="2027-01-01T00:00:00Z")
    prints = [result["partialFingerprints"] for result in run(whole())["results"]]
    assert [result["partialFingerprints"] for result in run(later)["results"]] == prints
    assert len({one["primaryLocationLineHash"] for one in prints}) == len(prints) == 7
    other = replace(DENIED, reason="another word for it")
    same = [run(report((), (), [row]))["results"][0]["partialFingerprints"] for row in (DENIED, other)]
    assert same[0] == same[1]


def test_a_rule_is_listed_once_for_each_severity() -> None:
    levels = [Severity.CRITICAL, Severity.LOW, Severity.LOW, Severity.INFO]
    found = run(report([finding(severity=level, discriminator=str(n)) for n, level in enumerate(levels)], [OPEN]))
    rules = found["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["properties"].get("security-severity")) for rule in rules] == [
        ("any-tenant-critical", "9.5"),
        ("any-tenant-info", None),
        ("any-tenant-low", "2.0"),
    ]
    assert [(result["ruleId"], result["level"]) for result in found["results"]] == [
        ("any-tenant-critical", "error"),
        ("any-tenant-low", "note"),
        ("any-tenant-low", "note"),
        ("any-tenant-info", "note"),
    ]


def test_help_is_the_page_of_the_rule() -> None:
    (rule,) = run(report([finding()], [OPEN]))["tool"]["driver"]["rules"]
    assert rule["help"]["markdown"].startswith("# any-tenant\n\n")
    assert rule["helpUri"].startswith("https://")


@pytest.mark.parametrize(
    ("subject", "successful"),
    [
        (report((), [TIGHT]), True),
        (report([finding()], [OPEN]), True),
        (report(coverage=()), False),
        (report((), [TIGHT], [*READ, DENIED]), False),
        (report([finding(status=Status.ERROR)], [OPEN]), False),
    ],
    ids=["clean", "findings", "nothing read", "denied", "failed check"],
)
def test_only_what_was_read_and_checked_is_a_success(subject: Report, successful: bool) -> None:
    (invocation,) = run(subject)["invocations"]
    assert invocation["executionSuccessful"] is successful
    assert bool(invocation["toolExecutionNotifications"]) is not successful


def test_what_was_not_read_is_a_result_too() -> None:
    (result,) = run(report((), (), [DENIED]))["results"]
    assert (result["ruleId"], result["level"]) == ("not-read", "warning")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "aws/123456789012/oidc-provider"}


@pytest.mark.parametrize(("known", "state"), [(None, None), (True, "unchanged"), (False, "new")])
def test_the_baseline(known: bool | None, state: str | None) -> None:
    (result,) = run(report([finding(known=known)], [OPEN]))["results"]
    assert result.get("baselineState") == state


def test_no_links_in_messages() -> None:
    (result,) = run(report([finding(title="[x](https://evil.example)")], [OPEN]))["results"]
    assert result["message"]["text"].startswith("[x] (https://evil.example).\n")
