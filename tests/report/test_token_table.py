"""What a person reads about a token: whole outputs, and what hostile claims cannot do to them."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.report import token_json, token_table
from auditor.report.base import Layout
from auditor.snapshot import Coverage, Snapshot, Status
from tests.providers.aws import organised
from tests.tokens.material import (
    ACCOUNT,
    GITHUB,
    ISSUED,
    READ,
    estate,
    github,
    provider,
    pull_request,
    report,
    role,
    statement,
)

ESTATE = estate(
    provider(GITHUB, "sts.amazonaws.com", "https://github.com/acme"),
    role(
        "deploy",
        statement(
            {
                "StringEquals": {"aud": "sts.amazonaws.com"},
                "StringLike": {"sub": ["repo:acme/app:ref:refs/heads/main", "repo:acme/web:environment:*"]},
            }
        ),
        statement({"StringLike": {"sub": "repo:Acme/*"}}),
    ),
    role(
        "preview",
        statement({"StringLike": {"sub": "repo:acme/*", "sts:RoleSessionName": "pr-*"}}),
        statement({"StringEquals": {"environment": "prod"}}, "Deny"),
    ),
    role("office", statement({"StringLike": {"sub": "repo:acme/*"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
)
DENIED = Coverage("aws", ACCOUNT, "oidc-provider", Status.DENIED, "AccessDenied", "iam:ListOpenIDConnectProviders")
UNREAD_ESTATE = replace(
    ESTATE, documents=[one for one in ESTATE.documents if one.kind == "iam-role"], coverage=[*READ[:2], DENIED]
)
NOBODY = {"iss": "https://idp.example", "sub": "alice", "aud": ["a", "b"], "exp": "soon", "scopes": [1]}


def told(payload: dict[str, Any], snapshot: Snapshot | None = None, name: str | None = None, *, width: int) -> str:
    stream = io.StringIO()
    token_table.write(report(payload, snapshot, name), stream, Layout(width))
    return stream.getvalue()


A_PULL_REQUEST = """\
TOKEN
  issuer     GitHub Actions, https://token.actions.githubusercontent.com
  subject    repo:acme/app:pull_request
  form       repo:{owner}/{repo}:pull_request of a pull request run
  times      issued 2026-11-21 11:59:00 UTC (1 minute ago); expires 2026-11-21 12:04:00 UTC (in 4
             minutes)
  whose      ours: [ours] github names acme
  class      pull-request: minted for code that nobody has merged

    part           value                         who chooses it                  claims
--  -------------  ----------------------------  ------------------------------  -------------------
    owner          acme                          its owner                       sub +4
    repository     app                           its owner                       sub +3
!   pull request   17                            anyone                          job_workflow_ref +2
!   head ref       patch-1                       whoever opens a pull request    head_ref
!   base ref       main                          whoever opens a pull request    base_ref
+   audience       sts.amazonaws.com             the job's own code              aud
+   workflow name  ship                          whoever may push or start runs  workflow
+   workflow file  ship                          whoever may push or start runs  job_workflow_ref +1
!   actor          dora                          anyone                          actor
+   runner         github-hosted                 whoever may push or start runs  runner_environment
+   sha            c0ffeec0ffeec0ffeec0ffeec0ff  whoever may push or start runs  job_workflow_sha +2
                   eec0ffeec0ff
! may be the choice of somebody outside; + is the choice of whoever may push, or of the job itself.
Set by the platform or the tenant's administrators: owner id 7007, repo id 70007, actor id 77,
visibility private, run id 7700, run number 7, run attempt 1, check run id 770077, jti one.

Further claims that nothing is known about: team.

IDENTITIES it could become: 1, by 1 of 3 trusts

1. preview
     as    iam-role arn:aws:iam::123456789012:role/preview
     with  a RoleSessionName of one's own choice, such as pr-audit
     by    /AssumeRolePolicyDocument/Statement/0
           StringLike token.actions.githubusercontent.com:sub = repo:acme/*
           StringLike sts:RoleSessionName = pr-*

NOT DECIDED: unknown whether it could become these

office (iam-role arn:aws:iam::123456789012:role/office)
    aws:SourceIp: it depends on where the call comes from

1 further trust of this issuer refuses it: --identity NAME tells why.

Collected 2026-11-21T11:00:05Z. Everything that was asked for was read.
"""


def test_a_pull_request() -> None:
    assert told(pull_request(team="x"), ESTATE, width=100) == A_PULL_REQUEST


WHY_NOT = """\
TOKEN
  issuer     GitHub Actions, https://token.actions.githubusercontent.com
  subject    repo:acme/app:pull_request
  form       repo:{owner}/{repo}:pull_request of a pull request run
  times      issued 2026-11-21 11:59:00 UTC (1 minute ago); expires 2026-11-21
             12:04:00 UTC (in 4 minutes)
  whose      ours: [ours] github names acme
  class      pull-request: minted for code that nobody has merged

deploy: NO, this token does not become it
  as       iam-role arn:aws:iam::123456789012:role/deploy
  through  arn:aws:iam::123456789012:oidc-provider/
           token.actions.githubusercontent.com
  because  the nearest allow statement fails on StringLike
           token.actions.githubusercontent.com:sub

  yes      the door: issuer and audience
           token    sts.amazonaws.com (aud)
           wanted   sts.amazonaws.com, https://github.com/acme

  allow    /AssumeRolePolicyDocument/Statement/0: does not let it in
    yes      StringEquals token.actions.githubusercontent.com:aud
             token    sts.amazonaws.com (aud)
             wanted   sts.amazonaws.com
    NO       StringLike token.actions.githubusercontent.com:sub
             token    repo:acme/app:pull_request (sub)
             wanted   repo:acme/app:ref:refs/heads/main
                      that is another kind of run: branch, not pull request
             wanted   repo:acme/web:environment:*
                      that is another kind of run: environment, not pull
                      request; and repo is app, not web
             at       Condition/StringLike/token.actions.githubusercontent.com:
                      sub

  allow    /AssumeRolePolicyDocument/Statement/1: does not let it in
    NO       StringLike token.actions.githubusercontent.com:sub
             token    repo:acme/app:pull_request (sub)
             wanted   repo:Acme/*
                      it would match but for upper and lower case
             at       Condition/StringLike/token.actions.githubusercontent.com:
                      sub

Collected 2026-11-21T11:00:05Z. Everything that was asked for was read.
"""


def test_why_not() -> None:
    assert told(pull_request(), ESTATE, "deploy", width=80) == WHY_NOT


WHY = """\
TOKEN
  issuer     GitHub Actions, https://token.actions.githubusercontent.com
  subject    repo:acme/app:pull_request
  form       repo:{owner}/{repo}:pull_request of a pull request run
  times      issued 2026-11-21 11:59:00 UTC (1 minute ago); expires 2026-11-21 12:04:00 UTC (in 4
             minutes)
  whose      ours: [ours] github names acme
  class      pull-request: minted for code that nobody has merged

preview: YES, this token could become it
  as       iam-role arn:aws:iam::123456789012:role/preview
  through  arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com
  with     a RoleSessionName of one's own choice, such as pr-audit

  yes      the door: issuer and audience
           token    sts.amazonaws.com (aud)
           wanted   sts.amazonaws.com, https://github.com/acme

  allow    /AssumeRolePolicyDocument/Statement/0: lets it in
    yes      StringLike token.actions.githubusercontent.com:sub
             token    repo:acme/app:pull_request (sub)
             wanted   repo:acme/*
    yes      StringLike sts:RoleSessionName
             token    pr-audit (request:RoleSessionName)
             wanted   pr-*

  deny     /AssumeRolePolicyDocument/Statement/1: does not concern it
    NO       StringEquals token.actions.githubusercontent.com:environment
             token    no claim environment
             wanted   prod
             at       Condition/StringEquals/token.actions.githubusercontent.com:environment

Collected 2026-11-21T11:00:05Z. Everything that was asked for was read.
"""


def test_why() -> None:
    assert told(pull_request(), ESTATE, "preview", width=100) == WHY


def test_what_stands_above_is_named_with_its_own_document() -> None:
    above = {"StringNotLike": {"token.actions.githubusercontent.com:sub": "repo:other/*"}}
    organisation = {"Id": organised.ORGANISATION, "MasterAccountId": organised.MANAGER}
    contents = {"p-tenants": organised.control(organised.refusing(above))}
    documents = organised.organised(contents, {"r-1": ["p-tenants"]}, organisation, ACCOUNT)
    found = told(pull_request(), replace(ESTATE, documents=[*ESTATE.documents, *documents]), "deploy", width=100)
    assert "  because  the resource control policy named p-tenants (p-tenants) refuses it, whatever" in found
    assert (
        """
  deny     p-tenants /Content/Statement/0: keeps it out
    yes      StringNotLike token.actions.githubusercontent.com:sub
             token    repo:acme/app:pull_request (sub)
"""
        in found
    )


CONTRADICTIONS = """\
TOKEN
  issuer     GitHub Actions, https://token.actions.githubusercontent.com
  subject    repo:acme/app:ref:refs/heads/main
  form       repo:{owner}/{repo}:ref:refs/heads/{branch} of a branch run
  times      issued 2026-11-21 11:59:00 UTC (1 minute ago); EXPIRED 2026-11-21 09:29:00 UTC (2 hours
             ago)
  whose      ours: [ours] github names acme
  class      pull-request, perhaps: it fits no form of token, so what it was minted for is not known

CONTRADICTIONS: as far as is known, this issuer mints no such token
  repository_owner  eve (by the rest of the token: acme)
  environment       prod (a token of this form does not carry it)

    part           value                         who chooses it                  claims
--  -------------  ----------------------------  ------------------------------  -------------------
    owner          acme                          its owner                       sub +4
    repository     app                           its owner                       sub +3
+   branch         main                          whoever may push or start runs  sub +3
+   event          push                          whoever may push or start runs  event_name
+   audience       sts.amazonaws.com             the job's own code              aud
+   workflow name  ship                          whoever may push or start runs  workflow
+   workflow file  ship                          whoever may push or start runs  job_workflow_ref +1
!   actor          dora                          anyone                          actor
+   runner         github-hosted                 whoever may push or start runs  runner_environment
+   sha            c0ffeec0ffeec0ffeec0ffeec0ff  whoever may push or start runs  job_workflow_sha +2
                   eec0ffeec0ff
! may be the choice of somebody outside; + is the choice of whoever may push, or of the job itself.
Set by the platform or the tenant's administrators: owner id 7007, repo id 70007, actor id 77,
visibility private, run id 7700, run number 7, run attempt 1, check run id 770077, jti one.
"""


def test_contradictions() -> None:
    assert (
        told(github(repository_owner="eve", environment="prod", exp=ISSUED - 9000, nbf=None), width=100)
        == CONTRADICTIONS
    )


NOBODYS = """\
TOKEN
  issuer     https://idp.example, which no table describes:
             its claims are read as they stand
  subject    alice
  times      it does not say when it expires; exp: not a
             time
  whose      not known: nobody described this issuer, and
             [ours] issuers does not name it

    part      value    who chooses it
--  --------  -------  ----------------
!   sub       alice    not known
!   audience  a        not known
! may be the choice of somebody outside.

The same token can be read in another way: audience b.
scopes is a list of something other than text: a test of it
cannot be decided.

IDENTITIES it could become: none, of 3 trusts

Collected 2026-11-21T11:00:05Z. Coverage is INCOMPLETE: what
was not read may admit the token.
  aws 123456789012 oidc-provider denied (needs
  iam:ListOpenIDConnectProviders): AccessDenied
"""


def test_nobodys() -> None:
    assert told(NOBODY, UNREAD_ESTATE, width=60) == NOBODYS


OFFICE = """\
TOKEN
  issuer     GitHub Actions, https://token.actions.githubusercontent.com
  subject    repo:acme/app:ref:refs/heads/main
  form       repo:{owner}/{repo}:ref:refs/heads/{branch} of a branch run
  times      issued 2026-11-21 11:59:00 UTC (1 minute ago); EXPIRED 2026-11-21 09:29:00 UTC (2 hours
             ago)
  whose      ours: [ours] github names acme

office: UNKNOWN whether this token becomes it
  as       iam-role arn:aws:iam::123456789012:role/office
  through  arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com
  because  aws:SourceIp: it depends on where the call comes from

  yes      the door: issuer and audience
                    taken as open, for the registration was not read: AccessDenied (needs
                    iam:ListOpenIDConnectProviders)
           token    sts.amazonaws.com (aud)

  allow    /AssumeRolePolicyDocument/Statement/0: may let it in
    yes      StringLike token.actions.githubusercontent.com:sub
             token    repo:acme/app:ref:refs/heads/main (sub)
             wanted   repo:acme/*
    unknown  IpAddress aws:SourceIp
                      aws:SourceIp: it depends on where the call comes from
             wanted   10.0.0.0/8
             at       Condition/IpAddress/aws:SourceIp

Collected 2026-11-21T11:00:05Z. Coverage is INCOMPLETE: what was not read may admit the token.
  aws 123456789012 oidc-provider denied (needs iam:ListOpenIDConnectProviders): AccessDenied

The token has expired. All this is about one minted anew with the same claims.
"""


def test_office() -> None:
    assert told(github(exp=ISSUED - 9000), UNREAD_ESTATE, "office", width=100) == OFFICE


ELSEWHERE = """\
TOKEN
  issuer     GitLab CI/CD, https://gitlab.com
  subject    repo:acme/app:ref:refs/heads/main
  form       project_path:{group}/{project}:ref_type:branch:ref:{branch} of a branch run
  times      issued 2026-11-21 11:59:00 UTC (1 minute ago); expires 2026-11-21 12:04:00 UTC (in 4
             minutes)
  whose      not known: [ours] says nothing about gitlab
  class      pull-request, perhaps: it fits no form of token, so what it was minted for is not known

CONTRADICTIONS: as far as is known, this issuer mints no such token
  sub                 repo:acme/app:ref:refs/heads/main (by the rest of the token:
                      project_path:{group}/{project}:ref_type:branch:ref:refs/heads/main)
  runner_environment  github-hosted (no value it can have here)

Cut down? Such tokens also carry job_id, namespace_id, namespace_path, pipeline_id, pipeline_source,
project_id, project_path, project_visibility and 5 more.
Further claims that nothing is known about: actor, actor_id, base_ref, check_run_id, event_name,
head_ref, job_workflow_ref, job_workflow_sha and 11 more.

deploy: NO, it trusts no token of this issuer
  as         iam-role arn:aws:iam::123456789012:role/deploy
  trusts     https://token.actions.githubusercontent.com
  but not    https://gitlab.com

Collected 2026-11-21T11:00:05Z. Everything that was asked for was read.
"""


def test_elsewhere() -> None:
    assert told({**github(), "iss": "https://gitlab.com"}, ESTATE, "deploy", width=100) == ELSEWHERE


HOSTILE = [
    "\x1b[2J\x1b[1;31mowned",
    "line\nbreak\r\n\tand tab",
    "\u202egnp.exe",
    "zero\u200bwidth\u2066",
    "\ud800 lone",
    "=cmd|' /C calc'!A1",
    "</script><script>alert(1)</script>",
    "| a | b |",
    "x" * 5_000,
    "\x00\x07\x9b31m",
    "й" * 300,
]


def printed(text: str, width: int) -> None:
    """Nothing that a terminal would obey, and no line that is too long."""
    for line in text.splitlines():
        assert not [char for char in line if unicodedata.category(char)[0] == "C"], line
        assert len(line) <= width, line


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("width", [60, 100])
def test_hostile_claims(hostile: str, width: int) -> None:
    names = ["sub", "aud", "repository", "ref", "environment", "actor", "workflow", "jti", "mine"]
    payload = {**github(), **dict.fromkeys(names, hostile), hostile: hostile}
    printed(told(payload, ESTATE, width=width), width)
    printed(told(payload, ESTATE, "deploy", width=width), width)
    printed(told({**github(), "repository_owner": hostile}, UNREAD_ESTATE, width=width), width)
    printed(told({"iss": f"https://{hostile}", "sub": hostile}, ESTATE, width=width), width)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_documents(hostile: str) -> None:
    door = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    values = {"StringLike": {"sub": [f"repo:{hostile}/*", "*", hostile], hostile: hostile}, hostile: {"aud": hostile}}
    snapshot = estate(provider(door, "sts.amazonaws.com", hostile), role(f"deploy{hostile}", statement(values)))
    printed(told(github(), snapshot, width=80), 80)
    printed(told(github(), snapshot, "deploy", width=80), 80)
    stream = io.StringIO()
    token_json.write(report(github(), snapshot, "deploy"), stream, Layout())
    assert re.fullmatch(r"[ -~\n]*", stream.getvalue())


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["sub", "aud", "ref", "iss", "x"]), st.text(max_size=30), max_size=4))
def test_any_text_in_any_claim(changes: dict[str, str]) -> None:
    printed(told({**github(), **changes}, ESTATE, width=72), 72)
