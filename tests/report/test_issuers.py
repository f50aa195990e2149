"""What is told about issuers: the list, one of them whole, the pages."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.issuers.catalogue import catalogue_of
from auditor.report import issuers_json, issuers_pages, issuers_table
from auditor.report.base import Layout
from auditor.tokens.portrait import ADVERSARIES, TENANCIES, Portrait, _readable, find, portraits
from auditor.tokens.words import CONTROLLERS

ISSUERS = catalogue_of()
ALL = portraits(ISSUERS)
IDS = [one.id for one in ALL]


def page(one: Portrait, width: int) -> str:
    stream = io.StringIO()
    issuers_table.write_one(one, stream, Layout(width))
    return stream.getvalue()


def test_every_table_has_its_portrait() -> None:
    assert tuple(IDS) == ISSUERS.kinds()


@pytest.mark.parametrize("one", ALL, ids=IDS)
def test_a_portrait_is_complete(one: Portrait) -> None:
    assert one.addresses
    assert all(address.mints_for in TENANCIES.values() for address in one.addresses)
    assert one.sources
    assert all(url.startswith("https://") for _, url in one.sources)
    assert one.audience.endswith((".", ")"))
    assert {segment.control.id for segment in one.segments} <= set(CONTROLLERS)
    assert {example.name for example in one.examples} <= ADVERSARIES.keys()
    assert ISSUERS.identify(one.at).kind == one.id or "told by its subjects" in one.addresses[-1].url
    # Every part of every subject is explained.
    names = {segment.name for segment in one.segments}
    parts = {name for form in one.forms for name in re.findall(r"\{([a-z_0-9]+)\}", form.subject)}
    assert parts <= names
    assert all(form.certain or form.note for form in one.forms)


@pytest.mark.parametrize("one", ALL, ids=IDS)
@pytest.mark.parametrize("width", [60, 80, 100])
def test_pages_keep_to_their_width(one: Portrait, width: int) -> None:
    text = page(one, width)
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert not [char for char in text if unicodedata.category(char) == "Cc" and char != "\n"]
    if width >= 80:
        assert [line for line in text.splitlines() if len(line) > width] == []


LIST = """\
id      issuer                                                mints for         subjects  known by
------  ----------------------------------------------------  ----------------  --------  ----------
github  GitHub Actions                                                          12        documented
          https://token.actions.githubusercontent.com         every customer
          https://token.actions.githubusercontent.com/        one enterprise
          {enterprise}
          https://token.actions.{subdomain}.ghe.com[/         one enterprise
          {subdomain}]
          https://{host}/_services/token                      one installation
fly     Fly.io                                                                  1         documented
          https://oidc.fly.io/{org}                           one tenant
"""


def test_the_list() -> None:
    stream = io.StringIO()
    issuers_table.write_list([find("github", ISSUERS), find("fly", ISSUERS)], stream, Layout(100))
    assert stream.getvalue() == LIST


FLY = """\
Fly.io (fly), documented

MINTS UNDER
  https://oidc.fly.io/{org}
      for one tenant: Fly.io

SUBJECTS
  {org}:{app}:{machine}
      machine

WHO CHOOSES WHAT
    part             what it is       who chooses it                  values
--  ---------------  ---------------  ------------------------------  ---------
!   org              organization     its owner                       northwind
    org_id           org id           the platform
    app              app              an administrator of the tenant
    app_id           app id           the platform
    machine          machine          an administrator of the tenant
    machine_id       machine id       the platform
    machine_version  machine version  the platform
    image            image            an administrator of the tenant
    image_digest     image digest     an administrator of the tenant
    region           region           an administrator of the tenant
+   aud              audience         the job's own code
    jti              jti              the platform
! may be the choice of somebody outside; + is the choice of whoever may push, or of the job itself.

CLAIMS, and the clouds whose conditions read them
claim             composed of                                      read by
----------------  -----------------------------------------------  ----------------
sub               {org}:{app}:{machine}                            AWS Google Azure
                  names of organization, app and machine
aud               {aud}                                            AWS Google Azure
org_id            {org_id}                                         Google
org_name          {org}                                            Google
app_id            {app_id}                                         Google
                  never given twice; the subject holds names only
app_name          {app}                                            Google
machine_id        {machine_id}                                     Google
machine_name      {machine}                                        Google
machine_version?  {machine_version}                                Google
image?            {image}                                          Google
image_digest?     {image_digest}                                   Google
region?           {region}                                         Google
jti?              {jti}                                            Google
iat               a time, in seconds since 1970                    Google
nbf               a time, in seconds since 1970                    Google
exp               a time, in seconds since 1970                    Google
? not in every token

AUDIENCE
  Chosen by the job's own code; it tells nothing about the tenant; by default https://fly.io/{org}.

WHAT AN ATTACKER HOLDS, minted at https://oidc.fly.io/northwind
  any-tenant          somebody else's tenant: anyone on the platform
                      none: this issuer mints for one tenant only
  any-project         another project of a tenant that is ours
                      sub = northwind:evil-app:any-machine
                      aud = any-audience
  unchecked-audience  a token meant for another service
                      sub = northwind:evil-app:any-machine
                      aud = any-audience

SOURCES
  OpenID Connect: https://fly.io/docs/security/openid-connect/
"""


def test_one_issuer_whole() -> None:
    assert page(find("fly", ISSUERS), 100) == FLY


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("github", "github", "GitHub Actions"),
        ("GitHub", "github", "GitHub Actions"),
        ("GitHub Actions", "github", "GitHub Actions"),
        ("https://token.actions.githubusercontent.com/acme", "github", "GitHub Actions (enterprise issuer)"),
        ("token.actions.githubusercontent.com", "github", "GitHub Actions"),
        ("https://app.terraform.io/", "terraform-cloud", "HCP Terraform"),
    ],
)
def test_found(name: str, kind: str, shown: str) -> None:
    one = find(name, ISSUERS)
    assert (one.id, one.name) == (kind, shown)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("githib", "no issuer 'githib' is described; did you mean github?"),
        ("terraform", "no issuer 'terraform' is described; did you mean terraform-cloud?"),
        ("https://idp.example", "no issuer 'https://idp.example' is described; `auditor issuers` lists them"),
        ("zzz", "no issuer 'zzz' is described; `auditor issuers` lists them"),
    ],
)
def test_not_found(name: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        find(name, ISSUERS)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        (r"https://app\.terraform\.io", "https://app.terraform.io"),
        (
            r"https://oidc\.circleci\.com/org/(?P<org>[0-9a-f]{8}(?:-[0-9a-f]{4}){3})",
            "https://oidc.circleci.com/org/{org}",
        ),
        (
            r"https://oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/id/[0-9A-Z]+",
            "https://oidc.eks.….amazonaws.com/id/…",
        ),
        (r"(?:https://)?accounts\.google\.com", "accounts.google.com"),
    ],
)
def test_a_regular_expression_as_people_write_the_url(pattern: str, shown: str) -> None:
    assert _readable(pattern) == shown


def test_json_is_ascii_and_tells_the_same() -> None:
    stream = io.StringIO()
    issuers_json.write_list(ALL, stream, Layout())
    assert re.fullmatch(r"[ -~\n]*", stream.getvalue())
    told: dict[str, Any] = json.loads(stream.getvalue())
    assert told["version"] == 1
    assert [one["id"] for one in told["issuers"]] == IDS
    stream = io.StringIO()
    issuers_json.write_one(ALL[0], stream, Layout())
    assert json.loads(stream.getvalue()) == {"version": 1, "issuers": told["issuers"][:1]}


def test_every_form_stands_under_its_name() -> None:
    forms = {form.subject: form.name for form in find("github", ISSUERS).forms}
    assert forms["repo:{owner}/{repo}:environment:{environment}"] == "environment"
    assert forms["repo:{owner}@{owner_id}/{repo}@{repo_id}:ref:refs/tags/{tag}"] == "immutable, tag"
    assert len(forms) == len(find("github", ISSUERS).forms)


def test_attackers_hold_what_their_class_says() -> None:
    github = {example.name: example.token for example in find("github", ISSUERS).examples}
    assert github["any-tenant"] == {"sub": "repo:evil-org/evil-repo:ref:refs/heads/main", "aud": "any-audience"}
    assert github["any-project"] == {"sub": "repo:my-org/evil-repo:ref:refs/heads/main", "aud": "any-audience"}
    assert github["pull-request"] == {"sub": "repo:my-org/evil-repo:pull_request", "aud": "any-audience"}
    plan = next(e.token for e in find("terraform-cloud", ISSUERS).examples if e.name == "pull-request")
    assert plan is not None
    assert str(plan["sub"]).endswith(":run_phase:plan")


@pytest.mark.parametrize("name", issuers_pages.pages())
def test_pages_are_sound_markdown(name: str) -> None:
    text = issuers_pages.pages()[name]
    assert text.endswith("\n")
    assert text.startswith("# ")
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()]
        assert len(set(rows)) == 1, block
