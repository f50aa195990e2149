"""The file in which a collection keeps what it has read so far, scope by scope, so that being killed costs little.

Each entry is the snapshot of one scope of the plan, packed as a frame of its own with a checksum (RFC 8878, 3.1). It is
handed to the system at once, and the system is asked every second to bring it to the disk. The first frame says what is
being collected. So the file unpacks like any other; and wherever it was torn off, the whole frames before that count,
and nothing after them.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from auditor import visits
from auditor.errors import OutputError, UsageError
from auditor.snapshot import Snapshot
from auditor.snapshot_file import parsed, save
from auditor.storage.packing import MAGIC
from auditor.visits import Visit

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FORMAT = "oidc-trust-auditor journal"

CHUNK = 1 << 16
"""Bytes that are read at once, and unpacked at most."""
PAUSE = 1.0
"""Seconds between two times that the disk is waited for: many small entries would be written no faster than it can."""
HEAD = 2
"""Lines of an entry that are looked at without reading all of it: what it is, and when it was read."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a whole frame lies, and how its text begins."""

    begin: int
    end: int
    head: tuple[str, ...]
    """Its first two lines."""


class Journal:
    """Such a file, open for adding. For one thread at a time."""

    def __init__(self, path: Path, plan: str, *, keep: bool) -> None:
        """With `keep` the whole entries that are there stay, else the file begins anew.

        Raises `UsageError` when it is no journal, is being written by another collection or (with `keep`) is of another
        plan, and `OutputError` when it cannot be written.
        """
        self.path = path
        self.torn = 0
        """How many bytes at its end were no whole entry, and are gone."""
        self._synced = 0.0
        self._entries: dict[tuple[str, str], tuple[Visit, int, int]] = {}
        """With where they lie."""
        with _told(path):
            self._file = _opened(path)
        with ExitStack() as unless_begun, _told(path):
            unless_begun.callback(self._file.close)
            self._begin(plan, keep=keep)
            unless_begun.pop_all()

    def _begin(self, plan: str, *, keep: bool) -> None:
        _lock(self.path, self._file)
        frames = _frames(self._file)
        first = next(frames, None)
        self._end = 0
        _require_ours(self.path, self._file, first)
        if first is not None and keep:
            if _plan(first.head[0]) != plan:
                raise UsageError(f"{self.path}: is of another collection")
            self._end = first.end
            self._take(frames)
        self.torn = os.fstat(self._file.fileno()).st_size - self._end if keep else 0
        self._cut()
        if not self._end:
            header = {"format": FORMAT, "plan": plan}
            self._append(lambda stream: stream.write(json.dumps(header) + "\n"))
            self._sync()
            _settle(self.path.absolute().parent)

    def _take(self, frames: Iterator[_Frame]) -> None:
        for frame in frames:
            try:
                visit = visits.read(json.loads(frame.head[1])["visit"])
            except (IndexError, KeyError, TypeError, ValueError):
                return
            self._entries[visit.key] = (visit, frame.begin, frame.end)
            self._end = frame.end

    @property
    def visits(self) -> Mapping[tuple[str, str], Visit]:
        """Provider and scope of everything that was read, to the last time it was."""
        return {key: visit for key, (visit, _, _) in self._entries.items()}

    def part(self, key: tuple[str, str]) -> Snapshot:
        """What was read then. Raises `OutputError` when the file cannot be read any longer."""
        _, begin, end = self._entries[key]
        with _told(self.path):
            packed = _exactly(self._file, begin, end)
        with io.TextIOWrapper(zstd.ZstdFile(io.BytesIO(packed)), encoding="utf-8") as lines:
            return parsed(self.path, lines)

    def add(self, part: Snapshot) -> None:
        """Write down a scope for good. Raises `OutputError`; the file is then as before."""
        (visit,) = part.visits
        begin = self._end
        with _told(self.path):
            self._append(lambda stream: save(part, stream))
        self._entries[visit.key] = (visit, begin, self._end)

    def _append(self, write: Callable[[TextIO], object]) -> None:
        before = self._end
        self._file.seek(before)
        packing = _Packing(self._file)
        try:
            with io.TextIOWrapper(io.BufferedWriter(packing, CHUNK), "utf-8", "backslashreplace", "\n") as stream:
                write(stream)
            packing.end()
            self._end = self._file.tell()
            if time.monotonic() >= self._synced + PAUSE:
                self._sync()
        except BaseException:  # also Ctrl-C: what follows must not lie behind half an entry
            self._end = before
            self._cut()
            raise

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()

    def _cut(self) -> None:
        self._file.truncate(self._end)

    def close(self) -> None:
        """Let go of the file, which stays."""
        if not self._file.closed:
            with suppress(OSError):
                self._sync()
        self._file.close()

    def remove(self) -> None:
        """Delete the file: what it holds is elsewhere now."""
        self.path.unlink(missing_ok=True)
        self._file.close()


class _Packing(io.RawIOBase):
    """Packs what is written to it into one frame, which ends with `end` and not before: half of one stays torn."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.checksum_flag: 1})

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        _write(self._file, self._compressor.compress(data))
        return len(data)

    def end(self) -> None:
        _write(self._file, self._compressor.flush())


def _write(file: io.FileIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def _exactly(file: io.FileIO, begin: int, end: int) -> bytes:
    file.seek(begin)
    found = bytearray()
    while len(found) < end - begin:
        data = file.read(end - begin - len(found))
        if not data:
            raise OSError(0, "it became shorter")
        found += data
    return bytes(found)


def _frames(file: io.FileIO) -> Iterator[_Frame]:
    """The whole frames at the beginning of a file, unpacked and checked."""
    file.seek(0)
    begin, rest = 0, b""
    while True:
        unpacking, head = zstd.ZstdDecompressor(), bytearray()
        while not unpacking.eof:
            if unpacking.needs_input:
                rest = rest or file.read(CHUNK)
                if not rest:
                    return
            try:
                text = unpacking.decompress(rest, CHUNK)
            except zstd.ZstdError:
                return
            rest = b""
            if head.count(b"\n") < HEAD:
                head += text
        rest = unpacking.unused_data
        end = file.tell() - len(rest)
        yield _Frame(begin, end, tuple(head.decode("utf-8", "replace").split("\n")[:HEAD]))
        file.seek(end)
        begin, rest = end, b""


def plan_in(path: Path) -> str | None:
    """The plan that the journal at `path` is of; None if it is no journal, or next to nothing of it is left.

    Raises `UsageError` when it cannot be read.
    """
    try:
        with io.FileIO(path) as file:
            start = file.read(CHUNK)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    unpacking = zstd.ZstdDecompressor()
    try:
        text = unpacking.decompress(start, CHUNK)
    except zstd.ZstdError:
        return None
    return _plan(text.decode("utf-8", "replace")) if unpacking.eof else None


def _plan(text: str) -> str | None:
    """What the first frame of a journal says, and no other."""
    try:
        head = json.loads(text)
    except ValueError:
        return None
    found = head.get("plan") if isinstance(head, dict) and head.get("format") == FORMAT else None
    return found if isinstance(found, str) else None


def _require_ours(path: Path, file: io.FileIO, first: _Frame | None) -> None:
    """Raises `UsageError` when somebody else's file would be overwritten."""
    if first is None:
        file.seek(0)
        start = file.read(len(MAGIC)) or b""
        ours = MAGIC.startswith(start) or not any(start)  # what a loss of power leaves are zeros
    else:
        ours = _plan(first.head[0]) is not None
    if not ours:
        raise UsageError(f"{path}: is no file of an interrupted collection; move it away, or write to another file")


def _opened(path: Path) -> io.FileIO:
    """Open for reading and writing, made if need be."""
    return io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "r+")


def _settle(folder: Path) -> None:
    """Have the name of a new file on the disk too, where that needs to be asked for."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _lock(path: Path, file: io.FileIO) -> None:
    """Until the file is closed, or the process ends. Where there are no such locks, nobody is kept out."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(f"{path}: another collection is writing it; wait for it, or write to another file") from error
    except OSError:
        return  # a file system without locks


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be kept: {error.strerror}") from error
