from __future__ import annotations

from random import Random

import pytest

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Variable
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import Match, Not, Predicate, Unknown, conjunction, disjunction, equals
from auditor.claims.regions import Region, describe, exact_values, regions
from tests.claims import checks, queries, worlds
from tests.claims.proof import for_random_cases

ORG = Variable("org", CharSet.parse("a-z-"), hints=("evil", "x"), ignore_case=True)
APP = Variable("app", CharSet.parse("a-z-"), hints=("evil", "x"))
EVENT = Variable("event", CharSet(""), values=("push", "schedule", "tag"))
SHAPE = Shape("run", "run", {"sub": (Slot(ORG), "/", Slot(APP)), "event": (Slot(EVENT),)})
GRAMMAR = Grammar({v.name: v for v in (ORG, APP, EVENT)}, (SHAPE,))


def glob(claim: str, text: str) -> Predicate:
    return Match(claim, Pattern.glob(text))


def shown(found: list[Region]) -> list[dict[str, tuple[str, ...]]]:
    return [{variable.name: describe(constraint) for variable, constraint in r.constraints.items()} for r in found]


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (glob("sub", "acme/*"), [{"org": ("acme",)}]),
        (glob("sub", "*"), [{}]),
        (glob("sub", "acme/*app"), [{"app": ("*app",), "org": ("acme",)}]),
        (equals("sub", "acme/app/more"), []),
        (disjunction((glob("sub", "acme/*"), equals("sub", "acme/app"))), [{"org": ("acme",)}]),
        (disjunction((glob("sub", "a*/*"), glob("sub", "ab*/*"))), [{"org": ("a*",)}]),
        (conjunction((glob("sub", "a*/*"), glob("sub", "*b/*"))), [{"org": ("*b", "a*")}]),
        (conjunction((glob("sub", "a*/*"), glob("sub", "ab*/*"))), [{"org": ("ab*",)}]),
        (conjunction((glob("sub", "a*/*"), Not(equals("sub", "ab/x")))), [
            {"app": ("not x",), "org": ("a*",)},
            {"org": ("a*", "not ab")},
        ]),
        (conjunction((glob("sub", "a*/*"), Not(glob("sub", "b*/*")))), [{"org": ("a*",)}]),
        (Match("event", ValueSet(["tag", "push", "other"])), [{"event": ("push", "tag")}]),
        (Not(equals("event", "other")), [{}]),
        (Not(equals("event", "push")), [{"event": ("schedule", "tag")}]),
        # What is unknown counts as let in.
        (conjunction((equals("sub", "acme/app"), Unknown("an address"))), [{"app": ("app",), "org": ("acme",)}]),
    ],
)  # fmt: skip
def test_worked_examples(predicate: Predicate, expected: list[dict[str, tuple[str, ...]]]) -> None:
    found, complete = regions(predicate, GRAMMAR)
    assert complete
    assert sorted(shown(found), key=repr) == sorted(expected, key=repr)


def test_a_listed_set_of_names_keeps_every_name() -> None:
    listed = disjunction(equals("sub", f"acme/{name}") for name in ("c", "a", "b"))
    found, _ = regions(listed, GRAMMAR)
    apps = sorted(value for region in found for value in exact_values(APP, region.constraints[APP]) or ())
    assert apps == ["a", "b", "c"]
    assert {exact_values(ORG, region.constraints[ORG]) for region in found} == {("acme",)}


def test_a_spelling_is_exact_where_the_platform_ignores_case() -> None:
    folded = frozenset((Pattern.exactly("acme", ignore_case=True),)), frozenset[Pattern]()
    assert exact_values(ORG, folded) == ("acme",)
    assert exact_values(APP, folded) is None
    assert exact_values(APP, (frozenset((ValueSet(["b", "a"]),)), frozenset())) == ("a", "b")
    assert exact_values(APP, (frozenset((Pattern.glob("a*"),)), frozenset())) is None
    assert exact_values(APP, (frozenset((Pattern.exactly("a"),)), frozenset((Pattern.exactly("b"),)))) is None


def test_two_thousand_listed_subjects_are_all_there() -> None:
    listed = disjunction(equals("sub", f"repo:acme/app-{n}:environment:prod") for n in range(2_000))
    found, complete = regions(listed, queries.GITHUB.grammar)
    assert complete
    names = {v.name: v for v in queries.GITHUB.grammar.variables.values()}
    values = {value for r in found for value in exact_values(names["repo"], r.constraints[names["repo"]]) or ()}
    assert values == {f"app-{n}" for n in range(2_000)}


@for_random_cases(700)
def test_the_boxes_together_are_the_accepted_set_and_none_is_redundant(rng: Random) -> None:
    checks.check_regions(rng)


@for_random_cases(300)
def test_order_and_repetition_change_nothing(rng: Random) -> None:
    here = worlds.world(rng, lists=False)
    asked = queries.shuffled(rng, worlds.predicate(rng, here))
    first, _ = regions(asked, here.grammar)
    again, _ = regions(queries.shuffled(rng, asked), here.grammar)
    assert [(r.shape.name, s) for r, s in zip(first, shown(first), strict=True)] == [
        (r.shape.name, s) for r, s in zip(again, shown(again), strict=True)
    ]


@for_random_cases(60)
def test_order_and_repetition_change_nothing_on_github(rng: Random) -> None:
    asked = queries.query(rng)
    first, complete = regions(asked, queries.GITHUB.grammar)
    again, still = regions(queries.shuffled(rng, asked), queries.GITHUB.grammar)
    assert complete is still
    if complete:
        assert [(r.shape.name, s) for r, s in zip(first, shown(first), strict=True)] == [
            (r.shape.name, s) for r, s in zip(again, shown(again), strict=True)
        ]
