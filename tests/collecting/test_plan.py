"""The fan-out of a plan: attempts, deadlines, quotas, dead workers, Ctrl-C; on inline, thread and process executors."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collecting.executors import Inline, Threads
from auditor.collecting.plan import End, LostError, Outcome, Patience, Terms, carry_out
from auditor.collecting.processes import ThreadedProcesses

T = TypeVar("T")

SOON = Patience(at_once=3, deadline=20, attempts=2, pause=0)
EXECUTORS: dict[str, Callable[[], Executor]] = {
    "inline": Inline,
    "threads": Threads,
    "a pool of threads": partial(ThreadPoolExecutor, 3),
    "processes": partial(ThreadedProcesses, 2),
}


def run(
    work: Callable[[Any], T],
    scopes: Sequence[Any],
    make: Callable[[], Executor],
    patience: Patience = SOON,
    *,
    further: Callable[[Any, T | None], Iterable[Any]] = lambda scope, result: (),
    **terms: Any,
) -> list[Outcome[Any, T]]:
    """The outcomes in the order of the scopes, of which no two are alike; of those that were brought at the end."""
    found: dict[Any, Outcome[Any, T]] = {}

    def finished(outcome: Outcome[Any, T]) -> Iterable[Any]:
        assert outcome.scope not in found
        found[outcome.scope] = outcome
        return further(outcome.scope, outcome.result)

    carry_out(work, scopes, finished, make, Terms(**{"patience": lambda _: patience, **terms}))
    brought = [scope for scope in found if scope not in scopes]
    return [found[scope] for scope in (*scopes, *brought)]


def square(number: int) -> int:
    return number * number


@pytest.mark.parametrize("name", EXECUTORS)
def test_every_scope_has_one_outcome(name: str) -> None:
    assert run(square, range(7), EXECUTORS[name]) == [
        Outcome(number, End.READ, number * number, 1) for number in range(7)
    ]


@pytest.mark.parametrize("name", EXECUTORS)
def test_nothing_is_read_of_an_empty_plan(name: str) -> None:
    assert run(square, [], EXECUTORS[name]) == []


@pytest.mark.parametrize("name", EXECUTORS)
def test_a_scope_may_bring_others_and_these_others_again(name: str) -> None:
    """The tree of numbers in which n stands above 2n and 2n + 1."""
    found = run(square, [1], EXECUTORS[name], further=lambda scope, _: (2 * scope, 2 * scope + 1) if scope < 8 else ())
    assert {outcome.scope: outcome.result for outcome in found} == {number: number * number for number in range(1, 16)}


def test_what_is_known_is_not_read_and_asked_for_just_before() -> None:
    log: list[str] = []

    def work(scope: int) -> int:
        log.append(f"read {scope}")
        return scope

    def known(scope: int) -> int | None:
        log.append(f"known? {scope}")
        return 100 + scope if scope % 2 else None

    assert run(work, range(3), Inline, replace(SOON, at_once=1), known=known) == [
        Outcome(0, End.READ, 0, 1),
        Outcome(1, End.READ, 101, 0),
        Outcome(2, End.READ, 2, 1),
    ]
    assert log == ["known? 0", "read 0", "known? 1", "known? 2", "read 2"]


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


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_another_attempt_waits_and_the_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, float]] = []
    clock = Clock()
    monkeypatch.setattr("auditor.collecting.plan.time", clock)

    def work(scope: str) -> int:
        seen.append((scope, clock.now))
        return int(scope == "a" and len(seen) == 1)

    run(work, ["a", "b", "c"], Inline, Patience(at_once=1, pause=0.3), wanting=int)
    assert [scope for scope, _ in seen] == ["a", "b", "c", "a"]
    assert seen[2][1] < 0.3 <= seen[3][1]


@pytest.mark.parametrize("workers", [None, 2])
def test_what_never_ends_is_late_and_holds_up_nothing(workers: int | None) -> None:
    """Even where every worker hangs: the plan goes on with others."""
    gate = threading.Event()

    def work(scope: str) -> str:
        if scope.startswith("stuck"):
            gate.wait(60)
        return scope

    patience = Patience(at_once=2, deadline=0.6, attempts=2, pause=0)
    make: Callable[[], Executor] = Threads if workers is None else partial(ThreadPoolExecutor, workers)
    begun = time.monotonic()
    try:
        found = run(work, ["stuck-1", "a", "stuck-2", "b", "c"], make, patience, workers=lambda: workers)
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


def test_the_deadline_counts_from_when_a_worker_begins() -> None:
    """Two are handed over to one worker, and each takes less than the deadline: none is late."""
    patience = Patience(at_once=2, deadline=2.6, attempts=1)
    slow = partial(slowly, 1.4)
    assert run(slow, ["a", "b"], partial(ThreadPoolExecutor, 1), patience) == [
        Outcome("a", End.READ, "a", 1),
        Outcome("b", End.READ, "b", 1),
    ]


def slowly(seconds: float, scope: str) -> str:
    time.sleep(seconds)
    return scope


def test_each_scope_has_its_own_patience() -> None:
    patience = {"patient": Patience(deadline=20, attempts=1), "hasty": Patience(deadline=0.1, attempts=1)}
    ends: dict[str, End] = {}

    def finished(outcome: Outcome[str, str]) -> Iterable[str]:
        ends[outcome.scope] = outcome.end
        return ()

    carry_out(partial(slowly, 1.2), patience, finished, Threads, Terms(patience=patience.__getitem__))
    assert ends == {"patient": End.READ, "hasty": End.LATE}


class Cloud:
    """Bears only so many at once; says of the others that they are too much."""

    def __init__(self, bears: int) -> None:
        self.bears = bears
        self.lock = threading.Lock()
        self.under_way = 0
        self.seen: list[int] = []

    def read(self, scope: str) -> bool:
        with self.lock:
            self.under_way += 1
            self.seen.append(self.under_way)
            throttled = self.under_way > self.bears
        time.sleep(0.02)
        with self.lock:
            self.under_way -= 1
        return throttled


def test_fewer_at_once_where_it_is_too_much_and_as_many_as_ever_elsewhere() -> None:
    small, large = Cloud(3), Cloud(100)
    scopes = [f"{lane} {number}" for number in range(150) for lane in ("small", "large")]
    run(
        lambda scope: (small if scope.startswith("small") else large).read(scope),
        scopes,
        Threads,
        replace(SOON, at_once=12),
        lane=lambda scope: scope.split()[0],
        throttled=bool,
    )
    assert len(small.seen) == len(large.seen) == 150
    late = small.seen[75:]
    assert max(small.seen) > 6
    assert sum(late) / len(late) < 5  # about three at once
    assert max(late) > 3  # more is tried again
    assert 6 < max(large.seen) <= 12


def die_once(directory: Path, scope: str) -> str:
    mark = directory / scope
    if scope == "poison" or (scope.startswith("frail") and not mark.exists()):
        mark.touch()
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    return scope


def test_a_worker_that_dies_costs_no_scope_but_the_one_that_kills_it(tmp_path: Path) -> None:
    scopes = ["a", "frail-1", "b", "poison", "c", "frail-2", "d"]
    patience = Patience(at_once=2, deadline=60, attempts=2, pause=0)
    found = run(partial(die_once, tmp_path), scopes, EXECUTORS["processes"], patience, workers=lambda: 2)
    assert [(outcome.scope, outcome.end, outcome.result) for outcome in found] == [
        (scope, End.LOST, None) if scope == "poison" else (scope, End.READ, scope) for scope in scopes
    ]


def kill_or_wait(scope: str) -> str:
    time.sleep(0.3 if scope == "poison" else 1)
    if scope == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    return scope


def test_what_was_under_way_beside_a_worker_that_dies_loses_no_attempt() -> None:
    patience = Patience(at_once=2, deadline=60, attempts=1, pause=0)
    found = run(kill_or_wait, ["poison", "slow"], EXECUTORS["processes"], patience)
    assert found == [Outcome("poison", End.LOST, None, 1), Outcome("slow", End.READ, "slow", 1)]


def test_where_single_workers_die_the_others_go_on() -> None:
    """As with machines: who has lost a worker says so of one scope only."""
    tried: list[str] = []

    def work(scope: str) -> str:
        tried.append(scope)
        if scope == "poison" or tried.count("frail") == 1 == tried.count(scope) == (scope == "frail"):
            raise LostError(scope)
        return scope

    found = run(work, ["poison", "a", "frail"], Inline)
    assert [(outcome.end, outcome.attempts) for outcome in found] == [(End.LOST, 2), (End.READ, 1), (End.READ, 2)]


def test_when_no_worker_can_be_had_any_more_the_rest_is_lost(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> Executor:
        made.append(1)
        if len(made) > 1:
            raise LostError("gone")
        return ThreadedProcesses(1)

    patience = Patience(at_once=1, deadline=60, attempts=2, pause=0)
    found = run(partial(die_once, tmp_path), ["a", "poison", "b"], make, patience, workers=lambda: 1)
    assert [(outcome.end, outcome.result) for outcome in found] == [(End.READ, "a"), (End.LOST, None), (End.LOST, None)]
    with pytest.raises(LostError):
        run(square, [1], make)


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


def test_ctrl_c_waits_until_an_outcome_is_heard() -> None:
    """And what it brings is interrupted, not forgotten."""
    heard: list[tuple[str, End]] = []

    def finished(outcome: Outcome[str, str]) -> Iterable[str]:
        signal.raise_signal(signal.SIGINT)
        heard.append((outcome.scope, outcome.end))
        return ["c", "d"] if outcome.scope == "a" else []

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):  # for those that came while the rest was told
        carry_out(str, ["a", "b"], finished, Inline, Terms(patience=lambda _: replace(SOON, at_once=1)))
    interrupted = [(scope, End.INTERRUPTED) for scope in "bcd"]
    assert heard == [("a", End.READ), *interrupted]
    assert signal.getsignal(signal.SIGINT) is before


def fail(scope: int) -> int:
    if scope == 2:
        raise LookupError(f"scope {scope}")
    return scope


@pytest.mark.parametrize("name", EXECUTORS)
def test_a_bug_is_no_outcome(name: str) -> None:
    with pytest.raises(LookupError, match=r"^scope 2$"):
        run(fail, range(5), EXECUTORS[name])
