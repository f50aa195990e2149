"""The concrete evaluator, case by case: above all where it says that it does not know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.providers.gcp.cel import parse
from auditor.providers.gcp.cel_evaluate import evaluate
from auditor.providers.gcp.cel_evaluate_regex import found
from auditor.providers.gcp.cel_evaluate_values import CelError, JsonNumber, Outcome, Unsure
from tests.providers.gcp.cel_oracle import extract

TOKEN: dict[str, Any] = {
    "sub": "repo:o/r:ref:refs/heads/main",
    "n": 12,
    "large": 1234567,
    "huge": 1 << 60,
    "half": "\ud83d",
    "list": ["a", 1],
    "groups": ["dev"],
    "flag": True,
    "nothing": None,
    "k": {"x": "y"},
}


def value(source: str, **names: Any) -> Outcome:
    return evaluate(parse(source), {"assertion": TOKEN, "google": {"subject": "s"}, "attribute": {"a": "b"}, **names})


EXTRACTS = {
    "repo:{x}/": "o",
    "repo:{x}:": "o/r",
    "ref:{x}": "refs/heads/main",
    "/heads/{x}": "main",
    "{x}:ref": "repo:o/r",
    "{all}": "repo:o/r:ref:refs/heads/main",
    "/heads/{x}/": "",
    "nope{x}": "",
    "repo:{x}repo:": "",
}


@pytest.mark.parametrize(("template", "part"), EXTRACTS.items())
def test_extract_takes_what_stands_between(template: str, part: str) -> None:
    assert value(f'assertion.sub.extract("{template}")') == part
    assert extract(TOKEN["sub"], template) == part  # what the runtime is taught agrees


VALUES: dict[str, Outcome] = {
    "google.subject + attribute.a": "sb",
    "assertion.n": JsonNumber(12),
    "-assertion.n": JsonNumber(-12),
    "string(assertion.n)": "12",
    "assertion.n == 12.0": True,
    "assertion.n < 12u": False,
    "assertion.list[assertion.n - 12 == 0 ? 0 : 1]": Unsure(
        "whether numbers of a token are int or double is not known"
    ),
    "[assertion].exists(assertion, assertion.n == 12)": True,
    "['x'].exists(assertion, .assertion.n == 12)": True,
    "['x'].exists(n, [n].exists(n, n == 'x'))": True,
    "assertion.nothing == null": True,
    "has(assertion.nothing)": True,
    "false && unknown.name": False,
    "unknown.name || true": True,
    "true || assertion.missing": True,
    "!(assertion.missing == 'x' && false)": True,
    "type(assertion.list) == list": True,
    "assertion.k.x.startsWith('')": True,
}
ERRORS = (
    "assertion.missing",
    "assertion.missing == 'x' || false",
    "has(assertion.missing.x)",
    "has(assertion.sub.x)",
    "assertion.sub == 'x' ? 'a' : assertion.missing",
    "assertion.flag ? assertion.missing : true",
    "assertion.sub[0]",
    "assertion.groups[1]",
    "assertion.groups['x']",
    "'dev' in 'dev'",
    "assertion.n + 'x'",
    "assertion.n / 0",
    "!assertion.sub",
    "assertion.sub ? 1 : 2",
    "{'a': 1, 'a': 2}",
    "assertion.sub.matches('(')",
    "assertion.sub.substring(3, 2)",
    "assertion.sub.charAt(99)",
    "assertion.missing == unknown.name",
    "[1].exists_one(i, assertion.missing)",
    "int('x')",
    "bool('yes')",
    "timestamp('2025-02-30T00:00:00Z')",
)
UNSURE = {
    "request.time < timestamp('2025-01-31T00:00:00Z')": "request is not known",
    "unknown.name && true": "unknown is not known",
    "assertion.large + 1": "whether numbers of a token are int or double is not known",
    "assertion.n % 5 == 2": "whether numbers of a token are int or double is not known",
    "type(assertion.n) == int": "whether numbers of a token are int or double is not known",
    "assertion.sub.substring(assertion.n)": "whether numbers of a token are int or double is not known",
    "{assertion.n: 1}": "whether numbers of a token are int or double is not known",
    "string(assertion.large)": "how a large number of the token is written",
    "assertion.huge == 1": "a number that a double does not hold",
    "assertion.half == 'x'": "half of a surrogate pair",
    "'ab'.substring(0, 2)": "runtimes differ on substring up to the very end of a text",
    "int(assertion.flag)": "runtimes differ on int() of a truth value",
    "int('007')": "a number written unusually",
    "'a'.extract('{x}{y}')": "what extract makes of the template '{x}{y}' is not settled",
    "'a'.format([1])": "the function format with 1 arguments is not evaluated",
    "a.b{c: 1}": "a.b{…} is not evaluated",
}


@pytest.mark.parametrize(("source", "outcome"), VALUES.items())
def test_values(source: str, outcome: Outcome) -> None:
    assert value(source) == outcome


@pytest.mark.parametrize("source", ERRORS)
def test_errors(source: str) -> None:
    assert isinstance(value(source), CelError)


@pytest.mark.parametrize(("source", "reason"), UNSURE.items())
def test_what_is_not_known(source: str, reason: str) -> None:
    assert value(source) == Unsure(reason)


def test_times() -> None:
    now = {"time": datetime(2026, 11, 22, tzinfo=UTC)}
    assert value("request.time < timestamp('2025-01-31T00:00:00Z')", request=now) is False
    assert value("request.time >= timestamp('2026-11-22T01:00:00+01:00')", request=now) is True
    assert value("request.time == request.time", request=now) is True


def test_a_deep_token_is_not_known() -> None:
    deep: Any = "x"
    for _ in range(3_000):
        deep = [deep]
    assert evaluate(parse("assertion.a == 'x'"), {"assertion": {"a": deep}}) is False
    assert evaluate(parse("assertion.a == assertion.a"), {"assertion": {"a": deep}}) == Unsure(
        "a value that is not known"
    )


def test_macros_within_macros_end_in_time() -> None:
    source = "[1,2,3,4,5,6,7,8].all(a, " * 8 + "assertion.sub != 'y'" + ")" * 8
    assert value(source) == Unsure("budget: an expression that takes too many steps was not evaluated")


def test_no_expression_takes_for_ever() -> None:
    assert not found("(a+)+$", "a" * 200 + "!")
    assert found("((((((((a*)*)*)*)*)*)*)*)*b", "a" * 100 + "b")
    assert not found("^(a?){60}a{60}$", "a" * 59)
