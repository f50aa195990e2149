"""What a CEL expression may come to, seen over all tokens at once: the values of the compiler.

An expression is a list of cases: a predicate that says for which tokens, and the value there. At most one case applies
to a token; where none does, the expression is an error. A case's own value may still be an error for some of its tokens
(a text derived from a claim that is no text); `defined` says when it is not.

Lists of a token are taken to hold texts, and null claims to be missing: that is how tokens are read (`claims.payload`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from auditor.claims.languages.automaton import Automaton
from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.regex import regex
from auditor.claims.predicate import (
    ELEMENT,
    FALSE,
    TRUE,
    AllValues,
    Match,
    Predicate,
    Unknown,
    claims_of,
    conjunction,
    disjunction,
    negation,
)
from auditor.claims.texts import Choice, Claim, Joined, Literal, Text, is_in
from auditor.errors import BudgetExceededError, UnsupportedTextError
from auditor.providers.gcp.cel_syntax import Constant

ANY = Pattern((Wild.STAR,))

MOST_CASES = 64
"""Cases of one expression that are told apart."""


@dataclass(frozen=True, slots=True)
class Rails:
    """When a truth value is true and when it is false; elsewhere it is an error."""

    true: Predicate
    false: Predicate

    @property
    def defined(self) -> Predicate:
        return disjunction((self.true, self.false))

    @property
    def flipped(self) -> Rails:
        return Rails(self.false, self.true)

    def given(self, *guards: Predicate) -> Rails:
        """The same where all of `guards` hold, an error elsewhere."""
        return Rails(conjunction((*guards, self.true)), conjunction((*guards, self.false)))


ERROR = Rails(FALSE, FALSE)
YES = Rails(TRUE, FALSE)
NO = Rails(FALSE, TRUE)


def doubt(reason: str) -> Rails:
    """Nothing is known: not even whether it is an error."""
    return Rails(Unknown(reason), Unknown(reason))


@dataclass(frozen=True, slots=True)
class Known:
    """A constant."""

    value: Constant


@dataclass(frozen=True, slots=True)
class Derived:
    """A text; an error where it cannot be computed."""

    text: Text


@dataclass(frozen=True, slots=True)
class Json:
    """Whatever the token carries under a claim."""

    claim: str


@dataclass(frozen=True, slots=True)
class Truth:
    """A truth value."""

    rails: Rails


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list that was written out."""

    items: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True)
class Pieces:
    """`of.split(separator, limit)`."""

    of: Text
    separator: str
    limit: int


@dataclass(frozen=True, slots=True)
class Elements:
    """A text for each element of a list claim; `kept` says of which, and where that is an error. Over `ELEMENT`."""

    claim: str
    text: Text
    kept: Rails


@dataclass(frozen=True, slots=True)
class Table:
    """A map that was written out."""

    entries: tuple[tuple[Symbol, Symbol], ...]


@dataclass(frozen=True, slots=True)
class Payload:
    """`assertion`: all claims."""


@dataclass(frozen=True, slots=True)
class Names:
    """`google` or `attribute`: what the mapping sets."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number taken from a text: `at_most(n)` is the language of the texts where it is at most n."""

    of: Text
    at_most: Callable[[int], Language]


@dataclass(frozen=True, slots=True)
class Place:
    """`of.indexOf(part) + plus`."""

    of: Text
    part: str
    plus: int


@dataclass(frozen=True, slots=True)
class Whole:
    """`int(of)`."""

    of: Text


@dataclass(frozen=True, slots=True)
class Now:
    """The time of the request: from this moment on."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """A certain time."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value, or an error, of which nothing is known."""

    reason: str


Symbol = (
    Known
    | Derived
    | Json
    | Truth
    | Sequence
    | Pieces
    | Elements
    | Table
    | Payload
    | Names
    | Count
    | Place
    | Whole
    | Now
    | Moment
    | Opaque
)
Case = tuple[Predicate, Symbol]
Cases = tuple[Case, ...]


def sure(symbol: Symbol) -> Cases:
    """One case, for all tokens."""
    return ((TRUE, symbol),)


def combined(parts: tuple[Cases, ...], result: Callable[[tuple[Symbol, ...]], Cases]) -> Cases:
    """`result` of the values of `parts` in every combination of their cases. It must be an error where a part is."""
    rows: list[tuple[tuple[Predicate, ...], tuple[Symbol, ...]]] = [((), ())]
    for cases in parts:
        rows = [((*guards, guard), (*symbols, symbol)) for guards, symbols in rows for guard, symbol in cases]
        if len(rows) > MOST_CASES:
            return sure(Opaque("budget: an expression with too many cases was not looked into"))
    found = [(conjunction((*guards, guard)), symbol) for guards, symbols in rows for guard, symbol in result(symbols)]
    kept = tuple(case for case in found if case[0] != FALSE)
    if len(kept) > MOST_CASES:
        return sure(Opaque("budget: an expression with too many cases was not looked into"))
    return kept


# The three kinds of what a token carries under a claim


def is_text(claim: str) -> Predicate:
    return Match(claim, ANY)


def is_list(claim: str) -> Predicate:
    return conjunction((AllValues(claim, TRUE), negation(is_text(claim))))


def is_other(claim: str) -> Predicate:
    """A number, a truth value or an object, given that the token carries the claim."""
    return FALSE if claim == ELEMENT else negation(AllValues(claim, TRUE))


# Texts


def text_of(symbol: Symbol) -> Text | None:
    """The value as a text, which is an error where it is none; None where it never is one."""
    match symbol:
        case Known(str() as text):
            return Literal(text)
        case Derived(of):
            return of
        case Json(claim):
            return Claim(claim)
        case _:
            return None


def constant_of(symbol: Symbol) -> str | None:
    """The text of a constant."""
    text = text_of(symbol)
    return None if text is None else _constant(text)


def _constant(text: Text) -> str | None:
    match text:
        case Literal(constant):
            return constant
        case Joined(parts):
            texts = [_constant(part) for part in parts]
            return None if None in texts else "".join(part or "" for part in texts)
        case _:
            return None


def claims_in(text: Text) -> frozenset[str]:
    """The names of all claims a text is made from."""
    match text:
        case Claim(name):
            return frozenset((name,))
        case Literal():
            return frozenset()
        case Joined(parts):
            return frozenset().union(*map(claims_in, parts))
        case Choice(condition, then, otherwise, fails):
            asked = claims_of(condition) | (frozenset() if fails is None else claims_of(fails))
            return asked | claims_in(then) | claims_in(otherwise)
        case _:
            return claims_in(text.of)


def within(text: Text, language: Language) -> Predicate:
    """The text can be computed and lies in the language; `Unknown` where that cannot be said."""
    if isinstance(language, Length) and not isinstance(text, Claim | Literal):
        language = Automaton.of(language)
    try:
        return is_in(text, language)
    except (UnsupportedTextError, BudgetExceededError) as error:
        return Unknown(f"not looked into: {error}")


def computed(text: Text) -> Predicate:
    """The text can be computed without an error."""
    return TRUE if isinstance(text, Claim) and text.name == ELEMENT else within(text, ANY)


def test(text: Text, language: Language) -> Rails:
    """Whether a text lies in a language."""
    inside = within(text, language)
    return Rails(inside, conjunction((computed(text), negation(inside))))


WHOLE = regex(r"^(?:0|-?[1-9][0-9]{0,17})$")
"""Numbers that every runtime reads alike. Zeros in front, signs and blanks are read by some."""

_PERHAPS_WHOLE = regex(r"^\s*[+-]?[0-9]+\s*$")


def strangely_spelt(text: Text) -> Predicate:
    """Unknown where the text may be a number, but not one that every runtime reads."""
    odd = conjunction((within(text, _PERHAPS_WHOLE), negation(within(text, WHOLE))))
    return conjunction((odd, Unknown("a number in an unusual spelling")))


def defined(symbol: Symbol) -> Predicate:
    """The value is no error, for the tokens of its case."""
    match symbol:
        case Derived(of) | Pieces(of) | Count(of) | Place(of):
            return computed(of)
        case Whole(of):
            return disjunction((within(of, WHOLE), strangely_spelt(of)))
        case Truth(rails):
            return rails.defined
        case Sequence(items):
            return conjunction(map(defined, items))
        case Table(entries):
            return conjunction(defined(part) for entry in entries for part in entry)
        case Elements(claim, text, kept):
            fine = disjunction((kept.false, conjunction((kept.true, computed(text)))))
            return conjunction((is_list(claim), AllValues(claim, fine)))
        case Opaque(reason):
            return Unknown(reason)
        case Known() | Json() | Payload() | Names() | Now() | Moment():
            return TRUE
        case _:
            assert_never(symbol)


def truth(cases: Iterable[Case]) -> Rails:
    """The truth value of an expression; anything else is an error as a condition."""
    rails = [_truth(symbol).given(guard) for guard, symbol in cases]
    return Rails(disjunction(rail.true for rail in rails), disjunction(rail.false for rail in rails))


def _truth(symbol: Symbol) -> Rails:
    match symbol:
        case Truth(rails):
            return rails
        case Known(bool() as value):
            return YES if value else NO
        case Json(claim):
            return doubt(f"the truth value of {claim} is not known").given(is_other(claim))
        case Opaque(reason):
            return doubt(reason)
        case _:
            return ERROR


TYPES = {bool: "bool", int: "number", float: "number", str: "text", bytes: "bytes"}


def type_of(symbol: Symbol) -> str | None:
    """What kind of value it is, numbers being of one kind; None where it may be several."""
    match symbol:
        case Known(value):
            return "null" if value is None else TYPES.get(type(value), "number")
        case Derived():
            return "text"
        case Truth():
            return "bool"
        case Sequence() | Pieces() | Elements():
            return "list"
        case Table() | Payload() | Names():
            return "map"
        case Count() | Place() | Whole():
            return "number"
        case Now() | Moment():
            return "time"
        case Json() | Opaque():
            return None
        case _:
            assert_never(symbol)
