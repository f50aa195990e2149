"""What somebody holds at one place: every grant there and above, less what is denied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from auditor.model import Source
from auditor.providers.gcp.permissions_grants import Given, Principal, Register
from auditor.providers.gcp.permissions_limits import Denied, Limits


@dataclass(frozen=True, slots=True)
class Answer:
    """A permission, or several, that are held."""

    sources: tuple[Source, ...]
    doubts: tuple[str, ...] = ()
    """What it depends on, each to follow `if`; none where the documents prove it."""

    @property
    def doubt(self) -> str | None:
        return " and if ".join(self.doubts) or None

    @property
    def certain(self) -> bool:
        return not self.doubts


def joined(answers: Iterable[Answer | None], *doubts: str | None) -> Answer | None:
    """All of `answers` together, None where one of them is missing; with further doubts."""
    held: list[Answer] = []
    for answer in answers:
        if answer is None:
            return None
        held.append(answer)
    further = [doubt for doubt in doubts if doubt is not None]
    if len(held) == 1 and not further:
        return held[0]
    sources = dict.fromkeys(source for answer in held for source in answer.sources)
    said = dict.fromkeys(doubt for answer in held for doubt in answer.doubts)
    said.update(dict.fromkeys(further))
    return Answer(tuple(sources), tuple(said))


class Reach:
    """One principal at one place."""

    def __init__(
        self, place: str, chain: tuple[str, ...], held: tuple[tuple[Given, str | None], ...], denied: Denied
    ) -> None:
        self.place = place
        self.chain = chain
        self.held = held
        self.denied = denied
        self._answers: dict[str, Answer | None] = {}

    def holds(self, permission: str) -> Answer | None:
        """Where the permission is granted on everything; None where it is not, or is denied for certain."""
        if permission not in self._answers:
            self._answers[permission] = self._holds(permission)
        return self._answers[permission]

    def _holds(self, permission: str) -> Answer | None:
        granting = [
            Answer((given.source,), tuple(part for part in (given.limit.doubt, doubt) if part is not None))
            for given, doubt in self.held
            if permission in given.role.permissions and not given.limit.names
        ]
        if not granting:
            return None
        out, doubts = self.denied.verdict(permission)
        if out:
            return None
        return joined((min(granting, key=lambda answer: not answer.certain),), *doubts)

    @cached_property
    def _named(self) -> frozenset[str]:
        """What is granted, denied or not, of the permissions that the table of escalations names."""
        return frozenset().union(*(given.role.named for given, _ in self.held))

    def all_of(self, permissions: tuple[str, ...], *doubts: str | None) -> Answer | None:
        """Whether all of `permissions`, which the table of escalations names, are held, if only on named things."""
        if not self._named.issuperset(permissions):
            return None
        return joined((self.holds(one) or self._confined(one) for one in permissions), *doubts)

    def _confined(self, permission: str) -> Answer | None:
        """The permission, where it is held on named things only. Those of IAM never are: they know no such names."""
        if permission.startswith("iam."):
            return None
        granting = [pair for pair in self.held if permission in pair[0].role.permissions and pair[0].limit.names]
        out, doubts = self.denied.verdict(permission)
        if not granting or out:
            return None
        given, doubt = granting[0]
        only = f"it is enough for what is called {' or '.join(given.limit.names)}"
        return joined((Answer((given.source,), (only,)),), given.limit.doubt, doubt, *doubts)

    def any_of(self, permissions: Iterable[str]) -> tuple[str, Answer] | None:
        """One of `permissions` that is held, for certain if possible."""
        found = [(one, answer) for one in permissions if (answer := self.holds(one)) is not None]
        return min(found, key=lambda pair: not pair[1].certain, default=None)


class Holder:
    """A principal with everything it is granted."""

    def __init__(self, principal: Principal, register: Register, limits: Limits) -> None:
        self.principal = principal
        self.estate = register.estate
        self._limits = limits
        self.held = tuple(
            (given, doubt) for key, doubt in principal.members.items() for given in register.given.get(key, ())
        )
        self._by_place: dict[str, list[tuple[Given, str | None]]] = {}
        for pair in self.held:
            self._by_place.setdefault(pair[0].place, []).append(pair)
        self._reaches: dict[tuple[str, tuple[str, ...]], Reach] = {}

    def places(self) -> list[Given]:
        """One grant of every place it is granted something on: containers first, from the top down."""
        firsts = [pairs[0][0] for pairs in self._by_place.values()]
        return sorted(firsts, key=lambda given: (not given.on_container, len(given.chain), given.place))

    def granted_on(self, place: str) -> bool:
        return place in self._by_place

    def reach(self, place: str, chain: tuple[str, ...]) -> Reach:
        """What it holds at `place`, which is in or below the containers of `chain`."""
        if (place, chain) not in self._reaches:
            levels = dict.fromkeys((place, *chain))
            held = tuple(pair for level in levels for pair in self._by_place.get(level, ()))
            denied = self._limits.on(self.principal, chain, place)
            self._reaches[place, chain] = Reach(place, chain, held, denied)
        return self._reaches[place, chain]
