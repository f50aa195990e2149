"""What each condition key reads, for the issuers AWS knows and for those it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from auditor.claims.predicate import TRUE, Exists, Not
from auditor.providers.aws.keys import (
    ABSENT,
    Known,
    OneOf,
    Reading,
    Request,
    Text,
    TextOrTexts,
    Texts,
    Unreadable,
    lookup,
    specific_claims,
)

GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{GITHUB}"
REQUEST = Request(
    issuer=GITHUB,
    github=True,
    account="123456789012",
    provider=PROVIDER,
    tags=(("Team", "payments"), ("exempt", "")),
    now=datetime(2026, 11, 21, 12, 30, tzinfo=UTC),
)
AUDIENCE = Text(((TRUE, "azp"), (Not(Exists("azp")), "aud")))


def claim(name: str) -> Text:
    return Text(((TRUE, name),))


def at(issuer: str) -> Request:
    """A call at a built-in issuer, or with a token of one that is not GitHub."""
    return replace(REQUEST, issuer=issuer, github=False, provider=None)


@pytest.mark.parametrize(
    ("key", "reading"),
    [
        # default keys
        (f"{GITHUB}:aud", AUDIENCE),
        (f"{GITHUB}:oaud", TextOrTexts("aud")),
        (f"{GITHUB}:sub", claim("sub")),
        (f"{GITHUB}:amr", Texts("amr")),
        (f"{GITHUB}:email", claim("email")),
        # names compare ignoring case
        ("Token.Actions.GitHubUserContent.com:SUB", claim("sub")),
        (f"{GITHUB}:Job_Workflow_Ref", claim("job_workflow_ref")),
        # claims GitHub mints and AWS does not offer
        (f"{GITHUB}:repository_owner", ABSENT),
        (f"{GITHUB}:event_name", ABSENT),
        (f"{GITHUB}:iss", ABSENT),
        (f"{GITHUB}:repo_property_team", ABSENT),
        # other issuers
        (f"{GITHUB}/acme:sub", ABSENT),
        ("gitlab.com:sub", ABSENT),
        ("accounts.google.com:sub", ABSENT),
        # what cannot be placed
        (f"{GITHUB}/:sub", Unreadable(f"{GITHUB}/:sub: whether AWS takes this for a key of {GITHUB} is not settled")),
        ("sub", Unreadable("sub is no condition key this program knows")),
        ("saml:aud", Unreadable("saml:aud is no condition key this program knows")),
        ("", Unreadable(" is no condition key this program knows")),
        # the request
        ("sts:RoleSessionName", claim("request:RoleSessionName")),
        ("STS:rolesessionname", claim("request:RoleSessionName")),
        ("sts:RoleAuthorizedByIdp", Known("false", "bool")),
        ("sts:SourceIdentity", ABSENT),
        ("sts:TransitiveTagKeys", ABSENT),
        ("aws:TagKeys", ABSENT),
        ("aws:RequestTag/team", ABSENT),
        ("aws:PrincipalAccount", Known("123456789012")),
        ("aws:PrincipalType", Known("User")),
        ("aws:userid", Known(PROVIDER)),
        ("aws:PrincipalArn", ABSENT),
        ("aws:PrincipalOrgID", ABSENT),
        ("aws:PrincipalOrgPaths", ABSENT),
        ("aws:SourceAccount", ABSENT),
        ("aws:SourceArn", ABSENT),
        ("aws:SourceOrgID", ABSENT),
        ("aws:SourceOrgPaths", ABSENT),
        ("aws:SecureTransport", Known("true", "bool")),
        (
            "aws:PrincipalIsAWSService",
            OneOf(
                (ABSENT, Known("false", "bool")),
                "aws:PrincipalIsAWSService: whether a web-identity call has it is not settled",
            ),
        ),
        (
            "aws:ViaAWSService",
            OneOf(
                (ABSENT, Known("false", "bool")),
                "aws:ViaAWSService: whether a web-identity call has it is not settled",
            ),
        ),
        (
            "aws:FederatedProvider",
            OneOf(
                (ABSENT, Known(PROVIDER), Known(GITHUB), Known(f"https://{GITHUB}")),
                "aws:FederatedProvider: how it names an OIDC provider in a web-identity call is not settled",
            ),
        ),
        ("aws:ResourceAccount", Known("123456789012")),
        ("aws:ResourceTag/Team", Known("payments")),
        ("AWS:resourcetag/TEAM", Known("payments")),
        ("aws:ResourceTag/exempt", Known("")),
        ("aws:ResourceTag/owner", ABSENT),
        ("aws:CurrentTime", Known("2026-11-21T12:30:00+00:00", "date")),
        ("aws:EpochTime", Known("1795264200", "epoch")),
        ("aws:ResourceOrgID", Unreadable("aws:ResourceOrgID: the account's organisation was not read")),
        ("aws:SourceIp", Unreadable("aws:SourceIp: it depends on where the call comes from")),
        ("aws:SourceVpce", Unreadable("aws:SourceVpce: it depends on where the call comes from")),
        (
            "aws:PrincipalTag/team",
            Unreadable("aws:PrincipalTag/team: whether a web-identity caller carries principal tags is not settled"),
        ),
        ("aws:MadeUp", Unreadable("aws:MadeUp: its value in a web-identity call is not known")),
        ("sts:ExternalId", Unreadable("sts:ExternalId: its value in a web-identity call is not known")),
    ],
)
def test_key_of_a_github_token(key: str, reading: Reading) -> None:
    assert lookup(key, REQUEST) == reading


def test_the_organisation_of_the_role_where_it_was_read() -> None:
    assert lookup("aws:ResourceOrgID", replace(REQUEST, organisation="o-1")) == Known("o-1")


@pytest.mark.parametrize(
    "key", ["aws:SourceAccount", "aws:SourceOrgID", "aws:PrincipalIsAWSService", "aws:FederatedProvider"]
)
def test_the_service_of_a_built_in_issuer_may_call_by_itself(key: str) -> None:
    assert lookup(key, at("cognito-identity.amazonaws.com")) == Unreadable(
        f"{key}: its value in a web-identity call is not known"
    )


@pytest.mark.parametrize(
    ("issuer", "key", "reading"),
    [
        (f"{GITHUB}/acme", f"{GITHUB}/acme:repository_id", claim("repository_id")),
        (f"{GITHUB}/acme", f"{GITHUB}:sub", ABSENT),
        ("token.actions.acme.ghe.com", "token.actions.acme.ghe.com:actor_id", claim("actor_id")),
        ("token.actions.acme.ghe.com/acme", "token.actions.acme.ghe.com/acme:actor_id", ABSENT),
        ("token.actions.acme.ghe.com/acme", "token.actions.acme.ghe.com/acme:sub", claim("sub")),
        ("github.com/enterprises/acme", "github.com/enterprises/acme:ref", claim("ref")),
        ("ghe.example.com/_services/token", "ghe.example.com/_services/token:repository", ABSENT),
        ("gitlab.com", "gitlab.com:project_id", claim("project_id")),
        ("gitlab.com", "gitlab.com:project_path", ABSENT),
        ("gitlab.example.com", "gitlab.example.com:project_id", ABSENT),
        ("gitlab.example.com", "gitlab.example.com:sub", claim("sub")),
        ("agent.buildkite.com", "agent.buildkite.com:organization_slug", claim("organization_slug")),
        ("agent.eu.buildkite.dev", "agent.eu.buildkite.dev:build_branch", claim("build_branch")),
        ("oidc.circleci.com/org/11", "oidc.circleci.com/org/11:oidc.circleci.com/project-id",
         claim("oidc.circleci.com/project-id")),
        ("oidc.circleci.com", "oidc.circleci.com:oidc.circleci.com/project-id", ABSENT),
        ("idcs-9f.identity.oraclecloud.com", "idcs-9f.identity.oraclecloud.com:rpst_id", claim("rpst_id")),
        ("kube.example.com:8443", "kube.example.com:8443:sub", claim("sub")),
        ("localhost", "localhost:sub", claim("sub")),
        ("accounts.google.com", "accounts.google.com:aud", AUDIENCE),
        ("accounts.google.com", "accounts.google.com:oaud", TextOrTexts("aud")),
        ("accounts.google.com", "accounts.google.com:amr", ABSENT),
        (
            "accounts.google.com",
            "accounts.google.com:google/organization_number",
            Unreadable("which claim google/organization_number reads is not settled"),
        ),
        ("cognito-identity.amazonaws.com", "cognito-identity.amazonaws.com:aud", claim("aud")),
        ("cognito-identity.amazonaws.com", "cognito-identity.amazonaws.com:amr", Texts("amr")),
        ("cognito-identity.amazonaws.com", "cognito-identity.amazonaws.com:email", ABSENT),
        ("www.amazon.com", "www.amazon.com:app_id", claim("app_id")),
        ("www.amazon.com", "www.amazon.com:aud", ABSENT),
        ("graph.facebook.com", "graph.facebook.com:id", claim("id")),
        ("graph.facebook.com", "graph.facebook.com:user_id", ABSENT),
        ("gitlab.com", "sts:RoleAuthorizedByIdp",
         Unreadable("sts:RoleAuthorizedByIdp: the issuer may sign a role list")),
        ("gitlab.com", "aws:RequestTag/a", Unreadable("aws:RequestTag/a: whether this issuer signs it is not known")),
        ("gitlab.com", "aws:userid", Unreadable("aws:userid: its value in a web-identity call is not known")),
        ("gitlab.com", "aws:PrincipalType",
         Unreadable("aws:PrincipalType: its value in a web-identity call is not known")),
        (
            "gitlab.com",
            "aws:PrincipalAccount",
            Unreadable("aws:PrincipalAccount: its value in a web-identity call is not known"),
        ),
    ],
)  # fmt: skip
def test_key_of_another_issuer(issuer: str, key: str, reading: Reading) -> None:
    assert lookup(key, at(issuer)) == reading


def test_tags_that_cannot_be_understood_decide_nothing() -> None:
    assert lookup("aws:ResourceTag/Team", replace(REQUEST, tags=None)) == Unreadable(
        "aws:ResourceTag/Team: the role's tags could not be understood"
    )
    twice = replace(REQUEST, tags=(("team", "a"), ("Team", "b")))
    assert lookup("aws:ResourceTag/Team", twice) == Unreadable(
        "aws:ResourceTag/Team: the role has several tags of that name"
    )


@pytest.mark.parametrize(
    ("issuer", "claims"),
    [
        ("oidc.circleci.com/org/11", ("oidc.circleci.com/project-id",)),
        ("www.amazon.com", ("app_id", "user_id")),
        ("graph.facebook.com", ("app_id", "id")),
        ("cognito-identity.amazonaws.com", ()),
        ("accounts.google.com", ()),
        ("app.terraform.io", ()),
    ],
)
def test_claims_only_this_issuer_has_as_keys(issuer: str, claims: tuple[str, ...]) -> None:
    assert specific_claims(issuer) == claims


def test_number_of_provider_specific_keys() -> None:
    """The Service Authorization Reference counts 10 keys per GitHub form, 9 for GitLab, 7 per Buildkite form."""
    counts = {
        issuer: len(specific_claims(issuer))
        for issuer in (
            GITHUB,
            f"{GITHUB}/a",
            "token.actions.a.ghe.com",
            "github.com/enterprises/a",
            "gitlab.com",
            "agent.buildkite.com",
            "agent.a.buildkite.dev",
            "agent.a.buildkite.site",
        )
    }
    assert list(counts.values()) == [10, 10, 10, 10, 9, 7, 7, 7]


def test_a_key_beyond_ascii_is_not_taken_for_one_that_folds_to_it() -> None:
    kelvin = "token.actions.githubusercontent.com:wor\N{KELVIN SIGN}flow"
    assert isinstance(lookup(kelvin, REQUEST), Unreadable)
