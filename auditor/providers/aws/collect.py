"""Reads AWS accounts with boto3, alone or as the members of an organisation. Judges nothing.

What is called is in `account_walk`, `organisation_walk` and `organisation_tree`, and how in `connections`. An account
costs `sts:GetCallerIdentity` besides, or `sts:AssumeRole` as a member of an organisation that is read as a whole.

What cannot be read becomes a row of the coverage ledger and everything else is kept. The only exceptions that leave
this module are `CollectError` (nothing at all could be read) and `UsageError` (a profile does not exist).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from auditor import plan
from auditor.errors import CollectError, NothingAskedError
from auditor.progress import Progress, Stage, counted, silent
from auditor.providers.aws import account_walk, organisation_tree, organisation_walk
from auditor.providers.aws.connections import Connections, Limits, Source, caller_of, connections, of
from auditor.providers.aws.haul import UNKNOWN_SCOPE, Ask, Haul, Trouble, account_of, lacking, rfc3339
from auditor.shards import WHOLE, Shard
from auditor.snapshot import Snapshot, Status, merge

WHO_AM_I = "sts:GetCallerIdentity"
ASSUME = "sts:AssumeRole"

CLOSED = frozenset({"SUSPENDED", "CLOSED"})
"""States of an account in which its identities do nothing any more, and nothing can be read."""


@dataclass(frozen=True, slots=True)
class Assume:
    """How the accounts of an organisation are entered."""

    role_name: str = "OrganizationAccountAccessRole"
    """The same in every account, with its path. The default is what AWS makes in each account an organisation creates;
    it may do anything, so that one of its own for reading is better."""
    external_id: str | None = None
    session_name: str = "oidc-trust-auditor"
    duration: int = 900
    """Seconds; STS takes 900 to 43,200, and 3,600 at most where the caller has assumed a role itself. An account is
    given up after that time anyhow."""


@dataclass(frozen=True, slots=True)
class MemberScope:
    """One account of an organisation, and how to get in."""

    source: Source
    account: str
    partition: str
    caller: str
    """The ARN of who assumes the role."""
    assume: Assume | None
    """None: the account is the caller's own."""


def collect(
    profiles: Sequence[str | None] = (None,), limits: Limits | None = None, tell: Progress = silent
) -> Snapshot:
    """Read one account per profile; `None` is the standard credential chain.

    Raises `CollectError` when no account at all could be read (`NothingAskedError`: there are no credentials whatever)
    and `UsageError` for a profile that is not configured. An
    account that fails beside others that do not is a ledger row of scope `-`.
    """
    parts: list[Snapshot] = []
    failures: list[CollectError] = []
    readers: list[organisation_walk.Reader] = []
    for profile in counted("reading AWS accounts", profiles, len(profiles), tell):
        started = _now()
        try:
            haul, reader = _account(Source(profile, limits or Limits()))
            if reader is not None:
                readers.append(reader)
        except CollectError as error:
            failures.append(error)
            haul = _failed(error)
        parts.append(Snapshot(started, _now(), haul.documents, haul.coverage))
    _raise_if_nothing(parts, failures)
    organisation_walk.read(readers)
    connections.cache_clear()
    end = _now()
    hauls = [reader.haul.under(reader.account) for reader in readers]
    return merge([*parts, *(Snapshot(end, end, haul.documents, haul.coverage) for haul in hauls)])


def collect_organisations(
    profiles: Sequence[str | None] = (None,),
    assume: Assume | None = None,
    limits: Limits | None = None,
    tell: Progress = silent,
    *,
    wanted: str | None = None,
    shard: Shard = WHOLE,
    make: Callable[[], Executor] = plan.Threads,
) -> Snapshot:
    """Read every account of the organisation of each profile, side by side on the executor that `make` makes.

    `wanted` is the id that the organisation must have; `shard` says which of its accounts are read. An account that
    cannot be read is one row of the ledger; one that is suspended is skipped. Ctrl-C ends the reading, and the accounts
    not read by then are rows. Raises as `collect`, also when the organisation's accounts may not be listed.
    """
    parts: list[Snapshot] = []
    failures: list[CollectError] = []
    for profile in profiles:
        started = _now()
        try:
            hauls = _organisation(Source(profile, limits or Limits()), assume or Assume(), wanted, shard, make, tell)
        except CollectError as error:
            failures.append(error)
            hauls = [_failed(error)]
        parts += [Snapshot(started, _now(), haul.documents, haul.coverage) for haul in hauls]
    _raise_if_nothing(parts, failures)
    return merge(parts)


def _now() -> str:
    return rfc3339(datetime.now(UTC))


def _failed(error: CollectError) -> Haul:
    haul = Haul()
    haul.note("account", Status.FAILED, str(error), WHO_AM_I)
    return haul


def _raise_if_nothing(parts: Sequence[Snapshot], failures: Sequence[CollectError]) -> None:
    if len(failures) == len(parts):
        said = "\n".join(map(str, failures)) or "no AWS account was named"
        nothing = all(isinstance(error, NothingAskedError) for error in failures)
        raise NothingAskedError(said) if nothing else CollectError(said)


def _account(source: Source) -> tuple[Haul, organisation_walk.Reader | None]:
    """What the account's IAM holds, and who asks about its organisation; None where the account is not known."""
    profile = source.profile
    ask = connections(source).asker(hasty=("organizations",))
    haul = Haul()
    caller = caller_of(source)
    if isinstance(caller, Trouble):
        haul.trouble("account", caller, WHO_AM_I)
    else:
        haul.note("account", Status.READ, None, WHO_AM_I)
    stream = account_walk.read_details(ask, haul)
    if isinstance(caller, Trouble) and caller.unreachable and stream is not None and stream.unreachable:
        raise CollectError(f"AWS{of(profile)} cannot be reached: {stream.reason}")
    account_walk.read_providers(ask, haul)
    if isinstance(caller, Trouble):
        if not haul.documents:
            reasons = dict.fromkeys(row.reason for row in haul.coverage if row.reason)
            raise CollectError(f"AWS{of(profile)}: nothing could be read: {'; '.join(reasons)}")
        caller = account_of(haul.documents)
    if stream is None:
        account_walk.look_up(ask, haul)
    account = caller["Account"]
    reader = organisation_walk.Reader(account, ask) if account != UNKNOWN_SCOPE else None
    return haul.stamped(caller), reader


def _organisation(
    source: Source, assume: Assume, wanted: str | None, shard: Shard, make: Callable[[], Executor], tell: Progress
) -> list[Haul]:
    """The organisation's own documents, and what each of its accounts holds."""
    profile = source.profile
    caller = caller_of(source)
    if isinstance(caller, Trouble):
        raise CollectError(f"AWS{of(profile)}: nobody says whose credentials these are: {caller.reason}")
    tell("reading the organization's accounts")
    try:
        tree = organisation_tree.read(connections(source).asker())
    except organisation_walk.StoppedError as stopped:
        raise CollectError(
            f"AWS{of(profile)}: the organization cannot be read ({stopped.permission}): {stopped.trouble.reason}. "
            "Use credentials of its management account, or of a delegated administrator."
        ) from stopped
    if wanted and tree.id != wanted:
        raise CollectError(f"AWS{of(profile)}: these credentials are of the organization {tree.id}, not of {wanted}")
    rows, scopes = Haul(), []
    for member in tree.members:
        if not shard.holds("aws", member.account):
            continue
        if member.state in CLOSED:
            skipped = Haul()
            skipped.note(
                "account", Status.SKIPPED, f"the account is {member.state.lower()}", organisation_tree.ACCOUNTS
            )
            rows.coverage += skipped.under(member.account).coverage
            continue
        way = None if member.account == caller["Account"] else assume
        scopes.append(MemberScope(source, member.account, caller["Partition"], caller["CallerArn"], way))
    outcomes = plan.run(
        read_member,
        scopes,
        make,
        source.limits.members,
        wanting=_passing,
        told=lambda done: tell(Stage("reading AWS accounts", done, len(scopes))),
    )
    found = [tree.haul.under(tree.id), rows]
    found.extend(outcome.result or _unread(outcome) for outcome in outcomes)
    connections.cache_clear()
    return found


def _passing(haul: Haul) -> int:
    return haul.passing


def _unread(outcome: plan.Outcome[MemberScope, Haul]) -> Haul:
    words = {
        plan.End.LATE: f"was not read within {outcome.scope.source.limits.members.deadline:g} seconds",
        plan.End.LOST: "was not read: the process that read it died",
        plan.End.INTERRUPTED: "was not read: interrupted",
    }
    haul = Haul()
    haul.note("account", Status.FAILED, f"the account {words[outcome.end]}")
    return haul.under(outcome.scope.account)


def read_member(scope: MemberScope) -> Haul:
    """What IAM of one account holds; one row where the account cannot be entered."""
    ways = connections(scope.source)
    haul = Haul()
    body = {"Account": scope.account, "Partition": scope.partition, "CallerArn": scope.caller}
    if scope.assume is None:
        ask = ways.asker()
        haul.note("account", Status.READ, None, WHO_AM_I)
    else:
        entered = _enter(ways, scope, scope.assume)
        if isinstance(entered, Trouble):
            haul.trouble("account", entered, ASSUME)
            return haul.under(scope.account)
        body["CallerArn"], ask = entered
        haul.note("account", Status.READ, None, ASSUME)
    if account_walk.read_details(ask, haul) is None:
        account_walk.look_up(ask, haul)
    account_walk.read_providers(ask, haul)
    return haul.stamped(body)


def _enter(ways: Connections, scope: MemberScope, assume: Assume) -> tuple[str, Ask] | Trouble:
    """Who one is in the account, and how to ask there."""
    request: dict[str, Any] = {
        "RoleArn": f"arn:{scope.partition}:iam::{scope.account}:role/{assume.role_name.lstrip('/')}",
        "RoleSessionName": assume.session_name,
        "DurationSeconds": assume.duration,
    }
    if assume.external_id is not None:
        request["ExternalId"] = assume.external_id
    answer = ways.entrance(ASSUME, request)
    if isinstance(answer, Trouble):
        return answer
    try:
        keys = {
            "aws_access_key_id": answer["Credentials"]["AccessKeyId"],
            "aws_secret_access_key": answer["Credentials"]["SecretAccessKey"],
            "aws_session_token": answer["Credentials"]["SessionToken"],
        }
        return answer["AssumedRoleUser"]["Arn"], ways.asker(keys)
    except KeyError as error:
        return lacking(error)
