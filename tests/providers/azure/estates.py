"""Small estates for tests: one tenant with one identity and its credentials, changed where a case says so.

Keys of a case: `host` ("app" or "uami"), `name`, `issuer`, `subject` or `expression`, `audiences`, or `credentials` (a
list of such); `credential` (overrides, null takes a key away); `passwords`, `keys`, `tenant`, `cloud`, `application`,
`identity`, `principal` (overrides), `others` (further cases), `documents`, `unread` (kinds or whole ledger rows).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from auditor.snapshot import Coverage, Document, Snapshot, Status

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TENANT = "11111111-aaaa-4bbb-8ccc-000000000001"
STRANGER = "99999999-aaaa-4bbb-8ccc-000000000009"
SUBSCRIPTION = "22222222-aaaa-4bbb-8ccc-000000000002"
DEFAULT = "api://AzureADTokenExchange"
ISSUERS = {
    "github": "https://token.actions.githubusercontent.com",
    "gitlab": "https://gitlab.com",
    "terraform": "https://app.terraform.io",
    "cluster": f"https://westeurope.oic.prod-aks.azure.com/{TENANT}/33333333-aaaa-4bbb-8ccc-000000000003/",
    "devops": "https://vstoken.dev.azure.com/44444444-aaaa-4bbb-8ccc-000000000004",
    "entra": f"https://login.microsoftonline.com/{TENANT}/v2.0",
    "unheard-of": "https://ci.example.com",
}
KINDS = (
    "tenant",
    "subscription",
    "user-assigned-identity",
    "federated-credential",
    "application",
    "service-principal",
    "role-assignment",
    "role-definition",
)
SCOPES = {kind: f"tenants/{TENANT}" if kind in ("tenant", "application", "service-principal") else "" for kind in KINDS}


def guid(*parts: str) -> str:
    """A GUID that depends on what it is for."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


def identity_id(name: str = "deploy") -> str:
    """The resource id of a managed identity, in the letter case ARM returns."""
    return (
        f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-identity/providers/Microsoft.ManagedIdentity"
        f"/userAssignedIdentities/{name}"
    )


def credential(case: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a credential: issuer, audiences, subject or expression."""
    issuer = case.get("issuer", "github")
    body: dict[str, Any] = {
        "issuer": ISSUERS.get(issuer, issuer) if isinstance(issuer, str) else issuer,
        "audiences": case.get("audiences", [DEFAULT]),
    }
    if "subject" in case:
        body["subject"] = case["subject"]
    if "expression" in case:
        written = case["expression"]
        text = isinstance(written, str)
        body["claimsMatchingExpression"] = {"value": written, "languageVersion": 1} if text else written
    body |= case.get("credential", {})
    return {key: value for key, value in body.items() if not (value is None and key in case.get("credential", {}))}


def credentials(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All of them."""
    if "credentials" in case:
        return [credential({"issuer": case.get("issuer", "github"), **one}) for one in case["credentials"]]
    return [credential(case)]


def application(case: Mapping[str, Any]) -> Iterator[Document]:
    """An application with its service principal."""
    name, tenant = case.get("name", "deploy"), case.get("tenant", TENANT)
    object_id, app_id = guid("object", name), guid("application", name)
    body = {
        "id": object_id,
        "appId": app_id,
        "displayName": name,
        "signInAudience": "AzureADMyOrg",
        "passwordCredentials": case.get("passwords", []),
        "keyCredentials": case.get("keys", []),
        "federatedIdentityCredentials": [
            {"id": guid("credential", name, str(index)), "name": f"fic-{index}", **one}
            for index, one in enumerate(credentials(case))
        ],
        **case.get("application", {}),
    }
    yield Document("azure", f"tenants/{tenant}", "application", f"applications/{object_id}", body)
    yield principal(case, guid("principal", name), app_id, "Application")


def managed(case: Mapping[str, Any]) -> Iterator[Document]:
    """A user-assigned identity with its service principal."""
    name, scope = case.get("name", "deploy"), f"subscriptions/{SUBSCRIPTION}"
    place = identity_id(name)
    told = {"tenantId": case.get("tenant", TENANT), "principalId": guid("principal", name), "clientId": guid(name)}
    body = {"id": place, "name": name, "location": "westeurope", "properties": told, **case.get("identity", {})}
    yield Document("azure", scope, "user-assigned-identity", place, body)
    for index, one in enumerate(credentials(case)):
        at = f"{place}/federatedIdentityCredentials/fic-{index}"
        raw = {"id": at, "name": f"fic-{index}", "properties": one}
        yield Document("azure", scope, "federated-credential", at, raw)
    yield principal(case, guid("principal", name), guid(name), "ManagedIdentity", [place])


def principal(
    case: Mapping[str, Any], object_id: str, app_id: str, kind: str, names: list[str] | None = None
) -> Document:
    """A service principal as Graph lists it."""
    tenant = case.get("tenant", TENANT)
    body = {
        "id": object_id,
        "appId": app_id,
        "displayName": case.get("name", "deploy"),
        "servicePrincipalType": kind,
        "appOwnerOrganizationId": tenant,
        "accountEnabled": True,
        "alternativeNames": ["isExplicit=True", *names] if names else [],
        **case.get("principal", {}),
    }
    return Document("azure", f"tenants/{tenant}", "service-principal", f"servicePrincipals/{object_id}", body)


def snapshot(case: Mapping[str, Any]) -> Snapshot:
    """The estate of a case."""
    tenant = case.get("tenant", TENANT)
    told = {"tenantId": tenant, "cloud": case.get("cloud", "AzureCloud"), "displayName": "Acme"}
    place = f"subscriptions/{SUBSCRIPTION}"
    documents = [
        Document("azure", f"tenants/{tenant}", "tenant", f"tenants/{tenant}", told),
        Document("azure", place, "subscription", place, {"subscriptionId": SUBSCRIPTION, "tenantId": tenant}),
    ]
    for one in (case, *case.get("others", ())):
        documents += (managed if one.get("host", "app") == "uami" else application)({"tenant": tenant, **one})
    documents += case.get("documents", ())
    unread = [row for row in case.get("unread", ()) if isinstance(row, str)]
    rows = [row for row in case.get("unread", ()) if isinstance(row, Coverage)]
    for kind in KINDS:
        scope = f"tenants/{tenant}" if SCOPES[kind] else place
        rows.append(Coverage("azure", scope, kind, Status.DENIED if kind in unread else Status.READ))
    return Snapshot("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z", documents, rows)
