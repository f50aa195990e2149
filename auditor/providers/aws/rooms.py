"""The roles of one account with its policies: what is in memory while they are looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from auditor.model import Json
from auditor.providers.aws.above import KINDS
from auditor.providers.aws.borders import Borders, Outsider, names_of, whom
from auditor.providers.aws.doors import Account, accounts_of
from auditor.providers.aws.grants import Bound, Fence
from auditor.providers.aws.grounds import Ground
from auditor.providers.aws.held import Held, hold
from auditor.providers.aws.organisations import Organisation, Organisations
from auditor.providers.aws.permissions import Shared, Standing
from auditor.providers.aws.policies import Rule
from auditor.providers.aws.roles import Role, role_of
from auditor.providers.aws.session import Session
from auditor.providers.aws.statements import provider_of
from auditor.providers.aws.wildcards import matches
from auditor.snapshot import Snapshot, Status


class Beyond(Protocol):
    """What a room asks about the rest of the estate."""

    now: datetime
    borders: Borders

    def organisation(self, account: str, own: Organisations) -> Organisation | None:
        """The organisation of an account; `own`: those read from within it."""
        ...

    def roles_read(self, account: str) -> bool:
        """Whether all roles of the account were read."""
        ...

    def knows(self, arn: str, beside: Room) -> bool:
        """Whether that role was collected, in another room than this one."""
        ...


class Room:
    """The roles of an account. Several in one where their documents lie under names that are not theirs."""

    def __init__(self, ground: Ground, snapshot: Snapshot, beyond: Beyond) -> None:
        """`snapshot`: all documents and rows of the scopes that make the room."""
        self.ground = ground
        self._beyond = beyond
        self.accounts: dict[str, Account] = accounts_of(snapshot)
        self.roles: dict[str, Role] = {}
        self._policies: dict[tuple[str, str], Json] = {}
        self._held: dict[tuple[str, str], Held | str] = {}
        self._matching: dict[tuple[str, str], tuple[Role, ...]] = {}
        self._shared: Shared = {}
        self.weight = len(snapshot.documents)
        """In documents."""
        self.first: dict[str, str] = {}
        """Role → the scope in which it comes first."""
        for document in snapshot.documents:
            if document.kind == "iam-role":
                self.first.setdefault(document.id, document.scope)
                self.roles[document.id] = role_of(document.scope, document.id, document.body)
            elif document.kind == "iam-policy":
                self._policies[document.scope, document.id] = document.body
        above = [document for document in snapshot.documents if document.kind in KINDS]
        self._organisations = Organisations(Snapshot(snapshot.started, snapshot.finished, above))

    def scope(self, role: Role) -> Account:
        return self.accounts[role.identity.scope]

    @cached_property
    def _by_account(self) -> Mapping[str, Sequence[Role]]:
        found: dict[str, list[Role]] = defaultdict(list)
        for role in self.roles.values():
            found[role.account].append(role)
        return found

    def listed(self, scope: str, kind: str) -> bool:
        """Whether all documents of that kind of a scope of this room were read."""
        return scope in self.accounts and self.accounts[scope].listed(kind)

    def roles_read(self, account: str) -> bool:
        """The same of the roles of any account."""
        return self._beyond.roles_read(account)

    def knows(self, arn: str) -> bool:
        """Whether that role was collected, here or elsewhere."""
        return arn in self.roles or self._beyond.knows(arn, self)

    def matching(self, account: str, pattern: str) -> tuple[Role, ...]:
        """The roles of an account of this room whose ARN matches."""
        if "*" not in pattern and "?" not in pattern:
            role = self.roles.get(pattern)
            return (role,) if role is not None and role.account == account else ()
        key = (account, pattern)
        if key not in self._matching:
            self._matching[key] = tuple(
                [role for role in self._by_account.get(account, ()) if matches(pattern, role.arn)]
            )
        return self._matching[key]

    # Who lets whom in

    @cached_property
    def _open(self) -> Mapping[str, Sequence[Role]]:
        """Roles by whom their trust policies are open to: a principal, an account, `*`."""
        found: dict[str, list[Role]] = defaultdict(list)
        for role in self.roles.values():
            for name in dict.fromkeys(whom(role.admission)):
                found[name].append(role)
        return found

    @cached_property
    def _services(self) -> Mapping[tuple[str, str], Sequence[Role]]:
        """The same for services of an account."""
        found: dict[tuple[str, str], list[Role]] = defaultdict(list)
        for role in self.roles.values():
            admission = role.admission
            served = {"?"} if admission.unread is not None else set()
            for entry in admission.allows:
                served |= entry.services
                if entry.everyone and entry.odd:
                    served.add("?")
            for name in served:
                found[role.account, name].append(role)
        return found

    @cached_property
    def _sessions(self) -> tuple[str, ...]:
        return tuple([name for name in self._open if ":assumed-role/" in name])

    def _names(self, role: Role) -> Iterator[str]:
        """By which names the trust policies of this room may let the role in."""
        own_session = f":{role.account}:assumed-role/{role.identity.name}/"
        yield from names_of(role)
        yield from (name for name in self._sessions if own_session in name)

    def open_within(self, role: Role) -> Mapping[Role, None]:
        """Roles of this room whose trust policies may let the role in, as far as whom they name."""
        return dict.fromkeys(found for name in self._names(role) for found in self._open.get(name, ()))

    def open_to(self, role: Role) -> Mapping[Role | Outsider, None]:
        """The same of all rooms: in the order of the names, and for each in the order of documents."""
        borders = self._beyond.borders
        here = role.identity.scope
        found: dict[Role | Outsider, None] = {}
        for name in dict.fromkeys((*self._names(role), *borders.sessions(role))):
            others = [one for one in borders.open_to(name) if one.arn not in self.roles]
            found.update(dict.fromkeys(one for one in others if one.identity.scope < here))
            found.update(dict.fromkeys(self._open.get(name, ())))
            found.update(dict.fromkeys(one for one in others if one.identity.scope >= here))
        return found

    def naming(self, role: Role) -> Sequence[Role]:
        """Roles of this room whose trust policies name the role."""
        return self._open.get(role.arn, ())

    def serving(self, account: str, service: str) -> Sequence[Role]:
        """Roles of an account of this room that AWS's service may run under."""
        return [*self._services.get((account, service), ()), *self._services.get((account, "?"), ())]

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

    def _organisation(self, role: Role) -> Organisation | None:
        return self._beyond.organisation(role.account, self._organisations)

    def session(self, role: Role) -> Session:
        organisation = self._organisation(role)
        ident = organisation.id if organisation else None
        return Session(role.arn, role.account, role.partition, self._beyond.now, ident)

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
        organisation = self._organisation(role)
        if organisation is not None:
            for level, policies in organisation.service_levels:
                fences.append(_joined(f"the service control policies of {level}", policies))
            for policy in organisation.policies:
                denies += policy.denies
                doubts += (f"a Deny of {policy.document} that was not understood" for _ in policy.policy.doubts)
            doubts += organisation.unread
        return Standing(
            self.session(role),
            tuple(grants),
            tuple(denies),
            tuple(fences),
            tuple(doubts),
            tuple(dict.fromkeys(gaps)),
            shared=self._shared,
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
