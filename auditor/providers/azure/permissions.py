"""Whether somebody may do something somewhere in Azure: roles, their scopes and conditions, deny assignments.

`notActions` of one role take nothing from another one; only deny assignments take away
(https://learn.microsoft.com/azure/role-based-access-control/overview).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from auditor.model import Source
from auditor.power import both
from auditor.providers.azure.assignments import Assignment, shown
from auditor.providers.azure.denials import Denials, Membership
from auditor.providers.azure.known import Action, tables
from auditor.providers.azure.roles import Block, Held
from auditor.providers.azure.scopes import Hierarchy, Scope


@dataclass(frozen=True, slots=True)
class Proof:
    """Why something is allowed, and what that depends on."""

    sources: tuple[Source, ...]
    doubts: tuple[str, ...] = ()

    @property
    def doubt(self) -> str | None:
        return both(*self.doubts)


CHANGING = ("write", "delete", "action")
READING = ("read", *CHANGING)
"""What actions end in: there is nothing else (https://learn.microsoft.com/azure/role-based-access-control/role-definitions)."""


def _parts(pattern: str, verbs: tuple[str, ...]) -> Iterator[str]:
    """Patterns that are together about all actions of `pattern` that end in `verbs`."""
    if not pattern.endswith("*"):
        yield pattern
        return
    for verb in verbs:
        yield f"{pattern}/{verb}"
        if pattern.endswith("/*") and pattern.count("/") > 1:  # an action of a type, not of its service alone
            yield pattern[:-1] + verb


def together(proofs: Iterable[Proof], *doubts: str) -> Proof:
    """All of them at once, depending on `doubts` too."""
    listed = tuple(proofs)
    if len(listed) == 1 and not doubts:
        return listed[0]
    sources = dict.fromkeys(source for proof in listed for source in proof.sources)
    return Proof(tuple(sources), tuple(dict.fromkeys((*(d for proof in listed for d in proof.doubts), *doubts))))


@dataclass(eq=False)
class Holdings:
    """What one identity was assigned, its groups' roles included, and what is denied to it."""

    who: Membership
    assignments: tuple[Assignment, ...]
    denials: Denials
    hierarchy: Hierarchy
    unread: Callable[[Scope], str | None]
    """Why the deny assignments at a scope are not known; None where they are."""
    _answers: dict[tuple[Action, str], Proof | None] = field(default_factory=dict)

    @cached_property
    def known(self) -> frozenset[Action]:
        """The actions of our tables that some role of it holds."""
        return frozenset().union(*(assignment.role.known for assignment in self.assignments))

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """Where it was assigned something, from wide to narrow."""
        found = {assignment.scope.key: assignment.scope for assignment in self.assignments}
        return tuple(sorted(found.values(), key=lambda scope: (-scope.size, scope.key)))

    def allowed(self, action: Action, at: Scope) -> Proof | None:
        """The best proof that it may do `action` at `at`, and below it but for what is denied there."""
        key = (action, at.key)
        if key not in self._answers:
            self._answers[key] = self._allowed(action, at)
        return self._answers[key]

    def _allowed(self, action: Action, at: Scope) -> Proof | None:
        best: Proof | None = None
        for assignment in self.assignments:
            inside = self.hierarchy.within(at, assignment.scope)
            if inside is False:
                continue
            for block, entry in assignment.role.holding(action):
                found = self.proof(assignment, block, entry, at if inside is None else None)
                if best is None or len(found.doubts) < len(best.doubts):
                    best = found
        if best is None:
            return None
        refused = self.denials.refuses(self.who, action, at)
        if refused is True:
            return None
        return together((best,), *self._limits(refused, at))

    def proof(self, assignment: Assignment, block: Block, entry: Held, unsure: Scope | None = None) -> Proof:
        """That an assignment grants what `entry` names, deny assignments apart."""
        role, doubts = assignment.role, list(assignment.doubts)
        if not role.document and role.doubt is not None:
            doubts.append(f"the role {role.name}, whose definition was not read, is as Microsoft documents it")
        if block.condition is not None:
            doubts.append(f"the condition of the role {role.name} holds: {shown(block.condition)}")
        if unsure is not None:
            doubts.append(f"{unsure.words} lies below {assignment.scope.words}, which was not read")
        return Proof((assignment.source, *role.source(entry)), tuple(doubts))

    def pattern(
        self, assignment: Assignment, block: Block, entry: Held, verbs: tuple[str, ...], *, data: bool
    ) -> Proof | None:
        """That an assignment grants some of what `entry` names and ends in one of `verbs`; None where none is left."""
        left_out = Block(data_actions=block.lists(data=True)[1], actions=block.lists(data=False)[1])
        found = self.proof(assignment, block, entry)
        doubts: dict[str, None] | None = None
        for part in _parts(entry.pattern, verbs):
            taken = left_out.takes(part, data=data)
            refused = self.denials.takes(self.who, part, assignment.scope, data=data)
            if taken is True or refused is True:
                continue
            if taken is False and refused is False:
                return together((found,), *self._limits(False, assignment.scope))
            doubts = {} if doubts is None else doubts
            if taken is None:
                doubts[f"the role {assignment.role.name} leaves something of {entry.pattern} that matters"] = None
            if isinstance(refused, str):
                doubts[refused] = None
        if doubts is None:
            return None
        if self._left(assignment.scope, block, entry, data=data):
            doubts = {}
        return together((found,), *doubts, *self._limits(False, assignment.scope))

    def _left(self, at: Scope, block: Block, entry: Held, *, data: bool) -> bool:
        """Whether an action that matters is certainly left of a pattern."""
        words = tables().words
        return any(
            Block(actions=(entry,), data_actions=(entry,)).holds(probe)
            and block.holds(probe)
            and self.denials.refuses(self.who, probe, at) is False
            for probe in (words.probes_data if data else words.probes)
        )

    def _limits(self, refused: bool | str, at: Scope) -> Iterator[str]:
        if isinstance(refused, str):
            yield refused
        unread = self.unread(at)
        if unread is not None:
            yield unread

    def anywhere(self, action: Action) -> Proof | None:
        """The best proof that it may do `action` in some place."""
        found = [proof for scope in self.scopes if (proof := self.allowed(action, scope)) is not None]
        return min(found, key=lambda proof: len(proof.doubts), default=None)
