"""The naive reading, example by example: what it admits, refuses, and leaves open."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.claims.predicate import ClaimValue
from auditor.providers.azure import PROVIDER
from auditor.providers.azure.evaluate_expressions import holds
from tests.providers.azure.estates import DEFAULT, ISSUERS, snapshot

MAIN = "repo:acme/app:ref:refs/heads/main"
GITHUB = ISSUERS["github"]
TOKEN: dict[str, ClaimValue] = {"iss": GITHUB, "sub": MAIN, "aud": DEFAULT, "repository_id": "456"}


def admitted(case: dict[str, Any], **token: ClaimValue) -> bool | None:
    (trust,) = PROVIDER.trusts(snapshot(case))
    return PROVIDER.admits(trust, {**TOKEN, **token})


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ({}, True),
        ({"sub": MAIN + "x"}, False),
        ({"sub": MAIN.upper()}, False),
        ({"sub": ("x",)}, None),
        ({"aud": "other"}, False),
        ({"aud": DEFAULT.lower()}, False),
        ({"aud": (DEFAULT,)}, True),
        ({"aud": (DEFAULT, "other")}, None),
        ({"aud": ("other",)}, False),
        ({"iss": "https://gitlab.com"}, False),
        ({"iss": GITHUB + "/"}, False),
    ],
)
@pytest.mark.parametrize("host", ["app", "uami"])
def test_an_exact_subject(host: str, token: dict[str, ClaimValue], expected: bool | None) -> None:
    assert admitted({"host": host, "subject": MAIN}, **token) is expected


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"subject": MAIN, "principal": {"accountEnabled": False}}, False),
        ({"subject": "x", "application": {"isDisabled": True}}, False),
        ({"subject": MAIN, "application": {"isDisabled": True}}, None),
        (
            {
                "subject": MAIN,
                "principal": {"accountEnabled": False},
                "application": {"signInAudience": "AzureADMultipleOrgs"},
            },
            None,
        ),
        ({"subject": MAIN, "audiences": [DEFAULT, "other"]}, None),
        ({"subject": MAIN, "audiences": ["one", "other"]}, False),
        ({"subject": MAIN, "audiences": []}, None),
        ({"subject": MAIN, "audiences": DEFAULT}, None),
        ({"subject": MAIN, "issuer": None}, None),
        ({"subject": MAIN, "issuer": "gitlab"}, False),
        ({"subject": MAIN, "expression": "claims['sub'] matches '*'"}, None),
        ({"subject": None}, None),
        ({"subject": ""}, None),
        ({}, None),
        ({"expression": "claims['sub'] matches '*'"}, True),
        ({"expression": {"value": "claims['sub'] matches '*'", "languageVersion": 2}}, None),
        ({"expression": {"value": "claims['sub'] matches '*'", "languageVersion": True}}, None),
        ({"expression": {"value": 7, "languageVersion": 1}}, None),
        ({"application": {"federatedIdentityCredentials": None}}, None),
        ({"application": {"federatedIdentityCredentials": [7]}}, None),
    ],
)
def test_documents(case: dict[str, Any], expected: bool | None) -> None:
    assert admitted(case) is expected


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("claims['sub'] eq 'ab'", "ab", True),
        ("claims['sub'] eq 'ab'", "AB", None),
        ("claims['sub'] eq 'ab'", "abc", False),
        ("claims['sub'] eq 'a*'", "ab", False),
        ("claims['sub'] eq ''", "", True),
        ("claims['sub'] matches 'a*'", "ab", True),
        ("claims['sub'] matches 'a*'", "a", None),
        ("claims['sub'] matches 'a*'", "b", False),
        ("claims['sub'] matches 'a*c'", "a/b:c", True),
        ("claims['sub'] matches 'a*c'", "abcd", False),
        ("claims['sub'] matches '*b*'", "abc", True),
        ("claims['sub'] matches '*b*'", "ab", None),
        ("claims['sub'] matches 'a?c'", "abc", True),
        ("claims['sub'] matches 'a?c'", "ac", False),
        ("claims['sub'] matches 'a?c'", "a\U0001f600c", None),
        ("claims['sub'] matches 'a??c'", "a\U0001f600c", None),
        ("claims['sub'] matches 'a.c'", "abc", False),
        ("claims['sub'] matches 'o''brien'", "o'brien", None),
        ("claims['sub'] matches 'o''brien'", "obrien", False),
        ("claims['sub'] matches 'a\\*'", "a\\b", None),
        ("claims['sub'] matches 'a\\*'", "a*", None),
        ("claims['sub'] matches 'a\\*'", "ab", False),
        ("claims['sub'] matches 'a*' and claims['sub'] matches '*b'", "axb", True),
        ("claims['sub'] matches 'a*' and claims['sub'] matches '*b'", "axc", None),
        ("claims['sub'] matches 'a*' and claims['sub'] matches '*b'", "xxc", False),
        ("claims['sub'] matches 'a*' and claims['repository_id'] eq '456'", "ab", True),
        ("claims['sub'] matches 'a*' and claims['repository_id'] eq '457'", "ab", False),
        ("claims['sub'] matches 'a*' and claims['repository_owner_id'] eq '1'", "ab", False),
        ("claims['sub'] matches 'a*' and claims['repository_id'] matches '4*'", "ab", None),
        ("claims['sub'] matches 'a*' and claims['event_name'] eq 'push'", "ab", None),
        ("claims['sub'] matches 'a*' or claims['repository_id'] eq '4'", "ab", None),
        ("claims['sub'] matches 'a*'  and claims['repository_id'] eq '4'", "ab", None),
        ("claims['sub'] matches a*", "ab", None),
        ("", "ab", None),
    ],
)
def test_expressions(expression: str, value: str, expected: bool | None) -> None:
    assert holds(expression, GITHUB, {**TOKEN, "sub": value}) is expected


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("https://gitlab.com", True),
        ("https://gitlab.example.com", True),
        ("https://gitlab.example.org", None),
        ("https://app.terraform.io", True),
        ("https://app.eu.terraform.io", True),
        ("https://token.actions.githubusercontent.com/acme", None),
        ("https://ci.example.com", None),
    ],
)
def test_issuers(issuer: str, expected: bool | None) -> None:
    assert holds("claims['sub'] matches 'a*'", issuer, {"sub": "ab"}) is expected
