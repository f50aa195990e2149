"""Languages of strings: what a trust policy compares the text of a claim with.

Two languages exist, both immutable and hashable: `Pattern` (literal characters, "any one character", "any run of
characters") and `ValueSet` (a finite set of whole values). Both can be walked one character at a time, which is all
the solver needs to intersect and complement them.

Strings are sequences of UTF-16 code units, because that is how IAM was observed to count what `?` matches:
every constructor splits a character outside the basic plane into its two surrogates.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol

State = int | str | None
"""A state of a language's automaton. Opaque to callers, hashable, small."""


class Wild(enum.Enum):
    """A token of a pattern that stands for more than itself."""

    ANY_CHAR = "?"
    STAR = "*"

    def __repr__(self) -> str:
        return self.value


Token = str | Wild
"""One UTF-16 code unit, or a wildcard."""


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


class Pattern:
    """A sequence of literal characters and wildcards, matched against the whole of a string.

    `ignore_case` folds ASCII only. `encoded` says that the pattern is about the *encoded* form of a value, in which
    every `:` is written `%3A` (GitHub's subjects): the value itself is what gets matched.
    """

    __slots__ = (
        "_any",
        "_hash",
        "_masks",
        "_stars",
        "encoded",
        "ignore_case",
        "lead",
        "letters",
        "literal",
        "order",
        "tail",
        "tokens",
    )

    tokens: tuple[Token, ...]
    ignore_case: bool
    encoded: bool
    letters: frozenset[str]
    lead: str
    """The characters in front of the first wildcard."""
    tail: str
    """The characters behind the last wildcard."""
    literal: str | None
    order: str

    def __init__(self, tokens: Iterable[Token], *, ignore_case: bool = False, encoded: bool = False) -> None:
        collapsed: list[Token] = []
        for token in tokens:
            if not (token is Wild.STAR and collapsed and collapsed[-1] is Wild.STAR):
                collapsed.append(token)
        self.tokens = tuple(collapsed)
        self.ignore_case = ignore_case
        self.encoded = encoded
        self._hash = hash((self.tokens, ignore_case, encoded))
        self._stars = self._any = 0
        self._masks: dict[str, int] = {}
        for position, token in enumerate(self.tokens):
            bit = 1 << position
            if token is Wild.STAR:
                self._stars |= bit
            elif token is Wild.ANY_CHAR:
                self._any |= bit
            else:
                for char in other_cases(token) if ignore_case else (token,):
                    self._masks[char] = self._masks.get(char, 0) | bit
        self.letters = frozenset(self._masks) | (frozenset(":%3A") if encoded else frozenset())
        flags = "i" * ignore_case + "e" * encoded
        self.order = "".join(t if isinstance(t, str) else f"\x00{t.value}" for t in self.tokens) + f"\x00/{flags}"
        text = "".join(token for token in self.tokens if isinstance(token, str))
        wild = [place for place, token in enumerate(self.tokens) if isinstance(token, Wild)]
        self.lead = "".join(map(str, self.tokens[: wild[0] if wild else None]))
        self.tail = "".join(map(str, self.tokens[wild[-1] + 1 if wild else 0 :]))
        exact = len(text) == len(self.tokens) and not (ignore_case and text.lower() != text.upper())
        self.literal = text if exact and not (encoded and ("%3A" in text or ":" in text)) else None

    @classmethod
    def exactly(cls, text: str, *, ignore_case: bool = False) -> Pattern:
        """The language of one string (or of its ASCII case variants). Nothing in `text` is a wildcard."""
        return cls(units(text), ignore_case=ignore_case)

    @classmethod
    def glob(cls, text: str) -> Pattern:
        """`*` is any run of characters, `?` any one; there is no escape."""
        wild = {"*": Wild.STAR, "?": Wild.ANY_CHAR}
        return cls(wild.get(char, char) for char in units(text))

    @property
    def start(self) -> State:
        return 1 | (1 << 1 if self._stars & 1 else 0)

    def step(self, state: State, char: str, /) -> State:
        assert isinstance(state, int)
        if self.encoded and char == ":":
            return self._advance(self._advance(self._advance(state, "%"), "3"), "A")
        return self._advance(state, char)

    def _advance(self, state: int, char: str) -> int:
        moved = (state & (self._masks.get(char, 0) | self._any)) << 1 | (state & self._stars)
        return moved | (moved & self._stars) << 1

    def accepts(self, state: State, /) -> bool:
        assert isinstance(state, int)
        return bool(state >> len(self.tokens) & 1)

    def matches(self, text: str, /) -> bool:
        if self.literal is not None:
            return text == self.literal
        state: State = self.start
        for char in text:
            state = self.step(state, char)
            if not state:
                return False
        return self.accepts(state)

    @property
    def universal(self) -> bool:
        """Whether every string matches."""
        return self.tokens == (Wild.STAR,)

    @property
    def wild(self) -> bool:
        """Whether it holds a wildcard."""
        return bool(self._stars or self._any)

    def slice(self, begin: int, end: int, *, star: bool, encoded: bool) -> Pattern:
        """The pattern of the tokens `begin..end`, followed by a star if `star`."""
        return _slice(self, begin, end, star, encoded)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and (self.tokens, self.ignore_case, self.encoded) == (
            other.tokens,
            other.ignore_case,
            other.encoded,
        )

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return readable("".join(token if isinstance(token, str) else token.value for token in self.tokens))

    def __repr__(self) -> str:
        ambiguous = any(token in ("*", "?", "\x00") for token in self.tokens)
        flags = "i" * self.ignore_case + "e" * self.encoded
        return f"Pattern({self.order if ambiguous else str(self)!r}{', ' + flags if flags else ''})"

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickle, (self.tokens, self.ignore_case, self.encoded)


@lru_cache(maxsize=1 << 16)
def _slice(pattern: Pattern, begin: int, end: int, star: bool, encoded: bool) -> Pattern:
    tokens: Sequence[Token] = pattern.tokens[begin:end]
    return Pattern((*tokens, Wild.STAR) if star else tokens, ignore_case=pattern.ignore_case, encoded=encoded)


def _unpickle(tokens: tuple[Token, ...], ignore_case: bool, encoded: bool) -> Pattern:
    return Pattern(tokens, ignore_case=ignore_case, encoded=encoded)


class ValueSet:
    """A finite set of whole values, compared exactly or ignoring ASCII case."""

    __slots__ = ("_hash", "_prefixes", "ignore_case", "letters", "literal", "order", "values")

    values: frozenset[str]
    ignore_case: bool
    letters: frozenset[str]
    literal: str | None
    order: str

    def __init__(self, values: Iterable[str], *, ignore_case: bool = False) -> None:
        folded = (ascii_lower(units(value)) if ignore_case else units(value) for value in values)
        self.values = frozenset(folded)
        self.ignore_case = ignore_case
        self._hash = hash((self.values, ignore_case))
        self._prefixes: frozenset[str] | None = None
        self.order = "\x01".join(sorted(self.values)) + ("\x00/vi" if ignore_case else "\x00/v")
        chars = frozenset().union(*(frozenset(value) for value in self.values))
        self.letters = frozenset().union(*map(other_cases, chars)) if ignore_case else chars
        single = next(iter(self.values)) if len(self.values) == 1 else None
        self.literal = None if single is None or (ignore_case and single.upper() != single) else single

    @property
    def start(self) -> State:
        return ""

    def step(self, state: State, char: str, /) -> State:
        if self._prefixes is None:
            self._prefixes = frozenset(value[:end] for value in self.values for end in range(len(value) + 1))
        if state is None:
            return None
        assert isinstance(state, str)
        longer = state + (ascii_lower(char) if self.ignore_case else char)
        return longer if longer in self._prefixes else None

    def accepts(self, state: State, /) -> bool:
        return state in self.values

    def matches(self, text: str, /) -> bool:
        return (ascii_lower(text) if self.ignore_case else text) in self.values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ValueSet) and (self.values, self.ignore_case) == (other.values, other.ignore_case)

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickle_values, (self.values, self.ignore_case)

    def __repr__(self) -> str:
        return f"ValueSet({sorted(self.values)}{', i' if self.ignore_case else ''})"


def _unpickle_values(values: frozenset[str], ignore_case: bool) -> ValueSet:
    return ValueSet(values, ignore_case=ignore_case)
