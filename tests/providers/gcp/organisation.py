"""A small organisation for the tests of the collector, and short forms of what a collection of it holds."""

from __future__ import annotations

from typing import Any

from auditor.providers.gcp.rest import Limits
from auditor.snapshot import Coverage, Snapshot

FAST = Limits(attempts=3, backoff=0.001, longest_pause=0.002, read_timeout=20, slow_interval=0)

ORGANIZATION = "organizations/100"
POOL = "projects/1001/locations/global/workloadIdentityPools/ci"
OTHER_POOL = "projects/1002/locations/global/workloadIdentityPools/ci"
DEPLOY = "deploy@web-prod.iam.gserviceaccount.com"
DEPLOY_RESOURCE = f"//iam.googleapis.com/projects/web-prod/serviceAccounts/{DEPLOY}"
IDLE = "idle@web-prod.iam.gserviceaccount.com"
EVERYONE = f"principalSet://iam.googleapis.com/{POOL}/*"
GRANT = {"role": "roles/iam.workloadIdentityUser", "members": [EVERYONE]}
UNTIL = {"title": "until May", "expression": "request.time < timestamp('2026-05-01T00:00:00Z')"}
MANAGER = "//cloudresourcemanager.googleapis.com/"

LIST_POOLS = "iam.googleapis.com/workloadIdentityPools.list"
LIST_PROVIDERS = "iam.googleapis.com/workloadIdentityPoolProviders.list"
SEARCH = "cloudasset.assets.searchAllIamPolicies"

ESTATE: dict[str, Any] = {
    "organizations": [{"name": ORGANIZATION, "displayName": "acme.example", "state": "ACTIVE"}],
    "folders": [{"name": "folders/200", "parent": ORGANIZATION, "displayName": "Production", "state": "ACTIVE"}],
    "projects": [
        {"name": "projects/1001", "parent": "folders/200", "projectId": "web-prod", "state": "ACTIVE"},
        {"name": "projects/1002", "parent": ORGANIZATION, "projectId": "identity", "state": "ACTIVE"},
        {"name": "projects/1003", "parent": ORGANIZATION, "projectId": "going", "state": "DELETE_REQUESTED"},
    ],
    "workload-identity-pools": [
        {"name": POOL, "state": "ACTIVE", "fieldOfTomorrow": {"a": [1]}},
        {"name": f"{POOL}-old", "state": "DELETED", "expireTime": "2026-12-01T00:00:00Z"},
        {"name": f"{POOL}-mesh", "state": "ACTIVE", "mode": "TRUST_DOMAIN"},
        {"name": OTHER_POOL, "state": "ACTIVE"},
    ],
    "workload-identity-pool-providers": [
        {
            "name": f"{POOL}/providers/{name}",
            "state": "ACTIVE",
            "attributeMapping": {"google.subject": "assertion.sub"},
            "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
            "actorProviders": ["unknown to every client"],
        }
        for name in ("github", "gitlab", "terraform")
    ],
    "service-accounts": [
        {
            "name": f"projects/web-prod/serviceAccounts/{email}",
            "projectId": "web-prod",
            "uniqueId": f"11700000000000000000{number}",
            "email": email,
        }
        for number, email in enumerate((DEPLOY, IDLE))
    ],
    "iam-policies": [
        {
            "resource": DEPLOY_RESOURCE,
            "policy": {"version": 3, "etag": "BwY=", "bindings": [GRANT, {**GRANT, "condition": UNTIL}]},
        },
        {
            "resource": f"{MANAGER}folders/200",
            "policy": {
                "version": 1,
                "etag": "BwY=",
                "bindings": [
                    {
                        "role": f"{ORGANIZATION}/roles/impersonator",
                        "members": [f"principalSet://iam.googleapis.com/{OTHER_POOL}/attribute.repository/acme/infra"],
                    },
                    {"role": "roles/viewer", "members": ["group:all@acme.example"]},
                ],
            },
        },
        {
            "resource": "//storage.googleapis.com/acme-assets",
            "assetType": "storage.googleapis.com/Bucket",
            "project": "projects/1001",
            "policy": {
                "bindings": [
                    {"role": "roles/storage.objectAdmin", "members": [EVERYONE]},
                    {"role": "roles/storage.objectViewer", "members": ["allUsers"]},
                ]
            },
        },
    ],
    "roles": [
        {"name": "roles/iam.workloadIdentityUser", "includedPermissions": ["iam.serviceAccounts.getAccessToken"]},
        {"name": f"{ORGANIZATION}/roles/impersonator", "includedPermissions": ["iam.serviceAccounts.signJwt"]},
        {"name": "roles/storage.objectAdmin", "includedPermissions": ["storage.objects.create"]},
        {"name": "roles/viewer", "includedPermissions": ["storage.buckets.list"]},
    ],
    "deny-policies": [
        {
            "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F1001/denypolicies/closed",
            "uid": "1",
            "kind": "DenyPolicy",
            "etag": "MTc=",
            "rules": [
                {
                    "denyRule": {
                        "deniedPrincipals": [EVERYONE],
                        "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"],
                        "denialCondition": {"expression": "!resource.matchTag('100/env', 'test')"},
                    }
                }
            ],
        }
    ],
    "principal-access-boundaries": [
        {
            "name": f"{ORGANIZATION}/locations/global/principalAccessBoundaryPolicies/inside",
            "details": {"rules": [{"resources": [f"{MANAGER}{ORGANIZATION}"], "effect": "ALLOW"}]},
        }
    ],
    "policy-bindings": [
        {
            "name": f"{ORGANIZATION}/locations/global/policyBindings/b",
            "target": {"principalSet": f"//iam.googleapis.com/{POOL}"},
            "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
            "policy": f"{ORGANIZATION}/locations/global/principalAccessBoundaryPolicies/inside",
        }
    ],
    "groups": [
        {
            "name": "groups/01",
            "groupKey": {"id": "all@acme.example"},
            "memberships": [
                {"name": "groups/01/memberships/1", "preferredMemberKey": {"id": "ann@acme.example"}, "type": "USER"},
                {"name": "groups/01/memberships/2", "preferredMemberKey": {"id": "Ci@acme.example"}, "type": "GROUP"},
            ],
        },
        {
            "name": "groups/02",
            "groupKey": {"id": "ci@acme.example"},
            "memberships": [
                {"name": "groups/02/memberships/1", "preferredMemberKey": {"id": IDLE}, "type": "SERVICE_ACCOUNT"},
                {"name": "groups/02/memberships/2", "preferredMemberKey": {"id": "all@acme.example"}, "type": "GROUP"},
            ],
        },
    ],
    "workforce-pools": [{"name": "locations/global/workforcePools/staff", "parent": ORGANIZATION, "state": "ACTIVE"}],
    "workforce-pool-providers": [{"name": "locations/global/workforcePools/staff/providers/entra", "state": "ACTIVE"}],
}


def gaps(snapshot: Snapshot) -> list[tuple[str, str, str, str | None]]:
    """Scope, kind, status and reason of what was not read."""
    return [(row.scope, row.kind, row.status.value, row.reason) for row in snapshot.coverage if row.status != "read"]


def row(snapshot: Snapshot, scope: str, kind: str) -> Coverage:
    (found,) = (row for row in snapshot.coverage if (row.scope, row.kind) == (scope, kind))
    return found


def bodies(snapshot: Snapshot, kind: str) -> dict[str, Any]:
    return {doc.id: doc.body for doc in snapshot.of("gcp", kind)}


def raw(kind: str) -> dict[str, Any]:
    return {body["name"]: body for body in ESTATE[kind]}
