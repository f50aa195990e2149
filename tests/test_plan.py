"""The fan-out of a plan: order, attempts, deadlines, dead workers, Ctrl-C; on inline, thread and process executors."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.plan import End, Inline, Outcome, Patience, Threads, run

SOON = Patience(at_once=3, deadline=20, attempts=2, pause=0)


def processes() -> Executor:
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


EXECUTORS: dict[str, Callable[[], Executor]] = {
    "inline": Inline,
    "threads": Threads,
    "a pool of threads": partial(ThreadPoolExecutor, 3),
    "processes": processes,
}


def square(number: int) -> int:
    return number * number


@pytest.mark.parametrize("name", EXECUTORS)
def test_results_come_in_the_order_of_the_plan(name: str) -> None:
    told: list[int] = []
    assert run(square, range(7), EXECUTORS[name], SOON, told=told.append) == [
        Outcome(number, End.READ, number * number, 1) for number in range(7)
    ]
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 7)


@pytest.mark.parametrize("name", EXECUTORS)
def test_nothing_is_read_of_an_empty_plan(name: str) -> None:
    assert run(square, [], EXECUTORS[name], SOON) == []


@given(
    gaps=st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), max_size=12),
    attempts=st.integers(1, 4),
    at_once=st.integers(1, 5),
    threads=st.booleans(),
)
def test_the_attempt_with_the_fewest_gaps_is_kept(
    gaps: list[list[int]], attempts: int, at_once: int, threads: bool
) -> None:
    """Of each scope: tried until there is no gap or no attempt left; the first of the best is kept."""
    lock, begun, side_by_side = threading.Lock(), Counter[int](), [0, 0]

    def work(scope: int) -> tuple[int, int]:
        with lock:
            begun[scope] += 1
            number = begun[scope]
            side_by_side[0] += 1
            side_by_side[1] = max(side_by_side)
        with lock:
            side_by_side[0] -= 1
        return gaps[scope][number - 1], number

    patience = Patience(at_once=at_once, deadline=20, attempts=attempts, pause=0)
    make = Threads if threads else Inline
    found = run(work, range(len(gaps)), make, patience, wanting=lambda result: result[0])
    for scope, outcome in enumerate(found):
        tried = gaps[scope][:attempts]
        tried = tried[: tried.index(0) + 1] if 0 in tried else tried
        best = min(tried)
        assert outcome == Outcome(scope, End.READ, (best, tried.index(best) + 1), len(tried))
    assert side_by_side[1] <= at_once


def test_another_attempt_waits_and_the_others_do_not() -> None:
    seen: list[tuple[str, float]] = []
    begun = time.monotonic()

    def work(scope: str) -> int:
        seen.append((scope, time.monotonic() - begun))
        return int(scope == "a" and len(seen) == 1)

    run(work, ["a", "b", "c"], Inline, Patience(at_once=1, pause=0.3), wanting=int)
    assert [scope for scope, _ in seen] == ["a", "b", "c", "a"]
    assert seen[2][1] < 0.3 <= seen[3][1]


@pytest.mark.parametrize("make", [Threads, partial(ThreadPoolExecutor, 2)])
def test_what_never_ends_is_late_and_holds_up_nothing(make: Callable[[], Executor]) -> None:
    """Even where every worker hangs: the plan goes on with others."""
    gate = threading.Event()

    def work(scope: str) -> str:
        if scope.startswith("stuck"):
            gate.wait(60)
        return scope

    patience = Patience(at_once=2, deadline=0.2, attempts=2, pause=0)
    begun = time.monotonic()
    try:
        found = run(work, ["stuck-1", "a", "stuck-2", "b", "c"], make, patience)
    finally:
        gate.set()
    assert time.monotonic() - begun < 20
    assert found == [
        Outcome("stuck-1", End.LATE, None, 2),
        Outcome("a", End.READ, "a", 1),
        Outcome("stuck-2", End.LATE, None, 2),
        Outcome("b", End.READ, "b", 1),
        Outcome("c", End.READ, "c", 1),
    ]


def die_once(directory: Path, scope: str) -> str:
    mark = directory / scope
    if scope == "poison" or (scope.startswith("frail") and not mark.exists()):
        mark.touch()
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    return scope


def test_a_worker_that_dies_costs_no_scope_but_the_one_that_kills_it(tmp_path: Path) -> None:
    scopes = ["a", "frail-1", "b", "poison", "c", "frail-2", "d"]
    found = run(partial(die_once, tmp_path), scopes, processes, Patience(at_once=2, deadline=60, attempts=2, pause=0))
    assert [(outcome.scope, outcome.end, outcome.result) for outcome in found] == [
        (scope, End.LOST, None) if scope == "poison" else (scope, End.READ, scope) for scope in scopes
    ]


def kill_or_wait(scope: str) -> str:
    time.sleep(0.3 if scope == "poison" else 1)
    if scope == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    return scope


def test_what_was_under_way_beside_a_worker_that_dies_loses_no_attempt() -> None:
    found = run(kill_or_wait, ["poison", "slow"], processes, Patience(at_once=2, deadline=60, attempts=1, pause=0))
    assert found == [Outcome("poison", End.LOST, None, 1), Outcome("slow", End.READ, "slow", 1)]


@pytest.mark.parametrize("make", [Inline, Threads])
def test_ctrl_c_keeps_what_is_complete(make: Callable[[], Executor]) -> None:
    def work(scope: str) -> str:
        if scope == "c":
            signal.raise_signal(signal.SIGINT) if make is Inline else os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0 if make is Inline else 5)
        return scope

    found = run(work, ["a", "b", "c", "d"], make, Patience(at_once=1, deadline=30))
    assert [(outcome.scope, outcome.end, outcome.result) for outcome in found] == [
        ("a", End.READ, "a"),
        ("b", End.READ, "b"),
        ("c", End.INTERRUPTED, None),
        ("d", End.INTERRUPTED, None),
    ]


def fail(scope: int) -> int:
    if scope == 2:
        raise LookupError(f"scope {scope}")
    return scope


@pytest.mark.parametrize("name", EXECUTORS)
def test_a_bug_is_no_outcome(name: str) -> None:
    with pytest.raises(LookupError, match=r"^scope 2$"):
        run(fail, range(5), EXECUTORS[name], SOON)
