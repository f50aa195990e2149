"""Processes of this machine that work on several things at once each, as an executor.

`ProcessPoolExecutor` has a process do one thing at a time. That suits what computes; what mostly waits for a cloud to
answer would need a process, and its memory, for every call under way.
"""

from __future__ import annotations

import itertools
import multiprocessing
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar("T")


class ThreadedProcesses(Executor):
    """So many processes, started as they are needed. They end with the program, whatever they are at.

    What one was at when it died raises `BrokenExecutor`, and nothing more can be submitted.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._workers: list[_Worker] = []

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """The one that has least to do gets it. For one thread. Raises `BrokenExecutor`, and what pickling raises."""
        task = pickle.dumps((fn, args, kwargs))
        worker = min(self._workers, key=_Worker.load, default=None)
        if worker is None or (worker.load() and len(self._workers) < self._number):
            worker = _Worker()
            self._workers.append(worker)
        return worker.submit(task)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Without `wait`, whatever is under way is broken off: Python would wait for it before it ends."""
        del cancel_futures
        for worker in self._workers:
            worker.end(gently=wait)


class _Worker:
    """One process, as seen from here."""

    def __init__(self) -> None:
        # A process that is forked beside running threads may hang; one that is started anew cannot.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self._numbers = itertools.count()
        self._under_way: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        self._dead = False
        threading.Thread(target=self._listen, daemon=True, name="worker").start()

    def load(self) -> int:
        return len(self._under_way)

    def submit(self, task: bytes) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        number = next(self._numbers)
        with self._lock:
            if self._dead:
                raise BrokenExecutor("a worker process died")
            self._under_way[number] = future
        try:
            self._connection.send((number, task))
        except OSError as error:  # the process is gone; `_listen` is about to find out as well
            raise BrokenExecutor("a worker process died") from error
        return future

    def end(self, *, gently: bool) -> None:
        if gently:
            wait(list(self._under_way.values()))
            with suppress(OSError):  # it is gone already
                self._connection.send(None)
        else:
            self.process.terminate()
        self.process.join()

    def _listen(self) -> None:
        try:
            while True:
                number, good, answer = self._connection.recv()
                future = self._under_way.pop(number)
                try:
                    found = pickle.loads(answer)  # noqa: S301 - from a process that this one has started
                except Exception as error:  # noqa: BLE001 - who asked is told
                    good, found = False, error
                if good:
                    future.set_result(found)
                else:
                    future.set_exception(found)
        except (EOFError, OSError):
            with self._lock:
                self._dead = True
            for future in self._under_way.values():
                future.set_exception(BrokenExecutor("a worker process died"))


def _serve(connection: Connection) -> None:
    """What a worker does: a thread for each task; how many there are is for who sends them to bound."""
    # Ctrl-C on a terminal reaches every process; it is for the first to say what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lock = threading.Lock()

    def work(number: int, task: bytes) -> None:
        good, found = _done(task)
        try:
            answer = pickle.dumps(found)
        except Exception as error:  # noqa: BLE001 - who asked is told
            good, answer = False, pickle.dumps(TypeError(f"what came out cannot be sent: {error}"))
        with lock:
            connection.send((number, good, answer))

    while (received := connection.recv()) is not None:
        threading.Thread(target=work, args=received, daemon=True).start()


def _done(task: bytes) -> tuple[bool, Any]:
    """Whether it went well, and what came of it."""
    try:
        fn, args, kwargs = pickle.loads(task)  # noqa: S301 - from the process that has started this one
        return True, fn(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - as a future takes every error
        return False, error
