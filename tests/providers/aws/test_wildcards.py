"""The wildcards of actions and resources, against regular expressions and by trying every short text."""

from __future__ import annotations

import itertools
import re

from hypothesis import example, given
from hypothesis import strategies as st

from auditor.providers.aws.wildcards import FRESH, cleaned, common, instance, matches, unescaped

PATTERNS = st.text("ab*?", max_size=7)
TEXTS = st.text("ab", max_size=8)
EVERY = ["".join(chars) for length in range(6) for chars in itertools.product("ab", repeat=length)]


def like(pattern: str, text: str) -> bool:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


@example(pattern="a*a", text="a")
@example(pattern="ab*b", text="ab")
@given(pattern=PATTERNS, text=TEXTS)
def test_matching_is_that_of_the_regular_expression(pattern: str, text: str) -> None:
    assert matches(pattern, text) == like(pattern, text)


@given(left=PATTERNS, right=PATTERNS)
def test_what_two_patterns_share(left: str, right: str) -> None:
    found = common(left, right)
    if found is None:
        assert not any(like(left, text) and like(right, text) for text in EVERY)
    else:
        assert like(left, found)
        assert like(right, found)


@given(pattern=PATTERNS)
def test_an_instance_matches(pattern: str) -> None:
    assert matches(pattern, instance(pattern))


@given(pattern=st.text("ab*", max_size=7), other=st.text("ab*", max_size=7))
def test_what_covers_a_name_nobody_uses_covers_all(pattern: str, other: str) -> None:
    """The heart of the matter: a Deny that matches an instance leaves nothing of the pattern."""
    if matches(other, instance(pattern)):
        assert all(like(other, text) for text in EVERY if like(pattern, text))


def test_many_stars_end_soon() -> None:
    assert not matches("a*" * 200 + "b", "a" * 2_000)
    assert not matches("a*" * 200 + "?b", "a" * 2_000)
    assert common("a*" * 200 + "b", "*a" * 200 + "c") is None
    assert common("a*" * 3_000 + "b", "*a" * 3_000 + "c") is not None  # too long to compare: taken to overlap


def test_characters_with_a_meaning_of_their_own_cannot_be_written() -> None:
    assert not matches(cleaned(FRESH), FRESH)
    assert cleaned("arn:aws:s3:::b/*") == "arn:aws:s3:::b/*"


def test_escaped_wildcards_are_letters() -> None:
    assert not matches(unescaped("a${*}"), "abc")
    assert matches(unescaped("a${$}*"), "a$bc")
