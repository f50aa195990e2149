"""IAM's condition operators: `[ForAnyValue:|ForAllValues:]<name>[IfExists]`."""

from __future__ import annotations

import enum
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

Relation = Callable[[Any, Any], bool]


class Comparison(enum.Enum):
    """How the value in the request is compared with a listed one."""

    EQUALS = "equals"
    EQUALS_IGNORE_CASE = "equals, ignoring case"
    LIKE = "like"
    ARN = "arn"
    BOOL = "bool"
    NUMERIC = "numeric"
    DATE = "date"
    IP = "ip"
    BINARY = "binary"
    NULL = "null"


class Quantifier(enum.Enum):
    """Which elements of a multivalued key have to satisfy the comparison."""

    NONE = ""
    ANY = "ForAnyValue:"
    ALL = "ForAllValues:"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator as written."""

    name: str
    comparison: Comparison
    negated: bool
    quantifier: Quantifier
    if_exists: bool
    relation: Relation
    """Of the request's value to the listed one; only numbers and dates have others than equality."""


_ORDER: Mapping[str, tuple[bool, Relation]] = {
    "Equals": (False, operator.eq),
    "NotEquals": (True, operator.eq),
    "LessThan": (False, operator.lt),
    "LessThanEquals": (False, operator.le),
    "GreaterThan": (False, operator.gt),
    "GreaterThanEquals": (False, operator.ge),
}

_BASE: Mapping[str, tuple[Comparison, bool, Relation]] = MappingProxyType(
    {
        "StringEquals": (Comparison.EQUALS, False, operator.eq),
        "StringNotEquals": (Comparison.EQUALS, True, operator.eq),
        "StringEqualsIgnoreCase": (Comparison.EQUALS_IGNORE_CASE, False, operator.eq),
        "StringNotEqualsIgnoreCase": (Comparison.EQUALS_IGNORE_CASE, True, operator.eq),
        "StringLike": (Comparison.LIKE, False, operator.eq),
        "StringNotLike": (Comparison.LIKE, True, operator.eq),
        "ArnEquals": (Comparison.ARN, False, operator.eq),
        "ArnLike": (Comparison.ARN, False, operator.eq),
        "ArnNotEquals": (Comparison.ARN, True, operator.eq),
        "ArnNotLike": (Comparison.ARN, True, operator.eq),
        "Bool": (Comparison.BOOL, False, operator.eq),
        "BinaryEquals": (Comparison.BINARY, False, operator.eq),
        "IpAddress": (Comparison.IP, False, operator.eq),
        "NotIpAddress": (Comparison.IP, True, operator.eq),
        "Null": (Comparison.NULL, False, operator.eq),
        **{f"Numeric{name}": (Comparison.NUMERIC, *rest) for name, rest in _ORDER.items()},
        **{f"Date{name}": (Comparison.DATE, *rest) for name, rest in _ORDER.items()},
    }
)

NAMES = tuple(_BASE)
"""Every operator without prefix and suffix."""


@lru_cache(maxsize=1024)
def parse(name: str) -> Operator | None:
    """The operator `name`; None for one that does not exist.

    Spelt exactly: whether IAM takes `stringlike` for `StringLike` is not settled. `Null` has no variants.
    """
    quantifier = next((q for q in (Quantifier.ANY, Quantifier.ALL) if name.startswith(q.value)), Quantifier.NONE)
    bare = name.removeprefix(quantifier.value)
    base = _BASE.get(bare) or _BASE.get(bare.removesuffix("IfExists"))
    if base is None:
        return None
    comparison, negated, relation = base
    if comparison is Comparison.NULL and name != "Null":
        return None
    return Operator(name, comparison, negated, quantifier, bare.endswith("IfExists"), relation)
