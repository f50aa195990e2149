"""The documents of an estate, in memory while they are few, in a temporary file when they are many.

They lie by scope, because that is how they are judged: the documents of one scope are at hand at once, those of all
scopes pass by one after the other, and what is in memory is bounded by the largest scope, not by their number.
"""

from __future__ import annotations

import marshal
import threading
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, groupby
from sys import intern
from typing import Any, NamedTuple, overload

from auditor.storage.scratch import Extent, Scratch, pack, unpack

LIMIT = 16_000_000
"""Bytes of documents, as text, that stay in memory: some 60 MB of objects."""
GATHERED = 8_000_000
"""Bytes that are gathered before they are written, once there is a file and scopes come mixed."""
BATCH = 500_000
"""Bytes of one scope that are written at once."""
ENOUGH = 50_000
"""So many bytes of one scope are written when another begins, which in a snapshot's own order is its end. Soon, because
what was just decoded is quick to pack."""
UNKNOWN_SIZE = 4_000
"""What is assumed of a document whose size cannot be told easily."""


@dataclass(frozen=True, slots=True)
class Document:
    """One API document as the cloud returned it."""

    provider: str
    scope: str
    kind: str
    id: str
    body: Mapping[str, Any]


Place = tuple[str, str]
"""Provider and scope."""
Key = tuple[str, str]
"""Of a document within its scope: kind and id."""


class _Fresh(NamedTuple):
    """A document that was not put away yet."""

    document: Document
    size: int
    rank: str


@dataclass(frozen=True, slots=True)
class _Batch:
    """Documents of one scope that were put away together."""

    held: Extent | tuple[Document, ...]
    """Where they lie; they themselves if they are nested too deeply to be written."""
    kinds: frozenset[str]
    rank: str


@dataclass(slots=True)
class _Scope:
    """What there is of one scope, in the order in which it came: first the batches."""

    batches: list[_Batch] = field(default_factory=list)
    fresh: list[_Fresh] = field(default_factory=list)
    size: int = 0
    """Of what is fresh."""
    last: Key | None = None
    count: int | None = 0
    """How many there are. None when one came before or with the key of another, so that somebody must look."""


class Shelf(Sequence[Document]):
    """Documents in the order of provider, scope, kind and id; of several with the same, the one that came last.

    Can be filled in any order, and read again and again, by several threads and, pickled, by other processes of the
    same machine; what comes from the file is made anew every time. Raises `ScratchError` where the file cannot be read,
    or cannot be written, after which it is of no use.
    """

    def __init__(self, documents: Iterable[Document] = (), *, limit: int = LIMIT, gathered: int = GATHERED) -> None:
        """So many bytes stay in memory, or, if there are more, wait for being written."""
        self._scopes: dict[Place, _Scope] = {}
        self._dirty: dict[Place, _Scope] = {}
        """Those that have something in memory."""
        self._latest: Place | None = None
        self._order: list[Place] | None = None
        self._kinds: dict[frozenset[str], frozenset[str]] = {}
        self._limit = limit
        self._gathered = min(gathered, limit)
        self._size = 0
        """Of what is in memory."""
        self._file: Scratch | None = None
        self._lock = threading.RLock()
        self.extend(documents)

    def append(self, document: Document, size: int | None = None, rank: str = "") -> None:
        """Add one, of about `size` bytes as text. Of several with its key the last of the highest rank counts."""
        added = _size(document.body) if size is None else size
        with self._lock:
            place = (document.provider, document.scope)
            found = self._dirty.get(place)
            if found is None:
                found = self._dirty[place] = self._scope(place)
            key = (document.kind, document.id)
            if found.count is not None and (found.last is None or found.last < key):
                found.last = key
                found.count += 1
            else:
                found.count = None
            found.fresh.append(_Fresh(document, added, rank))
            found.size += added
            self._size += added
            if self._size > self._limit:
                self._put_away()
            elif self._file is not None:
                if found.size >= BATCH:
                    self._write(self._file, place)
                if place != self._latest and self._latest in self._dirty and self._dirty[self._latest].size >= ENOUGH:
                    self._write(self._file, self._latest)
            self._latest = place

    def extend(self, documents: Iterable[Document]) -> None:
        """Add all of them."""
        for document in documents:
            self.append(document)

    def take(self, documents: Iterable[Document], rank: str) -> None:
        """Add all of them with one rank."""
        for document in documents:
            self.append(document, rank=rank)

    def scopes(self, provider: str) -> Sequence[str]:
        """The scopes of which there are documents, sorted."""
        return [scope for name, scope in self._places() if name == provider]

    @property
    def providers(self) -> frozenset[str]:
        """Every provider of which there are documents."""
        return frozenset(provider for provider, _ in self._places())

    def within(self, provider: str, scope: str) -> list[Document]:
        """The documents of one scope, in order."""
        return list(self._read((provider, scope)))

    def of(self, provider: str | None, kinds: Collection[str]) -> Iterator[Document]:
        """The documents of some kinds, in order; of all providers if None is named. Reads little else."""
        wanted = frozenset(kinds)
        for place in self._places():
            if provider is None or place[0] == provider:
                yield from self._read(place, wanted)

    def __iter__(self) -> Iterator[Document]:
        for place in self._places():
            yield from self._read(place)

    def __len__(self) -> int:
        return sum(self._count(place) for place in self._places())

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> list[Document]: ...
    def __getitem__(self, index: int | slice) -> Document | list[Document]:
        """For a look at a few: reads the whole scope of each."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        places = self._places()
        ends = list(accumulate(self._count(place) for place in places))
        total = ends[-1] if ends else 0
        wanted = index + total if index < 0 else index
        if not 0 <= wanted < total:
            raise IndexError(index)
        found = bisect_right(ends, wanted)
        return self.within(*places[found])[wanted - (ends[found - 1] if found else 0)]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Shelf | list | tuple):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as of a list: it grows

    def __repr__(self) -> str:
        return f"<Shelf of {len(self)} documents in {len(self._scopes)} scopes>"

    def close(self) -> None:
        """Forget everything and give the room back, sooner than when nobody has this any longer."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._scopes, self._dirty, self._order, self._size, self._file = {}, {}, None, 0, None

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            if self._file is not None:
                self._put_away()
            kept = {name: value for name, value in self.__dict__.items() if name not in {"_lock", "_dirty", "_scopes"}}
            if self._file is not None:
                return {**kept, "_scopes": self._scopes}
            # In batches even so: pickles cannot be nested as deeply as documents are.
            return {**kept, "_scopes": {place: _folded(found) for place, found in self._scopes.items()}}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()
        self._dirty = {}
        if self._file is None:
            self._scopes = {place: _unfolded(place, given) for place, given in state["_scopes"].items()}
            self._dirty.update(self._scopes)

    def _scope(self, place: Place) -> _Scope:
        found = self._scopes.get(place)
        if found is None:
            found = self._scopes[intern(place[0]), intern(place[1])] = _Scope()
            self._order = None
        return found

    def _places(self) -> list[Place]:
        with self._lock:
            if self._order is None:
                self._order = sorted(self._scopes)
            return self._order

    def _count(self, place: Place) -> int:
        found = self._scopes[place]
        if found.count is None:
            return sum(1 for _ in self._read(place))
        return found.count

    def _read(self, place: Place, kinds: frozenset[str] | None = None) -> Iterator[Document]:
        with self._lock:
            found = self._scopes.get(place)
            if found is None:
                return
            batches, fresh, settled, file = list(found.batches), list(found.fresh), found.count is not None, self._file
        if kinds is not None:
            batches = [batch for batch in batches if not kinds.isdisjoint(batch.kinds)]
        put_away = ((batch.rank, _documents(place, batch, file)) for batch in batches)
        loose = ((rank, [one.document for one in ones]) for rank, ones in groupby(fresh, key=lambda one: one.rank))
        pieces: Iterable[tuple[str, Iterable[Document]]] = chain(put_away, loose)
        if not settled:
            pieces = sorted(pieces, key=lambda piece: piece[0])
        every: Iterator[Document] = chain.from_iterable(documents for _, documents in pieces)
        if kinds is not None:
            every = (document for document in every if document.kind in kinds)
        if settled:
            yield from every
        else:
            last = {(document.kind, document.id): document for document in every}
            yield from (last[key] for key in sorted(last))

    def _put_away(self) -> None:
        """Write what is in memory."""
        file = self._file
        if file is None:
            file = self._file = Scratch()
        for place in list(self._dirty):
            self._write(file, place)
        self._limit = self._gathered

    def _write(self, file: Scratch, place: Place) -> None:
        found = self._dirty.pop(place)
        found.batches += [self._batch(file, documents, rank) for documents, rank in _divided(found.fresh)]
        self._size -= found.size
        found.fresh, found.size = [], 0

    def _batch(self, file: Scratch, documents: Sequence[Document], rank: str) -> _Batch:
        kinds = frozenset(document.kind for document in documents)
        kinds = self._kinds.setdefault(kinds, kinds)
        held = _packed(documents)
        return _Batch(file.write(held) if isinstance(held, bytes) else held, kinds, rank)


def of_kinds(documents: Iterable[Document], kinds: Collection[str]) -> Iterator[Document]:
    """Those of some kinds, in the order in which they lie there."""
    if isinstance(documents, Shelf):
        return documents.of(None, kinds)
    return (document for document in documents if document.kind in kinds)


def _divided(fresh: Iterable[_Fresh]) -> Iterator[tuple[list[Document], str]]:
    """Batches of one rank each, of bounded size."""
    for rank, entries in groupby(fresh, key=lambda entry: entry.rank):
        documents: list[Document] = []
        gathered = 0
        for entry in entries:
            documents.append(entry.document)
            gathered += entry.size
            if gathered >= BATCH:
                yield documents, rank
                documents, gathered = [], 0
        if documents:
            yield documents, rank


def _packed(documents: Iterable[Document]) -> bytes | tuple[Document, ...]:
    try:
        return pack([(document.kind, document.id, document.body) for document in documents])
    except RecursionError:
        return tuple(documents)


def _unpacked(place: Place, held: bytes | tuple[Document, ...]) -> Iterable[Document]:
    if isinstance(held, tuple):
        return held
    return (Document(*place, kind, ident, body) for kind, ident, body in unpack(held))


def _documents(place: Place, batch: _Batch, file: Scratch | None) -> Iterator[Document]:
    """What the batch holds, read when the first of it is asked for."""
    if isinstance(batch.held, Extent) and file is not None:
        yield from _unpacked(place, file.read(batch.held))
    elif isinstance(batch.held, tuple):
        yield from batch.held


_Folded = tuple[list[tuple[bytes | tuple[Document, ...], str]], Key | None, int | None]
"""A scope that lies in memory, for another process."""


def _folded(found: _Scope) -> _Folded:
    return [(_packed(documents), rank) for documents, rank in _divided(found.fresh)], found.last, found.count


def _unfolded(place: Place, given: _Folded) -> _Scope:
    pieces, last, count = given
    fresh = [_Fresh(one, _size(one.body), rank) for held, rank in pieces for one in _unpacked(place, held)]
    return _Scope(fresh=fresh, size=sum(one.size for one in fresh), last=last, count=count)


def _size(body: Any) -> int:
    try:
        return len(marshal.dumps(body))
    except ValueError:  # other than plain types, or nested too deeply
        return UNKNOWN_SIZE
