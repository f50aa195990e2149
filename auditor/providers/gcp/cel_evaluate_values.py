"""Values of CEL as the concrete evaluator handles them: types, equality, order. Part of the concrete evaluator.

Whether Google holds the whole numbers of a JSON token as int or as double is not known: they are a type of their own,
and what depends on it is not decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.providers.gcp.cel_syntax import Uint

EXACT = 1 << 53
"""Beyond it a double no longer holds every whole number."""

DEEPEST = 64
"""Levels of a token that are looked into."""


@dataclass(frozen=True, slots=True)
class CelError:
    """The expression has no value: as a condition it rejects."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """What the expression comes to is not known."""

    reason: str


@dataclass(frozen=True, slots=True)
class JsonNumber:
    """A whole number of the token."""

    number: int


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as a value."""

    name: str


class CelMap:
    """A map; what is under a key may be `Unsure`."""

    __slots__ = ("entries", "texts")

    def __init__(self, entries: Iterable[tuple[Value, Outcome]]) -> None:
        self.entries = tuple(entries)
        self.texts = {key: value for key, value in self.entries if isinstance(key, str)}

    def get(self, key: Value) -> Outcome | None:
        """What is under `key`; `CelError` where there is nothing (a value may be null)."""
        if isinstance(key, str):
            return self.texts.get(key, NO_SUCH_KEY)
        return next((value for own, value in self.entries if same(own, key)), NO_SUCH_KEY)


Value = (
    None | bool | int | float | str | bytes | Uint | JsonNumber | TypeName | datetime | CelMap | tuple["Outcome", ...]
)
Outcome = Value | CelError | Unsure

NO_SUCH_KEY = CelError("no such key")
NO_OVERLOAD = CelError("no such overload")


def from_json(value: Any, depth: int = 0) -> Outcome:
    """A JSON value as CEL sees it. Raises TypeError for what is none."""
    if depth > DEEPEST:
        return Unsure("a token that is nested too deeply")
    match value:
        case str():
            halves = not value.isascii() and any(0xD800 <= ord(char) < 0xE000 for char in value)
            return Unsure("half of a surrogate pair") if halves else value
        case None | bool() | float() | datetime():
            return value
        case int():
            return JsonNumber(value) if abs(value) <= EXACT else Unsure("a number that a double does not hold")
        case list() | tuple():
            return tuple(from_json(element, depth + 1) for element in value)
        case Mapping():
            return CelMap((str(key), from_json(inner, depth + 1)) for key, inner in value.items())
        case _:
            raise TypeError(f"no JSON value is a {type(value).__name__}")


def number_of(value: Outcome) -> int | float | None:
    """The number, whatever numeric type it has; None for everything else."""
    match value:
        case bool():
            return None
        case int() | float():
            return value
        case Uint(number) | JsonNumber(number):
            return number
        case _:
            return None


def same(one: Outcome, other: Outcome) -> bool | None:
    """Whether two values are equal: across numeric types, never across others; None where that is not known."""
    if isinstance(one, Unsure) or isinstance(other, Unsure):
        return None
    left, right = number_of(one), number_of(other)
    if left is not None and right is not None:
        return left == right
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and every(map(same, one, other))
    if isinstance(one, CelMap) and isinstance(other, CelMap):
        if len(one.entries) != len(other.entries):
            return False
        found = [(value, other.get(key)) for key, value in one.entries]
        return every(False if theirs is NO_SUCH_KEY else same(value, theirs) for value, theirs in found)
    return type(one) is type(other) and one == other


def every(results: Iterable[bool | None]) -> bool | None:
    """False if any is, else None if any is."""
    verdict: bool | None = True
    for result in results:
        if result is False:
            return False
        if result is None:
            verdict = None
    return verdict


def ordered(one: Value, other: Value) -> tuple[Any, Any] | None:
    """Two values in a form that Python orders as CEL does; None where CEL does not order them."""
    left, right = number_of(one), number_of(other)
    if left is not None and right is not None:
        return left, right
    alike = type(one) is type(other) and isinstance(one, str | bytes | bool | datetime)
    return (one, other) if alike else None
