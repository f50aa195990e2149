"""The tenant, its management groups and subscriptions: where an audit looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.errors import UsageError
from auditor.providers.azure.haul import NOWHERE, PROVIDER, Crew
from auditor.providers.azure.names import GUID, path
from auditor.providers.azure.rest import Json, RefusedError, Service, broken, objects, table, text
from auditor.shards import WHOLE, Shard
from auditor.snapshot import Status

VERSION = "2022-12-01"
GROUPS_VERSION = "2020-05-01"
MANAGEMENT = "providers/Microsoft.Management"

READ_SUBSCRIPTIONS = "Microsoft.Resources/subscriptions/read"
READ_TENANTS = "Microsoft.Resources/tenants/read"
READ_GROUPS = "Microsoft.Management/managementGroups/read"
READ_BELOW = "Microsoft.Management/managementGroups/descendants/read"

NO_TENANT = "which tenant this is cannot be told; name it with --tenant"


@dataclass(frozen=True, slots=True)
class Ask:
    """What to read. Everything empty: the whole tenant of the credentials."""

    tenant: str | None = None
    """Its id, or one of its domains."""
    subscriptions: tuple[str, ...] = ()
    """Ids, in lower case."""
    management_groups: tuple[str, ...] = ()
    """Names; everything below them is meant."""
    cloud: str | None = None
    """As the Azure CLI names it; None: what the environment says."""
    shard: Shard = WHOLE
    """Holds the subscriptions in which identities and roles are read."""

    @property
    def whole(self) -> bool:
        """Whether every subscription is meant."""
        return not self.subscriptions and not self.management_groups

    @property
    def everything(self) -> bool:
        """Whether every subscription is looked into here."""
        return self.whole and self.shard == WHOLE


class Levels:
    """Reads them through Azure Resource Manager."""

    def __init__(self, service: Service, crew: Crew, ask: Ask, cloud: str) -> None:
        self._service = service
        self._crew = crew
        self._haul = crew.haul
        self._ask = ask
        self._cloud = cloud
        self.tenant: str | None = None
        """Its id in lower case, when it is known."""
        self.subscriptions: dict[str, Json] = {}
        """Id in lower case → what Azure says about the subscription; those to look into."""
        self.visible: frozenset[str] = frozenset()
        """The ids of all that were asked for, in whatever part of the collection."""

    @property
    def scope(self) -> str:
        """The scope of what belongs to the tenant."""
        return f"tenants/{self.tenant}" if self.tenant else NOWHERE

    def read(self, fallback: str | None) -> None:
        """Everything above identities. `fallback`: the tenant that the environment names."""
        listed, trouble = self._listed("tenants")
        subscriptions, refused = self._subscriptions()
        entry = self._entry(listed, subscriptions, fallback)
        self.know(entry, trouble)
        if refused is not None:
            self._haul.refuse(self.scope, "subscription", refused, READ_SUBSCRIPTIONS)
        elif subscriptions:
            self._haul.note(self.scope, "subscription", Status.READ, None, READ_SUBSCRIPTIONS)
        self._groups(subscriptions)
        self.visible = frozenset(subscriptions)
        shard = self._ask.shard
        self.subscriptions = {ident: one for ident, one in subscriptions.items() if shard.holds(PROVIDER, ident)}
        for ident, body in subscriptions.items():
            self._haul.keep(f"subscriptions/{ident}", "subscription", f"subscriptions/{ident}", body)

    def know(self, entry: Json | None, trouble: RefusedError | None = None) -> None:
        """Remember which tenant this is."""
        if entry is not None:
            self.tenant = text(entry, "tenantId").lower()
            body = {**entry, "cloud": self._cloud}
            self._haul.keep(self.scope, "tenant", self.scope, body)
            self._haul.note(self.scope, "tenant", Status.READ, None, READ_TENANTS)
        elif trouble is not None:
            self._haul.refuse(self.scope, "tenant", trouble, READ_TENANTS)

    def ask_directory(self, service: Service) -> None:
        """Learn from Microsoft Graph which tenant this is. Raises `UsageError` when another one was named."""
        try:
            entry = _organization(service)
        except RefusedError as error:
            self._haul.refuse(self.scope, "tenant", error, None)
            return
        if self._ask.tenant:
            self._expect(self._ask.tenant, _names(entry))
        self.know(entry)

    def none_visible(self) -> bool:
        """Whether Azure lists no subscription at all, although all were asked for."""
        return not self.visible and (self.scope, "subscription") not in self._haul.coverage

    def _listed(self, what: str) -> tuple[list[Json], RefusedError | None]:
        found: list[Json] = []
        try:
            found.extend(self._service.values(what, {"api-version": VERSION}, link="nextLink"))
        except RefusedError as error:
            return found, error
        return found, None

    def _entry(self, listed: Sequence[Json], subscriptions: Mapping[str, Json], fallback: str | None) -> Json | None:
        """The entry of the tenant the credentials are for; made up where only its id is known."""
        held = sorted({str(body["tenantId"]) for body in subscriptions.values() if body.get("tenantId")})
        entries = [entry for entry in listed if isinstance(entry.get("tenantId"), str) and entry["tenantId"]]
        for named in filter(None, (self._ask.tenant, fallback)):
            found = next((entry for entry in entries if named.lower() in _names(entry)), None)
            if found is not None:
                return found
            if named == self._ask.tenant and GUID.fullmatch(named):
                self._expect(named, [str(entry["tenantId"]) for entry in entries])
                return {"tenantId": named} if entries or held else None
        if self._ask.tenant:
            return None  # a domain; the directory knows its own
        if len(entries) == 1:
            return entries[0]
        if len(held) == 1:
            return next((one for one in entries if one["tenantId"] == held[0]), {"tenantId": held[0]})
        return None

    @staticmethod
    def _expect(named: str, reached: Sequence[str]) -> None:
        """Raises `UsageError` when the credentials are for another tenant than the one that was named."""
        if reached and named not in reached:
            raise UsageError(f"these credentials do not reach the tenant {named}; they reach {', '.join(reached)}")

    def _subscriptions(self) -> tuple[dict[str, Json], RefusedError | None]:
        """What was asked for, as far as it can be listed."""
        found: dict[str, Json] = {}
        if self._ask.whole:
            listed, error = self._listed("subscriptions")
            for body in listed:
                ident = body.get("subscriptionId")
                if isinstance(ident, str) and GUID.fullmatch(ident):
                    found[ident.lower()] = dict(body)
                else:
                    error = error or broken("a subscription has no id")
            return found, error
        wanted = dict.fromkeys(self._ask.subscriptions)
        for group in self._ask.management_groups:
            wanted.update(dict.fromkeys(self._below(group)))
        for ident, one in zip(wanted, self._crew.each(self._subscription, wanted), strict=True):
            if one is not None:
                found[ident] = dict(one)
        return found, None

    def _subscription(self, ident: str) -> Json | None:
        try:
            return self._service.get(f"subscriptions/{ident}", {"api-version": VERSION})
        except RefusedError as error:
            self._haul.refuse(f"subscriptions/{ident}", "subscription", error, READ_SUBSCRIPTIONS)
            return None

    def _below(self, group: str) -> list[str]:
        """The subscriptions anywhere below a management group."""
        found: list[str] = []
        scope, kind = f"managementGroups/{group}", "subscription"
        where = f"{MANAGEMENT}/managementGroups/{path(group)}/descendants"
        try:
            listed = self._service.values(where, {"api-version": GROUPS_VERSION}, link="nextLink")
            held = (entry for entry in listed if str(entry.get("type", "")).lower().endswith("/subscriptions"))
            found.extend(text(entry, "name").lower() for entry in held)
        except RefusedError as error:
            rest = f"; {len(found)} subscriptions were listed all the same" if found else ""
            self._haul.refuse(scope, kind, error, READ_BELOW, rest)
        else:
            self._haul.note(scope, kind, Status.READ, None, READ_BELOW)
        return [ident for ident in found if GUID.fullmatch(ident)]

    def _groups(self, subscriptions: Mapping[str, Json]) -> None:
        """Management groups, and for each subscription those above it, nearest first."""
        where = f"{MANAGEMENT}/getEntities"
        names: dict[str, str] = {}
        chains: dict[str, list[str]] = {}
        try:
            for entity in self._service.values(where, {"api-version": GROUPS_VERSION}, link="nextLink", method="POST"):
                name, properties = text(entity, "name"), table(entity.get("properties"))
                if str(entity.get("type", "")).lower().endswith("/managementgroups"):
                    names[name] = str(properties.get("displayName") or name)
                    self._haul.keep(self.scope, "management-group", f"managementGroups/{name}", entity)
                chain = properties.get("parentNameChain")
                chains[name.lower()] = [str(one) for one in chain] if isinstance(chain, list) else []
        except RefusedError as error:
            self._haul.refuse(self.scope, "management-group", error, READ_GROUPS)
        else:
            self._haul.note(self.scope, "management-group", Status.READ, None, READ_GROUPS)
        for ident, body in subscriptions.items():
            above = chains.get(ident)
            if above and isinstance(body, dict):
                body["managementGroupAncestorsChain"] = [
                    {"name": name, "displayName": names.get(name, name)} for name in reversed(above)
                ]


def _names(entry: Json) -> list[str]:
    """The id and the domains of a tenant, in lower case."""
    domains = entry.get("domains")
    names = [entry.get("tenantId"), entry.get("defaultDomain"), *(domains if isinstance(domains, list) else ())]
    return list(dict.fromkeys(name.lower() for name in names if isinstance(name, str) and name))


def _organization(service: Service) -> dict[str, Any]:
    """The tenant as Microsoft Graph knows it, in the words of Azure Resource Manager. Raises `RefusedError`."""
    page = service.get("v1.0/organization", {"$select": "id,displayName,verifiedDomains"})
    body = next(objects(page, "value"), None)
    if body is None:
        raise broken(NO_TENANT)
    listed = body.get("verifiedDomains")
    domains = [table(one) for one in listed] if isinstance(listed, list) else []
    return {
        "tenantId": text(body, "id"),
        "displayName": body.get("displayName"),
        "defaultDomain": next((one.get("name") for one in domains if one.get("isDefault")), None),
        "domains": [one["name"] for one in domains if isinstance(one.get("name"), str)],
    }
