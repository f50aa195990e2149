"""Is there a token? Exact search over boxes with unit propagation, and the witness it finds.

`solve` answers one question; `Admitted` answers many about one trust, form of token by form of token, from the boxes it
has found once. Once constraints are propagated the variables are independent, so a set of constraints is satisfiable
exactly when each variable has a value (`variables.inhabitant`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from auditor.claims.align import aligned, begun, term_of
from auditor.claims.formula import Formula, all_of
from auditor.claims.grammar import Grammar, Shape, Variable, fill
from auditor.claims.languages.language import readable
from auditor.claims.lowering import lowered
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
    within_depth,
)
from auditor.claims.search import Search
from auditor.claims.simplify import simplified
from auditor.claims.state import FREE, State
from auditor.claims.unknowns import settled
from auditor.claims.variables import inhabitant
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.claims.work import Work
from auditor.errors import BudgetExceededError

LISTED = 64
"""Boxes of one form of token that are kept; what has more is searched anew for each question."""

LISTING_BUDGET = 5_000
"""Tests that finding them may cost."""

TOLD = 3
"""Reasons that are told one by one."""

UNDOCUMENTED = "this form of token is undocumented"


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
    asked = tuple(grammar.shapes if shapes is None else shapes)
    return Admitted(TRUE, grammar, asked, work or Work()).ask(predicate, strictly=strictly)


class Admitted:
    """What a predicate lets in: its boxes are found once for each form of token, then any question is asked of them."""

    def __init__(self, predicate: Predicate, grammar: Grammar, shapes: tuple[Shape, ...], work: Work) -> None:
        self.predicate = simplified(within_depth(predicate), shapes)
        self.grammar = grammar
        self.shapes = shapes
        self.work = work
        self._claims = claims_of(self.predicate)
        self._doubtful = bool(reasons(self.predicate, shapes))
        self._found: dict[tuple[Shape, bool], tuple[State, ...] | None] = {}

    def ask(
        self,
        further: Predicate,
        shapes: tuple[Shape, ...] | None = None,
        work: Work | None = None,
        *,
        strictly: bool = False,
    ) -> Verdict:
        """Whether some token of `shapes` (default: all that count) is let in and satisfies `further`; as `solve`."""
        asked = self.shapes if shapes is None else shapes
        further = simplified(within_depth(further), asked)
        candidates = self.grammar.distinct(asked, self._claims | claims_of(further))
        work = work or self.work
        exceeded: str | None = None
        for shape in candidates:
            if shape.certain:
                try:
                    found = self._first(further, shape, work, permissive=False)
                except BudgetExceededError as error:
                    exceeded = str(error)
                    continue
                if found is not None:
                    return Accepted(witness(shape, found), shape.template)
        if strictly and exceeded is None:
            return Rejected()
        unknowns = dict.fromkeys((*reasons(self.predicate, asked), *reasons(further, asked)))
        for shape in candidates:
            if shape.certain and not unknowns and exceeded is None:
                continue  # the strict search was already exact
            try:
                if self._first(further, shape, work, permissive=True) is not None:
                    return Undecided(_told(unknowns) or exceeded or shape.note or UNDOCUMENTED)
            except BudgetExceededError as error:
                return Undecided(f"budget: {error}")
        return Rejected()

    def states(self, shape: Shape, work: Work, *, permissive: bool) -> Iterator[State]:
        """All constraint sets whose union is what is let in of `shape`; they may overlap."""
        known = self._boxes(shape, permissive=permissive)
        if known is not None:
            return iter(known)
        own = self._lowered(shape, work, permissive=permissive)
        return Search(permissive, work).all(all_of((_restriction(shape, permissive=permissive), own)))

    def _first(self, further: Predicate, shape: Shape, work: Work, *, permissive: bool) -> State | None:
        """Constraints some token of `shape` satisfies together with `further`; None when there are none."""
        known = None if self.predicate == TRUE else self._boxes(shape, permissive=permissive)
        if known == ():
            return None
        search = Search(permissive, work)
        alike = self.grammar.representative(shape, self.grammar.shapes, claims_of(further))
        asked = _formula(settled(further, possibly=permissive), alike, work, permissive=permissive)
        if asked is False:
            return None
        if known is None:
            own = self._lowered(shape, work, permissive=permissive)
            return search.first(all_of((_restriction(shape, permissive=permissive), own, asked)))
        return next((found for state in known if (found := search.first(asked, state)) is not None), None)

    def _lowered(self, shape: Shape, work: Work, *, permissive: bool) -> Formula:
        return _formula(settled(self.predicate, possibly=permissive), shape, work, permissive=permissive)

    def _boxes(self, shape: Shape, *, permissive: bool) -> tuple[State, ...] | None:
        """The boxes of `shape`; None for more than are kept."""
        permissive = permissive and self._doubtful  # where nothing is unknown both readings are one
        alike = self.grammar.representative(shape, self.shapes, self._claims)
        if (alike, permissive) not in self._found:
            self._found[alike, permissive] = self._listed(alike, permissive=permissive)
        return self._found[alike, permissive]

    def _listed(self, shape: Shape, *, permissive: bool) -> tuple[State, ...] | None:
        found: list[State] = []
        try:
            own = self._lowered(shape, self.work, permissive=permissive)
            work = Work(LISTING_BUDGET, self.work)
            for state in Search(permissive, work).all(all_of((_restriction(shape, permissive=permissive), own))):
                found.append(state)
                if len(found) > LISTED:
                    return None
        except BudgetExceededError:
            return None
        return tuple(found)


def first(predicate: Predicate, shape: Shape, work: Work, *, permissive: bool) -> State | None:
    """Constraints some token of `shape` satisfies together with `predicate`; None when there are none."""
    own = _formula(predicate, shape, work, permissive=permissive)
    return Search(permissive, work).first(all_of((_restriction(shape, permissive=permissive), own)))


def _formula(predicate: Predicate, shape: Shape, work: Work, *, permissive: bool) -> Formula:
    """`predicate` lowered. Raises `BudgetExceededError`; what grew too large costs as well."""
    if predicate == TRUE:  # as the conditions of a question often are; there is nothing to pay for
        return True
    work.spend(0)  # what is left must be more than nothing: lowering is paid for afterwards
    found = lowered(predicate, shape, permissive)
    work.spend_once((predicate, shape), found.cost)
    if found.exceeded is not None:
        raise BudgetExceededError(found.exceeded)
    return found.formula


def _restriction(shape: Shape, *, permissive: bool) -> Formula:
    """Whose tokens have this shape at all."""
    return True if shape.only == TRUE else lowered(shape.only, shape, permissive).formula


@lru_cache(maxsize=1 << 12)
def reasons(predicate: Predicate, shapes: tuple[Shape, ...] = ()) -> tuple[str, ...]:
    """Why `predicate` is not fully known, each reason once, in order of appearance.

    As far as that is a matter of the form of token, for those of `shapes`.
    """
    return tuple(dict.fromkeys(_reasons(predicate, shapes)))


def _reasons(predicate: Predicate, shapes: tuple[Shape, ...]) -> Iterator[str]:
    match predicate:
        case Unknown(reason):
            yield reason
        case Not(operand) | AnyValue(_, operand) | AllValues(_, operand):
            yield from _reasons(operand, shapes)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _reasons(operand, shapes)
        case SameText():
            if not all(_comparable(predicate, shape) for shape in shapes):
                yield f"whether the claims {' and '.join(dict.fromkeys(predicate.claims))} can be equal was not decided"
        case _:
            return


def _told(unknowns: Iterable[str]) -> str:
    """The first few of them; a reason is to be read."""
    told = list(unknowns)
    more = f"; and {len(told) - TOLD:,} more" if len(told) > TOLD else ""
    return "; ".join(told[:TOLD]) + more


def _comparable(predicate: SameText, shape: Shape) -> bool:
    left, right = term_of(predicate.left, shape), term_of(predicate.right, shape)
    if left is None or right is None:
        return True
    return (begun if predicate.begins else aligned)(left, right) is not None


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
