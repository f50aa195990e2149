"""What was read and what was not: the first thing to know before any finding, or the lack of one, means something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditor.report.base import Report
from auditor.report.columns import columns
from auditor.report.ink import Ink, Tint
from auditor.report.scopes import Scopes, kind
from auditor.report.text import count, plural
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading

ALIKE = 3
"""Scopes of a kind that are listed one by one; an organisation of hundreds of projects would fill the screen."""
REASONS = 2
"""Different remarks on one kind of document that are told of many scopes."""

_TINTS: Mapping[str, Tint] = {Reading.DENIED: Tint.BAD, Reading.FAILED: Tint.BAD, Reading.SKIPPED: Tint.DIM}
_HEADERS = ("cloud", "status", "what")
_Row = tuple[str, Reading, str]
"""Cloud, status, and scope and documents in one text, so that neither of them squeezes the other."""


def coverage(report: Report, width: int, ink: Ink, *, details: bool) -> Iterator[str]:
    """One line for each scope of which documents were read, and one for each thing that was not.

    What is many times the same is one line, which counts, unless there are to be `details`.
    """
    yield ink("COVERAGE", Tint.STRONG)
    scopes = Scopes(report.documents)
    most = len(report.coverage) if details else ALIKE
    good = [row for row in report.coverage if row.status is Reading.READ]
    lost = [row for row in report.coverage if row.status is not Reading.READ]
    rows = [*_read(good, scopes, most), *_unread(lost, scopes, most)]
    if not rows:
        yield "Nothing was read."
    else:
        yield from columns(rows, width, headers=_HEADERS, ink=ink, tint=_tint)
    yield ""


def _tint(row: Sequence[str], column: int) -> Tint | None:
    return _TINTS.get(row[1]) if column == 1 else None


def _read(rows: Iterable[Coverage], scopes: Scopes, most: int) -> Iterator[_Row]:
    """Scopes of a kind together, where they are many."""
    groups: dict[tuple[str, str], dict[str, list[Coverage]]] = {}
    for row in rows:
        by_scope = groups.setdefault((row.provider, kind(row.provider, row.scope)), {})
        by_scope.setdefault(row.scope, []).append(row)
    for (provider, what), by_scope in groups.items():
        if len(by_scope) <= most:
            for scope, listed in by_scope.items():
                yield provider, Reading.READ, _of(scopes(provider, scope), _kinds(listed, 1))
        else:
            every = [row for listed in by_scope.values() for row in listed]
            yield provider, Reading.READ, _of(count(len(by_scope), what), _kinds(every, len(by_scope)))


def _of(place: str, what: str) -> str:
    return what if place in {"", "-"} else f"{place}: {what}"


def _kinds(rows: Sequence[Coverage], scopes: int) -> str:
    """The kinds of some rows, each with the remarks on it; of how many scopes, where not of all of them.

    Rows about single documents are counted, not listed.
    """
    singles = Counter(row.kind.partition(" ")[0] for row in rows if " " in row.kind)
    places: dict[str, set[str]] = {}
    remarks: dict[str, dict[str, None]] = {}
    for row in rows:
        name = row.kind.partition(" ")[0]
        places.setdefault(name, set()).add(row.scope)
        if row.reason and " " not in row.kind:
            remarks.setdefault(name, {})[row.reason] = None
    told = []
    for name, where in places.items():
        notes = [] if len(where) == scopes else [f"in {len(where):,}"]
        notes += [f"{singles[name]:,} one by one"] if singles[name] else []
        listed = list(remarks.get(name, ()))
        notes += listed[:REASONS]
        notes += [f"{len(listed) - REASONS:,} more remarks"] if len(listed) > REASONS else []
        told.append(f"{name} ({'; '.join(notes)})" if notes else name)
    return ", ".join(told)


def _unread(rows: Iterable[Coverage], scopes: Scopes, most: int) -> Iterator[_Row]:
    """Rows that say the same of many scopes, or of many single documents in one, together."""
    groups: dict[tuple[str, str, Reading, str, str, str], list[Coverage]] = {}
    for row in rows:
        name = row.kind.partition(" ")[0]
        key = (row.provider, kind(row.provider, row.scope), row.status, name, row.permission or "", row.reason or "")
        groups.setdefault(key, []).append(row)
    for (provider, what, status, name, permission, reason), listed in groups.items():
        wanted = f" (needs {permission})" if permission and status is Reading.DENIED else ""
        why = f"{wanted}: {reason}" if reason else wanted
        places = dict.fromkeys(row.scope for row in listed)
        if len(listed) <= most:
            for row in listed:
                yield provider, status, _of(scopes(provider, row.scope), f"{row.kind}{why}")
        else:
            place = scopes(provider, next(iter(places))) if len(places) == 1 else count(len(places), what)
            every = name if len(listed) == len(places) else f"{len(listed):,} {plural(name)}"
            yield provider, status, _of(place, f"{every}{why}")
