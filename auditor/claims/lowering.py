"""A predicate seen through one shape: a formula over tests of single variables.

`Match(sub, pattern)` becomes a union of boxes, its negation "in every box some constraint fails"; no normal form is
multiplied out. What is unknown is read as true in a *permissive* formula and as false in a *strict* one, in both
polarities, so that permissive ⊇ truth ⊇ strict whatever the unknown turns out to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from auditor.claims.align import aligned, begun, term_of
from auditor.claims.boxes import split, too_many_ways, union
from auditor.claims.formula import Formula, ListTest, Sized, Test, all_of, complement, in_none, in_some, some_of
from auditor.claims.grammar import Shape, Slot, Term, fill
from auditor.claims.languages.language import Language, units
from auditor.claims.languages.length import Length
from auditor.claims.languages.value_set import ValueSet
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
from auditor.claims.work import WORK_BUDGET
from auditor.errors import BudgetExceededError

NODE = 4
"""What a conjunction or disjunction costs besides its operands, in tests (see `work`)."""

PRESENT = ValueSet(("present",))


@dataclass(frozen=True, slots=True)
class Lowered:
    """The outcome: a formula, or the reason why it grew too large; and what it cost, in tests (see `work`)."""

    formula: Formula
    cost: int
    exceeded: str | None = None


@lru_cache(maxsize=1 << 12)
def lowered(predicate: Predicate, shape: Shape, permissive: bool) -> Lowered:
    """`predicate` for tokens of `shape`, remembered."""
    lowering = _Lowering(shape, permissive=permissive)
    try:
        formula = lowering.lower(predicate)
    except BudgetExceededError as error:
        return Lowered(False, lowering.cost, str(error))
    return Lowered(formula, lowering.cost)


def lower(predicate: Predicate, shape: Shape, *, permissive: bool, positive: bool = True) -> Formula:
    """`predicate` (or its complement, when not `positive`) for tokens of `shape`. Raises `BudgetExceededError`."""
    return _Lowering(shape, permissive=permissive).lower(predicate, positive=positive)


class _Lowering:
    """The lowering of one predicate; a part that occurs twice is lowered once."""

    def __init__(self, shape: Shape, *, permissive: bool) -> None:
        self.shape = shape
        self.permissive = permissive
        self.cost = 0
        self._known: dict[tuple[Predicate, bool], Formula] = {}

    def lower(self, predicate: Predicate, *, positive: bool = True) -> Formula:
        match predicate:
            case Match(claim, language):
                return self._match(claim, (language,), positive)
            case And() | Or():
                known = self._known.get((predicate, positive))
                if known is None:
                    known = self._composite(predicate, positive)
                    self._known[predicate, positive] = known
                return known
            case Not(operand):
                return self.lower(operand, positive=not positive)
            case Constant(value):
                return value is positive
            case Unknown():
                return self.permissive
            case Exists(claim):
                return self._present(claim, positive)
            case SameText():
                return self._same_text(predicate, positive)
            case AnyValue(claim, each) | AllValues(claim, each):
                return self._elements(predicate, claim, each, positive)
            case _:
                assert_never(predicate)

    def _composite(self, predicate: And | Or, positive: bool) -> Formula:
        operands = predicate.operands
        self.cost += NODE + len(operands)
        if self.cost > WORK_BUDGET:
            raise BudgetExceededError("the condition is too large to look into")
        if isinstance(predicate, Or):
            return self._either(operands, positive)
        refused: list[Predicate] = []
        parts: list[Formula] = []
        for operand in operands:
            if isinstance(operand, Not) and isinstance(operand.operand, Match):
                refused.append(operand.operand)
                continue
            part = self.lower(operand, positive=positive)
            if part is not positive:
                parts.append(part)
                if isinstance(part, bool):
                    return part  # most forms of token are settled by one of several tests
        if refused:  # "none of these values" arrives as a conjunction of refusals: the complement of one union
            parts.append(self._either(tuple(refused), not positive))
        return all_of(parts) if positive else some_of(parts)

    def _either(self, operands: tuple[Predicate, ...], positive: bool) -> Formula:
        """Some operand holds, or (not `positive`) none does. What one claim is compared with becomes one union."""
        listed: dict[str, list[Language]] = {}
        parts: list[Formula] = []
        for operand in operands:
            if isinstance(operand, Match):
                listed.setdefault(operand.claim, []).append(operand.language)
            else:
                parts.append(self.lower(operand, positive=positive))
        parts.extend(self._match(claim, tuple(languages), positive) for claim, languages in listed.items())
        return some_of(parts) if positive else all_of(parts)

    def _match(self, claim: str, languages: tuple[Language, ...], positive: bool) -> Formula:
        """The claim is there and in some of `languages`, or (not `positive`) that is not so."""
        term = self.shape.term(claim)
        if term is None:
            return not positive
        return self._if_present(claim, self._in_some(term, languages, positive), positive)

    def _in_some(self, term: Term, languages: tuple[Language, ...], positive: bool) -> Formula:
        if Length in map(type, languages):
            tests = [_sized(term, language, positive) for language in languages if isinstance(language, Length)]
            others = tuple(language for language in languages if not isinstance(language, Length))
            parts = [*tests, *([self._in_some(term, others, positive)] if others else [])]
            return some_of(parts) if positive else all_of(parts)
        found = _tests(term, languages, positive)
        self.cost += found.cost
        if found.exceeded is not None:
            raise BudgetExceededError(found.exceeded)
        return found.formula

    def _present(self, claim: str, positive: bool) -> Formula:
        presence = self.shape.optional.get(claim)
        if presence is not None:
            return Test(presence, PRESENT, positive)
        there = self.shape.term(claim) is not None or claim in self.shape.lists or claim in self.shape.constants
        return there is positive

    def _if_present(self, claim: str, test: Formula, positive: bool) -> Formula:
        """A test of a claim that may be missing holds only where it is there."""
        presence = self.shape.optional.get(claim)
        if presence is None:
            return test
        there = Test(presence, PRESENT, positive)
        return all_of((there, test)) if positive else some_of((there, test))

    def _same_text(self, predicate: SameText, positive: bool) -> Formula:
        left, right = term_of(predicate.left, self.shape), term_of(predicate.right, self.shape)
        if left is None or right is None:
            return not positive
        equal = begun(left, right) if predicate.begins else aligned(left, right)
        if equal is None:
            return self.permissive  # whether some values make the two terms equal is not decided
        present = all_of(self._present(claim, positive=True) for claim in dict.fromkeys(predicate.claims))
        both = all_of((present, equal))
        return both if positive else complement(both)

    def _elements(self, predicate: AnyValue | AllValues, claim: str, each: Predicate, positive: bool) -> Formula:
        element = self.shape.lists.get(claim)
        if element is not None:
            some = isinstance(predicate, AnyValue)
            test: Formula = ListTest(claim, element, each if positive else negation(each), some is positive)
            return self._if_present(claim, test, positive)
        term = self.shape.term(claim)
        if term is None:
            return not positive
        # A set operator sees a text claim as a list of one.
        scalar = Shape(name=self.shape.name, run=self.shape.run, claims={ELEMENT: term})
        inner = _Lowering(scalar, permissive=self.permissive)
        inside = inner.lower(each, positive=positive)
        self.cost += inner.cost
        return self._if_present(claim, inside, positive)


@lru_cache(maxsize=1 << 13)
def _tests(term: Term, languages: tuple[Language, ...], positive: bool) -> Lowered:
    """The text of `term` is in some of `languages`, or in none."""
    found = split(term, languages[0]) if len(languages) == 1 else union(term, languages)
    if found.boxes is None:
        return Lowered(False, found.cost, str(too_many_ways(languages)))
    return Lowered(in_some(found.boxes) if positive else in_none(found.boxes), found.cost)


def _sized(term: Term, length: Length, positive: bool) -> Formula:
    """The whole text of `term` has such a length, or has not."""
    fixed = sum(length.of(part) for part in term if isinstance(part, str))
    slots = tuple(part for part in term if isinstance(part, Slot))
    most = None if length.most is None else length.most - fixed
    least = max(0, length.least - fixed)
    if most is not None and most < least:
        return not positive
    rest = Length(least, most, in_bytes=length.in_bytes)
    if not slots:
        return rest.matches("") is positive
    variables = {slot.variable for slot in slots}
    if len(variables) == 1:
        one = _sized_alone(slots, rest)
        if one is not None:
            return Test(slots[0].variable, one, positive)
    bounds: list[Formula] = [Sized(slots, Length(least, in_bytes=length.in_bytes))] if least else []
    if most is not None:
        bounds.append(Sized(slots, Length(0, most, in_bytes=length.in_bytes)))
    whole = all_of(bounds)
    return whole if positive else complement(whole)


def _sized_alone(slots: tuple[Slot, ...], length: Length) -> Language | None:
    """What the one variable of all `slots` must be to give them such a length; None where no test of it tells."""
    variable = slots[0].variable
    if variable.values is not None:
        texts = {value: "".join(fill((slot,), {variable: value}) for slot in slots) for value in variable.values}
        return ValueSet(value for value, text in texts.items() if length.matches(units(text)))
    if any(slot.encoded for slot in slots) and ":" in variable.characters:
        return None
    most = None if length.most is None else length.most // len(slots)
    return Length(-(-length.least // len(slots)), most, in_bytes=length.in_bytes)
