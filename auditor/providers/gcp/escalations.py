"""The table of known paths to more privilege and of sensitive permissions; its data is `escalations.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

EVERYWHERE: Final = frozenset(("projects", "folders", "organizations"))


@dataclass(frozen=True, slots=True)
class EscalationPath:
    """Permissions that together give more than was granted."""

    id: str
    what: str
    """To follow `may`; `{place}` is where it is granted."""
    account: tuple[str, ...]
    """On a service account, or on anything above it."""
    project: tuple[str, ...]
    """In the account's project, or above it."""
    also: tuple[str, ...]
    """Without them the path stays in doubt."""
    levels: frozenset[str]
    """On which it can be granted: `projects`, `folders`, `organizations`."""
    step: str | None
    """The kind of step it makes, where it is about one service account at a time."""
    how: str
    """Of that step, to follow `may`."""
    doubt: str | None
    """What no collected document tells."""
    needs: str | None
    """What else the documents must show, by a name of `permissions_paths`."""

    @property
    def permissions(self) -> tuple[str, ...]:
        return (*self.account, *self.project)


@dataclass(frozen=True, slots=True)
class Reading:
    """Permissions of which any one reads something sensitive."""

    what: str
    any: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """All of the data."""

    paths: tuple[EscalationPath, ...]
    readings: tuple[Reading, ...]
    named: frozenset[str]
    """Every permission that occurs in a path."""
    steps: tuple[EscalationPath, ...]
    """The paths that are about one service account at a time."""


@cache
def table() -> Table:
    """The table. Raises `KeyError` or `TypeError` for data of the wrong shape: a fault of this package."""
    with Path(__file__).with_name("escalations.toml").open("rb") as stream:
        data = tomllib.load(stream)
    paths = tuple(_path(row, data["sources"]) for row in data["path"])
    readings = tuple(Reading(row["what"], tuple(row["any"])) for row in data["read"])
    named = frozenset(permission for path in paths for permission in (*path.permissions, *path.also))
    return Table(paths, readings, named, tuple(path for path in paths if path.step is not None))


def _path(row: dict[str, Any], sources: dict[str, str]) -> EscalationPath:
    if row["source"] not in sources or row["basis"] not in ("documented", "third party", "derived"):
        raise TypeError(f"{row['id']} has no source")
    step = row.get("step")
    return EscalationPath(
        id=row["id"],
        what=row["what"],
        account=tuple(row.get("account", ())),
        project=tuple(row.get("project", ())),
        also=tuple(row.get("also", ())),
        levels=frozenset(row.get("levels", EVERYWHERE)),
        step=step,
        how=row["how"] if step is not None else "",
        doubt=row.get("doubt"),
        needs=row.get("needs"),
    )
