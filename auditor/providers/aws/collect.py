"""Reads AWS accounts with boto3, alone or as the members of an organisation. Judges nothing.

What is called is in `account_walk`, `organisation_walk` and `organisation_tree`, and how in `connections`. An account
costs `sts:GetCallerIdentity` besides, or `sts:AssumeRole` as one of many that are entered by a role.

What cannot be read becomes a row of the coverage ledger and everything else is kept. The only exceptions that leave
this module are `CollectError` (nothing at all could be read) and `UsageError` (a profile does not exist).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from auditor.collecting.executors import THREADS, Means
from auditor.collecting.plan import Patience
from auditor.collecting.scopes import Reading, Refusal, Scope, alone
from auditor.errors import CollectError, NothingAskedError
from auditor.progress import Progress, silent
from auditor.providers.aws import account_walk, organisation_tree, organisation_walk
from auditor.providers.aws.connections import Limits, Source, caller_of, connections, of, throttles
from auditor.providers.aws.entrance import ASSUME, HASTY, Assume, enter, managers
from auditor.providers.aws.haul import UNKNOWN_SCOPE, Haul, Trouble, account_of, rfc3339
from auditor.shards import WHOLE, Shard
from auditor.snapshot import Coverage, Snapshot, Status, nothing

WHO_AM_I = "sts:GetCallerIdentity"
READING = "reading AWS accounts"

CLOSED = frozenset({"SUSPENDED", "CLOSED"})
"""States of an account in which its identities do nothing any more, and nothing can be read."""
TREE_DEADLINE = 3600
"""Seconds for a whole organisation's units, accounts and policies: Organizations answers a few calls a second."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """What all scopes of AWS have in common."""

    source: Source

    provider: ClassVar[str] = "aws"

    @property
    def lane(self) -> str:
        """All accounts are entered by one caller, whose quota of STS they share."""
        return f"aws {self.source.profile or ''}".rstrip()

    @property
    def patience(self) -> Patience:
        return self.source.limits.members

    def close(self) -> None:
        connections.cache_clear()


@dataclass(frozen=True, slots=True)
class _Root(_Scope):
    """What tells which accounts there are."""

    name: ClassVar[None] = None
    what: ClassVar[None] = None

    def unread(self, why: str) -> Coverage:
        return Coverage("aws", UNKNOWN_SCOPE, "account", Status.FAILED, f"{self._subject()} {why}")

    def _subject(self) -> str:
        return f"whose credentials these are{of(self.source.profile)}"

    def _answer(self, read: Callable[[], tuple[Haul, Iterable[Scope]]]) -> Reading:
        started = _now()
        with throttles() as throttled:
            try:
                haul, further = read()
            except _PassingError as error:
                return _refused(error, passing=1, throttled=throttled())
            except CollectError as error:
                return _refused(error, passing=0, throttled=throttled())
            return _reading(started, haul, tuple(further), throttled())


class _PassingError(CollectError):
    """It may be otherwise next time."""


@dataclass(frozen=True, slots=True)
class ProfileScope(_Root):
    """The account that credentials belong to."""

    sources: tuple[Source, ...]
    """All that are read: one of them may be that of the organisation's management account."""

    def read(self, tell: Progress = silent) -> Reading:
        del tell
        return self._answer(self._read)

    def _read(self) -> tuple[Haul, Iterable[Scope]]:
        caller = caller_of(self.source)
        if isinstance(caller, Trouble):
            return _unnamed(self.source, caller, self.sources), ()
        return Haul(), [_own(self.source, caller, self.sources)]


@dataclass(frozen=True, slots=True)
class OrganisationScope(_Root):
    """An organisation's tree: units, accounts, policies."""

    assume: Assume
    wanted: str | None = None
    """The id that it must have."""
    accounts: tuple[str, ...] = ()
    """Those of its accounts that are read; empty: all."""
    shard: Shard = WHOLE

    @property
    def patience(self) -> Patience:
        members = self.source.limits.members
        return replace(members, deadline=max(members.deadline, TREE_DEADLINE))

    def _subject(self) -> str:
        return f"the organization{of(self.source.profile)}"

    def read(self, tell: Progress = silent) -> Reading:
        tell("reading the organization's accounts")
        return self._answer(self._read)

    def _read(self) -> tuple[Haul, Iterable[Scope]]:
        caller, profile = _caller(self.source), self.source.profile
        try:
            tree = organisation_tree.read(connections(self.source).asker())
        except organisation_walk.StoppedError as stopped:
            kind = _PassingError if stopped.trouble.passing else CollectError
            raise kind(
                f"AWS{of(profile)}: the organization cannot be read ({stopped.permission}): {stopped.trouble.reason}. "
                "Use credentials of its management account, or of a delegated administrator."
            ) from stopped
        if self.wanted and tree.id != self.wanted:
            raise CollectError(
                f"AWS{of(profile)}: these credentials are of the organization {tree.id}, not of {self.wanted}"
            )
        found = tree.haul.under(tree.id)
        further: list[Scope] = []
        members = {member.account: member.state for member in tree.members}
        for account in filter(self._held, members):
            state = members[account]
            if state in CLOSED:
                reason = f"the account is {state.lower()}"
                found.coverage.append(
                    Coverage("aws", account, "account", Status.SKIPPED, reason, organisation_tree.ACCOUNTS)
                )
            elif account == caller["Account"]:
                further.append(_own(self.source, caller))
            else:
                further.append(_member(self.source, account, caller, self.assume))
        for account in filter(self._held, self.accounts):
            if account not in members:
                reason = f"the account is not among those of the organization {tree.id} that could be listed"
                row = Coverage("aws", account, "account", Status.FAILED, reason, organisation_tree.ACCOUNTS)
                found.coverage.append(row)
        return found, further

    def _held(self, account: str) -> bool:
        return self.shard.holds("aws", account) and (not self.accounts or account in self.accounts)


@dataclass(frozen=True, slots=True)
class ListScope(_Root):
    """Accounts that were named, whatever organisation they are of."""

    assume: Assume
    accounts: tuple[str, ...]

    def read(self, tell: Progress = silent) -> Reading:
        del tell
        return self._answer(self._read)

    def _read(self) -> tuple[Haul, Iterable[Scope]]:
        caller, sources = _caller(self.source), (self.source,)
        return Haul(), [
            _own(self.source, caller, sources)
            if account == caller["Account"]
            else _member(self.source, account, caller, self.assume, sources)
            for account in self.accounts
        ]


@dataclass(frozen=True, slots=True)
class AccountScope(_Scope):
    """One account, and how to get in."""

    account: str
    partition: str
    caller: str
    """The ARN of who asks, or assumes the role."""
    assume: Assume | None
    """None: the account is the caller's own."""
    above: tuple[Source, ...] | None
    """None: the organisation is read by somebody else. Else whose credentials may do to ask for its policies, where the
    account's own do not: those of the management account."""

    what: ClassVar[str] = READING

    @property
    def name(self) -> str:
        """Two profiles may see different parts of one account."""
        return self.account + (f" by {self.source.profile}" if self.source.profile else "")

    def unread(self, why: str) -> Coverage:
        return Coverage("aws", self.account, "account", Status.FAILED, f"the account {why}")

    def read(self, tell: Progress = silent) -> Reading:
        """What IAM of the account holds; one row where it cannot be entered."""
        del tell
        started = _now()
        with throttles() as throttled:
            return _reading(started, self._read(), (), throttled())

    def _read(self) -> Haul:
        ways = connections(self.source)
        haul = Haul()
        body = {"Account": self.account, "Partition": self.partition, "CallerArn": self.caller}
        if self.assume is None:
            ask = ways.asker(hasty=HASTY)
            haul.note("account", Status.READ, None, WHO_AM_I)
        else:
            role = f"arn:{self.partition}:iam::{self.account}:role/{self.assume.role_name.lstrip('/')}"
            entered = enter(ways, role, self.assume)
            if isinstance(entered, Trouble):
                haul.trouble("account", entered, ASSUME)
                return haul.under(self.account)
            body["CallerArn"], ask = entered
            haul.note("account", Status.READ, None, ASSUME)
        if account_walk.read_details(ask, haul) is None:
            account_walk.look_up(ask, haul)
        account_walk.read_providers(ask, haul)
        if self.above is not None:
            organisation_walk.read(self.account, ask, haul, managers(self.above))
        return haul.stamped(body)


def profiles_of(profiles: Sequence[str | None], held: Iterable[str | None], limits: Limits | None) -> list[Scope]:
    """One account for each profile in `held`; `None` is the standard credential chain."""
    sources = {profile: Source(profile, limits or Limits()) for profile in profiles}
    return [ProfileScope(sources[profile], tuple(sources.values())) for profile in held]


def organisations_of(
    profiles: Sequence[str | None],
    assume: Assume,
    limits: Limits | None,
    *,
    wanted: str | None,
    accounts: Sequence[str] = (),
    shard: Shard = WHOLE,
) -> list[Scope]:
    """The organisation of each profile. `wanted` is the id that it must have; `shard` says which accounts are read."""
    return [
        OrganisationScope(Source(profile, limits or Limits()), assume, wanted, tuple(accounts), shard)
        for profile in profiles
    ]


def accounts_of(profile: str | None, assume: Assume, limits: Limits | None, accounts: Sequence[str]) -> list[Scope]:
    """Accounts by their ids, entered by a role."""
    return [ListScope(Source(profile, limits or Limits()), assume, tuple(accounts))] if accounts else []


def collect(
    profiles: Sequence[str | None] = (None,), limits: Limits | None = None, tell: Progress = silent
) -> Snapshot:
    """Read one account per profile; `None` is the standard credential chain.

    Raises `CollectError` when no account at all could be read (`NothingAskedError`: there are no credentials whatever)
    and `UsageError` for a profile that is not configured. An
    account that fails beside others that do not is a ledger row of scope `-`.
    """
    return alone(profiles_of(profiles, profiles, limits), tell)


def collect_organisations(
    profiles: Sequence[str | None] = (None,),
    assume: Assume | None = None,
    limits: Limits | None = None,
    tell: Progress = silent,
    *,
    wanted: str | None = None,
    means: Means = THREADS,
) -> Snapshot:
    """Read every account of the organisation of each profile, side by side.

    An account that cannot be read is one row of the ledger; one that is suspended is skipped. Raises as `collect`, also
    when the organisation's accounts may not be listed.
    """
    return alone(organisations_of(profiles, assume or Assume(), limits, wanted=wanted), tell, means)


def _now() -> str:
    return rfc3339(datetime.now(UTC))


def _reading(started: str, haul: Haul, further: tuple[Scope, ...], throttled: int) -> Reading:
    part = Snapshot(started, _now(), haul.documents, haul.coverage)
    return Reading(part, further, haul.passing, throttled)


def _refused(error: CollectError, *, passing: int, throttled: int) -> Reading:
    refusal = Refusal(str(error), isinstance(error, NothingAskedError), WHO_AM_I)
    return Reading(nothing(), passing=passing, throttled=throttled, refusal=refusal)


def _caller(source: Source) -> dict[str, Any]:
    caller = caller_of(source)
    if isinstance(caller, Trouble):
        kind = _PassingError if caller.passing else CollectError
        raise kind(f"AWS{of(source.profile)}: nobody says whose credentials these are: {caller.reason}")
    return dict(caller)


def _own(source: Source, caller: Any, above: tuple[Source, ...] | None = None) -> AccountScope:
    return AccountScope(source, caller["Account"], caller["Partition"], caller["CallerArn"], None, above)


def _member(
    source: Source, account: str, caller: Any, assume: Assume, above: tuple[Source, ...] | None = None
) -> AccountScope:
    return AccountScope(source, account, caller["Partition"], caller["CallerArn"], assume, above)


def _unnamed(source: Source, caller: Trouble, above: tuple[Source, ...]) -> Haul:
    """What an account's IAM holds of which STS does not say which it is. Raises `CollectError`."""
    profile = source.profile
    ask = connections(source).asker(hasty=HASTY)
    haul = Haul()
    haul.trouble("account", caller, WHO_AM_I)
    stream = account_walk.read_details(ask, haul)
    if caller.unreachable and stream is not None and stream.unreachable:
        raise CollectError(f"AWS{of(profile)} cannot be reached: {stream.reason}")
    account_walk.read_providers(ask, haul)
    if not haul.documents:
        reasons = dict.fromkeys(row.reason for row in haul.coverage if row.reason)
        raise CollectError(f"AWS{of(profile)}: nothing could be read: {'; '.join(reasons)}")
    body = account_of(haul.documents)
    if stream is None:
        account_walk.look_up(ask, haul)
    if body["Account"] != UNKNOWN_SCOPE:
        organisation_walk.read(body["Account"], ask, haul, managers(above))
    return haul.stamped(body)
