"""The published schemas, as they are and with every added field forbidden."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        resources.files("auditor").joinpath("schemas", f"{name}.json").read_text("utf-8")
    )
    Draft202012Validator.check_schema(loaded)
    return loaded


def validator(name: str) -> Draft202012Validator:
    """What a consumer of today uses, also on reports of a later day."""
    return Draft202012Validator(schema(name))


def closed(name: str) -> Draft202012Validator:
    """The same with every field this version does not describe forbidden: no field of ours goes undocumented."""
    return Draft202012Validator(_closed(schema(name)))


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(part) for part in node]
    if not isinstance(node, dict):
        return node
    inner = {key: _closed(part) for key, part in node.items()}
    if node.get("type") in ("object", ["object", "null"]) and "properties" in node:
        inner.setdefault("additionalProperties", False)
    return inner


def complaints(checker: Draft202012Validator, document: object) -> list[str]:
    return sorted(f"{error.json_path}: {error.message}" for error in checker.iter_errors(document))
