"""Whether one concrete call meets a Condition block, by direct interpretation. Part of the concrete evaluator.

Nothing is compiled or shared with the compiler. Rules: IAM user guide, condition operators.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from auditor.providers.aws.evaluate_keys import (
    Absent,
    Either,
    KeyValue,
    Moment,
    Text,
    Texts,
    Truth,
    Unclear,
    lookup,
    lower,
    without_token,
)
from auditor.providers.aws.evaluate_operators import NEGATED, OPERATORS, Operator
from auditor.providers.aws.evaluate_texts import Reading


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued and. Nothing is asked behind the first False."""
    verdict: bool | None = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            verdict = None
    return verdict


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued or. Nothing is asked behind the first True."""
    verdict: bool | None = False
    for answer in answers:
        if answer is True:
            return True
        if answer is None:
            verdict = None
    return verdict


def opposite(answer: bool | None) -> bool | None:
    """Three-valued not."""
    return None if answer is None else not answer


def meets(block: Any, reading: Reading) -> bool | None:
    """Whether the call meets every test of a `Condition` block; None where that depends on something unknown."""
    if not isinstance(block, dict):
        return None
    told_soonest_first = sorted(block, key=lambda operator: operator != "Null") if "Null" in block else block
    return all_of(_operator_holds(operator, block[operator], reading) for operator in told_soonest_first)


def met_by_no_token(block: Any, reading: Reading) -> bool:
    """Whether some test fails whatever the token and the role: it is about other issuers, or other kinds of callers."""
    if not isinstance(block, dict):
        return False
    for operator, tests in block.items():
        if isinstance(tests, dict) and len({lower(key) for key in tests}) == len(tests):
            values = ((without_token(key, reading.call), listed) for key, listed in tests.items())
            if any(_fails_always(operator, value, listed, reading) for value, listed in values):
                return True
    return False


def _fails_always(operator: str, value: KeyValue | None, listed: Any, reading: Reading) -> bool:
    # What a listed text stands for may depend on the token: such operators are asked of keys that are absent only.
    told = isinstance(value, Absent) or (value is not None and operator in ("Bool", "BoolIfExists", "Null"))
    return told and value is not None and _test(operator, value, listed, reading) is False


def _operator_holds(operator: str, tests: Any, reading: Reading) -> bool | None:
    if not isinstance(tests, dict) or not tests:
        return None
    if len(tests) == 1 or len({lower(key) for key in tests}) == len(tests):
        return all_of(_test(operator, lookup(key, reading.call), listed, reading) for key, listed in tests.items())
    answers: dict[str, list[bool | None]] = {}
    for key, listed in tests.items():
        answers.setdefault(lower(key), []).append(_test(operator, lookup(key, reading.call), listed, reading))
    # Two spellings of one key are a duplicate key; what IAM makes of one is not established.
    return all_of(found[0] if all(answer is found[0] for answer in found) else None for found in answers.values())


@lru_cache(maxsize=1024)
def _operator(name: str) -> tuple[str, Operator, bool, bool] | None:
    """Quantifier, the operator that compares, whether it is negated, whether a missing key will do."""
    quantifier, colon, rest = name.rpartition(":")
    bare = rest.removesuffix("IfExists")
    positive = OPERATORS.get(bare) or OPERATORS.get(NEGATED.get(bare, ""))
    if positive is None or quantifier not in ("", "ForAllValues", "ForAnyValue") or bool(colon) != bool(quantifier):
        return None
    return quantifier, positive, bare in NEGATED, rest.endswith("IfExists")


def _test(operator: str, value: KeyValue, listed: Any, reading: Reading) -> bool | None:
    """One operator on one key."""
    if isinstance(value, Either):
        answers = {_test(operator, one, listed, reading) for one in value.values}
        return answers.pop() if len(answers) == 1 else None
    texts = _texts(listed)
    if texts is None:
        return None
    if operator == "Null":
        return _null(value, texts)
    known = _operator(operator)
    if known is None:
        return None
    quantifier, positive, negated, if_exists = known

    def satisfied(element: Text | Moment | Truth) -> bool | None:
        if negated and not texts:
            return None  # IAM stores an empty list; that positive operators never match it is all that was tried
        some = any_of(positive(element, text, reading) for text in texts)
        return opposite(some) if negated else some

    match value:
        case Unclear():
            return None
        case Absent():
            return quantifier == "ForAllValues" if quantifier else if_exists or negated
        case Texts(()):
            if quantifier:
                return quantifier == "ForAllValues"
            # Whether an empty list counts as present is not established; a plain positive operator fails either way.
            return None if if_exists or negated else False
        case Texts(elements):
            if not quantifier:
                return False  # an operator for single values never matches a list
            each = [satisfied(Text(element)) for element in elements]
        case _:
            elements = (value.value,) if isinstance(value, Text) else ()
            each = [satisfied(value)]
    # AWS's documents let an empty text count as an empty list under a set operator: everything holds of each of its
    # elements, nothing of any.
    hollow = None if elements and not any(elements) else False
    if quantifier == "ForAllValues":
        return any_of((all_of(each), hollow))
    return all_of((any_of(each), opposite(hollow))) if quantifier else any_of(each)


def _null(value: KeyValue, texts: list[str]) -> bool | None:
    missing: bool | None
    match value:
        case Absent():
            missing = True
        case Unclear(present):
            missing = opposite(present)
        case Texts(()):
            missing = None
        case _:
            missing = False
    if not texts or missing is None or any(lower(text) not in ("true", "false") for text in texts):
        return None
    return any((lower(text) == "true") is missing for text in texts)


def _texts(listed: Any) -> list[str] | None:
    """The values a key is compared with, as texts; None for a shape IAM has no reading for.

    Numbers and truth values are legal and compare as text. How IAM writes a fraction is not established.
    """
    values: list[str] = []
    for value in listed if isinstance(listed, list | tuple) else [listed]:
        if isinstance(value, bool):
            values.append("true" if value else "false")
        elif isinstance(value, str | int):
            values.append(str(value))
        else:
            return None
    return values
