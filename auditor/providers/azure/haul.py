"""What a collection has read so far, and what it could not read. Knows documents, not how they were fetched."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.collecting import crew
from auditor.providers.azure.rest import RefusedError, Trouble
from auditor.snapshot import Coverage, Document, Snapshot, Status

PROVIDER = "azure"
NOWHERE = "-"
"""The scope of what belongs to no subscription, management group or tenant that is known."""


@dataclass(slots=True)
class Haul:
    """Documents and ledger rows. Many threads may add to it; what comes out does not depend on their order."""

    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    coverage: dict[tuple[str, str], Coverage] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, scope: str, kind: str, ident: str, body: Mapping[str, Any]) -> None:
        """Add a document; of two with one id what was kept first stays. Azure writes one id in several cases."""
        with self._lock:
            self.documents.setdefault((kind, ident.lower()), Document(PROVIDER, scope, kind, ident, body))

    def note(
        self, scope: str, kind: str, status: Status, reason: str | None = None, permission: str | None = None
    ) -> None:
        """Add a row; one that was read does not hide that a part of it was not."""
        with self._lock:
            known = self.coverage.get((scope, kind))
            if known is None or _weight(status) > _weight(known.status) or known.status is status is Status.READ:
                self.coverage[scope, kind] = Coverage(PROVIDER, scope, kind, status, reason, permission)

    def refuse(self, scope: str, kind: str, error: RefusedError, permission: str | None, rest: str = "") -> None:
        """Add the row of a call that gave no answer; `permission` is the one it usually takes."""
        trouble = error.trouble
        with self._lock:
            self.troubles.append(trouble)
        self.note(scope, kind, trouble.status, trouble.reason + rest, trouble.permission or permission)

    def has(self, kind: str, ident: str) -> bool:
        return (kind, ident.lower()) in self.documents

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
        """Everything, in an order of its own."""
        return Snapshot(
            started,
            finished,
            sorted(self.documents.values(), key=lambda doc: (doc.scope, doc.kind, doc.id)),
            sorted(self.coverage.values(), key=lambda row: (row.scope, row.kind)),
        )


def _weight(status: Status) -> int:
    return (Status.READ, Status.SKIPPED).index(status) if status in {Status.READ, Status.SKIPPED} else 2


Crew = crew.Crew[Haul]
"""Fills the haul."""
