"""Google's REST conventions: pages, errors, what to try again and how patiently. Knows no SDK and no kind of document.

Errors come as `{"error": {"code", "message", "status", "details": [{"@type": …ErrorInfo, "reason", "metadata"}]}}`
(Google API design guide, "Errors"). Lists are paged by `nextPageToken` (AIP-158).
"""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from auditor.collecting.crew import UnansweredError
from auditor.progress import Progress
from auditor.snapshot import Status

T = TypeVar("T")
Json = Mapping[str, Any]
Query = Mapping[str, str | Sequence[str]]
"""Of a list each item is a parameter of its own."""

AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP status codes after which the same request may succeed (Google Cloud, "Retry strategy")."""
TOO_MUCH = 429
PARSE_ATTEMPTS = 3
CONNECT_ATTEMPTS = 3
MESSAGE_LENGTH = 400

SWITCHED_OFF = "SERVICE_DISABLED"
NOT_DENIED = frozenset(
    {
        SWITCHED_OFF,
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "BILLING_DISABLED",
        "SECURITY_POLICY_VIOLATED",
        "USER_PROJECT_DENIED",
    }
)
"""Reasons (ErrorInfo) with which Google answers 403 although no permission on the resource is missing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient the collector is, and how much it does at once."""

    attempts: int = 7
    """Attempts per call. With the pauses between them they outlast a quota that is renewed every minute."""
    backoff: float = 1
    """Seconds before the second attempt; they double each time. `Retry-After` counts instead where it is longer."""
    longest_pause: float = 64
    """Seconds."""
    connect_timeout: float = 10
    """Seconds."""
    read_timeout: float = 60
    """Seconds without a byte."""
    workers: int = 8
    """Requests under way at once."""
    slow_interval: float = 12
    """Seconds between two calls of IAM v2 and v3: Google allows 5 reads a minute (IAM quotas)."""
    slow_patience: float = 600
    """Seconds to spend on such waiting at most; what is left after that is not read."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a call gave no answer."""

    status: Status
    reason: str
    permission: str | None = None
    """The one Google says is missing."""
    code: int | None = None
    """The HTTP status, where there was one."""
    unreachable: bool = False
    credentials: bool = False
    """Google does not accept the credentials at all."""
    spent: bool = False
    """The call was not made: the time for calls of its kind is used up."""


class RefusedError(UnansweredError):
    """A call gave no answer."""

    def __init__(self, trouble: Trouble, pause: float | None = None, attempts: int = 1) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble
        self.pause = pause
        """Seconds after which Google wants to be asked again."""
        self.attempts = attempts
        """How often the call is worth making; 1: the same answer would come again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Send = Callable[[str, str, Query, Json | None], Answer]
"""(method, URL, query, JSON body) → answer. Raises `RefusedError` when there is none."""


class Patience:
    """Makes calls again that may succeed, and pauses as Google asks. Safe for threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.throttled = 0
        """How often Google said that it is asked too much."""
        self._answered = False
        """Whether any call was answered. What fails after that is worth all attempts: the place is no mistake."""

    def ask(self, call: Callable[[], T]) -> T:
        """What `call` returns at last. Raises the last `RefusedError`."""
        attempt = 1
        while True:
            try:
                answer = call()
            except RefusedError as error:
                self.throttled += error.trouble.code == TOO_MUCH
                worth = self.limits.attempts if self._answered and error.attempts > 1 else error.attempts
                if attempt >= min(worth, self.limits.attempts):
                    if attempt == 1:
                        raise
                    reason = f"{error.trouble.reason} (after {attempt} attempts)"
                    raise RefusedError(replace(error.trouble, reason=reason)) from error
                pause = self.limits.backoff * 2 ** (attempt - 1)
                time.sleep(min(max(pause, error.pause or 0), self.limits.longest_pause))
                attempt += 1
            else:
                self._answered = True
                return answer


class Pace:
    """Keeps the calls of one quota apart, and ends when that has taken too long. For one thread."""

    def __init__(self, limits: Limits, tell: Progress) -> None:
        self._limits = limits
        self._tell = tell
        self._next = time.monotonic()
        self._waited = 0.0

    def wait(self) -> None:
        """Return when the next call may be made. Raises `RefusedError` when patience has run out."""
        limits = self._limits
        pause = max(0.0, self._next - time.monotonic())
        if self._waited + pause > limits.slow_patience:
            minutes = round(limits.slow_patience / 60)
            reason = f"Google allows five such reads a minute, and {minutes} minutes of waiting were spent"
            raise RefusedError(Trouble(Status.FAILED, reason, spent=True))
        if pause:
            if not self._waited:
                self._tell("reading deny policies and access boundaries slowly: five reads a minute are allowed")
            time.sleep(pause)
            self._waited += pause
        self._next = max(self._next, time.monotonic()) + limits.slow_interval


class Rest:
    """Google's REST services, all behind `base`, or each behind its own host when that is None."""

    def __init__(self, send: Send, base: str | None, patience: Patience) -> None:
        self._send = send
        self._base = base
        self.patience = patience

    def get(self, service: str, path: str, query: Query | None = None) -> Json:
        """The object at `path` of e.g. service `iam`. Raises `RefusedError`."""
        return self._call("GET", service, path, query or {}, None)

    def post(self, service: str, path: str, body: Json, query: Query | None = None) -> Json:
        """The answer to a reading POST such as `:getIamPolicy`. Raises `RefusedError`."""
        return self._call("POST", service, path, query or {}, body)

    def pages(self, service: str, path: str, field: str, query: Query) -> Iterator[Json]:
        """The objects listed under `field`, page after page. Raises `RefusedError`, perhaps after some objects."""
        seen: set[str] = set()
        asked = dict(query)
        while True:
            page = self.get(service, path, asked)
            yield from objects(page, field)
            token = page.get("nextPageToken")
            if not token:
                return
            if not isinstance(token, str) or token in seen:
                raise RefusedError(Trouble(Status.FAILED, "a page repeats an earlier page token"))
            seen.add(token)
            asked["pageToken"] = token

    def _call(self, method: str, service: str, path: str, query: Query, body: Json | None) -> Json:
        url = f"{self._base or f'https://{service}.googleapis.com'}/{path}"

        def once() -> Json:
            return decoded(self._send(method, url, query, body))

        return self.patience.ask(once)


def objects(page: Json, field: str) -> Iterator[Json]:
    """The JSON objects in the list `field` of `page`; an empty list may be left out. Raises `RefusedError`."""
    listed = page.get(field, [])
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise RefusedError(Trouble(Status.FAILED, f"the answer's field {field!r} is not a list of objects"))
    yield from listed


def text(body: Json, field: str) -> str:
    """A field without which a document is of no use. Raises `RefusedError`."""
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise RefusedError(Trouble(Status.FAILED, f"the answer lacks the field {field!r}"))
    return value


def decoded(answer: Answer) -> Json:
    """The JSON object of a good answer. Raises `RefusedError` for every other one."""
    if answer.status != 200:
        raise refusal(answer)
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        reason = "the answer is an error page, or cut short: not a JSON object"
        raise RefusedError(Trouble(Status.FAILED, reason, code=answer.status), attempts=PARSE_ATTEMPTS)
    return body


def refusal(answer: Answer) -> RefusedError:
    """What an answer other than 200 means."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    error = _table(_table(body).get("error"))
    message = str(error.get("message", "")).strip().rstrip(".")[:MESSAGE_LENGTH]
    status = str(error.get("status") or f"HTTP {answer.status}")
    details = error.get("details")
    notes = [_table(one) for one in details] if isinstance(details, list) else []
    cause = next((note for note in notes if "reason" in note), {})
    metadata = _table(cause.get("metadata"))
    permission = metadata.get("permission")
    denied = answer.status == 403 and bool(error) and cause.get("reason") not in NOT_DENIED
    if cause.get("reason") == SWITCHED_OFF:
        service = metadata.get("service", "the API")
        message += f". To enable it: gcloud services enable {service}"
    trouble = Trouble(
        Status.DENIED if denied else Status.FAILED,
        f"{status}: {message}" if message else status if error else f"{status}, with an error page",
        permission if isinstance(permission, str) and denied else None,
        answer.status,
        credentials=answer.status == 401,
    )
    lasting = answer.status not in AGAIN
    return RefusedError(trouble, _retry_after(answer.headers), 1 if lasting else 1 << 30)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from either form of `Retry-After` (RFC 9110, section 10.2.3)."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if value.isdecimal() and value.isascii():
        return float(value[:9])
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
