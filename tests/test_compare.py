"""Two versions of a role's trust policy, compiled as the program does, then compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from auditor.compare import compare
from auditor.model import Trust
from auditor.providers.aws import PROVIDER
from auditor.snapshot import Coverage, Document, Snapshot, Status
from tests.estate import ACCOUNT, TIMES, role_arn

GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
TERRAFORM = "app.terraform.io"
UNREADABLE = {"StringEquals": {f"{GITHUB}:sub": {"not": "a value"}}}


def trust(
    condition: Any, issuer: str = GITHUB, clients: Sequence[str] = ("sts.amazonaws.com",), finished: str = TIMES[1]
) -> Trust:
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    role = {"RoleName": "deploy", "Arn": role_arn("deploy"), "AssumeRolePolicyDocument": policy, "Tags": []}
    provider = {"Arn": arn, "Url": issuer, "ClientIDList": list(clients), "ThumbprintList": [], "Tags": []}
    documents = [
        Document("aws", ACCOUNT, "oidc-provider", arn, provider),
        Document("aws", ACCOUNT, "iam-role", role_arn("deploy"), role),
    ]
    rows = [Coverage("aws", ACCOUNT, kind, Status.READ) for kind in ("iam-role", "oidc-provider")]
    (found,) = PROVIDER.trusts(Snapshot(TIMES[0], finished, documents, rows))
    return found


def subject(*values: str) -> dict[str, Any]:
    return {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}, "StringLike": {f"{GITHUB}:sub": list(values)}}


MAIN = trust(subject("repo:acme/app:ref:refs/heads/main"))
APP = trust(subject("repo:acme/app:*"))
WEB = trust(subject("repo:acme/web:*"))
NOBODY = trust(subject("repo:acme/app:refs/heads/main"))
ELSEWHERE = trust({"StringEquals": {f"{GITLAB}:sub": "project_path:acme/app:ref_type:branch:ref:main"}}, GITLAB)
IN_HCP = "organization:acme:project:core:workspace:app:run_phase:apply"
HCP = trust({"StringEquals": {f"{TERRAFORM}:sub": IN_HCP}}, TERRAFORM)
NAMED = trust({**subject("repo:acme/app:*"), "StringNotEquals": {"sts:RoleSessionName": "root"}})

ANY_BRANCH = "repo:acme/app:ref:refs/heads/any-branch"
WEB_MAIN = "repo:acme/web:ref:refs/heads/main"
APP_MAIN = "repo:acme/app:ref:refs/heads/main"
IN_GITLAB = "project_path:acme/app:ref_type:branch:ref:main"


@pytest.mark.parametrize(
    ("old", "new", "kind", "gained", "lost"),
    [
        (APP, APP, "equal", None, None),
        (APP, trust(subject("repo:acme/app:pull_request", "repo:acme/app:*")), "equal", None, None),
        (APP, MAIN, "tighter", None, ANY_BRANCH),
        (MAIN, APP, "looser", ANY_BRANCH, None),
        (APP, WEB, "incomparable", WEB_MAIN, APP_MAIN),
        (MAIN, ELSEWHERE, "incomparable", IN_GITLAB, APP_MAIN),
        (NOBODY, HCP, "looser", IN_HCP, None),
        (NOBODY, ELSEWHERE, "looser", IN_GITLAB, None),
        (APP, NAMED, "tighter", None, APP_MAIN),  # only the session name, which no issuer mints, tells them apart
        (APP, trust(subject("repo:acme/app:*"), clients=("other",)), "tighter", None, APP_MAIN),
    ],
)
def test_versions(old: Trust, new: Trust, kind: str, gained: str | None, lost: str | None) -> None:
    found = compare(old, new)
    told = [None if token is None else token["sub"] for token in (found.gained, found.lost)]
    assert (found.kind, *told, found.reason) == (kind, gained, lost, None)
    for token, inside, outside in ((found.gained, new, old), (found.lost, old, new)):
        if token is not None:
            assert PROVIDER.admits(inside, token) is True
            assert PROVIDER.admits(outside, token) is False


def test_a_text_nobody_can_read_is_equal_to_itself_only() -> None:
    old = trust(UNREADABLE)
    assert compare(old, trust(UNREADABLE, finished="2026-12-01T00:00:00Z")).kind == "equal"
    other = trust({"StringEquals": {f"{GITHUB}:sub": {"another": "object"}}})
    found = compare(old, other)
    assert (found.kind, found.reason) == ("unknown", "an object or a list is no value IAM compares with")


def test_the_same_text_under_another_issuer_or_gate_is_not_the_same() -> None:
    assert compare(trust(UNREADABLE), trust(UNREADABLE, clients=("other",))).kind != "equal"


def test_an_issuer_taken_for_two_products_is_not_compared() -> None:
    found = compare(APP, replace(APP, issuer=replace(APP.issuer, kind="unknown", name="somebody"), statements=()))
    assert found.kind == "unknown"
    assert found.reason == "by its subjects the issuer was taken for two products, GitHub Actions and somebody"
