"""The order of reading: levels, identities, what they hold. Knows no SDK."""

from __future__ import annotations

from auditor.progress import Progress
from auditor.providers.azure.haul import Crew
from auditor.providers.azure.identities import IDENTITY, Identities, ListIdentities, hidden, of_directory
from auditor.providers.azure.ladder import Ladder
from auditor.providers.azure.levels import READ_SUBSCRIPTIONS, Ask, Levels
from auditor.providers.azure.principals import PRINCIPAL, Directory
from auditor.providers.azure.rbac import Assignments
from auditor.providers.azure.resource_graph import ResourceGraph
from auditor.providers.azure.rest import Pace, Service, table
from auditor.snapshot import Status

NONE_VISIBLE = "not one subscription is visible to these credentials"


class Walk:
    """One collection."""

    def __init__(self, arm: Service, graph: Service, listing: ListIdentities, crew: Crew, ask: Ask, cloud: str) -> None:
        self._arm = arm
        self._graph = graph
        self._listing = listing
        self._crew = crew
        self._haul = crew.haul
        self._ask = ask
        self._levels = Levels(arm, crew, ask, cloud)

    def levels(self, fallback: str | None) -> None:
        """Where to look. `fallback`: the tenant that the environment names."""
        self._levels.read(fallback)
        if self._levels.tenant is None:
            self._levels.ask_directory(self._graph)

    def run(self, tell: Progress) -> None:
        """Read everything that an audit needs."""
        levels = self._levels
        directory = Directory(self._graph, self._crew, levels.scope)
        tell("reading the applications of the tenant")
        Ladder(self._graph, self._crew, levels.scope).read()
        principals = directory.principals()
        known = None if principals is None else of_directory(principals)
        subscriptions = list(levels.subscriptions)
        if subscriptions:
            pace = Pace(self._arm.limits.query_interval)
            graph = ResourceGraph(self._arm, None if self._ask.everything else subscriptions, pace)
            tell(f"reading the managed identities of {len(subscriptions)} subscriptions")
            Identities(self._arm, graph, self._listing, self._crew, levels).read(known)
            tell("reading who holds which role")
            Assignments(self._arm, graph, self._crew, levels).read()
        if self._ask.whole:
            self._unseen(known)
        applications = [doc.id.partition("/")[2] for doc in self._haul.of("application")]
        tell(f"reading what the directory knows of {len(applications)} applications and the managed identities")
        directory.read(applications, self._holders())
        directory.roles()
        directory.sign_ins()

    def _unseen(self, known: dict[str, frozenset[str]] | None) -> None:
        """Say what the list of subscriptions may be leaving out."""
        levels = self._levels
        if levels.none_visible():
            if known is not None and not known:
                reason = f"{NONE_VISIBLE}, and the directory knows no managed identity"
                self._haul.note(levels.scope, "subscription", Status.READ, reason, READ_SUBSCRIPTIONS)
            else:
                self._haul.note(levels.scope, "subscription", Status.DENIED, NONE_VISIBLE, READ_SUBSCRIPTIONS)
        if known is not None:
            hidden(self._haul, levels, known)

    def _holders(self) -> list[str]:
        """The service principals of all managed identities that were found, and of applications with credentials."""
        managed = [table(doc.body.get("properties")).get("principalId") for doc in self._haul.of(IDENTITY)]
        apps = {str(doc.body.get("appId")) for doc in self._haul.of("application")}
        found = [doc.body["id"] for doc in self._haul.of(PRINCIPAL) if str(doc.body.get("appId")) in apps]
        return [ident for ident in (*managed, *found) if isinstance(ident, str) and ident]
