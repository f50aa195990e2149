"""CEL's functions, methods and arithmetic over all tokens at once. What is not modelled is `Opaque`, never guessed.

Facts: as in the concrete evaluator (`cel_evaluate_functions`), which shares no code with this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import TRUE, AnyValue, conjunction, negation
from auditor.claims.texts import Claim, Joined, Lower, Trim, Upper
from auditor.providers.gcp import cel_numbers
from auditor.providers.gcp.cel_lexer import LARGEST
from auditor.providers.gcp.cel_text_functions import (
    NEVER,
    Function,
    Symbols,
    changed,
    char_at,
    extract,
    index_of,
    integer,
    join,
    matches,
    opaque,
    replace,
    split,
    substring,
    tested,
    unmodelled,
)
from auditor.providers.gcp.cel_values import (
    Case,
    Cases,
    Derived,
    Elements,
    Json,
    Known,
    Moment,
    Opaque,
    Payload,
    Pieces,
    Place,
    Rails,
    Sequence,
    Symbol,
    Table,
    Truth,
    Whole,
    defined,
    is_list,
    is_other,
    is_text,
    sure,
    text_of,
    type_of,
    within,
)

_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


def applied(function: Function, symbols: Symbols) -> Cases:
    """`function` of values; where one of them is not known, neither is the result."""
    for symbol in symbols:
        if isinstance(symbol, Opaque):
            return sure(symbol)
    return function(symbols)


# Sizes and conversions


def _size(symbols: Symbols) -> Cases:
    match symbols[0]:
        case Known(str() | bytes() as constant):
            return sure(Known(len(constant)))
        case Derived(text):
            return sure(cel_numbers.size(text))
        case Json(claim):
            return (
                (is_text(claim), cel_numbers.size(Claim(claim))),
                (conjunction((is_list(claim), negation(AnyValue(claim, TRUE)))), Known(0)),
                (conjunction((is_list(claim), AnyValue(claim, TRUE))), Opaque(f"how many elements {claim} has")),
                (is_other(claim), Opaque(f"how many fields {claim} has")),
            )
        case Sequence(items):
            return ((conjunction(map(defined, items)), Known(len(items))),)
        case Pieces(of, separator, -1):
            return sure(cel_numbers.pieces(of, separator))
        case Table() | Payload() | Pieces() | Elements():
            return opaque("how many elements this has is not decided", *symbols)
        case _:
            return NEVER


def _string(symbols: Symbols) -> Cases:
    match symbols[0]:
        case Known(bool() as value):
            return sure(Known("true" if value else "false"))
        case Known(str()) | Derived():
            return sure(symbols[0])
        case Known(int() as number):
            return sure(Known(str(number)))
        case Known(None):
            return NEVER
        case Truth(rails):
            return (rails.true, Known("true")), (rails.false, Known("false"))
        case Json(claim):
            return (is_text(claim), Derived(Claim(claim))), (
                is_other(claim),
                Opaque(f"how {claim} is written is not known"),
            )
        case symbol if type_of(symbol) in ("list", "map"):
            return NEVER
        case _:
            return opaque("how this is written as a text is not known", *symbols)


def _int(symbols: Symbols) -> Cases:
    match symbols[0]:
        case Known(int() as number) if not isinstance(number, bool):
            return sure(symbols[0])
        case Known(str()) | Derived():
            text = text_of(symbols[0])
            assert text is not None
            return sure(Whole(text))
        case Json(claim):
            return (is_text(claim), Whole(Claim(claim))), (is_other(claim), Opaque(f"{claim} as a number"))
        case symbol if type_of(symbol) in ("list", "map", "null", "bytes"):
            return NEVER
        case _:
            return opaque("a conversion to a number is not decided", *symbols)


_TRUE = ValueSet(("true", "True", "TRUE", "t", "1"))
_FALSE = ValueSet(("false", "False", "FALSE", "f", "0"))
_EITHER = ValueSet(("T", "F"))


def _bool(symbols: Symbols) -> Cases:
    text = text_of(symbols[0])
    if isinstance(symbols[0], Truth) or type_of(symbols[0]) == "bool":
        return sure(symbols[0])
    if text is None:
        return NEVER if type_of(symbols[0]) is not None else opaque("a conversion to a truth value", *symbols)
    cases: list[Case] = [
        (TRUE, Truth(Rails(within(text, _TRUE), within(text, _FALSE)))),
        (within(text, _EITHER), Opaque("runtimes differ on bool() of one capital letter")),
    ]
    if isinstance(symbols[0], Json):
        cases.append((is_other(symbols[0].claim), Opaque(f"{symbols[0].claim} as a truth value")))
    return tuple(cases)


def _timestamp(symbols: Symbols) -> Cases:
    match symbols[0]:
        case Known(str() as text) if _TIME.fullmatch(text):
            try:
                return sure(Moment(datetime.fromisoformat(text)))
            except ValueError:
                return NEVER
        case _:
            return opaque("a time that depends on the token", *symbols)


def _identity(symbols: Symbols) -> Cases:
    return sure(symbols[0])


def _some(name: str) -> Function:
    return lambda symbols: opaque(f"{name}() is not decided", *symbols)


FUNCTIONS: Mapping[tuple[str, int], Function] = {
    ("size", 1): _size,
    ("matches", 2): matches,
    ("string", 1): _string,
    ("int", 1): _int,
    ("bool", 1): _bool,
    ("dyn", 1): _identity,
    ("timestamp", 1): _timestamp,
    ("uint", 1): _some("uint"),
    ("double", 1): _some("double"),
    ("bytes", 1): _some("bytes"),
    ("type", 1): _some("type"),
}
"""Functions by name and number of arguments."""

METHODS: Mapping[tuple[str, int], Function] = {
    ("size", 1): _size,
    ("matches", 2): matches,
    ("startsWith", 2): tested("startsWith"),
    ("endsWith", 2): tested("endsWith"),
    ("contains", 2): tested("contains"),
    ("extract", 2): extract,
    ("split", 2): split,
    ("split", 3): split,
    ("join", 1): join,
    ("join", 2): join,
    ("lowerAscii", 1): changed(Lower),
    ("upperAscii", 1): changed(Upper),
    ("trim", 1): changed(Trim),
    ("reverse", 1): unmodelled("reverse"),
    ("replace", 3): replace,
    ("replace", 4): replace,
    ("substring", 2): substring,
    ("substring", 3): substring,
    ("charAt", 2): char_at,
    ("indexOf", 2): index_of,
    ("indexOf", 3): index_of,
    ("lastIndexOf", 2): unmodelled("lastIndexOf"),
    ("lastIndexOf", 3): unmodelled("lastIndexOf"),
}
"""Methods by name and number of arguments, the target included."""


# Arithmetic


def arithmetic(sign: str) -> Function:
    """`+`, `-`, `*`, `/` and `%`."""

    def function(symbols: Symbols) -> Cases:
        left, right = symbols
        if sign == "+" and (found := _added(left, right)) is not None:
            return found
        one, other = integer(left), integer(right)
        if one is not None and other is not None and sign in "+-*":
            whole = {"+": one + other, "-": one - other, "*": one * other}[sign]
            return sure(Known(whole)) if -LARGEST - 1 <= whole <= LARGEST else NEVER
        if isinstance(left, Place) and other is not None and sign in "+-":
            return sure(Place(left.of, left.part, left.plus + (other if sign == "+" else -other)))
        kinds = {type_of(symbol) for symbol in symbols} - {None}
        allowed = {"number", "time"} | ({"text", "bytes", "list"} if sign == "+" else set())
        if len(kinds - {"time"}) > 1 or not kinds <= allowed:
            return NEVER
        numbers = [is_other(symbol.claim) for symbol in symbols if isinstance(symbol, Json) and "number" in kinds]
        return ((conjunction((*map(defined, symbols), *numbers)), Opaque(f"the result of {sign} is not decided")),)

    return function


def _added(left: Symbol, right: Symbol) -> Cases | None:
    match left, right:
        case Known(str() as one), Known(str() as other):
            return sure(Known(one + other))
        case Sequence(items), Sequence(others):
            return sure(Sequence((*items, *others)))
    own, behind = text_of(left), text_of(right)
    if own is None or behind is None:
        return None
    cases: Cases = sure(Derived(Joined((own, behind))))
    if isinstance(left, Json) and isinstance(right, Json):
        reason = f"{left.claim} + {right.claim} where they are no texts"
        lists = conjunction((is_list(left.claim), is_list(right.claim)))
        unclear = conjunction((is_other(left.claim), is_other(right.claim)))
        cases = (*cases, (lists, Opaque(reason)), (unclear, Opaque(reason)))
    return cases


def negative(symbols: Symbols) -> Cases:
    """`-x`."""
    match symbols[0]:
        case Known(int() | float() as number) if not isinstance(number, bool):
            return sure(Known(-number)) if not isinstance(number, int) or -number <= LARGEST else NEVER
        case Json(claim):
            return ((is_other(claim), Opaque(f"{claim} as a number")),)
        case symbol if type_of(symbol) == "number":
            return opaque("a negative number that depends on the token", *symbols)
        case _:
            return NEVER
