"""Checks on our own answers: every witness is tried on the source, and what breaks on one subject is seen to break.

Neither a withdrawn verdict nor a failed rule nor a failed look at permissions is a pass: all appear among the findings,
with status `error`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from auditor.claims.verdict import Accepted, Undecided, Verdict
from auditor.model import Confidence, Decision, Finding, Fix, Identity, Severity, Status, Trust
from auditor.power import Authority, Capability, Profile, unread
from auditor.providers.base import Provider
from auditor.rules.base import Context, Definition, Rule

WITNESS_CHECK = "witness-check"
"""The `rule` of findings that tell of a verdict withdrawn for a defect of this program."""

POWER_ANALYSIS = "power-analysis"
"""The `rule` of findings that tell of identities whose permissions this program failed to work out."""

ESTATE = "estate"
"""The subject of a failed check that is about everything at once."""

REFUSED = "internal: the source policy refuses the token that was to prove this; a defect of this program"
UNCONFIRMED = "whether the source policy admits the token that was to prove this rests on something unknown"


def confirm(provider: Provider, decision: Decision) -> Decision:
    """`decision` with every witness tried by the provider's own evaluator, which shares no code with the solver.

    Only what that confirms stays accepted; the rest becomes undecided.
    """
    classes = {name: confirmed(provider, decision.trust, verdict) for name, verdict in decision.classes.items()}
    return replace(decision, reachable=confirmed(provider, decision.trust, decision.reachable), classes=classes)


def confirmed(provider: Provider, trust: Trust, verdict: Verdict) -> Verdict:
    """One verdict about `trust`, its witness tried like those of `confirm`."""
    if not isinstance(verdict, Accepted):
        return verdict
    admitted = provider.admits(trust, verdict.witness)
    if admitted:
        return verdict
    return Undecided(UNCONFIRMED if admitted is None else REFUSED)


def withdrawn(before: Decision, after: Decision) -> Iterator[Finding]:
    """What `confirm` took back because the source refuses the witness outright."""
    trust = after.trust
    new = {"reachable": after.reachable, **after.classes}
    for name, verdict in {"reachable": before.reachable, **before.classes}.items():
        if isinstance(verdict, Accepted) and new[name] == Undecided(REFUSED):
            failed = _failed(WITNESS_CHECK, trust, f"Whether {trust.identity.name} admits `{name}` is not settled")
            detail = f"The verdict was withdrawn. {REFUSED}."
            yield replace(failed, detail=detail, witness=verdict.witness, discriminator=name)


def run(rules: Iterable[Rule], context: Context) -> Iterator[Finding]:
    """Every finding of every rule. A rule that raises yields a finding of status `error` about its subject."""
    for rule in rules:
        idle = isinstance(rule, Definition) and not rule.of_trusts  # asking it of every trust would take its time too
        for decision in () if idle else context.decisions:
            yield from _guarded(rule, partial(rule.check, decision, context), decision.trust)
        yield from _guarded(rule, partial(rule.check_estate, context), None)


class GuardedAuthority:
    """An authority whose failures are findings: the identity it fails on has a gap, everybody else is looked at."""

    def __init__(self, authority: Authority, provider: str) -> None:
        self._authority = authority
        self._provider = provider
        self.failures: list[Finding] = []
        """In the order they occurred."""

    @property
    def token_issuers(self) -> tuple[str, ...]:
        return self._authority.token_issuers

    def taken(self) -> list[Finding]:
        """The failures since this was last asked."""
        failures, self.failures = self.failures, []
        return failures

    def identities(self) -> Iterable[Identity]:
        try:
            return tuple(self._authority.identities())
        except Exception as error:  # noqa: BLE001 - as for rules below: one cloud's permissions must not end the audit
            self.failures.append(_defect(ESTATE, f"the identities of {self._provider}", error))
            return ()

    def profile(self, identity: Identity) -> Profile:
        try:
            return self._authority.profile(identity)
        except Exception as error:  # noqa: BLE001 - as above
            self.failures.append(_defect(identity.id, identity.name, error))
            return unread(f"the program failed on it: {type(error).__name__}")

    def sketch(self, identity: Identity, capability: Capability) -> Fix | None:
        return self._authority.sketch(identity, capability)  # asked by rules, whose failures are caught there


def _defect(subject: str, name: str, error: Exception) -> Finding:
    failed = _failed(POWER_ANALYSIS, None, f"What {name} may do could not be worked out: it counts as unknown")
    detail = f"{type(error).__name__}: {error}. This is a defect of this program."
    return replace(failed, subject=subject, detail=detail)


def _guarded(rule: Rule, check: Callable[[], Iterable[Finding]], trust: Trust | None) -> Iterator[Finding]:
    try:
        yield from check()
    # The failure of one rule on one hostile input must neither end the audit of everything else nor pass for "nothing
    # found".
    except Exception as error:  # noqa: BLE001 - told as a finding of its own
        subject = trust.identity.name if trust else "the estate as a whole"
        failed = _failed(rule.id, trust, f"The rule failed on {subject}: nothing is known in this respect")
        yield replace(failed, detail=f"{type(error).__name__}: {error}. This is a defect of this program.")


def _failed(rule: str, trust: Trust | None, title: str) -> Finding:
    """A check that failed. Its severity is unknown; `high`, so that nobody who looks at severities alone passes it."""
    return Finding(
        rule=rule,
        severity=Severity.HIGH,
        confidence=Confidence.LOW,
        subject=trust.id if trust else ESTATE,
        subject_kind="trust" if trust else "identity",
        title=title,
        detail="",
        witness=None,
        evidence=(trust.source,) if trust else (),
        fix=None,
        status=Status.ERROR,
        discriminator=Status.ERROR.value,
    )
