"""Whom the tokens of one repository become, and who can get at one identity: the answers, and how they are written."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import Match, evaluate
from auditor.claims.verdict import Accepted, Undecided
from auditor.config import Config, Ours
from auditor.errors import UsageError
from auditor.graph import Graph
from auditor.issuers import identify
from auditor.issuers.catalogue import Catalogue, catalogue_of
from auditor.model import Fix, Identity, Level, Source, Trust
from auditor.power import Capability, Power, Profile, Step, unread
from auditor.questions import reach, who
from auditor.reach import Origin, ReachReport, WhoReport, origin_of, runs_admitted
from auditor.report import REACH_FORMATS
from auditor.report.base import Layout
from auditor.snapshot import Coverage, Snapshot
from tests.estate import ACCOUNT, DENIED, READ, FakeCloud, role_arn, snapshot, trust


def origin(text: str) -> Origin:
    return origin_of(text, catalogue_of())


# What is meant


@pytest.mark.parametrize(
    ("text", "kind", "tenant", "number", "project"),
    [
        ("repo:my-org/my-app", "github", "my-org", None, ("my-app",)),
        ("github:my-org", "github", "my-org", None, ()),
        ("github:my-org@123/my-app", "github", "my-org", "123", ("my-app",)),
        ("project_path:group/sub/project", "gitlab", "group", None, ("sub", "project")),
        ("organization:o/p/w", "terraform-cloud", "o", None, ("p", "w")),
        ("kubernetes:payments/settlement", "kubernetes", "", None, ("payments", "settlement")),
    ],
)
def test_origins(text: str, kind: str, tenant: str, number: str | None, project: tuple[str, ...]) -> None:
    found = origin(text)
    assert (found.kind, found.tenant, found.tenant_id, found.project) == (kind, tenant, number, project)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("my-org/my-app", "'my-org/my-app' is not ISSUER:TENANT[/PROJECT], for example repo:my-org/my-app"),
        ("repo:", "'repo:' is not ISSUER:TENANT[/PROJECT], for example repo:my-org/my-app"),
        ("repo:a//b", "'repo:a//b' is not ISSUER:TENANT[/PROJECT], for example repo:my-org/my-app"),
        ("svn:a/b", "there is no issuer 'svn'; known: repo, project_path, organization, activestate,"),
    ],
)
def test_what_is_no_origin(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        origin(text)
    assert str(caught.value).startswith(said)


# Which runs get in


def admitted(subject: str | None, text: str) -> dict[str, type]:
    return {run: type(verdict) for run, verdict in runs_admitted(trust("x", subject), origin(text), Ours()).items()}


def test_runs() -> None:
    assert admitted("repo:acme/app:environment:*", "repo:acme/app") == {"environment": Accepted}
    assert admitted("repo:acme/app:ref:refs/heads/main", "repo:acme/application") == {}
    assert admitted("repo:acme/app:ref:refs/heads/main", "repo:ACME/APP") == {"branch": Accepted}
    assert admitted("repo:acme/app:ref:refs/heads/main", "gitlab:acme/app") == {}
    assert admitted("repo:acme/app:pull_request", "repo:acme") == {"pull request": Accepted, "branch": Undecided}
    assert set(admitted("repo:acme/*", "repo:acme/app")) >= {"branch", "tag", "pull request", "environment"}
    assert admitted("repo:acme@1/app@2:ref:refs/heads/main", "repo:acme@7/app") == {}
    assert admitted("repo:acme@1/app@2:ref:refs/heads/main", "repo:acme@1/app") == {"branch": Accepted}
    assert set(admitted(None, "repo:acme/app").values()) == {Undecided}


_OWNERS = st.sampled_from(["acme", "acme-labs", "evil"])
_REPOS = st.sampled_from(["app", "app2", "web"])
_REFS = st.sampled_from(["ref:refs/heads/main", "ref:refs/tags/v1", "pull_request", "environment:prod"])
_RUNS = {
    "ref:refs/heads": "branch",
    "ref:refs/tags": "tag",
    "pull_request": "pull request",
    "environment": "environment",
}


@given(
    st.lists(st.sampled_from(["repo:", "acme", "/", "app", ":", "*", "ref:refs/", "heads/main", "evil", "prod"])),
    _OWNERS,
    _REPOS,
    _REFS,
)
def test_a_concrete_token_of_the_origin_that_gets_in_shows(parts: list[str], owner: str, repo: str, ref: str) -> None:
    subject = "".join(parts)
    token = f"repo:{owner}/{repo}:{ref}"
    runs = admitted(subject, f"repo:{owner}/{repo}")
    if evaluate(Match("sub", Pattern.glob(subject)), {"sub": token}):
        name = next(run for start, run in _RUNS.items() if ref.startswith(start))
        assert runs[name] is Accepted
    for run, verdict in runs_admitted(trust("x", subject), origin(f"repo:{owner}/{repo}"), Ours()).items():
        if isinstance(verdict, Accepted):
            assert str(verdict.witness["repository"]).lower() == f"{owner}/{repo}", run


# The answers

BOSS, CI, WEB = (Identity("aws", ACCOUNT, "iam-role", role_arn(name), name) for name in ("boss", "ci", "web"))


class Powers:
    """`ci` may become `boss`, an administrator; `web` may read a bucket; of `lost` nobody knows."""

    token_issuers: tuple[str, ...] = ()

    def identities(self) -> Iterable[Identity]:
        return (BOSS, CI, WEB)

    def profile(self, identity: Identity) -> Profile:
        place = Source(identity.id, "/RolePolicyList/0/PolicyDocument/Statement/0")
        match identity.name:
            case "boss":
                return Profile(Power((Capability(Level.ADMIN, "do anything", ("*",), "*", (place,)),)))
            case "ci":
                step = Step(BOSS, "assume-role", "assume it", ("sts:AssumeRole",), (place,))
                return Profile(Power((Capability(Level.SCOPED, "read a log", ("logs:Get",), "*", (place,)),)), (step,))
            case "web":
                return Profile(Power((Capability(Level.SCOPED, "read a bucket", ("s3:GetObject",), "b", (place,)),)))
            case _:
                return unread("its policies were not read")

    def sketch(self, identity: Identity, capability: Capability) -> Fix | None:
        return None


SUBJECTS = {
    "ci": "repo:acme/app:ref:refs/heads/main",
    "web": "repo:acme/*",
    "lost": "repo:acme/app:environment:prod",
    "other": "repo:acme/other:ref:refs/heads/main",
}


def reached(text: str, coverage: Iterable[Coverage] = READ, *, admits: bool | None = True) -> ReachReport:
    cloud = FakeCloud(admits=admits, authority=Powers())
    return reach(snapshot(SUBJECTS, coverage), [cloud], Config(), origin(text), lambda _: None)


def asked(name: str, subjects: dict[str, str] | None = None, coverage: Iterable[Coverage] = READ) -> WhoReport:
    cloud = FakeCloud(authority=Powers())
    return who(snapshot(subjects or SUBJECTS, coverage), [cloud], Config(), name, lambda _: None)


def written(report: ReachReport | WhoReport, form: str, width: int = 80) -> str:
    stream = io.StringIO()
    formats = REACH_FORMATS[form]()
    if isinstance(report, ReachReport):
        formats.write_reach(report, stream, Layout(width))
    else:
        formats.write_who(report, stream, Layout(width))
    return stream.getvalue()


def test_everything_one_repository_reaches() -> None:
    assert written(reached("repo:acme/app"), "table") == REACHED


REACHED = f"""\
Tokens of acme/app (GitHub Actions) come to 4 identities in 1 cloud.

ADMIN  ci
  is        aws iam-role {role_arn("ci")}
  may       become boss, who may do anything
  how       ci may assume it: boss (sts:AssumeRole)
  through   arn:aws:iam::123456789012:oidc-provider/
            token.actions.githubusercontent.com
  runs      branch
  token     sub = repo:acme/app:ref:refs/heads/main  aud = any-audience

ADMIN  boss
  is        aws iam-role {role_arn("boss")}
  may       do anything
  first     they become ci (aws iam-role)
  then      ci may assume it: boss (sts:AssumeRole)

UNKNOWN  lost
  is        aws iam-role {role_arn("lost")}
  may       do more than is known: its policies were not read
  through   arn:aws:iam::123456789012:oidc-provider/
            token.actions.githubusercontent.com
  runs      environment
  token     sub = repo:acme/app:environment:prod  aud = any-audience

SCOPED  web
  is        aws iam-role {role_arn("web")}
  may       read a bucket
  through   arn:aws:iam::123456789012:oidc-provider/
            token.actions.githubusercontent.com
  runs      branch, tag, pull request, environment
  perhaps   deployment of a bare commit
  token     sub = repo:acme/app:ref:refs/heads/main  aud = any-audience
"""


def test_nobody() -> None:
    report = reached("repo:globex/app")
    said = "Tokens of globex/app (GitHub Actions) become nobody: of 4 trusts in that issuer,\nnone lets them in.\n"
    assert (written(report, "table"), report.complete) == (said, True)


def test_what_was_not_read_is_told_and_makes_the_answer_incomplete() -> None:
    report = reached("repo:globex/app", [*READ, DENIED])
    assert not report.complete
    assert "This may not be all" in written(report, "table")
    assert "iam:ListOpenIDConnectProviders" in written(report, "table")
    assert not reached("repo:globex/app", []).complete


def test_a_witness_the_source_refuses_proves_nothing() -> None:
    report = reached("repo:acme/app", admits=False)
    assert not report.complete
    assert {one.certain for one in report.reached} == {False}
    assert "perhaps 4 identities" in written(report, "table")


def test_what_it_reaches_as_json() -> None:
    record = json.loads(written(reached("repo:acme/app"), "json"))
    assert [record[key] for key in ("version", "complete", "trusts")] == [1, True, 4]
    assert record["origin"] == {"issuer_kind": "github", "tenant": "acme", "tenant_id": None, "project": ["app"]}
    boss = record["reached"][1]
    assert [boss["identity"]["name"], boss["certain"], boss["trusts"], boss["first"]["name"]] == [
        "boss",
        True,
        [],
        "ci",
    ]
    assert [step["to"]["id"] for step in boss["way"]] == [role_arn("boss")]
    assert list(record["reached"][0]["trusts"][0]["runs"]) == ["branch"]
    assert record["reached"][0]["identity"]["power"]["own"] == "scoped"


def test_everybody_who_gets_at_an_identity() -> None:
    assert written(asked("boss"), "table") == WHO


WHO = f"""\
ADMIN  boss
  is        aws iam-role {role_arn("boss")}
  may       do anything

By way of ci (aws {role_arn("ci")})
  step      ci may assume it: boss (sts:AssumeRole)
  who       Branch main of acme/app on GitHub Actions may become ci.
  token     sub = repo:acme/app:ref:refs/heads/main  aud = any-audience
  lets in   unchecked-audience
"""


def test_directly_and_nobody_by_dead_trusts() -> None:
    text = written(asked("web"), "table")
    assert "Directly, tokens that become web\n" in text
    assert "  lets in   any-project, any-branch, any-tag, any-environment, pull-request," in text
    dead = asked("web", {"web": "repo:acme/app:ref:refs/heads/a b"})
    assert dead.upstream == ()
    assert "No federated token that could be read of becomes web." in written(dead, "table")


def test_who_as_json() -> None:
    record = json.loads(written(asked("boss"), "json"))
    assert record["identity"]["power"]["level"] == "admin"
    assert [one["identity"]["name"] for one in record["upstream"]] == ["ci"]
    assert record["upstream"][0]["trusts"][0]["reachable"]["result"] == "accepted"


def test_an_identity_nobody_knows() -> None:
    with pytest.raises(UsageError, match="no identity that trusts an OIDC issuer is called 'nobody'"):
        asked("nobody")


class Unreadable(FakeCloud):
    """Its one trust could not be read, so that not even its issuer is known."""

    def trusts(self, snapshot: Snapshot, issuers: Catalogue | None = None) -> Iterable[Trust]:
        made = trust("sealed", None)
        return [replace(made, issuer=identify("https://unread.invalid"), notes={"policy-unread": "it is no JSON"})]


def test_a_trust_nobody_could_read_may_let_anybody_in() -> None:
    report = reach(snapshot({}), [Unreadable()], Config(), origin("repo:acme/app"), lambda _: None)
    assert [(one.identity.name, one.certain) for one in report.reached] == [("sealed", False)]
    assert not report.complete
    assert "perhaps   any: it is no JSON" in written(report, "table")


class Failing(Powers):
    """Breaks on `ci`."""

    def profile(self, identity: Identity) -> Profile:
        if identity.name == "ci":
            raise KeyError("Statement")
        return super().profile(identity)


def test_a_failure_is_told_and_the_rest_is_answered() -> None:
    report = reach(
        snapshot(SUBJECTS), [FakeCloud(authority=Failing())], Config(), origin("repo:acme/app"), lambda _: None
    )
    assert not report.complete
    text = written(report, "table")
    assert "UNKNOWN  ci" in text
    assert "KeyError: 'Statement'. This is a defect of this program." in " ".join(text.split())


def test_ways_into_an_identity_begin_with_itself() -> None:
    assert list(Graph({"aws": Powers()}).ways_into(BOSS)) == [BOSS, CI]
