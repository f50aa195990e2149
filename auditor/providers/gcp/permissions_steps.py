"""Which service accounts somebody may become next, and how.

A permission counts on the account and on everything above it. Code runs as an account where `actAs` on it meets a
permission that runs something in its project; in another project only if organisation policy lets it. Whoever decides
which tokens enter a pool may become whatever that pool's identities may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditor.power import Step
from auditor.providers.gcp.bindings import identity_of
from auditor.providers.gcp.escalations import EscalationPath, table
from auditor.providers.gcp.estate import Account, Estate
from auditor.providers.gcp.permissions_paths import ELSEWHERE, ISSUERS, Admitted, Paths, missing
from auditor.providers.gcp.permissions_reach import Answer, Holder, Reach, joined

ENABLE = "iam.serviceAccounts.enable"
_PROVIDERS = (
    ("iam.googleapis.com/workloadIdentityPoolProviders.update", True),
    ("iam.googleapis.com/workloadIdentityPoolProviders.create", False),
)
Way = tuple[EscalationPath, Answer]

_GRANT = EscalationPath(
    id="gcp-set-iam-policy",
    what="",
    account=(),
    project=(),
    also=(),
    levels=frozenset(),
    step="grant-roles",
    how="grant itself roles on what it lies in, and then impersonate it",
    doubt=None,
    needs=None,
)
"""What an administrator may do with every service account below; as a capability it is told by `permissions_levels`."""


class Steps:
    """The steps of one principal."""

    def __init__(self, holder: Holder, paths: Paths, admitted: Admitted) -> None:
        self._holder = holder
        self._paths = paths
        self._admitted = admitted
        self._estate: Estate = holder.estate

    def all(self) -> tuple[Step, ...]:
        """Each account and kind once, the most certain way of each."""
        found: dict[tuple[str, str], Step] = {}
        own = self._holder.principal.account
        for step in (*self._to_accounts(), *self._through_pools()):
            if own is None or step.target.id != own.email:
                key = step.target.id, step.kind
                if key not in found or (step.certain and not found[key].certain):
                    found[key] = step
        return tuple(found[key] for key in sorted(found))

    def _to_accounts(self) -> Iterator[Step]:
        named: set[str] = set()
        projects: dict[tuple[str, ...], list[Account]] = {}
        for given in self._holder.places():
            account = given.policy.account
            if account is not None and account.email not in named:
                named.add(account.email)
                chain = self._estate.above(account.project)
                reach = self._holder.reach(given.place, chain)
                yield from _made(account, self._ways(reach, chain), reach)
        for given in self._holder.places():
            if given.on_container:
                for account in self._estate.below.get(given.place, ()):
                    if account.email not in named:
                        named.add(account.email)
                        projects.setdefault(self._estate.above(account.project), []).append(account)
        for chain, accounts in projects.items():
            reach = self._holder.reach(chain[0], chain)
            ways = self._ways(reach, chain)
            for account in accounts if ways else ():
                yield from _made(account, ways, reach)

    def _ways(self, reach: Reach, chain: tuple[str, ...]) -> list[Way]:
        """The paths that lead to an account at which `reach` looks, and whose project has `chain`."""
        project = self._holder.reach(chain[0], chain)
        found: list[Way] = []
        for path in table().steps:
            answer = reach.all_of(path.account)
            if answer is None:
                continue
            running = project.all_of(path.project)
            if running is not None:
                both = joined((answer, running), path.doubt, missing(path, project))
            elif path.account and path.id in self._paths.elsewhere:
                both = joined((answer, self._paths.elsewhere[path.id]), path.doubt, ELSEWHERE)
            else:
                both = None
            if both is not None and both.sources:
                found.append((path, both))
        admin = self._administered(chain)
        if admin is not None:
            found.append(admin)
        return _best(found)

    def _administered(self, chain: tuple[str, ...]) -> Way | None:
        """How it may grant itself whatever it likes on something in `chain`."""
        for at, container in enumerate(chain):
            permission = f"resourcemanager.{container.partition('/')[0]}.setIamPolicy"
            answer = self._holder.reach(container, chain[at:]).holds(permission)
            if answer is not None:
                return replace(_GRANT, project=(permission,)), answer
        return None

    def _through_pools(self) -> Iterator[Step]:
        for pool, (chain, accounts) in self._admitted.pools.items():
            reach = self._holder.reach(chain[0], chain)
            for permission, provided in _PROVIDERS:
                if provided and not self._estate.providers.get(pool):
                    continue
                answer = joined((reach.holds(permission),), ISSUERS)
                if answer is None:
                    continue
                how = f"let tokens of its own into the pool {pool.rpartition('/')[2]}, whose identities may become it"
                for account in accounts:
                    yield Step(identity_of(account), "rewrite-trust", how, (permission,), answer.sources, answer.doubt)


def _made(account: Account, ways: Iterable[Way], reach: Reach) -> Iterator[Step]:
    """A disabled account is nobody's, unless it is for whoever may enable it."""
    enabling: Answer | None = None
    if (account.body or {}).get("disabled") is True:
        enabling = reach.holds(ENABLE)
        if enabling is None:
            return
    for path, found in ways:
        answer = found if enabling is None else joined((found, enabling), "it enables the account first")
        assert path.step is not None
        assert answer is not None
        yield Step(identity_of(account), path.step, path.how, path.permissions, answer.sources, answer.doubt)


def _best(ways: list[Way]) -> list[Way]:
    """Of every kind of step the first certain way, else the first."""
    found: dict[str | None, Way] = {}
    for path, answer in ways:
        if path.step not in found or (answer.certain and not found[path.step][1].certain):
            found[path.step] = path, answer
    return list(found.values())
