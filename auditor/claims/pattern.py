"""Languages of strings: what a trust policy compares the text of a claim with.

Languages are immutable and hashable. Here are `Pattern` (literal characters, "any one character", "any run of
characters"), `ValueSet` (a finite set of whole values) and `Length`; regular expressions and derived texts have rooms
of their own (`regex`, `automaton`). All can be walked one character at a time, which is all the solver needs to
intersect and complement them.

Strings are sequences of UTF-16 code units, because that is how IAM was observed to count what `?` matches:
every constructor splits a character outside the basic plane into its two surrogates.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

State = int | str | tuple[Any, ...] | None
"""A state of a language's automaton: opaque to callers, hashable, small. None is the state nothing leads out of."""


class Wild(enum.Enum):
    """A token of a pattern that stands for more than itself."""

    ANY_CHAR = "?"
    STAR = "*"

    def __repr__(self) -> str:
        return self.value


Token = str | Wild
"""One UTF-16 code unit, or a wildcard."""

STAR, ANY_CHAR = "\U0010ffff", "\U0010fffe"
"""How a pattern's `text` writes the wildcards: characters beyond all UTF-16 code units."""

_WRITTEN: Mapping[Wild, str] = {Wild.STAR: STAR, Wild.ANY_CHAR: ANY_CHAR}
_READ: Mapping[str, Token] = {STAR: Wild.STAR, ANY_CHAR: Wild.ANY_CHAR}


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
        "_letters",
        "_masks",
        "_order",
        "_stars",
        "encoded",
        "ignore_case",
        "literal",
        "text",
        "tokens",
    )

    tokens: Sequence[Token]
    """The tokens: a plain text when there is no wildcard among them, else a tuple."""
    ignore_case: bool
    encoded: bool
    literal: str | None
    text: str
    """The tokens as one text, folded if case is ignored; wildcards are `STAR` and `ANY_CHAR`."""

    def __init__(self, tokens: Iterable[Token], *, ignore_case: bool = False, encoded: bool = False) -> None:
        self.tokens = tokens if isinstance(tokens, str) else _collapsed(tokens)
        self.ignore_case = ignore_case
        self.encoded = encoded
        self._hash = hash((self.tokens, ignore_case, encoded))
        self._masks: dict[str, int] | None = None
        self._stars = self._any = 0
        self._letters: frozenset[str] | None = None
        self._order: str | None = None
        text = self.tokens if isinstance(self.tokens, str) else None
        self.text = "".join(t if isinstance(t, str) else _WRITTEN[t] for t in self.tokens) if text is None else text
        if ignore_case:
            self.text = ascii_lower(self.text)
        if text is None or (ignore_case and text.lower() != text.upper()):
            self.literal = None
        else:
            self.literal = None if encoded and ("%3A" in text or ":" in text) else text

    @classmethod
    def exactly(cls, text: str, *, ignore_case: bool = False) -> Pattern:
        """The language of one string (or of its ASCII case variants). Nothing in `text` is a wildcard."""
        return cls(units(text), ignore_case=ignore_case)

    @classmethod
    def glob(cls, text: str) -> Pattern:
        """`*` is any run of characters, `?` any one; there is no escape."""
        wild = {"*": Wild.STAR, "?": Wild.ANY_CHAR}
        return cls(wild.get(char, char) for char in units(text))

    @classmethod
    def written(cls, text: str) -> Pattern:
        """The pattern whose `text` this is."""
        return cls(_READ.get(char, char) for char in text)

    @property
    def lead(self) -> str:
        """The characters in front of the first wildcard."""
        return self.tokens if isinstance(self.tokens, str) else "".join(map(str, self.tokens[: self._first_wildcard]))

    @property
    def _first_wildcard(self) -> int:
        return next((place for place, char in enumerate(self.text) if char > "\uffff"), len(self.text))

    @property
    def least(self) -> int:
        """How many characters a text needs to match."""
        return len(self.text) - self.text.count(_WRITTEN[Wild.STAR])

    @property
    def letters(self) -> frozenset[str]:
        if self._letters is None:
            chars = frozenset(token for token in self.tokens if isinstance(token, str))
            if self.ignore_case:
                chars = chars.union(*map(other_cases, chars))
            self._letters = chars | frozenset(":%3A") if self.encoded else chars
        return self._letters

    @property
    def order(self) -> str:
        if self._order is None:
            text = "".join(t if isinstance(t, str) else f"\x00{t.value}" for t in self.tokens)
            self._order = f"{text}\x00/{'i' * self.ignore_case}{'e' * self.encoded}"
        return self._order

    @property
    def start(self) -> State:
        if self._masks is None:
            self._prepare()
        return self.closed(0)

    def closed(self, position: int) -> int:
        """The state of the automaton at a position: a star there may also be passed by."""
        if self._masks is None:
            self._prepare()
        state = 1 << position
        return state | (state & self._stars) << 1

    def _prepare(self) -> None:
        self._masks = {}
        for position, token in enumerate(self.tokens):
            bit = 1 << position
            if token is Wild.STAR:
                self._stars |= bit
            elif token is Wild.ANY_CHAR:
                self._any |= bit
            else:
                for char in other_cases(token) if self.ignore_case else (token,):
                    self._masks[char] = self._masks.get(char, 0) | bit

    def step(self, state: State, char: str, /) -> State:
        if state is None:
            return None
        assert isinstance(state, int)
        if self.encoded and char == ":":
            return self.advance(self.advance(self.advance(state, "%"), "3"), "A") or None
        return self.advance(state, char) or None

    def advance(self, state: int, char: str) -> int:
        """`step` by a character that is not written in code."""
        assert self._masks is not None
        moved = (state & (self._masks.get(char, 0) | self._any)) << 1 | (state & self._stars)
        return moved | (moved & self._stars) << 1

    def accepts(self, state: State, /) -> bool:
        return isinstance(state, int) and bool(state >> len(self.tokens) & 1)

    def matches(self, text: str, /) -> bool:
        """Whether the whole of `text` matches: literals are looked up in turn, exact where `*` is the only wildcard."""
        if self.literal is not None:
            return text == self.literal
        if self.encoded:
            text = text.replace(":", "%3A")
        between = _between_stars(self)
        if between is None:
            return self._walk(text)
        if self.ignore_case:
            text = ascii_lower(text)
        first, *inner = between
        if not inner:
            return text == first
        last = inner.pop()
        if not text.startswith(first):
            return False
        place = len(first)
        for part in inner:
            found = text.find(part, place)
            if found < 0:
                return False
            place = found + len(part)
        return len(text) >= place + len(last) and text.endswith(last)

    def _walk(self, text: str) -> bool:
        state = self.start
        assert isinstance(state, int)
        for char in text:
            state = self.advance(state, char)
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
        return not isinstance(self.tokens, str)

    def slice(self, begin: int, end: int, *, star: bool, encoded: bool) -> Pattern:
        """The pattern of the tokens `begin..end`, followed by a star if `star`."""
        return _slice(self, begin, end, star, encoded)

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Pattern)
            and self.tokens == other.tokens
            and self.ignore_case == other.ignore_case
            and self.encoded == other.encoded
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
    tokens = pattern.tokens[begin:end]
    return Pattern((*tokens, Wild.STAR) if star else tokens, ignore_case=pattern.ignore_case, encoded=encoded)


def _collapsed(tokens: Iterable[Token]) -> Sequence[Token]:
    """Runs of stars as one star; a plain text when there is no wildcard at all."""
    listed = tuple(tokens)
    if listed.count(Wild.STAR) < 2:
        return listed if Wild.STAR in listed or Wild.ANY_CHAR in listed else "".join(map(str, listed))
    kept: list[Token] = []
    for token in listed:
        if not (token is Wild.STAR and kept and kept[-1] is Wild.STAR):
            kept.append(token)
    return tuple(kept)


@lru_cache(maxsize=1 << 16)
def _between_stars(pattern: Pattern) -> tuple[str, ...] | None:
    """The literal texts between the stars of a pattern (one, if it has none); None where it has another wildcard."""
    parts = [""]
    for token in pattern.tokens:
        if token is Wild.ANY_CHAR:
            return None
        if token is Wild.STAR:
            parts.append("")
        else:
            parts[-1] += str(token)
    return tuple(ascii_lower(part) for part in parts) if pattern.ignore_case else tuple(parts)


def _unpickle(tokens: Sequence[Token], ignore_case: bool, encoded: bool) -> Pattern:
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


def exact_texts(language: Language | None) -> tuple[Collection[str], bool] | None:
    """The texts of a language that lists whole ones, and whether ASCII case is ignored (then in lower case)."""
    if isinstance(language, ValueSet):
        return language.values, language.ignore_case
    if isinstance(language, Pattern) and isinstance(language.tokens, str) and not language.encoded:
        return (ascii_lower(language.tokens) if language.ignore_case else language.tokens,), language.ignore_case
    return None if language is None or language.literal is None else ((language.literal,), False)


class Length:
    """All texts of at least `least` and at most `most` characters (or bytes of UTF-8); None: however long."""

    __slots__ = ("_hash", "in_bytes", "least", "letters", "literal", "most", "order")

    least: int
    most: int | None
    in_bytes: bool
    letters: frozenset[str]
    literal: str | None
    order: str

    def __init__(self, least: int = 0, most: int | None = None, *, in_bytes: bool = False) -> None:
        self.least = least
        self.most = most
        self.in_bytes = in_bytes
        # One of each width stands for all; half of a surrogate pair counts two of its four bytes.
        self.letters = frozenset("\u00e9\u4e2d\ud83d\ude00") if in_bytes else frozenset("\ud83d\ude00")
        self.literal = "" if most == 0 else None
        self.order = f"\x00/{'b' if in_bytes else 'c'}{least},{most}"
        self._hash = hash(self.order)

    @property
    def start(self) -> State:
        return 0

    def step(self, state: State, char: str, /) -> State:
        """The length so far, no further than it matters; None once it is too much."""
        if state is None:
            return None
        assert isinstance(state, int)
        length = state + self.width(char)
        if self.most is None:
            return min(length, self.least)
        return length if length <= self.most else None

    def accepts(self, state: State, /) -> bool:
        return isinstance(state, int) and state >= self.least

    def matches(self, text: str, /) -> bool:
        length = self.of(text)
        return length >= self.least and (self.most is None or length <= self.most)

    def of(self, text: str) -> int:
        """The length of `text` as it is counted here."""
        return sum(map(self.width, text))

    def width(self, char: str) -> int:
        """What one UTF-16 code unit counts. Characters are code points: the second half of a pair counts nothing."""
        code = ord(char)
        if not self.in_bytes:
            return int(not 0xDC00 <= code < 0xE000)
        return 1 if code < 0x80 else 2 if code < 0x800 or 0xD800 <= code < 0xE000 else 3

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Length) and self.order == other.order

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickle_length, (self.least, self.most, self.in_bytes)

    def __repr__(self) -> str:
        return f"Length({self.least}, {self.most}{', bytes' if self.in_bytes else ''})"

    def __str__(self) -> str:
        unit = "bytes" if self.in_bytes else "characters"
        if self.most is None:
            return f"at least {self.least} {unit}"
        return f"at most {self.most} {unit}" if not self.least else f"{self.least} to {self.most} {unit}"


def _unpickle_length(least: int, most: int | None, in_bytes: bool) -> Length:
    return Length(least, most, in_bytes=in_bytes)
