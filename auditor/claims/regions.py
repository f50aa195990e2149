"""Everything a predicate accepts, as maximal boxes over the issuer's variables: the breadth of a trust.

The union of the regions is the accepted set (what is unknown counts as accepted), no region lies inside another, and
the result does not depend on the order in which the policy lists its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.claims.formula import Same, Sized
from auditor.claims.grammar import Grammar, Shape, Variable
from auditor.claims.languages.language import Language, readable
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import Predicate, claims_of
from auditor.claims.solver import Admitted
from auditor.claims.state import FREE, Constraint, State
from auditor.claims.variables import in_order, inhabitant
from auditor.claims.work import Work
from auditor.errors import BudgetExceededError

REGION_BUDGET = 5_000
"""Boxes listed per trust."""

COMPARED = 50
"""Up to this many boxes each is compared with every other."""

PAIRS = 40_000
"""Pairs of boxes that are compared per trust."""


@dataclass(frozen=True, slots=True)
class Region:
    """One box: every token of `shape` whose variables satisfy `constraints` is accepted."""

    shape: Shape
    constraints: Mapping[Variable, Constraint]
    exact: bool = True
    """False where variables are tied to one another: some tokens of the box are then refused."""
    telling: bool = True
    """False where such a tie is more than a bound on how long names may be together, which nobody reads a box for."""

    def key(self) -> tuple[object, ...]:
        return (self.shape, frozenset(self.constraints.items()), self.exact)


def regions(
    predicate: Predicate,
    grammar: Grammar,
    shapes: Iterable[Shape] | None = None,
    work: Work | None = None,
    *,
    permissive: bool = True,
    admitted: Admitted | None = None,
) -> tuple[list[Region], bool]:
    """The maximal boxes, and whether they are all there (False past the budget).

    What is unknown counts as accepted, or as refused when not `permissive`. Undocumented forms of token count only
    where no documented one gets in. `admitted` are the boxes of the predicate, where some were found already.
    """
    counting = tuple(grammar.shapes if shapes is None else shapes)
    asked = [shape for shape in counting if not shape.narrower]
    claims = claims_of(predicate)
    work = work or Work()
    listing = _Listing(admitted or Admitted(predicate, grammar, counting, work), permissive, work)
    for certain in (True, False):
        listing.add(grammar.distinct([shape for shape in asked if shape.certain is certain], claims, by_run=True))
        if listing.found or not listing.complete:
            break
    return listing.maximal(), listing.complete


def _ties_names(tie: Same | Sized) -> bool:
    return isinstance(tie, Same) or tie.length.least > 0


class _Listing:
    """The boxes found so far."""

    def __init__(self, admitted: Admitted, permissive: bool, work: Work) -> None:
        self.admitted = admitted
        self.permissive = permissive
        self.work = work
        self.found: dict[tuple[object, ...], Region] = {}
        self.complete = True

    def add(self, shapes: Iterable[Shape]) -> None:
        for shape in shapes:
            try:
                for state in self.admitted.states(shape, self.work, permissive=self.permissive):
                    region = Region(
                        shape,
                        _simplified(state, self.work),
                        exact=not state.ties,
                        telling=not any(map(_ties_names, state.ties)),
                    )
                    self.found.setdefault(region.key(), region)
                    if len(self.found) > REGION_BUDGET:
                        self.complete = False
                        return
            except BudgetExceededError:
                self.complete = False

    def maximal(self) -> list[Region]:
        """The boxes in a fixed order, without those that lie inside another (of equal ones the first stays).

        A box that pins a variable to one value is compared only with those that pin it to the same one or not at all,
        so that thousands of listed subjects cost one look-up each.
        """
        ordered = sorted(self.found.values(), key=_order)
        places = {id(region): place for place, region in enumerate(ordered)}
        others = _Neighbours(ordered)
        if sum(len(others.of(region)) for region in ordered) > PAIRS:
            self.complete = False
            return ordered

        def absorbed(region: Region) -> bool:
            return any(
                other is not region
                and _inside(region, other, self.work)
                and (places[id(other)] < places[id(region)] or not _inside(other, region, self.work))
                for other in others.of(region)
            )

        try:
            return [region for region in ordered if not absorbed(region)]
        except BudgetExceededError:
            self.complete = False
            return ordered


class _Neighbours:
    """Which boxes may hold a given one."""

    def __init__(self, regions: list[Region]) -> None:
        self._all = regions
        self._exact = {id(region): _exact(region) for region in regions}
        pinned: dict[Variable, set[str]] = {}
        for values in self._exact.values():
            for variable, text in values.items():
                pinned.setdefault(variable, set()).add(text)
        self._by = max(pinned, key=lambda v: (len(pinned[v]), v.name), default=None)
        self._pinned: dict[str, list[Region]] = {}
        self._free: list[Region] = []
        for region in regions:
            value = self._value(region)
            (self._free if value is None else self._pinned.setdefault(value, [])).append(region)

    def _value(self, region: Region) -> str | None:
        return None if self._by is None else self._exact[id(region)].get(self._by)

    def of(self, region: Region) -> list[Region]:
        """The boxes that pin the telling variable as `region` does, and those that do not pin it."""
        value = self._value(region)
        if len(self._all) <= COMPARED or value is None:
            return self._all
        return [*self._pinned[value], *self._free]


def _simplified(state: State, work: Work) -> Mapping[Variable, Constraint]:
    """Constraints without what says nothing: implied by the variable itself, or by its one exact value."""
    kept: dict[Variable, Constraint] = {}
    for variable, (inside, outside) in sorted(state.variables.items(), key=lambda item: item[0].name):
        if variable.values is not None:
            each = ((v, inside | {Pattern.exactly(v)}) for v in variable.values)
            values = [value for value, only in each if inhabitant(variable, only, outside, work) is not None]
            if len(values) < len(variable.values):
                kept[variable] = (frozenset((ValueSet(values),)), frozenset())
            continue
        listed = next((language for language in in_order(inside) if isinstance(language, ValueSet)), None)
        literal = next((language for language in inside if language.literal is not None), None)
        if literal is not None:
            kept[variable] = (frozenset((Pattern(literal.literal or ""),)), frozenset())
            continue
        if listed is not None:
            left = _left(variable, listed, inside, outside, work)
            one = left if left.literal is None else Pattern(left.literal)  # one value is written one way
            kept[variable] = (frozenset((one,)), frozenset())
            continue
        constraint = _without_idle(variable, inside, outside, work)
        only = _only_value(variable, constraint, work)
        if only is not None:
            kept[variable] = (frozenset((Pattern(only),)), frozenset())
        elif constraint != FREE:
            kept[variable] = constraint
    return kept


def _only_value(variable: Variable, constraint: Constraint, work: Work) -> str | None:
    """The value of a pattern that leaves no choice, such as one that spells out all digits of an id."""
    inside, outside = constraint
    if not inside:
        return None
    value = inhabitant(variable, inside, outside, work)
    other = None if value is None else inhabitant(variable, inside, outside | {Pattern(value)}, work)
    return value if other is None else None


def _left(
    variable: Variable, listed: ValueSet, inside: frozenset[Language], outside: frozenset[Language], work: Work
) -> ValueSet:
    """The listed values that the other constraints leave."""
    fold = listed.ignore_case
    others = inside - {listed}
    each = ((v, others | {Pattern(v, ignore_case=fold)}) for v in sorted(listed.values))
    values = [value for value, only in each if inhabitant(variable, only, outside, work) is not None]
    return ValueSet(values, ignore_case=fold)


def _without_idle(
    variable: Variable, inside: frozenset[Language], outside: frozenset[Language], work: Work
) -> Constraint:
    """The constraint without languages that every value lies in anyway, or that no value could lie in."""
    telling = {p for p in inside if inhabitant(variable, frozenset(), frozenset((p,)), work) is not None}
    for language in in_order(frozenset(telling)):
        others = frozenset(telling - {language})
        if others and inhabitant(variable, others, frozenset((language,)), work) is None:
            telling.discard(language)
    least = frozenset(telling)
    return least, frozenset(n for n in outside if inhabitant(variable, least | {n}, frozenset(), work) is not None)


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


def _inside(small: Region, large: Region, work: Work) -> bool:
    """Whether every token of `small` belongs to `large`. Raises `BudgetExceededError`."""
    if small.shape is not large.shape or (small.exact and not large.exact):
        return False
    for variable, (inside, outside) in large.constraints.items():
        own_inside, own_outside = small.constraints.get(variable, FREE)
        for language in inside - own_inside:
            if inhabitant(variable, own_inside, own_outside | {language}, work) is not None:
                return False
        for language in outside - own_outside:
            if inhabitant(variable, own_inside | {language}, own_outside, work) is not None:
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
