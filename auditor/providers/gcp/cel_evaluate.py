"""CEL evaluated on one concrete token, as plainly as possible. It shares nothing with the compiler but the parser.

Facts: the language definition (github.com/google/cel-spec, doc/langdef.md); what it leaves open is `Unsure`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, assert_never

from auditor.providers.gcp.cel_evaluate_functions import FUNCTIONS, METHODS, NUMERIC, TYPES
from auditor.providers.gcp.cel_evaluate_values import (
    NO_OVERLOAD,
    NO_SUCH_KEY,
    CelError,
    CelMap,
    JsonNumber,
    Outcome,
    TypeName,
    Unsure,
    Value,
    from_json,
    number_of,
    ordered,
    same,
)
from auditor.providers.gcp.cel_lexer import LARGEST, LARGEST_UINT
from auditor.providers.gcp.cel_syntax import (
    Binary,
    Call,
    Comprehension,
    Conditional,
    Expr,
    Has,
    Ident,
    Index,
    ListLiteral,
    Literal,
    Logic,
    MapLiteral,
    Message,
    Select,
    Uint,
    Unary,
)

Scope = Mapping[str, Outcome]

MOST_STEPS = 50_000
"""Nodes that are evaluated; macros may visit the same one many times."""

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def evaluate(expr: Expr, variables: Mapping[str, Any]) -> Outcome:
    """The value of `expr`; `CelError` where it has none, `Unsure` where that is not known.

    `variables`: `assertion` (the token's JSON), `google`, `attribute`, … as JSON values, times as `datetime` with zone.
    A name that is not among them is `Unsure`.
    """
    return _Evaluation().value(expr, {name: from_json(value) for name, value in variables.items()})


class _Evaluation:
    """One evaluation; macros within macros may not go on for ever."""

    def __init__(self) -> None:
        self.steps = 0

    def value(self, expr: Expr, scope: Scope) -> Outcome:
        self.steps += 1
        if self.steps > MOST_STEPS:
            return Unsure("budget: an expression that takes too many steps was not evaluated")
        match expr:
            case Literal(value):
                return value
            case Ident(name):
                return _variable(name, scope)
            case Select(operand, name):
                return _at(self.value(operand, scope), name, by_name=True)
            case Index(operand, index):
                return _index(self.value(operand, scope), self.value(index, scope))
            case Has(operand, name):
                return _has(self.value(operand, scope), name)
            case Call():
                return self.call(expr, scope)
            case Comprehension():
                return self.comprehension(expr, scope)
            case ListLiteral(items):
                listed = [self.value(item, scope) for item in items]
                failure = _failure(*listed)
                return tuple(listed) if failure is None else failure
            case MapLiteral(entries):
                return _map([(self.value(key, scope), self.value(value, scope)) for key, value in entries])
            case Message(name):
                return Unsure(f"{name}{{…}} is not evaluated")
            case Unary(sign, operand):
                inner = self.value(operand, scope)
                return inner if isinstance(inner, CelError | Unsure) else _unary(sign, inner)
            case Binary(sign, left, right):
                return _binary(sign, self.value(left, scope), self.value(right, scope))
            case Logic(sign, operands):
                return _joined(sign == "||", (self.value(operand, scope) for operand in operands))
            case Conditional(test, then, otherwise):
                chosen = self.value(test, scope)
                if isinstance(chosen, bool):
                    return self.value(then if chosen else otherwise, scope)
                return chosen if isinstance(chosen, CelError | Unsure) else NO_OVERLOAD
            case _:
                assert_never(expr)

    def call(self, call: Call, scope: Scope) -> Outcome:
        written = call.arguments if call.target is None else (call.target, *call.arguments)
        known = FUNCTIONS if call.target is None else METHODS
        name = call.function.removeprefix(".")
        function = known.get((name, len(written)))
        if function is None:
            return Unsure(f"the function {name} with {len(call.arguments)} arguments is not evaluated")
        outcomes = [self.value(argument, scope) for argument in written]
        failure = _failure(*outcomes)
        if failure is not None:
            return failure
        values = tuple(value for value in outcomes if not isinstance(value, CelError | Unsure))
        if name in NUMERIC or not any(isinstance(value, JsonNumber) for value in values):
            return function(values)
        as_int = function(tuple(value.number if isinstance(value, JsonNumber) else value for value in values))
        if isinstance(as_int, CelError):
            return as_int  # and with a double there is no such function
        return Unsure("whether numbers of a token are int or double is not known")

    def comprehension(self, expr: Comprehension, scope: Scope) -> Outcome:
        around = self.value(expr.range, scope)
        match around:
            case CelError() | Unsure():
                return around
            case tuple():
                elements = around
            case CelMap(entries=entries):
                elements = tuple(key for key, _ in entries)
            case _:
                return NO_OVERLOAD
        scopes = [_inside(expr.variable, element, scope) for element in elements]
        first = expr.bodies[0]
        if expr.macro in ("all", "exists"):
            return _joined(expr.macro == "exists", (self.value(first, inner) for inner in scopes))
        if expr.macro == "map" and len(expr.bodies) == 1:
            found = [self.value(first, inner) for inner in scopes]
            failure = _failure(*found)
            return tuple(found) if failure is None else failure
        kept = [_truth(self.value(first, inner)) for inner in scopes]
        failure = _failure(*kept)
        if failure is not None and expr.macro != "map":
            return failure
        if expr.macro == "exists_one":
            return kept.count(True) == 1
        if expr.macro == "filter":
            return tuple(element for element, keep in zip(elements, kept, strict=True) if keep)
        found = [self.value(expr.bodies[1], inner) for inner, keep in zip(scopes, kept, strict=True) if keep is True]
        failure = _failure(*kept, *found)
        return tuple(found) if failure is None else failure


def _variable(name: str, scope: Scope) -> Outcome:
    if name in scope:
        return scope[name]
    plain = name.removeprefix(".")
    if f".{plain}" in scope:  # a macro's variable hides it under its plain name
        return scope[f".{plain}"]
    if plain in scope:
        return scope[plain]
    return TypeName(plain) if plain in TYPES else Unsure(f"{plain} is not known")


def _failure(*values: Outcome) -> CelError | Unsure | None:
    """What any of the values makes of the whole: an error is certain whatever the others are, else the doubt."""
    failures = [value for value in values if isinstance(value, CelError | Unsure)]
    return next((value for value in failures if isinstance(value, CelError)), failures[0] if failures else None)


# Fields and elements


def _at(whole: Outcome, key: Value, *, by_name: bool = False) -> Outcome:
    match whole:
        case CelError() | Unsure():
            return whole
        case CelMap():
            if not isinstance(key, str | bool | int | float | Uint | JsonNumber):
                return CelError("no key of a map")
            return whole.get(key)
        case tuple() if not by_name:
            place = number_of(key)
            if place is None or place != int(place if math.isfinite(place) else 0):
                return CelError("no index of a list")
            return whole[int(place)] if 0 <= place < len(whole) else CelError("index out of range")
        case _:
            return NO_OVERLOAD


def _index(whole: Outcome, key: Outcome) -> Outcome:
    failure = _failure(whole, key)
    if failure is not None:
        return failure
    assert not isinstance(key, CelError | Unsure)
    return _at(whole, key)


def _has(whole: Outcome, name: str) -> Outcome:
    match whole:
        case CelError() | Unsure():
            return whole
        case CelMap():
            return whole.get(name) is not NO_SUCH_KEY
        case _:
            return NO_OVERLOAD


def _map(entries: list[tuple[Outcome, Outcome]]) -> Outcome:
    failure = _failure(*(part for entry in entries for part in entry))
    if failure is not None:
        return failure
    keys: list[Value] = []
    for key, _ in entries:
        if isinstance(key, JsonNumber):
            return Unsure("whether numbers of a token are int or double is not known")
        if not isinstance(key, str | int | bool | Uint):
            return CelError("no key of a map")
        if any(same(key, other) and type(key) is type(other) for other in keys):
            return CelError("a key that stands twice")
        keys.append(key)
    if any(same(one, other) for at, one in enumerate(keys) for other in keys[:at]):
        return Unsure("keys that are equal and of different types")
    return CelMap(zip(keys, (value for _, value in entries), strict=True))


# Operators


def _joined(either: bool, outcomes: Iterator[Outcome]) -> Outcome:
    """`||` if `either`, else `&&`: one operand that decides absorbs the errors of all others."""
    rest: CelError | Unsure | None = None
    for outcome in outcomes:
        if outcome is either:
            return either
        if not isinstance(outcome, bool):
            failure = outcome if isinstance(outcome, CelError | Unsure) else NO_OVERLOAD
            if rest is None or isinstance(failure, Unsure):
                rest = failure
    return (not either) if rest is None else rest


def _unary(sign: str, value: Value) -> Outcome:
    if sign == "!":
        return not value if isinstance(value, bool) else NO_OVERLOAD
    match value:
        case JsonNumber(number):
            return JsonNumber(-number) if number else Unsure("a negative zero")
        case int() if not isinstance(value, bool):
            return _integer(-value)
        case float():
            return -value
        case _:
            return NO_OVERLOAD


def _integer(number: int) -> Outcome:
    return number if -LARGEST - 1 <= number <= LARGEST else CelError("integer overflow")


def _binary(sign: str, left: Outcome, right: Outcome) -> Outcome:
    failure = _failure(left, right)
    if failure is not None:
        return failure
    assert not isinstance(left, CelError | Unsure)
    assert not isinstance(right, CelError | Unsure)
    if sign in ("==", "!="):
        equal = same(left, right)
        if equal is None:
            return Unsure("a value that is not known")
        return equal is (sign == "==")
    if sign == "in":
        return _in(left, right)
    if sign in _ORDER:
        pair = ordered(left, right)
        return NO_OVERLOAD if pair is None else _ORDER[sign](*pair)
    if not isinstance(left, JsonNumber) and not isinstance(right, JsonNumber):
        return _arithmetic(sign, left, right)
    as_int = _arithmetic(sign, *(value.number if isinstance(value, JsonNumber) else value for value in (left, right)))
    both = isinstance(left, JsonNumber) and isinstance(right, JsonNumber)
    if isinstance(as_int, CelError) and not both:
        return as_int  # and as a double there is no such operation
    return Unsure("whether numbers of a token are int or double is not known")


def _in(value: Value, whole: Value) -> Outcome:
    match whole:
        case tuple():
            found = [same(value, element) for element in whole]
            if True in found:
                return True
            return Unsure("an element that is not known") if None in found else False
        case CelMap():
            if not isinstance(value, str | bool | int | float | Uint | JsonNumber):
                return NO_OVERLOAD
            return whole.get(value) is not NO_SUCH_KEY
        case _:
            return NO_OVERLOAD


def _arithmetic(sign: str, left: Value, right: Value) -> Outcome:
    match left, right:
        case (bool(), _) | (_, bool()):
            return NO_OVERLOAD
        case (int(), int()):
            whole = _whole(sign, left, right)
            return whole if isinstance(whole, CelError) else _integer(whole)
        case (Uint(one), Uint(other)):
            whole = _whole(sign, one, other)
            if isinstance(whole, CelError):
                return whole
            return Uint(whole) if 0 <= whole <= LARGEST_UINT else CelError("unsigned integer overflow")
        case (float(), float()):
            return _fraction(sign, left, right)
        case (str(), str()) if sign == "+":
            return left + right
        case (bytes(), bytes()) if sign == "+":
            return left + right
        case (tuple(), tuple()) if sign == "+":
            return left + right
        case _:
            return NO_OVERLOAD


def _whole(sign: str, left: int, right: int) -> int | CelError:
    if sign in "/%" and right == 0:
        return CelError("divided by zero")
    quotient = 0 if right == 0 else abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    results = {"+": left + right, "-": left - right, "*": left * right, "/": quotient, "%": left - quotient * right}
    return results[sign]


def _fraction(sign: str, left: float, right: float) -> Outcome:
    if sign == "%":
        return NO_OVERLOAD
    if sign == "/" and right == 0:
        return Unsure("a double divided by zero")
    results = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
    return float(results[sign](left, right))


def _inside(variable: str, element: Outcome, scope: Scope) -> Scope:
    hidden = {f".{variable}": scope[variable]} if variable in scope and f".{variable}" not in scope else {}
    return {**scope, **hidden, variable: element}


def _truth(outcome: Outcome) -> Outcome:
    return outcome if isinstance(outcome, bool | CelError | Unsure) else NO_OVERLOAD
