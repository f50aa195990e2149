"""The findings: the worst written out, the others in rows, so that one screen tells what to do first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from auditor.model import Decision, Finding, Identity, Level, Severity, Status
from auditor.report.base import Report
from auditor.report.blocks import Subject, block, label, title
from auditor.report.columns import columns
from auditor.report.ink import SEVERITIES, Ink, Tint
from auditor.report.text import wrap

WRITTEN = 5
"""Open findings that are written out; of failed checks as many more."""
MOST = {Severity.CRITICAL: 12, Severity.HIGH: 8, Severity.MEDIUM: 3}
"""Findings of one rule and severity that have a line each, below the ones written out."""
FAILED = 8
"""The same of failed checks."""
MINOR = (Severity.LOW, Severity.INFO)
"""Of these a rule has one line."""
NAMES = 3
"""Identities named of a longer list."""
LEVEL = max(len(str(level)) for level in Level) + 2
"""Columns for what the identity may do, and a gap in front."""

_Numbered = tuple[int, Finding]


class Findings:
    """Those of one report, with what they are about."""

    def __init__(self, report: Report, width: int, ink: Ink) -> None:
        self._report = report
        self._width = width
        self._ink = ink
        self._subjects: dict[str, Subject] = {identity.id: identity for identity in report.identities}
        self._subjects |= {decision.trust.id: decision for decision in report.decisions}

    def write(self, *, details: bool) -> Iterator[str]:
        """All of them: in full if there are to be `details`, else the worst in full and the others in short.

        A finding has the same number either way.
        """
        ordered = sorted(self._report.findings, key=self._order)
        numbered = list(enumerate(ordered, 1))
        for heading, group in groupby(numbered, key=lambda one: _heading(one[1])):
            members = list(group)
            status, severity = members[0][1].status, members[0][1].severity
            tint = SEVERITIES[severity] or Tint.STRONG if status is Status.OPEN else Tint.STRONG
            yield self._ink(f"{heading} ({len(members):,})", tint)
            yield ""
            full, short = self._parted(members, details=details)
            for number, finding in full:
                identity = self._identity(finding)
                standing = None if identity is None else self._report.standings.get(identity)
                yield from block(
                    f"{number}. ", finding, self._subjects.get(finding.subject), standing, self._width, self._ink
                )
                yield ""
            if short:
                yield from self._waived(short) if status is Status.WAIVED else self._listed(short)
                yield ""

    def _parted(self, members: list[_Numbered], *, details: bool) -> tuple[list[_Numbered], list[_Numbered]]:
        """Those to be written out, and those that are not."""
        if details:
            return members, []
        match members[0][1].status:
            case Status.OPEN:
                full = [one for one in members if one[0] <= WRITTEN and one[1].severity is not Severity.INFO]
                return full, members[len(full) :]
            case Status.ERROR:
                return members[:WRITTEN], members[WRITTEN:]
            case Status.WAIVED:
                return [], members

    def _order(self, finding: Finding) -> tuple[int, int, float]:
        """Worst first; of equally bad ones that of the more powerful identity. Otherwise as the report has them."""
        state = (Status.OPEN, Status.ERROR, Status.WAIVED).index(finding.status)
        identity = self._identity(finding)
        standing = None if identity is None else self._report.standings.get(identity)
        return (state, -finding.severity, -(standing.level.rank if standing else 0))

    def _identity(self, finding: Finding) -> Identity | None:
        subject = self._subjects.get(finding.subject)
        return subject.trust.identity if isinstance(subject, Decision) else subject

    def _listed(self, members: Iterable[_Numbered]) -> Iterator[str]:
        """Rule by rule, a line for each finding; of a rule with many the first few, of a minor one how many."""
        by_rule: dict[str, list[_Numbered]] = {}
        for number, finding in members:
            by_rule.setdefault(finding.rule, []).append((number, finding))
        for rule, listed in by_rule.items():
            number, first = listed[0]
            if len(listed) == 1:
                yield from self._row(f"{number}.", title(first), self._level(first))
            elif first.status is Status.OPEN and first.severity in MINOR:
                yield from self._row("", f"{rule} ({len(listed):,}): {self._names(listed)}")
            else:
                most = MOST.get(first.severity, len(self._report.findings)) if first.status is Status.OPEN else FAILED
                shown = listed if len(listed) == most + 1 else listed[:most]
                rest = listed[len(shown) :]
                yield from self._row("", f"{rule} ({len(listed):,})")
                for number, finding in shown:
                    yield from self._row(f"{number}.", label(finding), self._level(finding), indent=2)
                if rest:
                    yield from self._row("", f"and {len(rest):,} more: {self._names(rest)}", indent=2)

    def _row(self, number: str, text: str, level: str = "", indent: int = 0) -> Iterator[str]:
        """Number, text and level in columns that are as wide for every finding of the report."""
        margin = len(f"{len(self._report.findings)}. ") + indent
        room = self._width - margin - len(level)
        for place, line in enumerate(wrap(text, room)):
            first = place == 0
            lead = f"{number if first else '':>{margin - indent - 1}} {' ' * indent}"
            yield f"{lead}{line:<{room}}{level if first else ''}"

    def _names(self, members: Iterable[_Numbered]) -> str:
        """Whom some findings are about, the first few by name."""
        names = list(dict.fromkeys(one.name if one else "" for one in (self._identity(f) for _, f in members)))
        shown = [name for name in names if name][:NAMES]
        more = len(names) - len(shown)
        return ", ".join((*shown, f"{more:,} more")) if more else ", ".join(shown)

    def _level(self, finding: Finding) -> str:
        identity = self._identity(finding)
        standing = None if identity is None else self._report.standings.get(identity)
        return "" if standing is None else f"{standing.level!s:>{LEVEL}}"

    def _waived(self, members: Iterable[_Numbered]) -> Iterator[str]:
        """What was waived, until when, by whom, why."""
        rows = [
            (f"{number}.", title(finding), f"until {waiver.expires}, {waiver.owner}: {waiver.reason}" if waiver else "")
            for number, finding in members
            for waiver in (finding.waiver,)
        ]
        yield from columns(rows, self._width, right=frozenset((0,)), ink=self._ink)


def more(report: Report, width: int, *, details: bool) -> Iterator[str]:
    """How to hear the rest, where something was told in short."""
    short = len(report.findings) > WRITTEN or any(one.severity is Severity.INFO for one in report.findings)
    if short and not details:
        yield from wrap("--details writes out every finding; `auditor explain RULE` tells about a rule.", width)
        yield ""


def _heading(finding: Finding) -> str:
    match finding.status:
        case Status.OPEN:
            return str(finding.severity).upper()
        case Status.ERROR:
            return "FAILED CHECKS, which are no passes"
        case Status.WAIVED:
            return "WAIVED"
