"""What `auditor issuers` prints for a person: all issuers in one table, or all about one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO

import tabulate

from auditor.report.base import Layout
from auditor.report.text import visible, wrap
from auditor.tokens.portrait import Portrait
from auditor.tokens.words import LEGEND

MINIMUM_WIDTH = 60
ALL_FROM = 90
"""Columns from which on parts are also told by what they are."""
VALUES = 4
"""Of the values a part may have, so many are named."""


HEADERS = ("id", "issuer", "mints for", "subjects", "known by")


def write_list(portraits: Iterable[Portrait], stream: TextIO, layout: Layout) -> None:
    """One row per issuer: its name, and below it the addresses it mints under."""
    listed = list(portraits)
    sizes = [max(map(len, column)) for column in zip(HEADERS, *(_cells(one, 0)[0] for one in listed), strict=True)]
    sizes[2] = max(len(address.mints_for) for one in listed for address in one.addresses)
    sizes[1] = max(max(layout.width, MINIMUM_WIDTH) - sum(sizes) + sizes[1] - 2 * (len(sizes) - 1), 24)
    rows = [HEADERS, tuple("-" * size for size in sizes), *(row for one in listed for row in _cells(one, sizes[1]))]
    _lines(stream, ("  ".join(f"{cell:<{size}}" for cell, size in zip(row, sizes, strict=True)) for row in rows))


def _cells(one: Portrait, room: int) -> list[tuple[str, ...]]:
    """The lines of one issuer; with no `room` its first one as it is."""
    first, *further = wrap(one.name, room) if room else [visible(one.name)]
    rows: list[tuple[str, ...]] = [(one.id, first, "", str(len(one.forms)), one.confidence)]
    rows += [("", line, "", "", "") for line in further]
    for address in one.addresses if room else ():
        for number, line in enumerate(wrap(address.url, room - 2)):
            rows.append(("", f"  {line}", "" if number else address.mints_for, "", ""))
    return rows


def write_one(portrait: Portrait, stream: TextIO, layout: Layout) -> None:
    """All about one issuer."""
    _lines(stream, _page(portrait, max(layout.width, MINIMUM_WIDTH)))


def _lines(stream: TextIO, lines: Iterable[str]) -> None:
    stream.writelines(line.rstrip() + "\n" for line in lines)


def _page(portrait: Portrait, width: int) -> Iterator[str]:
    yield visible(f"{portrait.name} ({portrait.id}), {portrait.confidence}")
    yield ""
    yield "MINTS UNDER"
    for address in portrait.addresses:
        yield from _hung(address.url, f"for {address.mints_for}: {address.name}", width)
    yield ""
    yield from _forms(portrait, width)
    yield from _segments(portrait, width)
    yield from _claims(portrait, width)
    yield "AUDIENCE"
    yield from _indented(portrait.audience, width)
    yield ""
    if portrait.unmerged:
        yield "CODE NOBODY HAS MERGED"
        yield from _indented(f"Runs that may run it: {', '.join(portrait.unmerged)}. {portrait.unmerged_when}", width)
        yield ""
    yield from wrap(f"WHAT AN ATTACKER HOLDS, minted at {portrait.at}", width)
    column = max((len(example.name) + 4 for example in portrait.examples), default=4)
    for example in portrait.examples:
        told = [example.adversary]
        if example.token is None:
            told.append(f"none: {example.note}" if example.note else "none")
        for claim, value in (example.token or {}).items():
            told.append(f"{claim} = {', '.join(value) if isinstance(value, tuple) else value}")
        lines = [line for text in told for line in wrap(text, width - column)]
        yield from (f"{f'  {example.name}' if not at else '':<{column}}{line}" for at, line in enumerate(lines))
    yield ""
    yield "SOURCES"
    for title, url in portrait.sources:
        yield from _indented(f"{title}: {url}" if title else url, width)


def _forms(portrait: Portrait, width: int) -> Iterator[str]:
    yield "SUBJECTS"
    for one in portrait.forms:
        yield from _indented(one.subject, width)
        doubt = "" if one.certain else f"; not certain: {one.note}" if one.note else "; not certain"
        when = f": {one.when}" if one.when else ""
        yield from _indented(f"{one.name}{when}{doubt}", width, 6)
    if portrait.template:
        yield from _indented(f"or composed by the tenant of {', '.join(portrait.template)}", width)
    yield ""


def _segments(portrait: Portrait, width: int) -> Iterator[str]:
    yield "WHO CHOOSES WHAT"
    rows = []
    for one in portrait.segments:
        what = one.about or (", ".join(one.values[:VALUES]) + (", …" if len(one.values) > VALUES else ""))
        rows.append([one.control.mark.strip(), visible(one.name), one.label, one.control.words, what])
    headers = ["", "part", "what it is", "who chooses it", "values"]
    if width < ALL_FROM:
        rows, headers = [[*row[:2], *row[3:]] for row in rows], [*headers[:2], *headers[3:]]
    padded = [f"{header}  " for header in headers]  # as tabulate pads them, besides the gap between columns
    others = sum(max(len(row[column]) for row in (padded, *rows)) + 2 for column in range(len(headers) - 1))
    for row in rows:
        row[-1] = "\n".join(wrap(row[-1], max(width - others, 16)))
    yield from tabulate.tabulate(rows, headers, tablefmt="simple", disable_numparse=True).splitlines()
    marks = [f"{mark} {words}" for mark, words in LEGEND.items() if any(row[0] == mark for row in rows)]
    if marks:
        yield from wrap("; ".join(marks) + ".", width)
    yield ""


def _claims(portrait: Portrait, width: int) -> Iterator[str]:
    yield "CLAIMS, and the clouds whose conditions read them"
    names = [
        [visible(line) for line in wrap(one.name + ("" if one.always else "?"), width // 3)] for one in portrait.claims
    ]
    name = max(len(line) for lines in names for line in lines)
    room = width - max(name, len("claim  ")) - len("AWS Google Azure") - 4
    rows = []
    for one, lines in zip(portrait.claims, names, strict=True):
        told = [*one.forms[:3], *(["…"] if len(one.forms) > 3 else []), *([one.about] if one.about else [])]
        composed = [line for text in told for line in wrap(text or "(empty)", room)]
        rows.append(("\n".join(lines), "\n".join(composed), " ".join(one.visible)))
    yield from tabulate.tabulate(
        rows, ("claim", "composed of", "read by"), tablefmt="simple", disable_numparse=True
    ).splitlines()
    if any(not one.always for one in portrait.claims):
        yield "? not in every token"
    yield ""


def _hung(head: str, text: str, width: int) -> Iterator[str]:
    yield from _indented(head, width)
    yield from _indented(text, width, 6)


def _indented(text: str, width: int, indent: int = 2) -> Iterator[str]:
    yield from (" " * indent + line for line in wrap(text.strip(), width - indent))
