"""Why somebody may do more than what was found: policies, roles and memberships that were not read.

What lies outside of what was asked for is none: an account may be granted something in a project of which nothing was
collected. The documentation says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.model import Level
from auditor.providers.gcp.bindings import resource_of
from auditor.providers.gcp.escalations import table
from auditor.providers.gcp.estate import Account
from auditor.providers.gcp.permissions_grants import Given, Register
from auditor.providers.gcp.permissions_levels import SETTERS
from auditor.providers.gcp.permissions_reach import Holder
from auditor.snapshot import Coverage, Status

_SHOWN = 3


def of_estate(register: Register) -> tuple[str, ...]:
    """What is unknown of every service account alike."""
    estate = register.estate
    rows = estate.rows
    found = []
    unread = [row for row in rows.get("iam-policy", ()) if row.status is not Status.READ]
    levels = [row for row in unread if "/serviceAccounts/" not in row.kind]
    accounts = [row for row in unread if "/serviceAccounts/" in row.kind]
    accounts += [row for row in rows.get("service-account-policy", ()) if row.status is not Status.READ]
    if not rows.get("iam-policy") and not estate.policies:
        found.append("no allow policy was read")
    found += _told("what is granted on {} was not read", levels)
    found += _told("who may use the service accounts of {} was not read", accounts)
    found += _told("what is above {} was not read: it may be granted more there", _not_read(rows.get("ancestors", ())))
    found += _told("what is above {} was not read: it may be granted more there", _not_read(rows.get("folder", ())))
    lists = (*rows.get("folder-list", ()), *rows.get("project-list", ()))
    found += _told("not all that lies in {} could be listed: it may be granted something there", _not_read(lists))
    for kind in ("direct-grants", "account-grants"):
        if not rows.get(kind):
            found.append("what is granted on single resources was not asked for")
        found += _told("what is granted on single resources of {} was not read", _not_read(rows.get(kind, ())))
    if register.misread:
        shown = _several(sorted(register.misread))
        found.append(f"something in the allow policy of {shown} could not be understood")
    return tuple(dict.fromkeys(found))


def of_holder(holder: Holder) -> Iterator[str]:
    """What is unknown of the roles that it has."""
    for given, _ in holder.held:
        if given.role.gap is not None:
            yield f"{given.role.gap}; it is granted on {resource_of(given.policy, holder.estate).name}"


def strengths(register: Register) -> tuple[tuple[Level, str, str], ...]:
    """(the most it may give, group, in words) of every group that is granted something, strongest first."""
    found = []
    for key in register.named_groups:
        best, given = max(((_strength(given), given) for given in register.given[key]), key=lambda pair: pair[0].rank)
        where = resource_of(given.policy, register.estate).name
        found.append((best, key, f"{key.partition(':')[2]} ({given.role.name} on {where})"))
    return tuple(sorted(found, key=lambda one: (-one[0].rank, one[1])))


def of_groups(
    register: Register, account: Account, may: Level, stronger: Iterable[tuple[Level, str, str]]
) -> Iterator[str]:
    """That nobody knows whether an account that may do `may` is in groups which are granted more."""
    shown = [
        words for level, key, words in stronger if level > may and register.groups.holds(key, account.email) is None
    ]
    if shown:
        yield f"whether it is in a group with more than it has itself was not read: {_several(shown)}"


def _strength(given: Given) -> Level:
    """The most that a grant gives, also together with what somebody else is granted."""
    permissions = given.role.permissions
    if given.role.gap is not None:
        return Level.ADMIN
    if given.on_container and any(permissions.intersection(setters) for setters in SETTERS.values()):
        return Level.ADMIN
    if (given.on_container or given.policy.account is not None) and not table().named.isdisjoint(permissions):
        return Level.ESCALATION
    if not given.on_container:
        return Level.SCOPED if permissions else Level.NONE
    if given.role.writes:
        return Level.WIDE_WRITE
    if any(not permissions.isdisjoint(reading.any) for reading in table().readings):
        return Level.SENSITIVE_READ
    return Level.SCOPED if permissions else Level.NONE


def _not_read(rows: Iterable[Coverage]) -> list[Coverage]:
    return [row for row in rows if row.status is not Status.READ]


def _told(sentence: str, rows: Iterable[Coverage]) -> Iterator[str]:
    """One sentence for all rows; the reason where it is the same of all."""
    listed = list(rows)
    if not listed:
        return
    scopes = {row.kind.partition(" ")[2] or row.scope for row in listed}
    reasons = {row.reason for row in listed}
    why = f" ({reason})" if len(reasons) == 1 and (reason := next(iter(reasons))) else ""
    yield sentence.format(_several(sorted(scopes))) + why


def _several(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
