"""Complete deterministic automata as plain tables, and the one form that all automata of a language share.

A table reads UTF-16 code units (`pattern.units`). Units that it does not tell apart are one *kind*; state 0 is the
start; every state has a successor for every kind.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from auditor.errors import BudgetExceededError

UNITS = 0x10000
"""How many code units there are."""

STATE_BUDGET = 2_000
"""States an automaton may have in its smallest form."""

RAW_BUDGET = 3 * STATE_BUDGET
"""States it may have before equal ones are merged."""

CELL_BUDGET = 200_000
"""States times kinds, before merging: about 0.1 s."""

Span = tuple[int, int]
"""First and last code unit (or code point)."""

Rows = Sequence[Sequence[int]]
"""For every state its successor by kind."""

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Partition:
    """Code units by kind. Kinds are numbered from 0 in the order of their first units."""

    bounds: tuple[int, ...]
    """First unit of every span, ascending from 0."""
    kinds: tuple[int, ...]
    """Kind of every span; neighbours differ."""

    @property
    def size(self) -> int:
        """How many kinds there are."""
        return max(self.kinds) + 1

    def kind(self, unit: int) -> int:
        """The kind of one unit."""
        return self.kinds[bisect_right(self.bounds, unit) - 1]

    def spans(self) -> Iterable[tuple[int, int, int]]:
        """(first unit, last unit, kind) of every span."""
        ends = (*(bound - 1 for bound in self.bounds[1:]), UNITS - 1)
        return zip(self.bounds, ends, self.kinds, strict=True)

    def samples(self) -> list[int]:
        """The first unit of each kind."""
        first: dict[int, int] = {}
        for bound, kind in zip(self.bounds, self.kinds, strict=True):
            first.setdefault(kind, bound)
        return [first[kind] for kind in range(len(first))]


WHOLE = Partition((0,), (0,))


def _partition(bounds: Sequence[int], marks: Sequence[Hashable]) -> tuple[Partition, list[Hashable]]:
    """Spans with equal marks are one kind; also the mark of every kind."""
    kept: list[int] = []
    kinds: list[int] = []
    ids: dict[Hashable, int] = {}
    for bound, mark in zip(bounds, marks, strict=True):
        kind = ids.setdefault(mark, len(ids))
        if not kinds or kinds[-1] != kind:
            kept.append(bound)
            kinds.append(kind)
    return Partition(tuple(kept), tuple(kinds)), list(ids)


def partition_of(sets: Sequence[Sequence[Span]]) -> tuple[Partition, list[int]]:
    """The coarsest partition that tells the sets apart, and for every kind the bit mask of the sets that hold it.

    The spans of one set do not overlap.
    """
    flips: dict[int, int] = {0: 0}
    for place, spans in enumerate(sets):
        for first, last in spans:
            flips[first] = flips.get(first, 0) ^ 1 << place
            flips[last + 1] = flips.get(last + 1, 0) ^ 1 << place
    flips.pop(UNITS, None)
    bounds = sorted(flips)
    mask = 0
    masks: list[int] = []
    for bound in bounds:
        mask ^= flips[bound]
        masks.append(mask)
    partition, marks = _partition(bounds, masks)
    return partition, [mark for mark in marks if isinstance(mark, int)]


@lru_cache(maxsize=1 << 12)
def joint(*parts: Partition) -> tuple[Partition, list[tuple[int, ...]]]:
    """The coarsest partition finer than all parts, and for every kind the kinds of the parts that hold it."""
    bounds = sorted(set().union(*(part.bounds for part in parts)))
    columns: list[list[int]] = []
    for part in parts:
        column: list[int] = []
        place = -1
        limit = part.bounds[0]
        for bound in bounds:
            while bound >= limit:
                place += 1
                limit = part.bounds[place + 1] if place + 1 < len(part.bounds) else UNITS
            column.append(part.kinds[place])
        columns.append(column)
    partition, marks = _partition(bounds, list(zip(*columns, strict=True)))
    return partition, [mark for mark in marks if isinstance(mark, tuple)]


@lru_cache(maxsize=1 << 12)
def singles(chars: frozenset[str]) -> Partition:
    """Each of these code units alone, all others together."""
    return partition_of([[(ord(char), ord(char))] for char in sorted(chars)])[0]


def spans_of(chars: Iterable[str], *, negated: bool = False) -> list[Span]:
    """A set of code units (or its complement) as ascending spans."""
    spans: list[Span] = []
    for unit in sorted(map(ord, chars)):
        if spans and spans[-1][1] == unit - 1:
            spans[-1] = (spans[-1][0], unit)
        else:
            spans.append((unit, unit))
    return complement_of(spans, UNITS) if negated else spans


def complement_of(spans: Sequence[Span], size: int) -> list[Span]:
    """What ascending spans leave of 0..size-1."""
    left: list[Span] = []
    begin = 0
    for first, last in spans:
        if first > begin:
            left.append((begin, first - 1))
        begin = last + 1
    if begin < size:
        left.append((begin, size - 1))
    return left


@dataclass(frozen=True, slots=True)
class Table:
    """A complete automaton."""

    partition: Partition
    rows: tuple[tuple[int, ...], ...]
    accepting: frozenset[int]


def explore(partition: Partition, start: S, row_of: Callable[[S], Sequence[S]], accepts: Callable[[S], bool]) -> Table:
    """The smallest automaton of a deterministic machine given by its steps. Raises `BudgetExceededError`.

    `row_of` gives the successors of a state, one for each kind of `partition`.
    """
    places: dict[S, int] = {start: 0}
    queue: list[S] = [start]
    rows: list[list[int]] = []
    most = min(RAW_BUDGET, CELL_BUDGET // partition.size)
    for state in queue:  # grows while it is walked
        row: list[int] = []
        for following in row_of(state):
            place = places.get(following)
            if place is None:
                place = places[following] = len(queue)
                queue.append(following)
                if place >= most:
                    raise BudgetExceededError(f"an automaton of more than {most:,} states")
            row.append(place)
        rows.append(row)
    return smallest(partition, rows, {place for state, place in places.items() if accepts(state)})


def smallest(partition: Partition, rows: Rows, accepting: Collection[int], start: int = 0) -> Table:
    """The canonical automaton of the words that lead from `start` into `accepting`. Raises `BudgetExceededError`.

    Smallest, kinds merged that no state tells apart, states numbered breadth-first: equal languages, equal tables.
    """
    order = [start]
    places = {start: 0}
    for state in order:
        for following in rows[state]:
            if following not in places:
                places[following] = len(order)
                order.append(following)
    own = [tuple([places[t] for t in rows[state]]) for state in order]
    blocks = _blocks(own, [places[state] for state in accepting if state in places])
    chosen: dict[int, int] = {}
    for state, block in enumerate(blocks):
        chosen.setdefault(block, state)
    if len(chosen) > STATE_BUDGET:
        raise BudgetExceededError(f"an automaton of more than {STATE_BUDGET:,} states")
    merged = {block: [blocks[t] for t in own[state]] for block, state in chosen.items()}
    columns: list[Hashable] = list(zip(*merged.values(), strict=True))
    final, marks = _partition(partition.bounds, [columns[kind] for kind in partition.kinds])
    first: dict[Hashable, int] = {}
    for kind, column in enumerate(columns):
        first.setdefault(column, kind)
    used = [first[mark] for mark in marks]
    numbers = {blocks[0]: 0}
    final_rows: list[tuple[int, ...]] = []
    for block in (queue := [blocks[0]]):
        row = merged[block]
        for kind in used:
            if row[kind] not in numbers:
                numbers[row[kind]] = len(queue)
                queue.append(row[kind])
        final_rows.append(tuple([numbers[row[kind]] for kind in used]))
    wanted = frozenset(numbers[blocks[places[state]]] for state in accepting if state in places)
    return Table(final, tuple(final_rows), wanted)


def sources(rows: Rows) -> list[list[int]]:
    """For every state the states that it is a successor of."""
    before: list[list[int]] = [[] for _ in rows]
    for state, row in enumerate(rows):
        for following in set(row):
            before[following].append(state)
    return before


def leading(
    partition: Partition, rows: Rows, before: Sequence[Sequence[int]], begin: int, ends: Collection[int]
) -> Table:
    """`smallest` of the words that lead from `begin` to `ends`, looking only at states from which these can be reached.

    `before` are the `sources` of the rows: of a large automaton many small parts are asked for.
    """
    alive = set(ends)
    queue = list(alive)
    for state in queue:  # grows while it is walked
        fresh = [source for source in before[state] if source not in alive]
        alive.update(fresh)
        queue.extend(fresh)
    if begin not in alive:
        return smallest(partition, [[0] * partition.size], ())
    places = {begin: 1}
    order = [begin]
    own = [[0] * partition.size]  # state 0 leads nowhere
    for state in order:
        row: list[int] = []
        for following in rows[state]:
            if following not in alive:
                row.append(0)
                continue
            place = places.get(following)
            if place is None:
                order.append(following)
                place = places[following] = len(order)
            row.append(place)
        own.append(row)
    return smallest(partition, own, [places[end] for end in ends if end in places], 1)


def _blocks(rows: list[tuple[int, ...]], accepting: list[int]) -> list[int]:
    """For every state the number of its class of equivalent states.

    States whose shortest accepted words differ in length are told apart at once, which settles most tables; then a
    class is looked at again only when a successor of one of its states has moved. The largest part of it stays put.
    """
    before = sources(rows)
    blocks = [0] * len(rows)  # 0: nothing is ever accepted from here
    level, distance = set(accepting), 1
    while level:
        for state in level:
            blocks[state] = distance
        distance += 1
        level = {p for state in level for p in before[state] if not blocks[p]}
    members: dict[int, list[int]] = {}
    for state, block in enumerate(blocks):
        members.setdefault(block, []).append(state)
    pending = {state for states in members.values() if len(states) > 1 for state in states}
    while pending:
        groups: dict[int, dict[tuple[int, ...], list[int]]] = {}
        for state in pending:
            signature = tuple([blocks[t] for t in rows[state]])
            groups.setdefault(blocks[state], {}).setdefault(signature, []).append(state)
        for block, parts in groups.items():
            settled = [state for state in members[block] if state not in pending]
            if settled:  # they all still look alike: none of their successors has moved
                parts.setdefault(tuple([blocks[t] for t in rows[settled[0]]]), []).extend(settled)
        moved: list[int] = []
        for block, parts in groups.items():
            *smaller, members[block] = sorted(parts.values(), key=len)
            for part in smaller:
                members[distance] = part
                for state in part:
                    blocks[state] = distance
                moved.extend(part)
                distance += 1
        pending = {p for state in moved for p in before[state] if len(members[blocks[p]]) > 1}
    return blocks
