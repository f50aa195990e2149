"""CEL → predicates over the claims of a token.

Every expression has two rails: when it is true and when it is false. Where it is an error it is neither, so that `&&`,
`||` and `!` treat errors as CEL does (`false && error` is false) and a condition that errs rejects. What is not
modelled is unknown on both rails.

Facts: the language definition (github.com/google/cel-spec, doc/langdef.md); Google's page on attribute conditions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import datetime
from functools import lru_cache
from typing import assert_never

from auditor.claims.grammar import Grammar
from auditor.claims.languages.language import Language
from auditor.claims.predicate import (
    FALSE,
    TRUE,
    And,
    Exists,
    Not,
    Or,
    Predicate,
    Unknown,
    conjunction,
    disjunction,
    negation,
)
from auditor.claims.texts import Choice, Claim, Literal, Text
from auditor.errors import UnsupportedTextError
from auditor.providers.gcp.cel_compare import equal, ordered
from auditor.providers.gcp.cel_fields import GROUPS, field, has, held, table
from auditor.providers.gcp.cel_functions import FUNCTIONS, METHODS, applied, arithmetic, negative
from auditor.providers.gcp.cel_macros import comprehended
from auditor.providers.gcp.cel_membership import contained
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
    Logic,
    MapLiteral,
    Message,
    Select,
    Unary,
)
from auditor.providers.gcp.cel_syntax import Literal as Constant
from auditor.providers.gcp.cel_values import (
    ANY,
    Cases,
    Json,
    Known,
    Names,
    Now,
    Opaque,
    Payload,
    Rails,
    Sequence,
    Symbol,
    Truth,
    combined,
    defined,
    doubt,
    is_list,
    sure,
    text_of,
    truth,
    type_of,
    within,
)

MOST_STEPS = 20_000
"""Nodes that are compiled; macros over lists that are written out visit the same one many times."""

HEAVIEST = 20_000
"""Nodes of one predicate; beyond it the expression is not looked into."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the names of an expression stand for, besides `assertion`."""

    mapping: Mapping[str, Expr] = dataclass_field(default_factory=dict)
    """`google.subject`, `google.groups`, `attribute.NAME` → the expression over `assertion` each is set from."""
    now: datetime | None = None
    """`request.time`, and every later moment. With a zone."""
    facts: Mapping[str, str] = dataclass_field(default_factory=dict)
    """Other names whose text is known (`resource.name`)."""
    texts: frozenset[str] = frozenset()
    """Claims that are texts in every token that carries them: what they would be otherwise is not asked then."""


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression gives, case by case."""

    cases: Cases

    def is_in(self, language: Language) -> Predicate:
        """It gives a text of the language."""
        return disjunction(conjunction((guard, _in(symbol, language))) for guard, symbol in self.cases)

    @property
    def is_text(self) -> Predicate:
        """It gives a text."""
        return self.is_in(ANY)

    @property
    def defined(self) -> Predicate:
        """It gives anything at all: it is no error."""
        return disjunction(conjunction((guard, defined(symbol))) for guard, symbol in self.cases)

    def contains(self, text: str) -> Predicate:
        """It gives a list that holds `text`."""
        found: list[Predicate] = []
        for guard, symbol in self.cases:
            if isinstance(symbol, Json):
                found.append(conjunction((guard, is_list(symbol.claim), contained(Known(text), symbol).true)))
            elif type_of(symbol) in ("list", None):
                found.append(conjunction((guard, contained(Known(text), symbol).true)))
        return disjunction(found)


def texts_of(grammar: Grammar) -> frozenset[str]:
    """The claims that are texts in all tokens of an issuer, for `Environment.texts`."""
    others = (claim for shape in grammar.shapes for claim in (*shape.lists, *shape.constants))
    return frozenset(claim for shape in grammar.shapes for claim in shape.claims) - frozenset(others)


def _in(symbol: Symbol, language: Language) -> Predicate:
    text = text_of(symbol)
    if text is not None:
        return within(text, language)
    return Unknown(symbol.reason) if isinstance(symbol, Opaque) else FALSE


def compile_condition(expr: Expr, environment: Environment) -> Rails:
    """When `expr` is true and when it is false; for all other tokens it is an error, or no truth value."""
    return _Compiler(environment, {}, _Steps(), mapped=True).rails(expr)


def compile_value(expr: Expr, environment: Environment) -> Value:
    """What an expression of an attribute mapping gives. `google` and `attribute` mean nothing in it."""
    return Value(_Compiler(environment, {}, _Steps(), mapped=False).cases(expr))


def compile_text(expr: Expr, environment: Environment) -> Text:
    """The text of an expression of an attribute mapping; an error where it gives anything else.

    Raises `UnsupportedTextError` where it may be something that nothing is known of.
    """
    cases = compile_value(expr, environment).cases
    for _, symbol in cases:
        if isinstance(symbol, Opaque):
            raise UnsupportedTextError(symbol.reason)
    texts = [(guard, text) for guard, symbol in cases if (text := text_of(symbol)) is not None]
    if len(texts) == 1 and texts[0][0] in (TRUE, *_presence(texts[0][1])):
        return texts[0][1]
    whole: Text = Choice(FALSE, Literal(""), Literal(""), FALSE)
    for guard, text in reversed(texts):
        whole = Choice(guard, text, whole, negation(guard))
    return whole


def _presence(text: Text) -> tuple[Predicate, ...]:
    """Guards that a text implies by itself."""
    return (Exists(text.name),) if isinstance(text, Claim) else ()


Scope = Mapping[str, Cases]


class _Steps:
    """How many nodes have been compiled."""

    def __init__(self) -> None:
        self.taken = 0


@dataclass(frozen=True, slots=True)
class _Compiler:
    environment: Environment
    scope: Scope
    steps: _Steps
    mapped: bool
    """Whether `google` and `attribute` can be read."""
    within_list: bool = False
    """Whether a variable stands for an element of a list of the token."""

    def rails(self, expr: Expr) -> Rails:
        """When `expr` is true and false."""
        rails = truth(self.cases(expr))
        if _weight(rails.true) + _weight(rails.false) > HEAVIEST:
            return doubt("budget: a condition this large was not looked into")
        return rails

    def with_variable(self, name: str, cases: Cases, *, element: bool) -> _Compiler:
        """The compiler of a macro's body. Two elements of lists are never told apart: the outer one is opaque then."""
        scope = dict(self.scope)
        if element and self.within_list:
            scope = dict.fromkeys(scope, sure(Opaque("an element of one list within another")))
        return replace(self, scope={**scope, name: cases}, within_list=element or self.within_list)

    def cases(self, expr: Expr) -> Cases:
        """What `expr` may come to."""
        self.steps.taken += 1
        if self.steps.taken > MOST_STEPS:
            return sure(Opaque("budget: a condition that takes too many steps was not looked into"))
        match expr:
            case Constant(value):
                return sure(Known(value))
            case Ident() | Select() | Has():
                return self._named(expr)
            case Index(operand, index):
                return combined(
                    (self.cases(operand), self.cases(index)),
                    lambda symbols: self._field(symbols[0], symbols[1], by_name=False),
                )
            case Call():
                return self._call(expr)
            case Comprehension():
                return comprehended(expr, self)
            case ListLiteral(items):
                return combined(tuple(map(self.cases, items)), lambda symbols: sure(Sequence(symbols)))
            case MapLiteral(entries):
                parts = tuple(self.cases(part) for entry in entries for part in entry)
                return combined(parts, table)
            case Message(name):
                return sure(Opaque(f"{name}{{…}} is not modelled"))
            case Unary("!", operand):
                return sure(Truth(self.rails(operand).flipped))
            case Unary(_, operand):
                return combined((self.cases(operand),), lambda symbols: applied(negative, symbols))
            case Binary(sign, left, right):
                return self._binary(sign, left, right)
            case Logic(sign, operands):
                return sure(Truth(_joined(sign, tuple(map(self.rails, operands)))))
            case Conditional(test, then, otherwise):
                return self._conditional(test, then, otherwise)
            case _:
                assert_never(expr)

    def _conditional(self, test: Expr, then: Expr, otherwise: Expr) -> Cases:
        chosen = self.rails(test)
        first = combined((((chosen.true, Known(True)),), self.cases(then)), lambda symbols: sure(symbols[1]))
        second = combined((((chosen.false, Known(False)),), self.cases(otherwise)), lambda symbols: sure(symbols[1]))
        return combined(((*first, *second),), lambda symbols: sure(symbols[0]))

    def _binary(self, sign: str, left: Expr, right: Expr) -> Cases:
        parts = self.cases(left), self.cases(right)
        if sign in "+-*/%":
            return combined(parts, lambda symbols: applied(arithmetic(sign), symbols))
        found = combined(parts, lambda symbols: sure(Truth(_compared(sign, symbols[0], symbols[1]))))
        return sure(Truth(truth(found)))

    def _call(self, call: Call) -> Cases:
        written = call.arguments if call.target is None else (call.target, *call.arguments)
        name = call.function.removeprefix(".")
        function = (FUNCTIONS if call.target is None else METHODS).get((name, len(written)))
        if function is None:
            return sure(Opaque(f"the function {name} with {len(call.arguments)} arguments is not modelled"))
        return combined(tuple(map(self.cases, written)), lambda symbols: applied(function, symbols))

    # Names, fields, elements

    def _named(self, expr: Ident | Select | Has) -> Cases:
        match expr:
            case Ident(name):
                return self._variable(name)
            case Has(operand, name):
                return combined((self.cases(operand),), lambda symbols: has(symbols[0], name, self._mapping))
            case Select(operand, name):
                return self._fact(expr) or combined(
                    (self.cases(operand),), lambda symbols: self._field(symbols[0], Known(name), by_name=True)
                )
            case _:
                assert_never(expr)

    def _variable(self, name: str) -> Cases:
        if name in self.scope:
            return self.scope[name]
        plain = name.removeprefix(".")
        if plain == "assertion":
            return sure(Payload())
        if plain in ("google", "attribute") and self.mapped:
            return sure(Names(plain))
        return sure(Opaque(f"what {plain} stands for is not known"))

    def _fact(self, expr: Select) -> Cases | None:
        """A name with dots whose value is given."""
        steps = [expr.name]
        inner = expr.operand
        while isinstance(inner, Select):
            steps.append(inner.name)
            inner = inner.operand
        if not isinstance(inner, Ident) or inner.name in self.scope:
            return None
        name = ".".join((inner.name.removeprefix("."), *reversed(steps)))
        if name == "request.time" and self.environment.now is not None:
            return sure(Now(self.environment.now))
        return sure(Known(self.environment.facts[name])) if name in self.environment.facts else None

    def _field(self, whole: Symbol, key: Symbol, *, by_name: bool) -> Cases:
        return field(whole, key, self._mapping, self.environment.texts, by_name=by_name)

    def _mapping(self, name: str) -> Cases | None:
        """What the mapping sets a name to; None where it is not mapped."""
        expr = self.environment.mapping.get(name)
        if expr is None:
            if name != GROUPS:
                return None
            doubtful = Unknown("whether google.groups is empty or missing where it is not mapped is not settled")
            return ((doubtful, Sequence(())),)
        found: list[tuple[Predicate, Symbol]] = []
        cases = replace(self, scope={}, mapped=False, within_list=False).cases(expr)
        for guard, symbol in cases:
            found.extend((conjunction((guard, inner)), kept) for inner, kept in held(name, symbol))
        return tuple(found)


def _compared(sign: str, left: Symbol, right: Symbol) -> Rails:
    match sign:
        case "==":
            return equal(left, right)
        case "!=":
            return equal(left, right).flipped
        case "in":
            return doubt(left.reason) if isinstance(left, Opaque) else contained(left, right)
        case _:
            return ordered(left, sign, right)


def _joined(sign: str, operands: tuple[Rails, ...]) -> Rails:
    true = [operand.true for operand in operands]
    false = [operand.false for operand in operands]
    if sign == "&&":
        return Rails(conjunction(true), disjunction(false))
    return Rails(disjunction(true), conjunction(false))


@lru_cache(maxsize=1 << 14)
def _weight(predicate: Predicate) -> int:
    """How many nodes a predicate has, shared ones counted as often as they occur."""
    match predicate:
        case And(operands) | Or(operands):
            return 1 + sum(map(_weight, operands))
        case Not(operand):
            return 1 + _weight(operand)
        case _:
            return 1
