"""Deny assignments: what takes a granted action away again.

Facts: https://learn.microsoft.com/azure/role-based-access-control/deny-assignments. They win over roles; they hold
below their scope unless `doNotApplyToChildScopes`; they are about principals, groups, or everybody, but for those
excluded. Only Azure makes them, for managed applications and deployment stacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from auditor.model import Source
from auditor.providers.azure.documents import items, table, text
from auditor.providers.azure.known import Action
from auditor.providers.azure.roles import Block, block_of
from auditor.providers.azure.scopes import Hierarchy, Scope, scope_of
from auditor.snapshot import Document, Snapshot

EVERYBODY: Final = "00000000-0000-0000-0000-000000000000"
_MARK: Final = "/providers/microsoft.authorization/"


@dataclass(frozen=True, slots=True)
class Denial:
    """One deny assignment."""

    source: Source
    name: str
    scope: Scope | None
    """None where it could not be told: it may be about everything."""
    blocks: tuple[Block, ...]
    principals: frozenset[str]
    excluded: frozenset[str]
    groups: frozenset[str]
    """Those of both that are groups, or may be."""
    here_only: bool
    """It does not hold for what lies below its scope."""
    doubts: tuple[str, ...] = ()
    """Why it may not hold, or hold for less; empty where it is plain."""


@dataclass(frozen=True, slots=True)
class Membership:
    """The principal ids by which somebody is meant: its own and those of its groups."""

    ids: frozenset[str]
    complete: bool
    """Whether all its groups are known."""


@dataclass(eq=False)
class Denials:
    """All deny assignments of a snapshot."""

    every: tuple[Denial, ...]
    hierarchy: Hierarchy
    _about: dict[frozenset[str], tuple[tuple[Denial, bool], ...]] = field(default_factory=dict)

    def about(self, who: Membership) -> tuple[tuple[Denial, bool], ...]:
        """Those that are about somebody, with whether that is certain."""
        key = who.ids | ({"…"} if not who.complete else frozenset())
        found = self._about.get(key)
        if found is None:
            pairs = ((denial, _is_about(denial, who)) for denial in self.every)
            found = self._about[key] = tuple((denial, sure) for denial, sure in pairs if sure is not None)
        return found

    def refuses(self, who: Membership, action: Action, at: Scope) -> bool | str:
        """Whether somebody is denied `action` everywhere at and below `at`; else why that may be so."""
        doubt: str | bool = False
        for denial, sure in self.about(who):
            if not any(block.holds(action) for block in denial.blocks) and denial.blocks:
                continue
            answer = self._reaches(denial, at)
            if answer is True and sure and denial.blocks and not denial.doubts:
                conditions = [b.condition for b in denial.blocks if b.holds(action)]
                if None in conditions:
                    return True
            if answer is not False:
                doubt = f"the deny assignment {denial.name}"
        return doubt

    def takes(self, who: Membership, pattern: str, at: Scope, *, data: bool) -> bool | str:
        """The same of every action of a pattern."""
        doubt: str | bool = False
        for denial, sure in self.about(who):
            found = [block.takes(pattern, data=data) for block in denial.blocks] or [None]
            if all(one is False for one in found):
                continue
            answer = self._reaches(denial, at)
            plain = any(
                one is True and block.condition is None for one, block in zip(found, denial.blocks, strict=False)
            )
            if answer is True and sure and plain and not denial.doubts:
                return True
            if answer is not False:
                doubt = f"the deny assignment {denial.name}"
        return doubt

    def _reaches(self, denial: Denial, at: Scope) -> bool | None:
        """Whether it holds at `at` and everywhere below; None where it holds for some of that, or nobody knows.

        One that stands somewhere below `at` leaves the rest of it alone, so it does not count.
        """
        if denial.scope is None:
            return None
        if denial.here_only:
            if denial.scope.key != at.key:
                return False
            return None if at.wide else True
        return self.hierarchy.within(at, denial.scope)


def _is_about(denial: Denial, who: Membership) -> bool | None:
    """True if it certainly is, False if it may be, None if it is not."""
    if denial.excluded & who.ids:
        return None
    if EVERYBODY in denial.principals or denial.principals & who.ids:
        return who.complete or not denial.excluded & denial.groups
    return None if who.complete or not denial.principals & denial.groups else False


def denials_of(snapshot: Snapshot, hierarchy: Hierarchy) -> Denials:
    """The index. Never raises for what a document holds: what was not understood may deny, and never certainly does."""
    return Denials(tuple(_read(document) for document in snapshot.of("azure", "deny-assignment")), hierarchy)


def _read(document: Document) -> Denial:
    properties = table(document.body, "properties")
    name = text(properties, "denyAssignmentName") or document.id.rpartition("/")[2]
    doubts: list[str] = []
    cut = document.id.lower().rfind(_MARK)
    scope = scope_of(text(properties, "scope") or (document.id[:cut] or "/" if cut >= 0 else None))
    listed = items(properties, "permissions")
    blocks = [block_of(one, f"/properties/permissions/{index}") for index, one in enumerate(listed or ())]
    if scope is None or listed is None or any(block is None for block in blocks):
        doubts.append("it could not be understood")
    if properties.get("condition"):
        doubts.append("it has a condition")
    principals, excluded = _ids(properties, "principals"), _ids(properties, "excludePrincipals")
    if principals is None or excluded is None:
        doubts.append("whom it is about could not be understood")
    return Denial(
        Source(document.id, "/properties"),
        name,
        scope,
        # Where some part is of no known shape, it may be about any action: no blocks say so.
        () if listed is None or any(block is None for block in blocks) else tuple(b for b in blocks if b is not None),
        frozenset((EVERYBODY,)) if principals is None else principals,
        excluded or frozenset(),
        frozenset(one for key in ("principals", "excludePrincipals") for one in _groups(properties, key)),
        properties.get("doNotApplyToChildScopes") is True,
        tuple(doubts),
    )


def _ids(properties: Any, key: str) -> frozenset[str] | None:
    listed = items(properties, key)
    if listed is None:
        return None
    found = [text(one, "id") for one in listed]
    return None if None in found else frozenset(str(one).lower() for one in found)


def _groups(properties: Any, key: str) -> Iterator[str]:
    for one in items(properties, key) or ():
        name = text(one, "id")
        if name is not None and text(one, "type") not in {"User", "ServicePrincipal", "SystemDefined"}:
            yield name.lower()
