"""Taking apart decoded JSON whose shape nobody guarantees. Pure; never raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text(body: Any, key: str) -> str | None:
    """The text under `key`; None where there is none, or nothing but an empty one."""
    value = body.get(key) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) and value else None


def table(body: Any, key: str) -> Mapping[str, Any]:
    """The object under `key`; an empty one where there is none."""
    value = body.get(key) if isinstance(body, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def items(body: Any, key: str) -> tuple[Any, ...] | None:
    """The list under `key`; an empty one where there is nothing, None where there is something else."""
    value = body.get(key) if isinstance(body, Mapping) else None
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list | tuple) else None


def texts(body: Any, key: str) -> tuple[str, ...] | None:
    """The list of texts under `key`; None where there is something else."""
    found = items(body, key)
    return found if found is not None and all(isinstance(one, str) for one in found) else None


def last(ident: str) -> str:
    """The last part of an id, in lower case: a GUID in most of them."""
    return ident.rstrip("/").rpartition("/")[2].lower()
