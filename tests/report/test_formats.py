"""Every format: what it looks like, that it is what it says, and that nothing unknown is left out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.report import FORMATS
from auditor.report.base import Report
from auditor.report.facts import Gap, Gaps, failures
from tests.report.formats import REPORTS, SUFFIXES, golden, whole, written
from tests.report.valid import JUDGES, complaints

NAMES = tuple(JUDGES)


@pytest.mark.usefixtures("_one_rule")
@pytest.mark.parametrize("name", SUFFIXES)
def test_golden(name: str) -> None:
    assert written(name, whole()) == golden(name).read_bytes().decode("utf-8")


def test_every_format_has_a_judge() -> None:
    assert set(FORMATS) - {"html"} == set(JUDGES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_valid(name: str, report: Report) -> None:
    text = written(name, report)
    assert complaints(name, text) == []
    assert text or (not report.findings and not tuple(Gaps(report)))


@pytest.mark.parametrize("name", NAMES)
def test_the_demo_estates(name: str, demo: Report) -> None:
    assert len(demo.findings) > 100
    text = written(name, demo, details=True)
    assert complaints(name, text) == []
    assert written(name, demo, details=True) == text


WRONG: Mapping[str, tuple[str, str]] = {
    "table": ("COVERAGE", "Coverage"),
    "json": ('"severity": "critical"', '"severity": "dire"'),
    "jsonl": ('{"summary"', '{"finding"'),
    "csv": ('"Anyone on', '"=Anyone on'),
    "markdown": ("Anyone on", "<a href=x>Anyone</a> on"),
    "sarif": ('"level": "error"', '"level": "dire"'),
    "junit": ('failures="2"', 'failures="1"'),
    "ocsf": ('"severity_id": 5', '"severity_id": 7'),
    "asff": ('"Label": "CRITICAL"', '"Label": "DIRE"'),
    "oscal": ('"methods": ["TEST"]', '"methods": "TEST"'),
}


@pytest.mark.parametrize(("name", "change"), WRONG.items(), ids=WRONG)
def test_the_judges_refuse(name: str, change: tuple[str, str]) -> None:
    text = written(name, whole())
    assert complaints(name, text) == []
    assert change[0] in text
    try:
        found = complaints(name, text.replace(*change))
    except KeyError:
        found = ["unreadable"]
    assert found != []


def unknown(report: Report) -> list[Gap]:
    return [*Gaps(report), *failures(report)]


def test_the_gaps() -> None:
    assert [(gap.kind, gap.text) for gap in unknown(whole())] == [
        (
            "not-read",
            "oidc-provider of aws 123456789012 may not be read: AccessDenied. It needs iam:ListOpenIDConnectProviders.",
        ),
        (
            "not-decided",
            "It is not known who on GitHub Actions can become legacy: the policy is no JSON (reachable, any-tenant).",
        ),
        ("check-failed", "dead-trust: The rule failed: The condition on the subject names no owner."),
    ]
    assert [gap.text for gap in unknown(REPORTS["nothing read"])] == ["Nothing was read."]
    assert unknown(REPORTS["clean"]) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_known_is_in_every_format(name: str) -> None:
    text = written(name, whole(), details=True)
    for told in ("ListOpenIDConnectProviders", "the policy is no JSON", "The rule failed"):
        assert told in text


@pytest.mark.parametrize("name", NAMES)
def test_the_waived_one_is_in_every_format(name: str) -> None:
    assert "acme/api" in written(name, whole(), details=True)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"json", "jsonl", "table"}))
def test_what_the_identity_may_do_is_in_every_format(name: str) -> None:
    assert "become admin, who may do anything in the account" in written(name, whole(), details=True)


def test_help_loads_no_format() -> None:
    program = "import sys\nfrom auditor.arguments import parser\nparser()\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in loaded if name.startswith("auditor.report.")] == []


def test_the_page_on_formats_and_the_readme_list_them() -> None:
    page = (Path(__file__).parents[2] / "docs/formats.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE)) == set(FORMATS)
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert all(f"`{name}`" in readme for name in SUFFIXES)


def test_jsonl_holds_what_json_holds() -> None:
    lines = [json.loads(line) for line in written("jsonl", whole()).splitlines()]
    report = json.loads(written("json", whole()))
    assert [line["finding"] for line in lines if "finding" in line] == report["findings"]
    assert [line["trust"] for line in lines if "trust" in line] == report["trusts"]
    assert [line["identity"] for line in lines if "identity" in line] == report["identities"]
    assert [line["coverage"] for line in lines if "coverage" in line] == report["coverage"]
    assert lines[-1]["summary"] == report["summary"]
