"""What the letters of two languages alone tell: one lies inside the other, or they have nothing in common.

Quick looks for long lists. They may fail to notice, but what they say is so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from auditor.claims.languages.language import Language, ascii_lower
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import Match

_ANYTHING = "\ue000"
"""Stands for whatever a wildcard stands for; a private character that nobody's pattern spells out."""


def _lead(language: Language) -> str:
    """The letters every text of the language begins with, in lower case."""
    return _ends(language)[0] if isinstance(language, Pattern) and not language.encoded else ""


def _longest_piece(language: Language) -> str:
    """The longest run of letters that every text of the language holds, in lower case."""
    if not isinstance(language, Pattern) or language.encoded:
        return ""
    text = _general(language)
    return "" if text is None else max(ascii_lower(text).split(_ANYTHING), key=len)


@lru_cache(maxsize=1 << 14)
def _ends(pattern: Pattern) -> tuple[str, str]:
    """The letters in front of the first wildcard and behind the last one, in lower case."""
    wild = [place for place, token in enumerate(pattern.tokens) if isinstance(token, Wild)] if pattern.wild else []
    first, last = (wild[0], wild[-1] + 1) if wild else (len(pattern.tokens), 0)
    letters = ["".join(map(str, part)) for part in (pattern.tokens[:first], pattern.tokens[last:])]
    return ascii_lower(letters[0]), ascii_lower(letters[1])


@lru_cache(maxsize=1 << 14)
def _general(pattern: Pattern) -> str | None:
    """The pattern as the text of which any pattern of literals and stars that matches it holds the whole of it."""
    if pattern.encoded or _ANYTHING in pattern.tokens:
        return None
    return "".join(_ANYTHING if isinstance(token, Wild) else token for token in pattern.tokens)


def inside(small: Language, large: Language) -> bool:
    """Whether every text of `small` is known to be one of `large`; False where letters alone do not tell."""
    if small == large:
        return True
    if small.literal is not None:
        return large.matches(small.literal)
    if isinstance(small, ValueSet):
        return not small.ignore_case and all(map(large.matches, small.values))
    if not isinstance(small, Pattern) or not isinstance(large, Pattern) or large.encoded:
        return False
    if not large.wild:
        return not small.wild and large.ignore_case and _ends(small)[0] == _ends(large)[0]
    if Wild.ANY_CHAR in large.tokens or _ANYTHING in large.tokens:
        return False
    if small.ignore_case and not large.ignore_case:
        return False
    text = _general(small)
    return text is not None and large.matches(text)


def apart(one: Language, other: Language) -> bool:
    """Whether the two are known to have no text in common; False where letters alone do not tell."""
    if one.literal is not None:
        return not other.matches(one.literal)
    if other.literal is not None:
        return not one.matches(other.literal)
    for finite, language in ((one, other), (other, one)):
        if isinstance(finite, ValueSet) and not finite.ignore_case:
            return not any(map(language.matches, finite.values))
    if not isinstance(one, Pattern) or not isinstance(other, Pattern) or one.encoded or other.encoded:
        return False
    (lead, tail), (other_lead, other_tail) = _ends(one), _ends(other)
    leads = lead.startswith(other_lead) or other_lead.startswith(lead)
    return not (leads and (tail.endswith(other_tail) or other_tail.endswith(tail)))


class Texts:
    """Languages that one claim is compared with, found by their letters."""

    def __init__(self, parts: Sequence[Match]) -> None:
        self.all = parts
        self._by_lead = _Letters((_lead(part.language), part) for part in parts)
        self._leads = sorted(self._by_lead.found)
        self._by_piece = _Letters((_longest_piece(part.language), part) for part in parts)

    def containing(self, fact: Language) -> Iterator[Match]:
        """Those among which all that can be seen to hold the whole of `fact` are."""
        text = fact.literal if fact.literal is not None else _general(fact) if isinstance(fact, Pattern) else None
        if text is None:
            yield from self.all
            return
        text = ascii_lower(text)
        for length in self._by_piece.lengths:
            for begin in range(len(text) - length + 1):
                yield from self._by_piece.found.get(text[begin : begin + length], ())
                if not length:
                    break

    def near(self, fact: Language) -> Iterator[Match]:
        """Those that may have a text in common with `fact`."""
        lead = _lead(fact)
        for length in self._by_lead.lengths:
            if length > len(lead):
                break
            yield from self._by_lead.found.get(lead[:length], ())
        for longer in self._leads[bisect_left(self._leads, lead) :]:
            if not longer.startswith(lead):
                break
            if longer != lead:
                yield from self._by_lead.found[longer]


class _Letters:
    """Tests by some letters of theirs, and how long those are, ascending."""

    def __init__(self, pairs: Iterable[tuple[str, Match]]) -> None:
        self.found: dict[str, list[Match]] = {}
        for letters, part in pairs:
            self.found.setdefault(letters, []).append(part)
        self.lengths = sorted({len(letters) for letters in self.found})
