"""Which issuer a URL is: each example belongs to exactly one table, and near misses to none."""

from __future__ import annotations

import re
from typing import Any

import pytest

from auditor.issuers import identify
from auditor.issuers.catalogue import tables

GUID = "a1000000-0000-4000-8000-000000000001"

ENTRA = f"https://login.microsoftonline.com/{GUID}/v2.0"
CONNECTION = f"/eid1/c/pub/t/AgAArQAAAECAAAAAAAAAAg/a/rISbSSETf0KqFyZ8ppdXmA/sc/{GUID}/{GUID}"

KNOWN = {
    "https://token.actions.githubusercontent.com": ("github", "GitHub Actions", False),
    "https://token.actions.githubusercontent.com/gitlab": ("github", "GitHub Actions (enterprise issuer)", False),
    "https://token.actions.northwind.ghe.com/northwind": ("github", "GitHub Actions (GHE.com)", False),
    "https://token.actions.northwind.ghe.com": ("github", "GitHub Actions (GHE.com)", False),
    "https://ghe.northwind.example/_services/token": ("github", "GitHub Actions (GitHub Enterprise Server)", False),
    "https://gitlab.com": ("gitlab", "GitLab CI/CD", False),
    "https://gitlab.northwind.example": ("gitlab", "GitLab CI/CD (self-managed)", False),
    "https://code-gitlab.northwind.example:8443": ("gitlab", "GitLab CI/CD (self-managed)", False),
    f"https://oidc.circleci.com/org/{GUID}": ("circleci", "CircleCI", True),
    "https://oidc.circleci.com": ("circleci", "CircleCI (root issuer)", False),
    "https://agent.buildkite.com": ("buildkite", "Buildkite", False),
    "https://agent.test.buildkite.dev": ("buildkite", "Buildkite", False),
    "https://app.terraform.io": ("terraform-cloud", "HCP Terraform", False),
    "https://app.eu.terraform.io": ("terraform-cloud", "HCP Terraform (EU)", False),
    "https://oidc.eks.eu-north-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE": ("kubernetes", "Amazon EKS", True),
    "https://oidc.eks.cn-north-1.amazonaws.com.cn/id/0A1B": ("kubernetes", "Amazon EKS", True),
    "https://oidc-eks.eu-north-1.api.aws/id/0A1B": ("kubernetes", "Amazon EKS", True),
    f"https://northeurope.oic.prod-aks.azure.com/{GUID}/{GUID}/": ("kubernetes", "Azure Kubernetes Service", True),
    f"https://oidc.prod-aks.azure.com/{GUID}/": ("kubernetes", "Azure Kubernetes Service", True),
    "https://container.googleapis.com/v1/projects/p/locations/europe-north1/clusters/c": (
        "kubernetes",
        "Google Kubernetes Engine",
        True,
    ),
    "https://oidc.vercel.com/gitlab": ("vercel", "Vercel", True),
    "https://oidc.vercel.com": ("vercel", "Vercel (global issuer)", False),
    "https://gitlab.app.spacelift.io": ("spacelift", "Spacelift", True),
    "https://northwind.app.us.spacelift.io": ("spacelift", "Spacelift", True),
    "https://oidc.fly.io/gitlab": ("fly", "Fly.io", True),
    "https://cognito-identity.amazonaws.com": ("cognito", "Amazon Cognito identity pools", False),
    "https://accounts.google.com": ("google", "Google accounts", False),
    "accounts.google.com": ("google", "Google accounts", False),
    "https://api.bitbucket.org/2.0/workspaces/northwind/pipelines-config/identity/oidc": (
        "bitbucket",
        "Bitbucket Pipelines",
        True,
    ),
    f"https://vstoken.dev.azure.com/{GUID}": ("azure-devops", "Azure DevOps", True),
    f"https://login.microsoftonline.com/{GUID}/v2.0": ("entra", "Microsoft Entra ID", True),
    f"https://sts.windows.net/{GUID}/": ("entra", "Microsoft Entra ID (v1)", True),
    "https://scalr.io": ("scalr", "Scalr", False),
    "https://oidc.codefresh.io": ("codefresh", "Codefresh", False),
    "https://login.app.env0.com/": ("env0", "env zero", False),
    "https://api.pulumi.com/oidc": ("pulumi", "Pulumi Cloud", False),
    "https://api.pulumi.com/oidc/v2": ("pulumi", "Pulumi Cloud (v2)", False),
    "https://gitlab.semaphoreci.com": ("semaphore", "Semaphore CI", True),
    "https://app.vstoken.visualstudio.com": ("azure-devops", "Azure DevOps (legacy issuer)", False),
    "https://app.harness.io/ng/api/oidc/account/nW7": ("harness", "Harness", True),
    "https://eu.harness.io/gratis/ng/api/oidc/account/nW7": ("harness", "Harness", True),
    "https://northwind.octopus.app": ("octopus", "Octopus Deploy", True),
    "https://jenkins.northwind.example/oidc": ("jenkins", "Jenkins", True),
    "https://spire.northwind.example": ("spiffe", "SPIFFE", True),
    f"https://{GUID}.tokens.sts.global.api.aws": ("aws", "AWS outbound identity federation", True),
    "https://northwind.eu.auth0.com/": ("auth0", "Auth0", False),
    "https://northwind.okta.com": ("okta", "Okta", False),
    "https://northwind.okta.com/oauth2/default": ("okta", "Okta", False),
    "https://sso.northwind.example/realms/ci": ("keycloak", "Keycloak", False),
    "https://sso.northwind.example/auth/realms/ci": ("keycloak", "Keycloak", False),
    "https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_nW7": (
        "cognito-user-pool",
        "Amazon Cognito user pool",
        False,
    ),
    "https://oidc.buddyusercontent.com": ("buddy", "Buddy", False),
    "https://eu-oidc.buddyusercontent.com": ("buddy", "Buddy (EU)", False),
    "https://platform.activestate.com/api/v1/oauth/oidc": ("activestate", "ActiveState Platform", False),
    "https://aap.northwind.example/o": ("ansible", "Ansible Automation Platform", False),
    "https://graph.facebook.com": ("facebook", "Facebook Login", False),
    "https://www.amazon.com": ("login-with-amazon", "Login with Amazon", False),
}
"""URL → kind, name, whether it mints for one tenant only."""

GUESSED = {"jenkins", "spiffe", "keycloak", "ansible"}
"""Kinds told by a word in the URL alone."""

UNKNOWN = (
    "https://gitlab.com/",
    "http://gitlab.com",
    "https://token.actions.githubusercontent.com/",
    "https://token.actions.githubusercontent.com.evil.example",
    "https://oidc.circleci.com/org/acme",
    "https://agent.buildkite.com/",
    "https://app.terraform.io/acme",
    "https://oidc.eks.eu-north-1.amazonaws.com/id/",
    "https://oidc.vercel.com/a/b",
    "https://scalr.io/",
    f"https://login.microsoftonline.com/{GUID}/v2.0/",
    f"https://sts.windows.net/{GUID}",
    "https://login.microsoftonline.com/common/v2.0",
    "https://idp.northwind.example",
    "https://token.actions.northwind.ghe.com/southwind",
    "https://app.evilharness.io/ng/api/oidc/account/nW7",
    "https://northwind.eu.auth0.com",
    "https://northwind.okta.com.evil.example",
    "https://xoidc.buddyusercontent.com",
    "",
)


@pytest.mark.parametrize("url", KNOWN)
def test_known(url: str) -> None:
    issuer = identify(url)
    assert (issuer.kind, issuer.name, issuer.grammar.single_tenant) == KNOWN[url]
    assert issuer.url == url
    assert all(shape.claims["iss"] == (url,) for shape in issuer.grammar.shapes)


@pytest.mark.parametrize("url", KNOWN)
def test_one_table_claims_it(url: str) -> None:
    claiming = {
        table["id"]
        for table in tables()
        for row in table["issuers"]
        if not row.get("generic") and "subject" not in row and re.fullmatch(row["url"], url)
    }
    guessed = KNOWN[url][1] == "GitLab CI/CD (self-managed)" or KNOWN[url][0] in GUESSED
    assert claiming == (set() if guessed else {KNOWN[url][0]})


@pytest.mark.parametrize("table", tables(), ids=lambda table: str(table["id"]))
def test_every_row_has_an_example(table: dict[str, Any]) -> None:
    for row in table["issuers"]:
        assert re.fullmatch(row["url"], row["example"])
        found = identify(row["example"], (CONNECTION,) if "subject" in row else ())
        assert (found.kind, found.name) == (table["id"], row.get("name", table["name"]))


@pytest.mark.parametrize("url", UNKNOWN)
def test_unknown(url: str) -> None:
    issuer = identify(url)
    assert (issuer.kind, issuer.grammar.single_tenant) == ("unknown", False)


@pytest.mark.parametrize(
    ("subjects", "kind", "name", "single"),
    [
        (("project_path:northwind/*",), "gitlab", "GitLab CI/CD (self-managed)", False),
        (("project_id:7:*", "project_path:a/b:*"), "gitlab", "GitLab CI/CD (self-managed)", False),
        (("organization:acme:project:*:workspace:*",), "terraform-cloud", "Terraform Enterprise", False),
        (("system:serviceaccount:*:x",), "kubernetes", "Kubernetes (self-managed cluster)", True),
        (("space:prod:stack:web:*",), "spacelift", "Spacelift (self-hosted)", True),
        (("spiffe://prod.example.com/*",), "spiffe", "SPIFFE trust domain", True),
        (("https://ci.example.com/job/x/job/main/",), "jenkins", "Jenkins", True),
        (("space:default:project:x:environment:*",), "octopus", "Octopus Deploy (own server)", True),
        (("space:*",), "unknown", "idp.northwind.example", False),
        (("space:default",), "octopus", "Octopus Deploy (own server)", True),
        (("workload_type:*",), "ansible", "Ansible Automation Platform", False),
        (("job_project_id:7:*",), "gitlab", "GitLab CI/CD (self-managed)", False),
        (("project_path:a/b:*", "system:serviceaccount:a:b"), "unknown", "idp.northwind.example", False),
        (("*",), "unknown", "idp.northwind.example", False),
        ((), "unknown", "idp.northwind.example", False),
    ],
)
def test_told_by_its_subjects(subjects: tuple[str, ...], kind: str, name: str, single: bool) -> None:
    issuer = identify("https://idp.northwind.example", subjects)
    assert (issuer.kind, issuer.name, issuer.grammar.single_tenant) == (kind, name, single)


def test_azure_devops_shares_a_url_with_entra() -> None:
    assert identify(ENTRA, (CONNECTION,)).kind == "azure-devops"
    assert identify(ENTRA, (CONNECTION, GUID)).kind == "entra"
    assert identify(ENTRA, (CONNECTION.replace("rISb", "AAAA"),)).kind == "entra"
    assert identify(ENTRA, (CONNECTION.replace("rISbSSETf0KqFyZ8ppdXmA", "*"),)).kind == "entra"


def test_a_url_fixes_what_it_names() -> None:
    fixed = {
        f"https://oidc.circleci.com/org/{GUID}": ("org", GUID),
        "https://oidc.vercel.com/northwind": ("team", "northwind"),
        "https://oidc.fly.io/northwind": ("org", "northwind"),
        "https://northwind.app.spacelift.io": ("host", "northwind.app.spacelift.io"),
        "https://northwind.semaphoreci.com": ("org", "northwind"),
        "https://gitlab.northwind.example": ("host", "gitlab.northwind.example"),
        ENTRA: ("tenant", GUID),
    }
    for url, (name, value) in fixed.items():
        assert identify(url).grammar.variables[name].values == (value,)
