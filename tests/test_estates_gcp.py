"""The sample organisation of Google Cloud: Google would hold it, and all of it comes back."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor.providers.gcp.collect import collect
from auditor.snapshot import Snapshot
from fixtures.loopback.gcp import LoopbackGoogle

DEMO = Path(__file__).parent.parent / "fixtures/estates/gcp/demo.json"
ESTATE: dict[str, Any] = json.loads(DEMO.read_text(encoding="utf-8"))
ORGANIZATION = "organizations/487201356490"

KINDS = {
    "organizations": "organization",
    "folders": "folder",
    "projects": "project",
    "workload-identity-pools": "workload-identity-pool",
    "workload-identity-pool-providers": "workload-identity-pool-provider",
    "roles": "role",
    "deny-policies": "deny-policy",
    "principal-access-boundaries": "principal-access-boundary",
    "policy-bindings": "policy-binding",
    "workforce-pools": "workforce-pool",
    "workforce-pool-providers": "workforce-pool-provider",
}
"""Key of the estate → kind of document, for what has a name."""


@pytest.fixture(scope="module")
def google() -> Any:
    with LoopbackGoogle(ESTATE) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


@pytest.fixture(scope="module")
def snapshot(google: LoopbackGoogle) -> Snapshot:
    return collect([ORGANIZATION])


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in {"about", "shows"}}


def test_google_would_hold_it() -> None:
    """Limits of IAM v1 and of Resource Manager v3 on names and texts."""
    assert len(ESTATE["projects"]) >= 12
    for project in ESTATE["projects"]:
        assert re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", project["projectId"])
        assert re.fullmatch(r"projects/[0-9]{6,}", project["name"])
    for pool in ESTATE["workload-identity-pools"]:
        name = pool["name"].rpartition("/")[2]
        assert name.endswith(".svc.id.goog") or re.fullmatch(r"(?!gcp-)[a-z0-9-]{4,32}", name)
        assert len(pool.get("displayName", "")) <= 32
    for provider in ESTATE["workload-identity-pool-providers"]:
        assert re.fullmatch(r"(?!gcp-)[a-z0-9-]{4,32}", provider["name"].rpartition("/")[2])
        assert len(provider.get("attributeCondition", "")) <= 4096
        assert len(provider.get("oidc", {}).get("allowedAudiences", ())) <= 10
        assert "google.subject" in provider["attributeMapping"]
        for key, value in provider["attributeMapping"].items():
            assert re.fullmatch(r"google\.(subject|groups)|attribute\.[a-z0-9_]{1,100}", key)
            assert len(value) <= 2048
        assert len({"oidc", "aws", "saml", "x509"} & provider.keys()) == 1
    for account in ESTATE["service-accounts"]:
        assert re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", account["email"].partition("@")[0])
        assert re.fullmatch(r"[0-9]{21}", account["uniqueId"])


def test_names_are_used_once() -> None:
    for key in KINDS:
        assert max(Counter(body["name"] for body in ESTATE[key]).values()) == 1
    assert max(Counter(body["resource"] for body in ESTATE["iam-policies"]).values()) == 1


def test_it_is_read_completely(snapshot: Snapshot) -> None:
    assert snapshot.complete
    for key, kind in KINDS.items():
        assert {doc.id: doc.body for doc in snapshot.of("gcp", kind)} == {
            body["name"]: plain(body) for body in ESTATE[key]
        }
    assert {doc.id: doc.body for doc in snapshot.of("gcp", "service-account")} == {
        body["email"]: body for body in ESTATE["service-accounts"]
    }
    policies = {doc.id: doc.body for doc in snapshot.of("gcp", "iam-policy")}
    assert policies.keys() == {body["resource"] for body in ESTATE["iam-policies"]}
    for body in ESTATE["iam-policies"]:
        found = policies[body["resource"]]["policy"]["bindings"]
        wanted = body["policy"]["bindings"]
        federated = [one for one in wanted if re.search("workloadIdentityPools|serviceAccount:", json.dumps(one))]
        assert found == (federated if "matches" in policies[body["resource"]] else wanted)


def test_it_takes_few_calls(google: LoopbackGoogle) -> None:
    google.calls.clear()
    collect([ORGANIZATION])
    projects = {name.split("/")[1] for name in _pools("ACTIVE")}
    assert dict(google.calls) == {
        "cloudresourcemanager.organizations.get": 1,
        "cloudresourcemanager.projects.list": 1 + len(ESTATE["folders"]),
        "cloudresourcemanager.folders.list": 1 + len(ESTATE["folders"]),
        "cloudasset.searchAllResources": 2,
        "cloudasset.searchAllIamPolicies": 3,
        "iam.projects.locations.workloadIdentityPools.list": len(projects),
        "iam.projects.locations.workloadIdentityPools.providers.list": len(_pools("ACTIVE", "DELETED")) - 2,
        "iam.projects.locations.workloadIdentityPools.get": 1,  # the deleted one, which a member still names
        "iam.roles.get": len(ESTATE["roles"]),
        "cloudidentity.groups.lookup": len(ESTATE["groups"]),
        "cloudidentity.groups.memberships.list": len(ESTATE["groups"]),
        "iam.policies.listPolicies": 1 + len(ESTATE["folders"]) + 14,
        "iam.policies.get": len(ESTATE["deny-policies"]),
        "iam.organizations.locations.principalAccessBoundaryPolicies.list": 1,
        "iam.organizations.locations.principalAccessBoundaryPolicies.searchPolicyBindings": 1,
        "iam.locations.workforcePools.list": 1,
        "iam.locations.workforcePools.providers.list": 1,
    }


def _pools(*states: str) -> list[str]:
    return [pool["name"] for pool in ESTATE["workload-identity-pools"] if pool["state"] in states]
