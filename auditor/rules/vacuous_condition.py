"""A condition that restricts nothing: every token passes it, or every token that leaves a claim out.

## What it finds

A test of an allow statement that no token of this issuer fails. Where strangers or unreviewed runs get in, also a test
that they pass by leaving the claim out, and a test of something that the caller chooses freely.

## Why it matters

It reads like a restriction. Take it away and the same tokens get in; rely on it and you are open.

## Example

    "ForAllValues:StringEquals": {"token.actions.githubusercontent.com:repository_owner": "acme"}

AWS has no such key, and `ForAllValues` and `…IfExists` hold where the key is absent. On `environment`, which a job need
not name, they keep nobody out either. Likewise `"StringLike": {"…:sub": "*"}`, `Not…` operators on a key that is never
there, and any value of `sts:RoleSessionName`, which the caller makes up.

## Use instead

Test what is always there, with an operator that fails where it is not:

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from auditor.claims.grammar import Grammar
from auditor.claims.predicate import TRUE, Exists, Predicate, claims_of, disjunction, evaluate, negation
from auditor.claims.solver import solve
from auditor.claims.templates import solve_templated
from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Clause, Confidence, Decision, Finding, Fix, Statement
from auditor.rules import exposure, references
from auditor.rules.base import Context, Definition
from auditor.rules.narrowing import about_audience
from auditor.rules.tautological_condition import tautological

OPEN, TIGHT = "vacuous-condition", "vacuous-condition, otherwise tight"

_FIX = "Remove it, or test a claim that is always there with an operator that fails without it."
_FIXES = {"azure": "Ask for the subject that is meant."}

_REQUEST = "request:"
"""Names of pseudo-claims that the caller fills in begin so."""


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    del context
    if isinstance(decision.reachable, Rejected):
        return
    trust = decision.trust
    whole = trust.notes.get("condition") if tautological(decision) else None
    for statement in trust.allows:
        for clause in statement.clauses:
            if whole == [clause.source.document, clause.source.pointer]:
                continue  # said of the condition as a whole
            why = _passed_by_all(decision, clause)
            if why is not None:
                row = OPEN if exposure.exposed(decision) else TIGHT
                yield _finding(decision, clause, f"{clause.text} restricts nothing in the trust of", why, row)
                continue
            why = _passed_by_strangers(decision, statement, clause)
            if why is not None:
                yield _finding(decision, clause, f"{clause.text} keeps nobody out of", why, OPEN)


def _finding(decision: Decision, clause: Clause, title: str, why: str, row: str) -> Finding:
    wide = row == OPEN
    return RULE.finding(
        decision,
        title=f"{title} {decision.trust.identity.name}",
        detail=f"{why} {'' if wide else 'What else is asked keeps the trust narrow, for now.'}".strip(),
        evidence=(clause.source,),
        fix=Fix(_FIXES.get(decision.trust.provider, _FIX)),
        exposure=row,
        discriminator=clause.source.place,
    )


def _passed_by_all(decision: Decision, clause: Clause) -> str | None:
    """Why no token fails the clause; None when one does, or when that is not known."""
    trust = decision.trust
    if _names_audiences(clause) or not _always(clause.predicate, trust.issuer.grammar):
        return None
    if clause.predicate == TRUE:
        return (
            f"No token of {trust.issuer.name} can fail it: what it tests is absent from such a request, or the same in "
            "every one."
        )
    return f"Every token of {trust.issuer.name} passes it."


def _passed_by_strangers(decision: Decision, statement: Statement, clause: Clause) -> str | None:
    """Why those who should be kept out pass the clause at will; None when they do not."""
    claims = claims_of(clause.predicate)
    if len(claims) != 1 or about_audience(clause):
        return None
    (claim,) = claims
    verdicts = (decision.classes.get(name) for name in exposure.ORDER)
    witnesses = [verdict.witness for verdict in verdicts if isinstance(verdict, Accepted)]
    inside = [witness for witness in witnesses if evaluate(statement.predicate, witness) is True]
    if inside and claim.startswith(_REQUEST):
        return "The caller chooses that value."
    if any(claim not in witness for witness in inside) and _always(
        disjunction((clause.predicate, Exists(claim))), decision.trust.issuer.grammar
    ):
        return f"A token that carries no {claim} passes it, so leaving that out is enough."
    return None


@lru_cache(maxsize=1024)
def _always(predicate: Predicate, grammar: Grammar) -> bool:
    """Whether no token the issuer mints, customised ones included, fails the test."""
    fails = negation(predicate)
    return isinstance(solve(fails, grammar), Rejected) and isinstance(solve_templated(fails, grammar), Rejected)


def _names_audiences(clause: Clause) -> bool:
    """Whether the clause spells audiences out: good practice also where the issuer mints no other."""
    return about_audience(clause) and bool(clause.values) and not any(w in v.text for v in clause.values for w in "*?")


RULE = Definition(
    id="vacuous-condition",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_OPERATORS, references.AWS_LISTS, references.AWS_KEYS),
    trust=check,
    of_names=True,
    exposures=(OPEN, TIGHT),
)
