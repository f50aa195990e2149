"""The order of reading: levels, then what is in them, then what that names. Knows no SDK."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from auditor.progress import Progress, counted
from auditor.providers.gcp.groups import Groups
from auditor.providers.gcp.haul import NOWHERE, Crew
from auditor.providers.gcp.levels import Level, Levels
from auditor.providers.gcp.names import (
    MANAGER,
    accounts_named,
    grants,
    groups_denied,
    groups_named,
    path,
    pools_named,
    roles_that_count,
)
from auditor.providers.gcp.projects import POOL, Contents
from auditor.providers.gcp.rest import Json, RefusedError, Rest, text
from auditor.providers.gcp.search import Search
from auditor.snapshot import Document, Status

LIST_DENIES = "iam.denypolicies.list"
GET_DENY = "iam.denypolicies.get"
LIST_BOUNDARIES = "iam.principalaccessboundarypolicies.list"
SEARCH_BINDINGS = "iam.principalaccessboundarypolicies.searchPolicyBindings"
GET_ROLE = "iam.roles.get"
LIST_WORKFORCE = "iam.googleapis.com/workforcePools.list"
LIST_WORKFORCE_PROVIDERS = "iam.googleapis.com/workforcePoolProviders.list"

DENY, BOUNDARY, BINDING = "deny-policy", "principal-access-boundary", "policy-binding"
LOOKUP_LIMIT = 100


class Slow(Protocol):
    """The APIs of which Google allows five reads a minute, read through its own client library."""

    def denies(self, level: str) -> Iterator[Json]:
        """The whole deny policies attached to a level. Raises `RefusedError`, perhaps after some."""
        ...

    def boundaries(self, organization: str) -> Iterator[Json]:
        """The principal access boundary policies of an organisation. Raises `RefusedError`."""
        ...

    def bindings(self, boundary: str) -> Iterator[Json]:
        """The policy bindings of one boundary policy. Raises `RefusedError`."""
        ...


class Walk:
    """One collection."""

    def __init__(self, rest: Rest, slow: Slow, crew: Crew, tell: Progress) -> None:
        self._rest = rest
        self._slow = slow
        self._crew = crew
        self._haul = crew.haul
        self._tell = tell
        self._levels = Levels(rest, crew)
        self._contents = Contents(rest, crew)
        self._search = Search(rest, crew)
        self._groups = Groups(rest, crew)
        self._part = False
        """Whether more of the same estate is read elsewhere."""
        self._left: frozenset[str] = frozenset()
        """The scopes of the projects that are."""

    def targets(self, names: Sequence[str]) -> list[Level]:
        """The levels that were asked for: one call each, so that credentials that are no good show at once."""
        return list({level.name: level for level in map(self._levels.read, names)}.values())

    def leave(self, others: Sequence[str]) -> None:
        """Leave `others` to those who read the other parts of the estate; their projects are called by their ids."""
        projects = [name for name in others if name.startswith("projects/")]
        self._part = bool(others)
        self._left = frozenset(self._crew.each(self._levels.scope_of, projects))

    def run(self, targets: Sequence[Level]) -> None:
        """Read everything of `targets` that an audit needs."""
        single = [target for target in targets if target.type == "projects"]
        whole = [target for target in targets if target.type != "projects"]
        one_by_one = [project for project in single if project.alive]
        searched: set[str] = set()
        for target in whole:
            self._tell(f"searching {target.name}")
            below = self._levels.below(target.name)
            with_pools = self._search.everything(target.name)
            projects = [level for level in below if level.type == "projects" and level.alive]
            if with_pools is None:
                one_by_one += projects
                continue
            searched.update(level.name for level in (target, *below))
            listed = {level.name: level for level in projects}
            missing = sorted(with_pools - self._levels.known.keys())
            self._crew.each(self._levels.read, missing)
            searched.update(missing)
            holders = [listed.get(name) or self._levels.known[name] for name in sorted(with_pools)]
            alive = [level for level in holders if level.alive]
            self._crew.each(self._contents.pools, alive, "reading pools of projects")
        one_by_one = list({level.name: level for level in one_by_one if level.name not in searched}.values())
        self._crew.each(self._contents.pools, one_by_one, "reading pools of projects")
        self._crew.each(self._contents.accounts, one_by_one, "reading service accounts of projects")
        known = set(self._levels.known)
        self._levels.above(known)
        unread = [level for name, level in sorted(self._levels.known.items()) if name not in searched and level.alive]
        self._levels.policies(level for level in unread if not self._haul.was_read(level.scope, "iam-policy"))
        for target in targets:
            self._search.direct_grants(target.name)
        self._referenced()
        for level in self._organizations():
            self._boundaries(level)
            self._workforce(level)
        self._refusals()
        if self._part or self._haul.of("service-account"):
            granted = (group for doc in self._haul.of("iam-policy") for group in groups_named(_policy(doc.body)))
            denied = (group for doc in self._haul.of(DENY) for group in groups_denied(doc.body))
            self._groups.read({*granted, *denied})

    def _organizations(self) -> list[Level]:
        return [level for _, level in sorted(self._levels.known.items()) if level.type == "organizations"]

    def _referenced(self) -> None:
        """The roles that count, one call each, and the pools that lie elsewhere."""
        given = [grant for doc in self._haul.of("iam-policy") for grant in grants(_policy(doc.body))]
        missing = [name for name in pools_named(member for _, member in given) if not self._accounted(name)]
        for name in missing[LOOKUP_LIMIT:]:
            scope = self._haul.projects.scope(name.split("/")[1])
            reason = f"not among the {LOOKUP_LIMIT} pools elsewhere that were looked up"
            self._haul.note(scope, f"{POOL} {name}", Status.FAILED, reason)
        self._crew.each(self._contents.pool, missing[:LOOKUP_LIMIT], "reading pools that lie elsewhere")
        accounts = {doc.id.lower() for doc in self._haul.of("service-account")} | self._elsewhere()
        policies = [_policy(doc.body) for doc in self._haul.of("iam-policy")]
        roles = sorted({role for one in policies for role in roles_that_count(one, accounts)})
        self._crew.each(self._role, roles, "reading roles")

    def _elsewhere(self) -> set[str]:
        """The service accounts that are granted something here and may be among those that another part reads.

        Who lets them in is not known here. So what they are granted is read as if somebody did.
        """
        if not self._part:
            return set()
        named = {name for doc in self._haul.of("iam-policy") for name in accounts_named(_policy(doc.body))}
        return named - {doc.id.lower() for doc in self._haul.of("service-account")}

    def _accounted(self, pool: str) -> bool:
        """Whether a pool was read, or cannot exist because all pools of its project were, here or elsewhere."""
        scope = self._haul.projects.scope(pool.split("/")[1])
        return self._haul.has(POOL, pool) or self._haul.was_read(scope, POOL) or scope in self._left

    def _role(self, name: str) -> None:
        scope = NOWHERE
        if name.startswith("projects/"):
            scope = self._haul.projects.scope(name.split("/")[1])
        elif name.startswith("organizations/"):
            scope = "/".join(name.split("/")[:2])
        try:
            role = self._rest.get("iam", f"v1/{path(name)}")
        except RefusedError as error:
            self._haul.refuse(scope, f"role {name}", error, GET_ROLE)
            return
        self._haul.keep(scope, "role", name, role)
        self._haul.note(scope, "role", Status.READ, None, GET_ROLE)

    def _refusals(self) -> None:
        """Deny policies of every level above something that a federated member is granted, from the top down."""
        touched = self._touched()
        levels = sorted(self._levels.known.values(), key=lambda level: (_rank(level), level.name))
        wanted = [level for level in levels if level.type != "projects" or level.name in touched]
        for done, level in enumerate(counted("reading deny policies", wanted, len(wanted), self._tell)):
            try:
                for body in self._slow.denies(level.name):
                    self._haul.keep(level.scope, DENY, text(body, "name"), body)
            except RefusedError as error:
                if error.trouble.spent:
                    reason = f"{error.trouble.reason}; not read of {len(wanted) - done} of {len(wanted)} levels"
                    self._haul.note(NOWHERE, DENY, Status.FAILED, reason)
                    return
                self._haul.refuse(level.scope, DENY, error, LIST_DENIES)
            else:
                self._haul.note(level.scope, DENY, Status.READ, None, LIST_DENIES)
        if any(level.type == "projects" and level.alive and level.name not in touched for level in levels):
            reason = "not read in projects in which nothing is granted to a federated member"
            self._haul.note(NOWHERE, DENY, Status.SKIPPED, reason)

    def _touched(self) -> set[str]:
        """The projects in which a federated member is granted something, in person or from above.

        Also those in which a service account of such a project is: whoever comes in may go on as that account.
        """
        granted = [(self._holder(doc), _policy(doc.body)) for doc in self._haul.of("iam-policy")]
        holders = {holder for holder, policy in granted if next(grants(policy), None) is not None}
        alive = {name: level for name, level in self._levels.known.items() if level.type == "projects" and level.alive}
        first = {name for name, level in alive.items() if not holders.isdisjoint(self._path(level))}
        scopes = {alive[name].scope for name in first}
        accounts = {doc.id.lower() for doc in self._haul.of("service-account") if doc.scope in scopes}
        accounts |= self._elsewhere()
        return first | {
            holder for holder, policy in granted if holder in alive and not accounts.isdisjoint(accounts_named(policy))
        }

    def _holder(self, doc: Document) -> str:
        """The level that a policy is set on, or the project of what it is set on."""
        project = doc.body.get("project")
        return str(project) if project else doc.id.removeprefix(MANAGER)

    def _path(self, level: Level) -> Iterator[str]:
        """The names of a level and of everything above it."""
        step: Level | None = level
        seen: set[str] = set()
        while step is not None and step.name not in seen:
            seen.add(step.name)
            yield step.name
            if step.type == "projects":
                yield f"projects/{self._haul.projects.number(step.scope)}"
            step = self._levels.known.get(step.parent or "")

    def _boundaries(self, organization: Level) -> None:
        scope = organization.scope
        names: list[str] = []

        def keep(body: Json) -> None:
            names.append(text(body, "name"))
            self._haul.keep(scope, BOUNDARY, names[-1], body)

        self._crew.gather(scope, BOUNDARY, LIST_BOUNDARIES, self._slow.boundaries(organization.name), keep)
        for name in names:
            self._crew.gather(
                scope,
                BINDING,
                SEARCH_BINDINGS,
                self._slow.bindings(name),
                lambda body: self._haul.keep(scope, BINDING, text(body, "name"), body),
            )

    def _workforce(self, organization: Level) -> None:
        """Workforce pools hold people. They are listed, so that their members are not taken for something else."""
        kind, scope = "workforce-pool", organization.scope
        names: list[str] = []

        def keep(body: Json) -> None:
            names.append(text(body, "name"))
            self._haul.keep(scope, kind, names[-1], body)

        query = {"parent": organization.name, "pageSize": "100", "showDeleted": "true"}
        listed = self._rest.pages("iam", "v1/locations/global/workforcePools", "workforcePools", query)
        self._crew.gather(scope, kind, LIST_WORKFORCE, listed, keep)
        for name in names:
            listed = self._rest.pages(
                "iam",
                f"v1/{path(name)}/providers",
                "workforcePoolProviders",
                {"pageSize": "100", "showDeleted": "true"},
            )
            self._crew.gather(
                scope,
                f"{kind}-provider",
                LIST_WORKFORCE_PROVIDERS,
                listed,
                lambda body: self._haul.keep(scope, f"{kind}-provider", text(body, "name"), body),
            )


def _rank(level: Level) -> int:
    return ("organizations", "folders", "projects").index(level.type)


def _policy(body: Json) -> Json:
    policy = body.get("policy")
    return policy if isinstance(policy, dict) else {}
