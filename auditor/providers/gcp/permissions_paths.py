"""Finds the known paths of `escalations.toml` at one place, and what else the documents must show for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from auditor.model import Level
from auditor.power import Capability
from auditor.providers.gcp.bindings import bindings_of
from auditor.providers.gcp.escalations import EscalationPath, table
from auditor.providers.gcp.estate import Account, Estate
from auditor.providers.gcp.members import PoolMember
from auditor.providers.gcp.permissions_reach import Answer, Holder, Reach, joined

ELSEWHERE = (
    "organisation policy, which was not read, lets accounts be used in other projects "
    "(iam.disableCrossProjectServiceAccountUsage)"
)
ISSUERS = "organisation policy, which was not read, allows the issuer (iam.workloadIdentityPoolProviders)"


class Admitted:
    """The workload identity pools whose identities are granted something, and what they reach."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    @cached_property
    def pools(self) -> Mapping[str, tuple[tuple[str, ...], tuple[Account, ...]]]:
        """Pool → the containers it lies in, and the accounts that some member of it may become."""
        found: dict[str, dict[str, Account]] = {}
        for binding in bindings_of(self._estate):
            member = binding.member
            if not isinstance(member, PoolMember) or member.dead is not None or binding.grant.idle is not None:
                continue
            reached = found.setdefault(self._estate.pool_name(member.pool), {})
            if not binding.impersonates:
                continue
            if binding.policy.account is not None:
                reached[binding.policy.account.email] = binding.policy.account
            elif binding.policy.container is not None:
                below = self._estate.below.get(binding.policy.container, ())
                reached.update({account.email: account for account in below})
        return {pool: (self.chain(pool), tuple(reached.values())) for pool, reached in sorted(found.items())}

    def chain(self, pool: str) -> tuple[str, ...]:
        return self._estate.above(self._estate.project(pool.split("/")[1]))

    def within(self, place: str, *, provided: bool) -> bool:
        """Whether a pool in `place` is granted something; `provided`: one that has a provider already."""
        return any(
            place in chain and (not provided or self._estate.providers.get(pool))
            for pool, (chain, _) in self.pools.items()
        )


class Paths:
    """The known paths, for one principal."""

    def __init__(self, holder: Holder, admitted: Admitted) -> None:
        self._holder = holder
        self._admitted = admitted

    def at(self, reach: Reach, named: str) -> Iterator[Capability]:
        """The paths that are held in full on a container, which people call `named`."""
        for path in table().paths:
            answer = self._held(path, reach)
            if answer is None and path.account and path.project:
                account = reach.all_of(path.account)
                project = None if account is None else self.elsewhere.get(path.id)
                answer = None if project is None else joined((account, project), path.doubt, ELSEWHERE)
            if answer is not None:
                yield capability(path, answer, reach.place, named)

    def _held(self, path: EscalationPath, reach: Reach) -> Answer | None:
        if reach.place.partition("/")[0] not in path.levels or reach.all_of(path.permissions) is None:
            return None
        needed = None if path.needs is None else self._needs[path.needs](self, reach)
        return reach.all_of(path.permissions, path.doubt, missing(path, reach), needed)

    @cached_property
    def elsewhere(self) -> Mapping[str, Answer]:
        """Path → where its permissions in a project are held, wherever that is."""
        found: dict[str, Answer] = {}
        for given in self._holder.places():
            if given.on_container:
                reach = self._holder.reach(given.place, given.chain)
                for path in table().steps:
                    answer = reach.all_of(path.project) if path.account and path.project else None
                    if answer is not None and (path.id not in found or not found[path.id].certain):
                        found[path.id] = answer
        return found

    def _custom_role(self, reach: Reach) -> str | None:
        for given, _ in self._holder.held:
            owner = given.role.custom
            if owner is not None and reach.place in self._holder.estate.chain(_by_number(owner, self._holder.estate)):
                return None
        return "a custom role of that place is granted to it, though none was seen"

    def _admitted_pool(self, reach: Reach) -> str | None:
        return ISSUERS if self._admitted.within(reach.place, provided=False) else f"{_NO_POOL} and if {ISSUERS}"

    def _admitted_provider(self, reach: Reach) -> str | None:
        return ISSUERS if self._admitted.within(reach.place, provided=True) else f"{_NO_POOL} and if {ISSUERS}"

    def _denied(self, reach: Reach) -> str | None:
        return None if not reach.denied.idle else "a deny policy of that place holds it back, though none was seen"

    def _tag_condition(self, reach: Reach) -> str | None:
        tagged = any(given.limit.tags for given, _ in reach.held)
        return None if tagged else "a condition of its own grants asks for a tag, though none was seen"

    _needs: Mapping[str, Callable[[Paths, Reach], str | None]] = {
        "custom-role": _custom_role,
        "admitted-pool": _admitted_pool,
        "admitted-provider": _admitted_provider,
        "denied": _denied,
        "tag-condition": _tag_condition,
    }


_NO_POOL = "a pool of that place is granted something, though none was seen"


def missing(path: EscalationPath, reach: Reach) -> str | None:
    """What the documentation asks for besides, and is not held."""
    lacking = [permission for permission in path.also if reach.holds(permission) is None]
    return f"it gets by without {', '.join(lacking)}" if lacking else None


def capability(path: EscalationPath, answer: Answer, place: str, named: str) -> Capability:
    """A path that was found, as a capability."""
    return Capability(
        level=Level.ESCALATION,
        what=path.what.format(place=named),
        permissions=path.permissions,
        scope=place,
        sources=answer.sources,
        path=path.id,
        doubt=answer.doubt,
    )


def _by_number(container: str, estate: Estate) -> str:
    level, _, name = container.partition("/")
    return f"projects/{estate.project(name).number or name}" if level == "projects" else container
