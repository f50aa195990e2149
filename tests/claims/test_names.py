"""Words of patterns, and parts of words beside a star."""

from __future__ import annotations

import pytest

from auditor.claims.languages.pattern import STAR
from auditor.claims.names import Fragment, words_of


@pytest.mark.parametrize(
    ("text", "words", "fragments"),
    [
        ("repo:acme/shop:ref:refs/heads/main", ["repo", "acme", "shop", "ref", "refs", "heads", "main"], set()),
        ("repo:acme/shop:*", ["repo", "acme", "shop"], set()),
        ("repo:acme/Shop-*", ["repo", "acme"], {("shop-", True, False)}),
        ("*shop:a", ["a"], {("shop", False, True)}),
        ("*shop*", [], {("shop", False, False)}),
        ("a*b*c", [], {("a", True, False), ("b", False, False), ("c", False, True)}),
        ("acme\n*/shop", ["acme", "shop"], set()),
        ("acme/*\nshop", ["acme", "shop"], set()),
        ("", [], set()),
    ],
)
def test_words_and_fragments(text: str, words: list[str], fragments: set[Fragment]) -> None:
    assert words_of(text.replace("*", STAR)) == (words, frozenset(fragments))
