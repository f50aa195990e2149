"""What spools are made of: batches of pickles, one after the other in a temporary file."""

from __future__ import annotations

import pickle
import threading
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TypeVar

from auditor.storage.scratch import Extent, Scratch, pack_any, unpack

T = TypeVar("T")

BATCH = 128_000
"""Bytes, as pickles, that are packed together in a sequence: what an iteration holds of it."""
PIECE = 32_000
"""The same for each of the sorted runs, of which many are read at once."""
MOST = 4096
"""Objects in a batch."""
FEW = 128
"""Objects of which nobody asks how large they are, and among which that is asked once."""
SAMPLE = 16
"""One in so many is measured."""


@dataclass(frozen=True, slots=True)
class Packed(Collection[T]):
    """Objects as they will lie in a file: what a worker hands back, to be added without being unpacked on the way."""

    batches: tuple[tuple[bytes, int], ...]
    """Each with the number of objects in it."""
    ascending: bool
    """Whether they were sorted."""

    def __len__(self) -> int:
        return sum(count for _, count in self.batches)

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(unpack(data) for data, _ in self.batches)

    def __contains__(self, item: object) -> bool:
        return any(one == item for one in self)


def packed(items: Iterable[T], *, key: Callable[[T], Any] | None = None) -> Packed[T]:
    """`items` for `Spool.extend`; with a `key` sorted by it, for `Sorted.extend`."""
    if key is None:
        return Packed(tuple(in_batches(items, BATCH)), ascending=False)
    return Packed(tuple(in_batches(sorted(items, key=key), PIECE)), ascending=True)


class Growing:
    """What can be added to by one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()


class Batches:
    """Batches one after the other in a file."""

    def __init__(self) -> None:
        self.file = Scratch()
        self.starts = array("Q")
        self.sizes = array("L")
        self.ends = array("Q")
        """How many objects lie in each batch and before it."""

    def append(self, data: bytes, count: int) -> None:
        extent = self.file.write(data)
        self.starts.append(extent.offset)
        self.sizes.append(extent.size)
        self.ends.append(count + len(self))

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def objects(self, places: Iterable[int]) -> Iterator[Any]:
        return chain.from_iterable(map(self.batch, places))

    def batch(self, place: int) -> Any:
        return unpack(self.file.read(Extent(self.starts[place], self.sizes[place])))


@dataclass(slots=True)
class Scale:
    """How many bytes objects would take as pickles: a guess from a sample, which costs little."""

    step: int
    """How many are added until it looks again: fewer if they are large."""
    weighed: int = 0
    bytes: int = 0

    def weigh(self, items: Sequence[object], limit: int) -> int:
        """About the bytes of all of them, but for the last few."""
        added = len(items) - self.weighed
        if added >= self.step:
            sample = items[self.weighed :: SAMPLE]
            size = sum(len(pickle.dumps(item, pickle.HIGHEST_PROTOCOL)) for item in sample)
            self.bytes += size * added // len(sample)
            self.weighed = len(items)
            self.step = min(max(limit * len(sample) // size // 8, 1), FEW)
        return self.bytes

    def clear(self) -> None:
        """Begin anew with others of their kind."""
        self.weighed = self.bytes = 0


def size_of(items: Packed[Any]) -> int:
    return sum(len(data) for data, _ in items.batches)


def in_batches(items: Iterable[T], goal: int) -> Iterator[tuple[bytes, int]]:
    """Batches of about `goal` bytes before they are packed, each with the number of objects in it."""
    source = iter(items)
    wanted = SAMPLE
    while batch := list(islice(source, wanted)):
        data, size = pack_any(batch)
        yield data, len(batch)
        wanted = min(fitting(goal, len(batch), size), 2 * wanted)


def fitting(goal: int, count: int, size: int) -> int:
    """How many make `goal` bytes, if so many make `size`."""
    return min(max(goal * count // size, 1), MOST)
