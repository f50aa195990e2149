"""What is decided about trusts as people write them: classes, breadth, sentence."""

from __future__ import annotations

import pytest

from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import (
    TRUE,
    AnyValue,
    Exists,
    Match,
    Predicate,
    Unknown,
    conjunction,
    disjunction,
    equals,
    negation,
)
from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.config import Ours, Owned
from auditor.model import Extent
from tests.claims.trusts import accepted_classes, decided, exactly, glob, sub, word

RUNS = {"any-branch", "any-tag", "any-environment", "pull-request"}
EVERYONE = {"any-tenant", "any-project", *RUNS}


@pytest.mark.parametrize(
    ("predicate", "classes"),
    [
        (TRUE, EVERYONE),
        (sub("*"), EVERYONE),
        (sub("repo:*"), EVERYONE),
        (sub("repo:acme/app:*"), RUNS),
        (sub("repo:acme/app*"), {"any-project", *RUNS}),
        (sub("repo:acme/*"), {"any-project", *RUNS}),
        (sub("repo:acme*"), EVERYONE),
        (sub("repo:*/app:*"), EVERYONE - {"any-project"}),
        (sub("repo:acme/app:ref:refs/heads/main"), set()),
        (sub("repo:acme/app:ref:refs/heads/*"), {"any-branch"}),
        (sub("repo:acme/app:ref:refs/heads/release/*"), set()),
        (sub("repo:acme/app:ref:refs/heads/????????????"), set()),
        (sub("repo:acme/app:ref:refs/tags/*"), {"any-tag"}),
        (sub("repo:acme/app:ref:refs/tags/v*"), set()),
        (sub("repo:acme/app:ref:*"), {"any-branch", "any-tag", "pull-request?"}),
        (sub("repo:acme/app:pull_request"), {"pull-request"}),
        (sub("repo:acme/app:environment:prod"), set()),
        (sub("repo:acme/app:environment:*"), {"any-environment"}),
        (sub("repo:acme/*:environment:prod"), {"any-project"}),
        (sub("repo:acme/*:ref:refs/heads/main"), {"any-project"}),
        (sub("repo:*/*:ref:refs/heads/main"), {"any-tenant", "any-project"}),
        # A branch may be called `…/app@…`, an environment `…main`.
        (sub("repo:acme/*/app@*"), {"any-project"}),
        (sub("repo:acme/app:*:main"), set()),
        (sub("repo:acme/app:*main"), set()),
        (sub("*:acme/app:*"), EVERYONE),
        # Immutable subjects.
        (sub("repo:acme@123/app@456:*"), RUNS),
        (sub("repo:acme@123/*"), {"any-project", *RUNS}),
        # The id is left open, the name is not.
        (sub("repo:acme@123*"), {"any-project", *RUNS}),
        (sub("repo:acme@*/app@*:ref:refs/heads/main"), set()),
        # Other claims.
        (equals("repository", "acme/app"), RUNS),
        (equals("repository_owner", "acme"), {"any-project", *RUNS}),
        (equals("repository_owner_id", "123"), {"any-project", *RUNS}),
        (equals("repository_id", "456"), RUNS),
        (conjunction((equals("repository_owner", "acme"), equals("environment", "prod"))), {"any-project"}),
        (conjunction((sub("repo:acme/app:*"), equals("ref", "refs/heads/main"))), {"any-environment"}),
        (conjunction((sub("repo:acme/app:*"), glob("ref", "refs/heads/*"))), {"any-branch", "any-environment"}),
        (
            conjunction((sub("repo:acme/app:*"), negation(sub("*:pull_request")))),
            {"any-branch", "any-tag", "any-environment", "pull-request?"},
        ),
        (conjunction((sub("repo:acme/app:*"), negation(Exists("environment")))), RUNS - {"any-environment"}),
        (conjunction((sub("repo:acme/*"), equals("actor", "release-bot"))), {"any-project", *RUNS}),
        (glob("job_workflow_ref", "acme/shared/.github/workflows/deploy.yml@*"), EVERYONE),
        # Compared as GitHub compares names: another spelling is nobody else.
        (Match("sub", Pattern.exactly("repo:ACME/App:ref:refs/heads/main", ignore_case=True)), set()),
        # A set operator on a text changes nothing.
        (AnyValue("sub", glob("", "repo:acme/app:*")), RUNS),
        (AnyValue("sub", glob("", "repo:acme/app:ref:refs/heads/z*")), set()),
        # Nobody.
        (sub("repo:acme/app"), set()),
        (sub("acme/app:*"), set()),
        (sub("repo:-acme/*"), set()),
        # A customised subject: prefixed with an owner's name, which an attacker's own token would print otherwise.
        (sub("repository_owner:acme:*"), set()),
        (sub("repository:acme/app:*"), set()),
        (sub("workflow:x:repo:acme/app:ref:refs/heads/main"), set()),
        # A customised subject that names nobody, or only what anybody may call.
        (sub("*:workflow:deploy"), EVERYONE),
        (sub("job_workflow_ref:acme/shared/.github/workflows/deploy.yml@*"), EVERYONE),
        (sub("environment:prod"), {"any-tenant", "any-project"}),
    ],
)  # fmt: skip
def test_who_gets_in(predicate: Predicate, classes: set[str]) -> None:
    assert accepted_classes(decided(predicate)) == classes


def extents(breadth: object) -> list[dict[str, str | list[str]]]:
    """Each box as dimension → `any` or the listed values, patterns with a tilde."""
    shown: list[dict[str, str | list[str]]] = []
    assert isinstance(breadth, tuple)
    for box in breadth:
        entry: dict[str, str | list[str]] = {}
        for dimension, extent in box.items():
            assert isinstance(extent, Extent)
            mark = "~" if extent.label == "pattern" else ""
            entry[dimension] = "any" if extent.label == "any" else [mark + value for value in extent.values]
        shown.append(entry)
    return shown


ANY_RUN = "Any branch, environment, pull request or tag"
AUDIENCE = {"audience": ["sts.amazonaws.com"]}
ALL_RUNS = {
    "run": ["branch", "environment", "pull request", "tag"],
    "branch": "any", "tag": "any", "pull-request": "any", "environment": "any",
}  # fmt: skip


@pytest.mark.parametrize(
    ("predicate", "expected", "sentence"),
    [
        (
            TRUE,
            [{"tenant": "any", "project": "any", **ALL_RUNS, **AUDIENCE}],
            f"{ANY_RUN} of any repository of any owner on GitHub Actions may become deploy.",
        ),
        (
            sub("repo:acme/app:*"),
            [{"tenant": ["acme"], "project": ["app"], **ALL_RUNS, **AUDIENCE}],
            f"{ANY_RUN} of acme/app on GitHub Actions may become deploy.",
        ),
        (
            equals("repository", "acme/app"),
            [{"tenant": ["acme"], "project": ["app"], **ALL_RUNS, **AUDIENCE}],
            f"{ANY_RUN} of acme/app on GitHub Actions may become deploy.",
        ),
        (
            sub("repo:acme/app:ref:refs/heads/main"),
            [{"tenant": ["acme"], "project": ["app"], "run": ["branch"], "branch": ["main"], **AUDIENCE}],
            "Branch main of acme/app on GitHub Actions may become deploy.",
        ),
        (
            sub("repo:acme/app:environment:prod"),
            [{"tenant": ["acme"], "project": ["app"], "run": ["environment"], "environment": ["prod"], **AUDIENCE}],
            "Environment prod of acme/app on GitHub Actions may become deploy.",
        ),
        (
            sub("repo:acme/lib-*:ref:refs/tags/v*"),
            [{"tenant": ["acme"], "project": ["~lib-*"], "run": ["tag"], "tag": ["~v*"], **AUDIENCE}],
            "Tag matching v* of repository matching lib-* of acme on GitHub Actions may become deploy.",
        ),
        (
            sub("repo:acme/app:ref:refs/heads/a..b"),
            [],
            "No token of GitHub Actions can become deploy.",
        ),
        (
            disjunction(sub(f"repo:acme/{name}:ref:refs/heads/main") for name in ("c", "a", "b")),
            [{"tenant": ["acme"], "project": ["a", "b", "c"], "run": ["branch"], "branch": ["main"], **AUDIENCE}],
            "Branch main of acme/a, acme/b or acme/c on GitHub Actions may become deploy.",
        ),
    ],
)
def test_breadth_and_sentence(predicate: Predicate, expected: list[dict[str, object]], sentence: str) -> None:
    decision = decided(predicate)
    assert extents(decision.breadth) == expected
    assert decision.statement == sentence
    assert decision.breadth_complete


def test_what_rests_on_something_unknown_says_so() -> None:
    decision = decided((sub("repo:acme/app:ref:refs/heads/main"), Unknown("aws:SourceIp is about the request")))
    assert decision.reachable == Undecided("aws:SourceIp is about the request")
    assert {name: word(verdict) for name, verdict in decision.classes.items()} == dict.fromkeys(
        decision.classes, "rejected"
    )
    assert not decision.breadth_complete
    assert decision.statement == (
        "Branch main of acme/app on GitHub Actions may become deploy (at most: something about it is not known)."
    )


def test_statements_are_alternatives_and_a_refusal_wins() -> None:
    wide, narrow = sub("repo:acme/*"), sub("repo:acme/app:environment:prod")
    assert accepted_classes(decided(wide, narrow)) == {"any-project", *RUNS}
    assert accepted_classes(decided(wide, denied=(negation(narrow),))) == set()
    assert word(decided(wide, denied=(TRUE,)).reachable) == "rejected"
    # Refusing one repository leaves the others.
    assert "any-project" in accepted_classes(decided(wide, denied=(sub("repo:acme/app:*"),)))


def test_a_witness_is_a_whole_token() -> None:
    verdict = decided(sub("repo:acme/app:environment:prod")).reachable
    assert isinstance(verdict, Accepted)
    token = verdict.witness
    assert {name: token[name] for name in ("iss", "sub", "aud", "repository", "repository_owner", "environment")} == {
        "iss": "https://token.actions.githubusercontent.com",
        "sub": "repo:acme/app:environment:prod",
        "aud": "sts.amazonaws.com",
        "repository": "acme/app",
        "repository_owner": "acme",
        "environment": "prod",
    }


def test_the_audience_is_unchecked_only_where_another_one_gets_in() -> None:
    pinned = exactly("aud", "sts.amazonaws.com")
    subject = sub("repo:acme/app:environment:prod")
    several = ("sts.amazonaws.com", "https://github.com/acme")
    assert accepted_classes(decided(subject)) == set()
    assert accepted_classes(decided((subject, pinned))) == set()
    assert accepted_classes(decided(subject, client_ids=several)) == {"unchecked-audience"}
    assert accepted_classes(decided((subject, pinned), client_ids=several)) == set()
    unread = {"provider-unread": "iam:GetOpenIDConnectProvider was denied"}
    wide = decided((subject, glob("aud", "*")), client_ids=several, notes=unread)
    assert wide.classes["unchecked-audience"] == Undecided("iam:GetOpenIDConnectProvider was denied")


def test_declared_tenants_are_no_strangers() -> None:
    everybody_of_two = disjunction((sub("repo:acme/*"), sub("repo:partner/*")))
    assert accepted_classes(decided(everybody_of_two)) == {"any-project", *RUNS}
    ours = Ours(tenants={"github": (Owned("acme"),)}, declared=True)
    assert decided(everybody_of_two, ours=ours).tenants == ("acme", "partner")
    any_owner_called_a = sub("repo:acm?/app:*")
    assert "any-tenant" in accepted_classes(decided(any_owner_called_a, ours=ours))


def test_a_whole_issuer_of_ours_has_no_strangers() -> None:
    ours = Ours(issuers=("https://token.actions.githubusercontent.com",), declared=True)
    verdict = decided(TRUE, ours=ours).classes["any-tenant"]
    assert verdict == Rejected("every tenant of this issuer is declared ours")


def test_a_declared_subject_template_revives_a_trust() -> None:
    condition = sub("repository_owner:acme:environment:prod")
    assert word(decided(condition).reachable) == "rejected"
    templates = {"github:acme": ("repository_owner", "environment")}
    declared = decided(condition, ours=Ours(subject_templates=templates, declared=True))
    assert isinstance(declared.reachable, Accepted)
    assert declared.reachable.witness["sub"] == "repository_owner:acme:environment:prod"
    assert accepted_classes(declared) == {"any-project"}
