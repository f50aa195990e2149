"""Why not, clause by clause: what is told about each test, whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditor.model import Source
from auditor.snapshot import Coverage, Status
from auditor.tokens.explain import Carried, ClauseView, Door, StatementView, Wanted, Why, quoting
from tests.tokens.material import (
    ACCOUNT,
    GITHUB,
    HOST,
    READ,
    estate,
    github,
    held,
    provider,
    pull_request,
    role,
    role_arn,
    statement,
)

TOP = "/AssumeRolePolicyDocument/Statement"
AT = role_arn("deploy")


def why(payload: dict[str, Any], *statements: dict[str, Any], client_ids: tuple[str, ...] = ()) -> Why:
    snapshot = estate(provider(GITHUB, *client_ids), role("deploy", *statements))
    (one,) = held(payload, snapshot, "deploy").why
    return one


def place(step: str) -> Source:
    return Source(AT, f"{TOP}/0/Condition/{step}")


def test_one_statement_that_fails_whole() -> None:
    subjects = ["repo:acme/app:ref:refs/heads/main", "repo:acme/app:environment:prod", "repo:a/b:*", "x", "y"]
    told = why(pull_request(), statement({"StringLike": {"aud": "sts.amazonaws.com", "sub": subjects}}))
    carried = (Carried("sub", "repo:acme/app:pull_request"),)
    assert told.statements == (
        StatementView(
            "allow",
            Source(AT, f"{TOP}/0"),
            False,
            (
                ClauseView(
                    f"StringLike {HOST}:aud",
                    place(f"StringLike/{HOST}:aud"),
                    True,
                    "",
                    (Carried("aud", "sts.amazonaws.com"),),
                    (Wanted("sts.amazonaws.com", True, "", place(f"StringLike/{HOST}:aud")),),
                    0,
                    "",
                ),
                ClauseView(
                    f"StringLike {HOST}:sub",
                    place(f"StringLike/{HOST}:sub"),
                    False,
                    "",
                    carried,
                    (
                        Wanted(
                            subjects[1],
                            False,
                            "that is another kind of run: environment, not pull request",
                            place(f"StringLike/{HOST}:sub/1"),
                        ),
                        Wanted(
                            subjects[0],
                            False,
                            "that is another kind of run: branch, not pull request",
                            place(f"StringLike/{HOST}:sub/0"),
                        ),
                        Wanted(
                            subjects[2],
                            False,
                            "owner is acme, not a, repo is app, not b",
                            place(f"StringLike/{HOST}:sub/2"),
                        ),
                    ),
                    2,
                    "",
                ),
            ),
        ),
    )
    assert told.summary == f"its one allow statement fails on StringLike {HOST}:sub"


def clause(payload: dict[str, Any], condition: dict[str, Any]) -> ClauseView:
    return why(payload, statement(condition)).statements[0].clauses[0]


def test_a_claim_that_is_missing() -> None:
    one = clause(github(), {"StringEquals": {"environment": ["prod", "stage", "test", "dev"]}})
    assert (one.result, one.carried) == (False, (Carried("environment", None),))
    assert [(w.text, w.difference) for w in one.wanted] == [("prod", ""), ("stage", ""), ("test", "")]
    assert one.more == 1


def test_a_key_that_does_not_exist() -> None:
    one = clause(github(), {"StringEquals": {"repository_owner": "acme"}})
    assert (one.result, one.note, one.carried, one.wanted, one.written) == (
        False,
        "false of every token of this issuer",
        (),
        (),
        "acme",
    )


def test_a_negated_test_shows_what_is_written() -> None:
    one = clause(github(), {"StringNotEquals": {"sub": ["repo:acme/app:ref:refs/heads/main"]}})
    assert (one.result, one.wanted, one.written) == (False, (), '["repo:acme/app:ref:refs/heads/main"]')


def test_an_unknown_test_tells_why() -> None:
    one = clause(github(), {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    assert (one.result, one.note) == (None, "aws:SourceIp: it depends on where the call comes from")


def test_a_claim_that_cannot_be_read() -> None:
    told = why(github(environment=["prod", 1]), statement({"StringEquals": {"environment": "prod"}}))
    one = told.statements[0].clauses[0]
    assert (one.result, one.note, one.carried) == (None, "environment is a list of something other than text", ())
    assert (told.statements[0].result, told.admission.result) == (None, None)


def test_a_matching_value_out_of_many() -> None:
    one = clause(github(), {"StringLike": {"sub": ["repo:x/*", "repo:acme/*", "repo:y/*"]}})
    assert one.wanted == (Wanted("repo:acme/*", True, "", place(f"StringLike/{HOST}:sub/1")),)
    assert one.more == 2


ALLOW = statement({"StringLike": {"sub": "repo:acme/*"}})
STRANGE = statement({"StringLike": {"sub": "repo:evil/*"}, "StringEquals": {"environment": "prod"}})
DENY = statement({"StringLike": {"sub": "*:pull_request"}}, "Deny")


@pytest.mark.parametrize(
    ("statements", "summary"),
    [
        ((ALLOW,), ""),
        ((ALLOW, DENY), f"{TOP}/1 refuses it, whatever else lets it in"),
        (
            (STRANGE, statement({"StringEquals": {"sub": "nobody"}})),
            f"the nearest allow statement fails on StringEquals {HOST}:sub",
        ),
        ((STRANGE,), f"its one allow statement fails on StringLike {HOST}:sub and StringEquals {HOST}:environment"),
    ],
)
def test_the_summary(statements: tuple[dict[str, Any], ...], summary: str) -> None:
    told = why(pull_request(), *statements)
    assert told.summary == summary
    assert (told.admission.result is True) is (summary == "")


def test_an_audience_nobody_registered() -> None:
    told = why(github(), ALLOW, client_ids=("sts.amazonaws.com.cn", "https://github.com/acme"))
    assert told.door == Door(
        False,
        "",
        (Carried("aud", "sts.amazonaws.com"),),
        ("sts.amazonaws.com.cn", "https://github.com/acme"),
        "",
        "it stops short of .cn",
    )
    assert told.summary == "the token's audience is not registered there"


def test_a_door_that_is_missing_foreign_or_unread() -> None:
    missing = held(github(), estate(role("deploy", ALLOW)), "deploy").why[0]
    note = "no such issuer is registered there, so no token gets as far as the policy"
    assert (missing.admission.result, missing.door.note, missing.summary) == (False, note, note)
    foreign = GITHUB.replace(ACCOUNT, "999999999999")
    other = held(github(), estate(provider(), role("deploy", statement({}, via=foreign))), "deploy").why[0]
    assert other.summary == "the registration it names is another account's, so no token gets as far as the policy"
    denied = Coverage("aws", ACCOUNT, "oidc-provider", Status.DENIED, "denied", "iam:ListOpenIDConnectProviders")
    unread = held(github(), estate(role("deploy", ALLOW), coverage=(*READ[:2], denied)), "deploy").why[0]
    assert unread.admission.result is True
    assert unread.door.note == (
        "taken as open, for the registration was not read: denied (needs iam:ListOpenIDConnectProviders)"
    )


def test_an_issuer_that_is_nearly_the_same() -> None:
    told = why(github(iss=f"https://{HOST}/"), ALLOW)
    assert (told.admission.result, told.door.issuer) == (False, "it differs in a slash at the end only")
    assert (told.summary, told.door.result) == ("it is for tokens of another issuer", False)


def test_an_identity_that_trusts_others_only() -> None:
    lab = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"
    answer = held(github(), estate(provider(lab), role("deploy", statement({}, via=lab))), "deploy")
    assert (answer.why, answer.elsewhere, answer.complete) == ((), ("https://gitlab.com",), True)


def test_places_are_read_out_of_documents() -> None:
    quote = quoting({"doc": {"a/b": {"~c": [1, {"d": "x"}]}}})
    assert quote(Source("doc", "/a~1b/~0c/1/d")) == "x"
    assert quote(Source("doc", "/a~1b/~0c/0")) == 1
    for pointer in ("/a", "/a~1b/~0c/2", "/a~1b/~0c/-1", "/a~1b/~0c/1/d/e"):
        assert quote(Source("doc", pointer)) is None
    assert quote(Source("other", "/x")) is None
    assert quote(Source("doc", "")) == {"a/b": {"~c": [1, {"d": "x"}]}}


def test_the_reasons_are_those_of_the_statements() -> None:
    """A token that gets in has an allow statement all of whose tests hold, and no deny statement that does."""
    for payload in (github(), pull_request()):
        for statements in ((ALLOW,), (ALLOW, DENY), (STRANGE, ALLOW), (STRANGE,)):
            told = why(payload, *statements)
            allowed = any(not one.failing for one in told.statements if one.effect == "allow")
            refused = any(one.result for one in told.statements if one.effect == "deny")
            assert told.admission.result is (allowed and not refused)
            assert replace(told.admission).trust.identity.name == "deploy"
