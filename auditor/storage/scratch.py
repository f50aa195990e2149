"""Files for what does not fit into memory: written once, read at any place, gone when nobody needs them any longer.

Such a file holds packed batches of objects of this program and is read by this program only, in the same run: by who
wrote it and by worker processes of the same machine, to whom it can be pickled. It is readable by its owner alone.
Where the system lets an open file be opened once more without a name (Linux), it has none from the beginning, so that
nothing stays behind even if the program is killed. Elsewhere it is removed when it is no longer used, or at the end.
"""

from __future__ import annotations

import errno
import gc
import marshal
import os
import pickle
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import ScratchError

LEVEL = 1
"""Of Zstandard: higher ones take longer and save next to nothing on what is alike to begin with."""

_PLAIN, _ANY = b"m", b"p"


@dataclass(frozen=True, slots=True)
class Extent:
    """Where in a file a batch lies."""

    offset: int
    size: int


class Scratch:
    """One such file. Several threads may read it while one writes."""

    def __init__(self) -> None:
        try:
            descriptor, name = tempfile.mkstemp(prefix="auditor-", suffix=".scratch")
        except OSError as error:
            raise _no_room(error, None) from error
        self._directory = os.path.dirname(name)  # noqa: PTH120 - a text is what is kept
        self._name = _without_name(descriptor, name)
        self._take(descriptor, name if self._name == name else None, os.getpid())

    def _take(self, descriptor: int, name: str | None, writer: int | None) -> None:
        self._descriptor = descriptor
        self._writer = writer
        self._size = 0
        self._lock = threading.Lock()
        self._finalizer = weakref.finalize(self, _remove, descriptor, name, os.getpid())

    def write(self, data: bytes) -> Extent:
        """Append `data`. Raises `ScratchError`, after which the file is as it was."""
        with self._lock:
            found = Extent(self._size, len(data))
            try:
                self._write(data)
            except OSError as error:
                raise _no_room(error, self._directory) from error
            self._size += len(data)
            return found

    def read(self, extent: Extent) -> bytes:
        """What was written there. Raises `ScratchError`."""
        if not self._finalizer.alive:
            raise _unreadable("it is closed")
        try:
            data = self._read(extent)
        except OSError as error:
            raise _unreadable(error.strerror or str(error)) from error
        if len(data) != extent.size:
            raise _unreadable("somebody has shortened it")
        return data

    def _write(self, data: bytes) -> None:
        if self._writer != os.getpid():
            raise OSError(errno.EBADF, "it belongs to another process")
        rest, offset = memoryview(data), self._size
        while rest:
            if sys.platform != "win32":
                written = os.pwrite(self._descriptor, rest, offset)
            else:
                os.lseek(self._descriptor, offset, os.SEEK_SET)
                written = os.write(self._descriptor, rest)
            rest, offset = rest[written:], offset + written

    def _read(self, extent: Extent) -> bytes:
        if sys.platform != "win32":
            return os.pread(self._descriptor, extent.size, extent.offset)
        with self._lock:
            os.lseek(self._descriptor, extent.offset, os.SEEK_SET)
            return os.read(self._descriptor, extent.size)

    def close(self) -> None:
        """Give the room back. Nothing can be read afterwards."""
        self._finalizer()

    def __getstate__(self) -> tuple[str, str]:
        if not self._finalizer.alive:
            raise _unreadable("it is closed")
        return self._name, self._directory

    def __setstate__(self, state: tuple[str, str]) -> None:
        """In another process: for reading only, and without a right to remove it."""
        self._name, self._directory = state
        try:
            descriptor = os.open(self._name, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        except OSError as error:
            raise _unreadable(f"{error.strerror or error}; worker processes must run on the same machine") from error
        self._take(descriptor, None, None)


def pack(value: Any) -> bytes:
    """`value` as a batch. Raises what `pickle.dumps` raises for what cannot be pickled, or is nested too deeply."""
    try:
        # Three times as fast as pickles for decoded JSON. It takes plain types only, so that equality is kept.
        return _PLAIN + _compress(marshal.dumps(value))
    except ValueError:
        return _ANY + _compress(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def pack_any(value: Any) -> tuple[bytes, int]:
    """The same for other than plain types: the batch, and how long it was before it was packed."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _ANY + _compress(data), len(data)


def unpack(data: bytes) -> Any:
    """What was packed."""
    with _collector_aside():
        if data[:1] == _PLAIN:
            return marshal.loads(_decompress(data[1:]))  # noqa: S302 - written by this program, in this run
        return pickle.loads(_decompress(data[1:]))  # noqa: S301 - as above


def _compress(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    return zstd.compress(data, LEVEL)


def _decompress(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    return zstd.decompress(data)


@contextmanager
def _collector_aside() -> Iterator[None]:
    """What is decoded holds no garbage: looking for some while it grows would take longer than decoding it."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _without_name(descriptor: int, name: str) -> str:
    """By what another process of this machine opens the file; its name is gone if it can do without."""
    other = f"/proc/{os.getpid()}/fd/{descriptor}"
    try:
        if sys.platform == "linux" and Path(other).samefile(name):
            Path(name).unlink()
            os.close(os.open(other, os.O_RDONLY))
            return other
    except OSError:
        pass
    return name


def _remove(descriptor: int, name: str | None, owner: int) -> None:
    os.close(descriptor)
    if name is not None and os.getpid() == owner:  # a forked worker has this to do as well, and must not
        Path(name).unlink(missing_ok=True)


def _no_room(error: OSError, directory: str | None) -> ScratchError:
    where = "a temporary file cannot be written" + ("" if directory is None else f" in {directory}")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        where = "there is no room left for temporary files" + ("" if directory is None else f" in {directory}")
    told = "" if error.errno in {errno.ENOSPC, errno.EDQUOT} else f" ({error.strerror or error})"
    return ScratchError(f"{where}{told}; set TMPDIR to a directory with more room: a large estate needs some gigabytes")


def _unreadable(reason: str) -> ScratchError:
    return ScratchError(f"a temporary file of this program cannot be read: {reason}")
