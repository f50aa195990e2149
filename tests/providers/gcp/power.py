"""Builds the estates of `fixtures/cases/gcp_power.json`; fixtures/README.md says how a case is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.model import Identity
from auditor.power import Profile
from auditor.providers.gcp.authority import GoogleAuthority
from auditor.snapshot import Coverage, Document, Snapshot, Status
from tests.providers.gcp.estates import CONTAINERS, FOLDER, NOW, ORGANIZATION, member

PROJECTS = {"acme-ci": "123456789012", "acme-data": "222222222222"}
PARENTS = {"acme-ci": FOLDER, "acme-data": ORGANIZATION}
ACCOUNTS = {"deploy": "acme-ci", "admin": "acme-ci", "reader": "acme-data"}
RESOURCES = {
    "bucket": ("//storage.googleapis.com/acme-artifacts", "storage.googleapis.com/Bucket"),
    "secret": (
        "//secretmanager.googleapis.com/projects/123456789012/secrets/key",
        "secretmanager.googleapis.com/Secret",
    ),
    "job": ("//run.googleapis.com/projects/acme-ci/locations/europe-west1/jobs/nightly", "run.googleapis.com/Job"),
}
KINDS = ("iam-policy", "deny-policy", "service-account", "workload-identity-pool", "role")
ONCE = ("direct-grants", "account-grants", "principal-access-boundary")
EVERYBODY = ("allUsers", "allAuthenticatedUsers")

ROLES: Mapping[str, Sequence[str]] = {
    "roles/owner": (
        "compute.instances.create",
        "iam.googleapis.com/workloadIdentityPoolProviders.update",
        "iam.roles.update",
        "iam.serviceAccountKeys.create",
        "iam.serviceAccounts.actAs",
        "iam.serviceAccounts.setIamPolicy",
        "resourcemanager.projects.setIamPolicy",
        "storage.buckets.create",
    ),
    "roles/editor": (
        "compute.instances.create",
        "compute.instances.get",
        "iam.serviceAccountKeys.create",
        "iam.serviceAccounts.actAs",
        "storage.buckets.create",
    ),
    "roles/browser": ("resourcemanager.projects.get", "resourcemanager.projects.list"),
    "roles/iam.serviceAccountUser": ("iam.serviceAccounts.actAs", "iam.serviceAccounts.get"),
    "roles/iam.serviceAccountTokenCreator": (
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.getOpenIdToken",
        "iam.serviceAccounts.implicitDelegation",
        "iam.serviceAccounts.signBlob",
        "iam.serviceAccounts.signJwt",
    ),
    "roles/iam.workloadIdentityUser": ("iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken"),
    "roles/logging.logWriter": ("logging.logEntries.create", "logging.logEntries.route"),
    "roles/run.admin": ("run.services.create", "run.services.get", "run.services.setIamPolicy"),
    "roles/run.developer": ("run.services.create", "run.services.get", "run.services.update"),
    "roles/secretmanager.secretAccessor": ("resourcemanager.projects.get", "secretmanager.versions.access"),
    "roles/storage.objectAdmin": ("storage.objects.create", "storage.objects.get", "storage.objects.list"),
    "roles/storage.objectViewer": ("storage.objects.get", "storage.objects.list"),
}
"""Google's own roles, abridged."""


def email(account: str) -> str:
    return f"{account}@{ACCOUNTS[account]}.iam.gserviceaccount.com" if account in ACCOUNTS else account


def level(name: str) -> str:
    """`projects/123456789012` of `acme-ci`, and so on."""
    return {"folder": FOLDER, "organization": ORGANIZATION}.get(name) or f"projects/{PROJECTS[name]}"


def place(name: str) -> tuple[str, str, str]:
    """Full resource name, asset type and scope of what a grant is on."""
    if name in RESOURCES:
        return *RESOURCES[name], "acme-ci"
    if name in ACCOUNTS:
        owner = ACCOUNTS[name]
        full = f"//iam.googleapis.com/projects/{owner}/serviceAccounts/{email(name)}"
        return full, "iam.googleapis.com/ServiceAccount", owner
    kind = {"folder": "Folder", "organization": "Organization"}.get(name, "Project")
    return (
        CONTAINERS + level(name),
        f"cloudresourcemanager.googleapis.com/{kind}",
        name if name in PROJECTS else level(name),
    )


def who(text: str) -> str:
    """A member: an account's short name, `group:…`, everybody, or what stands behind the pool's name."""
    if text in ACCOUNTS:
        return f"serviceAccount:{email(text)}"
    return text if text.startswith(("group:", "deleted:", "principal")) or text in EVERYBODY else member(text)


def denied(text: str) -> str:
    """The same as deny policies write it."""
    if text in ACCOUNTS:
        return f"principal://iam.googleapis.com/projects/-/serviceAccounts/{email(text)}"
    return text if "://" in text else f"principalSet://goog/group/{text.removeprefix('group:')}"


def snapshot(case: Mapping[str, Any]) -> Snapshot:
    """Everything that a case describes, read in full but for what it says is unread."""
    roles: dict[str, Any] = {}
    policies: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("acme-ci", "acme-data", "folder", "organization")
    }
    for grant in case.get("grants", ()):
        binding: dict[str, Any] = {"role": _role(grant, roles), "members": [who(one) for one in _list(grant["to"])]}
        if "if" in grant:
            binding["condition"] = {"title": "limited", "expression": grant["if"]}
        policies.setdefault(grant["on"], []).append(binding)
    unread = case.get("unread", {})
    documents = [
        _document(ORGANIZATION, "organization", ORGANIZATION, {"name": ORGANIZATION, "displayName": "acme.example"}),
        *([] if "folder folder" in unread else [_folder()]),
        *[_project(name) for name in PROJECTS if f"project {name}" not in unread],
        *[_account(name, case.get("accounts", {}).get(name, {})) for name in ACCOUNTS],
        *[_policy(on, bindings) for on, bindings in policies.items() if f"iam-policy {on}" not in unread],
        *[_document("-", "role", name, {"name": name, **body}) for name, body in roles.items()],
        *[_deny(at, rule) for at, rule in enumerate(case.get("deny", ()))],
        *[_document("-", "group", name, _group(name, inside)) for name, inside in case.get("groups", {}).items()],
        *_pool(case.get("pool")),
        *_boundary(case.get("boundary")),
    ]
    scopes = (ORGANIZATION, FOLDER, *PROJECTS)
    rows = [Coverage("gcp", scope, kind, Status.READ) for scope in scopes for kind in KINDS]
    rows += [Coverage("gcp", ORGANIZATION, kind, Status.READ) for kind in ONCE]
    lost = {_row(text): reason for text, reason in unread.items()}
    kept = [row for row in rows if (row.scope, row.kind) not in lost]
    kept += [Coverage("gcp", scope, kind, Status.DENIED, reason) for (scope, kind), reason in lost.items()]
    return Snapshot("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z", documents, kept)


def _row(text: str) -> tuple[str, str]:
    """Scope and kind of `iam-policy acme-data`, of `role roles/x`, of `direct-grants`."""
    kind, _, name = text.partition(" ")
    if kind == "role":
        return "-", text
    if kind in ONCE:
        return ORGANIZATION, kind
    return (level(name) if name not in PROJECTS else name), kind


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def _role(grant: Mapping[str, Any], roles: dict[str, Any]) -> str:
    """The name of a role; a list of permissions becomes a custom role of the organisation."""
    if isinstance(grant["role"], list):
        name = grant.get("named", f"{ORGANIZATION}/roles/made{len(roles)}")
        roles[name] = {"includedPermissions": grant["role"], **grant.get("body", {})}
        return str(name)
    name = str(grant["role"])
    if name in ROLES:
        roles[name] = {"includedPermissions": list(ROLES[name])}
    return name


def _document(scope: str, kind: str, name: str, body: Mapping[str, Any]) -> Document:
    return Document("gcp", scope, kind, name, body)


def _folder() -> Document:
    body = {"name": FOLDER, "parent": ORGANIZATION, "displayName": "Delivery"}
    return _document(FOLDER, "folder", FOLDER, body)


def _project(name: str) -> Document:
    number = f"projects/{PROJECTS[name]}"
    body = {"name": number, "projectId": name, "parent": PARENTS[name], "state": "ACTIVE"}
    return _document(name, "project", number, body)


def _account(name: str, more: Mapping[str, Any]) -> Document:
    owner = ACCOUNTS[name]
    unique = f"10000000000000000000{list(ACCOUNTS).index(name)}"
    body = {"name": f"projects/{owner}/serviceAccounts/{email(name)}", "projectId": owner, "uniqueId": unique}
    return _document(owner, "service-account", email(name), {**body, "email": email(name), **more})


def _policy(on: str, bindings: list[dict[str, Any]]) -> Document:
    resource, asset, scope = place(on)
    body: dict[str, Any] = {"resource": resource, "assetType": asset, "policy": {"version": 3, "bindings": bindings}}
    if scope in PROJECTS:
        body["project"] = f"projects/{PROJECTS[scope]}"
    return _document(scope, "iam-policy", resource, body)


def _deny(at: int, rule: Mapping[str, Any]) -> Document:
    point = level(rule["on"]).replace("/", "%2F")
    name = f"policies/cloudresourcemanager.googleapis.com%2F{point}/denypolicies/limits{at}"
    inner: dict[str, Any] = {
        "deniedPrincipals": [denied(one) for one in _list(rule["who"])],
        "deniedPermissions": rule["what"],
    }
    if "but" in rule:
        inner["exceptionPrincipals"] = [denied(one) for one in _list(rule["but"])]
    if "if" in rule:
        inner["denialCondition"] = {"expression": rule["if"]}
    return _document(place(rule["on"])[2], "deny-policy", name, {"name": name, "rules": [{"denyRule": inner}]})


def _group(name: str, inside: Sequence[str]) -> dict[str, Any]:
    memberships = [
        {"preferredMemberKey": {"id": email(one)}, "type": "GROUP" if one.startswith("group-") else "USER"}
        for one in inside
    ]
    return {"name": f"groups/{name}", "groupKey": {"id": name}, "memberships": memberships}


def _pool(pool: Any) -> list[Document]:
    if pool is None:
        return []
    name = f"projects/{PROJECTS['acme-ci']}/locations/global/workloadIdentityPools/ci"
    provider = f"{name}/providers/main"
    return [
        _document("acme-ci", "workload-identity-pool", name, {"name": name, "state": "ACTIVE"}),
        _document("acme-ci", "workload-identity-pool-provider", provider, {"name": provider, "oidc": {}}),
    ][: 1 + bool(pool)]


def _boundary(rule: Any) -> list[Document]:
    """A boundary of project acme-ci that leaves in what `rule` names."""
    if rule is None:
        return []
    name = f"{ORGANIZATION}/locations/global/principalAccessBoundaryPolicies/inside"
    binding = f"{ORGANIZATION}/locations/global/policyBindings/b"
    target = {"principalSet": CONTAINERS + level("acme-ci")}
    rules = [{"resources": [CONTAINERS + level(rule)], "effect": "ALLOW"}]
    return [
        _document(ORGANIZATION, "principal-access-boundary", name, {"name": name, "details": {"rules": rules}}),
        _document(ORGANIZATION, "policy-binding", binding, {"name": binding, "target": target, "policy": name}),
    ]


def identity(name: str) -> Identity:
    """An identity by the short name of the cases."""
    if name in ACCOUNTS:
        return Identity("gcp", ACCOUNTS[name], "service-account", email(name), name)
    resource, _, scope = place(name.removesuffix("-as-resource"))
    kind = "project" if name in PROJECTS else name if name in ("folder", "organization") else "resource"
    return Identity("gcp", scope, kind, resource, name)


def profile(case: Mapping[str, Any]) -> Profile:
    """What the authority says of the identity of a case."""
    authority = GoogleAuthority(snapshot(case), NOW)
    chosen = identity(case.get("identity", "deploy"))
    return authority.profile(chosen, member(case["member"]) if "member" in case else None)


def told(found: Profile) -> dict[str, Any]:
    """A profile as cases write it."""
    return {
        "level": str(found.power.level),
        "must": str(found.power.must),
        "may": [[str(one.level), one.path or one.what, one.doubt] for one in found.power.capabilities],
        "gaps": list(found.power.gaps),
        "steps": [[step.kind, step.target.name, step.doubt] for step in found.steps],
    }
