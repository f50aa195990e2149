"""Columns that fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.report.columns import columns, shares
from auditor.report.ink import Ink, Tint

ROWS = [("aws", "a long text of several words", "1"), ("azure", "short", "22")]


def test_what_fits_is_as_wide_as_it_wants() -> None:
    assert list(columns(ROWS, 80, headers=("cloud", "text", "n"), right=frozenset((2,)))) == [
        "cloud  text                           n",
        "-----  ----------------------------  --",
        "aws    a long text of several words   1",
        "azure  short                         22",
    ]


def test_what_does_not_fit_goes_on_below_in_its_own_column() -> None:
    assert list(columns(ROWS, 22, indent=2)) == [
        "  aws    a long     1",
        "         text of",
        "         several",
        "         words",
        "  azure  short      22",
    ]


def test_no_rows_no_table() -> None:
    assert list(columns([], 80, headers=("a", "b"))) == []


def test_the_cell_is_painted_and_not_what_pads_it() -> None:
    rows = [("a", "b"), ("long", "c")]
    lines = list(columns(rows, 80, ink=Ink(on=True), tint=lambda row, column: Tint.BAD if row[column] == "a" else None))
    assert lines == ["\x1b[31ma\x1b[0m     b", "long  c"]


@given(st.lists(st.integers(0, 500), min_size=1, max_size=8), st.integers(0, 300))
def test_shares_fill_the_room_and_no_more(wanted: list[int], room: int) -> None:
    sizes = shares(wanted, room)
    assert sum(sizes) <= max(room, 4 * len(wanted))
    assert all(4 <= size <= want or size == max(want, 1) for size, want in zip(sizes, wanted, strict=True))
    if sum(max(want, 1) for want in wanted) <= room:
        assert sizes == [max(want, 1) for want in wanted]
    elif room >= 4 * len(wanted):
        squeezed = [size for size, want in zip(sizes, wanted, strict=True) if size < want]
        assert max(squeezed) - min(squeezed) <= 1
        assert sum(sizes) == room


CELLS = st.text(max_size=60)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5), st.integers(16, 120))
def test_every_line_keeps_the_width_and_no_text_is_lost(rows: list[tuple[str, str, str]], width: int) -> None:
    lines = list(columns(rows, width))
    assert max(map(len, lines)) <= width
    assert all(line == "" or line.isprintable() for line in lines)
    plain = [row for row in rows if all(cell.isascii() and cell.isprintable() for cell in row)]
    shown = "".join(lines)
    for row in plain:
        for cell in row:
            assert all(shown.count(char) >= cell.count(char) for char in set(cell) - {" "})
