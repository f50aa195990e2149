"""Would AWS refuse to save the statement today?"""

from __future__ import annotations

from typing import Any

import pytest

from auditor.providers.aws.controls import refusals, required_keys

GITHUB = "token.actions.githubusercontent.com"
TERRAFORM = "app.terraform.io"
COUNTED = "StringEquals, StringEqualsIgnoreCase or StringLike"
SENTINEL = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d"


def found(issuer: str, condition: Any) -> list[tuple[str, str]]:
    statement = {"Effect": "Allow"} if condition is None else {"Effect": "Allow", "Condition": condition}
    return refusals(statement, "/S/0", issuer)


def test_nothing_demanded_nothing_refused() -> None:
    assert found("oidc.eks.eu-west-1.amazonaws.com/id/1", None) == []
    assert found("token.actions.acme.ghe.com", None) == []


def test_a_missing_test_is_named_at_the_statement() -> None:
    assert found(TERRAFORM, None) == [
        (
            "/S/0",
            f"AWS would refuse this statement: no {COUNTED} of {TERRAFORM}:sub",
        )
    ]


def test_an_open_value_is_named_where_it_stands() -> None:
    assert found(TERRAFORM, {"StringLike": {f"{TERRAFORM}:aud": "x", f"{TERRAFORM}:sub": "*"}}) == [
        (
            f"/S/0/Condition/StringLike/{TERRAFORM}:sub",
            "AWS would refuse the value of app.terraform.io:sub as not scoped",
        )
    ]
    assert found("api.pulumi.com/oidc", {"StringLike": {"api.pulumi.com/oidc:aud": ["*"]}}) == [
        (
            "/S/0/Condition/StringLike/api.pulumi.com~1oidc:aud",
            "AWS would refuse the value of api.pulumi.com/oidc:aud as not scoped",
        )
    ]


@pytest.mark.parametrize(
    ("issuer", "condition", "refused"),
    [
        (TERRAFORM, {"StringEquals": {f"{TERRAFORM}:sub": "organization:acme:*"}}, False),
        (TERRAFORM, {"StringEqualsIgnoreCase": {f"{TERRAFORM}:SUB": "x"}}, False),
        (TERRAFORM, {"ForAnyValue:StringLike": {f"{TERRAFORM}:sub": "x"}}, False),
        (TERRAFORM, {"ForAllValues:StringLike": {f"{TERRAFORM}:sub": "x"}}, False),
        (TERRAFORM, {"StringLikeIfExists": {f"{TERRAFORM}:sub": "x"}}, True),
        (TERRAFORM, {"StringNotLike": {f"{TERRAFORM}:sub": "x"}}, True),
        (TERRAFORM, {"Null": {f"{TERRAFORM}:sub": "false"}}, True),
        (TERRAFORM, {"StringEquals": {f"{TERRAFORM}:aud": "x"}}, True),
        (TERRAFORM, {"StringEquals": {f"{GITHUB}:sub": "x"}}, True),
        (TERRAFORM, {"StringLike": {f"{TERRAFORM}:sub": "?"}}, False),
        (TERRAFORM, {"StringLike": {f"{TERRAFORM}:sub": "**"}}, False),
        (TERRAFORM, {"StringLike": {f"{TERRAFORM}:sub": ""}}, False),
        (TERRAFORM, {"StringLike": {f"{TERRAFORM}:sub": []}}, False),
        (TERRAFORM, {"StringLike": {f"{TERRAFORM}:sub": ["*", "*"]}}, True),
        (TERRAFORM, {"StringLike": {f"{TERRAFORM}:sub": ["*", "x"]}}, False),  # not observed: not claimed
        (TERRAFORM, {"StringLike": {f"{TERRAFORM}:sub": "*"}, "StringEquals": {f"{TERRAFORM}:sub": "x"}}, False),
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": "repo:acme/*"}}, False),
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": "*:ref:refs/heads/main"}}, True),
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": " "}}, True),
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": ""}}, True),
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": "?*"}}, False),
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": "${aws:username}"}}, False),
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": []}}, False),
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": 5}}, False),
        (GITHUB, {"StringEquals": {f"{GITHUB}:job_workflow_ref": "o/r/.github/workflows/x.yml@*"}}, False),
        (GITHUB, {"StringLike": {f"{GITHUB}:job_workflow_ref": "x", f"{GITHUB}:sub": "*"}}, True),  # both must qualify
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": "*"}, "StringEquals": {f"{GITHUB}:job_workflow_ref": "x"}}, False),
        (GITHUB, {"StringEquals": {f"{GITHUB}:repository_id": "5678", f"{GITHUB}:ref": "refs/heads/main"}}, True),
        (f"{GITHUB}/acme", {"StringEquals": {f"{GITHUB}:sub": "x"}}, True),
        (f"{GITHUB}/acme", {"StringEquals": {f"{GITHUB}/acme:sub": "x"}}, False),
        ("cognito-identity.amazonaws.com", {"StringEquals": {"cognito-identity.amazonaws.com:aud": "x"}}, False),
        ("cognito-identity.amazonaws.com", {"StringEquals": {"cognito-identity.amazonaws.com:sub": "x"}}, True),
        (SENTINEL, {"StringEquals": {f"{SENTINEL}:sub": "x"}}, True),
        (SENTINEL, {"StringLike": {"sts:RoleSessionName": "x"}}, False),
        ("accounts.google.com", {"StringEquals": {"accounts.google.com:oaud": "x"}}, False),
        ("accounts.google.com", {"StringEquals": {"accounts.google.com:sub": "*"}}, False),
        ("accounts.google.com", {"StringLike": {"accounts.google.com:sub": "1"}}, True),
        ("accounts.google.com", {"StringEquals": {"accounts.google.com:SUB": "1"}}, True),
        ("accounts.google.com", {"StringEquals": {"accounts.google.com:email": "x"}}, True),
        ("www.amazon.com", {"StringEquals": {"www.amazon.com:user_id": "x"}}, True),
        ("graph.facebook.com", {"StringEquals": {"graph.facebook.com:app_id": "x"}}, False),
        (GITHUB, {}, True),
        (GITHUB, [], False),  # nothing AWS was observed with
        (GITHUB, {"StringLike": None}, False),
    ],
)
def test_what_counts(issuer: str, condition: Any, refused: bool) -> None:
    assert bool(found(issuer, condition)) is refused


def test_the_table_of_issuers() -> None:
    """AWS's page lists 22 shared issuers; three more are older controls of built-in providers."""
    from auditor.providers.aws import controls

    listed = {*controls._SUB, *controls._AUD, *controls._SESSION_NAME, controls._GITHUB}
    assert len(listed) == 22
    assert [required_keys(issuer) for issuer in ("oidc.vercel.com", "gitlab.com", "gitlab.example.com", SENTINEL)] == [
        ("oidc.vercel.com:aud",),
        ("gitlab.com:sub",),
        (),
        ("sts:rolesessionname",),
    ]
