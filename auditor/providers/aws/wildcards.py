"""IAM's wildcards in actions and resources: `*` is any run of characters, `?` any one; there is no other.

A pattern is judged by the texts in it: `instance` is the most ordinary of them, with a name nobody uses for each
wildcard, and `common` is one that two patterns share. What holds for a name nobody uses holds for all but those named.
"""

from __future__ import annotations

from functools import lru_cache

FRESH = "\ue000" * 24
"""A name nobody uses. Longer than the runs of `?` with which people stand in for generated suffixes."""

_STAR, _ONE = "\ue001", "\ue002"
_ESCAPED = {"${*}": _STAR, "${?}": _ONE, "${$}": "$"}
_PRIVATE = str.maketrans(dict.fromkeys("\ue000\ue001\ue002", "\ufffd"))
_LARGEST = 200_000
"""Pairs of positions that `common` looks at before it gives up."""


def cleaned(text: str) -> str:
    """`text` without the characters that mean something here and nothing in AWS."""
    return text if text.isascii() else text.translate(_PRIVATE)


def unescaped(text: str) -> str:
    """`${*}`, `${?}` and `${$}` as the letters they stand for, which are no wildcards (version 2012-10-17 only)."""
    for written, meant in _ESCAPED.items():
        text = text.replace(written, meant)
    return text


@lru_cache(maxsize=1 << 14)
def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text`, which holds no wildcards, matches."""
    if pattern == "*":
        return True
    if "?" in pattern:
        return _walk(pattern, text)
    first, *inner = pattern.split("*")
    if not inner:
        return text == first
    last = inner.pop()
    if not text.startswith(first):
        return False
    place = len(first)
    for part in inner:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return len(text) >= place + len(last) and text.endswith(last)


def _walk(pattern: str, text: str) -> bool:
    """Greedy: a later star makes all earlier ones irrelevant."""
    here = place = 0
    star = kept = -1
    while place < len(text):
        if here < len(pattern) and pattern[here] == "*":
            star, kept = here, place
            here += 1
        elif here < len(pattern) and pattern[here] in ("?", text[place]):
            here += 1
            place += 1
        elif star >= 0:
            kept += 1
            here, place = star + 1, kept
        else:
            return False
    return pattern[here:].strip("*") == ""


def instance(pattern: str) -> str:
    """A text that matches `pattern` and has a name nobody uses for each `*`."""
    return pattern.replace("*", FRESH).replace("?", FRESH[0])


@lru_cache(maxsize=1 << 12)
def common(left: str, right: str) -> str | None:
    """A text that matches both patterns; None where there is none.

    Patterns too long to compare are taken to share what an instance of `left` is: that can only be judged to be more.
    """
    for one, other in ((left, right), (right, left)):
        text = instance(one)
        if matches(other, text):
            return text
    if len(left) * len(right) > _LARGEST:
        return instance(left)
    return _shared(left, right)


def _shared(left: str, right: str) -> str | None:
    """Breadth first through the pairs of positions; each pair remembers how it was first reached."""
    ends = (len(left), len(right))
    came: dict[tuple[int, int], tuple[tuple[int, int], str] | None] = {(0, 0): None}
    waiting = [(0, 0)]
    for pair in waiting:
        if pair == ends:
            return _traced(pair, came)
        here, there = pair
        mine = left[here] if here < ends[0] else ""
        other = right[there] if there < ends[1] else ""
        following: list[tuple[tuple[int, int], str]] = []
        if mine == "*":
            following.append(((here + 1, there), ""))
        if other == "*":
            following.append(((here, there + 1), ""))
        if mine and other and (mine in "*?" or other in "*?" or mine == other):
            char = next((one for one in (mine, other) if one not in "*?"), FRESH[0])
            following.append(((here + (mine != "*"), there + (other != "*")), char))
        for after, char in following:
            if after not in came:
                came[after] = (pair, char)
                waiting.append(after)
    return None


def _traced(pair: tuple[int, int], came: dict[tuple[int, int], tuple[tuple[int, int], str] | None]) -> str:
    chars: list[str] = []
    step = came[pair]
    while step is not None:
        chars.append(step[1])
        step = came[step[0]]
    return "".join(reversed(chars))
