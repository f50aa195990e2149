"""What the roles of AWS accounts may do, and become next, by the documents of a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from auditor.kept import Kept
from auditor.model import Fix, Identity, Level
from auditor.power import Capability, Power, Profile, ranked, unread
from auditor.providers.aws import levels, sketches
from auditor.providers.aws.escalations import Ways, smallest
from auditor.providers.aws.estate import Estate
from auditor.providers.aws.permissions import Standing
from auditor.providers.aws.roles import Role
from auditor.providers.aws.rooms import Room
from auditor.providers.aws.steps import steps
from auditor.snapshot import Snapshot

REWRITE = "iam-update-assume-role-policy"
"""The path by which a role rewrites who may become another one."""

REMEMBERED = 50_000
"""Capabilities and steps of the roles asked for last, where a role counts as ten: some 15 MB."""


class AwsAuthority:
    """The protocol of `auditor.power.Authority`; each role is looked at when it is asked for."""

    token_issuers: tuple[str, ...] = ()

    def __init__(self, snapshot: Snapshot, now: datetime) -> None:
        self._estate = Estate(snapshot, now)
        self._profiles = _memory()

    def __getstate__(self) -> Estate:
        return self._estate

    def __setstate__(self, state: Estate) -> None:
        self._estate = state
        self._profiles = _memory()

    def identities(self) -> Iterable[Identity]:
        return self._estate.identities()

    def profile(self, identity: Identity) -> Profile:
        return self._profiles.get(identity, self._profile)

    def _profile(self, identity: Identity) -> Profile:
        found = self._estate.role(identity.id)
        return unread(f"the role {identity.name} was not collected") if found is None else profile(*found)

    def sketch(self, identity: Identity, capability: Capability) -> Fix | None:
        """The guilty statement before and after."""
        found = self._estate.role(identity.id)
        if found is None:
            return None
        room, role = found
        return sketches.sketch(room.standing(role), capability)


def _memory() -> Kept[Identity, Profile]:
    return Kept(REMEMBERED, lambda found: 10 + len(found.steps) + len(found.power.capabilities))


def profile(room: Room, role: Role) -> Profile:
    """What a role of the room may do, and become next."""
    standing = room.standing(role)
    ways = Ways(standing, role, room)
    power = Power(capabilities(standing, ways), tuple(sorted(standing.gaps)))
    used = role.body.get("RoleLastUsed")
    last = used.get("LastUsedDate") if isinstance(used, Mapping) else None
    created = role.body.get("CreateDate")
    others = room.bounded[role.identity.scope] - (role.boundary is not None)
    return Profile(
        power,
        steps(ways, administrator=power.must is Level.ADMIN),
        created=created if isinstance(created, str) else None,
        last_used=last if isinstance(last, str) else None,
        use_known=isinstance(used, Mapping),
        bound=role.boundary,
        bounds_usual=others > 0,
        governs=tuple((role.account, one) for one in power.capabilities if _governs(one))[:1],
    )


def capabilities(standing: Standing, ways: Ways) -> tuple[Capability, ...]:
    """Of an administrator that alone. Of one that may be, what is certain besides."""
    admin = levels.administration(standing)
    if admin is not None and admin.certain:
        return (admin,)
    found = [one.capability for one in smallest(ways.found())]
    found += levels.wide_writes(standing)
    found += levels.groups(standing)
    if admin is not None:
        return ranked((admin, *(one for one in found if one.certain)))
    found += levels.scoped(standing, found)
    return ranked(found)


def _governs(one: Capability) -> bool:
    """Whether it opens every role of the account: by rewriting any trust policy, or by anything at all."""
    anything = one.level is Level.ADMIN or (one.path == REWRITE and one.level is Level.ESCALATION)
    return anything and one.scope == "*"
