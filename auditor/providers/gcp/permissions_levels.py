"""What somebody may do, place by place, in the levels that all clouds share.

ADMIN: sets the allow policy of a project, folder or organisation. ESCALATION: a path of the table. WIDE_WRITE: changes
things all over a project or more. SENSITIVE_READ: reads what the table calls sensitive, all over a project or more.
SCOPED: whatever else is granted, and everything on a named resource or below a named prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from auditor.model import Level, Source
from auditor.power import Capability
from auditor.providers.gcp.bindings import resource_of
from auditor.providers.gcp.escalations import table
from auditor.providers.gcp.permissions_conditions import UNLIMITED
from auditor.providers.gcp.permissions_grants import Given
from auditor.providers.gcp.permissions_paths import Paths, missing
from auditor.providers.gcp.permissions_reach import Answer, Holder, Reach, joined
from auditor.providers.gcp.permissions_roles import changes, service_of

SETTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "projects": ("resourcemanager.projects.setIamPolicy",),
    "folders": ("resourcemanager.folders.setIamPolicy", "resourcemanager.projects.setIamPolicy"),
    "organizations": (
        "resourcemanager.organizations.setIamPolicy",
        "resourcemanager.folders.setIamPolicy",
        "resourcemanager.projects.setIamPolicy",
    ),
}
"""Level → the permissions to grant oneself everything there, or in everything of a kind below."""

_BELOW: Final = {"folders": "every folder of ", "projects": "every project of "}
_NAMED_SERVICES, _NAMED_PERMISSIONS = 5, 10


class Found:
    """The capabilities of one principal, without what is said already about a place above."""

    def __init__(self) -> None:
        self._listed: list[Capability] = []
        self._seen: dict[tuple[Level, str], list[tuple[str, bool]]] = {}
        self._administered: set[str] = set()

    def add(self, one: Capability, chain: tuple[str, ...], template: str) -> None:
        """`template` is what is the same for every place; `chain` begins with the place itself."""
        seen = self._seen.setdefault((one.level, template), [])
        if any(place in chain and (certain or not one.certain) for place, certain in seen):
            return
        seen.append((one.scope, one.certain))
        self._listed.append(one)

    def administers(self, place: str) -> None:
        self._administered.add(place)

    def covered(self, chain: tuple[str, ...]) -> bool:
        """Whether it is certainly an administrator of something in `chain`, beside which nothing else matters."""
        return not self._administered.isdisjoint(chain)

    @property
    def all(self) -> tuple[Capability, ...]:
        return tuple(self._listed)


def capabilities(holder: Holder, paths: Paths) -> tuple[Capability, ...]:
    """Everything that matters of what `holder` is granted."""
    found = Found()
    for first in holder.places():
        reach = holder.reach(first.place, first.chain)
        named = resource_of(first.policy, holder.estate).name
        if first.on_container:
            _on_container(reach, paths, named, found)
        else:
            _on_resource(reach, named, first, found)
    return found.all


def _on_container(reach: Reach, paths: Paths, named: str, found: Found) -> None:
    if found.covered(reach.chain):
        return
    admin = _admin(reach, named)
    if admin is not None:
        found.add(admin, reach.chain, "admin")
        if admin.certain and not _only_below(admin):
            found.administers(reach.place)
            return
    for one in paths.at(reach, named):
        found.add(one, reach.chain, str(one.path))
    for given, doubt in reach.held:
        if given.place == reach.place and not given.limit.names:
            wide = _wide_write(given, doubt, reach, named)
            if wide is not None:
                found.add(wide, reach.chain, f"write by {given.role.name}")
    for reading in table().readings:
        held = reach.any_of(reading.any)
        if held is not None:
            what = reading.what.format(place=named)
            found.add(_made(Level.SENSITIVE_READ, what, held[:1], reach.place, held[1]), reach.chain, reading.what)
    sources = {source for one in found.all for source in one.sources}
    for given, doubt in reach.held:
        told_above = any(
            other.place != reach.place and other.role is given.role and other.limit == UNLIMITED and unsure is None
            for other, unsure in reach.held
        )
        if given.place == reach.place and given.source not in sources and not told_above:
            _scoped(given, doubt, reach, named, found)


def _admin(reach: Reach, named: str) -> Capability | None:
    held = reach.any_of(SETTERS.get(reach.place.partition("/")[0], ()))
    if held is None:
        return None
    permission, answer = held
    kind = permission.split(".")[1]
    place = named if reach.place.startswith(kind) else _BELOW[kind] + named
    return _made(Level.ADMIN, f"grant itself any role on {place}", (permission,), reach.place, answer)


def _only_below(admin: Capability) -> bool:
    """Whether it administers what lies below a place, and not the place itself."""
    return not admin.permissions[0].startswith(f"resourcemanager.{admin.scope.partition('/')[0]}.")


def _wide_write(given: Given, doubt: str | None, reach: Reach, named: str) -> Capability | None:
    """The services that one grant lets its holder change things of, all over a container."""
    services: dict[str, tuple[str, Answer]] = {}
    for service, permissions in given.role.writes.items():
        held = _first(permissions, given, doubt, reach)
        if held is not None:
            services[service] = held
    if not services:
        return None
    best = min((answer for _, answer in services.values()), key=lambda answer: not answer.certain)
    listed = sorted(service for service, (_, answer) in services.items() if answer.certain == best.certain)
    shown = ", ".join(listed[:_NAMED_SERVICES])
    more = f" and {len(listed) - _NAMED_SERVICES} more services" if len(listed) > _NAMED_SERVICES else ""
    sample = tuple(services[service][0] for service in listed[:_NAMED_PERMISSIONS])
    return _made(Level.WIDE_WRITE, f"change things all over {named}: {shown}{more}", sample, reach.place, best)


def _first(permissions: tuple[str, ...], given: Given, doubt: str | None, reach: Reach) -> tuple[str, Answer] | None:
    """One permission that changes something and is not denied, certain ones first."""
    best: tuple[str, Answer] | None = None
    for permission in permissions[:1] if reach.denied.idle else permissions:
        out, doubts = reach.denied.verdict(permission)
        if out:
            continue
        vague = f"{permission} changes something" if changes(permission) == "perhaps" else None
        own = Answer((given.source,))
        answer = joined((own,), given.limit.doubt, doubt, *doubts, vague)
        assert answer is not None
        if answer.certain:
            return permission, answer
        best = best or (permission, answer)
    return best


def _on_resource(reach: Reach, named: str, first: Given, found: Found) -> None:
    if found.covered(reach.chain):
        return
    told: set[Source] = set()
    if first.policy.account is None:
        for path in table().paths:
            service = {service_of(permission) for permission in path.project}
            if path.account or path.needs or not any(f"//{one}.googleapis.com/" in reach.place for one in service):
                continue
            answer = reach.all_of(path.project, path.doubt, missing(path, reach))
            if answer is not None and any(source.document == first.policy.resource for source in answer.sources):
                what = path.what.format(place=named)
                one = Capability(
                    Level.ESCALATION, what, path.permissions, reach.place, answer.sources, path.id, answer.doubt
                )
                found.add(one, (reach.place, *reach.chain), path.id)
                told.update(answer.sources)
    for given, doubt in reach.held:
        if given.place == reach.place and given.source not in told:
            _scoped(given, doubt, reach, named, found)


def _scoped(given: Given, doubt: str | None, reach: Reach, named: str, found: Found) -> None:
    """What a grant gives that counts for nothing else, or on named things only."""
    telling: list[str] = []
    doubts: tuple[str, ...] = ()
    for permission in given.role.ordered:
        out, doubts_of = reach.denied.verdict(permission)
        if not out:
            doubts = doubts or doubts_of
            telling.append(permission)
        if len(telling) == 3:
            break
    if not telling and given.role.gap is None:
        return
    answer = joined((Answer((given.source,)),), given.limit.doubt, doubt, *doubts, given.role.doubt)
    assert answer is not None
    where = f"what is called {' or '.join(given.limit.names)} in {named}" if given.limit.names else named
    scope = ", ".join(given.limit.names) or reach.place
    what = f"use {given.role.name} on {where}"
    found.add(_made(Level.SCOPED, what, tuple(telling), scope, answer), (reach.place, *reach.chain), what)


def _made(level: Level, what: str, permissions: tuple[str, ...], scope: str, answer: Answer) -> Capability:
    return Capability(level, what, permissions, scope, answer.sources, None, answer.doubt)
