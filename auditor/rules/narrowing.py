"""Which lines of a trust let a token in, copies of a trust with something taken away, and whose token it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from auditor.claims.grammar import Grammar, Shape, Variable
from auditor.claims.naming import AUDIENCE_CLAIMS
from auditor.claims.parse import parse
from auditor.claims.predicate import (
    Predicate,
    Token,
    claims_of,
    conjunction,
    disjunction,
    evaluate,
)
from auditor.claims.verdict import Accepted
from auditor.errors import BudgetExceededError
from auditor.model import Clause, Source, Statement, Trust
from auditor.rules.base import Context

LONG = 32
"""Values beyond which a list counts as one line: nobody reads more, and each line costs a decision."""


def about_audience(clause: Clause) -> bool:
    """Whether the clause tests the audience and nothing else."""
    claims = claims_of(clause.predicate)
    return bool(claims) and claims <= frozenset(AUDIENCE_CLAIMS)


def openings(trust: Trust, token: Token) -> tuple[Statement, ...]:
    """The allow statements that grant `token`."""
    return tuple(statement for statement in trust.allows if evaluate(statement.predicate, token) is True)


def lines(trust: Trust, token: Token) -> tuple[Source, ...]:
    """The places that let `token` in: listed values and tests it passes, the audience aside; else whole statements."""
    found: dict[Source, None] = {}
    for statement in openings(trust, token):
        places = [
            place for clause in statement.clauses if not about_audience(clause) for place in _passed(clause, token)
        ]
        found.update(dict.fromkeys(places or [statement.source]))
    return tuple(found)


def _passed(clause: Clause, token: Token) -> tuple[Source, ...]:
    matched = tuple(value.source for value in clause.values if evaluate(value.predicate, token) is True)
    telling = len(clause.values) <= LONG and (len(matched) < len(clause.values) or len(matched) == 1)
    return matched if matched and telling else (clause.source,)


def without_lines(trust: Trust, token: Token) -> Trust:
    """`trust` as it would be without the lines that let `token` in.

    The matching values are struck out of their list; where there is no list, the whole statement is gone.
    """
    opened = openings(trust, token)
    kept = (rest for s in trust.statements for rest in (_without(s, token) if s in opened else (s,)))
    return replace(trust, statements=tuple(kept))


def _without(statement: Statement, token: Token) -> tuple[Statement, ...]:
    rests = {clause: _rest(clause, token) for clause in statement.clauses if not about_audience(clause)}
    shorter = {clause: rest for clause, rest in rests.items() if rest is not None}
    if len(shorter) > 1:
        # Striking a value out of either list would take away more than what comes in by this pair.
        pair = tuple(_only(clause, token) for clause in statement.clauses)
        return statement, replace(statement, effect="deny", clauses=pair)
    clauses = tuple(shorter.get(clause, clause) for clause in statement.clauses)
    return (replace(statement, clauses=clauses),) if shorter else ()


def _rest(clause: Clause, token: Token) -> Clause | None:
    """The clause with the values that `token` does not match; None when it matches all, or the list is too long."""
    if len(clause.values) > LONG:
        return None
    left = tuple(value for value in clause.values if evaluate(value.predicate, token) is not True)
    if not left:
        return None
    return replace(clause, predicate=disjunction(value.predicate for value in left), values=left)


def _only(clause: Clause, token: Token) -> Clause:
    matched = [value.predicate for value in clause.values if evaluate(value.predicate, token) is True]
    return replace(clause, predicate=disjunction(matched), values=()) if matched else clause


def confined(trust: Trust, predicate: Predicate) -> Trust:
    """`trust` for tokens that satisfy `predicate` as well."""
    return replace(trust, gate=conjunction((trust.gate, predicate)))


def proof(context: Context, trust: Trust, predicate: Predicate) -> Token | None:
    """A confirmed token that gets in and satisfies `predicate`; None where there is none or nobody can tell."""
    verdict = context.reached(confined(trust, predicate))
    return verdict.witness if isinstance(verdict, Accepted) else None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose token it is, as the issuer's grammar reads it."""

    shape: Shape
    values: Mapping[Variable, str]

    def named(self, dimension: str) -> str | None:
        """The value of a dimension; parts of one name joined by slashes."""
        return "/".join(value for variable, value in self.values.items() if variable.dimension == dimension) or None


def bearer(grammar: Grammar, token: Token) -> Bearer | None:
    """Reads a token back. None for one that no documented form of token of the issuer explains."""
    claims = _claims_to_read(grammar)
    for ignored in claims:
        texts = {name: value for name, value in token.items() if isinstance(value, str) and name not in ignored}
        for shape in grammar.shapes:
            if shape.certain and (found := _read(shape, texts, ignored)) is not None:
                return found
    return None


def _claims_to_read(grammar: Grammar) -> Iterable[frozenset[str]]:
    """What to leave unread: nothing at first, then the claim that a tenant may have customised."""
    yield frozenset()
    if grammar.template is not None:
        yield frozenset((grammar.template.claim,))


def _read(shape: Shape, texts: Mapping[str, str], ignored: frozenset[str]) -> Bearer | None:
    required = shape.claims.keys() - shape.optional.keys() - ignored
    if not required <= texts.keys() <= shape.claims.keys():
        return None
    try:
        found = parse(shape, texts, partial=True)
    except BudgetExceededError:
        return None
    return Bearer(shape, found[0]) if found else None
