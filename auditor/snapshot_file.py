"""How a snapshot lies in a file: JSON Lines, packed or not (`storage.packing`), written and read line by line.

A header, one line per visit, document or ledger row, and an end line that counts them, by which a file cut short is
recognised. Version 2 tells when each scope of the plan was read (`auditor.visits`); what tells nothing of that is
version 1.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from sys import intern
from typing import Any, TextIO

from auditor import visits
from auditor.errors import SnapshotError
from auditor.shards import Part, checked
from auditor.snapshot import Coverage, Document, Snapshot, Status
from auditor.storage.packing import unpacked
from auditor.storage.shelf import Shelf
from auditor.visits import Visit

FORMAT = "oidc-trust-auditor snapshot"
VERSION = 2
VERSIONS = (1, 2)
"""All that are read."""

BATCH = 500
"""Lines decoded at once."""


def save(snapshot: Snapshot, stream: TextIO) -> None:
    """Write `snapshot` as JSON Lines. Text that is not valid Unicode survives as `\\ud800` escapes."""

    def line(record: Mapping[str, Any]) -> None:
        stream.write(json.dumps(record, separators=(",", ":"), default=str) + "\n")

    visited = bool(snapshot.visits or snapshot.plan)
    header: dict[str, Any] = {"format": FORMAT, "version": VERSION if visited else 1}
    header |= {"started": snapshot.started, "finished": snapshot.finished}
    if visited:
        header["plan"] = snapshot.plan
    if snapshot.parts:
        header["parts"] = [
            {
                "plan": part.plan,
                "index": part.shard.index,
                "count": part.shard.count,
                "providers": list(part.providers),
            }
            for part in snapshot.parts
        ]
    line(header)
    for visit in snapshot.visits:
        line({"visit": visits.written(visit)})
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
    line({"end": _counts(snapshot, visited=visited)})


def _counts(snapshot: Snapshot, *, visited: bool) -> dict[str, int]:
    """What the end line says."""
    counts = {"documents": len(snapshot.documents), "coverage": len(snapshot.coverage)}
    return {"visits": len(snapshot.visits), **counts} if visited else counts


def load(path: Path) -> Snapshot:
    """Read a snapshot. Raises `SnapshotError`, naming the line, for what is no whole snapshot of a known version."""
    with unpacked(path) as stream, _collector_aside():
        return parsed(path, stream)


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


def parsed(path: Path, lines: Iterable[str]) -> Snapshot:
    """What `save` wrote, of which `path` is the name in messages. Raises as `load`."""
    snapshot: Snapshot | None = None
    seen: list[Visit] = []
    shelf = Shelf()
    read = 0
    ended = visited = False
    for number, (record, size) in enumerate(_records(path, lines), 1):
        try:
            if snapshot is None:
                snapshot = replace(_header(path, record), documents=shelf)
                visited = record["version"] > 1
            elif ended:
                raise SnapshotError(f"{path}:{number}: something follows the end line; use `--from` once per snapshot")
            elif "document" in record:
                shelf.append(_document(record["document"]), size)
                read += 1
            elif "coverage" in record:
                snapshot.coverage.append(_coverage(record["coverage"]))
            elif visited and "visit" in record:
                seen.append(visits.read(record["visit"]))
            elif "end" in record:
                snapshot.visits = tuple(seen)
                counts = _counts(snapshot, visited=visited) | {"documents": read}
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


def _records(path: Path, lines: Iterable[str]) -> Iterator[tuple[Any, int]]:
    """What each line holds, and how long it is.

    Many lines are decoded at once, because the decoder then keeps each name of a field once and not once per line: half
    of the memory that a snapshot would take.
    """
    read = 0
    source = iter(lines)
    while batch := list(islice(source, BATCH)):
        try:
            records = json.loads(f"[{','.join(batch)}]")
        except (ValueError, RecursionError):
            records = []
        if len(records) != len(batch):
            records = (_record(path, number, line) for number, line in enumerate(batch, read + 1))
        yield from zip(records, map(len, batch), strict=True)
        read += len(batch)


def _record(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"{path}:{number}: not JSON; the file is damaged or cut short") from error


def _header(path: Path, record: Any) -> Snapshot:
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise SnapshotError(f"{path}: not a snapshot of this program (`auditor collect -o FILE` writes one)")
    if record.get("version") not in VERSIONS:
        raise SnapshotError(
            f"{path}: snapshot version {record.get('version')!r}; this program reads versions up to {VERSION}. "
            "Collect again, or audit it with the program that wrote it."
        )
    for key in ("started", "finished"):
        if datetime.fromisoformat(record[key]).tzinfo is None:
            raise ValueError(f"{key!r} has no time zone")
    parts = tuple(_part(part) for part in record.get("parts", ()))
    plan = record["plan"] if record["version"] > 1 else ""
    _texts(plan)
    return Snapshot(started=record["started"], finished=record["finished"], parts=parts, plan=plan)


def _part(record: Any) -> Part:
    _texts(record["plan"], *record["providers"])
    return Part(record["plan"], checked(record["index"], record["count"]), tuple(record["providers"]))


def _document(record: Any) -> Document:
    found = Document(**record)
    _texts(found.provider, found.scope, found.kind, found.id)
    found = Document(intern(found.provider), intern(found.scope), intern(found.kind), found.id, found.body)
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
