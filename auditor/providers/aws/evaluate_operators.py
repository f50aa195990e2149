"""Does one value of the call match one text of the policy? Part of the concrete evaluator.

One small function per operator; each answers None where how IAM compares the two is not established. Rules:
IAM user guide, condition operators.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from auditor.providers.aws.evaluate_keys import Moment, Text, Truth, lower
from auditor.providers.aws.evaluate_texts import NoText, Pattern, Reading, expand, fits, plainly_fits, units

Value = Text | Moment | Truth
Operator = Callable[[Value, str, Reading], bool | None]


def _string_equals(value: Value, text: str, reading: Reading) -> bool | None:
    return _matches(value, text, reading, wildcards=False)


def _string_like(value: Value, text: str, reading: Reading) -> bool | None:
    return _matches(value, text, reading, wildcards=True)


def _matches(value: Value, text: str, reading: Reading, *, wildcards: bool) -> bool | None:
    plainly = plainly_fits(text, value.value, wildcards=wildcards) if isinstance(value, Text) else None
    if plainly is not None:
        return plainly
    pattern = expand(text, reading, wildcards=wildcards)
    if isinstance(pattern, NoText):
        return False
    if pattern is None or not isinstance(value, Text):
        return None
    return fits(pattern, units(value.value))


def _string_equals_ignore_case(value: Value, text: str, reading: Reading) -> bool | None:
    pattern = expand(text, reading, wildcards=False)
    if isinstance(pattern, NoText):
        return False
    if pattern is None or not isinstance(value, Text):
        return None
    ours, theirs = units(value.value), pattern
    if ours == theirs:
        return True
    if max(ours, default=0) > 127 or max(theirs, default=0) > 127:
        return None  # lower-casing beyond ASCII is not established
    return lower("".join(map(chr, ours))) == lower("".join(map(chr, theirs)))


def _arn_like(value: Value, text: str, reading: Reading) -> bool | None:
    """An ARN is compared part by part; a `*` that would have to span a colon is not settled."""
    pattern = expand(text, reading, wildcards=True)
    if isinstance(pattern, NoText):
        return False
    if pattern is None or not isinstance(value, Text):
        return None
    parts, theirs = _six(pattern), _six(units(value.value))
    if parts is None or theirs is None or theirs[0] != units("arn"):
        return None
    if all(fits(part, letters) for part, letters in zip(parts, theirs, strict=True)):
        return True
    return None if fits(pattern, units(value.value)) else False


def _six(tokens: Pattern) -> list[Pattern] | None:
    """The five parts of an ARN before its fifth colon, and the rest."""
    parts: list[Pattern] = [[]]
    for token in tokens:
        if token == ord(":") and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts if len(parts) == 6 else None


_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")


def _number(value: Value | str) -> int | None:
    """Whole numbers as people write them. How IAM reads `007`, `1e3` or `1.0` is not established."""
    if isinstance(value, Moment) and value.epoch:
        return int(value.value.timestamp())
    text = value.value if isinstance(value, Text) else value
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text) else None


_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?"
)


def _date(value: Value | str) -> datetime | None:
    """ISO 8601 with a time zone, a bare day (midnight UTC), or seconds since 1970."""
    if isinstance(value, Moment):
        return value.value
    if not isinstance(value, str):
        return None
    try:
        if _WHOLE.fullmatch(value) and len(value) <= 11:
            return datetime.fromtimestamp(int(value), UTC)
        if not _DATE.fullmatch(value):
            return None
        read = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _numeric(compare: Callable[[int, int], bool]) -> Operator:
    def operator(value: Value, text: str, _reading: Reading) -> bool | None:
        ours, theirs = _number(value), _number(text)
        return None if ours is None or theirs is None else compare(ours, theirs)

    return operator


def _dated(compare: Callable[[datetime, datetime], bool]) -> Operator:
    def operator(value: Value, text: str, _reading: Reading) -> bool | None:
        ours, theirs = _date(value), _date(text)
        return None if ours is None or theirs is None else compare(ours, theirs)

    return operator


def _bool(value: Value, text: str, _reading: Reading) -> bool | None:
    """`true` in any case is true, anything else is false: on both sides."""
    if "${" in text or isinstance(value, Moment):
        return None
    ours = value.value if isinstance(value, Truth) else lower(value.value) == "true"
    return ours is (lower(text) == "true")


def _not_readable(_value: Value, _text: str, _reading: Reading) -> bool | None:
    """An operator whose comparison with the text of a claim is not established."""
    return None


OPERATORS: Final[Mapping[str, Operator]] = {
    "StringEquals": _string_equals,
    "StringEqualsIgnoreCase": _string_equals_ignore_case,
    "StringLike": _string_like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "NumericEquals": _numeric(lambda ours, theirs: ours == theirs),
    "NumericLessThan": _numeric(lambda ours, theirs: ours < theirs),
    "NumericLessThanEquals": _numeric(lambda ours, theirs: ours <= theirs),
    "NumericGreaterThan": _numeric(lambda ours, theirs: ours > theirs),
    "NumericGreaterThanEquals": _numeric(lambda ours, theirs: ours >= theirs),
    "DateEquals": _dated(lambda ours, theirs: ours == theirs),
    "DateLessThan": _dated(lambda ours, theirs: ours < theirs),
    "DateLessThanEquals": _dated(lambda ours, theirs: ours <= theirs),
    "DateGreaterThan": _dated(lambda ours, theirs: ours > theirs),
    "DateGreaterThanEquals": _dated(lambda ours, theirs: ours >= theirs),
    "Bool": _bool,
    "IpAddress": _not_readable,
    "BinaryEquals": _not_readable,
}

NEGATED: Final[Mapping[str, str]] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}
"""A negated operator and the one it negates: it holds when no listed value matches."""
