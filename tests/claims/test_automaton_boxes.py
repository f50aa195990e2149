from __future__ import annotations

import time

import pytest

from auditor.claims.automaton_boxes import simplified
from auditor.claims.boxes import decompose
from auditor.claims.fresh import fresh_name
from auditor.claims.grammar import CharSet, Slot, Term, Variable
from auditor.claims.languages.automaton import Automaton
from auditor.claims.languages.language import Language
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.regex import regex
from auditor.claims.predicate import Match
from auditor.claims.regions import describe
from auditor.claims.variables import inhabitant
from auditor.errors import BudgetExceededError
from tests.claims.languages import language_checks
from tests.claims.proof import for_random_cases

test_a_text_is_inside_if_and_only_if_some_box_holds_it = for_random_cases(700)(language_checks.check_boxes)
test_a_value_is_found_where_there_is_one = for_random_cases(300)(language_checks.check_inhabitant)

ORG = Variable("org", CharSet.parse("A-Za-z0-9-"), 1, 39, hints=("evil-org", "x"))
REPO = Variable("repo", CharSet.parse("A-Za-z0-9._-"), 1, 100, hints=("evil-repo", "x"))
REF = Variable("ref", CharSet.parse("^ \n~:?*"), 1, 200, hints=("main", "evil"))
ENV = Variable("env", CharSet.parse("^"), 1, 200)
EVENT = Variable("event", CharSet(""), values=("push", "pull_request", "schedule"))
SUB: Term = ("repo:", Slot(ORG), "/", Slot(REPO), ":ref:", Slot(REF))
GATED: Term = ("repo:", Slot(ORG), ":environment:", Slot(ENV, encoded=True))


def boxes(term: Term, language: Language) -> list[dict[str, str]]:
    """The boxes as {variable: language in words}."""
    shown = [
        {v.name: ", ".join(describe((frozenset((own,)), frozenset()))) for v, own in box}
        for box in decompose(term, language)
    ]
    return sorted((dict(sorted(box.items())) for box in shown), key=repr)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("^repo:acme/app:ref:(main|dev)$", [{"org": "acme", "ref": "dev, main", "repo": "app"}]),
        ("^repo:acme/.*$", [{"org": "acme"}]),
        ("repo:acme/", [{"org": "acme"}]),
        ("acme/app", [{"org": "*acme", "repo": "app*"}, {"ref": "*acme/app*"}]),
        ("^repo:acme/[^:]+:ref:main$", [{"org": "acme", "ref": "main"}]),
        ("^repo:acme/[^/]+:ref:main$", [{"org": "acme", "ref": "main"}]),
        (r"^repo:[\w-]+/app", [{"repo": "app*"}]),
        (
            "^repo:acme/[a-z]+:ref:v1.0$",
            [{"org": "acme", "ref": "a text matching /^v1.0$/", "repo": "a text matching /^[a-z]+$/"}],
        ),
        (
            "^repo:(acme|beta)/app:ref:m[^a]*$",
            [{"org": "acme, beta", "ref": "a text matching /^m[^a]*$/", "repo": "app"}],
        ),
        ("^repo:acme/app$", []),
        ("^(?i)REPO:acme/", [{"org": "acme"}]),
        ("^repo:(?i:a)b/", [{"org": "Ab, ab"}]),
        ("^repo:(?i:acme-corp-name)/app:ref:main", [{"org": "acme-corp-name", "repo": "app", "ref": "main*"}]),
    ],
)
def test_an_expression_splits_at_the_variables(source: str, expected: list[dict[str, str]]) -> None:
    assert boxes(SUB, regex(source)) == expected


def test_a_claim_of_one_variable_keeps_the_expression() -> None:
    assert boxes((Slot(REF),), regex("^v[0-9]+$")) == [{"ref": "/^v[0-9]+$/"}]
    assert boxes((Slot(REF),), regex("^release/[^ ]*$")) == [{"ref": "release/*"}]
    assert boxes((Slot(ORG),), regex("^[^/]+$")) == [{}]
    assert boxes((Slot(ORG),), regex("^[^a]/[^/]*$")) == []
    assert boxes((Slot(EVENT),), regex("^pu[^x]*$")) == [{"event": "pull_request, push"}]
    assert boxes((Slot(EVENT),), regex("[^x]")) == [{}]


def test_a_part_that_ignores_case_is_a_pattern_that_does() -> None:
    (box,) = decompose(SUB, regex("^repo:(?i:acme-corp)/"))
    assert box == {(ORG, Pattern.exactly("acme-corp", ignore_case=True))}


def test_a_newline_makes_the_difference() -> None:
    dots = regex("^a.*$")
    assert boxes((Slot(REF),), dots) == [{"ref": "a*"}]
    assert boxes((Slot(ENV),), dots) == [{"env": "/^a.*$/"}]
    (box,) = decompose((Slot(ENV),), dots)
    ((_, own),) = box
    assert not own.matches("a\n")


def test_an_encoded_value_is_compared_in_code() -> None:
    assert boxes(GATED, regex("^repo:acme:environment:prod%3A[a-z]+$")) == [
        {"env": "a text matching /^prod(?::|%3A)[a-z]+$/", "org": "acme"}
    ]
    assert boxes(GATED, regex("^repo:acme:environment:prod:[a-z]+$")) == []


def test_a_variable_that_occurs_twice_collects_two_languages() -> None:
    (box,) = decompose((Slot(ORG), "/", Slot(ORG)), regex("^[ab]+/[bc]+$"))
    assert sorted(str(own) for _, own in box) == ["a text matching /^[ab]+$/", "a text matching /^[bc]+$/"]


def test_simpler_words_for_an_automaton() -> None:
    def shown(source: str, chars: str, minimum: int = 1) -> list[str]:
        return list(map(str, simplified(regex(source).automaton, CharSet.parse(chars), minimum)))

    assert shown("^[^/]*$", "a-z") == ["*"]
    assert shown("^[0-9]*$", "a-z") == []
    assert shown("^[0-9]*$", "a-z", 0) == [""]
    assert shown("^(main|.*@main)$", "^\n") == ["main", "*@main"]
    assert shown("x", "^") == ["*x*"]
    assert shown("^v[0-9]$", "a-z0-1") == ["ValueSet(['v0', 'v1'])"]
    assert shown("^v[0-9]+$", "a-z0-9") == ["a text matching /^v[0-9]+$/"]


def test_values_for_a_witness_read_well() -> None:
    def found(variable: Variable, *languages: Language, but: tuple[Language, ...] = ()) -> str | None:
        return inhabitant(variable, frozenset(languages), frozenset(but))

    assert found(ORG, regex("^acme")) == "acme-x"
    assert found(ORG, regex(r"^[\w-]+$")) == "evil-org"
    assert found(REF, regex("^v[0-9]+$").automaton) == "v0"
    assert found(REF, regex("^.$"), regex("[^ -~]")) == "\u0436"
    assert found(REF, but=(regex("^[a-z]+$"), regex("^[A-Z]+$"))) == "0"
    assert found(REF, regex("^[😀-😂]$")) == units_of("😀")
    assert found(ORG, regex("/")) is None
    assert found(REF, regex(r"^[^\x00-\x{D7FF}]*$", search=False), regex("^.$")) == "\ue000"
    assert found(ENV, regex("^.$"), but=(regex(r"^[\x{0}-\x{10FFFF}]$"),)) is None


def units_of(text: str) -> str:
    raw = text.encode("utf-16-le")
    return "".join(chr(int.from_bytes(raw[at : at + 2], "little")) for at in range(0, len(raw), 2))


@pytest.mark.parametrize(
    ("source", "accepted"),
    [
        ("^refs/heads/(main|release/.*)$", False),
        ("^refs/heads/[a-z]+$", True),
        (r"^refs/heads/[\w./-]+$", True),
        (r"^refs/heads/v\d+$", False),
        ("^refs/heads/.{3}$", False),
        ("^refs/heads/", True),
    ],
)
def test_a_fresh_name_is_none_that_an_expression_spells_out(source: str, accepted: bool) -> None:
    for language in (regex(source), regex(source).automaton):
        name = fresh_name(REF, Match("ref", language), frozenset(("ref",)))
        assert name is not None
        assert language.matches(f"refs/heads/{name}") is accepted


def test_what_takes_too_long_is_given_up() -> None:
    hard = Automaton.of(Pattern.glob("*a" + "?" * 9))
    wide: Term = tuple(part for _ in range(12) for part in (Slot(REF), "/"))
    started = time.process_time()
    with pytest.raises(BudgetExceededError):
        decompose(wide, hard)
    with pytest.raises(BudgetExceededError):  # also when it is remembered
        decompose(wide, hard)
    assert time.process_time() - started < 5  # unloaded 0.2 s
