"""Property 10: the same verdicts, witnesses and breadth, whatever the order of values, the hash seed or the process."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from auditor.claims.solver import solve
from auditor.claims.verdict import Undecided, Verdict
from auditor.config import Ours
from auditor.decide import decide
from auditor.model import Decision, Trust
from auditor.providers.aws.trust import trusts
from tests.claims import queries, worlds
from tests.claims.proof import for_random_cases, forget
from tests.claims.trusts import trust
from tests.providers.aws.material import NOW
from tests.providers.aws.strategies import make_world
from tests.providers.aws.test_compile_agrees import snapshot_of

ROOT = Path(__file__).parents[2]

TRANSCRIPT = """
from random import Random
from auditor.claims.inclusion import diff
from auditor.claims.regions import regions
from auditor.claims.solver import solve
from auditor.config import Ours
from auditor.decide import decide
from tests.claims import queries, worlds
from tests.claims.test_determinism import compiled, told
from tests.claims.trusts import trust

for seed in range(150):
    rng = Random(seed)
    here = worlds.world(rng)
    asked = worlds.predicate(rng, here)
    print(seed, solve(asked, here.grammar))
    for region in regions(asked, here.grammar)[0]:
        for variable, (inside, outside) in region.constraints.items():
            print("", region.shape.name, variable.name, sorted(map(repr, inside)), sorted(map(repr, outside)))
for seed in range(100):
    rng = Random(seed)
    here = worlds.tied_world(rng)
    print(seed, solve(worlds.tied_predicate(rng, here), here.grammar))
for seed in range(100, 125):
    print(seed, told(decide(trust(queries.query(Random(seed))), Ours())))
for seed in range(40):
    for found in compiled(Random(seed), Random(0)):
        print(seed, told(decide(found, Ours())))
for seed in range(15):
    rng = Random(seed)
    print(seed, diff(queries.query(rng), queries.query(rng), queries.GITHUB.grammar))
"""


def told(decision: Decision) -> tuple[object, ...]:
    """Everything that is decided, in the order it is told."""
    classes = list(decision.classes.items())
    breadth = [tuple(entry.items()) for entry in decision.breadth]
    complete, names = decision.breadth_complete, (decision.tenants, decision.projects)
    return decision.reachable, classes, breadth, complete, names, decision.statement


def compiled(rng: Random, order: Random) -> list[Trust]:
    """The trusts of a made-up AWS account, its policy written down in an `order` of its own."""
    world = make_world(rng)
    snapshot = snapshot_of(replace(world, role=rewritten(order, world.role)))
    return sorted(trusts(snapshot, NOW), key=lambda found: found.id)


def rewritten(rng: Random, document: Any) -> Any:
    """The same document: IAM reads no order into statements, operators, keys or values."""
    match document:
        case dict():
            items = [(key, rewritten(rng, value)) for key, value in document.items()]
            rng.shuffle(items)
            return dict(items)
        case list():
            values = [rewritten(rng, value) for value in document]
            rng.shuffle(values)
            return values
        case _:
            return document


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
    assert len(first.splitlines()) > 400
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
    assert told(one) == told(other)


@for_random_cases(120)
def test_the_order_of_a_policy_changes_no_decision(rng: Random) -> None:
    seed = rng.randrange(1 << 30)
    ones, others = (compiled(Random(seed), order) for order in (Random(1), Random(2)))
    assert [found.id for found in ones] == [found.id for found in others]
    for one, other in zip(ones, others, strict=True):
        if one.notes.get("policy-unread") is None:
            assert _without_reasons(decide(one, Ours())) == _without_reasons(decide(other, Ours()))


def _without_reasons(decision: Decision) -> tuple[object, ...]:
    """Reasons name the first thing that was not understood, in the order of the policy: that they may."""

    def plain(verdict: Verdict) -> object:
        return "undecided" if isinstance(verdict, Undecided) else verdict

    _, _, *others = told(decision)
    return plain(decision.reachable), [(name, plain(verdict)) for name, verdict in decision.classes.items()], others


def some_trusts() -> list[Trust]:
    made = [found for seed in range(60) for found in compiled(Random(seed), Random(0))]
    return [*made, *(trust(queries.query(Random(seed))) for seed in range(100, 120))]


def test_what_was_decided_before_changes_nothing() -> None:
    asked = some_trusts()
    forget()
    forwards = [told(decide(found, Ours())) for found in asked]
    forget()
    backwards = [told(decide(found, Ours())) for found in reversed(asked)]
    assert forwards == backwards[::-1]
    for place in range(0, len(asked), 9):
        forget()
        assert told(decide(asked[place], Ours())) == forwards[place]


def test_threads_and_processes_decide_the_same() -> None:
    asked = [found for found in some_trusts() if found.issuer.recipe is not None]
    assert len(asked) > 40
    inline = [told(decide(found, Ours())) for found in asked]
    forget()
    judge = partial(decide, ours=Ours())
    with ThreadPoolExecutor(4) as threads:
        assert list(map(told, threads.map(judge, asked))) == inline
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        assert list(map(told, processes.map(judge, asked, chunksize=16))) == inline
