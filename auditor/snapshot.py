"""Documents and the coverage ledger: everything an audit needs, so that it can be made later and without credentials.

Snapshots merge by putting together what they hold; that of all parts of a collection (`auditor.shards`) is that of the
whole. How one lies in a file, `auditor.snapshot_file` knows.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from auditor.errors import SnapshotError
from auditor.shards import Part
from auditor.storage.shelf import Document as Document  # noqa: PLC0414 - it belongs to a snapshot, wherever it lies
from auditor.storage.shelf import Shelf
from auditor.visits import Visit


class Status(enum.StrEnum):
    """What became of one kind of document in one scope."""

    READ = "read"
    DENIED = "denied"
    FAILED = "failed"
    SKIPPED = "skipped"


GOOD = frozenset({Status.READ, Status.SKIPPED})
"""What leaves no gap."""


@dataclass(frozen=True, slots=True, order=True)
class Coverage:
    """One row of the ledger: was this kind of document read in this scope, and if not, why not."""

    provider: str
    scope: str
    kind: str
    """The kind of document, e.g. `iam-role`; with an id after a space when only one document is meant."""
    status: Status
    reason: str | None = None
    permission: str | None = None
    """The permission that was missing, as the cloud writes it."""


@dataclass(frozen=True, slots=True)
class _Index:
    """What a snapshot holds in memory, by provider and scope."""

    lengths: tuple[int, int]
    documents: dict[tuple[str, str], list[Document]] = field(default_factory=dict)
    coverage: dict[tuple[str, str], list[Coverage]] = field(default_factory=dict)


@dataclass(slots=True, weakref_slot=True)
class Snapshot:
    """What was collected, when, and what could not be."""

    started: str
    """RFC 3339, UTC."""
    finished: str
    documents: Sequence[Document] = field(default_factory=list)
    """A list; of what was loaded from a file a `Shelf`, which need not lie in memory and is always in order."""
    coverage: list[Coverage] = field(default_factory=list)
    parts: tuple[Part, ...] = ()
    """The parts of collections that this is made of; empty for what was collected as a whole."""
    visits: tuple[Visit, ...] = ()
    """When each scope of the plan was read; empty where nobody noted it."""
    plan: str = ""
    """Tells one collection from another, as far as one may take over what another read; empty where nobody noted it."""
    _index: _Index | None = field(default=None, init=False, repr=False, compare=False)

    def of(self, provider: str, kind: str) -> Iterator[Document]:
        """The documents of one kind, in the order in which they lie there."""
        if isinstance(self.documents, Shelf):
            return self.documents.of(provider, (kind,))
        return (doc for doc in self.documents if doc.provider == provider and doc.kind == kind)

    def scopes(self, provider: str) -> Sequence[str]:
        """Every scope the snapshot has a document or a ledger row of, sorted."""
        index = self._indexed()
        named = {scope for name, scope in (*index.documents, *index.coverage) if name == provider}
        if isinstance(self.documents, Shelf):
            named.update(self.documents.scopes(provider))
        return sorted(named)

    def within(self, provider: str, scope: str) -> Snapshot:
        """The documents and ledger rows of one scope, in memory; as old as the whole."""
        index = self._indexed()
        place = (provider, scope)
        shelf = self.documents
        documents = shelf.within(provider, scope) if isinstance(shelf, Shelf) else index.documents.get(place, ())
        return Snapshot(self.started, self.finished, list(documents), list(index.coverage.get(place, ())))

    def only(self, provider: str) -> Snapshot:
        """The documents and ledger rows of one provider, in memory; as old as the whole."""
        shelf = self.documents
        if isinstance(shelf, Shelf):
            documents = [document for scope in shelf.scopes(provider) for document in shelf.within(provider, scope)]
        else:
            documents = [document for document in shelf if document.provider == provider]
        rows = [row for row in self.coverage if row.provider == provider]
        return Snapshot(self.started, self.finished, documents, rows)

    @property
    def ended(self) -> datetime:
        """The moment that an audit speaks of: the end of the collection. Raises `SnapshotError`."""
        try:
            end = datetime.fromisoformat(self.finished)
        except (TypeError, ValueError) as error:
            raise SnapshotError(f"the snapshot says it was finished at {self.finished!r}, which is no time") from error
        if end.tzinfo is None:
            raise SnapshotError(f"the snapshot says it was finished at {self.finished!r}, without a time zone")
        return end

    def _indexed(self) -> _Index:
        """Made once, and again if something was added since."""
        documents = () if isinstance(self.documents, Shelf) else self.documents
        lengths = (len(documents), len(self.coverage))
        if self._index is None or self._index.lengths != lengths:
            self._index = _Index(lengths)
            for row in self.coverage:
                self._index.coverage.setdefault((row.provider, row.scope), []).append(row)
            for doc in documents:
                self._index.documents.setdefault((doc.provider, doc.scope), []).append(doc)
        return self._index

    @property
    def providers(self) -> frozenset[str]:
        """Every provider the snapshot has a document or a ledger row of, or is a part of."""
        shelf = self.documents
        return frozenset().union(
            shelf.providers if isinstance(shelf, Shelf) else (doc.provider for doc in shelf),
            (row.provider for row in self.coverage),
            *(part.providers for part in self.parts),
        )

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was read."""
        return all(row.status in GOOD for row in self.coverage)


def nothing() -> Snapshot:
    """That nothing was to be read, as of now."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return Snapshot(now, now)


def merge(snapshots: Iterable[Snapshot]) -> Snapshot:
    """All documents and ledger rows of `snapshots`, each once; of a document that several hold, the one collected last.

    They are taken one by one: where one of them lies on a `Shelf`, what is merged does, and none need stay in memory.
    Raises `SnapshotError` when there is no snapshot.
    """
    given: list[Snapshot] = []
    shelf: Shelf | None = None
    for one in snapshots:
        if shelf is None and given and any(isinstance(each.documents, Shelf) for each in (given[-1], one)):
            shelf = Shelf()
            for former in given:
                shelf.take(former.documents, former.finished)
            given = [replace(former, documents=()) for former in given]
        if shelf is not None:
            shelf.take(one.documents, one.finished)
        given.append(one if shelf is None else replace(one, documents=()))
        del one  # else it would stay until the next one is there
    if not given:
        raise SnapshotError("there is no snapshot to audit")
    if len(given) == 1 and isinstance(given[0].documents, Shelf):
        shelf = given[0].documents
    given.sort(key=lambda one: one.finished)
    held = given if shelf is None else ()
    known = {(doc.provider, doc.scope, doc.kind, doc.id): doc for one in held for doc in one.documents}
    return Snapshot(
        started=min(one.started for one in given),
        finished=max(one.finished for one in given),
        documents=list(known.values()) if shelf is None else shelf,
        coverage=list(dict.fromkeys(row for one in given for row in one.coverage)),
        parts=tuple(sorted({part for one in given for part in one.parts})),
        visits=tuple(sorted({visit for one in given for visit in one.visits})),
        plan=given[0].plan if len({one.plan for one in given}) == 1 else "",
    )


def ordered(snapshot: Snapshot) -> Snapshot:
    """The same in an order of its own, so that it does not show how the collection was divided."""
    documents = snapshot.documents
    if not isinstance(documents, Shelf):
        documents = sorted(documents, key=lambda doc: (doc.provider, doc.scope, doc.kind, doc.id))
    return replace(snapshot, documents=documents, coverage=sorted(snapshot.coverage, key=_row_order))


def _row_order(row: Coverage) -> tuple[Any, ...]:
    """No two rows are alike in this: nothing there comes before an empty text."""
    told = ((text is not None, text or "") for text in (row.permission, row.reason))
    return (row.provider, row.scope, row.kind, row.status, *told)
