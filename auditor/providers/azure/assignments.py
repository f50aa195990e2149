"""Who was assigned which role where, directly or by a group; active or merely eligible.

Facts: https://learn.microsoft.com/azure/role-based-access-control/conditions-overview (conditions narrow what a role
grants), https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-configure (an eligible role
has to be activated, by a person).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.model import Source
from auditor.providers.azure.documents import last, table, text
from auditor.providers.azure.roles import Role, role_unread, roles_of
from auditor.providers.azure.scopes import Scope, scope_of
from auditor.snapshot import Document, Snapshot

_MARK = "/providers/microsoft.authorization/"
SHOWN = 160
"""Characters of a condition that are shown."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One role on one scope. The role's definition may be ambiguous: then there is one of these for each."""

    role: Role
    scope: Scope
    source: Source
    doubts: tuple[str, ...] = ()


@dataclass(eq=False)
class Assignments:
    """All of them, by who holds them. Principals are GUIDs in lower case."""

    active: dict[str, list[Assignment]] = field(default_factory=dict)
    eligible: dict[str, list[Assignment]] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    """Principals that are groups by the word of an assignment, or may be, for all it says."""
    broken: dict[str, list[str]] = field(default_factory=dict)
    """Principal → why one of its assignments could not be understood; `""` → where not even the principal could."""


def shown(condition: Any) -> str:
    """A condition, short enough for a sentence."""
    if not isinstance(condition, str):
        return "of a form nobody knows"
    flat = " ".join(condition.split())
    return flat if len(flat) <= SHOWN else f"{flat[:SHOWN]}…"


def assignments_of(snapshot: Snapshot) -> Assignments:
    """The index. Never raises for what a document holds."""
    roles = roles_of(snapshot)
    found = Assignments()
    for document in snapshot.of("azure", "role-assignment"):
        _read(found, found.active, document, roles)
    for document in snapshot.of("azure", "role-eligibility"):
        _read(found, found.eligible, document, roles)
    return found


def _read(
    found: Assignments,
    into: dict[str, list[Assignment]],
    document: Document,
    roles: Mapping[str, tuple[Role, ...]],
) -> None:
    properties = table(document.body, "properties")
    principal = (text(properties, "principalId") or "").lower()
    written = text(properties, "roleDefinitionId")
    scope = scope_of(text(properties, "scope") or _above(document.id))
    if not principal or written is None or scope is None:
        if into is found.active:
            reason = f"the role assignment {document.id} could not be understood"
            found.broken.setdefault(principal, []).append(reason)
        return
    if into is found.active and text(properties, "principalType") in {None, "Group", "ForeignGroup"}:
        found.groups.add(principal)
    guid = last(written)
    known = roles.get(guid) or (role_unread(guid, written),)
    doubts: list[str] = []
    if len(known) > 1:
        doubts.append(f"the role {known[0].name}, read in {len(known)} versions, is still this one")
    condition = properties.get("condition")
    if condition:
        doubts.append(f"the condition of its assignment holds: {shown(condition)}")
    if text(properties, "delegatedManagedIdentityResourceId") is not None:
        doubts.append("its assignment, which is delegated from another tenant, holds for it")
    for role in known:
        into.setdefault(principal, []).append(
            Assignment(role, scope, Source(document.id, "/properties"), tuple(doubts))
        )


def _above(ident: str) -> str | None:
    """The scope that an assignment's own id begins with."""
    cut = ident.lower().rfind(_MARK)
    return None if cut < 0 else ident[:cut] or "/"
