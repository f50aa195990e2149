"""A Dask cluster as workers: other machines, which find their own credentials.

Nothing but the names of what is to be read is sent there. Who is in a cluster can run code on its workers and answer in
their name, so that only a scheduler that shows a certificate, and asks for one, is spoken to; on the loopback address
alone it may do without.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from auditor import __version__
from auditor.collecting.plan import LostError
from auditor.errors import UsageError, WorkerError

T = TypeVar("T")

WAIT = 30
"""Seconds for a cluster to answer, and to have a worker."""
COUNTED = 5
"""Seconds for which the number of a cluster's workers is taken to be the same."""
EXTRA = "pip install 'oidc-trust-auditor[cluster]'"
SETTINGS = {"tls_ca_file": "ca-file", "tls_client_cert": "client.cert", "tls_client_key": "client.key"}
"""What `distributed.Security` calls its files → where Dask's configuration names them, below `distributed.comm.tls`."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a Dask scheduler is, and how it is spoken to."""

    address: str
    ca: Path | None = None
    """The certificates that those of scheduler and workers are signed by. None of the three: what the configuration of
    `distributed` itself names."""
    cert: Path | None = None
    key: Path | None = None


def checked(cluster: Cluster) -> Cluster:
    """The cluster, if that is how one may be spoken to. Raises `UsageError`."""
    url = urlsplit(cluster.address)
    try:
        place, port = url.hostname, url.port
    except ValueError:
        place, port = None, None
    if not place or not port or url.path or url.query or url.scheme not in {"tls", "tcp"}:
        raise UsageError(f"--cluster {cluster.address!r} is not written as tls://HOST:PORT")
    given = [cluster.ca, cluster.cert, cluster.key]
    if url.scheme == "tcp":
        if not _is_loopback(place):
            raise UsageError(
                f"--cluster {cluster.address}: anybody on the way could read what is collected, give false answers and "
                "run code on the workers; off the loopback address only tls:// is spoken"
            )
        if any(given):
            raise UsageError("--cluster-ca, --cluster-cert and --cluster-key are for a cluster at tls://")
    elif any(given) and not all(given):
        raise UsageError("--cluster-ca, --cluster-cert and --cluster-key go together: one without the others is no use")
    for option, path in zip(("--cluster-ca", "--cluster-cert", "--cluster-key"), given, strict=True):
        if path is not None and not os.access(path, os.R_OK):
            raise UsageError(f"{option}: {path} cannot be read")
    return cluster


def _is_loopback(place: str) -> bool:
    if place == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(place).is_loopback
    return False


@contextmanager
def connected(cluster: Cluster) -> Iterator[tuple[Callable[[], Executor], Callable[[], int]]]:
    """What makes an executor of the cluster, and how many scopes its workers read at once, until the end of the block.

    There is at least one worker, and those that are there have the same version of this program. Raises `UsageError`
    for what cannot be meant, `WorkerError` when there is no such cluster.
    """
    checked(cluster)
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(f"--cluster needs Dask: {EXTRA}") from error
    security = _security(cluster)
    make: Any = Client  # which is not typed
    try:
        client = make(cluster.address, timeout=WAIT, security=security, set_as_default=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise WorkerError(f"no cluster answers at {cluster.address}: {error}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WAIT)
        except TimeoutError as error:
            raise WorkerError(f"the cluster at {cluster.address} has no workers") from error
        _same_version(client)
        yield partial(_Dask, client), _counted(client)


def _security(cluster: Cluster) -> Any:
    """How scheduler and client prove who they are, and that nothing goes unencrypted. Raises `UsageError`."""
    import dask
    from distributed.security import Security

    make: Any = Security  # as above
    if cluster.address.startswith("tcp:"):
        return make(require_encryption=False)
    files: dict[str, Any] = dict(zip(SETTINGS, map(_text, (cluster.ca, cluster.cert, cluster.key)), strict=True))
    if cluster.ca is None:
        files = {name: dask.config.get(f"distributed.comm.tls.{place}", None) for name, place in SETTINGS.items()}
    if not all(files.values()):
        raise UsageError(
            f"--cluster {cluster.address}: scheduler and client must show each other certificates. Name the files with "
            "--cluster-ca, --cluster-cert and --cluster-key, or in Dask's own configuration (distributed.comm.tls)"
        )
    return make(require_encryption=True, **files)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def version() -> str:
    """That of this program, where this is called."""
    return __version__


def _same_version(client: Any) -> None:
    """Raises `WorkerError` when the workers that are there now do not have the program, or another version of it."""
    for worker, found in sorted(client.run(version, on_error="return").items()):
        if found != __version__:
            has = f"version {found} of auditor" if isinstance(found, str) else f"no auditor that can be used ({found})"
            raise WorkerError(f"the worker {worker} of the cluster has {has}; this is version {__version__}")


def _counted(client: Any) -> Callable[[], int]:
    """How many threads all workers have together. They may come and go."""
    known = [0, float("-inf")]

    def workers() -> int:
        now = time.monotonic()
        if now - known[1] > COUNTED:
            known[:] = [sum(client.nthreads().values()), now]
        return max(int(known[0]), 1)

    return workers


class _Dask(Executor):
    """`distributed`'s own executor, which here says in this program's words that a worker died."""

    def __init__(self, client: Any) -> None:
        if client.status != "running":
            raise LostError("the cluster is gone")
        # Each attempt is a task of its own: what is called twice with the same arguments may answer otherwise.
        self._own = client.get_executor(pure=False)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        asked: Future[T] = self._own.submit(fn, *args, **kwargs)
        told: Future[T] = Future()

        def tell(done: Future[T]) -> None:
            if done.cancelled():
                told.cancel()
                told.set_running_or_notify_cancel()
            elif (error := done.exception()) is None:
                told.set_result(done.result())
            else:
                told.set_exception(LostError(str(error)) if _lost(error) else error)

        asked.add_done_callback(tell)
        told.add_done_callback(lambda one: asked.cancel() if one.cancelled() else None)
        return told

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        del cancel_futures
        self._own.shutdown(wait=wait)


def _lost(error: BaseException) -> bool:
    from distributed.client import FutureCancelledError
    from distributed.comm.core import CommClosedError
    from distributed.scheduler import KilledWorker

    return isinstance(error, KilledWorker | CommClosedError | FutureCancelledError)
