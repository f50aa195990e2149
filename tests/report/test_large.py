"""Sets in a few bytes, and sorting that may go to the disk."""

from __future__ import annotations

import tracemalloc
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import stable_id
from auditor.report import large
from auditor.report.large import Mapped, Seen, sorting

IDS = st.integers(0, 40).map(lambda number: stable_id("x", str(number)))
ODD = ("", "0" * 16, "f" * 16, "F" * 16, "0000000000000001", "\xe9" * 16, "\ud800", "\u0661" * 16)
TEXTS = st.sampled_from(ODD) | IDS | st.text()


@given(st.lists(TEXTS, max_size=200), st.lists(TEXTS, max_size=20))
def test_seen_is_a_set(texts: list[str], others: list[str]) -> None:
    seen, known = Seen(), set[str]()
    for text in texts:
        assert seen.add(text) is (text not in known)
        known.add(text)
    assert [text in seen for text in (*texts, *others)] == [text in known for text in (*texts, *others)]


def test_seen_takes_few_bytes() -> None:
    names = [stable_id("trust", str(number)) for number in range(20_000)]
    tracemalloc.start()
    seen = Seen()
    for name in names:
        assert seen.add(name)
    size, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 30 * len(names)
    assert most < 40 * len(names)
    assert all(name in seen for name in names)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers()), max_size=300))
def test_sorting_keeps_those_alike_in_their_order(items: list[tuple[int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large, "LIMIT", 100)
        ordered = sorting(itemgetter(0))
        ordered.extend(items)
    assert list(ordered) == list(ordered) == sorted(items, key=itemgetter(0))


def test_mapped_is_worked_out_each_time() -> None:
    asked: list[int] = []

    def double(number: int) -> int:
        asked.append(number)
        return 2 * number

    doubled = Mapped([1, 2], double)
    assert len(doubled) == 2
    assert asked == []
    assert [*doubled, *doubled] == [2, 4, 2, 4]
    assert 4 in doubled
    assert 3 not in doubled
    assert asked == [1, 2, 1, 2, 1, 2, 1, 2]
