"""Two checks on our own answers: every witness is tried on the source, and a rule that breaks is seen to break.

Neither a withdrawn verdict nor a failed rule is a pass: both appear among the findings, with status `error`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from auditor.claims.verdict import Accepted, Undecided, Verdict
from auditor.model import Confidence, Decision, Finding, Severity, Status, Trust
from auditor.providers.base import Provider
from auditor.rules.base import Context, Rule

WITNESS_CHECK = "witness-check"
"""The `rule` of findings that tell of a verdict withdrawn for a defect of this program."""

ESTATE = "estate"
"""The subject of a failed check that is about everything at once."""

REFUSED = "internal: the source policy refuses the token that was to prove this; a defect of this program"
UNCONFIRMED = "whether the source policy admits the token that was to prove this rests on something unknown"


def confirm(provider: Provider, decision: Decision) -> Decision:
    """`decision` with every witness tried by the provider's own evaluator, which shares no code with the solver.

    Only what that confirms stays accepted; the rest becomes undecided.
    """
    classes = {name: _confirm(provider, decision, verdict) for name, verdict in decision.classes.items()}
    return replace(decision, reachable=_confirm(provider, decision, decision.reachable), classes=classes)


def _confirm(provider: Provider, decision: Decision, verdict: Verdict) -> Verdict:
    if not isinstance(verdict, Accepted):
        return verdict
    admitted = provider.admits(decision.trust, verdict.witness)
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


def run(rules: Sequence[Rule], context: Context) -> Iterator[Finding]:
    """Every finding of every rule. A rule that raises yields a finding of status `error` about its subject."""
    for rule in rules:
        for decision in context.decisions:
            yield from _guarded(rule, partial(rule.check, decision, context), decision.trust)
        yield from _guarded(rule, partial(rule.check_estate, context), None)


def _guarded(rule: Rule, check: Callable[[], Iterable[Finding]], trust: Trust | None) -> Iterator[Finding]:
    try:
        yield from check()
    # The one place where any exception may be caught: the failure of one rule on one hostile input must neither end
    # the audit of everything else nor pass for "nothing found".
    except Exception as error:  # noqa: BLE001
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
