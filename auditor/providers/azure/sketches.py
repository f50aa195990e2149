"""How to grant less: the assignment or the role behind a capability, and what could stand there instead."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from auditor.model import Fix, Level
from auditor.power import Capability
from auditor.providers.azure.documents import items, last, table, text, texts
from auditor.providers.azure.globs import matches
from auditor.providers.azure.known import tables
from auditor.snapshot import Document

_PREFIX: Final = "A sketch, to be finished by somebody who knows what it does: "
_GRANTS: Final = "azure-assign-role"
_CONDITION: Final = (
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
    "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals "
    "{<ids of the roles it has to hand out>}))"
)
"""Lets only some roles be handed out (learn.microsoft.com: "Delegate Azure access management to others")."""
_NARROWER: Final[Mapping[str, str]] = {
    "Application.ReadWrite.All": "Application.ReadWrite.OwnedBy",
    "Application.ReadUpdate.All": "Application.ReadWrite.OwnedBy",
    "Sites.FullControl.All": "Sites.Selected",
    "Sites.ReadWrite.All": "Sites.Selected",
    "Sites.Read.All": "Sites.Selected",
}


_LISTS: Final = ("actions", "notActions", "dataActions", "notDataActions")

KINDS: Final = frozenset(("role-assignment", "role-definition", "graph-role-assignment", "directory-role-assignment"))
"""What a sketch is made from."""


def sketch(grants: Mapping[str, Document], capability: Capability) -> Fix | None:
    """None where nothing at hand grants it. `grants`: the documents of `KINDS` by id."""
    found = [grants[source.document] for source in capability.sources if source.document in grants]
    for document in found:
        if document.kind == "role-assignment":
            role = next((one for one in found if one.kind == "role-definition"), None)
            return _assignment(capability, document, role)
        if document.kind == "graph-role-assignment":
            return _permission(capability, document)
        if document.kind == "directory-role-assignment":
            return _directory_role(document)
    return None


def _assignment(capability: Capability, document: Document, role: Document | None) -> Fix:
    properties = table(document.body, "properties")
    details = table(None if role is None else role.body, "properties")
    name = text(details, "roleName") or last(text(properties, "roleDefinitionId") or "")
    custom = (text(details, "type") or "").lower() == "customrole"
    if custom and role is not None and capability.path != _GRANTS:
        return _role(capability, name, details)
    before: dict[str, Any] = {"roleDefinition": name, "scope": capability.scope}
    condition = text(properties, "condition")
    if condition is not None:
        before["condition"] = condition
    after = dict(before)
    if capability.path == _GRANTS:
        after |= {"conditionVersion": "2.0", "condition": _CONDITION}
        if name == "Owner":
            after["roleDefinition"] = "Role Based Access Control Administrator"
        return _fix("let it hand out only the roles it has to, on the scope where it works", before, after)
    after["roleDefinition"] = "<a role that holds only the actions it needs>"
    if capability.level is not Level.SCOPED:
        after["scope"] = f"{capability.scope.rstrip('/')}/<the resource group or the resource it works on>"
    return _fix(f"replace {name} by a narrower role on a narrower scope", before, after)


def _role(capability: Capability, name: str, details: Mapping[str, Any]) -> Fix:
    """A role of one's own: without the actions in question, or with them spelled out."""
    listed = [_lists(one) for one in items(details, "permissions") or () if isinstance(one, Mapping)]
    after = [_without(capability, one) for one in listed]
    summary = f"take {', '.join(capability.permissions)} out of the role {name}, or spell out what it needs of it"
    return _fix(summary, {"permissions": listed}, {"permissions": after})


def _lists(block: Mapping[str, Any]) -> dict[str, Any]:
    """What matters of a block; nothing of a shape nobody knows."""
    found: dict[str, Any] = {key: list(texts(block, key) or ()) for key in _LISTS if key in block}
    condition = text(block, "condition")
    return found if condition is None else {**found, "condition": condition}


def _without(capability: Capability, block: Mapping[str, Any]) -> dict[str, Any]:
    after = dict(block)
    for key in ("actions", "dataActions"):
        kept: list[Any] = []
        for pattern in items(block, key) or ():
            guilty = isinstance(pattern, str) and any(
                pattern.lower() == one.lower() or matches(pattern, one) for one in capability.permissions
            )
            if not guilty:
                kept.append(pattern)
            elif "*" in str(pattern):
                kept.append(f"<the actions it needs of {pattern}>")
        if key in block:
            after[key] = kept
    return after


def _permission(capability: Capability, document: Document) -> Fix:
    name = capability.permissions[0] if capability.permissions else text(document.body, "appRoleId")
    before = {"resource": text(document.body, "resourceDisplayName"), "appRole": name}
    after = {**before, "appRole": _NARROWER.get(str(name), "<a permission that allows only what it does>")}
    return _fix(f"replace the application permission {name} by a narrower one", before, after)


def _directory_role(document: Document) -> Fix:
    identifier = (text(document.body, "roleDefinitionId") or "").lower()
    known = tables().roles.get(identifier)
    name = known.name if known is not None else identifier
    place = text(document.body, "directoryScopeId") or "/"
    before = {"roleDefinition": name, "directoryScopeId": place}
    after = {**before, "directoryScopeId": "/<the object id of the application it looks after>"}
    if known is None or "credentials" not in known.writes or known.level is Level.ADMIN:
        after = {
            "roleDefinition": "<a role that allows only what it does>",
            "directoryScopeId": "/<an object or a unit>",
        }
    return _fix(f"hold {name} on less than the whole tenant, or replace it by a narrower role", before, after)


def _fix(summary: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Fix:
    return Fix(f"{_PREFIX}{summary}", json.dumps(before, indent=2), json.dumps(after, indent=2))
