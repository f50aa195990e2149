"""The numbered properties that have no file of their own; `README.md` says where each of the twelve is held."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

from tests.claims import checks, mutants
from tests.claims.proof import for_random_cases


@for_random_cases(600)
def test_inclusion_is_an_order_and_a_shorter_list_is_never_looser(rng: Random) -> None:
    checks.check_includes(rng)


@for_random_cases(300)
def test_a_predicate_pinned_to_a_token_is_decided_as_it_is_evaluated(rng: Random) -> None:
    checks.check_rails(rng)


@for_random_cases(700)
def test_claims_that_are_compared_and_measured_are_decided_exactly_or_left_open(rng: Random) -> None:
    checks.check_ties(rng)


def test_the_table_of_properties_names_bugs_that_are_planted() -> None:
    text = (Path(__file__).parent / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \|.*`(\w+)` \|$", text, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 13))
    for number, name in rows:
        assert name in {plant.__name__ for plant in mutants.PROPERTIES[int(number)]}, (number, name)
