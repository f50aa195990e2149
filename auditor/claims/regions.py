"""Everything a predicate accepts, as maximal boxes over the issuer's variables: the breadth of a trust.

The union of the regions is the accepted set (what is unknown counts as accepted), no region lies inside another, and
the result does not depend on the order in which the policy lists its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.claims.grammar import Grammar, Shape, Variable
from auditor.claims.pattern import Language, Pattern, ValueSet, readable
from auditor.claims.predicate import Predicate, claims_of
from auditor.claims.search import FREE, Constraint, State
from auditor.claims.solver import states
from auditor.claims.variables import in_order, inhabitant
from auditor.claims.work import Work
from auditor.errors import BudgetExceeded

REGION_BUDGET = 5_000
"""Boxes listed per trust."""

WIDE_BUDGET = 200
"""Boxes with something other than exact values that are listed per trust: each is compared with every other."""


@dataclass(frozen=True, slots=True)
class Region:
    """One box: every token of `shape` whose variables satisfy `constraints` is accepted."""

    shape: Shape
    constraints: Mapping[Variable, Constraint]

    def key(self) -> tuple[object, ...]:
        return (self.shape, frozenset(self.constraints.items()))


def regions(predicate: Predicate, grammar: Grammar, shapes: Iterable[Shape] | None = None) -> tuple[list[Region], bool]:
    """The maximal boxes, and whether they are all there (False past the budget).

    Undocumented forms of token count only where no documented one gets in.
    """
    asked = [shape for shape in (grammar.shapes if shapes is None else shapes) if not shape.narrower]
    certain = [shape for shape in asked if shape.certain]
    found, complete = _regions(predicate, grammar.distinct(certain, claims_of(predicate), by_run=True))
    if found or not complete:
        return found, complete
    doubtful = [shape for shape in asked if not shape.certain]
    return _regions(predicate, grammar.distinct(doubtful, claims_of(predicate), by_run=True))


def _regions(predicate: Predicate, candidates: Iterable[Shape]) -> tuple[list[Region], bool]:
    found: dict[tuple[object, ...], Region] = {}
    complete, wide = True, 0
    for shape in candidates:
        try:
            for state in states(predicate, shape, Work(), permissive=True):
                region = Region(shape, _simplified(state))
                if found.setdefault(region.key(), region) is region and len(_exact(region)) < len(region.constraints):
                    wide += 1
                if len(found) > REGION_BUDGET or wide > WIDE_BUDGET:
                    return _maximal(list(found.values())), False
        except BudgetExceeded:
            complete = False
    return _maximal(list(found.values())), complete


def _simplified(state: State) -> Mapping[Variable, Constraint]:
    """Constraints without what says nothing: implied by the variable itself, or by its one exact value."""
    kept: dict[Variable, Constraint] = {}
    for variable, (inside, outside) in sorted(state.variables.items(), key=lambda item: item[0].name):
        if variable.values is not None:
            each = ((v, inside | {Pattern.exactly(v)}) for v in variable.values)
            values = [value for value, only in each if inhabitant(variable, only, outside) is not None]
            if len(values) < len(variable.values):
                kept[variable] = (frozenset((ValueSet(values),)), frozenset())
            continue
        literal = next((language for language in inside if language.literal is not None), None)
        if literal is not None:
            kept[variable] = (frozenset((Pattern(literal.literal or ""),)), frozenset())
            continue
        constraint = _without_idle(variable, inside, outside)
        if constraint != FREE:
            kept[variable] = constraint
    return kept


def _without_idle(variable: Variable, inside: frozenset[Language], outside: frozenset[Language]) -> Constraint:
    """The constraint without languages that every value lies in anyway, or that no value could lie in."""
    try:
        telling = frozenset(p for p in inside if inhabitant(variable, frozenset(), frozenset((p,))) is not None)
        least = _without_implied(variable, telling)
        return least, frozenset(n for n in outside if inhabitant(variable, least | {n}, frozenset()) is not None)
    except BudgetExceeded:
        return inside, outside  # too large to simplify: shown as it is written, still the same set


def _without_implied(variable: Variable, inside: frozenset[Language]) -> frozenset[Language]:
    kept = set(inside)
    for language in in_order(inside):
        others = frozenset(kept - {language})
        if others and inhabitant(variable, others, frozenset((language,))) is None:
            kept.discard(language)
    return frozenset(kept)


def _maximal(found: list[Region]) -> list[Region]:
    """`found` in a fixed order, without boxes that lie inside another (of equal ones the first stays).

    A box of exact values can only hold boxes that share those values, which an index finds: thousands of listed
    subjects cost one look-up each. Only the other boxes are compared one by one.
    """
    ordered = sorted(found, key=_order)
    exact: dict[tuple[Shape, tuple[Variable, ...]], set[tuple[str, ...]]] = {}
    wide: list[tuple[int, Region]] = []
    for place, region in enumerate(ordered):
        values = _exact(region)
        if len(values) == len(region.constraints) > 0:
            exact.setdefault((region.shape, tuple(values)), set()).add(tuple(values.values()))
        else:
            wide.append((place, region))

    def absorbed(place: int, region: Region) -> bool:
        values = _exact(region)
        for (shape, variables), listed in exact.items():
            narrower = shape is region.shape and len(variables) < len(region.constraints)
            if narrower and tuple(values.get(v, "\0") for v in variables) in listed:
                return True
        return any(
            other is not region and _inside(region, other) and (position < place or not _inside(other, region))
            for position, other in wide
        )

    return [region for place, region in enumerate(ordered) if not absorbed(place, region)]


def _exact(region: Region) -> dict[Variable, str]:
    """The variables a box pins to one value, by name."""
    singles = ((variable, _single(constraint)) for variable, constraint in region.constraints.items())
    return {variable: value for variable, value in singles if value is not None}


def _order(region: Region) -> tuple[object, ...]:
    return (
        region.shape.name,
        sorted(
            (v.name, [lang.order for lang in in_order(c[0])], [lang.order for lang in in_order(c[1])])
            for v, c in region.constraints.items()
        ),
    )


def _single(constraint: Constraint) -> str | None:
    inside, outside = constraint
    return next(iter(inside)).literal if len(inside) == 1 and not outside else None


def _inside(small: Region, large: Region) -> bool:
    """Whether every token of `small` belongs to `large`; False where that would take too long to decide."""
    if small.shape is not large.shape:
        return False
    for variable, (inside, outside) in large.constraints.items():
        own_inside, own_outside = small.constraints.get(variable, FREE)
        try:
            for language in inside - own_inside:
                if inhabitant(variable, own_inside, own_outside | {language}) is not None:
                    return False
            for language in outside - own_outside:
                if inhabitant(variable, own_inside | {language}, own_outside) is not None:
                    return False
        except BudgetExceeded:
            return False
    return True


def describe(constraint: Constraint) -> tuple[str, ...]:
    """What a constraint admits, for people: exact values, globs, and `not …` for what it excludes."""
    inside, outside = constraint
    admitted = [text for language in inside for text in _texts(language)]
    return (*sorted(admitted), *sorted(f"not {text}" for language in outside for text in _texts(language)))


def _texts(language: Language) -> list[str]:
    if isinstance(language, ValueSet):
        return [readable(value) for value in sorted(language.values)]
    return [str(language)]


def exact_values(variable: Variable, constraint: Constraint) -> tuple[str, ...] | None:
    """The values, when the constraint is a finite list of whole ones; None for anything wider.

    Spellings that differ in case only are one value where the platform compares the variable's names that way.
    """
    inside, outside = constraint
    if len(inside) != 1 or outside:
        return None
    (language,) = inside
    if isinstance(language, ValueSet):
        exact = not language.ignore_case or variable.ignore_case
        return tuple(readable(value) for value in sorted(language.values)) if exact else None
    if isinstance(language, Pattern) and language.ignore_case and variable.ignore_case and not language.wild:
        return (str(language),)
    return None if language.literal is None else (readable(language.literal),)
