"""The power of Azure identities: managed identities and applications, by roles, permissions and what they may rewrite.

Not modelled, and said so in the documentation: what resources grant by themselves (key vault access policies, SQL and
storage users, Kubernetes roles), identities of machines and apps (not collected: paths to them depend on there being
one), classic administrators, owners of groups, Conditional Access.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property

from auditor.model import Fix, Identity
from auditor.power import Capability, OwnToken, Power, Profile, Step, both, ranked, unread
from auditor.providers.azure import arm_power
from auditor.providers.azure.assignments import Assignment, Assignments, assignments_of
from auditor.providers.azure.denials import Denials, Membership, denials_of
from auditor.providers.azure.directory import Directory, Entry, directory_of
from auditor.providers.azure.documents import items, table, text
from auditor.providers.azure.estate import Estate, estate_of
from auditor.providers.azure.federated import MANAGED
from auditor.providers.azure.holders import Holder, holders
from auditor.providers.azure.ledger import Ledger
from auditor.providers.azure.permissions import Holdings
from auditor.providers.azure.scopes import Hierarchy, hierarchy_of
from auditor.providers.azure.sketches import KINDS, sketch
from auditor.providers.azure.steps import Targets, steps, targets_of
from auditor.snapshot import Document, Snapshot

_DISABLED = "somebody enables its service principal again"

ENTRA = ("https://login.microsoftonline.com/", "https://sts.windows.net/")
"""Where the tenants' issuers are, one for each version of tokens."""


class AzureAuthority:
    """The `Authority` of Azure. Indexes are made on first use, profiles when asked for; both are kept."""

    token_issuers: tuple[str, ...] = ENTRA

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._profiles: dict[tuple[str, str], Profile] = {}

    # -- the protocol

    def identities(self) -> Iterable[Identity]:
        """User-assigned managed identities, applications, and applications of other tenants that hold something."""
        return tuple(holder.identity for holder in self._holders.values())

    def profile(self, identity: Identity) -> Profile:
        """What is known of one identity."""
        key = (identity.kind, identity.id.lower())
        holder = self._holders.get(key)
        if holder is None:
            return unread(f"{identity.name} was not collected")
        if key not in self._profiles:
            self._profiles[key] = self._profile(holder)
        return self._profiles[key]

    def sketch(self, identity: Identity, capability: Capability) -> Fix | None:
        """The assignment or the role that grants it, and how it could look instead."""
        del identity
        return sketch(self._grants, capability)

    # -- indexes

    @cached_property
    def _estate(self) -> Estate:
        return estate_of(self._snapshot)

    @cached_property
    def _hierarchy(self) -> Hierarchy:
        return hierarchy_of(self._snapshot)

    @cached_property
    def _ledger(self) -> Ledger:
        return Ledger(self._estate, self._hierarchy)

    @cached_property
    def _holders(self) -> dict[tuple[str, str], Holder]:
        found: dict[tuple[str, str], Holder] = {}
        for holder in holders(self._estate):
            found.setdefault((holder.identity.kind, holder.identity.id.lower()), holder)
        return found

    @cached_property
    def _grants(self) -> dict[str, Document]:
        """What grants something, by id."""
        return {
            document.id: document
            for document in self._snapshot.documents
            if document.provider == "azure" and document.kind in KINDS
        }

    @cached_property
    def _assignments(self) -> Assignments:
        return assignments_of(self._snapshot)

    @cached_property
    def _denials(self) -> Denials:
        return denials_of(self._snapshot, self._hierarchy)

    @cached_property
    def _directory(self) -> Directory:
        return directory_of(self._snapshot, self._estate)

    @cached_property
    def _targets(self) -> Targets:
        return targets_of(self._snapshot, self._estate, self._holders.values())

    @cached_property
    def _groups(self) -> frozenset[str]:
        """Everybody who holds roles and may be a group."""
        known = {*self._estate.by_object, *self._estate.by_principal}
        return frozenset((self._assignments.groups | self._directory.groups) - known)

    @cached_property
    def _activity(self) -> dict[str, str]:
        """Application id → when it signed in last."""
        found: dict[str, str] = {}
        for document in self._snapshot.of("azure", "sign-in-activity"):
            name = (text(document.body, "appId") or "").lower()
            moments = [
                moment
                for key in document.body
                if (moment := text(table(document.body, key), "lastSignInDateTime")) is not None
            ]
            if name and moments:
                found[name] = max([*moments, *([found[name]] if name in found else [])])
        return found

    # -- one identity

    def _profile(self, holder: Holder) -> Profile:
        who, unsure = self._membership(holder)
        assigned = _of(self._assignments.active, who)
        eligible = _of(self._assignments.eligible, who)
        held = Holdings(who, tuple(assigned), self._denials, self._hierarchy, self._ledger.denials)
        groups = sorted(who.ids.difference(holder.principals))
        entries = tuple(self._directory.entries(holder.principals, groups))
        found = [
            *arm_power.capabilities(held),
            *map(arm_power.eligible, eligible),
            *(entry.capability for entry in entries if entry.capability is not None),
        ]
        next_ones = steps(holder, held, entries, self._targets)
        if holder.disabled:
            found = [replace(one, doubt=_with(one.doubt)) for one in found]
            next_ones = tuple(replace(one, doubt=_with(one.doubt)) for one in next_ones)
        gaps = self._gaps(holder, assigned, entries, unsure)
        last_used = self._activity.get(holder.client or "")
        return Profile(
            Power(ranked(found), gaps),
            tuple(sorted(next_ones, key=_order)),
            created=holder.created,
            last_used=last_used,
            use_known=last_used is not None or self._asked(holder),
            tokens=_own_tokens(holder),
        )

    def _asked(self, holder: Holder) -> bool:
        """Whether one that no record names was never used: nothing says that managed identities have records."""
        asked = bool(holder.tenants) and all(map(self._ledger.activity_read, holder.tenants))
        return asked and holder.client is not None and holder.identity.kind != MANAGED

    def _membership(self, holder: Holder) -> tuple[Membership, str | None]:
        """By which ids it is meant, and why there may be others."""
        ids, complete = set(holder.principals), bool(holder.principals)
        for principal in holder.principals:
            document = self._directory.memberships.get(principal)
            listed = None if document is None else items(document.body, "value")
            if document is None or listed is None or "value" not in document.body:
                complete = False
                continue
            for one in listed:
                name, kind = text(one, "id"), text(one, "@odata.type")
                if name is None:
                    complete = False
                elif kind is None or kind.lower().endswith("group"):
                    ids.add(name.lower())
        unsure = None
        if holder.principals and not complete and self._groups - ids:
            unsure = f"whether it is in one of the groups that hold roles ({len(self._groups - ids)}) was not read"
        return Membership(frozenset(ids), complete), unsure

    def _gaps(
        self, holder: Holder, assigned: list[Assignment], entries: tuple[Entry, ...], unsure: str | None
    ) -> tuple[str, ...]:
        known = bool(holder.tenants) and all(map(self._ledger.principals_read, holder.tenants))
        if not holder.principals and holder.unread is None and known:
            return ()  # an application without a service principal: nothing can be granted to it
        found = {one.role.doubt for one in assigned} | {entry.gap for entry in entries} | {unsure, holder.unread}
        if not holder.principals and holder.unread is None:
            found.add("its service principal was not read")
        for tenant in holder.tenants or (None,):
            found.update(self._ledger.gaps(tenant))
        for name in (*holder.principals, ""):
            found.update(self._assignments.broken.get(name, ()))
        return tuple(sorted(reason for reason in found if reason is not None))


def _of(found: Mapping[str, list[Assignment]], who: Membership) -> list[Assignment]:
    """Those of one identity, in the same order every time."""
    mine = (one for name in who.ids for one in found.get(name, ()))
    return sorted(mine, key=lambda one: (-one.scope.size, one.scope.key, one.source.document, one.role.document))


def _with(doubt: str | None) -> str:
    return both(doubt, _DISABLED) or _DISABLED


def _order(step: Step) -> tuple[str, str, str]:
    return (step.target.kind, step.target.id.lower(), step.kind)


def _own_tokens(holder: Holder) -> tuple[OwnToken, ...]:
    """Entra signs for a principal under its object id, in both versions of its tokens."""
    doubt = _DISABLED if holder.disabled else "the tenant knows an application by the audience that is asked for"
    return tuple(
        OwnToken(issuer, principal, doubt)
        for tenant in sorted(holder.tenants)
        for principal in holder.principals
        for issuer in (f"{ENTRA[0]}{tenant}/v2.0", f"{ENTRA[1]}{tenant}/")
    )
