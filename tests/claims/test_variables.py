from __future__ import annotations

from random import Random

import pytest

from auditor.claims.grammar import CharSet, Variable
from auditor.claims.languages.language import Language
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.variables import inhabitant
from auditor.claims.work import Work
from auditor.issuers import identify
from tests.claims import checks, naive
from tests.claims.proof import for_random_cases

GITHUB = identify("https://token.actions.githubusercontent.com").grammar.variables


def globs(*texts: str) -> frozenset[Language]:
    return frozenset(Pattern.glob(text) for text in texts)


@pytest.mark.parametrize(
    ("variable", "inside", "outside", "expected"),
    [
        # Unconstrained: the first hint. A pattern: the hint behind it. A literal: itself, if it can be minted.
        ("owner", (), (), "evil-org"),
        ("owner", ("acme",), (), "acme"),
        ("owner", ("acme*",), (), "acme-evil"),
        ("owner", ("*acme",), (), "evilacme"),
        ("owner", ("acme*",), ("acme-*",), "acmex"),
        ("owner", ("acme*",), ("acme?*",), "acme"),
        ("owner", ("acme*",), ("acme*",), None),
        ("owner", ("*.*",), (), None),
        ("owner", ("-acme",), (), None),
        ("owner", ("a" * 39,), (), "a" * 39),
        ("owner", ("a" * 40,), (), None),
        ("owner", ("?" * 40 + "*",), (), None),
        ("owner", ("",), (), None),
        ("branch", ("main",), (), "main"),
        ("branch", ("*..*",), (), None),
        ("branch", ("*.lock",), (), None),
        ("branch", ("a/*",), ("a/?*",), None),
        ("branch", ("a/*",), (), "a/any-branch"),
        ("branch", ("* *",), (), None),
        ("environment", ("*:*",), (), "any-environment:"),
        ("event", ("pu*",), ("push",), "pull_request_target"),
        ("sha", ("1*",), ("1111111111111111111111111111111111111111",), "1" * 39 + "0"),
    ],
)
def test_the_witness_of_a_constraint(
    variable: str, inside: tuple[str, ...], outside: tuple[str, ...], expected: str | None
) -> None:
    name = {"event": "branch_event"}.get(variable, variable)
    found = inhabitant(GITHUB[name], globs(*inside), globs(*outside))
    if found != expected:
        # Another readable value is no mistake; a wrong one is.
        assert found is not None
        assert expected is not None
        assert naive.legal(GITHUB[name], found)
        assert all(naive.in_language(language, found) for language in globs(*inside))
        assert not any(naive.in_language(language, found) for language in globs(*outside))


def test_a_character_that_no_language_mentions_is_always_found() -> None:
    anything = Variable("v", CharSet("", negated=True), 1, 1)
    usual = ValueSet(chr(code) for code in (*range(0x20, 0x250), *range(0x400, 0x500), *range(0x4E00, 0x6000)))
    found = inhabitant(anything, frozenset(), frozenset((usual,)))
    assert found is not None
    assert found.isprintable()
    assert not usual.matches(found)
    assert inhabitant(Variable("v", CharSet("!@#"), 1, 5, hints=()), frozenset(), globs("!*", "@*")) == "#"
    assert inhabitant(Variable("v", CharSet("!@#"), 1, 5, hints=()), frozenset(), globs("!*", "@*", "#*")) is None


def test_lengths_bound_the_search() -> None:
    short = Variable("v", CharSet.parse("a-z"), 2, 3, hints=("abc",))
    assert inhabitant(short, globs("x*"), globs("x?")) == "xyy"
    assert inhabitant(short, globs("*x*x*x*x*"), frozenset()) is None
    assert inhabitant(short, globs("?"), frozenset()) is None
    assert inhabitant(short, globs("???"), frozenset()) == "xxx"
    assert inhabitant(Variable("v", CharSet.parse("a-z"), 0, 3, hints=("a",)), globs(""), frozenset()) == ""


def test_the_order_of_sets_and_the_kind_of_wildcard_do_not_confuse_it() -> None:
    variable = Variable("v", CharSet("", negated=True), 1, 9, hints=("b", "c"))
    literal, wild = Pattern.exactly("a*"), Pattern.glob("a*")
    assert inhabitant(variable, frozenset((literal, wild)), frozenset()) == "a*"
    assert inhabitant(variable, frozenset((wild,)), frozenset((literal,))) == "a-c"
    assert inhabitant(variable, frozenset((literal,)), frozenset((wild,))) is None


def test_lists_are_intersected() -> None:
    variable = Variable("v", CharSet.parse("a-z"))
    both: frozenset[Language] = frozenset((ValueSet(["a", "b", "c"]), ValueSet(["c", "b"])))
    assert inhabitant(variable, both, frozenset()) == "b"
    assert inhabitant(variable, both | globs("c"), frozenset()) == "c"
    assert inhabitant(variable, both, globs("?")) is None
    assert inhabitant(variable, frozenset((ValueSet([]),)), frozenset()) is None
    assert inhabitant(variable, frozenset((ValueSet(["AB"], ignore_case=True),)), frozenset()) == "ab"


@pytest.mark.parametrize(
    ("variable", "inside", "expected"),
    [
        ("branch", ("*.yml@*", "*/feature/*"), "x.yml@x/feature/x"),
        ("branch", ("feature/*", "*.yml@refs/heads/dev"), "feature/x.yml@refs/heads/dev"),
    ],
)
def test_what_several_patterns_want_is_put_together_without_a_search(
    variable: str, inside: tuple[str, ...], expected: str
) -> None:
    assert inhabitant(GITHUB[variable], globs(*inside), frozenset(), Work(30)) == expected


@for_random_cases(700)
def test_there_is_a_value_exactly_when_some_word_of_three_letters_is_one(rng: Random) -> None:
    checks.check_inhabitant(rng)
