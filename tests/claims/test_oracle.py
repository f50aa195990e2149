"""Property 6: z3 answers the same wherever it answers at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import pytest

from auditor.claims.predicate import Predicate
from auditor.claims.solver import solve
from auditor.claims.verdict import Undecided
from tests.claims import checks, oracle
from tests.claims.trusts import word


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of question, and how z3 gets on with it."""

    query: Callable[[Random], Predicate]
    count: int
    milliseconds: int
    """After which z3 gives up on one form of token."""
    least_decided: float
    """The share of questions z3 must answer for the comparison to mean anything."""


FAMILIES = {
    "one claim": Family(oracle.query_of_one_claim, 1_100, 100, 0.8),
    "several claims over shared variables": Family(oracle.query, 420, 100, 0.5),
    "claims that may be missing": Family(oracle.query_of_missing_claims, 250, 100, 0.5),
    "claims that equal one another": Family(oracle.query_of_equal_claims, 200, 100, 0.5),
    "regular expressions": Family(oracle.query_of_expressions, 300, 100, 0.5),
    "unknown parts": Family(oracle.query_of_the_unknown, 250, 100, 0.5),
    "heavy": Family(oracle.query, 30, 1_500, 0.7),
}

assert sum(family.count for family in FAMILIES.values()) >= 2_000


@pytest.mark.parametrize("name", FAMILIES)
def test_z3_agrees(name: str, record_property: Callable[[str, object], None]) -> None:
    family = FAMILIES[name]
    answers: Counter[tuple[str, str]] = Counter()
    for seed in range(family.count):
        asked = family.query(Random(f"{name} {seed}"))
        verdict = solve(asked, oracle.GRAMMAR)
        checks.check_witness(verdict, asked, oracle.GRAMMAR)
        answer = _second_opinion(asked, family.milliseconds)
        answers[word(verdict), answer] += 1
        agree = answer == "gave up" or word(verdict) == answer
        # To leave it open whether two claims can be equal is no mistake; to say that it is not known would be.
        if isinstance(verdict, Undecided) and checks.left_open(asked, verdict.reason):
            agree = True
        assert agree, (seed, asked, verdict, answer)
    given_up = sum(number for (_, answer), number in answers.items() if answer == "gave up")
    record_property("answers", {f"{ours} / z3 {theirs}": number for (ours, theirs), number in answers.items()})
    print(name, dict(answers))
    assert min(answers["accepted", "accepted"], answers["rejected", "rejected"]) > family.count / 12, answers
    assert given_up <= (1 - family.least_decided) * family.count, answers


def _second_opinion(asked: Predicate, milliseconds: int) -> str:
    """The verdict as z3 sees it: one token for all values of the unknown, one for some, or none."""
    possible = oracle.ask(asked, milliseconds, oracle.Reading.HELPFUL)
    if possible == "unsat":
        return "rejected"
    if not oracle.unknowns(asked):
        return "accepted" if possible == "sat" else "gave up"
    certain = oracle.ask(asked, milliseconds, oracle.Reading.HOSTILE)
    if certain == "sat":
        return "accepted"
    return "unknown" if (possible, certain) == ("sat", "unsat") else "gave up"
