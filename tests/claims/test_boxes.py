from __future__ import annotations

import time
from random import Random

import pytest

from auditor.claims.boxes import decompose
from auditor.claims.grammar import CharSet, Slot, Term, Variable
from auditor.claims.languages.language import Language
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.errors import BudgetExceededError
from tests.claims import checks
from tests.claims.proof import for_random_cases

ORG = Variable("org", CharSet.parse("a-z-"))
REPO = Variable("repo", CharSet.parse("a-z.-"))
REF = Variable("ref", CharSet.parse("a-z/"))
ENV = Variable("env", CharSet.parse("^"))
SUB: Term = ("repo:", Slot(ORG), "/", Slot(REPO), ":ref:", Slot(REF))
GATED: Term = ("repo:", Slot(ORG), ":environment:", Slot(ENV, encoded=True))


def boxes(term: Term, language: Language) -> list[dict[str, list[str]]]:
    """The boxes as {variable: languages}, each language in its own words."""
    shown: list[dict[str, list[str]]] = []
    for box in decompose(term, language):
        entry: dict[str, list[str]] = {}
        for variable, inner in box:
            entry.setdefault(variable.name, []).append(repr(inner))
        shown.append({name: sorted(texts) for name, texts in sorted(entry.items())})
    return sorted(shown, key=repr)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("repo:acme/app:*", [{"org": ["Pattern('acme')"], "repo": ["Pattern('app')"]}]),
        ("repo:acme/*", [{"org": ["Pattern('acme')"]}]),
        ("repo:acme*", [{"org": ["Pattern('acme*')"]}]),
        ("*", [{}]),
        ("repo:*:ref:main", [{"ref": ["Pattern('main')"]}]),
        (
            "repo:acme/app:ref:main",
            [{"org": ["Pattern('acme')"], "ref": ["Pattern('main')"], "repo": ["Pattern('app')"]}],
        ),
        # A slash may be the separator or one of the branch's own.
        (
            "*org/app*",
            [{"org": ["Pattern('*org')"], "repo": ["Pattern('app*')"]}, {"ref": ["Pattern('*org/app*')"]}],
        ),
        ("repo:acme/app", []),
        ("repo:Acme/*", []),
        ("tag:*", []),
        ("repo:?/?:ref:?", [{"org": ["Pattern('?')"], "ref": ["Pattern('?')"], "repo": ["Pattern('?')"]}]),
        ("repo:/app:*", []),
        ("", []),
    ],
)
def test_a_pattern_splits_at_the_variables(pattern: str, expected: list[dict[str, list[str]]]) -> None:
    assert boxes(SUB, Pattern.glob(pattern)) == expected


def test_an_encoded_variable_gets_an_encoded_language() -> None:
    assert boxes(GATED, Pattern.glob("repo:acme:environment:prod%3A*")) == [
        {"env": ["Pattern('prod%3A*', e)"], "org": ["Pattern('acme')"]}
    ]
    assert boxes(GATED, Pattern.glob("repo:acme:environment:prod:eu")) == []


def test_a_variable_that_occurs_twice_collects_two_languages() -> None:
    term: Term = (Slot(ORG), "/", Slot(ORG))
    assert boxes(term, Pattern.glob("a*/*b")) == [{"org": ["Pattern('*b')", "Pattern('a*')"]}]


def test_a_list_of_values_of_one_variable_stays_one_box() -> None:
    assert boxes((Slot(ORG),), ValueSet(["b", "a"])) == [{"org": ["ValueSet(['a', 'b'])"]}]


def test_ignore_case_reaches_the_parts() -> None:
    assert boxes(SUB, Pattern.exactly("REPO:ACME/app:ref:main", ignore_case=True)) == [
        {"org": ["Pattern('ACME', i)"], "ref": ["Pattern('main', i)"], "repo": ["Pattern('app', i)"]}
    ]


def test_a_lower_case_escape_is_reached_when_case_is_ignored() -> None:
    colons = Variable("colons", CharSet(":"), 1, 3)
    assert len(decompose(("x", Slot(colons, encoded=True)), Pattern("x%3a", ignore_case=True))) == 1


def test_a_pattern_with_too_many_readings_is_given_up_quickly() -> None:
    started = time.process_time()
    with pytest.raises(BudgetExceededError):
        decompose(SUB, Pattern.glob("repo:" + "*a" * 250 + "*"))
    assert time.process_time() - started < 5


@for_random_cases(600)
def test_a_text_matches_if_and_only_if_some_box_holds_its_values(rng: Random) -> None:
    checks.check_boxes(rng)
