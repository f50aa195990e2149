"""Texts of a certain length, counted in characters or in bytes."""

from __future__ import annotations

from auditor.claims.languages.language import State


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
