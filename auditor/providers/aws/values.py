"""One listed value of a condition: the texts it matches, as a predicate over one claim.

Every predicate made here is false where the claim is missing; `conditions.py` says what a missing key means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import assert_never

from auditor.claims.languages.language import units
from auditor.claims.languages.pattern import Pattern, Token, Wild
from auditor.claims.predicate import (
    ELEMENT,
    FALSE,
    TRUE,
    Constant,
    Exists,
    Match,
    Not,
    Predicate,
    SameText,
    Unknown,
    conjunction,
    disjunction,
    evaluate,
    negation,
)
from auditor.providers.aws.keys import Absent, Known, OneOf, Reading, Text, TextOrTexts, Texts, Unreadable
from auditor.providers.aws.operators import Comparison, Operator

Resolve = Callable[[str], Reading]
"""What a policy variable of that name reads."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A policy variable whose text is not known here."""

    reading: Text | None
    """The claim it takes its text from; None when it cannot be told."""
    default: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Variables:
    """How `${…}` is read in this policy."""

    expanded: bool | None
    """True under version 2012-10-17, False under 2008-10-17 or none, None under any other."""
    resolve: Resolve


class _NeverMatchesError(Exception):
    """A variable without default whose key is absent: the value matches nothing."""


class _NotUnderstoodError(Exception):
    """The value's text cannot be read; the message says why."""


_VARIABLE = re.compile(r"\$\{\s*([^\s,'{}]+)\s*(?:,\s*'([^']*)'\s*)?\}")
_ESCAPES = {"${*}": "*", "${?}": "?", "${$}": "$"}
_WILD: dict[str, Token] = {"*": Wild.STAR, "?": Wild.ANY_CHAR}
_KELVIN = "\N{KELVIN SIGN}"  # the one character beyond ASCII that lower-cases to ASCII


def value_test(text: str, operator: Operator, target: str, variables: Variables) -> Predicate:
    """Whether the claim `target` holds a text that the listed value `text` matches; the operator's negation left aside.

    `target` may be `ELEMENT`, which is never missing.
    """
    if "${" not in text or variables.expanded is False:
        return _literal(text, operator, target)
    match operator.comparison:
        case Comparison.EQUALS | Comparison.EQUALS_IGNORE_CASE | Comparison.LIKE | Comparison.ARN:
            try:
                return _expanded(text, operator, target, variables)
            except _NeverMatchesError:
                return FALSE
            except _NotUnderstoodError as error:
                return unknown(target, str(error))
        case _:
            return unknown(target, f"{operator.name} with the policy variable in {text} is not decided")


@lru_cache(maxsize=1 << 12)
def _literal(text: str, operator: Operator, target: str) -> Predicate:
    """`value_test` of a text without policy variables."""
    match operator.comparison:
        case Comparison.EQUALS | Comparison.EQUALS_IGNORE_CASE:
            return _language(units(text), operator, target)
        case Comparison.LIKE | Comparison.ARN:
            chars = units(text)
            wild = "*" in text or "?" in text
            return _language(tuple(map(_WILD.get, chars, chars)) if wild else chars, operator, target)
        case Comparison.BOOL:
            true = Match(target, Pattern.exactly("true", ignore_case=True))
            return true if text.lower() == "true" else conjunction((present(target), Not(true)))
        case Comparison.NUMERIC | Comparison.DATE | Comparison.IP | Comparison.BINARY | Comparison.NULL:
            return unknown(target, f"{operator.name} on a text of the token is not decided")
        case _:
            assert_never(operator.comparison)


def present(target: str) -> Predicate:
    """The claim is there."""
    return TRUE if target == ELEMENT else Exists(target)


def unknown(target: str, reason: str) -> Predicate:
    """Not known where the claim is there, false where it is missing."""
    return conjunction((present(target), Unknown(reason)))


def has_text(reading: Text) -> Predicate:
    """Some claim of `reading` is there."""
    return disjunction(conjunction((guard, Exists(claim))) for guard, claim in reading.cases)


def _expanded(text: str, operator: Operator, target: str, variables: Variables) -> Predicate:
    wildcards = operator.comparison in (Comparison.LIKE, Comparison.ARN)
    pieces = tuple(_pieces(text, wildcards, variables))
    holes = [piece for piece in pieces if isinstance(piece, Hole)]
    if not holes:
        return _language(tuple(p for p in pieces if not isinstance(p, Hole)), operator, target)
    if len(pieces) == 1 and operator.comparison in (Comparison.EQUALS, Comparison.LIKE) and target != ELEMENT:
        (hole,) = holes
        if hole.reading is not None:
            return _relational(hole, hole.reading, operator, target)
    widened = tuple(Wild.STAR if isinstance(piece, Hole) else piece for piece in pieces)
    needed = [
        has_text(hole.reading)
        for hole in holes
        if hole.reading is not None and hole.default is None and target != ELEMENT
    ]
    return conjunction((_language(widened, operator, target), *needed, Unknown(holes[0].reason)))


def _pieces(text: str, wildcards: bool, variables: Variables) -> Iterator[Token | Hole]:
    """`text` one UTF-16 unit, wildcard or unresolved variable at a time."""
    if variables.expanded is None:
        raise _NotUnderstoodError("the policy's version is not known, so whether ${…} is a variable is not either")
    position = 0
    while position < len(text):
        if text.startswith("${", position):
            escaped = _ESCAPES.get(text[position : position + 4])
            if escaped is not None:
                yield escaped
                position += 4
                continue
            found = _VARIABLE.match(text, position)
            if found is None:
                raise _NotUnderstoodError(f"the policy variable in {text} cannot be read")
            yield from _resolved(found, wildcards, variables.resolve)
            position = found.end()
            continue
        char = text[position]
        if wildcards and char in _WILD:
            yield _WILD[char]
        else:
            yield from units(char)
        position += 1


def _resolved(found: re.Match[str], wildcards: bool, resolve: Resolve) -> Iterator[Token | Hole]:
    name, default = found[1], found[2]
    if default is not None and ("$" in default or (wildcards and not _WILD.keys().isdisjoint(default))):
        raise _NotUnderstoodError(f"whether wildcards count in the default of {found[0]} is not settled")
    reading = resolve(name)
    match reading:
        case Absent():
            if default is None:
                raise _NeverMatchesError
            yield from units(default)
        case Known(value, "text") if not (wildcards and not _WILD.keys().isdisjoint(value)):
            yield from units(value)
        case Text():
            yield Hole(reading, default, f"{found[0]} takes its text from the token")
        case Unreadable(reason):
            yield Hole(None, default, reason)
        case Texts() | TextOrTexts() | Known() | OneOf():
            yield Hole(None, default, f"{found[0]} cannot be expanded with certainty")


def _language(tokens: Sequence[Token], operator: Operator, target: str) -> Predicate:
    if operator.comparison is Comparison.EQUALS_IGNORE_CASE:
        return _ignoring_case(tokens, target)
    if operator.comparison is Comparison.ARN:
        return _arn(tokens, target)
    return Match(target, Pattern(tokens))


def _ignoring_case(tokens: Sequence[Token], target: str) -> Predicate:
    """AWS compares lower-cased text. Beyond ASCII that is not decided here."""
    if any(isinstance(token, str) and not token.isascii() for token in tokens):
        return unknown(target, "StringEqualsIgnoreCase beyond ASCII is not decided")
    same: Predicate = Match(target, Pattern(tokens, ignore_case=True))
    if not any(token in ("k", "K") for token in tokens):
        return same
    loose = Pattern((Wild.ANY_CHAR if token in ("k", "K") else token for token in tokens), ignore_case=True)
    kelvin = Match(target, Pattern((Wild.STAR, _KELVIN, Wild.STAR)))
    reason = Unknown("StringEqualsIgnoreCase beyond ASCII is not decided")
    return disjunction((same, conjunction((Match(target, loose), kelvin, reason))))


def _arn(tokens: Sequence[Token], target: str) -> Predicate:
    """An ARN is compared part by part: no wildcard of the first five of the six parts reaches across a colon."""
    whole = Match(target, Pattern(tokens))
    colons = [position for position, char in enumerate(tokens) if char == ":"]
    if len(colons) < 5 or tuple(tokens[:3]) != tuple("arn"):
        return unknown(target, "an ARN operator on something that is no whole ARN is not decided")
    if any(isinstance(token, Wild) for token in tokens[: colons[4]]):
        return conjunction((whole, Unknown("a wildcard before the last part of an ARN is not decided")))
    return whole


def _relational(hole: Hole, variable: Text, operator: Operator, target: str) -> Predicate:
    """The value is one policy variable and nothing else: two claims of the token must be equal."""
    cases = [conjunction((guard, SameText(target, claim))) for guard, claim in variable.cases]
    if hole.default is not None:
        plain = Match(target, Pattern(units(hole.default)))
        cases.append(conjunction((negation(has_text(variable)), plain)))
    if operator.comparison is Comparison.LIKE:
        # Whether a `*` that comes out of a variable counts as a wildcard is not settled.
        holds_wildcard = (
            conjunction((guard, Match(claim, Pattern((Wild.STAR, char, Wild.STAR)))))
            for guard, claim in variable.cases
            for char in _WILD
        )
        cases.append(conjunction((present(target), disjunction(holds_wildcard), Unknown(hole.reason))))
    return disjunction(cases)


def known_test(text: str, operator: Operator, known: Known, variables: Variables) -> Constant | Unknown:
    """Whether the listed value `text` matches the value that every request carries."""
    if known.type in ("date", "epoch"):
        return _instant_test(text, operator, known)
    if known.type == "bool" and operator.comparison is not Comparison.BOOL:
        return Unknown(f"{operator.name} on a truth value is not decided")
    test = value_test(text, operator, ELEMENT, variables)
    verdict = evaluate(test, {ELEMENT: known.text})
    if verdict is None:
        reasons = (part for part in _parts(test) if isinstance(part, Unknown))
        return next(reasons, Unknown(f"{operator.name} with {text} is not decided"))
    return TRUE if verdict else FALSE


def _parts(predicate: Predicate) -> Iterator[Predicate]:
    yield predicate
    for operand in getattr(predicate, "operands", ()):
        yield from _parts(operand)


_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_EPOCH = re.compile(r"\d{5,15}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?", re.ASCII)


def _instant_test(text: str, operator: Operator, known: Known) -> Constant | Unknown:
    """A date or number against the time of the audit, to the second."""
    now = datetime.fromisoformat(known.text).timestamp() if known.type == "date" else float(known.text)
    listed: float | None = None
    if operator.comparison is Comparison.NUMERIC and known.type == "epoch":
        listed = float(text) if _NUMBER.fullmatch(text) else None
    elif operator.comparison is Comparison.DATE:
        listed = _timestamp(text)
    if listed is None:
        return Unknown(f"{operator.name} with {text} on the current time is not decided")
    return TRUE if operator.relation(float(int(now)), listed) else FALSE


def _timestamp(text: str) -> float | None:
    if _EPOCH.fullmatch(text):
        return float(text)
    if not _DATE.fullmatch(text):
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:  # the 31st of February
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
