"""When each scope of a collection was read: what a later collection may take over, and how old a snapshot really is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGE = re.compile(r"([0-9]{1,6})([smhd])")


@dataclass(frozen=True, slots=True, order=True)
class Visit:
    """One scope of the plan of a collection, and when it was read.

    A scope of the plan is what is read in one go: an AWS account, the named projects, folders and organisations of
    Google Cloud, an Azure tenant. Documents may lie in many scopes of their own in it.
    """

    provider: str
    scope: str
    """Whose it is: nothing else has this name in the provider."""
    started: str
    """RFC 3339, UTC."""
    finished: str
    complete: bool
    """Whether everything that was asked for was read."""
    holds: tuple[str, ...]
    """The scopes of its documents and ledger rows, sorted."""
    earlier: bool = False
    """Whether a later collection took it over."""

    @property
    def key(self) -> tuple[str, str]:
        return self.provider, self.scope


def written(visit: Visit) -> dict[str, Any]:
    """The visit as a snapshot writes it."""
    return {
        "provider": visit.provider,
        "scope": visit.scope,
        "started": visit.started,
        "finished": visit.finished,
        "complete": visit.complete,
        "earlier": visit.earlier,
        "holds": list(visit.holds),
    }


def read(record: Mapping[str, Any]) -> Visit:
    """The visit of a snapshot's record. Raises `TypeError`, `KeyError` or `ValueError` when it is none."""
    found = Visit(**{**record, "holds": tuple(record["holds"])})
    for text in (found.provider, found.scope, *found.holds):
        if not isinstance(text, str):
            raise TypeError(f"{text!r} stands where text belongs")
    for flag in (found.complete, found.earlier):
        if not isinstance(flag, bool):
            raise TypeError(f"{flag!r} stands where true or false belongs")
    for moment in (found.started, found.finished):
        if datetime.fromisoformat(moment).tzinfo is None:
            raise ValueError(f"{moment!r} has no time zone")
    return found


def taken_over(visits: Iterable[Visit]) -> Iterator[tuple[str, str]]:
    """(provider, how much of it an earlier collection has read, and when, in words) of each of which there is any."""
    found: dict[str, list[Visit]] = {}
    for visit in visits:
        found.setdefault(visit.provider, []).append(visit)
    for provider, all_of_it in sorted(found.items()):
        earlier = [visit for visit in all_of_it if visit.earlier]
        if earlier:
            first = min((visit.started for visit in earlier), key=datetime.fromisoformat)
            last = max((visit.finished for visit in earlier), key=datetime.fromisoformat)
            yield provider, f"{len(earlier):,} of {len(all_of_it):,} scopes, read from {first} to {last}"


def age(text: str) -> timedelta:
    """The span of time written as `90s`, `30m`, `12h` or `7d`. Raises `ValueError`."""
    match = _AGE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no span of time such as 30m, 12h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
