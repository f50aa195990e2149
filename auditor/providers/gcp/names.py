"""How Google names things: projects by number and by id, full resource names, members, attachment points. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

MANAGER = "//cloudresourcemanager.googleapis.com/"
IAM = "//iam.googleapis.com/"

PROJECT_TYPE = "cloudresourcemanager.googleapis.com/Project"
ACCOUNT_TYPE = "iam.googleapis.com/ServiceAccount"
LEVEL_TYPES: Mapping[str, str] = {
    "projects": PROJECT_TYPE,
    "folders": "cloudresourcemanager.googleapis.com/Folder",
    "organizations": "cloudresourcemanager.googleapis.com/Organization",
}
LEVEL_KINDS: Mapping[str, str] = {"projects": "project", "folders": "folder", "organizations": "organization"}
"""Level → the kind of its documents."""

GKE_SUFFIX = ".svc.id.goog"
"""Of the names of pools that Google manages for clusters (GKE, "Workload Identity Federation for GKE")."""

FEDERATED = re.compile(
    r"principal(?:Set)?://iam\.googleapis\.com/(projects/([^/]+)/locations/[^/]+/workloadIdentityPools/([^/]+))/"
)
"""A member that stands for identities of a workload identity pool: its pool, that pool's project and short name."""


@dataclass(slots=True)
class Projects:
    """Project number ↔ project id, as far as anything read so far tells."""

    id_of: dict[str, str] = field(default_factory=dict)
    number_of: dict[str, str] = field(default_factory=dict)

    def learn(self, number: str, ident: str) -> None:
        self.id_of[number] = ident
        self.number_of[ident] = number

    def scope(self, project: str) -> str:
        """The scope of what is in `project`, given by number or id: its id where that is known."""
        return self.id_of.get(project, project)

    def number(self, project: str) -> str:
        """The number of `project`, given by number or id; what was given where it is not known."""
        return self.number_of.get(project, project)


def level_resource(name: str) -> str:
    """The full resource name of `projects/…`, `folders/…` or `organizations/…`."""
    return MANAGER + name


def account_resource(project_id: str, address: str) -> str:
    """The full resource name of a service account."""
    return f"{IAM}projects/{project_id}/serviceAccounts/{address}"


def attachment_point(level: str) -> str:
    """The parent of a level's deny policies, as IAM v2 writes it inside a name."""
    return f"policies/{quote(MANAGER.strip('/') + '/' + level, safe='')}/denypolicies"


def path(name: str) -> str:
    """`name` as it stands in the path of a request."""
    return quote(name, safe="/:@-._~")


def grants(policy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(role, member) for every federated member of an allow policy. What is of another shape is for others to judge."""
    return ((role, member) for role, member in _members(policy) if FEDERATED.match(member))


def _members(policy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    bindings = policy.get("bindings")
    for binding in bindings if isinstance(bindings, list) else ():
        members = binding.get("members") if isinstance(binding, dict) else None
        for member in members if isinstance(members, list) else ():
            if isinstance(member, str):
                yield str(binding.get("role")), member


EVERYONE = ("allUsers", "allAuthenticatedUsers")
DENIED_GROUP = "principalSet://goog/group/"
ACCOUNT, GROUP, ACCOUNTS = "serviceAccount:", "group:", "principalSet://cloudresourcemanager.googleapis.com/"


def roles_that_count(policy: Mapping[str, Any], accounts: Container[str]) -> Iterator[str]:
    """The roles of an allow policy that say what a federated member or one of `accounts` may do.

    `accounts`: addresses in lower case. What everybody or a group has, they may have too.
    """
    for role, member in _members(policy):
        address = member.removeprefix(ACCOUNT).lower() if member.startswith(ACCOUNT) else None
        if address in accounts or member in EVERYONE or member.startswith((GROUP, ACCOUNTS)) or FEDERATED.match(member):
            yield role


def accounts_named(policy: Mapping[str, Any]) -> Iterator[str]:
    """The addresses, in lower case, of the service accounts that an allow policy grants something."""
    return (member.removeprefix(ACCOUNT).lower() for _, member in _members(policy) if member.startswith(ACCOUNT))


def groups_named(policy: Mapping[str, Any]) -> Iterator[str]:
    """The addresses of the groups that an allow policy grants something."""
    return (member.removeprefix(GROUP).lower() for _, member in _members(policy) if member.startswith(GROUP))


def groups_denied(body: Mapping[str, Any]) -> Iterator[str]:
    """The addresses of the groups that a deny policy names, as denied or as exceptions."""
    rules = body.get("rules")
    for rule in rules if isinstance(rules, list) else ():
        inner = rule.get("denyRule") if isinstance(rule, dict) else None
        for key in ("deniedPrincipals", "exceptionPrincipals"):
            listed = inner.get(key) if isinstance(inner, dict) else None
            for text in listed if isinstance(listed, list) else ():
                if isinstance(text, str) and text.startswith(DENIED_GROUP):
                    yield text.removeprefix(DENIED_GROUP).lower()


def pools_named(members: Iterable[str]) -> list[str]:
    """The pools that federated members name, each once. Those whose project is not a number exist nowhere."""
    found = (FEDERATED.match(member) for member in members)
    return list(
        dict.fromkeys(
            match[1] for match in found if match and match[2].isdecimal() and not match[3].endswith(GKE_SUFFIX)
        )
    )
