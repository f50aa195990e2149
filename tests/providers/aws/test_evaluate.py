"""The concrete evaluator against `fixtures/cases/aws_evaluate.json`, and what must hold beyond any table."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.claims.predicate import ClaimValue
from auditor.providers.aws import evaluate
from auditor.providers.aws.evaluate import admits
from auditor.providers.aws.evaluate_actions import wild
from auditor.providers.aws.evaluate_conditions import all_of, any_of, opposite
from auditor.providers.aws.evaluate_keys import BUILT_IN
from auditor.providers.aws.evaluate_texts import ONE, STAR, fits, plainly_fits, units
from tests.providers.aws.concrete_cases import NOW, TABLE, matrix, policy_of, token_of, trust_and_token, trust_of

GITHUB = TABLE["issuers"]["github"]


def answer(case: Mapping[str, Any]) -> bool | None:
    trust, token = trust_and_token(case)
    return admits(trust, token, NOW)


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["id"])
def test_case(case: Mapping[str, Any]) -> None:
    assert answer(case) is case["admitted"], case["why"]


@pytest.mark.parametrize("case", list(matrix()), ids=lambda case: case["id"])
def test_operator(case: Mapping[str, Any]) -> None:
    assert answer(case) is case["admitted"]


@pytest.mark.parametrize("row", TABLE["keys"], ids=lambda row: row["url"])
def test_keys_of_an_issuer(row: Mapping[str, Any]) -> None:
    host = row["url"].removeprefix("https://")
    via = host if host in BUILT_IN else f"arn:aws:iam::{TABLE['account']}:oidc-provider/{host}"
    issuer = {"url": row["url"], "via": via, "clients": ["x"]}

    def read(claim: str) -> bool | None:
        case = {"condition": {"Null": {f"{host}:{claim}": "false"}}}
        token: dict[str, ClaimValue] = {"aud": "x", claim: ("x",) if claim == "amr" else "x"}
        return admits(trust_of(policy_of(case, via), issuer), token, NOW)

    assert {claim: read(claim) for claim in row["keys"]} == dict.fromkeys(row["keys"], True)
    assert {claim: read(claim) for claim in row["no keys"]} == dict.fromkeys(row["no keys"], False)


def test_the_table_covers_every_operator_in_every_form() -> None:
    families = {
        "String": ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"),
        "Arn": ("Equals", "NotEquals", "Like", "NotLike"),
        "Numeric": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
        "Date": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
    }
    names = {family + ending for family, endings in families.items() for ending in endings}
    assert {row["operator"] for row in TABLE["matrix"]} == names | {"Bool", "IpAddress", "NotIpAddress", "BinaryEquals"}
    forms = {prefix + "OP" + ending for prefix in ("", "ForAnyValue:", "ForAllValues:") for ending in ("", "IfExists")}
    assert all(set(row["expect"]) == forms for row in TABLE["matrix"])
    assert len(TABLE["cases"]) >= 150


# --- what no finite table shows --------------------------------------------------------------------------------------

SMALL = st.text("ab*?", max_size=6)


@given(SMALL, st.text("ab", max_size=6))
def test_wildcards_agree_with_the_definition(glob: str, text: str) -> None:
    """`*` drops out or swallows a character, `?` swallows one: the definition, tried exhaustively."""

    def defined(pattern: str, rest: str) -> bool:
        if not pattern:
            return not rest
        if pattern[0] == "*":
            return defined(pattern[1:], rest) or (bool(rest) and defined(pattern, rest[1:]))
        return bool(rest) and pattern[0] in ("?", rest[0]) and defined(pattern[1:], rest[1:])

    assert fits([{"*": STAR, "?": ONE}.get(char, ord(char)) for char in glob], units(text)) is defined(glob, text)


@given(st.text("ab*?$\u00e9", max_size=7), st.text("ab*\u00e9", max_size=7), st.booleans())
def test_plain_texts_fit_as_all_others_do(text: str, value: str, wildcards: bool) -> None:
    plainly = plainly_fits(text, value, wildcards=wildcards)
    if plainly is None:
        assert not (text + value).isascii() or (wildcards and "?" in text)
    else:
        assert plainly is fits(wild(text) if wildcards else units(text), units(value))


@given(st.text())
def test_a_text_fits_itself_and_counts_in_utf16(text: str) -> None:
    assert fits(units(text), units(text))
    assert fits([ONE] * (len(text.encode("utf-16-le")) // 2), units(text))
    assert fits([STAR], units(text))


def test_three_values() -> None:
    values = (True, False, None)
    assert [all_of((a, b)) for a in values for b in values] == [
        True,
        False,
        None,
        False,
        False,
        False,
        None,
        False,
        None,
    ]
    assert [any_of((a, b)) for a in values for b in values] == [True, True, True, True, False, None, True, None, None]
    assert [opposite(a) for a in values] == [False, True, None]
    assert (all_of(()), any_of(())) == (True, False)


MEMBERS = st.sampled_from(
    (
        *("Version", "Statement", "Effect", "Principal", "Federated", "AWS", "Action", "NotAction", "Condition"),
        *("StringLike", "Null", "ForAllValues:StringEquals", "aws:CurrentTime"),
        "token.actions.githubusercontent.com:sub",
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
GOOD = {"Effect": "Allow", "Principal": {"Federated": GITHUB["via"]}, "Action": "sts:AssumeRoleWithWebIdentity"}


@given(JSON)
def test_junk_never_raises_and_never_grants(junk: Any) -> None:
    def outcome(policy: Any) -> bool | None:
        return admits(trust_of(policy, GITHUB), token_of(GITHUB["token"]), NOW)

    assert outcome(junk) in (None, False)
    assert outcome({"Version": "2012-10-17", "Statement": junk}) in (None, False)
    for member in ("Effect", "Principal"):
        assert outcome({"Version": "2012-10-17", "Statement": [{**GOOD, member: junk}]}) in (None, False)
    for member in ("Version", "Action", "Condition"):
        assert outcome({"Version": "2012-10-17", "Statement": [{**GOOD, member: junk}]}) in (None, False, True)


@pytest.mark.parametrize("broken", [{}, {"role": 5, "account": "1"}, {"role": {}, "account": None}])
def test_documents_that_are_not_there_are_unknown(broken: Mapping[str, Any]) -> None:
    assert admits(replace(trust_of(None, GITHUB), documents=broken), token_of(GITHUB["token"]), NOW) is None


def test_time_is_the_time_it_is_asked_about() -> None:
    case = {"issuer": "github", "condition": {"DateLessThan": {"aws:CurrentTime": "2026-12-01T00:00:00Z"}}}
    trust = trust_of(policy_of(case, GITHUB["via"]), GITHUB)
    moments = (datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC))
    assert [admits(trust, token_of(GITHUB["token"]), moment) for moment in moments] == [True, False]


def test_it_shares_no_code_with_what_it_checks() -> None:
    folder = Path(evaluate.__file__).parent
    modules = sorted(folder.glob("evaluate*.py"))
    imported: set[tuple[str, str]] = set()
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            assert not isinstance(node, ast.Import) or not any(name.name.startswith("auditor") for name in node.names)
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("auditor"):
                imported.update((str(node.module), name.name) for name in node.names)
    own = {f"auditor.providers.aws.{module.stem}" for module in modules}
    outside = {(module, name) for module, name in imported if module not in own}
    assert outside == {("auditor.claims.predicate", "Token"), ("auditor.model", "Trust")}
