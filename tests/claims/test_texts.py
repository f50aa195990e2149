from __future__ import annotations

import pytest

from auditor.claims.languages.automaton import Automaton
from auditor.claims.languages.language import Language, units
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.regex import regex
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import FALSE, TRUE, Exists, Match, Not, Predicate, Unknown, equals, evaluate
from auditor.claims.texts import (
    Choice,
    Claim,
    Extract,
    Joined,
    Literal,
    Lower,
    Piece,
    Replace,
    Substring,
    Text,
    Trim,
    Upper,
    exists,
    is_in,
)
from auditor.errors import UnsupportedTextError
from tests.claims.languages import language_checks
from tests.claims.languages.expressions import words
from tests.claims.languages.language_checks import NoValueError, value_of
from tests.claims.proof import for_random_cases

test_pythons_own_string_functions_agree = for_random_cases(700)(language_checks.check_texts)

X = Claim("x")
SUBJECT = "repo:o/r:ref:refs/heads/main"


@pytest.mark.parametrize(
    ("before", "behind", "expected"),
    [
        ("repo:", "/", "o"),
        ("repo:", ":", "o/r"),
        ("ref:", "", "refs/heads/main"),
        ("/heads/", "", "main"),
        ("", ":ref", "repo:o/r"),
        ("", "", SUBJECT),
        ("/heads/", "/", ""),
        ("nope", "", ""),
    ],
)
def test_extract_as_google_documents_it(before: str, behind: str, expected: str) -> None:
    extracted = Extract(Claim("sub"), before, behind)
    assert evaluate(is_in(extracted, Pattern.exactly(expected)), {"sub": SUBJECT}) is True
    others = Automaton.of(Pattern.exactly(expected)).complement()
    assert evaluate(is_in(extracted, others), {"sub": SUBJECT}) is False


@pytest.mark.parametrize(
    ("whole", "limit", "expected"),
    [
        ("a:b:c", -1, ["a", "b", "c"]),
        ("a:b:c", 2, ["a", "b:c"]),
        ("a:b:c", 1, ["a:b:c"]),
        ("a:b:c", 0, []),
        ("abc", -1, ["abc"]),
        ("", -1, [""]),
    ],
)
def test_split_as_cel_does_it(whole: str, limit: int, expected: list[str]) -> None:
    for index in range(-1, 4):
        piece = Piece(X, ":", index, limit)
        there = 0 <= index < len(expected)
        assert evaluate(exists(piece), {"x": whole}) is there
        assert evaluate(is_in(piece, Pattern.exactly(expected[index] if there else "")), {"x": whole}) is there


OPERATIONS: tuple[Text, ...] = (
    *(
        Piece(X, separator, index, limit)
        for separator in ("a", "aa", "aba")
        for index in (0, 1, 2)
        for limit in (-1, 2)
    ),
    *(Extract(X, before, behind) for before in ("", "a", "ab", "aab") for behind in ("", "b", "aa", "bab")),
    *(Substring(X, begin, end) for begin in (0, 1, 2) for end in (None, 0, 1, 2, 3)),
    *(Replace(X, old, new, limit) for old in ("a", "aa", "aba") for new in ("", "b", "ab") for limit in (-1, 0, 1, 2)),
    *(Lower(X), Upper(X), Trim(X)),
    *(Joined((X, Literal("a"), X)), Joined((Literal("b"), Piece(X, "a", 1)))),
)


@pytest.mark.parametrize("text", OPERATIONS, ids=repr)
def test_every_short_word(text: Text) -> None:
    languages: list[Language] = [
        Pattern.exactly("ab"),
        Pattern.glob("*b"),
        Pattern(()),
        regex("^(a|bb)*$"),
        Pattern.glob("?b*"),
    ]
    for language in languages:
        inside, outside = is_in(text, language), is_in(text, Automaton.of(language).complement())
        for word in words("ab", 6):
            try:
                lies = language.matches(value_of(text, {"x": word}))
                expected = (lies, not lies)
            except NoValueError:
                expected = (False, False)
            assert (evaluate(inside, {"x": word}), evaluate(outside, {"x": word})) == expected, (language, word)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (X, Pattern.glob("a*"), Match("x", Pattern.glob("a*"))),
        (Literal("abc"), Pattern.glob("a*"), TRUE),
        (Literal("abc"), Pattern.glob("b*"), FALSE),
        (Lower(X), Pattern.glob("acme/*"), Match("x", Pattern("acme/*".removesuffix("*"), ignore_case=True))),
        (Lower(X), Pattern.exactly("Acme"), Match("x", ValueSet(()))),
        (Lower(X), ValueSet(["a", "B"]), Match("x", ValueSet(["a"], ignore_case=True))),
        (Joined((Literal("a/"), X)), Pattern.exactly("a/b"), equals("x", "b")),
        (Joined((X, Literal("/"), Claim("y"))), Pattern.glob("acme/*"), None),
        (Piece(X, ":", -1), Pattern.glob("*"), FALSE),
        (Substring(X, 3, 2), Pattern.glob("*"), FALSE),
        (Replace(X, "a", "b", 0), Pattern.exactly("a"), equals("x", "a")),
        (Extract(Literal("repo:o/r"), "repo:", "/"), Pattern.exactly("o"), TRUE),
    ],
)
def test_what_a_derived_text_comes_to(text: Text, language: Pattern | ValueSet, expected: Predicate | None) -> None:
    found = is_in(text, language)
    if expected is None:
        assert evaluate(found, {"x": "acme", "y": "app"}) is True
        assert evaluate(found, {"x": "acme"}) is False
        assert evaluate(found, {"x": "acme-evil", "y": "app"}) is False
    elif text == Lower(X) and language == Pattern.glob("acme/*"):
        assert found == Match("x", Pattern((*"acme/", Wild.STAR), ignore_case=True))
    else:
        assert found == expected


def test_a_missing_claim_is_an_error_on_both_rails() -> None:
    joined = Joined((X, Claim("y")))
    for language in (Pattern.exactly("a"), Automaton.of(Pattern.exactly("a")).complement()):
        assert evaluate(is_in(joined, language), {"x": "a"}) is False
        assert evaluate(is_in(joined, language), {"x": ("a",), "y": ""}) is False


def test_a_choice_needs_its_condition_decided() -> None:
    choice = Choice(equals("y", "a"), X, Literal("b"), fails=Exists("z"))
    found = is_in(choice, Pattern.exactly("b"))
    assert evaluate(found, {"y": "a", "x": "b"}) is True
    assert evaluate(found, {"y": "a"}) is False
    assert evaluate(found, {"y": "c"}) is False  # neither true nor false: an error
    assert evaluate(found, {"y": "c", "z": ""}) is True
    unread = is_in(Choice(Unknown("why"), X, Literal("b")), Pattern.exactly("b"))
    assert evaluate(unread, {"x": "b"}) is None
    assert evaluate(is_in(Choice(Not(Exists("x")), X, Literal("b")), Pattern.glob("*")), {"y": ""}) is False


def test_positions_count_characters() -> None:
    assert evaluate(is_in(Substring(X, 1, 2), Pattern.exactly("😀")), {"x": "a😀b"}) is True
    assert evaluate(is_in(Substring(X, 0, 1), Pattern(units("😀"))), {"x": "😀"}) is True
    assert evaluate(exists(Substring(X, 2)), {"x": "😀"}) is False


@pytest.mark.parametrize("text", [Piece(X, "", 0), Replace(X, "", "a")])
def test_the_empty_separator_is_not_read(text: Text) -> None:
    with pytest.raises(UnsupportedTextError):
        is_in(text, Pattern.exactly("a"))
