"""Patterns, lists and lengths as tables: how each language becomes an automaton."""

from __future__ import annotations

from auditor.claims.languages.language import Language, State, other_cases
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.tables import (
    CELL_BUDGET,
    STATE_BUDGET,
    Partition,
    Table,
    explore,
    partition_of,
    singles,
    smallest,
)
from auditor.claims.languages.value_set import ValueSet
from auditor.errors import BudgetExceededError

WIDTHS = partition_of([[(0, 0x7F)], [(0x80, 0x7FF)], [(0xD800, 0xDBFF)], [(0xDC00, 0xDFFF)]])[0]
"""Code units by what they count in UTF-8, and as characters."""


def told_apart(language: Language) -> Partition:
    """A partition whose kinds the language does not tell apart any further."""
    return WIDTHS if isinstance(language, Length) else singles(language.letters)


def table_of(language: Language) -> Table:
    """The smallest automaton of a language. Raises `BudgetExceededError`."""
    if isinstance(language, ValueSet):
        return _of_values(language)
    if isinstance(language, Pattern) and not language.encoded:
        return _of_pattern(language)
    partition = told_apart(language)
    samples = list(map(chr, partition.samples()))
    return explore(partition, language.start, lambda s: [language.step(s, char) for char in samples], language.accepts)


def _of_pattern(pattern: Pattern) -> Table:
    """Patterns have few letters that matter in any one state: all others lead where an unknown character leads."""
    if len(pattern.tokens) > STATE_BUDGET:
        raise BudgetExceededError(f"a pattern of {len(pattern.tokens):,} characters")
    partition = singles(pattern.letters)
    size = partition.size
    held: dict[int, list[str]] = {}
    for place, token in enumerate(pattern.tokens):
        if isinstance(token, str):
            bit = 1 << place
            held[bit] = [char for char in (token, token.swapcase()) if char in pattern.letters]
    kinds = {char: partition.kind(ord(char)) for char in pattern.letters}
    other = next((chr(unit) for unit in partition.samples() if chr(unit) not in pattern.letters), "")

    def row_of(state: State) -> list[State]:
        if not isinstance(state, int):
            return [state] * size
        row = [pattern.step(state, other)] * size
        left = state
        while left:
            bit = left & -left
            left ^= bit
            for char in held.get(bit, ()):
                row[kinds[char]] = pattern.step(state, char)
        return row

    return explore(partition, pattern.start, row_of, pattern.accepts)


def _of_values(values: ValueSet) -> Table:
    """A tree of the values with equal branches shared from the leaves up."""
    children: list[dict[str, int]] = [{}]
    ends: set[int] = set()
    for value in sorted(values.values):
        place = 0
        for char in value:
            following = children[place].get(char)
            if following is None:
                following = children[place][char] = len(children)
                children.append({})
                if len(children) > CELL_BUDGET // 2:
                    raise BudgetExceededError("the values are too many for an automaton")
            place = following
        ends.add(place)
    alike: dict[tuple[bool, tuple[tuple[str, int], ...]], int] = {}
    number = [0] * len(children)
    for place in range(len(children) - 1, -1, -1):  # a child stands behind its parent
        branches = tuple(sorted((char, number[child]) for char, child in children[place].items()))
        number[place] = alike.setdefault((place in ends, branches), len(alike))
    partition = singles(values.letters)
    if len(alike) > STATE_BUDGET or len(alike) * partition.size > CELL_BUDGET:
        raise BudgetExceededError("the values are too many for an automaton")
    dead = len(alike)
    rows = [[dead] * partition.size for _ in range(dead + 1)]
    accepting: set[int] = set()
    for (end, branches), place in alike.items():
        if end:
            accepting.add(place)
        for char, child in branches:
            for spelling in other_cases(char) if values.ignore_case else (char,):
                rows[place][partition.kind(ord(spelling))] = child
    return smallest(partition, rows, accepting, number[0])
