"""Effective permissions: against a naive evaluator that shares no code, on generated policies and requests."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from auditor.model import Level
from auditor.providers.aws.grants import Call, Fence
from auditor.providers.aws.held import hold
from auditor.providers.aws.levels import _group
from auditor.providers.aws.permissions import Standing
from auditor.providers.aws.session import Session
from auditor.providers.aws.tables import READING, WRITTEN
from tests.providers.aws import naive_iam

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
SESSION = Session(ROLE, ACCOUNT, "aws", datetime(2026, 11, 22, tzinfo=UTC))

Tuple = tuple[list[dict[str, Any]], dict[str, Any] | None, list[list[dict[str, Any]]]]
"""(identity policies, boundary, service control policies by level)."""

TUPLES = 6_000
REGIONS = ("eu-west-1", "us-east-1", "ap-south-2")

ACTIONS = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteBucket",
    "secretsmanager:GetSecretValue",
    "lambda:CreateFunction",
    "lambda:InvokeFunction",
    "dynamodb:GetItem",
    "iam:PassRole",
    "codestar:CreateProject",
)
ACTION_PATTERNS = (
    *(
        "*",
        "*:*",
        "s3:*",
        "s3:Get*",
        "S3:getobject",
        "lambda:*Function",
        "iam:*",
        "codestar:*",
        "secretsmanager:Get??????Value",
    ),
    *("dynamodb:*Item", "s3:PutObject", "lambda:InvokeFunction", "iam:PassRole", "secretsmanager:*"),
)
NAMES = ("app", "app-prod", "data", "zzz")
RESOURCES = {
    "s3": ("arn:aws:s3:::{}", "arn:aws:s3:::{}/key/1"),
    "secretsmanager": ("arn:aws:secretsmanager:{region}:{account}:secret:{}",),
    "lambda": ("arn:aws:lambda:{region}:{account}:function:{}",),
    "dynamodb": ("arn:aws:dynamodb:{region}:{account}:table/{}",),
    "iam": ("arn:aws:iam::{account}:role/{}",),
    "codestar": ("arn:aws:codestar:{region}:{account}:project/{}",),
}
RESOURCE_PATTERNS = (
    *(
        "*",
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::app*",
        "arn:aws:s3:::app/*",
        "arn:aws:s3:::*-prod/key/*",
        "arn:aws:s3:::???",
    ),
    *("arn:aws:secretsmanager:*:*:secret:*", "arn:aws:secretsmanager:eu-*:111122223333:secret:app-*"),
    *("arn:aws:lambda:*:${aws:PrincipalAccount}:function:*", "arn:aws:lambda:eu-west-1:111122223333:function:app*"),
    *("arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/team}-*", "arn:aws:dynamodb:*:*:table/*", "arn:aws:iam::*:role/*"),
    *(
        "arn:aws:iam::111122223333:role/app",
        "arn:aws:s3:::${aws:username}/*",
        "arn:aws:*:*:*:*",
        "arn:aws:s3:::app-prod",
    ),
)
CONDITIONS = (
    ("StringEquals", "aws:SourceVpc", ["vpc-1"]),
    ("StringNotEquals", "aws:SourceVpc", "vpc-1"),
    ("StringLikeIfExists", "aws:SourceVpc", ["vpc-*"]),
    ("ForAnyValue:StringNotEquals", "aws:SourceVpc", ["vpc-1"]),
    ("ForAllValues:StringLike", "aws:PrincipalTag/team", ["app", "da*"]),
    ("Null", "aws:PrincipalTag/team", "true"),
    ("Null", "AWS:username", ["true"]),
    ("StringNotEquals", "aws:RequestedRegion", ["eu-west-1", "us-east-1"]),
    ("StringEquals", "aws:RequestedRegion", ["eu-west-1"]),
    ("ArnNotLike", "aws:PrincipalARN", ["arn:aws:iam::*:role/ci/*"]),
    ("ArnLike", "aws:PrincipalArn", ["arn:aws:iam::*:role/admin"]),
    ("StringEquals", "aws:PrincipalAccount", ACCOUNT),
    ("Bool", "aws:SecureTransport", "false"),
    ("Bool", "aws:MultiFactorAuthPresent", ["true"]),
    ("BoolIfExists", "aws:MultiFactorAuthPresent", "true"),
    ("StringEquals", "iam:PassedToService", ["lambda.amazonaws.com"]),
    ("StringNotEquals", "iam:PassedToService", ["lambda.amazonaws.com"]),
    ("StringEqualsIgnoreCase", "aws:PrincipalType", "assumedrole"),
)


def statement(rng: Random, effect: str) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": effect}
    actions = rng.sample(ACTION_PATTERNS, rng.choice((1, 1, 2, 3)))
    found["NotAction" if rng.random() < 0.15 else "Action"] = actions[0] if len(actions) == 1 else actions
    targets = rng.sample(RESOURCE_PATTERNS, rng.choice((1, 1, 2)))
    found["NotResource" if rng.random() < 0.12 else "Resource"] = targets[0] if len(targets) == 1 else targets
    if rng.random() < 0.35:
        found["Condition"] = {}
        for operator, key, values in rng.sample(CONDITIONS, rng.choice((1, 1, 2))):
            found["Condition"].setdefault(operator, {})[key] = values
    return found


def policy(rng: Random, denies: float = 0.25) -> dict[str, Any]:
    count = rng.choice((1, 2, 3))
    statements = [statement(rng, "Deny" if rng.random() < denies else "Allow") for _ in range(count)]
    return {"Version": rng.choice(("2012-10-17", "2012-10-17", "2008-10-17")), "Statement": statements}


FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def bundle(rng: Random) -> Tuple:
    identity = [policy(rng) for _ in range(rng.choice((1, 2, 3)))]
    boundary = policy(rng, 0.1) if rng.random() < 0.4 else None
    levels = [[*([FULL] if rng.random() < 0.7 else []), policy(rng, 0.6)] for _ in range(rng.choice((0, 0, 1, 2)))]
    return identity, boundary, levels


def standing(bundle: Tuple) -> Standing:
    identity, boundary, levels = bundle
    held = [hold(document, f"policy-{number}", "") for number, document in enumerate(identity)]
    fences = [] if boundary is None else [[hold(boundary, "boundary", "")]]
    fences += [[hold(document, "scp", "") for document in level] for level in levels]
    denies = [rule for one in (*held, *itertools.chain(*fences)) for rule in one.denies]
    return Standing(
        SESSION,
        tuple(bound for one in held for bound in one.grants),
        tuple(denies),
        tuple(Fence("fence", tuple(bound.rule for one in level for bound in one.grants)) for level in fences),
    )


def contexts(given: Tuple, region: str, passed: str | None) -> Iterator[dict[str, str]]:
    """Every context that a request of this session may have, as far as the conditions above can tell them apart."""
    mentioned = repr(given).lower()
    known = {
        "aws:principalarn": ROLE,
        "aws:principalaccount": ACCOUNT,
        "aws:principaltype": "AssumedRole",
        "aws:securetransport": "true",
        "aws:requestedregion": region,
        **({"iam:passedtoservice": passed} if passed else {}),
    }
    free = {
        key: values
        for key, values in {
            "aws:sourcevpc": (None, "vpc-1", "vpc-2", "other"),
            "aws:principaltag/team": (None, "app", "data", "zzz"),
            "aws:multifactorauthpresent": (None, "false"),
        }.items()
        if key in mentioned
    }
    for values in itertools.product(*free.values()):
        chosen = {key: value for key, value in zip(free, values, strict=True) if value is not None}
        yield {**known, **chosen}


def request(rng: Random) -> Call:
    action = rng.choice(ACTIONS)
    region = rng.choice(REGIONS)
    form = rng.choice(RESOURCES[action.partition(":")[0]])
    resource = form.replace("{region}", region).replace("{account}", ACCOUNT).replace("{}", rng.choice(NAMES))
    passed = rng.choice(("lambda.amazonaws.com", "ec2.amazonaws.com")) if action == "iam:PassRole" else None
    return Call(action, resource, region, passed)


@pytest.mark.parametrize("part", range(4))
def test_two_sided_against_the_naive_evaluator(part: int) -> None:
    """Certain: allowed in every context. Not granted: allowed in none. No doubt without a reason is the next test."""
    seen: Counter[str] = Counter()
    for number in range(TUPLES * part // 4, TUPLES * (part + 1) // 4):
        rng = Random(number)
        given, call = bundle(rng), request(rng)
        grant = standing(given).judge(Call(call.action.lower(), call.resource, call.region, call.passed_to))
        verdicts = {
            naive_iam.allowed(call.action, call.resource, context, *given)
            for context in contexts(given, call.region, call.passed_to)
        }
        outcome = "no" if grant is None else "certain" if grant.doubt is None else "maybe"
        expected = {"no": {False}, "certain": {True}}.get(outcome)
        assert expected is None or verdicts == expected, (number, call, given, grant)
        seen[outcome] += 1
        seen["maybe, truly"] += outcome == "maybe" and verdicts == {True, False}
    assert min(seen["no"], seen["certain"], seen["maybe"]) > 40, seen
    # What is left open is open for the most part; the rest depends on two statements together.
    assert seen["maybe, truly"] / seen["maybe"] > 0.6, seen


def test_without_conditions_and_variables_nothing_is_left_open() -> None:
    exact = 0
    for number in range(5_000):
        rng = Random(100_000 + number)
        given, call = bundle(rng), request(rng)
        if "Condition" in repr(given) or "${" in repr(given):
            continue
        grant = standing(given).judge(Call(call.action.lower(), call.resource, call.region, call.passed_to))
        allowed = naive_iam.allowed(call.action, call.resource, {}, *given)
        assert (grant is not None, grant is not None and grant.doubt) == (allowed, allowed and None), (number, call)
        exact += 1
    assert exact > 200


def test_what_is_said_of_reading_holds_for_a_name_nobody_mentions() -> None:
    """Present whenever the naive evaluator lets one request through; certain only if it always does somewhere."""
    seen: Counter[bool | None] = Counter()
    for number in range(600):
        rng = Random(200_000 + number)
        given = bundle(rng)
        decided = standing(given)
        for group in READING:
            results = {}
            for region in (*REGIONS, "nowhere-1"):
                for action in group.any:
                    resource = {
                        "s3": "arn:aws:s3:::unmentioned/unmentioned",
                        "secretsmanager": f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:unmentioned",
                        "dynamodb": f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/unmentioned",
                    }.get(action.partition(":")[0])
                    if resource is not None:
                        results[region, action] = {
                            naive_iam.allowed(WRITTEN[action], resource, context, *given)
                            for context in contexts(given, region, None)
                        }
            if not results:
                continue
            one = _group(decided, group, Level.SENSITIVE_READ)
            seen[None if one is None else one.certain] += 1
            if one is None:
                assert all(verdicts == {False} for verdicts in results.values()), (number, group.may, given)
            elif one.certain:
                assert any(verdicts == {True} for verdicts in results.values()), (number, group.may, given)
    assert min(seen.values()) > 40, seen
