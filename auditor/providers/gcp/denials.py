"""What takes a granted role away again: deny policies, and principal access boundaries of the pool.

Facts: IAM API v2 and v3. A deny rule is looked at before any allow policy; it stands on the resource's project, folder
or organisation. Its condition tests resource tags, which are not read: then it may or may not apply. A boundary that
leaves the resource out blocks many permissions but not all, so its effect is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditor.claims.predicate import FALSE, TRUE, Predicate, Unknown, conjunction, disjunction, negation
from auditor.model import Clause, Source
from auditor.providers.gcp.estate import CONTAINERS, Estate
from auditor.providers.gcp.mapping import OidcProvider
from auditor.providers.gcp.members import EVERYBODY, PoolMember, Unclear, read_member

_TAGS = "whether the resource has the tags that a deny rule is about was not read"
_GROUP = "how a deny rule reads a wildcard among its permissions was not settled"
_SHAPE = "a deny policy could not be understood"
_BOUNDARY = "a principal access boundary of the pool leaves the resource out; what it blocks is not known"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One deny rule and where it stands."""

    source: Source
    body: Mapping[str, Any]


def rules_on(estate: Estate, chain: Iterable[str]) -> tuple[Rule, ...]:
    """The deny rules of everything in `chain`. What is no rule by its shape is left as it is, and never certain."""
    found: list[Rule] = []
    for container in chain:
        for name, body in estate.denials.get(container, ()):
            listed = body.get("rules", [])
            for index, rule in enumerate(listed if isinstance(listed, list | tuple) else [listed]):
                inner = rule.get("denyRule") if isinstance(rule, Mapping) else rule
                place = Source(name, f"/rules/{index}/denyRule")
                found.append(Rule(place, inner if isinstance(inner, Mapping) else {"unreadable": inner}))
    return tuple(found)


def refused(
    rules: Iterable[Rule], permissions: frozenset[str] | None, provider: OidcProvider, pool: str, estate: Estate
) -> tuple[Clause, ...]:
    """Clauses that hold for tokens whose every permission of `permissions` is denied; none where no rule is about them.

    `permissions` is None where it is not known what the role holds: then a rule about the member makes it unknown.
    """
    about = {rule: predicate for rule in rules if (predicate := _is_denied(rule, provider, pool, estate)) != FALSE}
    if not about:
        return ()
    if permissions is None:
        doubt = Unknown("which permissions the role holds besides those that are denied was not read")
        return tuple(_clause(rule, conjunction((who, doubt))) for rule, who in about.items())
    per_permission: dict[Predicate, Rule] = {}
    for permission in sorted(permissions):
        matching = [(rule, covers) for rule in about if (covers := _covers(rule, permission)) != FALSE]
        if not matching:
            return ()  # one permission is left to everybody
        denied = disjunction(conjunction((about[rule], covers)) for rule, covers in matching)
        per_permission.setdefault(denied, matching[0][0])
    if not per_permission:
        return ()
    return (_clause(next(iter(per_permission.values())), conjunction(per_permission)),)


def _clause(rule: Rule, predicate: Predicate) -> Clause:
    return Clause(rule.source, f"denied by {rule.source.document.rpartition('/')[2]}", predicate)


def but_for(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """The same as tests of who is let in."""
    return tuple(Clause(one.source, f"not {one.text}", negation(one.predicate)) for one in clauses)


def _is_denied(rule: Rule, provider: OidcProvider, pool: str, estate: Estate) -> Predicate:
    """The rule is about a token that the provider takes."""
    if "unreadable" in rule.body:
        return Unknown(_SHAPE)
    denied = _any_of(rule.body.get("deniedPrincipals", []), provider, pool, estate)
    excepted = _any_of(rule.body.get("exceptionPrincipals", []), provider, pool, estate)
    about = conjunction((denied, negation(excepted)))
    return conjunction((about, Unknown(_TAGS))) if rule.body.get("denialCondition") else about


def _any_of(listed: Any, provider: OidcProvider, pool: str, estate: Estate) -> Predicate:
    if not isinstance(listed, list | tuple):
        return Unknown(_SHAPE)
    return disjunction(_is(text, provider, pool, estate) for text in listed)


def _is(text: Any, provider: OidcProvider, pool: str, estate: Estate) -> Predicate:
    if not isinstance(text, str):
        return Unknown(_SHAPE)
    if text == EVERYBODY:
        return TRUE
    member = read_member(text)
    if isinstance(member, Unclear):
        return Unknown(member.reason)
    if not isinstance(member, PoolMember) or estate.pool_name(member.pool) != pool:
        return FALSE
    return provider.becomes(member)


def _covers(rule: Rule, permission: str) -> Predicate:
    """The rule denies the permission."""
    if "unreadable" in rule.body:
        return TRUE  # whether it is about anybody is unknown already
    denied = _names(rule.body.get("deniedPermissions", []), permission)
    return conjunction((denied, negation(_names(rule.body.get("exceptionPermissions", []), permission))))


def _names(listed: Any, permission: str) -> Predicate:
    if not isinstance(listed, list | tuple) or any(not isinstance(text, str) for text in listed):
        return Unknown(_SHAPE)
    if as_denied(permission) in listed:
        return TRUE
    return Unknown(_GROUP) if any("*" in text for text in listed) else FALSE


_HOSTS: Final = {"resourcemanager": "cloudresourcemanager"}
"""Services whose host has another name than their permissions (IAM, "Permissions supported in deny policies")."""


def as_denied(permission: str) -> str:
    """A permission as deny policies write it: `cloudresourcemanager.googleapis.com/projects.get`."""
    service, _, rest = permission.partition(".")
    return permission if "/" in permission else f"{_HOSTS.get(service, service)}.googleapis.com/{rest}"


def bounded(estate: Estate, pool: str, chain: tuple[str, ...]) -> tuple[Clause, ...]:
    """A clause that is unknown where a principal access boundary of the pool leaves out what is in `chain`."""
    home = estate.above(estate.project(pool.split("/")[1]))
    meant = {f"//iam.googleapis.com/{pool}", *(CONTAINERS + container for container in home)}
    applying: list[str] = []
    for name, body in estate.bound:
        target = body.get("target")
        if isinstance(target, Mapping) and target.get("principalSet") in meant:
            applying.append(name)
            if _eligible(estate.boundaries.get(str(body.get("policy"))), chain):
                return ()
    return tuple(Clause(Source(name, ""), "principal access boundary", Unknown(_BOUNDARY)) for name in applying[:1])


def _eligible(boundary: Any, chain: tuple[str, ...]) -> bool:
    """Whether some rule of the boundary names a container that the resource is in."""
    details = boundary.get("details") if isinstance(boundary, Mapping) else None
    listed = details.get("rules", []) if isinstance(details, Mapping) else []
    wanted = {CONTAINERS + container for container in chain}
    return any(
        resource in wanted
        for rule in (listed if isinstance(listed, list | tuple) else ())
        if isinstance(rule, Mapping) and isinstance(rule.get("resources"), list | tuple)
        for resource in rule["resources"]
    )
