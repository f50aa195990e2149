"""Made-up AWS trust policies in the proportions real estates have them; no two are alike unless asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from auditor.model import Trust
from auditor.providers.aws import PROVIDER
from auditor.snapshot import Document, Snapshot

ACCOUNT = "123456789012"
HOST = "token.actions.githubusercontent.com"
PROVIDER_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
_NOW = "2026-11-21T12:00:00Z"


def role(number: int, policy: Mapping[str, Any]) -> dict[str, Any]:
    """A RoleDetail of GetAccountAuthorizationDetails."""
    name = f"role-{number}"
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{number:016}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "CreateDate": _NOW,
        "AssumeRolePolicyDocument": policy,
        "InstanceProfileList": [],
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        "Tags": [],
    }


def policies(rng: Random) -> Iterator[dict[str, Any]]:
    """Trust policies without end, each with an owner and repositories of its own."""
    number = 0
    while True:
        number += 1
        owner, repo = f"{_word(rng)}-{number}", f"{_word(rng)}-{number}"
        yield policy(_condition(rng, owner, repo))


def policy(condition: Mapping[str, Any]) -> dict[str, Any]:
    """A trust policy of one statement for GitHub."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": PROVIDER_ARN},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": condition,
            }
        ],
    }


def _word(rng: Random) -> str:
    return rng.choice(("shop", "data", "core", "web", "infra", "ml", "app", "team")) + rng.choice(
        ("", "-api", "-ops", "x")
    )


def _condition(rng: Random, owner: str, repo: str) -> dict[str, Any]:
    environment = rng.choice(("prod", "production", "staging", "dev"))
    draw = rng.random()
    audience: dict[str, Any] = {"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com"}}
    if draw < 0.22:
        return _with(audience, "StringLike", f"repo:{owner}/{repo}:*")
    if draw < 0.42:
        return _with(audience, "StringEquals", f"repo:{owner}/{repo}:ref:refs/heads/{rng.choice(('main', 'master'))}")
    if draw < 0.60:
        return _with(audience, "StringEquals", f"repo:{owner}/{repo}:environment:{environment}")
    if draw < 0.72:
        return _with(audience, "StringLike", f"repo:{owner}/*")
    if draw < 0.82:
        several = [f"repo:{owner}/{repo}-{n}:environment:{environment}" for n in range(rng.randint(2, 6))]
        return _with(audience, "StringLike", several)
    if draw < 0.88:
        return _with(
            audience,
            "StringLike",
            [f"repo:{owner}/{repo}:ref:refs/heads/main", f"repo:{owner}/{repo}:ref:refs/tags/v*"],
        )
    if draw < 0.92:
        condition = _with(audience, "StringLike", f"repo:{owner}/{repo}:*")
        return {**condition, "StringNotLike": {f"{HOST}:sub": "repo:*:pull_request"}}
    if draw < 0.95:
        workflow = f"{owner}/shared/.github/workflows/deploy.yml@refs/heads/main"
        condition = _with(audience, "StringLike", f"repo:{owner}/*")
        return {**condition, "StringEquals": {**condition["StringEquals"], f"{HOST}:job_workflow_ref": workflow}}
    if draw < 0.97:
        return {"StringLike": {f"{HOST}:sub": f"repo:{owner}/{repo}:*"}}
    return _with(audience, "ForAnyValue:StringLike", f"repo:{owner}/{repo}:pull_request")


def _with(audience: Mapping[str, Any], operator: str, subjects: str | list[str]) -> dict[str, Any]:
    condition = {name: dict(keys) for name, keys in audience.items()}
    condition.setdefault(operator, {})[f"{HOST}:sub"] = subjects
    return condition


def trusts(count: int, seed: int) -> list[Trust]:
    """`count` compiled trusts, no two alike."""
    provider = {
        "Arn": PROVIDER_ARN,
        "Url": HOST,
        "ClientIDList": ["sts.amazonaws.com"],
        "ThumbprintList": [],
        "Tags": [],
    }
    account = {"Account": ACCOUNT, "Partition": "aws", "CallerArn": f"arn:aws:iam::{ACCOUNT}:user/bench"}
    documents = [
        Document("aws", ACCOUNT, "account", ACCOUNT, account),
        Document("aws", ACCOUNT, "oidc-provider", PROVIDER_ARN, provider),
    ]
    for number, found in zip(range(count), policies(Random(seed)), strict=False):
        detail = role(number, found)
        documents.append(Document("aws", ACCOUNT, "iam-role", detail["Arn"], detail))
    return list(PROVIDER.trusts(Snapshot(_NOW, _NOW, documents)))
