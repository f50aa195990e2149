"""One unknown in two places is one truth value; two unknowns are two."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from random import Random

import pytest

from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import (
    AnyValue,
    Match,
    Not,
    Or,
    Predicate,
    Token,
    Unknown,
    conjunction,
    disjunction,
    evaluate,
    negation,
)
from auditor.claims.solver import solve
from auditor.claims.unknowns import AT_ONCE, settled
from auditor.claims.verdict import Accepted, Rejected, Undecided
from tests.claims.queries import GITHUB
from tests.claims.trusts import sub

NAMED, OTHER, NAMELESS = Unknown("c is not read", "c"), Unknown("d is not read", "d"), Unknown("nobody knows")
ACME, APP = sub("repo:acme/*"), sub("repo:*/app:*")


def choice(condition: Predicate, then: Predicate, otherwise: Predicate) -> Predicate:
    return disjunction((conjunction((condition, then)), conjunction((negation(condition), otherwise))))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (choice(NAMED, ACME, APP), Accepted),  # a token of acme/app gets in either way
        (choice(NAMED, ACME, sub("repo:evil/*")), Undecided),  # some token gets in, but nobody can say which
        (choice(NAMELESS, ACME, APP), Undecided),
        (conjunction((NAMED, negation(NAMED))), Rejected),
        (conjunction((NAMED, negation(OTHER))), Undecided),
        (conjunction((NAMELESS, negation(NAMELESS))), Undecided),
        (disjunction((NAMED, negation(NAMED))), Accepted),
        (conjunction((ACME, disjunction((NAMED, negation(NAMED))), NAMELESS)), Undecided),
        (conjunction((ACME, negation(ACME), NAMED)), Rejected),
    ],
)
def test_what_is_known_of_the_unknown(condition: Predicate, expected: type) -> None:
    assert isinstance(solve(condition, GITHUB.grammar), expected)


def test_names_mean_nothing_within_lists() -> None:
    each = Or((Unknown("?", "c"), Not(Unknown("?", "c"))))
    assert settled(AnyValue("amr", each), possibly=False) == AnyValue("amr", each)


def test_too_many_names_are_each_free() -> None:
    many = conjunction(Unknown(str(n), str(n)) for n in range(AT_ONCE + 1))
    assert settled(many, possibly=True) == many


def worlds(names: str) -> Iterator[dict[str, bool]]:
    for values in itertools.product((False, True), repeat=len(names)):
        yield dict(zip(names, values, strict=True))


def truth(condition: Predicate, world: dict[str, bool], token: Token) -> bool:
    """What a condition says in a world where the unknowns are known, read off naively."""
    if isinstance(condition, Unknown):
        return world[condition.name or ""]
    if isinstance(condition, Not):
        return not truth(condition.operand, world, token)
    if isinstance(condition, Match):
        return bool(evaluate(condition, token))
    operands = getattr(condition, "operands", ())
    results = [truth(operand, world, token) for operand in operands]
    return any(results) if isinstance(condition, Or) else all(results)


def random_condition(rng: Random, depth: int) -> Predicate:
    if depth == 0 or rng.random() < 0.2:
        leaf = rng.choice((NAMED, OTHER, Match("a", Pattern("x")), Match("b", Pattern("y"))))
        return leaf if rng.random() < 0.6 else Not(leaf)
    build = rng.choice((conjunction, disjunction))
    return build(random_condition(rng, depth - 1) for _ in range(rng.randint(2, 3)))


@pytest.mark.parametrize("seed", range(200))
def test_certain_is_in_every_world_and_possible_in_some(seed: int) -> None:
    condition = random_condition(Random(seed), 3)
    for first, second in itertools.product("x-", "y-"):
        token = {"a": first, "b": second}
        told = [truth(condition, world, token) for world in worlds("cd")]
        assert evaluate(settled(condition, possibly=False), token) is all(told)
        assert evaluate(settled(condition, possibly=True), token) is any(told)
