"""Property 10: the same verdicts, witnesses and breadth, whatever the order of values, the hash seed or the process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

from auditor.claims.solver import solve
from auditor.config import Ours
from auditor.decide import decide
from tests.claims import queries, worlds
from tests.claims.proof import for_random_cases
from tests.claims.trusts import trust

ROOT = Path(__file__).parents[2]

TRANSCRIPT = """
from random import Random
from auditor.claims.regions import regions
from auditor.claims.solver import solve
from auditor.config import Ours
from auditor.decide import decide
from tests.claims import queries, worlds
from tests.claims.trusts import trust

for seed in range(150):
    rng = Random(seed)
    here = worlds.world(rng)
    asked = worlds.predicate(rng, here)
    print(seed, solve(asked, here.grammar))
    for region in regions(asked, here.grammar)[0]:
        for variable, (inside, outside) in region.constraints.items():
            print("", region.shape.name, variable.name, sorted(map(repr, inside)), sorted(map(repr, outside)))
for seed in range(100, 125):
    decision = decide(trust(queries.query(Random(seed))), Ours())
    print(seed, decision.reachable, dict(decision.classes), decision.tenants, decision.projects)
    print(decision.breadth, decision.breadth_complete, decision.statement)
"""


def test_processes_with_other_hash_seeds_say_the_same() -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TRANSCRIPT],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "1", "4242")
    ]
    first, *others = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(first.splitlines()) > 200
    for other in others:
        assert other.splitlines() == first.splitlines()


@for_random_cases(400)
def test_the_order_of_values_changes_no_verdict_in_small_worlds(rng: Random) -> None:
    here = worlds.world(rng)
    asked = queries.shuffled(rng, worlds.predicate(rng, here, unknown=0.0, same_text=0.0))
    assert solve(asked, here.grammar) == solve(queries.shuffled(rng, asked), here.grammar), worlds.shown(
        here.grammar.shapes
    )


@for_random_cases(40)
def test_the_order_of_values_changes_no_decision(rng: Random) -> None:
    statements = [queries.query(rng) for _ in range(rng.choice((1, 1, 2)))]
    one = decide(trust(*statements), Ours())
    rng.shuffle(statements)
    other = decide(trust(*(queries.shuffled(rng, statement) for statement in statements)), Ours())
    assert (one.reachable, dict(one.classes)) == (other.reachable, dict(other.classes))
    assert (one.breadth, one.statement) == (other.breadth, other.statement)
    assert (one.tenants, one.projects, one.breadth_complete) == (other.tenants, other.projects, other.breadth_complete)
