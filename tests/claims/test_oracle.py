"""Property 6: z3 answers the same wherever it answers at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from auditor.claims.predicate import Predicate
from auditor.claims.solver import solve
from tests.claims import checks, oracle
from tests.claims.trusts import word

AGREES = {("accepted", "sat"), ("rejected", "unsat")}


@pytest.mark.parametrize(
    ("query", "count", "milliseconds", "least_decided"),
    [(oracle.query_of_one_claim, 380, 250, 0.8), (oracle.query, 150, 150, 0.5)],
    ids=["one claim", "several claims over shared variables"],
)
def test_z3_agrees(
    query: Callable[[Random], Predicate],
    count: int,
    milliseconds: int,
    least_decided: float,
    record_property: Callable[[str, object], None],
) -> None:
    answers: Counter[tuple[str, str]] = Counter()
    for seed in range(count):
        asked = query(Random(seed))
        verdict = solve(asked, oracle.GRAMMAR)
        checks.check_witness(verdict, asked, oracle.GRAMMAR)
        answer = oracle.ask(asked, milliseconds)
        answers[word(verdict), answer] += 1
        assert answer == "unknown" or (word(verdict), answer) in AGREES, (seed, asked, verdict, answer)
    given_up = sum(number for (_, answer), number in answers.items() if answer == "unknown")
    record_property("answers", dict(answers))
    record_property("z3 gave up", given_up)
    print(dict(answers))
    assert min(answers["accepted", "sat"], answers["rejected", "unsat"]) > count / 10, answers
    assert given_up <= (1 - least_decided) * count, answers
