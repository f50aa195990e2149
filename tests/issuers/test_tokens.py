"""Example tokens of every issuer (`fixtures/tokens`): its grammar mints them, and does not mint them once broken.

A row: `claims` is a token; `broken` replaces claims (null removes one) so that no such token exists, `why` says why
not; `settled` is false where the issuer's documents leave open whether the token exists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.claims.grammar import Grammar
from auditor.claims.pattern import Pattern
from auditor.claims.predicate import ELEMENT, AnyValue, Exists, Match, Predicate, conjunction, negation
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.issuers import identify, kinds

FOLDER = Path(__file__).parents[2] / "fixtures/tokens"
FILES = sorted(FOLDER.glob("*.jsonl"))
ROWS = [
    pytest.param(path.stem, json.loads(line), id=f"{path.stem}: {json.loads(line)['scenario']}")
    for path in FILES
    for line in path.read_text("utf-8").splitlines()
]

Row = Mapping[str, Any]


def grammar_of(row: Row) -> Grammar:
    claims = row["claims"]
    return identify(claims["iss"], (claims.get("sub", ""),)).grammar


def minted(claims: Mapping[str, Any], grammar: Grammar) -> Predicate:
    """A token with these claims, and none of the others the grammar knows."""
    known = {claim for shape in grammar.shapes for claim in (*shape.claims, *shape.lists)}
    tests: list[Predicate] = [negation(Exists(claim)) for claim in sorted(known - claims.keys())]
    for claim, value in claims.items():
        match value:
            case str():
                tests.append(Match(claim, Pattern.exactly(value)))
            case [str(audience)] if claim == "aud":  # one audience in a list is that audience
                tests.append(Match(claim, Pattern.exactly(audience)))
            case list():
                tests.extend(AnyValue(claim, Match(ELEMENT, Pattern.exactly(element))) for element in value)
            case _ if claim not in ("iat", "nbf", "exp"):
                tests.append(Exists(claim))
    return conjunction(tests)


def test_every_issuer_has_tokens() -> None:
    assert tuple(path.stem for path in FILES) == kinds()


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_minted(kind: str, row: Row) -> None:
    assert identify(row["claims"]["iss"], (row["claims"].get("sub", ""),)).kind == kind
    grammar = grammar_of(row)
    verdict = solve(minted(row["claims"], grammar), grammar)
    if row["settled"]:
        assert isinstance(verdict, Accepted)
        texts = {claim: value for claim, value in row["claims"].items() if isinstance(value, str)}
        assert {claim: verdict.witness[claim] for claim in texts} == texts
    else:
        assert isinstance(verdict, Undecided)


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_not_minted_once_broken(kind: str, row: Row) -> None:
    grammar = grammar_of(row)
    claims = {**row["claims"], **row["broken"]}
    broken = {claim: value for claim, value in claims.items() if value is not None}
    assert broken != row["claims"]
    assert solve(minted(broken, grammar), grammar) == Rejected()
