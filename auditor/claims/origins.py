"""Pre-images: the texts from which an operation on strings makes a text of a given language.

Each operation is a machine that reads the text from the left and hands the language what the operation lets through.
Letters that may turn out to be the beginning of a separator are held back until that is settled.
"""

from __future__ import annotations

from collections.abc import Callable

from auditor.claims.languages.automaton import NOTHING, Automaton
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.tables import Partition, explore, joint, partition_of, singles

WHITE_SPACE = frozenset(
    map(
        chr,
        (*range(0x9, 0xE), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
    )
)
"""Unicode's White_Space property (PropList.txt)."""

_State = tuple[int, int, int]
"""Phase (or a count that begins at 0), letters held back, row of the language's table."""

_YES: _State = (-1, 0, 0)
_NO: _State = (-2, 0, 0)
"""States in which the rest of the text makes no difference."""

_REST = -3
"""The phase in which everything is let through."""

_HALVES = partition_of([[(0xD800, 0xDBFF)], [(0xDC00, 0xDFFF)]])[0]


class _Search:
    """Finds a word, letter by letter."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.fallback = [0] * (len(word) + 1)
        for end in range(2, len(word) + 1):
            self.fallback[end] = self._longer(self.fallback[end - 1], word[end - 1])

    def _longer(self, held: int, letter: str) -> int:
        while held and self.word[held] != letter:
            held = self.fallback[held]
        return held + (self.word[held] == letter)

    def read(self, held: int, letter: str) -> tuple[int, str]:
        """How many letters are held back now, and those that are certain not to begin the word.

        All letters of the word held back: it has been found.
        """
        now = self._longer(held, letter)
        return now, (self.word[:held] + letter)[: held + 1 - now]


def of_piece(inner: Automaton, separator: str, index: int, limit: int) -> Automaton:
    """Texts that split at `separator`, into at most `limit` pieces unless negative, have a piece `index` of `inner`."""
    if index < 0 or 0 <= limit <= index:
        return NOTHING  # an error, whatever the text
    search = _Search(separator)
    last = limit - 1  # the piece that takes all the rest

    def step(state: _State, letter: str) -> _State:
        piece, held, row = state
        if piece == _REST:
            return piece, 0, inner.run(row, letter)
        held, free = search.read(held, letter)
        row = inner.run(row, free) if piece == index else 0
        if held < len(separator):
            return piece, held, row
        if piece == index:
            return _YES if row in inner.table.accepting else _NO
        return (_REST if piece + 1 == index == last else piece + 1), 0, 0

    def ends(state: _State) -> bool:
        piece, held, row = state
        return piece in (_REST, index) and inner.run(row, separator[:held]) in inner.table.accepting

    start = (_REST if index == 0 == last else 0, 0, 0)
    return _machine(inner, singles(frozenset(separator)), start, step, ends)


def of_extract(inner: Automaton, before: str, behind: str) -> Automaton:
    """Texts whose part between the first `before` and the next `behind` (empty without them) is in `inner`."""
    first, last = _Search(before), _Search(behind)
    looking, inside = 0, 1
    found = inside if behind else _REST

    def step(state: _State, letter: str) -> _State:
        phase, held, row = state
        if phase == _REST:
            return phase, 0, inner.run(row, letter)
        if phase == looking:
            held, _ = first.read(held, letter)
            return (looking, held, 0) if held < len(before) else (found, 0, 0)
        held, free = last.read(held, letter)
        row = inner.run(row, free)
        if held < len(behind):
            return inside, held, row
        return _YES if row in inner.table.accepting else _NO

    def ends(state: _State) -> bool:
        phase, _, row = state
        return (row if phase == _REST else 0) in inner.table.accepting

    start = (looking if before else found, 0, 0)
    return _machine(inner, singles(frozenset(before + behind)), start, step, ends)


def of_replace(inner: Automaton, old: str, new: str, limit: int) -> Automaton:
    """Texts that are in `inner` once their first `limit` (if negative, all) occurrences of `old` are `new`."""
    search = _Search(old)
    endless = limit < 0

    def step(state: _State, letter: str) -> _State:
        done, held, row = state
        if done == _REST:
            return done, 0, inner.run(row, letter)
        held, free = search.read(held, letter)
        row = inner.run(row, free)
        if held < len(old):
            return done, held, row
        following = 0 if endless else _REST if done + 1 == limit else done + 1
        return following, 0, inner.run(row, new)

    def ends(state: _State) -> bool:
        return inner.run(state[2], old[: state[1]]) in inner.table.accepting

    return _machine(inner, singles(frozenset(old)), (0 if limit else _REST, 0, 0), step, ends)


def of_substring(inner: Automaton, begin: int, end: int | None) -> Automaton:
    """Texts of at least `end` (or `begin`) characters of which those from `begin` to before `end` are in `inner`."""
    if begin < 0 or (end is not None and end < begin):
        return NOTHING  # an error, whatever the text
    least = begin if end is None else end

    def step(state: _State, letter: str) -> _State:
        count, high, row = state  # `high`: the last unit is the first half of a pair
        if not (high and "\udc00" <= letter <= "\udfff"):
            count = min(count + 1, least + 1)
        # From here on `count` includes the character this unit belongs to.
        if count > begin and (end is None or count <= end):
            row = inner.run(row, letter)
        return count, int("\ud800" <= letter <= "\udbff"), row

    def ends(state: _State) -> bool:
        return state[0] >= least and state[2] in inner.table.accepting

    return _machine(inner, _HALVES, (0, 0, 0), step, ends)


def of_trim(inner: Automaton) -> Automaton:
    """Texts that are in `inner` without the white space at both ends."""
    space = Automaton.of_units(WHITE_SPACE)
    other = Automaton.of_units(WHITE_SPACE, negated=True).intersection(Pattern((Wild.ANY_CHAR,)))
    anything = Pattern((Wild.STAR,))
    trimmed = other.union(other.concatenation(anything).concatenation(other)).union(Pattern(()))
    return space.concatenation(trimmed.intersection(inner)).concatenation(space)


def _machine(
    inner: Automaton,
    told_apart: Partition,
    start: _State,
    step: Callable[[_State, str], _State],
    ends: Callable[[_State], bool],
) -> Automaton:
    """The automaton of a machine that tells apart what `inner` does and what it looks for itself."""
    partition, _ = joint(inner.table.partition, told_apart)
    samples = list(map(chr, partition.samples()))

    def row_of(state: _State) -> list[_State]:
        return [state] * len(samples) if state in (_YES, _NO) else [step(state, letter) for letter in samples]

    return Automaton(explore(partition, start, row_of, lambda state: state == _YES or (state != _NO and ends(state))))
