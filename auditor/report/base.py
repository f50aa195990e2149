"""What a report holds, and the protocol of a report format. Formats turn it into text and compute nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TextIO

from auditor.claims.verdict import Undecided
from auditor.graph import Standing
from auditor.model import Decision, Finding, Identity, Severity, Status
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

    @property
    def open(self) -> int:
        return sum(self.by_severity.values())


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
    """One audit. All sequences are in their final order."""

    tool_version: str
    started: str
    """When the first document was collected, RFC 3339, UTC: the audit speaks of that time, whenever it is made."""
    finished: str
    coverage: tuple[Coverage, ...]
    decisions: tuple[Decision, ...]
    identities: tuple[Identity, ...]
    findings: tuple[Finding, ...]
    standings: Mapping[Identity, Standing] = field(default_factory=dict)
    """What each of `identities` may do; one that is absent was not asked about."""
    documents: Sequence[Document] = field(default=(), compare=False, repr=False)
    """All that was collected, so that a format can show what a `Source` points to; empty where it is not kept."""
    comparison: Comparison | None = None
    """Only of one that was compared with an older state."""

    def summary(self) -> Summary:
        """The counts. An audit of nothing at all (no ledger rows) is not complete."""
        open_ones = [finding for finding in self.findings if finding.status is Status.OPEN]
        severities = Counter(finding.severity for finding in open_ones)
        states = Counter(finding.status for finding in self.findings)
        return Summary(
            trusts=len(self.decisions),
            identities=len(self.identities),
            by_severity={severity: severities[severity] for severity in sorted(Severity, reverse=True)},
            coverage_complete=bool(self.coverage) and not any(unread(row) for row in self.coverage),
            waived=states[Status.WAIVED],
            errors=states[Status.ERROR],
            undecided=sum(1 for decision in self.decisions if undecided(decision)),
            known=Counter(finding.severity for finding in open_ones if finding.known),
        )


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
