"""Arbitrary names: one that occurs in no pattern of a trust stands for all those nobody has thought of."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from auditor.claims.alphabet import countable, spelled
from auditor.claims.grammar import Grammar, Shape, Slot, Variable
from auditor.claims.languages.language import Language
from auditor.claims.predicate import AllValues, And, AnyValue, Match, Not, Or, Predicate

Fitting = tuple[Variable, tuple[Shape, ...], frozenset[str]]
"""A variable, the shapes it may take any name in, and the claims that then show it."""


@lru_cache(maxsize=1024)
def arbitrary_shapes(grammar: Grammar, shapes: tuple[Shape, ...], dimension: str) -> tuple[Fitting, ...]:
    """The runs that may carry an arbitrary name of the dimension, by the variable that carries it."""
    ungated = dimension != "environment"
    open_to = [shape for shape in shapes if not (ungated and gated(shape))]
    found: list[Fitting] = []
    for variable in grammar.of_dimension(dimension):
        fitting = tuple(s for s in open_to if variable.name in s.variables and variable.name not in s.fixed)
        if fitting and variable.values is None:
            found.append((variable, fitting, showing(fitting, variable)))
    return tuple(found)


@lru_cache(maxsize=1024)
def showing(shapes: tuple[Shape, ...], variable: Variable) -> frozenset[str]:
    """The claims of `shapes` whose text holds the variable."""
    held = Slot(variable), Slot(variable, encoded=True)
    return frozenset(c for shape in shapes for c, term in shape.claims.items() if held[0] in term or held[1] in term)


def gated(shape: Shape) -> bool:
    """Whether the run names an environment, whose own protection rules then decide who gets there."""
    return any(v.dimension == "environment" for v in shape.variables.values())


def fresh_name(variable: Variable, predicate: Predicate, claims: frozenset[str]) -> str | None:
    """A name that no language of `predicate` on one of `claims` uses; None when there is none.

    It is longer than every pattern, so that no row of `?` matches it by its length. Where names are ids, it is one
    that no language spells out: nobody writes a pattern that tells random ids apart.
    """
    read = [language for claim, language in _languages(predicate) if claim in claims]
    used = frozenset().union(*map(spelled, read))
    longest = max(map(countable, read), default=0)
    length = min(max(12, longest + 1), variable.maximum)
    spare = [
        c for c in "zqjxkvwybgfpmuhdcltrnsioeaZQJXKVWYBGFPMUHDCLTRNSIOEA0123456789\u0436\u0448\u044d" if c not in used
    ]
    for first in spare:
        for second in (*spare, first):
            name = ((first + second) * length)[:length]
            if variable.contains(name):
                return name
    if variable.characters.negated:
        return None
    return next((hint for hint in variable.hints if not any(hint in language.order for language in read)), None)


def _languages(predicate: Predicate, within: str | None = None) -> Iterable[tuple[str, Language]]:
    """(claim, language) of every text test; a test of a list's elements belongs to the list."""
    match predicate:
        case Match(claim, language):
            yield (claim if within is None else within), language
        case AnyValue(claim, each) | AllValues(claim, each):
            yield from _languages(each, claim)
        case Not(operand):
            yield from _languages(operand, within)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _languages(operand, within)
        case _:
            return
