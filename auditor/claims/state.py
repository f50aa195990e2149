"""What a branch of the search has assumed so far about the variables of a token."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.claims.formula import Same, Sized
from auditor.claims.grammar import Variable
from auditor.claims.languages.language import Language
from auditor.claims.predicate import Predicate

Constraint = tuple[frozenset[Language], frozenset[Language]]
"""The languages a variable's value must lie in, and those it must not."""

FREE: Constraint = (frozenset(), frozenset())


@dataclass(slots=True)
class State:
    """Constraints of single variables and lists, and the ties between variables."""

    variables: dict[Variable, Constraint] = field(default_factory=dict)
    lists: dict[str, tuple[Variable, frozenset[Predicate], frozenset[Predicate]]] = field(default_factory=dict)
    """Claim → element variable, what some element satisfies (each on its own), what every element satisfies."""
    ties: tuple[Same | Sized, ...] = ()

    def copy(self) -> State:
        return State(dict(self.variables), dict(self.lists), self.ties)

    def twins(self, variable: Variable) -> tuple[Variable, ...]:
        """The variables that must have the same value as `variable`, itself first."""
        if not self.ties:
            return (variable,)
        found = [variable]
        for known in found:
            for tie in self.ties:
                if isinstance(tie, Same) and tie.positive and known in (tie.left, tie.right):
                    other = tie.right if known is tie.left else tie.left
                    if other not in found:
                        found.append(other)
        return tuple(found)
