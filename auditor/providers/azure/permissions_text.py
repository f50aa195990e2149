"""The least privilege the collector needs, as commands of the Azure CLI that can be pasted into a shell.

Sources: Azure resource provider operations (Microsoft.Authorization, .ManagedIdentity, .Management, .ResourceGraph,
.Resources); Microsoft Graph permissions reference, whose ids are the same in every tenant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

LEAST_PRIVILEGE = (
    "Microsoft.Authorization/denyAssignments/read",
    "Microsoft.Authorization/roleAssignments/read",
    "Microsoft.Authorization/roleDefinitions/read",
    "Microsoft.Authorization/roleEligibilityScheduleInstances/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/read",
    "Microsoft.Management/getEntities/action",
    "Microsoft.Management/managementGroups/descendants/read",
    "Microsoft.Management/managementGroups/read",
    "Microsoft.ResourceGraph/resources/read",
    "Microsoft.Resources/subscriptions/read",
)
"""Actions of Azure Resource Manager. The built-in role Reader holds every read; `getEntities` answers everybody."""

GRAPH_PERMISSIONS: Mapping[str, str] = {
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "RoleManagement.Read.Directory": "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
}
"""Application permissions of Microsoft Graph → id."""

ROLE = {
    "Name": "OIDC trust auditor",
    "IsCustom": True,
    "Description": "Reads who may become which managed identity through federated credentials.",
    "Actions": list(LEAST_PRIVILEGE),
    "NotActions": [],
    "AssignableScopes": ["/providers/Microsoft.Management/managementGroups/$TENANT"],
}

TEXT = """\
# Who runs the audit needs a role of Azure and permissions of Microsoft Graph. Fill in the first two lines; the rest can
# be pasted into a shell. The root management group has the tenant's id as its name.
TENANT=00000000-0000-0000-0000-000000000000   # the tenant
APP=00000000-0000-0000-0000-000000000000      # application (client) id of whoever runs the audit

# 1. Azure: a custom role with nothing but what the audit reads. The built-in role Reader will do instead.
az role definition create --role-definition "$(sed "s/\\$TENANT/$TENANT/" <<'JSON'
{role}
JSON
)"
az role assignment create --role "{name}" --assignee "$APP" \\
  --scope "/providers/Microsoft.Management/managementGroups/$TENANT"

# 2. Microsoft Graph, application permissions; an administrator must consent.
{graph}
az ad app permission add --id "$APP" --api 00000003-0000-0000-c000-000000000000 --api-permissions \\
  {added}
az ad app permission admin-consent --id "$APP"
"""

WHAT_FOR: Mapping[str, str] = {
    "Application.Read.All": "applications, their credentials, service principals, owners",
    "RoleManagement.Read.Directory": "roles of the directory; without it their power is unknown",
    "GroupMember.Read.All": "groups through which identities hold roles",
    "AuditLog.Read.All": "optional: when an application was last used (needs Entra ID P1 or P2)",
}

PERMISSIONS = TEXT.format(
    role=json.dumps(ROLE, indent=2),
    name=ROLE["Name"],
    graph="\n".join(f"#    {name:<30} {WHAT_FOR[name]}" for name in GRAPH_PERMISSIONS),
    added=" \\\n  ".join(f"{ident}=Role" for ident in GRAPH_PERMISSIONS.values()),
)
"""What `auditor permissions azure` prints."""
