"""Patterns of actions, against every short text of a small alphabet."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from auditor.providers.azure.globs import covers, matches, overlap

TEXTS = ["".join(letters) for size in range(6) for letters in itertools.product("a/", repeat=size)]
PATTERNS = st.text("a/*", max_size=5)


def naive(pattern: str, text: str) -> bool:
    """Letter by letter; shares no code with what is tested."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and text[0] == pattern[0] and naive(pattern[1:], text[1:])


@given(PATTERNS)
def test_matches_as_read_letter_by_letter(pattern: str) -> None:
    assert [matches(pattern, text) for text in TEXTS] == [naive(pattern, text) for text in TEXTS]


@given(PATTERNS, PATTERNS)
def test_overlap_is_exact(one: str, other: str) -> None:
    # Two patterns of at most five letters have a text in common only if they have one of at most ten.
    common = any(naive(one, text) and naive(other, text) for text in _longer(one, other))
    assert overlap(one, other) is overlap(other, one) is common


def _longer(one: str, other: str) -> list[str]:
    letters = len(one.replace("*", "")) + len(other.replace("*", ""))
    return ["".join(found) for size in range(min(letters, 10) + 1) for found in itertools.product("a/", repeat=size)]


@given(PATTERNS, PATTERNS)
def test_what_is_covered_matches(outer: str, inner: str) -> None:
    if covers(outer, inner):
        assert all(naive(outer, text) for text in TEXTS if naive(inner, text))


def test_case_slashes_and_other_letters() -> None:
    assert matches("Microsoft.Compute/*", "microsoft.compute/virtualMachines/extensions/WRITE")
    assert matches("*/read", "Microsoft.Web/sites/config/read")
    assert not matches("Microsoft.Compute/*/read", "MicrosoftXCompute/a/read")  # a dot is a dot
    assert not matches("Microsoft.Web/sites/?", "Microsoft.Web/sites/a")  # no other wildcard
    assert matches("a*\nb", "a\n\nb")
    assert covers("*", "Microsoft.Web/*")
    assert covers("Microsoft.Web/*", "Microsoft.Web/*/write")
    assert not covers("Microsoft.Web/*/write", "Microsoft.Web/*")
    assert overlap("Microsoft.Web/*/write", "*/sites/*")
    assert not overlap("*/read", "Microsoft.Web/*/write")
