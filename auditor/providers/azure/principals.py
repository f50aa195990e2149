"""What the directory knows of identities: service principals, their roles and groups, owners, sign-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from auditor.providers.azure.batch import Batch, Result
from auditor.providers.azure.haul import Crew
from auditor.providers.azure.names import path
from auditor.providers.azure.rest import Json, Query, RefusedError, Service, text
from auditor.snapshot import Status

PRINCIPAL, GRANT = "service-principal", "graph-role-assignment"
OF_GRAPH = "of all identities on Microsoft Graph; of managed identities and federated applications on every API"
READ_APPLICATIONS = "Application.Read.All"
READ_ROLES = "RoleManagement.Read.Directory"
READ_GROUPS = "GroupMember.Read.All"
READ_LOGS = "AuditLog.Read.All"

FIELDS = (
    "id,appId,displayName,servicePrincipalType,appOwnerOrganizationId,accountEnabled,alternativeNames,createdDateTime"
)
MICROSOFT_GRAPH = "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"
"""Its application id is the same everywhere (Microsoft Graph permissions reference)."""

WHO = {"$expand": "principal($select=id)"}
"""Tells by its type whether a person, a group or a service principal holds the role."""
ROLES: Sequence[tuple[str, str, Query]] = (
    ("directory-role-assignment", "roleAssignments", WHO),
    ("directory-role-definition", "roleDefinitions", {}),
    ("directory-role-eligibility", "roleEligibilitySchedules", WHO),
)
"""Kind of document, list below `roleManagement/directory`, what is asked for besides."""
SIGN_INS = "servicePrincipalSignInActivities"


class Directory:
    """Reads it through Microsoft Graph."""

    def __init__(self, service: Service, crew: Crew, scope: str) -> None:
        self._service = service
        self._batch = Batch(service, crew, "v1.0")
        self._crew = crew
        self._haul = crew.haul
        self._scope = scope

    def principals(self) -> list[Json] | None:
        """Every service principal of the tenant; None, with a row, when they are not to be had."""
        self._microsoft_graph()
        found: list[Json] = []

        def keep(body: Json) -> None:
            found.append(body)
            self._principal(body)

        listed = self._service.values("v1.0/servicePrincipals", {"$select": FIELDS, "$top": "999"})
        return found if self._crew.gather(self._scope, PRINCIPAL, READ_APPLICATIONS, listed, keep) else None

    def _microsoft_graph(self) -> None:
        """What Microsoft Graph itself may be asked for, and who may ask for it."""
        try:
            self._principal(self._service.get(f"v1.0{MICROSOFT_GRAPH}", {"$select": f"{FIELDS},appRoles"}))
        except RefusedError as error:
            self._haul.refuse(self._scope, f"{PRINCIPAL} of Microsoft Graph", error, READ_APPLICATIONS)
        self._crew.gather(
            self._scope,
            GRANT,
            READ_APPLICATIONS,
            self._service.values(f"v1.0{MICROSOFT_GRAPH}/appRoleAssignedTo", {"$top": "999"}),
            self._grant,
            OF_GRAPH,
        )

    def read(self, applications: Sequence[str], holders: Sequence[str]) -> None:
        """What `holders` (ids of service principals) have, and who owns `applications` (object ids)."""
        below = [(f"/servicePrincipals/{path(ident)}", ident) for ident in dict.fromkeys(holders)]
        self._each(
            [(f"{where}/appRoleAssignments?$top=999", GRANT, ident) for where, ident in below],
            self._grants,
            way=OF_GRAPH,
        )
        self._each(
            [(f"{where}/transitiveMemberOf?$top=999", "group-membership", ident) for where, ident in below],
            self._memberships,
            READ_GROUPS,
        )
        self._each(
            [(f"/applications/{path(ident)}/owners?$top=999", "application-owners", ident) for ident in applications],
            self._owners,
        )

    def roles(self) -> None:
        """Roles of the directory itself: who holds them, what they allow, who may activate them."""
        for kind, name, query in ROLES:
            where = f"roleManagement/directory/{name}"

            def keep(body: Json, kind: str = kind, where: str = where) -> None:
                self._haul.keep(self._scope, kind, f"{where}/{text(body, 'id')}", body)

            self._crew.gather(self._scope, kind, READ_ROLES, self._listed(f"v1.0/{where}", query), keep)

    def _listed(self, where: str, query: Query) -> Iterator[Json]:
        """A list; plainly, where what `query` asks for besides is refused."""
        try:
            yield from self._service.values(where, query)
        except RefusedError as error:
            if error.trouble.code != 400 or error.trouble.unlicensed or not query:
                raise
            yield from self._service.values(where)

    def sign_ins(self) -> None:
        """When each application was last used. An extra: no verdict rests on it."""
        kind = "sign-in-activity"
        found: list[Json] = []
        try:
            for body in self._service.values(f"beta/reports/{SIGN_INS}", {"$top": "999"}):
                text(body, "id")
                found.append(body)
        except RefusedError as error:
            self._haul.note(self._scope, kind, Status.SKIPPED, f"not needed: {error.trouble.reason}", READ_LOGS)
            return
        held = {str(doc.body.get("appId")) for doc in self._haul.of(PRINCIPAL)}
        for body in found:
            if str(body.get("appId")) in held:
                self._haul.keep(self._scope, kind, f"{SIGN_INS}/{text(body, 'id')}", body)
        self._haul.note(self._scope, kind, Status.READ, None, READ_LOGS)

    def _each(
        self,
        asked: Sequence[tuple[str, str, str]],
        keep: Callable[[str, Result], None],
        permission: str = READ_APPLICATIONS,
        way: str | None = None,
    ) -> None:
        """Ask (path, kind, id) for each and keep the answers. What fails is one row of its kind, however often."""
        if not asked:
            return
        results = self._batch.read([where for where, _, _ in asked])
        kind = asked[0][1]
        failed: list[tuple[str, RefusedError]] = []
        for where, _, ident in asked:
            result = results[where]
            if result.absent:
                continue  # such as an application that nobody may sign in to here
            try:
                keep(ident, result)
            except RefusedError as error:
                failed.append((ident, error))
        if len(failed) == len(asked) and len({one.trouble.reason for _, one in failed}) == 1:
            rest = f" (for each of {len(failed)})" if len(failed) > 1 else ""
            self._haul.refuse(self._scope, kind, failed[0][1], permission, rest)
            return
        for ident, refused in failed:
            self._haul.refuse(self._scope, f"{kind} {ident}", refused, permission)
        self._haul.note(self._scope, kind, Status.READ, way, permission)

    def _principal(self, body: Json) -> None:
        whole = {name: value for name, value in body.items() if not name.startswith("@odata.")}
        self._haul.keep(self._scope, PRINCIPAL, f"servicePrincipals/{text(body, 'id')}", whole)

    def _grants(self, _: str, result: Result) -> None:
        for body in result.values:
            self._grant(body)

    def _grant(self, body: Json) -> None:
        name = f"servicePrincipals/{text(body, 'principalId')}/appRoleAssignments/{text(body, 'id')}"
        self._haul.keep(self._scope, GRANT, name, body)

    def _memberships(self, ident: str, result: Result) -> None:
        body = {"id": ident, "value": result.values}
        self._haul.keep(self._scope, "group-membership", f"servicePrincipals/{ident}/transitiveMemberOf", body)

    def _owners(self, ident: str, result: Result) -> None:
        body = {"id": ident, "value": result.values}
        self._haul.keep(self._scope, "application-owners", f"applications/{ident}/owners", body)
