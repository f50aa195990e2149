"""What a report holds, and the protocol of a report format. Formats turn it into text and compute nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from auditor.claims.verdict import Undecided
from auditor.graph import Standing
from auditor.model import Decision, Finding, Identity, Severity, Status
from auditor.snapshot import Coverage
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

    @property
    def open(self) -> int:
        return sum(self.by_severity.values())


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

    def summary(self) -> Summary:
        """The counts. An audit of nothing at all (no ledger rows) is not complete."""
        severities = Counter(finding.severity for finding in self.findings if finding.status is Status.OPEN)
        states = Counter(finding.status for finding in self.findings)
        return Summary(
            trusts=len(self.decisions),
            identities=len(self.identities),
            by_severity={severity: severities[severity] for severity in sorted(Severity, reverse=True)},
            coverage_complete=bool(self.coverage) and not any(unread(row) for row in self.coverage),
            waived=states[Status.WAIVED],
            errors=states[Status.ERROR],
            undecided=sum(1 for decision in self.decisions if undecided(decision)),
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
    """Whether also the lesser findings are to be written out."""


class Format(Protocol):
    """One way to write a report down."""

    def __call__(self, report: Report, stream: TextIO, layout: Layout, /) -> None:
        """Write the whole of `report`, ending in a newline."""
        ...
