"""A listed value that can never match, in a list of which others do.

## What it finds

In a statement that lets somebody in: alternatives of a condition that add nobody, because no token the issuer can mint
has that value together with everything else that is asked.

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

from auditor.claims.verdict import Rejected
from auditor.model import Clause, Confidence, Decision, Finding, Statement, Trust, Value
from auditor.rules import fixes, references, words
from auditor.rules.base import Context, Definition
from auditor.rules.impossible import Core, core, reason

EXPLAINED = 3
"""Dead values of one list that are explained one by one."""


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    del context
    if isinstance(decision.reachable, Rejected):
        return
    trust = decision.trust
    for statement in trust.allows:
        lists = [clause for clause in statement.clauses if len(clause.values) > 1]
        if lists and core(trust, statement.clauses) is None:
            for clause in lists:
                yield from _clause(decision, statement, clause)


def _clause(decision: Decision, statement: Statement, clause: Clause) -> Iterator[Finding]:
    trust = decision.trust
    others = [other for other in statement.clauses if other is not clause]
    dead = [(value, found) for value in clause.values if (found := _dead(trust, clause, value, others)) is not None]
    if not dead:
        return
    count = len(dead)
    shown = words.listed((value.text for value, _ in dead), "and")
    reasons = dict.fromkeys(reason(trust, found, statement) for _, found in dead[:EXPLAINED])
    yield RULE.finding(
        decision,
        title=f"{count} of {len(clause.values)} values in the trust of {trust.identity.name} can never match: {shown}",
        detail=f"{clause.text} lists {words.count(count, 'value')} that no token of {trust.issuer.name} brings along "
        f"with what else the statement asks for. {' '.join(reasons)}",
        evidence=[
            *(value.source for value, _ in dead),
            *(statement.source for _, found in dead for statement in found.denies),
        ],
        fix=fixes.drop(
            trust, [value.source for value, _ in dead], "Strike out what cannot match, or write what was meant."
        ),
        discriminator=clause.source.pointer,
    )


def _dead(trust: Trust, clause: Clause, value: Value, others: list[Clause]) -> Core | None:
    """Why the value lets nobody in; None when it may."""
    alone = replace(clause, source=value.source, predicate=value.predicate, values=(value,))
    return core(trust, [*others, alone])


RULE = Definition(
    id="dead-value",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_OPERATORS, references.GITHUB_SUBJECTS, references.GITLAB_AWS),
    compliance=references.UPKEEP,
    trust=check,
)
