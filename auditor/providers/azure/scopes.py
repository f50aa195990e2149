"""Where a role is assigned, and what lies below it: root, management groups, subscriptions, resource groups, resources.

Facts: Azure scopes (https://learn.microsoft.com/azure/role-based-access-control/scope-overview). An assignment holds
for everything below its scope. Names of scopes are compared ignoring case.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from auditor.providers.azure.documents import text
from auditor.snapshot import Snapshot

_GROUPS: Final = "/providers/microsoft.management/managementgroups/"
_BELOW: Final = re.compile(r"/subscriptions/([^/]+)(?:/resourcegroups/([^/]+))?(/.*)?")


class Size(enum.IntEnum):
    """How much a scope holds."""

    RESOURCE = 0
    RESOURCE_GROUP = 1
    SUBSCRIPTION = 2
    MANAGEMENT_GROUP = 3
    ROOT = 4


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope as Azure Resource Manager writes it."""

    text: str
    key: str = field(repr=False)
    """For comparing: lower case, no slash at the end."""
    size: Size
    subscription: str | None = None
    """The subscription it lies in, lower case."""
    name: str = ""
    """The last part of it."""

    @property
    def wide(self) -> bool:
        """Whether it holds things that nobody named, also those made tomorrow."""
        return self.size is not Size.RESOURCE

    @property
    def words(self) -> str:
        """What people call it."""
        if self.size is Size.ROOT:
            return "the whole tenant"
        kind = {
            Size.MANAGEMENT_GROUP: "the management group",
            Size.SUBSCRIPTION: "the subscription",
            Size.RESOURCE_GROUP: "the resource group",
        }.get(self.size, "the resource")
        return f"{kind} {self.name}"


def scope_of(written: Any) -> Scope | None:
    """The scope of an assignment; None for what is none."""
    if not isinstance(written, str) or not written.startswith("/"):
        return None
    key = written.rstrip("/").lower()
    name = written.rstrip("/").rpartition("/")[2]
    if not key:
        return Scope(written, "", Size.ROOT)
    if key.startswith(_GROUPS):
        inner = "/" in key.removeprefix(_GROUPS)
        return Scope(written, key, Size.RESOURCE if inner else Size.MANAGEMENT_GROUP, name=name)
    match = _BELOW.fullmatch(key)
    if match is None:
        return Scope(written, key, Size.RESOURCE, name=name) if key.startswith("/providers/") else None
    subscription, group, rest = match.groups()
    size = Size.RESOURCE if rest else Size.RESOURCE_GROUP if group else Size.SUBSCRIPTION
    return Scope(written, key, size, subscription, name)


@dataclass(eq=False)
class Hierarchy:
    """What lies above subscriptions and management groups, as far as it was read."""

    tenants: dict[str, str] = field(default_factory=dict)
    """Subscription → tenant, both in lower case."""
    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Subscription → names of the management groups above it in lower case, nearest first."""
    parents: dict[str, str | None] = field(default_factory=dict)
    """Management group → the one above it, in lower case; None for the root."""

    def within(self, inner: Scope, outer: Scope) -> bool | None:
        """Whether `inner` is `outer` or lies below it; None where that was not read."""
        if outer.size is Size.ROOT or inner.key == outer.key:
            return True
        if outer.size is not Size.MANAGEMENT_GROUP:
            return inner.key.startswith(f"{outer.key}/")
        group = outer.key.removeprefix(_GROUPS)
        if inner.subscription is not None:
            if self.tenants.get(inner.subscription) == group:
                return True  # the root management group has the name of its tenant
            chain = self.chains.get(inner.subscription)
            return None if chain is None else group in chain
        if not inner.key.startswith(_GROUPS):
            return False
        return self._below(inner.key.removeprefix(_GROUPS).partition("/")[0], group)

    def _below(self, name: str, above: str) -> bool | None:
        seen: set[str] = set()
        place: str | None = name
        while place is not None and place not in seen:
            if place == above:
                return True
            seen.add(place)
            if place not in self.parents:
                return None
            place = self.parents[place]
        return False


def hierarchy_of(snapshot: Snapshot) -> Hierarchy:
    """What the snapshot tells. Never raises for what a document holds."""
    found = Hierarchy()
    for document in snapshot.of("azure", "subscription"):
        name = (text(document.body, "subscriptionId") or document.id.rpartition("/")[2]).lower()
        tenant = text(document.body, "tenantId")
        if tenant is not None:
            found.tenants[name] = tenant.lower()
        chain = document.body.get("managementGroupAncestorsChain")
        if isinstance(chain, list | tuple):
            named = [text(one, "name") for one in chain]
            if all(named):
                found.chains[name] = tuple(str(one).lower() for one in named)
    for document in snapshot.of("azure", "management-group"):
        name = (text(document.body, "name") or document.id.rpartition("/")[2]).lower()
        properties = document.body.get("properties")
        details = properties.get("details") if isinstance(properties, Mapping) else None
        for place in (properties, details):
            if isinstance(place, Mapping) and "parent" in place:
                parent = place["parent"]
                above = text(parent, "id")
                root = parent is None or (isinstance(parent, Mapping) and parent.get("id") is None)
                if above is None and not root:
                    continue  # a parent of a shape nobody knows: not known
                found.parents[name] = above.lower().rpartition("/")[2] if above else None
    return found
