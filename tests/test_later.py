"""Tuples that are worked out later: when, how often, and that nobody sees a difference."""

from __future__ import annotations

import pickle

from auditor.later import Later

asked: list[int] = []


def squares(most: int) -> tuple[int, ...]:
    asked.append(most)
    return tuple(number * number for number in range(most))


def test_nothing_is_done_before_somebody_looks_and_then_once() -> None:
    asked.clear()
    later = Later(squares, 4)
    assert asked == []
    assert (len(later), list(later), later[1], later[1:], 9 in later) == (4, [0, 1, 4, 9], 1, (1, 4, 9), True)
    assert asked == [4]


def test_it_is_the_tuple() -> None:
    later = Later(squares, 3)
    assert later == (0, 1, 4)
    assert (0, 1, 4) == later == Later(squares, 3)
    assert later != (0, 1)
    assert later != Later(squares, 2)
    assert (hash(later), repr(later)) == (hash((0, 1, 4)), "(0, 1, 4)")


def test_it_travels_as_work_or_as_what_was_found() -> None:
    asked.clear()
    later = Later(squares, 3)
    there = pickle.loads(pickle.dumps(later))
    assert (type(there), asked) == (Later, [])
    assert there == later
    assert type(pickle.loads(pickle.dumps(later))) is tuple
