"""The findings: the worst written out, the others in rows, so that one screen tells what to do first."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter

from auditor.model import Finding, Level, Severity, Status
from auditor.report.base import Report
from auditor.report.blocks import block, label, title
from auditor.report.columns import columns
from auditor.report.ink import SEVERITIES, Ink, Tint
from auditor.report.large import Seen, sorting
from auditor.report.text import wrap
from auditor.storage.spool import Sorted

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
_Order = tuple[int, int, float]
"""Status, severity and level of the identity; least for what comes first."""
_STATES = (Status.OPEN, Status.ERROR, Status.WAIVED)


@dataclass(frozen=True, slots=True)
class _Group:
    """Findings under one heading."""

    state: Status
    severity: Severity
    """Of the first of them."""
    before: int
    """How many come before them."""
    total: int

    @property
    def heading(self) -> str:
        match self.state:
            case Status.OPEN:
                return str(self.severity).upper()
            case Status.ERROR:
                return "FAILED CHECKS, which are no passes"
            case Status.WAIVED:
                return "WAIVED"

    def written(self, number: int) -> bool:
        """Whether the finding of that number is written out where not all are."""
        match self.state:
            case Status.OPEN:
                return number <= WRITTEN and self.severity is not Severity.INFO
            case Status.ERROR:
                return number - self.before <= WRITTEN
            case Status.WAIVED:
                return False

    @property
    def lines(self) -> int:
        """How many findings of a rule have a line each; 0 where only whom they are about is told."""
        return MOST.get(self.severity, 0) if self.state is Status.OPEN else FAILED


@dataclass(slots=True)
class _Names:
    """Whom some findings are about: the first few, and how many names there are."""

    first: dict[str, int] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)
    total: int = 0

    def add(self, number: int, name: str) -> None:
        self.total += self.seen.add(name)
        if name and number < self.first.get(name, number + 1):
            self.first[name] = number
            if len(self.first) > NAMES:
                del self.first[max(self.first, key=self.first.__getitem__)]

    def __str__(self) -> str:
        shown = sorted(self.first, key=self.first.__getitem__)
        more = self.total - len(shown)
        return ", ".join((*shown, f"{more:,} more")) if more else ", ".join(shown)


@dataclass(slots=True)
class _Rule:
    """The findings of one rule under one heading that are not written out."""

    lines: int
    first: list[_Numbered] = field(default_factory=list)
    """No more than could have a line."""
    total: int = 0
    names: _Names = field(default_factory=_Names)
    """Of those without a line."""

    def add(self, number: int, finding: Finding) -> None:
        self.total += 1
        insort(self.first, (number, finding), key=itemgetter(0))
        del self.first[self.lines + 1 :]

    @property
    def shown(self) -> list[_Numbered]:
        """Those with a line: all of them, if only one line would be saved by counting."""
        alone = self.total == 1 or self.total == self.lines + 1 > 1
        return self.first if alone else self.first[: self.lines]


class Findings:
    """Those of one report, which are gone through a few times; in memory are those that are shown, rule by rule."""

    def __init__(self, report: Report, width: int, ink: Ink) -> None:
        self._findings = report.findings
        self._width = width
        self._ink = ink
        self._starts: dict[_Order, int] = {}
        self._groups: dict[tuple[Status, Severity | None], _Group] = {}
        counts = Counter(map(_order, report.findings))
        before = 0
        for order in sorted(counts):
            self._starts[order] = before
            state, severity = _STATES[order[0]], Severity(-order[1])
            key = _key(state, severity)
            group = self._groups.get(key, _Group(state, severity, before, 0))
            self._groups[key] = replace(group, total=group.total + counts[order])
            before += counts[order]

    def write(self, *, details: bool) -> Iterator[str]:
        """All of them: in full if there are to be `details`, else the worst in full and the others in short.

        A finding has the same number either way.
        """
        return self._whole() if details else self._short()

    def _numbered(self) -> Iterator[tuple[int, Finding, _Group]]:
        """All, in the order of the report, with their numbers: worst first, then by the power of the identity."""
        numbers = dict(self._starts)
        for finding in self._findings:
            order = _order(finding)
            numbers[order] += 1
            yield numbers[order], finding, self._groups[_key(finding.status, finding.severity)]

    def _whole(self) -> Iterator[str]:
        ordered: Sorted[_Numbered] = sorting(itemgetter(0))
        ordered.extend((number, finding) for number, finding, _ in self._numbered())
        for number, finding in ordered:
            group = self._groups[_key(finding.status, finding.severity)]
            if number == group.before + 1:
                yield from self._heading(group)
            yield from self._block(number, finding)

    def _short(self) -> Iterator[str]:
        full: dict[_Group, list[_Numbered]] = {group: [] for group in self._groups.values()}
        rules: dict[_Group, dict[str, _Rule]] = {group: {} for group in self._groups.values()}
        waived: Sorted[tuple[str, str, str]] = sorting(_number)
        for number, finding, group in self._numbered():
            if group.written(number):
                full[group].append((number, finding))
            elif group.state is Status.WAIVED:
                waived.add(_waived(number, finding))
            else:
                rules[group].setdefault(finding.rule, _Rule(group.lines)).add(number, finding)
        self._name(rules)
        for group in self._groups.values():
            yield from self._heading(group)
            for number, finding in sorted(full[group], key=itemgetter(0)):
                yield from self._block(number, finding)
            if group.state is Status.WAIVED:
                yield from columns(waived, self._width, right=frozenset((0,)), ink=self._ink)
                yield ""
            elif rules[group]:
                yield from self._listed(rules[group])
                yield ""

    def _name(self, rules: Mapping[_Group, Mapping[str, _Rule]]) -> None:
        """Note the names of those that are neither written out nor have a line."""
        lined = {
            group: {number for rule in listed.values() for number, _ in rule.shown} for group, listed in rules.items()
        }
        if any(rule.total > len(rule.shown) for listed in rules.values() for rule in listed.values()):
            for number, finding, group in self._numbered():
                rule = rules[group].get(finding.rule)
                if rule is not None and number not in lined[group] and not group.written(number):
                    rule.names.add(number, finding.about.name if finding.about else "")

    def _heading(self, group: _Group) -> Iterator[str]:
        tint = SEVERITIES[group.severity] or Tint.STRONG if group.state is Status.OPEN else Tint.STRONG
        yield self._ink(f"{group.heading} ({group.total:,})", tint)
        yield ""

    def _block(self, number: int, finding: Finding) -> Iterator[str]:
        yield from block(f"{number}. ", finding, self._width, self._ink)
        yield ""

    def _listed(self, rules: Mapping[str, _Rule]) -> Iterator[str]:
        """Rule by rule, a line for each finding; of a rule with many the first few, of a minor one how many."""
        for name, rule in sorted(rules.items(), key=lambda item: item[1].first[0][0]):
            if rule.total == 1:
                number, only = rule.first[0]
                yield from self._row(f"{number}.", title(only), _level(only))
                continue
            if not rule.lines:
                yield from self._row("", f"{name} ({rule.total:,}): {rule.names}")
                continue
            yield from self._row("", f"{name} ({rule.total:,})")
            for number, finding in rule.shown:
                yield from self._row(f"{number}.", label(finding), _level(finding), indent=2)
            rest = rule.total - len(rule.shown)
            if rest:
                yield from self._row("", f"and {rest:,} more: {rule.names}", indent=2)

    def _row(self, number: str, text: str, level: str = "", indent: int = 0) -> Iterator[str]:
        """Number, text and level in columns that are as wide for every finding of the report."""
        margin = len(f"{len(self._findings)}. ") + indent
        room = self._width - margin - len(level)
        for place, line in enumerate(wrap(text, room)):
            first = place == 0
            lead = f"{number if first else '':>{margin - indent - 1}} {' ' * indent}"
            yield f"{lead}{line:<{room}}{level if first else ''}"


def _order(finding: Finding) -> _Order:
    """Worst first; of equally bad ones that of the more powerful identity. Otherwise as the report has them."""
    level = finding.about.level if finding.about else None
    return (_STATES.index(finding.status), -finding.severity, -(level.rank if level else 0))


def _key(state: Status, severity: Severity) -> tuple[Status, Severity | None]:
    """What has one heading."""
    return state, severity if state is Status.OPEN else None


def _level(finding: Finding) -> str:
    level = finding.about.level if finding.about else None
    return "" if level is None else f"{level!s:>{LEVEL}}"


def _waived(number: int, finding: Finding) -> tuple[str, str, str]:
    """What was waived, until when, by whom, why."""
    waiver = finding.waiver
    told = f"until {waiver.expires}, {waiver.owner}: {waiver.reason}" if waiver else ""
    return f"{number}.", title(finding), told


def _number(row: tuple[str, str, str]) -> int:
    return int(row[0].removesuffix("."))


def more(report: Report, width: int, *, details: bool) -> Iterator[str]:
    """How to hear the rest, where something was told in short."""
    short = len(report.findings) > WRITTEN or any(one.severity is Severity.INFO for one in report.findings)
    if short and not details:
        yield from wrap("--details writes out every finding; `auditor explain RULE` tells about a rule.", width)
        yield ""
