"""A predicate seen through one shape: a negation-free formula over tests of single variables.

`Match(sub, pattern)` becomes a union of boxes, its negation "in every box some constraint fails"; no normal form is
multiplied out. What is unknown is read as true in a *permissive* formula and as false in a *strict* one, in both
polarities, so that permissive ⊇ truth ⊇ strict whatever the unknown turns out to be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from auditor.claims.boxes import Box, decompose, split_cost, union
from auditor.claims.grammar import Shape, Term, Variable
from auditor.claims.pattern import Language, Pattern, ValueSet
from auditor.claims.predicate import (
    ELEMENT,
    AllValues,
    And,
    AnyValue,
    Constant,
    Exists,
    Match,
    Not,
    Or,
    Predicate,
    SameText,
    Unknown,
    negation,
)
from auditor.errors import BudgetExceededError


@dataclass(frozen=True, slots=True)
class Test:
    """The variable's value lies in the language, or does not."""

    variable: Variable
    language: Language
    positive: bool


@dataclass(frozen=True, slots=True)
class ListTest:
    """Some (or every) element of a list claim satisfies a predicate over `ELEMENT`."""

    claim: str
    element: Variable
    each: Predicate
    some: bool


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Formula, ...]


Formula = bool | Test | ListTest | All | Some

PRESENT = ValueSet(("present",))


def all_of(parts: Iterable[Formula]) -> Formula:
    kept: list[Formula] = []
    for part in parts:
        if part is False:
            return False
        if isinstance(part, All):
            kept.extend(part.parts)
        elif part is not True:
            kept.append(part)
    return kept[0] if len(kept) == 1 else All(tuple(kept)) if kept else True


def some_of(parts: Iterable[Formula]) -> Formula:
    kept: list[Formula] = []
    for part in parts:
        if part is True:
            return True
        if isinstance(part, Some):
            kept.extend(part.parts)
        elif part is not False:
            kept.append(part)
    return kept[0] if len(kept) == 1 else Some(tuple(kept)) if kept else False


def lower(predicate: Predicate, shape: Shape, *, permissive: bool, positive: bool = True) -> Formula:
    """`predicate` (or its complement, when not `positive`) for tokens of `shape`. Raises `BudgetExceededError`."""
    match predicate:
        case Constant(value):
            return value is positive
        case Unknown():
            return permissive
        case Not(operand):
            return lower(operand, shape, permissive=permissive, positive=not positive)
        case And() | Or():
            return _composite(predicate, shape, permissive, positive)
        case Exists(claim):
            return _present(claim, shape, positive)
        case Match(claim, language):
            return _match(claim, language, shape, positive)
        case SameText(left, right):
            return _same_text(left, right, shape, permissive, positive)
        case AnyValue(claim, each) | AllValues(claim, each):
            return _elements(predicate, claim, each, shape, permissive, positive)
        case _:
            assert_never(predicate)


@lru_cache(maxsize=1 << 15)
def _composite(predicate: And | Or, shape: Shape, permissive: bool, positive: bool) -> Formula:
    operands = predicate.operands
    if isinstance(predicate, Or):
        return _either(operands, shape, permissive, positive)
    # "None of these values" arrives as a conjunction of refusals: the complement of one union.
    refused = tuple(part.operand for part in operands if isinstance(part, Not) and isinstance(part.operand, Match))
    others = (part for part in operands if not (isinstance(part, Not) and isinstance(part.operand, Match)))
    parts = [lower(operand, shape, permissive=permissive, positive=positive) for operand in others]
    if refused:
        parts.append(_either(refused, shape, permissive, not positive))
    return all_of(parts) if positive else some_of(parts)


def _either(operands: tuple[Predicate, ...], shape: Shape, permissive: bool, positive: bool) -> Formula:
    """Some operand holds, or (not `positive`) none does. Texts compared with one claim are joined into one union."""
    listed: dict[str, list[Language]] = {}
    parts: list[Formula] = []
    for operand in operands:
        if isinstance(operand, Match) and operand.claim not in shape.optional:
            listed.setdefault(operand.claim, []).append(operand.language)
        else:
            parts.append(lower(operand, shape, permissive=permissive, positive=positive))
    for claim, languages in listed.items():
        parts.append(_match_any(claim, tuple(languages), shape, positive))
    return some_of(parts) if positive else all_of(parts)


@lru_cache(maxsize=1 << 15)
def _match_any(claim: str, languages: tuple[Language, ...], shape: Shape, positive: bool) -> Formula:
    if len(languages) == 1:
        return _match(claim, languages[0], shape, positive)
    term = shape.term(claim)
    if term is None:
        return not positive
    boxes = union(term, languages)
    if boxes is None:
        raise BudgetExceededError(f"the {len(languages):,} values of {claim} can be split in too many ways")
    return _some_box(boxes, positive)


def cost_of(predicate: Predicate, shape: Shape) -> int:
    """What it costs to `lower` a predicate, in tests (see `work`)."""
    match predicate:
        case Match(claim, language):
            term = shape.term(claim)
            return 0 if term is None else split_cost(term, language)
        case Not(operand):
            return cost_of(operand, shape)
        case And() | Or():
            return _cost_of_all(predicate, shape)
        case _:
            return 1


@lru_cache(maxsize=1 << 15)
def _cost_of_all(predicate: And | Or, shape: Shape) -> int:
    return sum(cost_of(operand, shape) for operand in predicate.operands)


def _present(claim: str, shape: Shape, positive: bool) -> Formula:
    presence = shape.optional.get(claim)
    if presence is not None:
        return Test(presence, PRESENT, positive)
    there = shape.term(claim) is not None or claim in shape.lists or claim in shape.constants
    return there is positive


@lru_cache(maxsize=1 << 16)
def _match(claim: str, language: Language, shape: Shape, positive: bool) -> Formula:
    term = shape.term(claim)
    if term is None:
        return not positive
    inside = _term_in(term, language, positive)
    presence = shape.optional.get(claim)
    if presence is None:
        return inside
    present = Test(presence, PRESENT, positive)
    return all_of((present, inside)) if positive else some_of((present, inside))


def _term_in(term: Term, language: Language, positive: bool) -> Formula:
    return _some_box(decompose(term, language), positive)


def _some_box(boxes: tuple[Box, ...], positive: bool) -> Formula:
    if positive:
        return some_of(all_of(Test(v, lang, True) for v, lang in _ordered(box)) for box in boxes)
    return all_of(some_of(Test(v, lang, False) for v, lang in _ordered(box)) for box in boxes)


def _ordered(box: Box) -> list[tuple[Variable, Language]]:
    return sorted(box, key=lambda pair: (pair[0].name, pair[1].order))


def _same_text(left: str, right: str, shape: Shape, permissive: bool, positive: bool) -> Formula:
    terms = shape.term(left), shape.term(right)
    if terms[0] is None or terms[1] is None:
        return not positive
    presence = all_of(_present(claim, shape, True) for claim in dict.fromkeys((left, right)))
    equal: Formula
    if terms[0] == terms[1]:
        equal = True
    elif all(isinstance(part, str) for part in terms[0]):
        equal = _term_in(terms[1], Pattern.exactly("".join(map(str, terms[0]))), True)
    elif all(isinstance(part, str) for part in terms[1]):
        equal = _term_in(terms[0], Pattern.exactly("".join(map(str, terms[1]))), True)
    else:
        return permissive  # two different terms: whether some values make them equal is not decided
    if positive:
        return all_of((presence, equal))
    return _complement(all_of((presence, equal)))


def _complement(formula: Formula) -> Formula:
    match formula:
        case bool():
            return not formula
        case Test(variable, language, positive):
            return Test(variable, language, not positive)
        case All(parts):
            return some_of(map(_complement, parts))
        case Some(parts):
            return all_of(map(_complement, parts))
        case ListTest(claim, element, each, some):
            return ListTest(claim, element, negation(each), not some)
        case _:
            assert_never(formula)


def _elements(
    predicate: AnyValue | AllValues, claim: str, each: Predicate, shape: Shape, permissive: bool, positive: bool
) -> Formula:
    element = shape.lists.get(claim)
    some = isinstance(predicate, AnyValue)
    if element is not None:
        inner = each if positive else negation(each)
        test: Formula = ListTest(claim, element, inner, some is positive)
        presence = shape.optional.get(claim)
        if presence is None:
            return test
        there = Test(presence, PRESENT, positive)
        return all_of((there, test)) if positive else some_of((there, test))
    term = shape.term(claim)
    if term is None:
        return not positive
    # A set operator sees a text claim as a list of one.
    scalar = Shape(name=shape.name, run=shape.run, claims={ELEMENT: term})
    inside = lower(each, scalar, permissive=permissive, positive=positive)
    presence = shape.optional.get(claim)
    if presence is None:
        return inside
    there = Test(presence, PRESENT, positive)
    return all_of((there, inside)) if positive else some_of((there, inside))
