"""Documents and the coverage ledger: everything an audit needs, so that it can be made later and without credentials.

On disk a snapshot is JSON Lines: a header, one line per document or ledger row, and an end line that counts them, by
which a file cut short is recognised. Two snapshots merge by concatenating what they hold.
"""

from __future__ import annotations

import enum
import gc
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from auditor.errors import SnapshotError

FORMAT = "oidc-trust-auditor snapshot"
VERSION = 1


class Status(enum.StrEnum):
    """What became of one kind of document in one scope."""

    READ = "read"
    DENIED = "denied"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, order=True)
class Coverage:
    """One row of the ledger: was this kind of document read in this scope, and if not, why not."""

    provider: str
    scope: str
    kind: str
    """The kind of document, e.g. `iam-role`; with an id after a space when only one document is meant."""
    status: Status
    reason: str | None = None
    permission: str | None = None
    """The permission that was missing, as the cloud writes it."""


@dataclass(frozen=True, slots=True)
class Document:
    """One API document as the cloud returned it."""

    provider: str
    scope: str
    kind: str
    id: str
    body: Mapping[str, Any]


@dataclass(slots=True)
class Snapshot:
    """What was collected, when, and what could not be."""

    started: str
    """RFC 3339, UTC."""
    finished: str
    documents: list[Document] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)

    def of(self, provider: str, kind: str) -> Iterator[Document]:
        """The documents of one kind, in the order they were collected."""
        return (doc for doc in self.documents if doc.provider == provider and doc.kind == kind)

    @property
    def providers(self) -> frozenset[str]:
        """Every provider the snapshot has a document or a ledger row of."""
        return frozenset([*(doc.provider for doc in self.documents), *(row.provider for row in self.coverage)])

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was read."""
        return all(row.status in (Status.READ, Status.SKIPPED) for row in self.coverage)


def merge(snapshots: Iterable[Snapshot]) -> Snapshot:
    """All documents and ledger rows of `snapshots`, each once; of a document that several hold, the one collected last.

    Raises `SnapshotError` when there is no snapshot.
    """
    parts = sorted(snapshots, key=lambda part: part.finished)
    if not parts:
        raise SnapshotError("there is no snapshot to audit")
    documents = {(d.provider, d.scope, d.kind, d.id): d for part in parts for d in part.documents}
    return Snapshot(
        started=min(part.started for part in parts),
        finished=max(part.finished for part in parts),
        documents=list(documents.values()),
        coverage=list(dict.fromkeys(row for part in parts for row in part.coverage)),
    )


def save(snapshot: Snapshot, stream: TextIO) -> None:
    """Write `snapshot` as JSON Lines. Text that is not valid Unicode survives as `\\ud800` escapes."""

    def line(record: Mapping[str, Any]) -> None:
        stream.write(json.dumps(record, separators=(",", ":"), default=str) + "\n")

    line({"format": FORMAT, "version": VERSION, "started": snapshot.started, "finished": snapshot.finished})
    for doc in snapshot.documents:
        line(
            {
                "document": {
                    "provider": doc.provider,
                    "scope": doc.scope,
                    "kind": doc.kind,
                    "id": doc.id,
                    "body": doc.body,
                }
            }
        )
    for row in snapshot.coverage:
        line(
            {
                "coverage": {
                    "provider": row.provider,
                    "scope": row.scope,
                    "kind": row.kind,
                    "status": row.status.value,
                    "reason": row.reason,
                    "permission": row.permission,
                }
            }
        )
    line({"end": {"documents": len(snapshot.documents), "coverage": len(snapshot.coverage)}})


def load(path: Path) -> Snapshot:
    """Read a snapshot. Raises `SnapshotError`, naming the line, for what is no whole snapshot of version 1."""
    try:
        with path.open(encoding="utf-8", errors="strict") as stream, _collector_aside():
            return _parse(path, stream)
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SnapshotError(f"{path}: not a snapshot: it holds bytes that are not UTF-8 text") from error


@contextmanager
def _collector_aside() -> Iterator[None]:
    """Decoded JSON holds no cycles, and a snapshot stays until the end of an audit.

    So the garbage collector neither runs while one is read, nor ever looks through what was read: either would take
    longer than reading it.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if running:
            gc.enable()


def _parse(path: Path, lines: Iterable[str]) -> Snapshot:
    snapshot: Snapshot | None = None
    ended = False
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SnapshotError(f"{path}:{number}: not JSON; the file is damaged or cut short") from error
        try:
            if snapshot is None:
                snapshot = _header(path, record)
            elif ended:
                raise SnapshotError(f"{path}:{number}: something follows the end line; use `--from` once per snapshot")
            elif "document" in record:
                snapshot.documents.append(_document(record["document"]))
            elif "coverage" in record:
                snapshot.coverage.append(_coverage(record["coverage"]))
            elif "end" in record:
                counts = {"documents": len(snapshot.documents), "coverage": len(snapshot.coverage)}
                if record["end"] != counts:
                    raise SnapshotError(
                        f"{path}: damaged: the end line counts {record['end']}, the file holds {counts}"
                    )
                ended = True
            else:
                raise SnapshotError(f"{path}:{number}: a record of a kind this version does not know")
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f"{path}:{number}: a record of the wrong shape ({error})") from error
    if snapshot is None:
        raise SnapshotError(f"{path}: empty, not a snapshot")
    if not ended:
        raise SnapshotError(f"{path}: cut short: the end line is missing; collect again")
    return snapshot


def _header(path: Path, record: Any) -> Snapshot:
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise SnapshotError(f"{path}: not a snapshot of this program (`auditor collect -o FILE` writes one)")
    if record.get("version") != VERSION:
        raise SnapshotError(
            f"{path}: snapshot version {record.get('version')!r}; this program reads version {VERSION}. "
            "Collect again, or audit it with the program that wrote it."
        )
    for key in ("started", "finished"):
        if datetime.fromisoformat(record[key]).tzinfo is None:
            raise ValueError(f"{key!r} has no time zone")
    return Snapshot(started=record["started"], finished=record["finished"])


def _document(record: Any) -> Document:
    found = Document(**record)
    _texts(found.provider, found.scope, found.kind, found.id)
    if not isinstance(found.body, dict):
        raise TypeError("the body of a document is not an object")
    return found


def _coverage(record: Any) -> Coverage:
    found = Coverage(**{**record, "status": Status(record["status"])})
    _texts(found.provider, found.scope, found.kind, found.reason or "", found.permission or "")
    return found


def _texts(*values: object) -> None:
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} stands where text belongs")
