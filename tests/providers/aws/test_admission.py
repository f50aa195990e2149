"""Whom a trust policy lets in besides web identities."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.providers.aws.admission import NOBODY, POLICY, Way, lets_in, read_admission, serves
from auditor.providers.aws.session import Session

ACCOUNT = "111122223333"
CALLER = Session(f"arn:aws:iam::{ACCOUNT}:role/ci/deploy", ACCOUNT, "aws", datetime(2026, 11, 22, tzinfo=UTC), "o-1")
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
FIRST = f"{POLICY}/Statement/0"
EXTERNAL_ID = {"StringEquals": {"sts:ExternalId": "x"}}


def policy(principal: Any, effect: str = "Allow", action: Any = "sts:AssumeRole", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": action, **more}


def admitted(*statements: Any) -> Way | None:
    return lets_in(read_admission({"Version": "2012-10-17", "Statement": list(statements)}), CALLER, "AROADEPLOY")


@pytest.mark.parametrize(
    ("principal", "named"),
    [
        ({"AWS": ROOT}, False),
        ({"AWS": ACCOUNT}, False),
        ({"AWS": ["arn:aws:iam::444455556666:root", ACCOUNT]}, False),
        ({"AWS": "*"}, False),
        ("*", False),
        ({"AWS": CALLER.role}, True),
        ({"AWS": "AROADEPLOY"}, True),
    ],
)
def test_let_in(principal: Any, named: bool) -> None:
    assert admitted(policy(principal)) == Way(FIRST, None, named)


@pytest.mark.parametrize(
    "statement",
    [
        policy({"AWS": "arn:aws:iam::444455556666:root"}),
        policy({"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}),
        policy({"AWS": f"arn:aws:iam::{ACCOUNT}:user/deploy"}),
        policy({"Service": "lambda.amazonaws.com"}),
        policy({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/x"}, action="sts:AssumeRoleWithWebIdentity"),
        policy({"AWS": ROOT}, action="sts:TagSession"),
        policy({"AWS": ROOT}, Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci/*"}}),
        policy({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-2"}}),
        policy({"AWS": ROOT}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        policy({"AWS": []}),
    ],
)
def test_kept_out(statement: Any) -> None:
    assert admitted(statement) is None


@pytest.mark.parametrize(
    ("statements", "doubt"),
    [
        (
            [policy({"AWS": ROOT}, Condition=EXTERNAL_ID)],
            "the condition StringEquals sts:ExternalId lets it through",
        ),
        (
            [{"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": "sts:AssumeRole"}],
            "the element NotPrincipal lets it through",
        ),
        (
            [policy({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/audit"})],
            "the session name audit lets it through",
        ),
        (
            [policy({"AWS": ROOT}), policy("*", "Deny", Condition={"Null": {"aws:PrincipalTag/a": "true"}})],
            "a Deny of the trust policy with the condition Null aws:PrincipalTag/a leaves it alone",
        ),
        ([7], "a statement of its trust policy, which could not be understood, lets it in"),
    ],
)
def test_let_in_perhaps(statements: list[Any], doubt: str) -> None:
    way = admitted(*statements)
    assert way is not None
    assert way.doubt == doubt


@pytest.mark.parametrize("principal", ["*", {"AWS": ROOT}, {"AWS": CALLER.role}])
def test_a_deny_wins(principal: Any) -> None:
    assert admitted(policy({"AWS": CALLER.role}), policy(principal, "Deny")) is None


def test_a_certain_statement_is_preferred() -> None:
    asked = policy({"AWS": ROOT}, Condition=EXTERNAL_ID)
    assert admitted(asked, policy({"AWS": ROOT})) == Way(f"{POLICY}/Statement/1", None, named=False)


@pytest.mark.parametrize("document", ["no json", None, 7, {}, {"Statement": "x"}])
def test_what_cannot_be_read_may_let_in(document: Any) -> None:
    way = lets_in(read_admission(document), CALLER, None)
    assert way is not None
    assert way.doubt is not None


def test_services() -> None:
    plain = policy({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com.cn"]})
    own = policy({"Service": "glue.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})
    other = policy({"Service": "ecs-tasks.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": "x"}})
    source = policy({"Service": "sagemaker.amazonaws.com"}, Condition={"ArnLike": {"aws:SourceArn": "arn:*"}})
    admission = read_admission({"Version": "2012-10-17", "Statement": [plain, own, other, source]})
    found = {
        name: serves(admission, f"{name}.amazonaws.com", ACCOUNT)
        for name in ("lambda", "ec2", "glue", "ecs-tasks", "sagemaker", "codebuild")
    }
    assert found == {
        "lambda": Way(FIRST, None, named=True),
        "ec2": Way(FIRST, None, named=True),
        "glue": Way(f"{POLICY}/Statement/1", None, named=True),
        "ecs-tasks": None,
        "sagemaker": Way(f"{POLICY}/Statement/3", "the condition ArnLike aws:SourceArn lets it through", named=True),
        "codebuild": None,
    }
    assert serves(NOBODY, "lambda.amazonaws.com", ACCOUNT) is None
