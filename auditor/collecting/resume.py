"""A collection that goes on where an earlier one stopped, or takes over what another has read not long ago.

What is taken over is a scope of the plan as a whole, and only if everything in it was read: what was denied then may be
granted now. It keeps its own times. What was asked for must be the same, to the word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from auditor import __version__
from auditor.collecting.journal import Journal, plan_in
from auditor.errors import UsageError
from auditor.shards import plan_of
from auditor.snapshot import GOOD, Coverage, Document, Snapshot
from auditor.snapshot_file import load
from auditor.visits import Visit

SUFFIX = ".partial"
"""What is put behind the name of the file that is to be written, while there is only a part of it."""
MAX_AGE = timedelta(hours=24)
"""How old what is taken over may be, unless somebody says otherwise: an interrupted run is continued within the day,
and last night's is not passed off as today's."""

Key = tuple[str, str]
"""Provider and scope of the plan."""


class Scope(Protocol):
    """One scope of the plan of a collection."""

    @property
    def provider(self) -> str: ...

    @property
    def name(self) -> str | None:
        """Whose it is: the same for the same target next time, and for no other. None: it is always read."""
        ...


class Source(Protocol):
    """What an earlier collection has read."""

    @property
    def visits(self) -> Mapping[Key, Visit]: ...

    def part(self, key: Key) -> Snapshot: ...


def plan_name(*said: object) -> str:
    """The name of a plan: the version of the program, as another may read other documents, and what was asked for."""
    return f"{__version__}/{plan_of(*said)}"


@dataclass(slots=True)
class Resumption:
    """What a collection asks before it reads a scope, and tells when it has. For one thread at a time."""

    now: datetime
    max_age: timedelta = MAX_AGE
    sources: list[Source] = field(default_factory=list)
    """What may be taken over; of two readings of one scope the later one is."""
    journal: Journal | None = None
    """Where what is read is kept, if it is a file that is written."""
    visits: dict[Key, Visit] = field(default_factory=dict)
    """When each scope of the plan was read, as far as known."""

    def fresh(self, scope: Scope) -> Snapshot | None:
        """What was read of the scope earlier, if all of it was, and not too long ago."""
        if scope.name is None:
            return None
        key = (scope.provider, scope.name)
        found = [(visit, source) for source in self.sources if (visit := source.visits.get(key)) and self._good(visit)]
        if not found:
            return None
        visit, source = max(found, key=lambda one: _moment(one[0].started))
        visit = replace(visit, earlier=True)
        part = replace(source.part(key), visits=(visit,))
        if self.journal is not None and source is not self.journal:
            self.journal.add(part)
        self.visits[key] = visit
        return part

    def done(self, scope: Scope, part: Snapshot) -> None:
        """Keep what was read of a scope just now."""
        if scope.name is None:
            return
        part = visited(scope.provider, scope.name, part)
        (visit,) = part.visits
        self.visits[visit.key] = visit
        if self.journal is not None:
            self.journal.add(part)

    def stamped(self, snapshot: Snapshot, plan: str) -> Snapshot:
        """The whole, with when each scope of its plan was read."""
        return replace(snapshot, visits=tuple(sorted(self.visits.values())), plan=plan)

    def take(self, path: Path, source: Source, tell: Callable[[str], None], rest: str = "") -> None:
        """Take over from `source`."""
        self.sources.append(source)
        good = sum(map(self._good, source.visits.values()))
        tell(f"{path}: {good:,} of {len(source.visits):,} scopes are complete and fresh, and taken over{rest}")

    def finish(self) -> None:
        """Everything is where it belongs: what was kept on the way is deleted."""
        if self.journal is not None:
            self.journal.remove()

    def leave(self) -> None:
        """Let go of what is kept; where that is nothing, no file stays behind."""
        if self.journal is not None:
            if not self.journal.visits:
                self.journal.remove()
            self.journal.close()

    def _good(self, visit: Visit) -> bool:
        """What claims to be of the future is not believed."""
        return visit.complete and timedelta() <= self.now - _moment(visit.started) <= self.max_age


def visited(provider: str, scope: str, part: Snapshot) -> Snapshot:
    """`part` as what was read of that scope of the plan."""
    holds = {doc.scope for doc in part.documents} | {row.scope for row in part.coverage}
    visit = Visit(provider, scope, part.started, part.finished, part.complete, tuple(sorted(holds)))
    return replace(part, visits=(visit,))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Saved:
    """The scopes of the plan in a snapshot that was saved as a whole.

    Where several of them have read into one scope of documents nothing tells their documents apart: each is as old and
    as complete as all of them.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        sharing: dict[Key, list[Visit]] = {}
        for visit in snapshot.visits:
            for scope in visit.holds:
                sharing.setdefault((visit.provider, scope), []).append(visit)
        gaps = {(row.provider, row.scope) for row in snapshot.coverage if row.status not in GOOD}

        def joint(visit: Visit) -> Visit:
            places = [(visit.provider, scope) for scope in visit.holds]
            beside = [visit, *(one for place in places for one in sharing[place])]
            complete = all(one.complete for one in beside) and gaps.isdisjoint(places)
            return replace(visit, started=min((one.started for one in beside), key=_moment), complete=complete)

        self.visits: Mapping[Key, Visit] = {visit.key: joint(visit) for visit in snapshot.visits}

    def part(self, key: Key) -> Snapshot:
        """The documents and rows of one scope of the plan."""
        visit = self.visits[key]
        documents: list[Document] = []
        coverage: list[Coverage] = []
        for scope in visit.holds:
            found = self._snapshot.within(visit.provider, scope)
            documents += found.documents
            coverage += found.coverage
        return Snapshot(visit.started, visit.finished, documents, coverage)


def partial(target: Path) -> Path:
    """Where the journal of a collection into `target` is."""
    return target.with_name(target.name + SUFFIX)


@dataclass(frozen=True, slots=True)
class Asked:
    """What `--resume` and `--max-age` say."""

    old: Path | None = None
    """What to take over from; None: what the same command line has left."""
    max_age: timedelta = MAX_AGE


@contextmanager
def opened(
    target: Path | None, plan: str, now: datetime, asked: Asked | None, tell: Callable[[str], None]
) -> Iterator[Resumption]:
    """What a collection into `target` (None: nothing that could be continued) takes over, and where it keeps the rest.

    That is in the journal of `target` and in `Asked.old`, or in `target` itself. The journal stays when the block is
    left, unless `finish` was called or nothing was read. `tell` hears what becomes of earlier collections.
    Raises `UsageError` for files that this plan cannot continue, `OutputError` when nothing can be kept.
    """
    found = Resumption(now, MAX_AGE if asked is None else asked.max_age)
    with ExitStack() as stack:
        keep = False
        if target is not None:
            own = partial(target)
            left = plan_in(own) if own.exists() else None
            if asked is not None:
                keep = left is not None and _continues(own, left, plan, tell)
            elif left is not None:
                tell(f"{own}: what an interrupted collection left is read anew; --resume continues one")
            found.journal = Journal(own, plan, keep=keep)
            stack.callback(found.leave)
            if keep:
                torn = f"; {found.journal.torn:,} bytes at its end were torn off" if found.journal.torn else ""
                found.take(own, found.journal, tell, torn)
        if asked is not None:
            old = asked.old or (target if target is not None and target.exists() else None)
            if old is not None and (target is None or old.absolute() != partial(target).absolute()):
                # Where the journal is of this plan, the file that it is to replace need not be.
                with suppress(UsageError) if keep and asked.old is None else nullcontext():
                    if (source := _source(old, plan, stack, tell)) is not None:
                        found.take(old, source, tell)
            if not found.sources:
                tell("there is nothing to take over; everything is read")
        try:
            yield found
        except BaseException:  # whatever ended it, also Ctrl-C: what was read is there
            if found.journal is not None and found.journal.visits:
                tell(f"{found.journal.path}: what was read is kept there; the same command with --resume continues it")
            raise


def _source(path: Path, plan: str, stack: ExitStack, tell: Callable[[str], None]) -> Source | None:
    """What may be taken over from the journal or snapshot at `path`."""
    left = plan_in(path)
    if left is not None:
        return (
            stack.enter_context(closing(Journal(path, plan, keep=True))) if _continues(path, left, plan, tell) else None
        )
    snapshot = load(path)
    if not snapshot.plan:
        tell(f"{path}: does not say when its scopes were read; nothing of it is taken over")
        return None
    return Saved(snapshot) if _continues(path, snapshot.plan, plan, tell) else None


def _continues(path: Path, left: str, plan: str, tell: Callable[[str], None]) -> bool:
    """Whether what is of the plan `left` may be taken over by `plan`. Raises `UsageError` when it is another one."""
    (version, digest), (_, wanted) = _split(left), _split(plan)
    if digest != wanted:
        raise UsageError(
            f"{path}: is of a collection with another command line or configuration, and cannot be continued by this "
            "one; repeat that one, or leave --resume out to read everything anew"
        )
    if left != plan:
        tell(f"{path}: was written by version {version} of this program; nothing of it is taken over")
    return left == plan


def _split(plan: str) -> tuple[str, str]:
    version, _, digest = plan.partition("/")
    return version, digest
