"""Text files that may be packed with Zstandard (RFC 8878): written so where that is asked for, read whatever they are.

A packed file is told by its first bytes, not by its name. It is packed and unpacked as it goes, with a checksum at its
end, by the module of the standard library, which Python has from 3.14; before that by its backport.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from auditor.errors import SnapshotError

SUFFIX = ".zst"
"""What the names of packed files end in."""
MAGIC = b"\x28\xb5\x2f\xfd"
"""What they begin with (RFC 8878, 3.1.1)."""


def wants_packing(path: Path) -> bool:
    """Whether the name asks for a packed file."""
    return path.suffix.lower() == SUFFIX


@contextmanager
def packed(path: Path) -> Iterator[TextIO]:
    """A stream whose text is packed into `path`: UTF-8, newlines as written. Raises `OSError`."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    options: Mapping[int, int] = {zstd.CompressionParameter.checksum_flag: 1}
    with (
        zstd.ZstdFile(path, "w", options=options) as packing,
        io.TextIOWrapper(packing, encoding="utf-8", errors="backslashreplace", newline="\n") as stream,
    ):
        yield stream


@contextmanager
def unpacked(path: Path) -> Iterator[TextIO]:
    """The text of `path`, packed or not. Raises `SnapshotError` when it cannot be read, is damaged, or no text.

    Only who reads to the end learns that the file was whole.
    """
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    try:
        with path.open("rb") as file:
            head = file.peek(len(MAGIC))[: len(MAGIC)]
            # A beginning of the four bytes, and no more, is a packed file of which next to nothing is left.
            source = zstd.ZstdFile(file) if head and MAGIC.startswith(head) else file
            with io.TextIOWrapper(source, encoding="utf-8", errors="strict") as stream:
                yield stream
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be read: {error.strerror or error}") from error
    except EOFError as error:
        raise SnapshotError(f"{path}: cut short: the packed text does not end; collect again") from error
    except zstd.ZstdError as error:
        raise SnapshotError(f"{path}: damaged: it cannot be unpacked ({error}); collect again") from error
    except UnicodeDecodeError as error:
        raise SnapshotError(f"{path}: not a snapshot: it holds bytes that are not UTF-8 text") from error
