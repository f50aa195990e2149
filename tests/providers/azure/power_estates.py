"""Estates for cases about power: one tenant, a management group, two subscriptions, and what a case says.

Keys of a case, all optional but `name`, `why` and `expect`; names stand for ids:

`identities`  name → `managed-identity` | `application`; unless said otherwise one managed identity `deploy`. Managed
              identities lie in the resource group `identities` of the first subscription.
`identity`    the one that is judged; `deploy` unless said otherwise.
`roles`       name → lists of a role definition of one's own (`actions`, `notActions`, …, `assignableScopes`), in one
              block; or a list of blocks. Built-in roles of `ROLES` need not be given.
`assignments` list of {`to`, `role`, `on`, `condition`, …}; `to` is an identity (`deploy`) or a group; further keys are
              properties of the assignment. `on`: `root`, `group`, `subscription`, `other`, `rg`, `rg/NAME`, `storage`,
              `vault`, `identity/NAME`, or a scope as Azure writes it.
`eligible`    the same for roles that have to be activated.
`deny`        list of properties of deny assignments; `on`, `to` and `but` (lists of names; `everybody`) are put in.
`groups`      group → members.   `unread-groups`: true where no membership was read.
`permissions` list of {`to`, `permission`, `of`}: application permissions, by id or by a name of `PERMISSIONS`.
`directory`   list of {`to`, `role`, `on`}: directory roles, by template id or by a name of `DIRECTORY`.
`directory-roles` list of definitions as Graph returns them.
`owners`      application → owners.
`credentials` identity → list of federated credentials, whose `subject` may be `principal:NAME`, `issuer` `entra`.
`activity`    identity → when it signed in last.
`above`       names of the management groups above the subscriptions, nearest first; null: not read.
`documents`   further documents, {`scope`, `kind`, `id`, `body`}.   `without`: kinds of documents that are left out.
`rows`        [scope, kind, status, reason] in place of the ledger row of that scope and kind; status null: no row.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.snapshot import Coverage, Document, Snapshot, Status

TENANT = "11111111-aaaa-4bbb-8ccc-000000000001"
SUBSCRIPTION = "22222222-aaaa-4bbb-8ccc-000000000002"
OTHER = "22222222-aaaa-4bbb-8ccc-000000000003"
GRAPH = "33333333-aaaa-4bbb-8ccc-000000000004"
ENTRA = f"https://login.microsoftonline.com/{TENANT}/v2.0"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"

ROLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "Owner": ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", {"actions": ["*"]}),
    "Contributor": (
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        {
            "actions": ["*"],
            "notActions": [
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
                "Microsoft.Blueprint/blueprintAssignments/write",
                "Microsoft.Blueprint/blueprintAssignments/delete",
                "Microsoft.Compute/galleries/share/action",
            ],
        },
    ),
    "Reader": ("acdd72a7-3385-48ef-bd42-f606fba81ae7", {"actions": ["*/read"]}),
    "User Access Administrator": (
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        {"actions": ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"]},
    ),
    "Role Based Access Control Administrator": (
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        {
            "actions": [
                "Microsoft.Authorization/roleAssignments/write",
                "Microsoft.Authorization/roleAssignments/delete",
                "*/read",
                "Microsoft.Support/*",
            ]
        },
    ),
    "Managed Identity Operator": (
        "f1a07417-d97a-45cb-824c-7a7467783830",
        {
            "actions": [
                "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
                "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
                "Microsoft.Authorization/*/read",
                "Microsoft.Support/*",
            ]
        },
    ),
    "Managed Identity Contributor": (
        "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        {
            "actions": [
                "Microsoft.ManagedIdentity/userAssignedIdentities/read",
                "Microsoft.ManagedIdentity/userAssignedIdentities/write",
                "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
                "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/*",
            ]
        },
    ),
    "Storage Blob Data Reader": (
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        {
            "actions": ["Microsoft.Storage/storageAccounts/blobServices/containers/read"],
            "dataActions": [f"{BLOBS}/read"],
        },
    ),
    "Storage Blob Data Contributor": (
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        {"dataActions": [f"{BLOBS}/delete", f"{BLOBS}/read", f"{BLOBS}/write"]},
    ),
    "Storage Account Key Operator Service Role": (
        "81a9662b-bebf-436f-a333-f67b29880f12",
        {"actions": ["Microsoft.Storage/storageAccounts/listkeys/action"]},
    ),
    "Key Vault Secrets User": (
        "4633458b-17de-408a-b874-0445c86b69e6",
        {
            "dataActions": [
                "Microsoft.KeyVault/vaults/secrets/getSecret/action",
                "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
            ]
        },
    ),
    "Key Vault Reader": (
        "21090545-7ca7-4776-b22c-e363652d74d2",
        {
            "actions": ["Microsoft.KeyVault/vaults/*/read"],
            "dataActions": [
                "Microsoft.KeyVault/vaults/*/read",
                "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
            ],
        },
    ),
    "Network Contributor": (
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        {
            "actions": [
                "Microsoft.Authorization/*/read",
                "Microsoft.Insights/alertRules/*",
                "Microsoft.Network/*",
                "Microsoft.Resources/deployments/*",
            ]
        },
    ),
    "Virtual Machine Contributor": (
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        {"actions": ["Microsoft.Compute/virtualMachines/*", "Microsoft.Resources/deployments/*"]},
    ),
    "Website Contributor": ("de139f84-1756-47ae-9be6-808fbbe84772", {"actions": ["Microsoft.Web/sites/*"]}),
    "Azure Kubernetes Service RBAC Writer": (
        "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb",
        {"dataActions": ["Microsoft.ContainerService/managedClusters/pods/*"]},
    ),
}
"""Name → id and what matters of the definition, as Microsoft documents it."""

PERMISSIONS = {
    "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
    "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
    "RoleManagement.ReadWrite.Directory": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
    "GroupMember.ReadWrite.All": "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
    "Mail.Read": "810c84a8-4a9e-49e6-bf7d-12d183f40d01",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
}
DIRECTORY = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Application Administrator": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "Privileged Authentication Administrator": "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
    "Groups Administrator": "fdd7a751-b60b-444a-984c-02652fe8fa1c",
    "Directory Readers": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
}

WHOLE = f"tenants/{TENANT}"
ROWS = [
    *((WHOLE, kind) for kind in ("tenant", "application", "service-principal", "graph-role-assignment")),
    *((WHOLE, kind) for kind in ("directory-role-assignment", "directory-role-definition", "group-membership")),
    *((WHOLE, kind) for kind in ("application-owners", "sign-in-activity")),
    *(
        (f"subscriptions/{one}", kind)
        for one in (SUBSCRIPTION, OTHER)
        for kind in (
            "user-assigned-identity",
            "federated-credential",
            "role-assignment",
            "deny-assignment",
            "role-eligibility",
        )
    ),
]


def guid(*parts: str) -> str:
    """A GUID that depends on what it is for."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


def identity_id(name: str) -> str:
    """The resource id of a managed identity."""
    return (
        f"/subscriptions/{SUBSCRIPTION}/resourcegroups/identities/providers/Microsoft.ManagedIdentity"
        f"/userAssignedIdentities/{name}"
    )


def scope(on: str) -> str:
    """A scope by its short name."""
    base = f"/subscriptions/{SUBSCRIPTION}"
    known = {
        "root": "/",
        "group": "/providers/Microsoft.Management/managementGroups/platform",
        "subscription": base,
        "other": f"/subscriptions/{OTHER}",
        "rg": f"{base}/resourceGroups/apps",
        "storage": f"{base}/resourceGroups/apps/providers/Microsoft.Storage/storageAccounts/files",
        "vault": f"{base}/resourceGroups/apps/providers/Microsoft.KeyVault/vaults/keys",
    }
    kind, _, name = on.partition("/")
    if on in known or not kind:
        return known.get(on, on)
    return identity_id(name) if kind == "identity" else f"{base}/resourceGroups/{name}"


def principal(name: str) -> str:
    """The object id of an identity or a group."""
    return "00000000-0000-0000-0000-000000000000" if name == "everybody" else guid("principal", name)


def documents(case: Mapping[str, Any]) -> Iterator[Document]:
    """Everything of a case."""
    yield Document("azure", WHOLE, "tenant", WHOLE, {"tenantId": TENANT, "cloud": "AzureCloud"})
    above = case.get("above", ["platform", TENANT])
    chain = {} if above is None else {"managementGroupAncestorsChain": [{"name": name} for name in above]}
    for one in (SUBSCRIPTION, OTHER):
        body = {"subscriptionId": one, "tenantId": TENANT, **chain}
        yield Document("azure", f"subscriptions/{one}", "subscription", f"subscriptions/{one}", body)
    yield _principal(GRAPH, "00000003-0000-0000-c000-000000000000", "Microsoft Graph", "Application")
    for name, kind in case.get("identities", {"deploy": "managed-identity"}).items():
        yield from (_managed if kind == "managed-identity" else _application)(case, name)
    yield from _azure_roles(case)
    yield from _directory(case)
    for extra in case.get("documents", ()):
        yield Document("azure", extra["scope"], extra["kind"], extra["id"], extra["body"])


def snapshot(case: Mapping[str, Any]) -> Snapshot:
    """The estate of a case, with its ledger."""
    changed = {(row[0], row[1]): row[2:] for row in case.get("rows", ())}
    coverage = [
        Coverage("azure", where, kind, Status(status), *rest)
        for (where, kind), (status, *rest) in ({key: ["read"] for key in ROWS} | changed).items()
        if status is not None
    ]
    left_out = case.get("without", ())
    held = [document for document in documents(case) if document.kind not in left_out]
    return Snapshot("2026-11-22T00:00:00Z", "2026-11-22T00:05:00Z", held, coverage)


def _principal(object_id: str, app_id: str, name: str, kind: str, **more: Any) -> Document:
    body = {"id": object_id, "appId": app_id, "displayName": name, "servicePrincipalType": kind, **more}
    return Document("azure", WHOLE, "service-principal", f"servicePrincipals/{object_id}", body)


def _credentials(case: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = []
    for index, one in enumerate(case.get("credentials", {}).get(name, ())):
        subject = one.get("subject", "")
        if subject.startswith("principal:"):
            subject = principal(subject.removeprefix("principal:"))
        issuer = ENTRA if one.get("issuer") == "entra" else one.get("issuer")
        told = {"audiences": ["api://AzureADTokenExchange"], **one, "subject": subject, "issuer": issuer}
        found.append({"id": guid("credential", name, str(index)), **told})
    return found


def _managed(case: Mapping[str, Any], name: str) -> Iterator[Document]:
    place = identity_id(name)
    told = {"tenantId": TENANT, "principalId": principal(name), "clientId": guid("client", name)}
    body = {"id": place, "name": name, "properties": told}
    yield Document("azure", f"subscriptions/{SUBSCRIPTION}", "user-assigned-identity", place, body)
    for index, one in enumerate(_credentials(case, name)):
        at = f"{place}/federatedIdentityCredentials/fic-{index}"
        raw = {"id": at, "properties": one}
        yield Document("azure", f"subscriptions/{SUBSCRIPTION}", "federated-credential", at, raw)
    more = {"alternativeNames": ["isExplicit=True", place], **case.get("principal", {}).get(name, {})}
    yield _principal(principal(name), guid("client", name), name, "ManagedIdentity", **more)


def _application(case: Mapping[str, Any], name: str) -> Iterator[Document]:
    object_id = guid("object", name)
    body = {
        "id": object_id,
        "appId": guid("client", name),
        "displayName": name,
        "signInAudience": "AzureADMyOrg",
        "createdDateTime": "2025-03-01T00:00:00Z",
        "federatedIdentityCredentials": _credentials(case, name),
        **case.get("application", {}).get(name, {}),
    }
    yield Document("azure", WHOLE, "application", f"applications/{object_id}", body)
    more = case.get("principal", {}).get(name, {})
    if more is not None:
        yield _principal(principal(name), guid("client", name), name, "Application", **more)


def _azure_roles(case: Mapping[str, Any]) -> Iterator[Document]:
    custom = {name: (guid("role", name), lists) for name, lists in case.get("roles", {}).items()}
    used = {row["role"] for key in ("assignments", "eligible") for row in case.get(key, ())}
    for name, (ident, lists) in {**ROLES, **custom}.items():
        if name in used:
            blocks = lists if isinstance(lists, list) else [lists]
            kept = [{key: value for key, value in block.items() if key != "assignableScopes"} for block in blocks]
            places = [scope(on) for on in blocks[0].get("assignableScopes", ["root"])]
            told = {
                "roleName": name,
                "type": "CustomRole" if name in custom else "BuiltInRole",
                "permissions": kept,
                "assignableScopes": places,
            }
            at = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{ident}"
            yield Document("azure", WHOLE, "role-definition", at, {"id": at, "name": ident, "properties": told})
    roles = {**ROLES, **custom}
    for key, kind, word in (
        ("assignments", "role-assignment", "roleAssignments"),
        ("eligible", "role-eligibility", "roleEligibilityScheduleInstances"),
    ):
        for index, row in enumerate(case.get(key, ())):
            where = scope(row["on"])
            ident = roles.get(row["role"], (row["role"], {}))[0]
            groups = {**case.get("groups", {}), **dict.fromkeys(case.get("unread-groups", ()))}
            told = {
                "scope": where,
                "principalId": principal(row["to"]),
                "principalType": "Group" if row["to"] in groups else "ServicePrincipal",
                "roleDefinitionId": f"/providers/Microsoft.Authorization/RoleDefinitions/{ident}",
                **{name: value for name, value in row.items() if name not in {"to", "role", "on"}},
            }
            at = f"{where.rstrip('/')}/providers/Microsoft.Authorization/{word}/{guid(key, str(index))}"
            yield Document("azure", f"subscriptions/{SUBSCRIPTION}", kind, at, {"id": at, "properties": told})
    for index, row in enumerate(case.get("deny", ())):
        where = scope(row.get("on", "subscription"))
        groups = case.get("groups", {})
        told = {
            "denyAssignmentName": f"locked-{index}",
            "scope": where,
            **{name: value for name, value in row.items() if name not in {"to", "but", "on"}},
            "principals": [_denied(name, groups) for name in row.get("to", ["everybody"])],
            "excludePrincipals": [_denied(name, groups) for name in row.get("but", ())],
        }
        at = f"{where.rstrip('/')}/providers/Microsoft.Authorization/denyAssignments/{guid('deny', str(index))}"
        body = {"id": at, "properties": told}
        yield Document("azure", f"subscriptions/{SUBSCRIPTION}", "deny-assignment", at, body)


def _denied(name: str, groups: Mapping[str, Any]) -> dict[str, str]:
    kind = "SystemDefined" if name == "everybody" else "Group" if name in groups else "ServicePrincipal"
    return {"id": principal(name), "type": kind}


def _directory(case: Mapping[str, Any]) -> Iterator[Document]:
    for index, row in enumerate(case.get("permissions", ())):
        at = f"servicePrincipals/{principal(row['to'])}/appRoleAssignments/{index}"
        body = {
            "id": str(index),
            "principalId": principal(row["to"]),
            "resourceId": GRAPH,
            "resourceDisplayName": "Microsoft Graph",
            "appRoleId": PERMISSIONS.get(row["permission"], row["permission"]),
            **row.get("of", {}),
        }
        yield Document("azure", WHOLE, "graph-role-assignment", at, body)
    for key, kind in (("directory", "directory-role-assignment"), ("directory-eligible", "directory-role-eligibility")):
        for index, row in enumerate(case.get(key, ())):
            on = row.get("on", "/")
            body = {
                "id": f"{key}-{index}",
                "principalId": principal(row["to"]),
                "roleDefinitionId": DIRECTORY.get(row["role"], row["role"]),
                "directoryScopeId": f"/{guid('object', on[1:])}" if on.startswith("@") else on,
            }
            if row["to"] in case.get("groups", {}):
                body["principal"] = {"@odata.type": "#microsoft.graph.group", "id": principal(row["to"])}
            yield Document("azure", WHOLE, kind, f"roleManagement/directory/{kind}/{index}", body)
    for row in case.get("directory-roles", ()):
        at = f"roleManagement/directory/roleDefinitions/{row['id']}"
        yield Document("azure", WHOLE, "directory-role-definition", at, row)
    if "unread-groups" not in case:
        for name in case.get("identities", {"deploy": ""}):
            members = case.get("groups", {}).items()
            listed = [
                {"@odata.type": "#microsoft.graph.group", "id": principal(group)}
                for group, held in members
                if name in held
            ]
            body = {"id": principal(name), "value": listed}
            at = f"servicePrincipals/{principal(name)}/transitiveMemberOf"
            yield Document("azure", WHOLE, "group-membership", at, body)
    for name, owners in case.get("owners", {}).items():
        object_id = guid("object", name)
        body = {"id": object_id, "value": [{"id": principal(one)} for one in owners]}
        yield Document("azure", WHOLE, "application-owners", f"applications/{object_id}/owners", body)
    for name, moment in case.get("activity", {}).items():
        body = {"appId": guid("client", name), "lastSignInActivity": {"lastSignInDateTime": moment}}
        yield Document("azure", WHOLE, "sign-in-activity", f"servicePrincipalSignInActivities/{name}", body)
