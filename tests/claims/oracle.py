"""The same questions, put to z3: strings as z3 strings, patterns as regular expressions, claims as concatenations.

Nothing of the solver is used, only the data types. z3 takes a hundred times as long and gives up on some questions.
"""

from __future__ import annotations

import enum
import re
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, reduce
from itertools import product
from random import Random
from typing import Any, Literal

import z3  # type: ignore[import-untyped]  # it ships no types

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Term, Variable
from auditor.claims.languages.language import Language
from auditor.claims.languages.pattern import Pattern, Token, Wild
from auditor.claims.languages.regex import Regex, regex
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
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
    claims_of,
    conjunction,
    disjunction,
    equals,
    negation,
)

Answer = Literal["sat", "unsat", "unknown"]

OUT_OF_TIME = frozenset({"canceled", "timeout"})
"""Why z3 says that it does not know when its time was over."""
ENOUGH = 0.8
"""The share of its time that z3 must have had on a processor to be taken at its word that it does not know."""
LONGER = (1, 2, 4, 8, 16)
"""So many times as long may it take by the clock."""

ORG = Variable("org", CharSet.parse("a-dA-D0-9-"), 1, 6, (Pattern.glob("-*"), Pattern.glob("*--*")), hints=("d", "c"))
APP = Variable("app", CharSet.parse("a-d._-"), 1, 6, (Pattern.glob("."), Pattern.glob("..")), hints=("d", "c"))
REF = Variable("ref", CharSet.parse("a-d/.-"), 1, 8, (Pattern.glob("*..*"), Pattern.glob("*//*")), hints=("d", "c"))
ENV = Variable("env", CharSet.parse("a-d:%3A"), 1, 5, hints=("d", "c"))
NUMBER = Variable("number", CharSet.parse("0-9"), 1, 4, (Pattern.glob("0*"),), hints=("17",))
EVENT = Variable("event", CharSet(""), values=("push", "release"))

_COMMON: dict[str, Term] = {"repository": (Slot(ORG), "/", Slot(APP)), "owner": (Slot(ORG),), "event": (Slot(EVENT),)}

_NAME: Term = ("repo:", Slot(ORG), "/", Slot(APP))
_IMMUTABLE: Term = ("repo:", Slot(ORG), "@", Slot(NUMBER), "/", Slot(APP))
_REF: Term = ("refs/", Slot(REF))
_FILE: Term = (Slot(ORG), "/", Slot(APP), "@", *_REF)

THERE = Variable("there", CharSet(""), values=("absent", "present"))

GRAMMAR = Grammar(
    {v.name: v for v in (ORG, APP, REF, ENV, NUMBER, EVENT, THERE)},
    (
        Shape(
            "branch",
            "branch",
            {**_COMMON, "sub": (*_NAME, ":ref:", Slot(REF)), "ref": _REF, "file": _FILE, "kind": ("branch",)},
            optional={"file": THERE},
        ),
        Shape(
            "gated",
            "gated",
            {**_COMMON, "sub": (*_NAME, ":env:", Slot(ENV, encoded=True)), "ref": _REF, "env": (Slot(ENV),)},
            optional={"env": THERE},
        ),
        Shape(
            "immutable",
            "branch",
            {**_COMMON, "sub": (*_IMMUTABLE, ":ref:", Slot(REF)), "id": (Slot(NUMBER),), "kind": ("branch",)},
            only=negation(Match("$number", Pattern.glob("9*"))),
        ),
    ),
)
"""GitHub's forms of subject over few letters and short names, so that z3 has a chance."""


class Reading(enum.Enum):
    """What z3 makes of an `Unknown`: whatever helps, or whatever hurts."""

    HELPFUL = "some values of the unknown"
    HOSTILE = "all values of the unknown"


def ask(predicate: Predicate, milliseconds: int, reading: Reading = Reading.HELPFUL) -> Answer:
    """Whether z3 finds a token of `GRAMMAR` that satisfies the predicate.

    After `milliseconds` of processor time for one shape it is told to give up (its own units of effort do not bound
    string questions).
    """
    given_up = False
    for shape in GRAMMAR.shapes:
        answer = _ask_shape(predicate, shape, milliseconds, reading)
        if answer == "sat":
            return answer
        given_up = given_up or answer == "unknown"
    return "unknown" if given_up else "unsat"


def _ask_shape(predicate: Predicate, shape: Shape, milliseconds: int, reading: Reading) -> Answer:
    # z3 goes by the clock on the wall: on a busy machine it is asked anew, and given longer.
    for longer in LONGER:
        solver = _asked(predicate, shape, reading)
        solver.set("timeout", longer * milliseconds)
        begun = time.thread_time()
        answer = str(solver.check())
        taken = (time.thread_time() - begun) * 1_000
        if answer != "unknown" or taken > ENOUGH * milliseconds or solver.reason_unknown() not in OUT_OF_TIME:
            break
    assert answer in {"sat", "unsat", "unknown"}
    return answer  # type: ignore[return-value]  # one of the three, as just asserted


def _asked(predicate: Predicate, shape: Shape, reading: Reading) -> Any:
    solver = z3.Solver()
    for variable in shape.variables.values():
        solver.add(_possible(variable))
    for part in dict.fromkeys(p for term in shape.claims.values() for p in term if isinstance(p, Slot) and p.encoded):
        plain = Slot(part.variable)
        both = any(plain in (shape.term(claim) or ()) for claim in claims_of(predicate))
        solver.add(_printed(part, both))
    solver.add(_formula(shape.only, shape, ()))
    count = unknowns(predicate)
    if reading is Reading.HELPFUL:
        solver.add(_formula(predicate, shape, [z3.Bool(f"unknown {number}") for number in range(count)]))
    else:  # each unknown may turn out either way, each time anew
        for guess in product((False, True), repeat=count):
            solver.add(_formula(predicate, shape, list(map(z3.BoolVal, guess))))
    return solver


def _string(slot: Slot) -> Any:
    return z3.String(f"{slot.variable.name}{' encoded' if slot.encoded else ''}")


@cache
def _possible(variable: Variable) -> Any:
    """What the variable can hold."""
    text = z3.String(variable.name)
    if variable.values is not None:
        return z3.Or([text == z3.StringVal(value) for value in variable.values])
    allowed = [_word(text, variable, _letters(variable))]
    allowed.extend(z3.Not(z3.InRe(text, _regex(shape))) for shape in variable.exclusions)
    return z3.And(allowed)


def _letters(variable: Variable) -> list[str]:
    letters = map(chr, range(0x20, 0x7F))
    return [char for char in letters if (char in variable.characters.chars) is not variable.characters.negated]


def _word(text: Any, variable: Variable, letters: list[str]) -> Any:
    return z3.InRe(text, z3.Loop(_union([_text(letter) for letter in letters]), variable.minimum, variable.maximum))


@cache
def _printed(slot: Slot, both: bool) -> Any:
    """The variable as a subject prints it, every colon `%3A`; tied to the value itself only where `both` are read.

    The tie goes character by character: z3 cannot reason about replacing every occurrence.
    """
    variable = slot.variable
    assert not variable.exclusions
    if not both:
        written = [letter.replace(":", "%3A") for letter in _letters(variable)]
        return _word(_string(slot), variable, written)
    cells = [z3.String(f"{variable.name} {place}") for place in range(variable.maximum)]
    one = _union([_text(letter) for letter in ("", *_letters(variable))])
    parts = [z3.If(cell == z3.StringVal(":"), z3.StringVal("%3A"), cell) for cell in cells]
    ties = [z3.InRe(cell, one) for cell in cells]
    return z3.And(*ties, z3.String(variable.name) == z3.Concat(cells), _string(slot) == z3.Concat(parts))


def unknowns(predicate: Predicate) -> int:
    """How often something unknown occurs."""
    match predicate:
        case Unknown():
            return 1
        case Not(operand):
            return unknowns(operand)
        case And(operands) | Or(operands):
            return sum(map(unknowns, operands))
        case _:
            return 0


def _formula(predicate: Predicate, shape: Shape, unknowns: Sequence[Any]) -> Any:
    """The predicate as z3 sees it; its n-th `Unknown` is `unknowns[n]`."""
    left = list(unknowns)

    def formula(predicate: Predicate) -> Any:
        match predicate:
            case Constant(value):
                return z3.BoolVal(value)
            case Unknown():
                return left.pop(0)
            case Exists(claim):
                return _present(claim, shape)
            case Match(claim, language):
                return _claim_is(claim, shape, lambda text: z3.InRe(text, _regex(language)))
            case SameText(str(one), str(other), begins=False):
                here, there = shape.term(one), shape.term(other)
                if here is None or there is None:
                    return z3.BoolVal(False)
                return z3.And(_present(one, shape), _present(other, shape), _claim(here) == _claim(there))
            case AnyValue(claim, Match("", language)) | AllValues(claim, Match("", language)):  # a list of one
                return _claim_is(claim, shape, lambda text: z3.InRe(text, _regex(language)))
            case Not(operand):
                return z3.Not(formula(operand))
            case And(operands):
                return z3.And([formula(operand) for operand in operands])
            case Or(operands):
                return z3.Or([formula(operand) for operand in operands])
            case _:
                raise TypeError(f"z3 is not asked about {predicate}")

    return formula(predicate)


def _present(claim: str, shape: Shape) -> Any:
    presence = shape.optional.get(claim)
    if presence is not None:
        return z3.String(presence.name) == z3.StringVal("present")
    return z3.BoolVal(shape.term(claim) is not None)


def _claim_is(claim: str, shape: Shape, test: Callable[[Any], Any]) -> Any:
    term = shape.term(claim)
    return z3.BoolVal(False) if term is None else z3.And(_present(claim, shape), test(_claim(term)))


def _claim(term: Term) -> Any:
    parts = [z3.StringVal(part) if isinstance(part, str) else _string(part) for part in term]
    return parts[0] if len(parts) == 1 else z3.Concat(parts)


def _text(text: str) -> Any:
    return z3.Re(z3.StringVal(text))


def _union(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else z3.Union(parts)


_ANY_CHAR = z3.Range(chr(0x20), chr(0x7E))


@lru_cache(maxsize=4096)
def _regex(language: Language) -> Any:
    if isinstance(language, ValueSet):
        alternatives = [_characters(tuple(value), language.ignore_case) for value in sorted(language.values)]
        return _union(alternatives) if alternatives else z3.Empty(z3.ReSort(z3.StringSort()))
    if isinstance(language, Regex):
        return _WRITTEN[language.source, language.search]
    assert isinstance(language, Pattern)
    return _characters(language.tokens, language.ignore_case)


def _characters(tokens: Iterable[Token], ignore_case: bool) -> Any:
    parts: list[Any] = []
    for token in tokens:
        if token is Wild.STAR:
            parts.append(z3.Star(_ANY_CHAR))
        elif isinstance(token, Wild):
            parts.append(_ANY_CHAR)
        elif ignore_case and token.swapcase() != token:
            parts.append(z3.Union(_text(token), _text(token.swapcase())))
        else:
            parts.append(_text(token))
    return reduce(z3.Concat, parts) if parts else _text("")


def query(rng: Random) -> Predicate:
    """A condition over the claims of `GRAMMAR`: subjects, perhaps other claims, perhaps refusals."""
    parts = [disjunction(_subject(rng) for _ in range(rng.choice((1, 1, 2, 3))))]
    parts.extend(_other(rng) for _ in range(rng.choice((0, 0, 1, 2))))
    parts.extend(negation(_subject(rng)) for _ in range(rng.choice((0, 0, 1, 2))))
    if rng.random() < 0.2:
        parts.append(negation(_other(rng)))
    return conjunction(parts)


def query_of_expressions(rng: Random) -> Predicate:
    """Regular expressions on one claim or on a subject, searched or matched as a whole, beside patterns."""
    claim, letters = rng.choice((("owner", "abA-"), ("ref", "ab/."), ("repository", "ab/"), ("sub", "ab/:")))
    tests: list[Predicate] = [Match(claim, _expression(rng, letters)) for _ in range(rng.choice((1, 1, 2)))]
    if rng.random() < 0.5:
        tests.append(_subject(rng) if claim == "sub" else Match(claim, _three_pieces(rng, letters)))
    return conjunction(negation(test) if rng.random() < 0.3 else test for test in tests)


_WRITTEN: dict[tuple[str, bool], Any] = {}
"""Every expression made so far, by source and mode, as z3 writes it."""


def _expression(rng: Random, letters: str) -> Regex:
    """A regular expression, and beside it the same in z3's own terms: nothing is parsed here."""

    def piece(levels: int) -> tuple[str, Any]:
        draw = rng.random()
        char = rng.choice(letters)
        if levels == 0 or draw < 0.45:
            return re.escape(char), _text(char)
        if draw < 0.55:
            return ".", _ANY_CHAR
        if draw < 0.65:
            other = rng.choice(letters)
            return f"[{re.escape(char)}{re.escape(other)}]", z3.Union(_text(char), _text(other))
        source, inner = whole(levels - 1)
        if draw < 0.85:
            sign, make = rng.choice((("*", z3.Star), ("+", z3.Plus), ("?", z3.Option)))
            return f"(?:{source}){sign}", make(inner)
        other_source, other_inner = whole(levels - 1)
        return f"(?:{source}|{other_source})", z3.Union(inner, other_inner)

    def whole(levels: int) -> tuple[str, Any]:
        parts = [piece(levels) for _ in range(rng.randint(1, 4))]
        return "".join(source for source, _ in parts), reduce(z3.Concat, [inner for _, inner in parts])

    source, inner = whole(2)
    search, begin, end = rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.5
    anchored = ("^" if begin else "") + source + ("$" if end else "")
    if search:
        inner = inner if begin else z3.Concat(z3.Star(_ANY_CHAR), inner)
        inner = inner if end else z3.Concat(inner, z3.Star(_ANY_CHAR))
    _WRITTEN[anchored, search] = inner
    return regex(anchored, search=search)


def query_of_missing_claims(rng: Random) -> Predicate:
    """Claims that may be missing, values printed in another form elsewhere, lists of one, sets of values."""
    parts = [_rare(rng) for _ in range(rng.choice((1, 2, 2, 3)))]
    if rng.random() < 0.5:
        parts.append(_subject(rng))
    return conjunction(negation(part) if rng.random() < 0.3 else part for part in parts)


def query_of_equal_claims(rng: Random) -> Predicate:
    """Claims compared with each other."""
    claims = ("sub", "repository", "owner", "ref", "kind", "env", "id", "event", "file")
    equal = SameText(rng.choice(claims), rng.choice(claims))
    parts = [negation(equal) if rng.random() < 0.5 else equal, _other(rng) if rng.random() < 0.5 else _rare(rng)]
    return disjunction(parts) if rng.random() < 0.2 else conjunction(parts)


def query_of_the_unknown(rng: Random) -> Predicate:
    """A condition some of whose parts are not known, in places where it matters and where it does not."""

    def grow(levels: int) -> Predicate:
        if levels == 0 or rng.random() < 0.2:
            draw = rng.random()
            if draw < 0.25:
                return Unknown(rng.choice(("a tag", "an address")))
            return _subject(rng) if draw < 0.6 else _other(rng)
        parts = tuple(grow(levels - 1) for _ in range(2))
        inner: Predicate = And(parts) if rng.random() < 0.6 else Or(parts)
        return Not(inner) if rng.random() < 0.3 else inner

    return grow(2)


def _rare(rng: Random) -> Predicate:
    text = rng.choice(("a", "b", "a:b", "a*", "*:*", "*b", "%3A*", "a%3Ab", "?", ":"))
    name = rng.choice(("a/b@refs/a", "*/b@*", "a/*", "*@refs/a*", "A/b@*"))
    return rng.choice(
        (
            Match("env", Pattern.glob(text)),
            Match("env", Pattern.glob(text)),
            Match("file", Pattern(Pattern.glob(name).tokens, ignore_case=rng.random() < 0.3)),
            Exists("env"),
            Exists("file"),
            Match("sub", Pattern.glob(f"*:env:{text.replace(':', '%3A')}")),
            Match("event", ValueSet(("push", "nothing"))),
            Match("owner", ValueSet(("a", "B", "ab-"), ignore_case=rng.random() < 0.5)),
            AnyValue("owner", Match("", Pattern.glob(f"{text[:1]}*"))),
            AllValues("env", Match("", Pattern.glob(text))),
            Match("kind", Pattern.glob("br*")),
            Match("id", Pattern.glob(rng.choice(("9*", "1?", "*9")))),
        )
    )


def query_of_one_claim(rng: Random) -> Predicate:
    """A conjunction of patterns and refused patterns of one claim."""
    claim, letters = rng.choice(
        (("owner", "abAB-1"), ("owner", "aB-"), ("id", "0179"), ("repository", "ab/"), ("ref", "refs/a."))
    )
    tests = [Match(claim, _three_pieces(rng, letters)) for _ in range(rng.randint(1, 5))]
    return conjunction(negation(test) if rng.random() < 0.5 else test for test in tests)


def _three_pieces(rng: Random, letters: str) -> Pattern:
    text = "".join(_piece(rng, letters) for _ in range(rng.randint(1, 3)))
    return Pattern(Pattern.glob(text).tokens, ignore_case=rng.random() < 0.25)


def _piece(rng: Random, letters: str) -> str:
    text = "".join(rng.choice(letters) for _ in range(rng.randint(1, 3)))
    return rng.choice((text, text, f"{text}*", f"*{text}", "*", f"{text[:1]}?", f"*{text}*"))


def _subject(rng: Random) -> Predicate:
    org, app, ref = _piece(rng, "abAB-"), _piece(rng, "abc."), _piece(rng, "ab/.")
    text = rng.choice(
        (
            f"repo:{org}/{app}:ref:{ref}", f"repo:{org}/{app}:*", f"repo:{org}/*", f"repo:{org}*", f"*{org}/{app}*",
            f"repo:{org}/{app}:env:{_piece(rng, 'ab:%')}", f"repo:{org}/{app}:env:a%3A{_piece(rng, 'ab')}",
            f"repo:{org}@1*/{app}:*", f"*:ref:{ref}", f"repo:*{app}:ref:{ref}", f"repo:{org}/{app}", f"?{org}*:*{ref}",
            f"repo:{org}@{rng.randint(0, 20)}/{app}:ref:{ref}",
        )
    )  # fmt: skip
    return Match("sub", Pattern(Pattern.glob(text).tokens, ignore_case=rng.random() < 0.15))


def _other(rng: Random) -> Predicate:
    org, app = _piece(rng, "abAB-"), _piece(rng, "abc.")
    return rng.choice(
        (
            Match("repository", Pattern.glob(f"{org}/{app}")),
            Match("repository", Pattern.glob(f"*{app}")),
            Match("owner", Pattern.glob(org)),
            Match("ref", Pattern.glob(f"refs/{_piece(rng, 'ab/.')}")),
            Match("event", ValueSet(("push", "nothing"))),
            equals("event", "nothing"),
            Match("id", Pattern.glob(rng.choice(("1*", "?", "0*", "*7")))),
            Exists("id"),
            Exists("ref"),
        )
    )
