"""The two states that are compared, and how much of the estate each of them covers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auditor.issuers.catalogue import Catalogue
from auditor.report import read
from auditor.report.base import Report, unread
from auditor.snapshot import Snapshot, merge
from auditor.snapshot import Status as Reading
from auditor.snapshot_file import FORMAT, load
from auditor.storage.packing import MAGIC

NOWHERE = "-"
"""The scope of ledger rows about a provider as a whole."""

LISTS = "project-list"
"""The kind of ledger rows that tell that all projects of a Google folder or organisation were asked for."""


@dataclass(frozen=True, slots=True)
class Side:
    """One state of an estate, audited."""

    report: Report
    kind: Literal["snapshot", "report"]
    """What it was read from: of a snapshot the policies are at hand."""
    rules: frozenset[str] | None = None
    """The ids of the rules that were run; None where nobody knows."""


def restore(path: Path, issuers: Catalogue) -> Snapshot | Report:
    """Read a snapshot or a JSON report, whichever `path` is.

    Raises `SnapshotError` or `ReportError` for a file that is damaged, or neither.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(200)
    except OSError:
        head = b""  # either reader tells why
    snapshot = FORMAT.encode() in head or head.startswith(MAGIC)  # reports are not packed
    return merge([load(path)]) if snapshot else read.load(path, issuers)


class Ground:
    """What of the estate one side covers."""

    def __init__(self, report: Report) -> None:
        rows = report.coverage
        self._read = {(row.provider, row.scope) for row in rows if row.status is Reading.READ}
        self._broken = {(row.provider, row.scope) for row in rows if unread(row)}
        self._lists = {(row.provider, row.scope) for row in rows if row.kind == LISTS and row.status is Reading.READ}

    def covers(self, provider: str, scope: str, other: Ground) -> bool:
        """Whether this side looked at the place, of which the `other` has something.

        A Google project in which nothing is granted has no row of its own: the lists of the folders and organisations
        above tell that it was looked for, if this side has all those that the other has.
        """
        if (provider, scope) in self._read:
            return True
        lists = {pair for pair in other._lists if pair[0] == provider}
        return "/" not in scope and bool(lists) and lists <= self._lists

    def whole(self, provider: str, scope: str, other: Ground) -> bool:
        """Whether this side looked at the place, and read everything that it asked for there."""
        places: Iterable[str] = (scope, NOWHERE, *(place for name, place in other._lists if name == provider))
        return self.covers(provider, scope, other) and not any((provider, place) in self._broken for place in places)
