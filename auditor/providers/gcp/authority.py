"""What Google's identities may do: service accounts, and what federated tokens are granted without becoming anybody.

An identity of the second kind is the resource that the grant is on: its power is what its federated members are granted
there. With `member`, only what that one is.

Not modelled: grants outside of what was collected, members of groups, organisation policy, VPC Service Controls, access
levels, ACLs of Cloud Storage and BigQuery, what single services grant by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from auditor.model import RESOURCES, Fix, Identity, Level
from auditor.power import Capability, OwnToken, Power, Profile, Step, ranked, unread
from auditor.providers.gcp import permissions_gaps as gaps
from auditor.providers.gcp.bindings import SERVICE_ACCOUNT, bindings_of, identity_of, reached
from auditor.providers.gcp.doors import Doors
from auditor.providers.gcp.estate import GCP, Account, Estate, estate_of
from auditor.providers.gcp.members import PoolMember, Unclear
from auditor.providers.gcp.permissions_grants import (
    Principal,
    Register,
    account_principal,
    pool_principal,
    register_of,
    unclear_principal,
)
from auditor.providers.gcp.permissions_groups import groups_of
from auditor.providers.gcp.permissions_levels import capabilities
from auditor.providers.gcp.permissions_limits import Limits
from auditor.providers.gcp.permissions_paths import Admitted, Paths
from auditor.providers.gcp.permissions_reach import Holder
from auditor.providers.gcp.permissions_sketch import sketch
from auditor.providers.gcp.permissions_steps import Steps
from auditor.snapshot import Snapshot

ISSUER = "https://accounts.google.com"
T = TypeVar("T", Capability, Step)

_DISABLED = "somebody enables the service account, which is disabled"


class GoogleAuthority:
    """The protocol `auditor.power.Authority` over one snapshot; nothing is looked at before it is asked for."""

    token_issuers: tuple[str, ...] = (ISSUER,)

    def __init__(self, snapshot: Snapshot, now: datetime) -> None:
        self._snapshot = snapshot
        self._now = now
        self._profiles: dict[tuple[Identity, str | None], Profile] = {}
        self._holders: dict[str, tuple[Holder, Paths]] = {}

    @cached_property
    def estate(self) -> Estate:
        return estate_of(self._snapshot)

    @cached_property
    def _register(self) -> Register:
        return register_of(self.estate, self._now, groups_of(self._snapshot.of(GCP, "group")))

    @cached_property
    def _limits(self) -> Limits:
        return Limits(self.estate, frozenset(doc.id for doc in self._snapshot.of(GCP, "project")))

    @cached_property
    def _admitted(self) -> Admitted:
        return Admitted(self.estate)

    @cached_property
    def _general(self) -> tuple[str, ...]:
        return gaps.of_estate(self._register)

    @cached_property
    def _strengths(self) -> tuple[tuple[Level, str, str], ...]:
        return gaps.strengths(self._register)

    @cached_property
    def _members(self) -> dict[str, dict[str, PoolMember | Unclear]]:
        """Resource → the federated members that are granted something on it, in order."""
        found: dict[str, dict[str, PoolMember | Unclear]] = {}
        for binding in bindings_of(self.estate):
            member = binding.member
            if isinstance(member, Unclear) or (isinstance(member, PoolMember) and Doors.federated(self.estate, member)):
                found.setdefault(binding.policy.resource, {})[member.text] = member
        return found

    def identities(self) -> Iterable[Identity]:
        """Every service account, by address, and every resource that federated members are granted something on."""
        accounts = [identity_of(self.estate.accounts[email]) for email in sorted(self.estate.accounts)]
        return tuple(dict.fromkeys((*accounts, *self._resources())))

    def _resources(self) -> Iterator[Identity]:
        for binding in bindings_of(self.estate):
            if binding.member.text in self._members.get(binding.policy.resource, ()):
                yield from (identity for identity, account in reached(binding, self.estate) if account is None)

    def profile(self, identity: Identity, member: str | None = None) -> Profile:
        """What is known of `identity`; of a resource, by what all its federated members have, or `member` alone."""
        key = identity, member
        if key not in self._profiles:
            self._profiles[key] = self._profile(identity, member)
        return self._profiles[key]

    def _profile(self, identity: Identity, member: str | None) -> Profile:
        if identity.kind == SERVICE_ACCOUNT:
            account = self.estate.accounts.get(identity.id)
            return self._of_account(account) if account is not None else unread(f"{identity.id} was not collected")
        if identity.kind in RESOURCES:
            members = self._members.get(identity.id, {})
            chosen = [one for text, one in members.items() if member in (None, text)]
            return self._of_resource(identity.id, chosen)
        return unread(f"what {identity.name} may do is not worked out: it is a {identity.kind}")

    def _of_account(self, account: Account) -> Profile:
        holder, paths = self._holder(account_principal(account, self._register))
        found = capabilities(holder, paths)
        steps = Steps(holder, paths, self._admitted).all()
        if (account.body or {}).get("disabled") is True:
            found = tuple(_doubted(one, _DISABLED) for one in found)
            steps = tuple(_doubted(step, _DISABLED) for step in steps)
        may = max((one.level for one in found), default=Level.NONE)
        missing = {*self._general, *gaps.of_holder(holder)}
        missing.update(gaps.of_groups(self._register, account, may, self._strengths))
        bounds = [self._bound(name) for name in self._limits.bounds(holder.principal)]
        return Profile(
            Power(ranked(found), tuple(sorted(missing))),
            steps,
            bound=next(iter(bounds), None),
            bounds_usual=bool(bounds),
            tokens=_own_tokens(account),
        )

    def _of_resource(self, resource: str, members: list[PoolMember | Unclear]) -> Profile:
        if not members:
            return unread(f"nobody who is known is granted anything on {resource}")
        found: list[Capability] = []
        steps: dict[tuple[str, str], Step] = {}
        missing: set[str] = set()
        for member in members:
            holder, paths = self._federated(member)
            found += [one for one in capabilities(holder, paths) if any(at.document == resource for at in one.sources)]
            for step in Steps(holder, paths, self._admitted).all():
                key = step.target.id, step.kind
                here = any(at.document == resource for at in step.sources)
                if here and (key not in steps or (step.certain and not steps[key].certain)):
                    steps[key] = step
            missing.update(gaps.of_holder(holder))
        if resource in self._register.misread:
            missing.add(f"something in the allow policy of {resource} could not be understood")
        power = Power(ranked(_once(found)), tuple(sorted(missing)))
        return Profile(power, tuple(steps[key] for key in sorted(steps)))

    def _bound(self, binding: str) -> str:
        body = dict(self.estate.bound).get(binding, {})
        return str(body.get("policy") or binding)

    def _holder(self, principal: Principal) -> tuple[Holder, Paths]:
        holder = Holder(principal, self._register, self._limits)
        return holder, Paths(holder, self._admitted)

    def _federated(self, member: PoolMember | Unclear) -> tuple[Holder, Paths]:
        """Kept, as one member may be granted something on many resources."""
        if member.text not in self._holders:
            if isinstance(member, Unclear):
                principal = unclear_principal(member)
            else:
                principal = pool_principal(member, self._register)
            self._holders[member.text] = self._holder(principal)
        return self._holders[member.text]

    def sketch(self, identity: Identity, capability: Capability) -> Fix | None:
        """The binding that grants `capability`, and a narrower one."""
        del identity
        return sketch(self.estate, capability)


def _once(found: Iterable[Capability]) -> Iterable[Capability]:
    """What several members have: once, for certain if one of them has it so."""
    best: dict[tuple[object, ...], Capability] = {}
    for one in sorted(found, key=lambda one: (not one.certain, one.doubt or "")):
        best.setdefault((one.level, one.what, one.scope, one.path), one)
    return best.values()


def _doubted(one: T, doubt: str) -> T:
    return replace(one, doubt=doubt if one.doubt is None else f"{one.doubt} and if {doubt}")


def _own_tokens(account: Account) -> tuple[OwnToken, ...]:
    """Google signs for a service account under its number, for any audience (IAM API, generateIdToken)."""
    body = account.body or {}
    number = body.get("uniqueId")
    if not isinstance(number, str):
        return ()
    return (OwnToken(ISSUER, number, _DISABLED if body.get("disabled") is True else None),)
