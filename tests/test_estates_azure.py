"""The sample tenant of Azure: Azure would hold it, and all of it comes back."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.config import Config
from auditor.providers.azure import PROVIDER
from auditor.snapshot import Snapshot
from fixtures.loopback.azure import LoopbackAzure
from tests.reading import read_alone

ESTATES = Path(__file__).parent.parent / "fixtures/estates"
ESTATE: dict[str, Any] = json.loads((ESTATES / "azure/demo.json").read_text(encoding="utf-8"))
(TENANT,) = (body["tenantId"] for body in ESTATE["tenants"])
IDENTITIES = ESTATE["user-assigned-identities"]
FEDERATED = ESTATE["federated-credentials"]
APPLICATIONS = ESTATE["applications"]
TRUSTING = [body for body in APPLICATIONS if body["federatedIdentityCredentials"]]

KINDS = {
    "user-assigned-identities": "user-assigned-identity",
    "federated-credentials": "federated-credential",
    "service-principals": "service-principal",
    "role-assignments": "role-assignment",
    "deny-assignments": "deny-assignment",
    "role-eligibilities": "role-eligibility",
    "app-role-assignments": "graph-role-assignment",
    "directory-role-assignments": "directory-role-assignment",
    "directory-role-definitions": "directory-role-definition",
    "directory-role-eligibilities": "directory-role-eligibility",
    "sign-in-activities": "sign-in-activity",
}
"""Key of the estate → kind of document, for what is stored as it came."""

NOTES = {"about", "shows", "managementGroup", "members", "owners"}
GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def azure() -> Iterator[LoopbackAzure]:
    with LoopbackAzure(ESTATE) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


@pytest.fixture(scope="module")
def snapshot(azure: LoopbackAzure) -> Snapshot:
    return read_alone(PROVIDER, Config(), tenant=TENANT)


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in NOTES}


def credentials() -> Iterator[tuple[str, dict[str, Any]]]:
    """Whose it is, and what it holds: on both hosts alike."""
    for body in FEDERATED:
        yield body["id"].rpartition("/federatedIdentityCredentials/")[0], {**body["properties"], "name": body["name"]}
    for application in APPLICATIONS:
        for credential in application["federatedIdentityCredentials"]:
            yield application["appId"], credential


def test_azure_would_hold_it() -> None:
    """Limits that the documentation of federated identity credentials states, and the ids of everything."""
    assert len(ESTATE["subscriptions"]) >= 4
    assert len(IDENTITIES) >= 25
    assert len(APPLICATIONS) >= 20
    for body in credentials():
        held = body[1]
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}", held["name"])
        assert len(held["audiences"]) == 1
        assert all(len(text or "") <= 600 for text in (held["issuer"], held.get("subject"), held["audiences"][0]))
        assert held.get("subject") or held["claimsMatchingExpression"]["languageVersion"] == 1
    assert max(Counter(owner for owner, _ in credentials()).values()) <= 20
    pairs = Counter((owner, held["issuer"], held.get("subject")) for owner, held in credentials())
    assert max(pairs.values()) == 1
    for identity in IDENTITIES:
        assert re.fullmatch(
            rf"/subscriptions/{GUID}/resourcegroups/[\w.-]+/providers/Microsoft\.ManagedIdentity/userAssignedIdentities/"
            r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
            identity["id"],
        )
    known = {body["id"] for key in ("service-principals", "groups", "users") for body in ESTATE[key]}
    assert {body["properties"]["principalId"] for body in IDENTITIES} <= known
    for assignment in (*ESTATE["role-assignments"], *ESTATE["role-eligibilities"]):
        properties = assignment["properties"]
        assert properties["principalId"] in known
        assert assignment["id"].startswith(properties["scope"])
        assert properties["roleDefinitionId"].rpartition("/")[2] in {
            body["name"] for body in ESTATE["role-definitions"]
        }
    for granted in (*ESTATE["app-role-assignments"], *ESTATE["directory-role-assignments"]):
        assert granted["principalId"] in known


def test_ids_are_used_once() -> None:
    for key in (*KINDS, "applications", "role-definitions", "subscriptions", "management-groups"):
        assert max(Counter(body["id"].lower() for body in ESTATE[key]).values()) == 1


def test_coded_subjects_name_their_tenant() -> None:
    """All but one, which is there to show that it is dead."""
    decoded = {}
    for owner, held in credentials():
        match = re.match(r"/eid1/c/pub/t/([\w-]{22})/a/([\w-]{22})/", held.get("subject") or "")
        if match is not None:
            tenant = uuid.UUID(bytes_le=base64.urlsafe_b64decode(match[1] + "=="))
            decoded[owner.rpartition("/")[2]] = str(tenant) == TENANT
    names = {body["appId"]: body["displayName"] for body in APPLICATIONS}
    assert {names.get(owner, owner): same for owner, same in decoded.items()} == {
        "id-ado-deploy": True,
        "id-ado-moved": False,
        "nwf-assistant": True,
    }


def test_the_same_repositories_reach_into_all_three_clouds() -> None:
    reached = {}
    for cloud in ("aws", "gcp", "azure"):
        text = (ESTATES / cloud / "demo.json").read_text(encoding="utf-8")
        reached[cloud] = set(re.findall(r"northwind-freight(?:@48213377)?/([a-z][a-z-]*[a-z])\b", text))
    assert reached["aws"] & reached["gcp"] & reached["azure"] >= {"payments", "tracking-api", "shared-workflows"}
    assert {"infrastructure", "web"} <= reached["gcp"] & reached["azure"]
    assert {"ledger", "tariffs", "docs", "mobile-app", "customs-forms"} <= reached["aws"] & reached["azure"]


def test_it_is_read_completely(snapshot: Snapshot) -> None:
    assert snapshot.complete
    for key, kind in KINDS.items():
        found = {doc.body["id"]: doc.body for doc in snapshot.of("azure", kind)}
        if kind == "service-principal":  # of others, only what was selected; of Microsoft Graph, its permissions too
            assert found.keys() == {body["id"] for body in ESTATE[key]}
            continue
        assert found.keys() == {body["id"] for body in ESTATE[key]}
        for body in map(plain, ESTATE[key]):
            # Resource Graph writes types in lower case, and ids of roles without a subscription.
            shown, wanted = found[body["id"]], body
            if kind == "role-assignment":
                shown, wanted = _without_spelling(shown), _without_spelling(body)
            assert {name: shown.get(name) for name in wanted if name != "type"} == {
                name: value for name, value in wanted.items() if name != "type"
            }
    assert {doc.id: doc.body["federatedIdentityCredentials"] for doc in snapshot.of("azure", "application")} == {
        f"applications/{body['id']}": [plain(held) for held in body["federatedIdentityCredentials"]]
        for body in TRUSTING
    }
    assert {doc.body["subscriptionId"]: _ancestors(doc.body) for doc in snapshot.of("azure", "subscription")} == {
        body["subscriptionId"]: [body["managementGroup"], "nwf", TENANT] for body in ESTATE["subscriptions"]
    }


def _without_spelling(body: Any) -> dict[str, Any]:
    properties = body["properties"]
    return {**body, "properties": {**properties, "roleDefinitionId": properties["roleDefinitionId"].rpartition("/")[2]}}


def _ancestors(body: Any) -> list[str]:
    return [group["name"] for group in body["managementGroupAncestorsChain"]]


def test_what_trusts_nobody_does_not_appear(snapshot: Snapshot) -> None:
    trusted = {trust.identity.name for trust in PROVIDER.trusts(snapshot)}
    silent = {body.get("name") or body["displayName"] for body in (*IDENTITIES, *APPLICATIONS)} - trusted
    assert silent == {"id-backoffice", "id-jumpbox", "nwf-intranet", "nwf-expenses", "nwf-crm"}


def test_it_takes_few_calls(azure: LoopbackAzure) -> None:
    azure.calls.clear()
    azure.inner.clear()
    read_alone(PROVIDER, Config(), tenant=TENANT)
    subscriptions = len(ESTATE["subscriptions"])
    assert dict(azure.calls) == {
        "arm.tenants.list": 1,
        "arm.subscriptions.list": 1,
        "arm.entities.list": 1,
        "arm.resourceGraph": 3,
        "arm.federatedIdentityCredentials.list": len(IDENTITIES),
        "arm.roleAssignments.list": subscriptions,
        "arm.denyAssignments.list": subscriptions,
        "arm.roleEligibilityScheduleInstances.list": subscriptions,
        "graph.applications.list": 1,
        "graph.servicePrincipals.list": 1,
        "graph.servicePrincipals.get": 1,  # Microsoft Graph's own, for the names of its permissions
        "graph.servicePrincipals.appRoleAssignedTo.list": 1,
        "graph.batch": 8,
        "graph.roleManagement.roleAssignments.list": 1,
        "graph.roleManagement.roleDefinitions.list": 1,
        "graph.roleManagement.roleEligibilitySchedules.list": 1,
        "graph.reports.servicePrincipalSignInActivities.list": 1,
    }
    principals = len(IDENTITIES) + len(TRUSTING) - 1  # one application has no service principal
    assert dict(azure.inner) == {
        "graph.servicePrincipals.appRoleAssignments.list": principals,
        "graph.servicePrincipals.memberOf.list": principals,
        "graph.applications.owners.list": len(TRUSTING),
    }
