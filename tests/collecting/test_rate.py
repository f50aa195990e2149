"""How many at once: half when it is too much, one more after a round in which it was not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.collecting.rate import Rate

MOST = 12


def room(rate: Rate) -> int:
    """How many could be under way at once."""
    free = 0
    while rate.room(MOST):
        rate.begin()
        free += 1
    found = rate.under_way
    rate.under_way -= free
    return found


def test_a_round_that_is_too_much_halves_it_once() -> None:
    rate = Rate()
    begun = [rate.begin() for _ in range(MOST) if rate.room(MOST)]
    assert (len(begun), rate.room(MOST)) == (MOST, False)
    for one in begun:
        rate.end(one, throttled=True, most=MOST)
    assert room(rate) == MOST // 2
    rate.end(rate.begin(), throttled=True, most=MOST)
    assert room(rate) == MOST // 4


def test_after_a_round_without_it_is_one_more() -> None:
    rate = Rate()
    assert rate.room(MOST)
    for _ in range(2):
        rate.end(rate.begin(), throttled=True, most=MOST)
    assert room(rate) == 3
    for expected in (4, 5, 6, 7):
        for _ in range(room(rate) + 1):
            rate.end(rate.begin(), throttled=False, most=MOST)
        assert room(rate) == expected


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=200))
def test_there_is_always_room_for_one_and_never_for_too_many(story: list[tuple[int, bool]]) -> None:
    rate, under_way = Rate(), list[int]()
    for begins, throttled in story:
        for _ in range(begins):
            if rate.room(MOST):
                under_way.append(rate.begin())
        assert len(under_way) == rate.under_way <= MOST
        if under_way:
            rate.end(under_way.pop(0), throttled=throttled, most=MOST)
    while under_way:
        rate.end(under_way.pop(), throttled=True, most=MOST)
    assert 1 <= room(rate) <= MOST
