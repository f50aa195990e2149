from __future__ import annotations

from auditor.claims.alphabet import WELL_FORMED, as_inside, classes_of, countable, ranged, spelled
from auditor.claims.grammar import CharSet
from auditor.claims.languages.automaton import Automaton
from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.regex import regex
from auditor.claims.languages.value_set import ValueSet


def test_one_character_stands_for_all_that_are_alike() -> None:
    languages: list[Language] = [regex("^[a-m]+$"), Pattern.exactly("k:"), regex(r"^\d$").automaton]
    assert classes_of(CharSet.parse("a-z0-9:"), languages) == ["x", "a", "k", "0", ":"]
    assert classes_of(CharSet.parse("a-c"), languages) == ["a"]
    assert classes_of(CharSet.parse("^a-m"), [regex("^[a-m]+$")]) == ["x"]


def test_widths_are_told_apart_where_lengths_are() -> None:
    found = classes_of(CharSet.parse("^"), [Length(1, in_bytes=True), regex("^[a-c]$")])
    assert found == ["x", "a", "\u0436", "\u4e2d", "\ud800", "\udc00"]


def test_well_formed_texts_have_their_surrogates_in_pairs() -> None:
    for text in ("", "a", "\ud83d\ude00", "a\ud83d\ude00b\ud83d\ude00"):
        assert WELL_FORMED.matches(text)
    for text in ("\ud83d", "\ude00", "\ude00\ud83d", "\ud83da", "\ud83d\ude00\ude00", "\ud83d\ud83d\ude00"):
        assert not WELL_FORMED.matches(text)


def test_languages_to_avoid_become_languages_to_be_in() -> None:
    dots, glob = regex("^.*$"), Pattern.glob("a*")
    plain: tuple[frozenset[Language], frozenset[Language]] = (frozenset((glob,)), frozenset((ValueSet(["a"]),)))
    assert as_inside(*plain) == plain
    assert as_inside(frozenset(), frozenset((dots, glob))) == (
        frozenset((dots.automaton.complement(), WELL_FORMED)),
        frozenset((glob,)),
    )
    assert as_inside(frozenset((dots,)), frozenset()) == (frozenset((dots.automaton, WELL_FORMED)), frozenset())
    assert [ranged(language) for language in (dots, dots.automaton, glob)] == [True, True, False]


def test_ranges_are_not_spelled_out() -> None:
    assert spelled(regex("^v[0-9]+[xyz]$")) == frozenset("vxyz")
    assert spelled(Pattern.exactly("main")) == frozenset("main")
    assert spelled(Automaton.of(Pattern.glob("*"))) == frozenset()


def test_how_far_a_language_counts() -> None:
    assert countable(regex("^v.{4}$")) == 5  # four characters, and the one that is too many
    assert countable(regex("^v[0-9]*$")) == 1
    assert countable(regex("v")) == 0
    assert countable(Pattern.glob("v??")) == 3
    assert countable(ValueSet(["main"])) == 0
