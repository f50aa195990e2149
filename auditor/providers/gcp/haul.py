"""What a collection has read so far, and what it could not read. Knows documents, not how they were fetched."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.collecting import crew
from auditor.providers.gcp.names import Projects
from auditor.providers.gcp.rest import RefusedError, Trouble
from auditor.snapshot import Coverage, Document, Snapshot, Status

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


Crew = crew.Crew[Haul]
"""Fills the haul."""
