"""How a text misses what was wanted, in words that help: case, encoding, another branch, an earlier form of subject."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from auditor.claims.grammar import Grammar, Shape, Variable
from auditor.claims.languages.language import ascii_lower
from auditor.claims.languages.pattern import Pattern
from auditor.claims.parse import Reading, parse
from auditor.errors import BudgetExceededError
from auditor.tokens.words import form

SHOWN = 3
"""Values named of a long list: the nearest ones."""

_WILD = ("*", "?")
_STAND_IN = "zqxj"
"""What a `*` is read as where a pattern is read as a text: letters that begin no name."""


@dataclass(frozen=True, slots=True)
class View:
    """What is known of the token a text comes from."""

    grammar: Grammar
    reading: Reading | None
    unread: Mapping[str, str] = field(default_factory=dict)
    """Claims of a form no test can read → why."""


def nearest(actual: str, wanted: Iterable[str]) -> list[str]:
    """The texts most like `actual`, best first; those equally alike in the order given."""
    return sorted(dict.fromkeys(wanted), key=lambda text: -_alike(actual, text))[:SHOWN]


def _alike(actual: str, wanted: str) -> float:
    """The share of the longer text that both begin and end with; ignoring case costs little."""
    one, two = ascii_lower(_plain(actual)), ascii_lower(_plain(wanted))
    if one == two:
        return 2.0 if _plain(actual) == _plain(wanted) else 1.5
    begin = _common(one, two)
    end = _common(one[begin:][::-1], two[begin:][::-1])
    return (begin + end) / max(len(one), len(two))


def _plain(text: str) -> str:
    return text.replace("%3A", ":").replace("%3a", ":").strip()


def _common(one: str, two: str) -> int:
    return next((place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def difference(actual: str, wanted: str, claim: str, view: View) -> str:
    """Why `actual`, the token's `claim`, is not `wanted` (a text, perhaps with `*` and `?`); one phrase."""
    if told := _spelling(actual, wanted):
        return told
    wild = any(mark in wanted for mark in _WILD)
    if wild and Pattern.glob(wanted).matches(actual):
        return "it would match if * and ? were wildcards, but here they are letters"
    if wild and Pattern.glob(ascii_lower(wanted)).matches(ascii_lower(actual)):
        return "it would match but for upper and lower case"
    if told := _meaning(wanted, actual, claim, view):
        return told
    return _pattern(actual, wanted) if wild else _place(actual, wanted)


def _spelling(actual: str, wanted: str) -> str:
    if actual == wanted:
        return "the text is the same, but it is not compared as text"
    if ascii_lower(actual) == ascii_lower(wanted):
        return "it differs in upper and lower case only"
    if _plain(actual) == _plain(wanted):
        if actual.strip() == wanted.strip():
            return "it differs in blanks at an end only"
        writer, other = ("token", "trust") if "%3" in actual else ("trust", "token")
        return f"the {writer} writes a colon as %3A, the {other} as it is"
    if actual.rstrip("/") == wanted.rstrip("/"):
        return "it differs in a slash at the end only"
    return ""


def _pattern(actual: str, wanted: str) -> str:
    ends = [place for mark in _WILD if (place := wanted.find(mark)) >= 0]
    lead, tail = wanted[: min(ends)], wanted[max(map(wanted.rfind, _WILD)) + 1 :]
    if not actual.startswith(lead):
        return _place(actual, lead, whole=False)
    return f"it does not end in {tail}" if not actual.endswith(tail) else "the parts between the wildcards differ"


def _place(actual: str, wanted: str, *, whole: bool = True) -> str:
    same = _common(actual, wanted)
    if same == len(wanted):
        return f"it goes on behind that: {_short(actual[same:])}"
    if same == len(actual):
        return f"it stops short of {_short(wanted[same:])}"
    # Back to the beginning of the segment: a difference in the middle of a name is read as another name.
    begin = max((wanted[:same].rfind(mark) for mark in ":/,@ "), default=-1) + 1
    if begin == 0:
        return "it begins otherwise" if whole else f"it does not begin with {_short(wanted)}"
    return (
        f"alike up to {_short(wanted[:begin], end=True)} then {_short(actual[begin:])} is not {_short(wanted[begin:])}"
    )


def _short(text: str, *, end: bool = False, most: int = 40) -> str:
    if len(text) <= most:
        return text
    return "…" + text[1 - most :] if end else text[: most - 1] + "…"


def _meaning(wanted: str, text: str, claim: str, view: View) -> str:
    """The difference by what the parts mean, where the issuer's grammar reads both texts; else empty."""
    if view.reading is None:
        return ""
    own, actual = view.reading.shape, view.reading.values
    shapes = _alike_first(view.grammar, own)
    texts = _texts(wanted, text)
    readings = [(shape, values) for one in texts for shape in shapes for values in _parsed(shape, claim, one)]
    if not readings:
        composed = _understood(own, claim) and not any(mark in wanted for mark in _WILD)
        return f"no token of this issuer has such a {claim}" if composed else ""
    shape, values = min(readings, key=lambda pair: _cost(pair[0], pair[1], own, actual, claim))
    if shape.claims[claim] != own.claims.get(claim):
        if shape.run != own.run:
            return f"that is another kind of run: {shape.run}, not {own.run}{_other(values, actual)}"
        return f"that is another form of {claim}: {form(shape.claims[claim])}{_other(values, actual)}"
    return _named(values, actual)


def _texts(wanted: str, actual: str) -> list[str]:
    """A pattern as texts a grammar may read: names in the place of stars, or the token's own end in that of the last.

    `repo:acme/*` is so compared by its owner, whatever the rest.
    """
    texts = [wanted.replace("*", _STAND_IN)]
    lead = wanted.removesuffix("*")
    if lead != wanted and "*" not in lead and lead.endswith((":", "/")):
        ends = [found.end() for found in re.finditer("[:/]", actual)]
        places = len(re.findall("[:/]", lead))
        if places <= len(ends):
            texts.append(lead + actual[ends[places - 1] :])
    return texts


def _alike_first(grammar: Grammar, own: Shape) -> list[Shape]:
    return [own, *(shape for shape in grammar.shapes if shape is not own and shape.certain)]


def _understood(shape: Shape, claim: str) -> bool:
    """Whether the claim is one that the platform composes, so that no other text is possible."""
    term = shape.claims.get(claim, ())
    return len(term) > 1 and not shape.template


def _parsed(shape: Shape, claim: str, text: str) -> tuple[Mapping[Variable, str], ...]:
    if claim not in shape.claims:
        return ()
    try:
        return parse(shape, {claim: text}, partial=True)
    except BudgetExceededError:
        return ()


def _cost(
    shape: Shape, values: Mapping[Variable, str], own: Shape, actual: Mapping[Variable, str], claim: str
) -> tuple[bool, int]:
    return shape.claims[claim] != own.claims.get(claim), len(_differing(values, actual))


def _differing(values: Mapping[Variable, str], actual: Mapping[Variable, str]) -> list[Variable]:
    return [
        variable
        for variable, value in values.items()
        if variable in actual and not _fits(actual[variable], value.replace(_STAND_IN, "*"))
    ]


def _fits(actual: str, wanted: str) -> bool:
    return actual == wanted or ("*" in wanted and Pattern.glob(wanted).matches(actual))


def _named(values: Mapping[Variable, str], actual: Mapping[Variable, str]) -> str:
    told = []
    for variable in _differing(values, actual):
        wanted = values[variable].replace(_STAND_IN, "*")
        same = ascii_lower(actual[variable]) == ascii_lower(wanted)
        name = variable.name.replace("_", " ")
        told.append(f"{name} is {_short(actual[variable])}, not {_short(wanted)}{' (case only)' if same else ''}")
    return ", ".join(told)


def _other(values: Mapping[Variable, str], actual: Mapping[Variable, str]) -> str:
    named = _named(values, actual)
    return f"; and {named}" if named else ""
