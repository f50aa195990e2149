"""Numbers and times over all tokens at once: sizes and positions of texts against constants."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import datetime

from auditor.claims.languages.automaton import NOTHING, Automaton
from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.predicate import FALSE, TRUE, Predicate, Unknown, conjunction, disjunction, negation
from auditor.claims.texts import Text
from auditor.errors import BudgetExceededError
from auditor.providers.gcp.cel_values import (
    WHOLE,
    Count,
    Now,
    Place,
    Rails,
    Whole,
    computed,
    doubt,
    strangely_spelt,
    within,
)

FARTHEST = 200
"""Positions in a text that are told apart."""

_RELATIONS: Mapping[str, Callable[[object, object], bool]] = {
    "==": operator.eq,
    "<": operator.lt,  # type: ignore[dict-item]  # of numbers and of times, never mixed
    "<=": operator.le,  # type: ignore[dict-item]
    ">": operator.gt,  # type: ignore[dict-item]
    ">=": operator.ge,  # type: ignore[dict-item]
}


def size(text: Text) -> Count:
    """`size(text)`, in characters."""
    return Count(text, lambda most: Length(0, most) if most >= 0 else NOTHING)


def pieces(text: Text, separator: str) -> Count:
    """How many pieces `text.split(separator)` has: one more than there are separators, counted from the left."""

    def at_most(most: int) -> Language:
        if most < 1:
            return NOTHING
        if most > FARTHEST:
            raise BudgetExceededError("too many pieces of a text")
        found = [token for _ in range(most) for token in (Wild.STAR, *Pattern.exactly(separator).tokens)]
        return Automaton.of(Pattern((*found, Wild.STAR))).complement()

    return Count(text, at_most)


def compared(number: Count | Place | Whole, sign: str, constant: float) -> Rails:
    """A number compared with a constant."""
    if isinstance(constant, float):
        if not math.isfinite(constant):
            return doubt("a number compared with no number").given(computed(number.of))
        if constant != int(constant):
            if sign == "==":
                return Rails(FALSE, computed(number.of))
            constant, sign = math.floor(constant), {"<": "<=", "<=": "<=", ">": ">", ">=": ">"}[sign]
        constant = int(constant)
    try:
        if isinstance(number, Whole):
            return _whole(number.of, sign, constant)
        at_most = number.at_most if isinstance(number, Count) else _place(number)
        return _relation(number.of, at_most, sign, constant)
    except BudgetExceededError as error:
        return doubt(f"not looked into: {error}").given(computed(number.of))


def _relation(text: Text, at_most: Callable[[int], Language], sign: str, constant: int) -> Rails:
    def up_to(most: int) -> Predicate:
        return within(text, at_most(most))

    there = computed(text)
    match sign:
        case "==":
            true = conjunction((up_to(constant), negation(up_to(constant - 1))))
        case "<":
            true = up_to(constant - 1)
        case "<=":
            true = up_to(constant)
        case ">":
            true = conjunction((there, negation(up_to(constant))))
        case _:
            true = conjunction((there, negation(up_to(constant - 1))))
    return Rails(true, conjunction((there, negation(true))))


def _place(place: Place) -> Callable[[int], Language]:
    """Where a part first occurs, -1 where it does not, moved by a constant."""
    part = Pattern.exactly(place.part).tokens

    def at_most(most: int) -> Language:
        last = most - place.plus
        if last < -1:
            return NOTHING
        nowhere = Automaton.of(Pattern((Wild.STAR, *part, Wild.STAR))).complement()
        if last == -1:
            return nowhere
        if last > FARTHEST:
            raise BudgetExceededError(f"more than {FARTHEST} positions in a text")
        return Automaton.of(Length(0, last)).concatenation(Pattern((*part, Wild.STAR))).union(nowhere)

    return at_most


def _whole(text: Text, sign: str, constant: int) -> Rails:
    """The number a text spells."""
    spelt, strange = within(text, WHOLE), strangely_spelt(text)
    if sign != "==" or abs(constant) >= 10**17:
        order = doubt("the size of a number that a text spells is not decided")
        return Rails(disjunction((order.true, strange)), disjunction((order.false, strange))).given(
            disjunction((spelt, strange))
        )
    true = within(text, Pattern.exactly(str(constant)))
    return Rails(disjunction((true, strange)), disjunction((conjunction((spelt, negation(true))), strange)))


def at(now: Now, sign: str, moment: datetime) -> Rails:
    """The time of the request, now or later, against a certain time: what only comes to be is unknown."""
    relation = _RELATIONS[sign]
    later = {"<": False, "<=": False, "==": False, ">": True, ">=": True}[sign]
    holds = relation(now.moment, moment)
    if sign == "==":
        return Rails(Unknown(f"only at {moment.isoformat()}") if now.moment <= moment else FALSE, TRUE)
    turns = Unknown(f"this changes at {moment.isoformat()}")
    true: Predicate = TRUE if holds else turns if later else FALSE
    false: Predicate = TRUE if not holds else turns if not later else FALSE
    return Rails(true, false)
