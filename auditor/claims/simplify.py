"""What a predicate amounts to for the tokens of one issuer: tests that all of them pass, or none, are folded away."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from auditor.claims.grammar import Shape
from auditor.claims.languages.language import units
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import (
    FALSE,
    TRUE,
    AllValues,
    And,
    AnyValue,
    Exists,
    Match,
    Not,
    Or,
    Predicate,
    SameText,
    conjunction,
    disjunction,
    negation,
)


@dataclass(frozen=True, slots=True)
class _Carried:
    """What the tokens of some shapes have in common."""

    texts: frozenset[str]
    """Claims that some of them carry as a text."""
    lists: frozenset[str]
    """Claims that some of them carry as a list."""
    anything: frozenset[str]
    """Claims that some of them carry at all."""
    always: frozenset[str]
    """Claims that all of them carry."""
    fixed: dict[str, str]
    """Claims whose text is the same in all of them."""


@lru_cache(maxsize=1024)
def _carried(shapes: tuple[Shape, ...]) -> _Carried:
    texts = [frozenset(shape.claims) for shape in shapes]
    lists = frozenset(claim for shape in shapes for claim in shape.lists)
    every = [claims | frozenset((*shape.lists, *shape.constants)) for claims, shape in zip(texts, shapes, strict=True)]
    always = [claims - frozenset(shape.optional) for claims, shape in zip(every, shapes, strict=True)]
    common = frozenset.intersection(*always) if always else frozenset()
    fixed: dict[str, str] = {}
    for claim in common:
        terms = {shape.claims.get(claim) for shape in shapes}
        term = terms.pop() if len(terms) == 1 else None
        if term is not None and all(isinstance(part, str) for part in term):
            fixed[claim] = "".join(map(str, term))
    return _Carried(frozenset().union(*texts), lists, frozenset().union(*every), common, fixed)


def simplified(predicate: Predicate, shapes: tuple[Shape, ...]) -> Predicate:
    """A predicate that says the same of every token of `shapes`."""
    return _simplified(predicate, _carried(shapes))


def _simplified(predicate: Predicate, carried: _Carried) -> Predicate:
    match predicate:
        case Match(claim, language):
            if claim.startswith("$"):
                return predicate
            if claim not in carried.texts:
                return FALSE
            if claim in carried.fixed:
                return TRUE if language.matches(units(carried.fixed[claim])) else FALSE
            if language.literal is not None and not isinstance(language, Pattern):
                return Match(claim, Pattern(language.literal))  # one text is written one way
            return predicate
        case And(operands):
            parts = tuple(_simplified(operand, carried) for operand in operands)
            return predicate if _same(parts, operands) else conjunction(parts)
        case Or(operands):
            parts = tuple(_simplified(operand, carried) for operand in operands)
            return predicate if _same(parts, operands) else disjunction(parts)
        case Not(operand):
            part = _simplified(operand, carried)
            return predicate if part is operand else negation(part)
        case Exists(claim):
            return TRUE if claim in carried.always else predicate if claim in carried.anything else FALSE
        case SameText():
            return predicate if carried.texts.issuperset(predicate.claims) else FALSE
        case AnyValue(claim) | AllValues(claim):
            return predicate if claim in carried.texts or claim in carried.lists else FALSE
        case _:
            return predicate


def _same(parts: tuple[Predicate, ...], operands: tuple[Predicate, ...]) -> bool:
    return all(part is operand for part, operand in zip(parts, operands, strict=True))
