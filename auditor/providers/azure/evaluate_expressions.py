"""A naive reading of flexible expressions: every way to read one is tried on the token, and all have to agree."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.claims.predicate import ClaimValue, Token

_TEST = re.compile(r"claims\['([^']+)'\] (eq|matches) '((?:[^']|'')*)'")
_LONGEST = 4096

_PLAIN = {"eq"}
_BOTH = {"eq", "matches"}


@dataclass(frozen=True)
class _Way:
    """One way to read an expression."""

    fold: bool
    """Letter case is nothing."""
    bare: bool
    """A star may stand for nothing."""
    escapes: bool
    """A backslash takes a wildcard's meaning away."""
    counts: str
    """Which of several tests of a claim counts: all, first or last."""
    units: bool
    """A question mark is a UTF-16 unit, not a character."""
    quotes: bool
    """Two quotes in a row are one; otherwise the expression is broken and lets nobody in."""


_WAYS = [
    _Way(fold, bare, escapes, counts, units, quotes)
    for fold, bare, escapes, counts, units, quotes in itertools.product(
        (False, True), (False, True), (False, True), ("all", "first", "last"), (False, True), (False, True)
    )
]


def holds(text: str, issuer: str, token: Token) -> bool | None:
    """Whether an expression accepts the token, whichever way it is read; None where the ways differ."""
    tests = _tests(text)
    if tests is None:
        return None
    allowed = _allowed(issuer)
    if any(operator not in allowed.get(claim, ()) for claim, operator, _ in tests):
        return None
    if any(not isinstance(token.get(claim, ""), str) for claim, _, _ in tests):
        return None
    answers = {_read(tests, token, way) for way in _ways(tests, token)}
    return answers.pop() if len(answers) == 1 else None


def _ways(tests: Sequence[tuple[str, str, str]], token: Token) -> list[_Way]:
    """The ways that can differ here at all."""
    texts = [text for _, _, text in tests]
    twice = len({claim for claim, _, _ in tests}) < len(tests)
    wide = any(isinstance(value, str) and any(ord(char) > 0xFFFF for char in value) for value in token.values())
    return [
        way
        for way in _WAYS
        if (twice or way.counts == "all")
        and (wide or not way.units)
        and (any("\\" in text for text in texts) or not way.escapes)
        and (any("''" in text for text in texts) or way.quotes)
    ]


def _tests(text: str) -> list[tuple[str, str, str]] | None:
    """Claim, operator and raw comparand of each test; None where the text has another form."""
    found: list[tuple[str, str, str]] = []
    place = 0
    while len(text) <= _LONGEST:
        test = _TEST.match(text, place)
        if test is None:
            return None
        found.append((test[1], test[2], test[3]))
        place = test.end()
        if place == len(text):
            return found
        if text[place : place + 5] != " and ":
            return None
        place += 5
    return None


def _allowed(issuer: str) -> Mapping[str, set[str]]:
    """The claims that Microsoft lists for an issuer, and the operators for each."""
    if issuer == "https://token.actions.githubusercontent.com":
        return {"sub": _BOTH, "job_workflow_ref": _BOTH, "repository_id": _PLAIN, "repository_owner_id": _PLAIN}
    if issuer in ("https://app.terraform.io", "https://app.eu.terraform.io"):
        return {"sub": _BOTH}
    host = issuer.removeprefix("https://")
    if host.startswith("gitlab.") and host.endswith((".com", ".ca")) and not set(host) & set("/:@ "):
        return {"sub": _BOTH, "project_id": _PLAIN, "namespace_id": _PLAIN, "user_id": _PLAIN}
    return {}


def _read(tests: Sequence[tuple[str, str, str]], token: Token, way: _Way) -> bool:
    if not way.quotes:
        return False
    verdicts: dict[str, list[bool]] = {}
    for claim, operator, text in tests:
        value = token.get(claim)
        verdicts.setdefault(claim, []).append(value is not None and _meets(value, operator, text, way))
    if way.counts == "all":
        return all(all(several) for several in verdicts.values())
    return all(several[0 if way.counts == "first" else -1] for several in verdicts.values())


def _meets(value: ClaimValue, operator: str, text: str, way: _Way) -> bool:
    if not isinstance(value, str):
        return False
    own, wanted = _letters(value, way), _letters(text.replace("''", "'"), way)
    if operator == "eq":
        return own == wanted
    return _fits(own, _wildcards(wanted, way))


def _letters(text: str, way: _Way) -> list[str]:
    """Characters or UTF-16 units, folded if need be."""
    if way.units:
        raw = text.encode("utf-16-le", "surrogatepass")
        found = [raw[i : i + 2].decode("utf-16-le", "surrogatepass") for i in range(0, len(raw), 2)]
    else:
        found = list(text)
    return [letter.casefold() for letter in found] if way.fold else found


def _wildcards(letters: Sequence[str], way: _Way) -> list[str | bool | None]:
    """The letters of a pattern; None for any one letter, True for any number of them."""
    found: list[str | bool | None] = []
    taken = False
    for place, letter in enumerate(letters):
        following = letters[place + 1] if place + 1 < len(letters) else ""
        if taken:
            found.append(letter)
            taken = False
        elif way.escapes and letter == "\\" and following in ("*", "?", "\\", "'"):
            taken = True
        elif letter == "*":
            found += [True] if way.bare else [None, True]
        else:
            found.append(None if letter == "?" else letter)
    return found


def _fits(letters: Sequence[str], pattern: Sequence[str | bool | None]) -> bool:
    """Whether the whole of `letters` fits: every place in the pattern that can be reached, letter by letter."""
    places = _past_stars({0}, pattern)
    for letter in letters:
        reached = set()
        for place in places:
            if place < len(pattern):
                if pattern[place] is True:
                    reached.add(place)
                elif pattern[place] is None or pattern[place] == letter:
                    reached.add(place + 1)
        places = _past_stars(reached, pattern)
        if not places:
            return False
    return len(pattern) in places


def _past_stars(places: set[int], pattern: Sequence[str | bool | None]) -> set[int]:
    found = set(places)
    for place in places:
        after = place
        while after < len(pattern) and pattern[after] is True:
            after += 1
            found.add(after)
    return found
