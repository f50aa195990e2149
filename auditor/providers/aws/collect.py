"""Reads AWS accounts with boto3: every role, the policies and the OIDC providers. Judges nothing.

Calls (IAM and STS API references): `sts:GetCallerIdentity` once, `iam:GetAccountAuthorizationDetails` in pages of 1,000
over roles and policies together, `iam:ListOpenIDConnectProviders` once, `iam:GetOpenIDConnectProvider` once per
provider, `organizations:DescribeOrganization` once. An account of 5,000 roles costs about nine calls and one per
provider. In an organisation whose policies may be read, three calls for each level above the account and one for each
policy come on top.

What cannot be read becomes a row of the coverage ledger and everything else is kept. The only exceptions that leave
this module are `CollectError` (nothing at all could be read) and `UsageError` (a profile does not exist).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore import exceptions as boto
from botocore.config import Config
from botocore.parsers import ResponseParserError
from botocore.session import Session as CoreSession

from auditor.errors import CollectError, NothingAskedError, UsageError
from auditor.progress import Progress, counted, silent
from auditor.providers.aws import organisation_walk
from auditor.providers.aws.haul import UNKNOWN_SCOPE, Haul, Trouble, account_of, plain, rfc3339, unread_policies
from auditor.snapshot import Snapshot, Status, merge

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_organizations import OrganizationsClient
    from types_boto3_sts import STSClient

PAGE_SIZE = 1000
"""The most IAM returns at once; it may return fewer."""
PARSE_ATTEMPTS = 3
LOOKUP_LIMIT = 50

WHO_AM_I = "sts:GetCallerIdentity"
DETAILS = "iam:GetAccountAuthorizationDetails"
LIST_PROVIDERS = "iam:ListOpenIDConnectProviders"
GET_PROVIDER = "iam:GetOpenIDConnectProvider"
GET_POLICY = "iam:GetPolicy"
GET_VERSION = "iam:GetPolicyVersion"

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"})
REFUSED_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.LoginError,
    boto.MetadataRetrievalError,
    boto.UnknownCredentialError,
    boto.InfiniteLoopConfigError,
    boto.InvalidConfigError,
)
UNREACHABLE = (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError, boto.SSLError)
TROUBLE = (boto.ClientError, boto.BotoCoreError, ResponseParserError, RecursionError, KeyError)
"""How a call can fail: AWS says no, nobody answers, the answer is not what IAM sends (botocore decodes policy documents
itself, and one nested a thousand levels deep ends that in a RecursionError), or it lacks a field it must have."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient the collector is."""

    attempts: int | None = None
    """Attempts per call; None: what `AWS_MAX_ATTEMPTS` or the profile's `max_attempts` says, else 10."""
    connect_timeout: float = 10
    """Seconds."""
    read_timeout: float = 30
    """Seconds without a byte."""
    pause: float = 1
    """Seconds before an answer that could not be parsed is asked for again; botocore retries everything but those."""


class TruncatedPageError(KeyError):
    """A page announces another one and does not say which."""


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
        started = rfc3339(datetime.now(UTC))
        try:
            haul, reader = _account(profile, limits or Limits())
            if reader is not None:
                readers.append(reader)
        except CollectError as error:
            failures.append(error)
            haul = Haul()
            haul.note("account", Status.FAILED, str(error), WHO_AM_I)
        parts.append(Snapshot(started, rfc3339(datetime.now(UTC)), haul.documents, haul.coverage))
    if len(failures) == len(parts):
        said = "\n".join(map(str, failures)) or "no AWS account was named"
        nothing = all(isinstance(error, NothingAskedError) for error in failures)
        raise NothingAskedError(said) if nothing else CollectError(said)
    organisation_walk.read(readers)
    end = rfc3339(datetime.now(UTC))
    hauls = [reader.haul.under(reader.account) for reader in readers]
    return merge([*parts, *(Snapshot(end, end, haul.documents, haul.coverage) for haul in hauls)])


def _account(profile: str | None, limits: Limits) -> tuple[Haul, organisation_walk.Reader | None]:
    """What the account's IAM holds, and who asks about its organisation; None where the account is not known."""
    sts, iam, organizations = _clients(profile, limits)
    haul = Haul()
    caller = _caller(sts, profile, limits)
    if isinstance(caller, Trouble):
        haul.note("account", caller.status, caller.reason, WHO_AM_I)
    else:
        haul.note("account", Status.READ, None, WHO_AM_I)
    stream = _details(iam, haul, limits)
    if isinstance(caller, Trouble) and caller.unreachable and stream is not None and stream.unreachable:
        raise CollectError(f"AWS{_of(profile)} cannot be reached: {stream.reason}")
    _providers(iam, haul, limits)
    if isinstance(caller, Trouble):
        if not haul.documents:
            reasons = dict.fromkeys(row.reason for row in haul.coverage if row.reason)
            raise CollectError(f"AWS{_of(profile)}: nothing could be read: {'; '.join(reasons)}")
        caller = account_of(haul.documents)
    if stream is None:
        _look_up(iam, haul, unread_policies(haul.documents), limits)
    account = caller["Account"]
    reader = organisation_walk.Reader(account, _asker(organizations, limits)) if account != UNKNOWN_SCOPE else None
    return haul.stamped(caller), reader


def _asker(client: OrganizationsClient, limits: Limits) -> organisation_walk.Ask:
    operations: Mapping[str, Callable[..., Any]] = {
        organisation_walk.DESCRIBE: client.describe_organization,
        organisation_walk.PARENTS: client.list_parents,
        organisation_walk.ATTACHED: client.list_policies_for_target,
        organisation_walk.POLICY: client.describe_policy,
    }

    def ask(permission: str, request: Mapping[str, Any]) -> Mapping[str, Any] | Trouble:
        try:
            return _ask(operations[permission], limits, **request)
        except (*TROUBLE, *NO_CREDENTIALS) as error:
            return _trouble(error)

    return ask


def _clients(profile: str | None, limits: Limits) -> tuple[STSClient, IAMClient, OrganizationsClient]:
    def config(attempts: int) -> Config:
        return Config(
            retries={"mode": "adaptive", "total_max_attempts": attempts},
            connect_timeout=limits.connect_timeout,
            read_timeout=limits.read_timeout,
            user_agent_extra="oidc-trust-auditor",
        )

    try:
        core = CoreSession(profile=profile)
        attempts = limits.attempts or core.get_config_variable("max_attempts") or 10
        # IAM is global: any region of the partition finds it, and without one it is that of the commercial partition.
        region = core.get_config_variable("region") or "us-east-1"
        session = boto3.Session(botocore_session=core, region_name=region)
        # STS only says who we are and is asked first: with few attempts, so that a wrong endpoint shows soon.
        return (
            session.client("sts", config=config(min(attempts, 3))),
            session.client("iam", config=config(attempts)),
            session.client("organizations", config=config(min(attempts, 3))),
        )
    except boto.ProfileNotFound as error:
        raise UsageError(
            f"the AWS profile {error.kwargs['profile']!r} is not configured (`aws configure list-profiles`)"
        ) from error
    except (boto.BotoCoreError, ValueError) as error:
        raise CollectError(f"AWS{_of(profile)}: the configuration cannot be used: {error}") from error


def _caller(sts: STSClient, profile: str | None, limits: Limits) -> Mapping[str, Any] | Trouble:
    """Whose credentials these are. Raises `CollectError` when they are none that AWS accepts."""
    again = "Log in again (for example `aws sso login`), set AWS_PROFILE or pass --profile."
    try:
        answer = _ask(sts.get_caller_identity, limits)
        return {"Account": answer["Account"], "Partition": answer["Arn"].split(":")[1], "CallerArn": answer["Arn"]}
    except NO_CREDENTIALS as error:
        kind = CollectError if profile else NothingAskedError
        raise kind(f"AWS{_of(profile)}: no usable credentials: {error}. {again}") from error
    except boto.ClientError as error:
        code, message = _said(error)
        if error.operation_name != "GetCallerIdentity" or code in REFUSED_CREDENTIALS:
            call = "" if error.operation_name == "GetCallerIdentity" else f" in {error.operation_name}"
            raise CollectError(
                f"AWS{_of(profile)} refused the credentials{call}: {code}: {message}. {again}"
            ) from error
        return _trouble(error)
    except (*TROUBLE, IndexError) as error:
        return _trouble(error)


def _details(iam: IAMClient, haul: Haul, limits: Limits) -> Trouble | None:
    """Roles and policies, page by page. Returns what ended the stream early; what came before is kept."""
    roles: dict[str, Mapping[str, Any]] = {}
    policies: dict[str, Mapping[str, Any]] = {}
    trouble: Trouble | None = None
    listed = False
    try:
        for page in _pages(iam, limits):
            listed |= "RoleDetailList" in page
            for kept, entries in ((roles, page.get("RoleDetailList", ())), (policies, page.get("Policies", ()))):
                for entry in entries:
                    try:
                        kept[entry["Arn"]] = plain(entry)
                    except KeyError as error:
                        trouble = _trouble(error)
        if not listed:
            raise KeyError("RoleDetailList")
    except TROUBLE as error:
        trouble = _trouble(error)

    for kind, documents in (("iam-role", roles), ("iam-policy", policies)):
        if trouble is None:
            haul.note(kind, Status.READ, None, DETAILS)
        else:
            rest = (
                f"; {len(roles)} roles and {len(policies)} policies were read all the same" if roles or policies else ""
            )
            haul.note(kind, trouble.status, trouble.reason + rest, DETAILS)
        for arn, body in documents.items():
            haul.keep(kind, arn, body)
    return trouble


def _pages(iam: IAMClient, limits: Limits) -> Iterator[Mapping[str, Any]]:
    """The pages of GetAccountAuthorizationDetails.

    boto3's own paginator ends in silence when a page says that there is more and gives no marker. Here that raises
    `TruncatedPageError`.
    """
    request: dict[str, Any] = {"Filter": ["Role", "LocalManagedPolicy", "AWSManagedPolicy"], "MaxItems": PAGE_SIZE}
    markers: set[str] = set()
    while True:
        page = _ask(iam.get_account_authorization_details, limits, **request)
        yield page
        if not page["IsTruncated"]:
            return
        marker = page.get("Marker")
        if not marker or marker in markers:
            fault = "repeats an earlier marker" if marker else "gives no marker"
            raise TruncatedPageError(f"a page says that there is more and {fault}")
        markers.add(marker)
        request["Marker"] = marker


def _providers(iam: IAMClient, haul: Haul, limits: Limits) -> None:
    try:
        arns = [entry["Arn"] for entry in _ask(iam.list_open_id_connect_providers, limits)["OpenIDConnectProviderList"]]
    except TROUBLE as error:
        trouble = _trouble(error)
        haul.note("oidc-provider", trouble.status, trouble.reason, LIST_PROVIDERS)
        return
    haul.note("oidc-provider", Status.READ, None, LIST_PROVIDERS)
    for arn in arns:
        try:
            answer = _ask(iam.get_open_id_connect_provider, limits, OpenIDConnectProviderArn=arn)
            # A missing list of client ids is not an empty one: nobody passes an empty one.
            body = {"Arn": arn, "Url": answer["Url"], "ClientIDList": answer["ClientIDList"]}
        except TROUBLE as error:
            trouble = _trouble(error)
            haul.note(f"oidc-provider {arn}", trouble.status, trouble.reason, GET_PROVIDER)
            continue
        optional = {key: answer[key] for key in ("ThumbprintList", "Tags", "CreateDate") if key in answer}
        haul.keep("oidc-provider", arn, plain({**body, **optional}))


def _look_up(iam: IAMClient, haul: Haul, arns: Sequence[str], limits: Limits) -> None:
    """Fetch policies one by one that the stream left out: AWS does not promise that it holds every attached one.

    Two calls each, for `LOOKUP_LIMIT` policies at most and none after the first refusal.
    """
    refusal: tuple[Trouble, str] | None = None
    for number, arn in enumerate(arns):
        permission = GET_POLICY
        if refusal is None and number < LOOKUP_LIMIT:
            try:
                policy = _ask(iam.get_policy, limits, PolicyArn=arn)["Policy"]
                version_id = policy["DefaultVersionId"]
                permission = GET_VERSION
                version = _ask(iam.get_policy_version, limits, PolicyArn=arn, VersionId=version_id)["PolicyVersion"]
                haul.keep("iam-policy", arn, plain({**policy, "PolicyVersionList": [version]}))
                continue
            except TROUBLE as error:
                trouble = _trouble(error)
                refusal = (trouble, permission) if trouble.status is Status.DENIED else None
        elif refusal is not None:
            trouble, permission = refusal
        else:
            trouble = Trouble(
                Status.FAILED, f"not returned with the roles, and not among the {LOOKUP_LIMIT} looked up singly"
            )
        haul.note(f"iam-policy {arn}", trouble.status, trouble.reason, permission)


def _ask(operation: Callable[..., Any], limits: Limits, **arguments: Any) -> Mapping[str, Any]:
    """One call, made again where the answer could not be parsed: an HTML error page, or a body cut short."""
    for attempt in range(1, PARSE_ATTEMPTS):
        try:
            return dict(operation(**arguments))
        except ResponseParserError:
            time.sleep(limits.pause * attempt)
    return dict(operation(**arguments))


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, boto.ClientError):
        code, message = _said(error)
        tries = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) + 1
        after = f" (after {tries} attempts)" if tries > 1 else ""
        # Credentials that could not be renewed under way are no permission that the caller lacks.
        denied = code in DENIED and not error.operation_name.startswith("AssumeRole")
        return Trouble(Status.DENIED if denied else Status.FAILED, f"{code}: {message}{after}", code=code)
    if isinstance(error, TruncatedPageError):
        return Trouble(Status.FAILED, str(error.args[0]))
    if isinstance(error, KeyError):
        return Trouble(Status.FAILED, f"the answer lacks the field {error}")
    if isinstance(error, ResponseParserError):
        # botocore quotes the whole body after the first clause.
        detail = str(error).partition(", invalid XML received")[0]
        return Trouble(Status.FAILED, f"the answer is an error page, or cut short: {detail}")
    if isinstance(error, RecursionError):
        return Trouble(Status.FAILED, "a policy document is nested too deeply to be decoded")
    return Trouble(Status.FAILED, str(error), isinstance(error, UNREACHABLE))


def _said(error: boto.ClientError) -> tuple[str, str]:
    said = error.response.get("Error", {})
    return str(said.get("Code", "no error code")), str(said.get("Message", "no message")).rstrip(".")


def _of(profile: str | None) -> str:
    return f" (profile {profile})" if profile else ""
