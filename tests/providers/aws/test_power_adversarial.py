"""What a role of AWS may do where it is easily read otherwise: too certain, or gone though it is there."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.providers.aws import PROVIDER as AWS
from tests.providers.aws import power_cases
from tests.providers.power_told import Want, told

ROLE = f"arn:aws:iam::{power_cases.ACCOUNT}:role/"
BUCKET = ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]
Statement = dict[str, Any]


def allow(*actions: str, on: Any = "*", when: Any = None, **more: Any) -> Statement:
    found: Statement = {"Effect": "Allow", "Resource": on, **({"Action": list(actions)} if actions else {}), **more}
    return found | ({"Condition": when} if when else {})


def deny(*actions: str, on: Any = "*", when: Any = None, **more: Any) -> Statement:
    return allow(*actions, on=on, when=when, **more) | {"Effect": "Deny"}


def beyond(*actions: str, places: Any) -> Statement:
    """A Deny of everything but some places."""
    return {"Effect": "Deny", "Action": list(actions), "NotResource": places}


def role(name: str, trusted: Any, **condition: Any) -> dict[str, Any]:
    """Another role, an administrator, whom `trusted` may assume."""
    trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole", **condition}
    return {"role": name, "statements": [allow("*")], "trust": [trust]}


SERVED = role("served", {"Service": "lambda.amazonaws.com"})
WORKER = {**SERVED, "role": "worker", "statements": []}
OPEN = role("boss", {"AWS": power_cases.ACCOUNT})
RUN = allow("lambda:CreateFunction", "lambda:InvokeFunction")
PASS = "iam:PassedToService"
WIDE = Want("wide-write", "wide-write")

AWS_CASES: list[tuple[str, list[Statement], list[Any], dict[str, Any], Want]] = [
    (
        "a Deny spares what its NotResource names",
        [allow("s3:*"), beyond("s3:*", places=BUCKET)],
        [],
        {},
        Want("scoped", "scoped"),
    ),
    ("and so where everything is allowed", [allow("*"), beyond("*", places=BUCKET)], [], {}, Want("scoped", "scoped")),
    (
        "one of two that lies within the other",
        [allow("s3:*"), beyond("*", places="arn:aws:s3:::b/*"), beyond("*", places="arn:aws:s3:::b/x/*")],
        [],
        {},
        Want("scoped", "scoped"),
    ),
    (
        "two that share nothing",
        [allow("s3:*"), beyond("*", places="arn:aws:s3:::a/*"), beyond("*", places="arn:aws:s3:::b/*")],
        [],
        {},
        Want("none", "none"),
    ),
    (
        "in a boundary",
        [allow("s3:*")],
        [{"policy": "bounds", "statements": [allow("*"), beyond("*", places=BUCKET)]}],
        {"boundary": "bounds"},
        Want("scoped", "scoped"),
    ),
    (
        "its NotAction and another's NotResource",
        [allow("s3:*"), {"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "*"}, beyond("*", places=BUCKET)],
        [],
        {},
        Want("scoped", "scoped"),
    ),
    ("all but its own role", [allow("*"), beyond("*", places=f"{ROLE}r")], [], {}, Want("escalation", "escalation")),
    (
        "Allow and Deny of the same NotAction",
        [
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"},
        ],
        [],
        {},
        Want("none", "none"),
    ),
    (
        "an action that nobody misses",
        [{"Effect": "Allow", "NotAction": "s3:DeleteBucket", "Resource": "*"}],
        [],
        {},
        Want("admin", "admin"),
    ),
    (
        "NotAction in other letters",
        [{"Effect": "Allow", "NotAction": "IAM:*", "Resource": "*"}],
        [],
        {},
        Want("escalation", "wide-write"),
    ),
    (
        "everything that is not IAM's",
        [{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:iam::*:*"}],
        [],
        {},
        WIDE,
    ),
    (
        "a session of a token has no second factor",
        [allow("*"), deny("*", when={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})],
        [],
        {},
        Want("none", "none"),
    ),
    (
        "or one that is said to be missing: both happen",
        [allow("*"), deny("*", when={"Bool": {"aws:MultiFactorAuthPresent": "false"}})],
        [],
        {},
        Want("admin", "none"),
    ),
    (
        "a Deny for everybody else",
        [allow("*"), deny("*", when={"ArnNotLike": {"aws:PrincipalArn": f"{ROLE}r"}})],
        [],
        {},
        Want("admin", "admin"),
    ),
    (
        "a Deny for itself",
        [allow("*"), deny("*", when={"ArnLike": {"aws:PrincipalArn": f"{ROLE}r"}})],
        [],
        {},
        Want("none", "none"),
    ),
    (
        "IAM is in one region",
        [allow("*"), deny("*", when={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}})],
        [],
        {},
        Want("escalation", "wide-write"),
    ),
    (
        "sessions that were revoked",
        [allow("*"), deny("*", when={"DateLessThan": {"aws:TokenIssueTime": "2026-11-01T00:00:00Z"}})],
        [],
        {},
        Want("admin", "none"),
    ),
    (
        "a role has no user name",
        [allow("iam:CreateAccessKey", on="arn:aws:iam::*:user/${aws:username}")],
        [],
        {},
        Want("none", "none"),
    ),
    ("its own policy", [allow("iam:?utRolePolicy", on=f"{ROLE}r")], [], {}, Want("escalation", "escalation")),
    (
        "everybody's policy but its own",
        [allow("iam:PutRolePolicy", on=f"{ROLE}*"), deny("iam:PutRolePolicy", on=f"{ROLE}r")],
        [],
        {},
        WIDE,
    ),
    (
        "a policy of AWS is not rewritten",
        [allow("iam:CreatePolicyVersion")],
        [{"policy": "arn:aws:iam::aws:policy/X", "statements": []}],
        {"attached": ["arn:aws:iam::aws:policy/X"]},
        WIDE,
    ),
    (
        "the one role to be passed may not be",
        [allow("iam:PassRole"), RUN, deny("iam:PassRole", on=f"{ROLE}served")],
        [SERVED],
        {},
        WIDE,
    ),
    (
        "another one may",
        [allow("iam:PassRole"), RUN, deny("iam:PassRole", on=f"{ROLE}served")],
        [SERVED, WORKER],
        {},
        Want("escalation", "escalation", ("run-as worker",)),
    ),
    (
        "all but the one may not",
        [allow("iam:PassRole"), RUN, {"Effect": "Deny", "Action": "iam:PassRole", "NotResource": f"{ROLE}served"}],
        [SERVED],
        {},
        Want("wide-write", "wide-write", ("run-as served",)),
    ),
    (
        "passed to another service",
        [allow("iam:PassRole", when={"StringEquals": {PASS: "ec2.amazonaws.com"}}), RUN],
        [SERVED],
        {},
        WIDE,
    ),
    (
        "passed to that service, by a pattern",
        [allow("iam:PassRole", when={"StringLike": {PASS: "lambda.*"}}), RUN],
        [SERVED],
        {},
        Want("escalation", "escalation", ("run-as served",)),
    ),
    (
        "values have letter case",
        [allow("iam:PassRole", when={"StringEquals": {PASS: "Lambda.amazonaws.com"}}), RUN],
        [SERVED],
        {},
        WIDE,
    ),
    (
        "keys have none",
        [allow("iam:PassRole", when={"StringEquals": {PASS.upper(): "lambda.amazonaws.com"}}), RUN],
        [SERVED],
        {},
        Want("escalation", "escalation", ("run-as served",)),
    ),
    (
        "not passed to that service",
        [allow("iam:PassRole"), RUN, deny("iam:PassRole", when={"StringEquals": {PASS: "lambda.amazonaws.com"}})],
        [SERVED],
        {},
        WIDE,
    ),
    ("passing itself on is nothing new", [allow("iam:PassRole"), RUN], [], {"trust": SERVED["trust"]}, WIDE),
    (
        "a root lets in whoever has leave",
        [allow("sts:AssumeRole", on=f"{ROLE}boss")],
        [OPEN],
        {},
        Want("scoped", "scoped", ("assume-role boss",)),
    ),
    ("and nobody else", [allow("s3:GetObject", on="arn:aws:s3:::b/*")], [OPEN], {}, Want("scoped", "scoped")),
    (
        "names of roles have letter case",
        [allow("sts:AssumeRole", on=f"{ROLE}BOSS")],
        [OPEN],
        {},
        Want("scoped", "scoped"),
    ),
    (
        "a trust that asks for a second factor",
        [allow("sts:AssumeRole", on=f"{ROLE}boss")],
        [role("boss", {"AWS": power_cases.ACCOUNT}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
        {},
        Want("scoped", "scoped"),
    ),
    (
        "a boundary on another bucket",
        [allow("s3:GetObject", on="arn:aws:s3:::a/*")],
        [{"policy": "bounds", "statements": [allow("s3:*", on="arn:aws:s3:::b/*")]}],
        {"boundary": "bounds"},
        Want("none", "none"),
    ),
    (
        "a boundary within a wildcard",
        [allow("s3:GetObject", on="arn:aws:s3:::*/*")],
        [{"policy": "bounds", "statements": [allow("s3:*Object", on="arn:aws:s3:::b/*")]}],
        {"boundary": "bounds"},
        Want("scoped", "scoped"),
    ),
    (
        "a Deny of part of it",
        [
            allow("secretsmanager:GetSecretValue"),
            deny("secretsmanager:*", on="arn:aws:secretsmanager:*:*:secret:prod/*"),
        ],
        [],
        {},
        Want("sensitive-read", "sensitive-read"),
    ),
    (
        "a Deny of more than it",
        [allow("s3:GetObject", on="arn:aws:s3:::b/x/*"), deny("s3:*", on="arn:aws:s3:::b*")],
        [],
        {},
        Want("none", "none"),
    ),
]


@pytest.mark.parametrize(
    ("statements", "others", "more", "want"), [case[1:] for case in AWS_CASES], ids=[case[0] for case in AWS_CASES]
)
def test_a_role_of_aws(statements: list[Statement], others: list[Any], more: dict[str, Any], want: Want) -> None:
    documents = [{"role": "r", "statements": statements, **more}, *others]
    authority = AWS.authority(power_cases.snapshot({"documents": documents}))
    identity = next(one for one in authority.identities() if one.id == f"{ROLE}r")
    assert told(authority.profile(identity)) == want
