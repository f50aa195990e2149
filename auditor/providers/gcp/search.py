"""Reads a whole organisation or folder by Cloud Asset Inventory search: a few paged calls, whatever it holds.

Three searches find the projects with pools, the service accounts and the allow policies of everything that service
accounts inherit from; two more find grants to federated identities and to service accounts on any resource, as no
other API does.
An empty query returns whole policies, any other only the bindings that match it (Cloud Asset API,
`searchAllIamPolicies`). The index lags behind, by minutes as a rule; pools and providers are therefore read by IAM.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from auditor.providers.gcp.haul import NOWHERE, Crew
from auditor.providers.gcp.names import (
    ACCOUNT_TYPE,
    LEVEL_TYPES,
    MANAGER,
    PROJECT_TYPE,
    account_resource,
    level_resource,
    path,
)
from auditor.providers.gcp.rest import Json, Query, RefusedError, Rest, Trouble, text
from auditor.snapshot import Status

RESOURCES = "cloudasset.assets.searchAllResources"
POLICIES = "cloudasset.assets.searchAllIamPolicies"
PAGE_SIZE = "500"
POOL_TYPE = "iam.googleapis.com/WorkloadIdentityPool"
MATCHES = "policy:workloadIdentityPools"
"""Every binding with a member of some pool."""
OF_ACCOUNTS = "memberTypes:serviceAccount"
"""Every binding with a service account among its members."""
WHOLE = "name,assetType,project,folders,organization,additionalAttributes,versionedResources"
"""Without this read mask the resource itself is left out."""

DIRECT, ACCOUNTS, WAY = "direct-grants", "account-grants", "cloud-asset"


class Search:
    """Cloud Asset Inventory, as far as the audit needs it."""

    def __init__(self, rest: Rest, crew: Crew) -> None:
        self._rest = rest
        self._crew = crew
        self._haul = crew.haul

    def everything(self, scope: str) -> set[str] | None:
        """Keep accounts and policies under `scope`, and return the projects (`projects/NUMBER`) with pools.

        None when the search is not to be had; the ledger then says that another way is taken, and nothing was kept.
        """
        try:
            pools = list(self._resources(scope, POOL_TYPE))
            accounts = list(self._resources(scope, ACCOUNT_TYPE, WHOLE))
            policies = list(self._policies(scope, {"assetTypes": [*LEVEL_TYPES.values(), ACCOUNT_TYPE]}))
            described = [(result, _account(result)) for result in accounts]
            projects = {text(result, "project") for result in pools}
        except RefusedError as error:
            trouble = error.trouble
            reason = f"read project by project instead, because {trouble.reason}"
            self._haul.note(scope, WAY, Status.SKIPPED, reason, trouble.permission or RESOURCES)
            return None
        aliases: dict[str, str] = {}
        for result, account in described:
            number = str(result.get("project", "")).partition("/")[2]
            if number:
                self._haul.projects.learn(number, account["projectId"])
            resource = account_resource(account["projectId"], account["email"])
            for name in (account.get("uniqueId"), account["email"]):
                aliases[f"serviceAccounts/{name}"] = resource
            self._haul.keep(account["projectId"], "service-account", account["email"], account)
        for result in policies:
            self._keep(result, aliases)
        way = "the whole of it by Cloud Asset Inventory search, whose index may lag by minutes"
        self._haul.note(scope, WAY, Status.READ, way, RESOURCES)
        self._haul.note(scope, "service-account", Status.READ, None, RESOURCES)
        self._haul.note(scope, "iam-policy", Status.READ, None, POLICIES)
        return projects

    def direct_grants(self, scope: str) -> None:
        """Keep who is granted what on whatever resource under `scope`, of policies that are not read whole.

        First the bindings of federated members, then those of service accounts; not these, where those were refused.
        """
        aliases = {
            f"serviceAccounts/{name}": account_resource(str(doc.body.get("projectId")), doc.id)
            for doc in self._haul.of("service-account")
            for name in (doc.body.get("uniqueId"), doc.id)
        }
        row = self._haul.projects.scope(scope.partition("/")[2]) if scope.startswith("projects/") else scope
        for kind, query in ((DIRECT, MATCHES), (ACCOUNTS, OF_ACCOUNTS)):
            listed = self._policies(scope, {"query": query})
            if not self._crew.gather(row, kind, POLICIES, listed, partial(self._matching, query, aliases)):
                return

    def _matching(self, query: str, aliases: Mapping[str, str], result: Json) -> None:
        self._keep({**result, "matches": query}, aliases)

    def _resources(self, scope: str, kind: str, mask: str | None = None) -> Iterator[Json]:
        query = {"assetTypes": kind, "pageSize": PAGE_SIZE, **({"readMask": mask} if mask else {})}
        return self._rest.pages("cloudasset", f"v1/{path(scope)}:searchAllResources", "results", query)

    def _policies(self, scope: str, query: Query) -> Iterator[Json]:
        asked = {**query, "pageSize": PAGE_SIZE}
        return self._rest.pages("cloudasset", f"v1/{path(scope)}:searchAllIamPolicies", "results", asked)

    def _keep(self, result: Json, aliases: Mapping[str, str]) -> None:
        """A policy under the name that every way of reading gives its resource."""
        resource = text(result, "resource")
        project = str(result.get("project") or "").partition("/")[2]
        kind = result.get("assetType")
        if kind == PROJECT_TYPE and project:
            resource = level_resource(f"projects/{project}")
        elif kind == ACCOUNT_TYPE:
            _, _, name = resource.rpartition("/")
            resource = aliases.get(f"serviceAccounts/{name}", resource)
        if project:
            scope = self._haul.projects.scope(project)
        elif resource.startswith(MANAGER):
            scope = resource.removeprefix(MANAGER)
        else:
            scope = str(result.get("organization") or NOWHERE)
        body = {**result, "resource": resource}
        if "matches" in body:
            self._haul.widen(scope, resource, body)
        else:
            self._haul.keep(scope, "iam-policy", resource, body)


def _account(result: Json) -> Mapping[str, Any]:
    """The service account a search result is about. Raises `RefusedError` when it does not say."""
    versions = result.get("versionedResources")
    for version in versions if isinstance(versions, list) else ():
        resource = version.get("resource") if isinstance(version, dict) else None
        if isinstance(resource, dict) and {"email", "projectId"} <= resource.keys():
            return resource
    raise RefusedError(Trouble(Status.FAILED, "a search result does not hold the service account it is about"))
