"""Reads organisations, folders and projects: what was asked for, all below it, and all above it.

Resource Manager v3: one call per target and ancestor, two lists per organisation and folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from auditor.providers.gcp.haul import Crew
from auditor.providers.gcp.names import LEVEL_KINDS, LEVEL_TYPES, level_resource, path
from auditor.providers.gcp.rest import Json, RefusedError, Rest, text
from auditor.snapshot import Status

GET = {
    "projects": "resourcemanager.projects.get",
    "folders": "resourcemanager.folders.get",
    "organizations": "resourcemanager.organizations.get",
}
LIST = {"projects": "resourcemanager.projects.list", "folders": "resourcemanager.folders.list"}
POLICY = {
    "projects": "resourcemanager.projects.getIamPolicy",
    "folders": "resourcemanager.folders.getIamPolicy",
    "organizations": "resourcemanager.organizations.getIamPolicy",
}
VERSION = {"options": {"requestedPolicyVersion": 3}}
"""Without it the answer leaves out the conditions of conditional bindings (IAM, "Policy versions")."""
PAGE_SIZE = "500"


@dataclass(frozen=True, slots=True)
class Level:
    """An organisation, a folder or a project."""

    name: str
    """`projects/NUMBER`, `folders/N`, `organizations/N`; a project that could not be read, as it was asked for."""
    scope: str
    parent: str | None = None
    alive: bool = True
    """False for a project that is being deleted: nothing in it works."""

    @property
    def type(self) -> str:
        return self.name.partition("/")[0]


class Levels:
    """The levels read so far, by name."""

    def __init__(self, rest: Rest, crew: Crew) -> None:
        self._rest = rest
        self._crew = crew
        self._haul = crew.haul
        self.known: dict[str, Level] = {}

    def read(self, name: str) -> Level:
        """One level with its document, or a row that says why there is none. The name is enough to go on with."""
        kind = name.partition("/")[0]
        scope = name.partition("/")[2] if kind == "projects" else name
        try:
            level = self._add(self._rest.get("cloudresourcemanager", f"v3/{path(name)}"), kind)
        except RefusedError as error:
            self._haul.refuse(scope, LEVEL_KINDS[kind], error, GET[kind])
            if kind == "projects":
                reason = "what is above the project is not known: its folders and organisation may grant more"
                self._haul.note(scope, "ancestors", Status.FAILED, reason, GET[kind])
            return self.known.setdefault(name, Level(name, scope))
        self._haul.note(level.scope, LEVEL_KINDS[kind], Status.READ, None, GET[kind])
        return level

    def scope_of(self, name: str) -> str:
        """The scope of a project that is not read here. Where it cannot be told whoever reads it says why."""
        try:
            body = self._rest.get("cloudresourcemanager", f"v3/{path(name)}")
            scope = text(body, "projectId")
            self._haul.projects.learn(text(body, "name").partition("/")[2], scope)
        except RefusedError:
            return name.partition("/")[2]
        return scope

    def below(self, root: str) -> list[Level]:
        """`root`, unread itself, and every folder and project under it that can be listed."""
        found: list[Level] = []
        row = [root]
        while row:
            children = list(chain.from_iterable(self._crew.each(self._children, row)))
            found += sorted(children, key=lambda level: level.name)
            row = [level.name for level in children if level.type == "folders"]
        return found

    def above(self, names: Iterable[str]) -> None:
        """Every ancestor of the levels called `names`, as far up as can be read."""
        row = {self.known[name].parent for name in names}
        while missing := sorted(name for name in row if name and name not in self.known):
            self._crew.each(self.read, missing)
            row = {self.known[name].parent for name in missing}

    def policies(self, levels: Iterable[Level]) -> None:
        """The allow policy of each, one call each."""
        self._crew.each(self._policy, levels, "reading allow policies")

    def _policy(self, level: Level) -> None:
        def read() -> Json:
            return self._rest.post("cloudresourcemanager", f"v3/{path(level.name)}:getIamPolicy", VERSION)

        policy = self._crew.attempt(level.scope, "iam-policy", POLICY[level.type], read)
        if policy is not None:
            keep_policy(self._crew, level, policy)

    def _children(self, parent: str) -> Sequence[Level]:
        found: list[Level] = []
        for kind, permission in LIST.items():
            query = {"parent": parent, "pageSize": PAGE_SIZE}
            listed = self._rest.pages("cloudresourcemanager", f"v3/{kind}", kind, query)
            keep = partial(self._found, found, kind)
            self._crew.gather(parent, f"{LEVEL_KINDS[kind]}-list", permission, listed, keep)
        return found

    def _found(self, found: list[Level], kind: str, body: Json) -> None:
        found.append(self._add(body, kind))

    def _add(self, body: Json, kind: str) -> Level:
        name = text(body, "name")
        scope = name
        if kind == "projects":
            scope = text(body, "projectId")
            self._haul.projects.learn(name.partition("/")[2], scope)
        parent = body.get("parent")
        alive = body.get("state") != "DELETE_REQUESTED"
        level = Level(name, scope, parent if isinstance(parent, str) else None, alive)
        self._haul.keep(scope, LEVEL_KINDS[kind], name, body)
        self.known[name] = level
        return level


def keep_policy(crew: Crew, level: Level, policy: Json) -> None:
    """The allow policy of a level, in the shape Cloud Asset Inventory gives policies."""
    body = {"resource": level_resource(level.name), "assetType": LEVEL_TYPES[level.type], "policy": policy}
    if level.type == "projects":
        body["project"] = level.name
    crew.haul.keep(level.scope, "iam-policy", level_resource(level.name), body)
