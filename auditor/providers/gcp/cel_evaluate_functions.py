"""CEL's functions on concrete values. Part of the concrete evaluator.

Facts: the language definition and the strings extension (github.com/google/cel-spec and google/cel-cpp,
extensions/strings); `extract` as Google's IAM conditions document it. A method takes its target first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from auditor.errors import BudgetExceededError, RegexSyntaxError, UnsupportedRegexError
from auditor.providers.gcp.cel_evaluate_regex import found
from auditor.providers.gcp.cel_evaluate_values import (
    NO_OVERLOAD,
    CelError,
    CelMap,
    JsonNumber,
    Outcome,
    TypeName,
    Unsure,
    Value,
    number_of,
)
from auditor.providers.gcp.cel_lexer import LARGEST, LARGEST_UINT
from auditor.providers.gcp.cel_syntax import Uint

Arguments = tuple[Value, ...]
Function = Callable[[Arguments], Outcome]

_WHITE = (
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_TEMPLATE = re.compile(r"([^{}]*)\{[A-Za-z_][A-Za-z0-9_]*\}([^{}]*)", re.ASCII)
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_PERHAPS_WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*")
_FRACTION = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_OUT_OF_RANGE = CelError("index out of range")


def size(arguments: Arguments) -> Outcome:
    match arguments:
        case (str() | bytes() | tuple() as whole,):
            return len(whole)
        case (CelMap(entries=entries),):
            return len(entries)
        case _:
            return NO_OVERLOAD


def matches(arguments: Arguments) -> Outcome:
    match arguments:
        case (str() as text, str() as source):
            try:
                return found(source, text)
            except RegexSyntaxError as error:
                return CelError(str(error))
            except (UnsupportedRegexError, BudgetExceededError) as error:
                return Unsure(str(error))
        case _:
            return NO_OVERLOAD


def extract(arguments: Arguments) -> Outcome:
    match arguments:
        case (str() as text, str() as template):
            parts = _TEMPLATE.fullmatch(template)
            if parts is None:
                return Unsure(f"what extract makes of the template {template!r} is not settled")
            before, behind = parts[1], parts[2]
            if before not in text:
                return ""
            rest = text[text.index(before) + len(before) :]
            if not behind:
                return rest
            return rest[: rest.index(behind)] if behind in rest else ""
        case _:
            return NO_OVERLOAD


def split(arguments: Arguments) -> Outcome:
    match arguments:
        case (str() as text, str() as separator):
            return _split(text, separator, -1)
        case (str() as text, str() as separator, int() as limit) if not isinstance(limit, bool):
            return _split(text, separator, limit)
        case _:
            return NO_OVERLOAD


def _split(text: str, separator: str, limit: int) -> Outcome:
    if limit == 0:
        return ()
    if separator:
        return tuple(text.split(separator, limit - 1 if limit > 0 else -1))
    if limit < 0 or limit >= len(text):
        return tuple(text) or ("",)
    return (*text[: limit - 1], text[limit - 1 :])


def join(arguments: Arguments) -> Outcome:
    match arguments:
        case (tuple() as listed,):
            return _join(listed, "")
        case (tuple() as listed, str() as separator):
            return _join(listed, separator)
        case _:
            return NO_OVERLOAD


def _join(listed: tuple[Outcome, ...], separator: str) -> Outcome:
    texts: list[str] = []
    for element in listed:
        if not isinstance(element, str):
            return element if isinstance(element, Unsure) else NO_OVERLOAD
        texts.append(element)
    return separator.join(texts)


def replace(arguments: Arguments) -> Outcome:
    match arguments:
        case (str() as text, str() as old, str() as new):
            return text.replace(old, new)
        case (str() as text, str() as old, str() as new, int() as limit) if not isinstance(limit, bool):
            return text.replace(old, new, max(limit, -1))
        case _:
            return NO_OVERLOAD


def substring(arguments: Arguments) -> Outcome:
    if True in map(_is_bool, arguments):
        return NO_OVERLOAD
    match arguments:
        case (str() as text, int() as begin):
            return text[begin:] if 0 <= begin <= len(text) else _OUT_OF_RANGE
        case (str() as text, int() as begin, int() as end):
            if end == len(text) and 0 <= begin <= end:
                return Unsure("runtimes differ on substring up to the very end of a text")
            return text[begin:end] if 0 <= begin <= end <= len(text) else _OUT_OF_RANGE
        case _:
            return NO_OVERLOAD


def char_at(arguments: Arguments) -> Outcome:
    match arguments:
        case (str() as text, int() as place) if not isinstance(place, bool):
            return text[place : place + 1] if 0 <= place <= len(text) else _OUT_OF_RANGE
        case _:
            return NO_OVERLOAD


def index_of(arguments: Arguments) -> Outcome:
    match arguments:
        case (str() as text, str() as part):
            return text.find(part)
        case (str() as text, str() as part, int() as begin) if not isinstance(begin, bool):
            return text.find(part, begin) if 0 <= begin <= len(text) else _OUT_OF_RANGE
        case _:
            return NO_OVERLOAD


def last_index_of(arguments: Arguments) -> Outcome:
    match arguments:
        case (str() as text, str() as part):
            return text.rfind(part)
        case (str() as text, str() as part, int() as last) if not isinstance(last, bool):
            return text.rfind(part, 0, last + len(part)) if 0 <= last <= len(text) else _OUT_OF_RANGE
        case _:
            return NO_OVERLOAD


def _is_bool(value: Value) -> bool:
    return isinstance(value, bool)


def _on_text(change: Callable[[str], str]) -> Function:
    def function(arguments: Arguments) -> Outcome:
        match arguments:
            case (str() as text,):
                return change(text)
            case _:
                return NO_OVERLOAD

    return function


def _on_texts(test: Callable[[str, str], bool]) -> Function:
    def function(arguments: Arguments) -> Outcome:
        match arguments:
            case (str() as text, str() as part):
                return test(text, part)
            case _:
                return NO_OVERLOAD

    return function


def _lower(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def _upper(text: str) -> str:
    return "".join(char.upper() if char.isascii() else char for char in text)


# Conversions


def to_string(arguments: Arguments) -> Outcome:
    match arguments:
        case (str() as text,):
            return text
        case (bool() as truth,):
            return "true" if truth else "false"
        case (int() as number,) | (Uint(number),):
            return str(number)
        case (JsonNumber(number),):
            return str(number) if abs(number) < 1_000_000 else Unsure("how a large number of the token is written")
        case (float() as number,):
            plain = 1e-4 <= abs(number) < 1e6 or str(number) == "0.0"
            return repr(number).removesuffix(".0") if plain else Unsure("how a double is written")
        case (bytes() as raw,):
            try:
                return raw.decode()
            except UnicodeDecodeError:
                return CelError("bytes that are no UTF-8")
        case (datetime(),):
            return Unsure("how a time is written")
        case _:
            return NO_OVERLOAD


def to_int(arguments: Arguments) -> Outcome:
    match arguments:
        case (bool(),):
            return Unsure("runtimes differ on int() of a truth value")
        case (str() as text,):
            if _WHOLE.fullmatch(text) and len(text) < 400:
                return _within(int(text), -LARGEST - 1, LARGEST)
            return Unsure("a number written unusually") if _PERHAPS_WHOLE.fullmatch(text) else CelError("no number")
        case (float() as number,) if math.isfinite(number):
            return (
                Unsure("a number at the edge")
                if 2**62 < abs(number) < 2**64
                else _within(int(number), -LARGEST, LARGEST)
            )
        case (float(),):
            return CelError("out of range")
        case (datetime(),):
            return Unsure("a time as a number")
        case (int() | Uint() | JsonNumber() as value,):
            return _within(int(number_of(value) or 0), -LARGEST - 1, LARGEST)
        case _:
            return NO_OVERLOAD


def to_uint(arguments: Arguments) -> Outcome:
    match arguments:
        case (bool() | str() | float(),):
            return Unsure("uint() of this is not evaluated")
        case (int() | Uint() | JsonNumber() as value,):
            number = int(number_of(value) or 0)
            return Uint(number) if 0 <= number <= LARGEST_UINT else CelError("out of range")
        case _:
            return NO_OVERLOAD


def to_double(arguments: Arguments) -> Outcome:
    match arguments:
        case (bool(),):
            return Unsure("double() of a truth value is not evaluated")
        case (str() as text,):
            return float(text) if _FRACTION.fullmatch(text) else Unsure("a number written unusually")
        case (int() | float() | Uint() | JsonNumber() as value,):
            return float(number_of(value) or 0.0)
        case _:
            return NO_OVERLOAD


def to_bool(arguments: Arguments) -> Outcome:
    match arguments:
        case (bool() as truth,):
            return truth
        case ("true" | "True" | "TRUE" | "t" | "1",):
            return True
        case ("false" | "False" | "FALSE" | "f" | "0",):
            return False
        case ("T" | "F",):
            return Unsure("runtimes differ on bool() of one capital letter")
        case (str(),):
            return CelError("no truth value")
        case _:
            return NO_OVERLOAD


def to_bytes(arguments: Arguments) -> Outcome:
    match arguments:
        case (str() as text,):
            return text.encode()
        case (bytes() as raw,):
            return raw
        case _:
            return NO_OVERLOAD


def to_time(arguments: Arguments) -> Outcome:
    match arguments:
        case (str() as text,) if _TIME.fullmatch(text):
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                return CelError("no time")
        case (datetime() as moment,):
            return moment
        case _:
            return Unsure("timestamp() of this is not evaluated")


def _within(number: int, least: int, most: int) -> Outcome:
    return number if least <= number <= most else CelError("out of range")


def type_of(arguments: Arguments) -> Outcome:
    match arguments:
        case (JsonNumber(),):
            return Unsure("whether numbers of a token are int or double is not known")
        case (TypeName(),):
            return TypeName("type")
        case (tuple(),):
            return TypeName("list")
        case (CelMap(),):
            return TypeName("map")
        case (None,):
            return TypeName("null_type")
        case (bool() | int() | Uint() | float() | str() | bytes() as value,):
            named = {str: "string", float: "double"}
            return TypeName(named.get(type(value), type(value).__name__.lower()))
        case _:
            return Unsure("type() of this is not evaluated")


def identity(arguments: Arguments) -> Outcome:
    return arguments[0]


TYPES = frozenset(("bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"))
"""Names that stand for a type."""

FUNCTIONS: Mapping[tuple[str, int], Function] = {
    ("size", 1): size,
    ("matches", 2): matches,
    ("string", 1): to_string,
    ("int", 1): to_int,
    ("uint", 1): to_uint,
    ("double", 1): to_double,
    ("bool", 1): to_bool,
    ("bytes", 1): to_bytes,
    ("timestamp", 1): to_time,
    ("type", 1): type_of,
    ("dyn", 1): identity,
}
"""Functions by name and number of arguments."""

METHODS: Mapping[tuple[str, int], Function] = {
    ("size", 1): size,
    ("matches", 2): matches,
    ("startsWith", 2): _on_texts(str.startswith),
    ("endsWith", 2): _on_texts(str.endswith),
    ("contains", 2): _on_texts(str.__contains__),
    ("extract", 2): extract,
    ("split", 2): split,
    ("split", 3): split,
    ("join", 1): join,
    ("join", 2): join,
    ("lowerAscii", 1): _on_text(_lower),
    ("upperAscii", 1): _on_text(_upper),
    ("trim", 1): _on_text(lambda text: text.strip(_WHITE)),
    ("reverse", 1): _on_text(lambda text: text[::-1]),
    ("replace", 3): replace,
    ("replace", 4): replace,
    ("substring", 2): substring,
    ("substring", 3): substring,
    ("charAt", 2): char_at,
    ("indexOf", 2): index_of,
    ("indexOf", 3): index_of,
    ("lastIndexOf", 2): last_index_of,
    ("lastIndexOf", 3): last_index_of,
}
"""Methods by name and number of arguments, the target included."""

NUMERIC = frozenset(("size", "string", "int", "uint", "double", "bool", "type", "dyn"))
"""Functions that say themselves what a number of the token is to them."""
