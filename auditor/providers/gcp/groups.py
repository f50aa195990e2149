"""Reads who is in the groups that policies name, by Cloud Identity: service accounts may be, and then have their roles.

Two calls per group, and the same for groups within groups. It takes an administrator role of Cloud Identity (Groups
Reader), which no role of IAM gives; many who audit a cloud do not have it. Then nothing is lost but this: what the
groups are granted counts as unknown for every service account. So a refusal is a skipped row, not a failed one; what
might be answered another time is failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.providers.gcp.haul import NOWHERE, Crew
from auditor.providers.gcp.names import path
from auditor.providers.gcp.rest import Json, RefusedError, Rest, text
from auditor.snapshot import Status

KIND = "group"
SERVICE = "cloudidentity"
NEEDED = "Groups Reader (a role of Cloud Identity)"
PAGE_SIZE = "1000"
REFUSED = frozenset({400, 401, 403, 404})
"""HTTP status codes of a refusal; the last is that of one group."""
MOST = 200
"""Groups that are looked up; more are left unknown."""


class Groups:
    """The groups of one collection."""

    def __init__(self, rest: Rest, crew: Crew) -> None:
        self._rest = rest
        self._crew = crew
        self._haul = crew.haul

    def read(self, addresses: Iterable[str]) -> None:
        """Keep each group with its memberships as a document `group`, by address in lower case."""
        row = sorted(set(addresses))
        seen = set(row)
        if not row or not self._first(row[0]):
            return
        left = MOST
        while row:
            self._crew.each(self._group, [one for one in row[:left] if not self._haul.has(KIND, one)])
            if len(row) > left:
                self._skip(KIND, f"{len(row) - left} groups are not among the {MOST} that were looked up")
                return
            left -= len(row)
            read = (doc.body for doc in self._haul.of(KIND) if doc.id in row)
            row = sorted({one for body in read for one in _nested(body)} - seen)
            seen.update(row)

    def _first(self, address: str) -> bool:
        """Read one group alone: whoever may not read one may read none."""
        try:
            self._keep(address)
        except RefusedError as error:
            if error.trouble.status is Status.DENIED or error.trouble.code in REFUSED - {404}:
                self._skip(KIND, f"who is in the groups was not read: {error.trouble.reason}")
                return False
            self._refuse(address, error)
        else:
            self._haul.note(NOWHERE, KIND, Status.READ, None, NEEDED)
        return True

    def _group(self, address: str) -> None:
        try:
            self._keep(address)
        except RefusedError as error:
            self._refuse(address, error)

    def _keep(self, address: str) -> None:
        group = self._rest.get(SERVICE, "v1/groups:lookup", {"groupKey.id": address})
        name = text(group, "name")
        query = {"pageSize": PAGE_SIZE, "view": "FULL"}
        listed = list(self._rest.pages(SERVICE, f"v1/{path(name)}/memberships", "memberships", query))
        body = {"name": name, "groupKey": {"id": address}, "memberships": listed}
        self._haul.keep(NOWHERE, KIND, address, body)

    def _refuse(self, address: str, error: RefusedError) -> None:
        trouble = error.trouble
        lasting = trouble.status is Status.DENIED or trouble.code in REFUSED
        status = Status.SKIPPED if lasting else Status.FAILED
        self._haul.note(NOWHERE, f"{KIND} {address}", status, trouble.reason, NEEDED)

    def _skip(self, kind: str, reason: str) -> None:
        self._haul.note(NOWHERE, kind, Status.SKIPPED, reason, NEEDED)


def _nested(body: Json) -> Iterator[str]:
    """The groups among the members of a group."""
    for membership in body["memberships"]:
        key = membership.get("preferredMemberKey")
        if membership.get("type") == "GROUP" and isinstance(key, dict) and isinstance(key.get("id"), str):
            yield key["id"].lower()
