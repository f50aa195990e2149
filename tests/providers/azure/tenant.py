"""A small tenant for the tests of the collector, and short forms of what a collection of it holds."""

from __future__ import annotations

from typing import Any

from auditor.providers.azure.collect import read
from auditor.providers.azure.rest import Limits
from auditor.providers.azure.tenant import asked
from auditor.snapshot import Coverage, Snapshot

FAST = Limits(
    attempts=3,
    backoff=0.001,
    longest_pause=0.002,
    read_timeout=20,
    list_interval=0,
    subscription_interval=0,
    query_interval=0,
)


def guid(letter: str) -> str:
    """A recognisable id."""
    return f"{letter * 8}-0000-4000-8000-000000000000"


TENANT, PROD, DEV = guid("a"), guid("b"), guid("d")
IN_TENANT, IN_PROD, IN_DEV = f"tenants/{TENANT}", f"subscriptions/{PROD}", f"subscriptions/{DEV}"
GROUPS = "/providers/Microsoft.Management/managementGroups/"
AUTHORIZATION = "/providers/Microsoft.Authorization"
RESOURCES = f"/{IN_PROD}/resourcegroups/rg-web"

AUDIENCE = "api://AzureADTokenExchange"
GITHUB = "https://token.actions.githubusercontent.com"
EXPRESSION = {"value": "claims['sub'] matches 'repo:acme/*'", "languageVersion": 1}

WEB, WEB_ID = guid("1"), "11111111-1111-4000-8000-000000000001"
OLD, OLD_ID = guid("2"), "22222222-2222-4000-8000-000000000002"
GRAPH, GRAPH_ID = guid("f"), "00000003-0000-0000-c000-000000000000"
WEB_PRINCIPAL, OLD_PRINCIPAL = guid("3"), guid("4")
OWNER, GROUP = guid("5"), guid("6")
READER, CUSTOM = guid("7"), guid("8")


def identity(name: str, subscription: str, letter: str) -> dict[str, Any]:
    """A managed identity as Azure writes it, with a field that no client knows."""
    return {
        "id": f"/subscriptions/{subscription}/resourcegroups/rg-web/providers/Microsoft.ManagedIdentity"
        f"/userAssignedIdentities/{name}",
        "name": name,
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
        "location": "westeurope",
        "tags": {"team": "web"},
        "properties": {
            "tenantId": TENANT,
            "principalId": guid(letter),
            "clientId": f"{letter * 8}-1111-4000-8000-000000000000",
            "fieldOfTomorrow": {"a": [1]},
        },
    }


def credential(owner: dict[str, Any], name: str, **properties: Any) -> dict[str, Any]:
    """A federated credential of a managed identity."""
    return {
        "id": f"{owner['id']}/federatedIdentityCredentials/{name}",
        "name": name,
        "type": f"{owner['type']}/federatedIdentityCredentials",
        "properties": {"issuer": GITHUB, "audiences": [AUDIENCE], **properties},
    }


def of_application(name: str, **properties: Any) -> dict[str, Any]:
    """A federated credential of an application."""
    found = {"id": f"c-{name}", "name": name, "issuer": GITHUB, "audiences": [AUDIENCE], "description": None}
    return {**found, "subject": None, **properties}


def principal(ident: str, app: str, name: str, kind: str = "Application", *names: str) -> dict[str, Any]:
    """A service principal."""
    return {
        "id": ident,
        "appId": app,
        "displayName": name,
        "servicePrincipalType": kind,
        "appOwnerOrganizationId": TENANT if kind == "Application" else None,
        "accountEnabled": True,
        "alternativeNames": list(names),
        "createdDateTime": "2025-01-01T00:00:00Z",
    }


def of_identity(body: dict[str, Any]) -> dict[str, Any]:
    """The service principal of a managed identity."""
    properties = body["properties"]
    names = ("isExplicit=True", body["id"])
    return principal(properties["principalId"], properties["clientId"], body["name"], "ManagedIdentity", *names)


def assignment(scope: str, letter: str, role: str, kind: str = "roleAssignments") -> dict[str, Any]:
    """A role assignment, or what looks like one."""
    ident = guid(letter)
    return {
        "id": f"{scope.rstrip('/')}{AUTHORIZATION}/{kind}/{ident}",
        "name": ident,
        "type": f"Microsoft.Authorization/{kind}",
        "properties": {
            "scope": scope,
            "roleDefinitionId": f"{AUTHORIZATION}/roleDefinitions/{role}",
            "principalId": guid("9"),
            "principalType": "ServicePrincipal",
            "condition": None,
        },
    }


DEPLOY, IDLE, TRY = identity("id-deploy", PROD, "9"), identity("id-idle", PROD, "c"), identity("id-try", DEV, "e")
EXACT = credential(DEPLOY, "main", subject="repo:acme/web:ref:refs/heads/main")
FLEXIBLE = credential(DEPLOY, "any", claimsMatchingExpression=EXPRESSION, fieldOfTomorrow=[1])
TRYING = credential(TRY, "try", subject="repo:acme/web:pull_request")

APPLICATION: dict[str, Any] = {
    "id": WEB,
    "appId": WEB_ID,
    "displayName": "web",
    "signInAudience": "AzureADMyOrg",
    "createdDateTime": "2025-01-01T00:00:00Z",
    "passwordCredentials": [{"keyId": guid("0"), "displayName": "old", "endDateTime": "2099-01-01T00:00:00Z"}],
    "keyCredentials": [],
    "federatedIdentityCredentials": [
        of_application("main", subject="repo:acme/web:ref:refs/heads/main"),
        of_application("any", claimsMatchingExpression=EXPRESSION, fieldOfTomorrow=[1]),
    ],
    "owners": [OWNER],
}
WITHOUT: dict[str, Any] = {
    **{key: APPLICATION[key] for key in ("signInAudience", "createdDateTime", "keyCredentials")},
    "id": OLD,
    "appId": OLD_ID,
    "displayName": "old",
    "passwordCredentials": [],
    "federatedIdentityCredentials": [],
}
MICROSOFT_GRAPH = {
    **principal(GRAPH, GRAPH_ID, "Microsoft Graph"),
    "appRoles": [{"id": guid("0"), "value": "Application.ReadWrite.All"}],
}


def granted(ident: str, holder: str, resource: str = GRAPH) -> dict[str, Any]:
    """A permission of an API."""
    return {"id": ident, "appRoleId": guid("0"), "principalId": holder, "resourceId": resource}


ESTATE: dict[str, Any] = {
    "tenants": [{"id": f"/{IN_TENANT}", "tenantId": TENANT, "displayName": "Acme", "defaultDomain": "acme.example"}],
    "management-groups": [
        {
            "id": f"{GROUPS}{TENANT}",
            "name": TENANT,
            "type": "Microsoft.Management/managementGroups",
            "properties": {"displayName": "Tenant Root Group", "tenantId": TENANT},
        },
        {
            "id": f"{GROUPS}platform",
            "name": "platform",
            "type": "Microsoft.Management/managementGroups",
            "properties": {"displayName": "Platform", "tenantId": TENANT, "parent": {"id": f"{GROUPS}{TENANT}"}},
        },
    ],
    "subscriptions": [
        {
            "id": f"/subscriptions/{ident}",
            "subscriptionId": ident,
            "tenantId": TENANT,
            "displayName": name,
            "state": "Enabled",
            "managementGroup": group,
        }
        for ident, name, group in ((PROD, "Production", "platform"), (DEV, "Development", TENANT))
    ],
    "user-assigned-identities": [DEPLOY, IDLE, TRY],
    "federated-credentials": [EXACT, FLEXIBLE, TRYING],
    "applications": [APPLICATION, WITHOUT],
    "service-principals": [
        *map(of_identity, (DEPLOY, IDLE, TRY)),
        principal(WEB_PRINCIPAL, WEB_ID, "web"),
        principal(OLD_PRINCIPAL, OLD_ID, "old"),
        MICROSOFT_GRAPH,
    ],
    "users": [{"@odata.type": "#microsoft.graph.user", "id": OWNER, "displayName": "Mara"}],
    "groups": [{"id": GROUP, "displayName": "deployers", "members": [guid("9"), WEB_PRINCIPAL]}],
    "app-role-assignments": [granted("g1", WEB_PRINCIPAL), granted("g2", OLD_PRINCIPAL), granted("g3", guid("9"), WEB)],
    "role-definitions": [
        {
            "id": f"{AUTHORIZATION}/roleDefinitions/{ident}",
            "name": ident,
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {"roleName": name, "type": kind, "assignableScopes": scopes, "permissions": []},
        }
        for ident, name, kind, scopes in (
            (READER, "Reader", "BuiltInRole", ["/"]),
            (CUSTOM, "Deployer", "CustomRole", [f"/{IN_PROD}"]),
            (guid("0"), "Nobody has it", "BuiltInRole", ["/"]),
        )
    ],
    "role-assignments": [
        assignment(RESOURCES, "1", CUSTOM),
        assignment(f"/{IN_DEV}", "2", READER),
        assignment(f"{GROUPS}platform", "3", READER),
        assignment("/", "4", READER),
    ],
    "deny-assignments": [assignment(f"/{IN_PROD}", "5", READER, "denyAssignments")],
    "role-eligibilities": [assignment(f"/{IN_PROD}", "6", READER, "roleEligibilityScheduleInstances")],
    "directory-role-definitions": [{"id": guid("1"), "displayName": "Application Administrator"}],
    "directory-role-assignments": [{"id": "a1", "principalId": WEB_PRINCIPAL, "roleDefinitionId": guid("1")}],
    "directory-role-eligibilities": [{"id": "e1", "principalId": OWNER, "roleDefinitionId": guid("1")}],
    "sign-in-activities": [{"id": "s1", "appId": WEB_ID}, {"id": "s2", "appId": "of nobody here"}],
}


def collected(**ask: Any) -> Snapshot:
    """A collection with little patience."""
    return read(asked(**ask), FAST)


def bodies(snapshot: Snapshot, kind: str) -> dict[str, Any]:
    """Id → body of all documents of one kind."""
    return {doc.id: doc.body for doc in snapshot.of("azure", kind)}


def row(snapshot: Snapshot, scope: str, kind: str) -> Coverage:
    """The one row of the ledger."""
    (found,) = (row for row in snapshot.coverage if (row.scope, row.kind) == (scope, kind))
    return found


def gaps(snapshot: Snapshot) -> list[tuple[str, str, str, str | None]]:
    """What was not read."""
    return [(row.scope, row.kind, row.status.value, row.reason) for row in snapshot.coverage if row.status != "read"]


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """What Azure shows of an entry of the estate."""
    return {name: value for name, value in body.items() if name not in {"managementGroup", "members", "owners"}}
