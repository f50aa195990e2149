"""Role documents, each with its policies: read when they are first asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from auditor.model import Identity, Json
from auditor.providers.aws.admission import Admission, read_admission
from auditor.providers.aws.held import Held, hold

_ROLE = re.compile(r"arn:(?P<partition>[^:]+):iam::(?P<account>[^:]*):role/.+", re.DOTALL)
AWS_MANAGED = ":iam::aws:policy/"


@dataclass(eq=False)
class Role:
    """A role document."""

    identity: Identity
    account: str
    partition: str
    body: Json
    gaps: list[str] = field(default_factory=list)
    """What of the document itself could not be read."""

    @property
    def arn(self) -> str:
        return self.identity.id

    @property
    def unique_id(self) -> str | None:
        found = self.body.get("RoleId")
        return found if isinstance(found, str) else None

    @cached_property
    def admission(self) -> Admission:
        return read_admission(self.body.get("AssumeRolePolicyDocument"))

    @cached_property
    def inline(self) -> tuple[tuple[str, Held], ...]:
        """Its inline policies by name."""
        found: list[tuple[str, Held]] = []
        listed = self.body.get("RolePolicyList", ())
        if not isinstance(listed, list | tuple):
            self.gaps.append("the list of inline policies could not be read")
            return ()
        for index, entry in enumerate(listed):
            body = entry.get("PolicyDocument") if isinstance(entry, Mapping) else None
            name = str(entry.get("PolicyName")) if isinstance(entry, Mapping) else f"number {index}"
            found.append((name, hold(body, self.arn, f"/RolePolicyList/{index}/PolicyDocument")))
        return tuple(found)

    @cached_property
    def attached(self) -> tuple[str, ...]:
        """The ARNs of its managed policies."""
        listed = self.body.get("AttachedManagedPolicies", ())
        arns: list[str] = []
        for entry in listed if isinstance(listed, list | tuple) else (None,):
            arn = entry.get("PolicyArn") if isinstance(entry, Mapping) else None
            if isinstance(arn, str):
                arns.append(arn)
            else:
                self.gaps.append("the list of managed policies could not be read")
        return tuple(arns)

    @property
    def boundary(self) -> str | None:
        """The ARN of its permissions boundary; empty where it has one that could not be read."""
        found = self.body.get("PermissionsBoundary")
        if not found:
            return None
        arn = found.get("PermissionsBoundaryArn") if isinstance(found, Mapping) else None
        return arn if isinstance(arn, str) else ""


def role_of(scope: str, arn: str, body: Any) -> Role:
    """The role that stands under this id in a scope. Never raises."""
    placed = place_of(arn)
    partition, account = ("aws", scope) if placed is None else placed
    identity = identity_of(scope, arn, body)
    if not isinstance(body, Mapping):
        return Role(identity, account, partition, {}, ["the role's document is not an object"])
    return Role(identity, account, partition, body)


def identity_of(scope: str, arn: str, body: Any) -> Identity:
    """Who the role is."""
    name = body.get("RoleName") if isinstance(body, Mapping) else None
    return Identity("aws", scope, "iam-role", arn, name if isinstance(name, str) else arn.rpartition("/")[2])


def place_of(arn: str) -> tuple[str, str] | None:
    """Partition and account of a role's ARN; None for anything else."""
    found = _ROLE.fullmatch(arn)
    return (found["partition"], found["account"]) if found else None
