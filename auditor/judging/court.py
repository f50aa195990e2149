"""Judges an estate portion by portion, with the powers of all identities in reach.

Whatever the order and wherever they are judged, in this process or in others, the results are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from auditor.claims.predicate import Token
from auditor.claims.verdict import Rejected, Verdict
from auditor.config import Config, Waiver
from auditor.decide import case_of, decide
from auditor.graph import Standing, powerless, with_power
from auditor.issuers.owners import owner
from auditor.judgement import reached
from auditor.judging.checks import confirm, confirmed, run, withdrawn
from auditor.judging.estate import Estate, Portion
from auditor.judging.waivers import rated, settle
from auditor.model import Decision, Finding, Identity, Source, Status, Trust
from auditor.order import finding_order, identity_order
from auditor.progress import Progress, counted, silent
from auditor.providers.base import Provider
from auditor.report.base import Tally
from auditor.report.subjects import Subjects
from auditor.rules.alike import Alike
from auditor.rules.base import Context, Persona, Rule
from auditor.snapshot import Snapshot
from auditor.storage.batches import packed

_NOBODY: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Decided:
    """A portion of which it is known who gets in."""

    portion: Portion
    decisions: tuple[Decision, ...]
    """In the order of reports; without what the identities may do."""
    identities: tuple[Identity, ...]
    idle: tuple[tuple[Identity, Source], ...]
    failures: tuple[Finding, ...]

    @cached_property
    def users(self) -> Mapping[str, int]:
        """Owner of an issuer → how many identities let somebody in by it."""
        alive = (one.trust for one in self.decisions if not isinstance(one.reachable, Rejected))
        return Counter(name for name, _ in {(owner(trust.issuer), trust.identity) for trust in alive})


@dataclass(frozen=True, slots=True)
class Judged:
    """All that a report says of a portion. Everything is in the order of reports."""

    portion: Portion
    decisions: Collection[Decision]
    identities: Collection[Identity]
    standings: Mapping[Identity, Standing]
    findings: Collection[Finding]
    """But for the failures."""
    failures: tuple[Finding, ...]
    """Findings of status `error`. One that concerns several portions is among those of each."""
    tally: Tally
    answered: frozenset[Waiver]
    """The waivers that some finding answers to."""
    users: Mapping[str, int]
    """As in `Decided`."""

    def packed(self) -> Judged:
        """The same, as it will lie in a file: so it travels, and is not unpacked on the way."""
        return replace(
            self,
            decisions=packed(self.decisions),
            identities=packed(self.identities),
            findings=packed(self.findings, key=finding_order),
        )


class Court:
    """What it takes to judge any portion of one snapshot. Can be pickled; caches stay behind."""

    def __init__(
        self, snapshot: Snapshot, providers: Sequence[Provider], config: Config, rules: Sequence[Rule], persona: Persona
    ) -> None:
        self._estate = Estate(snapshot, providers, config)
        self._config = config
        self._rules = [rule for rule in rules if persona.hears(rule.persona)]

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "_alike"}

    @property
    def divided(self) -> Sequence[Portion]:
        """The portions that can be judged in any order."""
        return self._estate.divided

    @property
    def whole(self) -> Sequence[Portion]:
        """Those whose rules may ask about all others."""
        return self._estate.whole

    def decided(self, portion: Portion, progress: Progress = silent) -> Decided:
        """Who gets in, in one portion."""
        room = self._estate.rooms[portion.provider]
        held = self._estate.portion(portion)
        trusts = self._estate.trusts_of(portion, held)
        decisions: list[Decision] = []
        failures: list[Finding] = []
        for trust in counted(f"judging the trusts of {room.id}", trusts, len(trusts), progress):
            known = self._alike.decided(trust)
            if known is not None:
                decisions.append(known)
                continue
            decision = decide(trust, self._config.ours)
            decisions.append(confirm(room, decision))
            failures.extend(withdrawn(decision, decisions[-1]))
        return Decided(
            portion,
            tuple(decisions),
            tuple(room.identities(held)),
            tuple(room.idle_registrations(held)),
            tuple(failures),
        )

    def judged(self, case: Decided, elsewhere: Mapping[str, int] = _NOBODY, progress: Progress = silent) -> Judged:
        """What the identities of the portion may do, and what is wrong there. `elsewhere`: as in `Context`."""
        graph = self._estate.graph
        collected = self._estate.snapshot.finished
        asked = list(dict.fromkeys((*case.identities, *(one.trust.identity for one in case.decisions))))
        looking = counted("looking at what identities may do", asked, len(asked), progress)
        standings = {identity: graph.standing(identity) for identity in looking}
        decisions = tuple(with_power(one, standings[one.trust.identity]) for one in case.decisions)
        context = Context(
            ours=self._config.ours,
            decisions=decisions,
            idle=case.idle,
            judge=self._judge,
            reach=self._reach,
            graph=graph,
            standings=standings,
            collected=collected,
            settings=self._config.rules,
            elsewhere=elsewhere,
            alike=self._alike,
        )
        rules = counted("looking for what is wrong", self._rules, len(self._rules), progress)
        found = [*case.failures, *run(rules, context)]
        self._alike.leave()
        found += self._estate.failures()
        settled = settle(rated(found, self._config.rules), self._config.waivers, decisions, collected)
        standings |= {registered: powerless(registered) for registered, _ in case.idle}
        identities = tuple(sorted(standings, key=identity_order))
        told = Subjects(decisions, identities, standings).fill(settled.findings)
        findings = sorted(told, key=finding_order)
        tally = Tally()
        tally.add(decisions, findings)
        return Judged(
            portion=case.portion,
            decisions=decisions,
            identities=identities,
            standings=standings,
            findings=tuple(one for one in findings if one.status is not Status.ERROR),
            failures=tuple(one for one in findings if one.status is Status.ERROR),
            tally=tally,
            answered=settled.answered,
            users=case.users,
        )

    @cached_property
    def _alike(self) -> Alike:
        return Alike(self._config.ours, self._admits, self._judge, self._reach)

    def _admits(self, trust: Trust, token: Token) -> bool | None:
        return self._estate.rooms[trust.provider].admits(trust, token)

    def _judge(self, trust: Trust) -> Decision:
        return confirm(self._estate.rooms[trust.provider], decide(trust, self._config.ours))

    def _reach(self, trust: Trust) -> Verdict:
        return confirmed(self._estate.rooms[trust.provider], trust, reached(case_of(trust, self._config.ours)))
