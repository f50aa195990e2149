"""What application permissions and directory roles come to: rights over the directory itself.

Facts: https://learn.microsoft.com/graph/permissions-overview, https://learn.microsoft.com/entra/identity/role-based-access-control/custom-overview
(a role is held on the tenant `/`, in an administrative unit, or on one object).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from auditor.model import Level, Source
from auditor.power import Capability, both
from auditor.providers.azure.assignments import shown
from auditor.providers.azure.documents import items, last, text, texts
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.known import Right, finds, tables
from auditor.providers.azure.subjects import lower_guid
from auditor.snapshot import Document, Snapshot

GRAPH: Final = "00000003-0000-0000-c000-000000000000"
_DEFAULT: Final = "00000000-0000-0000-0000-000000000000"
"""The app role of having been assigned to a service at all."""
_UNITS: Final = "/administrativeunits/"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing held in the directory."""

    capability: Capability | None
    """None where nothing can be said."""
    writes: frozenset[str] = frozenset()
    """See `power_directory.toml`; empty where it makes nobody's credentials one's own."""
    object_id: str | None = None
    """The one object it is about, lower case; None where it is about the tenant."""
    gap: str | None = None
    tenant: str | None = None
    """Of the directory it is held in."""


@dataclass(eq=False)
class Directory:
    """All that is held in the directory, by principal (lower case)."""

    estate: Estate
    permissions: dict[str, list[Document]] = field(default_factory=dict)
    roles: dict[str, list[Document]] = field(default_factory=dict)
    eligible: dict[str, list[Document]] = field(default_factory=dict)
    definitions: dict[str, Document] = field(default_factory=dict)
    """By id and by template id, lower case."""
    groups: set[str] = field(default_factory=set)
    """Holders of directory roles that are groups, or may be, for all that is told."""
    memberships: dict[str, Document] = field(default_factory=dict)

    def entries(self, principals: Iterable[str], groups: Iterable[str]) -> Iterator[Entry]:
        """What somebody holds: permissions by itself, roles also by its groups."""
        own = tuple(principals)
        for principal in own:
            for document in self.permissions.get(principal, ()):
                tenant = self.estate.tenant_of(document)
                yield replace(self._permission(document, tenant), tenant=tenant)
            yield from self._memberships(principal)
        for principal in (*own, *groups):
            for document in self.roles.get(principal, ()):
                tenant = self.estate.tenant_of(document)
                yield from (replace(entry, tenant=tenant) for entry in self._role(document, tenant))
            for document in self.eligible.get(principal, ()):
                yield self._eligible(document)

    # -- application permissions

    def _permission(self, document: Document, tenant: str | None) -> Entry:
        body, source = document.body, (Source(document.id, "/appRoleId"),)
        identifier = (text(body, "appRoleId") or "").lower()
        resource = self.estate.by_object.get((text(body, "resourceId") or "").lower())
        name = text(body, "resourceDisplayName") or text(_body(resource), "displayName") or "a service"
        service = lower_guid(text(_body(resource), "appId")) or (GRAPH if name == "Microsoft Graph" else None)
        if not identifier:
            return Entry(None, gap=f"the application permission {document.id} could not be understood")
        scope = f"tenants/{tenant}" if tenant else "-"
        if identifier == _DEFAULT:
            return Entry(Capability(Level.SCOPED, f"use {name}", (), scope, source))
        known = tables().permissions if service == GRAPH else tables().services.get(service or "", ("", {}))[1]
        right = known.get(identifier)
        if right is not None:
            return Entry(_capability(right, (right.name,), scope, source), right.writes)
        value = _app_role(resource, identifier)
        if service == GRAPH and value is not None:
            return _by_name(value, scope, source)
        home = lower_guid(text(_body(resource), "appOwnerOrganizationId"))
        if resource is not None and home is not None and home == tenant:
            what = f"call {name} with the permission {value or identifier}"
            return Entry(Capability(Level.SCOPED, what, (value or identifier,), scope, source))
        return Entry(None, gap=f"what the application permission {value or identifier} of {name} allows is not known")

    # -- directory roles

    def _role(self, document: Document, tenant: str | None) -> Iterator[Entry]:
        body = document.body
        place, specific = text(body, "directoryScopeId"), text(body, "appScopeId")
        identifier = (text(body, "roleDefinitionId") or "").lower()
        source = (Source(document.id, "/roleDefinitionId"),)
        if not identifier:
            yield Entry(None, gap=f"the directory role assignment {document.id} could not be understood")
            return
        doubts: tuple[str, ...] = ()
        if place is None and specific is None:
            doubts = ("the directory role, of which no scope was told, holds for the whole directory",)
        where = place or specific or "/"
        yield from self._held(identifier, where, source, doubts, tenant, whole=specific is None or place is not None)

    def _held(
        self,
        identifier: str,
        where: str,
        source: tuple[Source, ...],
        doubts: tuple[str, ...],
        tenant: str | None,
        *,
        whole: bool,
    ) -> Iterator[Entry]:
        definition = self.definitions.get(identifier)
        template = (text(_body(definition), "templateId") or identifier).lower()
        known = tables().roles.get(template) or tables().roles.get(identifier)
        name = text(_body(definition), "displayName") or (known.name if known else identifier)
        rights = [(known, source, doubts)] if known is not None else []
        if known is None and definition is None:
            yield Entry(None, gap=f"the directory role {name} was not read")
            return
        if known is None and definition is not None:
            found = list(_by_actions(definition, name))
            rights = [(right, (*source, *more), (*doubts, *why)) for right, more, why in found]
            if not found or not _understood(definition):
                yield Entry(None, gap=f"the directory role {name} could not be understood")
        scope = (f"tenants/{tenant}" if tenant else "-") if where == "/" else where
        for right, sources, why in rights:
            permissions = (right.name,) if right.actions else (name,)
            if where == "/":
                yield Entry(_capability(right, permissions, scope, sources, why), right.writes)
            elif where.lower().startswith(_UNITS) or not whole:
                yield Entry(_narrow(right, permissions, scope, sources, why))
            else:
                what = f"use the directory role {name} on the object {last(where)}"
                capability = Capability(Level.SCOPED, what, permissions, scope, sources, doubt=both(*why))
                yield Entry(capability, right.writes & {"credentials", "own-credentials"}, last(where))

    def _eligible(self, document: Document) -> Entry:
        identifier = (text(document.body, "roleDefinitionId") or "").lower()
        known = tables().roles.get(identifier)
        name = text(_body(self.definitions.get(identifier)), "displayName") or (known.name if known else identifier)
        what = f"activate the directory role {name}, which takes a person"
        where = text(document.body, "directoryScopeId") or "/"
        source = (Source(document.id, "/roleDefinitionId"),)
        return Entry(Capability(Level.SCOPED, what, (), where, source, doubt="somebody activates it"))

    def _memberships(self, principal: str) -> Iterator[Entry]:
        """Directory roles that a list of memberships names: those of the old kind, and those held by groups."""
        document = self.memberships.get(principal)
        listed = None if document is None else items(document.body, "value")
        for index, one in enumerate(listed or ()):
            template = text(one, "roleTemplateId")
            if document is not None and template is not None:
                source, tenant = (Source(document.id, f"/value/{index}"),), self.estate.tenant_of(document)
                held = self._held(template.lower(), "/", source, (), tenant, whole=True)
                yield from (replace(entry, tenant=tenant) for entry in held)


def directory_of(snapshot: Snapshot, estate: Estate) -> Directory:
    """The index. Never raises for what a document holds."""
    found = Directory(estate)
    for kind, into in (
        ("graph-role-assignment", found.permissions),
        ("directory-role-assignment", found.roles),
        ("directory-role-eligibility", found.eligible),
    ):
        for document in snapshot.of("azure", kind):
            principal = (text(document.body, "principalId") or "").lower()
            into.setdefault(principal, []).append(document)
            if kind == "directory-role-assignment" and principal and principal not in estate.by_object:
                told = text(document.body.get("principal"), "@odata.type")
                if told is None or told.lower().endswith("group"):
                    found.groups.add(principal)
    for document in snapshot.of("azure", "directory-role-definition"):
        for name in (last(document.id), text(document.body, "id"), text(document.body, "templateId")):
            if name is not None:
                found.definitions.setdefault(name.lower(), document)
    for document in snapshot.of("azure", "group-membership"):
        name = text(document.body, "id") or document.id.removesuffix("/transitiveMemberOf").rpartition("/")[2]
        found.memberships[name.lower()] = document
    return found


def _capability(
    right: Right, permissions: tuple[str, ...], scope: str, sources: tuple[Source, ...], doubts: tuple[str, ...] = ()
) -> Capability:
    doubt = both(*doubts, None if right.needs is None else finds(right.needs))
    return Capability(right.level, right.what, permissions, scope, sources, path=right.path, doubt=doubt)


def _narrow(
    right: Right, permissions: tuple[str, ...], scope: str, sources: tuple[Source, ...], doubts: tuple[str, ...]
) -> Capability:
    """A role in an administrative unit: about those whom the unit holds.

    Only the role that may reset administrators themselves can lead on from there.
    """
    leads_on = right.level is Level.ADMIN or (right.path == "entra-reset-password" and right.needs is None)
    why = (*doubts, "the administrative unit, which was not read, holds whoever may do more") if leads_on else doubts
    return Capability(
        Level.ESCALATION if leads_on else Level.SCOPED,
        f"{right.what}, within {scope}",
        permissions,
        scope,
        sources,
        path=right.path if leads_on else None,
        doubt=both(*why),
    )


_CHANGES: Final = re.compile(
    r"write|manage|control|send|create|delete|update|upload|import|access_as|invite", re.IGNORECASE
)


def _by_name(value: str, scope: str, sources: tuple[Source, ...]) -> Entry:
    """A permission of Microsoft Graph that is in no table, judged by its name."""
    doubt = "the permission is what its name says"
    level, gap = Level.SENSITIVE_READ, None
    if value.endswith((".Selected", ".OwnedBy")):
        level = Level.SCOPED
    elif _CHANGES.search(value):
        level, gap = Level.WIDE_WRITE, f"whether the application permission {value} leads further is not known"
    return Entry(Capability(level, f"use {value}", (value,), scope, sources, doubt=doubt), gap=gap)


def _by_actions(definition: Document, name: str) -> Iterator[tuple[Right, tuple[Source, ...], tuple[str, ...]]]:
    """What a directory role comes to whose actions alone say so."""
    listed = items(definition.body, "rolePermissions")
    privileged = definition.body.get("isPrivileged") is True
    rest: list[tuple[str, Source]] = []
    found = False
    for index, one in enumerate(listed or ()):
        actions = items(one, "allowedResourceActions")
        why = () if text(one, "condition") is None else (f"the condition of the role: {shown(one['condition'])}",)
        for place, action in enumerate(actions or ()):
            if not isinstance(action, str):
                continue
            source = Source(definition.id, f"/rolePermissions/{index}/allowedResourceActions/{place}")
            rest.append((action, source))
            for right in tables().role_actions:
                if action.lower() in right.actions:
                    found = True
                    yield _named(right, action), (source,), why
    if found or not rest:
        return
    changing = [(action, source) for action, source in rest if not action.lower().endswith("/read")]
    action, where = (changing or rest)[0]
    path: str | None = None
    doubts: tuple[str, ...] = ()
    if privileged:
        level, path, doubts = (
            Level.ESCALATION,
            "entra-privileged-role",
            ("the role leads to more, for which Microsoft calls it privileged",),
        )
    elif changing:
        level, doubts = Level.WIDE_WRITE, ("its actions are what their names say",)
    else:
        level = Level.SCOPED
    what = f"{'use' if privileged or changing else 'read with'} the directory role {name}"
    yield Right("", action, level, what, path, None, frozenset(), frozenset((action.lower(),))), (where,), doubts


def _understood(definition: Document) -> bool:
    """Whether every list of actions of a directory role has the shape Graph gives it."""
    listed = items(definition.body, "rolePermissions")
    return listed is not None and all(
        isinstance(one, Mapping) and texts(one, "allowedResourceActions") is not None for one in listed
    )


def _named(right: Right, action: str) -> Right:
    return Right(right.id, action, right.level, right.what, right.path, right.needs, right.writes, right.actions)


def _app_role(resource: Document | None, identifier: str) -> str | None:
    """The name a service gives one of its permissions."""
    for one in items(_body(resource), "appRoles") or ():
        if (text(one, "id") or "").lower() == identifier:
            return text(one, "value")
    return None


def _body(document: Document | None) -> Mapping[str, Any]:
    return {} if document is None else document.body
