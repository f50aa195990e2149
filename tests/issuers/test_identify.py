"""Which issuer a URL is: each example belongs to exactly one table, and near misses to none."""

from __future__ import annotations

import re

import pytest

from auditor.issuers import identify
from auditor.issuers.catalogue import tables

GUID = "a1000000-0000-4000-8000-000000000001"

KNOWN = {
    "https://token.actions.githubusercontent.com": ("github", "GitHub Actions", False),
    "https://token.actions.githubusercontent.com/gitlab": ("github", "GitHub Actions (enterprise issuer)", False),
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
    "https://graph.facebook.com": ("facebook", "Facebook Login", False),
    "https://www.amazon.com": ("login-with-amazon", "Login with Amazon", False),
}
"""URL → kind, name, whether it mints for one tenant only."""

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
    assert claiming == ({KNOWN[url][0]} if KNOWN[url][1] != "GitLab CI/CD (self-managed)" else set())


@pytest.mark.parametrize("table", tables(), ids=lambda table: str(table["id"]))
def test_every_row_has_an_example(table: dict[str, object]) -> None:
    rows = table["issuers"]
    assert isinstance(rows, list)
    examples = [*KNOWN, f"https://login.microsoftonline.com/{GUID}/v2.0"]
    assert [row["url"] for row in rows if not any(re.fullmatch(row["url"], url) for url in examples)] == []


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
        (("project_path:a/b:*", "system:serviceaccount:a:b"), "unknown", "idp.northwind.example", False),
        (("*",), "unknown", "idp.northwind.example", False),
        ((), "unknown", "idp.northwind.example", False),
    ],
)
def test_told_by_its_subjects(subjects: tuple[str, ...], kind: str, name: str, single: bool) -> None:
    issuer = identify("https://idp.northwind.example", subjects)
    assert (issuer.kind, issuer.name, issuer.grammar.single_tenant) == (kind, name, single)


ENTRA = f"https://login.microsoftonline.com/{GUID}/v2.0"
CONNECTION = f"/eid1/c/pub/t/AgAArQAAAECAAAAAAAAAAg/a/rISbSSETf0KqFyZ8ppdXmA/sc/{GUID}/{GUID}"


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
