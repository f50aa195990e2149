"""A plan of scopes, read side by side on any `concurrent.futures.Executor`. Knows no cloud.

Scopes, what reads them and what comes back can be pickled, so that the workers may be threads, processes or other
machines. Scopes that share a quota are of one lane, in which so many are under way at once as it bears. Each may be
tried several times and has a time after which nobody waits for it any longer; a worker that dies costs an attempt and
no scope. A scope may bring further ones. Ctrl-C ends the plan, not the program: what was read until then is there, and
it is known which scopes were not.
"""

from __future__ import annotations

import contextlib
import enum
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from auditor.collecting.interrupts import held
from auditor.collecting.rate import Rate

S = TypeVar("S")
T = TypeVar("T")

GLANCE = 0.5
"""Seconds between two looks at what was handed over and is not known to have begun."""


class End(enum.Enum):
    """What became of a scope."""

    READ = "read"
    LATE = "its time was over"
    LOST = "its worker died"
    INTERRUPTED = "Ctrl-C came first"


class LostError(Exception):
    """The worker of one scope died, and those of the others did not; or no worker can be had any more."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S, T]):
    """One scope and what is known of it."""

    scope: S
    end: End
    result: T | None
    """That of the best attempt; None where none gave one, and there alone `end` is not READ."""
    attempts: int
    """How often it was begun; 0: what is known of it was known before."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How much at once, how long, how often."""

    at_once: int = 12
    """Of one lane, while nothing says that it is too much."""
    deadline: float = 900
    """Seconds for one attempt at one scope, from when a worker is seen to begin it. What no worker begins within that
    time is late as well. It is the coordinator who gives up: work must bound its own calls, as no thread can be stopped
    from outside."""
    attempts: int = 2
    pause: float = 5
    """Seconds before a scope is tried again, times the attempts it had. The others go on meanwhile."""


@dataclass(frozen=True, slots=True)
class Terms(Generic[S, T]):
    """What a plan has to know of its scopes and of what comes back."""

    patience: Callable[[S], Patience] = lambda _: Patience()
    lane: Callable[[S], str] = lambda _: ""
    """What shares a quota."""
    wanting: Callable[[T], int] = lambda _: 0
    """How many gaps another attempt might fill: with any, the scope is tried again while attempts are left, and the
    result with the fewest is kept."""
    throttled: Callable[[T], bool] = lambda _: False
    """Whether the other side said that it was too much."""
    known: Callable[[S], T | None] = lambda _: None
    """What is known of a scope already, so that it need not be read. Asked just before it would be begun."""
    workers: Callable[[], int | None] = lambda: None
    """How many scopes the executor works on at once; None: as many as are handed over."""


def carry_out(
    work: Callable[[S], T],
    scopes: Iterable[S],
    finished: Callable[[Outcome[S, T]], Iterable[S]],
    make: Callable[[], Executor],
    terms: Terms[S, T] | None = None,
) -> None:
    """Have `work` read each scope, and hand each outcome to `finished`, which says what further scopes it brings.

    `make` is called for an executor, and again when the workers of one were lost; where it then raises `LostError`,
    what is left is lost. `finished` is called in this thread, once for each scope, in the order in which they end;
    Ctrl-C waits for it. Nothing of an outcome is kept. What `work` and `finished` raise ends the plan and is raised
    here: a failure that belongs into a report is a result.
    """
    plan = _Plan(work, finished, make, terms or Terms())
    with contextlib.closing(plan):
        try:
            plan.add(scopes)
            while plan.step():
                pass
        except KeyboardInterrupt:
            plan.end()


@dataclass(slots=True, eq=False)
class _Entry(Generic[S, T]):
    """A scope that has not ended."""

    scope: S
    lane: _Lane[S, T]
    patience: Patience
    attempts: int = 0
    due: float = 0.0
    """When it may be begun, on the monotonic clock."""
    over: float = 0.0
    """When nobody waits for it any longer."""
    begun: bool = False
    """Whether a worker was seen to begin the present attempt."""
    cuts: int = 0
    """What the lane's rate wants to hear at the end of the present attempt."""
    alone: bool = False
    """Nothing else is to be under way beside it: it may be what kills workers."""
    result: T | None = None
    gaps: int = 0


@dataclass(slots=True, eq=False)
class _Lane(Generic[S, T]):
    """The scopes that share a quota."""

    waiting: deque[_Entry[S, T]] = field(default_factory=deque)
    rate: Rate = field(default_factory=Rate)
    begun: int = 0


class _Plan(Generic[S, T]):
    """Who has which scope, and what is next."""

    def __init__(
        self,
        work: Callable[[S], T],
        finished: Callable[[Outcome[S, T]], Iterable[S]],
        make: Callable[[], Executor],
        terms: Terms[S, T],
    ) -> None:
        self._work = work
        self._finished = finished
        self._make = make
        self._terms = terms
        self._lanes: dict[str, _Lane[S, T]] = defaultdict(_Lane)
        self._open: dict[int, _Entry[S, T]] = {}
        """What has not ended, in the order of adding; by identity."""
        self._later: list[_Entry[S, T]] = []
        """What is tried again, when it is due and, where it has to be alone, when it can be."""
        self._under_way: dict[Future[T], _Entry[S, T]] = {}
        self._busy: dict[Future[T], _Entry[S, T] | None] = {}
        """What nobody waits for, and keeps a worker of the present executor busy; None: its lane has forgotten it."""
        self._executor: Executor | None = None
        self._made = False

    def add(self, scopes: Iterable[S]) -> None:
        for scope in scopes:
            entry = _Entry(scope, self._lanes[self._terms.lane(scope)], self._terms.patience(scope))
            self._open[id(entry)] = entry
            entry.lane.waiting.append(entry)

    def step(self) -> bool:
        """Hand over what there is room for, and take what is done. False when nothing is left."""
        self._hand_over()
        if not self._under_way and not self._open:
            return False
        now = time.monotonic()
        moments = [entry.over for entry in self._under_way.values()]
        moments += [entry.due for entry in self._later if entry.due > now]
        pause = max(min(moments, default=now + GLANCE) - now, 0)
        if self._busy or not all(entry.begun for entry in self._under_way.values()):
            pause = min(pause, GLANCE)
        if self._under_way:
            wait(self._under_way, timeout=pause, return_when=FIRST_COMPLETED)
        else:
            time.sleep(pause)
        self._take()
        return True

    def end(self) -> None:
        """Take what is done; the rest is interrupted."""
        with held():
            self._take()
            while self._open:
                entry = next(iter(self._open.values()))
                self._close(entry, End.INTERRUPTED)

    def close(self) -> None:
        """Wait for workers that have nothing to do, and for no others."""
        self._leave(wait=not self._under_way and not self._busy)

    def _hand_over(self) -> None:
        for future in [future for future in self._busy if future.done()]:
            if (entry := self._busy.pop(future)) is not None:
                self._left(entry)
        now = time.monotonic()
        for later in [entry for entry in self._later if entry.due <= now and not entry.alone]:
            self._later.remove(later)
            later.lane.waiting.append(later)
        workers = self._terms.workers()
        if self._busy and not self._under_way and (workers is not None and len(self._busy) >= workers):
            self._leave(wait=False)  # every worker hangs on something nobody waits for
        while not any(entry.alone for entry in self._under_way.values()):
            if workers is not None and len(self._under_way) + len(self._busy) >= workers:
                return
            ready = [lane for lane in self._lanes.values() if lane.waiting and self._has_room(lane, workers)]
            if ready:
                lane = min(ready, key=lambda lane: lane.begun)
                self._begin(lane.waiting.popleft())
            elif not self._under_way and (alone := self._next_alone()):
                self._later.remove(alone)
                self._begin(alone)
            else:
                return

    def _has_room(self, lane: _Lane[S, T], workers: int | None) -> bool:
        most = self._most(lane.waiting[0], workers)
        if lane.rate.room(most):
            return True
        if any(entry.lane is lane for entry in self._under_way.values()):
            return False
        # Whatever is under way in this lane hangs, and nobody waits for it.
        self._busy |= dict.fromkeys(future for future, entry in self._busy.items() if entry and entry.lane is lane)
        lane.rate.forget()
        return True

    def _most(self, entry: _Entry[S, T], workers: int | None) -> int:
        return entry.patience.at_once if workers is None else max(workers, 1)

    def _next_alone(self) -> _Entry[S, T] | None:
        now = time.monotonic()
        return next((entry for entry in self._later if entry.alone and entry.due <= now), None)

    def _begin(self, entry: _Entry[S, T]) -> None:
        if not entry.attempts and (known := self._terms.known(entry.scope)) is not None:
            entry.result = known
            self._close(entry, End.READ)
            return
        entry.attempts += 1
        entry.begun = False
        entry.over = time.monotonic() + entry.patience.deadline
        try:
            if self._executor is None:
                self._executor = self._make()
        except LostError:
            if not self._made:
                raise
            while self._open:
                self._close(next(iter(self._open.values())), End.LOST)
            self._later.clear()
            return
        self._made = True
        entry.cuts = entry.lane.rate.begin()
        entry.lane.begun += 1
        try:
            future = self._executor.submit(self._work, entry.scope)
        except BrokenExecutor:
            self._under_way[Future()] = entry
            self._lose()
        else:
            self._under_way[future] = entry

    def _take(self) -> None:
        """Take what is done, and give up what is late."""
        now = time.monotonic()
        for future, entry in list(self._under_way.items()):
            if future.done():
                try:
                    result = future.result()
                except (BrokenExecutor, CancelledError):
                    self._lose()
                    return
                except LostError:
                    del self._under_way[future]
                    self._left(entry)
                    self._finish(entry, End.LOST, again=True)
                    continue
                del self._under_way[future]
                self._left(entry, throttled=self._terms.throttled(result))
                gaps = self._terms.wanting(result)
                if entry.result is None or gaps < entry.gaps:
                    entry.result, entry.gaps = result, gaps
                self._finish(entry, End.READ, again=bool(gaps))
            elif not entry.begun and future.running():
                entry.begun, entry.over = True, now + entry.patience.deadline
            elif now >= entry.over:
                del self._under_way[future]
                if future.cancel():
                    self._left(entry)
                else:
                    self._busy[future] = entry
                self._finish(entry, End.LATE, again=True)

    def _left(self, entry: _Entry[S, T], *, throttled: bool = False) -> None:
        if entry.lane.rate.under_way:
            most = self._most(entry, self._terms.workers())
            entry.lane.rate.end(entry.cuts, throttled=throttled, most=most)

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
        if again and entry.attempts < entry.patience.attempts:
            entry.due = time.monotonic() + entry.patience.pause * entry.attempts
            self._later.append(entry)
        else:
            self._close(entry, end)

    def _close(self, entry: _Entry[S, T], end: End) -> None:
        with held():
            del self._open[id(entry)]
            end = End.READ if entry.result is not None else end
            self.add(self._finished(Outcome(entry.scope, end, entry.result, entry.attempts)))

    def _leave(self, *, wait: bool) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=wait, cancel_futures=not wait)
        self._executor = None
        self._busy.clear()
        for lane in self._lanes.values():
            lane.rate.forget()
