"""Azure Resource Graph: one question about all subscriptions at once.

Rows come by 1,000, and `$skipToken` leads on; `resultTruncated` without one says that the rest was left out for good
(Resource Graph, "Working with large data sets"). What the caller may not read is left out without a word, so whoever
asks must compare with something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.providers.azure.rest import Json, Pace, RefusedError, Service, broken, objects

VERSION = "2022-10-01"
"""Has `authorizationScopeFilter`, and is no preview."""
PATH = "providers/Microsoft.ResourceGraph/resources"
ROWS = 1000
MOST_SUBSCRIPTIONS = 1000
"""So many may be named in one question."""

IDENTITIES = (
    "resources | where type =~ 'microsoft.managedidentity/userassignedidentities'"
    " | project id, name, type, location, tags, properties | order by id asc"
)
ASSIGNMENTS, DEFINITIONS = (
    f"authorizationresources | where type =~ 'microsoft.authorization/{kind}'"
    " | project id, name, type, properties | order by id asc"
    for kind in ("roleassignments", "roledefinitions")
)


class ResourceGraph:
    """Questions about `subscriptions`; None: about all the caller may see."""

    def __init__(self, service: Service, subscriptions: Sequence[str] | None, pace: Pace) -> None:
        self._service = service
        self._subscriptions = subscriptions
        self._pace = pace
        self._refused: RefusedError | None = None

    def rows(self, query: str) -> Iterator[Json]:
        """Every row. Raises `RefusedError`, perhaps after some, and when rows were left out; then ever after."""
        if self._refused is not None:
            raise self._refused
        try:
            for about in self._parts():
                yield from self._rows(query, about)
        except RefusedError as error:
            self._refused = error
            raise

    def _parts(self) -> Iterator[Mapping[str, Any]]:
        if self._subscriptions is None:
            yield {}
            return
        for first in range(0, len(self._subscriptions), MOST_SUBSCRIPTIONS):
            yield {"subscriptions": list(self._subscriptions[first : first + MOST_SUBSCRIPTIONS])}

    def _rows(self, query: str, about: Mapping[str, Any]) -> Iterator[Json]:
        options: dict[str, Any] = {"resultFormat": "objectArray", "$top": ROWS}
        if query.startswith("authorizationresources"):
            options["authorizationScopeFilter"] = "AtScopeAboveAndBelow"
        seen: set[str] = set()
        count = 0
        while True:
            self._pace.wait()
            body = {**about, "query": query, "options": options}
            page, headers = self._service.post(PATH, body, {"api-version": VERSION})
            self._heed(headers)
            for row in objects(page, "data"):
                yield row
                count += 1
            token = page.get("$skipToken")
            if not token:
                break
            if not isinstance(token, str) or token in seen:
                raise broken("a page repeats an earlier $skipToken")
            seen.add(token)
            options = {**options, "$skipToken": token}
        total = page.get("totalRecords")
        if str(page.get("resultTruncated", "")).lower() == "true" or (isinstance(total, int) and count < total):
            raise broken(f"Resource Graph gave {count} of {total} rows and no way to the rest")

    def _heed(self, headers: Mapping[str, str]) -> None:
        """Pause when the quota is used up, as long as the service says ("Throttling headers")."""
        said = {name.lower(): value for name, value in headers.items()}
        if said.get("x-ms-user-quota-remaining") != "0":
            return
        match = re.fullmatch(r"(\d\d):(\d\d):(\d\d)", said.get("x-ms-user-quota-resets-after", ""))
        if match:
            hours, minutes, seconds = map(int, match.groups())
            self._pace.pause(min(hours * 3600 + minutes * 60 + seconds, self._service.limits.longest_pause))
