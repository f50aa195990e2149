"""By whom scopes are read: processes, and Dask clusters that show certificates, ask for one and are of one version."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from auditor import __version__
from auditor.collecting import cluster
from auditor.collecting.cluster import Cluster, checked
from auditor.collecting.executors import EACH, THREADS, Means, Processes, means_of
from auditor.collecting.plan import End, Outcome, Patience, Terms, carry_out
from auditor.collecting.processes import ThreadedProcesses
from auditor.collecting.scopes import Errand
from auditor.errors import UsageError, WorkerError

distributed: Any = pytest.importorskip("distributed")

PATIENCE = Patience(at_once=2, deadline=60, attempts=2, pause=0)


def read(work: Any, scopes: Iterable[Any], means: Means) -> dict[Any, Outcome[Any, Any]]:
    found: dict[Any, Outcome[Any, Any]] = {}

    def finished(outcome: Outcome[Any, Any]) -> tuple[()]:
        found[outcome.scope] = outcome
        return ()

    carry_out(work, scopes, finished, means.make, Terms(patience=lambda _: PATIENCE, workers=means.workers))
    return found


def local(**options: Any) -> Any:
    return distributed.LocalCluster(dashboard_address="127.0.0.1:0", n_workers=2, threads_per_worker=1, **options)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of an authority of our own, and of another one."""
    folder = tmp_path_factory.mktemp("certificates")
    files: dict[str, Path] = {}
    for name in ("ours", "theirs"):
        made = distributed.security.Security.temporary()
        for kind, text in (("ca", made.tls_ca_file), ("cert", made.tls_client_cert), ("key", made.tls_client_key)):
            files[f"{name} {kind}"] = folder / f"{name}-{kind}.pem"
            files[f"{name} {kind}"].write_text(text, encoding="utf-8")
    return files


@pytest.fixture(scope="module")
def encrypted(certificates: dict[str, Path]) -> Iterator[str]:
    """The address of a cluster that speaks to nobody without a certificate."""
    files = {"tls_ca_file": "ca"}
    files |= {f"tls_{role}_{kind}": kind for role in ("client", "scheduler", "worker") for kind in ("cert", "key")}
    security = distributed.security.Security(
        require_encryption=True, **{name: str(certificates[f"ours {kind}"]) for name, kind in files.items()}
    )
    with local(processes=False, security=security, protocol="tls://") as found:
        yield found.scheduler_address


def holder(address: str, certificates: dict[str, Path], name: str = "ours") -> Cluster:
    return Cluster(address, *(certificates[f"{name} {kind}"] for kind in ("ca", "cert", "key")))


def double(number: int) -> int:
    return 2 * number


def test_threads_unless_somebody_asks_for_others() -> None:
    with means_of(None, None) as means:
        assert means is THREADS
    with means_of(3, None) as means:
        executor = means.make()
        assert (type(executor), means.workers(), means.elsewhere) == (ThreadedProcesses, 3 * EACH, True)
        executor.shutdown()


def test_a_cluster_with_certificates_on_both_sides(encrypted: str, certificates: dict[str, Path]) -> None:
    with means_of(None, holder(encrypted, certificates)) as means:
        assert (means.workers(), means.elsewhere) == (2, True)
        found = read(double, range(20), means)
    assert found == {number: Outcome(number, End.READ, 2 * number, 1) for number in range(20)}


def test_the_files_may_stand_in_dasks_own_configuration(encrypted: str, certificates: dict[str, Path]) -> None:
    import dask

    places = {"ca-file": "ca", "client.cert": "cert", "client.key": "key"}
    files = {f"distributed.comm.tls.{place}": str(certificates[f"ours {kind}"]) for place, kind in places.items()}
    with dask.config.set(files), means_of(None, Cluster(encrypted)) as means:
        assert means.workers() == 2


def test_a_certificate_of_somebody_else_is_no_use(
    encrypted: str, certificates: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "WAIT", 2)
    with (
        pytest.raises(WorkerError, match=rf"^no cluster answers at {encrypted}: "),
        means_of(None, holder(encrypted, certificates, "theirs")),
    ):
        pass


FILES = (Path("ca.pem"), Path("cert.pem"), Path("key.pem"))
NOT_WRITTEN = "is not written as tls://HOST:PORT"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Cluster("10.0.0.1:8786"), NOT_WRITTEN),
        (Cluster("tls://scheduler"), NOT_WRITTEN),
        (Cluster("tls://scheduler:99999"), NOT_WRITTEN),
        (Cluster("tls://:8786"), NOT_WRITTEN),
        (Cluster("ws://127.0.0.1:8786"), NOT_WRITTEN),
        (Cluster("tls://scheduler:8786/x"), NOT_WRITTEN),
        (Cluster("tcp://10.0.0.1:8786"), "off the loopback address only tls:// is spoken"),
        (Cluster("tcp://scheduler:8786"), "off the loopback address only tls:// is spoken"),
        (Cluster("tcp://localhost.example.com:8786"), "off the loopback address only tls:// is spoken"),
        (Cluster("tcp://127.0.0.1:8786", *FILES), "are for a cluster at tls://"),
        (Cluster("tls://scheduler:8786", FILES[0]), "go together"),
        (Cluster("tls://scheduler:8786", None, *FILES[1:]), "go together"),
        (Cluster("tls://scheduler:8786", *FILES), "--cluster-ca: ca.pem cannot be read"),
        (Cluster("tls://scheduler:8786"), "must show each other certificates"),
    ],
)
def test_what_is_no_cluster_to_speak_to(asked: Cluster, said: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught, means_of(None, asked):
        pass
    assert said in str(caught.value)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:8786"])
def test_on_loopback_it_may_do_without(address: str) -> None:
    assert checked(Cluster(address)) == Cluster(address)


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WAIT", 1)
    said = r"^no cluster answers at tcp://127\.0\.0\.1:9: "
    with pytest.raises(WorkerError, match=said), means_of(None, Cluster("tcp://127.0.0.1:9")):
        pass


def test_no_worker_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WAIT", 1)
    with distributed.LocalCluster(
        dashboard_address="127.0.0.1:0", n_workers=0, processes=False, protocol="tcp://"
    ) as empty:
        said = rf"^the cluster at {empty.scheduler_address} has no workers$"
        with pytest.raises(WorkerError, match=said), means_of(None, Cluster(empty.scheduler_address)):
            pass


def test_workers_of_another_version_are_told_of_at_once(
    encrypted: str, certificates: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "__version__", "0.0.1")
    monkeypatch.setattr(cluster, "version", lambda: "0.0.2")
    said = r"^the worker \S+ of the cluster has version 0\.0\.2 of auditor; this is version 0\.0\.1$"
    with pytest.raises(WorkerError, match=said), means_of(None, holder(encrypted, certificates)):
        pass


def test_a_worker_that_comes_later_looks_for_itself() -> None:
    said = f"a worker has version {__version__} of auditor; this is version 0.0.1"
    scope: Any = object()
    with pytest.raises(WorkerError) as caught:
        Errand("0.0.1")(scope)
    assert str(caught.value) == said


def die_once(directory: Path, scope: str) -> str:
    mark = directory / scope
    if scope.startswith("frail") and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return scope


@pytest.fixture(scope="module")
def two_processes() -> Iterator[str]:
    """The address of a cluster of two processes on loopback. A worker that dies is replaced."""
    with local(processes=True, protocol="tcp://") as found:
        yield found.scheduler_address


@pytest.mark.parametrize("kind", ["processes", "cluster"])
def test_a_worker_that_is_killed_loses_nothing(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    scopes = ["a", "frail-1", "b", "c", "frail-2", "d"]
    asked = Cluster(request.getfixturevalue("two_processes")) if kind == "cluster" else None
    with means_of(2, asked) as means:
        found = read(partial(die_once, tmp_path), scopes, means)
    assert {scope: (outcome.end, outcome.result) for scope, outcome in found.items()} == {
        scope: (End.READ, scope) for scope in scopes
    }
    assert sorted(mark.name for mark in tmp_path.iterdir()) == ["frail-1", "frail-2"]


def wait_and_touch(directory: Path, scope: str) -> str:
    (directory / f"{scope} begun").touch()
    time.sleep(30)
    (directory / f"{scope} done").touch()
    return scope


def begun(executor: Executor, folder: Path) -> None:
    """Something that takes long is under way there."""
    executor.submit(wait_and_touch, folder, "a")
    start = time.monotonic()
    while not (folder / "a begun").exists() and time.monotonic() - start < 30:
        time.sleep(0.05)


def ended(process: BaseProcess) -> int | None:
    """How it ended.

    An executor waits for its processes in a thread of its own. When that one has just had the answer from the system,
    and not yet written it down, the process is gone and Python says of it for a moment that it has not ended.
    """
    process.join(10)
    start = time.monotonic()
    while process.exitcode is None and time.monotonic() - start < 10:
        time.sleep(0.01)
    return process.exitcode


def test_processes_end_at_once_when_nobody_waits_for_them(tmp_path: Path) -> None:
    """What is under way for long would else keep the program from ending after Ctrl-C."""
    reading = ThreadedProcesses(1)
    begun(reading, tmp_path)
    reading.shutdown(wait=False)
    (worker,) = reading._workers
    assert ended(worker.process) == -signal.SIGTERM
    (tmp_path / "a begun").unlink()
    computing = Processes(1)
    begun(computing, tmp_path)
    (process,) = list((computing._processes or {}).values())
    computing.shutdown(wait=False, cancel_futures=True)
    assert ended(process) == -signal.SIGTERM
    assert not (tmp_path / "a done").exists()


def three(process: int) -> int:
    """Which process it is; it takes a moment."""
    del process
    time.sleep(0.5)
    return os.getpid()


def cannot_be_sent(number: int) -> Any:
    return lambda: number


class OddError(Exception):
    """Cannot be put together again on the other side."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(one + other)


def raises(number: int) -> int:
    if number:
        raise OddError(number, number)
    raise LookupError("not there")


def test_a_process_does_several_things_at_once() -> None:
    executor = ThreadedProcesses(2)
    executor.submit(double, 1).result(30)
    executor.submit(double, 1).result(30)
    assert len(executor._workers) == 1  # it had nothing to do
    start = time.monotonic()
    found = [executor.submit(three, number) for number in range(6)]
    assert len({future.result(60) for future in found}) == len(executor._workers) == 2
    assert time.monotonic() - start < 6 * 0.5 + 10
    for task, said in ((cannot_be_sent, "what came out cannot be sent"), (raises, "missing 1 required positional")):
        with pytest.raises(TypeError, match=said):
            executor.submit(task, 1).result(30)
    with pytest.raises(LookupError, match=r"^'not there'$|^not there$"):
        executor.submit(raises, 0).result(30)
    assert executor.submit(double, 4).result(30) == 8
    executor.shutdown()
    assert [ended(worker.process) for worker in executor._workers] == [0, 0]


ORPHANING = """
import os, time
from auditor.collecting.executors import Processes
if __name__ == "__main__":
    executor = Processes(2)
    working = [executor.submit(time.sleep, 600) for _ in range(2)]
    while not all(future.running() for future in working):
        time.sleep(0.01)
    print(*executor._processes, flush=True)
    time.sleep(600)
"""


def test_processes_end_with_the_program_however_that_ends(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(ORPHANING)
    paths = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=paths) as program:
        assert program.stdout is not None
        workers = [int(number) for number in program.stdout.readline().split()]
        assert len(workers) == 2
        program.kill()
    end = time.monotonic() + 30
    while any(map(runs, workers)):
        assert time.monotonic() < end
        time.sleep(0.05)


def runs(process: int) -> bool:
    """Whether there is such a process that has not ended."""
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
