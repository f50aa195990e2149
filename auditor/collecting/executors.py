"""The workers that read scopes: threads, processes, or a cluster. What they are makes no difference to a report."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from auditor.collecting.cluster import Cluster, connected
from auditor.collecting.processes import ThreadedProcesses

T = TypeVar("T")

EACH = 6
"""Scopes that one process reads at once: they mostly wait for answers."""


@dataclass(frozen=True, slots=True)
class Means:
    """By whom scopes are read."""

    make: Callable[[], Executor]
    workers: Callable[[], int | None] = lambda: None
    """How many scopes they read at once; None: as many as they are given."""
    elsewhere: bool = True
    """Whether in other processes, from which nothing is heard before a scope is read."""


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
    """A thread for each task; how many there are is for the plan to bound.

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


THREADS = Means(Threads, elsewhere=False)


@contextmanager
def means_of(workers: int | None, cluster: Cluster | None) -> Iterator[Means]:
    """The cluster, else so many processes of this machine, else threads; until the end of the block.

    Raises `UsageError` for a cluster that cannot be meant, `WorkerError` for one that cannot be had.
    """
    if cluster is not None:
        with connected(cluster) as (make, count):
            yield Means(make, count)
    elif workers is not None:
        yield Means(partial(ThreadedProcesses, workers), lambda: workers * EACH)
    else:
        yield THREADS


class Processes(ProcessPoolExecutor):
    """Processes that compute one thing at a time each. They end with the program, whatever they are at."""

    def __init__(self, number: int) -> None:
        # A process that is forked beside running threads may hang; one that is started anew cannot.
        super().__init__(number, mp_context=multiprocessing.get_context("spawn"), initializer=_attached)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Without `wait`, whatever is under way is broken off: Python would wait for it before it ends."""
        running = list((self._processes or {}).values())
        super().shutdown(wait=wait, cancel_futures=cancel_futures)
        if not wait:
            for process in running:
                process.terminate()


def _attached() -> None:
    """Ctrl-C on a terminal reaches every process; it is for the first to say what becomes of it.

    When that one is gone, however it ended, nobody wants what is computed here.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True, name="follow").start()


def _follow() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
