"""Who is granted which role on what: every binding of every allow policy, by member; and who somebody is, as a member.

Facts: Google's page on principal identifiers. Roles on a project, folder or organisation are roles on everything below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from auditor.model import Source
from auditor.providers.gcp.estate import Account, Estate, Policy
from auditor.providers.gcp.members import EVERYBODY, Member, PoolMember, Unclear, read_member
from auditor.providers.gcp.permissions_conditions import UNLIMITED, Limit, limit_of
from auditor.providers.gcp.permissions_groups import Groups
from auditor.providers.gcp.permissions_roles import Role, role_of

EVERYONE: Final = ("allUsers", "allAuthenticatedUsers")
_ACCOUNT: Final = "serviceAccount:"
_GROUP: Final = "group:"
_SET: Final = "principalSet://cloudresourcemanager.googleapis.com/"
_DENIED_GROUP: Final = "principalSet://goog/group/"
_ALONE: Final = "principal://iam.googleapis.com/projects/-/serviceAccounts/"


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """One member of one binding."""

    policy: Policy
    place: str
    """`projects/7`, `folders/5`, `organizations/1`, or the full name of another resource."""
    chain: tuple[str, ...]
    """The containers that it holds for: `place`, if it is one, and those above it."""
    role: Role
    limit: Limit
    source: Source

    @property
    def on_container(self) -> bool:
        return self.policy.container is not None


@dataclass(eq=False)
class Register:
    """Every grant of an estate, by member."""

    estate: Estate
    now: datetime
    given: dict[str, list[Given]] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    groups: Groups = field(default_factory=lambda: Groups({}))
    misread: set[str] = field(default_factory=set)
    """Resources whose policy holds something that could not be understood."""

    @cached_property
    def sets(self) -> tuple[str, ...]:
        """The members that stand for every service account of some container."""
        return tuple(key for key in self.given if key.startswith(_SET))

    @cached_property
    def named_groups(self) -> tuple[str, ...]:
        """The groups that are granted something."""
        return tuple(key for key in self.given if key.startswith(_GROUP))

    @cached_property
    def pool_members(self) -> Mapping[str, tuple[PoolMember, ...]]:
        """Pool → the members of it that are granted something."""
        found: dict[str, list[PoolMember]] = {}
        for key in self.given:
            member = read_member(key) if "://" in key else None
            if isinstance(member, PoolMember):
                found.setdefault(self.estate.pool_name(member.pool), []).append(member)
        return {pool: tuple(members) for pool, members in found.items()}

    def role(self, name: str) -> Role:
        if name not in self.roles:
            self.roles[name] = role_of(name, self.estate.roles.get(name))
        return self.roles[name]


def register_of(estate: Estate, now: datetime, groups: Groups | None = None) -> Register:
    """The register. Never raises for what a policy holds."""
    register = Register(estate, now, groups=groups or Groups({}))
    limits: dict[str, Limit] = {}
    for policy in estate.policies:
        place = place_of(policy, estate)
        for pointer, binding in _listed(policy.body.get("policy"), "bindings", "/policy", register, policy):
            role = binding.get("role") if isinstance(binding, Mapping) else None
            if not isinstance(role, str):
                register.misread.add(policy.resource)
                continue
            limit = _limit(binding.get("condition"), now, limits)
            for at, text in _listed(binding, "members", pointer, register, policy):
                if not isinstance(text, str):
                    register.misread.add(policy.resource)
                    continue
                if limit.never or (text in EVERYONE and policy.container is None and policy.account is None):
                    # What everybody has on a single resource says nothing about anybody.
                    continue
                given = Given(policy, place, policy.chain, register.role(role), limit, Source(policy.resource, at))
                register.given.setdefault(key_of(text), []).append(given)
    return register


def key_of(member: str) -> str:
    """One way of writing a member. Addresses are the same whatever their case; values of principals are not."""
    if member.startswith(_ALONE):
        member = _ACCOUNT + member.removeprefix(_ALONE)
    return member.lower() if member.startswith((_ACCOUNT, _GROUP)) else member


def place_of(policy: Policy, estate: Estate) -> str:
    """Where a policy is set: a container by number, else the full resource name."""
    container = policy.container
    if container is None:
        return policy.resource
    level, _, name = container.partition("/")
    return f"projects/{estate.project(name).number or name}" if level == "projects" else container


def _limit(condition: Any, now: datetime, known: dict[str, Limit]) -> Limit:
    written = condition.get("expression") if isinstance(condition, Mapping) else None
    if not isinstance(written, str):
        return UNLIMITED if condition is None else limit_of(condition, now)
    if written not in known:
        known[written] = limit_of(condition, now)
    return known[written]


def _listed(body: Any, key: str, pointer: str, register: Register, policy: Policy) -> Iterator[tuple[str, Any]]:
    listed = body.get(key) if isinstance(body, Mapping) else None
    if isinstance(listed, list | tuple):
        for index, entry in enumerate(listed):
            yield f"{pointer}/{key}/{index}", entry
    elif listed is not None or not isinstance(body, Mapping):
        register.misread.add(policy.resource)


@dataclass(frozen=True, slots=True, eq=False)
class Principal:
    """Somebody who is granted roles."""

    members: Mapping[str, str | None]
    """What policies call it → why that may be somebody else; None where it is certain."""
    home: tuple[str, ...]
    """The containers it belongs to itself, for principal access boundaries."""
    account: Account | None = None
    pool: PoolMember | None = None
    groups: Groups | None = None

    def named(self, text: Any, estate: Estate) -> bool | None:
        """Whether a deny policy means it by `text`; None where that is not known."""
        if text == EVERYBODY:
            return True
        if not isinstance(text, str):
            return None
        if self.account is not None:
            if text.startswith(_DENIED_GROUP) and self.groups is not None:
                return self.groups.holds(_GROUP + text.removeprefix(_DENIED_GROUP), self.account.email)
            return _means_account(text, self.account, self.home)
        if self.pool is not None:
            return _means_pool(text, self.pool, estate)
        return False


def account_principal(account: Account, register: Register) -> Principal:
    """A service account, by its address, by the sets it belongs to, and as one of everybody."""
    home = register.estate.above(account.project)
    members: dict[str, str | None] = dict.fromkeys((key_of(_ACCOUNT + account.email), *EVERYONE))
    whole = home[-1].startswith("organizations/")
    for key in register.sets:
        container, _, kind = key.removeprefix(_SET).partition("/type/")
        if container in home and kind == "ServiceAccount":
            members[key] = None
        elif kind in ("ServiceAccount", "") and (container in home or not whole):
            members[key] = f"{key} includes it"
    for key in register.named_groups:
        if register.groups.holds(key, account.email) is True:
            members[key] = None
    return Principal(members, home, account=account, groups=register.groups)


def pool_principal(member: PoolMember, register: Register) -> Principal:
    """Federated identities by one member, with what other members give to the same tokens."""
    estate = register.estate
    members: dict[str, str | None] = {member.text: None, "allUsers": None}
    pool = estate.pool_name(member.pool)
    for other in register.pool_members.get(pool, ()):
        overlap = _overlap(member, other, estate)
        if overlap is not None and other.text != member.text:
            members[other.text] = None if overlap else f"its token is {other.text} as well"
    home = (pool, *estate.above(estate.project(pool.split("/")[1])))
    return Principal(members, home, pool=member)


def unclear_principal(member: Unclear) -> Principal:
    """Whoever a member stands for that nobody can tell."""
    return Principal({key_of(member.text): f"{member.text} stands for somebody"}, ())


def _overlap(member: PoolMember, other: Member | None, estate: Estate) -> bool | None:
    """Whether every token that is `member` is `other` as well (True), some may be (False), or none is (None)."""
    if not isinstance(other, PoolMember) or other.dead is not None:
        return None
    if estate.pool_name(member.pool) != estate.pool_name(other.pool):
        return None
    if other.form == "pool" or (member.form, member.name, member.value) == (other.form, other.name, other.value):
        return True
    if (member.form, member.name) == (other.form, other.name) and member.form != "group":
        return None
    return False


def _means_account(text: str, account: Account, home: tuple[str, ...]) -> bool | None:
    if text.startswith(_ALONE):
        unique = (account.body or {}).get("uniqueId")
        name = text.removeprefix(_ALONE)
        return name.lower() == account.email.lower() or name == unique
    if text.startswith(_SET):
        container, _, kind = text.removeprefix(_SET).partition("/type/")
        if container not in home:
            return False if home[-1].startswith("organizations/") else None
        if kind == "ServiceAccount":
            return True
        return False if kind else None
    if text.startswith("principalSet://goog/cloudIdentityCustomerId/"):
        return None
    known = text.startswith(("principal://goog/subject/", "deleted:", "principal://iam.googleapis.com/projects/"))
    return False if known or read_member(text) is not None else None


def _means_pool(text: str, member: PoolMember, estate: Estate) -> bool | None:
    other = read_member(text)
    if isinstance(other, Unclear):
        return None
    overlap = _overlap(member, other, estate)
    return False if overlap is None else True if overlap else None
