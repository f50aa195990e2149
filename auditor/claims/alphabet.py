"""Which characters a search must try: one of every group that no language of the question tells apart.

Patterns and lists name the characters they tell apart. Regular expressions tell ranges apart, of tens of thousands of
characters, so with them in play groups are found on the partitions of all languages together.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from auditor.claims.grammar import CharSet
from auditor.claims.languages.automaton import Automaton, partition_for
from auditor.claims.languages.language import Language
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.regex import Regex
from auditor.claims.languages.tables import Partition, joint, partition_of, smallest, spans_of

_READABLE = "xyzabcdefghijklmnopqrstuvwXYZABCDEFGHIJKLMNOPQRSTUVW0123456789-_.~" + "\u0436\u0448\u00e9\u4e2d\u6587"


def _well_formed() -> Automaton:
    partition, masks = partition_of([[(0xD800, 0xDBFF)], [(0xDC00, 0xDFFF)]])
    rows = [[{0: 0, 1: 1, 2: 2}[mask] for mask in masks], [0 if mask == 2 else 2 for mask in masks], [2] * len(masks)]
    return Automaton(smallest(partition, rows, {0}))


WELL_FORMED = _well_formed()
"""Texts whose surrogates come in pairs: all texts there are."""


def ranged(language: Language) -> bool:
    """Whether the language tells ranges of characters apart."""
    return isinstance(language, Automaton | Regex)


def as_inside(
    inside: frozenset[Language], outside: frozenset[Language]
) -> tuple[frozenset[Language], frozenset[Language]]:
    """The same question with every automaton among the languages to be in, where dead ends show at once.

    Unchanged without automata. With them, also only texts whose surrogates come in pairs: so the two halves are told
    apart, and each is tried.
    """
    within = {language for language in inside if ranged(language)}
    without = {language for language in outside if ranged(language)}
    if not within and not without:
        return inside, outside
    automata = {Automaton.of(language) for language in within}
    automata |= {Automaton.of(language).complement() for language in without}
    return inside - within | automata | {WELL_FORMED}, outside - without


def classes_of(characters: CharSet, languages: Iterable[Language]) -> list[str]:
    """One character of the set for each group of characters that are alike to all languages, readable ones first."""
    whole, _ = joint(_partition_of_set(characters), *(partition_for(language) for language in languages))
    chosen: dict[int, str] = {}
    for char in _READABLE:
        if char in characters:
            chosen.setdefault(whole.kind(ord(char)), char)
    for first, last, kind in whole.spans():
        if kind not in chosen and chr(first) in characters:
            chosen[kind] = chr(_printable(first, last))
    return list(chosen.values())


def _printable(first: int, last: int) -> int:
    """A character of the span that can be shown, where there is one among the first."""
    return next((unit for unit in range(first, min(last, first + 64) + 1) if chr(unit).isprintable()), first)


@lru_cache(maxsize=1 << 10)
def _partition_of_set(characters: CharSet) -> Partition:
    return partition_of([spans_of(characters.chars)])[0]


def spelled(language: Language) -> frozenset[str]:
    """The characters that the language names one by one: those of a range such as `[a-z]` do not count."""
    if not ranged(language):
        return language.letters
    partition = Automaton.of(language).table.partition
    sizes = [0] * partition.size
    for first, last, kind in partition.spans():
        sizes[kind] += last - first + 1
    return frozenset(
        chr(unit) for first, last, kind in partition.spans() if sizes[kind] <= FEW for unit in range(first, last + 1)
    )


FEW = 4
"""Characters that are alike to a language and still count as named one by one."""


def countable(language: Language) -> int:
    """Up to how many characters that it does not name the language counts: four for `^v.{4}$`, none for `^v.*$`."""
    if isinstance(language, Pattern):
        return len(language.tokens)
    if not ranged(language):
        return 0
    table = Automaton.of(language).table
    named = spelled(language)
    samples = [kind for kind, unit in enumerate(table.partition.samples()) if chr(unit) not in named]
    return max((_steps_to_circle([row[kind] for row in table.rows]) for kind in samples), default=0)


def _steps_to_circle(following: list[int]) -> int:
    """The most steps before a walk along `following` comes into a circle."""
    before = [0] * len(following)
    for state in following:
        before[state] += 1
    ends = [state for state, count in enumerate(before) if not count]
    steps = [0] * len(following)
    most = 0
    for state in ends:  # grows while it is walked: states no walk can come back to
        reached = following[state]
        steps[reached] = max(steps[reached], steps[state] + 1)
        most = max(most, steps[reached])
        before[reached] -= 1
        if not before[reached]:
            ends.append(reached)
    return most
