"""Who is in which group, where Cloud Identity said so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from auditor.snapshot import Document

_GROUP: Final = "group:"
_SINGLE: Final = frozenset(("USER", "SERVICE_ACCOUNT", "SHARED_DRIVE", "CBCM_BROWSER"))
"""Types of members that nobody else is in (Cloud Identity API v1, Membership)."""


class Groups:
    """The groups of a collection by address in lower case, each with its raw document."""

    def __init__(self, bodies: Mapping[str, Any]) -> None:
        self._bodies = bodies
        self._closed: dict[str, tuple[frozenset[str], bool]] = {}

    def holds(self, group: str, address: str) -> bool | None:
        """Whether an address is in `group`, written `group:ADDRESS`; None where that is not known."""
        name = group.removeprefix(_GROUP).lower()
        if name not in self._closed:
            self._closed[name] = self._close(name)
        inside, whole = self._closed[name]
        return True if address.lower() in inside else False if whole else None

    def _close(self, name: str) -> tuple[frozenset[str], bool]:
        """Everybody in a group, groups within it included, and whether these are all."""
        found: set[str] = set()
        seen: set[str] = set()
        row = [name]
        whole = True
        while row:
            group = row.pop()
            if group in seen:
                continue
            seen.add(group)
            members = _members(self._bodies.get(group))
            if members is None:
                whole = False
                continue
            for address, alone in members:
                if alone:
                    found.add(address)
                else:
                    row.append(address)
        return frozenset(found), whole


def groups_of(documents: Iterable[Document]) -> Groups:
    """The groups of documents of kind `group`. Never raises for what they hold."""
    return Groups({document.id.lower(): document.body for document in documents})


def _members(body: Any) -> list[tuple[str, bool]] | None:
    """(address, whether it is no group) of each member; None where a document is missing or not understood."""
    listed = body.get("memberships") if isinstance(body, Mapping) else None
    if not isinstance(listed, list | tuple):
        return None
    found = []
    for membership in listed:
        key = membership.get("preferredMemberKey") if isinstance(membership, Mapping) else None
        address = key.get("id") if isinstance(key, Mapping) else None
        if not isinstance(address, str):
            return None
        kind = membership.get("type")
        alone = (isinstance(kind, str) and kind in _SINGLE) or address.lower().endswith(".gserviceaccount.com")
        found.append((address.lower(), alone))
    return found
