"""Collection over real HTTP and TLS against the loopback Azure: what is read, how it is asked, what it costs."""

from __future__ import annotations

import copy
import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.config import AzureTargets, Config, Targets
from auditor.errors import UsageError
from auditor.progress import Stage
from auditor.providers.azure import PROVIDER
from auditor.providers.azure.permissions_text import GRAPH_PERMISSIONS, LEAST_PRIVILEGE
from auditor.providers.azure.tenant import asked
from auditor.snapshot import Coverage, Status
from auditor.snapshot_file import load, save
from fixtures.loopback.azure import Fault, LoopbackAzure
from fixtures.loopback.azure_routes import ROUTES
from tests.providers.azure.tenant import (
    APPLICATION,
    CUSTOM,
    DEPLOY,
    DEV,
    ESTATE,
    EXACT,
    EXPRESSION,
    FAST,
    FLEXIBLE,
    GRAPH,
    GROUP,
    GROUPS,
    IDLE,
    IN_DEV,
    IN_PROD,
    IN_TENANT,
    MICROSOFT_GRAPH,
    PROD,
    READER,
    TENANT,
    TRY,
    TRYING,
    WEB,
    WEB_PRINCIPAL,
    bodies,
    collected,
    gaps,
    guid,
    identity,
    plain,
    principal,
    row,
)
from tests.reading import read_alone

# What is read


def test_a_whole_tenant(azure: LoopbackAzure) -> None:
    snapshot = collected()
    assert gaps(snapshot) == []
    assert snapshot.complete
    assert bodies(snapshot, "tenant") == {IN_TENANT: {**ESTATE["tenants"][0], "cloud": "AzureCloud"}}
    root = {"name": TENANT, "displayName": "Tenant Root Group"}
    assert bodies(snapshot, "subscription") == {
        IN_PROD: {
            **plain(ESTATE["subscriptions"][0]),
            "managementGroupAncestorsChain": [{"name": "platform", "displayName": "Platform"}, root],
        },
        IN_DEV: {**plain(ESTATE["subscriptions"][1]), "managementGroupAncestorsChain": [root]},
    }
    groups = bodies(snapshot, "management-group")
    assert {name: body["properties"]["parent"] for name, body in groups.items()} == {
        f"managementGroups/{TENANT}": {"id": None},
        "managementGroups/platform": {"id": f"{GROUPS}{TENANT}"},
    }
    found = bodies(snapshot, "user-assigned-identity")
    assert {ident: body["properties"] for ident, body in found.items()} == {
        body["id"]: body["properties"] for body in (DEPLOY, IDLE, TRY)
    }
    assert bodies(snapshot, "federated-credential") == {body["id"]: body for body in (EXACT, FLEXIBLE, TRYING)}
    assert bodies(snapshot, "application") == {f"applications/{WEB}": plain(APPLICATION)}
    assert bodies(snapshot, "application-owners") == {
        f"applications/{WEB}/owners": {"id": WEB, "value": ESTATE["users"]}
    }
    principals = bodies(snapshot, "service-principal")
    assert principals == {
        f"servicePrincipals/{body['id']}": body for body in ESTATE["service-principals"] if body is not MICROSOFT_GRAPH
    } | {f"servicePrincipals/{GRAPH}": MICROSOFT_GRAPH}
    assert bodies(snapshot, "graph-role-assignment") == {
        f"servicePrincipals/{body['principalId']}/appRoleAssignments/{body['id']}": body
        for body in ESTATE["app-role-assignments"]
    }
    group = {"@odata.type": "#microsoft.graph.group", "id": GROUP, "displayName": "deployers"}
    assert bodies(snapshot, "group-membership") == {
        f"servicePrincipals/{ident}/transitiveMemberOf": {"id": ident, "value": value}
        for ident, value in ((guid("9"), [group]), (WEB_PRINCIPAL, [group]), (guid("c"), []), (guid("e"), []))
    }
    assert bodies(snapshot, "deny-assignment") == {body["id"]: body for body in ESTATE["deny-assignments"]}
    assert bodies(snapshot, "role-eligibility") == {body["id"]: body for body in ESTATE["role-eligibilities"]}
    directory = "roleManagement/directory"
    assert bodies(snapshot, "directory-role-assignment").keys() == {f"{directory}/roleAssignments/a1"}
    assert bodies(snapshot, "directory-role-definition").keys() == {f"{directory}/roleDefinitions/{guid('1')}"}
    assert bodies(snapshot, "directory-role-eligibility").keys() == {f"{directory}/roleEligibilitySchedules/e1"}
    assert bodies(snapshot, "sign-in-activity") == {
        "servicePrincipalSignInActivities/s1": ESTATE["sign-in-activities"][0]
    }


def test_role_assignments_of_every_level_are_there_once(azure: LoopbackAzure) -> None:
    snapshot = collected()
    scopes = {doc.id: doc.scope for doc in snapshot.of("azure", "role-assignment")}
    assert scopes == {
        ESTATE["role-assignments"][0]["id"]: IN_PROD,
        ESTATE["role-assignments"][1]["id"]: IN_DEV,
        ESTATE["role-assignments"][2]["id"]: "managementGroups/platform",
        ESTATE["role-assignments"][3]["id"]: IN_TENANT,
    }
    roles = {
        doc.id.rpartition("/")[2]: doc.body["properties"]["roleName"] for doc in snapshot.of("azure", "role-definition")
    }
    assert roles == {READER: "Reader", CUSTOM: "Deployer"}


def test_what_the_stable_client_drops_is_read(azure: LoopbackAzure) -> None:
    """azure-mgmt-msi 7 and every stable API version leave the expression out and say nothing of it."""
    properties = bodies(collected(), "federated-credential")[FLEXIBLE["id"]]["properties"]
    assert properties["claimsMatchingExpression"] == EXPRESSION
    assert properties["fieldOfTomorrow"] == [1]


def test_fields_of_identities_that_no_client_knows_survive_the_clients_own_list(azure: LoopbackAzure) -> None:
    azure.load({**ESTATE, "service-principals": []})
    assert azure.calls["arm.userAssignedIdentities.list"] == 0
    azure.fail("arm.resourceGraph", Fault.FORBIDDEN)
    snapshot = collected()
    assert bodies(snapshot, "user-assigned-identity") == {body["id"]: body for body in (DEPLOY, IDLE, TRY)}
    assert azure.calls["arm.userAssignedIdentities.list"] == 2


def test_what_the_stable_client_cannot_read_is_read_without_it(azure: LoopbackAzure) -> None:
    odd = {**identity("id-odd", DEV, "0"), "systemData": {"createdAt": "some day"}, "tags": ["none"]}
    azure.load({**ESTATE, "user-assigned-identities": [DEPLOY, odd, TRY]}, page_size=1)
    azure.fail("arm.resourceGraph", Fault.FORBIDDEN)
    snapshot = collected()
    assert [gap[1] for gap in gaps(snapshot)] == ["resource-graph"]
    assert bodies(snapshot, "user-assigned-identity")[odd["id"]] == odd


def test_the_ledger_of_a_whole_tenant(azure: LoopbackAzure) -> None:
    kinds = {(row.scope, row.kind): row.reason for row in collected().coverage}
    everywhere = {
        "user-assigned-identity": "by Resource Graph; the directory knows no others",
        "federated-credential": None,
        "role-assignment": "at the subscription and above by itself, below it by Resource Graph",
        "deny-assignment": None,
        "role-eligibility": None,
    }
    of_all = "of all identities on Microsoft Graph; of managed identities and federated applications on every API"
    assert kinds == {
        **{(scope, kind): why for scope in (IN_PROD, IN_DEV) for kind, why in everywhere.items()},
        **{
            (IN_TENANT, kind): None
            for kind in (
                "application",
                "application-owners",
                "directory-role-assignment",
                "directory-role-definition",
                "directory-role-eligibility",
                "group-membership",
                "management-group",
                "role-definition",
                "service-principal",
                "sign-in-activity",
                "subscription",
                "tenant",
            )
        },
        (IN_TENANT, "application-enumeration"): "rung 1 of 4: filter and expand",
        (IN_TENANT, "graph-role-assignment"): of_all,
        (IN_TENANT, "resource-graph"): "identities of all subscriptions at once; the index may lag by minutes",
    }


def test_without_resource_graph_subscriptions_are_read_one_by_one(azure: LoopbackAzure) -> None:
    searched = collected()
    azure.fail("arm.resourceGraph", Fault.FORBIDDEN)
    snapshot = collected()
    way = row(snapshot, IN_TENANT, "resource-graph")
    assert (way.status, way.permission) == (Status.SKIPPED, "Microsoft.ResourceGraph/resources/read")
    assert (way.reason or "").startswith("read subscription by subscription instead, because AuthorizationFailed: ")
    assert snapshot.complete
    assert row(snapshot, IN_PROD, "user-assigned-identity") == Coverage(
        "azure",
        IN_PROD,
        "user-assigned-identity",
        Status.READ,
        None,
        "Microsoft.ManagedIdentity/userAssignedIdentities/read",
    )
    ids = [{(doc.scope, doc.kind, doc.id.rpartition("/")[2]) for doc in one.documents} for one in (searched, snapshot)]
    assert ids[0] == ids[1]


def test_without_the_directory_subscriptions_are_listed_by_themselves(azure: LoopbackAzure) -> None:
    azure.fail("graph.", Fault.FORBIDDEN)
    snapshot = collected()
    assert len(bodies(snapshot, "federated-credential")) == 3
    assert azure.calls["arm.userAssignedIdentities.list"] == 3  # of one identity a page
    assert row(snapshot, IN_TENANT, "application") == Coverage(
        "azure",
        IN_TENANT,
        "application",
        Status.DENIED,
        "Authorization_RequestDenied: Insufficient privileges to complete the operation",
        "Application.Read.All",
    )


def test_an_identity_that_only_the_directory_knows_makes_its_subscription_be_listed(azure: LoopbackAzure) -> None:
    azure.forbid(PROD)  # Resource Graph leaves it out without a word
    snapshot = collected()
    found = row(snapshot, IN_PROD, "user-assigned-identity")
    permission = "Microsoft.ManagedIdentity/userAssignedIdentities/read"
    assert (found.status, found.permission) == (Status.DENIED, permission)
    credentials = row(snapshot, IN_PROD, "federated-credential")
    assert credentials.status is Status.DENIED
    assert (credentials.reason or "").startswith("not all identities are known: AuthorizationFailed")
    assert {kind for scope, kind, status, _ in gaps(snapshot) if scope == IN_PROD} == {
        "user-assigned-identity",
        "federated-credential",
        "role-assignment",
        "deny-assignment",
        "role-eligibility",
    }
    assert row(snapshot, IN_DEV, "user-assigned-identity").status is Status.READ
    assert list(bodies(snapshot, "federated-credential")) == [TRYING["id"]]


HIDDEN = (
    "the directory knows 1 user-assigned identities in this subscription, which is not among those that can be listed"
)


def test_a_subscription_that_nobody_lists_is_seen_by_its_identities(azure: LoopbackAzure) -> None:
    hidden = identity("id-hidden", guid("0"), "0")
    more = principal(guid("0"), guid("0"), "id-hidden", "ManagedIdentity", "isExplicit=True", hidden["id"])
    machine = principal(guid("1"), guid("1"), "vm", "ManagedIdentity", "isExplicit=False", f"/{IN_DEV}/vm")
    azure.load({**ESTATE, "service-principals": [*ESTATE["service-principals"], more, machine]})
    assert gaps(collected()) == [
        (
            f"subscriptions/{guid('0')}",
            "user-assigned-identity",
            "denied",
            HIDDEN,
        )
    ]
    assert gaps(collected(subscriptions=[PROD])) == []  # nobody asked for it


def test_no_subscription_at_all(azure: LoopbackAzure) -> None:
    empty = {**ESTATE, "subscriptions": [], "user-assigned-identities": [], "role-assignments": []}
    azure.load({**empty, "federated-credentials": []})
    denied = row(collected(), IN_TENANT, "subscription")
    assert (denied.status, denied.reason) == (
        Status.DENIED,
        "not one subscription is visible to these credentials",
    )
    azure.load({**empty, "federated-credentials": [], "service-principals": [MICROSOFT_GRAPH]})
    snapshot = collected()
    assert gaps(snapshot) == []
    assert list(bodies(snapshot, "application")) == [f"applications/{WEB}"]


def test_a_subscription_of_another_tenant_is_listed_by_itself(azure: LoopbackAzure) -> None:
    """What a managing tenant sees of it, its own directory does not know."""
    estate = copy.deepcopy(ESTATE)
    estate["subscriptions"][1]["tenantId"] = guid("0")
    azure.load(estate)
    collected()
    assert azure.calls["arm.userAssignedIdentities.list"] == 1


def test_two_collections_are_equal(azure: LoopbackAzure) -> None:
    first, second = collected(), collected()
    assert (first.documents, first.coverage) == (second.documents, second.coverage)


def test_what_is_collected_survives_a_file(azure: LoopbackAzure, tmp_path: Path) -> None:
    snapshot = collected()
    with (tmp_path / "s.jsonl").open("w", encoding="utf-8") as stream:
        save(snapshot, stream)
    assert load(tmp_path / "s.jsonl") == snapshot
    assert datetime.fromisoformat(snapshot.started) <= datetime.fromisoformat(snapshot.finished)


def test_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    with LoopbackAzure(ESTATE, tls=True, page_size=1) as azure:
        for name, value in azure.environment.items():
            monkeypatch.setenv(name, value)
        snapshot = collected()
    assert gaps(snapshot) == []
    assert len(bodies(snapshot, "federated-credential")) == 3
    assert azure.url.startswith("https://")


# How it is asked


def test_the_wire(azure: LoopbackAzure) -> None:
    azure.load(ESTATE)
    collected()
    paths = azure.paths
    assert paths[:3] == [
        "/tenants?api-version=2022-12-01",
        "/subscriptions?api-version=2022-12-01",
        "/providers/Microsoft.Management/getEntities?api-version=2020-05-01",
    ]
    assert paths[3] == (
        "/beta/applications?$select=id,appId,displayName,signInAudience,createdDateTime,passwordCredentials,"
        "keyCredentials&$top=999&$expand=federatedIdentityCredentials"
        "&$filter=federatedIdentityCredentials/$count%20ne%200&$count=true"
    )
    assert f"{DEPLOY['id']}/federatedIdentityCredentials?api-version=2025-05-31-preview" in paths
    assert (
        f"/{IN_PROD}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=atScope()"
        in paths
    )
    assert "/v1.0/roleManagement/directory/roleAssignments?$expand=principal($select=id)" in paths


def test_nothing_is_written(azure: LoopbackAzure) -> None:
    collected()
    assert {name for name in azure.calls if "unknown" in name} == set()
    assert {name.rpartition(".")[2] for name in azure.calls} <= {"list", "get", "resourceGraph", "batch"}


def test_every_action_is_in_the_role(azure: LoopbackAzure) -> None:
    azure.fail("resourceGraph", Fault.FORBIDDEN, after=3)
    azure.fail("graph.servicePrincipals.list", Fault.FORBIDDEN)
    collected(management_groups=["platform"])
    collected()
    needed = {route.action for route in ROUTES if azure.calls[route.name]} - {"Microsoft.Resources/tenants/read"}
    assert needed == set(LEAST_PRIVILEGE) - {"Microsoft.Management/managementGroups/read"}
    permissions = {row.permission for row in collected().coverage} - {None, "Microsoft.Resources/tenants/read"}
    assert permissions <= {*LEAST_PRIVILEGE, *GRAPH_PERMISSIONS}


def test_the_permissions_can_be_pasted() -> None:
    text = PROVIDER.permissions()
    role = json.loads(text.partition("<<'JSON'\n")[2].partition("\nJSON\n")[0])
    assert role == {
        "Name": "OIDC trust auditor",
        "IsCustom": True,
        "Description": "Reads who may become which managed identity through federated credentials.",
        "Actions": sorted(LEAST_PRIVILEGE),
        "NotActions": [],
        "AssignableScopes": ["/providers/Microsoft.Management/managementGroups/$TENANT"],
    }
    assert "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30=Role" in text
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


# What is asked for


def test_names_of_targets() -> None:
    ask = asked(
        TENANT.upper(),
        [f"/subscriptions/{PROD.upper()}", PROD, DEV],
        ["platform", "/providers/Microsoft.Management/managementGroups/Corp_(1).x"],
    )
    assert (ask.tenant, ask.subscriptions, ask.management_groups) == (TENANT, (PROD, DEV), ("platform", "Corp_(1).x"))
    assert asked("Acme.OnMicrosoft.com").tenant == "acme.onmicrosoft.com"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tenant": "acme"}, "'acme' is neither the id nor a domain of a tenant; `az account tenant list` has the ids"),
        ({"tenant": ""}, "'' is neither"),
        ({"tenant": "a/../b.c"}, "'a/../b.c' is neither"),
        ({"subscriptions": ["Production"]}, "'Production' is not the id of a subscription; `az account list` has"),
        ({"management_groups": ["a/b"]}, "'a/b' is not the name of a management group"),
    ],
)
def test_names_that_cannot_be_meant(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        asked(**arguments)
    assert message in str(caught.value)


def test_one_subscription(azure: LoopbackAzure) -> None:
    snapshot = collected(subscriptions=[DEV])
    assert gaps(snapshot) == []
    assert list(bodies(snapshot, "subscription")) == [IN_DEV]
    assert list(bodies(snapshot, "federated-credential")) == [TRYING["id"]]
    assert list(bodies(snapshot, "application")) == [f"applications/{WEB}"]
    assert {doc.scope for doc in snapshot.of("azure", "role-assignment")} == {IN_DEV, IN_TENANT}


def test_a_management_group(azure: LoopbackAzure) -> None:
    snapshot = collected(management_groups=["platform"])
    assert gaps(snapshot) == []
    assert list(bodies(snapshot, "subscription")) == [IN_PROD]
    assert row(snapshot, "managementGroups/platform", "subscription").status is Status.READ
    assert set(bodies(collected(management_groups=[TENANT]), "subscription")) == {IN_PROD, IN_DEV}


def test_the_tenant_may_be_named_by_its_domain(azure: LoopbackAzure) -> None:
    for tenant in ("acme.example", TENANT):
        assert list(bodies(collected(tenant=tenant), "tenant")) == [IN_TENANT]


def test_a_tenant_that_the_credentials_do_not_reach(azure: LoopbackAzure) -> None:
    """Else everything that was read would be told of the wrong one."""
    with pytest.raises(
        UsageError, match=rf"^these credentials do not reach the tenant {guid('0')}; they reach {TENANT}$"
    ):
        collected(tenant=guid("0"))
    with pytest.raises(UsageError, match=r"^these credentials do not reach the tenant other.example; they reach aaaa"):
        collected(tenant="other.example")


def test_the_tenant_is_learnt_from_the_directory_if_need_be(azure: LoopbackAzure) -> None:
    azure.fail("arm.", Fault.FORBIDDEN)
    snapshot = collected()
    assert bodies(snapshot, "tenant")[IN_TENANT]["displayName"] == "Acme"
    assert list(bodies(snapshot, "application")) == [f"applications/{WEB}"]
    assert row(snapshot, "-", "tenant").status is Status.DENIED


def test_the_configuration_says_what_to_read_unless_the_command_line_does(azure: LoopbackAzure) -> None:
    chosen = AzureTargets(tenant=TENANT, subscriptions=(DEV,), cloud="AzureUSGovernment")
    config = Config(targets=Targets(azure=chosen))
    snapshot = read_alone(PROVIDER, config, limits=FAST)
    assert list(bodies(snapshot, "subscription")) == [IN_DEV]
    assert bodies(snapshot, "tenant")[IN_TENANT]["cloud"] == "AzureUSGovernment"
    snapshot = read_alone(PROVIDER, config, management_groups=["platform"], limits=FAST)
    assert list(bodies(snapshot, "subscription")) == [IN_PROD]


def test_what_is_going_on_is_told(azure: LoopbackAzure) -> None:
    told: list[str | Stage] = []
    read_alone(PROVIDER, Config(), limits=FAST, progress=told.append)
    assert [one for one in told if isinstance(one, str)] == [
        "reading the applications of the tenant",
        "reading the managed identities of 2 subscriptions",
        "reading who holds which role",
        "reading what the directory knows of 1 applications and the managed identities",
    ]
    counts = [one for one in told if isinstance(one, Stage) and one.what == "reading credentials of managed identities"]
    assert counts == [Stage("reading credentials of managed identities", done, 3) for done in range(4)]


# How much it costs


def test_the_calls_for_a_small_tenant(azure: LoopbackAzure) -> None:
    azure.load(ESTATE)
    collected()
    assert {**azure.calls} == {
        "arm.tenants.list": 1,
        "arm.subscriptions.list": 1,
        "arm.entities.list": 1,
        "arm.resourceGraph": 3,
        "arm.federatedIdentityCredentials.list": 3,
        "arm.roleAssignments.list": 2,
        "arm.denyAssignments.list": 2,
        "arm.roleEligibilityScheduleInstances.list": 2,
        "graph.applications.list": 1,
        "graph.servicePrincipals.list": 1,
        "graph.servicePrincipals.get": 1,
        "graph.servicePrincipals.appRoleAssignedTo.list": 1,
        "graph.batch": 3,
        "graph.roleManagement.roleAssignments.list": azure.calls["graph.roleManagement.roleAssignments.list"],
        "graph.roleManagement.roleDefinitions.list": 1,
        "graph.roleManagement.roleEligibilitySchedules.list": azure.calls["graph.roleManagement.roleAssignments.list"],
        "graph.reports.servicePrincipalSignInActivities.list": 1,
    }
