"""Which documents of organisations concern which account, so that nobody has to walk those of ten thousand others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from auditor.snapshot import Document

ORGANISATION, TARGET, POLICY = KINDS = ("organization", "organization-target", "organization-policy")


class Above:
    """The documents of the organisations that were read as a whole, each under a scope of its own.

    What was read of an organisation from within an account lies in the account's scope, and is not here.
    """

    def __init__(self) -> None:
        self.documents: list[Document] = []
        """In their order."""
        self.homes: dict[str, str] = {}
        """Account → the scope of its organisation; where several claim it, of the last one."""
        self._places: dict[tuple[str, str, str], list[int]] = {}
        self._scopes: dict[str, list[int]] = {}
        self._roots: dict[str, list[int]] = {}

    def add(self, documents: Iterable[Document]) -> None:
        """Documents of the kinds above, all of a scope at once."""
        given = list(documents)
        claimed = set()
        for document in given:
            if document.kind == TARGET and document.body.get("Type") == "ACCOUNT" and document.scope != document.id:
                self.homes[document.id] = document.scope
                claimed.add(document.scope)
        for document in given:
            if document.scope in claimed:
                place = len(self.documents)
                self._places.setdefault((document.scope, document.kind, document.id), []).append(place)
                self._scopes.setdefault(document.scope, []).append(place)
                if document.kind == ORGANISATION:
                    self._roots.setdefault(document.scope, []).append(place)
                self.documents.append(document)

    def covers(self, scope: str) -> bool:
        """Whether this is the scope of an organisation, so that its documents are here."""
        return scope in self._scopes

    def around(self, scope: str, accounts: Iterable[str]) -> list[Document]:
        """What of other scopes concerns these accounts; with all of this one, if that is an organisation's.

        In their order, as the last one counts of several.
        """
        found = {place for account in accounts for place in self._concerning(account)}
        return [self.documents[place] for place in sorted(found.union(self._scopes.get(scope, ())))]

    def _concerning(self, account: str) -> Iterator[int]:
        home = self.homes.get(account, account)
        yield from self._roots.get(home, ())
        target: Any = account
        seen: set[str] = set()
        while isinstance(target, str) and target not in seen:
            seen.add(target)
            nodes = self._places.get((home, TARGET, target), ())
            yield from nodes
            body = self.documents[nodes[-1]].body if nodes else {}
            listed = body.get("Policies")
            for policy in listed if isinstance(listed, list | tuple) else ():
                if isinstance(policy, str):
                    yield from self._places.get((home, POLICY, policy), ())
            target = body.get("Parent")
