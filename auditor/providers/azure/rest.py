"""The REST conventions of Azure Resource Manager and Microsoft Graph: pages, errors, pace. Knows no SDK.

Errors of both come as `{"error": {"code", "message", "details": [...]}}` (Microsoft REST API Guidelines, "Error
condition responses"). Lists come under `value`, and a link leads to the next page: `nextLink` or `@odata.nextLink`.
Whatever is worth asking again because of its HTTP status is asked again by azure-core, below `Send`.
"""

from __future__ import annotations

import email.utils
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from auditor.collecting.crew import UnansweredError
from auditor.snapshot import Status

T = TypeVar("T")
Json = Mapping[str, Any]
Query = Mapping[str, str]

CONNECT_ATTEMPTS = 3
PARSE_ATTEMPTS = 5
MESSAGE_LENGTH = 400

NOT_DENIED = frozenset({"DisallowedProvider", "ReadOnlyDisabledSubscription", "RequestDisallowedByPolicy"})
"""Error codes that come with 403 although no permission is missing."""
ACTION = re.compile(r"perform action '([^']+)'(?: over scope '([^']+)')?")
"""How Azure Resource Manager names the permission that is missing, between the caller's ids and good advice."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient the collector is, and how much it does at once."""

    attempts: int = 6
    """Attempts per call. With the pauses between them they outlast a quota that is renewed every minute."""
    backoff: float = 2
    """Seconds before the third attempt (the second is made at once); they double each time. `Retry-After` counts
    instead where it is given."""
    longest_pause: float = 64
    """Seconds; no `Retry-After` makes a pause longer."""
    connect_timeout: float = 10
    """Seconds."""
    read_timeout: float = 60
    """Seconds without a byte."""
    workers: int = 8
    """Requests under way at once."""
    list_interval: float = 1 / 15
    """Seconds between two lists of managed identities or their credentials in a tenant: 15 a second are allowed
    (Managed identities, "Service limits": reads)."""
    subscription_interval: float = 1 / 5
    """The same within one subscription: 5 a second."""
    query_interval: float = 1 / 3
    """Seconds between two queries of Resource Graph: 15 in 5 seconds (Resource Graph, "Throttled requests")."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a call gave no answer."""

    status: Status
    reason: str
    permission: str | None = None
    """The one the cloud says is missing."""
    code: int | None = None
    """The HTTP status, where there was one."""
    error: str = ""
    """The cloud's own code of the error, e.g. `AuthorizationFailed`."""
    unreachable: bool = False
    credentials: bool = False
    """The credentials are not accepted at all."""

    @property
    def unlicensed(self) -> bool:
        """Whether the tenant has not bought what was asked about, so that nothing of it can exist."""
        return "license" in self.reason.lower() or "PremiumTenant" in self.error


class RefusedError(UnansweredError):
    """A call gave no answer."""

    def __init__(self, trouble: Trouble, attempts: int = 1) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble
        self.attempts = attempts
        """How often the call is worth making; 1: the same answer would come again."""

    @property
    def absent(self) -> str | None:
        """What the tenant has no licence for cannot be there."""
        return self.trouble.reason if self.trouble.unlicensed else None


def broken(reason: str, attempts: int = 1) -> RefusedError:
    """An answer that is none, told in `reason`."""
    return RefusedError(Trouble(Status.FAILED, reason), attempts)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    attempts: int = 1


Send = Callable[[str, str, Mapping[str, str], Json | None], Answer]
"""(method, URL, headers, JSON body) → answer, after as many attempts as its status makes worth while. Raises
`RefusedError` when there is none."""


@dataclass(slots=True)
class Pace:
    """Keeps the calls of a quota apart. Safe for threads."""

    interval: float
    _next: float = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Return when the next call may be made."""
        if not self.interval:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self.interval
        time.sleep(turn - now)

    def pause(self, seconds: float) -> None:
        """Let nobody pass for so long."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


class Service:
    """One REST service behind one base URL."""

    def __init__(self, send: Send, base: str, limits: Limits) -> None:
        self._send = send
        self.base = base
        self.limits = limits

    def url(self, path: str, query: Query | None = None) -> str:
        """The URL of `path`, which may hold a query of its own."""
        said = urlencode(query or {}, quote_via=quote, safe="/$,()'=:")
        return f"{self.base}/{path.lstrip('/')}" + (f"{'&' if '?' in path else '?'}{said}" if said else "")

    def get(self, path: str, query: Query | None = None, headers: Query | None = None) -> Json:
        """The object at `path`. Raises `RefusedError`."""
        return self._call("GET", self.url(path, query), headers or {}, None)[0]

    def post(self, path: str, body: Json, query: Query | None = None) -> tuple[Json, Mapping[str, str]]:
        """The answer to a POST that reads, and its headers. Raises `RefusedError`."""
        return self._call("POST", self.url(path, query), {}, body)

    def follow(self, link: str) -> Json:
        """The page a `checked` link leads to. Raises `RefusedError`."""
        return self._call("GET", link, {}, None)[0]

    def pages(
        self,
        path: str,
        query: Query | None = None,
        headers: Query | None = None,
        link: str = "@odata.nextLink",
        method: str = "GET",
    ) -> Iterator[Json]:
        """Page after page, also empty ones. Raises `RefusedError`, perhaps after some."""
        url = self.url(path, query)
        seen = {url}
        while True:
            page, _ = self._call(method, url, headers or {}, None)
            yield page
            if not page.get(link):
                return
            url = self.checked(page[link])
            if url in seen:
                raise broken("a page repeats an earlier link")
            seen.add(url)

    def values(
        self,
        path: str,
        query: Query | None = None,
        headers: Query | None = None,
        link: str = "@odata.nextLink",
        method: str = "GET",
    ) -> Iterator[Json]:
        """The objects listed under `value`, page after page. Raises `RefusedError`, perhaps after some."""
        for page in self.pages(path, query, headers, link, method):
            yield from objects(page, "value")

    def checked(self, link: object) -> str:
        """`link`, to be followed to the letter. Raises `RefusedError` where the token would go to somebody else."""
        if not isinstance(link, str) or not same_origin(link, self.base):
            raise broken(f"a page's link leads elsewhere ({str(link)[:80]!r}); the token is not sent there")
        return link

    def _call(self, method: str, url: str, headers: Query, body: Json | None) -> tuple[Json, Mapping[str, str]]:
        def once() -> tuple[Json, Mapping[str, str]]:
            answer = self._send(method, url, headers, body)
            return decoded(answer), answer.headers

        return patiently(once, self.limits)


def patiently(call: Callable[[], T], limits: Limits) -> T:
    """What `call` returns at last, made again where a garbled answer makes that worth while. Raises `RefusedError`."""
    attempt = 1
    while True:
        try:
            return call()
        except RefusedError as error:
            if attempt >= min(error.attempts, limits.attempts):
                if attempt == 1:
                    raise
                reason = f"{error.trouble.reason} (after {attempt} attempts)"
                raise RefusedError(replace(error.trouble, reason=reason)) from error
            time.sleep(min(limits.backoff * 2 ** (attempt - 1), limits.longest_pause))
            attempt += 1


def same_origin(url: str, base: str) -> bool:
    """Whether `url` leads to where `base` does: the same scheme, host and port, without a user.

    What no URL holds is refused: the standard library and the SDK's would read it in different ways.
    """
    if not all("!" <= char <= "~" for char in url) or "\\" in url:
        return False
    try:
        one, other = urlsplit(url), urlsplit(base)
        return (one.scheme, one.netloc.lower()) == (other.scheme, other.netloc.lower())
    except ValueError:
        return False


def objects(page: Json, name: str) -> Iterator[Json]:
    """The JSON objects in the list `name` of `page`. Raises `RefusedError`: a list is never left out."""
    listed = page.get(name)
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise broken(f"the answer's field {name!r} is not a list of objects")
    yield from listed


def text(body: Json, name: str) -> str:
    """A field without which a document is of no use. Raises `RefusedError`."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise broken(f"the answer lacks the field {name!r}")
    return value


def table(value: object) -> Json:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def parsed(body: bytes) -> Any:
    """`body` as JSON; None when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def decoded(answer: Answer) -> Json:
    """The JSON object of a good answer. Raises `RefusedError` for every other one."""
    if answer.status != 200:
        raise refusal(answer)
    body = parsed(answer.body)
    if not isinstance(body, dict):
        reason = "the answer is an error page, or cut short: not a JSON object"
        raise RefusedError(Trouble(Status.FAILED, reason, code=answer.status), attempts=PARSE_ATTEMPTS)
    return body


def refusal(answer: Answer) -> RefusedError:
    """What an answer other than 200 means."""
    error = table(table(parsed(answer.body)).get("error"))
    message = _words(error.get("message"))
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        more = _words(table(detail).get("message"))
        if more and more not in message:
            message = f"{message}: {more}" if message else more
    message = message[:MESSAGE_LENGTH]
    code = str(error.get("code") or f"HTTP {answer.status}")[:MESSAGE_LENGTH]
    denied = answer.status == 403 and bool(error) and code not in NOT_DENIED
    action = ACTION.search(message)
    if action and action[2]:
        message = f"not authorized to perform action '{action[1]}' over scope '{action[2]}'"
    reason = f"{code}: {message}" if message else code if error else f"{code}, with an error page"
    after = f" (after {answer.attempts} attempts)" if answer.attempts > 1 else ""
    return RefusedError(
        Trouble(
            Status.DENIED if denied else Status.FAILED,
            reason + after,
            action[1] if denied and action else None,
            answer.status,
            code if error else "",
            credentials=answer.status == 401,
        )
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from either form of `Retry-After` (RFC 9110, section 10.2.3) or from Azure's own, in milliseconds."""
    said = {name.lower(): value.strip() for name, value in headers.items()}
    for name, unit in (("retry-after", 1), ("retry-after-ms", 1000), ("x-ms-retry-after-ms", 1000)):
        value = said.get(name, "")
        if value.isascii() and value.isdecimal():
            return float(value[:9]) / unit
    try:
        moment = email.utils.parsedate_to_datetime(said.get("retry-after", ""))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _words(value: object) -> str:
    return " ".join(value.split()).rstrip(".") if isinstance(value, str) else ""
