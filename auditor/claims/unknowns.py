"""What is unknown twice in the same way: one free truth value, not two.

`c ? a : b` with a condition that nobody can read lets in whatever both `a` and `b` let in, and refuses what both
refuse. The compiler says that two unknowns are one by giving them one name. A reading then holds *certainly* if it
holds for every truth value of the named unknowns, of one and the same token; and *possibly* if it holds for some. (In a
test of the elements of a list an unknown may be another for each element: names mean nothing there.)
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import lru_cache

from auditor.claims.predicate import (
    FALSE,
    TRUE,
    And,
    Not,
    Or,
    Predicate,
    Unknown,
    conjunction,
    disjunction,
    negation,
)

AT_ONCE = 4
"""Names that are tried in all combinations; where there are more, each occurrence is free on its own."""


@lru_cache(maxsize=1 << 11)
def settled(predicate: Predicate, *, possibly: bool) -> Predicate:
    """What holds certainly (or `possibly`) where `predicate` does. Unknowns without a name stay in it."""
    names = sorted({name for name in _names(predicate) if name is not None})
    if not names or len(names) > AT_ONCE:
        return predicate
    worlds = (dict(zip(names, values, strict=True)) for values in itertools.product((False, True), repeat=len(names)))
    readings = (_assuming(predicate, world) for world in worlds)
    return disjunction(readings) if possibly else conjunction(readings)


def _names(predicate: Predicate) -> Iterator[str | None]:
    match predicate:
        case Unknown(_, name):
            yield name
        case Not(operand):
            yield from _names(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _names(operand)
        case _:
            return


def _assuming(predicate: Predicate, world: Mapping[str, bool]) -> Predicate:
    match predicate:
        case Unknown(_, name):
            return predicate if name is None else TRUE if world[name] else FALSE
        case Not(operand):
            return negation(_assuming(operand, world))
        case And(operands):
            return conjunction(_assuming(operand, world) for operand in operands)
        case Or(operands):
            return disjunction(_assuming(operand, world) for operand in operands)
        case _:
            return predicate
