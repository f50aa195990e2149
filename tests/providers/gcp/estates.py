"""Small estates for tests: one project with a pool, one provider and one binding, changed where a case says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from auditor.snapshot import Coverage, Document, Snapshot, Status

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PROJECT, NUMBER = "acme-ci", "123456789012"
ORGANIZATION, FOLDER = "organizations/1122334455", "folders/9988776655"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/ci"
PROVIDER = f"{POOL}/providers/main"
EMAIL = f"deploy@{PROJECT}.iam.gserviceaccount.com"
ACCOUNT = f"//iam.googleapis.com/projects/{PROJECT}/serviceAccounts/{EMAIL}"
CONTAINERS = "//cloudresourcemanager.googleapis.com/"
RESOURCES = {
    "account": (ACCOUNT, "iam.googleapis.com/ServiceAccount"),
    "project": (f"{CONTAINERS}projects/{NUMBER}", "cloudresourcemanager.googleapis.com/Project"),
    "folder": (f"{CONTAINERS}{FOLDER}", "cloudresourcemanager.googleapis.com/Folder"),
    "organization": (f"{CONTAINERS}{ORGANIZATION}", "cloudresourcemanager.googleapis.com/Organization"),
    "bucket": ("//storage.googleapis.com/acme-artifacts", "storage.googleapis.com/Bucket"),
}
ISSUERS = {
    "github": "https://token.actions.githubusercontent.com",
    "gitlab": "https://gitlab.com",
    "terraform": "https://app.terraform.io",
    "cluster": "https://oidc.eks.eu-west-1.amazonaws.com/id/8F3A6C0D21B94E7FA5D3C6B7E8091A2B",
    "buildkite": "https://agent.buildkite.com",
    "unheard-of": "https://ci.example.com",
}
MAPPINGS: Mapping[str, Mapping[str, str]] = {
    "github": {
        "google.subject": "assertion.sub",
        "attribute.repository": "assertion.repository",
        "attribute.repository_owner": "assertion.repository_owner",
        "attribute.actor": "assertion.actor",
        "attribute.ref": "assertion.ref",
    },
    "gitlab": {"google.subject": "assertion.sub", "attribute.project_path": "assertion.project_path"},
}
IMPERSONATION = "roles/iam.workloadIdentityUser"
KINDS = (
    "project",
    "folder",
    "organization",
    "workload-identity-pool",
    "workload-identity-pool-provider",
    "service-account",
    "iam-policy",
    "deny-policy",
    "role",
)


def member(text: str, project: str = NUMBER, pool: str = "ci") -> str:
    """A principal identifier from what stands behind the pool: `*`, `subject/…`, `attribute.x/…`."""
    if "://" in text or text.startswith(("user:", "serviceAccount:")):
        return text
    scheme = "principal" if text.startswith("subject/") else "principalSet"
    return f"{scheme}://iam.googleapis.com/projects/{project}/locations/global/workloadIdentityPools/{pool}/{text}"


def provider(case: Mapping[str, Any], name: str = PROVIDER) -> dict[str, Any]:
    """The provider of a case as the API returns it."""
    issuer = case.get("issuer", "github")
    mapping = case.get("mapping", MAPPINGS.get(issuer, {"google.subject": "assertion.sub"}))
    oidc: dict[str, Any] = {"issuerUri": case.get("issuer_url", ISSUERS[issuer]), **case.get("oidc", {})}
    if "audiences" in case:
        oidc["allowedAudiences"] = case["audiences"]
    body: dict[str, Any] = {"name": name, "state": "ACTIVE", "attributeMapping": dict(mapping), "oidc": oidc}
    if "condition" in case:
        body["attributeCondition"] = case["condition"]
    return {**body, **case.get("provider", {})}


def binding(case: Mapping[str, Any]) -> dict[str, Any]:
    """The binding of a case."""
    listed = [case["member"]] if "member" in case else case.get("members", ["*"])
    project = case.get("member_project", NUMBER)
    body: dict[str, Any] = {
        "role": case.get("role", IMPERSONATION),
        "members": [member(text, project) for text in listed],
    }
    if "binding" in case:
        body["condition"] = {"title": "limited", "expression": case["binding"]}
    return body


def denials(case: Mapping[str, Any]) -> list[Document]:
    """The deny policy of a case, on its project; principals are written like members."""
    if "deny" not in case:
        return []
    keys = ("deniedPrincipals", "exceptionPrincipals")
    rules = [
        {"denyRule": {k: [member(one) for one in v] if k in keys else v for k, v in rule.items()}}
        for rule in case["deny"]
    ]
    name = f"policies/cloudresourcemanager.googleapis.com%2Fprojects%2F{NUMBER}/denypolicies/limits"
    return [Document("gcp", PROJECT, "deny-policy", name, {"name": name, "rules": rules})]


def snapshot(case: Mapping[str, Any]) -> Snapshot:
    """The estate of a case."""
    policies = case.get("bindings") or [{"on": case.get("on", "account"), **case}]
    by_resource: dict[str, list[dict[str, Any]]] = {}
    for one in policies:
        by_resource.setdefault(one.get("on", "account"), []).append(binding(one))
    documents = [
        Document(
            "gcp", ORGANIZATION, "organization", ORGANIZATION, {"name": ORGANIZATION, "displayName": "acme.example"}
        ),
        Document("gcp", FOLDER, "folder", FOLDER, {"name": FOLDER, "parent": ORGANIZATION, "displayName": "Delivery"}),
        Document(
            "gcp",
            PROJECT,
            "project",
            f"projects/{NUMBER}",
            {"name": f"projects/{NUMBER}", "projectId": PROJECT, "parent": FOLDER, "state": "ACTIVE"},
        ),
        *([] if case.get("pool") is None and "pool" in case else [_pool(case)]),
        *[_provider(name, body) for name, body in _providers(case)],
        Document(
            "gcp",
            PROJECT,
            "service-account",
            EMAIL,
            {
                "name": f"projects/{PROJECT}/serviceAccounts/{EMAIL}",
                "email": EMAIL,
                "projectId": PROJECT,
                "uniqueId": "100000000000000000001",
                **case.get("account", {}),
            },
        ),
        *[_policy(place, bindings) for place, bindings in by_resource.items()],
        *denials(case),
        *[Document("gcp", PROJECT, "role", body["name"], body) for body in case.get("roles", ())],
        *case.get("documents", ()),
    ]
    unread = case.get("unread", ())
    coverage = [
        Coverage("gcp", PROJECT, kind, Status.READ if kind not in unread else Status.DENIED, None) for kind in KINDS
    ]
    return Snapshot("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z", documents, coverage)


def _pool(case: Mapping[str, Any]) -> Document:
    body = {"name": POOL, "state": "ACTIVE", **case.get("pool", {})}
    return Document("gcp", PROJECT, "workload-identity-pool", POOL, body)


def _providers(case: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    own = [] if case.get("providers") == [] else [(PROVIDER, provider(case))]
    beside = [(f"{POOL}/providers/{name}", body) for name, body in case.get("beside", {}).items()]
    return [*own, *[(name, provider(body, name)) for name, body in beside]]


def _provider(name: str, body: dict[str, Any]) -> Document:
    return Document("gcp", PROJECT, "workload-identity-pool-provider", name, body)


def _policy(place: str, bindings: list[dict[str, Any]]) -> Document:
    resource, asset = RESOURCES[place]
    body: dict[str, Any] = {"resource": resource, "assetType": asset, "policy": {"version": 3, "bindings": bindings}}
    scope = PROJECT
    if place in ("account", "bucket", "project"):
        body["project"] = f"projects/{NUMBER}"
    elif place == "folder":
        scope = FOLDER
    else:
        scope = ORGANIZATION
    return Document("gcp", scope, "iam-policy", resource, body)
