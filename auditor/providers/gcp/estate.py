"""What a snapshot holds of Google Cloud, indexed: pools, providers, accounts, policies, and what lies above what.

Everything above a resource counts for it: a role on a folder is a role on every service account below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from auditor.model import Json
from auditor.snapshot import Coverage, Document, Snapshot, Status

GCP: Final = "gcp"

CONTAINERS: Final = "//cloudresourcemanager.googleapis.com/"
"""What the full names of projects, folders and organisations begin with."""

_ACCOUNT_POLICY: Final = "//iam.googleapis.com/projects/"
_ATTACHED: Final = "policies/cloudresourcemanager.googleapis.com%2F"


@dataclass(frozen=True, slots=True)
class Project:
    """A project, known by number, by id, or by both."""

    number: str | None
    id: str | None
    parent: str | None
    """`folders/N` or `organizations/N`; None where nobody could read it."""

    @property
    def scope(self) -> str:
        return self.id or self.number or "-"


@dataclass(frozen=True, slots=True)
class Account:
    """A service account."""

    email: str
    project: Project
    body: Json | None
    """None where only its policy was read."""


@dataclass(frozen=True, slots=True)
class Policy:
    """An allow policy and what it is set on."""

    resource: str
    """The full resource name, which is also the document's id."""
    scope: str
    body: Json
    chain: tuple[str, ...]
    """What lies above and the container itself, if it is one: `projects/7`, `folders/5`, `organizations/1`."""
    account: Account | None = None
    """The service account it is set on, if it is one."""

    @property
    def container(self) -> str | None:
        """`projects/7`, `folders/5` or `organizations/1`, if it is set on one."""
        return self.resource.removeprefix(CONTAINERS) if self.resource.startswith(CONTAINERS) else None


@dataclass(eq=False)
class Estate:
    """Everything at hand. Built once per audit by `estate_of`."""

    pools: dict[str, Json] = field(default_factory=dict)
    providers: dict[str, dict[str, Json]] = field(default_factory=dict)
    """Pool → provider → body, both by full name."""
    workforce: dict[str, Document] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    policies: list[Policy] = field(default_factory=list)
    roles: dict[str, Json] = field(default_factory=dict)
    denials: dict[str, list[tuple[str, Json]]] = field(default_factory=dict)
    """Attachment point (`folders/5`) → (name, body) of its deny policies."""
    boundaries: dict[str, Json] = field(default_factory=dict)
    bound: list[tuple[str, Json]] = field(default_factory=list)
    """(name, body) of every binding of a principal access boundary."""
    projects: dict[str, Project] = field(default_factory=dict)
    """By number and by id."""
    parents: dict[str, str] = field(default_factory=dict)
    """Folder → what it lies in."""
    titles: dict[str, str] = field(default_factory=dict)
    """Folder or organisation → the name people gave it."""
    scopes: dict[str, str] = field(default_factory=dict)
    """Pool → the scope its document was collected in."""
    rows: dict[str, list[Coverage]] = field(default_factory=dict)
    """Kind, without the id behind it → rows of the ledger."""

    def project(self, name: str) -> Project:
        """The project of a number or an id, both of which may stand alone."""
        known = self.projects.get(name)
        if known is not None:
            return known
        return Project(name, None, None) if name.isdecimal() else Project(None, name, None)

    def chain(self, container: str) -> tuple[str, ...]:
        """`container` and what lies above it, as far as it is known."""
        found: dict[str, None] = {}
        place: str | None = container
        while place is not None and place not in found:
            found[place] = None
            kind, _, name = place.partition("/")
            place = self.project(name).parent if kind == "projects" else self.parents.get(place)
        return tuple(found)

    def above(self, project: Project) -> tuple[str, ...]:
        """The project itself and what lies above it."""
        return self.chain(f"projects/{project.number or project.id}")

    @cached_property
    def below(self) -> Mapping[str, tuple[Account, ...]]:
        """Container → every known service account anywhere below it."""
        found: dict[str, list[Account]] = {}
        for account in self.accounts.values():
            for container in self.above(account.project):
                found.setdefault(container, []).append(account)
        return {container: tuple(accounts) for container, accounts in found.items()}

    def pool_name(self, written: str) -> str:
        """A pool's full name with the project's number in it, where the number is known."""
        head, name, rest = written.split("/", 2)
        return f"{head}/{self.project(name).number or name}/{rest}"

    def pool_scope(self, pool: str) -> str:
        """The scope of a pool: its project's id, or its number where nobody told the id."""
        return self.scopes.get(pool) or self.project(pool.split("/")[1]).scope

    @property
    def policies_read(self) -> bool:
        """Whether every policy of projects, folders, organisations and service accounts was read."""
        rows = self.rows.get("iam-policy", ())
        return bool(rows) and all(row.status is Status.READ for row in rows)

    def gap(self, kind: str, scope: str, name: str = "") -> str | None:
        """Why documents of `kind` in `scope`, or the one called `name`, were not all read; None when they were."""
        rows = self.rows.get(kind, ())
        for row in rows:
            single = row.kind.partition(" ")[2]
            if (single == name if single else row.scope == scope) and row.status is not Status.READ:
                needed = f" (needs {row.permission})" if row.permission else ""
                return f"{row.reason or f'the {kind} was {row.status}'}{needed}"
        listed = any(row.scope == scope and " " not in row.kind for row in rows)
        named = bool(name) and any(row.kind.partition(" ")[2] == name for row in rows)
        return None if listed or named else f"no {kind} was read in {scope}"


def estate_of(snapshot: Snapshot) -> Estate:
    """The index. Never raises for what a document holds: what has another shape than Google's counts as absent."""
    estate = Estate()
    of: dict[str, list[Document]] = {}
    for document in snapshot.documents:
        if document.provider == GCP:
            of.setdefault(document.kind, []).append(document)
    for row in snapshot.coverage:
        if row.provider == GCP:
            estate.rows.setdefault(row.kind.partition(" ")[0], []).append(row)
    _read_hierarchy(estate, of)
    for document in of.get("workload-identity-pool", ()):
        estate.pools[document.id] = document.body
        estate.scopes[document.id] = document.scope
        number = document.id.split("/")[1:2]
        if number and number[0] not in estate.projects and not document.scope.isdecimal():
            known = estate.project(document.scope)
            _add(estate, Project(number[0], known.id or document.scope, known.parent))
    for document in of.get("workload-identity-pool-provider", ()):
        pool = document.id.partition("/providers/")[0]
        estate.providers.setdefault(pool, {})[document.id] = document.body
    for kind in ("workforce-pool", "workforce-pool-provider"):
        estate.workforce |= {document.id: document for document in of.get(kind, ())}
    for document in of.get("service-account", ()):
        project = _text(document.body, "projectId") or document.scope
        estate.accounts[document.id] = Account(document.id, estate.project(project), document.body)
    by_unique_id = {
        unique: account
        for account in estate.accounts.values()
        if (unique := _text(account.body or {}, "uniqueId")) is not None
    }
    for document in of.get("iam-policy", ()):
        estate.policies.append(_policy(estate, document, by_unique_id))
    estate.roles = {document.id: document.body for document in of.get("role", ())}
    for document in of.get("deny-policy", ()):
        point = document.id.removeprefix(_ATTACHED).partition("/")[0].replace("%2F", "/").replace("%2f", "/")
        estate.denials.setdefault(_canonical(estate, point), []).append((document.id, document.body))
    estate.boundaries = {document.id: document.body for document in of.get("principal-access-boundary", ())}
    estate.bound = [(document.id, document.body) for document in of.get("policy-binding", ())]
    return estate


def _read_hierarchy(estate: Estate, of: Mapping[str, list[Document]]) -> None:
    for document in of.get("project", ()):
        number = document.id.partition("/")[2]
        project = Project(
            number if number.isdecimal() else None, _text(document.body, "projectId"), _text(document.body, "parent")
        )
        _add(estate, project)
    for document in of.get("folder", ()):
        parent = _text(document.body, "parent")
        if parent is not None:
            estate.parents[document.id] = parent
    for document in (*of.get("folder", ()), *of.get("organization", ())):
        title = _text(document.body, "displayName")
        if title is not None:
            estate.titles[document.id] = title


def _add(estate: Estate, project: Project) -> None:
    for name in (project.number, project.id):
        if name is not None:
            estate.projects[name] = project


def _policy(estate: Estate, document: Document, by_unique_id: Mapping[str, Account]) -> Policy:
    resource, body = document.id, document.body
    if resource.startswith(CONTAINERS):
        return Policy(resource, document.scope, body, estate.chain(resource.removeprefix(CONTAINERS)))
    if resource.startswith(_ACCOUNT_POLICY) and "/serviceAccounts/" in resource:
        owner, _, name = resource.removeprefix(_ACCOUNT_POLICY).partition("/serviceAccounts/")
        account = estate.accounts.get(name) or by_unique_id.get(name)
        if account is None:
            account = Account(name, estate.project(document.scope if owner == "-" else owner), None)
            estate.accounts[name] = account
        return Policy(resource, document.scope, body, estate.above(account.project), account)
    told = [_text(body, "project"), *_texts(body, "folders"), _text(body, "organization")]
    chain: dict[str, None] = {}
    for container in told:
        chain.update(dict.fromkeys(() if container is None else estate.chain(container)))
    if not chain and document.scope != "-":
        scope = document.scope
        chain.update(dict.fromkeys(estate.chain(scope) if "/" in scope else estate.above(estate.project(scope))))
    return Policy(resource, document.scope, body, tuple(chain))


def _canonical(estate: Estate, container: str) -> str:
    kind, _, name = container.partition("/")
    return f"projects/{estate.project(name).number or name}" if kind == "projects" else container


def _text(body: Any, key: str) -> str | None:
    value = body.get(key) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) and value else None


def _texts(body: Any, key: str) -> Iterator[str]:
    value = body.get(key) if isinstance(body, Mapping) else None
    if isinstance(value, list | tuple):
        yield from (text for text in value if isinstance(text, str))
