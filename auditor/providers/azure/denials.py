"""Deny assignments: what takes a granted action away again.

Facts: https://learn.microsoft.com/azure/role-based-access-control/deny-assignments. They win over roles; they hold
below their scope unless `doNotApplyToChildScopes`; they are about principals, groups, or everybody, but for those
excluded. Azure makes them for managed applications and deployment stacks; newer versions of the API let administrators
make their own, some of which only log.
"""

from __future__ import annotations

import bisect
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
    _high: list[Denial] = field(default_factory=list)
    """Those above subscriptions, and those nobody knows the scope of."""
    _low: dict[str, list[Denial]] = field(default_factory=dict)
    """The others, by the key of their scope."""
    _keys: list[str] = field(default_factory=list)
    """The keys of those, sorted."""
    _reaching: dict[str, tuple[tuple[Denial, bool], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for denial in self.every:
            if denial.scope is None or denial.scope.subscription is None:
                self._high.append(denial)
            else:
                self._low.setdefault(denial.scope.key, []).append(denial)
        self._keys.extend(sorted(self._low))

    def quiet(self, at: Scope) -> bool:
        """Whether nothing is denied at `at`, above it or below it, to anybody."""
        if self.reaching(at):
            return False
        place = bisect.bisect_left(self._keys, f"{at.key}/")
        return not (place < len(self._keys) and self._keys[place].startswith(f"{at.key}/"))

    def reaching(self, at: Scope) -> tuple[tuple[Denial, bool], ...]:
        """Those that hold at `at`, with whether they hold everywhere below for certain.

        One that stands somewhere below `at` leaves the rest of it alone, so it does not count.
        """
        found = self._reaching.get(at.key)
        if found is None:
            parts = at.key.split("/")
            above = ("/".join(parts[:size]) for size in range(3, len(parts) + 1)) if at.subscription else (at.key,)
            near = [denial for key in above for denial in self._low.get(key, ())]
            pairs = ((denial, self._reaches(denial, at)) for denial in (*self._high, *near))
            found = self._reaching[at.key] = tuple(
                (denial, sure is True) for denial, sure in pairs if sure is not False
            )
        return found

    def refuses(self, who: Membership, action: Action, at: Scope) -> bool | str:
        """Whether somebody is denied `action` everywhere at and below `at`; else why that may be so."""
        doubt: str | bool = False
        for denial, whole in self.reaching(at):
            blocks = [block for block in denial.blocks if block.holds(action)]
            sure = _is_about(denial, who) if blocks or not denial.blocks else None
            if sure is None:
                continue
            if whole and sure and not denial.doubts and any(block.condition is None for block in blocks):
                return True
            doubt = f"the deny assignment {denial.name} does not cover it"
        return doubt

    def takes(self, who: Membership, pattern: str, at: Scope, *, data: bool) -> bool | str:
        """The same of every action of a pattern."""
        doubt: str | bool = False
        for denial, whole in self.reaching(at):
            found = [(block.takes(pattern, data=data), block.condition is None) for block in denial.blocks]
            sure = _is_about(denial, who) if not found or any(taken is not False for taken, _ in found) else None
            if sure is None:
                continue
            if whole and sure and not denial.doubts and (True, True) in found:
                return True
            doubt = f"the deny assignment {denial.name} does not cover it"
        return doubt

    def _reaches(self, denial: Denial, at: Scope) -> bool | None:
        """Whether it holds at `at` and everywhere below; None where it holds for some of that, or nobody knows."""
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
    found = (document for document in snapshot.of("azure", "deny-assignment") if not _only_logged(document))
    return Denials(tuple(map(_read, found)), hierarchy)


def _only_logged(document: Document) -> bool:
    """Whether it refuses nothing: its effect is `audit` (ARM, denyAssignmentEffect, since 2024-07-01-preview)."""
    return (text(table(document.body, "properties"), "denyAssignmentEffect") or "").lower() == "audit"


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
    effect = properties.get("denyAssignmentEffect")
    if effect is None and properties.get("isSystemProtected") is False:
        doubts.append("it may do no more than log, which older answers do not tell")
    elif effect is not None and (not isinstance(effect, str) or effect.lower() != "enforced"):
        doubts.append("its effect could not be understood")
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
