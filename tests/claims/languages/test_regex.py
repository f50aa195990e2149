from __future__ import annotations

import pickle
import time

import pytest

from auditor.claims.languages.globs import Globs
from auditor.claims.languages.language import units
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.regex import Regex, regex
from auditor.errors import BudgetExceededError, RegexSyntaxError, UnsupportedRegexError
from tests.claims.languages import language_checks
from tests.claims.languages.expressions import by_re2, found_by_re2
from tests.claims.proof import for_random_cases

test_re2_finds_the_same = for_random_cases(2500)(language_checks.check_regex)
test_re2_refuses_the_same = for_random_cases(200)(language_checks.check_syntax)


@pytest.mark.parametrize(
    "source",
    [
        *(
            "(",
            ")",
            "a**",
            "a*??",
            "a{2}{3}",
            "a{2}*",
            "*",
            "{2}",
            "a{1001}",
            "a{2,1}",
            "(a{100}){11}",
            "[",
            "[]",
            "[z-a]",
        ),
        *(
            r"\8",
            r"\1",
            r"\E",
            r"\Z",
            r"\q",
            r"\é",
            "\\",
            r"[a-\d]",
            r"[\b]",
            "[[:foo:]]",
            r"\x{110000}",
            r"\x4",
            r"\p{L",
        ),
        *("(?=a)", "(?<=a)", "(?!a)", "(?P=n)", "(?", "(?-)a", "(?i--s)a", "(?x)a", "(?P<>a)", "(?P<a b>a)", r"\p"),
    ],
)
def test_what_re2_refuses_is_a_syntax_error(source: str) -> None:
    assert by_re2(source) is None
    with pytest.raises(RegexSyntaxError):
        regex(source)
    with pytest.raises(RegexSyntaxError):  # also when it is remembered
        regex(source)


@pytest.mark.parametrize(
    "source", [r"\C", r"\p{Greek}", "(?i)é", "(?i)[à-é]", r"(?i)\pL", "(?P<n>a)(?P<n>b)", r"\B", r"a|\B|b"]
)
def test_what_cannot_be_told_is_unsupported(source: str) -> None:
    assert by_re2(source) is not None
    with pytest.raises(UnsupportedRegexError):
        regex(source)


@pytest.mark.parametrize(
    "source",
    [
        ".*a.{20}",
        "^.{1000}$",
        "(a?){1000}b{1000}",
        "(a|b|ab){500}c(.*d.{9}){10}",
        r"^\pL{100}$",
        "(" * 200 + ")" * 200,
        "a" * 30_000,
        "(.*a.*b.*c.{5}){50}",
        "((a{1,10}){1,10}){1,10}",
        "(x+x+)+y.{12}z|x.{14}y",
    ],
)
def test_blow_ups_end_quickly(source: str) -> None:
    started = time.process_time()
    try:
        regex(source)
    except BudgetExceededError:
        pass
    else:
        assert source == "(a?){1000}b{1000}" or source.startswith("((a{1,10}")
    assert time.process_time() - started < 2


def test_a_search_is_the_default() -> None:
    assert regex("refs/heads/(main|develop)").matches("refs/heads/main-evil")
    assert not regex("refs/heads/(main|develop)", search=False).matches("refs/heads/main-evil")
    assert regex("refs/heads/(main|develop)", search=False).matches("refs/heads/develop")


@pytest.mark.parametrize(
    ("source", "inside", "outside"),
    [
        ("^.$", ("a", "😀", "中"), ("", "ab", "😀😀", "\n")),
        ("(?s)^.$", ("\n",), ("",)),
        ("^[^a]$", ("b", "😀", "\n"), ("a", "bb")),
        ("^[😀-😂]+$", ("😀", "😁😂"), ("😃", "a", "")),
        ("^a{2,3}$", ("aa", "aaa"), ("a", "aaaa")),
        ("^a{,2}$", ("a{,2}",), ("", "a", "aa")),
        (r"\bmain\b", ("main", "x main y", "main/é"), ("domain", "main_")),
        ("(?m)^b$", ("a\nb", "b\na"), ("ab",)),
        ("^b$", ("b",), ("a\nb", "b\n")),
        ("(?i)^ks$", ("KS", "\u212a\u017f", "Ks"), ("kß",)),
        ("(?i)^[^k]$", ("a", "ж"), ("k", "K", "\u212a")),
        (r"^\Qa.b\E*$", ("a.", "a.bb"), ("axb",)),
        (r"^\pL\p{Lu}\PN$", ("aAb", "жЖ-"), ("a1b", "aAb1")),
        ("^[[:alpha:]-]+$", ("a-b",), ("a1",)),
        (r"^[^\x00-\x{10FFFF}]?$", ("",), ("a",)),
    ],
)
def test_examples(source: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    own = regex(source)
    for text in (*inside, *outside):
        assert own.matches(units(text)) is (text in inside), text
        assert found_by_re2(source, text, search=True) is (text in inside), text


def test_half_a_character_is_one_of_its_own() -> None:
    single = regex("^.$")
    assert single.matches("\ud83d")
    assert single.matches("\ude00")
    assert not single.matches("\ude00\ud83d")
    assert not regex("^..$").matches("\ud83d\ude00")
    assert regex("^..$").matches("\ude00\ud83d")
    assert regex("^.*$", search=False).automaton.letters == {"\n"}


def globs_of(source: str, *, search: bool = True) -> tuple[list[str], str] | None:
    found: Globs | None = regex(source, search=search).globs
    if found is None:
        return None
    marks = "n" * found.no_newline + "s" * found.no_surrogates + "f" * found.no_foreign_letters
    return [f"{glob}{'/i' * glob.ignore_case}" for glob in found.patterns], marks


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("^refs/heads/(main|release/.*)$", (["refs/heads/main", "refs/heads/release/*"], "n")),
        ("refs/heads/main", (["*refs/heads/main*"], "")),
        ("^repo:acme/", (["repo:acme/*"], "")),
        ("/app$", (["*/app"], "")),
        ("^repo:acme/.+:ref:.+$", (["repo:acme/?*:ref:?*"], "n")),
        ("^v1.0$", (["v1?0"], "ns")),
        (r"^v1\.0$", (["v1.0"], "")),
        ("^a..*$", (["a?*"], "n")),
        ("^a..+$", (["a??*"], "ns")),
        ("^(prod|staging)-[ab]$", (["prod-a", "prod-b", "staging-a", "staging-b"], "")),
        ("(?i)^acme$", (["acme/i"], "")),
        ("(?i)^risk$", (["risk/i"], "f")),
        ("^a(?i:b)$", (["ab", "aB"], "")),
        ("^a?b{2}$", (["bb", "abb"], "")),
        ("", (["*"], "")),
        ("^$", ([""], "")),
        ("^main|dev$", (["main*", "*dev"], "")),
        (".*", (["*"], "n")),
        ("^[a-z]+$", None),
        ("^[^/]*$", None),
        (r"\bmain\b", None),
        ("a^b", None),
        ("^(a|b)(a|b)(a|b)(a|b)(a|b)$", None),
    ],
)
def test_globs_in_disguise(source: str, expected: tuple[list[str], str] | None) -> None:
    assert globs_of(source) == expected


def test_the_globs_of_a_whole_match_have_no_stars_added() -> None:
    assert globs_of("main|release/.*", search=False) == (["main", "release/*"], "n")


def test_a_single_text_is_a_literal() -> None:
    assert regex(r"^acme/app\.js$").literal == "acme/app.js"
    assert regex("main").literal is None
    assert regex("main", search=False).literal == "main"


def test_expressions_are_compared_by_source_and_mode() -> None:
    own = regex("^main$")
    assert own == Regex("^main$")
    assert own != regex("^main$", search=False)
    assert own != Pattern.exactly("main")
    assert len({own, Regex("^main$"), regex("^main$", search=False)}) == 2
    assert own.order != regex("^main$", search=False).order
    assert pickle.loads(pickle.dumps(own)) == own
    assert (str(own), str(regex("a", search=False)), repr(own)) == ("/^main$/", "/^(?:a)$/", "Regex('^main$')")


def test_it_is_read_letter_by_letter() -> None:
    own = regex("^ab$")
    state = own.step(own.step(own.start, "a"), "b")
    assert own.accepts(state)
    assert own.step(state, "b") is None
    assert own.letters == frozenset("ab")
