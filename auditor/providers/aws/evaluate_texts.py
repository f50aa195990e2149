"""Texts of a policy: wildcards, and what stands in `${…}`. Part of the concrete evaluator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditor.providers.aws.evaluate_keys import Absent, Call, Text, lookup


@dataclass(frozen=True, slots=True)
class Reading:
    """How a policy's texts are to be read."""

    call: Call
    variables: bool | None
    """Whether `${…}` means something (Version 2012-10-17); None when the Version is none that exists."""


STAR: Final = -1
ONE: Final = -2
Pattern = list[int]
"""UTF-16 code units, `STAR` and `ONE`."""


def units(text: str) -> list[int]:
    """The UTF-16 code units of `text`: what `?` counts."""
    if text.isascii():
        return list(text.encode())
    raw = text.encode("utf-16-le", "surrogatepass")
    return [raw[at] | raw[at + 1] << 8 for at in range(0, len(raw), 2)]


def fits(pattern: Pattern, letters: list[int]) -> bool:
    """Whether all of `letters` is of the pattern. `reached` holds which of its prefixes fit so far."""
    if STAR not in pattern and ONE not in pattern:
        return pattern == letters
    first = next(at for at, token in enumerate(pattern) if token in (STAR, ONE))
    if pattern[:first] != letters[:first]:
        return False
    pattern, letters = pattern[first:], letters[first:]
    reached = [True] + [False] * len(letters)
    for token in pattern:
        before, reached = reached, [False] * (len(letters) + 1)
        for at in range(len(letters) + 1):
            if token == STAR:
                reached[at] = before[at] or (at > 0 and reached[at - 1])
            elif at > 0:
                reached[at] = before[at - 1] and token in (ONE, letters[at - 1])
        if True not in reached:
            return False
    return reached[-1]


def plainly_fits(text: str, value: str, *, wildcards: bool) -> bool | None:
    """`fits` of texts of ASCII without variables, whose only wildcards are stars; None of others."""
    if not (text.isascii() and value.isascii()) or "${" in text or (wildcards and "?" in text):
        return None
    first, *others = text.split("*") if wildcards else [text]
    if not others:
        return text == value
    *between, last = others
    at = len(first)
    if not value.startswith(first) or not value.endswith(last, at):
        return False
    for part in between:  # where each fits first, most is left for those behind
        found = value.find(part, at, len(value) - len(last))
        if found < 0:
            return False
        at = found + len(part)
    return True


@dataclass(frozen=True, slots=True)
class NoText:
    """A policy value that names a variable the call does not carry: it matches nothing."""


def expand(text: str, reading: Reading, *, wildcards: bool) -> Pattern | NoText | None:
    """A policy's text as a pattern, its `${…}` replaced; None where what they stand for is unknown.

    Without `wildcards`, `*` and `?` are letters; `${*}` and `${?}` are letters always.
    """
    if reading.variables is None and "${" in text:
        return None
    special = {ord("*"): STAR, ord("?"): ONE} if wildcards else {}
    if "${" not in text:
        return [special.get(unit, unit) for unit in units(text)]
    pattern: Pattern = []
    missing = False
    rest = text
    while rest:
        if reading.variables and rest.startswith("${"):
            inner, brace, rest = rest[2:].partition("}")
            if not brace or not inner:
                return None
            found = Text(inner) if inner in ("*", "?", "$") else _variable(inner, reading)
            if isinstance(found, NoText):
                missing = True
            elif not isinstance(found, Text) or (wildcards and len(inner) > 1 and _has_wildcard(found.value)):
                return None  # whether a substituted `*` is a wildcard is not established
            else:
                pattern += units(found.value)
        else:
            letter, rest = rest[0], rest[1:]
            pattern += [special.get(unit, unit) for unit in units(letter)]
    return NoText() if missing else pattern


def _has_wildcard(text: str) -> bool:
    return "*" in text or "?" in text


def _variable(inner: str, reading: Reading) -> Text | NoText | None:
    """`key` or `key, 'default'`, as found between the braces."""
    key, comma, default = inner.partition(",")
    default = default.strip()
    quoted = len(default) >= 2 and default[0] == default[-1] == "'" and "'" not in default[1:-1]
    if "$" in inner or (comma and not quoted):
        return None
    value = lookup(key.strip(), reading.call)
    if isinstance(value, Absent):
        return Text(default[1:-1]) if comma else NoText()
    return value if isinstance(value, Text) else None
