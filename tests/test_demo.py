"""`make demo`, without make: the real command, in a process of its own, against the loopback AWS, Google and Azure."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "build/demo-report.json"
AWS = json.loads((ROOT / "fixtures/estates/aws/demo.json").read_text(encoding="utf-8"))
GOOGLE = json.loads((ROOT / "fixtures/estates/gcp/demo.json").read_text(encoding="utf-8"))
AZURE = json.loads((ROOT / "fixtures/estates/azure/demo.json").read_text(encoding="utf-8"))

# Settings of a user of all three clouds. The demo must heed none of them: some would lead it to the real ones.
USER = {
    "AWS_PROFILE": "work",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_SESSION_TOKEN": "x",
    "GOOGLE_CLOUD_PROJECT": "work",
    "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json",
    "AZURE_TENANT_ID": "11111111-1111-4111-8111-111111111111",
    "AZURE_CLIENT_ID": "22222222-2222-4222-8222-222222222222",
    "AZURE_CLIENT_SECRET": "x",
    "AZURE_AUTHORITY_HOST": "login.microsoftonline.us",
    "AZURE_CLOUD": "AzureUSGovernment",
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
    places = [re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", line) for line in demo.stdout.splitlines()[1:4]]
    assert places == [
        "  fixtures/estates/aws/demo.json now answers at http://127.0.0.1:PORT as the AWS account would,",
        "  fixtures/estates/gcp/demo.json at http://127.0.0.1:PORT as the Google organisation would,",
        "  fixtures/estates/azure/demo.json at http://127.0.0.1:PORT as Azure and Microsoft Graph would.",
    ]
    assert demo.stdout.endswith(
        "That took 11 API calls of AWS, 106 of Google Cloud and 73 of Azure. The same as JSON: build/demo-report.json, "
        "and as a page to look at: build/demo-report.html\n"
        "Exit code 14 is as it should be: the worst finding is critical. A pipeline would stop here.\n"
        "All three clouds are gone again.\n"
    )
    assert report["version"] == 1
    assert report["summary"]["coverage_complete"] is True
    assert {finding["status"] for finding in report["findings"]} == {"open"}


def test_what_the_account_is_there_to_show_is_found(report: dict[str, Any]) -> None:
    trusts = [trust for trust in report["trusts"] if trust["provider"] == "aws"]
    assert len({trust["identity"]["id"] for trust in trusts}) == 47
    names = {trust["id"]: trust["identity"]["name"] for trust in trusts}
    names |= {trust["identity"]["id"]: trust["identity"]["name"] for trust in trusts}
    found = {
        (names.get(finding.get("trust", finding.get("identity"))), finding["rule"]) for finding in report["findings"]
    }
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


def test_what_the_tenant_is_there_to_show_is_found(report: dict[str, Any]) -> None:
    """A trust is known by its credential; some findings are about what an identity may do."""
    places = {trust["id"]: trust["via"] for trust in report["trusts"]}
    found = {
        (places.get(finding.get("trust"), finding.get("identity")), finding["rule"]) for finding in report["findings"]
    }
    entries = dict(azure_entries())
    assert {(place, rule) for place, entry in entries.items() for rule in entry.get("shows", ())} - found == set()
    trusts = [trust for trust in report["trusts"] if trust["provider"] == "azure"]
    credentials = [place for place in entries if "/federatedIdentityCredentials/" in place]
    assert sorted(trust["via"] for trust in trusts) == sorted(credentials)
    tight = {place for place in credentials if entries[place]["about"].startswith("Tight")}
    assert len(tight) >= 10
    assert open_classes(trust for trust in trusts if trust["via"] in tight) == {}


def azure_entries() -> Iterator[tuple[str, dict[str, Any]]]:
    """What reports call credentials and identities, and what the estate says of them."""
    for entry in (*AZURE["user-assigned-identities"], *AZURE["federated-credentials"]):
        yield entry["id"], entry
    for application in AZURE["applications"]:
        yield application["appId"], application
        for held in application["federatedIdentityCredentials"]:
            yield f"applications/{application['id']}/federatedIdentityCredentials/{held['id']}", held


def test_one_repository_reaches_into_all_three_clouds(report: dict[str, Any]) -> None:
    reached: dict[str, set[str]] = {}
    for trust in report["trusts"]:
        for box in trust["breadth"]:
            for name in box.get("project", {}).get("values", ()):
                reached.setdefault(name, set()).add(trust["provider"])
    assert reached["tracking-api"] == reached["payments"] == {"aws", "gcp", "azure"}


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
