"""Holds events against the schema of OCSF itself, `schemas/ocsf-1.6.0.json`, which is in a language of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tests.report.formats import HERE

Node = Mapping[str, Any]
SCHEMA: Node = json.loads((HERE / "schemas/ocsf-1.6.0.json").read_text(encoding="utf-8"))
CLASSES = {2003: "compliance_finding", 2004: "detection_finding"}
PROFILES: Mapping[str, Node] = {"cloud": {"cloud": {"requirement": "required"}}}
"""Attributes that a profile adds; only those of ours."""
UIDS = {"category_uid", "class_uid"}
NUMBERS = {"integer_t", "long_t", "timestamp_t"}


def complaints(event: Node) -> list[str]:
    """What is wrong with `event`: unknown, missing or deprecated attributes, wrong types, values, captions, sums."""
    name = CLASSES.get(event.get("class_uid", 0))
    if name is None:
        return ["no class of ours"]
    attributes = dict(_attributes("events", name))
    for profile in event["metadata"].get("profiles", ()):
        attributes |= PROFILES[profile]
    found = list(_members(event, attributes, {}, "$"))
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        found.append("$.type_uid: not that of class and activity")
    if event["category_uid"] != event["class_uid"] // 1000:
        found.append("$.category_uid: not that of the class")
    return found


@cache
def _attributes(section: str, name: str) -> Node:
    """Own attributes over those of what it extends."""
    record = SCHEMA[section][name]
    above = _attributes(section, record["extends"]) if "extends" in record else {}
    own = {one: told for one, told in record["attributes"].items() if one != "$include"}
    return {**above, **{one: {**above.get(one, {}), **_told(told)} for one, told in own.items()}}


def _told(record: Node) -> Node:
    return {name: value for name, value in record.items() if value is not None}


def _constraints(name: str) -> Node:
    record = SCHEMA["objects"][name]
    above = _constraints(record["extends"]) if "extends" in record else {}
    found: Node = record.get("constraints", above)
    return found


def _members(value: Node, attributes: Node, constraints: Node, path: str) -> Iterator[str]:
    for name, told in attributes.items():
        if told.get("requirement") == "required" and told.get("profile") is None and name not in value:
            yield f"{path}.{name}: missing"
    if "at_least_one" in constraints and not set(constraints["at_least_one"]) & value.keys():
        yield f"{path}: none of {constraints['at_least_one']}"
    for name, one in value.items():
        if name not in attributes:
            yield f"{path}.{name}: unknown"
            continue
        general = SCHEMA["dictionary"][name]
        told = {**general, **attributes[name]}
        if "@deprecated" in told:
            yield f"{path}.{name}: deprecated"
        # The uids of class and category are the schema's own, not listed in it; `complaints` looks at them.
        listed = {} if name in UIDS else {**general.get("enum", {}), **attributes[name].get("enum", {})}
        many = isinstance(one, list)
        if many is not bool(told.get("is_array")):
            yield f"{path}.{name}: a list where none belongs, or none where one does"
        for single in one if many else (one,):
            yield from _value(single, told["type"], listed, f"{path}.{name}")
        caption = listed.get(str(one), {}).get("caption") if listed and not many else None
        sibling = told.get("sibling")
        if caption and sibling and one != 99 and value.get(sibling, caption) != caption:
            yield f"{path}.{sibling}: {value[sibling]!r} is not the caption of {name} {one}"


def _value(value: Any, kind: str, values: Node, path: str) -> Iterator[str]:
    if values and str(value) not in values:
        yield f"{path}: {value!r} is none of {sorted(values)}"
    if kind == "json_t":
        return
    if kind not in SCHEMA["types"]:
        if not isinstance(value, dict):
            yield f"{path}: no object"
        elif kind != "object":
            yield from _members(value, _attributes("objects", kind), _constraints(kind), path)
        return
    told = SCHEMA["types"][kind]
    base = told.get("type", kind)
    if base in NUMBERS or kind in NUMBERS:
        right = isinstance(value, int) and not isinstance(value, bool)
    elif base == "boolean_t":
        right = isinstance(value, bool)
    else:
        right = isinstance(value, str)
    if not right:
        yield f"{path}: {value!r} is no {kind}"
    elif "regex" in told and not re.search(told["regex"], str(value)):
        yield f"{path}: {value!r} does not look like {kind}"
    elif len(str(value)) > told.get("max_len", 65_535):
        yield f"{path}: too long"
