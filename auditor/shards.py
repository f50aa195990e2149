"""Parts of one large collection, read by several jobs that know nothing of each other.

Which part a scope belongs to is decided by its name alone. So the jobs need not see the same list of scopes, and one
that appears between two of them is read by exactly one of them, or by none yet.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MOST = 10_000
"""More parts than that are a slip of the pen."""

_WRITTEN = re.compile(r"([0-9]{1,5})/([0-9]{1,5})")


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One part of a plan."""

    index: int
    """From 1."""
    count: int

    def holds(self, provider: str, scope: str) -> bool:
        """Whether the scope is read by this part: by exactly one of `count`."""
        digest = hashlib.sha256(f"{provider}\0{scope}".encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


WHOLE = Shard(1, 1)
"""Everything."""


def parse(text: str) -> Shard:
    """The shard written as `2/5`. Raises `ValueError`."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not written as INDEX/COUNT, such as 2/5")
    return checked(int(match[1]), int(match[2]))


def checked(index: object, count: object) -> Shard:
    """The shard of these numbers. Raises `ValueError` when there is none."""
    if type(index) is not int or type(count) is not int or not 1 <= index <= count <= MOST:
        raise ValueError(f"there is no part {index} of {count}")
    return Shard(index, count)


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """What a snapshot is a part of."""

    plan: str
    """Tells one collection from another: parts of one plan were asked for in the same words."""
    shard: Shard
    providers: tuple[str, ...]
    """The clouds that were to be read."""


def plan_of(*said: object) -> str:
    """The name of a plan, from what was asked for."""
    return hashlib.sha256(repr(said).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def missing(parts: Iterable[Part]) -> Iterator[tuple[tuple[str, ...], str]]:
    """(clouds, what is missing of them in words), for each plan of which not all parts are there."""
    found: dict[tuple[str, int], set[int]] = defaultdict(set)
    clouds: dict[tuple[str, int], set[str]] = defaultdict(set)
    for part in parts:
        found[part.plan, part.shard.count].add(part.shard.index)
        clouds[part.plan, part.shard.count].update(part.providers)
    for (plan, count), there in sorted(found.items(), key=lambda item: item[0]):
        absent = [str(index) for index in range(1, count + 1) if index not in there]
        if absent:
            shown = ", ".join(absent[:10]) + (f" and {len(absent) - 10} more" if len(absent) > 10 else "")
            said = f"this is not the whole collection: of its {count} parts (--shard) these are not here: {shown}"
            yield tuple(sorted(clouds[plan, count])), said
