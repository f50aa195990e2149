"""What every language of texts can do: be walked one character at a time, which is all the solver needs.

Texts are sequences of UTF-16 code units, because that is how IAM was observed to count what `?` matches: every
constructor splits a character outside the basic plane into its two surrogates.
"""

from __future__ import annotations

from typing import Any, Protocol

State = int | str | tuple[Any, ...] | None
"""A state of a language's automaton: opaque to callers, hashable, small. None is the state nothing leads out of."""


def units(text: str) -> str:
    """`text` as UTF-16 code units; the identity for text within the basic plane."""
    if text.isascii() or all(ord(char) < 0x10000 for char in text):
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(raw[i] | raw[i + 1] << 8) for i in range(0, len(raw), 2))


def readable(text: str) -> str:
    """The inverse of `units`: surrogate pairs become the characters they encode."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_ASCII_LOWER = {ord(upper): ord(upper.lower()) for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def ascii_lower(text: str) -> str:
    """`text` with its ASCII letters in lower case and everything else left alone."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


def other_cases(char: str) -> frozenset[str]:
    """`char` and its other ASCII case; beyond ASCII only itself: what folds there differs by platform."""
    if char.isascii() and char.isalpha():
        return frozenset((char.lower(), char.upper()))
    return frozenset((char,))


class Language(Protocol):
    """A regular set of strings, walked one character at a time from `start`."""

    @property
    def start(self) -> State: ...

    def __hash__(self) -> int: ...

    def step(self, state: State, char: str, /) -> State: ...

    def accepts(self, state: State, /) -> bool: ...

    def matches(self, text: str, /) -> bool: ...

    @property
    def letters(self) -> frozenset[str]:
        """The characters the language tells apart; all others are alike to it."""
        ...

    @property
    def order(self) -> str:
        """A text that two languages share only if they are equal: sorts sets of them the same way in every process."""
        ...

    @property
    def literal(self) -> str | None:
        """The one string of the language, when the language is a single string."""
        ...
