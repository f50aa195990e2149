"""Random regular expressions and texts, and RE2 itself to compare with."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from random import Random
from typing import Any

import re2  # type: ignore[import-untyped]  # it ships no types

_QUIET = re2.Options()
_QUIET.log_errors = False

LETTERS = (*"abcAksSK1 -/.:\n\n_", "é", "ж", "😀", "😀", "😁", "\u017f", "\u212a")

ATOMS = (
    *("a", "b", "c", "k", "s", "A", "1", "/", "-", ":", "_", ".", "é", "😀", "^", "$", "{", "}", "{,2}"),
    *(r"\.", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", r"\n", r"\t", r"\101", r"\0", r"\x41", r"\x{1F600}", r"\_"),
    *("[a-c]", "[^a]", "[^/]", r"[a\d-]", "[]a]", "[^]a]", "[-a]", "[a-]", r"[\w-]", "[é-ж]", "[😀-😂]", "[^😀]"),
    *("[[:alpha:]]", "[^[:digit:]k]", "[[:^space:]]", r"[\x{d7ff}-\x{e000}]", r"\x{d800}"),
    *(r"\pL", r"\p{Lu}", r"\PN", r"\p{^L}", r"\pZ", r"\A", r"\z", r"\b", r"\B", r"\Qa.\E", r"\C", "(?:)"),
    *(".", "^.$", ".a", "(?m:^)", "(?m:$)", "(?m:a$)"),
    *("(?i)", "(?s)", "(?m)", "(?-s)", "(?U)", "(?i:k)", "(?i:[r-t])", "(?i:[^s])", r"(?i:\w)", r"(?i:\W)", "(?is:s.)"),
)

PIECES = (
    *r"ab\()[]{}?*+|^$-.,:=!<>P123iQEdwpLxzAnms:_ é",
    *("(?", "[[:", "[:alpha:]", ":]", "{2", "{2,", r"\Q", r"\E", r"\p{", "(?P<", r"\x{", r"\x4", "(?i", r"\0"),
    *("{1001}", "{1000}", "{02}", "**", "(?<n>", "[^"),
)


def expression(rng: Random, depth: int, atoms: tuple[str, ...] = ATOMS) -> str:
    """A regular expression, most of them valid."""
    kind = rng.random()
    if depth == 0 or kind < 0.35:
        return rng.choice(atoms)
    one = expression(rng, depth - 1, atoms)
    if kind < 0.6:
        return one + expression(rng, depth - 1, atoms)
    if kind < 0.72:
        opening = rng.choice(("(", "(?:", f"(?P<n{rng.randrange(10**6)}>"))
        return f"{opening}{one}|{expression(rng, depth - 1, atoms)})"
    if kind < 0.78:
        return f"{one}|{expression(rng, depth - 1, atoms)}"
    often = rng.choice(("*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,3}", "{2,}", "{0}", "{1,}?"))
    return f"(?:{one}){often}"


def noise(rng: Random) -> str:
    """Something like a regular expression, most of them invalid."""
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 7)))


def text(rng: Random, letters: tuple[str, ...] = LETTERS) -> str:
    return "".join(rng.choice(letters) for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4, 5))))


@lru_cache(maxsize=1 << 12)
def by_re2(source: str) -> Any:
    """RE2's own reading; None where it refuses the expression."""
    try:
        return re2.compile(source, _QUIET)
    except re2.error:
        return None


def found_by_re2(source: str, subject: str, *, search: bool) -> bool:
    compiled = by_re2(source)
    return (compiled.search(subject) if search else compiled.fullmatch(subject)) is not None


def words(letters: str, longest: int) -> tuple[str, ...]:
    """All texts of these letters up to a length."""
    return tuple("".join(word) for size in range(longest + 1) for word in product(letters, repeat=size))
