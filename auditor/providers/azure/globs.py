"""Names of actions with `*` in them: which actions a pattern is about, which patterns another one takes in.

Facts: Azure role definitions. A wildcard stands for any characters, slashes too; case means nothing; there is no other
special character (https://learn.microsoft.com/azure/role-based-access-control/role-definitions).
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 500
"""Characters. Azure's own actions stay below 200; what is longer is not taken apart."""


@lru_cache(maxsize=65536)
def matches(pattern: str, action: str) -> bool:
    """Whether `pattern` is about the one action `action`."""
    return _compiled(pattern).fullmatch(action.casefold()) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"\*+", pattern.casefold())
    return re.compile(".*".join(map(re.escape, parts)), re.DOTALL)


def covers(outer: str, inner: str) -> bool:
    """Whether `outer` is about every action that `inner` is about.

    A `*` of `inner` can be anything, so only a `*` of `outer` takes it in: read `inner` as if it were an action.
    """
    return matches(outer, inner)


@lru_cache(maxsize=65536)
def overlap(one: str, other: str) -> bool:
    """Whether some text meets both patterns."""
    left, right = (re.sub(r"\*+", "*", pattern.casefold()) for pattern in (one, other))
    # Which beginnings of `right` some text has in common with the beginning of `left` read so far.
    reached = _skip(right, {0})
    for letter in left:
        if letter == "*":
            reached = set(range(min(reached), len(right) + 1)) if reached else set()
            continue
        step: set[int] = set()
        for place in reached:
            if place < len(right) and right[place] == "*":
                step.add(place)
            elif place < len(right) and right[place] == letter:
                step.add(place + 1)
        reached = _skip(right, step)
        if not reached:
            return False
    return len(right) in reached


def _skip(pattern: str, places: set[int]) -> set[int]:
    """`places`, and those after a `*` that stands for nothing."""
    found = set(places)
    for place in places:
        at = place
        while at < len(pattern) and pattern[at] == "*":
            at += 1
            found.add(at)
    return found
