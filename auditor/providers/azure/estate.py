"""An index of the Azure documents in a snapshot: identities, credentials, service principals, what was not read.

Azure writes one resource id in several letter cases, so ids are looked up in lower case and shown as they came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from auditor.model import Json
from auditor.providers.azure.subjects import lower_guid
from auditor.snapshot import Coverage, Document, Snapshot, Status

AZURE: Final = "azure"

_CREDENTIAL: Final = re.compile(r"(?P<identity>/.+)/federatedIdentityCredentials/[^/]+", re.IGNORECASE)
_SUBSCRIPTION: Final = re.compile(r"/subscriptions/(?P<id>[^/]+)/", re.IGNORECASE)

AUDIENCES: Final[Mapping[str, str]] = {
    "AzureCloud": "api://AzureADTokenExchange",
    "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
    "AzureChinaCloud": "api://AzureADTokenExchangeChina",
}
"""Cloud → the audience that is recommended there (Microsoft: "Configure an app to trust an external identity
provider")."""


@dataclass(eq=False)
class Estate:
    """Everything at hand. Built once per audit by `estate_of`."""

    tenants: dict[str, Json] = field(default_factory=dict)
    """GUID in lower case → body."""
    subscriptions: dict[str, Json] = field(default_factory=dict)
    identities: dict[str, Document] = field(default_factory=dict)
    """Resource id of a user-assigned identity, in lower case → its document."""
    credentials: dict[str, list[Document]] = field(default_factory=dict)
    """The same → its federated credentials."""
    applications: list[Document] = field(default_factory=list)
    principals: list[Document] = field(default_factory=list)
    by_object: dict[str, Document] = field(default_factory=dict)
    """Object id of a service principal → its document."""
    by_application: dict[tuple[str, str], Document] = field(default_factory=dict)
    """(tenant, application id) → the service principal of the application there."""
    by_principal: dict[str, Document] = field(default_factory=dict)
    """Object id of a user-assigned identity's service principal → the identity's document."""
    holders: frozenset[str] = frozenset()
    """Object ids of everybody who is granted something."""
    rows: dict[str, list[Coverage]] = field(default_factory=dict)
    """Kind, without the id behind it → rows of the ledger."""

    def tenant_of(self, document: Document) -> str | None:
        """The tenant a document belongs to: its scope's, its own word, or its subscription's."""
        kind, _, name = document.scope.partition("/")
        if kind == "tenants":
            return lower_guid(name)
        told = lower_guid(text_of(document.body, "properties", "tenantId"))
        return told or lower_guid(text_of(self.subscriptions.get(name.lower()), "tenantId")) or self.only_tenant

    @property
    def only_tenant(self) -> str | None:
        """The tenant, where the snapshot has just one."""
        return next(iter(self.tenants)) if len(self.tenants) == 1 else None

    def audience(self, tenant: str | None) -> str:
        """The audience recommended in the tenant's cloud; the public one's where the cloud is not known."""
        cloud = text_of(self.tenants.get(tenant or ""), "cloud")
        return AUDIENCES.get(cloud or "", AUDIENCES["AzureCloud"])

    def gap(self, kind: str, scope: str, name: str, *, have: bool) -> str | None:
        """Why what belongs to `name` was not read, or not all of it; None when it was.

        A row about `name` alone counts before the one of the whole scope, which says nothing where something is at
        hand (`have`): what failed in between has a row of its own.
        """
        rows = self.rows.get(kind, ())
        single = [row for row in rows if row.kind.partition(" ")[2].lower() == name.lower()]
        for row in single:
            if row.status is not Status.READ:
                return reason_of(row, kind)
        if single or have:
            return None
        whole = [row for row in rows if " " not in row.kind and row.scope.lower() == scope.lower()]
        for row in whole:
            if row.status is not Status.READ:
                return reason_of(row, kind)
        return None if whole else f"no {kind} was read in {scope}"

    def read(self, kind: str, scope: str) -> bool:
        """Whether all documents of `kind` in `scope` were read."""
        rows = [row for row in self.rows.get(kind, ()) if row.kind == kind and row.scope.lower() == scope.lower()]
        return bool(rows) and all(row.status is Status.READ for row in rows)

    def restricted(self, tenant: str | None) -> bool:
        """Whether only some subscriptions of the tenant were asked for."""
        rows = self.rows.get("subscription", ())
        scopes = {"-", f"tenants/{tenant}"}
        return any(row.status is Status.SKIPPED and row.scope.lower() in scopes for row in rows)


def reason_of(row: Coverage, kind: str) -> str:
    """Why a row says that something was not read."""
    needed = f" (needs {row.permission})" if row.permission else ""
    return f"{row.reason or f'the {kind} was {row.status}'}{needed}"


_GRANTS: Final = (
    "role-assignment", "role-eligibility", "graph-role-assignment", "directory-role-assignment",
    "directory-role-eligibility",
)  # fmt: skip


def estate_of(snapshot: Snapshot) -> Estate:
    """The index. Never raises for what a document holds: what has another shape than Azure's counts as absent."""
    estate = Estate()
    of: dict[str, list[Document]] = {}
    for document in snapshot.documents:
        if document.provider == AZURE:
            of.setdefault(document.kind, []).append(document)
    for row in snapshot.coverage:
        if row.provider == AZURE:
            estate.rows.setdefault(row.kind.partition(" ")[0], []).append(row)
    for document in of.get("tenant", ()):
        estate.tenants[document.id.removeprefix("tenants/").lower()] = document.body
    for document in of.get("subscription", ()):
        estate.subscriptions[document.id.rpartition("/")[2].lower()] = document.body
    for document in of.get("user-assigned-identity", ()):
        estate.identities[document.id.lower()] = document
        principal = lower_guid(text_of(document.body, "properties", "principalId"))
        if principal is not None:
            estate.by_principal[principal] = document
    for document in of.get("federated-credential", ()):
        found = _CREDENTIAL.fullmatch(document.id)
        holder = found["identity"].lower() if found else document.id.lower()
        estate.credentials.setdefault(holder, []).append(document)
    estate.applications = of.get("application", [])
    estate.principals = of.get("service-principal", [])
    for document in estate.principals:
        object_id = lower_guid(text_of(document.body, "id")) or document.id.rpartition("/")[2].lower()
        estate.by_object[object_id] = document
        application = lower_guid(text_of(document.body, "appId"))
        tenant = estate.tenant_of(document)
        if application is not None and tenant is not None:
            estate.by_application[tenant, application] = document
    estate.holders = frozenset(holder for kind in _GRANTS for one in of.get(kind, ()) for holder in _holder(one.body))
    return estate


def identity_of(credential: str) -> str:
    """The resource id of the identity that a credential's resource id names; itself where it names none."""
    found = _CREDENTIAL.fullmatch(credential)
    return found["identity"] if found else credential


def subscription_of(resource: str) -> str | None:
    """The subscription of a resource id, as a scope."""
    found = _SUBSCRIPTION.match(resource)
    return f"subscriptions/{found['id'].lower()}" if found else None


def text_of(body: Any, *path: str) -> str | None:
    """The text at a path of keys; None for anything else that is there."""
    for key in path:
        body = body.get(key) if isinstance(body, Mapping) else None
    return body if isinstance(body, str) and body else None


def _holder(body: Json) -> Iterator[str]:
    for path in (("principalId",), ("properties", "principalId")):
        found = lower_guid(text_of(body, *path))
        if found is not None:
            yield found
