"""One finding for people, as a block of lines."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import groupby

from auditor.model import Finding, Fix, Level, Source
from auditor.report.facts import doubt, proof, subject_of, waiver
from auditor.report.ink import Ink, Tint
from auditor.report.text import wrap
from auditor.rules import words

MAXIMUM_CODE_LINES = 24
LABEL = 8
"""Columns in front of a finding's fields: the longest label and two spaces."""

_TINTS = {"-": Tint.BAD, "+": Tint.GOOD}


def block(number: str, finding: Finding, width: int, ink: Ink) -> Iterator[str]:
    """Who can get in, as what, what they could then do, by which token, where, why, and what to do.

    `number` stands in front of the first line. No line is longer than `width` columns.
    """
    head = wrap(title(finding), width - len(number))
    rule = f"{finding.rule}:"
    if head[0].startswith(rule):
        head[0] = ink.severity(rule, finding.severity) + head[0].removeprefix(rule)
    yield number + head[0]
    indent = " " * len(number)
    yield from (indent + line for line in head[1:])
    room = width - len(indent) - LABEL
    subject = subject_of(finding)
    trust = finding.about is not None and finding.subject_kind == "trust"
    fields: list[tuple[str, list[str]]] = [("as" if trust else "about", wrap(f"{subject.kind} {subject.id}", room))]
    if subject.power is not None and subject.level is not Level.NONE:
        fields.append(("may", wrap(f"{subject.power} ({subject.level})", room)))
    if finding.witness is not None:
        told = (f"{claim} = {value}" for claim, value in proof(finding, subject))
        fields.append(("token", [line for text in told for line in wrap(text, room)]))
    if finding.evidence:
        fields.append(("where", [line for text in _places(finding.evidence, subject.id) for line in wrap(text, room)]))
    why = finding.detail
    if trust and subject.power is not None:
        # This stands under `may` already.
        why = why.removesuffix(words.may_then(subject.kind, subject.name, subject.then)).rstrip()
    if why:
        fields.append(("why", wrap(why, room)))
    if finding.waiver is not None:
        fields.append(("waived", wrap(waiver(finding.waiver), room)))
    if finding.fix is not None:
        fields.append(("fix", list(_fix(finding.fix, room, ink))))
    rows = [(label if first else "", line) for label, lines in fields for first, line in _firsts(lines)]
    yield from (f"{indent}{label:<{LABEL}}{line}" for label, line in rows)


def title(finding: Finding) -> str:
    """Rule and title, and what takes from its weight."""
    return f"{finding.rule}: {label(finding)}"


def label(finding: Finding) -> str:
    """The same without the rule."""
    return f"{finding.title}{doubt(finding)}"


def _firsts(lines: list[str]) -> Iterator[tuple[bool, str]]:
    return ((number == 0, line) for number, line in enumerate(lines))


def _places(evidence: tuple[Source, ...], home: str) -> Iterator[str]:
    """Pointers under their documents; none is named when all are in the subject itself, which stands right above."""
    elsewhere = any(source.document != home for source in evidence)
    for document, sources in groupby(evidence, key=lambda source: source.document):
        if elsewhere:
            # What begins like the subject, which stands right above, is not repeated to the last letter.
            yield f"…{document.removeprefix(home)}" if document.startswith(f"{home}/") else document
        yield from dict.fromkeys(source.place or "(the whole document)" for source in sources)


def _fix(fix: Fix, room: int, ink: Ink) -> Iterator[str]:
    """The advice, and what changes: lines that go (-), lines that come (+), and one around them to find the place."""
    yield from wrap(fix.summary, room)
    before, after = (text.splitlines() if text else [] for text in (fix.before, fix.after))
    changes = list(difflib.unified_diff(before, after, n=1, lineterm=""))[2:]
    lines = [("…", "") if line.startswith("@@") else (line[0], line[1:]) for line in changes]
    if lines and lines[0] == ("…", ""):
        del lines[0]
    # A mark in front of every line: no text of a policy can pass for a line of the report.
    for mark, line in lines[:MAXIMUM_CODE_LINES]:
        yield from (ink(f"{mark} {part}", _TINTS.get(mark)) for part in _code(line, room - 2))
    if len(lines) > MAXIMUM_CODE_LINES:
        yield f"… {len(lines) - MAXIMUM_CODE_LINES} more lines, see the JSON report"


def _code(line: str, room: int) -> list[str]:
    bare = line.lstrip(" ")
    indent = " " * min(len(line) - len(bare), room // 2)
    return [indent + part for part in wrap(bare, room - len(indent))]
