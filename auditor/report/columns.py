"""Tables as wide as the terminal and no wider: what is too long for its column goes on in the next line of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain

from auditor.report.ink import PLAIN, Ink, Tint
from auditor.report.neutral import clip
from auditor.report.text import wrap

GAP = "  "

Row = Sequence[str]


def columns(
    rows: Collection[Row],
    width: int,
    *,
    headers: Row = (),
    indent: int = 0,
    right: frozenset[int] = frozenset(),
    ink: Ink = PLAIN,
    tint: Callable[[Row, int], Tint | None] | None = None,
) -> Iterator[str]:
    """`rows` in columns, each line at most `width` columns long if there are at least four for each cell.

    Cells are made visible here, and not endless. Columns in `right` are flush right; `ink` paints a cell as `tint` says
    of its row and column. The rows are gone through twice and may lie on disk.
    """
    if not rows:
        return
    wanted = [len(clip(header)) for header in headers]
    for row in rows:
        lengths = [len(clip(cell)) for cell in row]
        wanted = list(map(max, wanted, lengths)) if wanted else lengths
    sizes = shares(wanted, width - indent - len(GAP) * (len(wanted) - 1))
    title = ((headers, False), (["-" * size for size in sizes], False)) if headers else ()
    for row, painted in chain(title, ((row, True) for row in rows)):
        cells = [wrap(clip(cell), size) for cell, size in zip(row, sizes, strict=True)]
        for line in range(max(map(len, cells))):
            parts: list[str] = []
            for column, (cell, size) in enumerate(zip(cells, sizes, strict=True)):
                text = cell[line] if line < len(cell) else ""
                shown = ink(text, tint(row, column) if tint and painted else None)
                pad = " " * (size - len(text))
                parts.append(pad + shown if column in right else shown + pad)
            yield (" " * indent + GAP.join(parts)).rstrip()


def shares(wanted: Sequence[int], room: int) -> list[int]:
    """How many of `room` columns each gets: what it wants if that is no more than its share, the rest shared alike.

    At least 4 each, whatever the room.
    """
    sizes = [0] * len(wanted)
    open_ones = sorted(range(len(wanted)), key=lambda column: wanted[column])
    for done, column in enumerate(open_ones):
        share = max(room // (len(open_ones) - done), 4)
        sizes[column] = min(max(wanted[column], 1), share)
        room -= sizes[column]
    return sizes
