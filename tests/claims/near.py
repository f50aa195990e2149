"""Tokens that only just miss a condition, built from the condition's own patterns.

A refusal claims that *no* token gets in. What would refute it is a token a hair away from what the condition wants:
one character more, less or other, another case, something in front or behind, a separator in another's place, a colon
written `%3A`. Each is tried in every form of token the issuer mints, and every token is one the issuer can mint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from auditor.claims.grammar import Grammar, Shape, Slot
from auditor.claims.languages.language import Language
from auditor.claims.languages.pattern import Pattern, Token, Wild
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import AllValues, And, AnyValue, Match, Not, Or, Predicate
from auditor.claims.predicate import Token as Claims
from tests.claims import naive

Change = Callable[[Random, str], str]

_LETTERS = "xaA1-./:@_%*?"
_PREFIXES = ("x", "evil-", "a", "repo:", "/", ":", "evil/", "*", "refs/heads/")
_SUFFIXES = ("x", "-evil", "1", ":", "/", "/x", ":x", "@1", ".", "*", "%3A", ":ref:refs/heads/main")


def _insert(rng: Random, text: str) -> str:
    place = rng.randint(0, len(text))
    return text[:place] + rng.choice(_LETTERS) + text[place:]


def _delete(rng: Random, text: str) -> str:
    place = rng.randrange(len(text)) if text else 0
    return text[:place] + text[place + 1 :]


def _replace(rng: Random, text: str) -> str:
    place = rng.randrange(len(text)) if text else 0
    return text[:place] + rng.choice(_LETTERS) + text[place + 1 :]


def _swap_case(rng: Random, text: str) -> str:
    letters = [place for place, char in enumerate(text) if char.isascii() and char.isalpha()]
    if not letters or rng.random() < 0.3:
        return text.swapcase()
    place = rng.choice(letters)
    return text[:place] + text[place].swapcase() + text[place + 1 :]


def _exchange(rng: Random, text: str) -> str:
    """Another separator in place of one of the text's own."""
    places = [place for place, char in enumerate(text) if char in "/:@-."]
    if not places:
        return text
    place = rng.choice(places)
    return text[:place] + rng.choice("/:@-.") + text[place + 1 :]


def _escape(rng: Random, text: str) -> str:
    return text.replace("%3A", ":", 1) if "%3A" in text and rng.random() < 0.6 else text.replace(":", "%3A", 1)


def _repeat(rng: Random, text: str) -> str:
    begin, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
    return text[:end] + text[begin:end] + text[end:]


CHANGES: Mapping[str, Change] = {
    "as it is": lambda _, text: text,
    "one character more": _insert,
    "one character less": _delete,
    "another character": _replace,
    "another case": _swap_case,
    "something in front": lambda rng, text: rng.choice(_PREFIXES) + text,
    "something behind": lambda rng, text: text + rng.choice(_SUFFIXES),
    "another separator": _exchange,
    "a colon escaped or not": _escape,
    "a piece twice": _repeat,
}


@dataclass(frozen=True, slots=True)
class Near:
    """A token the issuer can mint, the form it has, and how its making differs from what the condition asks for."""

    token: Claims
    shape: Shape
    change: str


def near_misses(
    rng: Random,
    predicate: Predicate,
    grammar: Grammar,
    count: int,
    *,
    shapes: Sequence[Shape] = (),
    bound: Mapping[str, str] | None = None,
) -> Iterator[Near]:
    """`count` different tokens, or all that a few more tries find; every form of token and every change has its turn.

    Of all documented shapes, or only of `shapes`; with the variables `bound` to given values.
    """
    wanted = list(compared(predicate))
    asked = list(shapes or (shape for shape in grammar.shapes if shape.certain))
    rng.shuffle(asked)
    changes = list(CHANGES)
    seen: set[object] = set()
    for number in range(2 * count):
        shape, change = asked[number % len(asked)], changes[(number // len(asked) + number) % len(changes)]
        values = _values(rng, wanted, shape, dict(bound or {}), CHANGES[change])
        if values is None:
            continue
        token = naive.mint(shape, values)
        key = tuple(token.items())
        if key not in seen:
            seen.add(key)
            yield Near(token, shape, change)
            if len(seen) == count:
                return


@dataclass(frozen=True, slots=True)
class Compared:
    """A claim and a language that some test of a condition compares it with."""

    claim: str
    language: Language
    refused: bool


def compared(predicate: Predicate) -> Iterator[Compared]:
    """Everything a predicate compares, refused or not."""
    yield from _compared(predicate, "", refused=False)


def _compared(predicate: Predicate, element_of: str, *, refused: bool) -> Iterator[Compared]:
    match predicate:
        case Match(claim, language):
            yield Compared(claim or element_of, language, refused)
        case AnyValue(claim, each) | AllValues(claim, each):
            yield from _compared(each, claim, refused=refused)
        case Not(operand):
            yield from _compared(operand, element_of, refused=not refused)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _compared(operand, element_of, refused=refused)
        case _:
            return


def _values(
    rng: Random, wanted: list[Compared], shape: Shape, values: dict[str, str], change: Change
) -> dict[str, str] | None:
    """Values of the shape's variables near what the tests want: one test bent by `change`, the others as they are."""
    order = rng.sample(wanted, len(wanted))
    if rng.random() < 0.7:  # what is wanted before what is refused
        order.sort(key=lambda test: test.refused)
    order = order[: rng.choice((2, 4, 8))]
    bent = rng.randrange(len(order)) if order else 0
    fixed = set(values)
    for place, test in enumerate(order):
        text = _filled(rng, test.language)
        read = _read(rng, shape, test.claim, change(rng, text) if place == bent else text, values)
        if read is None and place == bent:
            read = _pieces(rng, shape, text, values)
        values = values if read is None else read
    for name, variable in shape.variables.items():
        if name not in values:
            usual = [hint for hint in (*(variable.values or ()), *variable.hints) if naive.legal(variable, hint)]
            values[name] = rng.choice(usual[:3] if rng.random() < 0.7 else usual)
    # Bend one variable in place: what was read of a whole claim rarely parses once a separator is gone.
    free = [v for name, v in shape.variables.items() if name not in fixed and v.values is None]
    if free and rng.random() < 0.3:
        variable = rng.choice([v for v in free if v.dimension != "other"] or free)
        other = change(rng, values[variable.name])
        if naive.legal(variable, other):
            values[variable.name] = other
    return values if naive.allowed(shape, values) else None


def _read(rng: Random, shape: Shape, claim: str, text: str, values: dict[str, str]) -> dict[str, str] | None:
    """`values` and those that make the claim say `text`, if the shape can say it."""
    term = shape.term(claim)
    if term is None:
        return None
    presence = shape.optional.get(claim)
    if presence is not None:
        values = {**values, presence.name: "present"}
    readings = list(islice(naive.parses(term, text, values), 4))
    return rng.choice(readings) if readings else None


def _pieces(rng: Random, shape: Shape, text: str, values: dict[str, str]) -> dict[str, str]:
    """What stands between the text's separators as values of the shape's variables, mostly in order."""
    names = [part.variable for term in shape.claims.values() for part in term if isinstance(part, Slot)]
    order = list(dict.fromkeys(variable for variable in names if variable.name not in values))
    own = {word for term in shape.claims.values() for part in term if isinstance(part, str) for word in _split(part)}
    pieces = [piece for piece in _split(text) if piece not in own]
    if rng.random() < 0.5:
        pieces.extend(text.split(rng.choice("/:@"))[-1:])
    values, place = dict(values), 0
    for variable in order[:4]:
        fitting = [number for number in range(place, len(pieces)) if naive.legal(variable, pieces[number])]
        if fitting:
            chosen = fitting[0] if rng.random() < 0.6 else rng.choice(fitting)
            values[variable.name], place = pieces[chosen], chosen + 1
    return values


def _split(text: str) -> list[str]:
    return [piece for piece in re.split("[/:@]", text) if piece]


_FILLINGS = (
    "", "", "x", "a", "main", "acme", "app", "acme/app", "/", ":", "@", "ref:refs/heads/main", "pull_request", "%3A",
)  # fmt: skip


def _filled(rng: Random, language: Language) -> str:
    if isinstance(language, ValueSet):
        return rng.choice(sorted(language.values) or [""])
    if not isinstance(language, Pattern):
        return language.literal or ""
    return "".join(_one(rng, token) for token in language.tokens)


def _one(rng: Random, token: Token) -> str:
    if token is Wild.STAR:
        return rng.choice(_FILLINGS)
    return rng.choice("xa1/:") if isinstance(token, Wild) else token
