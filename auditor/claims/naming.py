"""Which tenants and projects a trust names: those that some box of it pins to exact values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.claims.grammar import Variable, variable_in
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import TRUE, And, Match, Or, Predicate, conjunction, disjunction, negation
from auditor.claims.regions import Region, exact_values

AUDIENCE_CLAIMS = ("azp", "aud")
"""The claims an audience can stand in."""

NAMING = ("tenant", "tenant-id", "project-id", "subject")
"""The dimensions that name a tenant. A project's id does, since platforms never give the same one to two tenants."""

Names = Mapping[Variable, frozenset[str]]
"""Variable → names, for the variables of one dimension."""


Part = tuple[Variable, frozenset[str]]
"""A variable and the exact values a box allows it."""


@dataclass(frozen=True, slots=True)
class Pin:
    """The projects one box of a trust names exactly, and the tenants it names them under (none: under any)."""

    tenants: tuple[Part, ...]
    """Names and ids, each on its own enough."""
    names: tuple[Part, ...]
    """The parts a project's name is made of (a workspace of a project), which only together name it."""
    ids: tuple[Part, ...]
    """Ids, each on its own enough."""

    @property
    def predicate(self) -> Predicate:
        """The tokens of these projects, by whichever identifier the trust pins them."""
        by_name = [conjunction(variable_in(*part) for part in self.names)] if self.names else []
        same = disjunction((*by_name, *(variable_in(*part) for part in self.ids)))
        there = disjunction(variable_in(*part) for part in self.tenants) if self.tenants else TRUE
        return conjunction((there, same))


def pins_of(found: Iterable[Region]) -> tuple[Pin, ...]:
    """The projects that some region pins exactly; regions alike but for a project's one-part name are one pin."""
    grouped: dict[tuple[tuple[Part, ...], tuple[Part, ...], Variable], set[str]] = {}
    pins: dict[Pin, None] = {}
    for region in found:
        exact = [(v, frozenset(exact_values(v, c) or ())) for v, c in region.constraints.items()]
        parts = [part for part in exact if part[1]]
        order = [variable for variable in region.shape.variables.values() if variable.dimension == "project"]
        names = tuple((v, values) for v in order for known, values in parts if known is v)
        ids = tuple(part for part in parts if part[0].dimension == "project-id")
        names = names if len(names) == len(order) else ()
        tenants = tuple(part for part in parts if part[0].dimension in ("tenant", "tenant-id"))
        if len(names) == 1:
            grouped.setdefault((tenants, ids, names[0][0]), set()).update(names[0][1])
        elif names or ids:
            pins[Pin(tenants, names, ids)] = None
    joined = (Pin(tenants, ((v, frozenset(values)),), ids) for (tenants, ids, v), values in grouped.items())
    return (*joined, *pins)


def pinned_names(found: Iterable[Region], dimensions: tuple[str, ...]) -> dict[Variable, frozenset[str]]:
    """The names that some region pins exactly, by variable of the given dimensions."""
    names: dict[Variable, frozenset[str]] = {}
    for region in found:
        for variable, constraint in region.constraints.items():
            values = exact_values(variable, constraint) if variable.dimension in dimensions else None
            if values is not None:
                names[variable] = names.get(variable, frozenset()) | frozenset(values)
    return names


def strangers(named: Names) -> Predicate:
    """The tokens of nobody named."""
    return conjunction(negation(variable_in(variable, names)) for variable, names in named.items() if names)


def named_audiences(predicates: Iterable[Predicate]) -> frozenset[str]:
    """The audiences some predicate spells out in full."""
    return frozenset(text for predicate in predicates for text in _audiences(predicate))


def _audiences(predicate: Predicate) -> Iterable[str]:
    match predicate:
        case Match(claim, language) if claim in AUDIENCE_CLAIMS:
            if isinstance(language, ValueSet):
                yield from language.values
            elif language.literal is not None:
                yield language.literal
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _audiences(operand)
        case _:
            return
