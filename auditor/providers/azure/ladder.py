"""Applications and their federated credentials, by whichever of four ways Microsoft Graph allows.

    1  only applications that have some, with the credentials in the answer     1 call for 1,000 such applications
    2  all applications, with the credentials in the answer                     1 call for 1,000 applications
    3  all applications, then their credentials by `$batch`                     and 1 call for 20
    4  all applications, then their credentials one by one                      and 1 call for each

The filter and the expansion are documented apart, not together, so an answer is looked at before it is believed: where
rung 1 gives nothing, fewer than were counted, or no lists at all, the next one is asked. A list in an answer may be cut
at 20, which is also how many an application may have: exactly 20 are read again singly. Only `beta` is known to show
`claimsMatchingExpression`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.providers.azure.batch import Batch
from auditor.providers.azure.haul import Crew
from auditor.providers.azure.identities import HIDES, neither
from auditor.providers.azure.names import path
from auditor.providers.azure.rest import Json, RefusedError, Service, broken, objects, text
from auditor.snapshot import Status

APPLICATION, ENUMERATION, CREDENTIAL = "application", "application-enumeration", "federated-credential"
READ = "Application.Read.All"

LISTS = "federatedIdentityCredentials"
CUT = 20
FIELDS = "id,appId,displayName,signInAudience,createdDateTime,passwordCredentials,keyCredentials"
PAGE = {"$select": FIELDS, "$top": "999"}
EXPANDED = {**PAGE, "$expand": LISTS}
FILTERED = {**EXPANDED, "$filter": f"{LISTS}/$count ne 0", "$count": "true"}
EVENTUAL = {"ConsistencyLevel": "eventual"}
"""Without it Microsoft Graph refuses to filter by a count ("Advanced query capabilities")."""

RUNGS: Mapping[int, str] = {1: "filter and expand", 2: "expand", 3: "$batch", 4: "one by one"}


class Ladder:
    """Reads them."""

    def __init__(self, service: Service, crew: Crew, scope: str) -> None:
        self._service = service
        self._batch = Batch(service, crew, "beta")
        self._haul = crew.haul
        self._scope = scope

    def read(self) -> None:
        """Keep every application that has a federated credential or may have one."""
        reasons: list[str] = []
        for rung, query, headers in ((1, FILTERED, EVENTUAL), (2, EXPANDED, {})):
            try:
                found = self._expanded(query, headers, rung)
            except RefusedError as error:
                if _hopeless(error):
                    self._denied(error)
                    return
                reasons.append(f"rung {rung}: {error.trouble.reason}")
                continue
            self._settle(self._again(found))
            self._done(rung, reasons)
            return
        try:
            listed = list(self._listed(PAGE, {}))
        except RefusedError as error:
            self._denied(error)
            return
        rung = self._singly(listed, reasons)
        self._done(rung, reasons)

    def _listed(self, query: Mapping[str, str], headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        for body in self._service.values("beta/applications", query, headers):
            text(body, "id")
            text(body, "appId")
            yield dict(body)

    def _expanded(self, query: Mapping[str, str], headers: Mapping[str, str], rung: int) -> list[dict[str, Any]]:
        """Applications with their lists. Raises `RefusedError` also when the answer is not to be believed."""
        found: list[dict[str, Any]] = []
        total: object = None
        for page in self._service.pages("beta/applications", query, headers):
            total = page.get("@odata.count", total)
            for body in objects(page, "value"):
                text(body, "id")
                text(body, "appId")
                if not isinstance(body.get(LISTS), list):
                    raise broken("the answer leaves the credentials out")
                found.append(dict(body))
        if isinstance(total, int) and len(found) < total:
            raise broken(f"{len(found)} applications came, {total} were counted")
        if rung == 1 and not found:
            raise broken("no application came, and nothing else says that there is none")
        return found

    def _singly(self, listed: list[dict[str, Any]], reasons: list[str]) -> int:
        """Read the lists of all applications. Returns the rung that it took."""
        wanted = {f"/applications/{path(body['id'])}/{LISTS}": body for body in listed}
        results = self._batch.read(list(wanted))
        rung = 3
        if self._batch.refused is not None:
            reasons.append(f"rung 3: {self._batch.refused.trouble.reason}")
            rung = 4
        found = []
        for where, body in wanted.items():
            result = results[where]
            if result.absent:
                continue  # it was removed since it was listed
            try:
                found.append({**body, LISTS: result.values})
            except RefusedError as error:
                self._unread(body, error)
        self._settle(found)
        return rung

    def _again(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Read again the lists that may be cut, or that show less than there is."""
        doubtful = {f"/applications/{path(body['id'])}/{LISTS}": body["id"] for body in found if _doubtful(body)}
        again = self._batch.read(list(doubtful), singly=True)
        better = dict(zip(doubtful.values(), again.values(), strict=True))
        settled = []
        for body in found:
            result = better.get(body["id"])
            if result is None:
                settled.append(body)
            elif not result.absent:
                try:
                    settled.append({**body, LISTS: result.values})
                except RefusedError as error:
                    # What came is kept: it holds in any case.
                    self._haul.refuse(self._scope, f"{CREDENTIAL} applications/{body['id']}", error, READ)
                    settled.append(body)
        return settled

    def _settle(self, found: list[dict[str, Any]]) -> None:
        """Keep what has credentials."""
        for body in found:
            if body[LISTS]:
                self._keep({name: value for name, value in body.items() if not name.startswith(f"{LISTS}@")})

    def _keep(self, body: dict[str, Any]) -> None:
        ident = f"applications/{body['id']}"
        self._haul.keep(self._scope, APPLICATION, ident, body)
        for one in body[LISTS]:
            if not isinstance(one, dict) or neither(one):
                self._haul.note(self._scope, f"{CREDENTIAL} {ident}", Status.FAILED, HIDES, READ)

    def _unread(self, body: dict[str, Any], error: RefusedError) -> None:
        """Keep an application without the list of its credentials; a row says why."""
        ident = f"applications/{body['id']}"
        self._haul.keep(self._scope, APPLICATION, ident, body)
        self._haul.refuse(self._scope, f"{CREDENTIAL} {ident}", error, READ)

    def _done(self, rung: int, reasons: list[str]) -> None:
        said = "; ".join(reasons)
        way = f"rung {rung} of {len(RUNGS)}: {RUNGS[rung]}" + (f" ({said})" if said else "")
        self._haul.note(self._scope, ENUMERATION, Status.READ, way, READ)
        self._haul.note(self._scope, APPLICATION, Status.READ, None, READ)

    def _denied(self, error: RefusedError) -> None:
        self._haul.refuse(self._scope, APPLICATION, error, READ)
        self._haul.refuse(self._scope, ENUMERATION, error, READ)


def _hopeless(error: RefusedError) -> bool:
    """Whether every other way would end alike."""
    trouble = error.trouble
    return trouble.status is Status.DENIED or trouble.credentials or trouble.unreachable


def _doubtful(body: Json) -> bool:
    """Whether the list that came with an application may not be all of it."""
    listed = body[LISTS]
    if len(listed) >= CUT or body.get(f"{LISTS}@odata.nextLink"):
        return True
    return any(not isinstance(one, dict) or neither(one) for one in listed)
