"""Before and after in IAM's own JSON: the guilty statements of a role's trust policy, and what to write instead."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from auditor.model import Source, Trust

Change = tuple[str, str]
"""The statements before and after, as JSON text."""

PREFERRED_AUDIENCE = "sts.amazonaws.com"
"""What GitHub's and AWS's own instructions ask tokens for."""


def narrowed(trust: Trust, places: Iterable[Source], claim: str, text: str) -> Change | None:
    """The claim must be `text`, in which only a star is a wildcard.

    It takes the place of the guilty values where others of a list may stay, else of all tests of the claim.
    """
    guilty = frozenset(place.pointer for place in places)
    key = _key(trust, claim)

    def edit(pointer: str, statement: dict[str, Any]) -> None:
        condition = _condition(statement)
        if not _replaced(condition, f"{pointer}/Condition", key, guilty, text):
            _require(condition, key, text)

    return _edited(trust, guilty, edit)


def required(trust: Trust, places: Iterable[Source], claim: str, text: str) -> Change | None:
    """The claim must be exactly `text`, besides everything that is demanded already."""
    key = _key(trust, claim)

    def edit(pointer: str, statement: dict[str, Any]) -> None:
        del pointer
        _require(_condition(statement), key, text)

    return _edited(trust, frozenset(place.pointer for place in places), edit)


def without(trust: Trust, places: Iterable[Source]) -> Change | None:
    """The listed values are gone. None where that would leave a list empty: then the statement has to go."""
    guilty = frozenset(place.pointer for place in places)
    emptied = False

    def edit(pointer: str, statement: dict[str, Any]) -> None:
        nonlocal emptied
        for operator, tests in _condition(statement).items():
            for key in list(tests):
                place = f"{pointer}/Condition/{_escape(operator)}/{_escape(key)}"
                listed = tests[key] if isinstance(tests[key], list) else [tests[key]]
                kept = [value for index, value in enumerate(listed) if not {place, f"{place}/{index}"} & guilty]
                emptied = emptied or not kept
                if len(kept) < len(listed):
                    tests[key] = kept[0] if len(kept) == 1 else kept

    change = _edited(trust, guilty, edit)
    return None if emptied else change


def audience(trust: Trust) -> str:
    """The audience to ask for: the usual one where it is registered."""
    registered = trust.audiences or ()
    return PREFERRED_AUDIENCE if PREFERRED_AUDIENCE in registered else next(iter(registered), "AUDIENCE")


def _edited(trust: Trust, guilty: frozenset[str], edit: Callable[[str, dict[str, Any]], None]) -> Change | None:
    """Every allow statement that holds a guilty place, before and after `edit`."""
    before: list[Any] = []
    after: list[Any] = []
    for pointer in dict.fromkeys(statement.source.pointer for statement in trust.allows):
        if any(place == pointer or place.startswith(f"{pointer}/") for place in guilty):
            statement = _resolve(trust.documents.get("role"), pointer)
            if not _editable(statement):
                return None
            changed = copy.deepcopy(statement)
            edit(pointer, changed)
            before.append(statement)
            after.append(changed)
    return (_text(before), _text(after)) if before and before != after else None


def _text(statements: list[Any]) -> str:
    return json.dumps(statements[0] if len(statements) == 1 else statements, indent=2)


def _editable(statement: Any) -> bool:
    """Whether statement and condition have the shape IAM documents; nothing is proposed for others."""
    if not isinstance(statement, dict):
        return False
    condition = statement.get("Condition", {})
    return isinstance(condition, dict) and all(isinstance(tests, dict) for tests in condition.values())


def _condition(statement: dict[str, Any]) -> dict[str, Any]:
    condition: dict[str, Any] = statement.setdefault("Condition", {})
    return condition


def _key(trust: Trust, claim: str) -> str:
    return f"{trust.issuer.url.removeprefix('https://')}:{claim}"


def _replaced(condition: Mapping[str, Any], place: str, key: str, guilty: frozenset[str], text: str) -> bool:
    """Puts `text` in the place of the guilty values of `key` where others stay beside it; False where none do."""
    done = False
    for operator, tests in condition.items():
        if "Not" in operator or operator == "Null" or ("*" in text and "Like" not in operator):
            continue
        for name, values in tests.items():
            if name.lower() != key.lower() or not isinstance(values, list):
                continue
            here = f"{place}/{_escape(operator)}/{_escape(name)}"
            hit = [index for index in range(len(values)) if f"{here}/{index}" in guilty]
            if hit and len(hit) < len(values):
                tests[name] = [text if i == hit[0] else value for i, value in enumerate(values) if i not in hit[1:]]
                done = True
    return done


def _require(condition: dict[str, Any], key: str, text: str) -> None:
    """`key` must be exactly `text`; tests of the same key that this makes idle go."""
    for operator in list(condition):
        condition[operator] = {name: v for name, v in condition[operator].items() if name.lower() != key.lower()}
        if not condition[operator]:
            del condition[operator]
    operator = "StringLike" if "*" in text else "StringEquals"
    condition[operator] = {**condition.get(operator, {}), key: text}


def _resolve(document: Any, pointer: str) -> Any:
    """What stands at a JSON pointer (RFC 6901); None where there is nothing."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, Mapping):
            document = document.get(name)
        elif isinstance(document, list | tuple) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        else:
            return None
    return document


def _escape(name: str) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
