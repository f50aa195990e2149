"""Conditions of permission policies, for a session that a token bought."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.providers.aws.session import Session, holds
from auditor.providers.aws.values import Variables

SESSION = Session(
    "arn:aws:iam::111122223333:role/ci/deploy", "111122223333", "aws", datetime(2026, 11, 22, 12, tzinfo=UTC), "o-1"
)


def judged(condition: Any, *, expanded: bool | None = True) -> bool | str:
    return holds(condition, SESSION.values, Variables(expanded, SESSION.expanded))


# `aws:username` is missing from the session of a role; `aws:PrincipalAccount` is known; `aws:SourceVpc` is not.


@pytest.mark.parametrize(
    ("operator", "missing", "same", "other"),
    [
        ("StringEquals", False, True, False),
        ("StringEqualsIfExists", True, True, False),
        ("StringNotEquals", True, False, True),
        ("StringNotEqualsIfExists", True, False, True),
        ("ForAnyValue:StringEquals", False, True, False),
        ("ForAnyValue:StringNotEquals", False, False, True),
        ("ForAllValues:StringEquals", True, True, False),
        ("ForAllValues:StringNotEquals", True, False, True),
        ("StringLike", False, True, False),
        ("StringNotLike", True, False, True),
    ],
)
def test_operators(operator: str, missing: bool, same: bool, other: bool) -> None:
    assert judged({operator: {"aws:username": "deploy"}}) is missing
    assert judged({operator: {"AWS:PrincipalAccount": ["x", "111122223333"]}}) is same
    assert judged({operator: {"aws:PrincipalAccount": "444455556666"}}) is other
    assert judged({operator: {"aws:SourceVpc": "vpc-1"}}) == f"the condition {operator} aws:SourceVpc"


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [
        ({"Null": {"aws:username": "true"}}, True),
        ({"Null": {"aws:username": "false"}}, False),
        ({"Null": {"aws:PrincipalArn": "false"}}, True),
        ({"Null": {"aws:MultiFactorAuthPresent": "true"}}, "the condition Null aws:MultiFactorAuthPresent"),
        ({"Bool": {"aws:MultiFactorAuthPresent": True}}, False),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "the condition Bool aws:MultiFactorAuthPresent"),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, True),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci/*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, True),
        ({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/other"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:*:role/ci/deploy"}}, "the condition ArnLike aws:PrincipalArn"),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": 111122223333}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": None}}, "the condition StringEquals aws:PrincipalAccount"),
        ({"StringEquals": {"aws:PrincipalAccount": []}}, False),
        ({"StringNotEquals": {"aws:PrincipalAccount": []}}, "the condition StringNotEquals aws:PrincipalAccount"),
        ({"StringAlmost": {"aws:PrincipalAccount": "x"}}, "the condition StringAlmost"),
        ({"StringEquals": {}}, "the condition StringEquals"),
        ({"StringEquals": {"aws:SourceVpc": "x", "aws:username": "x"}}, False),
        ({"StringEquals": {"aws:SourceVpc": "x"}, "Bool": {"aws:SecureTransport": "false"}}, False),
        ({}, True),
        ("x", "a condition that is no object"),
    ],
)
def test_what_is_known_of_the_session(condition: Any, outcome: bool | str) -> None:
    assert judged(condition) == outcome
