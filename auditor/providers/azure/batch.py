"""Many small reads of Microsoft Graph at once: `$batch`, 20 requests in one, each with an answer of its own.

Inner requests count against the quota one by one, and are refused one by one with 429 (Microsoft Graph, "Combine
multiple HTTP requests using JSON batching"). Where `$batch` itself is refused, the requests are made singly.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.providers.azure.haul import Crew
from auditor.providers.azure.rest import (
    Answer,
    Json,
    RefusedError,
    Service,
    broken,
    decoded,
    objects,
    parsed,
    refusal,
    retry_after,
    table,
)

SIZE = 20
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
NEXT = "@odata.nextLink"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one request."""

    body: Json | None
    error: RefusedError | None = None

    @property
    def values(self) -> list[Json]:
        """The objects under `value`. Raises `RefusedError`."""
        if self.body is None:
            raise self.error or broken("no answer")
        return list(objects(self.body, "value"))

    @property
    def absent(self) -> bool:
        """Whether the cloud says that there is nothing there."""
        return self.error is not None and self.error.trouble.code == 404


class Batch:
    """Reads of one version of Microsoft Graph (`v1.0`, `beta`)."""

    def __init__(self, service: Service, crew: Crew, version: str) -> None:
        self._service = service
        self._crew = crew
        self._version = version
        self._refused: RefusedError | None = None
        self._lock = threading.Lock()

    @property
    def refused(self) -> RefusedError | None:
        """Why `$batch` is not to be had, if it was found out."""
        return self._refused

    def read(self, paths: Sequence[str], *, singly: bool = False) -> dict[str, Result]:
        """Path (such as `/applications/ID`) → its answer; a list with all its pages.

        With `singly` no batch is tried.
        """
        wanted = list(dict.fromkeys(paths))
        found: dict[str, Result] = {}
        if not singly:
            parts = [wanted[first : first + SIZE] for first in range(0, len(wanted), SIZE)]
            # The first shows whether there is such a thing at all.
            for answers in (self._part(part) for part in parts[:1]):
                found.update(answers)
            for answers in self._crew.each(self._part, parts[1:], "reading from the directory, twenty at a time"):
                found.update(answers)
        left = [path for path in wanted if path not in found]
        found.update(zip(left, self._crew.each(self._single, left), strict=True))
        return found

    def _single(self, path: str) -> Result:
        try:
            return Result(self._whole(self._service.get(f"{self._version}{path}")))
        except RefusedError as error:
            return Result(None, error)

    def _part(self, paths: Sequence[str]) -> dict[str, Result]:
        """The answers to some requests; those that are missing are to be asked for singly."""
        found: dict[str, Result] = {}
        waiting = list(paths)
        for attempt in range(1, self._service.limits.attempts + 1):
            if not waiting or self._refused is not None:
                break
            try:
                answers = dict(self._answers(waiting))
            except RefusedError as error:
                self._give_up(error)
                break
            pause = 0.0
            for path, answer in answers.items():
                if answer.status in AGAIN or (answer.status == 200 and not isinstance(parsed(answer.body), dict)):
                    pause = max(pause, retry_after(answer.headers) or 0.0)
                    continue
                found[path] = self._result(answer, attempt)
            waiting = [path for path in waiting if path in answers and path not in found]
            if waiting and attempt < self._service.limits.attempts:
                limits = self._service.limits
                time.sleep(min(max(pause, limits.backoff * 2 ** (attempt - 1)), limits.longest_pause))
        return found

    def _give_up(self, error: RefusedError) -> None:
        with self._lock:
            self._refused = self._refused or error

    def _answers(self, paths: Sequence[str]) -> Iterator[tuple[str, Answer]]:
        requests = [{"id": str(number), "method": "GET", "url": path} for number, path in enumerate(paths)]
        body, _ = self._service.post(f"{self._version}/$batch", {"requests": requests})
        named = {str(number): path for number, path in enumerate(paths)}
        for inner in objects(body, "responses"):
            status, path = inner.get("status"), named.get(str(inner.get("id")))
            if path is None or not isinstance(status, int):
                raise broken("an answer in the batch has no number that was asked for, or no status")
            headers = {str(name): str(value) for name, value in table(inner.get("headers")).items()}
            yield path, Answer(status, headers, json.dumps(inner.get("body")).encode())

    def _result(self, answer: Answer, attempt: int) -> Result:
        if answer.status != 200:
            return Result(None, refusal(Answer(answer.status, answer.headers, answer.body, attempt)))
        try:
            return Result(self._whole(decoded(answer)))
        except RefusedError as error:
            return Result(None, error)

    def _whole(self, page: Json) -> Json:
        """A list with its further pages, if it has any."""
        if not page.get(NEXT):
            return page
        values = list(objects(page, "value"))
        seen: set[str] = set()
        while page.get(NEXT):
            link = self._service.checked(page[NEXT])
            if link in seen:
                raise broken("a page repeats an earlier link")
            seen.add(link)
            page = self._service.follow(link)
            values.extend(objects(page, "value"))
        return {**{name: value for name, value in page.items() if name != NEXT}, "value": values}
