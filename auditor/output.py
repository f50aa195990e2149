"""Files appear whole or not at all: half a report must never pass for one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from auditor.errors import OutputError, UsageError
from auditor.storage.packing import packed


def require_writable(path: Path) -> None:
    """Raise `UsageError` when `path` can clearly not be written, before an audit has been made for nothing."""
    folder = path.parent
    if path.is_dir():
        raise UsageError(f"{path}: is a folder, not a file")
    if not folder.is_dir():
        raise UsageError(f"{path}: there is no folder {folder}; create it first")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"{path}: may not be written")


def require_absent(path: Path) -> None:
    """Raise `UsageError` when something is at `path`, which is not to be overwritten, or when it cannot be written."""
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path}: is there already, and nothing is overwritten; -o FILE writes another file")
    require_writable(path)


@contextmanager
def whole_file(path: Path, *, pack: bool = False) -> Iterator[TextIO]:
    """A stream whose text becomes the file `path` when the block ends well; UTF-8, newlines as written.

    With `pack` it is packed (`storage.packing`). A device or pipe is written directly. Raises `OutputError` when
    writing fails; `path` is then as before.
    """
    target = path.resolve() if path.is_symlink() else path
    special = target.exists() and not target.is_file()
    draft = target if special else target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            with packed(draft) if pack else _plain(draft) as stream:
                yield stream
            if not special:
                _settle(draft)
                draft.replace(target)
        finally:
            if not special:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _settle(path: Path) -> None:
    """Have it on the disk before it takes the place of something: a loss of power must not leave an empty file."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _plain(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
