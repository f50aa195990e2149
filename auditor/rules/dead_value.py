"""An alternative that can never match, among others that do: a listed value, or a whole statement.

## What it finds

In a trust that lets somebody in: values of a list, and statements beside others, that add nobody, because no token the
issuer can mint has the value together with everything else that is asked.

## Why it matters

Somebody believes that a branch, a repository or an audience is let in, and it is not; or that it was shut out, and it
comes back with the next edit of the other tests.

## Example

    "StringEquals": {"token.actions.githubusercontent.com:sub": [
      "repo:acme/app:ref:refs/heads/main",
      "repo:acme/app:ref:refs/tags/*"
    ]}

`StringEquals` reads the star as a letter, and no tag has one in its name.

## Use instead

Strike the value out, or write it as the issuer does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditor.claims.predicate import Predicate, Token, disjunction, evaluate
from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Clause, Confidence, Decision, Finding, Fix, Statement, Trust, Value
from auditor.rules import above, fixes, references, words
from auditor.rules.base import Context, Definition
from auditor.rules.impossible import Core, core, customisable, reason
from auditor.rules.narrowing import LONG

JUDGED = 256
"""Values of one list that are looked at; AWS stores fewer than a hundred subjects by default."""

EXPLAINED = 3
"""Dead values of one list that are explained one by one."""


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    if isinstance(decision.reachable, Rejected):
        return
    trust = decision.trust
    known = _proofs(decision, context)
    for statement in trust.allows:
        let_in = [token for token in known if all(_true(clause.predicate, token) for clause in statement.clauses)]
        nobody = None if let_in else core(trust, statement.clauses)
        if nobody is None:
            for clause in statement.clauses:
                if len(clause.values) > 1:
                    yield from _clause(decision, statement, clause, let_in)
        elif not customisable(trust, statement.clauses):
            yield _statement(decision, statement, nobody)


def _proofs(decision: Decision, context: Context) -> list[Token]:
    """Tokens of default subjects that are known to get in: what lets one of them in is alive."""
    if context.ours.subject_templates:
        return []  # which of them has a declared subject, it does not say
    verdicts = (decision.reachable, *decision.classes.values())
    return [one.witness for one in verdicts if isinstance(one, Accepted) and not one.template]


def _true(predicate: Predicate, token: Token) -> bool:
    return evaluate(predicate, token) is True


def _statement(decision: Decision, statement: Statement, found: Core) -> Finding:
    trust = decision.trust
    return RULE.finding(
        decision,
        title=f"A statement in the trust of {trust.identity.name} lets no token of {trust.issuer.name} in",
        detail=f"Others do, so the trust as a whole is alive. {reason(trust, found, statement)}",
        evidence=(statement.source, *found.places),
        fix=Fix(f"Strike the statement out, or {_instead(trust, found)}."),
        discriminator=statement.source.pointer,
    )


def _instead(trust: Trust, found: Core) -> str:
    if above.among(trust, found.denies):
        return "have an exception made in that policy"
    return "write what was meant"


def _clause(decision: Decision, statement: Statement, clause: Clause, let_in: list[Token]) -> Iterator[Finding]:
    trust = decision.trust
    dead = _dead(trust, statement, clause, let_in)
    if not dead:
        return
    number = f"{len(dead)} of {len(clause.values)} values"
    if len(clause.values) > JUDGED:
        number = f"{len(dead)} of the first {JUDGED:,} values"
    shown = words.listed((value.text for value, _ in dead), "and")
    reasons = dict.fromkeys(reason(trust, found, statement) for _, found in dead[:EXPLAINED])
    yield RULE.finding(
        decision,
        title=f"{number} in the trust of {trust.identity.name} can never match: {shown}",
        detail=f"Of {clause.text}, no token of {trust.issuer.name} brings them along with what else the statement asks "
        f"for. {' '.join(reasons)}",
        evidence=[
            *(value.source for value, _ in dead),
            *(statement.source for _, found in dead for statement in found.denies),
        ],
        fix=fixes.drop(
            trust, [value.source for value, _ in dead], "Strike out what cannot match, or write what was meant."
        ),
        discriminator=clause.source.place,
    )


def _dead(trust: Trust, statement: Statement, clause: Clause, let_in: list[Token]) -> list[tuple[Value, Core]]:
    """The values that let nobody in, and why; none of which a customised subject could be.

    `let_in`: tokens that get in by the statement.
    """
    others = [other for other in statement.clauses if other is not clause]

    def only(values: list[Value]) -> list[Clause]:
        predicate = disjunction(value.predicate for value in values)
        return [*others, replace(clause, source=values[0].source, predicate=predicate, values=tuple(values))]

    asked = (v for v in clause.values[:JUDGED] if not any(_true(v.predicate, token) for token in let_in))
    found = ((value, core(trust, only([value]))) for value in asked)
    dead = [(value, nobody) for value, nobody in found if nobody is not None]
    sure: list[tuple[Value, Core]] = []
    for start in range(0, len(dead), LONG):
        some = dead[start : start + LONG]
        if customisable(trust, only([value for value, _ in some])):
            some = [pair for pair in some if not customisable(trust, only([pair[0]]))]
        sure.extend(some)
    return sure


RULE = Definition(
    id="dead-value",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_OPERATORS, references.GITHUB_SUBJECTS, references.GITLAB_AWS),
    trust=check,
    of_names=True,
)
