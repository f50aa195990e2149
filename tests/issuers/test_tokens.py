"""Example tokens of every issuer (`fixtures/tokens`): read and minted by its grammar, and neither once they are broken.

A row: `claims` is a token as JSON; `form` and `values` are the form of its subject and what the parts of it stand for.
`broken` replaces claims (null removes one) so that no such token exists, `why` says why not; `settled` is false where
the issuer's documents leave open whether the token exists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.claims.grammar import Grammar, Slot
from auditor.claims.languages.pattern import Pattern
from auditor.claims.parse import Reading, readings
from auditor.claims.payload import flatten, nested
from auditor.claims.predicate import ELEMENT, AnyValue, Exists, Match, Predicate, Token, conjunction, negation
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.issuers.catalogue import format_of, identify, kinds, table_of
from auditor.model import Issuer

FOLDER = Path(__file__).parents[2] / "fixtures/tokens"
FILES = sorted(FOLDER.glob("*.jsonl"))
Row = Mapping[str, Any]

CASES: list[tuple[str, Row]] = [
    (path.stem, json.loads(line)) for path in FILES for line in path.read_text("utf-8").splitlines()
]
ROWS = [pytest.param(kind, row, id=f"{kind}: {row['scenario']}") for kind, row in CASES]
DEFAULT = [
    pytest.param(kind, row, id=f"{kind}: {row['scenario']}")
    for kind, row in CASES
    if not row["form"].startswith("customised")
]


def issuer_of(token: Token) -> Issuer:
    return identify(str(token["iss"]), (str(token.get("sub", "")),), token)


def broken(row: Row) -> Token:
    claims = {**row["claims"], **row["broken"]}
    return flatten({name: value for name, value in claims.items() if value is not None})


def form(kind: str, reading: Reading) -> str:
    """The name of a reading's form of subject."""
    if reading.shape.template:
        return f"customised: {', '.join(reading.shape.template)}"
    found = format_of(table_of(kind) or {}, reading.shape)
    assert found is not None
    return str(found["name"])


def values(reading: Reading) -> dict[str, str]:
    """What the parts of the subject stand for."""
    parts = reading.shape.claims.get("sub", ())
    return {part.variable.name: reading.values[part.variable] for part in parts if isinstance(part, Slot)}


def test_every_issuer_has_tokens_of_every_form() -> None:
    assert tuple(sorted(path.stem for path in FILES)) == kinds()
    shown: dict[str, set[str]] = {kind: set() for kind in kinds()}
    for kind, row in CASES:
        shown[kind].update(form(kind, one) for one in readings(flatten(row["claims"]), grammar_of(row)))
    for kind, names in shown.items():
        listed = {str(one["name"]) for one in (table_of(kind) or {})["formats"]}
        assert listed - names == set(), kind


def grammar_of(row: Row) -> Grammar:
    return issuer_of(flatten(row["claims"])).grammar


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_read(kind: str, row: Row) -> None:
    token = flatten(row["claims"])
    issuer = issuer_of(token)
    assert issuer.kind == kind
    found = readings(token, issuer.grammar)
    assert {(one.exact, one.shape.certain) for one in found} >= {(True, row["settled"])}
    assert all(one.exact for one in found)
    fitting = [one for one in found if form(kind, one) == row["form"] and values(one) == row["values"]]
    assert fitting, [(form(kind, one), values(one)) for one in found]


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_not_read_once_broken(kind: str, row: Row) -> None:
    del kind
    token = broken(row)
    assert token != flatten(row["claims"])
    found = readings(token, issuer_of(flatten(row["claims"])).grammar)
    assert [one for one in found if one.exact] == []
    assert all(one.missing or one.misfits for one in found)


@pytest.mark.parametrize(("kind", "row"), DEFAULT)
def test_minted(kind: str, row: Row) -> None:
    """The solver, which shares no code with the parser, agrees."""
    del kind
    token = flatten(row["claims"])
    grammar = grammar_of(row)
    verdict = solve(minted(token, grammar), grammar)
    if row["settled"]:
        assert isinstance(verdict, Accepted)
        texts = {claim: value for claim, value in token.items() if isinstance(value, str)}
        assert {claim: verdict.witness[claim] for claim in texts} == texts
    else:
        assert isinstance(verdict, Undecided)


@pytest.mark.parametrize(("kind", "row"), DEFAULT)
def test_not_minted_once_broken(kind: str, row: Row) -> None:
    del kind
    grammar = grammar_of(row)
    assert solve(minted(broken(row), grammar), grammar) == Rejected()


def minted(token: Token, grammar: Grammar) -> Predicate:
    """A token with these claims, and none of the others the grammar knows."""
    tests: list[Predicate] = [negation(Exists(claim)) for claim in sorted(grammar.claims - token.keys() - TIMES)]
    for claim, value in token.items():
        match value:
            case _ if claim not in grammar.claims:
                continue  # what else a token carries is nobody's concern
            case str():
                tests.append(Match(claim, Pattern.exactly(value)))
            case tuple() if claim == "aud":  # each of several audiences is an audience
                tests.append(Match(claim, Pattern.exactly(value[0])))
            case tuple():
                tests.extend(AnyValue(claim, Match(ELEMENT, Pattern.exactly(element))) for element in value)
            case _ if claim not in TIMES:
                tests.append(Exists(claim))
    return conjunction(tests)


TIMES = {"iat", "nbf", "exp"}


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_flat_and_nested(kind: str, row: Row) -> None:
    del kind
    assert nested(flatten(row["claims"])) == row["claims"]
