"""The verdict of an audit in a sentence, and what the identities that tokens can become may do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from auditor.model import Decision, Identity, Level
from auditor.report.base import Report
from auditor.report.columns import columns
from auditor.report.ink import LEVELS, Ink, Tint
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


def overview(report: Report, width: int, ink: Ink, *, details: bool) -> Iterator[str]:
    """How many of the identities may do how much, and the worst few by name: what they may do, and who gets at them.

    With `details` all of them that may do more than named things. Nothing where nobody asked.
    """
    doors: dict[Identity, list[Decision]] = {}
    for decision in report.decisions:
        if decision.trust.identity in report.standings:
            doors.setdefault(decision.trust.identity, []).append(decision)
    if not doors:
        return
    standings = report.standings
    counts = Counter(standings[one].level for one in doors)
    levels = [f"{counts[level]:,} {level}" for level in sorted(counts, reverse=True)]
    yield ink("POWER", Tint.STRONG)
    yield from wrap(f"What tokens can become: {', '.join(levels)}.", width)
    widest = {one: min(map(reach, decisions), key=WIDTHS.index) for one, decisions in doors.items()}
    ranked = sorted(doors, key=lambda one: (-standings[one].level.rank, WIDTHS.index(widest[one])))
    ranked = [one for one in ranked if standings[one].level > Level.SCOPED]
    named = ranked if details else ranked[:WORST]
    rows: list[tuple[str, ...]] = []
    tints: dict[tuple[int, int], Tint | None] = {}
    roomy = width >= ROOMY
    for number, one in enumerate(named):
        level, who, may = standings[one].level, OPEN_TO[widest[one]], f"may {power(standings[one])}"
        told = (one.name, one.provider, who, may) if roomy else (f"{one.name} ({one.provider}; open to: {who}) {may}",)
        rows.append((str(level), *told))
        tints[number, 0] = LEVELS.get(level)
        tints[number, 3] = Tint.BAD if widest[one] is Reach.ANYONE else None
    if rows:
        yield ""
        headers = ("level", "identity", "cloud", "open to", "by itself or by becoming others") if roomy else ()
        yield from columns(rows, width, headers=headers, ink=ink, tints=tints)
    if len(ranked) > len(named):
        yield f"… and {len(ranked) - len(named):,} more: --details names them"
    yield ""
