"""Credentials that look like something else than they are: each with who gets in by it, and why.

Wrong in either direction is a defect, but what is said to be shut and is not is the worse one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.config import Ours, Owned
from auditor.decide import decide
from auditor.judging.checks import confirm
from auditor.model import Decision, Trust
from auditor.providers.azure import PROVIDER
from auditor.providers.azure.subjects import coded
from tests.providers.azure.estates import STRANGER, TENANT, snapshot

LETTERS = {
    "T": "any-tenant",
    "P": "any-project",
    "B": "any-branch",
    "G": "any-tag",
    "R": "pull-request",
    "E": "any-environment",
    "A": "unchecked-audience",
}
WORD = {Accepted: "yes", Rejected: "no", Undecided: "open"}

ENTERPRISE = "https://token.actions.githubusercontent.com/northwind"
SERVER = "https://ghe.acme.example/_services/token"
ENTRA = f"https://login.microsoftonline.com/{TENANT}/v2.0"
CLUSTER = f"https://westeurope.oic.prod-aks.azure.com/{TENANT}/33333333-aaaa-4bbb-8ccc-000000000003"
CONNECTION = "sc/cdc6d24e-1d11-5085-b710-a5fb83cedec6/ea06bbb2-a4ef-5f8d-9d68-ae022233540b"
DEVOPS = f"/eid1/c/pub/t/{coded(TENANT)}/a/rISbSSETf0KqFyZ8ppdXmA/{CONNECTION}"
PRINCIPAL = "77700000-0000-4000-8000-000000000002"
OWNER = " and claims['repository_owner_id'] eq '61840277'"
REPO = " and claims['repository_id'] eq '734201958'"
CALLED = "claims['job_workflow_ref'] eq 'acme/wf/.github/workflows/x.yml@v1'"
PROJECT = " and claims['project_id'] eq '48213377'"


class Case(NamedTuple):
    """`want`: the classes that get in, by letter; after a stroke those that are open; `dead`, `open` for nobody."""

    why: str
    written: dict[str, Any]
    want: str


def subject(why: str, want: str, text: str, issuer: str = "github", **more: Any) -> Case:
    return Case(why, {"subject": text, "issuer": issuer, **more}, want)


def pattern(why: str, want: str, text: str, rest: str = "", issuer: str = "github") -> Case:
    return Case(why, {"expression": f"claims['sub'] matches '{text}'{rest}", "issuer": issuer}, want)


def expression(why: str, want: str, text: str, issuer: str = "github") -> Case:
    return Case(why, {"expression": text, "issuer": issuer}, want)


CASES = [
    # Subjects of GitHub
    subject("a colon in an environment's name is escaped in a token", "dead", "repo:acme/app:environment:prod:eu"),
    subject("escaped, it is that environment", "", "repo:acme/app:environment:prod%3Aeu"),
    subject("an environment has a name", "dead", "repo:acme/app:environment:"),
    subject("an environment may be called anything, a star included", "", "repo:acme/app:environment:*"),
    subject("no owner is called a star", "dead", "repo:*/app:ref:refs/heads/main"),
    subject("an id on one side only is no form of a subject", "dead", "repo:acme@1/app:ref:refs/heads/main"),
    subject("nor on the other", "dead", "repo:acme/app@2:ref:refs/heads/main"),
    subject("both ids", "", "repo:acme@1/app@2:environment:prod"),
    subject("ids have no zero in front", "dead", "repo:acme@01/app@2:ref:refs/heads/main"),
    subject("a subject says for which run", "dead", "repo:acme/app"),
    subject("a branch is written out", "dead", "repo:acme/app:ref:main"),
    subject("`ref:` comes first", "dead", "repo:acme/app:refs/heads/main"),
    subject("git has no two slashes in a row", "dead", "repo:acme/app:ref:refs/heads//main"),
    subject("a merge queue's branch is a branch", "", "repo:acme/app:ref:refs/heads/gh-readonly-queue/main/pr-1-a"),
    subject("an owner has no point in its name", "dead", "repo:ac.me/app:ref:refs/heads/main"),
    subject("an owner has 39 letters at most", "dead", f"repo:{'a' * 40}/app:ref:refs/heads/main"),
    subject("a letter of another alphabet", "dead", "repo:аcme/app:ref:refs/heads/main"),  # noqa: RUF001
    subject("a branch may be spelled in any alphabet", "", "repo:acme/app:ref:refs/heads/ähre"),
    subject("capitals in git's words", "dead", "repo:acme/app:ref:refs/Heads/main"),
    subject("capitals in GitHub's words", "dead", "repo:acme/app:Pull_Request"),
    subject("a tab at the end", "dead", "repo:acme/app:ref:refs/heads/main\t"),
    subject("a placeholder nobody filled in", "dead", "repo:${var.org}/app:ref:refs/heads/main"),
    subject("whether a review run carries its ref is not documented", "/R", "repo:acme/app:ref:refs/pull/12/merge"),
    subject(
        "anybody may print that: the subject is the stranger's own, and the workflow public",
        "TPBGRE",
        "job_workflow_ref:acme/wf/.github/workflows/x.yml@refs/heads/main",
    ),
    subject("so may everybody with an environment of that name", "TP", "environment:prod"),
    subject(
        "a subject of ours that is customised, without a word about it",
        "dead",
        "repo:acme/app:job_workflow_ref:acme/wf/.github/workflows/x.yml@refs/heads/main",
    ),
    subject("the enterprise's own issuer is another issuer", "", "repo:acme/app:ref:refs/heads/main", ENTERPRISE),
    subject("which has no slash either", "dead", "repo:acme/app:ref:refs/heads/main", f"{ENTERPRISE}/"),
    subject("GitHub Enterprise Server", "", "repo:acme/app:ref:refs/heads/main", SERVER),
    subject("which mints no ids", "dead", "repo:acme@1/app@2:ref:refs/heads/main", SERVER),
    subject(
        "the port is part of an issuer",
        "dead",
        "repo:a/b:pull_request",
        "https://token.actions.githubusercontent.com:443",
    ),
    # Expressions about GitHub
    pattern("everything", "TPBGRE", "**"),
    pattern("everything that has a letter", "TPBGRE", "?*"),
    pattern("an owner whose name begins so", "TPBGRE", "repo:acme*"),
    pattern("an owner whose name begins so, with that repository", "TBGRE", "repo:acme*/app:*"),
    pattern("any one letter is another owner", "T", "repo:acm?/app:ref:refs/heads/main"),
    pattern("a star inside the owner's name", "T", "repo:ac*me/app:ref:refs/heads/main"),
    pattern("a star for the owner", "T", "repo:*/app:ref:refs/heads/main"),
    pattern("every repository's main branch", "P", "repo:acme/*:ref:refs/heads/main"),
    pattern("the owner's id shuts strangers out", "PBGRE", "*", OWNER),
    pattern("the repository's id shuts the owner's others out", "BGRE", "repo:acme/app*", REPO),
    pattern("two ids that cannot both be", "dead", "repo:acme@1/*", OWNER),
    pattern("no environment, no tag, no pull request", "B", "repo:acme/app:ref:refs/heads/*"),
    pattern("tags alone", "G", "repo:acme/app:ref:refs/tags/*"),
    pattern("some tags are not any tag", "", "repo:acme/app:ref:refs/tags/v*"),
    pattern("every ref; a review run's subject is not documented", "BG/R", "repo:acme/app:ref:*"),
    pattern("what begins with pull", "R", "repo:acme/app:pull*"),
    pattern("some environments are not any", "", "repo:acme/app:environment:prod*"),
    pattern("whoever has an environment of that name", "TP", "*:environment:prod"),
    pattern("and whoever has such a branch", "TP", "*:ref:refs/heads/main"),
    pattern("`and` inside the text compared with", "", "repo:acme/app:environment:rock and roll"),
    pattern("a bridge between both forms lets neighbours in", "TP", "repo:acme*/app*:ref:refs/heads/main"),
    pattern("unless ids shut it", "", "repo:acme*/app*:ref:refs/heads/main", REPO),
    pattern("a name is cut off at the @", "", "repo:acme@*/app@*:ref:refs/heads/main"),
    pattern(
        "ids in the middle may be those of a stranger's environment",
        "TPE",
        "repo:*@61840277/*@734201958:ref:refs/heads/main",
    ),
    pattern("an id begun is not ended, and the repository's is", "BGRE", "repo:acme@6184*/app@734201958:*"),
    pattern("no alternation", "dead", "repo:acme/(app|web):ref:refs/heads/main"),
    pattern("no regular expression", "dead", "repo:acme/app:ref:refs/heads/.*"),
    pattern("names of repositories that begin with a point there are", "P", "repo:acme/.*:ref:refs/heads/main"),
    pattern("owners' names have no case", "", "repo:ACME/app:ref:refs/heads/main"),
    pattern("branches' names have, if expressions have", "", "repo:acme/app:ref:refs/heads/Main"),
    pattern("GitHub's words have, if expressions have", "open", "repo:acme/app:Environment:prod"),
    pattern("and this one would be a pull request", "/R", "repo:acme/app:Pull_request"),
    expression("ids alone", "PBGRE", "claims['repository_owner_id'] eq '61840277'"),
    expression("a star is a letter to eq", "dead", "claims['repository_owner_id'] eq '*'"),
    expression("an id with a blank", "dead", "claims['repository_owner_id'] eq ' 61840277'"),
    expression("an owner's name is no id", "dead", "claims['repository_owner_id'] eq 'acme'"),
    expression("ids take eq only", "/TPBGRE", "claims['repository_owner_id'] matches '6184*'"),
    expression("one workflow, called by anybody", "TPBGRE", CALLED),
    expression(
        "a workflow has a file's ending", "dead", "claims['job_workflow_ref'] eq 'acme/wf/.github/workflows/x@v1'"
    ),
    expression(
        "two tests of one claim: the last may be all that counts",
        "P/TBGRE",
        "claims['sub'] matches 'repo:acme/*' and claims['sub'] matches '*:ref:refs/heads/main'",
    ),
    expression("a claim that is not listed", "/TPBGRE", "claims['repository'] eq 'acme/app'"),
    expression("a claim's name in other letters", "/TPBGRE", "claims['Sub'] eq 'repo:acme/app:pull_request'"),
    expression("a blank behind", "/TPBGRE", "claims['sub'] eq 'repo:acme/app:pull_request' "),
    expression("a tab", "/TPBGRE", "claims['sub']\teq\t'repo:acme/app:pull_request'"),
    expression("a parenthesis", "/TPBGRE", "(claims['sub'] eq 'repo:acme/app:pull_request')"),
    expression("another equals sign", "/TPBGRE", "claims['sub'] == 'repo:acme/app:pull_request'"),
    pattern("expressions about an enterprise's issuer are not documented", "/TPBGRE", "repo:acme/*", "", ENTERPRISE),
    # GitLab
    subject("a path has two parts", "dead", "project_path:app:ref_type:branch:ref:main", "gitlab"),
    subject("an id is a number", "dead", "project_id:acme/app:ref_type:branch:ref:main", "gitlab"),
    subject("a merge request's ref is a branch", "dead", "project_path:a/b:ref_type:merge_request:ref:main", "gitlab"),
    subject("a branch may be called so", "E", "project_path:a/b:ref_type:branch:ref:refs/heads/main", "gitlab"),
    pattern(
        "main of every project, subgroups included", "PE", "project_path:acme/*:ref_type:branch:ref:main", "", "gitlab"
    ),
    pattern("a group whose name begins so", "TPBGRE", "project_path:acme*", "", "gitlab"),
    pattern("closed by the project's id", "BGRE", "project_path:acme*", PROJECT, "gitlab"),
    pattern("an id begun is not ended", "TPBGRE", "project_id:482*", "", "gitlab"),
    pattern(
        "a subgroup's project of that name", "PE", "project_path:acme/*/app:ref_type:branch:ref:main", "", "gitlab"
    ),
    expression("who started it is of no tenant", "TPBGRE", "claims['user_id'] eq '77'", "gitlab"),
    expression("a group's id is a group", "PBGRE", "claims['namespace_id'] eq '9183321'", "gitlab"),
    pattern("a host of one's own, of the listed form", "PBGRE", "project_path:acme/*", "", "https://gitlab.acme.com"),
    pattern("and one that is not", "/TPBGRE", "project_path:acme/*", "", "https://gitlab.acme.io"),
    # HCP Terraform
    subject("there is no such phase", "dead", "organization:a:project:b:workspace:c:run_phase:destroy", "terraform"),
    subject("without its phase it is a prefix", "dead", "organization:a:project:b:workspace:c", "terraform"),
    subject(
        "the European host", "R", "organization:a:project:b:workspace:c:run_phase:plan", "https://app.eu.terraform.io"
    ),
    subject("how a stack's subject ends is not documented", "/R", "organization:a:project:b:stack:c:x", "terraform"),
    pattern("four letters are a plan", "R", "organization:a:project:b:workspace:c:run_phase:????", "", "terraform"),
    pattern("five are an apply", "", "organization:a:project:b:workspace:c:run_phase:?pply", "", "terraform"),
    pattern("any phase and workspace", "PR", "organization:a:project:b:workspace:*", "", "terraform"),
    pattern(
        "any project's workspace of that name",
        "P",
        "organization:a:project:*:workspace:c:run_phase:apply",
        "",
        "terraform",
    ),
    pattern("an organization whose name begins so", "TPR", "organization:a*", "", "terraform"),
    # Entra, Azure DevOps
    subject("one service connection", "", DEVOPS, ENTRA),
    subject("a code of another tenant", "dead", DEVOPS, ENTRA.replace(TENANT, STRANGER)),
    subject("ids have small letters", "dead", DEVOPS.replace("ea06", "EA06"), ENTRA),
    subject("a star for the connection", "dead", f"{DEVOPS.rpartition('/')[0]}/*", ENTRA),
    subject("the slash in front belongs to it", "dead", DEVOPS[1:], ENTRA),
    subject("no token names the tenant by its domain", "dead", DEVOPS, ENTRA.replace(TENANT, "acme.onmicrosoft.com")),
    subject("nor by a word for all of them", "dead", PRINCIPAL, ENTRA.replace(TENANT, "common")),
    subject("nor without the version", "dead", PRINCIPAL, ENTRA.removesuffix("/v2.0")),
    subject("nor from the older address", "dead", PRINCIPAL, f"https://login.windows.net/{TENANT}/v2.0"),
    subject(
        "tokens of version 1 come from an address with a slash", "", PRINCIPAL, f"https://sts.windows.net/{TENANT}/"
    ),
    subject("and never without", "dead", PRINCIPAL, f"https://sts.windows.net/{TENANT}"),
    subject("nobody's object id is a star", "dead", "*", ENTRA),
    subject("an object id has no braces", "dead", f"{{{PRINCIPAL}}}", ENTRA),
    subject("a principal is not its resource id", "dead", "/subscriptions/1/resourceGroups/g", ENTRA),
    subject(
        "another of Microsoft's services, with a star",
        "dead",
        f"/eid1/c/pub/t/{coded(TENANT)}/a/9ExAW52n_ky4ZiS_jhpJIQ/*",
        ENTRA,
    ),
    subject("no project is called a star", "dead", "sc://acme/*/prod", "devops"),
    subject("a connection's names may have blanks", "", "sc://acme/My Project/my prod", "devops"),
    subject("the scheme has small letters", "dead", "SC://acme/shop/prod", "devops"),
    subject("Azure DevOps asks for one audience", "dead", "sc://acme/shop/prod", "devops", audiences=["api://other"]),
    # Kubernetes
    subject("a cluster's issuer ends in a slash", "", "system:serviceaccount:pay:settle", f"{CLUSTER}/"),
    subject("in one", "dead", "system:serviceaccount:pay:settle", f"{CLUSTER}//"),
    subject("always", "dead", "system:serviceaccount:pay:settle", CLUSTER),
    subject("a namespace has no underscore", "dead", "system:serviceaccount:pay_ments:settle", f"{CLUSTER}/"),
    subject("a namespace is not its accounts", "dead", "system:serviceaccount:pay", f"{CLUSTER}/"),
    subject("a cluster's nodes get no such tokens", "dead", "system:node:one", f"{CLUSTER}/"),
    subject(
        "a star for the account", "dead", "system:serviceaccount:pay:*", "https://stacme.blob.core.windows.net/oidc"
    ),
    pattern("expressions are not for clusters", "/P", "system:serviceaccount:*", "", f"{CLUSTER}/"),
    # Others
    subject(
        "Google's subjects are numbers", "dead", "deploy@acme.iam.gserviceaccount.com", "https://accounts.google.com"
    ),
    subject("an issuer without a scheme", "open", "112233445566778899001", "accounts.google.com"),
    subject(
        "Cognito writes the pool as audience",
        "dead",
        "eu-north-1:11111111-2222-3333-4444-555555555555",
        "https://cognito-identity.amazonaws.com",
    ),
    subject(
        "another organization's subject below an organization's issuer",
        "dead",
        "owner:evil:project:web:environment:production",
        "https://oidc.vercel.com/acme",
    ),
    # Audiences
    subject(
        "jobs of GitHub pick the audience, letter case and all",
        "",
        "repo:a/b:environment:c",
        audiences=["api://azureadtokenexchange"],
    ),
    subject("no token has an empty audience", "dead", "repo:a/b:environment:c", audiences=[""]),
    subject("no audience is no audience known", "/A", "repo:a/b:environment:c", audiences=[]),
    subject("half a character was never anybody's audience", "/A", "repo:a/b:environment:c", audiences=["\ud800"]),
    subject("one of two counts", "open", "repo:a/b:environment:c", audiences=["api://AzureADTokenExchange", "x"]),
    # Both, neither
    subject("an empty subject is none", "/TPBGRE", ""),
    subject(
        "an expression beside it", "/TPBGRE", "repo:a/b:environment:c", credential={"claimsMatchingExpression": {}}
    ),
    Case(
        "version as a number with a point",
        {"expression": {"value": "claims['sub'] matches '*'", "languageVersion": 1.0}},
        "/TPBGRE",
    ),
]


def judged(written: dict[str, Any], ours: Ours | None = None) -> tuple[Trust, Decision]:
    """The one trust of an estate, decided, and tried on the raw documents."""
    (trust,) = PROVIDER.trusts(snapshot(written))
    decision = decide(trust, ours or Ours())
    assert confirm(PROVIDER, decision) == decision
    return trust, decision


def said(decision: Decision) -> str:
    """The decision as `Case.want` has it."""
    words = {name: WORD[type(verdict)] for name, verdict in decision.classes.items()}
    found = "".join(letter for letter, name in LETTERS.items() if words.get(name) == "yes")
    vague = "".join(letter for letter, name in LETTERS.items() if words.get(name) == "open")
    if not found and not vague:
        return {Accepted: "", Rejected: "dead", Undecided: "open"}[type(decision.reachable)]
    assert isinstance(decision.reachable, Accepted if found else Accepted | Undecided)
    return f"{found}/{vague}" if vague else found


def test_no_two_cases_are_one() -> None:
    assert len(CASES) >= 60
    assert len({case.why for case in CASES}) == len({str(case.written) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_who_gets_in(case: Case) -> None:
    _, decision = judged(case.written)
    assert said(decision) == case.want


@pytest.mark.parametrize(
    ("place", "text", "keys", "want"),
    [
        ("acme", "repo:acme/app:job_workflow_ref:acme/wf/.github/workflows/x.yml@v1", "repo job_workflow_ref", "BGRE"),
        ("acme", "repository_owner:acme:environment:prod", "repository_owner environment", "P"),
        ("acme/app", "repository_owner:acme:environment:prod", "repository_owner environment", ""),
        ("acme/app", "repo:acme/web:environment:prod:ref:refs/heads/main", "repo environment ref", "dead"),
        ("acme", "repo:acme/app:ref:refs/heads/main", "repo job_workflow_ref", ""),  # others keep the default
    ],
)
def test_subjects_that_we_declared_customised(place: str, text: str, keys: str, want: str) -> None:
    templates = {f"github:{place}": tuple(keys.split())}
    ours = Ours(tenants={"github": (Owned("acme"),)}, subject_templates=templates, declared=True)
    assert said(judged({"subject": text}, ours)[1]) == want
