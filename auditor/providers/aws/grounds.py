"""Which scopes of an estate have to be looked at together: each account by itself, as a rule.

Only where documents lie elsewhere than where their names say (an account that was read without telling which it is) do
several scopes make one ground.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from auditor.providers.aws.borders import placed
from auditor.providers.aws.roles import place_of

Ground = tuple[str, ...]
"""Scopes, sorted."""


class Grounds:
    """Filled once; asked any number of times."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._odd: dict[str, str] = {}
        self._scopes: frozenset[str] = frozenset()
        self._shared: dict[str, Ground] = {}

    def add(self, scope: str, arn: str, body: Any) -> str:
        """One role. Gives the account to which it belongs."""
        unique = body.get("RoleId") if isinstance(body, Mapping) else None
        if isinstance(unique, str) and not unique.startswith("A") and (account := placed(unique)) is not None:
            self._join(scope, account)
        usual = f"arn:aws:iam::{scope}:role/"
        if arn.startswith(usual) and arn != usual and ":" not in scope:  # most are: no need to look closer
            return scope
        place = place_of(arn)
        if place is not None:
            if place[1] != scope:
                self._join(scope, place[1])
            return place[1]
        self._join(scope, self._odd.setdefault(arn, scope))
        if (account := placed(arn)) is not None:
            self._join(scope, account)
        return scope

    def close(self, scopes: Iterable[str]) -> None:
        """Nothing is added after this. `scopes`: all of which there are documents."""
        self._scopes = frozenset(scopes)
        members: dict[str, list[str]] = {}
        for name in self._above:
            members.setdefault(self._root(name), []).append(name)
        for names in members.values():
            ground = tuple(sorted(self._scopes.intersection(names)))
            self._shared.update(dict.fromkeys(names, ground))
        self._above = {}

    def of(self, name: str) -> Ground:
        """The ground of a scope, or of an account; empty where nothing was read of it."""
        found = self._shared.get(name)
        if found is None:
            return (name,) if name in self._scopes else ()
        return found

    def of_role(self, arn: str) -> Ground:
        """Where the document of this role is, if it is anywhere."""
        place = place_of(arn)
        scope = self._odd.get(arn) if place is None else place[1]
        return () if scope is None else self.of(scope)

    def _root(self, name: str) -> str:
        while (above := self._above.get(name, name)) != name:
            name = above
        return name

    def _join(self, one: str, other: str) -> None:
        left, right = self._root(one), self._root(other)
        self._above.setdefault(left, left)
        self._above[right] = left
