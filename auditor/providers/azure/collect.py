"""Reads Azure and its directory: who may talk to them, and through what. What is read, and in which order, is `walk`'s.

Tokens come from azure-identity, lists of managed identities from azure-mgmt-msi. Everything else goes as plain
requests through azure-core's own pipeline, with the SDK's policies for authentication and retries, because the SDKs'
models drop fields: azure-mgmt-msi 7 loses `claimsMatchingExpression`, the client of Microsoft Graph likewise. Of the
lists that the SDK makes, too, the answers are kept as they came. The policy that registers resource providers by itself
is left out: this program changes nothing. So is the one that follows redirections: a token goes where it was meant to.

What cannot be read becomes a row of the coverage ledger and everything else is kept. The only exceptions that leave
this module are `CollectError` (nothing at all could be read) and `UsageError` (a target or endpoint cannot be meant).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
from azure.core import AzureClouds
from azure.core import exceptions as core
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.pipeline import Pipeline, PipelineRequest, PipelineResponse, policies
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from auditor.collecting.scopes import Reading, alone
from auditor.errors import CollectError, NothingAskedError
from auditor.progress import Progress, silent
from auditor.providers.azure.clouds import Cloud, cloud_of
from auditor.providers.azure.endpoints import endpoints
from auditor.providers.azure.haul import Crew, Haul
from auditor.providers.azure.levels import Ask
from auditor.providers.azure.rest import (
    CONNECT_ATTEMPTS,
    PARSE_ATTEMPTS,
    Answer,
    Json,
    Limits,
    RefusedError,
    Send,
    Service,
    Trouble,
    broken,
    decoded,
    objects,
    patiently,
    refusal,
    retry_after,
    same_origin,
)
from auditor.providers.azure.tenant import TenantScope
from auditor.providers.azure.walk import Walk
from auditor.snapshot import Snapshot, Status

# Without a handler the SDK's warnings would appear on stderr by themselves; what matters is raised.
logging.getLogger("azure").addHandler(logging.NullHandler())

LOOPBACK_TOKEN = "loopback"  # noqa: S105 - it opens nothing
LOGIN = "Log in again (`az login`, with --tenant where you have several), or set AZURE_CLIENT_ID and the like."
FRESH = 300
"""Seconds for which a token must still be good."""
IDENTITIES_VERSION = "2024-11-30"
"""As azure-mgmt-msi 7 asks."""
TOO_MUCH = 429
READING = frozenset({"GET", "POST"})
"""Every POST here reads, so it may be made again."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where a service is, and how to show who asks."""

    base: str
    local: bool
    authenticate: Callable[[], Any]
    """Makes the SDK's policy that does so: one for each pipeline."""
    answered: threading.Event = field(default_factory=threading.Event)
    """Whether it was ever answered there."""
    throttled: list[int] = field(default_factory=list)
    """The status of every answer that said that it was asked too much."""


def read(ask: Ask, limits: Limits | None = None, tell: Progress = silent) -> Snapshot:
    """Read what `ask` says. Raises as `TenantScope.read`."""
    return alone([TenantScope(ask, limits)], tell)


def read_tenant(ask: Ask, limits: Limits | None, tell: Progress) -> Reading:
    """Raises `CollectError` when nothing at all could be read, and `NothingAskedError` when there are no credentials.

    `UsageError` for an endpoint that cannot be used.
    """
    started = _now()
    cloud = cloud_of(ask.cloud, os.environ)
    arm, graph = _doors(cloud, ask)
    limits = limits or (Limits(list_interval=0, subscription_interval=0, query_interval=0) if arm.local else Limits())
    haul = Haul()
    arm_service = Service(_sender(arm, limits), arm.base, limits)
    graph_service = Service(_sender(graph, limits), graph.base, limits)
    walk = Walk(
        arm_service, graph_service, _lister(arm, arm_service), Crew(haul, limits.workers, tell), ask, cloud.name
    )
    walk.levels(os.environ.get("AZURE_TENANT_ID") or None)
    if haul.empty and haul.troubles:
        _hopeless(haul.troubles)
    walk.run(tell)
    if haul.empty:
        reasons = dict.fromkeys(row.reason for row in haul.coverage.values() if row.reason)
        raise CollectError(f"Azure: nothing could be read: {'; '.join(list(reasons)[:5])}")
    return Reading(haul.snapshot(started, _now()), throttled=len(arm.throttled) + len(graph.throttled))


def _hopeless(troubles: Sequence[Trouble]) -> None:
    """Raises `CollectError` when every call so far failed for a reason that the rest of the calls will share."""
    reasons = "; ".join(dict.fromkeys(trouble.reason for trouble in troubles))
    if all(trouble.credentials for trouble in troubles):
        raise CollectError(f"Azure refused the credentials: {reasons}. {LOGIN}")
    if all(trouble.unreachable for trouble in troubles):
        raise CollectError(f"Azure cannot be reached: {reasons}")


def _doors(cloud: Cloud, ask: Ask) -> tuple[Door, Door]:
    """Azure Resource Manager's and Microsoft Graph's. Real credentials and a loopback address never meet."""
    places = endpoints(os.environ, cloud)
    if places.local:
        return Door(places.arm, True, _nobody), Door(places.graph, True, _nobody)
    tokens = _tokens(cloud, ask.tenant)
    return (
        Door(places.arm, False, lambda: ARMChallengeAuthenticationPolicy(tokens, cloud.arm_scope)),
        Door(places.graph, False, lambda: policies.BearerTokenCredentialPolicy(tokens, cloud.graph_scope)),
    )


def _nobody() -> Any:
    """Whatever stands there gets a token that opens nothing."""
    return policies.AzureKeyCredentialPolicy(AzureKeyCredential(LOOPBACK_TOKEN), "Authorization", prefix="Bearer")


class _Tokens:
    """A credential that asks for one tenant, and for each scope only when the last token is running out.

    Some credentials start a program for every token; a pipeline for each subscription would start it as often.
    """

    def __init__(self, credential: Any, tenant: str | None) -> None:
        self._credential = credential
        self._tenant = tenant
        self._held: dict[tuple[str, ...], AccessToken] = {}
        self._lock = threading.Lock()

    def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> AccessToken:
        """As `azure.core.credentials.TokenCredential`."""
        options = {"tenant_id": self._tenant, **options} if self._tenant else options
        with self._lock:
            held = self._held.get(scopes)
            if claims is None and held is not None and held.expires_on > time.time() + FRESH:
                return held
            fresh: AccessToken = self._credential.get_token(*scopes, claims=claims, **options)
            self._held[scopes] = fresh
            return fresh


def _tokens(cloud: Cloud, tenant: str | None) -> _Tokens:
    """Credentials that were tried once. Raises `NothingAskedError` when there are none, else `CollectError`."""
    from azure.identity import DefaultAzureCredential

    try:
        chain = DefaultAzureCredential(
            authority=cloud.authority,
            exclude_interactive_browser_credential=True,
            additionally_allowed_tenants=[tenant] if tenant else [],
        )
        tokens = _Tokens(chain, tenant)
        tokens.get_token(cloud.arm_scope)
    except ValueError as error:
        raise CollectError(f"Azure: the credentials cannot be used: {_first_line(error)}. {LOGIN}") from error
    except core.ClientAuthenticationError as error:
        said = str(error)
        tried = [line.strip() for line in said.splitlines() if line.strip()]
        # The chain ends with a credential that is there and is refused; else it goes through all of them.
        complete = f"{type(chain.credentials[-1]).__name__}: " in said
        if complete and "AADSTS" not in said:
            raise NothingAskedError(f"Azure: no usable credentials. {LOGIN}") from error
        why = next((line for line in tried if "AADSTS" in line), tried[-1] if tried else "no reason was given")
        raise CollectError(f"Azure refused the credentials: {why.rstrip('.')[:400]}. {LOGIN}") from error
    except core.AzureError as error:
        raise CollectError(f"Azure: no token could be had: {_first_line(error)}. {LOGIN}") from error
    return tokens


class _Stay(policies.SansIOHTTPPolicy[Any, Any]):
    """Nothing is sent to any host but the one that was meant, wherever a link leads."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Raises `RefusedError`."""
        url = request.http_request.url
        if not same_origin(url, self._base):
            raise broken(f"a page's link leads elsewhere ({url[:80]!r}); the token is not sent there")


class _Retry(policies.RetryPolicy[Any, Any]):
    """azure-core's, with pauses that end: any `Retry-After` is heeded, but not for longer than `longest_pause`."""

    def __init__(self, limits: Limits, door: Door) -> None:
        more = limits.attempts - 1
        super().__init__(
            retry_total=more,
            retry_status=more,
            retry_connect=min(more, CONNECT_ATTEMPTS - 1),
            retry_read=min(more, CONNECT_ATTEMPTS - 1),
            retry_backoff_factor=limits.backoff / 2,
            retry_backoff_max=limits.longest_pause,
        )
        self._longest, self._door = limits.longest_pause, door

    def configure_retries(self, options: dict[str, Any]) -> dict[str, Any]:
        """As many attempts as any other failure is worth, once the service has answered: the place is no mistake."""
        settings = super().configure_retries(options)
        if self._door.answered.is_set():
            settings |= {"connect": settings["total"], "read": settings["total"]}
        return settings

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """As azure-core decides; what says that it was too much is counted."""
        if response.http_response.status_code == TOO_MUCH:
            self._door.throttled.append(TOO_MUCH)
        return super().is_retry(settings, response)

    def get_retry_after(self, response: PipelineResponse[Any, Any]) -> float | None:
        """Seconds, from a header of any of the forms in use."""
        said = retry_after(response.http_response.headers)
        return None if said is None else min(said, self._longest)


def _policies(door: Door, limits: Limits, *decoding: Any) -> list[Any]:
    """The SDK's own, in its own order, without those that would write or wander."""
    return [
        policies.RequestIdPolicy(),
        policies.UserAgentPolicy("oidc-trust-auditor"),
        *decoding,
        _Stay(door.base),
        _Retry(limits, door),
        door.authenticate(),
        policies.CustomHookPolicy(),
    ]


def _transport(door: Door, limits: Limits) -> RequestsTransport:
    """One for each service; no proxy stands between a machine and itself, but its certificates may be its own."""
    transport = RequestsTransport(
        connection_timeout=limits.connect_timeout,
        read_timeout=limits.read_timeout,
        connection_verify=(os.environ.get("REQUESTS_CA_BUNDLE") or True) if door.local else True,
        use_env_settings=not door.local,
    )
    transport.open()
    return transport


def _sender(door: Door, limits: Limits) -> Send:
    pipeline: Pipeline[Any, Any] = Pipeline(_transport(door, limits), _policies(door, limits))

    def send(method: str, url: str, headers: Mapping[str, str], body: Json | None) -> Answer:
        request = HttpRequest(method, url, headers={"Accept": "application/json", **headers}, json=body)
        with _failures():
            said = pipeline.run(request, retry_on_methods=READING)
        door.answered.set()
        answer = said.http_response
        return Answer(answer.status_code, answer.headers, answer.content, said.context.get("retry_count", 0) + 1)

    return send


def _lister(door: Door, service: Service) -> Callable[[str], Iterator[Json]]:
    """Lists the managed identities of a subscription as azure-mgmt-msi does, and keeps what came, field by field.

    What its models cannot hold is asked for without them.
    """
    limits = service.limits
    transport = _transport(door, limits)

    def listing(subscription: str) -> Iterator[Json]:
        try:
            yield from patiently(lambda: _identities(subscription, door, transport, limits), limits)
        except core.DeserializationError:
            where = f"subscriptions/{subscription}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
            yield from service.values(where, {"api-version": IDENTITIES_VERSION}, link="nextLink")

    return listing


def _identities(subscription: str, door: Door, transport: RequestsTransport, limits: Limits) -> list[Json]:
    from azure.mgmt.msi import ManagedServiceIdentityClient

    pages: list[list[Json]] = []
    links: set[str] = set()
    refused: list[int] = []
    """Attempts at the page that is asked for."""

    def keep(response: PipelineResponse[Any, Any]) -> None:
        answer = response.http_response
        if answer.status_code != 200:
            refused.append(answer.status_code)
            return
        refused.clear()
        page = decoded(Answer(answer.status_code, answer.headers, answer.content))
        pages.append(list(objects(page, "value")))
        link = page.get("nextLink")
        if link and (not isinstance(link, str) or link in links):
            raise broken("a page repeats an earlier link")
        links.add(link or "")

    client = ManagedServiceIdentityClient(
        _Tokens(None, None),  # asked for by nobody: the policies below have the real ones
        subscription,
        base_url=door.base,
        cloud_setting=AzureClouds.AZURE_PUBLIC_CLOUD,  # without it AZURE_CLOUD is read, and must not be ours
        transport=transport,
        policies=_policies(door, limits, policies.ContentDecodePolicy()),
    )
    with _failures(refused):
        for _ in client.user_assigned_identities.list_by_subscription(raw_response_hook=keep):
            pass
    return [body for page in pages for body in page]


class _failures:  # noqa: N801 - reads as a word of the language
    """Turns what azure-identity, azure-core and requests raise into `RefusedError`. `refused`: one for each attempt."""

    def __init__(self, refused: Sequence[int] = ()) -> None:
        self._refused = refused

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        response: Any = error.response if isinstance(error, core.HttpResponseError) else None
        if response is not None and response.status_code != 200:
            attempts = max(len(self._refused), 1)
            raise refusal(Answer(response.status_code, response.headers, response.content, attempts)) from error
        if isinstance(error, core.ClientAuthenticationError):
            raise RefusedError(Trouble(Status.FAILED, _first_line(error), credentials=True)) from error
        if isinstance(error, core.ServiceRequestError | core.ServiceResponseError):
            reason = f"no answer: {_first_line(error)}"
            raise RefusedError(Trouble(Status.FAILED, reason, unreachable=True)) from error
        if isinstance(error, core.AzureError | requests.RequestException):
            reason = f"the answer is cut short or garbled: {_first_line(error)}"
            raise RefusedError(Trouble(Status.FAILED, reason), attempts=PARSE_ATTEMPTS) from error


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:300]
