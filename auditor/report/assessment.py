"""What an audit says about the controls of frameworks: pass, fail, or not assessed, and why.

A control fails when a rule that bears on it found something open. It passes only when nothing at all stands in the way
of saying so: everything was read, every rule ran and none failed, every question the rules ask was answered. Whatever
is between the two is not assessed. What is not known is never a pass, and neither is an estate with nothing in it.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from auditor.claims.verdict import Rejected
from auditor.compliance.catalogue import Control, Framework
from auditor.config import Ours
from auditor.graph import Standing
from auditor.model import Decision, Finding, Level, Severity, Status
from auditor.report.base import Report, undecided, unread
from auditor.report.facts import FAILS_FROM, subject_of
from auditor.report.text import count
from auditor.rules.base import Definition
from auditor.snapshot import Status as Reading


class Result(enum.StrEnum):
    """What is said of a control."""

    FAIL = "fail"
    NOT_ASSESSED = "not-assessed"
    PASS = "pass"  # noqa: S105 - no password

    @property
    def words(self) -> str:
        return self.value.replace("-", " ")


@dataclass(frozen=True, slots=True)
class Assessed:
    """One control, and what the audit says of it."""

    control: Control
    result: Result
    reasons: tuple[str, ...]
    """Sentences without a full stop: why it fails, else why it could not be assessed, else what was looked at."""
    findings: tuple[Finding, ...]
    """Those by which it fails, or which leave it open; worst first."""
    waived: int
    """Findings that would count if nobody had decided to live with them."""

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst finding by which it fails."""
        return max((one.severity for one in self.findings), default=None) if self.result is Result.FAIL else None


@dataclass(frozen=True, slots=True)
class Assessment:
    """One framework."""

    framework: Framework
    controls: tuple[Assessed, ...]

    @property
    def counts(self) -> Mapping[Result, int]:
        """How many controls are what, zeros included."""
        return _counts(self.controls)


@dataclass(frozen=True, slots=True)
class Compliance:
    """One audit and what it says about frameworks."""

    report: Report
    assessments: tuple[Assessment, ...]

    @property
    def controls(self) -> Iterator[Assessed]:
        """Those of all frameworks."""
        return (control for one in self.assessments for control in one.controls)

    @property
    def counts(self) -> Mapping[Result, int]:
        """How many controls of all frameworks are what, zeros included."""
        return _counts(self.controls)


def _counts(controls: Iterable[Assessed]) -> Mapping[Result, int]:
    counted = Counter(one.result for one in controls)
    return {result: counted[result] for result in Result}


def assess(report: Report, frameworks: Iterable[Framework], rules: Sequence[Definition], ours: Ours) -> Compliance:
    """What `report`, for which `rules` were run with `ours`, says about `frameworks`."""
    named = {rule.id: rule for rule in rules}
    # The findings are named by controls, so they are in memory; trusts and identities are but counted.
    findings = tuple((one, subject_of(one).provider) for one in report.findings)
    clouds = _clouds(report, ours)
    return Compliance(report, tuple(_assessment(report, one, named, findings, clouds) for one in frameworks))


@dataclass(slots=True)
class _Counted:
    """The trusts and identities of one cloud."""

    trusts: int = 0
    identities: int = 0
    """That trusts are about."""
    registrations: int = 0
    """All that the report lists."""
    undecided: int = 0
    """Trusts."""
    undeclared: int = 0
    """Trusts."""
    powers: int = 0
    """Identities of which it is not known what they may do."""
    uses: int = 0
    """Identities of which it is not known when they were last used."""


def _clouds(report: Report, ours: Ours) -> Mapping[str, _Counted]:
    """Provider → what there is. In the order of reports the trusts of an identity stand side by side."""
    clouds: dict[str, _Counted] = {}
    for identity, decisions in groupby(report.decisions, key=lambda one: one.trust.identity):
        counted = clouds.setdefault(identity.provider, _Counted())
        standing = report.standings.get(identity)
        counted.identities += 1
        counted.powers += _unknown(standing)
        counted.uses += not _use_known(standing)
        for decision in decisions:
            counted.trusts += 1
            counted.undecided += bool(undecided(decision))
            counted.undeclared += _undeclared(decision, ours)
    for identity in report.identities:
        clouds.setdefault(identity.provider, _Counted()).registrations += 1
    return clouds


def _assessment(
    report: Report,
    framework: Framework,
    rules: Mapping[str, Definition],
    findings: Iterable[tuple[Finding, str]],
    clouds: Mapping[str, _Counted],
) -> Assessment:
    # What is of no single cloud, as a rule that failed on the whole estate, counts for each.
    covered = tuple(one for one, provider in findings if not provider or framework.covers(provider))
    view = _View(report, framework, covered, rules, clouds)
    return Assessment(framework, tuple(view.assessed(control) for control in framework.controls))


class _View:
    """A report as far as one framework is about it."""

    def __init__(
        self,
        report: Report,
        framework: Framework,
        findings: Collection[Finding],
        rules: Mapping[str, Definition],
        clouds: Mapping[str, _Counted],
    ) -> None:
        self._framework = framework
        self._findings = findings
        self._rules = rules
        self._scanned = _scanned(report, framework)
        self._lost = sum(1 for row in report.coverage if unread(row) and framework.covers(row.provider))
        self._clouds = [counted for provider, counted in clouds.items() if framework.covers(provider)]

    def _total(self, of: Callable[[_Counted], int]) -> int:
        return sum(map(of, self._clouds))

    def assessed(self, control: Control) -> Assessed:
        mine = [one for one in self._findings if one.rule in control.rules]
        live = [one for one in mine if one.status is Status.OPEN]
        failing = [one for one in live if one.severity >= FAILS_FROM and not control.doubted(one.rule)]
        waived = sum(1 for one in mine if one.status is Status.WAIVED)
        if failing:
            worst = max(one.severity for one in failing)
            reason = f"{count(len(failing), 'open finding')}, the worst {worst}: {_by_rule(failing)}"
            return Assessed(control, Result.FAIL, (reason,), _worst_first(failing), waived)
        gaps = tuple(self._gaps(control, live))
        if gaps:
            return Assessed(control, Result.NOT_ASSESSED, gaps, _worst_first(live), waived)
        trusts = count(self._total(lambda one: one.trusts), "trust")
        identities = count(self._total(lambda one: one.identities), "identity")
        seen = f"nothing found among {trusts} of {identities}"
        return Assessed(control, Result.PASS, (seen,), (), waived)

    def _gaps(self, control: Control, live: Sequence[Finding]) -> Iterator[str]:
        """Everything that stands between no failure and a pass.

        A failed check that is none of the rules (of a witness, of permissions) is one that all of them rest on.
        """
        if not self._scanned:
            clouds = self._framework.providers
            yield f"nothing of {' or '.join(sorted(clouds))} was read" if clouds else "nothing was read"
            return
        if self._lost:
            yield f"{count(self._lost, 'part')} could not be read"
        if not self._total(lambda one: one.trusts + one.registrations):
            yield "there is no federated identity to look at"
        rules = [self._rules[name] for name in control.rules if name in self._rules]
        yield from self._unanswered(rules)
        errors = (one for one in self._findings if one.status is Status.ERROR)
        if failed := [one for one in errors if one.rule in control.rules or one.rule not in self._rules]:
            yield f"{count(len(failed), 'check')} failed: {_by_rule(failed)}"
        if live:
            yield f"for a person to look at: {_by_rule(live)}"
        if missing := [name for name in control.rules if name not in self._rules]:
            yield f"not looked for: {', '.join(missing)}"
        if comparing := [rule.id for rule in rules if rule.compares]:
            yield f"only a comparison with an older state (`auditor diff`) can tell: {', '.join(comparing)}"

    def _unanswered(self, rules: Sequence[Definition]) -> Iterator[str]:
        """Questions of the rules that nobody could answer, so that their silence says nothing."""
        open_questions = self._total(lambda one: one.undecided)
        if open_questions and any(not rule.of_power for rule in rules):
            yield f"of {count(open_questions, 'trust')} it is not known who gets in"
        powers = self._total(lambda one: one.powers)
        if powers and any(rule.of_power for rule in rules):
            yield f"of {count(powers, 'identity')} it is not known what they may do"
        uses = self._total(lambda one: one.uses)
        if uses and any(rule.id == "unused-identity" for rule in rules):
            yield f"of {count(uses, 'identity')} it is not known when they were last used"
        undeclared = self._total(lambda one: one.undeclared)
        if undeclared and any(rule.id == "untrusted-tenant" for rule in rules):
            yield f"[ours] does not say whose the tenants are that {count(undeclared, 'trust')} names"


def _scanned(report: Report, framework: Framework) -> bool:
    return any(row.status is Reading.READ and framework.covers(row.provider) for row in report.coverage)


def _unknown(standing: Standing | None) -> bool:
    """Whether an identity, or the one it comes to, may be able to do more than the documents show."""
    if standing is None:
        return True
    return standing.level is Level.UNKNOWN or bool(standing.profile.power.gaps or standing.held.power.gaps)


def _use_known(standing: Standing | None) -> bool:
    return standing is not None and standing.profile.use_known


def _undeclared(decision: Decision, ours: Ours) -> bool:
    """Whether a living trust names tenants of a kind of issuer of which nobody said who is ours there."""
    issuer = decision.trust.issuer
    if isinstance(decision.reachable, Rejected) or not decision.tenants or issuer.url in ours.issuers:
        return False
    return not ours.declared or issuer.kind not in ours.tenants


def _by_rule(findings: Iterable[Finding]) -> str:
    """`2 any-tenant, admin-access`."""
    counts = Counter(one.rule for one in findings)
    return ", ".join(rule if number == 1 else f"{number:,} {rule}" for rule, number in counts.most_common())


def _worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda one: -one.severity))
