"""Regular languages in canonical form: two automata are equal exactly when they accept the same texts.

Like `Pattern` and `ValueSet` an `Automaton` is a `Language`, read one UTF-16 code unit at a time; unlike them it is
closed under complement, intersection, union, concatenation and pre-images of simple replacements. Every operation ends
in `BudgetExceededError` once it needs more than `tables.STATE_BUDGET` states.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property, lru_cache

from auditor.claims.languages.built import table_of, told_apart
from auditor.claims.languages.language import Language, State
from auditor.claims.languages.tables import (
    WHOLE,
    Partition,
    Table,
    explore,
    joint,
    leading,
    partition_of,
    singles,
    smallest,
    sources,
    spans_of,
)


class Automaton:
    """A minimal complete deterministic automaton over UTF-16 code units, numbered canonically.

    Its states are the rows of `table`, 0 being the start. As a `Language` it says None for the one that leads nowhere.
    """

    def __init__(self, table: Table) -> None:
        """`table` must come from `tables.smallest` or `tables.explore`."""
        self.table = table
        self._hash = hash(table)

    @classmethod
    def of(cls, language: Language) -> Automaton:
        """The same language as an automaton. Raises `BudgetExceededError`."""
        if isinstance(language, Automaton):
            return language
        return _of(language)

    @classmethod
    def of_units(cls, chars: Iterable[str], *, negated: bool = False) -> Automaton:
        """All texts made of these code units (or of all others), the empty one included."""
        partition, masks = partition_of([spans_of(chars, negated=negated)])
        rows = [[0 if mask else 1 for mask in masks], [1] * len(masks)]
        return cls(smallest(partition, rows, {0}))

    # A language, walked one character at a time

    @cached_property
    def _dead(self) -> int | None:
        """The state from which nothing is accepted, where there is one."""
        loops = (s for s, row in enumerate(self.table.rows) if s not in self.table.accepting and set(row) == {s})
        return next(loops, None)

    @cached_property
    def sources(self) -> list[list[int]]:
        """For every row of `table` the rows that it is a successor of."""
        return sources(self.table.rows)

    @cached_property
    def _kinds(self) -> dict[str, int]:
        return {}

    def kind(self, char: str) -> int:
        """The number of the group of characters that are to this language what `char` is."""
        kind = self._kinds.get(char)
        if kind is None:
            kind = self._kinds[char] = self.table.partition.kind(ord(char))
        return kind

    def run(self, state: int, text: str) -> int:
        """The row of `table` reached from the row `state` by `text` (code units)."""
        rows = self.table.rows
        for char in text:
            state = rows[state][self.kind(char)]
        return state

    @property
    def start(self) -> State:
        return None if self._dead == 0 else 0

    def step(self, state: State, char: str, /) -> State:
        if state is None:
            return None
        assert isinstance(state, int)
        reached = self.table.rows[state][self.kind(char)]
        return None if reached == self._dead else reached

    def accepts(self, state: State, /) -> bool:
        return state in self.table.accepting

    def matches(self, text: str, /) -> bool:
        return self.run(0, text) in self.table.accepting

    @cached_property
    def letters(self) -> frozenset[str]:
        """All code units but those of the largest kind. There may be tens of thousands; `alphabet` manages without."""
        others = self._sizes.index(max(self._sizes))
        return frozenset(
            chr(unit)
            for first, last, kind in self.table.partition.spans()
            if kind != others
            for unit in range(first, last + 1)
        )

    @cached_property
    def order(self) -> str:
        table = self.table
        plain = repr((table.partition.bounds, table.partition.kinds, table.rows, sorted(table.accepting)))
        digest = hashlib.blake2b(plain.encode(), digest_size=16).digest()
        return "".join(chr(0xE000 + byte) for byte in digest) + "\x00/a"  # spells no name

    @cached_property
    def literal(self) -> str | None:
        words = self.words(1)
        return words[0] if words is not None and len(words) == 1 else None

    # Questions

    @property
    def empty(self) -> bool:
        """Whether no text is accepted."""
        return not self.table.accepting

    @property
    def universal(self) -> bool:
        """Whether every text is accepted."""
        return len(self.table.accepting) == len(self.table.rows)

    def words(self, most: int) -> tuple[str, ...] | None:
        """All texts of the language in order, shortest first; None when there are more than `most`."""
        found: list[str] = []
        level = [] if self._dead == 0 else [(0, "")]
        groups: list[list[str]] = [[] for _ in range(self.table.partition.size)]
        for first, last, kind in self.table.partition.spans():
            groups[kind].extend(map(chr, range(first, min(last, first + most) + 1)))
        for _ in self.table.rows:  # a longer text would pass some state twice: then there is no end of texts
            found.extend(word for state, word in level if state in self.table.accepting)
            level = [
                (reached, word + char)
                for state, word in level
                for reached, chars in zip(self.table.rows[state], groups, strict=True)
                if reached != self._dead
                for char in chars
            ]
            if len(found) + len(level) > most:  # every prefix in `level` begins some text
                return None
        return None if level else tuple(sorted(found, key=lambda word: (len(word), word)))

    def alone(self, char: str) -> bool:
        """Whether the language tells this code unit from all others."""
        return self._sizes[self.kind(char)] == 1

    def in_both_cases(self, char: str) -> bool:
        """Whether the language tells this ASCII letter from all others but its other case."""
        both = char.isascii() and char.isalpha() and self.kind(char) == self.kind(char.swapcase())
        return both and self._sizes[self.kind(char)] == 2

    @cached_property
    def _sizes(self) -> list[int]:
        """How many code units each kind has."""
        sizes = [0] * self.table.partition.size
        for first, last, kind in self.table.partition.spans():
            sizes[kind] += last - first + 1
        return sizes

    def shortest(self) -> str:
        """A shortest text of the language (of several one made of the lowest code units); it must not be empty."""
        samples = list(map(chr, self.table.partition.samples()))
        words = {0: ""}
        queue = [0]
        for state in queue:
            if state in self.table.accepting:
                return words[state]
            for reached, char in zip(self.table.rows[state], samples, strict=True):
                if reached not in words:
                    words[reached] = words[state] + char
                    queue.append(reached)
        raise ValueError("an empty language has no shortest text")

    # Operations

    def complement(self) -> Automaton:
        """All texts that are not in the language."""
        table = self.table
        return Automaton(Table(table.partition, table.rows, frozenset(range(len(table.rows))) - table.accepting))

    def intersection(self, other: Language) -> Automaton:
        """Texts of both languages."""
        return _product(self, Automaton.of(other), both=True)

    def union(self, other: Language) -> Automaton:
        """Texts of either language."""
        return _product(self, Automaton.of(other), both=False)

    def concatenation(self, other: Language) -> Automaton:
        """Texts that are one of this language followed by one of the other."""
        return _concatenation(self, Automaton.of(other))

    def part(self, begin: int, ends: Collection[int]) -> Automaton:
        """The texts that lead from row `begin` of `table` to one of the rows `ends`."""
        return _part(self, begin, frozenset(ends))

    def within(self, chars: frozenset[str], *, negated: bool = False) -> Automaton:
        """The texts of the language that are made of these code units (or of all others)."""
        return _within(self, chars, negated)

    def before(self, replacements: Mapping[str, str]) -> Automaton:
        """The texts that are in the language once every code unit that `replacements` names is replaced."""
        return Automaton(smallest(*replaced(self, replacements)))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Automaton) and self._hash == other._hash and self.table == other.table
        )

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        return Automaton, (self.table,)

    def __str__(self) -> str:
        from auditor.claims.languages import spelling  # it reads automata itself

        return spelling.spelled_out(self)

    def __repr__(self) -> str:
        words = self.words(4)
        return f"Automaton({len(self.table.rows)} states)" if words is None else f"Automaton{words}"


def replaced(
    automaton: Automaton, replacements: Mapping[str, str]
) -> tuple[Partition, list[list[int]], frozenset[int]]:
    """`before` with the states still those of the automaton: partition, rows and accepting states."""
    table = automaton.table
    partition, members = joint(table.partition, singles(frozenset(replacements)))
    special = {partition.kind(ord(char)): text for char, text in replacements.items()}
    rows = [
        [automaton.run(state, special[kind]) if kind in special else row[own] for kind, (own, _) in enumerate(members)]
        for state, row in enumerate(table.rows)
    ]
    return partition, rows, table.accepting


def partition_for(language: Language) -> Partition:
    """A partition whose kinds the language does not tell apart any further."""
    own: object = getattr(language, "automaton", language)
    return own.table.partition if isinstance(own, Automaton) else told_apart(language)


@lru_cache(maxsize=1 << 12)
def _of(language: Language) -> Automaton:
    own: object = getattr(language, "automaton", None)
    return own if isinstance(own, Automaton) else Automaton(table_of(language))


@lru_cache(maxsize=1 << 12)
def _product(one: Automaton, other: Automaton, *, both: bool) -> Automaton:
    partition, members = joint(one.table.partition, other.table.partition)
    left, right = one.table, other.table

    def row_of(state: tuple[int, int]) -> list[tuple[int, int]]:
        first, second = left.rows[state[0]], right.rows[state[1]]
        return [(first[a], second[b]) for a, b in members]

    def accepts(state: tuple[int, int]) -> bool:
        ends = state[0] in left.accepting, state[1] in right.accepting
        return all(ends) if both else any(ends)

    return Automaton(explore(partition, (0, 0), row_of, accepts))


@lru_cache(maxsize=1 << 12)
def _concatenation(one: Automaton, other: Automaton) -> Automaton:
    partition, members = joint(one.table.partition, other.table.partition)
    left, right = one.table, other.table
    dead = other._dead  # noqa: SLF001 - one of its own kind

    def entered(place: int, behind: Iterable[int]) -> tuple[int, frozenset[int]]:
        standing = {state for state in behind if state != dead}
        if place in left.accepting:
            standing.add(0)
        return place, frozenset(standing)

    def row_of(state: tuple[int, frozenset[int]]) -> list[tuple[int, frozenset[int]]]:
        first = left.rows[state[0]]
        behind = [right.rows[place] for place in state[1]]
        return [entered(first[a], [row[b] for row in behind]) for a, b in members]

    start = entered(0, ())
    return Automaton(explore(partition, start, row_of, lambda state: not right.accepting.isdisjoint(state[1])))


@lru_cache(maxsize=1 << 14)
def _part(whole: Automaton, begin: int, ends: frozenset[int]) -> Automaton:
    return Automaton(leading(whole.table.partition, whole.table.rows, whole.sources, begin, ends))


@lru_cache(maxsize=1 << 12)
def _within(automaton: Automaton, chars: frozenset[str], negated: bool) -> Automaton:
    allowed, masks = partition_of([spans_of(chars, negated=negated)])
    partition, members = joint(automaton.table.partition, allowed)
    dead = len(automaton.table.rows)
    rows = [[row[own] if masks[mark] else dead for own, mark in members] for row in automaton.table.rows]
    rows.append([dead] * partition.size)
    return Automaton(smallest(partition, rows, automaton.table.accepting))


EVERYTHING = Automaton(smallest(WHOLE, [[0]], {0}))
"""Every text."""

NOTHING = Automaton(smallest(WHOLE, [[0]], ()))
"""No text."""
