from __future__ import annotations

import time

import pytest

from auditor.claims.languages.automaton import EVERYTHING, NOTHING, Automaton
from auditor.claims.languages.language import units
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.regex import regex
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import Match, order_of
from auditor.errors import BudgetExceededError
from tests.claims.languages import language_checks
from tests.claims.proof import for_random_cases

test_a_conversion_keeps_the_language = for_random_cases(250)(language_checks.check_conversion)
test_the_operations_are_those_of_sets = for_random_cases(250)(language_checks.check_algebra)
test_the_canonical_form = for_random_cases(400)(language_checks.check_smallest)
test_parts_restrictions_and_replacements = for_random_cases(250)(language_checks.check_parts)


def test_one_language_has_one_automaton_however_it_was_made() -> None:
    a, b = (Automaton.of(Pattern.exactly(char)) for char in "ab")
    either = regex("^(a|b)*$").automaton
    ways = [
        regex("^[ab]*$", search=False).automaton,
        regex("^(a*b*)*$").automaton,
        Automaton.of_units("ab"),
        regex("[^ab]").automaton.complement(),
        Automaton.of(Pattern.glob("*")).within(frozenset("ab")),
        a.union(b).concatenation(either).union(Pattern(())),
    ]
    assert [way == either for way in ways] == [True] * 6
    assert {hash(way) for way in ways} == {hash(either)}
    assert {way.order for way in ways} == {either.order}
    assert len(either.table.rows) == 2


def test_everything_and_nothing() -> None:
    assert Automaton.of(Pattern.glob("*")) == EVERYTHING
    assert Automaton.of(ValueSet(())) == NOTHING
    assert (EVERYTHING.universal, EVERYTHING.empty, NOTHING.universal, NOTHING.empty) == (True, False, False, True)
    assert NOTHING.start is None
    assert NOTHING.words(0) == ()
    with pytest.raises(ValueError, match="no shortest text"):
        NOTHING.shortest()


def test_a_dead_end_shows() -> None:
    automaton = Automaton.of(Pattern.exactly("ab"))
    assert automaton.step(automaton.start, "b") is None
    assert automaton.step(None, "a") is None
    assert automaton.start is not None


def test_the_words_of_a_finite_language() -> None:
    assert Automaton.of(ValueSet(["b", "", "aa"])).words(3) == ("", "b", "aa")
    assert Automaton.of(ValueSet(["b", "", "aa"])).words(2) is None
    assert Automaton.of(Pattern.glob("a?")).words(100) is None
    assert Automaton.of(Pattern.glob("a*")).words(100) is None
    assert Automaton.of(Pattern.exactly("main")).literal == "main"
    assert Automaton.of(Pattern.exactly("main", ignore_case=True)).literal is None


def test_ignoring_case_is_ascii_only() -> None:
    automaton = Automaton.of(ValueSet(["é", "k"], ignore_case=True))
    assert automaton.words(9) == ("K", "k", "é")
    assert Automaton.of(Pattern.exactly("ék", ignore_case=True)).words(9) == ("éK", "ék")


@pytest.mark.parametrize("in_bytes", [False, True])
def test_lengths_count_characters_or_bytes(in_bytes: bool) -> None:
    length = Length(2, 4, in_bytes=in_bytes)
    automaton = Automaton.of(length)
    for text in ("", "a", "é", "中", "😀", "ab", "aé", "中é", "😀a", "ééa", "abcd", "abcde", "中中", "😀😀", "a中é"):
        size = len(text.encode()) if in_bytes else len(text)
        assert automaton.matches(units(text)) is (2 <= size <= 4), text


def test_the_letters_told_apart() -> None:
    assert Automaton.of(Pattern.glob("a*b")).letters == frozenset("ab")
    assert EVERYTHING.letters == frozenset()
    assert len(regex("^[^/]+$").automaton.letters) == 1


def test_it_can_be_sorted_and_shown() -> None:
    automaton = regex("^[0-9]{2}$").automaton
    assert order_of(Match("sub", automaton)) == f"0 sub {automaton.order}"
    assert str(automaton) == "a text matching /^[0-9][0-9]$/"
    assert repr(automaton) == "Automaton(4 states)"
    assert repr(Automaton.of(Pattern.exactly("a"))) == "Automaton('a',)"


def test_what_grows_too_large_is_given_up() -> None:
    started = time.process_time()
    with pytest.raises(BudgetExceededError):
        Automaton.of(Pattern("a" * 3000))
    with pytest.raises(BudgetExceededError):
        Automaton.of(Pattern.glob("*a" + "?" * 16))
    with pytest.raises(BudgetExceededError):
        Automaton.of(ValueSet(f"{i * 7919 % 100_003:05}{i}" * 3 for i in range(5000)))
    ends = Automaton.of(Pattern.glob("*a" + "?" * 7))
    with pytest.raises(BudgetExceededError):
        ends.concatenation(ends).concatenation(ends)
    assert time.process_time() - started < 3


def test_a_long_list_shares_its_ends() -> None:
    automaton = Automaton.of(ValueSet(f"repo:acme/app{i}:ref:refs/heads/main" for i in range(2000)))
    assert len(automaton.table.rows) < 60
    assert automaton.matches("repo:acme/app1999:ref:refs/heads/main")
    assert not automaton.matches("repo:acme/app2000:ref:refs/heads/main")
