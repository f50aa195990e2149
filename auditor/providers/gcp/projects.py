"""Reads what is in one project by IAM v1: workload identity pools with their providers, service accounts, policies."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.providers.gcp.haul import Crew
from auditor.providers.gcp.levels import Level
from auditor.providers.gcp.names import ACCOUNT_TYPE, GKE_SUFFIX, account_resource, path
from auditor.providers.gcp.rest import Json, RefusedError, Rest, text
from auditor.snapshot import Status

POOL, PROVIDER = "workload-identity-pool", "workload-identity-pool-provider"
ACCOUNT_POLICIES = "service-account-policy"
"""In the ledger only: the documents are of kind `iam-policy`."""

LIST_POOLS = "iam.googleapis.com/workloadIdentityPools.list"
GET_POOL = "iam.googleapis.com/workloadIdentityPools.get"
LIST_PROVIDERS = "iam.googleapis.com/workloadIdentityPoolProviders.list"
LIST_ACCOUNTS = "iam.serviceAccounts.list"
ACCOUNT_POLICY = "iam.serviceAccounts.getIamPolicy"

WITHOUT_PROVIDERS = frozenset({"TRUST_DOMAIN", "SYSTEM_TRUST_DOMAIN"})
"""Modes of a pool that rule providers out (IAM v1, WorkloadIdentityPool)."""

# The most each list returns at once (IAM v1); some defaults are as small as 20.
POOLS_PAGE, PROVIDERS_PAGE, ACCOUNTS_PAGE = "1000", "100", "100"


class Contents:
    """Reads the contents of projects."""

    def __init__(self, rest: Rest, crew: Crew) -> None:
        self._rest = rest
        self._crew = crew
        self._haul = crew.haul

    def pools(self, project: Level) -> None:
        """Every pool, deleted ones too, each with its providers: 1 call and 1 per pool."""
        found: list[Json] = []
        listed = self._rest.pages(
            "iam",
            f"v1/{path(project.name)}/locations/global/workloadIdentityPools",
            "workloadIdentityPools",
            {"pageSize": POOLS_PAGE, "showDeleted": "true"},
        )

        def keep(body: Json) -> None:
            name = text(body, "name")
            _, number, *_ = [*name.split("/"), ""]
            if number.isdecimal() and not project.scope.isdecimal():
                self._haul.projects.learn(number, project.scope)  # where Resource Manager did not say
            self._haul.keep(project.scope, POOL, name, body)
            found.append(body)

        self._crew.gather(project.scope, POOL, LIST_POOLS, listed, keep)
        for pool in found:
            self._providers(project.scope, pool)

    def pool(self, name: str) -> None:
        """One pool by its name, for when a member names one that lies elsewhere."""
        number = name.split("/")[1]
        scope = self._haul.projects.scope(number)
        try:
            body = self._rest.get("iam", f"v1/{path(name)}")
        except RefusedError as error:
            if error.trouble.code == 404:
                self._haul.note(scope, f"{POOL} {name}", Status.READ, "does not exist", GET_POOL)
            else:
                self._haul.refuse(scope, f"{POOL} {name}", error, GET_POOL)
            return
        self._haul.note(scope, f"{POOL} {name}", Status.READ, None, GET_POOL)
        self._haul.keep(scope, POOL, name, body)
        self._providers(scope, {**body, "name": name})

    def _providers(self, scope: str, pool: Json) -> None:
        name = text(pool, "name")
        if pool.get("mode") in WITHOUT_PROVIDERS or name.endswith(GKE_SUFFIX):
            return
        listed = self._rest.pages(
            "iam",
            f"v1/{path(name)}/providers",
            "workloadIdentityPoolProviders",
            {"pageSize": PROVIDERS_PAGE, "showDeleted": "true"},
        )

        def keep(body: Json) -> None:
            self._haul.keep(scope, PROVIDER, text(body, "name"), body)

        row = f"{PROVIDER} {name}"
        try:
            for body in listed:
                keep(body)
        except RefusedError as error:
            if pool.get("state") == "DELETED" and error.trouble.code in {400, 404}:
                return  # what is in a deleted pool lets nobody in, whether Google still lists it or not
            self._haul.refuse(scope, row, error, LIST_PROVIDERS)
            return
        self._haul.note(scope, PROVIDER, Status.READ, None, LIST_PROVIDERS)

    def accounts(self, project: Level) -> None:
        """Every service account with its policy: 1 call per 100 and 1 per account."""
        found: list[Json] = []
        listed = self._rest.pages(
            "iam", f"v1/{path(project.name)}/serviceAccounts", "accounts", {"pageSize": ACCOUNTS_PAGE}
        )

        def keep(body: Json) -> None:
            ident = body.get("projectId")
            if isinstance(ident, str) and project.scope.isdecimal():
                self._haul.projects.learn(project.scope, ident)
            self._haul.keep(project.scope, "service-account", text(body, "email"), body)
            found.append(body)

        listed_all = self._crew.gather(project.scope, "service-account", LIST_ACCOUNTS, listed, keep)
        refused = [(resource, error) for account in found for resource, error in self._account_policy(project, account)]
        if not refused:
            if found or listed_all:
                self._haul.note(project.scope, ACCOUNT_POLICIES, Status.READ, None, ACCOUNT_POLICY)
        elif len(refused) == len(found):
            rest = f" (for each of {len(found)} service accounts)"
            self._haul.refuse(project.scope, ACCOUNT_POLICIES, refused[0][1], ACCOUNT_POLICY, rest)
        else:
            for resource, error in refused:
                self._haul.refuse(project.scope, f"iam-policy {resource}", error, ACCOUNT_POLICY)

    def _account_policy(self, project: Level, account: Json) -> Iterator[tuple[str, RefusedError]]:
        """Keep the policy of an account; yields why not."""
        address = text(account, "email")
        resource = account_resource(str(account.get("projectId") or project.scope), address)
        try:
            # The version is a parameter here; Resource Manager takes it in the body.
            policy = self._rest.post(
                "iam",
                f"v1/projects/-/serviceAccounts/{path(address)}:getIamPolicy",
                {},
                {"options.requestedPolicyVersion": "3"},
            )
        except RefusedError as error:
            yield resource, error
            return
        body = {"resource": resource, "assetType": ACCOUNT_TYPE, "policy": policy}
        number = self._haul.projects.number(project.scope)
        if number.isdecimal():
            body["project"] = f"projects/{number}"
        self._haul.keep(project.scope, "iam-policy", resource, body)
