"""The verdict of an audit in a sentence, and what the identities that tokens can become may do."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from auditor.model import Level
from auditor.report.base import Report
from auditor.report.columns import columns
from auditor.report.ink import LEVELS, Ink, Tint
from auditor.report.large import Mapped, sorting
from auditor.report.standing import power
from auditor.report.text import wrap
from auditor.report.verdict import Reach, reach, verdict

WORST = 8
"""Identities that are named."""

ROOMY = 90
"""Columns from which on there is room for more than two of a table."""

TINTS = {"bad": Tint.GRAVE, "warn": Tint.WARN, "unknown": Tint.WARN, "good": Tint.GOOD}

WIDTHS = tuple(Reach)
"""Widest first."""

OPEN_TO = {
    Reach.ANYONE: "anyone",
    Reach.ORGANISATION: "any project of ours",
    Reach.RUN: "any branch or run",
    Reach.UNKNOWN: "not decided",
    Reach.PINNED: "who is named",
    Reach.NOBODY: "nobody",
}


def opening(report: Report, width: int, ink: Ink) -> Iterator[str]:
    """The first lines: what the audit comes to."""
    said = verdict(report)
    yield from (ink(line, TINTS[said.tone]) for line in wrap(said.headline, width))
    lost = report.coverage and not report.summary().coverage_complete
    yield from wrap(f"{said.detail}{' Coverage is INCOMPLETE.' if lost else ''}", width)
    yield ""


class _Ranked(NamedTuple):
    """An identity that may do more than named things, and who gets at it."""

    rank: tuple[float, int]
    """Least for what is to be named first."""
    row: tuple[str, ...]
    """Level, name, cloud, who gets at it, what it may do."""


class _Powers:
    """What the identities of a report may do, and who gets at them; gone through as often as wanted."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.levels = Counter[Level]()
        """Of those that were gone through last."""

    def __iter__(self) -> Iterator[_Ranked]:
        self.levels.clear()
        for identity, decisions in groupby(self._report.decisions, key=lambda one: one.trust.identity):
            standing = self._report.standings.get(identity)
            if standing is None:
                continue
            level = standing.level
            self.levels[level] += 1
            if level > Level.SCOPED:
                widest = min(map(reach, decisions), key=WIDTHS.index)
                row = (str(level), identity.name, identity.provider, OPEN_TO[widest], f"may {power(standing)}")
                yield _Ranked((-level.rank, WIDTHS.index(widest)), row)


def overview(report: Report, width: int, ink: Ink, *, details: bool) -> Iterator[str]:
    """How many of the identities may do how much, and the worst few by name: what they may do, and who gets at them.

    With `details` all of them that may do more than named things. Nothing where nobody asked. In the order of reports
    the trusts of an identity stand side by side.
    """
    powers = _Powers(report)
    named: Collection[_Ranked]
    if details:
        named = sorting(itemgetter(0))
        named.extend(powers)
    else:
        named = heapq.nsmallest(WORST, powers, key=itemgetter(0))
    if not powers.levels:
        return
    levels = [f"{powers.levels[level]:,} {level}" for level in sorted(powers.levels, reverse=True)]
    yield ink("POWER", Tint.STRONG)
    yield from wrap(f"What tokens can become: {', '.join(levels)}.", width)
    if named:
        roomy = width >= ROOMY
        rows = Mapped(named, _roomy if roomy else _narrow)
        headers = ("level", "identity", "cloud", "open to", "by itself or by becoming others") if roomy else ()
        yield ""
        yield from columns(rows, width, headers=headers, ink=ink, tint=_tint)
    ranked = sum(found for level, found in powers.levels.items() if level > Level.SCOPED)
    if ranked > len(named):
        yield f"… and {ranked - len(named):,} more: --details names them"
    yield ""


def _roomy(one: _Ranked) -> tuple[str, ...]:
    return one.row


def _narrow(one: _Ranked) -> tuple[str, ...]:
    level, name, cloud, who, may = one.row
    return level, f"{name} ({cloud}; open to: {who}) {may}"


def _tint(row: Sequence[str], column: int) -> Tint | None:
    match column:
        case 0:
            return LEVELS.get(Level(row[0]))
        case 3:
            return Tint.BAD if row[3] == OPEN_TO[Reach.ANYONE] else None
        case _:
            return None
