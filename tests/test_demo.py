"""`make demo`, without make: the real command, in a process of its own, against the loopback AWS and Google."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "build/demo-report.json"
AWS = json.loads((ROOT / "fixtures/estates/aws/demo.json").read_text(encoding="utf-8"))
GOOGLE = json.loads((ROOT / "fixtures/estates/gcp/demo.json").read_text(encoding="utf-8"))


# Settings of a user of both clouds. The demo must heed none of them: some would lead it to the real ones.
USER = {
    "AWS_PROFILE": "work",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_SESSION_TOKEN": "x",
    "GOOGLE_CLOUD_PROJECT": "work",
    "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json",
}


@pytest.fixture(scope="module")
def demo() -> subprocess.CompletedProcess[str]:
    REPORT.unlink(missing_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "fixtures.demo"],
        cwd=ROOT,
        env={**os.environ, **USER},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def report(demo: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert demo.returncode == 0, demo.stdout + demo.stderr
    found: dict[str, Any] = json.loads(REPORT.read_text(encoding="utf-8"))
    return found


def test_the_demo_says_what_it_does_and_where_the_report_lies(
    demo: subprocess.CompletedProcess[str], report: dict[str, Any]
) -> None:
    assert "Traceback" not in demo.stderr
    first, second, *_ = demo.stdout.splitlines()
    assert first.startswith("The account of fixtures/estates/aws/demo.json now answers at http://127.0.0.1:")
    assert second.startswith("the organisation of fixtures/estates/gcp/demo.json at http://127.0.0.1:")
    assert demo.stdout.endswith(
        "That took 10 API calls of AWS and 86 of Google Cloud. The same as JSON: build/demo-report.json\n"
        "Exit code 14 is as it should be: the worst finding is critical. A pipeline would stop here.\n"
        "Both clouds are gone again.\n"
    )
    assert report["version"] == 1
    assert report["summary"]["coverage_complete"] is True
    assert {finding["status"] for finding in report["findings"]} == {"open"}


def test_what_the_account_is_there_to_show_is_found(report: dict[str, Any]) -> None:
    trusts = [trust for trust in report["trusts"] if trust["provider"] == "aws"]
    assert len({trust["identity"]["id"] for trust in trusts}) == 47
    names = {trust["id"]: trust["identity"]["name"] for trust in trusts}
    found = {(names.get(finding.get("trust")), finding["rule"]) for finding in report["findings"]}
    assert {(role["RoleName"], rule) for role in AWS["roles"] for rule in role["shows"]} - found == set()
    tight = {role["RoleName"] for role in AWS["roles"] if role["Description"].startswith("Tight")}
    assert open_classes(trust for trust in trusts if trust["identity"]["name"] in tight) == {}


def test_what_the_organisation_is_there_to_show_is_found(report: dict[str, Any]) -> None:
    # A trust's source is the policy that holds its binding; an unused provider is a finding about itself.
    places = {trust["id"]: trust["source"]["document"] for trust in report["trusts"]}
    found = {
        (places.get(finding.get("trust"), finding.get("identity")), finding["rule"]) for finding in report["findings"]
    }
    entries = [(policy["resource"], policy) for policy in GOOGLE["iam-policies"]]
    entries += [(provider["name"], provider) for provider in GOOGLE["workload-identity-pool-providers"]]
    assert {(name, rule) for name, entry in entries for rule in entry.get("shows", ())} - found == set()
    tight = {name for name, entry in entries if entry.get("about", "").startswith("Tight")}
    assert open_classes(trust for trust in report["trusts"] if trust["source"]["document"] in tight) == {}


def open_classes(trusts: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Identity → the classes of attackers that are not kept out; nothing for a trust that keeps them all out."""
    listed = {
        trust["identity"]["name"]: [
            name for name, verdict in trust["classes"].items() if verdict["result"] != "rejected"
        ]
        for trust in trusts
    }
    assert listed
    return {name: classes for name, classes in listed.items() if classes}
