"""What a report holds, and the protocol of a report format. Formats turn it into text and compute nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TextIO

from auditor.claims.verdict import Undecided
from auditor.graph import Standing
from auditor.model import Decision, Finding, Identity, Severity, Status
from auditor.report.large import Seen
from auditor.rules.base import Definition
from auditor.snapshot import Coverage, Document
from auditor.snapshot import Status as Reading

TOOL = "oidc-trust-auditor"


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts everything ends in."""

    trusts: int
    identities: int
    by_severity: Mapping[Severity, int]
    """Open findings of each severity, worst first, zeros included."""
    coverage_complete: bool
    waived: int
    errors: int
    """Findings of status `error`: checks that failed on their subject and so are no pass."""
    undecided: int
    """Trusts with at least one verdict that is unknown."""
    known: Mapping[Severity, int] = field(default_factory=dict)
    """Of `by_severity`, those that the baseline has as well: they decide no exit code."""
    quiet: int = 0
    """Trusts that no finding is about and that are decided in every respect."""

    @property
    def open(self) -> int:
        return sum(self.by_severity.values())


class Tally:
    """Counts what a report comes to, a part of the estate at a time."""

    def __init__(self) -> None:
        self._trusts = self._undecided = self._quiet = 0
        self._open = Counter[Severity]()
        self._known = Counter[Severity]()
        self._states = Counter[Status]()

    def add(self, decisions: Iterable[Decision], findings: Iterable[Finding]) -> None:
        """The trusts of one part, and all findings of the report about them (and others, in whatever call)."""
        told = Seen()
        for finding in findings:
            self._states[finding.status] += 1
            told.add(finding.subject)
            if finding.status is Status.OPEN:
                self._open[finding.severity] += 1
                self._known[finding.severity] += finding.known is True
        for decision in decisions:
            self._trusts += 1
            if undecided(decision):
                self._undecided += 1
            elif decision.trust.id not in told:
                self._quiet += 1

    def merge(self, other: Tally) -> None:
        """What was counted of another part, wherever that was."""
        self._trusts += other._trusts
        self._undecided += other._undecided
        self._quiet += other._quiet
        self._open += other._open
        self._known += other._known
        self._states += other._states

    def summary(self, coverage: Iterable[Coverage], identities: int) -> Summary:
        """The counts. An audit of nothing at all (no ledger rows) is not complete."""
        rows = list(coverage)
        return Summary(
            trusts=self._trusts,
            identities=identities,
            by_severity={severity: self._open[severity] for severity in sorted(Severity, reverse=True)},
            coverage_complete=bool(rows) and not any(unread(row) for row in rows),
            waived=self._states[Status.WAIVED],
            errors=self._states[Status.ERROR],
            undecided=self._undecided,
            known=+self._known,
            quiet=self._quiet,
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """With what an audit was compared, and how that went."""

    kind: Literal["snapshot", "report"]
    """What the older state was read from."""
    started: str
    """When the first document of the older state was collected, RFC 3339, UTC."""
    finished: str
    by_tokens: bool
    """Whether the policies of both sides were at hand, so that it was compared which tokens get in; else only what a
    report says was compared."""
    trusts: Mapping[str, int]
    """`equal`, `tighter`, `looser`, `incomparable`, `unknown`, `added`, `removed` → how many trusts are that now."""
    new: int
    """Findings, waived ones aside, that the older state does not have."""
    known: int
    """Findings, waived ones aside, that it has too."""
    gone: int
    """Findings that it has and that were looked for in vain."""
    hidden: bool = False
    """Whether the known ones were left out of the report."""
    changes_only: bool = False
    """Whether the report's findings are what changed, and what is new or gone; else those of the newer state."""


@dataclass(frozen=True, slots=True)
class Report:
    """One audit. All sequences are in their final order.

    `decisions`, `identities` and `findings` may lie on disk: going through them from the beginning is cheap, any number
    of times, and so is `len`; nothing else is.
    """

    tool_version: str
    started: str
    """When the first document was collected, RFC 3339, UTC: the audit speaks of that time, whenever it is made."""
    finished: str
    coverage: tuple[Coverage, ...]
    decisions: Sequence[Decision]
    identities: Sequence[Identity]
    findings: Collection[Finding]
    standings: Mapping[Identity, Standing] = field(default_factory=dict)
    """What each of `identities` may do; one that is absent was not asked about."""
    documents: Sequence[Document] = field(default=(), compare=False, repr=False)
    """All that was collected, so that a format can show what a `Source` points to; empty where it is not kept."""
    comparison: Comparison | None = None
    """Only of one that was compared with an older state."""
    counted: Summary | None = field(default=None, compare=False)
    """What `summary` says, where it was counted on the way; a report with other findings has to leave it out."""

    def summary(self) -> Summary:
        """The counts. An audit of nothing at all (no ledger rows) is not complete."""
        if self.counted is not None:
            return self.counted
        tally = Tally()
        tally.add(self.decisions, self.findings)
        return tally.summary(self.coverage, len(self.identities))

    def with_counts(self) -> Report:
        """The same, counted once and for all."""
        return self if self.counted is not None else replace(self, counted=self.summary())


def unread(row: Coverage) -> bool:
    """Whether a ledger row means that something asked for was not read."""
    return row.status in (Reading.DENIED, Reading.FAILED)


def undecided(decision: Decision) -> Mapping[str, str]:
    """The verdicts of a trust that are unknown: `reachable` or attacker class → reason."""
    verdicts = {"reachable": decision.reachable, **decision.classes}
    return {name: verdict.reason for name, verdict in verdicts.items() if isinstance(verdict, Undecided)}


@dataclass(frozen=True, slots=True)
class Layout:
    """How much room there is. Formats for machines ignore it."""

    width: int = 100
    """Columns."""
    details: bool = False
    """Whether everything is to be written out, also the lesser findings."""
    colour: bool = False
    """Whether the stream is a terminal that shows colours."""


class Format(Protocol):
    """One way to write a report down."""

    def __call__(self, report: Report, stream: TextIO, layout: Layout, /) -> None:
        """Write the whole of `report`, ending in a newline."""
        ...


class PageFormat(Protocol):
    """One way to write down the page of a rule."""

    def __call__(self, rule: Definition, stream: TextIO, layout: Layout, /) -> None:
        """Write the whole page, ending in a newline."""
        ...
