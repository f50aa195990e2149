"""Temporary files: what is written is read, by whom, and that nothing stays behind."""

from __future__ import annotations

import concurrent.futures
import errno
import gc
import multiprocessing
import os
import pickle
import signal
import stat
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import AuditorError, ScratchError
from auditor.storage import scratch
from auditor.storage.scratch import Extent, Scratch, pack, pack_any, unpack

ANY_TEXT = st.text(st.characters(exclude_categories=()))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=20,
)
ODD: list[Any] = [
    {"\ud800": "\udfff", "b": 1, "a": 2},
    [10**6000, -(2**63), 1.5, 1e308, float("inf"), -0.0, True, None],
    {"When": datetime(2026, 11, 22, tzinfo=UTC), "tuple": (1, "x"), "bytes": b"\0"},
    "",
    {},
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture(params=["without a name", "by name"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether files have names, as where there is no /proc."""
    named: bool = request.param == "by name"
    if named:
        monkeypatch.setattr(scratch, "_without_name", lambda _, name: name)
    elif sys.platform != "linux":
        pytest.skip("needs /proc")
    return named


def _inherited() -> None:
    with pytest.raises(ScratchError, match="it belongs to another process"):
        INHERITED[0].write(b"x")
    INHERITED.clear()


INHERITED: list[Scratch] = []


def test_a_forked_process_neither_writes_nor_removes_what_it_inherited(folder: Path, either: bool) -> None:
    INHERITED.append(Scratch())
    INHERITED[0].write(b"abc")
    child = multiprocessing.get_context("fork").Process(target=_inherited)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert len(list(folder.iterdir())) == either
    assert INHERITED.pop().read(Extent(0, 3)) == b"abc"
    assert not list(folder.iterdir())


@given(ANY_JSON)
def test_json_comes_back_equal(value: Any) -> None:
    data = pack(value)
    assert data[:1] == b"m"
    back = unpack(data)
    assert repr(back) == repr(value)


@pytest.mark.parametrize("value", ODD)
def test_so_does_what_is_not_json(value: Any) -> None:
    assert unpack(pack(value)) == value
    data, size = pack_any(value)
    assert unpack(data) == value
    assert size == len(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def test_what_is_nested_as_deeply_as_json_can_be_read() -> None:
    value: Any = {}
    for _ in range(1500):
        value = {"a": [value]} if len(value) == 0 else [value]
    assert pack(value)[:1] == b"m"
    for _ in range(1000):
        value = [value]
    with pytest.raises(RecursionError):
        pack(value)


def test_the_collector_runs_as_before() -> None:
    assert gc.isenabled()
    unpack(pack([1]))
    assert gc.isenabled()
    gc.disable()
    try:
        unpack(pack([1]))
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_written_and_read(folder: Path, either: bool) -> None:
    file = Scratch()
    assert [file.write(data) for data in (b"abc", b"", b"de")] == [Extent(0, 3), Extent(3, 0), Extent(3, 2)]
    assert [file.read(extent) for extent in (Extent(3, 2), Extent(0, 3), Extent(3, 0))] == [b"de", b"abc", b""]
    names = list(folder.iterdir())
    assert len(names) == either
    assert all(stat.S_IMODE(name.stat().st_mode) == 0o600 for name in names)
    file.close()
    assert not list(folder.iterdir())
    with pytest.raises(ScratchError, match="it is closed"):
        file.read(Extent(0, 3))
    with pytest.raises(ScratchError, match="it is closed"):
        pickle.dumps(file)


def test_gone_when_nobody_has_it(folder: Path, either: bool) -> None:
    file: Scratch | None = Scratch()
    assert file is not None
    assert len(list(folder.iterdir())) == either
    descriptor = file._descriptor
    file = None
    assert not list(folder.iterdir())
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def _append(file: Scratch) -> Extent:
    return file.write(b"x")


def _first(file: Scratch) -> bytes:
    return file.read(Extent(1, 2))


@pytest.mark.parametrize("way", ["spawn", "fork", "forkserver"])
def test_another_process_reads_it_and_leaves_it_there(folder: Path, either: bool, way: str) -> None:
    file = Scratch()
    file.write(b"abcd")
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context(way)) as workers:
        assert workers.submit(_first, file).result() == b"bc"
        file.write(b"ef")
        assert workers.submit(_first, file).result() == b"bc"
        with pytest.raises(ScratchError, match="cannot be written"):
            workers.submit(_append, file).result()
    assert len(list(folder.glob("auditor-*"))) == either
    assert file.read(Extent(2, 4)) == b"cdef"


def test_a_reader_keeps_what_the_writer_has_closed(folder: Path, either: bool) -> None:
    file = Scratch()
    file.write(b"abc")
    reader: Scratch = pickle.loads(pickle.dumps(file))
    pickled = pickle.dumps(file)
    file.close()
    assert reader.read(Extent(0, 3)) == b"abc"
    with pytest.raises(ScratchError, match="worker processes must run on the same machine"):
        pickle.loads(pickled)
    with pytest.raises(ScratchError, match="cannot be written"):
        reader.write(b"d")


def test_no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    with pytest.raises(ScratchError) as caught:
        Scratch()
    assert str(caught.value) == (
        "a temporary file cannot be written (No such file or directory); "
        "set TMPDIR to a directory with more room: a large estate needs some gigabytes"
    )
    assert isinstance(caught.value, AuditorError)


def test_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Scratch()
    file.write(b"abc")
    real = os.pwrite

    def write(descriptor: int, data: memoryview, offset: int) -> int:
        """The first half of it fits."""
        if len(data) > 2:
            return real(descriptor, data[: len(data) // 2], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", write)
    with pytest.raises(ScratchError) as caught:
        file.write(b"0123456789")
    assert str(caught.value) == (
        f"there is no room left for temporary files in {folder}; "
        "set TMPDIR to a directory with more room: a large estate needs some gigabytes"
    )
    monkeypatch.setattr(os, "pwrite", real)
    assert file.write(b"de") == Extent(3, 2)
    assert file.read(Extent(0, 5)) == b"abcde"


def test_a_file_somebody_has_shortened(folder: Path) -> None:
    file = Scratch()
    extent = file.write(b"abc")
    os.truncate(file._descriptor, 1)
    with pytest.raises(ScratchError, match="somebody has shortened it"):
        file.read(extent)


ENDS = {
    "end": "",
    "exception": "raise SystemError",
    "exit": "sys.exit(3)",
    "Ctrl-C": "os.kill(os.getpid(), signal.SIGINT); time.sleep(10)",
}
PROGRAM = """
import os, signal, sys, time
from auditor.storage import scratch
if {named}:
    scratch._without_name = lambda _, name: name
file = scratch.Scratch()
file.write(b"abc")
assert len(os.listdir(os.environ["TMPDIR"])) == {named}
{end}
"""


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("named", [True, False])
def test_gone_however_the_program_ends(tmp_path: Path, end: str, named: bool) -> None:
    _run(tmp_path, PROGRAM.format(named=named, end=ENDS[end]))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_gone_even_if_it_is_killed(tmp_path: Path) -> None:
    ended = _run(tmp_path, PROGRAM.format(named=False, end="os.kill(os.getpid(), signal.SIGKILL)"))
    assert ended.returncode == -signal.SIGKILL
    assert not list(tmp_path.iterdir())


def _run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "AssertionError" not in done.stderr
    return done
