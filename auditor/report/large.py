"""What keeps the memory small that it takes to write the report of a large estate."""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Callable, Collection, Iterator
from typing import Any, Generic, TypeVar

from auditor.storage.spool import Sorted

T = TypeVar("T")
R = TypeVar("R")

LIMIT = 4_000_000
"""Bytes, as pickles, that are sorted in memory; what is more is sorted in a temporary file."""

_ID = re.compile("[0-9a-f]{16}")
"""As this program makes them (`stable_id`): a number of 64 bits."""
_FIRST = 64
"""Places to begin with; a power of two."""


def sorting(key: Callable[[T], Any]) -> Sorted[T]:
    """To be filled in any order and read in that of `key`, any number of times; equal ones as they came."""
    return Sorted(key=key, limit=LIMIT)


class Mapped(Collection[R], Generic[T, R]):
    """`function` of every one of `items`, worked out each time they are gone through."""

    def __init__(self, items: Collection[T], function: Callable[[T], R]) -> None:
        self._items = items
        self._function = function

    def __iter__(self) -> Iterator[R]:
        return map(self._function, self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, one: object) -> bool:
        return any(one == other for other in self)


class Seen:
    """A set of texts that only grows. 12 to 24 bytes for each; a `set` of them needs about 120.

    Texts other than ids go by a hash of 64 bits: that two of a million share one happens once in 30 million times.
    """

    __slots__ = ("_free", "_places", "_zero")

    def __init__(self) -> None:
        self._places = array("Q", bytes(8 * _FIRST))
        self._free = _FIRST * 2 // 3
        self._zero = False

    def add(self, text: str) -> bool:
        """Whether it is new."""
        number = _number(text)
        if not number:
            new, self._zero = not self._zero, True
            return new
        place = self._place(number)
        if self._places[place]:
            return False
        self._places[place] = number
        self._free -= 1
        if not self._free:
            self._grow()
        return True

    def __contains__(self, text: str) -> bool:
        number = _number(text)
        return self._places[self._place(number)] != 0 if number else self._zero

    def _place(self, number: int) -> int:
        """Where it is, or would be."""
        last = len(self._places) - 1
        place = number & last
        while (found := self._places[place]) and found != number:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        numbers = self._places
        self._places = array("Q", bytes(16 * len(numbers)))
        self._free = len(self._places) * 2 // 3
        for number in numbers:
            if number:
                self._places[self._place(number)] = number
                self._free -= 1


def _number(text: str) -> int:
    if _ID.fullmatch(text):
        return int(text, 16)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
