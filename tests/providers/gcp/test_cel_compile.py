"""Conditions as predicates: the two rails, what stands for what, and what stays unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.regex import regex
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.payload import flatten
from auditor.claims.predicate import (
    ELEMENT,
    FALSE,
    TRUE,
    AllValues,
    And,
    AnyValue,
    Exists,
    Match,
    Not,
    Or,
    Part,
    Predicate,
    SameText,
    Unknown,
    conjunction,
    disjunction,
    equals,
    evaluate,
)
from auditor.claims.texts import Claim, Extract, Joined, Literal, is_in
from auditor.errors import UnsupportedTextError
from auditor.issuers.catalogue import identify
from auditor.providers.gcp.cel import parse
from auditor.providers.gcp.cel_compile import (
    Environment,
    compile_condition,
    compile_text,
    compile_value,
    texts_of,
)
from auditor.providers.gcp.cel_values import Rails
from tests.providers.gcp.cel_strategies import make_mapping, make_token

ANY = Pattern((Wild.STAR,))
ENVIRONMENT = Environment(
    mapping={
        "google.subject": parse("assertion.sub"),
        "google.groups": parse("assertion.groups"),
        "attribute.owner": parse("assertion.repository.split('/')[0]"),
        "attribute.flag": parse("assertion.ref == 'refs/heads/main'"),
        "attribute.kind": parse("has(assertion.environment) ? 'gated' : 'open'"),
    },
    texts=frozenset(("sub", "repository", "ref", "repository_owner", "environment")),
)


def condition(source: str, environment: Environment = ENVIRONMENT) -> Rails:
    return compile_condition(parse(source), environment)


def there(claim: str) -> Predicate:
    return Match(claim, ANY)


def starts(claim: str, text: str) -> Predicate:
    return Match(claim, Pattern.glob(f"{text}*"))


MAIN = equals("ref", "main")
OTHER = conjunction((there("ref"), Not(MAIN)))
"""Not main, and yet there."""

SAME = SameText("sub", (Part("repo:", literal=True), Part("repository"), Part(":x", literal=True)))
BOTH = conjunction((there("sub"), there("repository")))
BUILT = conjunction((BOTH, SAME))

RAILS = {
    "assertion.ref == 'main'": (MAIN, OTHER),
    "assertion.ref != 'main'": (OTHER, MAIN),
    "!(assertion.ref == 'main')": (OTHER, MAIN),
    "'main' == assertion.ref": (MAIN, OTHER),
    "(assertion.ref == 'main') == true": (MAIN, OTHER),
    "(assertion.ref == 'main') != true": (OTHER, MAIN),
    "assertion.ref == 12": (FALSE, there("ref")),
    "assertion.ref == 'main' && assertion.sub == 'x'": (
        conjunction((MAIN, equals("sub", "x"))),
        disjunction((OTHER, conjunction((there("sub"), Not(equals("sub", "x")))))),
    ),
    "assertion.ref == 'main' || true": (TRUE, FALSE),
    "assertion.ref == 'main' && false": (FALSE, TRUE),
    "assertion.ref == 'main' || false": (MAIN, OTHER),
    "assertion.ref in ['main', 'dev']": (
        Match("ref", ValueSet(("main", "dev"))),
        conjunction((there("ref"), Not(Match("ref", ValueSet(("main", "dev")))))),
    ),
    "assertion.ref.startsWith('main')": (
        starts("ref", "main"),
        conjunction((there("ref"), Not(starts("ref", "main")))),
    ),
    "assertion.ref.matches('^main')": (
        Match("ref", regex("^main")),
        conjunction((there("ref"), Not(Match("ref", regex("^main"))))),
    ),
    "assertion.ref.matches('(')": (FALSE, FALSE),
    "size(assertion.ref) <= 5": (
        Match("ref", Length(0, 5)),
        conjunction((there("ref"), Not(Match("ref", Length(0, 5))))),
    ),
    "has(assertion.ref)": (Exists("ref"), Not(Exists("ref"))),
    "'ref' in assertion": (Exists("ref"), Not(Exists("ref"))),
    "assertion.ref == assertion.sub": (
        SameText("ref", "sub"),
        conjunction((there("ref"), there("sub"), Not(SameText("ref", "sub")))),
    ),
    "'x/' + assertion.ref == 'x/' + assertion.sub": (
        SameText("ref", "sub"),
        conjunction((there("ref"), there("sub"), Not(SameText("ref", "sub")))),
    ),
    "assertion.sub == 'repo:' + assertion.repository + ':x'": (BUILT, conjunction((BOTH, Not(SAME)))),
    "assertion.sub.startsWith('repo:' + assertion.repository + ':x')": (
        conjunction((BOTH, replace(SAME, begins=True))),
        conjunction((BOTH, Not(replace(SAME, begins=True)))),
    ),
    "assertion.ref == assertion.ref": (there("ref"), FALSE),
    "assertion.ref": (FALSE, FALSE),
    "assertion.ref + 1 == 'x'": (FALSE, FALSE),
    "'a' in assertion.ref": (FALSE, FALSE),
    "assertion.ref[0] == 'm'": (FALSE, FALSE),
    "assertion.ref.split('/')[-1] == 'm'": (FALSE, FALSE),
    "{'main': 'a', 'dev': 'b'}[assertion.ref] == 'a'": (MAIN, equals("ref", "dev")),
    "google.subject == 'x'": (equals("sub", "x"), conjunction((there("sub"), Not(equals("sub", "x"))))),
    "attribute.owner == 'acme'": (
        disjunction((equals("repository", "acme"), starts("repository", "acme/"))),
        conjunction(
            (there("repository"), Not(disjunction((equals("repository", "acme"), starts("repository", "acme/")))))
        ),
    ),
    "attribute.kind == 'gated'": (Exists("environment"), Not(Exists("environment"))),
    "attribute.unmapped == 'x'": (FALSE, FALSE),
    "has(attribute.unmapped)": (FALSE, TRUE),
    "has(attribute.owner)": (there("repository"), Not(there("repository"))),
    "'x' in google.groups": (
        And(
            tuple(
                conjunction(
                    (
                        Exists("groups"),
                        AllValues("groups", TRUE),
                        Not(there("groups")),
                        AnyValue("groups", Match(ELEMENT, Pattern.exactly("x"))),
                    )
                ).operands  # type: ignore[union-attr]  # four of them
            )
        ),
        None,
    ),
}


@pytest.mark.parametrize(("source", "rails"), RAILS.items())
def test_rails(source: str, rails: tuple[Predicate, Predicate | None]) -> None:
    found = condition(source)
    if source == "'x' in google.groups":  # what is no list is not settled
        tokens = [{"groups": value} for value in (["x"], ["y", "x"], ["y"], [])]
        assert [evaluate(found.true, flatten(token)) for token in tokens] == [True, True, False, False]
        assert [evaluate(found.false, flatten(token)) for token in tokens] == [False, False, True, True]
        assert evaluate(found.true, {"groups": "x"}) is None
        return
    assert (found.true, found.false) == rails


NESTED = {"kubernetes.io": {"namespace": "prod", "pod": {"name": "x"}}}
PATHS: tuple[tuple[str, dict[str, Any], tuple[bool | None, bool | None]], ...] = (
    ("assertion['kubernetes.io'].namespace == 'prod'", NESTED, (True, False)),
    ("assertion['kubernetes.io']['pod'].name == 'y'", NESTED, (False, True)),
    ("assertion.kubernetes.io.namespace == 'prod'", NESTED, (False, False)),
    ("assertion['kubernetes.io.namespace'] == 'prod'", NESTED, (False, False)),
    ("has(assertion['kubernetes.io'].namespace)", NESTED, (True, False)),
    ("has(assertion['kubernetes.io'].missing)", NESTED, (False, None)),
    ("has(assertion.missing.namespace)", NESTED, (False, False)),
    ("assertion['a.b'] == 'c'", {"a.b": "c"}, (True, False)),
    ("assertion['a.b'] == 'c'", {"a": {"b": "c"}}, (False, False)),
    ("assertion.a.b == 'c'", {"a.b": "c"}, (False, False)),
    ("assertion.a.b == 'c'", {"a": "x"}, (False, False)),
)


@pytest.mark.parametrize(("source", "token", "truths"), PATHS)
def test_paths_into_objects_are_no_names_with_dots(
    source: str, token: dict[str, Any], truths: tuple[bool | None, bool | None]
) -> None:
    rails = condition(source, Environment())
    assert (evaluate(rails.true, flatten(token)), evaluate(rails.false, flatten(token))) == truths


UNKNOWN = {
    "unheard.of == 'x'": "what unheard stands for is not known",
    "assertion.ref.format(['x']) == 'x'": "the function format with 1 arguments is not modelled",
    "math.greatest(1, 2) == 2": "the function greatest with 2 arguments is not modelled",
    "resource.name == 'x'": "what resource stands for is not known",
    "a.b{c: 1} == 1": "a.b{…} is not modelled",
    "assertion.sub.endsWith(assertion.ref)": "endsWith with a text that is derived from claims",
    "assertion.ref.trim() + '/x' == assertion.sub": "a text that is derived from claims, compared with another one",
    "assertion.ref.matches('\\\\pX')": "not looked into: the Unicode class 'X'",
    "attribute.flag == 'x'": "attribute.flag is mapped to something else than a text",
    "assertion.ref < 'b'": "an order of two values is not decided",
    "assertion.ref.reverse() == 'x'": "reverse is not modelled",
    "type(assertion.ref) == string": "type() is not decided",
}


def reasons(predicate: Predicate) -> Iterator[str]:
    match predicate:
        case Unknown(reason):
            yield reason
        case Not(operand):
            yield from reasons(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from reasons(operand)
        case _:
            return


@pytest.mark.parametrize(("source", "reason"), UNKNOWN.items())
def test_what_is_not_modelled_is_unknown_on_both_rails(source: str, reason: str) -> None:
    rails = condition(source)
    assert set(reasons(rails.true)) == {reason}
    assert set(reasons(rails.false)) == {reason}


def test_facts_and_times() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    environment = Environment(now=now, facts={"resource.name": "projects/p"})
    past, future = 'timestamp("2025-01-31T00:00:00Z")', 'timestamp("2027-01-31T00:00:00+01:00")'
    turns = Unknown("this changes at 2027-01-31T00:00:00+01:00")
    found = {
        source: condition(source, environment)
        for source in (
            f"request.time < {past}",
            f"request.time > {past}",
            f"request.time < {future}",
            f"{future} <= request.time",
            "resource.name.startsWith('projects/')",
        )
    }
    assert list(found.values()) == [
        Rails(FALSE, TRUE),
        Rails(TRUE, FALSE),
        Rails(TRUE, turns),
        Rails(turns, TRUE),
        Rails(TRUE, FALSE),
    ]


def test_unmapped_groups_may_be_empty_or_missing() -> None:
    rails = condition("'x' in google.groups", Environment())
    unsettled = Unknown("whether google.groups is empty or missing where it is not mapped is not settled")
    assert rails == Rails(FALSE, unsettled)


def test_mapping_expressions_see_the_assertion_only() -> None:
    environment = Environment(mapping={"attribute.a": parse("attribute.a"), "attribute.b": parse("google.subject")})
    for name in ("attribute.a", "attribute.b"):
        scope = name if name == "attribute.a" else "google.subject"
        reason = f"what {scope.split('.', maxsplit=1)[0]} stands for is not known"
        assert condition(f"{name} == 'x'", environment) == Rails(Unknown(reason), Unknown(reason))


def test_values_of_a_mapping() -> None:
    value = compile_value(parse("has(assertion.environment) ? assertion.environment : true"), ENVIRONMENT)
    assert value.is_in(Pattern.exactly("prod")) == conjunction((Exists("environment"), equals("environment", "prod")))
    assert value.is_text == conjunction((Exists("environment"), there("environment")))
    assert evaluate(value.defined, {}) is True
    constant = compile_value(parse("true"), ENVIRONMENT)
    assert (constant.is_text, constant.defined, constant.contains("true")) == (FALSE, TRUE, FALSE)
    groups = compile_value(parse("assertion.groups.filter(g, g != 'x').map(g, 'team-' + g)"), ENVIRONMENT)
    truths = [
        evaluate(groups.contains(text), {"groups": ("x", "dev")}) for text in ("team-dev", "team-x", "dev", "team-")
    ]
    assert truths == [True, False, False, False]
    assert evaluate(groups.contains("team-dev"), {"groups": "dev"}) is False


def test_texts_of_a_mapping() -> None:
    texts = {
        "assertion.sub": Claim("sub"),
        "assertion.other": Claim("other"),
        "'a' + assertion.sub": Joined((Literal("a"), Claim("sub"))),
        "assertion.sub.extract('repo:{x}/')": Extract(Claim("sub"), "repo:", "/"),
    }
    assert {source: compile_text(parse(source), ENVIRONMENT) for source in texts} == texts
    choice = compile_text(parse("assertion.sub == 'x' ? 'a' : assertion.ref"), ENVIRONMENT)
    assert is_in(choice, Pattern.exactly("a")) == disjunction(
        (equals("sub", "x"), conjunction((there("sub"), Not(equals("sub", "x")), equals("ref", "a"))))
    )
    with pytest.raises(UnsupportedTextError, match="reverse is not modelled"):
        compile_text(parse("assertion.sub.reverse()"), ENVIRONMENT)


def test_texts_and_values_agree() -> None:
    languages = (ANY, Pattern.glob("*a*"), Pattern.exactly("acme"), Pattern.exactly(""))
    compared = 0
    for seed in range(150):
        random = Random(seed)
        expr = parse(make_mapping(random)["attribute.one"])
        try:
            text = compile_text(expr, Environment())
        except UnsupportedTextError:
            continue
        value, token = compile_value(expr, Environment()), flatten(make_token(random))
        for language in languages:
            found = evaluate(is_in(text, language), token)
            assert found is evaluate(value.is_in(language), token)
            compared += found is not None
    assert compared > 300


def test_claims_that_are_always_texts() -> None:
    github = texts_of(identify("https://token.actions.githubusercontent.com").grammar)
    assert {"sub", "repository", "environment", "repository_id"} <= github
    assert not {"iat", "exp"} & github
    kubernetes = texts_of(identify("https://container.googleapis.com/v1/projects/p/locations/l/clusters/c").grammar)
    assert "kubernetes.io" not in kubernetes


HOSTILE = {
    "a chain of equalities": "(" * 60 + "assertion.a == 'x'" + " == (assertion.b == 'y'))" * 60,
    "many ternaries": " + ".join(f"(assertion.c{n} == 'x' ? 'a' : 'b')" for n in range(40)) + " == 'x'",
    "macros within macros": "[1,2,3,4,5,6,7,8].all(a, " * 8 + "assertion.x == 'y'" + ")" * 8,
    "a long list": "assertion.a in [" + ",".join(f"'{n}'" for n in range(650)) + "]",
    "splits of splits": "assertion.a" + ".replace('a', 'aa').split('b')[1]" * 20 + " == 'x'",
    "joined claims": " + ".join(f"assertion.c{n}" for n in range(60)) + " == '" + "a" * 1_000 + "'",
    "a large expression": "assertion.a.matches('(" + "a{1,30}b|" * 100 + "){1,9}')",
    "a long search": "assertion.a.indexOf('" + "ab" * 1_000 + "') == 199",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_conditions_end_in_time_and_in_doubt_at_most(source: str) -> None:
    begin = datetime.now(UTC)
    rails = condition(source)
    assert isinstance(rails, Rails)
    assert (datetime.now(UTC) - begin).total_seconds() < 4
