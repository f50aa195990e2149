"""Policy documents → trusts: which tokens of which issuer get at what, through which provider of which pool.

One trust per (resource, member, provider of the member's pool): mapping, condition and audience of the provider, the
member, the binding's own condition, deny rules. Every binding that grants the member is a statement of it. Pools that
no outside issuer reaches (GKE's, trust domains, workforce) make no trusts; `inventory` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor.claims.predicate import FALSE, TRUE, Unknown
from auditor.issuers.catalogue import NOWHERE, Catalogue, catalogue_of
from auditor.model import Clause, Identity, Json, Statement, Trust
from auditor.providers.gcp import AUDITED_AT, denials
from auditor.providers.gcp.bindings import Binding, bindings_of, reached
from auditor.providers.gcp.doors import UNATTRIBUTED, Door, Doors
from auditor.providers.gcp.estate import Account, Estate, estate_of
from auditor.providers.gcp.members import PoolMember, SetApart, Unclear
from auditor.snapshot import Snapshot


@dataclass(slots=True)
class _Granted:
    """Everything one member is granted on one target."""

    identity: Identity
    account: Account | None
    bindings: list[Binding] = field(default_factory=list)

    def chain(self, estate: Estate) -> tuple[str, ...]:
        """What lies above the target, and the target itself where it is a container."""
        return self.bindings[0].policy.chain if self.account is None else estate.above(self.account.project)


def trusts(snapshot: Snapshot, now: datetime, issuers: Catalogue | None = None) -> Iterator[Trust]:
    """Every (resource, member, provider) of the snapshot, also the dead ones.

    `now`, with its time zone, decides conditions on the date. Without `issuers`, the built-in tables alone say what is
    minted. Never raises for what a document holds.
    """
    estate = estate_of(snapshot)
    compiler = _Compiler(estate, now, issuers or catalogue_of())
    for granted in _granted(estate).values():
        yield from compiler.trusts(granted)


def _granted(estate: Estate) -> dict[tuple[Identity, str], _Granted]:
    found: dict[tuple[Identity, str], _Granted] = {}
    for binding in bindings_of(estate):
        member = binding.member
        if isinstance(member, SetApart) or (isinstance(member, PoolMember) and not Doors.federated(estate, member)):
            continue
        for identity, account in reached(binding, estate):
            found.setdefault((identity, member.text), _Granted(identity, account)).bindings.append(binding)
    return found


class _Compiler:
    def __init__(self, estate: Estate, now: datetime, issuers: Catalogue) -> None:
        self.estate = estate
        self.now = now
        self.issuers = issuers
        self.doors = Doors(estate, issuers)

    def trusts(self, granted: _Granted) -> Iterator[Trust]:
        member = granted.bindings[0].member
        if isinstance(member, PoolMember):
            for door in self.doors.of(self.estate.pool_name(member.pool)):
                yield self.trust(granted, member, door)
        elif isinstance(member, Unclear):
            yield self.unattributed(granted, member)

    def trust(self, granted: _Granted, member: PoolMember, door: Door) -> Trust:
        entry = self.doors.entry(door, member)
        gate = entry.gate
        notes: dict[str, Any] = {**door.notes, **_grants(granted)}
        statements = self.statements(granted, member, door)
        dead = {why for binding in granted.bindings for why in _dead(binding, door)}
        if dead:
            notes["dead"] = dict(sorted(dead))
        if granted.account is not None and (granted.account.body or {}).get("disabled") is True:
            gate, notes["closed"] = FALSE, "the service account is disabled"
        return Trust(
            identity=granted.identity,
            issuer=entry.issuer,
            via=door.via,
            source=granted.bindings[0].source,
            statements=statements,
            gate=gate,
            audiences=None if door.oidc is None else door.oidc.audiences,
            documents=self.documents(granted, member, door),
            notes=notes,
        )

    def statements(self, granted: _Granted, member: PoolMember, door: Door) -> tuple[Statement, ...]:
        """One for every binding, and what deny rules take away again, where that is the same of all of them."""
        provider = self.doors.entry(door, member).provider
        denied: list[tuple[Clause, ...]] = [()] * len(granted.bindings)
        further: tuple[Clause, ...] = ()
        if provider is not None:
            pool, chain = self.estate.pool_name(member.pool), granted.chain(self.estate)
            rules = denials.rules_on(self.estate, chain)
            held = [self.permissions(binding, account=granted.account is not None) for binding in granted.bindings]
            denied = [denials.refused(rules, permissions, provider, pool, self.estate) for permissions in held]
            further = denials.bounded(self.estate, pool, chain)
        alike = len(set(denied)) == 1
        allowing = (
            self.statement(binding, granted, member, door, (*further, *(() if alike else denials.but_for(refused))))
            for binding, refused in zip(granted.bindings, denied, strict=True)
        )
        refusing = (Statement("deny", clause.source, (clause,)) for clause in (denied[0] if alike else ()))
        return (*allowing, *refusing)

    def statement(
        self, binding: Binding, granted: _Granted, member: PoolMember, door: Door, further: tuple[Clause, ...]
    ) -> Statement:
        entry = self.doors.entry(door, member)
        becomes, provider = entry.becomes, entry.provider
        clauses: list[Clause] = []
        if provider is not None:
            clauses += (provider.audience, *provider.conditions)
        if becomes != TRUE:
            clauses.append(Clause(binding.source, short(member), becomes))
        clauses += binding.clauses(self.now, account=granted.account is not None)
        return Statement("allow", binding.source, (*clauses, *further))

    def permissions(self, binding: Binding, *, account: bool) -> frozenset[str] | None:
        """What the role lets its holder do that a deny rule may take away; None where that is not known."""
        if account:
            return binding.grant.permissions or None
        body = self.estate.roles.get(binding.role)
        held = body.get("includedPermissions") if isinstance(body, Mapping) else None
        return frozenset(map(str, held)) if isinstance(held, list | tuple) and held else None

    def documents(self, granted: _Granted, member: PoolMember, door: Door) -> Json:
        """The raw documents, as `evaluate` reads them."""
        estate = self.estate
        pool = estate.pool_name(member.pool)
        chain = granted.chain(estate)
        return {
            AUDITED_AT: self.now,
            "provider": door.body,
            "pool": estate.pools.get(pool),
            "account": None if granted.account is None else granted.account.body,
            "grants": [_grant(binding, estate) for binding in granted.bindings],
            "denials": [body for container in chain for _, body in estate.denials.get(container, ())],
            "impersonation": granted.account is not None,
            "missing": bool(door.notes.get("provider-missing")),
            "name": door.via,
            "bounded": bool(denials.bounded(estate, pool, chain)),
        }

    def unattributed(self, granted: _Granted, member: Unclear) -> Trust:
        """Tokens of any pool's providers may be meant, or none."""
        statements = (
            Statement("allow", binding.source, (Clause(binding.source, member.text, Unknown(member.reason)),))
            for binding in granted.bindings
        )
        return Trust(
            identity=granted.identity,
            issuer=self.issuers.issuer(UNATTRIBUTED, NOWHERE, ()),
            via=UNATTRIBUTED,
            source=granted.bindings[0].source,
            statements=tuple(statements),
            gate=TRUE,
            audiences=None,
            documents={AUDITED_AT: self.now},
            notes={"policy-unread": member.reason, **_grants(granted)},
        )


def short(member: PoolMember) -> str:
    """What a member names, without the pool: `attribute.repository/acme/app`."""
    _, _, rest = member.text.partition(f"{member.pool}/")
    return rest or member.text


def _grants(granted: _Granted) -> dict[str, Any]:
    """The notes on who is granted what, where."""
    found = [[binding.role, binding.policy.resource, binding.source.pointer] for binding in granted.bindings]
    notes: dict[str, Any] = {"member": granted.bindings[0].member.text, "grants": found}
    if granted.account is None and granted.bindings[0].policy.container is not None:
        wide = [one for one, binding in zip(found, granted.bindings, strict=True) if binding.grant.permissions]
        if wide:
            notes["impersonates"] = wide
    return notes


def _dead(binding: Binding, door: Door) -> Iterator[tuple[str, str]]:
    """Clauses of a binding that never hold, and why."""
    member = binding.member
    if isinstance(member, PoolMember) and door.oidc is not None:
        why = member.dead or door.oidc.unmapped(member)
        if why is not None:
            yield short(member), why
    if binding.grant.idle is not None:
        yield binding.role, binding.grant.idle
    condition = binding.condition
    if isinstance(condition, Mapping) and "request.time" in str(condition.get("expression")):
        yield str(condition["expression"]), "the time that the binding allows is over"


def _grant(binding: Binding, estate: Estate) -> Json:
    return {
        "member": binding.member.text,
        "role": binding.role,
        "role_body": estate.roles.get(binding.role),
        "condition": binding.condition,
    }
