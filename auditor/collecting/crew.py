"""Many calls at once within one scope, and a row of the ledger for each kind of thing they read. Knows no cloud."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

from auditor.collecting.executors import Threads
from auditor.errors import AuditorError
from auditor.progress import Progress, counted, silent
from auditor.snapshot import Status

T = TypeVar("T")
R = TypeVar("R")
Json = Mapping[str, Any]


class UnansweredError(AuditorError):
    """A call gave no answer. Never reaches the user: it becomes a row of the ledger, or a `CollectError`."""

    @property
    def absent(self) -> str | None:
        """Why what was asked for cannot be there, so that it is no gap that it was not read."""
        return None


class Ledger(Protocol):
    """Where rows go."""

    def note(
        self, scope: str, kind: str, status: Status, reason: str | None = None, permission: str | None = None
    ) -> None: ...

    def refuse(self, scope: str, kind: str, error: Any, permission: str | None, rest: str = "") -> None:
        """`error` is the cloud's own `UnansweredError`."""
        ...


H = TypeVar("H", bound=Ledger)


class Crew(Generic[H]):
    """Threads that read many things at once. They do not keep the program from ending when nobody waits for them."""

    def __init__(self, haul: H, workers: int, tell: Progress = silent) -> None:
        self.haul = haul
        self._workers = workers
        self._tell = tell

    def each(self, work: Callable[[T], R], items: Iterable[T], what: str | None = None) -> list[R]:
        """What `work` makes of every item, done many at once, in the order of the items.

        `what` says for whoever waits what is counted: `reading projects`. What `work` raises ends the rest.
        """
        listed = tuple(items)
        tell = silent if what is None else self._tell
        number = min(self._workers, len(listed))
        if number < 2:
            return list(counted(what or "", map(work, listed), len(listed), tell))
        turns: list[Future[R]] = [Future() for _ in listed]
        waiting = iter(zip(turns, listed, strict=True))
        lock = threading.Lock()

        def one_after_the_other() -> None:
            while True:
                with lock:
                    turn, item = next(waiting, (None, None))
                if turn is None or not turn.set_running_or_notify_cancel():
                    return
                try:
                    turn.set_result(work(item))  # type: ignore[arg-type]  # an item goes with every turn
                except BaseException as error:  # noqa: BLE001 - a future takes every error, and raises it to who asks
                    turn.set_exception(error)

        pool = Threads()
        for _ in range(number):
            pool.submit(one_after_the_other)
        try:
            return list(counted(what or "", (turn.result() for turn in turns), len(listed), tell))
        finally:
            for turn in turns:
                turn.cancel()

    def attempt(self, scope: str, kind: str, permission: str, call: Callable[[], Json]) -> Json | None:
        """What `call` returns, with the row that says so; None, with the row that says why."""
        try:
            body = call()
        except UnansweredError as error:
            self.haul.refuse(scope, kind, error, permission)
            return None
        self.haul.note(scope, kind, Status.READ, None, permission)
        return body

    def gather(
        self,
        scope: str,
        kind: str,
        permission: str,
        listed: Iterator[Json],
        keep: Callable[[Json], None],
        way: str | None = None,
    ) -> bool:
        """Whether every listed object was read and kept; its row says so (and by which `way`), or why not.

        Where nothing of the kind can be there, that row says skipped.
        """
        count = 0
        try:
            for body in listed:
                keep(body)
                count += 1
        except UnansweredError as error:
            if error.absent is not None:
                self.haul.note(scope, kind, Status.SKIPPED, error.absent, permission)
                return False
            rest = f"; {count} were read all the same" if count else ""
            self.haul.refuse(scope, kind, error, permission, rest)
            return False
        self.haul.note(scope, kind, Status.READ, way, permission)
        return True
