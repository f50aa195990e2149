"""What takes granted permissions away: deny policies, and principal access boundaries.

Facts: IAM API v2 and v3. A deny rule stands on a project, folder or organisation and counts below it, whatever is
granted. Its permissions are written with the service's host: `iam.googleapis.com/roles.update`. Its condition tests
tags of the resource, which are not read. What a boundary that leaves a resource out blocks is not known.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from auditor.providers.gcp.denials import Rule, as_denied, rules_on
from auditor.providers.gcp.estate import CONTAINERS, Estate
from auditor.providers.gcp.permissions_grants import Principal
from auditor.snapshot import Status


class Limits:
    """The deny policies and boundaries of an estate."""

    def __init__(self, estate: Estate, projects: frozenset[str]) -> None:
        """`projects`: those of which the document was read, so that it is known whether anything is above them."""
        self.estate = estate
        self._projects = projects
        self._unread: dict[str, str | None] = {}

    @cached_property
    def _below(self) -> dict[str, tuple[str, ...]]:
        """Container → the containers below it that have deny policies."""
        found: dict[str, list[str]] = {}
        for point in self.estate.denials:
            for above in self.estate.chain(point)[1:]:
                found.setdefault(above, []).append(point)
        return {container: tuple(sorted(points)) for container, points in found.items()}

    def on(self, principal: Principal, chain: tuple[str, ...], place: str) -> Denied:
        """The rules that may be about `principal` at `place`, which lies in `chain`."""
        here = self._about(principal, chain)
        below = self._about(principal, self._below.get(place, ()))
        return Denied(here, below, self._doubt(chain), self.boundary(principal, chain))

    def _about(self, principal: Principal, containers: Iterable[str]) -> tuple[tuple[Rule, bool | str], ...]:
        found = ((rule, _applies(rule, principal, self.estate)) for rule in rules_on(self.estate, containers))
        return tuple((rule, about) for rule, about in found if about is not False)

    def _doubt(self, chain: tuple[str, ...]) -> str | None:
        """Which deny policies above were not read."""
        for container in chain:
            if container not in self._unread:
                self._unread[container] = self._unread_on(container)
        unread = [name for container in chain if (name := self._unread[container]) is not None]
        if not self._whole(chain):
            unread.append("what is above that")
        return f"the deny policies of {', '.join(unread)}, which were not read, leave it alone" if unread else None

    def _whole(self, chain: tuple[str, ...]) -> bool:
        """Whether nothing is above the last of `chain`: an organisation, or a project that was read without one."""
        top = chain[-1] if chain else ""
        return top.startswith("organizations/") or top in self._projects

    def _unread_on(self, container: str) -> str | None:
        level, _, name = container.partition("/")
        scope = self.estate.project(name).scope if level == "projects" else container
        rows = [row for row in self.estate.rows.get("deny-policy", ()) if row.scope == scope]
        return None if rows and all(row.status is Status.READ for row in rows) else scope

    def bounds(self, principal: Principal) -> tuple[str, ...]:
        """The bindings of principal access boundaries that hold for it, or may."""
        homes = {CONTAINERS + home for home in principal.home} | {f"//iam.googleapis.com/{h}" for h in principal.home}
        found = []
        for name, body in self.estate.bound:
            target = body.get("target")
            meant = target.get("principalSet") if isinstance(target, dict) else None
            if isinstance(meant, str) and meant in homes:
                found.append(name)
        return tuple(found)

    def boundary(self, principal: Principal, chain: tuple[str, ...]) -> str | None:
        """A doubt where a boundary leaves out everything in `chain`, or where boundaries were not read."""
        home = principal.home[-1] if principal.home else ""
        if home.startswith("organizations/") and not self._boundaries_read(home):
            return f"the principal access boundaries of {home}, which were not read, leave it alone"
        by_name = dict(self.estate.bound)
        out = []
        for name in self.bounds(principal):
            boundary = str(by_name[name].get("policy"))
            if _eligible(self.estate.boundaries.get(boundary), chain):
                return None
            out.append(boundary)
        return (
            f"the boundary {out[0].rpartition('/')[2]}, which leaves that place out, does not block it" if out else None
        )

    def _boundaries_read(self, organization: str) -> bool:
        rows = [row for row in self.estate.rows.get("principal-access-boundary", ()) if row.scope == organization]
        bindings = [row for row in self.estate.rows.get("policy-binding", ()) if row.scope == organization]
        return bool(rows) and all(row.status is Status.READ for row in (*rows, *bindings))


class Denied:
    """The limits of one principal at one place."""

    def __init__(
        self,
        here: tuple[tuple[Rule, bool | str], ...],
        below: tuple[tuple[Rule, bool | str], ...],
        unread: str | None,
        boundary: str | None,
    ) -> None:
        self._here = here
        self._below = below
        self._doubts = tuple(doubt for doubt in (unread, boundary) if doubt is not None)

    @property
    def idle(self) -> bool:
        """Whether nothing is denied, whatever the permission."""
        return not self._here and not self._below

    def verdict(self, permission: str) -> tuple[bool, tuple[str, ...]]:
        """Whether `permission` is certainly denied; else on what it depends."""
        doubts = list(self._doubts)
        for rule, about in self._here:
            covers = _covers(rule, permission)
            if covers is True and about is True:
                return True, ()
            if covers is not False:
                vague = f"the deny policy {_short(rule)} does not mean {permission}"
                doubts.append(about if isinstance(about, str) else vague)
        for rule, _ in self._below:
            if _covers(rule, permission) is not False:
                doubts.append(f"the deny policy {_short(rule)}, which stands further down, leaves enough of it")
        return False, tuple(dict.fromkeys(doubts))


def _short(rule: Rule) -> str:
    return rule.source.document.rpartition("/")[2]


def _applies(rule: Rule, principal: Principal, estate: Estate) -> bool | str:
    """Whether a deny rule is about the principal; else on what it depends that it is not, to follow `if`."""
    if "unreadable" in rule.body:
        return f"the deny policy {_short(rule)}, which could not be understood, leaves it alone"
    denied = _any_of(rule.body.get("deniedPrincipals", []), principal, estate)
    excepted = _any_of(rule.body.get("exceptionPrincipals", []), principal, estate)
    if denied is False or excepted is True:
        return False
    if isinstance(denied, str):
        return f"the deny policy {_short(rule)} does not mean it by {denied}"
    if isinstance(excepted, str):
        return f"the deny policy {_short(rule)} excepts it by {excepted}"
    if rule.body.get("denialCondition"):
        return f"the deny policy {_short(rule)} does not apply, which depends on tags that were not read"
    return True


def _any_of(listed: Any, principal: Principal, estate: Estate) -> bool | str:
    """Whether the principal is one of those that are listed; else the one of which that is not known."""
    if not isinstance(listed, list | tuple):
        return "what could not be understood"
    found = [(text, principal.named(text, estate)) for text in listed]
    if any(named is True for _, named in found):
        return True
    open_ones = [text for text, named in found if named is None]
    if not open_ones:
        return False
    return open_ones[0] if isinstance(open_ones[0], str) else "what could not be understood"


def _covers(rule: Rule, permission: str) -> bool | None:
    """Whether a rule is about the permission; None where that is not known."""
    if "unreadable" in rule.body:
        return None
    denied = _names(rule.body.get("deniedPermissions", []), permission)
    excepted = _names(rule.body.get("exceptionPermissions", []), permission)
    if denied is False or excepted is True:
        return False
    return True if denied is True and excepted is False else None


def _names(listed: Any, permission: str) -> bool | None:
    if not isinstance(listed, list | tuple):
        return None
    written, rest = as_denied(permission), permission.partition(".")[2]
    found: bool | None = False
    for text in listed:
        if text == written:
            return True
        if not isinstance(text, str):
            found = None
        elif "*" in text:
            # Google lets some groups of permissions be written so; how they are read in full was not settled.
            found = None if fnmatchcase(written, text) or "/" not in text else found
        elif text.endswith(f"/{rest}") and "/" not in permission:
            # The same resource and verb at another host: of some services the host has another name.
            found = None
    return found


def _eligible(boundary: Any, chain: tuple[str, ...]) -> bool:
    """Whether some rule of the boundary names a container in `chain`, or everything."""
    details = boundary.get("details") if isinstance(boundary, dict) else None
    listed = details.get("rules") if isinstance(details, dict) else None
    wanted = {CONTAINERS + container for container in chain}
    return any(
        resource in wanted
        for rule in (listed if isinstance(listed, list | tuple) else ())
        if isinstance(rule, dict) and isinstance(rule.get("resources"), list | tuple)
        for resource in rule["resources"]
        if isinstance(resource, str)
    )
