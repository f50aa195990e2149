"""Predicates over the claims of a token: the one model every cloud's trust language is compiled into.

A predicate is an immutable tree. `Match`, `AnyValue` and `AllValues` are *false on a missing claim*; how a platform
itself treats a missing claim is spelled out by the compiler with `Exists`. What a compiler cannot read becomes
`Unknown`, which is neither true nor false and never dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from auditor.claims.languages.language import Language, units
from auditor.claims.languages.pattern import Pattern

ClaimValue = str | tuple[str, ...] | bool | int
"""What a token carries under a claim: text, a list of texts, a truth value or a number."""

Token = Mapping[str, ClaimValue]
"""A decoded token: claim name to value. A claim that is not in the mapping is missing."""


@dataclass(frozen=True, slots=True)
class Match:
    """The claim is a text of the language."""

    claim: str
    language: Language


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text that a condition puts together: a claim, or a literal."""

    text: str
    literal: bool = False


Side = str | tuple[Part, ...]
"""A claim, or claims and literals put together."""


@dataclass(frozen=True, slots=True)
class SameText:
    """All claims named are present, and both sides are the same text (a policy variable, an equality of two claims).

    With `begins`, the left side begins with the right one.
    """

    left: Side
    right: Side
    begins: bool = False

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims of both sides."""
        return tuple(part.text for side in (self.left, self.right) for part in parts_of(side) if not part.literal)


def parts_of(side: Side) -> tuple[Part, ...]:
    """What a side is made of."""
    return (Part(side),) if isinstance(side, str) else side


@dataclass(frozen=True, slots=True)
class Exists:
    """The token carries the claim."""

    claim: str


@dataclass(frozen=True, slots=True)
class AnyValue:
    """Some element of a list claim satisfies `each` (a text claim counts as a list of one)."""

    claim: str
    each: Predicate  # over the pseudo-claim ELEMENT


@dataclass(frozen=True, slots=True)
class AllValues:
    """The claim is a text or a list and each of its elements satisfies `each`; true for an empty list."""

    claim: str
    each: Predicate  # over the pseudo-claim ELEMENT


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be read, understood or decided, and why."""

    reason: str
    name: str | None = None
    """Says that all unknowns of this name have the same truth value for one and the same token (see `unknowns`)."""


@dataclass(frozen=True, slots=True)
class Constant:
    """True or false for every token."""

    value: bool


class _Composite:
    """A node with operands. Its hash is computed once: questions about large policies stay cheap to remember."""

    __slots__ = ("_hash", "_order", "depth", "operands")
    __match_args__ = ("operands",)

    operands: tuple[Predicate, ...]
    depth: int
    """How many levels of operands there are."""

    def __init__(self, operands: tuple[Predicate, ...]) -> None:
        self.operands = operands
        self.depth = 1 + max(map(depth_of, operands), default=0)
        self._order: str | None = None
        self._hash = hash((type(self).__name__, operands))

    @property
    def order(self) -> str:
        """What `order_of` says, computed once."""
        if self._order is None:
            self._order = _digest(type(self).__name__, (order_of(operand) for operand in self.operands))
        return self._order

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self.operands == getattr(other, "operands", None))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.operands,)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.operands))})"


class And(_Composite):
    """All operands hold."""

    __slots__ = ()


class Or(_Composite):
    """Some operand holds."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold."""

    operand: Predicate


Predicate = Match | SameText | Exists | AnyValue | AllValues | Unknown | Constant | Not | And | Or

TRUE = Constant(True)
FALSE = Constant(False)

DEEPEST = 100
"""Levels of operands a condition may have: what is nested deeper is not looked into (nobody writes more than five)."""


def depth_of(predicate: Predicate) -> int:
    """How many levels of operands a predicate has."""
    negations = 0
    while isinstance(predicate, Not):
        predicate = predicate.operand
        negations += 1
    return negations + (predicate.depth if isinstance(predicate, And | Or) else 0)


def within_depth(predicate: Predicate) -> Predicate:
    """`predicate`, or `Unknown` where it is nested too deeply to be looked into."""
    if depth_of(predicate) <= DEEPEST:
        return predicate
    return Unknown(f"budget: a condition nested more than {DEEPEST} levels deep was not looked into")


def order_of(predicate: Predicate) -> str:
    """A text by which operands sort the same way in every process, however the policy lists them; leaves first."""
    match predicate:
        case Match(claim, language):
            return f"0 {claim} {language.order}"
        case Exists(claim):
            return f"1 {claim}"
        case SameText(left, right, begins):
            return f"2 {_spelled(left)} {_spelled(right)} {'begins' if begins else ''}"
        case AnyValue(claim, each) | AllValues(claim, each):
            return f"3 {type(predicate).__name__} {claim} {order_of(each)}"
        case Not(operand):
            return f"4 {order_of(operand)}"
        case And() | Or():
            return predicate.order
        case Unknown(reason, name):
            return f"6 {reason} {name or ''}"
        case Constant(value):
            return f"7 {value}"


READ_ALOUD = 500
"""Characters up to which a composite is ordered by what it says; longer ones by a digest of it."""


def _digest(name: str, orders: Iterable[str]) -> str:
    orders = list(orders)
    if sum(map(len, orders)) <= READ_ALOUD:
        return f"5 {name}({', '.join(orders)})"
    digest = hashlib.blake2b(digest_size=16)
    for order in orders:
        digest.update(f"{len(order)} {order}".encode("utf-8", "surrogatepass"))
    return f"5 {name} {digest.hexdigest()}"


ELEMENT = ""
"""The name under which `AnyValue` and `AllValues` hand one element to their inner predicate."""


def negation(operand: Predicate) -> Predicate:
    """The complement, with constants and double negations folded."""
    if isinstance(operand, Constant):
        return FALSE if operand.value else TRUE
    if isinstance(operand, Not):
        return operand.operand
    return Not(operand)


def conjunction(operands: Iterable[Predicate]) -> Predicate:
    """All of `operands`; `TRUE` when there are none."""
    kept: list[Predicate] = []
    for operand in operands:
        if isinstance(operand, Constant):
            if operand.value is False:
                return FALSE
        elif isinstance(operand, And):
            kept.extend(operand.operands)
        else:
            kept.append(operand)
    if len(kept) > 1:
        kept = sorted(dict.fromkeys(map(within_depth, kept)), key=order_of)
    return kept[0] if len(kept) == 1 else And(tuple(kept)) if kept else TRUE


def disjunction(operands: Iterable[Predicate]) -> Predicate:
    """Any of `operands`; `FALSE` when there are none."""
    kept: list[Predicate] = []
    for operand in operands:
        if isinstance(operand, Constant):
            if operand.value is True:
                return TRUE
        elif isinstance(operand, Or):
            kept.extend(operand.operands)
        else:
            kept.append(operand)
    if len(kept) > 1:
        kept = sorted(dict.fromkeys(map(within_depth, kept)), key=order_of)
    return kept[0] if len(kept) == 1 else Or(tuple(kept)) if kept else FALSE


def equals(claim: str, text: str) -> Predicate:
    """The claim is exactly this text."""
    return Match(claim, Pattern.exactly(text))


@lru_cache(maxsize=1 << 12)
def claims_of(predicate: Predicate) -> frozenset[str]:
    """The names of all claims a predicate reads."""
    return frozenset(_claims(predicate))


def _claims(predicate: Predicate) -> Iterator[str]:
    match predicate:
        case Match() | Exists() | AnyValue() | AllValues():
            yield predicate.claim
        case SameText():
            yield from predicate.claims
        case Not(operand):
            yield from _claims(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _claims(operand)
        case Unknown() | Constant():
            return


def evaluate(predicate: Predicate, token: Token) -> bool | None:
    """Three-valued truth of `predicate` for one concrete token; None where only an `Unknown` decides."""
    match predicate:
        case Constant(value):
            return value
        case Unknown():
            return None
        case Exists(claim):
            return claim in token
        case Match(claim, language):
            text = token.get(claim)
            return isinstance(text, str) and language.matches(units(text))
        case SameText(left, right, begins):
            own, other = _written(left, token), _written(right, token)
            if own is None or other is None:
                return False
            return own.startswith(other) if begins else own == other
        case AnyValue(claim, each):
            return _any(evaluate(each, {ELEMENT: value}) for value in _elements(token.get(claim)))
        case AllValues(claim, each):
            if not isinstance(token.get(claim), str | tuple):
                return False
            return _all(evaluate(each, {ELEMENT: value}) for value in _elements(token[claim]))
        case Not(operand):
            inner = evaluate(operand, token)
            return None if inner is None else not inner
        case And(operands):
            return _all(evaluate(operand, token) for operand in operands)
        case Or(operands):
            return _any(evaluate(operand, token) for operand in operands)


def _spelled(side: Side) -> str:
    return " + ".join(repr(part.text) if part.literal else part.text for part in parts_of(side))


def _written(side: Side, token: Token) -> str | None:
    texts = [part.text if part.literal else token.get(part.text) for part in parts_of(side)]
    found = [text for text in texts if isinstance(text, str)]
    return "".join(found) if len(found) == len(texts) else None


def _elements(value: ClaimValue | None) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, str) else ()


def _any(results: Iterable[bool | None]) -> bool | None:
    verdict: bool | None = False
    for result in results:
        if result:
            return True
        if result is None:
            verdict = None
    return verdict


def _all(results: Iterable[bool | None]) -> bool | None:
    verdict: bool | None = True
    for result in results:
        if result is False:
            return False
        if result is None:
            verdict = None
    return verdict
