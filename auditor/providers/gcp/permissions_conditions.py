"""Conditions of bindings, as far as they say how much of a role is granted.

Facts: IAM Conditions, "Attribute reference". A condition on `resource.name` holds for what is named so, and for nothing
else; resources without that attribute are not granted at all. Times are compared with the moment of the audit. Whatever
else a condition tests is not known: the grant may hold, and is never certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from auditor.claims.predicate import FALSE, TRUE
from auditor.providers.gcp.cel import parse
from auditor.providers.gcp.cel_compile import Environment, compile_condition
from auditor.providers.gcp.cel_lexer import CelSyntaxError
from auditor.providers.gcp.cel_syntax import Binary, Call, Expr, ListLiteral, Literal, Logic, Select, show

_NAMED: Final = re.compile(
    r"(?://[^/]+/)?(?:projects|folders|organizations)/[^/]+/"
    r"(?:(?:locations|zones|regions)/[^/]+/|global/)?"
    r"(?!locations/|zones/|regions/|global/)[A-Za-z]+/.+",
    re.DOTALL,
)
"""A name, or the beginning of one, that goes further than a project, a place and a kind of resource."""

_SHOWN: Final = 160


@dataclass(frozen=True, slots=True)
class Limit:
    """What a condition leaves of a grant."""

    never: bool = False
    doubt: str | None = None
    """What it depends on, to follow `if`; None where nothing is left open."""
    names: tuple[str, ...] = ()
    """The resource names, or beginnings of names, that it is confined to; empty where it is not."""
    tags: bool = False
    """Whether it asks for tags of the resource."""


UNLIMITED: Final = Limit()


def limit_of(condition: Any, now: datetime) -> Limit:
    """What `condition`, as it stands in a binding, leaves of the grant at `now`. Never raises."""
    if condition is None:
        return UNLIMITED
    written = condition.get("expression") if isinstance(condition, dict) else None
    if not isinstance(written, str):
        return Limit(doubt="a condition of its binding, which could not be understood, holds")
    doubt = f"a condition of its binding holds: {_short(written)}"
    try:
        tree = parse(written)
    except CelSyntaxError:
        return Limit(doubt=doubt)
    environment = Environment(mapping={}, now=now)
    names: tuple[str, ...] = ()
    open_parts = False
    for part in _conjuncts(tree):
        truth = compile_condition(part, environment).true
        if truth == FALSE:
            return Limit(never=True)
        if truth == TRUE:
            continue
        confined = _confined(part)
        if confined and not names:
            names = confined
        elif not confined:
            open_parts = True
    tags = "matchTag" in written or "hasTag" in written
    return Limit(doubt=doubt if open_parts else None, names=names, tags=tags)


def _short(written: str) -> str:
    flat = " ".join(written.split())
    return flat if len(flat) <= _SHOWN else f"{flat[:_SHOWN]}…"


def _conjuncts(expr: Expr) -> Iterator[Expr]:
    if isinstance(expr, Logic) and expr.operator == "&&":
        for operand in expr.operands:
            yield from _conjuncts(operand)
    else:
        yield expr


def _confined(expr: Expr) -> tuple[str, ...]:
    """The names that `expr` confines a resource to; empty where it may hold for others."""
    match expr:
        case Logic("||", operands):
            parts = [_confined(operand) for operand in operands]
            return tuple(dict.fromkeys(name for part in parts for name in part)) if all(parts) else ()
        case Logic("&&", operands):
            return next((found for operand in operands if (found := _confined(operand))), ())
        case Call("startsWith", target, (Literal(str() as name),)) if target is not None and _is_name(target):
            return _named(f"{name}*", name)
        case Binary("==", left, Literal(str() as name)) if _is_name(left):
            return _named(name, name)
        case Binary("==", Literal(str() as name), right) if _is_name(right):
            return _named(name, name)
        case Binary("in", left, ListLiteral(items)) if _is_name(left) and items:
            listed = [item.value for item in items if isinstance(item, Literal) and isinstance(item.value, str)]
            whole = len(listed) == len(items) and all(_NAMED.fullmatch(name) for name in listed)
            return tuple(listed) if whole else ()
        case _:
            return ()


def _named(shown: str, name: str) -> tuple[str, ...]:
    return (shown,) if _NAMED.fullmatch(name) else ()


def _is_name(expr: Expr) -> bool:
    return isinstance(expr, Select) and show(expr) == "resource.name"
