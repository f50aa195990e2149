"""Known ways of a role to more than it was granted: which of those in `power.toml` its permissions open.

The resource decides. What a way leads to is told as a capability where it is more than one collected role: that role
itself, anything a role of its choice may do, a user (users are not collected). What leads to one collected role and no
further is a step of `steps.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from auditor.model import Level
from auditor.power import Capability
from auditor.providers.aws.admission import lets_in, serves
from auditor.providers.aws.grants import Call, Grant, best, together
from auditor.providers.aws.levels import sources
from auditor.providers.aws.permissions import Standing
from auditor.providers.aws.roles import AWS_MANAGED, Role
from auditor.providers.aws.rooms import Room
from auditor.providers.aws.running import Running
from auditor.providers.aws.tables import ASSUME_ROLE, FORMS, PASS_ROLE, Way, paths_within
from auditor.providers.aws.wildcards import FRESH, common


@dataclass(frozen=True, slots=True)
class Found:
    """A way that is open."""

    way: Way
    grant: Grant
    level: Level = Level.ESCALATION

    @property
    def certain(self) -> bool:
        return self.grant.doubt is None

    @property
    def capability(self) -> Capability:
        return Capability(
            self.level,
            self.way.may,
            self.way.permissions,
            self.grant.scope,
            sources(self.grant.bounds, self.way.needs),
            path=self.way.id,
            doubt=self.grant.doubt,
        )


@dataclass(slots=True)
class Ways:
    """The ways that are open to one role."""

    standing: Standing
    role: Role
    room: Room
    running: Running = field(init=False)
    _handings: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.running = Running(self.standing)

    def found(self) -> Iterator[Found]:
        """Every way whose permissions are granted on what it needs, also those that contain a smaller one."""
        for way in paths_within(self.standing.mask):
            one = self.find(way)
            if one is not None:
                if one.certain and way.doubt is not None:
                    one = replace(one, grant=replace(one.grant, doubt=way.doubt))
                yield one

    def find(self, way: Way) -> Found | None:
        """The way, if it is open."""
        if way.existing is not None:
            return self._existing(way)
        if PASS_ROLE in way.needs:
            return self._passing(way)
        words = set(way.needs.values())
        if words & {"role", "role-policy"}:
            return _opened(way, self._other_role(way))
        (word,) = words
        grants: Mapping[str, Callable[[Way], Iterable[Grant | None]]] = {
            "self": self._on_itself,
            "own-policy": self._own_policy,
            "user": self._user,
            "new-role": self._new_role,
            "elsewhere": self._elsewhere,
            "own-provider": self._own_provider,
            "new-provider": self._new_provider,
            "bounded-self": self._bounded,
            "denied-self": self._denied,
        }
        return _opened(way, best(grants[word](way)))

    # On itself

    def _judged(self, way: Way, resource: str) -> Grant | None:
        """All the way's permissions on one resource of IAM."""
        home = self.standing.regions_of("iam:")[0]
        return together(self.standing.judge(Call(action, resource, home)) for action in way.needs)

    def _on_itself(self, way: Way) -> Iterator[Grant | None]:
        yield self._judged(way, self.role.arn)

    def _own_policy(self, way: Way) -> Iterator[Grant | None]:
        for arn in self.role.attached:
            if AWS_MANAGED not in arn:
                yield self._judged(way, arn)
        if self.role.boundary and AWS_MANAGED not in self.role.boundary:
            yield _doubted(self._judged(way, self.role.boundary), "its policies allow more than its boundary")

    def _bounded(self, way: Way) -> Iterator[Grant | None]:
        if self.role.boundary is not None:
            yield self._judged(way, self.role.arn)

    def _denied(self, way: Way) -> Iterator[Grant | None]:
        if way.removes == "inline":
            holding = any(policy.denies for _, policy in self.role.inline)
        else:
            scope = self.role.identity.scope
            policies = (self.room.managed(scope, arn) for arn in self.role.attached)
            holding = any(not isinstance(policy, str) and policy.denies for policy in policies)
        if holding:
            yield self._judged(way, self.role.arn)

    # On users, new roles, providers

    def _user(self, way: Way) -> Iterator[Grant | None]:
        for resource in self._resources(way):
            grant = self._judged(way, resource)
            if grant is not None and FRESH not in resource:
                grant = _doubted(grant, f"the user {resource.rpartition('/')[2]}, which was not read, may do more")
            yield grant

    def _new_role(self, way: Way) -> Iterator[Grant | None]:
        for resource in self._resources(way):
            if not self.room.knows(resource):
                yield self._judged(way, resource)

    def _resources(self, way: Way) -> Sequence[str]:
        """Candidates for the one resource that all permissions of the way are about; unnamed ones first."""
        found = (self.standing.instances(action, FORMS[action][0]) for action in way.needs)
        return sorted(dict.fromkeys(itertools.chain(*found)), key=lambda resource: FRESH not in resource)

    def _own_provider(self, way: Way) -> Iterator[Grant | None]:
        documents = self.room.scope(self.role).documents
        for arn in documents:
            yield self._judged(way, arn)
        if not self.room.listed(self.role.identity.scope, "oidc-provider"):
            for resource in self._resources(way):
                yield _doubted(self._judged(way, resource), "it is among the OIDC providers that were not read")

    def _new_provider(self, way: Way) -> Iterator[Grant | None]:
        known = self.room.listed(self.role.identity.scope, "oidc-provider")
        if known:
            for arn in sorted(self.room.unregistered.get(self.role.account, ())):
                yield self._judged(way, arn)
        if not known or not self._roles_read:
            for resource in self._resources(way):
                doubt = "a role that was not read trusts an issuer that is not registered"
                yield _doubted(self._judged(way, resource), doubt)

    # On other roles

    @property
    def _roles_read(self) -> bool:
        return self.room.listed(self.role.identity.scope, "iam-role")

    def _elsewhere(self, way: Way) -> Iterator[Grant | None]:  # noqa: ARG002 - one of several
        """Roles that were not collected; those that were are steps."""
        session = self.standing.session
        shape = f"arn:{session.partition}:iam::*:role/*"
        anywhere = f"arn:{session.partition}:iam::{FRESH}:role/{FRESH}"
        candidates = {anywhere: None}
        for pattern in self.standing.patterns(ASSUME_ROLE):
            resource = common(pattern, shape)
            if resource is not None:
                candidates[resource] = None
        for resource in candidates:
            account = resource.split(":", 5)[4]
            if any(map(self.room.roles_read, self._scopes(account))) or self.room.knows(resource):
                continue
            grant = best(self.standing.judge(Call(ASSUME_ROLE, resource, region)) for region in self.standing.regions)
            unknown = (
                "a role of another account lets it in"
                if FRESH in account
                else "that role, which was not read, may do more"
            )
            yield _doubted(grant, unknown)

    def _scopes(self, account: str) -> Iterable[str]:
        if account == self.role.account:
            return (self.role.identity.scope, account)
        return (account,)

    def _other_role(self, way: Way) -> Grant | None:
        """The same role for all permissions: one that nobody names, else one that was collected."""
        rest = tuple(action for action, word in way.needs.items() if word == "thing")
        beside = self.running.jointly(rest)[0] if rest else Grant((), "", None)
        if beside is None:
            return None
        return best(self._with(beside, grant) for grant in self._over_roles(way))

    def _with(self, beside: Grant, grant: Grant | None) -> Grant | None:
        return grant if not beside.bounds else together((grant, beside))

    def _over_roles(self, way: Way) -> Iterator[Grant | None]:
        session = self.standing.session
        if not way.assumed and "role-policy" not in way.needs.values():
            yield self._on_role(way, f"arn:{session.partition}:iam::{session.account}:role/{FRESH}", ())
        if way.gives == "role":
            if not self._roles_read:
                for resource in self._named_roles(way):
                    if not self.room.knows(resource):
                        yield _doubted(self._on_role(way, resource, ()), "that role, which was not read, may do more")
            return
        for target in self._targets(way):
            doubt = None
            if way.assumed:
                let_in = lets_in(target.admission, session, self.role.unique_id)
                if let_in is None:
                    continue
                doubt = let_in.doubt
            grant = self._on_role(way, target.arn, [arn for arn in target.attached if AWS_MANAGED not in arn])
            yield grant if doubt is None else _doubted(grant, doubt)

    def _named_roles(self, way: Way) -> Iterable[str]:
        actions = (action for action, word in way.needs.items() if word == "role")
        form = FORMS[ASSUME_ROLE][0]
        return dict.fromkeys(resource for action in actions for resource in self.standing.instances(action, form))

    def _targets(self, way: Way) -> Iterable[Role]:
        """Collected roles of the account that the permissions could be about."""
        action = next(action for action, word in way.needs.items() if word == "role")
        found: dict[Role, None] = {}
        for pattern in self.standing.patterns(action):
            found.update(dict.fromkeys(self.room.matching(self.role.account, pattern)))
        found.pop(self.role, None)
        if way.assumed:
            return [target for target in self.room.open_within(self.role) if target in found]
        return found

    def _on_role(self, way: Way, arn: str, policies: Sequence[str]) -> Grant | None:
        home = self.standing.regions_of("iam:")[0]
        grants: list[Grant | None] = []
        for action, word in way.needs.items():
            if word == "role":
                regions = self.standing.regions if action == ASSUME_ROLE else (home,)
                grants.append(best(self.standing.judge(Call(action, arn, region)) for region in regions))
            elif word == "role-policy":
                grants.append(best(self.standing.judge(Call(action, policy, home)) for policy in policies))
        return together(grants)

    # By what runs under a role

    def _passing(self, way: Way) -> Found | None:
        """With a role of its choice. One collected role that it may pass is a step."""
        things, _ = self.running.jointly(tuple(action for action, word in way.needs.items() if word == "thing"))
        if things is None:
            return None
        session = self.standing.session
        (service,) = way.services
        unnamed = f"arn:{session.partition}:iam::{session.account}:role/{FRESH}"
        grant = self.running.passes(unnamed, service)
        if grant is not None:
            if service not in self._handings:
                self._handings[service] = self._handed(grant, service)
            handed = self._handings[service]
            if handed is not None:
                both = together((grant, things))
                return _opened(way, _doubted(both, handed) if handed else both)
            if not self._roles_read:
                doubt = f"a role that was not read trusts {service}"
                return _opened(way, _doubted(together((grant, things)), doubt))
            return None
        if self._roles_read:
            return None
        for resource in self.standing.instances(PASS_ROLE, FORMS[PASS_ROLE][0]):
            if not self.room.knows(resource) and FRESH not in resource:
                named = self.running.passes(resource, service)
                if named is not None:
                    doubt = f"the role {resource.rpartition('/')[2]}, which was not read, may do more"
                    return _opened(way, _doubted(together((named, things)), doubt))
        return None

    def _handed(self, free: Grant, service: str) -> str | None:
        """What it depends on that some collected role can be passed ("": nothing); None where none can.

        `free` is the leave to pass a role that no policy names: one that they name may be spared, or kept back.
        """
        doubt: str | None = None
        settled = free.doubt is None and not self.standing.limited
        for role in self._serving(service):
            if role is self.role:
                continue
            let = serves(role.admission, service, self.role.account)
            grant = free if settled else self.running.passes(role.arn, service)
            if let is None or grant is None:
                continue
            if let.doubt is None and grant.doubt is None:
                return ""
            doubt = doubt or let.doubt or grant.doubt
        return doubt

    def _serving(self, service: str) -> Sequence[Role]:
        return self.room.serving(self.role.account, service)

    def _existing(self, way: Way) -> Found | None:
        """With the role of something that runs already: which that is, IAM does not tell."""
        grant, wide = self.running.jointly(tuple(way.needs))
        if grant is None or (self._roles_read and not any(map(self._serving, way.services))):
            return None
        doubted = _doubted(grant, f"the role of the {way.existing}, which IAM does not tell, may do more")
        assert doubted is not None
        return Found(way, doubted, Level.ESCALATION if wide else Level.SCOPED)


def _opened(way: Way, grant: Grant | None) -> Found | None:
    return None if grant is None else Found(way, grant)


def _doubted(grant: Grant | None, doubt: str) -> Grant | None:
    return None if grant is None else replace(grant, doubt=grant.doubt or doubt)


def smallest(found: Iterable[Found]) -> Iterator[Found]:
    """Without the ways that need all that another open one needs, and more."""
    every = tuple(found)
    for one in every:
        for other in every:
            less = other.way.mask != one.way.mask and other.way.mask & one.way.mask == other.way.mask
            if less and not other.level < one.level and (other.certain or not one.certain):
                break
        else:
            yield one
