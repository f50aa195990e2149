"""What ties variables together, settled once everything else about them is: equal values, different ones, lengths.

A few likely values of every tied variable are tried together; that finds nearly every answer. What they do not satisfy
is refuted (all values were tried, the shortest are too long, the longest too short) or admitted to be undecided.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping

from auditor.claims.formula import Same, Sized
from auditor.claims.grammar import Slot, Variable
from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern
from auditor.claims.state import FREE, State
from auditor.claims.variables import inhabitant, shortest
from auditor.claims.work import Work
from auditor.errors import BudgetExceededError

TRIED = 4
"""Values of one variable that are tried besides those made to measure."""

COMBINED = 2_000
"""Combinations of values that are tried."""

Values = dict[Variable, str]
"""The first variable of each class of twins → its value."""


def tied(state: State, work: Work) -> State | None:
    """`state` with tied variables fixed to values that fit; None when there are none.

    Raises `BudgetExceededError` where that is not decided.
    """
    if not state.ties:
        return state
    return _Ties(state, work).settled()


class _Ties:
    def __init__(self, state: State, work: Work) -> None:
        self.state = state
        self.work = work
        tied = (v for tie in state.ties for v in _variables(tie))
        self.first = {variable: min(state.twins(variable), key=_name) for variable in tied}
        self.leaders = tuple(dict.fromkeys(self.first.values()))

    def settled(self) -> State | None:
        apart = [tie for tie in self.state.ties if isinstance(tie, Same) and not tie.positive]
        if any(self.first[tie.left] is self.first[tie.right] for tie in apart):
            return None
        each = {leader: self._likely(leader) for leader in self.leaders}
        if not all(values for values, _ in each.values()):
            return None
        found = self._fitting({leader: values for leader, (values, _) in each.items()})
        if found is not None:
            return self._fixed(found)
        if all(complete for _, complete in each.values()) or any(map(self._impossible, self.state.ties)):
            return None
        raise BudgetExceededError("whether the lengths and equalities of claims can hold together was not decided")

    def _likely(self, leader: Variable) -> tuple[list[str], bool]:
        """A few values of a class of twins, and whether they are all there are."""
        found: list[str] = []
        while len(found) < TRIED:
            value = self._value(leader, without=found)
            if value is None:
                return found, True
            found.append(value)
        least = shortest(leader, *self._constraint(leader), self.work)
        return [*found, *([least] if least is not None else [])], False

    def _fitting(self, values: Mapping[Variable, list[str]]) -> Values | None:
        """A combination that all ties hold in: of the likely values, or with one of them made to measure."""
        for place in (0, -1):  # all that is long enough or short enough by itself needs no combining
            assigned = {leader: listed[place] for leader, listed in values.items()}
            if self._hold(assigned):
                return assigned
        if math.prod(map(len, values.values())) > COMBINED:
            if any(map(self._impossible, self.state.ties)):
                return None
            raise BudgetExceededError("too many claims are compared with one another")
        for chosen in itertools.product(*values.values()):
            self.work.spend(len(self.state.ties))
            assigned = dict(zip(values, chosen, strict=True))
            if self._hold(assigned):
                return assigned
            for leader, value in self._measured(assigned):
                longer = {**assigned, leader: value}
                if self._hold(longer):
                    return longer
        return None

    def _measured(self, assigned: Values) -> Iterator[tuple[Variable, str]]:
        """Values of a length that makes a failing bound hold, the others being what they are."""
        for tie in self.state.ties:
            if not isinstance(tie, Sized) or self._holds(tie, assigned):
                continue
            for leader in dict.fromkeys(self.first[slot.variable] for slot in tie.slots):
                shares = [slot for slot in tie.slots if self.first[slot.variable] is leader]
                rest = sum(tie.length.of(self._text(s, assigned)) for s in tie.slots if s not in shares)
                least = -(-max(0, tie.length.least - rest) // len(shares))
                most = None if tie.length.most is None else (tie.length.most - rest) // len(shares)
                if most is None or most >= least:
                    wanted = Length(least, most, in_bytes=tie.length.in_bytes)
                    for other in (o for o in self.state.ties if isinstance(o, Sized) and o is not tie):
                        if other.slots == tie.slots and other.length.most is not None and most is None:
                            room = (other.length.most - rest) // len(shares)
                            wanted = Length(least, max(least, room), in_bytes=tie.length.in_bytes)
                    value = self._value(leader, also=wanted)
                    if value is not None:
                        yield leader, value

    def _impossible(self, tie: Same | Sized) -> bool:
        """Whether even the shortest values are too long for a tie, or the longest too short."""
        if isinstance(tie, Same):
            return False
        if tie.length.most is None:
            # Up to three bytes a character, and three characters for one in code.
            return sum((9 if slot.encoded else 3) * _longest(slot.variable) for slot in tie.slots) < tie.length.least
        units = sum(len(self._shortest(slot)) for slot in tie.slots)
        # A character beyond the basic plane is two units, and four bytes.
        return (units if tie.length.in_bytes else -(-units // 2)) > tie.length.most

    def _shortest(self, slot: Slot) -> str:
        return shortest(slot.variable, *self._constraint(slot.variable), self.work) or ""

    def _constraint(self, variable: Variable) -> tuple[frozenset[Language], frozenset[Language]]:
        return self.state.variables.get(variable, FREE)

    def _value(self, leader: Variable, *, without: list[str] | None = None, also: Language | None = None) -> str | None:
        inside, outside = self._constraint(leader)
        if also is not None:
            inside |= {also}
        return inhabitant(leader, inside, outside | {Pattern(value) for value in without or ()}, self.work)

    def _hold(self, assigned: Values) -> bool:
        return all(self._holds(tie, assigned) for tie in self.state.ties)

    def _holds(self, tie: Same | Sized, assigned: Values) -> bool:
        if isinstance(tie, Same):
            return (assigned[self.first[tie.left]] == assigned[self.first[tie.right]]) is tie.positive
        return tie.length.matches("".join(self._text(slot, assigned) for slot in tie.slots))

    def _text(self, slot: Slot, assigned: Values) -> str:
        value = assigned[self.first[slot.variable]]
        return value.replace(":", "%3A") if slot.encoded else value

    def _fixed(self, assigned: Values) -> State:
        fixed = self.state.copy()
        for variable, leader in self.first.items():
            inside, outside = fixed.variables.get(variable, FREE)
            fixed.variables[variable] = (inside | {Pattern(assigned[leader])}, outside)
        return fixed


def _variables(tie: Same | Sized) -> tuple[Variable, ...]:
    return (tie.left, tie.right) if isinstance(tie, Same) else tuple(slot.variable for slot in tie.slots)


def _name(variable: Variable) -> str:
    return variable.name


def _longest(variable: Variable) -> int:
    return variable.maximum if variable.values is None else max(map(len, variable.values), default=0)
