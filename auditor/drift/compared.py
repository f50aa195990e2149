"""An audit held against an older state: as a report of what changed, or as itself with what is known told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from auditor.claims.predicate import Token
from auditor.claims.verdict import Accepted, Rejected
from auditor.drift import powers, tokens, told
from auditor.drift.sides import NOWHERE, Ground, Side
from auditor.drift.tokens import Judge
from auditor.graph import powerless
from auditor.judging.checks import ESTATE, REFUSED
from auditor.model import Decision, Finding, Identity, Status, Trust
from auditor.order import finding_order, identity_order, row_order, trust_order
from auditor.providers.base import Provider
from auditor.report.base import Comparison, Report, unread
from auditor.report.subjects import described
from auditor.rules import finding_gone, trust_added, trust_grew, trust_removed, trust_shrank
from auditor.rules.changes import Addition, Change
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading

KINDS = ("equal", "tighter", "looser", "incomparable", "unknown", "added", "removed")

GREW = ("looser", "incomparable", "unknown")
"""What counts as having grown: it did, or nobody can rule it out."""

REMOVED = Rejected("the trust is gone")


def diff(old: Side, new: Side, rooms: Mapping[str, Provider], judge: Judge) -> Report:
    """What changed, as a report: its findings are the changes and the findings that are new, or gone.

    It holds every trust of the newer state and those removed since, which let nobody in. Its coverage is that of the
    newer state and the gaps of the older one. `rooms`: by provider id. Pure.
    """
    return _Comparison(old, new, rooms, judge).report()


def against(old: Side, new: Side, rooms: Mapping[str, Provider], judge: Judge, *, hide: bool = False) -> Report:
    """The newer report with every finding told apart: in the older state or not. With `hide`, known ones are left out.

    One is known if the older state has it, no milder than it is now, and its trust surely lets in no more than then. A
    failed check is never left out.
    """
    return _Comparison(old, new, rooms, judge).flagged(hide=hide)


class _Comparison:
    """Two sides, and all there is to say about the pair; each part is worked out when it is asked for."""

    def __init__(self, old: Side, new: Side, rooms: Mapping[str, Provider], judge: Judge) -> None:
        self.old = old
        self.new = new
        self.rooms = rooms
        self.judge = judge
        self.then = {one.trust.id: one for one in self.old.report.decisions}
        self.now = {one.trust.id: one for one in self.new.report.decisions}
        self.ground = Ground(self.old.report)
        self.new_ground = Ground(self.new.report)
        self.by_tokens = self.old.kind == self.new.kind == "snapshot"
        self.found_then = {one.id: one for one in self.old.report.findings}
        self.places = {**_places(self.new.report), **_places(self.old.report)}

    # --- trusts -------------------------------------------------------------------------------------------------------

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What became of every trust that both sides have."""
        pairs = [(old, self.now[name]) for name, old in self.then.items() if name in self.now]
        if not self.by_tokens:
            return tuple(told.change(old, new) for old, new in pairs)
        return tuple(tokens.change(old, new, self.rooms[new.trust.provider], self.judge) for old, new in pairs)

    @cached_property
    def added(self) -> tuple[Decision, ...]:
        return tuple(one for name, one in self.now.items() if name not in self.then)

    @cached_property
    def removed(self) -> tuple[Decision, ...]:
        """Trusts that are gone from places the newer state covers."""
        gone = (one for name, one in self.then.items() if name not in self.now)
        return tuple(one for one in gone if self.new_ground.covers(one.trust.provider, one.trust.scope, self.ground))

    @cached_property
    def passed_over(self) -> tuple[Decision, ...]:
        """Trusts of places that the newer state does not cover."""
        kept = {one.trust.id for one in self.removed}
        return tuple(one for name, one in self.then.items() if name not in self.now and name not in kept)

    def additions(self) -> Iterator[Addition]:
        doors: dict[tuple[Identity, str], list[Trust]] = {}
        for one in self.then.values():
            doors.setdefault((one.trust.identity, one.trust.issuer.url), []).append(one.trust)
        identities = {one.trust.identity for one in self.then.values()}
        for new in self.added:
            trust = new.trust
            olds = doors.get((trust.identity, trust.issuer.url), [])
            token: Token | None = new.reachable.witness if isinstance(new.reachable, Accepted) and not olds else None
            same = False
            if olds and self.by_tokens:
                answer = tokens.before(olds, trust, self.rooms[trust.provider])
                same, token = answer is True, None if isinstance(answer, bool) else answer
            looked = self.ground.whole(trust.provider, trust.scope, self.new_ground)
            yield Addition(new, token, same, trust.identity not in identities, looked)

    def about_trusts(self) -> Iterator[Finding]:
        for change in self.changes:
            if change.kind in GREW:
                yield trust_grew.finding(change)
            elif change.kind == "tighter":
                yield trust_shrank.finding(change)
            yield from self.withdrawn(change)
        yield from map(trust_added.finding, self.additions())
        for one in self.removed:
            certain = self.new_ground.whole(one.trust.provider, one.trust.scope, self.ground)
            yield trust_removed.finding(one, certain=certain)

    @staticmethod
    def withdrawn(change: Change) -> Iterator[Finding]:
        if change.reason == REFUSED:
            yield tokens.failure(change)

    # --- findings -----------------------------------------------------------------------------------------------------

    @cached_property
    def new_ones(self) -> tuple[Finding, ...]:
        """Findings that the older state does not have, or not as bad. Failed checks are always among them."""
        return tuple(one for one in self.new.report.findings if not self.was_there(one))

    def was_there(self, finding: Finding) -> bool:
        then = self.found_then.get(finding.id)
        if then is None or Status.ERROR in (then.status, finding.status) or then.severity < finding.severity:
            return False
        return then.status is Status.OPEN or finding.status is Status.WAIVED

    @cached_property
    def gone(self) -> tuple[Finding, ...]:
        """Findings of the older state that were looked for again, in vain."""
        here = {one.id for one in self.new.report.findings}
        failed = {(one.rule, one.subject) for one in self.new.report.findings if one.status is Status.ERROR}
        return tuple(
            one
            for one in self.old.report.findings
            if one.status is not Status.ERROR
            and one.id not in here
            and (self.new.rules is None or one.rule in self.new.rules)
            and failed.isdisjoint(((one.rule, one.subject), (one.rule, ESTATE)))
            and self.looked_again(one)
        )

    def looked_again(self, finding: Finding) -> bool:
        place = self.places.get(finding.subject)
        if place is None:  # about the configuration, or about the estate as a whole
            return self.new.report.summary().coverage_complete
        return self.new_ground.whole(*place, self.ground)

    # --- what is made of it -------------------------------------------------------------------------------------------

    def report(self) -> Report:
        drifted = (*self.about_trusts(), *powers.findings(self.old.report, self.new.report))
        findings = (*drifted, *self.new_ones, *map(finding_gone.finding, self.gone))
        new = self.new.report
        removed = [_emptied(one) for one in self.removed]
        known = {_key(one) for one in new.identities}
        told_of = {one.subject for one in findings if one.subject_kind == "identity"}
        told_of |= {one.trust.identity.id for one in removed}
        further = [one for one in self.old.report.identities if one.id in told_of and _key(one) not in known]
        changed = replace(
            new,
            coverage=tuple(sorted((*new.coverage, *self.rows()), key=row_order)),
            decisions=tuple(sorted((*new.decisions, *removed), key=lambda one: trust_order(one.trust))),
            identities=tuple(sorted((*new.identities, *further), key=identity_order)),
            findings=tuple(sorted(findings, key=finding_order)),
            standings={**new.standings, **{one: powerless(one) for one in further}},
            comparison=replace(self.counted(), changes_only=True),
            counted=None,
        )
        return described(changed)

    def flagged(self, *, hide: bool) -> Report:
        grown = {one.new.trust.id for one in self.changes if one.kind in GREW}
        fresh = {one.id for one in self.new_ones}
        withdrawn = [failed for change in self.changes for failed in self.withdrawn(change)]
        findings = [
            replace(one, known=one.id not in fresh and one.subject not in grown) for one in self.new.report.findings
        ]
        known = sum(1 for one in findings if one.known and one.status is Status.OPEN)
        fresh_ones = sum(1 for one in findings if not one.known and one.status is Status.OPEN)
        shown = [one for one in findings if not (hide and one.known)]
        told = replace(
            self.new.report,
            findings=tuple(sorted((*shown, *withdrawn), key=finding_order)),
            comparison=replace(self.counted(), new=fresh_ones, known=known, hidden=hide),
            counted=None,
        )
        return described(told)

    def counted(self) -> Comparison:
        counts = Counter[str](change.kind for change in self.changes)
        trusts = {**{kind: counts[kind] for kind in KINDS[:-2]}, "added": len(self.added), "removed": len(self.removed)}
        fresh = sum(1 for one in self.new_ones if one.status is Status.OPEN)
        return Comparison(
            kind=self.old.kind,
            started=self.old.report.started,
            finished=self.old.report.finished,
            by_tokens=self.by_tokens,
            trusts=trusts,
            new=fresh,
            known=sum(1 for one in self.new.report.findings if one.status is Status.OPEN) - fresh,
            gone=sum(1 for one in self.gone if one.status is Status.OPEN),
        )

    def rows(self) -> Iterator[Coverage]:
        """What the comparison rests on, and what it leaves open, as rows of the ledger."""
        old = self.old.report
        first = min((row.provider for row in (*old.coverage, *self.new.report.coverage)), default="aws")
        if not old.coverage:
            yield _row(first, NOWHERE, Reading.FAILED, "of the older state nothing was read")
        for row in old.coverage:
            if unread(row):
                yield replace(row, reason=f"in the older state: {row.reason or 'not read'}")
        for (provider, scope), lost in _by_place(self.passed_over).items():
            count = f"{len(lost)} {'trust' if len(lost) == 1 else 'trusts'}"
            reason = f"the newer state does not cover it: of {count} that were there it is not known what became"
            yield _row(provider, scope, Reading.FAILED, reason)
        failed = sum(1 for one in old.findings if one.status is Status.ERROR)
        if failed:
            reason = f"in the older state {failed} {'check' if failed == 1 else 'checks'} failed"
            yield _row(first, NOWHERE, Reading.FAILED, reason)
        if not self.by_tokens:
            which = [name for name, side in (("older", self.old), ("newer", self.new)) if side.kind == "report"]
            reason = (
                f"the {' and the '.join(which)} state is a report without policies: trusts were compared by verdicts, "
                "names and patterns, which is weaker than by the tokens that get in"
            )
            for provider in sorted({one.trust.provider for one in (*self.then.values(), *self.now.values())}):
                yield _row(provider, NOWHERE, Reading.SKIPPED, reason)


def _row(provider: str, scope: str, status: Reading, reason: str) -> Coverage:
    return Coverage(provider, scope, "comparison", status, reason)


def _by_place(decisions: Iterable[Decision]) -> dict[tuple[str, str], list[Decision]]:
    places: dict[tuple[str, str], list[Decision]] = {}
    for one in decisions:
        places.setdefault((one.trust.provider, one.trust.scope), []).append(one)
    return places


def _key(identity: Identity) -> tuple[str, str, str]:
    return identity.provider, identity.kind, identity.id


def _places(report: Report) -> dict[str, tuple[str, str]]:
    """The provider and scope of everything that a finding can be about."""
    identities = {one.id: (one.provider, one.scope) for one in report.identities}
    return {**identities, **{one.trust.id: (one.trust.provider, one.trust.scope) for one in report.decisions}}


def _emptied(old: Decision) -> Decision:
    """A trust that was removed, as it stands now: it lets nobody in."""
    return replace(
        old,
        reachable=REMOVED,
        classes=dict.fromkeys(old.classes, REMOVED),
        breadth=(),
        breadth_complete=True,
        statement=f"Gone. Before: {old.statement}",
    )
