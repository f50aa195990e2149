"""CEL source → syntax tree: recursive descent with exact places.

Facts: grammar and macros of the language definition (github.com/google/cel-spec, doc/langdef.md); Google stores no
condition of more than 4,096 characters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

from auditor.providers.gcp.cel_lexer import LARGEST, CelSyntaxError, Kind, Token, tokens
from auditor.providers.gcp.cel_syntax import (
    KEYWORDS,
    LOGIC,
    PRECEDENCE,
    RESERVED,
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
    Span,
    Unary,
    children,
)

MAX_LENGTH = 4_096
"""Characters of an expression (Google's limit for a condition)."""

MAX_DEPTH = 64
"""Levels of an expression: what is nested deeper nobody wrote, and nobody reads."""

_MACROS = {"all": (2,), "exists": (2,), "exists_one": (2,), "filter": (2,), "map": (2, 3)}
_NAMED = {"true": True, "false": False, "null": None}


def parse(source: str) -> Expr:
    """The expression `source` spells. Raises `CelSyntaxError`, and nothing else."""
    if len(source) > MAX_LENGTH:
        raise CelSyntaxError(f"an expression of more than {MAX_LENGTH:,} characters", MAX_LENGTH)
    parser = _Parser(tokens(source))
    whole = parser.expression()
    if parser.next.kind is not Kind.END:
        parser.refuse("nothing more")
    _check_depth(whole)
    return whole


def _check_depth(whole: Expr) -> None:
    level = [whole]
    for _ in range(MAX_DEPTH):
        level = [child for expr in level for child in children(expr)]
        if not level:
            return
    raise CelSyntaxError(f"an expression nested more than {MAX_DEPTH} levels deep", level[0].span.offset)


T = TypeVar("T")


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.place = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def refuse(self, wanted: str) -> NoReturn:
        token = self.next
        said = repr(token.text) if token.text else token.kind.value
        raise CelSyntaxError(f"{said} where {wanted} was expected", token.span.offset)

    def take(self) -> Token:
        token = self.next
        self.place += 1
        return token

    def sees(self, *signs: str) -> bool:
        token = self.next
        return token.kind is Kind.SIGN and token.text in signs

    def passes(self, sign: str) -> bool:
        """Whether `sign` comes next; if so it is passed."""
        found = self.sees(sign)
        self.place += found
        return found

    def expect(self, sign: str) -> Token:
        if not self.sees(sign):
            self.refuse(repr(sign))
        return self.take()

    def since(self, begin: int) -> Span:
        """From character `begin` to the end of what was taken last."""
        last = self.tokens[self.place - 1].span
        return Span(begin, last.offset + last.length - begin)

    def expression(self) -> Expr:
        begin = self.next.span.offset
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CelSyntaxError(f"an expression nested more than {MAX_DEPTH} levels deep", begin)
        branches: list[tuple[int, Expr, Expr]] = []
        place = begin
        last = self.joined(1)
        while self.passes("?"):
            then = self.joined(1)
            self.expect(":")
            branches.append((place, last, then))
            place = self.next.span.offset
            last = self.joined(1)
        for place, test, then in reversed(branches):
            last = Conditional(test, then, last, self.since(place))
        self.depth -= 1
        return last

    def joined(self, least: int) -> Expr:
        """Operands joined by operators that hold at least as tightly as `least`."""
        begin = self.next.span.offset
        left = self.unary()
        while True:
            token = self.next
            operator = token.text
            named = token.kind is Kind.NAME and operator == "in"
            if token.kind is not Kind.SIGN and not named:
                return left
            own = LOGIC.get(operator) or PRECEDENCE.get(operator) or 0
            if own < max(least, 1):
                return left
            if operator in LOGIC:
                operands = [left]
                while self.passes(operator):
                    operands.append(self.joined(own + 1))
                left = Logic(operator, tuple(operands), self.since(begin))
            else:
                self.take()
                left = Binary(operator, left, self.joined(own + 1), self.since(begin))

    def unary(self) -> Expr:
        begin = self.next.span.offset
        if not self.sees("!", "-"):
            return self.member()
        operator = self.next.text
        count = 0
        while self.passes(operator):
            count += 1
        odd = count % 2 == 1
        if operator == "-" and odd and self.is_number(self.next):
            self.place -= 1
            operand, odd = self.member(), False
        else:
            operand = self.member()
        span = self.since(begin)
        return Unary(operator, operand, span) if odd else _placed(operand, span)

    @staticmethod
    def is_number(token: Token) -> bool:
        return token.kind is Kind.CONSTANT and isinstance(token.value, int | float)

    def member(self) -> Expr:
        begin = self.next.span.offset
        whole = self.primary()
        while True:
            if self.passes("."):
                whole = self.after_dot(whole, begin)
            elif self.passes("["):
                index = self.expression()
                self.expect("]")
                whole = Index(whole, index, self.since(begin))
            elif self.sees("{") and (name := _type_name(whole)) is not None:
                whole = Message(name, self.fields(), self.since(begin))
            else:
                return whole

    def after_dot(self, operand: Expr, begin: int) -> Expr:
        token = self.next
        name = self.field_name()
        if token.kind is Kind.QUOTED or not self.sees("("):
            return Select(operand, name, self.since(begin))
        if name in RESERVED:
            raise CelSyntaxError(f"{name!r} is reserved", token.span.offset)
        arguments = self.arguments()
        span = self.since(begin)
        if len(arguments) not in _MACROS.get(name, ()):
            return Call(name, operand, arguments, span)
        variable = arguments[0]
        if not isinstance(variable, Ident) or variable.name.startswith("."):
            raise CelSyntaxError(f"{name}() wants a plain name first", variable.span.offset)
        return Comprehension(name, operand, variable.name, arguments[1:], span)

    def field_name(self) -> str:
        token = self.next
        if token.kind is Kind.QUOTED or (token.kind is Kind.NAME and token.text not in KEYWORDS):
            return self.take().text
        return self.refuse("a name")

    def arguments(self) -> tuple[Expr, ...]:
        self.expect("(")
        listed: list[Expr] = []
        if not self.sees(")"):
            listed.append(self.expression())
            while self.passes(","):
                listed.append(self.expression())
        self.expect(")")
        return tuple(listed)

    def fields(self) -> tuple[tuple[str, Expr], ...]:
        self.expect("{")
        return self.listed("}", lambda: (self.field_name(), self.after_colon()))

    def listed(self, close: str, read: Callable[[], T]) -> tuple[T, ...]:
        """What stands between commas up to `close`; one comma may trail, even alone."""
        found: list[T] = []
        if not self.passes(","):
            while not self.sees(close):
                found.append(read())
                if not self.passes(","):
                    break
        self.expect(close)
        return tuple(found)

    def after_colon(self) -> Expr:
        self.expect(":")
        return self.expression()

    def primary(self) -> Expr:
        token = self.next
        if token.kind is Kind.CONSTANT:
            return self.constant(negative=False)
        if self.passes("-"):  # only before a number, see `unary`
            return self.constant(negative=True)
        if self.passes("("):
            inner = self.expression()
            self.expect(")")
            return inner
        if self.sees("["):
            return self.list_literal()
        if self.sees("{"):
            return self.map_literal()
        dotted = self.passes(".")
        if self.next.kind is not Kind.NAME or (dotted and self.next.text in KEYWORDS):
            self.refuse("a value")
        return self.named(token.span.offset, dotted)

    def named(self, begin: int, dotted: bool) -> Expr:
        token = self.take()
        name = token.text
        if name in _NAMED:
            return Literal(_NAMED[name], token.span)
        if name in KEYWORDS or name in RESERVED:
            raise CelSyntaxError(f"{name!r} is reserved", token.span.offset)
        if not self.sees("("):
            return Ident(f".{name}" if dotted else name, self.since(begin))
        arguments = self.arguments()
        if name != "has" or dotted or len(arguments) != 1:
            return Call(f".{name}" if dotted else name, None, arguments, self.since(begin))
        tested = arguments[0]
        if not isinstance(tested, Select):
            raise CelSyntaxError("has() wants a field", tested.span.offset)
        return Has(tested.operand, tested.name, self.since(begin))

    def constant(self, *, negative: bool) -> Expr:
        token = self.take()
        begin = self.tokens[self.place - 2].span.offset if negative else token.span.offset
        value = token.value
        if negative and not isinstance(value, int | float):
            raise CelSyntaxError("a minus sign before what is no number", begin)
        if isinstance(value, int) and value > LARGEST and not negative:
            raise CelSyntaxError("a number that is too large", begin)
        if negative:
            assert isinstance(value, int | float)
            value = -value
        return Literal(value, self.since(begin))

    def list_literal(self) -> Expr:
        begin = self.expect("[").span.offset
        items = self.listed("]", self.expression)
        return ListLiteral(items, self.since(begin))

    def map_literal(self) -> Expr:
        begin = self.expect("{").span.offset
        entries = self.listed("}", lambda: (self.expression(), self.after_colon()))
        return MapLiteral(entries, self.since(begin))


def _type_name(expr: Expr) -> str | None:
    """The dotted name an expression spells, where it spells one."""
    steps: list[str] = []
    while isinstance(expr, Select):
        steps.append(expr.name)
        expr = expr.operand
    if not isinstance(expr, Ident):
        return None
    return ".".join((expr.name, *reversed(steps)))


def _placed(expr: Expr, span: Span) -> Expr:
    """The expression, its place being that of the signs before it as well."""
    match expr:
        case Literal(value):
            return Literal(value, span)
        case Ident(name):
            return Ident(name, span)
        case _:
            return expr
