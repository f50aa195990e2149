r"""From the tree of a regular expression to its automaton.

The tree becomes a graph of *moves*, each consuming one UTF-16 code unit, joined by free steps that may ask something of
the gap they stand in (start of text, word boundary, …). What a gap is depends on the units on both sides only, so the
subset construction remembers the kind of the last unit and looks at the kind of the next. Facts: RE2's syntax page
(github.com/google/re2/wiki/Syntax).

A character beyond the basic plane is its two surrogates. A surrogate without its partner, which no valid text holds, is
taken for a character of its own, so that `[^/]*` tells no surrogates apart.
"""

from __future__ import annotations

import enum
from functools import lru_cache
from typing import assert_never

from auditor.claims.languages.automaton import Automaton
from auditor.claims.languages.characters import NEWLINE, WORD, Points, overlap, points
from auditor.claims.languages.syntax import Chars, Choice, Node, Place, Repeat, Sequence
from auditor.claims.languages.tables import Partition, Span, explore, partition_of
from auditor.errors import BudgetExceededError, UnsupportedRegexError

MOVE_BUDGET = 10_000
"""Moves of one expression."""

WORK_BUDGET = 300_000
"""Moves looked at while the automaton is built: about 0.1 s."""

FREE_STEP = 5
"""How many looked-up moves take as long as one free step."""

HIGH: Span = (0xD800, 0xDBFF)
LOW: Span = (0xDC00, 0xDFFF)


class Gap(enum.IntFlag):
    """What holds between two neighbouring units."""

    TEXT_START = 1
    TEXT_END = 2
    LINE_START = 4
    LINE_END = 8
    BOUNDARY = 16
    NO_BOUNDARY = 32
    NOT_AFTER_HIGH = 64
    NOT_BEFORE_LOW = 128


_ASKS = {
    Place.TEXT_START: Gap.TEXT_START,
    Place.TEXT_END: Gap.TEXT_END,
    Place.LINE_START: Gap.LINE_START,
    Place.LINE_END: Gap.LINE_END,
    Place.BOUNDARY: Gap.BOUNDARY,
    Place.NO_BOUNDARY: Gap.NO_BOUNDARY,
}

_START, _NEWLINE, _WORD, _HIGH, _LOW, _END = 1, 2, 4, 8, 16, 32
"""What the unit on one side of a gap is (`_START`: there is none)."""


def gap(before: int, after: int) -> int:
    """What holds between a unit of the kind `before` and one of the kind `after`."""
    holds = 0
    if before & _START:
        holds |= Gap.TEXT_START
    if after & _END:
        holds |= Gap.TEXT_END
    if before & (_START | _NEWLINE):
        holds |= Gap.LINE_START
    if after & (_END | _NEWLINE):
        holds |= Gap.LINE_END
    if bool(before & _WORD) is not bool(after & _WORD):
        holds |= Gap.BOUNDARY
    elif not (before & _HIGH and after & _LOW):
        holds |= Gap.NO_BOUNDARY
    if not before & _HIGH:
        holds |= Gap.NOT_AFTER_HIGH
    if not after & _LOW:
        holds |= Gap.NOT_BEFORE_LOW
    return holds


class _Graph:
    """Nodes with free steps to other nodes, or one move. Built from the end backwards."""

    def __init__(self) -> None:
        self.steps: list[list[tuple[int, int]]] = [[]]  # node 0 is the end
        self.moves: list[tuple[tuple[Span, ...], int]] = []  # the units consumed, and the node behind
        self.move_of: dict[int, int] = {}  # the nodes that are moves
        self.asked = 0

    def node(self, *steps: tuple[int, int]) -> int:
        self.steps.append(list(steps))
        if len(self.steps) > 4 * MOVE_BUDGET:
            raise BudgetExceededError("a regular expression that is too large")
        return len(self.steps) - 1

    def asking(self, what: int, behind: int) -> int:
        self.asked |= what
        return self.node((what, behind))

    def move(self, units: tuple[Span, ...], behind: int) -> int:
        if len(self.moves) >= MOVE_BUDGET:
            raise BudgetExceededError("a regular expression that is too large")
        place = self.node()
        self.move_of[place] = len(self.moves)
        self.moves.append((units, behind))
        return place

    def add(self, tree: Node, behind: int) -> int:
        """The node from which `tree` leads to `behind`."""
        match tree:
            case Chars(chars):
                return self.chars(chars, behind)
            case Place():
                return self.asking(_ASKS[tree], behind)
            case Sequence(parts):
                for part in reversed(parts):
                    behind = self.add(part, behind)
                return behind
            case Choice(parts):
                return self.node(*((0, self.add(part, behind)) for part in parts))
            case Repeat(part, least, most):
                return self.repeat(part, least, most, behind)
            case _:
                assert_never(tree)

    def repeat(self, part: Node, least: int, most: int | None, behind: int) -> int:
        if most is None:
            loop = self.node((0, behind))
            again = self.any_run(part, loop)
            self.steps[loop].append((0, self.add(part, loop) if again is None else again))
            behind = loop
        else:
            end = behind
            for _ in range(most - least):
                behind = self.node((0, end), (0, self.add(part, behind)))
        for _ in range(least):
            behind = self.add(part, behind)
        return behind

    def any_run(self, part: Node, loop: int) -> int | None:
        """A run of a set that holds all surrogate pairs may take them in halves: nothing that follows begins in one."""
        if not isinstance(part, Chars):
            return None
        if overlap(part.points, 0xD800, 0xDFFF) != [(0xD800, 0xDFFF)]:
            return None
        if overlap(part.points, 0x10000, 0x10FFFF) != [(0x10000, 0x10FFFF)]:
            return None
        return self.move(tuple(overlap(part.points, 0, 0xFFFF)), loop)

    def chars(self, chars: Points, behind: int) -> int:
        ways: list[int] = []
        for first, second, asks in unit_sequences(chars):
            if second is not None:
                ways.append(self.move(first, self.move(second, behind)))
            elif asks == Gap.NOT_BEFORE_LOW:
                ways.append(self.move(first, self.asking(asks, behind)))
            elif asks:
                ways.append(self.asking(asks, self.move(first, behind)))
            else:
                ways.append(self.move(first, behind))
        return ways[0] if len(ways) == 1 else self.node(*((0, way) for way in ways))


Units = tuple[Span, ...]


@lru_cache(maxsize=1 << 10)
def unit_sequences(chars: Points) -> tuple[tuple[Units, Units | None, int], ...]:
    """A set of characters as sequences of one or two sets of units, with what a lone surrogate asks of its gaps."""
    found: list[tuple[Units, Units | None, int]] = []
    plain = tuple(overlap(chars, 0, 0xD7FF) + overlap(chars, 0xE000, 0xFFFF))
    if plain:
        found.append((points(plain), None, 0))
    if high := overlap(chars, *HIGH):
        found.append((tuple(high), None, Gap.NOT_BEFORE_LOW))
    if low := overlap(chars, *LOW):
        found.append((tuple(low), None, Gap.NOT_AFTER_HIGH))
    by_low: dict[Units, list[Span]] = {}
    by_high: dict[int, list[Span]] = {}
    for first, last in overlap(chars, 0x10000, 0x10FFFF):
        (h1, l1), (h2, l2) = _pair(first), _pair(last)
        if h1 == h2:
            by_high.setdefault(h1, []).append((l1, l2))
            continue
        if l1 > LOW[0]:
            by_high.setdefault(h1, []).append((l1, LOW[1]))
            h1 += 1
        if l2 < LOW[1]:
            by_high.setdefault(h2, []).append((LOW[0], l2))
            h2 -= 1
        if h1 <= h2:
            by_low.setdefault((LOW,), []).append((h1, h2))
    for unit, lows in by_high.items():
        by_low.setdefault(points(lows), []).append((unit, unit))
    found.extend((points(highs), lows, 0) for lows, highs in by_low.items())
    return tuple(found)


def _pair(point: int) -> tuple[int, int]:
    offset = point - 0x10000
    return HIGH[0] + (offset >> 10), LOW[0] + (offset & 0x3FF)


def compiled(tree: Node, *, search: bool) -> Automaton:
    """The texts in which the expression matches somewhere (`search`) or as a whole.

    Raises `BudgetExceededError` and `UnsupportedRegexError`.
    """
    graph = _Graph()
    first = graph.add(tree, 0)
    return _Construction(graph, first, search).run()


class _Construction:
    """The subset construction. A state is a bit mask of moves just made, and the kind of the unit they consumed.

    Bit 0 is the beginning of the text; a search may begin anew anywhere, so there it never goes away.
    """

    def __init__(self, graph: _Graph, first: int, search: bool) -> None:
        self.graph = graph
        self.search = search
        self.work = 0
        self.accept = 1 << len(graph.moves) + 1
        self.behind = [first, *(behind for _, behind in graph.moves)]
        self.reached: dict[tuple[int, int], int] = {}
        sets: list[tuple[Span, ...]] = [units for units, _ in graph.moves]
        lines = graph.asked & (Gap.LINE_START | Gap.LINE_END)
        words = graph.asked & (Gap.BOUNDARY | Gap.NO_BOUNDARY)
        halves = graph.asked & (Gap.NOT_AFTER_HIGH | Gap.NOT_BEFORE_LOW | Gap.NO_BOUNDARY)
        sides: list[tuple[int, tuple[Span, ...]]] = []
        sides += [(_NEWLINE, ((NEWLINE, NEWLINE),))] if lines else []
        sides += [(_WORD, WORD)] if words else []
        sides += [(_HIGH, (HIGH,)), (_LOW, (LOW,))] if halves else []
        # Equal sets of units are told apart once.
        distinct = list(dict.fromkeys((*sets, *(units for _, units in sides))))
        self.partition: Partition
        self.partition, masks = partition_of(distinct)
        moves_of: list[int] = [0] * len(distinct)
        numbers = {units: place for place, units in enumerate(distinct)}
        for move, units in enumerate(sets):
            moves_of[numbers[units]] |= 1 << move + 1
        self.kinds: list[tuple[int, int]] = []  # for every kind of unit: the moves that take it, what it is to a gap
        for mask in masks:
            moves = 1 if search else 0
            for place, bits in enumerate(moves_of):
                if mask >> place & 1:
                    moves |= bits
            self.kinds.append((moves, sum(side for side, units in sides if mask >> numbers[units] & 1)))
        self.sides = list(dict.fromkeys(side for _, side in self.kinds))
        self.remembered = (
            (_START if graph.asked & (Gap.TEXT_START | Gap.LINE_START) else 0)
            | (_NEWLINE if graph.asked & Gap.LINE_START else 0)
            | (_WORD if words else 0)
            | (_HIGH if graph.asked & (Gap.NOT_AFTER_HIGH | Gap.NO_BOUNDARY) else 0)
        )

    def run(self) -> Automaton:
        if self.search and self.graph.asked & Gap.NO_BOUNDARY:
            inside = Gap.NO_BOUNDARY | Gap.NOT_AFTER_HIGH | Gap.NOT_BEFORE_LOW
            if self.closure(0, inside) & self.accept:
                # RE2 in C++ finds an empty match between the bytes of one character, RE2 in Go does not.
                raise UnsupportedRegexError("\\B that may match by itself: RE2's versions differ")
        start = (1, _START & self.remembered)
        return Automaton(explore(self.partition, start, self.row, self.accepts))

    def closure(self, move: int, holds: int) -> int:
        """The moves (and the end) that can be next after `move`, where `holds` is what holds in the gap."""
        key = (move, holds)
        found = self.reached.get(key)
        if found is None:
            found = 0
            seen = {self.behind[move]}
            stack = [self.behind[move]]
            while stack:
                node = stack.pop()
                if node == 0:
                    found |= self.accept
                elif node in self.graph.move_of:
                    found |= 1 << self.graph.move_of[node] + 1
                for asked, following in self.graph.steps[node]:
                    if not asked & ~holds and following not in seen:
                        seen.add(following)
                        stack.append(following)
            self.spend(FREE_STEP * len(seen))
            self.reached[key] = found
        return found

    def spend(self, amount: int) -> None:
        self.work += amount
        if self.work > WORK_BUDGET:
            raise BudgetExceededError("a regular expression that takes too long to prepare")

    def following(self, state: tuple[int, int], after: int) -> int:
        moves, before = state
        holds = gap(before, after) & self.graph.asked
        reached = 1 if self.search else 0
        left = moves
        self.spend(moves.bit_count() + 1)
        while left:
            bit = left & -left
            left ^= bit
            reached |= self.closure(bit.bit_length() - 1, holds)
        return reached

    def row(self, state: tuple[int, int]) -> list[tuple[int, int]]:
        if state[0] < 0:
            return [state] * len(self.kinds)
        reached = {side: self.following(state, side) for side in self.sides}
        row: list[tuple[int, int]] = []
        for moves, side in self.kinds:
            if self.search and reached[side] & self.accept:
                row.append((-1, 0))  # found: whatever follows
            else:
                row.append((reached[side] & moves, side & self.remembered))
        return row

    def accepts(self, state: tuple[int, int]) -> bool:
        return state[0] < 0 or bool(self.following(state, _END) & self.accept)
