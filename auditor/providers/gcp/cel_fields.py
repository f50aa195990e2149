"""Names, fields and elements of CEL over all tokens at once: `assertion.sub`, `attribute.x`, `{…}[…]`, `[…][0]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from auditor.claims.predicate import (
    ELEMENT,
    FALSE,
    TRUE,
    Exists,
    Unknown,
    conjunction,
    disjunction,
    negation,
)
from auditor.claims.texts import Claim, Piece
from auditor.providers.gcp.cel_compare import equal
from auditor.providers.gcp.cel_membership import at_top, carried, contained
from auditor.providers.gcp.cel_text_functions import NEVER
from auditor.providers.gcp.cel_values import (
    YES,
    Cases,
    Derived,
    Elements,
    Json,
    Known,
    Names,
    Opaque,
    Payload,
    Pieces,
    Rails,
    Sequence,
    Symbol,
    Table,
    Truth,
    constant_of,
    defined,
    is_list,
    is_other,
    is_text,
    sure,
    type_of,
)

GROUPS = "google.groups"

Mapped = Callable[[str], Cases | None]
"""What the mapping sets a name (`attribute.x`) to; None where it is not mapped."""


def has(whole: Symbol, name: str, names: Mapped) -> Cases:
    """`has(whole.name)`."""
    match whole:
        case Opaque():
            return sure(whole)
        case Payload():
            return sure(Truth(Rails(carried(name), negation(carried(name)))))
        case Json(claim):
            path = Exists(f"{claim}.{name}")
            reason = Unknown(f"whether {claim} is an object is not known")
            rails = Rails(path, conjunction((negation(path), reason)))
            return sure(Truth(rails.given(is_other(claim))))
        case Names(prefix):
            found = names(f"{prefix}.{name}")
            if found is None:
                return sure(Truth(Rails(FALSE, TRUE)))
            there = disjunction(conjunction((guard, defined(symbol))) for guard, symbol in found)
            return sure(Truth(Rails(there, negation(there))))
        case Table():
            return sure(Truth(contained(Known(name), whole)))
        case _:
            return NEVER


def field(whole: Symbol, key: Symbol, names: Mapped, texts: frozenset[str], *, by_name: bool) -> Cases:
    """`whole.key` if `by_name`, else `whole[key]`; `texts` are claims that are never anything else."""
    name = constant_of(key)
    match whole:
        case Opaque():
            return sure(whole)
        case _ if isinstance(key, Opaque):
            return sure(key)
        case Payload() if name is not None:
            if name in texts:  # which is an error by itself where there is no such claim
                return ((at_top(name), Derived(Claim(name))),)
            return ((carried(name), Json(name)),)
        case Names(prefix) if name is not None:
            return names(f"{prefix}.{name}") or NEVER
        case Json(claim) if name is not None:
            inner = f"{claim}.{name}"
            return ((conjunction((is_other(claim), Exists(inner))), Json(inner)),)
        case Json(claim):
            there = conjunction((defined(key), negation(is_text(claim))))
            return ((there, Opaque(f"an element of {claim} by its place")),)
        case Payload() | Names():
            if type_of(key) not in ("text", None):
                return NEVER
            return ((defined(key), Opaque("a claim whose name depends on the token")),)
        case Table(entries):
            return _entry(entries, key)
        case Sequence() | Pieces() | Elements() if not by_name:
            return _item(whole, key)
        case _:
            return NEVER


def held(name: str, symbol: Symbol) -> Cases:
    """A mapped value as a condition reads it."""
    odd = Opaque(f"{name} is mapped to something else than {'a list' if name == GROUPS else 'a text'}")
    match symbol:
        case Json(claim) if name == GROUPS:
            return (is_list(claim), Elements(claim, Claim(ELEMENT), YES)), (negation(is_list(claim)), odd)
        case Json(claim):
            return (is_text(claim), Derived(Claim(claim))), (negation(is_text(claim)), odd)
        case Sequence() | Pieces() | Elements() if name == GROUPS:
            return sure(symbol)
        case Derived() | Known(str()) if name != GROUPS:
            return sure(symbol)
        case Opaque():
            return sure(symbol)
        case _:
            return ((defined(symbol), odd),)


def table(symbols: tuple[Symbol, ...]) -> Cases:
    """`{key: value, …}`, keys and values in turn."""
    entries = tuple(zip(symbols[::2], symbols[1::2], strict=True))
    keys = [key.value if isinstance(key, Known) else None for key, _ in entries]
    if all(isinstance(key, str) for key in keys):
        return sure(Table(entries)) if len(set(keys)) == len(keys) else NEVER
    for key, _ in entries:
        if isinstance(key, Opaque):
            return sure(key)
    return ((conjunction(map(defined, symbols)), Opaque("a map whose keys are no constant texts")),)


def _entry(entries: tuple[tuple[Symbol, Symbol], ...], key: Symbol) -> Cases:
    whole = conjunction(defined(value) for _, value in entries)
    return tuple((conjunction((whole, equal(key, own).true)), value) for own, value in entries)


def _item(whole: Sequence | Pieces | Elements, key: Symbol) -> Cases:
    value = key.value if isinstance(key, Known) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        if type_of(key) not in ("number", None):
            return NEVER
        return ((conjunction((defined(whole), defined(key))), Opaque("an element whose place depends on the token")),)
    match whole:
        case Sequence(items):
            return ((conjunction(map(defined, items)), items[value]),) if 0 <= value < len(items) else NEVER
        case Pieces(of, separator, limit):
            return sure(Derived(Piece(of, separator, value, limit))) if value >= 0 else NEVER
        case Elements():
            return ((defined(whole), Opaque("an element by its place")),)
        case _:
            assert_never(whole)
