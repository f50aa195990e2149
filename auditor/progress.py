"""What a long run tells of itself while it goes on. Who feeds it knows no terminal; who shows it knows no cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stage:
    """How far one stage is."""

    what: str
    """In a few words, to follow nothing and be followed by `3 of 500`: `reading projects`."""
    done: int
    total: int
    """How many there are, as far as is known now."""
    throttled: int = 0
    """How often a cloud has said so far that it is asked too much."""


Progress = Callable[[str | Stage], None]
"""Is told what begins, as text, or how far it is. Called often and from any thread: whoever takes it decides when to
show what."""


def counted(what: str, items: Iterable[T], total: int, progress: Progress) -> Iterator[T]:
    """`items`, `total` in number, telling `progress` before each how many are done, and after the last that all are.

    Of nothing nothing is told.
    """
    done = 0
    for item in items:
        progress(Stage(what, done, total))
        yield item
        done += 1
    if total:
        progress(Stage(what, done, total))


def silent(told: str | Stage) -> None:
    """Nobody listens."""
    del told
