"""The proof of the proof: bugs planted in the program's own rules, each of which its property must notice by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest

from auditor.claims.predicate import And, Not, conjunction
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Undecided
from auditor.claims.work import Work
from tests.claims import checks, hostile, mutants, oracle, queries, worlds
from tests.claims.proof import forget
from tests.claims.test_canonical import check_canonical, check_memory
from tests.claims.trusts import accepted_classes, decided, sub, word
from tests.providers.aws.test_compile_agrees import compare

Check = Callable[[Random], None]


def check_witness(rng: Random) -> None:
    """Property 1 alone: what is accepted comes with a token that gets in."""
    here = worlds.world(rng)
    asked = worlds.predicate(rng, here, same_text=0.15)
    checks.check_witness(solve(asked, here.grammar), asked, here.grammar)


def check_against_z3(rng: Random) -> None:
    """Property 6 on one question."""
    asked = (oracle.query_of_one_claim if rng.random() < 0.4 else oracle.query)(rng)
    answer = oracle.ask(asked, 100)
    verdict = solve(asked, oracle.GRAMMAR)
    assert answer == "unknown" or word(verdict) == {"sat": "accepted", "unsat": "rejected"}[answer], asked


def check_order(rng: Random) -> None:
    """Property 10: the same verdict and witness for the same condition written in another order, with nothing kept."""
    here = worlds.world(rng)
    asked = queries.shuffled(rng, worlds.predicate(rng, here, unknown=0.0))
    first = solve(asked, here.grammar)
    forget()
    assert solve(queries.shuffled(rng, asked), here.grammar) == first, asked


def check_order_of_statements(rng: Random) -> None:
    """The same for what people write about GitHub."""
    asked = queries.shuffled(rng, queries.query(rng))
    first = solve(asked, queries.GITHUB.grammar)
    assert solve(queries.shuffled(rng, asked), queries.GITHUB.grammar) == first, asked


def check_budget(rng: Random) -> None:
    """Property 11, second half: what costs more than it may is given up, and said to be."""
    number = rng.randint(0, 99)
    condition = And((sub(f"repo:a{number}*"), Not(hostile.globs(range(40), "repo:*{}*:*"))))
    verdict = solve(condition, queries.GITHUB.grammar, work=Work(30))
    assert isinstance(verdict, Undecided), verdict
    assert verdict.reason.startswith("budget: "), verdict


SUITE: dict[int, tuple[Check, ...]] = {
    1: (check_witness, checks.check_ties),
    2: (checks.check_realistic, checks.check_solve),
    3: (checks.check_boxes,),
    4: (checks.check_inhabitant,),
    5: (checks.check_includes,),
    6: (check_against_z3,),
    7: (check_memory, check_canonical),
    8: (checks.check_rails, checks.check_evaluate),
    9: (checks.check_regions,),
    10: (check_order, check_order_of_statements),
    11: (checks.check_unknown, check_budget),
    12: (lambda rng: compare(rng, Counter()),),
}

CASES = {2: 200, 6: 60, 7: 60, 12: 2_600}
"""Random cases a property gets to find a bug. The slowest one found needs about half of them."""

USUAL = 600


def run(number: int, cases: int) -> None:
    """Raises AssertionError at the first case in which the property does not hold."""
    for seed in range(cases):
        for check in SUITE[number]:
            check(Random(seed))


@pytest.fixture(autouse=True)
def _fresh_memos() -> Iterator[None]:
    """What one mutant computed says nothing about the next."""
    forget()
    yield
    forget()


@pytest.mark.parametrize(
    ("number", "plant"),
    [
        pytest.param(number, plant, id=f"{number}: {plant.__name__}")
        for number, plants in mutants.PROPERTIES.items()
        for plant in plants
    ],
)
def test_a_planted_bug_is_noticed(number: int, plant: mutants.Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        run(number, CASES.get(number, USUAL))


@pytest.mark.parametrize("number", SUITE)
def test_the_program_as_it_is_passes_the_same_suite(number: int) -> None:
    run(number, CASES.get(number, USUAL) // 2)


def test_every_property_has_a_bug_to_notice() -> None:
    assert [number for number, plants in mutants.PROPERTIES.items() if not plants] == []


def check_templates(number: int) -> None:
    """Whoever customises their own subject gets in where the trust's subject allows it, and nowhere else."""
    path = f"acme/shared-{number}/.github/workflows/deploy.yml"
    assert "any-tenant" in accepted_classes(decided(sub(f"job_workflow_ref:{path}@*")))
    assert accepted_classes(decided(sub("repository_owner:acme:*"))) == set()


def test_attackers_without_templates_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    check_templates(1)
    forget()  # the trust would be known by another name
    mutants.templates_are_off(monkeypatch)
    with pytest.raises(AssertionError):
        check_templates(2)


def test_a_condition_and_its_complement_are_never_both_proved() -> None:
    asked = sub("repo:acme/*")
    assert not isinstance(solve(conjunction((asked, Not(asked))), queries.GITHUB.grammar), Accepted)
