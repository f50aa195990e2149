"""The syntax tree of CEL (Common Expression Language), and how it is written down.

Facts: the language definition (github.com/google/cel-spec, doc/langdef.md). Macros (`has`, `all`, …) are nodes of their
own, since they do not evaluate their arguments as functions do. Doubled `!` and `-` cancel out while reading, as they
do in CEL's own parsers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import assert_never


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in the source, in characters (code points)."""

    offset: int
    length: int


NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Uint:
    """An unsigned integer: in CEL another type than int."""

    number: int


Constant = None | bool | int | float | str | bytes | Uint


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A constant. Two are equal when value and type are: `1` is not `1.0`."""

    value: Constant
    span: Span = field(default=NOWHERE, repr=False)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Literal)
            and type(self.value) is type(other.value)
            and (self.value == other.value and str(self.value) == str(other.value))
        )

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, slots=True)
class Ident:
    """A name; it begins with a dot where it is looked up outside of all macros."""

    name: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.name`."""

    operand: Expr
    name: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[index]`."""

    operand: Expr
    index: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`function(…)`, or `target.function(…)` where there is a target."""

    function: str
    target: Expr | None
    arguments: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Has:
    """`has(operand.name)`."""

    operand: Expr
    name: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`range.macro(variable, …)`: all, exists, exists_one, filter with one body, map with one or two (filter first)."""

    macro: str
    range: Expr
    variable: str
    bodies: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[…]`."""

    items: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MapLiteral:
    """`{key: value, …}`."""

    entries: tuple[tuple[Expr, Expr], ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """`type.name{field: value, …}`."""

    name: str
    fields: tuple[tuple[str, Expr], ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`!operand` or `-operand`."""

    operator: str
    operand: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """A comparison, `in`, or arithmetic."""

    operator: str
    left: Expr
    right: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Logic:
    """Two or more operands joined by one `&&` or `||`."""

    operator: str
    operands: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """`test ? then : otherwise`."""

    test: Expr
    then: Expr
    otherwise: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Expr = (
    Literal
    | Ident
    | Select
    | Index
    | Call
    | Has
    | Comprehension
    | ListLiteral
    | MapLiteral
    | Message
    | Unary
    | Binary
    | Logic
    | Conditional
)

PRECEDENCE = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
}
"""Binary operators, from loose to tight; all group from the left. `||` is 1, `&&` 2, unary 6, members 7."""

LOGIC = {"||": 1, "&&": 2}

KEYWORDS = frozenset(("false", "in", "null", "true"))
RESERVED = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
"""Names that may be fields but no variables and no functions."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def show(expr: Expr) -> str:
    """The expression as CEL text that is read back as an equal one."""
    return _show(expr)[0]


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside, from left to right."""
    match expr:
        case Literal() | Ident():
            return ()
        case Select(operand) | Has(operand) | Unary(_, operand):
            return (operand,)
        case Index(left, right) | Binary(_, left, right):
            return left, right
        case Call(_, target, arguments):
            return arguments if target is None else (target, *arguments)
        case Comprehension(_, around, _, bodies):
            return around, *bodies
        case ListLiteral(items) | Logic(_, items):
            return items
        case MapLiteral(entries):
            return tuple(part for entry in entries for part in entry)
        case Message(_, fields):
            return tuple(value for _, value in fields)
        case Conditional(test, then, otherwise):
            return test, then, otherwise
        case _:
            assert_never(expr)


def _show(expr: Expr) -> tuple[str, int]:
    """The text and how tightly it holds together."""
    match expr:
        case Literal(value):
            number = isinstance(value, int | float | Uint) and not isinstance(value, bool)
            return _constant(value), 6 if number else 7  # `5.x` and `-5` would be read differently
        case Ident(name):
            return name, 7
        case Select(operand, name):
            return f"{_member(operand)}.{_field(name)}", 7
        case Has(operand, name):
            return f"has({_member(operand)}.{_field(name)})", 7
        case Index(operand, index):
            return f"{_member(operand)}[{show(index)}]", 7
        case Call(function, target, arguments):
            listed = ", ".join(map(show, arguments))
            return f"{'' if target is None else _member(target) + '.'}{function}({listed})", 7
        case Comprehension(macro, around, variable, bodies):
            return f"{_member(around)}.{macro}({', '.join((variable, *map(show, bodies)))})", 7
        case ListLiteral(items):
            return f"[{', '.join(map(show, items))}]", 7
        case MapLiteral(entries):
            return "{" + ", ".join(f"{show(key)}: {show(value)}" for key, value in entries) + "}", 7
        case Message(name, fields):
            return name + "{" + ", ".join(f"{_field(key)}: {show(value)}" for key, value in fields) + "}", 7
        case Unary(operator, operand):
            return operator + _member(operand), 6
        case Binary(operator, left, right):
            own = PRECEDENCE[operator]
            return f"{_within(left, own)} {operator} {_within(right, own + 1)}", own
        case Logic(operator, operands):
            own = LOGIC[operator]
            return f" {operator} ".join(_within(operand, own + 1) for operand in operands), own
        case Conditional(test, then, otherwise):
            return f"{_within(test, 1)} ? {_within(then, 1)} : {show(otherwise)}", 0
        case _:
            assert_never(expr)


def _member(expr: Expr) -> str:
    return _within(expr, 7)


def _within(expr: Expr, least: int) -> str:
    text, own = _show(expr)
    return text if own >= least else f"({text})"


def _field(name: str) -> str:
    return name if _NAME.match(name) and name not in KEYWORDS else f"`{name}`"


def _constant(value: Constant) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(value).replace("inf", "1e999")
        case Uint(number):
            return f"{number}u"
        case str():
            return '"' + "".join(map(_letter, value)) + '"'
        case bytes():
            return 'b"' + "".join(f"\\x{byte:02x}" for byte in value) + '"'
        case _:
            assert_never(value)


def _letter(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return char if char.isprintable() else f"\\U{ord(char):08x}"
