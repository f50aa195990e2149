"""Tables as wide as the terminal and no wider: what is too long for its column goes on in the next line of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditor.report.ink import PLAIN, Ink, Tint
from auditor.report.neutral import clip
from auditor.report.text import wrap

GAP = "  "

Tints = Mapping[tuple[int, int], Tint | None]
"""Row and column, from 0 → the tint of that cell."""


def columns(
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    headers: Sequence[str] = (),
    indent: int = 0,
    right: frozenset[int] = frozenset(),
    ink: Ink = PLAIN,
    tints: Tints | None = None,
) -> Iterator[str]:
    """`rows` in columns, each line at most `width` columns long if there are at least four for each cell.

    Cells are made visible here, and not endless. Columns in `right` are flush right; `tints` are painted by `ink`.
    """
    if not rows:
        return
    listed = [[clip(cell) for cell in row] for row in ([headers, *rows] if headers else rows)]
    wanted = [max(len(row[column]) for row in listed) for column in range(len(rows[0]))]
    sizes = shares(wanted, width - indent - len(GAP) * (len(wanted) - 1))
    if headers:
        listed.insert(1, ["-" * size for size in sizes])
    offset = len(listed) - len(rows)
    for number, row in enumerate(listed):
        cells = [wrap(cell, size) for cell, size in zip(row, sizes, strict=True)]
        for line in range(max(map(len, cells))):
            parts: list[str] = []
            for column, (cell, size) in enumerate(zip(cells, sizes, strict=True)):
                text = cell[line] if line < len(cell) else ""
                painted = ink(text, (tints or {}).get((number - offset, column)))
                pad = " " * (size - len(text))
                parts.append(pad + painted if column in right else painted + pad)
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
