"""Role definitions: which actions a role holds. What `notActions` leaves out is not granted; nor is it denied.

Facts: https://learn.microsoft.com/azure/role-based-access-control/role-definitions. `dataActions` are apart: `*` among
the actions holds none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from auditor.model import Source
from auditor.providers.azure.documents import items, last, table, text, texts
from auditor.providers.azure.globs import LONGEST, covers, matches, overlap
from auditor.providers.azure.known import Action, tables
from auditor.snapshot import Document, Snapshot

_ASSIGN: Final = "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"
"""How Microsoft's own role Managed Identity Operator writes the right to attach an identity, and its pages after it
("Manage user-assigned managed identities"), though the operation is called `userAssignedIdentities/assign/action`."""


@dataclass(frozen=True, slots=True)
class Held:
    """One entry of a list of actions."""

    pattern: str
    pointer: str
    """Of the entry, into its document."""


@dataclass(frozen=True, slots=True)
class Block:
    """One entry of `permissions`: what it holds is what the lists name but for what the other lists name."""

    actions: tuple[Held, ...] = ()
    not_actions: tuple[Held, ...] = ()
    data_actions: tuple[Held, ...] = ()
    not_data_actions: tuple[Held, ...] = ()
    condition: str | None = None

    def lists(self, *, data: bool) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
        """What is named, and what of that is left out."""
        return (self.data_actions, self.not_data_actions) if data else (self.actions, self.not_actions)

    def holds(self, action: Action) -> Held | None:
        """The entry by which it holds `action`; None where it does not."""
        named, left_out = self.lists(data=action.data)
        if any(matches(entry.pattern, action.name) for entry in left_out):
            return None
        return next((entry for entry in named if matches(entry.pattern, action.name)), None)

    def takes(self, pattern: str, *, data: bool) -> bool | None:
        """Whether all actions of `pattern` are held; None where some are, or may be."""
        named, left_out = self.lists(data=data)
        if not any(overlap(entry.pattern, pattern) for entry in named):
            return False
        if any(covers(entry.pattern, pattern) for entry in left_out):
            return False
        whole = any(covers(entry.pattern, pattern) for entry in named)
        return True if whole and not any(overlap(entry.pattern, pattern) for entry in left_out) else None


@dataclass(frozen=True)
class Role:
    """A role definition. No slots: it remembers what it was asked."""

    id: str
    """Its GUID, lower case: the same role has several resource ids."""
    name: str
    document: str
    """Where it stands; empty where it was not read."""
    blocks: tuple[Block, ...]
    custom: bool = False
    assignable: tuple[str, ...] = ()
    doubt: str | None = None
    """Why it may hold something else than that; None where these are all."""

    def __hash__(self) -> int:
        return hash((self.id, self.document))

    @cached_property
    def _known(self) -> dict[Action, tuple[tuple[Block, Held], ...]]:
        return {}

    def holding(self, action: Action) -> tuple[tuple[Block, Held], ...]:
        """The entries by which it holds `action`."""
        found = self._known.get(action)
        if found is None:
            pairs = ((block, block.holds(action)) for block in self.blocks)
            found = self._known[action] = tuple((block, entry) for block, entry in pairs if entry is not None)
        return found

    @cached_property
    def known(self) -> frozenset[Action]:
        """Those actions of our tables that it holds."""
        return frozenset(action for action in tables().actions if self.holding(action))

    def source(self, entry: Held) -> tuple[Source, ...]:
        """Where an entry stands; nowhere for a role that was not read."""
        return (Source(self.document, entry.pointer),) if self.document else ()


def roles_of(snapshot: Snapshot) -> Mapping[str, tuple[Role, ...]]:
    """GUID → the definitions of it, as far as they differ. Never raises for what a document holds."""
    found: dict[str, dict[object, Role]] = {}
    for document in snapshot.of("azure", "role-definition"):
        role = _role(document)
        found.setdefault(role.id, {}).setdefault(_substance(role), role)
    return {name: tuple(roles.values()) for name, roles in found.items()}


def role_unread(guid: str, written: str) -> Role:
    """The role of an assignment whose definition was not read: what Microsoft documents, if it is a well-known one."""
    known = tables().built_in.get(guid)
    if known is None:
        return Role(guid, guid, "", (), doubt=f"the role definition {written} was not read")
    block = Block(
        actions=tuple(Held(name, "") for name in known.actions),
        not_actions=tuple(Held(name, "") for name in known.not_actions),
    )
    return Role(guid, known.name, "", (block,), doubt=f"the definition of the role {known.name} was not read")


def _role(document: Document) -> Role:
    body = document.body
    guid = last(text(body, "name") or text(body, "id") or document.id)
    properties = table(body, "properties") or body
    name = text(properties, "roleName") or guid
    listed = items(properties, "permissions")
    if listed is None or properties.get("permissions") is None:
        return Role(guid, name, document.id, (), doubt=f"the permissions of the role {name} could not be understood")
    prefix = "/properties/permissions" if isinstance(body.get("properties"), Mapping) else "/permissions"
    blocks = [block_of(one, f"{prefix}/{index}") for index, one in enumerate(listed)]
    doubt = None
    if any(block is None for block in blocks):
        doubt = f"some permissions of the role {name} could not be understood"
    kind = text(properties, "type") or text(properties, "roleType") or ""
    return Role(
        guid,
        name,
        document.id,
        tuple(block for block in blocks if block is not None),
        custom=kind.lower() == "customrole",
        assignable=texts(properties, "assignableScopes") or (),
        doubt=doubt,
    )


def block_of(body: Any, pointer: str) -> Block | None:
    """One entry of `permissions`, of a role or of a deny assignment; None for what could not be understood."""
    if not isinstance(body, Mapping):
        return None
    lists: list[tuple[Held, ...]] = []
    for key in ("actions", "notActions", "dataActions", "notDataActions"):
        named = texts(body, key)
        if named is None or any(len(one) > LONGEST for one in named):
            return None
        lists.append(tuple(_held(named, f"{pointer}/{key}")))
    condition = body.get("condition")
    if condition is not None and not isinstance(condition, str):
        return None
    return Block(lists[0], lists[1], lists[2], lists[3], condition or None)


def _held(named: Iterable[str], pointer: str) -> Iterator[Held]:
    for index, one in enumerate(named):
        yield Held(one, f"{pointer}/{index}")
        if one.casefold() == _ASSIGN.casefold():
            yield Held(_ASSIGN.replace("/*/", "/"), f"{pointer}/{index}")


def _substance(role: Role) -> object:
    def names(entries: tuple[Held, ...]) -> tuple[str, ...]:
        return tuple(sorted(entry.pattern.lower() for entry in entries))

    return (
        role.doubt,
        tuple(
            (*(names(part) for plane in (False, True) for part in block.lists(data=plane)), block.condition)
            for block in role.blocks
        ),
    )


def entries(role: Role, *, data: bool) -> Iterator[tuple[Block, Held]]:
    """Everything the role names, before anything is left out."""
    for block in role.blocks:
        for entry in block.lists(data=data)[0]:
            yield block, entry
