"""Roles taken apart: what each holds, and what of it changes something.

A permission is `service.resource.verb`. The word that the verb begins with says whether it changes something; what this
program does not know may. The words, and what they are taken from, stand in `permissions.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from auditor.providers.gcp.escalations import table
from auditor.providers.gcp.roles import grant_of

_TOLD: Final = re.compile(
    r"iam\.(serviceAccounts|serviceAccountKeys|serviceAccountApiKeyBindings)\..*|resourcemanager\.\w+\.setIamPolicy"
)


@cache
def _data() -> Mapping[str, Any]:
    with Path(__file__).with_name("permissions.toml").open("rb") as stream:
        data = tomllib.load(stream)
    return {
        "changes": frozenset(data["verbs"]["changes"].split()),
        "looks": frozenset(data["verbs"]["looks"].split()),
        "harmless": re.compile("|".join(translate(glob) for glob in data["harmless"]["permissions"])),
        "roles": {permission: frozenset(roles) for permission, roles in data["roles"].items()},
    }


@dataclass(frozen=True, eq=False)
class Role:
    """A role as far as it is known."""

    name: str
    permissions: frozenset[str]
    gap: str | None = None
    """Why it may hold more; None when these are all."""

    @property
    def doubt(self) -> str | None:
        """The same as a condition, to follow `if`."""
        return None if self.gap is None else f"{self.name}, which was not read, allows something"

    @property
    def custom(self) -> str | None:
        """Where a custom role is defined, `projects/x` or `organizations/1`; None for one of Google's."""
        owner, slash, _ = self.name.partition("/roles/")
        return owner if slash else None

    @cached_property
    def writes(self) -> Mapping[str, tuple[str, ...]]:
        """Service → what changes something, surely first; without what the table of escalations tells by itself."""
        found: dict[str, list[str]] = {}
        for permission in self.ordered:
            if changes(permission) != "no" and not _TOLD.fullmatch(permission):
                found.setdefault(service_of(permission), []).append(permission)
        return {service: tuple(found[service]) for service in sorted(found)}

    @cached_property
    def named(self) -> frozenset[str]:
        """Those of its permissions that the table of escalations names."""
        return self.permissions & table().named

    @cached_property
    def ordered(self) -> tuple[str, ...]:
        """Its permissions, those that change something first, and of these the plainest."""
        order = ("yes", "perhaps", "no")
        plain = (".create", ".update", ".write", ".insert")
        return tuple(
            sorted(self.permissions, key=lambda one: (order.index(changes(one)), not one.endswith(plain), one))
        )


def role_of(name: str, body: Any) -> Role:
    """The role of a document; `body` is None where there is none."""
    if not isinstance(body, Mapping):
        return Role(name, _known(name), f"what {name} allows was not read")
    if grant_of(name, body).idle is not None:
        return Role(name, frozenset())
    held = body.get("includedPermissions", [])
    if not isinstance(held, list | tuple) or any(not isinstance(permission, str) for permission in held):
        texts = held if isinstance(held, list | tuple) else ()
        readable = frozenset(permission for permission in texts if isinstance(permission, str))
        return Role(name, _known(name) | readable, f"what {name} allows could not be understood")
    if not held and name.startswith("roles/"):
        # Google's own roles are never empty: the answer left the permissions out (the basic view).
        return Role(name, _known(name), f"what {name} allows was not read")
    return Role(name, frozenset(held))


def _known(name: str) -> frozenset[str]:
    short = name.removeprefix("roles/") if name.startswith("roles/") else ""
    return frozenset(permission for permission, roles in _data()["roles"].items() if short in roles)


def service_of(permission: str) -> str:
    """`storage` of `storage.objects.get`, `iam` of `iam.googleapis.com/workloadIdentityPools.create`."""
    return permission.partition(".")[0]


@lru_cache(maxsize=1 << 15)
def changes(permission: str) -> Literal["yes", "perhaps", "no"]:
    """Whether holding the permission lets one change something that matters."""
    found = re.match(r"[a-z]+", permission.rpartition(".")[2])
    word = found[0] if found else ""
    data = _data()
    if word in data["looks"] or data["harmless"].match(permission):
        return "no"
    return "yes" if word in data["changes"] else "perhaps"
