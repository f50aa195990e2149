"""What people call the places a cloud is made of: `subscription Production` rather than a number of 36 digits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from auditor.snapshot import Coverage
from auditor.storage.shelf import Document, Shelf

NAMED = ("folder", "organization", "subscription", "tenant", "management-group")
"""Kinds of documents about scopes that go by a number and have a name. Projects go by a name anyway."""

_PREFIXES: Mapping[str, str] = {
    "folders": "folder",
    "organizations": "organization",
    "projects": "project",
    "subscriptions": "subscription",
    "tenants": "tenant",
    "managementGroups": "management group",
}
_BARE: Mapping[str, str] = {"aws": "account", "gcp": "project"}
"""Provider → what a scope without a prefix is there."""
BEGINNING = 8
"""Characters of an id that tell two of one name apart."""


class Scopes:
    """The names of the scopes of one report."""

    def __init__(self, documents: Iterable[Document]) -> None:
        # Of what lies on disk only these are read.
        found = documents.of(None, NAMED) if isinstance(documents, Shelf) else documents
        names = {(doc.provider, doc.id): _name(doc) for doc in found if doc.kind in NAMED}
        self._names = {key: name for key, name in names.items() if name}
        self._used = Counter((provider, kind(provider, scope), name) for (provider, scope), name in self._names.items())

    def __call__(self, provider: str, scope: str) -> str:
        """`organization example.com`; the scope itself where nothing better is known. Not yet made visible."""
        name = self._names.get((provider, scope))
        if name is None:
            return scope
        what = kind(provider, scope)
        alone = self._used[provider, what, name] == 1
        beginning = "" if alone else f" ({scope.rpartition('/')[2][:BEGINNING]})"
        return f"{what} {name}{beginning}"


def kind(provider: str, scope: str) -> str:
    """`project`, `subscription`, …; `scope` where that is not known, nothing for what has none."""
    prefix, slash, _ = scope.partition("/")
    if slash:
        return _PREFIXES.get(prefix, "scope")
    if provider == "aws" and scope.startswith("o-"):
        return "organization"
    return "" if scope in {"", "-"} else _BARE.get(provider, "scope")


def where(row: Coverage, scopes: Scopes) -> str:
    """Cloud and scope of a ledger row, in one text."""
    return f"{row.provider} {scopes(row.provider, row.scope)}"


def _name(doc: Document) -> str | None:
    name = doc.body.get("displayName")
    if name is None and isinstance(doc.body.get("properties"), Mapping):
        name = doc.body["properties"].get("displayName")
    return name if isinstance(name, str) and name.strip() else None
