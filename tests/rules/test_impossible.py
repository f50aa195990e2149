"""The smallest reason why nobody gets in: it is unsatisfiable, and nothing of it can be spared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.claims.predicate import negation
from auditor.config import Ours
from auditor.model import Trust
from auditor.rules.impossible import Core, core, impossible, reason
from tests.rules.cases import HOSTS, judged, policy, snapshot

GITHUB = HOSTS["github"]


def trust(body: dict[str, Any]) -> Trust:
    (decision,) = judged(snapshot(policy(body), body), Ours()).decisions
    return decision.trust


def why(body: dict[str, Any]) -> str:
    subject = trust(body)
    statement = subject.allows[0]
    found = core(subject, statement.clauses)
    assert found is not None
    return reason(subject, found, statement)


EXACT = {"aud": "sts.amazonaws.com", "sub": "repo:acme/app:ref:refs/heads/main"}
SUBJECT = f"StringEquals {GITHUB}:sub"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            {"condition": {"StringEquals": {**EXACT, "sub": "repo:acme/app:*"}}},
            (f"{SUBJECT} compares letter by letter: the wildcard in repo:acme/app:* stands for itself, and no token "
            "contains it."),
        ),
        (
            {"condition": {"StringEquals": {**EXACT, "repository_owner": "acme"}}},
            (f"StringEquals {GITHUB}:repository_owner never holds for a token of GitHub Actions: AWS has no such key "
            "in the request, or the same other value in every one."),
        ),
        (
            {"condition": {"StringEquals": EXACT, "DateLessThan": {"aws:CurrentTime": "2025-01-01T00:00:00Z"}}},
            ("DateLessThan aws:CurrentTime never holds for a token of GitHub Actions: AWS has no such key in the "
            "request, or the same other value in every one."),
        ),
        (
            {"condition": {"StringEquals": {**EXACT, "sub": []}}},
            f"{SUBJECT} lists nothing that a request with a token of GitHub Actions could match.",
        ),
        (
            {"condition": {"StringEquals": EXACT}, "clients": ["https://github.com/acme"]},
            ("It asks for the audience sts.amazonaws.com, but AWS accepts only the registered ones: "
            "https://github.com/acme."),
        ),
        (
            {"condition": {"StringEquals": EXACT}, "clients": []},
            (f"No audience is registered for arn:aws:iam::123456789012:oidc-provider/{GITHUB}, so AWS accepts no token "
            "there."),
        ),
        (
            {"condition": {"StringEquals": EXACT}, "registered": False},
            (f"https://{GITHUB} is not registered in 123456789012: AWS accepts no token of it. The trust comes alive "
            "for everybody it names as soon as somebody registers that issuer."),
        ),
        (
            {"condition": {"StringEquals": {**EXACT, "sub": "repo:acme_corp_x/app:ref:refs/heads/main"}}},
            f"{SUBJECT}: no owner on GitHub Actions has the name that repo:acme_corp_x/app:ref:refs/heads/main needs.",
        ),
        (
            {"condition": {"StringEquals": {**EXACT, "sub": "repo:acme/app:ref:refs/heads/a b"}}},
            f"{SUBJECT}: no branch on GitHub Actions has the name that repo:acme/app:ref:refs/heads/a b needs.",
        ),
        (
            {"issuer": "cluster", "condition": {"StringEquals": {"sub": "system:serviceaccount:shop"}}},
            (f"StringEquals {HOSTS['cluster']}:sub: no token of Amazon EKS matches system:serviceaccount:shop. Its sub "
            "has the form system:serviceaccount:NAMESPACE:SERVICE_ACCOUNT."),
        ),
        (
            {"condition": {"StringEquals": {**EXACT, "environment": "production"}}},
            (f"No token of GitHub Actions can satisfy these tests at once: {SUBJECT} and StringEquals "
            f"{GITHUB}:environment."),
        ),
        (
            {
                "statements": [
                    {"condition": {"StringEquals": EXACT}},
                    {"effect": "Deny", "condition": {"StringLike": {"sub": "repo:acme/*"}}},
                ]
            },
            "A Deny statement refuses every token that this lets in.",
        ),
        (
            {"issuer": "gitlab", "condition": {"StringEquals": {"sub": "project_path:acme/app:ref_type:x"}}},
            ("StringEquals gitlab.com:sub: no token of GitLab CI/CD matches project_path:acme/app:ref_type:x. Its sub "
            "has the form project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH, "
            "project_path:GROUP/PROJECT:ref_type:tag:ref:TAG, "
            "project_path:GROUP/PROJECT:ref_type:branch:ref:MERGE_REQUEST_BRANCH, "
            "project_path:GROUP/SUBGROUP/NESTED_PROJECT:ref_type:branch:ref:BRANCH or 5 more."),
        ),
    ],
)  # fmt: skip
def test_reasons(body: dict[str, Any], text: str) -> None:
    assert why(body) == text


def test_a_key_of_another_issuer() -> None:
    body = {"issuers": ["github", "gitlab"], "condition": {"StringEquals": {"sub": EXACT["sub"]}}}
    decisions = judged(snapshot(policy(body), body), Ours()).decisions
    subject = next(d.trust for d in decisions if d.trust.issuer.kind == "gitlab")
    found = core(subject, subject.allows[0].clauses)
    assert found == Core(clauses=tuple(subject.allows[0].clauses), gate=False, denies=())
    assert reason(subject, found, subject.allows[0]) == (
        f"{SUBJECT} reads a token of https://{GITHUB}; in a request with a token of GitLab CI/CD it is absent."
    )


def test_who_may_get_in_has_no_reason() -> None:
    subject = trust({"condition": {"StringEquals": EXACT}})
    assert core(subject, subject.allows[0].clauses) is None


TESTS = st.dictionaries(
    st.sampled_from(["sub", "ref", "environment", "repository", "repository_owner", "actor"]),
    st.sampled_from(
        ["repo:acme/app:ref:refs/heads/main", "refs/heads/main", "refs/tags/*", "production", "acme/app", "-x"]
    ),
    min_size=1,
)
DENIALS = st.lists(st.sampled_from(["repo:acme/*", "repo:*", "*:pull_request"]), max_size=2)


@given(TESTS, DENIALS, st.sampled_from([["sts.amazonaws.com"], [], ["x"]]))
def test_a_core_is_unsatisfiable_and_smallest(tests: dict[str, str], denials: list[str], clients: list[str]) -> None:
    allow = {"condition": {"StringEquals": {"aud": "sts.amazonaws.com", **tests}}}
    deny = [{"effect": "Deny", "condition": {"StringLike": {"sub": text}}} for text in denials]
    subject = trust({"statements": [allow, *deny], "clients": clients})
    found = core(subject, subject.allows[0].clauses)
    grammar = subject.issuer.grammar
    if found is None:
        assert not impossible((subject.predicate,), grammar)
        return
    parts = [clause.predicate for clause in found.clauses]
    parts += [negation(statement.predicate) for statement in found.denies]
    parts += [subject.gate] if found.gate else []
    assert impossible(parts, grammar)
    for index in range(len(parts)):
        assert not impossible(parts[:index] + parts[index + 1 :], grammar)
