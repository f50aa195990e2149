from __future__ import annotations

import re
from random import Random

import pytest

from auditor.claims.languages.automaton import NOTHING, Automaton
from auditor.claims.languages.language import units
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.regex import regex
from auditor.claims.languages.spelling import spelled_out
from auditor.claims.languages.value_set import ValueSet
from auditor.errors import BudgetExceededError, RegexSyntaxError, UnsupportedRegexError
from tests.claims.languages.expressions import expression, text
from tests.claims.proof import for_random_cases


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("^v1.0$", "a text matching /^v1.0$/"),
        ("^[0-9]+(-rc)?$", "a text matching /^[0-9]+(?:-rc)?$/"),
        (r"^a\.b*$", r"a text matching /^a\.b*$/"),
        ("^[^/]+/[a-c]$", "a text matching /^[^/]+/[a-c]$/"),
        ("^(main|dev)$", "dev or main"),
        ("^(a+|b+)$", "a text matching /^(?:bb*|aa*)$/"),
        (r"^[+\-.0-9]+$", r"a text matching /^[+\-.0-9]+$/"),
        ("^[a-z-]+$", "a text matching /^[-a-z]+$/"),
        ("^[^a-z-]+$", "a text matching /^[^-a-z]+$/"),
        ("^(k|[x-z])[x-z]*$", "a text matching /^[kx-z][x-z]*$/"),
        ("^(kk|[x-z])[x-z]*$", "a text matching /^(?:[x-z]|kk)[x-z]*$/"),
        (r"^\[a-c\][a-c]+\[[a-c]*$", r"a text matching /^\[a-c\][a-c]+\[[a-c]*$/"),
        ("^[a-c]$", "a or b or c"),
        (r"^[a\n]+$", r"a text matching /^[\x{a}a]+$/"),
        ("^a(?s:.)$", "a text matching /^a(?s:.)$/"),
        ("^.{9,40}$", "a text like '000000000' (of a language of 82 states)"),
    ],
)
def test_automata_in_words(source: str, expected: str) -> None:
    assert spelled_out(regex(source).automaton) == expected


def test_few_texts_are_listed() -> None:
    assert spelled_out(NOTHING) == "nothing"
    assert spelled_out(Automaton.of(ValueSet([units("😀"), "a"]))) == "a or 😀"
    assert spelled_out(Automaton.of(ValueSet(["b", ""])).complement()) == "any text but '', 'b'"
    assert spelled_out(NOTHING.complement()) == "any text"
    assert spelled_out(Automaton.of(Pattern.glob("a*"))) == "a text matching /^a(?s:.)*$/"


@for_random_cases(300)
def test_the_words_say_what_the_automaton_does(rng: Random) -> None:
    try:
        automaton = regex(expression(rng, 3), search=rng.random() < 0.5).automaton
    except (RegexSyntaxError, UnsupportedRegexError, BudgetExceededError):
        return
    found = re.fullmatch(r"a text matching /\^(.*)\$/", spelled_out(automaton), re.DOTALL)
    if found is None:
        return
    again = regex(found[1], search=False)
    for _ in range(20):
        subject = text(rng)
        if units(subject) == subject:  # pairs of surrogates are not spelled
            assert again.matches(subject) is automaton.matches(subject), (found[1], subject)
