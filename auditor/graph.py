"""Who can get at what: identities, the steps from one to another, and the most powerful thing on the way.

Identities are looked at when somebody asks, so that an estate of thousands costs no more than what federated tokens
can reach of it. The search is the usual one for shortest ways (Dijkstra's), with ways that the documents prove before
those that may exist, and short ones before long ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count

from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import And, Match
from auditor.claims.solver import solve
from auditor.claims.verdict import Rejected, Undecided
from auditor.kept import Kept
from auditor.model import Decision, Fix, Identity, Level, Trust
from auditor.power import Authority, Capability, OwnToken, Power, Profile, Step, unread

Way = tuple[Step, ...]
"""From one identity to another, hop by hop; empty for the identity itself."""

REMEMBERED = 50_000
"""Steps that are kept in profiles and standings, where an identity counts as ten: so that an estate of a million needs
no more memory than one of thousands, though some that enter every account have thousands of steps each."""

_Edges = Callable[[Identity], Iterable[tuple[Identity, Step]]]


@dataclass(frozen=True, slots=True)
class Standing:
    """What one identity comes to, by itself or by becoming others."""

    profile: Profile
    level: Level
    """The highest level within reach: an upper bound of what the documents show."""
    way: Way
    """The best way to it; empty where the identity has that much itself."""
    holder: Identity
    """Who has that much, at the end of the way."""
    held: Profile
    """The holder's own profile."""

    @property
    def certain(self) -> bool:
        """Whether the documents prove the level: every step of the way, and what stands at its end."""
        return all(step.certain for step in self.way) and self.held.power.must == self.level

    @property
    def capability(self) -> Capability | None:
        """The first of the holder's capabilities that make the level."""
        return next((one for one in self.held.power.capabilities if one.level is self.level), None)

    @property
    def words(self) -> str:
        """What the identity comes to, to follow `may`: `become boss, who may do anything in the account`."""
        if self.level is Level.NONE:
            return "do nothing that was found"
        capability = self.capability
        if capability is None:
            gaps = self.held.power.gaps
            rest = len(gaps) - 1
            more = f", and {rest} more gap{'s' if rest > 1 else ''}" if rest else ""
            return f"do more than is known: {gaps[0]}{more}"
        doubt = f", if {capability.doubt}" if capability.doubt else ""
        who = f"become {self.holder.name}, who may " if self.way else ""
        return f"{who}{capability.what}{doubt}"


def powerless(identity: Identity) -> Standing:
    """The standing of what is no identity, and is listed as one: an OIDC provider that no role trusts."""
    nothing = Profile(Power())
    return Standing(nothing, Level.NONE, (), identity, nothing)


def with_power(decision: Decision, standing: Standing) -> Decision:
    """`decision` with what its identity, of this standing, may do."""
    return replace(decision, power=standing.level, then=standing.words)


class Graph:
    """The identities of an estate and the steps between them."""

    def __init__(self, authorities: Mapping[str, Authority], trusts: Iterable[Trust] = ()) -> None:
        """`authorities`: by provider id. By `trusts`, identities enter other clouds with tokens of their own."""
        self._authorities = authorities
        self._doors: dict[str, list[Trust]] = {}
        for trust in trusts:
            self._doors.setdefault(trust.issuer.url, []).append(trust)
        self._profiles: Kept[Identity, Profile] = Kept(REMEMBERED, lambda one: 10 + len(one.steps))
        self._standings: Kept[Identity, Standing] = Kept(
            REMEMBERED, lambda one: 10 + len(one.profile.steps) + len(one.held.steps)
        )
        self._into: dict[Identity, list[tuple[Identity, Step]]] | None = None
        self._governors: dict[tuple[str, str], list[tuple[Identity, Capability]]] = {}
        """(provider, scope) → who may become every identity of it."""

    def identities(self) -> Iterator[Identity]:
        """Every identity of the estate."""
        for authority in self._authorities.values():
            yield from authority.identities()

    def profile(self, identity: Identity) -> Profile:
        """What is known of one identity, with its steps into other clouds."""
        return self._profiles.get(identity, self._profile)

    def standing(self, identity: Identity) -> Standing:
        """What an identity comes to. Of equal levels the proven one counts, then the one with the best way."""
        return self._standings.get(identity, self._standing)

    def _profile(self, identity: Identity) -> Profile:
        authority = self._authorities.get(identity.provider)
        found = authority.profile(identity) if authority else unread(f"{identity.provider} was not asked about")
        if any(token.issuer in self._doors for token in found.tokens):
            known = {step.target for step in found.steps} | {identity}
            found = replace(found, steps=(*found.steps, *self._federated(found.tokens, known)))
        return found

    def _federated(self, tokens: Iterable[OwnToken], known: Collection[Identity]) -> Iterator[Step]:
        """The identities that let one of `tokens` in, but for those `known` as a target already."""
        entered: set[Identity] = set(known)
        for token in tokens:
            for trust in self._doors.get(token.issuer, ()):
                if trust.identity not in entered and "policy-unread" not in trust.notes:
                    asked = And((trust.predicate, Match("sub", Pattern.exactly(token.subject))))
                    verdict = solve(asked, trust.issuer.grammar)
                    if not isinstance(verdict, Rejected):
                        entered.add(trust.identity)
                        doubt = verdict.reason if isinstance(verdict, Undecided) else token.doubt
                        how = "exchange a token of its own for it"
                        yield Step(trust.identity, "federate", how, (), (trust.source,), doubt)

    def sketch(self, identity: Identity, capability: Capability) -> Fix | None:
        """How to grant less, see `Authority.sketch`."""
        authority = self._authorities.get(identity.provider)
        return None if authority is None else authority.sketch(identity, capability)

    def ways(self, start: Identity) -> Mapping[Identity, Way]:
        """Every identity that `start` can become → the best way there; `start` itself by the empty way."""
        return dict(_search(start, self._steps))

    def _steps(self, one: Identity) -> Iterable[tuple[Identity, Step]]:
        return ((step.target, step) for step in self.profile(one).steps)

    def ways_into(self, end: Identity) -> Mapping[Identity, Way]:
        """Every identity that can become `end` → the best way from it. Looks at every identity of the estate."""
        if self._into is None:
            self._into = {}
            for one in self.identities():
                profile = self.profile(one)
                for step in profile.steps:
                    self._into.setdefault(step.target, []).append((one, step))
                for scope, capability in profile.governs:
                    self._governors.setdefault((one.provider, scope), []).append((one, capability))
        into = self._into

        def sources(here: Identity) -> Iterable[tuple[Identity, Step]]:
            found = into.get(here, ())
            stepping = {one for one, _ in found}
            ruling = self._governors.get((here.provider, here.scope), ())
            return (*found, *((one, _rule(here, by)) for one, by in ruling if one not in stepping | {here}))

        return {one: way[::-1] for one, way in _search(end, sources)}

    def _standing(self, identity: Identity) -> Standing:
        best: Standing | None = None
        own = self.profile(identity)

        def onwards(one: Identity) -> Iterable[tuple[Identity, Step]]:
            """Nobody is more than an administrator, so that nothing is looked for behind one."""
            return () if self.profile(one).power.may is Level.ADMIN else self._steps(one)

        for holder, way in _search(identity, onwards):
            held = self.profile(holder)
            reached = Standing(own, held.power.level, way, holder, held)
            if best is None or (reached.level, reached.certain) > (best.level, best.certain):
                best = reached
            if best.level is Level.ADMIN and best.certain:
                break
        assert best is not None
        return best


def _rule(target: Identity, by: Capability) -> Step:
    """What somebody may do to every identity of a scope, as a step to one of them."""
    how = "let itself into it, as it may into all there"
    return Step(target, "rewrite-trust", how, by.permissions, by.sources, by.doubt)


def _search(start: Identity, edges: _Edges) -> Iterator[tuple[Identity, Way]]:
    """Identities and the best way to each, best ways first; among equally good ones the first that `edges` names."""
    found: set[Identity] = set()
    order = count()
    waiting: list[tuple[int, int, int, Identity, Way]] = [(0, 0, next(order), start, ())]
    while waiting:
        doubts, length, _, here, way = heapq.heappop(waiting)
        if here in found:
            continue
        found.add(here)
        yield here, way
        for there, step in edges(here):
            if there not in found:
                entry = (doubts + (not step.certain), length + 1, next(order), there, (*way, step))
                heapq.heappush(waiting, entry)
