from __future__ import annotations

import pickle

import pytest

from auditor.claims.languages.language import Language, other_cases, readable, units
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.value_set import ValueSet

ROCKET = "\U0001f680"


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "anything: at/all", True),
        ("?", "", False),
        ("?", "a", True),
        ("?", "ab", False),
        ("a*c", "ac", True),
        ("a*c", "abbbc", True),
        ("a*c", "abbbcd", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*a*", "bab", True),
        ("*a*", "bbb", False),
        ("a**b", "ab", True),
        ("?*", "", False),
        ("?*", "a", True),
        ("*?", "abc", True),
        ("repo:acme/*", "repo:acme/app:ref:refs/heads/main", True),
        ("repo:acme/*", "repo:acme-evil/app", False),
        ("repo:acme*", "repo:acme-evil/app", True),
        ("repo:acme/*", "Repo:acme/app", False),
        ("[a]", "a", False),
        ("[a]", "[a]", True),
        ("a\\*", "a\\b", True),
        ("a\nb", "a\nb", True),
        ("a?b", "a\nb", True),
    ],
)
def test_a_glob_matches_the_whole_text(pattern: str, text: str, expected: bool) -> None:
    assert Pattern.glob(pattern).matches(text) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"), [("?", False), ("??", True), ("???", False), ("*", True), (ROCKET, True)]
)
def test_a_character_beyond_the_basic_plane_counts_as_two(pattern: str, expected: bool) -> None:
    assert Pattern.glob(pattern).matches(units(ROCKET)) is expected


def test_units_and_readable_are_inverse() -> None:
    assert units("a" + ROCKET) == "a\ud83d\ude80"
    assert readable("a\ud83d\ude80") == "a" + ROCKET
    assert units("pläin") == "pläin"


def test_a_lone_surrogate_stays_one_unit_and_becomes_a_replacement_character_for_people() -> None:
    assert units("\ud83d") == "\ud83d"
    assert readable("\ud83d") == "\ufffd"


def test_a_literal_star_is_not_a_wildcard() -> None:
    assert [Pattern.exactly("a*").matches(text) for text in ("a*", "ab", "a")] == [True, False, False]
    assert [Pattern(("a", Wild.STAR)).matches(text) for text in ("a*", "ab", "a")] == [True, True, True]
    assert Pattern.exactly("a*") != Pattern.glob("a*")
    assert Pattern.exactly("a?") != Pattern.glob("a?")


def test_languages_that_differ_sort_differently() -> None:
    alike: list[Language] = [
        Pattern.exactly("a*"),
        Pattern.glob("a*"),
        Pattern.exactly("a*", ignore_case=True),
        Pattern(("a", "*"), encoded=True),
        ValueSet(["a*"]),
        ValueSet(["a*"], ignore_case=True),
        Pattern.exactly("a?"),
        Pattern.glob("a?"),
    ]
    assert len({language.order for language in alike}) == len(alike)


def test_ignore_case_folds_ascii_only() -> None:
    folded = Pattern.exactly("Acmé-K", ignore_case=True)
    assert [folded.matches(text) for text in ("acmé-k", "ACMé-K", "ACMÉ-K", "acmé-\u212a")] == [
        True,
        True,
        False,
        False,
    ]
    listed = ValueSet(["Acmé-K"], ignore_case=True)
    assert [listed.matches(text) for text in ("acmé-k", "ACMé-K", "ACMÉ-K", "acmé-\u212a")] == [
        True,
        True,
        False,
        False,
    ]
    assert [other_cases(char) for char in ("a", "Z", "é", "1")] == [
        frozenset("aA"),
        frozenset("zZ"),
        frozenset("é"),
        frozenset("1"),
    ]


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("prod%3Aeu", "prod:eu", True),
        ("prod%3Aeu", "prod%3Aeu", True),
        ("prod%3aeu", "prod:eu", False),
        ("prod:eu", "prod:eu", False),
        ("prod*", "prod:eu", True),
        ("prod???eu", "prod:eu", True),
        ("prod?eu", "prod:eu", False),
        ("*3A*", "a:b", True),
        ("*3*", "a:b", True),
        ("?3A", ":", True),
        ("%*A", ":x:", True),
        ("a", "a", True),
    ],
)
def test_an_encoded_pattern_is_about_the_value_with_its_colons_escaped(
    pattern: str, value: str, expected: bool
) -> None:
    encoded = Pattern(Pattern.glob(pattern).tokens, encoded=True)
    assert encoded.matches(value) is expected


def test_encoded_and_ignoring_case_takes_either_spelling_of_the_escape() -> None:
    assert Pattern("prod%3aeu", encoded=True, ignore_case=True).matches("PROD:eu")


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        (Pattern.exactly("acme"), "acme"),
        (Pattern.exactly(""), ""),
        (Pattern.exactly("1-2", ignore_case=True), "1-2"),
        (Pattern.exactly("acme", ignore_case=True), None),
        (Pattern.glob("acme*"), None),
        (Pattern("prod", encoded=True), "prod"),
        (Pattern("a%3Ab", encoded=True), None),
        (Pattern("a:b", encoded=True), None),
    ],
)
def test_the_literal_of_a_pattern_is_its_only_string(pattern: Pattern, literal: str | None) -> None:
    assert pattern.literal == literal


def test_stars_collapse() -> None:
    assert Pattern.glob("a***b**").tokens == ("a", Wild.STAR, "b", Wild.STAR)
    assert Pattern.glob("***").universal


def test_a_slice_keeps_the_flags_and_may_end_on_a_star() -> None:
    whole = Pattern(Pattern.glob("ab*c").tokens, ignore_case=True)
    part = whole.slice(1, 2, star=True, encoded=True)
    assert (part.tokens, part.ignore_case, part.encoded) == (("b", Wild.STAR), True, True)


def test_a_value_set_holds_whole_values() -> None:
    listed = ValueSet(["push", "pull_request", ROCKET])
    assert [listed.matches(text) for text in ("push", "pus", "pushy", "Push", "", units(ROCKET))] == [
        True,
        False,
        False,
        False,
        False,
        True,
    ]
    assert ValueSet(["one"]).literal == "one"
    assert ValueSet(["one"], ignore_case=True).literal is None
    assert ValueSet(["7"], ignore_case=True).literal == "7"
    assert ValueSet(["one", "two"]).literal is None
    assert not ValueSet([]).matches("")


def test_languages_survive_pickling_and_compare_by_content() -> None:
    for language in (Pattern.glob("a*"), Pattern("a*", ignore_case=True, encoded=True), ValueSet(["b", "a"])):
        copy = pickle.loads(pickle.dumps(language))
        assert copy == language
        assert hash(copy) == hash(language)
    assert ValueSet(["a", "b"]) == ValueSet(["b", "a", "a"])
    assert ValueSet(["A"], ignore_case=True) == ValueSet(["a"], ignore_case=True)
