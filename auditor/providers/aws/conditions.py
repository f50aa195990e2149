"""One `Condition` block of a trust policy → clauses over the claims of a token.

Operators of a block and keys of an operator are joined by *and*, listed values by *or* (*nor* under a negated
operator). What a missing key means is the operator's business (reference: IAM user guide, condition operators).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, assert_never

from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.predicate import (
    ELEMENT,
    FALSE,
    TRUE,
    AllValues,
    AnyValue,
    Constant,
    Exists,
    Match,
    Not,
    Predicate,
    Unknown,
    conjunction,
    disjunction,
    negation,
)
from auditor.model import Clause, Source, Value
from auditor.providers.aws.keys import (
    ABSENT,
    SESSION_NAME,
    Absent,
    Known,
    OneOf,
    Reading,
    Request,
    Text,
    TextOrTexts,
    Texts,
    Unreadable,
    lookup,
    reads_token,
    token_key,
)
from auditor.providers.aws.operators import Comparison, Operator, Quantifier, parse
from auditor.providers.aws.values import Variables, has_text, known_test, unknown, value_test

_ANY_TEXT = Pattern((Wild.STAR,))
_LARGEST_NUMBER = 10**40
_NO_VARIABLES = Variables(expanded=False, resolve=lambda _: ABSENT)
_NEVER_EMPTY = frozenset(("sub", "aud", "azp", SESSION_NAME))


@dataclass(frozen=True, slots=True)
class Listed:
    """One listed value; `text` is None where what IAM compares with is not known, and `reason` says why."""

    text: str | None
    reason: str = ""
    malformed: bool = False
    """No value at all: not even what it means for a missing key is known."""


@dataclass(frozen=True, slots=True)
class Test:
    """One operator on one key, apart from where it stands."""

    predicate: Predicate
    each: tuple[Predicate, ...]
    """What it would be with each listed value alone; empty where the values are no alternatives."""


def escape(name: str) -> str:
    """A name as one step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def doubt(document: str, pointer: str, text: str, reason: str) -> Clause:
    """A clause nobody could read."""
    return Clause(Source(document, pointer), text, Unknown(reason))


def of_tokens_alone(block: Any) -> bool:
    """Whether every test of `block` is of a key that reads the token, with texts that no policy variable is in."""
    if not isinstance(block, dict):
        return False
    for tests in block.values():
        if not isinstance(tests, dict):
            return False
        for key, values in tests.items():
            if not isinstance(key, str) or not reads_token(key):
                return False
            for value in values if isinstance(values, list) else (values,):
                if not isinstance(value, str) or "${" in value:
                    return False
    return True


def compile_conditions(
    block: Any, request: Request, document: str, pointer: str, expanded: bool | None
) -> tuple[Clause, ...]:
    """One clause per operator and key of `block`, which stands at `pointer` of `document`.

    `expanded` says whether the policy's version has policy variables (None: not known). Never raises; what is not
    understood becomes a clause of `Unknown`.
    """
    if not isinstance(block, Mapping):
        return (doubt(document, pointer, "Condition", "the condition is not an object"),)
    clauses: list[Clause] = []
    for name, tests in block.items():
        place = f"{pointer}/{escape(str(name))}"
        operator = parse(name) if isinstance(name, str) else None
        if not isinstance(tests, Mapping):
            clauses.append(doubt(document, place, str(name), f"the test under {name} is not an object"))
            continue
        if operator is None:
            clauses.append(doubt(document, place, str(name), f"{name} is no condition operator this program knows"))
            continue
        if not tests:
            clauses.append(doubt(document, place, name, f"whether {name} without a key tests nothing is not settled"))
        spellings = [str(key).lower() for key in tests]
        repeated = len(set(spellings)) < len(spellings)
        for key, values in tests.items():
            inside = f"{place}/{escape(str(key))}"
            if not isinstance(key, str) or (repeated and spellings.count(key.lower()) > 1):
                reason = f"{key} stands twice in one operator, in two spellings; how IAM joins them is not settled"
                clauses.append(doubt(document, inside, f"{name} {key}", reason))
                continue
            clauses.append(_clause(operator, key, values, request, document, inside, expanded))
    return tuple(clauses)


def _scalar(value: Any) -> Listed:
    match value:
        case str():
            return Listed(value)
        case bool():
            return Listed("true" if value else "false")
        case int() if abs(value) < _LARGEST_NUMBER:
            return Listed(str(value))
        case int() | float():
            return Listed(None, "how IAM writes this number as text is not settled")
        case None:
            return Listed(None, "null is no value IAM compares with", malformed=True)
        case _:
            return Listed(None, "an object or a list is no value IAM compares with", malformed=True)


def _clause(
    operator: Operator, key: str, values: Any, request: Request, document: str, pointer: str, expanded: bool | None
) -> Clause:
    if isinstance(values, list | tuple):
        listed = tuple(map(_scalar, values))
        places = [f"{pointer}/{index}" for index in range(len(listed))]
    else:
        listed, places = (_scalar(values),), [pointer]
    test = _test_of(operator, key, listed, request, expanded)
    alternatives = [
        Value(Source(document, place), value.reason if value.text is None else value.text, alone)
        for place, value, alone in zip(places, listed, test.each, strict=False)
    ]
    return Clause(Source(document, pointer), f"{operator.name} {key}", test.predicate, tuple(alternatives))


def _test_of(operator: Operator, key: str, listed: tuple[Listed, ...], request: Request, expanded: bool | None) -> Test:
    """The test; remembered where nothing but the texts of the policy decides what it says."""
    texts = [value.text for value in listed if value.text is not None and "${" not in value.text]
    if len(texts) == len(listed) and reads_token(key):
        return _plain_test(operator.name, key, request.issuer, tuple(texts))
    return _compiled(operator, lookup(key, request), listed, Variables(expanded, partial(lookup, request=request)))


@lru_cache(maxsize=1 << 12)
def _plain_test(name: str, key: str, issuer: str, texts: tuple[str, ...]) -> Test:
    """The same for a key of the token and texts without policy variables: most roles have the audience in common."""
    operator = parse(name)
    assert operator is not None
    return _compiled(operator, token_key(key, issuer), tuple(map(Listed, texts)), _NO_VARIABLES)


def _compiled(operator: Operator, reading: Reading, listed: tuple[Listed, ...], variables: Variables) -> Test:
    if isinstance(reading, OneOf):
        return _whichever(operator, reading, listed, variables)
    columns = {
        target: tuple([_value_test(value, operator, reading, target, variables) for value in listed])
        for target in _targets(operator, reading)
    }
    predicate = _test(operator, reading, columns)
    if not _any_is_enough(operator, reading):
        return Test(predicate, ())
    if len(listed) == 1:
        return Test(predicate, (predicate,))
    rows = ({target: (column[row],) for target, column in columns.items()} for row in range(len(listed)))
    return Test(predicate, tuple(_test(operator, reading, row) for row in rows))


def _whichever(operator: Operator, reading: OneOf, listed: tuple[Listed, ...], variables: Variables) -> Test:
    """What the test says whichever of the values it is."""
    told = {_compiled(operator, one, listed, variables).predicate for one in reading.readings}
    return Test(told.pop() if len(told) == 1 else Unknown(reading.reason), ())


def _any_is_enough(operator: Operator, reading: Reading) -> bool:
    """Whether the clause is the union of what it would be with each value alone."""
    every_element = operator.quantifier is Quantifier.ALL and isinstance(reading, Texts | TextOrTexts)
    return not operator.negated and not every_element


Columns = Mapping[str, tuple[Predicate, ...]]
"""Claim (or `ELEMENT`) → for each listed value, whether it matches there."""


def _targets(operator: Operator, reading: Reading) -> tuple[str, ...]:
    """Where the listed values are looked for."""
    match reading:
        case Text(cases):
            return tuple(claim for _, claim in cases)
        case TextOrTexts(claim) if operator.quantifier is Quantifier.NONE:
            return (claim,)
        case _:
            return (ELEMENT,)


def _value_test(value: Listed, operator: Operator, reading: Reading, target: str, variables: Variables) -> Predicate:
    if operator.comparison is Comparison.NULL:
        asked = (value.text or "").lower()
        return Constant(asked == "true") if asked in ("true", "false") else Unknown("Null wants true or false")
    if value.malformed:
        return Unknown(value.reason)
    if isinstance(reading, Absent):
        return FALSE
    if value.text is None:
        return unknown(target, value.reason)
    if isinstance(reading, Known):
        return known_test(value.text, operator, reading, variables)
    return value_test(value.text, operator, target, variables)


def _test(operator: Operator, reading: Reading, columns: Columns) -> Predicate:
    if operator.comparison is Comparison.NULL:
        return _null(reading, columns[_targets(operator, reading)[0]])
    match reading:
        case Unreadable(reason) | OneOf(_, reason):
            return Unknown(reason)
        case Absent():
            return _combine(operator, lambda: FALSE, disjunction(columns[ELEMENT]))
        case Known(text):
            predicate = _combine(operator, lambda: TRUE, _some(operator, ELEMENT, columns))
            if operator.quantifier is Quantifier.ALL and not text and predicate != TRUE:
                return Unknown("ForAllValues on an empty text is not decided")
            return predicate
        case Text():
            return _text(operator, reading, columns)
        case TextOrTexts(claim) if operator.quantifier is Quantifier.NONE:
            many = conjunction((Exists(claim), Not(Match(claim, _ANY_TEXT))))
            single = _text(operator, Text(((TRUE, claim),)), columns)
            reason = f"whether AWS reads several values of {claim} as a list is not settled"
            return disjunction((conjunction((negation(many), single)), conjunction((many, Unknown(reason)))))
        case Texts(claim) | TextOrTexts(claim):
            return _list(operator, claim, columns)
        case _:
            assert_never(reading)


def _combine(operator: Operator, there: Callable[[], Predicate], matches: Predicate) -> Predicate:
    """The operator's answer for a single-valued key, given whether it is there and whether a listed value matches."""
    body = negation(matches) if operator.negated else matches
    if operator.quantifier is Quantifier.ANY:
        return conjunction((there(), body)) if operator.negated else body
    if operator.quantifier is Quantifier.ALL or operator.if_exists:
        return disjunction((negation(there()), body))
    return body  # a negated test of a missing key holds, since no value matches there


def _some(operator: Operator, target: str, columns: Columns) -> Predicate:
    """Some listed value matches the text under `target`; false where it is missing."""
    column = columns[target]
    if not column and operator.negated:
        return unknown(target, f"{operator.name} with an empty list is not decided")
    return column[0] if len(column) == 1 else disjunction(column)


def _text(operator: Operator, reading: Text, columns: Columns) -> Predicate:
    cases = [(guard, _some(operator, claim, columns)) for guard, claim in reading.cases]
    only = len(cases) == 1 and cases[0][0] == TRUE
    matches = cases[0][1] if only else disjunction(map(conjunction, cases))
    predicate = _combine(operator, partial(has_text, reading), matches)
    if operator.quantifier is not Quantifier.ALL:
        return predicate
    # By AWS's documents an empty text may count as an empty list here.
    empty = (
        conjunction((guard, Match(claim, Pattern(())), Unknown("ForAllValues on an empty text is not decided")))
        for guard, claim in reading.cases
        if claim not in _NEVER_EMPTY
    )
    return disjunction((predicate, *empty))


def _list(operator: Operator, claim: str, columns: Columns) -> Predicate:
    missing = Not(Exists(claim))
    if operator.quantifier is Quantifier.NONE:  # never matches while the key is there, negated and IfExists included
        return disjunction((missing, _empty(claim))) if operator.negated or operator.if_exists else FALSE
    matches = _some(operator, ELEMENT, columns)
    each = negation(matches) if operator.negated else matches
    if operator.quantifier is Quantifier.ANY:
        return FALSE if each == FALSE else AnyValue(claim, each)
    return TRUE if each == TRUE else disjunction((missing, AllValues(claim, each)))


def _empty(claim: str) -> Predicate:
    """Unknown for an empty list, which may count as a missing one; false for any other."""
    return conjunction((AllValues(claim, FALSE), Unknown(f"whether an empty {claim} counts as missing is not settled")))


def _null(reading: Reading, wanted: tuple[Predicate, ...]) -> Predicate:
    """`wanted`: for each listed value whether it asks for absence; unknown where it says neither."""
    match reading:
        case Unreadable(reason) | OneOf(_, reason):
            return Unknown(reason)
        case Absent():
            there: Predicate = FALSE
        case Known():
            there = TRUE
        case Text():
            there = has_text(reading)
        case TextOrTexts(claim):
            there = Exists(claim)
        case Texts(claim):
            there = disjunction((AnyValue(claim, TRUE), _empty(claim)))
        case _:
            assert_never(reading)
    if not wanted:
        return Unknown("Null with an empty list is not decided")
    return disjunction(negation(there) if want == TRUE else there if want == FALSE else want for want in wanted)
