"""Splitting a pattern at the variable boundaries of a term: `repo:{owner}/{repo}` against `repo:acme/*`.

Exact: a text of the term matches the pattern if and only if some box contains its values (property 3 of the tests).
A variable that occurs twice simply collects two languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from auditor.claims.box import BOX_BUDGET, Box, Split, joined
from auditor.claims.grammar import Slot, Term
from auditor.claims.languages.language import ascii_lower, other_cases
from auditor.claims.languages.pattern import ANY_CHAR, STAR, Pattern, Wild

WILD_WAY = 3
"""How many ways to split a text without wildcards take as long as one way to split a pattern with some."""

UNION_BUDGET = 300_000
"""Ways to split all patterns of one list."""

TOKENS_PER_WAY = 8
"""How many tokens of a pattern take as long as one way."""


def split_list(term: Term, patterns: Iterable[Pattern]) -> Split:
    """The boxes in which `term` matches some of `patterns`."""
    boxes: dict[Box, None] = {}
    ways = 0
    for pattern in patterns:
        if _another_form(term, pattern):
            ways += 1
            continue
        found = split_pattern(term, pattern)
        ways += found.ways
        if found.boxes is None or ways > UNION_BUDGET:
            return Split(None, ways)
        boxes.update(dict.fromkeys(found.boxes))
    return Split(joined(term, boxes), ways)


@lru_cache(maxsize=1 << 13)
def split_pattern(term: Term, pattern: Pattern) -> Split:
    """The boxes in which `term` matches `pattern`."""
    if len(term) == 1 and isinstance(term[0], Slot) and not term[0].encoded:
        if pattern.universal:
            return Split((frozenset(),))
        if pattern.literal is not None and not term[0].variable.contains(pattern.literal):
            return Split(())
        return Split((frozenset(((term[0].variable, pattern),)),))
    if _another_form(term, pattern):
        return Split(())
    ways, ended = _reached(term, pattern, whole=True)
    ways += len(pattern.tokens) // TOKENS_PER_WAY
    if pattern.wild:
        ways *= WILD_WAY
    return Split(None if ended is None else ended.get(len(pattern.tokens), ()), ways)


def _another_form(term: Term, pattern: Pattern) -> bool:
    """A quick look: whether the pattern is longer than any text of the term, begins otherwise, or lacks a literal."""
    if pattern.least > longest(term):
        return True
    if not pattern.wild:
        return not all(literal in pattern.text for literal in _literals(term, pattern.ignore_case))
    begin, end = _edges(term, pattern.ignore_case)
    first = pattern.text[: len(begin)]
    if first.isascii() and begin != first:
        return True
    last = pattern.text[-len(end) :] if end else ""
    return last.isascii() and end != last


@lru_cache(maxsize=4096)
def _edges(term: Term, lower: bool) -> tuple[str, str]:
    """The literals that every text of the term begins and ends with."""
    begin, end = (part if isinstance(part, str) else "" for part in (term[0], term[-1]))
    return (ascii_lower(begin), ascii_lower(end)) if lower else (begin, end)


@lru_cache(maxsize=4096)
def _literals(term: Term, lower: bool) -> tuple[str, ...]:
    return tuple(ascii_lower(part) if lower else part for part in term if isinstance(part, str))


@lru_cache(maxsize=1 << 13)
def _reached(term: Term, pattern: Pattern, *, whole: bool = False) -> tuple[int, Mapping[int, tuple[Box, ...]] | None]:
    """Where the pattern can stand after `term`: position → the boxes that lead there; and the ways that were tried.

    With `whole`, only at its end. Terms of one grammar begin alike (`repo:{owner}/{repo}:`), so what is found for a
    beginning serves all of them. None past the budget.
    """
    if not term:
        return 1, {position: (frozenset(),) for position in _finished((0,), pattern, whole=whole)}
    front, slot, literal = _last(term)
    ways, before = _reached(front, pattern)
    if before is None:
        return ways, None
    wanted = ascii_lower(literal) if pattern.ignore_case else literal
    begins = (wanted[:1], STAR, ANY_CHAR) if pattern.wild else wanted  # the literal, at first sight
    found: dict[int, dict[Box, None]] = {}
    for position, boxes in before.items():
        ends = (position,) if slot is None else _ends(pattern, position, slot)
        if literal:
            ends = [end for end in ends if pattern.text.startswith(begins, end)]
        for end in ends:
            ways += len(boxes)
            if ways > BOX_BUDGET:
                return ways, None
            reached = _finished(_after(pattern, end, literal) if literal else (end,), pattern, whole=whole)
            if not reached:
                continue  # most ends lead nowhere
            share = frozenset() if slot is None else _share(pattern, position, end, slot)
            ways += len(boxes) * (end - position) // TOKENS_PER_WAY
            for place in reached:
                found.setdefault(place, {}).update((box | share, None) for box in boxes)
    return ways, {place: tuple(boxes) for place, boxes in found.items()}


def _last(term: Term) -> tuple[Term, Slot | None, str]:
    """The last variable of a term, the literal behind it, and what stands before both."""
    *front, last = term
    if isinstance(last, Slot):
        return tuple(front), last, ""
    before = front[-1] if front else None
    return (tuple(front[:-1]), before, last) if isinstance(before, Slot) else (tuple(front), None, last)


def _finished(positions: Sequence[int], pattern: Pattern, *, whole: bool) -> Sequence[int]:
    """The positions; with `whole`, the end of the pattern in place of those where nothing but a star is left."""
    if not whole:
        return positions
    size = len(pattern.tokens)
    return [size for p in positions if p == size or (p == size - 1 and pattern.tokens[p] is Wild.STAR)]


@lru_cache(maxsize=4096)
def longest(term: Term) -> int:
    """The most characters a text of the term can have."""
    return sum(len(part) if isinstance(part, str) else _longest_value(part) for part in term)


def _longest_value(slot: Slot) -> int:
    values = slot.variable.values
    most = slot.variable.maximum if values is None else max(map(len, values))
    return 3 * most if slot.encoded else most


def _after(pattern: Pattern, position: int, text: str) -> list[int]:
    """The positions where the pattern can stand after consuming the literal `text` from `position`."""
    tokens = pattern.tokens
    wanted = ascii_lower(text) if pattern.ignore_case else text
    if pattern.text.startswith(wanted, position):
        return [position + len(text)]
    if not wanted or pattern.text[position : position + len(wanted)].isascii():
        return [] if wanted else [position]  # no wildcard ahead, and something else written there
    state = pattern.closed(position)
    for char in text:
        state = pattern.advance(state, char)
        if not state:
            return []
    reached: list[int] = []
    left = state
    while left:
        reached.append((left & -left).bit_length() - 1)
        left &= left - 1
    # A position right behind a star is contained in the position on the star.
    return [p for p in reached if not (p and tokens[p - 1] is Wild.STAR and state >> (p - 1) & 1)]


def _share(pattern: Pattern, begin: int, end: int, slot: Slot) -> Box:
    """What the variable must hold to consume the pattern from `begin` to `end`."""
    star = end < len(pattern.tokens) and pattern.tokens[end] is Wild.STAR
    inner = pattern.slice(begin, end, star=star, encoded=slot.encoded)
    return frozenset() if inner.universal else frozenset(((slot.variable, inner),))


def _ends(pattern: Pattern, begin: int, slot: Slot) -> Sequence[int]:
    """Every position at which a variable can leave the pattern that it entered at `begin`.

    Leaving *on* a star gives the star to both sides. Leaving right behind a star is left out: leaving on it says more.
    """
    tokens = pattern.tokens
    variable = slot.variable
    room = _longest_value(slot)
    empty = variable.minimum == 0 if variable.values is None else "" in variable.values
    spelled = _spelling(slot, pattern.ignore_case).match(pattern.text, begin)
    last = begin if spelled is None else spelled.end()  # no value holds the character that stands there
    if not pattern.wild:
        return range(begin if empty else begin + 1, min(last, begin + room) + 1)
    ends: list[int] = []
    behind_star = False
    for end in range(begin, last + 1):
        on_star = end < len(tokens) and tokens[end] is Wild.STAR
        if not behind_star and (end > begin or on_star or empty):
            ends.append(end)
        behind_star = on_star
        room -= not on_star
        if room < 0:
            break  # no value is that long
    return ends


@lru_cache(maxsize=4096)
def _spelling(slot: Slot, ignore_case: bool) -> re.Pattern[str]:
    """What a value may be spelled with, wildcards included; in lower case where case is ignored."""
    variable = slot.variable
    if variable.values is not None:
        return re.compile(r"[\s\S]*")
    named = set(variable.characters.chars)
    negated = variable.characters.negated
    if slot.encoded:
        named = (named - set("%3A")) | {":"} if negated else (named | set("%3A")) - {":"}
    if ignore_case:
        if negated:
            named = {char for char in named if other_cases(char) <= named}
        named = set(map(ascii_lower, named))
    listed = "".join(map(re.escape, sorted(named if negated else named | {STAR, ANY_CHAR})))
    if not listed:
        return re.compile(r"[\s\S]*")
    return re.compile(f"[{'^' if negated else ''}{listed}]*")
