"""The rules for people at a terminal: all in a table, or one as a page that teaches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from auditor.model import Severity
from auditor.report.base import Layout
from auditor.report.columns import columns
from auditor.report.ink import Ink, Tint
from auditor.report.text import visible, wrap
from auditor.rules.base import Definition, Rule
from auditor.rules.docs import page

MINIMUM_WIDTH = 60
INDENT = 2
_LINK = re.compile(r"<(https?://[^>]+)>|\[([^\]]+)\]\(([^)]+)\)")


def write_list(rules: Iterable[Rule], stream: TextIO, layout: Layout) -> None:
    """All rules, a row each."""
    width, ink = max(layout.width, MINIMUM_WIDTH), Ink(on=layout.colour)
    listed = list(rules)
    rows = [(rule.id, rule.severity, rule.persona.value, rule.summary) for rule in listed]
    headers = ("rule", "severity", "persona", "finds")
    _put(columns(rows, width, headers=headers, ink=ink, tint=_tint), stream)
    _put(["", *wrap("`auditor explain RULE` tells why a rule matters, and what to do.", width)], stream)


def _tint(row: Sequence[str], column: int) -> Tint | None:
    del row
    return None if column else Tint.STRONG


def write_markdown(rule: Definition, stream: TextIO, layout: Layout) -> None:
    """The page as `docs/rules/` holds it."""
    del layout
    stream.write(page(rule))


def write_page(rule: Definition, stream: TextIO, layout: Layout) -> None:
    """The same page for a terminal, and how to live with a finding where that was decided."""
    width, ink = max(layout.width, MINIMUM_WIDTH), Ink(on=layout.colour)
    _put(_rendered(page(rule), width, ink), stream)
    _put(_waiving(rule.id, width, ink), stream)


def _put(lines: Iterable[str], stream: TextIO) -> None:
    stream.writelines(line.rstrip() + "\n" for line in lines)


def _rendered(markdown: str, width: int, ink: Ink) -> Iterator[str]:
    """The little Markdown that the pages are written in: headings, paragraphs, code, lists and tables of severities."""
    paragraph: list[str] = []
    table: list[list[str]] = []

    def ended() -> Iterator[str]:
        if paragraph:
            text = _linked(" ".join(paragraph))
            mark = "* " if text.startswith("* ") else ""
            for number, line in enumerate(wrap(text.removeprefix(mark), width - INDENT - len(mark))):
                yield f"{' ' * INDENT}{mark if number == 0 else ' ' * len(mark)}{line}"
            paragraph.clear()
        if table:
            yield from _severities(table, width, ink)
            table.clear()

    for line in markdown.splitlines():
        if line.startswith("#"):
            yield from ended()
            text = visible(line.lstrip("# "))
            yield ink(text if line.startswith("# ") else text.upper(), Tint.STRONG)
        elif line.startswith("|"):
            table.append([cell.strip() for cell in line.strip("|").split("|")])
        elif line.startswith("    "):
            yield from ended()
            yield from _code(line, width, ink)
        elif not line:
            yield from ended()
            yield ""
        else:
            if line.startswith("* "):
                yield from ended()
            paragraph.append(line)
    yield from ended()


def _code(line: str, width: int, ink: Ink) -> Iterator[str]:
    """A line of an example, with its own indentation; what is too long goes on below, further in."""
    bare = line.strip()
    indent = INDENT + min(len(line) - len(line.lstrip()), width // 2)
    for number, part in enumerate(wrap(bare, width - indent - INDENT)):
        yield " " * (indent + (INDENT if number else 0)) + ink(part, Tint.GOOD)


def _severities(table: list[list[str]], width: int, ink: Ink) -> Iterator[str]:
    """What is open by what the identity may do: severity by severity, which is shorter than the table and says more."""
    (_, *levels), _, *rows = table
    for name, *cells in rows:
        if len(rows) > 1:
            yield from (" " * INDENT + line for line in wrap(f"{name}:", width - INDENT))
        found: dict[str, list[str]] = {}
        for level, cell in zip(levels, cells, strict=True):
            found.setdefault(cell, []).append(level)
        listed = sorted(found.items(), key=lambda item: -Severity[item[0].upper()])
        told = [(severity, ", ".join(names)) for severity, names in listed]
        for severity, names in told:
            word = ink.severity(f"{severity:<10}", Severity[severity.upper()])
            lines = wrap(names, width - 2 * INDENT - 10)
            yield " " * 2 * INDENT + word + lines[0]
            yield from (" " * (2 * INDENT + 10) + line for line in lines[1:])


def _linked(text: str) -> str:
    """Links as people read them."""
    return _LINK.sub(lambda link: link[1] or f"{link[2]} ({link[3]})", text)


def _waiving(rule: str, width: int, ink: Ink) -> Iterator[str]:
    yield ""
    yield ink("LIVING WITH IT", Tint.STRONG)
    yield ""
    text = (
        "A finding that somebody decided to live with is waived in auditor.toml. It stays in every report, fails no "
        "run, and is a finding again when the day has passed. All five lines are needed."
    )
    yield from (" " * INDENT + line for line in wrap(text, width - INDENT))
    yield ""
    example = (
        "[[waiver]]",
        f'rule = "{rule}"',
        "# the id of the finding, the trust or the identity",
        'subject = "…"',
        'reason = "why this is acceptable"',
        'owner = "who decided it"',
        "expires = 2027-03-31   # the last day it holds",
    )
    for line in example:
        yield from _code("    " + line, width, ink)
