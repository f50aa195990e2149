"""How Google names things: projects by number and by id, full resource names, members, attachment points. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
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
    bindings = policy.get("bindings")
    for binding in bindings if isinstance(bindings, list) else ():
        members = binding.get("members") if isinstance(binding, dict) else None
        for member in members if isinstance(members, list) else ():
            if isinstance(member, str) and FEDERATED.match(member):
                yield str(binding.get("role")), member


def pools_named(members: Iterable[str]) -> list[str]:
    """The pools that federated members name, each once. Those whose project is not a number exist nowhere."""
    found = (FEDERATED.match(member) for member in members)
    return list(
        dict.fromkeys(
            match[1] for match in found if match and match[2].isdecimal() and not match[3].endswith(GKE_SUFFIX)
        )
    )
