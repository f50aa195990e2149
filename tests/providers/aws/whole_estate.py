"""The estate of AWS roles as it is plainly said: every role of a snapshot in memory at once, one index over all.

What `auditor.providers.aws.estate` does account by account has to come to the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, cast

from auditor.model import Json
from auditor.power import Profile
from auditor.providers.aws.authority import profile
from auditor.providers.aws.doors import Account, accounts_of
from auditor.providers.aws.grants import Bound, Fence
from auditor.providers.aws.held import Held, hold
from auditor.providers.aws.organisations import Organisations
from auditor.providers.aws.permissions import Standing
from auditor.providers.aws.policies import Rule
from auditor.providers.aws.roles import Role, role_of
from auditor.providers.aws.rooms import Room
from auditor.providers.aws.session import Session
from auditor.providers.aws.statements import provider_of
from auditor.providers.aws.wildcards import matches
from auditor.snapshot import Snapshot, Status


class WholeEstate:
    """The roles of every account in a snapshot."""

    def __init__(self, snapshot: Snapshot, now: datetime) -> None:
        self._now = now
        self.accounts: dict[str, Account] = accounts_of(snapshot)
        self.organisations = Organisations(snapshot)
        self.roles: dict[str, Role] = {}
        self._policies: dict[tuple[str, str], Json] = {}
        self._held: dict[tuple[str, str], Held | str] = {}
        self._matching: dict[tuple[str, str], tuple[Role, ...]] = {}
        for document in snapshot.documents:
            if document.provider != "aws":
                continue
            if document.kind == "iam-role":
                self.roles[document.id] = role_of(document.scope, document.id, document.body)
            elif document.kind == "iam-policy":
                self._policies[document.scope, document.id] = document.body

    def scope(self, role: Role) -> Account:
        return self.accounts[role.identity.scope]

    @cached_property
    def by_account(self) -> Mapping[str, Sequence[Role]]:
        found: dict[str, list[Role]] = defaultdict(list)
        for role in self.roles.values():
            found[role.account].append(role)
        return found

    def listed(self, account: str, kind: str) -> bool:
        """Whether all documents of that kind of an account were read."""
        return account in self.accounts and self.accounts[account].listed(kind)

    def matching(self, account: str, pattern: str) -> tuple[Role, ...]:
        """The roles of an account whose ARN matches."""
        if "*" not in pattern and "?" not in pattern:
            role = self.roles.get(pattern)
            return (role,) if role is not None and role.account == account else ()
        key = (account, pattern)
        if key not in self._matching:
            self._matching[key] = tuple(
                [role for role in self.by_account.get(account, ()) if matches(pattern, role.arn)]
            )
        return self._matching[key]

    # As a room of `auditor.providers.aws.rooms` is asked

    def profiles(self) -> dict[str, Profile]:
        return {arn: profile(cast("Room", self), role) for arn, role in self.roles.items()}

    def roles_read(self, account: str) -> bool:
        return self.listed(account, "iam-role")

    def knows(self, arn: str) -> bool:
        return arn in self.roles

    def open_within(self, role: Role) -> Iterable[Role]:
        return self.open_to(role)

    # Who lets whom in

    @cached_property
    def _open(self) -> tuple[Mapping[str, Sequence[Role]], Mapping[tuple[str, str], Sequence[Role]]]:
        """Roles by whom their trust policies are open to: a principal, an account, `*`; a service of the account."""
        principals: dict[str, list[Role]] = defaultdict(list)
        services: dict[tuple[str, str], list[Role]] = defaultdict(list)
        for role in self.roles.values():
            admission = role.admission
            to = {"?"} if admission.unread is not None else set()
            served = {"?"} if admission.unread is not None else set()
            for entry in admission.allows:
                to |= entry.names | entry.accounts
                if entry.everyone:
                    to.add("*")
                served |= entry.services
                if entry.everyone and entry.odd:
                    served.add("?")
            for name in to:
                principals[name].append(role)
            for name in served:
                services[role.account, name].append(role)
        return principals, services

    def open_to(self, role: Role) -> Iterable[Role]:
        """Roles whose trust policies may let this one in, as far as whom they name."""
        principals, _ = self._open
        own_session = f":{role.account}:assumed-role/{role.identity.name}/"
        names = [role.arn, role.unique_id or role.arn, role.account, "*", "?"]
        names += [name for name in self._sessions if own_session in name]
        return dict.fromkeys(found for name in names for found in principals.get(name, ()))

    def naming(self, role: Role) -> Sequence[Role]:
        """Roles whose trust policies name this one."""
        return self._open[0].get(role.arn, ())

    @cached_property
    def _sessions(self) -> tuple[str, ...]:
        return tuple(name for name in self._open[0] if ":assumed-role/" in name)

    def serving(self, account: str, service: str) -> Sequence[Role]:
        """Roles of an account that AWS's service may run under."""
        _, services = self._open
        return [*services.get((account, service), ()), *services.get((account, "?"), ())]

    @cached_property
    def unregistered(self) -> Mapping[str, frozenset[str]]:
        """Account → ARNs of OIDC providers that its roles trust and that are not there."""
        found: dict[str, set[str]] = defaultdict(set)
        for role in self.roles.values():
            documents = self.scope(role).documents
            for arn in _federated(role.body.get("AssumeRolePolicyDocument")):
                named = provider_of(arn)
                if named is not None and named[0] == role.account and arn not in documents:
                    found[role.account].add(arn)
        return {account: frozenset(arns) for account, arns in found.items()}

    @cached_property
    def bounded(self) -> Mapping[str, int]:
        """Scope → how many of its roles have a permissions boundary."""
        found: dict[str, int] = defaultdict(int)
        for role in self.roles.values():
            found[role.identity.scope] += role.boundary is not None
        return found

    # Policies

    def managed(self, scope: str, arn: str) -> Held | str:
        """A managed policy's default version; or why it was not read."""
        key = (scope, arn)
        if key not in self._held:
            self._held[key] = self._managed(scope, arn)
        return self._held[key]

    def _managed(self, scope: str, arn: str) -> Held | str:
        body = self._policies.get((scope, arn))
        if body is None:
            rows = self.accounts[scope].rows if scope in self.accounts else []
            why = next((row.reason for row in rows if row.kind == f"iam-policy {arn}" and row.reason), None) or next(
                (row.reason for row in rows if row.kind == "iam-policy" and row.status is not Status.READ), None
            )
            return f"the policy {arn} was not read" + (f": {why}" if why else "")
        versions = body.get("PolicyVersionList", ())
        for index, version in enumerate(versions if isinstance(versions, list | tuple) else ()):
            if isinstance(version, Mapping) and version.get("IsDefaultVersion"):
                return hold(version.get("Document"), arn, f"/PolicyVersionList/{index}/Document")
        return f"the policy {arn} has no default version that could be read"

    def session(self, role: Role) -> Session:
        organisation = self.organisations.of(role.account)
        return Session(role.arn, role.account, role.partition, self._now, organisation.id if organisation else None)

    def standing(self, role: Role) -> Standing:
        """What decides about the calls of the role's session."""
        scope = role.identity.scope
        grants: list[Bound] = []
        denies: list[Rule] = []
        fences: list[Fence] = []
        gaps: list[str] = []
        doubts: list[str] = []
        found: list[tuple[str, Held | str]] = [
            *((f"the inline policy {name}", policy) for name, policy in role.inline),
            *((f"the policy {arn}", self.managed(scope, arn)) for arn in role.attached),
        ]
        for name, policy in found:
            if isinstance(policy, str):
                gaps.append(policy)
                continue
            grants += policy.grants
            denies += policy.denies
            gaps += (f"{name}: {gap}" for gap in policy.policy.gaps)
            doubts += (f"a Deny of {name} that was not understood" for _ in policy.policy.doubts)
        gaps += role.gaps
        if role.boundary is not None:
            bounding = self.managed(scope, role.boundary)
            if isinstance(bounding, str):
                doubts.append(f"the permissions boundary {role.boundary}, which was not read")
            else:
                name = f"the permissions boundary {role.boundary}"
                fences.append(_fence(name, bounding))
                denies += bounding.denies
                doubts += (f"{name}, of which a Deny was not understood" for _ in bounding.policy.doubts)
        organisation = self.organisations.of(role.account)
        if organisation is not None:
            for level, policies in organisation.service_levels:
                fences.append(_joined(f"the service control policies of {level}", policies))
            for policy in organisation.policies:
                denies += policy.denies
                doubts += (f"a Deny of {policy.document} that was not understood" for _ in policy.policy.doubts)
            doubts += organisation.unread
        return Standing(
            self.session(role), tuple(grants), tuple(denies), tuple(fences), tuple(doubts), tuple(dict.fromkeys(gaps))
        )


def _fence(name: str, policy: Held) -> Fence:
    return _joined(name, (policy,))


def _joined(name: str, policies: Sequence[Held]) -> Fence:
    allows = tuple([bound.rule for policy in policies for bound in policy.grants])
    return Fence(name, allows, tuple(["an Allow that was not understood" for p in policies for _ in p.policy.gaps]))


def _federated(document: Any) -> Iterable[str]:
    body = document.get("Statement") if isinstance(document, Mapping) else None
    for part in body if isinstance(body, list | tuple) else (body,):
        principal = part.get("Principal") if isinstance(part, Mapping) and part.get("Effect") == "Allow" else None
        named = principal.get("Federated") if isinstance(principal, Mapping) else None
        yield from (text for text in (named if isinstance(named, list | tuple) else (named,)) if isinstance(text, str))
