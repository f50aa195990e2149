"""Memory has a limit: what was used last stays, what is too heavy stays alone."""

from __future__ import annotations

from auditor.kept import Kept


def test_the_values_used_last_are_kept() -> None:
    made: list[int] = []

    def make(key: int) -> str:
        made.append(key)
        return "x" * key

    kept: Kept[int, str] = Kept(10, len)
    assert [kept.get(key, make) for key in (3, 4, 3, 5)] == ["xxx", "xxxx", "xxx", "xxxxx"]
    assert made == [3, 4, 5]
    kept.get(3, make)
    kept.get(4, make)  # was the longest unused when 5 came
    assert made == [3, 4, 5, 4]
    assert kept.get(50, make) == kept.get(50, make)  # too heavy, and yet the last one
    assert made == [3, 4, 5, 4, 50]
    kept.get(3, make)
    assert made == [3, 4, 5, 4, 50, 3]
