"""The plain facts that lists of findings tell of their subjects, taken from what an audit holds of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from auditor.claims.predicate import claims_of
from auditor.graph import Standing
from auditor.model import Decision, Finding, Identity, Subject
from auditor.report.base import Report


class Subjects:
    """The subjects of the findings about one part of an estate: its trusts and identities.

    Make one for each part, and let it go: what a report tells of a subject is in the finding itself (`Finding.about`).
    """

    def __init__(
        self,
        decisions: Iterable[Decision],
        identities: Iterable[Identity] = (),
        standings: Mapping[Identity, Standing] | None = None,
    ) -> None:
        self._standings: Mapping[Identity, Standing] = {} if standings is None else standings
        self._trusts = {one.trust.id: one for one in decisions}
        self._identities = {one.id: one for one in identities}
        self._found: dict[tuple[str, str], Subject | None] = {}

    def __call__(self, finding: Finding) -> Subject | None:
        """None for what is not here, and for the estate as a whole."""
        key = (finding.subject_kind, finding.subject)
        if key not in self._found:
            self._found[key] = self._look(finding)
        return self._found[key]

    def fill(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """`findings`, each with what is known here of its subject; what was filled in before stays where nothing is."""
        for finding in findings:
            about = self(finding)
            yield finding if about is None else replace(finding, about=about)

    def _look(self, finding: Finding) -> Subject | None:
        if finding.subject_kind == "identity":
            identity = self._identities.get(finding.subject)
            return None if identity is None else self._about(identity)
        decision = self._trusts.get(finding.subject)
        return None if decision is None else self._about(decision.trust.identity, decision)

    def _about(self, one: Identity, decision: Decision | None = None) -> Subject:
        standing = self._standings.get(one)
        told = Subject(
            provider=one.provider,
            scope=one.scope,
            kind=one.kind,
            id=one.id,
            name=one.name,
            level=None if standing is None else standing.level,
            power=None if standing is None else standing.words,
        )
        if decision is None:
            return told
        reads = tuple(sorted(claims_of(decision.trust.predicate)))
        return replace(told, issuer=decision.trust.issuer.url, reads=reads, then=decision.then)


def described(report: Report) -> Report:
    """`report`, which lies in memory, with every finding told of by what the report itself holds of its subject."""
    subjects = Subjects(report.decisions, report.identities, report.standings)
    return replace(report, findings=tuple(subjects.fill(report.findings)))
