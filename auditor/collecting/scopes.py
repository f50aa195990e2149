"""What there is to read of the clouds, piece by piece, and what comes of reading one. Knows no cloud.

A scope is an account, a set of projects, a tenant: what one worker reads by itself. It can be pickled and holds no
secret: the worker finds its own credentials, or enters by a role.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from auditor import __version__
from auditor.collecting.executors import THREADS, Means
from auditor.collecting.plan import End, Outcome, Patience, Terms, carry_out
from auditor.errors import CollectError, NothingAskedError, WorkerError
from auditor.progress import Progress, Stage, silent
from auditor.snapshot import Coverage, Snapshot, Status, nothing
from auditor.storage.shelf import Shelf


class Scope(Protocol):
    """One piece. A frozen dataclass, in a module that every worker can import."""

    @property
    def provider(self) -> str: ...

    @property
    def name(self) -> str | None:
        """Whose it is, such as an account's id: the same for the same piece next time, and for no other of its cloud.

        None: nobody can say before it is read, or it tells what further scopes there are. Such a scope is always read.
        """
        ...

    @property
    def what(self) -> str | None:
        """What is counted when it is read, to be followed by `3 of 500`: `reading AWS accounts`. None: it is not."""
        ...

    @property
    def lane(self) -> str:
        """What shares a quota with it."""
        ...

    @property
    def patience(self) -> Patience: ...

    def read(self, tell: Progress) -> Reading:
        """Read it, here and now. Raises `CollectError` when nothing at all can be read, and `UsageError`."""
        ...

    def unread(self, why: str) -> Coverage:
        """The row of the ledger that says that it was not read; `why` as in `was not read: interrupted`."""
        ...

    def close(self) -> None:
        """Give up what this process keeps for scopes like this one: nothing more of the collection follows."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing at all could be read."""

    reason: str
    unasked: bool
    """There are no credentials, or nothing says what to read: no gap where nobody asked for it."""
    permission: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one attempt at a scope."""

    snapshot: Snapshot
    further: tuple[Scope, ...] = ()
    """What else there is to read, as became known."""
    passing: int = 0
    """How many gaps may be gone when it is read anew."""
    throttled: int = 0
    """How often the cloud said that it was asked too much."""
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came of all scopes."""

    snapshot: Snapshot
    refused: Mapping[str, Refusal]
    """The providers of which nothing at all could be read, and why; the snapshot says nothing of them."""


Known = Callable[[Scope], Snapshot | None]
Done = Callable[[Scope, Snapshot], None]

WORDS = {
    End.LOST: "was not read: the process that read it died",
    End.INTERRUPTED: "was not read: interrupted",
}


def gather(
    scopes: Sequence[Scope],
    means: Means = THREADS,
    tell: Progress = silent,
    known: Known | None = None,
    done: Done | None = None,
) -> Gathered:
    """Read `scopes` and whatever they bring, side by side; the whole lies on a `Shelf`.

    `known` is asked for an earlier reading of each scope with a name just before it would be begun; `done` hears at
    once what was read of one, gaps included, when no later attempt follows. Both are called in this thread. Ctrl-C ends
    the reading: what was not read until then is a row of the ledger. It is raised on when nothing was read.

    Raises `UsageError` for what cannot be meant, `WorkerError` when workers are of another version of this program.
    """
    gathering = _Gathering(scopes, tell, done)
    work = Errand() if means.elsewhere else partial(attempt, tell=tell)
    terms: Terms[Scope, Reading] = Terms(
        patience=lambda scope: scope.patience,
        lane=lambda scope: scope.lane,
        wanting=lambda reading: reading.passing,
        throttled=lambda reading: reading.throttled > 0,
        known=lambda scope: _known(scope, known),
        workers=means.workers,
    )
    try:
        carry_out(work, scopes, gathering.finished, means.make, terms)
    finally:
        for scope in scopes:
            scope.close()
    return gathering.end()


def alone(scopes: Sequence[Scope], tell: Progress = silent, means: Means = THREADS) -> Snapshot:
    """The same of one cloud. Raises `CollectError`, or `NothingAskedError`, when nothing at all could be read."""
    gathered = gather(scopes, means, tell)
    for refusal in gathered.refused.values():
        raise NothingAskedError(refusal.reason) if refusal.unasked else CollectError(refusal.reason)
    return gathered.snapshot


@dataclass(frozen=True, slots=True)
class Errand:
    """What is sent to a worker in another process, together with a scope."""

    version: str = __version__

    def __call__(self, scope: Scope) -> Reading:
        if self.version != __version__:
            raise WorkerError(f"a worker has version {__version__} of auditor; this is version {self.version}")
        return attempt(scope)


def attempt(scope: Scope, tell: Progress = silent) -> Reading:
    """What comes of reading the scope, also when that is nothing."""
    try:
        return scope.read(tell)
    except CollectError as error:
        return Reading(nothing(), refusal=Refusal(str(error), isinstance(error, NothingAskedError)))


def _known(scope: Scope, known: Known | None) -> Reading | None:
    found = known(scope) if known is not None and scope.name is not None else None
    return None if found is None else Reading(found)


@dataclass(slots=True)
class _Count:
    done: int = 0
    total: int = 0
    throttled: int = 0


@dataclass(slots=True)
class _Gathering:
    """What came of the scopes so far."""

    roots: Sequence[Scope]
    tell: Progress
    done: Done | None
    shelf: Shelf = field(default_factory=Shelf)
    coverage: dict[Coverage, None] = field(default_factory=dict)
    times: list[str] = field(default_factory=list)
    refusals: list[tuple[Scope, Refusal]] = field(default_factory=list)
    counts: dict[str, _Count] = field(default_factory=lambda: defaultdict(_Count))
    told_of: set[str] = field(default_factory=set)
    """The providers of which the ledger says something."""
    read: bool = False
    interrupted: bool = False

    def __post_init__(self) -> None:
        self._expect(self.roots)

    def finished(self, outcome: Outcome[Scope, Reading]) -> tuple[Scope, ...]:
        scope, reading = outcome.scope, outcome.result
        if reading is None:
            part = nothing()
            part.coverage.append(scope.unread(_words(scope, outcome.end)))
            self.interrupted |= outcome.end is End.INTERRUPTED
        else:
            part = reading.snapshot
            self._expect(reading.further)
        if reading is not None and reading.refusal is not None:
            self.refusals.append((scope, reading.refusal))
        else:
            self._keep(part, scope.provider)
            self.read |= reading is not None and not reading.further
            if self.done is not None and outcome.attempts and scope.name is not None:
                self.done(scope, part)
        self._count(scope, reading)
        return () if reading is None else reading.further

    def end(self) -> Gathered:
        """Raises `KeyboardInterrupt` when nothing was read because of it."""
        if self.interrupted and not self.read:
            raise KeyboardInterrupt
        refused: dict[str, Refusal] = {}
        for name in {scope.provider for scope, _ in self.refusals} - self.told_of:
            given = [refusal for scope, refusal in self.refusals if scope.provider == name]
            said = "\n".join(dict.fromkeys(refusal.reason for refusal in given))
            refused[name] = Refusal(said, all(refusal.unasked for refusal in given))
        for scope, refusal in self.refusals:
            if scope.provider not in refused:
                row = Coverage(scope.provider, "-", "account", Status.FAILED, refusal.reason, refusal.permission)
                self.coverage[row] = None
        now = nothing()
        start, finish = min(self.times, default=now.started), max(self.times, default=now.finished)
        return Gathered(Snapshot(start, finish, self.shelf, list(self.coverage)), refused)

    def _keep(self, part: Snapshot, provider: str) -> None:
        self.shelf.take(part.documents, part.finished)
        self.coverage |= dict.fromkeys(part.coverage)
        self.times += (part.started, part.finished)
        self.times = [min(self.times), max(self.times)]
        if part.coverage:
            self.told_of.add(provider)

    def _expect(self, scopes: Iterable[Scope]) -> None:
        expected = [scope.what for scope in scopes if scope.what is not None]
        for what in expected:
            self.counts[what].total += 1
        for what in dict.fromkeys(expected):
            self._tell(what)

    def _count(self, scope: Scope, reading: Reading | None) -> None:
        if scope.what is None:
            return
        count = self.counts[scope.what]
        count.done += 1
        count.throttled += 0 if reading is None else reading.throttled
        self._tell(scope.what)

    def _tell(self, what: str) -> None:
        count = self.counts[what]
        self.tell(Stage(what, count.done, count.total, throttled=count.throttled))


def _words(scope: Scope, end: End) -> str:
    return WORDS.get(end) or f"was not read within {scope.patience.deadline:g} seconds"
