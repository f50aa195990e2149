"""Sequences and mappings of whatever number of objects: in memory while they are few, else in a temporary file.

What is read back from the file is equal to what was added, and not the same object. Nothing here is changed or taken
out again: things are added, and read from the beginning, as often as wanted, also while something is being added; who
reads sees what was there when reading began. Adding and reading may happen in several threads. All of them can be
pickled to other processes of the same machine, and all raise `ScratchError` where the file cannot be written or read.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Generic, TypeVar, overload

from auditor.storage.batches import BATCH, FEW, PIECE, Batches, Growing, Packed, Scale, fitting, in_batches, size_of
from auditor.storage.scratch import pack_any

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LIMIT = 8_000_000
"""Bytes, as pickles, that stay in memory: some 30 MB of objects."""
RUNS = 64
"""So many sorted runs are merged into one."""
DECODED = 4
"""Groups of a mapping that stay at hand."""


class Spool(Growing, Sequence[T]):
    """A sequence to which things are added. Reading it in order is cheap; taking one out of the middle is not."""

    def __init__(self, items: Iterable[T] = (), *, limit: int = LIMIT, few: int = FEW) -> None:
        """So many bytes as pickles stay in memory; how large things are is asked when there are more than a `few`."""
        super().__init__()
        self._limit = limit
        self._fresh: list[T] = []
        """What lies in no file: everything while it is little, later what came last."""
        self._scale = Scale(few)
        self._room = 1
        """So many are gathered, once there is a file, before they are written."""
        self._away: Batches | None = None
        self.extend(items)

    def add(self, item: T) -> None:
        """Add one."""
        with self._lock:
            self._fresh.append(item)
            if self._away is not None:
                if len(self._fresh) >= self._room:
                    self._put_away()
            elif self._scale.weigh(self._fresh, self._limit) > self._limit:
                self._put_away()

    def extend(self, items: Iterable[T]) -> None:
        """Add all of them. What is `Packed` stays so, unless there is little in all."""
        with self._lock:
            if isinstance(items, Packed) and (self._away is not None or size_of(items) > self._limit):
                away = self._put_away()
                for data, count in items.batches:
                    away.append(data, count)
                return
        for item in items:
            self.add(item)

    def __iter__(self) -> Iterator[T]:
        with self._lock:
            fresh, away = self._fresh, self._away
            now = islice(fresh, len(fresh))
            return now if away is None else chain(away.objects(range(len(away.ends))), now)

    def __len__(self) -> int:
        with self._lock:
            return len(self._fresh) + (0 if self._away is None else len(self._away))

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        with self._lock:
            wanted = index + len(self) if index < 0 else index
            if not 0 <= wanted < len(self):
                raise IndexError(index)
            before = 0 if self._away is None else len(self._away)
            if self._away is None or wanted >= before:
                return self._fresh[wanted - before]
            found = bisect_right(self._away.ends, wanted)
            first = self._away.ends[found - 1] if found else 0
            item: T = self._away.batch(found)[wanted - first]
            return item

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spool | list | tuple):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as of a list: it grows

    def __repr__(self) -> str:
        return f"<Spool of {len(self)}>"

    def _put_away(self) -> Batches:
        """Write what is in memory."""
        away = self._away
        if away is None:
            away = Batches()
            for data, count in in_batches(self._fresh, BATCH):
                away.append(data, count)
                self._room = count
        elif self._fresh:
            data, size = pack_any(self._fresh)
            away.append(data, len(self._fresh))
            self._room = fitting(BATCH, len(self._fresh), size)
        self._away, self._fresh = away, []  # a new list: who reads the old one goes on
        return away


@dataclass(slots=True)
class _Level(Generic[T]):
    """Sorted runs in one file."""

    away: Batches = field(default_factory=Batches)
    runs: list[range] = field(default_factory=list)
    """Which batches belong to each."""

    def write(self, items: Iterable[tuple[bytes, int]]) -> None:
        first = len(self.away.ends)
        for data, count in items:
            self.away.append(data, count)
        self.runs.append(range(first, len(self.away.ends)))

    def read(self) -> Iterator[Iterator[T]]:
        return (self.away.objects(run) for run in tuple(self.runs))


class Sorted(Growing, Collection[T]):
    """Things that are added in any order and read in that of a key; those with equal keys as they came."""

    def __init__(
        self, items: Iterable[T] = (), *, key: Callable[[T], Any], limit: int = LIMIT // 2, few: int = FEW
    ) -> None:
        """As a `Spool`; `key` can be pickled if this is to be."""
        super().__init__()
        self._key = key
        self._limit = limit
        self._fresh: list[T] = []
        self._scale = Scale(few)
        self._levels: list[_Level[T]] = []
        """Each holds what came before all that the levels before it hold."""
        self._length = 0
        self.extend(items)

    def add(self, item: T) -> None:
        """Add one."""
        with self._lock:
            self._fresh.append(item)
            self._length += 1
            if self._scale.weigh(self._fresh, self._limit) > self._limit:
                self._put_away()

    def extend(self, items: Iterable[T]) -> None:
        """Add all of them. What is `Packed`, sorted by the same key, stays so, unless there is little in all."""
        with self._lock:
            if isinstance(items, Packed) and items.ascending and (self._levels or size_of(items) > self._limit):
                self._put_away()
                self._write(items.batches)
                self._length += len(items)
                return
        for item in items:
            self.add(item)

    def __iter__(self) -> Iterator[T]:
        with self._lock:
            runs = [run for level in reversed(self._levels) for run in level.read()]
            fresh = sorted(self._fresh, key=self._key)
        return heapq.merge(*runs, fresh, key=self._key) if runs else iter(fresh)

    def __len__(self) -> int:
        return self._length

    def __contains__(self, item: object) -> bool:
        return any(one == item for one in self)

    def __repr__(self) -> str:
        return f"<Sorted of {len(self)}>"

    def _put_away(self) -> None:
        fresh, self._fresh = self._fresh, []
        self._scale.clear()
        if fresh:
            self._write(in_batches(sorted(fresh, key=self._key), PIECE))

    def _write(self, run: Iterable[tuple[bytes, int]]) -> None:
        """Add a run, and make one of all those of a level while they are too many to be read at once."""
        for place in range(len(self._levels) + 1):
            if place == len(self._levels):
                self._levels.append(_Level())
            level = self._levels[place]
            level.write(run)
            if len(level.runs) < RUNS:
                return
            self._levels[place] = _Level()
            run = in_batches(heapq.merge(*level.read(), key=self._key), PIECE)


class SpoolMap(Growing, Mapping[K, V]):
    """A mapping to which groups of entries are added. Asking for keys in about the order in which they came is cheap.

    `room` says where a key is to be looked for: all groups that hold a key of the same room are read until it is found.
    """

    def __init__(self, room: Callable[[K], Hashable], *, limit: int = LIMIT) -> None:
        """`room` can be pickled if this is to be."""
        super().__init__()
        self._room = room
        self._groups: Spool[dict[K, V]] = Spool(limit=limit, few=1)
        self._rooms: dict[Hashable, tuple[int, ...]] = {}
        self._replaced: dict[int, set[K]] = {}
        self._length = 0
        self._decoded: OrderedDict[int, Mapping[K, V]] = OrderedDict()

    def add(self, group: Mapping[K, V]) -> None:
        """Add entries; those of known keys take the place of what was there."""
        with self._lock:
            number = len(self._groups)
            known = [(place, key) for key in group if (place := self._place(key)) is not None]
            for place, key in known:
                self._replaced.setdefault(place, set()).add(key)
            for room in dict.fromkeys(map(self._room, group)):
                self._rooms[room] = (*self._rooms.get(room, ()), number)
            self._groups.add(dict(group))
            self._length += len(group) - len(known)

    def __getitem__(self, key: K) -> V:
        with self._lock:
            place = self._place(key)
            if place is None:
                raise KeyError(key)
            return self._group(place)[key]

    def __iter__(self) -> Iterator[K]:
        with self._lock:
            replaced = {place: frozenset(keys) for place, keys in self._replaced.items()}
            groups = enumerate(iter(self._groups))
        return (key for place, group in groups for key in group if key not in replaced.get(place, ()))

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        return f"<SpoolMap of {len(self)}>"

    def _place(self, key: K) -> int | None:
        """The last group that holds the key."""
        numbers = reversed(self._rooms.get(self._room(key), ()))
        return next((number for number in numbers if key in self._group(number)), None)

    def _group(self, number: int) -> Mapping[K, V]:
        found = self._decoded.get(number)
        if found is None:
            found = self._decoded[number] = self._groups[number]
            if len(self._decoded) > DECODED:
                self._decoded.popitem(last=False)
        self._decoded.move_to_end(number)
        return found
