"""Trust policies of 64 KB, several times what IAM stores, as somebody who wants to hide something might write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from auditor.model import Trust
from auditor.providers.aws.trust import trusts
from auditor.snapshot import Coverage, Document, Snapshot, Status

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
HOST = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
SIZE = 64_000
"""Characters of JSON each policy has at least."""

Json = dict[str, Any]


def statement(condition: Json, effect: str = "Allow") -> Json:
    principal, action = {"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity"
    return {"Effect": effect, "Principal": principal, "Action": action, "Condition": condition}


def on(operator: str, key: str, values: Iterable[str]) -> Json:
    return {operator: {f"{HOST}:{key}": list(values)}}


def filled(form: str, size: int = SIZE) -> list[str]:
    """Values of one form, numbered, until they fill a policy."""
    values: list[str] = []
    while sum(map(len, values)) + 4 * len(values) < size:
        values.append(form.format(len(values)))
    return values


def every_operator() -> list[Json]:
    operators = [
        prefix + operator + suffix
        for prefix in ("", "ForAnyValue:", "ForAllValues:")
        for operator in (
            "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
            "StringNotLike",
        )
        for suffix in ("", "IfExists")
    ]  # fmt: skip
    keys = ("sub", "repository", "ref", "environment", "actor", "workflow", "job_workflow_ref", "event_name")
    return [
        statement(
            {
                operator: {f"{HOST}:{key}": [f"*{place}{key[:3]}*", "repo:acme/*"]}
                for operator in operators[place : place + 9]
            }
        )
        for place in range(0, len(operators), 3)
        for key in keys
    ]


def numbered(count: int, form: str, effect: str, operator: str = "StringLike") -> list[Json]:
    return [statement(on(operator, "sub", [form.format(number)]), effect) for number in range(count)]


ALLOWED = "repo:acme/app-{}:*"
APART = "repo:org-{0}/app-{0}:ref:refs/heads/branch-{0}"

POLICIES: dict[str, Callable[[], list[Json]]] = {
    "one list of patterns": lambda: [statement(on("StringLike", "sub", filled(ALLOWED)))],
    "one list of subjects in any case": lambda: [statement(on("StringEqualsIgnoreCase", "sub", filled(APART)))],
    "a list allowed, the same list denied": lambda: [
        statement(on("StringLike", "sub", filled(ALLOWED, SIZE // 2))),
        statement(on("StringLike", "sub", filled(ALLOWED, SIZE // 2)), "Deny"),
    ],
    "subjects apart allowed, the same denied in any case": lambda: [
        statement(on("StringEquals", "sub", filled(APART, SIZE // 2))),
        statement(on("StringEqualsIgnoreCase", "sub", filled(APART, SIZE // 2)), "Deny"),
    ],
    "a statement for each subject": lambda: numbered(230, APART, "Allow"),
    "a denial for each subject": lambda: [
        statement(on("StringLike", "sub", ["repo:acme/*"])), *numbered(300, ALLOWED, "Deny")
    ],
    "everything but a list": lambda: [statement(on("StringNotLike", "sub", filled("repo:*{}*:*")))],
    "some of a list, all of a list": lambda: [
        statement(
            on("ForAnyValue:StringLike", "sub", filled(ALLOWED, SIZE // 2))
            | on("ForAllValues:StringLike", "sub", filled("repo:acme/*-{}:*", SIZE // 2))
        )
    ],
    "a variable in every value": lambda: [
        statement(on("StringLike", "sub", filled("repo:${{" + HOST + ":repository}}:*{}*")))
    ],
    "patterns full of stars": lambda: [statement(on("StringLike", "sub", filled("repo:*{}*a*b*c*d/*e*f:*:*g*h*")))],
    "one pattern of stars": lambda: [statement(on("StringLike", "sub", ["repo:" + "*a?b" * (SIZE // 4)]))],
    "one pattern of question marks": lambda: [statement(on("StringLike", "sub", ["?" * SIZE]))],
    "every operator on every key": every_operator,
    "other claims against one another": lambda: [
        statement(
            on("StringLike", "repository", filled("*/app-{}", SIZE // 3))
            | on("StringNotLike", "sub", filled("repo:*/app-{}5:*", SIZE // 3))
            | on("StringLikeIfExists", "job_workflow_ref", filled("acme/app-{}/*", SIZE // 3))
        )
    ],
}  # fmt: skip


def trusts_of(statements: list[Json]) -> tuple[Trust, ...]:
    """What the AWS compiler makes of a role whose trust policy has these statements."""
    policy = {"Version": "2012-10-17", "Statement": statements}
    assert len(json.dumps(policy)) >= SIZE
    role = {"RoleName": "deploy", "Arn": ROLE, "AssumeRolePolicyDocument": policy, "Tags": []}
    provider = {"Arn": PROVIDER, "Url": HOST, "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": [], "Tags": []}
    documents = [
        Document("aws", ACCOUNT, "iam-role", ROLE, role),
        Document("aws", ACCOUNT, "oidc-provider", PROVIDER, provider),
    ]
    coverage = [Coverage("aws", ACCOUNT, kind, Status.READ) for kind in ("iam-role", "oidc-provider")]
    return tuple(trusts(Snapshot("2026-11-21T12:00:00Z", "2026-11-21T12:30:00Z", documents, coverage), NOW))
