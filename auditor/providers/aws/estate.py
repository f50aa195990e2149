"""Every role of a snapshot: the accounts are brought into memory as their roles are asked for, and let go again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from itertools import chain

from auditor.kept import Kept
from auditor.model import Identity
from auditor.providers.aws.doors import Account
from auditor.providers.aws.grounds import Ground
from auditor.providers.aws.organisations import Organisation, Organisations
from auditor.providers.aws.roles import Role
from auditor.providers.aws.rooms import Room
from auditor.providers.aws.survey import Survey, remember, survey_of
from auditor.snapshot import Snapshot

WITHIN = 2_000
"""Documents of the accounts that stay in memory, unless a single one holds more."""


class Estate:
    """The roles of every account in a snapshot. Can be pickled; what was brought into memory stays behind."""

    def __init__(self, snapshot: Snapshot, now: datetime) -> None:
        """`now`, with its time zone, decides conditions on the date."""
        self._begin(snapshot, now, survey_of(snapshot))

    def _begin(self, snapshot: Snapshot, now: datetime, survey: Survey) -> None:
        self.now = now
        self.borders = survey.borders
        self._snapshot = snapshot
        self._survey = survey
        self._rooms: Kept[Ground, Room] = Kept(WITHIN, lambda room: room.weight)

    def __getstate__(self) -> tuple[Snapshot, datetime, Survey]:
        return (self._snapshot, self.now, self._survey)

    def __setstate__(self, state: tuple[Snapshot, datetime, Survey]) -> None:
        remember(state[0], state[2])
        self._begin(*state)

    def identities(self) -> Iterator[Identity]:
        """Every role once, in the order of documents."""
        for scope in self._snapshot.scopes("aws"):
            ground = self._survey.grounds.of(scope)
            if ground:
                room = self._room(ground)
                yield from (role.identity for arn, role in room.roles.items() if room.first.get(arn, scope) == scope)

    def role(self, arn: str) -> tuple[Room, Role] | None:
        """The role of that ARN with the room it is in; None where it was not collected."""
        ground = self._survey.grounds.of_role(arn)
        room = self._room(ground) if ground else None
        role = room.roles.get(arn) if room else None
        return None if room is None or role is None else (room, role)

    def _room(self, ground: Ground) -> Room:
        return self._rooms.get(ground, self._made)

    def _made(self, ground: Ground) -> Room:
        parts = [self._snapshot.within("aws", scope) for scope in ground]
        documents = list(chain.from_iterable(part.documents for part in parts))
        rows = list(chain.from_iterable(part.coverage for part in parts))
        return Room(ground, Snapshot(self._snapshot.started, self._snapshot.finished, documents, rows), self)

    # What rooms ask (`rooms.Beyond`)

    def organisation(self, account: str, own: Organisations) -> Organisation | None:
        if account not in self._survey.above.homes:
            return own.of(account)
        return self._organisations.of(account)

    @cached_property
    def _organisations(self) -> Organisations:
        """Those that were read as a whole."""
        snapshot = self._snapshot
        return Organisations(Snapshot(snapshot.started, snapshot.finished, self._survey.above.documents))

    def roles_read(self, account: str) -> bool:
        return account in self._fully

    @cached_property
    def _fully(self) -> frozenset[str]:
        """Scopes of which all roles were read."""
        scopes: dict[str, Account] = {}
        for row in self._snapshot.coverage:
            if row.provider == "aws" and row.kind == "iam-role":
                scopes.setdefault(row.scope, Account()).rows.append(row)
        return frozenset(scope for scope, account in scopes.items() if account.listed("iam-role"))

    def knows(self, arn: str, beside: Room) -> bool:
        ground = self._survey.grounds.of_role(arn)
        return bool(ground) and ground != beside.ground and arn in self._room(ground).roles
