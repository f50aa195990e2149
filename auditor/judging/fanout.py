"""The portions of an estate judged on any `concurrent.futures.Executor`: the same results in the same order.

Workers are threads or processes of this machine. Each makes its own court, once, of what the first one wrote into a
file: the snapshot's documents do not travel, they are read where they lie. Issuers travel as the recipe by which the
worker finds its own (`model.Issuer.recipe`), since grammars compare by identity.
"""

from __future__ import annotations

import pickle
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path

from auditor.collecting.executors import Processes
from auditor.errors import WorkerError
from auditor.judging.court import Court, Judged
from auditor.judging.estate import Portion

AHEAD = 32
"""Portions under way at a time, so that a large estate is never queued up, or held in memory, as a whole."""


@contextmanager
def judges(workers: int | None) -> Iterator[Executor | None]:
    """So many processes, until the end of the block; none where nobody asked for any. Ctrl-C ends them at once."""
    if workers is None:
        yield None
        return
    executor = Processes(workers)
    over = False
    try:
        yield executor
        over = True
    finally:
        executor.shutdown(wait=over, cancel_futures=True)


def judge_all(court: Court, portions: Iterable[Portion], executor: Executor | None = None) -> Iterator[Judged]:
    """What there is to say of each portion, in order; judged here one by one where there is no `executor`.

    `portions` is read as far as needed to keep the workers busy. Raises `WorkerError` when the workers were lost, and
    whatever judging raises.
    """
    if executor is None:
        yield from (court.judged(court.decided(portion)) for portion in portions)
        return
    source = iter(portions)
    under_way: deque[Future[Judged]] = deque()
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        written = Path(folder, "court")
        written.write_bytes(pickle.dumps(court))
        try:
            while True:
                room = AHEAD - len(under_way)
                under_way.extend(executor.submit(_judge, written, portion) for portion in islice(source, room))
                if not under_way:
                    return
                yield under_way.popleft().result()
        except BrokenExecutor as error:
            raise WorkerError(
                f"a worker process was lost before it had judged its part ({error}); no report was made. "
                "It may have run out of memory: try again with fewer workers, or with none"
            ) from error
        finally:
            for left in under_way:
                left.cancel()


def _judge(written: Path, portion: Portion) -> Judged:
    """What a worker does."""
    court = _court(written, threading.get_ident())
    return court.judged(court.decided(portion)).packed()


@lru_cache(maxsize=64)
def _court(written: Path, thread: int) -> Court:
    """The worker's own. Threads do not share one: it remembers what it looked at."""
    del thread
    made = pickle.loads(written.read_bytes())  # noqa: S301 - written by `judge_all`, in a folder of its own
    assert isinstance(made, Court)
    return made
