"""What made-up trust policies are made of: issuers as accounts know them; keys, operators and texts of conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ACCOUNT = "111122223333"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/deploy"
ASSUME = "sts:AssumeRoleWithWebIdentity"
SESSION_NAME = "request:RoleSessionName"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""When everything here is decided; some policies name this very second."""


@dataclass(frozen=True, slots=True)
class Door:
    """An issuer as an account knows it, with the values policies about it usually hold."""

    url: str
    via: str
    clients: tuple[str, ...]
    usual: Mapping[str, Any]
    """A token of an ordinary run."""
    values: Mapping[str, tuple[str, ...]]
    """Key (without the issuer) to values found in policies."""
    lists: tuple[str, ...] = ()
    """Keys whose claim is a list."""

    @property
    def prefix(self) -> str:
        return self.url.removeprefix("https://")


def _door(url: str, clients: tuple[str, ...], usual: dict[str, Any], values: dict[str, tuple[str, ...]]) -> Door:
    via = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{url.removeprefix('https://')}"
    return Door(url, via, clients, usual, values, ("amr",))


GITHUB_VALUES = {
    "sub": (
        "repo:acme/app:ref:refs/heads/main",
        "repo:acme/*",
        "repo:acme/app:*",
        "repo:acme*/app*:environment:prod",
        "repo:acm?/app:pull_request",
        "repo:acme@12/app@34:ref:refs/heads/*",
        "*:environment:prod",
        "repo:*",
        "*",
        "repo:${token.actions.githubusercontent.com:repository}:*",
    ),
    "aud": ("sts.amazonaws.com", "https://github.com/acme", "*"),
    "oaud": ("sts.amazonaws.com",),
    "environment": ("prod", "prod*", "dev", "*", "?*", "ünter", "🚀?"),
    "repository": ("acme/app", "acme/*", "*/app"),
    "repository_id": ("34", "5678"),
    "repository_owner_id": ("12",),
    "ref": ("refs/heads/main", "refs/heads/*", "refs/tags/v?"),
    "job_workflow_ref": ("acme/shared/.github/workflows/x.yml@*", "acme/app/.github/workflows/*"),
    "workflow": ("deploy", "Deploy ${*}", "arn:aws:s3:::bucket/*"),
    "actor": ("alice", "bob*"),
    "amr": ("x", "y*"),
    "email": ("a@example.com",),
    # claims of GitHub that are no keys
    "repository_owner": ("acme",),
    "event_name": ("push", "pull_request"),
    "runner_environment": ("github-hosted",),
}
GITHUB_USUAL = {
    "sub": "repo:acme/app:ref:refs/heads/main",
    "aud": "sts.amazonaws.com",
    "repository": "acme/app",
    "repository_id": "34",
    "repository_owner": "acme",
    "repository_owner_id": "12",
    "ref": "refs/heads/main",
    "workflow": "deploy",
    "job_workflow_ref": "acme/app/.github/workflows/x.yml@refs/heads/main",
    "actor": "alice",
    "event_name": "push",
    "runner_environment": "github-hosted",
}
GITLAB_SUB = "project_path:acme/app:ref_type:branch:ref:main"
GITLAB_USUAL = {
    "sub": GITLAB_SUB,
    "aud": "https://gitlab.com",
    "project_path": "acme/app",
    "project_id": "20",
    "namespace_id": "7",
    "user_login": "alice",
    "ref_protected": "true",
    "pipeline_source": "push",
}
GITLAB_VALUES = {
    "sub": (GITLAB_SUB, "project_path:acme/*", "project_path:*:ref_type:branch:ref:main", "project_path:acme/app:*"),
    "aud": ("https://gitlab.com", "sts.amazonaws.com"),
    "project_id": ("20", "21"),
    "namespace_id": ("7",),
    "user_login": ("alice", "a*"),
    "ref_protected": ("true", "TRUE", "false"),
    "pipeline_source": ("push", "merge_request_event"),
    "project_path": ("acme/app",),
}
CLUSTER = "https://oidc.eks.eu-west-1.amazonaws.com/id/B4E1D0"
CLUSTER_SUB = "system:serviceaccount:shop:api"
POOL = "eu-west-1:0e5a"

GITHUB = _door("https://token.actions.githubusercontent.com", ("sts.amazonaws.com",), GITHUB_USUAL, GITHUB_VALUES)
SLUG = _door(GITHUB.url + "/acme", ("sts.amazonaws.com", "other"), GITHUB_USUAL, GITHUB_VALUES)
SERVER = _door("https://ghe.example.com/_services/token", ("sts.amazonaws.com",), GITHUB_USUAL, GITHUB_VALUES)
GITLAB = _door("https://gitlab.com", ("https://gitlab.com", "sts.amazonaws.com"), GITLAB_USUAL, GITLAB_VALUES)
GITLAB_OWN = _door("https://gitlab.example.com", ("https://gitlab.com",), GITLAB_USUAL, GITLAB_VALUES)
OPAQUE = _door(
    CLUSTER,
    ("sts.amazonaws.com",),
    {"sub": CLUSTER_SUB, "aud": "sts.amazonaws.com"},
    {
        "sub": (CLUSTER_SUB, "system:serviceaccount:shop:*", "system:serviceaccount:*:*", "*:api"),
        "aud": ("sts.amazonaws.com",),
        "amr": ("x", "y*"),
        "email": ("a@example.com",),
        "namespace": ("shop",),
    },
)
COGNITO = Door(
    "https://cognito-identity.amazonaws.com",
    "cognito-identity.amazonaws.com",
    (),
    {"sub": "eu-west-1:user", "aud": POOL, "amr": ("authenticated", "graph.facebook.com")},
    {
        "aud": (POOL, "eu-west-1:*"),
        "sub": ("eu-west-1:user", "eu-west-1:*"),
        "amr": ("authenticated", "unauthenticated", "*", "graph.facebook.com"),
        "oaud": (POOL,),
        "email": ("a@example.com",),
    },
    ("amr",),
)
GOOGLE = Door(
    "https://accounts.google.com",
    "accounts.google.com",
    (),
    {"sub": "1234", "aud": "server", "azp": "robot", "email": "a@example.com"},
    {"aud": ("robot", "server"), "oaud": ("server",), "sub": ("1234", "12*"), "email": ("*@example.com",)},
)
FACEBOOK = Door(
    "https://graph.facebook.com",
    "graph.facebook.com",
    (),
    {"app_id": "77", "id": "5"},
    {"app_id": ("77", "7?"), "id": ("5",), "aud": ("77",)},
)
DOORS = (GITHUB, GITHUB, GITHUB, GITLAB, SLUG, SERVER, GITLAB_OWN, OPAQUE, COGNITO, GOOGLE, FACEBOOK)

REQUEST_VALUES: Mapping[str, tuple[str, ...]] = {
    "sts:RoleSessionName": ("ci", "ci-*", "*", "??*"),
    "sts:RoleAuthorizedByIdp": ("true", "false"),
    "aws:PrincipalOrgID": ("o-abc", "*"),
    "aws:PrincipalArn": (ROLE_ARN, "*"),
    "aws:PrincipalAccount": (ACCOUNT, "999999999999", "1*"),
    "aws:PrincipalType": ("User", "AssumedRole"),
    "aws:userid": (GITHUB.via, "*", f"arn:aws:iam::{ACCOUNT}:oidc-provider/*", "arn:aws:iam::*:oidc-provider/git*"),
    "aws:PrincipalOrgPaths": ("o-abc/*",),
    "aws:ResourceAccount": (ACCOUNT, "999999999999"),
    "aws:SecureTransport": ("true", "false"),
    "aws:SourceAccount": (ACCOUNT, "*"),
    "aws:SourceOrgID": ("o-abc",),
    "aws:PrincipalIsAWSService": ("true", "false"),
    "aws:FederatedProvider": (GITHUB.via, GITLAB.url, "accounts.google.com", "*"),
    "aws:ResourceTag/team": ("shop", "bank", "*"),
    "aws:ResourceTag/none": ("shop",),
    "aws:RequestTag/team": ("shop",),
    "aws:TagKeys": ("team",),
    "sts:TransitiveTagKeys": ("team",),
    "sts:SourceIdentity": ("alice",),
    "aws:CurrentTime": ("2026-12-01T00:00:00Z", "2026-01-01", "1800000000", NOW.isoformat()),
    "aws:EpochTime": ("1800000000", "1700000000", "2026-12-01T00:00:00Z", str(int(NOW.timestamp()))),
}
SIGNED = (
    "aws:RequestTag/team",
    "aws:TagKeys",
    "sts:TransitiveTagKeys",
    "sts:SourceIdentity",
    "sts:RoleAuthorizedByIdp",
)
PLAIN_REQUEST_VALUES = {key: values for key, values in REQUEST_VALUES.items() if key not in SIGNED}
"""What is known of every issuer's calls; who signs the rest is known of GitHub only."""
TYPED = ("aws:userid", "aws:CurrentTime", "aws:EpochTime")
"""More frequent than in life: only here do the operators for dates, numbers and ARNs decide something."""
UNKNOWN_REQUEST_VALUES: Mapping[str, tuple[str, ...]] = {
    "aws:SourceIp": ("10.0.0.0/8",),
    "aws:PrincipalTag/team": ("shop",),
    "aws:ResourceOrgID": ("o-abc",),
    "aws:UserAgent": ("*",),
    "aws:SomethingNew": ("x",),
    "sts:ExternalId": ("x",),
}
USUAL_OPERATORS = ("StringEquals", "StringLike", "StringLike", "StringEquals", "StringNotEquals", "StringNotLike")
RARE_OPERATORS = ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "Bool", "Bool", "Null", "Null", "Null")
ODD_OPERATORS = (
    *("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "NumericEquals", "NumericNotEquals"),
    *("NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"),
    *("DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThan", "DateLessThanEquals", "DateGreaterThanEquals"),
    *("IpAddress", "NotIpAddress", "BinaryEquals"),
)
"""Seldom used on claims, and mostly undecided there."""
TIME_OPERATORS = (
    *("DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"),
    *("NumericLessThan", "NumericGreaterThanEquals"),
)
WRONG_OPERATORS = ("StringContains", "stringequals", "ForSomeValue:StringLike", "NullIfExists", "ForAllValues:Null")
OLD_VERSIONS = ("2008-10-17", "2008-10-17", None, None, "2020-01-01")
NASTY_TEXTS = (
    "",
    "*",
    "?",
    "**",
    "?*",
    "$",
    "a\nb*",
    "[a]*",
    "\\*",
    "é",
    "🚀",
    "${",
    "${}",
    "${*",
    "${x}",
    "${aws:username}",
)
VARIABLES = (
    *(
        "${*}",
        "a${*}b",
        "${?}",
        "${$}x",
        "${aws:ResourceAccount}",
        "${aws:PrincipalOrgID}x",
        "${gitlab.com:user_login}",
    ),
    *("${sts:RoleSessionName}", "${token.actions.githubusercontent.com:ref}", "x${aws:PrincipalOrgID, 'prod'}"),
    "${token.actions.githubusercontent.com:repository_owner, 'prod'}",
    "${token.actions.githubusercontent.com:environment, 'prod'}",
    "${token.actions.githubusercontent.com:environment, 'prod'}",
)
NASTY_VALUES: tuple[Any, ...] = (None, True, False, 34, 1.5, [], {}, ["x", None], [["x"]], [34, "prod"], {"x": "y"})


def door_of(url: str) -> Door | None:
    """The door of an issuer, by the issuer's URL."""
    return next((door for door in DOORS if door.url == url), None)
