"""Texts that a policy derives from claims (`assertion.sub.split(":")[1]`, concatenations, `extract`) as predicates.

Every operation is undone: `lower(x)` lies in a language exactly if `x` lies in another, which is computed, until only
claims are left. All operations here take constants beside their text; they are those of CEL's string functions and of
Google's `extract`, whose facts stand in Google's and CEL's documentation.

Positions count characters (code points). Occurrences are found from the left and do not overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import assert_never

from auditor.claims import origins
from auditor.claims.automaton_boxes import simplified
from auditor.claims.boxes import decompose
from auditor.claims.grammar import CharSet, Slot, Term, Variable
from auditor.claims.languages.automaton import Automaton
from auditor.claims.languages.language import Language, units
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import Constant, Match, Predicate, conjunction, disjunction, negation
from auditor.errors import UnsupportedTextError


@dataclass(frozen=True, slots=True)
class Claim:
    """The text of a claim. An error where the token has none, or something other than a text."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    text: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Texts one after the other."""

    parts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Lower:
    """ASCII letters in lower case (CEL `lowerAscii`)."""

    of: Text


@dataclass(frozen=True, slots=True)
class Upper:
    """ASCII letters in upper case (CEL `upperAscii`)."""

    of: Text


@dataclass(frozen=True, slots=True)
class Piece:
    """`of.split(separator, limit)[index]`; an error where there is no such piece. A negative limit is none."""

    of: Text
    separator: str
    index: int
    limit: int = -1


@dataclass(frozen=True, slots=True)
class Extract:
    """Google's `of.extract("before{name}behind")`: what stands between the first `before` and the next `behind`.

    Empty where either is missing; an empty `behind` is the end of the text.
    """

    of: Text
    before: str
    behind: str


@dataclass(frozen=True, slots=True)
class Substring:
    """The characters from `begin` up to but not including `end`; an error where the text is shorter."""

    of: Text
    begin: int
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Replace:
    """The first `limit` occurrences of `old` replaced, all of them where it is negative."""

    of: Text
    old: str
    new: str
    limit: int = -1


@dataclass(frozen=True, slots=True)
class Trim:
    """Without Unicode white space at both ends."""

    of: Text


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? then : otherwise`. Where neither `condition` nor `fails` holds, it is an error."""

    condition: Predicate
    then: Text
    otherwise: Text
    fails: Predicate | None = None
    """When the condition is false; its complement if None."""


Text = Claim | Literal | Joined | Lower | Upper | Piece | Extract | Substring | Replace | Trim | Choice

ANY = Pattern((Wild.STAR,))

EVERY_CHARACTER = CharSet("", negated=True)


def exists(text: Text) -> Predicate:
    """The text can be computed without an error."""
    return is_in(text, ANY)


@lru_cache(maxsize=1 << 12)
def is_in(text: Text, language: Language) -> Predicate:
    """The text can be computed without an error and lies in the language.

    "It can be computed and does not" is `is_in` the complement. Raises `UnsupportedTextError` and `BudgetExceededError`
    where that cannot be said as a predicate over claims.
    """
    match text:
        case Claim(name):
            return _claim_in(name, language)
        case Literal(constant):
            return Constant(language.matches(units(constant)))
        case Joined(parts):
            return _joined_in(parts, language)
        case Choice(condition, then, otherwise, fails):
            unless = negation(condition) if fails is None else fails
            first = conjunction((condition, is_in(then, language)))
            return disjunction((first, conjunction((unless, is_in(otherwise, language)))))
        case Lower(of) | Upper(of):
            return is_in(of, _other_case(language, to_lower=isinstance(text, Lower)))
        case Piece() | Extract() | Substring() | Replace() | Trim():
            return is_in(text.of, _origin(text, Automaton.of(language)))
        case _:
            assert_never(text)


def _claim_in(name: str, language: Language) -> Predicate:
    if not isinstance(language, Automaton):
        return Match(name, language)
    return disjunction(Match(name, simple) for simple in simplified(language, EVERY_CHARACTER))


# Concatenations


def _joined_in(parts: tuple[Text, ...], language: Language) -> Predicate:
    """Split the language at the joints, the parts being variables of a term that may hold anything."""
    term: list[str | Slot] = []
    variables: dict[Variable, Text] = {}
    for part in _flat(parts):
        if not isinstance(part, Literal):
            variable = _anything(len(variables))
            variables[variable] = part
            term.append(Slot(variable))
        elif term and isinstance(term[-1], str):
            term[-1] += units(part.text)
        elif part.text:
            term.append(units(part.text))
    return disjunction(
        conjunction(is_in(part, own) for variable, part in variables.items() for own in _of(variable, box))
        for box in decompose(_whole(term), language)
    )


def _whole(term: list[str | Slot]) -> Term:
    return tuple(term) or ("",)


def _of(variable: Variable, box: frozenset[tuple[Variable, Language]]) -> list[Language]:
    """What a box asks of a part; that it exists where nothing else."""
    asked = [language for own, language in box if own is variable]
    return sorted(asked, key=lambda language: language.order) or [ANY]


def _flat(parts: tuple[Text, ...]) -> list[Text]:
    flat: list[Text] = []
    for part in parts:
        flat.extend(_flat(part.parts) if isinstance(part, Joined) else (part,))
    return flat


@lru_cache(maxsize=64)
def _anything(place: int) -> Variable:
    return Variable(f"part {place}", EVERY_CHARACTER, 0, 1 << 30)


# Letter case


def _other_case(language: Language, *, to_lower: bool) -> Language:
    """The texts whose lower (or upper) case lies in the language."""
    wrong = frozenset(ascii_uppercase if to_lower else ascii_lowercase)
    if isinstance(language, Pattern) and not language.encoded:
        if language.ignore_case:
            return language
        literal = {token for token in language.tokens if isinstance(token, str)}
        return ValueSet(()) if literal & wrong else Pattern(language.tokens, ignore_case=True)
    if isinstance(language, ValueSet):
        values = (value for value in language.values if language.ignore_case or wrong.isdisjoint(value))
        return ValueSet(values, ignore_case=True)
    old, new = (ascii_uppercase, ascii_lowercase) if to_lower else (ascii_lowercase, ascii_uppercase)
    return Automaton.of(language).before(dict(zip(old, new, strict=True)))


# Operations that look at the text as a whole


@lru_cache(maxsize=1 << 12)
def _origin(text: Piece | Extract | Substring | Replace | Trim, inner: Automaton) -> Automaton:
    """The texts from which the operation makes a text of `inner`."""
    match text:
        case Piece(_, separator, index, limit):
            if not separator:
                raise UnsupportedTextError("a text split at every character")
            return origins.of_piece(inner, units(separator), index, limit)
        case Extract(_, before, behind):
            return origins.of_extract(inner, units(before), units(behind))
        case Substring(_, begin, end):
            return origins.of_substring(inner, begin, end)
        case Replace(_, old, new, limit):
            if not old:
                raise UnsupportedTextError("a replacement of the empty text")
            return origins.of_replace(inner, units(old), units(new), limit)
        case Trim():
            return origins.of_trim(inner)
        case _:
            assert_never(text)
