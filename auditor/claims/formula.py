"""Negation-free formulas over tests of single variables: what a predicate becomes once it is seen through one shape."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from auditor.claims.box import Box
from auditor.claims.grammar import Slot, Variable
from auditor.claims.languages.language import Language, ascii_lower
from auditor.claims.languages.length import Length
from auditor.claims.languages.value_set import exact_texts
from auditor.claims.predicate import Predicate, negation

INDEXED = 8
"""From this many refusals on they are looked up instead of tried one by one."""


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
class Same:
    """Two variables have the same value, or have not."""

    left: Variable
    right: Variable
    positive: bool


@dataclass(frozen=True, slots=True)
class Sized:
    """The values of all `slots` together have a length that is bounded on one side only."""

    slots: tuple[Slot, ...]
    length: Length


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Refused:
    """Many clauses, each refusing one box that holds given values of `variable`: any other value satisfies them."""

    variable: Variable
    exact: Mapping[str, tuple[Formula, ...]]
    """Value of the variable → the clauses of boxes that hold just this value."""
    folded: Mapping[str, tuple[Formula, ...]]
    """The same for boxes that hold a value in any ASCII case, by the value in lower case."""

    def left_by(self, value: str) -> tuple[Formula, ...]:
        """The clauses that are still to be satisfied once the variable has `value`."""
        return (*self.exact.get(value, ()), *self.folded.get(ascii_lower(value), ()))

    @property
    def clauses(self) -> tuple[Formula, ...]:
        """All of them."""
        listed = (clause for by in (self.exact, self.folded) for clauses in by.values() for clause in clauses)
        return tuple(dict.fromkeys(listed))


Formula = bool | Test | ListTest | Same | Sized | All | Some | Refused


def all_of(parts: Iterable[Formula]) -> Formula:
    kept: list[Formula] = []
    for part in parts:
        if part is False:
            return False
        if isinstance(part, All):
            kept.extend(part.parts)
        elif part is not True:
            kept.append(part)
    if len(kept) >= INDEXED:
        kept = _indexed(kept)
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


def complement(formula: Formula) -> Formula:
    """What holds exactly where `formula` does not."""
    match formula:
        case bool():
            return not formula
        case Test(variable, language, positive):
            return Test(variable, language, not positive)
        case Same(left, right, positive):
            return Same(left, right, not positive)
        case Sized(slots, length):
            if length.most is None:
                return Sized(slots, Length(0, length.least - 1, in_bytes=length.in_bytes))
            return Sized(slots, Length(length.most + 1, in_bytes=length.in_bytes))
        case All(parts):
            return some_of(map(complement, parts))
        case Some(parts):
            return all_of(map(complement, parts))
        case ListTest(claim, element, each, some):
            return ListTest(claim, element, negation(each), not some)
        case Refused():
            return some_of(map(complement, formula.clauses))
        case _:
            assert_never(formula)


def in_some(boxes: Iterable[Box]) -> Formula:
    """The values lie in one of `boxes`."""
    return some_of(all_of(Test(v, lang, True) for v, lang in _ordered(box)) for box in boxes)


def in_none(boxes: Iterable[Box]) -> Formula:
    """The values lie in none of `boxes`: in each, some constraint fails."""
    return all_of(some_of(Test(v, lang, False) for v, lang in _ordered(box)) for box in boxes)


def _indexed(parts: list[Formula]) -> list[Formula]:
    """The same, with the refusals among them by the values of the variable that most of them spell out."""
    refusals = [part for part in parts if isinstance(part, Some) and all(map(_refuses, part.parts))]
    if len(refusals) < INDEXED:
        return parts
    telling: dict[Variable, int] = {}
    for clause in refusals:
        for test in clause.parts:
            if isinstance(test, Test) and exact_texts(test.language) is not None:
                telling[test.variable] = telling.get(test.variable, 0) + 1
    if not telling:
        return parts
    variable = max(telling, key=lambda v: (telling[v], v.name))
    exact: dict[str, list[Formula]] = {}
    folded: dict[str, list[Formula]] = {}
    others: list[Formula] = []
    for part in parts:
        listed = _listed(part, variable)
        if listed is None:
            others.append(part)
            continue
        texts, ignore_case = listed
        for text in texts:
            (folded if ignore_case else exact).setdefault(text, []).append(part)
    return [*others, Refused(variable, _frozen(exact), _frozen(folded))]


def _refuses(part: Formula) -> bool:
    return isinstance(part, Test) and not part.positive


def _listed(clause: Formula, variable: Variable) -> tuple[Collection[str], bool] | None:
    """The values of the variable that a refusal is about, and whether case is ignored."""
    if isinstance(clause, Some) and all(map(_refuses, clause.parts)):
        for test in clause.parts:
            if isinstance(test, Test) and test.variable is variable:
                listed = exact_texts(test.language)
                if listed is not None:
                    return listed
    return None


def _frozen(clauses: Mapping[str, list[Formula]]) -> Mapping[str, tuple[Formula, ...]]:
    return {value: tuple(found) for value, found in clauses.items()}


def _ordered(box: Box) -> list[tuple[Variable, Language]]:
    return list(box) if len(box) == 1 else sorted(box, key=lambda pair: (pair[0].name, pair[1].order))
