"""Finite lists of whole texts."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from auditor.claims.languages.language import Language, State, ascii_lower, other_cases, units
from auditor.claims.languages.pattern import Pattern


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
