"""Reads Google Cloud: who may talk to it, and through what. What is read, and in which order, is `walk`'s business.

Plain REST through google-auth's session, so that fields nobody knows yet are kept; deny policies (IAM v2) and principal
access boundaries (IAM v3) through google-cloud-iam's own REST clients.

What cannot be read becomes a row of the coverage ledger and everything else is kept. The only exceptions that leave
this module are `CollectError` (nothing at all could be read) and `UsageError` (a target or endpoint cannot be meant).
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import google.auth
import google.auth.exceptions
import google.auth.transport.requests
import google.oauth2.credentials
import requests
from google.api_core import exceptions as api

from auditor.collecting import plan
from auditor.collecting.scopes import Reading, alone
from auditor.errors import CollectError, NothingAskedError, UsageError
from auditor.progress import Progress, silent
from auditor.providers.gcp.haul import Crew, Haul
from auditor.providers.gcp.names import attachment_point
from auditor.providers.gcp.rest import (
    CONNECT_ATTEMPTS,
    PARSE_ATTEMPTS,
    Answer,
    Json,
    Limits,
    Pace,
    Patience,
    Query,
    RefusedError,
    Rest,
    Send,
    Trouble,
    refusal,
    text,
)
from auditor.providers.gcp.walk import GET_DENY, Walk
from auditor.snapshot import Coverage, Snapshot, Status, nothing

T = TypeVar("T")

# Without a handler google-auth's warnings would appear on stderr by themselves; what matters is raised.
logging.getLogger("google").addHandler(logging.NullHandler())

ENDPOINT = "AUDITOR_GCP_ENDPOINT"
"""One base URL for all services. On a loopback address no real credentials are used."""
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""The only scope that every API called here takes; what may be done is up to IAM (Google, "OAuth 2.0 scopes")."""
LOOPBACK_TOKEN = "loopback"  # noqa: S105 - it opens nothing
LOGIN = "Log in again (`gcloud auth application-default login`) or set GOOGLE_APPLICATION_CREDENTIALS."

DEADLINE = 7200
"""Seconds for all targets together. The walk bounds its own calls and tries them again, so that it is seldom tried
again as a whole."""

PROJECT = re.compile(r"(?:projects/)?([a-z0-9][a-z0-9.:-]{0,98}[a-z0-9])")
NUMBERED = {
    "folders": re.compile(r"(?:folders/)?([0-9]+)"),
    "organizations": re.compile(r"(?:organizations/)?([0-9]+)"),
}
ARTICLED = {"folders": "a folder", "organizations": "an organization"}
HOW_TO_FIND = {"folders": "gcloud resource-manager folders list", "organizations": "gcloud organizations list"}


@dataclass(frozen=True, slots=True)
class Door:
    """Where Google is, and who asks."""

    base: str | None
    """The one base URL of all services; None: each at its own host."""
    local: bool
    credentials: Any
    """google-auth's; its base class is not typed."""
    project: str | None
    """The project that Application Default Credentials name, if any."""


def names(projects: Iterable[str] = (), folders: Iterable[str] = (), organizations: Iterable[str] = ()) -> list[str]:
    """What was asked for as Google names it: `organizations/N`, `folders/N`, `projects/…`. Raises `UsageError`."""
    found = []
    for kind, given in (("organizations", organizations), ("folders", folders)):
        for said in given:
            match = NUMBERED[kind].fullmatch(said)
            if not match:
                raise UsageError(f"{said!r} is no number of {ARTICLED[kind]}; find it with `{HOW_TO_FIND[kind]}`")
            found.append(f"{kind}/{match[1]}")
    for said in projects:
        match = PROJECT.fullmatch(said)
        if not match:
            raise UsageError(f"{said!r} is neither the id nor the number of a project; `gcloud projects list` has them")
        found.append(f"projects/{match[1]}")
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class TargetScope:
    """What was asked for of Google Cloud: one walk, as what lies in one another is read together."""

    targets: tuple[str, ...]
    """As `names` writes them; empty: the project of the credentials."""
    limits: Limits | None = None
    others: tuple[str, ...] = ()
    """Targets that are read elsewhere, and will be put together with these."""

    provider: ClassVar[str] = "gcp"
    what: ClassVar[None] = None
    lane: ClassVar[str] = "gcp"
    patience: ClassVar[plan.Patience] = plan.Patience(at_once=1, deadline=DEADLINE)

    @property
    def name(self) -> str | None:
        return ",".join(self.targets) or None

    def unread(self, why: str) -> Coverage:
        shown = ", ".join(self.targets[:5]) + (f" and {len(self.targets) - 5} more" if len(self.targets) > 5 else "")
        return Coverage("gcp", "-", "account", Status.FAILED, f"{shown or 'the project of the credentials'} {why}")

    def read(self, tell: Progress = silent) -> Reading:
        """Read the targets; where none is named, find out which one is meant."""
        if self.targets:
            return _read(self, tell)
        project = _door().project
        if project is None:
            raise NothingAskedError(
                "Google Cloud: no project, folder or organisation was named. Use --project, --folder or "
                "--organization, [targets.gcp] of the configuration, or set GOOGLE_CLOUD_PROJECT."
            )
        return Reading(nothing(), (replace(self, targets=(f"projects/{project}",)),))

    def close(self) -> None:
        """Nothing is kept."""


def collect(
    targets: Sequence[str] = (), limits: Limits | None = None, tell: Progress = silent, others: Sequence[str] = ()
) -> Snapshot:
    """Read `targets`, as `names` writes them; without any, the project of the credentials. `others`: see `TargetScope`.

    Raises `CollectError` when nothing at all could be read, `NothingAskedError` when there are no credentials or no
    target, and `UsageError` for an endpoint that cannot be used.
    """
    return alone([TargetScope(tuple(targets), limits, tuple(others))], tell)


def _read(scope: TargetScope, tell: Progress) -> Reading:
    started = _now()
    door = _door()
    limits = scope.limits or Limits(slow_interval=0 if door.local else Limits().slow_interval)
    patience = Patience(limits)
    haul = Haul()
    with _session(door, limits) as session:
        rest = Rest(_sender(session, limits), door.base, patience)
        walk = Walk(rest, _Slow(door, patience, tell), Crew(haul, limits.workers, tell), tell)
        levels = walk.targets(scope.targets)
        if haul.empty:
            _hopeless(haul.troubles)
        walk.leave(scope.others)
        walk.run(levels)
    if haul.empty:
        reasons = dict.fromkeys(row.reason for row in haul.coverage.values() if row.reason)
        raise CollectError(
            f"Google Cloud: nothing could be read of {', '.join(scope.targets)}: {'; '.join(list(reasons)[:5])}"
        )
    return Reading(haul.snapshot(started, _now()), throttled=patience.throttled)


def _hopeless(troubles: Sequence[Trouble]) -> None:
    """Raises `CollectError` when every target failed for a reason that the rest of the calls will share."""
    reasons = "; ".join(dict.fromkeys(trouble.reason for trouble in troubles))
    if all(trouble.credentials for trouble in troubles):
        raise CollectError(f"Google Cloud refused the credentials: {reasons}. {LOGIN}")
    if all(trouble.unreachable for trouble in troubles):
        raise CollectError(f"Google Cloud cannot be reached: {reasons}")


def _door() -> Door:
    base = os.environ.get(ENDPOINT, "").rstrip("/") or None
    if base:
        url = urlsplit(base)
        if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
            raise UsageError(f"{ENDPOINT}={base} is not a URL such as https://google.example")
        if _is_loopback(url.hostname):
            # Whatever stands there gets a token that opens nothing.
            nobody = google.oauth2.credentials.Credentials(LOOPBACK_TOKEN)  # type: ignore[no-untyped-call]  # google-auth's
            return Door(base, True, nobody, os.environ.get("GOOGLE_CLOUD_PROJECT") or None)
        if url.scheme != "https":
            raise UsageError(f"{ENDPOINT}={base}: credentials are sent over https only, except to a loopback address")
    try:
        credentials, project = google.auth.default(scopes=[SCOPE])
    except google.auth.exceptions.DefaultCredentialsError as error:
        said = str(error).partition("To set up")[0].strip().rstrip(".")
        raise NothingAskedError(f"Google Cloud: no usable credentials: {said}. {LOGIN}") from error
    except google.auth.exceptions.GoogleAuthError as error:
        raise CollectError(f"Google Cloud: the credentials cannot be used: {error}. {LOGIN}") from error
    return Door(base, False, credentials, project)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _session(door: Door, limits: Limits) -> requests.Session:
    session: requests.Session = google.auth.transport.requests.AuthorizedSession(  # type: ignore[no-untyped-call]  # as above
        door.credentials
    )
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=max(limits.workers, 1))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = "oidc-trust-auditor"
    session.trust_env = not door.local  # no proxy stands between a machine and itself
    return session


def _sender(session: requests.Session, limits: Limits) -> Send:
    timeout = (limits.connect_timeout, limits.read_timeout)

    def send(method: str, url: str, query: Query, body: Json | None) -> Answer:
        with _failures():
            answer = session.request(method, url, params=query, json=body, timeout=timeout, allow_redirects=False)
        return Answer(answer.status_code, answer.headers, answer.content)

    return send


class _failures:  # noqa: N801 - reads as a word of the language
    """Turns what google-auth, requests and google-api-core raise into `RefusedError`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, api.GoogleAPICallError):
            response = error.response
            if response is not None:
                raise refusal(Answer(response.status_code, response.headers, response.content)) from error
            raise RefusedError(Trouble(Status.FAILED, str(error))) from error
        if isinstance(error, google.auth.exceptions.TransportError | requests.ConnectionError | requests.Timeout):
            # A connection that ends in the middle of an answer counts as one that could not be made: both may heal.
            reason = f"no answer: {_first_line(error)}"
            raise RefusedError(Trouble(Status.FAILED, reason, unreachable=True), attempts=CONNECT_ATTEMPTS) from error
        if isinstance(error, google.auth.exceptions.GoogleAuthError):
            raise RefusedError(Trouble(Status.FAILED, _first_line(error), credentials=True)) from error
        if isinstance(error, requests.RequestException):
            reason = f"the answer is cut short or garbled: {_first_line(error)}"
            raise RefusedError(Trouble(Status.FAILED, reason), attempts=PARSE_ATTEMPTS) from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:300]


class _Slow:
    """IAM v2 and v3 through google-cloud-iam. Imports it when it is first needed."""

    def __init__(self, door: Door, patience: Patience, tell: Progress) -> None:
        self._door = door
        self._patience = patience
        self._pace = Pace(patience.limits, tell)
        self._clients: dict[str, Any] = {}

    def denies(self, level: str) -> Iterator[Json]:
        """The whole deny policies of a level: one call and one per policy, as the list leaves the rules out."""
        from google.cloud import iam_v2

        client = self._client(iam_v2.PoliciesClient)
        listed = self._pages(client.list_policies, {"parent": attachment_point(level), "page_size": 1000}, "policies")
        for policy in listed:
            try:
                yield self._ask(client.get_policy, {"name": text(policy, "name")})
            except RefusedError as error:
                permission = error.trouble.permission or GET_DENY
                raise RefusedError(replace(error.trouble, permission=permission)) from error

    def boundaries(self, organization: str) -> Iterator[Json]:
        """The principal access boundary policies of an organisation."""
        from google.cloud import iam_v3

        client = self._client(iam_v3.PrincipalAccessBoundaryPoliciesClient)
        request = {"parent": f"{organization}/locations/global", "page_size": 1000}
        return self._pages(client.list_principal_access_boundary_policies, request, "principalAccessBoundaryPolicies")

    def bindings(self, boundary: str) -> Iterator[Json]:
        """What one of them is bound to."""
        from google.cloud import iam_v3

        client = self._client(iam_v3.PrincipalAccessBoundaryPoliciesClient)
        request = {"name": boundary, "page_size": 1000}
        call = client.search_principal_access_boundary_policy_bindings
        return self._pages(call, request, "policyBindings")

    def _client(self, kind: Callable[..., T]) -> T:
        name = getattr(kind, "__name__", "")
        if name not in self._clients:
            options = {"api_endpoint": self._door.base} if self._door.base else None
            client: Any = kind(credentials=self._door.credentials, transport="rest", client_options=options)
            client.transport._session.trust_env = not self._door.local  # noqa: SLF001 - there is no public way
            self._clients[name] = client
        found: T = self._clients[name]
        return found

    def _pages(self, call: Callable[..., Any], request: Mapping[str, Any], field: str) -> Iterator[Json]:
        seen: set[str] = set()
        token = ""
        while token not in seen:
            seen.add(token)
            page = self._ask(lambda **options: next(iter(call(**options).pages)), {**request, "page_token": token})
            yield from page.get(field, ())
            token = page.get("nextPageToken", "")
            if not token:
                return
        raise RefusedError(Trouble(Status.FAILED, "a page repeats an earlier page token"))

    def _ask(self, call: Callable[..., Any], request: Mapping[str, Any]) -> dict[str, Any]:
        """One call, no faster than Google allows. The answer as JSON again, with the API's own names."""
        from google.protobuf import json_format

        def once() -> Any:
            self._pace.wait()
            with _failures():
                try:
                    return call(request=request, retry=None, timeout=self._patience.limits.read_timeout)
                except json_format.ParseError as error:
                    reason = "the answer is an error page, or cut short: not a JSON object"
                    raise RefusedError(Trouble(Status.FAILED, reason), attempts=PARSE_ATTEMPTS) from error
                except ValueError as error:  # the client refuses names of a form it does not know
                    raise RefusedError(Trouble(Status.FAILED, _first_line(error))) from error

        answer = self._patience.ask(once)
        message = type(answer).pb(answer)
        decoded: dict[str, Any] = json_format.MessageToDict(message)
        return decoded


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
