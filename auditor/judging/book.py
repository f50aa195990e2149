"""Takes down what was judged, portion by portion, and makes the report of it, which lies on disk if it is large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from auditor import __version__
from auditor.config import Waiver
from auditor.graph import Standing
from auditor.judging.court import Judged
from auditor.judging.waivers import about
from auditor.model import Decision, Finding, Identity
from auditor.order import finding_order
from auditor.report.base import Report, Tally
from auditor.snapshot import Coverage, Snapshot
from auditor.storage.spool import Sorted, Spool, SpoolMap


class Book:
    """One audit under way. Portions are added in the order of reports."""

    def __init__(self, snapshot: Snapshot, coverage: Sequence[Coverage], waivers: Sequence[Waiver]) -> None:
        self._snapshot = snapshot
        self._coverage = tuple(coverage)
        self._waivers = waivers
        self._decisions: Spool[Decision] = Spool()
        self._identities: Spool[Identity] = Spool()
        self._standings: SpoolMap[Identity, Standing] = SpoolMap(_place)
        self._findings: Sorted[Finding] = Sorted(key=finding_order)
        self._failures: dict[str, Finding] = {}
        """By id: a check that fails on what portions have in common fails in each of them, and is told of once."""
        self._answered: set[Waiver] = set()
        self._tally = Tally()

    def add(self, judged: Judged) -> None:
        """Everything a report says of one portion."""
        self._decisions.extend(judged.decisions)
        self._identities.extend(judged.identities)
        self._standings.add(judged.standings)
        self._findings.extend(judged.findings)
        for failure in judged.failures:
            known = self._failures.get(failure.id)
            if known is None or known.about is None:  # the portion that a subject belongs to knows it
                self._failures[failure.id] = failure
        self._answered |= judged.answered
        self._tally.merge(judged.tally)

    def report(self) -> Report:
        """What was added, and what there is to say about the waivers."""
        rest = list(about(self._waivers, self._answered, self._snapshot.finished))
        self._findings.extend((*self._failures.values(), *rest))
        self._tally.add((), rest)
        summary = self._tally.summary(self._coverage, len(self._identities))
        return Report(
            tool_version=__version__,
            started=self._snapshot.started,
            finished=self._snapshot.finished,
            coverage=self._coverage,
            decisions=self._decisions,
            identities=self._identities,
            findings=self._findings,
            standings=self._standings,
            documents=self._snapshot.documents,
            counted=replace(summary, errors=len(self._failures)),
        )


def _place(identity: Identity) -> tuple[str, str]:
    return identity.provider, identity.scope
