"""Bindings of allow policies: who is granted what on what, and which service accounts that reaches.

A role that impersonates reaches the account it is granted on, or every account below the project, folder or
organisation. Any role besides gives its holder something on the resource itself, without becoming anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from auditor.claims.predicate import FALSE, TRUE, Unknown
from auditor.model import Clause, Identity, Source
from auditor.providers.gcp import cel_compile
from auditor.providers.gcp.cel import parse
from auditor.providers.gcp.cel_compile import Environment
from auditor.providers.gcp.cel_lexer import CelSyntaxError
from auditor.providers.gcp.estate import GCP, Account, Estate, Policy
from auditor.providers.gcp.members import PoolMember, SetApart, Unclear, read_member
from auditor.providers.gcp.roles import Grant, grant_of

SERVICE_ACCOUNT: Final = "service-account"

_LEVELS: Final = {"projects": "project", "folders": "folder", "organizations": "organization"}


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One member of one binding."""

    policy: Policy
    role: str
    grant: Grant
    member: PoolMember | SetApart | Unclear
    source: Source
    condition: Any
    """The raw condition of the binding; None where it has none."""
    pointer: str
    """JSON pointer of the binding."""

    @property
    def impersonates(self) -> bool:
        """Whether the role lets its holder become a service account, or may."""
        return bool(self.grant.permissions) or self.grant.doubt is not None

    def clauses(self, now: datetime, *, account: bool) -> tuple[Clause, ...]:
        """What the role and the binding's own condition ask for; `account`: for becoming a service account."""
        found: list[Clause] = []
        role = Source(self.policy.resource, f"{self.pointer}/role")
        if self.grant.idle is not None:
            found.append(Clause(role, self.role, FALSE))
        elif account and not self.grant.permissions:
            found.append(Clause(role, self.role, Unknown(self.grant.doubt or "the role is not known")))
        if self.condition is not None:
            found.append(self._condition(now))
        return tuple(clause for clause in found if clause.predicate != TRUE)

    def _condition(self, now: datetime) -> Clause:
        place = Source(self.policy.resource, f"{self.pointer}/condition/expression")
        written = self.condition.get("expression") if isinstance(self.condition, Mapping) else None
        if not isinstance(written, str):
            return Clause(
                place, "the binding's condition", Unknown("the condition of a binding could not be understood")
            )
        try:
            tree = parse(written)
        except CelSyntaxError as error:
            return Clause(place, written, Unknown(f"the condition of a binding could not be read: {error}"))
        return Clause(place, written, cel_compile.compile_condition(tree, Environment(mapping={}, now=now)).true)


def bindings_of(estate: Estate) -> Iterator[Binding]:
    """Every federated member of every allow policy, in the order of the documents."""
    grants: dict[str, Grant] = {}
    for policy in estate.policies:
        for pointer, binding in _listed(policy.body.get("policy"), "bindings", "/policy"):
            role = binding.get("role") if isinstance(binding, Mapping) else None
            if not isinstance(role, str):
                continue
            if role not in grants:
                grants[role] = grant_of(role, estate.roles.get(role))
            for place, text in _listed(binding, "members", pointer):
                member = read_member(text) if isinstance(text, str) else None
                if member is not None:
                    yield Binding(
                        policy=policy,
                        role=role,
                        grant=grants[role],
                        member=member,
                        source=Source(policy.resource, place),
                        condition=binding.get("condition"),
                        pointer=pointer,
                    )


def _listed(body: Any, key: str, pointer: str) -> Iterator[tuple[str, Any]]:
    listed = body.get(key) if isinstance(body, Mapping) else None
    if isinstance(listed, list | tuple):
        for index, entry in enumerate(listed):
            yield f"{pointer}/{key}/{index}", entry


def reached(binding: Binding, estate: Estate) -> Iterator[tuple[Identity, Account | None]]:
    """What the member gets by the binding: service accounts to become, or a resource to act on."""
    policy = binding.policy
    if policy.account is not None and binding.impersonates:
        yield identity_of(policy.account), policy.account
        return
    yield resource_of(policy, estate), None
    if policy.container is not None and binding.impersonates:
        for account in estate.below.get(policy.container, ()):
            yield identity_of(account), account


def identity_of(account: Account) -> Identity:
    """A service account as an identity: by its e-mail address."""
    return Identity(GCP, account.project.scope, SERVICE_ACCOUNT, account.email, account.email.partition("@")[0])


def resource_of(policy: Policy, estate: Estate) -> Identity:
    """What a policy is set on, as something to act on: by its full resource name."""
    resource, container = policy.resource, policy.container
    if container is not None:
        level, _, number = container.partition("/")
        kind = _LEVELS.get(level, "resource")
        name = estate.project(number).scope if level == "projects" else estate.titles.get(container, number)
        scope = name if level == "projects" else container
        return Identity(GCP, scope, kind, resource, f"{kind} {name}")
    owner = policy.body.get("project")
    scope = estate.project(owner.partition("/")[2]).scope if isinstance(owner, str) else policy.scope
    if policy.account is not None:
        return Identity(GCP, scope, "resource", resource, f"service account {policy.account.email.partition('@')[0]}")
    asset = policy.body.get("assetType")
    noun = asset.rpartition("/")[2] if isinstance(asset, str) else ""
    short = resource.rpartition("/")[2]
    return Identity(GCP, scope, "resource", resource, f"{_spaced(noun)} {short}".strip())


def _spaced(noun: str) -> str:
    """`ServiceAccount` → `service account`."""
    return "".join(f" {char.lower()}" if char.isupper() else char for char in noun).strip()
