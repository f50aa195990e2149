"""Before and after in IAM's own JSON: the guilty statements of a role's trust policy, and what to write instead."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from auditor.model import Source, Trust

Change = tuple[str, str]
"""The statements before and after, as JSON text."""

LARGEST = 8_192
"""Characters of JSON anybody reads; AWS stores 2,048 by default."""

PREFERRED_AUDIENCE = "sts.amazonaws.com"
"""What GitHub's and AWS's own instructions ask tokens for."""


def narrowed(trust: Trust, texts: Mapping[Source, str], claim: str) -> Change | None:
    """The claim must be the text given for a guilty place, in which only a star is a wildcard.

    It takes the place of guilty values where others of their list may stay, else of all tests of the claim.
    """
    key = _key(trust, claim)
    written = {place.pointer: text for place, text in texts.items()}

    def edit(pointer: str, statement: dict[str, Any]) -> None:
        condition = _condition(statement)
        if not _replaced(condition, f"{pointer}/Condition", key, written):
            own = (text for place, text in written.items() if _under(place, pointer))
            _require(condition, key, list(dict.fromkeys(own)))

    return _edited(trust, frozenset(written), edit)


def required(trust: Trust, places: Iterable[Source], claim: str, text: str) -> Change | None:
    """The claim must be exactly `text`, besides everything that is demanded already."""
    key = _key(trust, claim)

    def edit(pointer: str, statement: dict[str, Any]) -> None:
        del pointer
        _require(_condition(statement), key, [text])

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
        if any(_under(place, pointer) for place in guilty):
            statement = _resolve(trust.documents.get("role"), pointer)
            if not _editable(statement):
                return None
            changed = copy.deepcopy(statement)
            edit(pointer, changed)
            before.append(statement)
            after.append(changed)
    if not before or before == after:
        return None
    change = (_text(before), _text(after))
    return change if max(map(len, change)) <= LARGEST else None


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


def _under(place: str, pointer: str) -> bool:
    return place == pointer or place.startswith(f"{pointer}/")


def _replaced(condition: Mapping[str, Any], place: str, key: str, texts: Mapping[str, str]) -> bool:
    """Puts each text in its place where other values stay beside it; False where none do."""
    done = False
    for operator, tests in condition.items():
        if "Not" in operator or operator == "Null":
            continue
        for name, values in tests.items():
            if name.lower() != key.lower() or not isinstance(values, list):
                continue
            here = f"{place}/{_escape(operator)}/{_escape(name)}"
            new = [texts.get(f"{here}/{index}") for index in range(len(values))]
            wild = any(text is not None and "*" in text for text in new)
            if any(new) and not all(new) and ("Like" in operator or not wild):
                merged = (value if text is None else text for value, text in zip(values, new, strict=True))
                tests[name] = list(dict.fromkeys(merged))
                done = True
    return done


def _require(condition: dict[str, Any], key: str, texts: list[str]) -> None:
    """`key` must be one of `texts`; tests of the same key that this makes idle go."""
    for operator in list(condition):
        condition[operator] = {name: v for name, v in condition[operator].items() if name.lower() != key.lower()}
        if not condition[operator]:
            del condition[operator]
    operator = "StringLike" if any("*" in text for text in texts) else "StringEquals"
    condition[operator] = {**condition.get(operator, {}), key: texts[0] if len(texts) == 1 else texts}


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
