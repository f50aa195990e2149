"""What holds for every issuer table: it is well formed, and what its grammar prints is what its grammar reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from auditor.claims.grammar import Grammar, Shape, Slot, Term, Variable
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import ELEMENT, AnyValue, Exists, Match, Predicate, Token, conjunction, negation
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.issuers import identify, kinds
from auditor.issuers.catalogue import format_of, table_of, tables
from auditor.issuers.loader import build
from auditor.issuers.schema import check
from auditor.providers.aws.keys import specific_claims

GRAMMARS = {str(table["id"]): build(table) for table in tables()}
SHAPES = [
    pytest.param(kind, shape, id=f"{kind} {shape.name}")
    for kind, grammar in GRAMMARS.items()
    for shape in grammar.shapes
]


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
        "activestate", "ansible", "auth0", "aws", "azure-devops", "bitbucket", "buddy", "buildkite", "circleci",
        "codefresh", "cognito", "cognito-user-pool", "entra", "env0", "facebook", "fly", "github", "gitlab", "google",
        "harness", "jenkins", "keycloak", "kubernetes", "login-with-amazon", "octopus", "okta", "pulumi", "scalr",
        "semaphore", "spacelift", "spiffe", "terraform-cloud", "vercel",
    )  # fmt: skip


@pytest.mark.parametrize("kind", kinds())
def test_well_formed_and_complete(kind: str) -> None:
    """What a user's table may leave out, ours have: where the facts come from, and how far they are settled."""
    table = table_of(kind)
    assert table is not None
    check(table)
    assert table["sources"]
    assert all(source["url"].startswith("https://") and source["title"] for source in table["sources"])
    assert {"confidence", "unmerged_when", "audience", "visible", "about", "formats"} <= table.keys()
    optional = {claim for shape in GRAMMARS[kind].shapes for claim in shape.optional}
    assert optional <= GRAMMARS[kind].claims, "a claim that nothing prints is called optional"
    assert all(shape.note for shape in GRAMMARS[kind].shapes if not shape.certain)


@pytest.mark.parametrize("kind", kinds())
def test_every_shape_has_a_form_and_every_form_a_shape(kind: str) -> None:
    table = table_of(kind) or {}
    found = [format_of(table, shape) for shape in GRAMMARS[kind].shapes]
    assert None not in found
    assert [row for row in table["formats"] if row not in found] == []


@pytest.mark.parametrize("kind", kinds())
def test_code_nobody_merged_is_told_in_words_where_there_is_any(kind: str) -> None:
    table = table_of(kind) or {}
    if any(shape.unmerged is not None for shape in GRAMMARS[kind].shapes):
        assert not table["unmerged_when"].startswith(("none", "not told"))


@pytest.mark.parametrize("kind", kinds())
def test_variables(kind: str) -> None:
    grammar = GRAMMARS[kind]
    printed = {variable for shape in grammar.shapes for variable in shape.variables.values()}
    printed.update(part for parts in grammar.fragments.values() for term in parts.values() for part in _variables(term))
    printed.update(grammar.families.values())
    spare = {("bitbucket", "workspace")}  # it stands in the issuer only
    for variable in grammar.variables.values():
        assert variable in printed or (kind, variable.name) in spare, variable.name
        if variable.dimension in ("branch", "tag") and kind != "jenkins":  # there, a branch is written as in a URL
            assert _admits_git_names_only(variable), variable.name


def _variables(term: Term) -> Iterator[Variable]:
    return (part.variable for part in term if isinstance(part, Slot))


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


@pytest.mark.parametrize("url", AWS_KEYS)
def test_what_tables_say_aws_can_see(url: str) -> None:
    issuer = identify(url)
    table = table_of(issuer.kind) or {}
    rows = [row for row in table["issuers"] if re.fullmatch(row["url"], url)]
    visible = rows[0].get("visible", table["visible"])["aws"]
    assert AWS_KEYS[url] - set(visible) <= {"aud", "azp", "sub", "email"}
    assert set(visible) - AWS_KEYS[url] == set()


@pytest.mark.parametrize("kind", kinds())
def test_visible_claims_are_claims(kind: str) -> None:
    table = table_of(kind) or {}
    for visible in (table["visible"], *(row["visible"] for row in table["issuers"] if "visible" in row)):
        assert {*visible["aws"], *visible.get("entra", ())} <= GRAMMARS[kind].claims


def test_a_custom_property_of_any_name_is_a_claim_when_it_is_asked_for() -> None:
    github = "https://token.actions.githubusercontent.com"
    plain, asked = identify(github), identify(github, (), ("repo_property_team", "repository", "unheard_of"))
    assert "repo_property_team" not in plain.grammar.claims
    assert asked.grammar.claims - plain.grammar.claims == {"repo_property_team"}
    assert identify(github, (), ("repo_property_team",)) is asked
    wanted = Match("repo_property_team", Pattern.exactly("payments"))
    assert solve(wanted, plain.grammar) == Rejected()
    verdict = solve(wanted, asked.grammar)
    assert isinstance(verdict, Accepted)
    assert verdict.witness["repo_property_team"] == "payments"
    missing = solve(negation(Exists("repo_property_team")), asked.grammar)
    assert isinstance(missing, Accepted)
    assert "repo_property_team" not in missing.witness
