"""What the roles of an identity come to in Azure: paths to more, bridges to data, wide changes, the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from auditor.model import Level
from auditor.power import Capability, both
from auditor.providers.azure.assignments import Assignment
from auditor.providers.azure.globs import covers
from auditor.providers.azure.known import Action, Bridge, Path, finds, tables
from auditor.providers.azure.permissions import CHANGING, READING, Holdings, Proof, together
from auditor.providers.azure.roles import entries
from auditor.providers.azure.scopes import Scope, Size, scope_of

_DEFINE = Action("Microsoft.Authorization/roleDefinitions/write")
REWRITE = "azure-rewrite-role"
_DATA = "data"
_LISTED = 5
"""Services and patterns that one capability names."""


@dataclass(frozen=True, slots=True)
class Found:
    """A path or a bridge at one scope, before those that one wildcard grants are put together."""

    capability: Capability
    scope: Scope
    proof: Proof
    family: str | None


def capabilities(held: Holdings) -> Iterator[Capability]:
    """Everything that counts, and for every assignment at least one line."""
    found: list[Found] = []
    for path in tables().paths:
        if held.known.issuperset(path.actions):
            found.extend(_path(held, path))
    for bridge in tables().bridges:
        if not held.known.isdisjoint(bridge.actions):
            found.extend(_bridge(held, bridge))
    # Whoever certainly is the administrator of a place needs no further words about it, nor about what lies below.
    ruled = [one.scope for one in found if _rules(one)]

    def is_ruled(scope: Scope) -> bool:
        return any(held.hierarchy.within(scope, above) is True for above in ruled)

    yield from _merged([one for one in found if _rules(one) or not is_ruled(one.scope)])
    for assignment in held.assignments:
        if is_ruled(assignment.scope):
            continue
        changes = tuple(_changes(held, assignment)) if assignment.scope.wide else ()
        yield from changes
        if not changes and not _told(assignment, found):
            yield from _rest(held, assignment)


def _told(assignment: Assignment, found: list[Found]) -> bool:
    return any(one.capability.certain and assignment.source in one.capability.sources for one in found)


def _rules(one: Found) -> bool:
    return one.capability.level is Level.ADMIN and one.capability.certain


def _merged(found: list[Found]) -> Iterator[Capability]:
    """One line for what one entry of a role grants in one place, by families."""
    groups: dict[object, list[Found]] = {}
    for one in found:
        key = (one.capability.level, one.scope.key, one.family, one.proof)
        groups.setdefault(one if one.family is None else key, []).append(one)
    for group in groups.values():
        first = min(group, key=lambda one: len(one.capability.doubt or ""))
        if len(group) == 1:
            yield first.capability
            continue
        names = tuple(dict.fromkeys(name for one in group for name in one.capability.permissions))[:_LISTED]
        family = tables().families.get(first.family or "")
        if family is None:
            what = tables().opening[first.capability.level].replace("{scope}", first.scope.words)
            yield replace(first.capability, what=what, permissions=names)
        else:
            what = family.what.replace("{scope}", first.scope.words)
            doubt = together((first.proof,), finds(family.needs)).doubt
            yield replace(first.capability, what=what, permissions=names, path=family.path, doubt=doubt)


def eligible(assignment: Assignment) -> Capability:
    """A role that has to be activated first: no workload does that by itself, so it never counts for more."""
    return Capability(
        Level.SCOPED,
        f"activate the role {assignment.role.name} on {assignment.scope.words}, which takes a person",
        (),
        assignment.scope.text,
        (assignment.source,),
        doubt=both("somebody activates it", *assignment.doubts),
    )


def _path(held: Holdings, path: Path) -> Iterator[Found]:
    found: list[tuple[Scope, bool]] = []
    for scope in held.scopes:
        if not scope.wide or _said(held, found, scope, certain=False):
            continue
        if path.root_only and scope.size is not Size.ROOT:
            continue
        proofs = [held.allowed(action, scope) for action in path.actions]
        extra = [proof for action in path.any if (proof := held.anywhere(action)) is not None]
        if None in proofs or (path.any and not extra):
            continue
        best = min(extra, key=lambda proof: len(proof.doubts), default=Proof(()))
        proof = together((*(one for one in proofs if one is not None), best))
        if proof.doubts and _said(held, found, scope, certain=True):
            continue
        found.append((scope, not proof.doubts))
        needs = None if path.id == REWRITE and _rewrites(held, scope) else path.needs
        whole = proof if needs is None else together((proof,), finds(needs))
        chosen = [action.name for action in path.any if best == held.anywhere(action)][:1] if path.any else []
        capability = Capability(
            Level.ADMIN if path.admin and scope.size >= Size.SUBSCRIPTION else Level.ESCALATION,
            path.what.replace("{scope}", scope.words),
            (*(action.name for action in path.actions), *chosen),
            scope.text,
            proof.sources,
            path=path.id,
            doubt=whole.doubt,
        )
        yield Found(capability, scope, proof, path.family)


def _said(held: Holdings, found: list[tuple[Scope, bool]], scope: Scope, *, certain: bool) -> bool:
    """Whether the same was found above `scope`: for certain, or (`certain`) at all, which is enough for a doubt."""
    return any((sure or certain) and held.hierarchy.within(scope, above) is True for above, sure in found)


def _rewrites(held: Holdings, at: Scope) -> bool:
    """Whether it may rewrite a role that it holds at `at`: that takes the right wherever the role may be assigned."""
    for assignment in held.assignments:
        role = assignment.role
        if not (role.custom and role.assignable) or held.hierarchy.within(at, assignment.scope) is not True:
            continue
        places = [scope_of(place) for place in role.assignable]
        proofs = [None if place is None else held.allowed(_DEFINE, place) for place in places]
        if all(proof is not None and not proof.doubts for proof in proofs) and not assignment.doubts:
            return True
    return False


def _bridge(held: Holdings, bridge: Bridge) -> Iterator[Found]:
    found: list[tuple[Scope, bool]] = []
    for scope in held.scopes:
        if not scope.wide or _said(held, found, scope, certain=False):
            continue
        proofs = {action: proof for action in bridge.actions if (proof := held.allowed(action, scope)) is not None}
        if not proofs:
            continue
        action, proof = min(proofs.items(), key=lambda pair: len(pair[1].doubts))
        if proof.doubts and _said(held, found, scope, certain=True):
            continue
        found.append((scope, not proof.doubts))
        what = bridge.what.replace("{scope}", scope.words)
        whole = proof if bridge.needs is None else together((proof,), finds(bridge.needs))
        capability = Capability(bridge.level, what, (action.name,), scope.text, proof.sources, doubt=whole.doubt)
        yield Found(capability, scope, proof, _DATA)


_EVERYTHING = "*"


def _changes(held: Holdings, assignment: Assignment) -> Iterator[Capability]:
    """What an assignment on more than one thing changes or reads there, service by service."""
    for data in (False, True):
        grouped: dict[tuple[Level, str | None], dict[str, tuple[str, Proof]]] = {}
        for block, entry in entries(assignment.role, data=data):
            level, doubt = _weigh(entry.pattern, data=data)
            if level is None:
                continue
            verbs = READING if level is Level.SENSITIVE_READ and not data else CHANGING
            proof = held.pattern(assignment, block, entry, verbs, data=data)
            if proof is None:
                continue
            proof = together((proof,), *(() if doubt is None else (doubt,)))
            service = entry.pattern.partition("/")[0]
            group = grouped.setdefault((level, proof.doubt), {})
            group.setdefault(_EVERYTHING if "*" in service else service, (entry.pattern, proof))
        for (level, doubt), services in grouped.items():
            named = {_EVERYTHING: services[_EVERYTHING]} if _EVERYTHING in services else services
            chosen = list(named.values())[:_LISTED]
            yield Capability(
                level,
                _words(level, sorted(named), assignment.scope, data=data),
                tuple(pattern for pattern, _ in chosen),
                assignment.scope.text,
                together(proof for _, proof in chosen).sources,
                doubt=doubt,
            )


@lru_cache(maxsize=16384)
def _weigh(pattern: str, *, data: bool) -> tuple[Level | None, str | None]:
    """How much the actions of a pattern count; None for those that matter little."""
    words = tables().words
    if any(covers(minor, pattern) for minor in (words.minor_data if data else words.minor)):
        return None, None
    if _exact_bridge(pattern, data=data):
        return None, None  # said already, and better
    *before, last = pattern.casefold().split("/")
    if data:
        reads = last == "read" or any(covers(one, pattern) for one in words.reading_data)
        return (Level.SENSITIVE_READ if reads else Level.WIDE_WRITE), None
    if last == "read":
        return None, None
    if last == "action" and before and re.match("|".join(words.reading), before[-1]):
        known = any(action.name.casefold() == pattern.casefold() for action in tables().actions)
        return Level.SENSITIVE_READ, None if known else f"{pattern} hands out what is worth keeping secret"
    return Level.WIDE_WRITE, None


def _exact_bridge(pattern: str, *, data: bool) -> bool:
    folded = pattern.casefold()
    return any(
        action.data is data and action.name.casefold() == folded
        for bridge in tables().bridges
        for action in bridge.actions
    )


def _words(level: Level, services: list[str], scope: Scope, *, data: bool) -> str:
    verb = "read" if level is Level.SENSITIVE_READ else "change"
    if _EVERYTHING in services:
        return f"{verb} all stored data in {scope.words}" if data else f"{verb} everything in {scope.words}"
    more = len(services) - _LISTED
    names = ", ".join(services[:_LISTED]) + (f" and {more} more" if more > 0 else "")
    if data:
        return f"{verb} data of {names} in {scope.words}"
    return f"{verb} {names} in {scope.words}" if verb == "change" else f"read what {names} keep in {scope.words}"


def _rest(held: Holdings, assignment: Assignment) -> Iterator[Capability]:
    """That the assignment is there, if it grants anything."""
    best: tuple[str, Proof] | None = None
    for data in (False, True):
        for block, entry in entries(assignment.role, data=data):
            proof = held.pattern(assignment, block, entry, READING, data=data)
            if proof is not None and (best is None or len(proof.doubts) < len(best[1].doubts)):
                best = (entry.pattern, proof)
    if best is not None:
        yield Capability(
            Level.SCOPED,
            f"use the role {assignment.role.name} on {assignment.scope.words}",
            (best[0],),
            assignment.scope.text,
            best[1].sources,
            doubt=best[1].doubt,
        )
