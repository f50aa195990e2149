"""Condition blocks against concrete tokens. `T` holds, `F` does not, `?` is not known."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.claims.predicate import Token, conjunction, disjunction, evaluate
from auditor.model import Clause, Source
from auditor.providers.aws.conditions import compile_conditions
from auditor.providers.aws.keys import Request
from auditor.providers.aws.operators import NAMES

GH = "token.actions.githubusercontent.com"
GITHUB = Request(
    issuer=GH,
    github=True,
    account="123456789012",
    provider=f"arn:aws:iam::123456789012:oidc-provider/{GH}",
    tags=(("team", "payments"), ("star", "a*"), ("empty", "")),
    now=datetime(2026, 11, 21, 12, 30, tzinfo=UTC),
)
GITLAB = replace(
    GITHUB, issuer="gitlab.com", github=False, provider="arn:aws:iam::123456789012:oidc-provider/gitlab.com"
)
OPAQUE = replace(GITHUB, issuer="id.example.com", github=False)

BASE: Token = {"sub": "repo:acme/app:ref:refs/heads/main", "aud": "sts.amazonaws.com", "repository": "acme/app"}

MODIFIERS = (
    "{}", "{}IfExists", "ForAnyValue:{}", "ForAnyValue:{}IfExists", "ForAllValues:{}", "ForAllValues:{}IfExists",
)  # fmt: skip


def compiled(block: Any, request: Request = GITHUB, expanded: bool | None = True) -> tuple[Clause, ...]:
    return compile_conditions(block, request, document="role", pointer="/C", expanded=expanded)


def holds(block: Any, token: Token, request: Request = GITHUB, expanded: bool | None = True) -> str:
    clauses = compiled(block, request, expanded)
    return {True: "T", False: "F", None: "?"}[evaluate(conjunction(c.predicate for c in clauses), token)]


def rows(table: str) -> list[tuple[str, list[str]]]:
    parsed = [line.split() for line in table.strip().splitlines()]
    return [(name, answers) for name, *answers in parsed]


# --- every operator, present and absent -------------------------------------------------------------------------------

SCALAR = """
StringEquals                             T F F
StringEqualsIfExists                     T F T
ForAnyValue:StringEquals                 T F F
ForAnyValue:StringEqualsIfExists         T F F
ForAllValues:StringEquals                T F T
ForAllValues:StringEqualsIfExists        T F T
StringNotEquals                          F T T
StringNotEqualsIfExists                  F T T
ForAnyValue:StringNotEquals              F T F
ForAnyValue:StringNotEqualsIfExists      F T F
ForAllValues:StringNotEquals             F T T
ForAllValues:StringNotEqualsIfExists     F T T
StringEqualsIgnoreCase                       T F F
StringEqualsIgnoreCaseIfExists               T F T
ForAnyValue:StringEqualsIgnoreCase           T F F
ForAnyValue:StringEqualsIgnoreCaseIfExists   T F F
ForAllValues:StringEqualsIgnoreCase          T F T
ForAllValues:StringEqualsIgnoreCaseIfExists  T F T
StringNotEqualsIgnoreCase                       F T T
StringNotEqualsIgnoreCaseIfExists               F T T
ForAnyValue:StringNotEqualsIgnoreCase           F T F
ForAnyValue:StringNotEqualsIgnoreCaseIfExists   F T F
ForAllValues:StringNotEqualsIgnoreCase          F T T
ForAllValues:StringNotEqualsIgnoreCaseIfExists  F T T
StringLike                               T F F
StringLikeIfExists                       T F T
ForAnyValue:StringLike                   T F F
ForAnyValue:StringLikeIfExists           T F F
ForAllValues:StringLike                  T F T
ForAllValues:StringLikeIfExists          T F T
StringNotLike                            F T T
StringNotLikeIfExists                    F T T
ForAnyValue:StringNotLike                F T F
ForAnyValue:StringNotLikeIfExists        F T F
ForAllValues:StringNotLike               F T T
ForAllValues:StringNotLikeIfExists       F T T
"""


@pytest.mark.parametrize(("operator", "answers"), rows(SCALAR))
def test_text_operators(operator: str, answers: list[str]) -> None:
    block = {operator: {f"{GH}:environment": ["staging", "prod"]}}
    tokens = [{**BASE, "environment": "prod"}, {**BASE, "environment": "dev"}, BASE]
    assert [holds(block, token) for token in tokens] == answers


# For a text of the token these comparisons are not decided, but what absence means is.
UNDECIDED = """
BinaryEquals                ? F
BinaryEqualsIfExists        ? T
ForAnyValue:BinaryEquals    ? F
ForAnyValue:BinaryEqualsIfExists ? F
ForAllValues:BinaryEquals   ? T
ForAllValues:BinaryEqualsIfExists ? T
IpAddress                   ? F
IpAddressIfExists           ? T
ForAnyValue:IpAddress       ? F
ForAllValues:IpAddress      ? T
NotIpAddress                ? T
NotIpAddressIfExists        ? T
ForAnyValue:NotIpAddress    ? F
ForAllValues:NotIpAddress   ? T
NumericEquals               ? F
NumericEqualsIfExists       ? T
ForAnyValue:NumericEquals   ? F
ForAllValues:NumericEquals  ? T
NumericNotEquals            ? T
NumericNotEqualsIfExists    ? T
ForAnyValue:NumericNotEquals  ? F
ForAllValues:NumericNotEquals ? T
NumericLessThan             ? F
NumericLessThanEquals       ? F
NumericGreaterThan          ? F
NumericGreaterThanEquals    ? F
NumericLessThanIfExists     ? T
DateEquals                  ? F
DateEqualsIfExists          ? T
ForAnyValue:DateEquals      ? F
ForAllValues:DateEquals     ? T
DateNotEquals               ? T
DateNotEqualsIfExists       ? T
ForAnyValue:DateNotEquals   ? F
ForAllValues:DateNotEquals  ? T
DateLessThan                ? F
DateLessThanEquals          ? F
DateGreaterThan             ? F
DateGreaterThanEquals       ? F
DateLessThanIfExists        ? T
"""


@pytest.mark.parametrize(("operator", "answers"), rows(UNDECIDED))
def test_operators_that_do_not_compare_text(operator: str, answers: list[str]) -> None:
    block = {operator: {f"{GH}:actor_id": "4711"}}
    assert [holds(block, token) for token in ({**BASE, "actor_id": "4711"}, BASE)] == answers


BOOL = """
Bool                        T T F F F
BoolIfExists                T T F F T
ForAnyValue:Bool            T T F F F
ForAnyValue:BoolIfExists    T T F F F
ForAllValues:Bool           T T F F T
ForAllValues:BoolIfExists   T T F F T
"""


@pytest.mark.parametrize(("operator", "answers"), rows(BOOL))
def test_bool_is_true_in_any_case_and_false_for_anything_else(operator: str, answers: list[str]) -> None:
    tokens = [{**BASE, "ref_protected": text} for text in ("true", "TRUE", "false", "yes")] + [BASE]
    assert [holds({operator: {"gitlab.com:ref_protected": "True"}}, t, GITLAB) for t in tokens] == answers
    assert [holds({"Bool": {"gitlab.com:ref_protected": "no"}}, t, GITLAB) for t in tokens] == ["F", "F", "T", "T", "F"]
    assert [holds({"Bool": {"gitlab.com:ref_protected": False}}, t, GITLAB) for t in tokens] == [
        "F",
        "F",
        "T",
        "T",
        "F",
    ]


ARN = """
ArnEquals                 T F F
ArnEqualsIfExists         T F T
ForAnyValue:ArnEquals     T F F
ForAllValues:ArnEquals    T F T
ArnLike                   T F F
ArnLikeIfExists           T F T
ForAnyValue:ArnLike       T F F
ForAllValues:ArnLike      T F T
ArnNotEquals              F T T
ArnNotEqualsIfExists      F T T
ForAnyValue:ArnNotEquals  F T F
ForAllValues:ArnNotEquals F T T
ArnNotLike                F T T
ArnNotLikeIfExists        F T T
ForAnyValue:ArnNotLike    F T F
ForAllValues:ArnNotLike   F T T
"""


@pytest.mark.parametrize(("operator", "answers"), rows(ARN))
def test_arn_operators(operator: str, answers: list[str]) -> None:
    block = {operator: {f"{GH}:environment": "arn:aws:iam::1:role/app-*"}}
    texts = ("arn:aws:iam::1:role/app-a:b", "arn:aws:iam::2:role/app-a")
    tokens = [*({**BASE, "environment": text} for text in texts), BASE]
    assert [holds(block, token) for token in tokens] == answers


@pytest.mark.parametrize(
    ("value", "text", "answer"),
    [
        ("arn:aws:iam::*:role/app", "arn:aws:iam::1:role/app", "?"),  # a wildcard before the last part
        ("arn:aws:iam::*:role/app", "arn:aws:iam::1:role/other", "F"),
        ("arn:aws:*", "arn:aws:iam::1:role/app", "?"),
        ("app", "app", "?"),
    ],
)
def test_arns_whose_parts_cannot_be_told_apart(value: str, text: str, answer: str) -> None:
    assert holds({"ArnLike": {f"{GH}:environment": value}}, {**BASE, "environment": text}) == answer


def test_every_operator_has_rows_above() -> None:
    covered = {name for name, _ in itertools.chain(*map(rows, (SCALAR, UNDECIDED, BOOL, ARN)))}
    assert [name for name in NAMES if name not in covered] == ["Null"]


@pytest.mark.parametrize(
    ("wanted", "answers"),
    [
        ("true", ["F", "T"]),
        ("false", ["T", "F"]),
        ("TRUE", ["F", "T"]),
        (True, ["F", "T"]),
        (False, ["T", "F"]),
        (["true", "false"], ["T", "T"]),
        ("maybe", ["?", "?"]),
        ([], ["?", "?"]),
    ],
)
def test_null_asks_for_absence(wanted: Any, answers: list[str]) -> None:
    block = {"Null": {f"{GH}:environment": wanted}}
    assert [holds(block, token) for token in ({**BASE, "environment": "prod"}, BASE)] == answers


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        (f"{GH}:repository_owner", "T"),  # GitHub mints it, AWS has no such key
        ("gitlab.com:sub", "T"),
        (f"{GH}:sub", "F"),
        ("aws:PrincipalOrgID", "T"),
        ("aws:ResourceTag/team", "F"),
        ("aws:ResourceTag/owner", "T"),
        ("aws:SourceIp", "?"),
    ],
)
def test_null_on_keys_that_no_token_decides(key: str, answer: str) -> None:
    assert holds({"Null": {key: "true"}}, BASE) == answer


# --- list claims ------------------------------------------------------------------------------------------------------

#                                     all   some  none  empty absent
LIST = """
StringEquals                          F     F     F     F     F
StringEqualsIfExists                  F     F     F     ?     T
StringNotEquals                       F     F     F     ?     T
StringNotEqualsIfExists               F     F     F     ?     T
StringLike                            F     F     F     F     F
StringNotLike                         F     F     F     ?     T
ForAnyValue:StringEquals              T     T     F     F     F
ForAnyValue:StringEqualsIfExists      T     T     F     F     F
ForAnyValue:StringNotEquals           F     T     T     F     F
ForAnyValue:StringNotEqualsIfExists   F     T     T     F     F
ForAnyValue:StringLike                T     T     F     F     F
ForAnyValue:StringNotLike             F     T     T     F     F
ForAllValues:StringEquals             T     F     F     T     T
ForAllValues:StringEqualsIfExists     T     F     F     T     T
ForAllValues:StringNotEquals          F     F     T     T     T
ForAllValues:StringNotEqualsIfExists  F     F     T     T     T
ForAllValues:StringLike               T     F     F     T     T
ForAllValues:StringNotLike            F     F     T     T     T
ForAnyValue:NumericEquals             ?     ?     ?     F     F
ForAllValues:NumericEquals            ?     ?     ?     T     T
"""


@pytest.mark.parametrize(("operator", "answers"), rows(LIST))
def test_list_claims(operator: str, answers: list[str]) -> None:
    block = {operator: {"cognito-identity.amazonaws.com:amr": ["authenticated", "graph.facebook.com"]}}
    request = replace(GITHUB, issuer="cognito-identity.amazonaws.com", github=False, provider=None)
    lists = (("authenticated", "graph.facebook.com"), ("authenticated", "x"), ("unauthenticated",), ())
    tokens: list[Token] = [*({**BASE, "amr": entries} for entries in lists), BASE]
    assert [holds(block, token, request) for token in tokens] == answers


def test_null_on_a_list_claim_does_not_know_about_the_empty_list() -> None:
    tokens: list[Token] = [{"amr": ("a",)}, {"amr": ()}, {}]
    answers = {
        wanted: [holds({"Null": {"id.example.com:amr": wanted}}, token, OPAQUE) for token in tokens]
        for wanted in ("true", "false")
    }
    assert answers == {"true": ["F", "?", "T"], "false": ["T", "?", "F"]}


# --- audiences --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "key", "token", "answer"),
    [
        ("StringEquals", "aud", {"aud": "a"}, "T"),
        ("StringEquals", "aud", {"aud": "b"}, "F"),
        ("StringEquals", "aud", {"azp": "a", "aud": "b"}, "T"),
        ("StringEquals", "aud", {"azp": "b", "aud": "a"}, "F"),
        ("StringNotEquals", "aud", {"azp": "b", "aud": "a"}, "T"),
        ("StringNotEquals", "aud", {"azp": "a", "aud": "b"}, "F"),
        ("StringNotEquals", "aud", {"aud": "a"}, "F"),
        ("StringEqualsIfExists", "aud", {}, "T"),
        ("StringEqualsIfExists", "aud", {"azp": "b"}, "F"),
        ("Null", "aud", {"azp": "b"}, "F"),
        ("ForAllValues:StringEquals", "aud", {"azp": "b", "aud": "a"}, "F"),
        ("ForAllValues:StringEquals", "aud", {"aud": "a"}, "T"),
        ("StringEquals", "oaud", {"azp": "b", "aud": "a"}, "T"),
        ("StringEquals", "oaud", {"azp": "a", "aud": "b"}, "F"),
        ("StringEquals", "oaud", {}, "F"),
        ("StringNotEquals", "oaud", {}, "T"),
        ("StringEquals", "oaud", {"azp": "x", "aud": ("a", "b")}, "?"),
        ("StringNotEquals", "oaud", {"azp": "x", "aud": ("a", "b")}, "?"),
        ("ForAnyValue:StringEquals", "oaud", {"azp": "x", "aud": ("a", "b")}, "T"),
        ("ForAllValues:StringEquals", "oaud", {"azp": "x", "aud": ("a", "b")}, "F"),
        ("ForAnyValue:StringEquals", "oaud", {"aud": "a"}, "T"),
        ("ForAllValues:StringEquals", "oaud", {"aud": "b"}, "F"),
        ("Null", "oaud", {"aud": ("a", "b")}, "F"),
    ],
)
def test_the_audience_is_azp_where_there_is_one(operator: str, key: str, token: Token, answer: str) -> None:
    value = "true" if operator == "Null" else "a"
    assert holds({operator: {f"id.example.com:{key}": value}}, token, OPAQUE) == answer


# --- keys that are absent, and keys of the request --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "answer"),
    [
        ("StringEquals", "F"), ("StringLike", "F"), ("StringNotEquals", "T"), ("StringNotLike", "T"),
        ("StringEqualsIfExists", "T"), ("StringNotEqualsIfExists", "T"), ("ForAllValues:StringEquals", "T"),
        ("ForAllValues:StringNotEquals", "T"), ("ForAnyValue:StringEquals", "F"), ("ForAnyValue:StringNotEquals", "F"),
        ("NumericLessThan", "F"), ("NumericNotEquals", "T"), ("Bool", "F"), ("BoolIfExists", "T"), ("IpAddress", "F"),
        ("NotIpAddress", "T"), ("DateNotEquals", "T"), ("ArnNotLike", "T"), ("BinaryEquals", "F"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "key", [f"{GH}:repository_owner", "gitlab.com:sub", "aws:PrincipalOrgID", "sts:SourceIdentity", "aws:TagKeys"]
)
def test_absent_keys(operator: str, answer: str, key: str) -> None:
    assert holds({operator: {key: "acme"}}, {**BASE, "repository_owner": "acme"}) == answer


@pytest.mark.parametrize(
    ("block", "answer"),
    [
        # the time of the audit is 2026-11-21T12:30:00Z
        ({"DateLessThan": {"aws:CurrentTime": "2026-11-21T12:30:01Z"}}, "T"),
        ({"DateLessThan": {"aws:CurrentTime": "2026-11-21T12:30:00Z"}}, "F"),
        ({"DateLessThanEquals": {"aws:CurrentTime": "2026-11-21T12:30:00Z"}}, "T"),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-11-21"}}, "T"),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-11-21T14:30:00+02:00"}}, "F"),
        ({"DateGreaterThanEquals": {"aws:CurrentTime": "2026-11-21T14:30:00+02:00"}}, "T"),
        ({"DateEquals": {"aws:CurrentTime": "1795264200"}}, "T"),
        ({"DateNotEquals": {"aws:CurrentTime": "1795264200"}}, "F"),
        ({"DateLessThan": {"aws:EpochTime": "1795264201"}}, "T"),
        ({"NumericLessThan": {"aws:EpochTime": 1795264201}}, "T"),
        ({"NumericGreaterThanEquals": {"aws:EpochTime": "1795264201"}}, "F"),
        ({"NumericNotEquals": {"aws:EpochTime": "5"}}, "T"),
        ({"NumericLessThan": {"aws:CurrentTime": "5"}}, "?"),
        ({"DateLessThan": {"aws:CurrentTime": "tomorrow"}}, "?"),
        ({"DateLessThan": {"aws:CurrentTime": "2027"}}, "?"),
        ({"DateLessThan": {"aws:CurrentTime": "2027-02-31"}}, "?"),
        ({"DateLessThan": {"aws:CurrentTime": ["tomorrow", "2027-01-01"]}}, "T"),
        ({"StringEquals": {"aws:CurrentTime": "2026-11-21T12:30:00Z"}}, "?"),
        ({"Null": {"aws:CurrentTime": "true"}}, "F"),
        # the role
        ({"StringEquals": {"aws:ResourceTag/team": "payments"}}, "T"),
        ({"StringEquals": {"aws:ResourceTag/team": "Payments"}}, "F"),
        ({"StringLike": {"aws:ResourceTag/team": "pay*"}}, "T"),
        ({"StringNotEquals": {"aws:ResourceTag/team": ["payments", "x"]}}, "F"),
        ({"StringNotEquals": {"aws:ResourceTag/team": []}}, "?"),
        ({"StringEquals": {"aws:ResourceTag/team": []}}, "F"),
        ({"ForAllValues:StringEquals": {"aws:ResourceTag/empty": "x"}}, "?"),
        ({"NumericEquals": {"aws:ResourceTag/team": "5"}}, "?"),
        ({"StringEquals": {"aws:ResourceAccount": 123456789012}}, "T"),
        ({"StringEquals": {"aws:ResourceOrgID": "o-1"}}, "?"),
        # the caller
        ({"StringEquals": {"aws:PrincipalAccount": "123456789012"}}, "T"),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, "T"),
        ({"ArnLike": {"aws:userid": f"arn:aws:iam::123456789012:oidc-provider/{GH}"}}, "T"),
        ({"ArnLike": {"aws:PrincipalArn": "*"}}, "F"),
        ({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, "T"),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}, "F"),
        ({"BoolIfExists": {"aws:SecureTransport": "false"}}, "F"),
        ({"Null": {"aws:SecureTransport": "true"}}, "F"),
        ({"Null": {"aws:SourceAccount": "true"}}, "T"),
        ({"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}, "T"),
        ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, "F"),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, "?"),
        ({"Null": {"aws:PrincipalIsAWSService": "true"}}, "?"),
        ({"StringEquals": {"aws:FederatedProvider": ["www.amazon.com", "accounts.google.com"]}}, "F"),
        ({"StringNotEquals": {"aws:FederatedProvider": "accounts.google.com"}}, "T"),
        ({"StringLike": {"aws:FederatedProvider": f"*{GH}"}}, "?"),
        ({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalIsAWSService}"}}, "?"),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "?"),
        ({"StringEquals": {"aws:PrincipalTag/team": "a"}}, "?"),
        ({"Bool": {"sts:RoleAuthorizedByIdp": "true"}}, "F"),
        ({"Bool": {"sts:RoleAuthorizedByIdp": "false"}}, "T"),
        ({"StringEquals": {"sts:RoleAuthorizedByIdp": "false"}}, "?"),
    ],
)
def test_request_keys(block: Any, answer: str) -> None:
    assert holds(block, BASE) == answer


def test_the_session_name_is_one_choice_of_the_caller() -> None:
    """Satisfiable with any value, but two conditions on it must agree on one."""
    block = {"StringLike": {"sts:RoleSessionName": "ci-*"}, "StringNotEquals": {"sts:RoleSessionName": "ci-1"}}
    names = ("ci-1", "ci-2", "other")
    assert [holds(block, {**BASE, "request:RoleSessionName": name}) for name in names] == ["F", "T", "F"]


def test_an_unknown_condition_does_not_hide_a_decided_one() -> None:
    block = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "StringEquals": {f"{GH}:sub": "repo:acme/app:pull_request"}}
    assert holds(block, BASE) == "F"
    assert holds(block, {**BASE, "sub": "repo:acme/app:pull_request"}) == "?"


# --- how a value is read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "value", "text", "answer"),
    [
        ("StringEquals", "repo:o/*", "repo:o/a", "F"),
        ("StringEquals", "repo:o/*", "repo:o/*", "T"),
        ("StringEquals", "prod", "Prod", "F"),
        ("StringEqualsIgnoreCase", "PROD", "pRod", "T"),
        ("StringEqualsIgnoreCase", "prod*", "PRODX", "F"),
        ("StringLike", "prod", "Prod", "F"),
        ("StringLike", "a*", "a", "T"),
        ("StringLike", "a*z", "a/:\n\u2028z", "T"),
        ("StringLike", "a?z", "az", "F"),
        ("StringLike", "a?z", "abz", "T"),
        ("StringLike", "a?z", "a\N{GRINNING FACE}z", "F"),  # two UTF-16 units
        ("StringLike", "a??z", "a\N{GRINNING FACE}z", "T"),
        ("StringLike", "[ab]", "a", "F"),
        ("StringLike", "[ab]", "[ab]", "T"),
        ("StringLike", r"\*", r"\x", "T"),
        ("StringLike", "**", "", "T"),
        ("StringLike", "", "", "T"),
        ("StringLike", "", "x", "F"),
        ("StringEqualsIgnoreCase", "stra\N{LATIN SMALL LETTER SHARP S}e", "STRASSE", "?"),
        ("StringEqualsIgnoreCase", "task", "tas\N{KELVIN SIGN}", "?"),
        ("StringEqualsIgnoreCase", "task", "tass", "F"),
        ("StringEqualsIgnoreCase", "TASK", "task", "T"),
        ("StringEqualsIgnoreCase", "task", "tasx\N{KELVIN SIGN}", "F"),
    ],
)
def test_literals_and_wildcards(operator: str, value: str, text: str, answer: str) -> None:
    assert holds({operator: {f"{GH}:environment": value}}, {**BASE, "environment": text}) == answer


@pytest.mark.parametrize(
    ("operator", "value", "text", "new", "old"),
    [
        ("StringLike", "a${*}", "a*", "T", "F"),
        ("StringLike", "a${*}", "ab", "F", "F"),
        ("StringLike", "a${*}", "a${bc}", "F", "T"),  # under the old version `*` between literal braces
        ("StringLike", "a${?}", "a?", "T", "F"),
        ("StringLike", "${$}{x}", "${x}", "T", "F"),
        ("StringEquals", "a${*}", "a*", "T", "F"),
        ("StringEquals", "a${*}", "a${*}", "F", "T"),
        ("StringEquals", "$x{", "$x{", "T", "T"),
        ("StringEquals", "${aws:ResourceTag/team}", "payments", "T", "F"),
        ("StringEquals", "x-${AWS:ResourceTag/Team}-y", "x-payments-y", "T", "F"),
        ("StringEquals", "${aws:ResourceTag/team}", "${aws:ResourceTag/team}", "F", "T"),
        ("StringEquals", "${aws:ResourceTag/owner}", "", "F", "F"),  # missing: the value matches nothing
        ("StringNotEquals", "${aws:ResourceTag/owner}", "x", "T", "T"),
        ("StringEquals", "${aws:ResourceTag/owner, 'nobody'}", "nobody", "T", "F"),
        ("StringEquals", "${aws:ResourceTag/team, 'nobody'}", "nobody", "F", "F"),
        ("StringLike", "${aws:ResourceTag/owner, 'no*'}", "no*", "?", "F"),  # do wildcards count there?
        ("StringLike", "${aws:ResourceTag/star}", "a*", "?", "F"),
        ("StringEquals", "${aws:ResourceTag/star}", "a*", "T", "F"),
        ("StringEquals", "${aws:username}", "x", "?", "F"),
        ("StringEquals", "a-${aws:username}", "b-x", "F", "F"),  # whatever its text, it cannot match
        ("StringEquals", "a-${aws:username}", "a-x", "?", "F"),
        ("StringEquals", "${aws:CurrentTime}", "x", "?", "F"),
        ("StringEquals", f"${{{GH}:amr}}", "x", "?", "F"),  # lists cannot expand
        ("StringEquals", "${unclosed", "${unclosed", "?", "T"),
        ("StringEquals", "${}", "${}", "?", "T"),
        ("StringEquals", "${a b}", "${a b}", "?", "T"),
        ("Bool", "${aws:ResourceTag/team}", "true", "?", "F"),
        # a variable over a claim of the token
        ("StringEquals", f"${{{GH}:repository}}", "acme/app", "T", "F"),
        ("StringEquals", f"${{{GH}:repository}}", "acme/api", "F", "F"),
        ("StringLike", f"${{{GH}:repository}}", "acme/app", "T", "F"),
        ("StringLike", f"${{{GH}:repository}}", "acme/api", "F", "F"),
        ("StringNotEquals", f"${{{GH}:repository}}", "acme/app", "F", "T"),
        ("StringEquals", f"${{{GH}:aud}}", "sts.amazonaws.com", "T", "F"),
        ("StringEquals", f"${{{GH}:actor}}", "mallory", "F", "F"),  # not in this token
        ("StringEquals", f"${{{GH}:actor, 'anyone'}}", "anyone", "T", "F"),
        ("StringEquals", f"${{{GH}:repository, 'anyone'}}", "anyone", "F", "F"),
        ("StringEquals", f"${{{GH}:repository_owner}}", "acme", "F", "F"),  # no such key
        ("StringEquals", f"x-${{{GH}:repository}}", "x-acme/app", "?", "F"),
        ("StringEquals", f"x-${{{GH}:repository}}", "y-acme/app", "F", "F"),
        ("StringEquals", f"x-${{{GH}:actor}}", "x-mallory", "F", "F"),
        ("StringEqualsIgnoreCase", f"${{{GH}:repository}}", "ACME/APP", "?", "F"),
    ],
)
def test_policy_variables(operator: str, value: str, text: str, new: str, old: str) -> None:
    block, token = {operator: {f"{GH}:environment": value}}, {**BASE, "environment": text}
    assert (holds(block, token, expanded=True), holds(block, token, expanded=False)) == (new, old)


def test_a_wildcard_out_of_a_variable_is_not_settled() -> None:
    token = {**BASE, "environment": "abc", "actor": "a*"}
    assert holds({"StringLike": {f"{GH}:environment": f"${{{GH}:actor}}"}}, token) == "?"
    assert holds({"StringEquals": {f"{GH}:environment": f"${{{GH}:actor}}"}}, token) == "F"


def test_a_variable_for_an_element_of_a_list() -> None:
    token: Token = {"amr": ("alice", "pwd"), "sub": "alice"}
    block = {"ForAnyValue:StringEquals": {"id.example.com:amr": "${id.example.com:sub}"}}
    assert holds(block, token, OPAQUE) == "?"


def test_under_an_unknown_version_only_values_without_variables_are_read() -> None:
    token = {**BASE, "environment": "a"}
    assert holds({"StringEquals": {f"{GH}:environment": "a"}}, token, expanded=None) == "T"
    assert holds({"StringEquals": {f"{GH}:environment": "${*}"}}, token, expanded=None) == "?"


# --- what is malformed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "answer"),
    [
        ({}, "T"),
        ({"StringEquals": {}}, "?"),
        (None, "?"),
        ([], "?"),
        ("StringEquals", "?"),
        ({"StringEquals": None}, "?"),
        ({"StringEquals": [{f"{GH}:sub": "x"}]}, "?"),
        ({"StringEqual": {f"{GH}:sub": "x"}}, "?"),
        ({"stringequals": {f"{GH}:sub": "x"}}, "?"),
        ({"forAnyValue:StringEquals": {f"{GH}:sub": "x"}}, "?"),
        ({"ForAnyValue:ForAllValues:StringEquals": {f"{GH}:sub": "x"}}, "?"),
        ({"NullIfExists": {f"{GH}:sub": "true"}}, "?"),
        ({"ForAnyValue:Null": {f"{GH}:sub": "true"}}, "?"),
        ({"": {f"{GH}:sub": "x"}}, "?"),
        ({"StringEquals": {"": "x"}}, "?"),
        ({"StringEquals": {f"{GH}:environment": None}}, "?"),
        ({"StringEquals": {f"{GH}:environment": {"a": "b"}}}, "?"),
        ({"StringEquals": {f"{GH}:environment": [["4711"]]}}, "?"),
        ({"StringEquals": {f"{GH}:environment": 47.11}}, "?"),
        ({"StringEquals": {f"{GH}:environment": 10**5000}}, "?"),
        ({"StringEquals": {f"{GH}:environment": [None, "4711"]}}, "T"),
        ({"StringNotEquals": {f"{GH}:environment": [None, "4711"]}}, "F"),
        ({"StringNotEquals": {f"{GH}:environment": [None, "x"]}}, "?"),
        ({"StringEquals": {f"{GH}:actor": None}}, "?"),  # absent, but what does the value mean?
        ({"StringNotEquals": {f"{GH}:actor": {}}}, "?"),
        ({"StringEqualsIfExists": {f"{GH}:actor": {}}}, "T"),
        ({"ForAnyValue:StringNotEquals": {f"{GH}:actor": {}}}, "F"),
        ({"StringEquals": {f"{GH}:repository_owner": [[]]}}, "?"),
        ({"StringNotEquals": {f"{GH}:repository_owner": None}}, "?"),
        ({"StringNotEquals": {f"{GH}:repository_owner": 4.5}}, "T"),
        ({"NumericLessThan": {f"{GH}:actor": 1.5}}, "F"),
        ({"StringEquals": {f"{GH}:environment": 4711}}, "T"),
        ({"StringEquals": {f"{GH}:environment": True}}, "F"),
        ({"StringEquals": {f"{GH}:environment": []}}, "F"),
        ({"StringLike": {f"{GH}:environment": []}}, "F"),
        ({"StringEqualsIfExists": {f"{GH}:actor": []}}, "T"),
        ({"StringNotEquals": {f"{GH}:environment": []}}, "?"),
        ({"StringNotEquals": {f"{GH}:actor": []}}, "T"),
        ({"ForAllValues:StringEquals": {f"{GH}:actor": []}}, "T"),
        ({"ForAllValues:StringNotEquals": {f"{GH}:amr": []}}, "T"),
        ({"ForAnyValue:StringNotEquals": {f"{GH}:environment": []}}, "?"),
        ({"StringEquals": {f"{GH}:ENVIRONMENT": "4711", f"{GH}:environment": "4711"}}, "?"),
    ],
)
def test_malformed_blocks(block: Any, answer: str) -> None:
    assert holds(block, {**BASE, "environment": "4711"}) == answer


def test_an_empty_text_may_count_as_an_empty_list() -> None:
    block = {"ForAllValues:StringEquals": {f"{GH}:ref": "refs/heads/main"}}
    assert holds(block, {**BASE, "ref": ""}) == "?"
    assert holds({"ForAllValues:StringEquals": {f"{GH}:sub": "x"}}, {"sub": "y"}) == "F"


# --- clauses and values -----------------------------------------------------------------------------------------------


def test_clauses_say_where_they_stand() -> None:
    block = {
        "StringLike": {f"{GH}/a~b:sub": ["x", "y"]},
        "StringNotEquals": {f"{GH}:sub": ["x", "y"]},
        "Bool": {f"{GH}:environment": True},
        "Nonsense": {"k": "v"},
    }
    found = [
        (c.text, c.source.pointer, [(v.text, v.source.pointer) for v in c.values]) for c in compiled(block)
    ]  # fmt: skip
    like = f"/C/StringLike/{GH}~1a~0b:sub"
    assert found == [
        (f"StringLike {GH}/a~b:sub", like, [("x", f"{like}/0"), ("y", f"{like}/1")]),
        (f"StringNotEquals {GH}:sub", f"/C/StringNotEquals/{GH}:sub", []),
        (f"Bool {GH}:environment", f"/C/Bool/{GH}:environment", [("true", f"/C/Bool/{GH}:environment")]),
        ("Nonsense", "/C/Nonsense", []),
    ]
    assert {c.source.document for c in compiled(block)} == {"role"}
    assert compiled(block)[0].values[0].source == Source("role", f"{like}/0")


def test_values_every_element_of_a_list_may_choose_among_are_no_alternatives() -> None:
    """A list of both values passes the clause and neither value alone."""
    (clause,) = compiled({"ForAllValues:StringEquals": {f"{GH}:amr": ["a", "b"]}})
    assert (clause.values, evaluate(clause.predicate, {"amr": ("a", "b")})) == ((), True)


KEYS = (
    f"{GH}:environment", f"{GH}:aud", f"{GH}:oaud", f"{GH}:amr", f"{GH}:repository_owner", "aws:ResourceTag/team",
    "aws:CurrentTime", "aws:SourceIp", "sts:RoleSessionName",
)  # fmt: skip
TEXTS = st.sampled_from(
    ("prod", "Prod", "p*", "*", "", "true", "a", "x${*}", f"${{{GH}:repository}}", f"${{{GH}:actor, 'a'}}", "payments",
     "2026-11-21", "arn:aws:iam::1:role/*", "task", "${broken", "${aws:username}b")
)  # fmt: skip
JUNK = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just({"a": 1}) | st.just([1])
TOKENS = st.fixed_dictionaries(
    {},
    optional={
        "environment": st.sampled_from(("prod", "PROD", "pre", "", "a", "true", "x*", "acme/app", "zb")),
        "aud": st.sampled_from(("a", "prod")) | st.sampled_from((("a", "b"), ("prod",))),
        "azp": st.sampled_from(("a", "prod", "b")),
        "amr": st.lists(st.sampled_from(("prod", "a", "")), max_size=3).map(tuple),
        "repository": st.just("acme/app"),
        "request:RoleSessionName": st.sampled_from(("prod", "ab")),
    },
)
OPERATORS = st.builds(str.format, st.sampled_from(MODIFIERS), st.sampled_from(NAMES))


@given(OPERATORS, st.sampled_from(KEYS), st.lists(TEXTS | JUNK, min_size=1, max_size=4), TOKENS)
def test_a_clause_is_the_union_of_its_values(operator: str, key: str, values: list[Any], token: Token) -> None:
    (clause,) = compiled({operator: {key: values}})
    if clause.values:
        union = disjunction(value.predicate for value in clause.values)
        assert len(clause.values) == len(values)
        assert evaluate(clause.predicate, token) == evaluate(union, token)


PAIRS = (
    ("StringEquals", "StringNotEquals"), ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("StringLike", "StringNotLike"), ("ArnLike", "ArnNotLike"), ("IpAddress", "NotIpAddress"),
    ("NumericEquals", "NumericNotEquals"), ("DateEquals", "DateNotEquals"),
)  # fmt: skip
PRESENT = (f"{GH}:environment", f"{GH}:aud", "aws:ResourceTag/team", "aws:CurrentTime", "sts:RoleSessionName")


@given(
    st.sampled_from(PAIRS),
    st.sampled_from(MODIFIERS),
    st.sampled_from(PRESENT),
    st.lists(TEXTS | JUNK, min_size=1, max_size=4),
    st.sampled_from(("prod", "a", "acme/app", "arn:aws:iam::1:role/x")),
)
def test_a_negated_operator_is_the_opposite_where_the_key_is_there(
    pair: tuple[str, str], modifier: str, key: str, values: list[Any], text: str
) -> None:
    token = {"environment": text, "aud": text, "request:RoleSessionName": text, "repository": "acme/app"}
    positive, negated = (holds({modifier.format(name): {key: values}}, token) for name in pair)
    assert negated == {"T": "F", "F": "T", "?": "?"}[positive]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
BLOCKS = JSON | st.dictionaries(
    OPERATORS | st.text(),
    st.dictionaries(st.sampled_from(KEYS) | st.text(), TEXTS | JSON, max_size=2) | JSON,
    max_size=3,
)


@given(BLOCKS, TOKENS, st.sampled_from((True, False, None)))
def test_nothing_a_condition_may_hold_raises(block: Any, token: Token, expanded: bool | None) -> None:
    clauses = compiled(block, expanded=expanded)
    assert holds(block, token, expanded=expanded) in "TF?"
    assert clauses or block == {}
