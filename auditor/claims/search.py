"""Depth-first search for constraints that satisfy a formula: unit propagation, then branching on the shortest clause.

Once propagated, the variables are independent of one another: a set of constraints is satisfiable exactly when each
variable has a value (`variables.inhabitant`). One allowance of work bounds everything that one question may cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditor.claims.formula import All, Formula, ListTest, Some, Test, lower
from auditor.claims.grammar import Variable, element_shape
from auditor.claims.pattern import Language, Pattern
from auditor.claims.predicate import Predicate, conjunction
from auditor.claims.variables import inhabitant
from auditor.claims.work import Work

Constraint = tuple[frozenset[Language], frozenset[Language]]
"""The languages a variable's value must lie in, and those it must not."""

FREE: Constraint = (frozenset(), frozenset())


@dataclass(slots=True)
class State:
    """What a branch of the search has assumed so far."""

    variables: dict[Variable, Constraint] = field(default_factory=dict)
    lists: dict[str, tuple[Variable, frozenset[Predicate], frozenset[Predicate]]] = field(default_factory=dict)
    """Claim → element variable, what some element satisfies (each on its own), what every element satisfies."""

    def copy(self) -> State:
        return State(dict(self.variables), dict(self.lists))


class Search:
    """One search. `permissive` says how the formula reads the unknown (see `formula`)."""

    def __init__(self, permissive: bool, work: Work) -> None:
        self.permissive = permissive
        self.work = work

    def first(self, formula: Formula) -> State | None:
        """Constraints that satisfy `formula`, or None. Raises `BudgetExceededError`."""
        return next(self._states(formula, guess=True), None)

    def all(self, formula: Formula) -> Iterator[State]:
        """Constraint sets whose union is what satisfies `formula`; they may overlap. Raises `BudgetExceededError`."""
        return self._states(formula, guess=False)

    def _states(self, formula: Formula, *, guess: bool) -> Iterator[State]:
        stack: list[tuple[list[Formula], list[Some], State]] = [([formula], [], State())]
        while stack:
            units, waiting, state = stack.pop()
            clauses = self._propagate(units, waiting, state)
            if clauses is None:
                continue
            if not clauses:
                yield state
                continue
            lucky = self._lucky(clauses, state) if guess else None
            if lucky is not None:
                yield lucky
                continue
            shortest = min(clauses, key=lambda clause: len(clause.parts))
            others = [clause for clause in clauses if clause is not shortest]
            stack.extend(([branch], others, state.copy()) for branch in reversed(shortest.parts))

    def _propagate(self, units: list[Formula], clauses: list[Some], state: State) -> list[Some] | None:
        """Assume `units` and whatever follows from them; the clauses still open, or None on a contradiction."""
        clauses = list(clauses)
        while units:
            if not self._assume(units, clauses, state):
                return None
            waiting, clauses = clauses, []
            for clause in waiting:
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

    def _assume(self, units: list[Formula], clauses: list[Some], state: State) -> bool:
        while units:
            unit = units.pop()
            match unit:
                case bool():
                    if not unit:
                        return False
                case Test():
                    if not self._narrow(unit, state):
                        return False
                case ListTest():
                    if not self._narrow_list(unit, state):
                        return False
                case All(parts):
                    units.extend(reversed(parts))
                case Some():
                    clauses.append(unit)
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
        return inhabitant(test.variable, inside, outside, self.work) is not None

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
                exact = next((known.literal for known in inside if known.literal is not None), None)
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

    def _lucky(self, clauses: list[Some], state: State) -> State | None:
        """The state with every variable at its most natural value, when that satisfies all clauses as it stands."""
        self.work.spend(sum(len(clause.parts) for clause in clauses))
        values: dict[Variable, str] = {}
        if not all(any(self._true(part, values, state) for part in clause.parts) for clause in clauses):
            return None
        lucky = state.copy()
        for variable, value in values.items():
            inside, outside = lucky.variables.get(variable, FREE)
            lucky.variables[variable] = (inside | {Pattern(value)}, outside)
        return lucky

    def _true(self, branch: Formula, values: dict[Variable, str], state: State) -> bool:
        match branch:
            case Test(variable, language, positive):
                if variable not in values:
                    value = inhabitant(variable, *state.variables.get(variable, FREE), self.work)
                    if value is None:
                        return False
                    values[variable] = value
                return language.matches(values[variable]) is positive
            case All(parts):
                return all(self._true(part, values, state) for part in parts)
            case _:
                return branch is True


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
