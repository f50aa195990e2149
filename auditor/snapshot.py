"""Documents and the coverage ledger: everything an audit needs, so that it can be made later and without credentials.

On disk a snapshot is JSON Lines: a header, one line per visit, document or ledger row, and an end line that counts
them, by which a file cut short is recognised. It is written and read line by line, packed or not (`storage.packing`).
Snapshots merge by putting together what they hold; that of all parts of a collection (`auditor.shards`) is that of the
whole. Version 2 tells when each scope of the plan was read (`auditor.visits`); what tells nothing of that is version 1.
"""

from __future__ import annotations

import enum
import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from sys import intern
from typing import Any, TextIO

from auditor import visits
from auditor.errors import SnapshotError
from auditor.shards import Part, checked
from auditor.storage.packing import unpacked
from auditor.storage.shelf import Document as Document  # noqa: PLC0414 - it belongs to a snapshot, wherever it lies
from auditor.storage.shelf import Shelf
from auditor.visits import Visit

FORMAT = "oidc-trust-auditor snapshot"
VERSION = 2
VERSIONS = (1, 2)
"""All that are read."""

BATCH = 500
"""Lines decoded at once."""


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


def save(snapshot: Snapshot, stream: TextIO) -> None:
    """Write `snapshot` as JSON Lines. Text that is not valid Unicode survives as `\\ud800` escapes."""

    def line(record: Mapping[str, Any]) -> None:
        stream.write(json.dumps(record, separators=(",", ":"), default=str) + "\n")

    visited = bool(snapshot.visits or snapshot.plan)
    header: dict[str, Any] = {"format": FORMAT, "version": VERSION if visited else 1}
    header |= {"started": snapshot.started, "finished": snapshot.finished}
    if visited:
        header["plan"] = snapshot.plan
    if snapshot.parts:
        header["parts"] = [
            {
                "plan": part.plan,
                "index": part.shard.index,
                "count": part.shard.count,
                "providers": list(part.providers),
            }
            for part in snapshot.parts
        ]
    line(header)
    for visit in snapshot.visits:
        line({"visit": visits.written(visit)})
    for doc in snapshot.documents:
        line(
            {
                "document": {
                    "provider": doc.provider,
                    "scope": doc.scope,
                    "kind": doc.kind,
                    "id": doc.id,
                    "body": doc.body,
                }
            }
        )
    for row in snapshot.coverage:
        line(
            {
                "coverage": {
                    "provider": row.provider,
                    "scope": row.scope,
                    "kind": row.kind,
                    "status": row.status.value,
                    "reason": row.reason,
                    "permission": row.permission,
                }
            }
        )
    line({"end": _counts(snapshot, visited=visited)})


def _counts(snapshot: Snapshot, *, visited: bool) -> dict[str, int]:
    """What the end line says."""
    counts = {"documents": len(snapshot.documents), "coverage": len(snapshot.coverage)}
    return {"visits": len(snapshot.visits), **counts} if visited else counts


def load(path: Path) -> Snapshot:
    """Read a snapshot. Raises `SnapshotError`, naming the line, for what is no whole snapshot of a known version."""
    with unpacked(path) as stream, _collector_aside():
        return parsed(path, stream)


@contextmanager
def _collector_aside() -> Iterator[None]:
    """Decoded JSON holds no cycles, and a snapshot stays until the end of an audit.

    So the garbage collector neither runs while one is read, nor ever looks through what was read: either would take
    longer than reading it.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if running:
            gc.enable()


def parsed(path: Path, lines: Iterable[str]) -> Snapshot:
    """What `save` wrote, of which `path` is the name in messages. Raises as `load`."""
    snapshot: Snapshot | None = None
    seen: list[Visit] = []
    shelf = Shelf()
    read = 0
    ended = visited = False
    for number, (record, size) in enumerate(_records(path, lines), 1):
        try:
            if snapshot is None:
                snapshot = replace(_header(path, record), documents=shelf)
                visited = record["version"] > 1
            elif ended:
                raise SnapshotError(f"{path}:{number}: something follows the end line; use `--from` once per snapshot")
            elif "document" in record:
                shelf.append(_document(record["document"]), size)
                read += 1
            elif "coverage" in record:
                snapshot.coverage.append(_coverage(record["coverage"]))
            elif visited and "visit" in record:
                seen.append(visits.read(record["visit"]))
            elif "end" in record:
                snapshot.visits = tuple(seen)
                counts = _counts(snapshot, visited=visited) | {"documents": read}
                if record["end"] != counts:
                    raise SnapshotError(
                        f"{path}: damaged: the end line counts {record['end']}, the file holds {counts}"
                    )
                ended = True
            else:
                raise SnapshotError(f"{path}:{number}: a record of a kind this version does not know")
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f"{path}:{number}: a record of the wrong shape ({error})") from error
    if snapshot is None:
        raise SnapshotError(f"{path}: empty, not a snapshot")
    if not ended:
        raise SnapshotError(f"{path}: cut short: the end line is missing; collect again")
    return snapshot


def _records(path: Path, lines: Iterable[str]) -> Iterator[tuple[Any, int]]:
    """What each line holds, and how long it is.

    Many lines are decoded at once, because the decoder then keeps each name of a field once and not once per line: half
    of the memory that a snapshot would take.
    """
    read = 0
    source = iter(lines)
    while batch := list(islice(source, BATCH)):
        try:
            records = json.loads(f"[{','.join(batch)}]")
        except (ValueError, RecursionError):
            records = []
        if len(records) != len(batch):
            records = (_record(path, number, line) for number, line in enumerate(batch, read + 1))
        yield from zip(records, map(len, batch), strict=True)
        read += len(batch)


def _record(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"{path}:{number}: not JSON; the file is damaged or cut short") from error


def _header(path: Path, record: Any) -> Snapshot:
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise SnapshotError(f"{path}: not a snapshot of this program (`auditor collect -o FILE` writes one)")
    if record.get("version") not in VERSIONS:
        raise SnapshotError(
            f"{path}: snapshot version {record.get('version')!r}; this program reads versions up to {VERSION}. "
            "Collect again, or audit it with the program that wrote it."
        )
    for key in ("started", "finished"):
        if datetime.fromisoformat(record[key]).tzinfo is None:
            raise ValueError(f"{key!r} has no time zone")
    parts = tuple(_part(part) for part in record.get("parts", ()))
    plan = record["plan"] if record["version"] > 1 else ""
    _texts(plan)
    return Snapshot(started=record["started"], finished=record["finished"], parts=parts, plan=plan)


def _part(record: Any) -> Part:
    _texts(record["plan"], *record["providers"])
    return Part(record["plan"], checked(record["index"], record["count"]), tuple(record["providers"]))


def _document(record: Any) -> Document:
    found = Document(**record)
    _texts(found.provider, found.scope, found.kind, found.id)
    found = Document(intern(found.provider), intern(found.scope), intern(found.kind), found.id, found.body)
    if not isinstance(found.body, dict):
        raise TypeError("the body of a document is not an object")
    return found


def _coverage(record: Any) -> Coverage:
    found = Coverage(**{**record, "status": Status(record["status"])})
    _texts(found.provider, found.scope, found.kind, found.reason or "", found.permission or "")
    return found


def _texts(*values: object) -> None:
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} stands where text belongs")
