"""What a collection has read so far, and what it could not read. Knows documents, not how they were fetched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from auditor.progress import Progress, counted, silent
from auditor.providers.gcp.names import Projects
from auditor.providers.gcp.rest import Json, RefusedError, Trouble
from auditor.snapshot import Coverage, Document, Snapshot, Status

T = TypeVar("T")
R = TypeVar("R")

PROVIDER = "gcp"
NOWHERE = "-"
"""The scope of what belongs to no project, folder or organisation, such as Google's own roles."""


@dataclass(slots=True)
class Haul:
    """Documents and ledger rows. Many threads may add to it; what comes out does not depend on their order."""

    projects: Projects = field(default_factory=Projects)
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    coverage: dict[tuple[str, str], Coverage] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, scope: str, kind: str, ident: str, body: Mapping[str, Any]) -> None:
        """Add a document; of two with one id, what was kept first stays."""
        with self._lock:
            self.documents.setdefault((kind, ident), Document(PROVIDER, scope, kind, ident, body))

    def widen(self, scope: str, ident: str, body: Mapping[str, Any]) -> None:
        """Add the bindings of a policy of which only matching ones are known; a whole one has them already."""
        with self._lock:
            known = self.documents.get(("iam-policy", ident))
            if known is None:
                self.documents["iam-policy", ident] = Document(PROVIDER, scope, "iam-policy", ident, body)
            elif "matches" in known.body:
                wider = _together(known.body, body)
                self.documents["iam-policy", ident] = Document(PROVIDER, known.scope, "iam-policy", ident, wider)

    def note(
        self, scope: str, kind: str, status: Status, reason: str | None = None, permission: str | None = None
    ) -> None:
        """Add a row; one that was read does not hide that a part of it was not."""
        with self._lock:
            known = self.coverage.get((scope, kind))
            if known is None or known.status is Status.READ:
                self.coverage[scope, kind] = Coverage(PROVIDER, scope, kind, status, reason, permission)

    def refuse(self, scope: str, kind: str, error: RefusedError, permission: str | None, rest: str = "") -> None:
        """Add the row of a call that gave no answer; `permission` is the one it usually takes."""
        trouble = error.trouble
        with self._lock:
            self.troubles.append(trouble)
        self.note(scope, kind, trouble.status, trouble.reason + rest, trouble.permission or permission)

    def has(self, kind: str, ident: str) -> bool:
        return (kind, ident) in self.documents

    def of(self, kind: str) -> list[Document]:
        """The documents of one kind so far, by id."""
        with self._lock:
            return sorted((doc for doc in self.documents.values() if doc.kind == kind), key=lambda doc: doc.id)

    def was_read(self, scope: str, kind: str) -> bool:
        row = self.coverage.get((scope, kind))
        return row is not None and row.status is Status.READ

    @property
    def empty(self) -> bool:
        """Whether not one call was answered."""
        return not self.documents and not any(row.status is Status.READ for row in self.coverage.values())

    def snapshot(self, started: str, finished: str) -> Snapshot:
        """Everything, in an order of its own. Ids of projects that were learnt later than needed are put in."""
        documents = [
            Document(doc.provider, self.projects.scope(doc.scope), doc.kind, doc.id, doc.body)
            for doc in self.documents.values()
        ]
        rows = [
            Coverage(row.provider, self.projects.scope(row.scope), row.kind, row.status, row.reason, row.permission)
            for row in self.coverage.values()
        ]
        return Snapshot(
            started,
            finished,
            sorted(documents, key=lambda doc: (doc.scope, doc.kind, doc.id)),
            sorted(rows, key=lambda row: (row.scope, row.kind)),
        )


def _together(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two answers to different questions about one policy: every binding of either, once."""
    parts = [part.get("policy") for part in (one, other)]
    bindings = [
        binding
        for part in parts
        if isinstance(part, dict) and isinstance(part.get("bindings"), list)
        for binding in part["bindings"]
    ]
    each = [binding for at, binding in enumerate(bindings) if binding not in bindings[:at]]
    first = parts[0] if isinstance(parts[0], dict) else {}
    return {**other, **one, "policy": {**first, "bindings": each}, "matches": f"{one['matches']} OR {other['matches']}"}


class Crew:
    """Threads that read many things at once."""

    def __init__(self, haul: Haul, workers: int, tell: Progress = silent) -> None:
        self.haul = haul
        self._workers = workers
        self._tell = tell

    def each(self, work: Callable[[T], R], items: Iterable[T], what: str | None = None) -> list[R]:
        """What `work` makes of every item, done many at once, in the order of the items.

        `what` says for whoever waits what is counted: `reading projects`.
        """
        listed: Sequence[T] = tuple(items)
        tell = silent if what is None else self._tell
        if len(listed) < 2 or self._workers < 2:
            return list(counted(what or "", map(work, listed), len(listed), tell))
        with ThreadPoolExecutor(min(self._workers, len(listed))) as pool:
            return list(counted(what or "", pool.map(work, listed), len(listed), tell))

    def attempt(self, scope: str, kind: str, permission: str, call: Callable[[], Json]) -> Json | None:
        """What `call` returns, with the row that says so; None, with the row that says why."""
        try:
            body = call()
        except RefusedError as error:
            self.haul.refuse(scope, kind, error, permission)
            return None
        self.haul.note(scope, kind, Status.READ, None, permission)
        return body

    def gather(
        self, scope: str, kind: str, permission: str, listed: Iterator[Json], keep: Callable[[Json], None]
    ) -> bool:
        """Whether every listed object was read and kept; its row says so, or why not."""
        count = 0
        try:
            for body in listed:
                keep(body)
                count += 1
        except RefusedError as error:
            rest = f"; {count} were read all the same" if count else ""
            self.haul.refuse(scope, kind, error, permission, rest)
            return False
        self.haul.note(scope, kind, Status.READ, None, permission)
        return True
