"""What holds for every issuer table: it is well formed, and what its grammar prints is what its grammar reads."""

from __future__ import annotations

import pytest

from auditor.claims.grammar import Grammar, Shape, Variable
from auditor.claims.pattern import Pattern
from auditor.claims.predicate import ELEMENT, AnyValue, Exists, Match, Predicate, Token, conjunction, negation
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Undecided
from auditor.issuers import identify, kinds
from auditor.issuers.catalogue import table_of, tables
from auditor.issuers.loader import build
from auditor.providers.aws.keys import specific_claims

GRAMMARS = {str(table["id"]): build(table) for table in tables()}
SHAPES = [
    pytest.param(kind, shape, id=f"{kind} {shape.name}")
    for kind, grammar in GRAMMARS.items()
    for shape in grammar.shapes
]

TOP_KEYS = {
    "id", "name", "nouns", "sources", "optional", "subject_hint", "self_managed", "issuers", "variables", "constants",
    "fragments", "claims", "axes", "template", "project_label",
}  # fmt: skip
ROW_KEYS = {"url", "name", "tenancy", "without", "subject", "generic"}
TENANCIES = {"shared", "single", "enterprise", "instance"}
CONTROLLERS = {"platform", "tenant_admin", "branch_writer", "job_code", "fork_pr", "anyone"}


def read(token: Token, grammar: Grammar) -> Predicate:
    """A token with exactly these texts and lists, and none of the other claims the grammar knows."""
    known = {claim for shape in grammar.shapes for claim in (*shape.claims, *shape.lists)}
    tests: list[Predicate] = [negation(Exists(claim)) for claim in sorted(known - token.keys())]
    for claim, value in token.items():
        match value:
            case str():
                tests.append(Match(claim, Pattern.exactly(value)))
            case tuple():
                tests.extend(AnyValue(claim, Match(ELEMENT, Pattern.exactly(element))) for element in value)
            case _:
                tests.append(Exists(claim))
    return conjunction(tests)


def test_all_kinds() -> None:
    assert kinds() == (
        "azure-devops",
        "bitbucket",
        "buildkite",
        "circleci",
        "codefresh",
        "cognito",
        "entra",
        "env0",
        "facebook",
        "fly",
        "github",
        "gitlab",
        "google",
        "kubernetes",
        "login-with-amazon",
        "pulumi",
        "scalr",
        "semaphore",
        "spacelift",
        "terraform-cloud",
        "vercel",
    )


@pytest.mark.parametrize("kind", kinds())
def test_only_known_keys(kind: str) -> None:
    table = table_of(kind)
    assert table is not None
    assert table.keys() - TOP_KEYS == set()
    names = {option["name"] for axis in table.get("axes", {}).values() for option in axis}
    for row in (*table["issuers"], table.get("self_managed", {"tenancy": "single"})):
        assert row.keys() - ROW_KEYS == set()
        assert row["tenancy"] in TENANCIES
        assert set(row.get("without", ())) <= names
    assert ("subject_hint" in table) == ("self_managed" in table)
    assert all(source.startswith("https://") for source in table["sources"])
    claims = {claim for shape in GRAMMARS[kind].shapes for claim in (*shape.claims, *shape.lists)}
    optional = {claim for shape in GRAMMARS[kind].shapes for claim in shape.optional}
    assert optional <= claims, "a claim that nothing prints is called optional"


@pytest.mark.parametrize("kind", kinds())
def test_variables(kind: str) -> None:
    grammar = GRAMMARS[kind]
    printed = {variable for shape in grammar.shapes for variable in shape.variables.values()}
    # The workspace's name stands in Bitbucket's issuer only; GitHub's kind of ref is overwritten by every run.
    spare = {("bitbucket", "workspace"), ("github", "ref_kind")}
    for variable in grammar.variables.values():
        assert variable in printed or (kind, variable.name) in spare, variable.name
        assert variable.controller in CONTROLLERS
        if variable.dimension in ("branch", "tag"):
            assert _admits_git_names_only(variable), variable.name


def _admits_git_names_only(variable: Variable) -> bool:
    good = ("main", "feature/x", "a@b", "v1.0", "\u00e9t\u00e9", "x/y.lock2", "-", "%3A")
    bad = (
        "",
        "a b",
        "a:b",
        "a..b",
        "a//b",
        "/a",
        "a/",
        ".a",
        "a/.b",
        "a.",
        "a.lock",
        "a.lock/b",
        "@",
        "a@{b",
        "a~",
        "a^",
    )
    return all(map(variable.contains, good)) and not any(
        map(variable.contains, (*bad, "a?", "a*", "a[", "a\\", "a\x7f"))
    )


@pytest.mark.parametrize(("kind", "shape"), SHAPES)
def test_a_shape_reads_what_it_prints(kind: str, shape: Shape) -> None:
    grammar = GRAMMARS[kind]
    printed = solve(conjunction(()), Grammar(grammar.variables, (_certain(shape),)))
    assert isinstance(printed, Accepted)
    reading = read(printed.witness, grammar)
    verdict = solve(reading, grammar, (shape,))
    if shape.certain:
        assert verdict == Accepted(printed.witness)
    else:
        assert isinstance(verdict, Undecided)
        assert verdict.reason == shape.note != ""


def _certain(shape: Shape) -> Shape:
    return Shape(shape.name, shape.run, shape.claims, shape.lists, shape.optional, shape.constants, fixed=shape.fixed)


AWS_KEYS = {
    "https://token.actions.githubusercontent.com": {
        "actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository", "repository_id",
        "repository_owner_id", "workflow",
    },
    "https://gitlab.com": {
        "namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment", "user_access_level",
        "user_email", "user_id", "user_login",
    },
    "https://agent.buildkite.com": {
        "build_branch", "cluster_id", "cluster_name", "organization_id", "organization_slug", "pipeline_id",
        "pipeline_slug",
    },
    "https://oidc.circleci.com/org/c1000000-0000-4000-8000-0000000000aa": {"oidc.circleci.com/project-id"},
    "https://accounts.google.com": {"aud", "azp", "sub", "email"},
    "https://cognito-identity.amazonaws.com": {"aud", "sub", "amr"},
    "https://www.amazon.com": {"app_id", "user_id", "sub"},
    "https://graph.facebook.com": {"app_id", "id", "sub"},
}  # fmt: skip
"""The claims AWS has condition keys for (Service Authorization Reference, October 2026), built-in issuers included."""


@pytest.mark.parametrize("url", AWS_KEYS)
def test_every_condition_key_of_aws_is_a_claim(url: str) -> None:
    grammar = identify(url).grammar
    claims = {claim for shape in grammar.shapes for claim in (*shape.claims, *shape.lists)}
    assert AWS_KEYS[url] <= claims
    assert set(specific_claims(url.removeprefix("https://"))) <= AWS_KEYS[url]
