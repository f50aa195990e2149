"""Effect, principal and action of trust policy statements."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.providers.aws.statements import Doubt, Policy, Statement, provider_of, read_policy

ACCOUNT = "123456789012"
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
GITLAB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"
ALLOW = {"Effect": "Allow", "Principal": {"Federated": GITHUB}, "Action": "sts:AssumeRoleWithWebIdentity"}


def read(document: Any) -> Policy:
    policy = read_policy(document, "/P", ACCOUNT)
    assert isinstance(policy, Policy)
    return policy


def only(**changes: Any) -> Statement:
    body = {name: value for name, value in {**ALLOW, **changes}.items() if value is not ...}
    (statement,) = read({"Version": "2012-10-17", "Statement": body}).statements
    return statement


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{not json", "the trust policy is not JSON"),
        (None, "the trust policy is not a JSON object"),
        ([ALLOW], "the trust policy is not a JSON object"),
        (5, "the trust policy is not a JSON object"),
        ({}, "the trust policy has no Statement"),
        ({"foo": 1}, "the trust policy has no Statement"),
        ({"Statement": "Allow"}, "the Statement of the trust policy is neither an object nor a list"),
        ({"Statement": None}, "the Statement of the trust policy is neither an object nor a list"),
    ],
)
def test_documents_without_statements(document: Any, reason: str) -> None:
    assert read_policy(document, "/P", ACCOUNT) == reason


@pytest.mark.parametrize(
    ("version", "expanded"),
    [("2012-10-17", True), ("2008-10-17", False), (..., False), ("2012-10-18", None), (20121017, None), (None, None)],
)
def test_only_the_new_version_has_policy_variables(version: Any, expanded: bool | None) -> None:
    document = {"Statement": []} if version is ... else {"Version": version, "Statement": []}
    assert read(document).expanded is expanded


def test_one_statement_or_a_list() -> None:
    assert [s.pointer for s in read({"Statement": ALLOW}).statements] == ["/P/Statement"]
    assert [s.pointer for s in read({"Statement": [ALLOW, ALLOW]}).statements] == ["/P/Statement/0", "/P/Statement/1"]


@pytest.mark.parametrize(
    ("action", "applies"),
    [
        ("sts:AssumeRoleWithWebIdentity", True),
        ("STS:assumerolewithwebidentity", True),
        ("*", True),
        ("sts:*", True),
        ("sts:Assume*", True),
        ("sts:AssumeRoleWithWebIdentit?", True),
        ("s*Identity", True),
        ("sts:AssumeRole", False),
        ("sts:AssumeRole?", False),
        ("sts:AssumeRoleWithSAML", False),
        ("AssumeRoleWithWebIdentity", False),
        ("", False),
        ([], False),
        (["sts:TagSession", "sts:AssumeRoleWithWebIdentity"], True),
        (["sts:TagSession", "sts:AssumeRole"], False),
        (["sts:*", 5], True),
    ],
)
def test_actions(action: Any, applies: bool) -> None:
    assert (only(Action=action).applies, only(Action=action).doubts) == (applies, ())
    negated = only(Action=..., NotAction=action)
    assert (negated.applies, negated.doubts) == (not applies, ())


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"Action": 5}, Doubt("/P/Statement/Action", "Action", "Action holds something other than text")),
        ({"Action": [None]}, Doubt("/P/Statement/Action", "Action", "Action holds something other than text")),
        ({"Action": ["sts:AssumeRole", {}]},
         Doubt("/P/Statement/Action", "Action", "Action holds something other than text")),
        ({"Action": ..., "NotAction": ["iam:*", {}]},
         Doubt("/P/Statement/NotAction", "NotAction", "NotAction holds something other than text")),
        ({"Action": ...}, Doubt("/P/Statement", "Action", "the statement has no Action")),
        ({"NotAction": "iam:*"}, Doubt("/P/Statement", "Action", "the statement has both Action and NotAction")),
        ({"Resource": "*"},
         Doubt("/P/Statement/Resource", "Resource",
               "a trust policy has no Resource; what IAM makes of it is not settled")),
        ({"NotResource": "*"},
         Doubt("/P/Statement/NotResource", "NotResource",
               "a trust policy has no NotResource; what IAM makes of it is not settled")),
        ({"condition": {}}, Doubt("/P/Statement/condition", "condition", "a statement has no element condition")),
        ({"a/b": {}}, Doubt("/P/Statement/a~1b", "a/b", "a statement has no element a/b")),
    ],
)  # fmt: skip
def test_doubts(changes: dict[str, Any], doubt: Doubt) -> None:
    statement = only(**changes)
    assert (statement.applies, statement.doubts, statement.covers(GITHUB)) == (True, (doubt,), True)


@pytest.mark.parametrize("effect", ["allow", "", None, ..., ["Allow"], 1])
def test_an_effect_that_cannot_be_read_may_be_either(effect: Any) -> None:
    statement = only(Effect=effect)
    assert statement.effects == ("allow", "deny")
    assert statement.doubts == (Doubt("/P/Statement/Effect", "Effect", "the effect is neither Allow nor Deny"),)


def test_a_statement_that_is_no_object_may_be_anything() -> None:
    (statement,) = read({"Statement": ["Allow"]}).statements
    doubt = Doubt("/P/Statement/0", "Statement", "the statement is not an object")
    assert (statement.effects, statement.applies, statement.covers(GITHUB)) == (("allow", "deny"), True, doubt)


def test_an_element_no_policy_has_makes_every_statement_doubtful() -> None:
    policy = read({"statement": [], "Statement": [ALLOW, ALLOW]})
    doubt = Doubt("/P/statement", "statement", "a policy has no element statement")
    assert [s.doubts for s in policy.statements] == [(doubt,), (doubt,)]


# Whether a token that comes through GITHUB is meant: yes, no, or ? (why).
PRINCIPALS = [
    # principal, allow, deny
    ({"Federated": GITHUB}, "yes", "yes"),
    ({"Federated": [GITLAB, GITHUB]}, "yes", "yes"),
    ({"Federated": GITLAB}, "no", "no"),
    ({"Federated": []}, "no", "no"),
    ({"Federated": "accounts.google.com"}, "no", "no"),
    ({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"}, "no", "no"),
    ({"Federated": GITHUB.replace("aws", "aws-cn", 1)}, "no", "no"),
    ({"Federated": GITHUB.replace(ACCOUNT, "999999999999")}, "no", "no"),
    ({"Federated": GITHUB.upper()}, "?", "?"),
    ({"Federated": "*"}, "?", "?"),
    ({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/*"}, "?", "?"),
    ({"Federated": "token.actions.githubusercontent.com"}, "?", "?"),
    ({"Federated": 5}, "?", "?"),
    ({"Federated": [GITHUB, None]}, "yes", "yes"),
    ({"AWS": "*"}, "no", "?"),
    ({"AWS": ACCOUNT}, "no", "?"),
    ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "no", "?"),
    ({"AWS": "arn:aws:iam::999999999999:root"}, "no", "no"),
    ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/x"}, "no", "no"),
    ({"AWS": [{}]}, "?", "?"),
    ({"AWS": "*", "Federated": GITHUB}, "yes", "yes"),
    ({"Service": "ec2.amazonaws.com"}, "no", "no"),
    ({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, "no", "no"),
    ({"federated": GITHUB}, "?", "?"),
    ({}, "no", "no"),
    ("*", "?", "yes"),
    (GITHUB, "?", "?"),
    ([GITHUB], "?", "?"),
    (None, "?", "?"),
    (..., "?", "?"),
]


@pytest.mark.parametrize(("principal", "allow", "deny"), PRINCIPALS)
def test_principals(principal: Any, allow: str, deny: str) -> None:
    answers = [only(Effect=effect, Principal=principal).covers(GITHUB) for effect in ("Allow", "Deny")]
    assert ["?" if isinstance(a, Doubt) else "yes" if a else "no" for a in answers] == [allow, deny]


def test_not_principal_is_unknown() -> None:
    doubt = Doubt(
        "/P/Statement/NotPrincipal",
        "NotPrincipal",
        "a trust policy has no NotPrincipal; what IAM makes of it is not settled",
    )
    for effect in ("Allow", "Deny"):
        assert only(Effect=effect, Principal=..., NotPrincipal={"Federated": GITLAB}).covers(GITHUB) == doubt


def test_a_doubtful_principal_says_where_it_stands() -> None:
    assert only(Principal={"Federated": [GITLAB, "*"]}).covers(GITHUB) == Doubt(
        "/P/Statement/Principal/Federated/1",
        "Principal Federated",
        "the federated principal * is neither an OIDC provider's ARN nor a built-in issuer",
    )


@pytest.mark.parametrize(
    ("door", "parts"),
    [
        (GITHUB, (ACCOUNT, "token.actions.githubusercontent.com")),
        ("arn:aws-us-gov:iam::1:oidc-provider/host:8443/a/b", ("1", "host:8443/a/b")),
        ("arn:aws:iam::1:saml-provider/x", None),
        ("arn:aws:iam::1:oidc-provider/", None),
        ("arn:aws:iam::1:oidc-provider/a*", None),
        ("accounts.google.com", None),
    ],
)
def test_provider_arns(door: str, parts: tuple[str, str] | None) -> None:
    assert provider_of(door) == parts
