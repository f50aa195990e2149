"""Which other collected identities one may become: by roles on them, rights over applications, or their credentials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from auditor.model import Source
from auditor.power import Step, both
from auditor.providers.azure.directory import Entry
from auditor.providers.azure.documents import items, text
from auditor.providers.azure.estate import AUDIENCES, Estate
from auditor.providers.azure.federated import APPLICATION, MANAGED
from auditor.providers.azure.holders import Holder
from auditor.providers.azure.known import Action, tables
from auditor.providers.azure.permissions import Holdings, Proof, together
from auditor.providers.azure.scopes import Scope, scope_of
from auditor.snapshot import Document, Snapshot

_WRITE: Final = Action("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write")
_ASSIGN: Final = Action("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action")
_GRANT: Final = Action("Microsoft.Authorization/roleAssignments/write")
_HOSTS: Final = "azure-assign-identity"

_ISSUERS: Final = (
    "https://login.microsoftonline.com/{}/v2.0",
    "https://login.microsoftonline.us/{}/v2.0",
    "https://login.partner.microsoftonline.cn/{}/v2.0",
)
"""Who issues the tokens of managed identities: the public cloud, the US government's, China's."""
_DETOUR: Final = "grant-roles"
"""Not told where a certain step leads to the same identity at once."""
_OWNER: Final = "it has Application.ReadWrite.OwnedBy, without which only people may change what they own"


@dataclass(frozen=True, slots=True)
class Presented:
    """A federated credential of a collected identity that takes tokens of Entra."""

    holder: Holder
    source: Source
    issuer: str
    doubts: tuple[str, ...]


@dataclass(eq=False)
class Targets:
    """The collected identities, as something to become."""

    applications: tuple[Holder, ...]
    by_subscription: dict[str, list[tuple[Scope, Holder]]] = field(default_factory=dict)
    """Subscription → managed identities and where they are."""
    owned: dict[str, list[tuple[Holder, Source]]] = field(default_factory=dict)
    """Owner → applications."""
    presented: dict[str, list[Presented]] = field(default_factory=dict)
    """Subject → credentials that name it."""
    by_object: dict[str, Holder] = field(default_factory=dict)
    """Object id of an application or of its service principal → the application."""
    _within: dict[tuple[str, frozenset[str]], tuple[tuple[Scope, Holder], ...]] = field(default_factory=dict)

    def within(self, held: Holdings, outer: Scope, tenants: frozenset[str]) -> tuple[tuple[Scope, Holder], ...]:
        """The managed identities at or below a scope, or that may be; of these tenants, if any are known."""
        key = (outer.key, tenants)
        found = self._within.get(key)
        if found is None:
            wanted = self.by_subscription if outer.subscription is None else (outer.subscription,)
            found = self._within[key] = tuple(
                (scope, holder)
                for name in wanted
                for scope, holder in self.by_subscription.get(name, ())
                if held.hierarchy.within(scope, outer) is not False
                and (not tenants or holder.tenant is None or holder.tenant in tenants)
            )
        return found


def targets_of(snapshot: Snapshot, estate: Estate, every: Iterable[Holder]) -> Targets:
    """The index. Never raises for what a document holds."""
    listed = tuple(every)
    found = Targets(tuple(one for one in listed if one.identity.kind == APPLICATION))
    for holder in listed:
        if holder.identity.kind == MANAGED:
            scope = scope_of(holder.identity.id)
            if scope is not None and scope.subscription is not None:
                found.by_subscription.setdefault(scope.subscription, []).append((scope, holder))
    by_registration = {holder.object_id: holder for holder in found.applications}
    for holder in found.applications:
        found.by_object.update(dict.fromkeys((*holder.principals, holder.object_id), holder))
        credentials = items(None if holder.document is None else holder.document.body, "federatedIdentityCredentials")
        for index, one in enumerate(credentials or ()):
            if holder.document is not None:
                source = Source(holder.document.id, f"/federatedIdentityCredentials/{index}")
                _present(found, holder, source, one)
    managed = {one.identity.id.lower(): one for one in listed if one.identity.kind == MANAGED}
    for key, documents in estate.credentials.items():
        for document in documents:
            if key in managed:
                source = Source(document.id, "/properties")
                why = "this, which Microsoft documents for applications alone, works for managed identities too"
                _present(found, managed[key], source, document.body.get("properties"), why)
    for document in snapshot.of("azure", "application-owners"):
        _owners(found, by_registration, document)
    return found


def _present(found: Targets, holder: Holder, source: Source, body: Any, *doubts: str) -> None:
    subject, issuer = text(body, "subject"), text(body, "issuer")
    if subject is None or issuer is None or not issuer.startswith("https://login."):
        return
    audiences = items(body, "audiences")
    if audiences is None or len(audiences) != 1:
        doubts = (*doubts, "the audiences of the credential, which could not be understood, fit its token")
    elif audiences[0] not in AUDIENCES.values():
        doubts = (*doubts, f"it can have tokens for {audiences[0]}")
    found.presented.setdefault(subject, []).append(Presented(holder, source, issuer, doubts))


def _owners(found: Targets, by_registration: Mapping[str, Holder], document: Document) -> None:
    name = (text(document.body, "id") or document.id.removesuffix("/owners").rpartition("/")[2]).lower()
    target = by_registration.get(name)
    for index, one in enumerate(items(document.body, "value") or ()):
        owner = text(one, "id")
        if target is not None and owner is not None:
            found.owned.setdefault(owner.lower(), []).append((target, Source(document.id, f"/value/{index}")))


def steps(holder: Holder, held: Holdings, entries: Iterable[Entry], targets: Targets) -> tuple[Step, ...]:
    """Every step of one identity, sorted; of several of one kind to one target, the most certain."""
    own = tuple(entries)
    best: dict[tuple[str, str, str], Step] = {}
    sources = (
        _by_roles(holder, held, targets),
        _by_directory(own, targets),
        _by_ownership(holder, own, targets),
        _by_credential(holder, targets),
    )
    for source in sources:
        for step in source:
            if step.target == holder.identity:
                continue
            key = (step.target.kind, step.target.id.lower(), step.kind)
            if key not in best or (step.certain and not best[key].certain):
                best[key] = step
    direct = {key[:2] for key, step in best.items() if step.certain and step.kind != _DETOUR}
    return tuple(best[key] for key in sorted(best) if key[2] != _DETOUR or key[:2] not in direct)


def _by_roles(holder: Holder, held: Holdings, targets: Targets) -> Iterator[Step]:
    for action, kind, how in (
        (_WRITE, "write-credential", "add a federated credential to it"),
        (_ASSIGN, "assign-identity", "attach it to something that runs its code"),
        (_GRANT, _DETOUR, "grant itself a role on it, and then add a federated credential to it"),
    ):
        if action not in held.known:
            continue
        names, extra = _host(held) if action is _ASSIGN else ((action.name,), Proof(()))
        for target, proof in _reached(holder, held, action, targets):
            whole = together((proof, extra))
            yield Step(target.identity, kind, how, names, whole.sources, whole.doubt)


def _reached(holder: Holder, held: Holdings, action: Action, targets: Targets) -> Iterator[tuple[Holder, Proof]]:
    """The managed identities on which an action is allowed."""
    done: set[str] = set()
    for assignment in held.assignments:
        if not assignment.role.holding(action):
            continue
        inside = targets.within(held, assignment.scope, holder.tenants)
        proof = held.allowed(action, assignment.scope) if inside else None
        # What is allowed in a subscription for certain, and denied nowhere, is allowed in the same way below.
        plain = proof is not None and not proof.doubts and assignment.scope.subscription is not None
        shared = plain and held.denials.quiet(assignment.scope)
        for scope, target in inside:
            if scope.key not in done:
                done.add(scope.key)
                found = proof if shared else held.allowed(action, scope)
                if found is not None:
                    yield target, found


def _host(held: Holdings) -> tuple[tuple[str, ...], Proof]:
    """What else it takes to run code as an identity that one may attach."""
    path = next(path for path in tables().paths if path.id == _HOSTS)
    found = [(proof, action.name) for action in path.any if (proof := held.anywhere(action)) is not None]
    if not found:
        return (_ASSIGN.name,), Proof((), ("it has something of its own to attach it to",))
    proof, name = min(found, key=lambda pair: len(pair[0].doubts))
    return (_ASSIGN.name, name), proof


def _by_directory(entries: Iterable[Entry], targets: Targets) -> Iterator[Step]:
    for entry in entries:
        capability = entry.capability
        if capability is None or not entry.writes - {"owned"}:
            continue
        doubt, sources, names = capability.doubt, capability.sources, capability.permissions
        if entry.object_id is not None:
            target = targets.by_object.get(entry.object_id)
            if target is not None:
                yield Step(target.identity, "write-credential", "add a credential to it", names, sources, doubt)
            continue
        for target in targets.applications:
            if target.tenant != entry.tenant and None not in {target.tenant, entry.tenant}:
                continue
            if "credentials" in entry.writes or ("own-credentials" in entry.writes and not _many_tenants(target)):
                yield Step(target.identity, "write-credential", "add a credential to it", names, sources, doubt)
            if "grants" in entry.writes:
                how = "give itself the right to add a credential to it"
                yield Step(target.identity, _DETOUR, how, names, sources, doubt)
        if "grants" in entry.writes:
            yield from _elevated(entry, targets)


def _elevated(entry: Entry, targets: Targets) -> Iterator[Step]:
    """Whoever can be Global Administrator can let itself into the subscriptions of the tenant."""
    if entry.capability is None:
        return
    why = "it elevates its access first, as a Global Administrator may"
    doubt = both(entry.capability.doubt, why)
    how = "let itself into the subscription as a Global Administrator"
    for listed in targets.by_subscription.values():
        for _, target in listed:
            if target.tenant == entry.tenant:
                names, sources = entry.capability.permissions, entry.capability.sources
                yield Step(target.identity, _DETOUR, how, names, sources, doubt)


def _many_tenants(target: Holder) -> bool:
    body = {} if target.document is None else target.document.body
    return text(body, "signInAudience") not in {None, "AzureADMyOrg"}


def _by_ownership(holder: Holder, entries: Iterable[Entry], targets: Targets) -> Iterator[Step]:
    allowed = [one.capability for one in entries if one.capability is not None and "owned" in one.writes]
    best = min(allowed, key=lambda capability: len(capability.sources), default=None)
    for principal in holder.principals:
        for target, source in targets.owned.get(principal, ()):
            how = "add a credential to it, which it owns"
            if best is None:
                yield Step(target.identity, "write-credential", how, (), (source,), _OWNER)
            else:
                yield Step(target.identity, "write-credential", how, best.permissions, (source, *best.sources))


def _by_credential(holder: Holder, targets: Targets) -> Iterator[Step]:
    """Its own tokens are credentials of another identity."""
    issuers = {one.format(holder.tenant) for one in _ISSUERS}
    for principal in holder.principals:
        for one in targets.presented.get(principal, ()):
            doubts = list(one.doubts)
            if holder.tenant is None:
                doubts.append("the identity is in the tenant of that issuer, which was not read")
            elif one.issuer not in issuers:
                continue
            if holder.identity.kind != MANAGED:
                doubts.append(
                    "this, which Microsoft documents for managed identities alone, works for applications too"
                )
            how = "sign in as it with its own token"
            yield Step(one.holder.identity, "credential-of", how, (), (one.source,), both(*doubts))
