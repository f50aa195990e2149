"""Who holds which role of Azure where: assignments, definitions, denials, and what is only within reach (PIM).

Resource Graph has the assignments of all subscriptions at once but leaves out in silence what the caller may not read.
Each subscription is therefore asked what is assigned at and above it (`atScope()`): an answer proves the permission,
which holds for everything below. Where Resource Graph is not to be had the same call, without the filter, lists what is
below.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.providers.azure.haul import Crew
from auditor.providers.azure.identities import READ_RESOURCES
from auditor.providers.azure.levels import Levels
from auditor.providers.azure.names import last, path, scope_of
from auditor.providers.azure.resource_graph import ASSIGNMENTS, DEFINITIONS, ResourceGraph
from auditor.providers.azure.rest import Json, RefusedError, Service, table, text
from auditor.snapshot import Status

AUTHORIZATION = "providers/Microsoft.Authorization"
VERSION = "2022-04-01"
"""The first that shows the conditions of assignments."""
ELIGIBLE_VERSION = "2020-10-01"

ASSIGNMENT, DEFINITION, DENY, ELIGIBLE = "role-assignment", "role-definition", "deny-assignment", "role-eligibility"
READ_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments/read"
READ_DEFINITIONS = "Microsoft.Authorization/roleDefinitions/read"
READ_DENIES = "Microsoft.Authorization/denyAssignments/read"
READ_ELIGIBLE = "Microsoft.Authorization/roleEligibilityScheduleInstances/read"

BY_GRAPH = "at the subscription and above by itself, below it by Resource Graph"


class Assignments:
    """Reads them."""

    def __init__(self, service: Service, graph: ResourceGraph, crew: Crew, levels: Levels) -> None:
        self._service = service
        self._graph = graph
        self._crew = crew
        self._haul = crew.haul
        self._levels = levels

    def read(self) -> None:
        """Everything that applies in the subscriptions."""
        rows = self._searched(ASSIGNMENTS)
        subscriptions = list(self._levels.subscriptions)
        self._crew.each(
            lambda ident: self._assigned(ident, searched=rows is not None),
            subscriptions,
            "reading role assignments of subscriptions",
        )
        for body in rows or ():
            self._keep(ASSIGNMENT, body)
        self._crew.each(self._denied, subscriptions)
        self._crew.each(self._eligible, subscriptions)
        self._definitions()

    def _searched(self, query: str) -> list[Json] | None:
        try:
            return [row for row in self._graph.rows(query) if text(row, "id")]
        except RefusedError as error:
            reason = f"role assignments are read subscription by subscription instead, because {error.trouble.reason}"
            permission = error.trouble.permission or READ_RESOURCES
            self._haul.note(self._levels.scope, "resource-graph", Status.SKIPPED, reason, permission)
            return None

    def _assigned(self, ident: str, *, searched: bool) -> None:
        if searched:
            self._list(ident, ASSIGNMENT, "roleAssignments", VERSION, READ_ASSIGNMENTS, "atScope()", BY_GRAPH)
        else:
            self._list(ident, ASSIGNMENT, "roleAssignments", VERSION, READ_ASSIGNMENTS)

    def _denied(self, ident: str) -> None:
        self._list(ident, DENY, "denyAssignments", VERSION, READ_DENIES)

    def _eligible(self, ident: str) -> None:
        self._list(ident, ELIGIBLE, "roleEligibilityScheduleInstances", ELIGIBLE_VERSION, READ_ELIGIBLE)

    def _list(
        self, ident: str, kind: str, what: str, version: str, permission: str, only: str = "", way: str | None = None
    ) -> None:
        scope = f"subscriptions/{ident}"
        query = {"api-version": version, **({"$filter": only} if only else {})}
        listed = self._service.values(f"{scope}/{AUTHORIZATION}/{what}", query, link="nextLink")
        self._crew.gather(scope, kind, permission, listed, lambda body: self._keep(kind, body), way)

    def _keep(self, kind: str, body: Json) -> None:
        ident = text(body, "id")
        where = table(body.get("properties")).get("scope")
        scope = scope_of(where if isinstance(where, str) else ident, self._levels.scope)
        self._haul.keep(scope, kind, ident, body)

    def _definitions(self) -> None:
        """The definitions of every role that is assigned or within reach."""
        wanted = dict(self._named())
        for row in (wanted and self._searched(DEFINITIONS)) or ():
            if wanted.pop(last(text(row, "id")), None) is not None:
                self._keep_definition(row)
        self._crew.each(self._definition, sorted(wanted.items()), "reading roles")
        self._haul.note(self._levels.scope, DEFINITION, Status.READ, None, READ_DEFINITIONS)

    def _named(self) -> Iterator[tuple[str, str]]:
        """(id of a role, a scope where it is assigned), each role once or more."""
        for kind in (ASSIGNMENT, ELIGIBLE):
            for doc in self._haul.of(kind):
                properties = table(doc.body.get("properties"))
                role, scope = properties.get("roleDefinitionId"), properties.get("scope")
                if isinstance(role, str) and role:
                    yield last(role), scope if isinstance(scope, str) else ""

    def _definition(self, named: tuple[str, str]) -> None:
        role, scope = named
        where = f"{path(scope).strip('/')}/{AUTHORIZATION}/roleDefinitions/{path(role)}"
        try:
            self._keep_definition(self._service.get(where, {"api-version": VERSION}))
        except RefusedError as error:
            self._haul.refuse(self._levels.scope, f"{DEFINITION} {role}", error, READ_DEFINITIONS)

    def _keep_definition(self, body: Json) -> None:
        # Azure writes the id with or without the subscription that was asked; a role belongs to the tenant.
        self._haul.keep(self._levels.scope, DEFINITION, text(body, "id"), body)
