"""What counts among actions, application permissions and directory roles: `power.toml`, `power_directory.toml`.

The files say what each column means. Read once, when first needed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from auditor.model import Level


@dataclass(frozen=True, slots=True, order=True)
class Action:
    """An action by its full name."""

    name: str
    data: bool = False
    """Of the data plane: granted by `dataActions` only."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A role whose meaning is documented."""

    id: str
    name: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """A way to more than was granted: all of `actions`, and one of `any` if there are some."""

    id: str
    what: str
    actions: tuple[Action, ...]
    any: tuple[Action, ...]
    needs: str | None
    admin: bool
    """From a subscription upwards it is as good as having everything."""
    family: str | None = None
    root_only: bool = False
    """It is an action on the root, which nothing below grants."""


@dataclass(frozen=True, slots=True)
class Family:
    """Several paths told as one."""

    path: str
    what: str
    needs: str


@dataclass(frozen=True, slots=True)
class Bridge:
    """Actions each of which opens data."""

    what: str
    level: Level
    actions: tuple[Action, ...]
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """How actions are read that are in no table."""

    minor: tuple[str, ...]
    minor_data: tuple[str, ...]
    reading: tuple[str, ...]
    reading_data: tuple[str, ...]
    probes: tuple[Action, ...]
    probes_data: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Right:
    """An application permission, a directory role, or an action of one."""

    id: str
    name: str
    level: Level
    what: str
    path: str | None
    needs: str | None
    writes: frozenset[str]
    actions: frozenset[str] = frozenset()
    """Lower case; of rights that are known by actions only."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Both files."""

    built_in: Mapping[str, BuiltIn]
    paths: tuple[Path, ...]
    families: Mapping[str, Family]
    bridges: tuple[Bridge, ...]
    opening: Mapping[Level, str]
    """What several bridges of one level come to."""
    words: Words
    permissions: Mapping[str, Right]
    """Of Microsoft Graph, by id."""
    services: Mapping[str, tuple[str, Mapping[str, Right]]]
    """Application id of a service → its name, and its permissions by id."""
    roles: Mapping[str, Right]
    """Directory roles by template id."""
    role_actions: tuple[Right, ...]
    actions: tuple[Action, ...]
    """Every action of a path or a bridge."""


@cache
def tables() -> Tables:
    """The tables, as they stand beside this module."""
    arm, directory = _file("power.toml"), _file("power_directory.toml")
    words = arm["words"]
    paths = tuple(map(_path, arm["path"]))
    bridges = tuple(Bridge(row["what"], Level(row["level"]), _actions(row), row.get("needs")) for row in arm["bridge"])
    lists = [*((*path.actions, *path.any) for path in paths), *(bridge.actions for bridge in bridges)]
    return Tables(
        built_in={row["id"]: _built_in(row) for row in arm["built-in"]},
        paths=paths,
        families={row["id"]: Family(row["path"], row["what"], row["needs"]) for row in arm["family"]},
        opening={Level(level): what for level, what in arm["bridges"].items()},
        bridges=bridges,
        words=Words(
            minor=tuple(words["minor"]),
            minor_data=tuple(words["minor-data"]),
            reading=tuple(words["reading"]),
            reading_data=tuple(words["reading-data"]),
            probes=tuple(Action(name) for name in words["probes"]),
            probes_data=tuple(Action(name, data=True) for name in words["probes-data"]),
        ),
        permissions=_rights(directory["permission"]),
        actions=tuple(dict.fromkeys(action for listed in lists for action in listed)),
        services={row["id"]: (row["name"], _rights(row.get("permission", ()))) for row in directory["service"]},
        roles=_rights(directory["directory-role"]),
        role_actions=tuple(
            _right({"id": "", "name": row["actions"][0], **row}) for row in directory["directory-action"]
        ),
    )


def finds(needs: str) -> str:
    """What a path of our tables needs and no document tells, as a doubt."""
    return f"it finds {needs}"


def _file(name: str) -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text("utf-8"))


def _built_in(row: Mapping[str, Any]) -> BuiltIn:
    return BuiltIn(row["id"], row["name"], tuple(row["actions"]), tuple(row.get("not-actions", ())))


def _path(row: Mapping[str, Any]) -> Path:
    return Path(
        row["id"],
        row["what"],
        _actions(row),
        tuple(Action(name) for name in row.get("any", ())),
        row.get("needs"),
        admin=row.get("admin", False),
        family=row.get("family"),
        root_only=row.get("only") == "root",
    )


def _actions(row: Mapping[str, Any]) -> tuple[Action, ...]:
    return (
        *(Action(name) for name in row.get("actions", ())),
        *(Action(name, data=True) for name in row.get("data-actions", ())),
    )


def _rights(rows: Iterable[Mapping[str, Any]]) -> dict[str, Right]:
    return {row["id"]: _right(row) for row in rows}


def _right(row: Mapping[str, Any]) -> Right:
    return Right(
        row["id"],
        row["name"],
        Level(row["level"]),
        row["what"],
        row.get("path"),
        row.get("needs"),
        frozenset(row.get("writes", ())),
        frozenset(action.lower() for action in row.get("actions", ())),
    )
