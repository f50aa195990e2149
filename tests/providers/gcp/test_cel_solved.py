"""What the solver says of conditions on GitHub's tokens, against the official CEL runtime.

A refusal says that no token GitHub mints gets in: hundreds of tokens that all but satisfy the condition, made of its
own texts, must be refused by the runtime too. A witness must be let in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from random import Random

from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.payload import nested
from auditor.claims.predicate import Match, Predicate, disjunction
from auditor.claims.predicate import Token as Claims
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.issuers.catalogue import identify
from auditor.providers.gcp.cel import parse
from auditor.providers.gcp.cel_compile import Environment, compile_condition, texts_of
from auditor.providers.gcp.cel_evaluate import evaluate
from auditor.providers.gcp.cel_syntax import Expr, Literal, children
from tests.claims.near import near_misses
from tests.providers.gcp.cel_oracle import Program
from tests.providers.gcp.cel_strategies import GITHUB, make_github_condition

GRAMMAR = identify("https://token.actions.githubusercontent.com").grammar
TEXTS = texts_of(GRAMMAR)

CONDITIONS = 600
REJECTED = 110
"""Refusals that are put to the test."""
NEAR = 300


def constants_of(expr: Expr) -> Iterator[str]:
    """The constant texts of a condition."""
    if isinstance(expr, Literal) and isinstance(expr.value, str):
        yield expr.value
    for child in children(expr):
        yield from constants_of(child)


def wanted(expr: Expr) -> Predicate:
    """Every claim compared with every text of the condition, as a whole and as a part; not what the compiler made."""
    texts = sorted({*constants_of(expr), "acme", "acme/app"})
    return disjunction(
        Match(claim, language)
        for claim in GITHUB
        for text in texts
        for language in (
            Pattern.exactly(text),
            Pattern((*Pattern.exactly(text).tokens, Wild.STAR)),
            Pattern((Wild.STAR, *Pattern.exactly(text).tokens)),
        )
    )


def near(random: Random, expr: Expr, compiled: Predicate) -> Iterator[Claims]:
    """Tokens that GitHub can mint, near what the condition asks for."""
    own = near_misses(random, compiled, GRAMMAR, NEAR // 2)
    yield from (found.token for found in own)
    yield from (found.token for found in near_misses(random, wanted(expr), GRAMMAR, NEAR - NEAR // 2))


def test_what_is_refused_is_refused_and_what_is_let_in_is_let_in() -> None:
    seen: Counter[str] = Counter()
    for seed in range(CONDITIONS):
        random = Random(seed)
        source = make_github_condition(random)
        program, expr = Program(source), parse(source)
        if program.refused:
            continue
        texts = TEXTS if seed % 2 else frozenset[str]()
        compiled = compile_condition(expr, Environment(texts=texts)).true
        verdict = solve(compiled, GRAMMAR)
        match verdict:
            case Accepted(witness):
                seen["accepted"] += 1
                payload = nested(witness)
                assert program.truth(payload) is True, f"{source}\n{witness}"
                assert evaluate(expr, {"assertion": payload}) is True, f"{source}\n{witness}"
            case Rejected():
                seen["rejected"] += 1
                if seen["rejected"] > REJECTED:
                    continue
                for token in islice(near(random, expr, compiled), NEAR):
                    assert program.truth(nested(token)) is not True, f"{source}\n{token}"
                    seen["near"] += 1
            case Undecided():
                seen["undecided"] += 1
    assert seen["accepted"] > 60
    assert seen["rejected"] > REJECTED
    assert seen["near"] > 280 * REJECTED
    assert seen["undecided"] < 0.2 * CONDITIONS
