"""What became of a trust whose policies are both at hand: which tokens get in now and did not then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from auditor.claims.inclusion import Included, Separated, includes
from auditor.claims.predicate import Token, disjunction
from auditor.claims.verdict import Accepted
from auditor.compare import compare, no_more
from auditor.judging.checks import REFUSED, UNCONFIRMED, WITNESS_CHECK
from auditor.model import RESOURCES, Clause, Confidence, Decision, Finding, Severity, Statement, Status, Trust
from auditor.providers.base import Provider
from auditor.rules.changes import Change
from auditor.rules.trust_grew import CLASSES

Judge = Callable[[Trust], Decision]
"""Decides a trust, its witnesses confirmed on the source."""


def change(old: Decision, new: Decision, provider: Provider, judge: Judge) -> Change:
    """Compare two versions of one trust. Every token is tried by the provider's own evaluator on both policies."""
    found = compare(old.trust, new.trust)
    if found.kind == "equal":
        return Change(old, new, "equal")
    trials = [_tried(provider, found.gained, new.trust, old.trust), _tried(provider, found.lost, old.trust, new.trust)]
    gained, lost = found.gained, found.lost
    if REFUSED in trials:
        return Change(old, new, "unknown", reason=REFUSED)
    reason = found.reason
    kind = found.kind
    if trials[0] is not None:
        gained, kind, reason = None, "unknown", trials[0]
    elif kind == "unknown" and gained is None and no_more(old.trust, new.trust):
        kind = "tighter"
    if trials[1] is not None:
        lost = None
    opened: dict[str, Token] = {}
    if kind != "tighter":
        opened = _opened(old.trust, new.trust, provider, judge)
        gained = next(iter(opened.values()), gained)  # the token of the widest class tells most
    return Change(old, new, kind, gained, lost, tuple(opened), reason)


def _tried(provider: Provider, token: Token | None, inside: Trust, outside: Trust) -> str | None:
    """Why `token` does not tell the two apart on the sources; None when it does, or when there is no token."""
    if token is None:
        return None
    answers = (provider.admits(inside, token), provider.admits(outside, token))
    if answers == (True, False):
        return None
    return REFUSED if answers[0] is False or answers[1] is True else UNCONFIRMED


def _opened(old: Trust, new: Trust, provider: Provider, judge: Judge) -> dict[str, Token]:
    """The attacker classes among the tokens that get in now and did not then, each with such a token."""
    decided = judge(beyond(old, new))
    found: dict[str, Token] = {}
    for name in CLASSES:
        verdict = decided.classes.get(name)
        if isinstance(verdict, Accepted) and provider.admits(old, verdict.witness) is False:
            found[name] = verdict.witness
    return found


def beyond(old: Trust, new: Trust) -> Trust:
    """`new` for those tokens only that `old` refuses."""
    before = Clause(old.source, "what was let in before", old.predicate)
    return replace(new, statements=(*new.statements, Statement("deny", old.source, (before,))))


def before(olds: Iterable[Trust], new: Trust, provider: Provider) -> Token | bool | None:
    """Whether everybody who gets in by `new` got in by some of `olds`, which are of the same identity and issuer.

    True when so; a token, tried on all of them, that did not; None when nobody can tell. Resources have no answer: what
    a token may do there depends on which grant it comes by.
    """
    listed = list(olds)
    grammar = new.issuer.grammar
    if new.identity.kind in RESOURCES or any(old.issuer.grammar is not grammar for old in listed):
        return None
    found = includes(disjunction(old.predicate for old in listed), new.predicate, grammar)
    if isinstance(found, Included):
        return True
    if not isinstance(found, Separated):
        return None
    token = found.token
    told = provider.admits(new, token) is True and all(provider.admits(old, token) is False for old in listed)
    return token if told else None


def failure(one: Change) -> Finding:
    """Tells of a comparison that was withdrawn for a defect of this program. It is no pass."""
    trust = one.new.trust
    return Finding(
        rule=WITNESS_CHECK,
        severity=Severity.HIGH,
        confidence=Confidence.LOW,
        subject=trust.id,
        subject_kind="trust",
        title=f"What changed about who can {trust.identity.gained} is not settled",
        detail=f"The comparison was withdrawn. {REFUSED}.",
        witness=None,
        evidence=(trust.source,),
        fix=None,
        status=Status.ERROR,
        discriminator="comparison",
    )
