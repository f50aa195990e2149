from __future__ import annotations

import pytest

from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    ELEMENT,
    FALSE,
    TRUE,
    AllValues,
    And,
    AnyValue,
    Exists,
    Match,
    Not,
    Or,
    Predicate,
    SameText,
    Token,
    Unknown,
    claims_of,
    conjunction,
    disjunction,
    equals,
    evaluate,
    negation,
)

A, B = equals("a", "1"), equals("b", "2")
UNKNOWN = Unknown("aws:SourceIp")


def test_constants_fold_away() -> None:
    assert conjunction(()) == TRUE
    assert disjunction(()) == FALSE
    assert conjunction((A, TRUE)) == A
    assert conjunction((A, FALSE, UNKNOWN)) == FALSE
    assert disjunction((A, FALSE)) == A
    assert disjunction((A, UNKNOWN, TRUE)) == TRUE
    assert conjunction((A, And((B, A)))) == And((A, B))
    assert disjunction((A, Or((B, A)))) == Or((A, B))
    assert negation(negation(A)) == A
    assert negation(TRUE) == FALSE
    assert negation(A) == Not(A)


def test_claims_of_names_every_claim_read() -> None:
    asked = conjunction(
        (A, Not(SameText("x", "y")), disjunction((Exists("z"), AnyValue("list", equals(ELEMENT, "e")))), UNKNOWN)
    )
    assert claims_of(asked) == {"a", "x", "y", "z", "list"}


TOKEN: Token = {"a": "1", "b": "2", "list": ("x", "y"), "none": (), "flag": True, "number": 7}


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (A, True),
        (equals("a", "2"), False),
        (equals("missing", "1"), False),
        (Not(equals("missing", "1")), True),
        (equals("list", "x"), False),
        (equals("number", "7"), False),
        (Match("a", ValueSet(["1", "3"])), True),
        (Match("a", Pattern.glob("?")), True),
        (Exists("none"), True),
        (Exists("missing"), False),
        (SameText("a", "a"), True),
        (SameText("a", "b"), False),
        (SameText("missing", "missing"), False),
        (SameText("list", "list"), False),
        (AnyValue("list", equals(ELEMENT, "y")), True),
        (AnyValue("list", equals(ELEMENT, "z")), False),
        (AnyValue("none", TRUE), False),
        (AnyValue("missing", TRUE), False),
        (AnyValue("a", equals(ELEMENT, "1")), True),
        (AllValues("list", Match(ELEMENT, ValueSet(["x", "y"]))), True),
        (AllValues("list", equals(ELEMENT, "x")), False),
        (AllValues("none", FALSE), True),
        (AllValues("missing", TRUE), False),
        (AllValues("a", equals(ELEMENT, "2")), False),
        (AllValues("number", TRUE), False),
        (AnyValue("list", conjunction((equals(ELEMENT, "x"), UNKNOWN))), None),
        (AnyValue("list", disjunction((equals(ELEMENT, "x"), UNKNOWN))), True),
        (AllValues("list", disjunction((equals(ELEMENT, "x"), UNKNOWN))), None),
        (UNKNOWN, None),
        (Not(UNKNOWN), None),
        (And((A, UNKNOWN)), None),
        (And((equals("a", "2"), UNKNOWN)), False),
        (Or((A, UNKNOWN)), True),
        (Or((equals("a", "2"), UNKNOWN)), None),
    ],
)
def test_evaluation_is_three_valued(predicate: Predicate, expected: bool | None) -> None:
    assert evaluate(predicate, TOKEN) is expected
