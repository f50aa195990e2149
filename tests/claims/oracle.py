"""The same questions, put to z3: strings as z3 strings, patterns as regular expressions, claims as concatenations.

Nothing of the solver is used, only the data types. z3 takes a hundred times as long and gives up on some questions.
"""

from __future__ import annotations

from functools import reduce
from random import Random
from typing import Any, Literal

import z3  # type: ignore[import-untyped]  # it ships no types

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Term, Variable
from auditor.claims.pattern import Language, Pattern, ValueSet, Wild
from auditor.claims.predicate import (
    And,
    Constant,
    Exists,
    Match,
    Not,
    Or,
    Predicate,
    conjunction,
    disjunction,
    equals,
    negation,
)

Answer = Literal["sat", "unsat", "unknown"]

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

GRAMMAR = Grammar(
    {v.name: v for v in (ORG, APP, REF, ENV, NUMBER, EVENT)},
    (
        Shape("branch", "branch", {**_COMMON, "sub": (*_NAME, ":ref:", Slot(REF)), "ref": _REF}),
        Shape("gated", "gated", {**_COMMON, "sub": (*_NAME, ":env:", Slot(ENV, encoded=True)), "ref": _REF}),
        Shape("immutable", "branch", {**_COMMON, "sub": (*_IMMUTABLE, ":ref:", Slot(REF)), "id": (Slot(NUMBER),)}),
    ),
)  # fmt: skip
"""GitHub's forms of subject over few letters and short names, so that z3 has a chance."""


def ask(predicate: Predicate, milliseconds: int) -> Answer:
    """Whether z3 finds a token of `GRAMMAR` that satisfies the predicate.

    After `milliseconds` for one shape it is told to give up (its own units of effort do not bound string questions).
    """
    given_up = False
    for shape in GRAMMAR.shapes:
        answer = _ask_shape(predicate, shape, milliseconds)
        if answer == "sat":
            return answer
        given_up = given_up or answer == "unknown"
    return "unknown" if given_up else "unsat"


def _ask_shape(predicate: Predicate, shape: Shape, milliseconds: int) -> Answer:
    solver = z3.Solver()
    solver.set("timeout", milliseconds)
    for part in dict.fromkeys(p for term in shape.claims.values() for p in term if isinstance(p, Slot)):
        solver.add(_possible(part))
    solver.add(_formula(predicate, shape))
    answer = str(solver.check())
    assert answer in {"sat", "unsat", "unknown"}
    return answer  # type: ignore[return-value]  # one of the three, as just asserted


def _string(slot: Slot) -> Any:
    return z3.String(f"{slot.variable.name}{' encoded' if slot.encoded else ''}")


def _possible(slot: Slot) -> Any:
    """What the variable can hold, as it stands in the token."""
    variable, text = slot.variable, _string(slot)
    if variable.values is not None:
        return z3.Or([text == z3.StringVal(value) for value in variable.values])
    letters = [
        c for c in map(chr, range(0x20, 0x7F)) if (c in variable.characters.chars) is not variable.characters.negated
    ]
    written = ["%3A" if slot.encoded and letter == ":" else letter for letter in letters]
    word = z3.Loop(_union([_text(letter) for letter in written]), variable.minimum, variable.maximum)
    allowed = [z3.InRe(text, word)]
    allowed.extend(z3.Not(z3.InRe(text, _regex(shape))) for shape in variable.exclusions)
    return z3.And(allowed)


def _formula(predicate: Predicate, shape: Shape) -> Any:
    match predicate:
        case Constant(value):
            return z3.BoolVal(value)
        case Exists(claim):
            return z3.BoolVal(claim in shape.claims)
        case Match(claim, language):
            term = shape.claims.get(claim)
            return z3.BoolVal(False) if term is None else z3.InRe(_claim(term), _regex(language))
        case Not(operand):
            return z3.Not(_formula(operand, shape))
        case And(operands):
            return z3.And([_formula(operand, shape) for operand in operands])
        case Or(operands):
            return z3.Or([_formula(operand, shape) for operand in operands])
        case _:
            raise TypeError(f"z3 is not asked about {predicate}")


def _claim(term: Term) -> Any:
    parts = [z3.StringVal(part) if isinstance(part, str) else _string(part) for part in term]
    return parts[0] if len(parts) == 1 else z3.Concat(parts)


def _text(text: str) -> Any:
    return z3.Re(z3.StringVal(text))


def _union(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else z3.Union(parts)


_ANY_CHAR = z3.Range(chr(0x20), chr(0x7E))


def _regex(language: Language) -> Any:
    if isinstance(language, ValueSet):
        assert not language.ignore_case
        return _union([_text(value) for value in sorted(language.values)])
    assert isinstance(language, Pattern)
    parts: list[Any] = []
    for token in language.tokens:
        if token is Wild.STAR:
            parts.append(z3.Star(_ANY_CHAR))
        elif isinstance(token, Wild):
            parts.append(_ANY_CHAR)
        elif language.ignore_case and token.swapcase() != token:
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
