"""User-assigned managed identities and their federated credentials.

Resource Graph finds the identities of all subscriptions at once, and leaves out in silence what the caller may not
read. The directory has a service principal for each of them, so what it knows is compared: where it knows more, where
it could not be read, or where a subscription belongs to another tenant, the subscription is listed by itself, and a
refusal shows.

Resource Graph holds no federated credentials (its list of resource types): they are listed identity by identity. Of the
API versions only previews show `claimsMatchingExpression`; 2026-05-31, the newest stable one, does not describe it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from auditor.providers.azure.haul import Crew, Haul
from auditor.providers.azure.levels import READ_SUBSCRIPTIONS, Levels
from auditor.providers.azure.names import IDENTITIES, WITHIN, path
from auditor.providers.azure.resource_graph import IDENTITIES as QUERY
from auditor.providers.azure.resource_graph import ResourceGraph
from auditor.providers.azure.rest import Json, Pace, RefusedError, Service, broken, table, text
from auditor.snapshot import Status

IDENTITY, CREDENTIAL = "user-assigned-identity", "federated-credential"
READ_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities/read"
READ_CREDENTIALS = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read"
READ_RESOURCES = "Microsoft.ResourceGraph/resources/read"

VERSIONS = ("2025-05-31-preview", "2024-11-30")
"""With expressions; and where a cloud does not have that one yet, without."""
SHOWING = ("2025-05-31-preview", "2025-01-31-preview")
"""The versions that show expressions."""
NO_VERSION = frozenset(
    {"InvalidApiVersionParameter", "InvalidResourceType", "NoRegisteredProviderFound", "UnsupportedApiVersion"}
)
"""Error codes for an API version that is not to be had (Azure Resource Manager, "Common deployment errors")."""
UNREGISTERED = "MissingSubscriptionRegistration"
"""Error code of a subscription in which no resource of that provider can exist."""

BY_GRAPH = "by Resource Graph; the directory knows no others"
HIDES = "the API shows neither subject nor expression"

ListIdentities = Callable[[str], Iterator[Json]]
"""Subscription → its identities, whole. Raises `RefusedError`, perhaps after some."""


def neither(properties: Json) -> bool:
    """Whether a credential shows neither a subject nor an expression, so that something kept it back."""
    return not properties.get("subject") and not properties.get("claimsMatchingExpression")


class Identities:
    """Reads them."""

    def __init__(
        self, service: Service, graph: ResourceGraph, listing: ListIdentities, crew: Crew, levels: Levels
    ) -> None:
        self._service = service
        self._graph = graph
        self._listing = listing
        self._crew = crew
        self._haul = crew.haul
        self._levels = levels
        limits = service.limits
        self._pace = Pace(limits.list_interval)
        self._paces: Mapping[str, Pace] = defaultdict(lambda: Pace(limits.subscription_interval))
        self._version = VERSIONS[0]

    def read(self, known: Mapping[str, frozenset[str]] | None) -> None:
        """Everything. `known`: subscription → the ids of its identities in lower case, from the directory."""
        seen = self._searched()
        unproved = [ident for ident in self._levels.subscriptions if not self._proved(ident, seen, known)]
        listed = self._crew.each(self._list, unproved)
        found = {ident: list(seen.get(ident, ())) if seen is not None else [] for ident in self._levels.subscriptions}
        for ident, bodies in zip(unproved, listed, strict=True):
            # What the list does not have although it was read has gone since; where it was refused, it is all there is.
            found[ident] = (
                bodies if self._haul.was_read(f"subscriptions/{ident}", IDENTITY) else [*bodies, *found[ident]]
            )
        for ident in found.keys() - set(unproved):
            self._haul.note(f"subscriptions/{ident}", IDENTITY, Status.READ, BY_GRAPH, READ_RESOURCES)
        unique = [list({text(body, "id").lower(): body for body in bodies[::-1]}.values()) for bodies in found.values()]
        in_turn = [body for row in zip_longest(*unique) for body in row if body is not None]
        self._crew.each(self._credentials, in_turn, "reading credentials of managed identities")
        for ident in found:
            scope = f"subscriptions/{ident}"
            if self._haul.was_read(scope, IDENTITY):
                self._haul.note(scope, CREDENTIAL, Status.READ, None, READ_CREDENTIALS)
            else:
                row = self._haul.coverage[scope, IDENTITY]
                self._haul.note(
                    scope, CREDENTIAL, row.status, f"not all identities are known: {row.reason}", row.permission
                )

    def _searched(self) -> dict[str, list[Json]] | None:
        """Subscription → identities, by Resource Graph; None when it is not to be had."""
        found: dict[str, list[Json]] = defaultdict(list)
        try:
            for row in self._graph.rows(QUERY):
                ident = text(row, "id")
                text(table(row.get("properties")), "principalId")
                within = WITHIN.match(ident)
                if within is None:
                    raise broken(f"Resource Graph gave an identity of no subscription: {ident[:100]!r}")
                found[within[1].lower()].append(row)
        except RefusedError as error:
            trouble = error.trouble
            reason = f"read subscription by subscription instead, because {trouble.reason}"
            self._haul.note(
                self._levels.scope, "resource-graph", Status.SKIPPED, reason, trouble.permission or READ_RESOURCES
            )
            return None
        way = "identities of all subscriptions at once; the index may lag by minutes"
        self._haul.note(self._levels.scope, "resource-graph", Status.READ, way, READ_RESOURCES)
        return dict(found)

    def _proved(
        self, ident: str, seen: Mapping[str, Sequence[Json]] | None, known: Mapping[str, frozenset[str]] | None
    ) -> bool:
        """Whether Resource Graph showed everything of a subscription that the directory knows."""
        if seen is None or known is None:
            return False
        if str(self._levels.subscriptions[ident].get("tenantId", "")).lower() != self._levels.tenant:
            return False
        return known.get(ident, frozenset()) <= {str(row["id"]).lower() for row in seen.get(ident, ())}

    def _list(self, ident: str) -> list[Json]:
        scope = f"subscriptions/{ident}"
        found: list[Json] = []
        self._wait(ident)
        try:
            for body in self._listing(ident):
                text(body, "id")
                found.append(body)
        except RefusedError as error:
            if error.trouble.error == UNREGISTERED:
                reason = "there can be none: Microsoft.ManagedIdentity is not registered in this subscription"
                self._haul.note(scope, IDENTITY, Status.READ, reason, READ_IDENTITIES)
            else:
                rest = f"; {len(found)} were read all the same" if found else ""
                self._haul.refuse(scope, IDENTITY, error, READ_IDENTITIES, rest)
        else:
            self._haul.note(scope, IDENTITY, Status.READ, None, READ_IDENTITIES)
        return found

    def _credentials(self, identity: Json) -> None:
        """One identity, and the list of its credentials."""
        ident = text(identity, "id")
        within = WITHIN.match(ident)
        subscription = within[1].lower() if within else "-"
        scope, row = f"subscriptions/{subscription}", f"{CREDENTIAL} {ident}"
        found: list[Json] = []
        try:
            for body in self._listed(ident, subscription):
                text(body, "id")
                found.append(body)
        except RefusedError as error:
            if error.trouble.code == 404 and error.trouble.error in {"ResourceNotFound", "ResourceGroupNotFound"}:
                return  # it was removed since it was listed
            rest = f"; {len(found)} were read all the same" if found else ""
            self._haul.refuse(scope, row, error, READ_CREDENTIALS, rest)
        self._haul.keep(scope, IDENTITY, ident, identity)
        for body in found:
            self._haul.keep(scope, CREDENTIAL, text(body, "id"), self._shown(body, scope, subscription))

    def _listed(self, ident: str, subscription: str) -> Iterator[Json]:
        for version in VERSIONS[VERSIONS.index(self._version) :]:
            self._wait(subscription)
            where = f"{path(ident)}/federatedIdentityCredentials"
            try:
                yield from self._service.values(where, {"api-version": version}, link="nextLink")
            except RefusedError as error:
                if error.trouble.error not in NO_VERSION or version == VERSIONS[-1]:
                    raise
                self._version = VERSIONS[-1]
            else:
                return

    def _shown(self, body: Json, scope: str, subscription: str) -> Json:
        """A credential; read again where it shows nothing, and with a row of its own where that does not help."""
        if not neither(table(body.get("properties"))):
            return body
        ident, why = text(body, "id"), HIDES
        for version in SHOWING:
            self._wait(subscription)
            try:
                again = self._service.get(path(ident), {"api-version": version})
            except RefusedError as error:
                why = f"{HIDES} ({error.trouble.reason})"
                continue
            if not neither(table(again.get("properties"))):
                return again
        self._haul.note(scope, f"{CREDENTIAL} {ident}", Status.FAILED, why, READ_CREDENTIALS)
        return body

    def _wait(self, subscription: str) -> None:
        self._paces[subscription].wait()
        self._pace.wait()


def of_directory(principals: Iterable[Json]) -> dict[str, frozenset[str]]:
    """Subscription → the ids of its user-assigned identities in lower case, as service principals name them.

    Their `alternativeNames` hold the resource id (Microsoft Graph, `servicePrincipal`).
    """
    found: dict[str, set[str]] = defaultdict(set)
    for body in principals:
        names = body.get("alternativeNames")
        for name in names if isinstance(names, list) else ():
            within = WITHIN.match(name) if isinstance(name, str) else None
            if within and IDENTITIES in name.lower():
                found[within[1].lower()].add(name.lower())
    return {ident: frozenset(ids) for ident, ids in found.items()}


def hidden(haul: Haul, levels: Levels, known: Mapping[str, frozenset[str]]) -> None:
    """Say in which subscriptions the directory knows identities although they are not to be seen."""
    for ident in sorted(known.keys() - levels.visible):
        reason = (
            f"the directory knows {len(known[ident])} user-assigned identities in this subscription, "
            "which is not among those that can be listed"
        )
        haul.note(f"subscriptions/{ident}", IDENTITY, Status.DENIED, reason, READ_SUBSCRIPTIONS)
