"""A plan of scopes, read side by side on any `concurrent.futures.Executor`. Knows no cloud.

Scopes, what reads them and what comes back can be pickled, so that the workers may be threads, processes or other
machines. At most `Patience.at_once` scopes are under way. Each may be tried several times and has a time after which
nobody waits for it any longer; a worker that dies costs an attempt and no scope. Ctrl-C ends the plan, not the
program: what was read until then is returned, and which scopes were not.
"""

from __future__ import annotations

import contextlib
import enum
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class End(enum.Enum):
    """What became of a scope."""

    READ = "read"
    LATE = "its time was over"
    LOST = "its worker died"
    INTERRUPTED = "Ctrl-C came first"


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S, T]):
    """One scope and what is known of it."""

    scope: S
    end: End
    result: T | None
    """That of the best attempt; None where none gave one, and there alone `end` is not READ."""
    attempts: int
    """How often it was begun."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How much at once, how long, how often."""

    at_once: int = 12
    deadline: float = 900
    """Seconds for one attempt at one scope, from when it is handed over. It is the coordinator who gives up: work must
    bound its own calls, as no thread can be stopped from outside."""
    attempts: int = 2
    pause: float = 5
    """Seconds before a scope is tried again, times the attempts it had. The others go on meanwhile."""


class Inline(Executor):
    """Does everything at once, in the caller's own thread. No deadline ends it."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - a future takes every error there, and raises it to who asks
            future.set_exception(error)
        return future


class Threads(Executor):
    """A thread for each task; how many there are is for `run` to bound.

    Unlike those of `ThreadPoolExecutor`, they do not keep the program from ending when nobody waits for them.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - as above
                future.set_exception(error)

        threading.Thread(target=work, daemon=True, name="scope").start()
        return future


def run(
    work: Callable[[S], T],
    scopes: Sequence[S],
    make: Callable[[], Executor] = Threads,
    patience: Patience | None = None,
    *,
    wanting: Callable[[T], int] = lambda _: 0,
    told: Callable[[int], None] = lambda _: None,
) -> list[Outcome[S, T]]:
    """What `work` makes of each scope, in the order of `scopes`.

    `make` is called for an executor, and again when the workers of one were lost. `wanting(result)` says how many gaps
    another attempt might fill: with any, the scope is tried again while attempts are left, and the result with the
    fewest is kept. `told` hears how many scopes are done. What `work` raises ends the plan and is raised here: a
    failure that belongs into a report is a result.
    """
    entries = [_Entry[S, T](scope) for scope in scopes]
    plan = _Plan(work, entries, make, patience or Patience(), wanting)
    with contextlib.closing(plan):
        try:
            told(0)
            while plan.step():
                told(sum(entry.end is not None for entry in entries))
        except KeyboardInterrupt:
            plan.take()
    ends = (End.READ if entry.result is not None else entry.end or End.INTERRUPTED for entry in entries)
    return [Outcome(entry.scope, end, entry.result, entry.attempts) for entry, end in zip(entries, ends, strict=True)]


@dataclass(slots=True, eq=False)
class _Entry(Generic[S, T]):
    """A scope under way."""

    scope: S
    attempts: int = 0
    due: float = 0.0
    """When it may be begun, on the monotonic clock."""
    over: float = 0.0
    """When nobody waits for it any longer."""
    alone: bool = False
    """Nothing else is to be under way beside it: it may be what kills workers."""
    result: T | None = None
    gaps: int = 0
    end: End | None = None


class _Plan(Generic[S, T]):
    """Who has which scope, and what is next."""

    def __init__(
        self,
        work: Callable[[S], T],
        entries: Sequence[_Entry[S, T]],
        make: Callable[[], Executor],
        patience: Patience,
        wanting: Callable[[T], int],
    ) -> None:
        self._work = work
        self._make = make
        self._patience = patience
        self._wanting = wanting
        self._waiting = deque(entries)
        self._under_way: dict[Future[T], _Entry[S, T]] = {}
        self._busy: set[Future[T]] = set()
        """What nobody waits for, and keeps a worker of the present executor busy."""
        self._executor: Executor | None = None

    def step(self) -> bool:
        """Hand over what there is room for, and take what is done. False when nothing is left."""
        self._hand_over()
        if not self._under_way and not self._waiting:
            return False
        now = time.monotonic()
        moments = [entry.over for entry in self._under_way.values()]
        if not self._under_way or self._room():
            moments += [entry.due for entry in self._waiting if entry.due > now]
        pause = max(min(moments, default=now) - now, 0)
        if self._under_way:
            wait(self._under_way, timeout=pause, return_when=FIRST_COMPLETED)
        else:
            time.sleep(pause)
        self.take()
        return True

    def close(self) -> None:
        """Wait for workers that have nothing to do, and for no others."""
        self._leave(wait=not self._under_way and not self._busy)

    def _room(self) -> bool:
        return len(self._under_way) + len(self._busy) < self._patience.at_once

    def _hand_over(self) -> None:
        self._busy = {future for future in self._busy if not future.done()}
        if self._waiting and not self._under_way and not self._room():
            self._leave(wait=False)  # every worker hangs on something nobody waits for
        for _ in range(len(self._waiting)):
            if not self._room() or any(entry.alone for entry in self._under_way.values()):
                return
            entry = self._waiting.popleft()
            if entry.due > time.monotonic() or (entry.alone and self._under_way):
                self._waiting.append(entry)
                continue
            self._begin(entry)

    def _begin(self, entry: _Entry[S, T]) -> None:
        entry.attempts += 1
        entry.over = time.monotonic() + self._patience.deadline
        if self._executor is None:
            self._executor = self._make()
        try:
            future = self._executor.submit(self._work, entry.scope)
        except BrokenExecutor:
            self._under_way[Future()] = entry
            self._lose()
        else:
            self._under_way[future] = entry

    def take(self) -> None:
        """Take what is done, and give up what is late."""
        now = time.monotonic()
        for future, entry in list(self._under_way.items()):
            if future.done():
                try:
                    result = future.result()
                except BrokenExecutor:
                    self._lose()
                    return
                del self._under_way[future]
                gaps = self._wanting(result)
                if entry.result is None or gaps < entry.gaps:
                    entry.result, entry.gaps = result, gaps
                self._finish(entry, End.READ, again=bool(gaps))
            elif now >= entry.over:
                del self._under_way[future]
                if not future.cancel():
                    self._busy.add(future)
                self._finish(entry, End.LATE, again=True)

    def _lose(self) -> None:
        """All that was under way is begun again, one by one.

        What was alone when its worker died has only itself to blame; the others it costs no attempt.
        """
        lost = list(self._under_way.values())
        self._under_way.clear()
        self._leave(wait=False)
        for entry in lost:
            if len(lost) > 1:
                entry.attempts -= 1
            entry.alone = True
            self._finish(entry, End.LOST, again=True)

    def _finish(self, entry: _Entry[S, T], end: End, *, again: bool) -> None:
        if again and entry.attempts < self._patience.attempts:
            entry.due = time.monotonic() + self._patience.pause * entry.attempts
            self._waiting.append(entry)
        else:
            entry.end = end

    def _leave(self, *, wait: bool) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=wait, cancel_futures=not wait)
        self._executor = None
        self._busy.clear()
