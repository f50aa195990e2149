"""How AWS is asked, by boto3: credentials, clients, and what an error means. Judges nothing.

All accounts that are read with one source of credentials share one botocore session, so that its tables are loaded once
(2 ms and no memory for an account, instead of 100 ms and 3 to 12 MB); each has a client of its own, which adapts to the
rate of that account.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import uuid4

import boto3
from botocore import exceptions as boto
from botocore import xform_name
from botocore.config import Config
from botocore.parsers import ResponseParserError
from botocore.session import Session as CoreSession

from auditor.collecting.plan import Patience
from auditor.errors import CollectError, NothingAskedError, UsageError
from auditor.providers.aws.haul import Ask, Trouble, lacking
from auditor.snapshot import Status

PARSE_ATTEMPTS = 5

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
"""How a call can fail: AWS says no, nobody answers, the answer is not what AWS sends (botocore decodes policy documents
itself, and one nested a thousand levels deep ends that in a RecursionError), or it lacks a field it must have."""
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
PASSING = EXPIRED | frozenset(
    {
        "InternalError",
        "InternalFailure",
        "RequestLimitExceeded",
        "ServiceFailure",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""What may be otherwise when an account is read anew, with credentials of its own anew."""


THROTTLED = frozenset({"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"})
"""What AWS says when it is asked too much (botocore tries again, and slows down the one client)."""


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
    members: Patience = field(default_factory=Patience)
    """With an account as a whole."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where credentials come from. Can be pickled: every process asks for its own."""

    profile: str | None
    """None: the standard credential chain."""
    limits: Limits
    run: str = field(default_factory=lambda: uuid4().hex)
    """Tells one collection from the next, which may find other credentials under the same name."""


@lru_cache(maxsize=8)
def connections(source: Source) -> Connections:
    """Those of the source, in this process; made when they are first needed."""
    return Connections(source)


class Connections:
    """The clients of one source, in one process. Raises `UsageError` and `CollectError` as `collect` does."""

    def __init__(self, source: Source) -> None:
        self._limits = source.limits
        self._asking = threading.Lock()
        self._lock = threading.Lock()  # a botocore session makes one client at a time; clients are safe in any thread
        try:
            core = CoreSession(profile=source.profile)
            self._attempts = source.limits.attempts or core.get_config_variable("max_attempts") or 10
            # IAM is global: any region of the partition finds it; without one it is that of the commercial partition.
            region = core.get_config_variable("region") or "us-east-1"
            self._session: Any = boto3.Session(botocore_session=core, region_name=region)
            # Who we are is asked first: with few attempts, so that a wrong endpoint shows soon.
            self.sts: Any = self._client("sts", {}, hasty=True)
        except boto.ProfileNotFound as error:
            name = error.kwargs["profile"]
            raise UsageError(f"the AWS profile {name!r} is not configured (`aws configure list-profiles`)") from error
        except (boto.BotoCoreError, ValueError) as error:
            raise CollectError(f"AWS{of(source.profile)}: the configuration cannot be used: {error}") from error
        self.entrance = self.asker()
        self._source = source
        self.whose: str | None = None
        """The account that was last found to be the caller's; empty where nobody said."""

    def _client(self, service: Any, keys: Mapping[str, str], *, hasty: bool) -> Any:
        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": min(self._attempts, 3) if hasty else self._attempts},
            connect_timeout=self._limits.connect_timeout,
            read_timeout=self._limits.read_timeout,
            max_pool_connections=self._limits.members.at_once if service == "sts" else 1,
            user_agent_extra="oidc-trust-auditor",
        )
        with self._lock:
            client = self._session.client(service, config=config, **keys)
        client.meta.events.register("after-call", _require_whole)
        client.meta.events.register("response-received", _heard)
        return client

    def account(self) -> str | None:
        """Whose credentials these are; None where nobody says. Asked once."""
        with self._asking:
            if self.whose is None:
                self.whose = ""
                with suppress(CollectError):
                    caller_of(self._source)
        return self.whose or None

    def asker(self, keys: Mapping[str, str] | None = None, hasty: Sequence[str] = ()) -> Ask:
        """Calls with these credentials, else with the source's own; makes the clients as they are needed.

        Services that are `hasty` are asked with few attempts.
        """
        clients: dict[str, Any] = {}
        lock = threading.Lock()

        def ask(permission: str, request: Mapping[str, Any]) -> Mapping[str, Any] | Trouble:
            service, _, operation = permission.partition(":")
            with lock:
                if service not in clients:
                    clients[service] = self._client(service, keys or {}, hasty=service in hasty)
            try:
                return _ask(getattr(clients[service], xform_name(operation)), self._limits, **request)
            except TROUBLE as error:
                return _trouble(error, operation)

        return ask


def caller_of(source: Source) -> Mapping[str, Any] | Trouble:
    """Whose credentials these are. Raises `CollectError` when they are none that AWS accepts."""
    profile, ways = source.profile, connections(source)
    again = "Log in again (for example `aws sso login`), set AWS_PROFILE or pass --profile."
    try:
        answer = _ask(ways.sts.get_caller_identity, source.limits)
        ways.whose = answer["Account"]
        return {"Account": answer["Account"], "Partition": answer["Arn"].split(":")[1], "CallerArn": answer["Arn"]}
    except NO_CREDENTIALS as error:
        kind = CollectError if profile else NothingAskedError
        raise kind(f"AWS{of(profile)}: no usable credentials: {error}. {again}") from error
    except boto.ClientError as error:
        code, message = _said(error)
        if error.operation_name != "GetCallerIdentity" or code in REFUSED_CREDENTIALS:
            call = "" if error.operation_name == "GetCallerIdentity" else f" in {error.operation_name}"
            raise CollectError(f"AWS{of(profile)} refused the credentials{call}: {code}: {message}. {again}") from error
        return _trouble(error, "GetCallerIdentity")
    except (*TROUBLE, IndexError) as error:
        return _trouble(error, "GetCallerIdentity")


def _ask(operation: Callable[..., Any], limits: Limits, **arguments: Any) -> Mapping[str, Any]:
    """One call, made again where the answer could not be parsed: an HTML error page, or a body cut short."""
    for attempt in range(1, PARSE_ATTEMPTS):
        try:
            return dict(operation(**arguments))
        except ResponseParserError:
            time.sleep(limits.pause * attempt)
    return dict(operation(**arguments))


def _require_whole(http_response: Any, model: Any, **_: Any) -> None:
    """Raises `ResponseParserError` for JSON that is none.

    botocore takes it for an object without any of its fields, so that a list cut short would be an empty list.
    """
    if http_response.status_code < 300 and model.service_model.resolved_protocol == "json":
        try:
            whole = isinstance(json.loads(http_response.content), dict)
        except (ValueError, RecursionError):
            whole = False
        if not whole:
            raise ResponseParserError("not a JSON object")


def _trouble(error: Exception, operation: str) -> Trouble:
    if isinstance(error, boto.ClientError):
        code, message = _said(error)
        tries = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) + 1
        after = f" (after {tries} attempts)" if tries > 1 else ""
        # Credentials that could not be renewed under way are no permission that the caller lacks.
        denied = code in DENIED and error.operation_name == operation
        # Credentials that have expired can only be had anew where they are a role's.
        passing = code in (PASSING - EXPIRED if operation == "AssumeRole" else PASSING)
        status = Status.DENIED if denied else Status.FAILED
        return Trouble(status, f"{code}: {message}{after}", code=code, passing=passing)
    if isinstance(error, KeyError):
        return lacking(error)
    if isinstance(error, ResponseParserError):
        # botocore quotes the whole body after the first clause.
        detail = str(error).partition(", invalid XML received")[0]
        return Trouble(Status.FAILED, f"the answer is an error page, or cut short: {detail}", passing=True)
    if isinstance(error, RecursionError):
        return Trouble(Status.FAILED, "a policy document is nested too deeply to be decoded")
    passing = isinstance(error, boto.HTTPClientError)
    return Trouble(Status.FAILED, str(error), isinstance(error, UNREACHABLE), passing=passing)


def _said(error: boto.ClientError) -> tuple[str, str]:
    said = error.response.get("Error", {})
    message = str(said.get("Message", "no message")).rstrip(".")
    # botocore takes the page of a proxy for a message.
    return str(said.get("Code", "no error code")), "an error page" if message.startswith("<") else message


def of(profile: str | None) -> str:
    """The profile in words, after the name of the cloud."""
    return f" (profile {profile})" if profile else ""


_throttles = threading.local()
"""How often AWS said that it was asked too much, since the scope that this thread reads was begun."""


@contextmanager
def throttles() -> Iterator[Callable[[], int]]:
    """Counts, for the calls of this thread, how often they were throttled: also those that went well later."""
    before, _throttles.count = getattr(_throttles, "count", 0), 0
    try:
        yield lambda: int(_throttles.count)
    finally:
        _throttles.count = before


def _heard(parsed_response: Mapping[str, Any] | None, **_: object) -> None:
    """Botocore tells of every answer before it tries again (event `response-received`)."""
    code = ((parsed_response or {}).get("Error") or {}).get("Code")
    if code in THROTTLED:
        _throttles.count = getattr(_throttles, "count", 0) + 1
