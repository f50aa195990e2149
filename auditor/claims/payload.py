"""A token as JSON, and as this program reads it: one flat map from claim to value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from auditor.claims.predicate import ClaimValue, Token


def flatten(payload: Mapping[str, Any]) -> Token:
    """A decoded JSON payload as a token.

    A nested claim is named by its path, joined by dots: `{"kubernetes.io": {"namespace": …}}` has the claim
    `kubernetes.io.namespace`, and `kubernetes.io` itself is true. A list element that is not text is its compact JSON;
    a fraction loses what is behind the point; null is a missing claim. Where two paths spell one name, the outer wins.
    """
    flat: dict[str, ClaimValue] = {}
    pending: list[tuple[str, Mapping[str, Any]]] = [("", payload)]
    while pending:
        prefix, level = pending.pop(0)
        for key, value in level.items():
            name = f"{prefix}{key}"
            if name in flat or value is None:
                continue
            match value:
                case str() | bool() | int():
                    flat[name] = value
                case float():
                    flat[name] = int(value) if abs(value) < 1 << 63 else json.dumps(value)
                case list() | tuple():
                    flat[name] = tuple(e if isinstance(e, str) else json.dumps(e, separators=(",", ":")) for e in value)
                case Mapping():
                    flat[name] = True
                    pending.append((f"{name}.", value))
                case _:
                    raise TypeError(f"{name}: no JSON value is a {type(value).__name__}")
    return flat


def nested(token: Token) -> dict[str, Any]:
    """The inverse of `flatten` as far as there is one: what is true holds the claims whose names begin with its own."""
    whole: dict[str, Any] = {}
    objects = {name for name, value in token.items() if value is True and any(n.startswith(f"{name}.") for n in token)}
    made: dict[str, dict[str, Any]] = {}
    for name, value in token.items():
        outer = max((one for one in objects if name.startswith(f"{one}.")), key=len, default=None)
        place, key = (whole, name) if outer is None else (made.setdefault(outer, {}), name[len(outer) + 1 :])
        if name in objects:
            place[key] = made.setdefault(name, {})
        else:
            place[key] = list(value) if isinstance(value, tuple) else value
    return whole
