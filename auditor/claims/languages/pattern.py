"""Patterns: literal characters, "any one character", "any run of characters". Immutable and hashable."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from auditor.claims.languages.language import State, ascii_lower, other_cases, readable, units


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
    def pieces(self) -> tuple[str, ...]:
        """The literal texts between the stars, where stars are the only wildcards; empty otherwise."""
        return _between_stars(self) or ()

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


@lru_cache(maxsize=1 << 13)
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


@lru_cache(maxsize=1 << 13)
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
