r"""Sets of characters as RE2 names them: `\d`, `[:alpha:]`, `\pL`, and what they become when case is ignored.

A set is a tuple of ascending, disjoint, non-adjacent spans of code points (first, last). Facts: RE2's syntax page
(github.com/google/re2/wiki/Syntax).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from auditor.claims.languages.tables import Span, complement_of
from auditor.errors import UnsupportedRegexError

Points = tuple[Span, ...]

ALL_POINTS = 0x110000

EVERY: Points = ((0, ALL_POINTS - 1),)

NEWLINE = ord("\n")


def points(spans: Iterable[Span]) -> Points:
    """Any spans as a set."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def others(chars: Points) -> Points:
    """All characters but these."""
    return tuple(complement_of(chars, ALL_POINTS))


def size(chars: Points) -> int:
    """How many characters the set holds."""
    return sum(last - first + 1 for first, last in chars)


def overlap(chars: Points, first: int, last: int) -> list[Span]:
    """The spans of the set that lie within first..last."""
    return [(max(a, first), min(b, last)) for a, b in chars if a <= last and b >= first]


def _ascii(text: str) -> Points:
    return points((ord(char), ord(char)) for char in text)


_DIGIT: Points = ((48, 57),)
_UPPER: Points = ((65, 90),)
_LOWER: Points = ((97, 122),)

WORD = points((*_DIGIT, *_UPPER, *_LOWER, (95, 95)))

PERL: dict[str, Points] = {"d": _DIGIT, "s": _ascii("\t\n\f\r "), "w": WORD}

POSIX: dict[str, Points] = {
    "alnum": points((*_DIGIT, *_UPPER, *_LOWER)),
    "alpha": points((*_UPPER, *_LOWER)),
    "ascii": ((0, 127),),
    "blank": _ascii("\t "),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGIT,
    "graph": ((33, 126),),
    "lower": _LOWER,
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": _ascii("\t\n\v\f\r "),
    "upper": _UPPER,
    "word": WORD,
    "xdigit": points((*_DIGIT, (65, 70), (97, 102))),
}

LONG_S, KELVIN = 0x17F, 0x212A
"""The two characters beyond ASCII that are the same letter as an ASCII one when case is ignored."""


def folded(chars: Points) -> Points:
    """The set with every other case of its characters. Raises `UnsupportedRegexError` for letters beyond ASCII.

    RE2 folds as Unicode does, where `s` is also U+017F and `k` also U+212A.
    """
    beyond = overlap(chars, 128, ALL_POINTS - 1)
    if beyond and beyond != [(128, ALL_POINTS - 1)]:
        raise UnsupportedRegexError("characters beyond ASCII while case is ignored")
    added = list(chars)
    for first, last in overlap(chars, 65, 90):
        added.append((first + 32, last + 32))
    for first, last in overlap(chars, 97, 122):
        added.append((first - 32, last - 32))
    whole = points(added)
    if overlap(whole, ord("s"), ord("s")):
        added.append((LONG_S, LONG_S))
    if overlap(whole, ord("k"), ord("k")):
        added.append((KELVIN, KELVIN))
    return points(added)


@lru_cache(maxsize=1)
def _categories() -> dict[str, Points]:
    """The general categories RE2 knows (not Cn), by the Unicode version of this Python."""
    found: dict[str, list[Span]] = {}
    # Planes 4 to 13 are unassigned; 15 and 16 are private use but for the last two characters of each.
    for begin, end in ((0, 0x40000), (0xE0000, 0xE1000)):
        start, current = begin, unicodedata.category(chr(begin))
        for point in range(begin + 1, end + 1):
            category = unicodedata.category(chr(point)) if point < end else ""
            if category != current:
                found.setdefault(current, []).append((start, point - 1))
                start, current = point, category
    found.setdefault("Co", []).extend(((0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)))
    found.pop("Cn")
    whole = {name: points(spans) for name, spans in found.items()}
    for letter in {name[0] for name in found}:
        whole[letter] = points(span for name, spans in found.items() if name[0] == letter for span in spans)
    return whole


def category(name: str) -> Points:
    r"""The characters of `\p{name}`. Raises `UnsupportedRegexError` for scripts and unknown names."""
    if name == "Any":
        return EVERY
    found = _categories().get(name)
    if found is None:
        raise UnsupportedRegexError(f"the Unicode class {name!r}")
    return found
