"""Depth-first search for constraints that satisfy a formula: unit propagation, then branching on the shortest clause.

Once propagated, the variables are independent of one another: a set of constraints is satisfiable exactly when each
variable has a value (`variables.inhabitant`). What ties variables together (`Same`, `Sized`) is settled last, by
`ties`. One allowance of work bounds everything that one question may cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditor.claims.formula import All, Formula, ListTest, Refused, Same, Sized, Some, Test
from auditor.claims.grammar import Variable, element_shape
from auditor.claims.languages.language import Language
from auditor.claims.languages.pattern import Pattern
from auditor.claims.lowering import lower
from auditor.claims.predicate import Predicate, conjunction
from auditor.claims.state import FREE, State
from auditor.claims.ties import tied
from auditor.claims.variables import Minted, inhabitant
from auditor.claims.work import Work

Clause = Some | Refused


class Search:
    """One search. `permissive` says how the formula reads the unknown (see `lowering`)."""

    def __init__(self, permissive: bool, work: Work) -> None:
        self.permissive = permissive
        self.work = work

    def first(self, formula: Formula, state: State | None = None) -> State | None:
        """Constraints (beyond those of `state`) that satisfy `formula`, or None. Raises `BudgetExceededError`."""
        return next(self._states(formula, State() if state is None else state.copy(), guess=True), None)

    def all(self, formula: Formula) -> Iterator[State]:
        """Constraint sets whose union is what satisfies `formula`; they may overlap. Raises `BudgetExceededError`.

        Their ties still stand beside the constraints.
        """
        return self._states(formula, State(), guess=False)

    def _states(self, formula: Formula, start: State, *, guess: bool) -> Iterator[State]:
        stack: list[tuple[list[Formula], list[Clause], State]] = [([formula], [], start)]
        while stack:
            units, waiting, state = stack.pop()
            clauses = self._propagate(units, waiting, state)
            if clauses is None:
                continue
            if not clauses:
                settled = tied(state, self.work)
                if settled is not None:
                    yield settled if guess else state
                continue
            lucky = self._lucky(clauses, state) if guess and not state.ties else None
            if lucky is not None:
                yield lucky
                continue
            open_to = [clause for clause in clauses if isinstance(clause, Some)]
            if not open_to:  # nothing else will tell which of the many refusals matter
                refusals = [part for clause in clauses if isinstance(clause, Refused) for part in clause.clauses]
                stack.append((refusals, [], state))
                continue
            shortest = min(open_to, key=lambda clause: len(clause.parts))
            others = [clause for clause in clauses if clause is not shortest]
            stack.extend(([branch], others, state.copy()) for branch in reversed(shortest.parts))

    def _propagate(self, units: list[Formula], clauses: list[Clause], state: State) -> list[Clause] | None:
        """Assume `units` and whatever follows from them; the clauses still open, or None on a contradiction."""
        clauses = list(clauses)
        while units:
            if not self._assume(units, clauses, state):
                return None
            waiting, clauses = clauses, []
            for clause in waiting:
                if isinstance(clause, Refused):
                    value = _exact(state.variables.get(clause.variable, FREE)[0])
                    if value is None:
                        clauses.append(clause)
                    else:
                        units.extend(clause.left_by(value))
                    continue
                left = self._open(clause, state)
                if left is None:
                    continue
                if not left:
                    return None
                if len(left) == 1:
                    units.append(left[0])
                else:
                    clauses.append(clause if len(left) == len(clause.parts) else Some(left))
        return clauses

    def _open(self, clause: Some, state: State) -> tuple[Formula, ...] | None:
        """The branches of a clause that may still hold; None when one already does."""
        self.work.spend(len(clause.parts))
        left: list[Formula] = []
        for branch in clause.parts:
            held = self._holds(branch, state)
            if held is True:
                return None
            if held is None:
                left.append(branch)
        return tuple(left)

    def _assume(self, units: list[Formula], clauses: list[Clause], state: State) -> bool:
        while units:
            unit = units.pop()
            match unit:
                case Test():
                    if not self._narrow(unit, state):
                        return False
                case All(parts):
                    units.extend(reversed(parts))
                case Some() | Refused():
                    clauses.append(unit)
                case bool():
                    if not unit:
                        return False
                case ListTest():
                    if not self._narrow_list(unit, state):
                        return False
                case Same():
                    if not self._tie(unit, units, state):
                        return False
                case Sized():
                    state.ties = (*state.ties, unit)
        return True

    def _narrow(self, test: Test, state: State) -> bool:
        inside, outside = state.variables.get(test.variable, FREE)
        if test.language in (inside if test.positive else outside):
            return True
        if test.positive:
            inside |= {test.language}
        else:
            outside |= {test.language}
        state.variables[test.variable] = (inside, outside)
        if inhabitant(test.variable, inside, outside, self.work) is None:
            return False
        twins = (other for other in state.twins(test.variable) if other is not test.variable)
        return all(self._narrow(replace(test, variable=other), state) for other in twins)

    def _tie(self, unit: Same, units: list[Formula], state: State) -> bool:
        """Two variables of one value share all constraints, and what both can be minted as."""
        if unit.left is unit.right:
            return unit.positive
        state.ties = (*state.ties, unit)
        if unit.positive:
            for own, other in ((unit.left, unit.right), (unit.right, unit.left)):
                inside, outside = state.variables.get(other, FREE)
                units.append(Test(own, Minted(other), positive=True))
                units.extend(Test(own, language, positive=True) for language in inside)
                units.extend(Test(own, language, positive=False) for language in outside)
        return True

    def _narrow_list(self, test: ListTest, state: State) -> bool:
        element, some, every = state.lists.get(test.claim, (test.element, frozenset(), frozenset()))
        if test.some:
            some |= {test.each}
        else:
            every |= {test.each}
        state.lists[test.claim] = (element, some, every)
        return all(self.element(element, (each, *every)) is not None for each in some)

    def element(self, element: Variable, satisfying: Iterable[Predicate]) -> str | None:
        """A value of one list element that satisfies all of `satisfying`."""
        formula = lower(conjunction(satisfying), element_shape(element), permissive=self.permissive)
        found = Search(self.permissive, self.work).first(formula)
        return None if found is None else inhabitant(element, *found.variables.get(element, FREE), self.work)

    def _holds(self, branch: Formula, state: State) -> bool | None:
        """True when the state already says so, False when it cannot hold any more, None when it is open."""
        match branch:
            case Test(variable, language, positive):
                inside, outside = state.variables.get(variable, FREE)
                if language in (inside if positive else outside):
                    return True
                if language in (outside if positive else inside):
                    return False
                exact = _exact(inside)
                if exact is not None:
                    return language.matches(exact) is positive
                if variable.values is not None:
                    return _all_alike(variable, language, positive, inside, outside)
                if positive:
                    possible = inhabitant(variable, inside | {language}, outside, self.work)
                else:
                    possible = inhabitant(variable, inside, outside | {language}, self.work)
                return None if possible is not None else False
            case All(parts):
                self.work.spend(len(parts))
                held = [self._holds(part, state) for part in parts]
                if False in held:
                    return False
                return True if all(part is True for part in held) else None
            case bool():
                return branch
            case _:
                return None

    def _lucky(self, clauses: list[Clause], state: State) -> State | None:
        """The state with every variable at its most natural value, when that satisfies all clauses as it stands."""
        values: dict[Variable, str] = {}
        for clause in clauses:
            if isinstance(clause, Some):
                self.work.spend(len(clause.parts))
                if not any(self._true(part, values, state) for part in clause.parts):
                    return None
            elif not self._true(clause, values, state):
                return None
        lucky = state.copy()
        for variable, value in values.items():
            inside, outside = lucky.variables.get(variable, FREE)
            lucky.variables[variable] = (inside | {Pattern(value)}, outside)
        return lucky

    def _true(self, branch: Formula, values: dict[Variable, str], state: State) -> bool:
        match branch:
            case Test(variable, language, positive):
                value = self._natural(variable, values, state)
                return value is not None and language.matches(value) is positive
            case All(parts):
                return all(self._true(part, values, state) for part in parts)
            case Some(parts):
                return any(self._true(part, values, state) for part in parts)
            case Refused(variable):
                value = self._natural(variable, values, state)
                left = () if value is None else branch.left_by(value)
                self.work.spend(len(left))
                return value is not None and all(self._true(part, values, state) for part in left)
            case _:
                return branch is True

    def _natural(self, variable: Variable, values: dict[Variable, str], state: State) -> str | None:
        if variable not in values:
            value = inhabitant(variable, *state.variables.get(variable, FREE), self.work)
            if value is None:
                return None
            values[variable] = value
        return values[variable]


def _exact(inside: Iterable[Language]) -> str | None:
    """The one value that is left, where a language among them is a single text."""
    for language in inside:
        if language.literal is not None:
            return language.literal
    return None


def _all_alike(
    variable: Variable, language: Language, positive: bool, inside: frozenset[Language], outside: frozenset[Language]
) -> bool | None:
    """What a test says of every value a finite variable has left; None where they differ."""
    answers = {
        language.matches(value) is positive
        for value in variable.values or ()
        if all(known.matches(value) for known in inside) and not any(known.matches(value) for known in outside)
    }
    return None if len(answers) != 1 else answers.pop()
