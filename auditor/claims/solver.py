"""Is there a token? Exact search over boxes with unit propagation, and the witness it finds.

`solve` answers for a predicate and the shapes of one issuer; `regions` lists the maximal boxes of everything a
predicate accepts. Once constraints are propagated the variables are independent, so a set of constraints is
satisfiable exactly when each variable has a value (`variables.inhabitant`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from auditor.claims.formula import Formula, all_of, cost_of, lower
from auditor.claims.grammar import Grammar, Shape, Variable, fill
from auditor.claims.pattern import readable
from auditor.claims.predicate import (
    TRUE,
    AllValues,
    And,
    AnyValue,
    ClaimValue,
    Not,
    Or,
    Predicate,
    SameText,
    Token,
    Unknown,
    claims_of,
)
from auditor.claims.search import FREE, Search, State
from auditor.claims.variables import inhabitant
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.claims.work import Work
from auditor.errors import BudgetExceededError


def solve(
    predicate: Predicate,
    grammar: Grammar,
    shapes: Iterable[Shape] | None = None,
    work: Work | None = None,
    *,
    strictly: bool = False,
) -> Verdict:
    """Whether some token of `shapes` (default: all of the grammar) satisfies `predicate`.

    `Accepted` rests on certain shapes and on nothing unknown; `Rejected` holds whatever the unknown turns out to be,
    unless only strict answers are asked for (`strictly`): then it says no more than that nothing was proved.
    """
    claims = claims_of(predicate)
    candidates = grammar.distinct(grammar.shapes if shapes is None else shapes, claims)
    work = work or Work()
    exceeded: str | None = None
    for shape in candidates:
        if shape.certain:
            try:
                found = first(predicate, shape, work, permissive=False)
            except BudgetExceededError as error:
                exceeded = str(error)
                continue
            if found is not None:
                return Accepted(witness(shape, found), shape.template)
    if strictly and exceeded is None:
        return Rejected()
    unknowns = reasons(predicate)
    for shape in candidates:
        if shape.certain and not unknowns and exceeded is None:
            continue  # the strict search was already exact
        try:
            if first(predicate, shape, work, permissive=True) is not None:
                return Undecided("; ".join(unknowns) or exceeded or shape.note or "this form of token is undocumented")
        except BudgetExceededError as error:
            return Undecided(f"budget: {error}")
    return Rejected()


@lru_cache(maxsize=1 << 14)
def reasons(predicate: Predicate) -> tuple[str, ...]:
    """Why `predicate` is not fully known, each reason once, in order of appearance."""
    return tuple(dict.fromkeys(_reasons(predicate)))


def _reasons(predicate: Predicate) -> Iterator[str]:
    match predicate:
        case Unknown(reason):
            yield reason
        case Not(operand) | AnyValue(_, operand) | AllValues(_, operand):
            yield from _reasons(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _reasons(operand)
        case SameText(left, right):
            yield f"whether the claims {left} and {right} can be equal was not decided"
        case _:
            return


def first(predicate: Predicate, shape: Shape, work: Work, *, permissive: bool) -> State | None:
    """Constraints some token of `shape` satisfies together with `predicate`; None when there are none."""
    return Search(permissive, work).first(_formula(predicate, shape, work, permissive))


def states(predicate: Predicate, shape: Shape, work: Work, *, permissive: bool) -> Iterator[State]:
    """All constraint sets whose union is what `predicate` accepts in `shape`; they may overlap."""
    return Search(permissive, work).all(_formula(predicate, shape, work, permissive))


def _formula(predicate: Predicate, shape: Shape, work: Work, permissive: bool) -> Formula:
    for operand in predicate.operands if isinstance(predicate, And) else (predicate,):
        work.spend_once((operand, shape), cost_of(operand, shape))  # before lowering: what is too large costs as well
    formula = lower(predicate, shape, permissive=permissive)
    if shape.only == TRUE:
        return formula
    return all_of((lower(shape.only, shape, permissive=permissive), formula))


def witness(shape: Shape, state: State) -> Token:
    """A complete token of `shape` under the constraints of `state`, claims in the grammar's order."""
    values: dict[Variable, str] = {}
    for variable in shape.variables.values():
        value = inhabitant(variable, *state.variables.get(variable, FREE))
        if value is None:
            raise AssertionError(f"no value for {variable.name}, though the search found one")
        values[variable] = value
    token: dict[str, ClaimValue] = {}
    for claim, term in shape.claims.items():
        presence = shape.optional.get(claim)
        if presence is None or values[presence] == "present":
            token[claim] = readable(fill(term, values))
    for claim, element in shape.lists.items():
        presence = shape.optional.get(claim)
        if presence is None or values[presence] == "present":
            token[claim] = _list_value(claim, element, state, values[element])
    token.update(shape.constants)
    return token


def _list_value(claim: str, element: Variable, state: State, default: str) -> tuple[str, ...]:
    _, some, every = state.lists.get(claim, (element, frozenset(), frozenset()))
    search = Search(permissive=False, work=Work())
    chosen = [search.element(element, (each, *every)) for each in sorted(some, key=repr)]
    if not chosen:
        chosen = [search.element(element, every) if every else default]
    return tuple(dict.fromkeys(readable(value) for value in chosen if value is not None))
