"""Collect → normalise → decide → report: the whole program on one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from auditor.config import Config
from auditor.judging.book import Book
from auditor.judging.court import Court
from auditor.judging.fanout import judge_all
from auditor.order import row_order
from auditor.progress import Progress, counted
from auditor.providers import PROVIDERS
from auditor.providers.base import Provider
from auditor.report.base import Report
from auditor.rules.base import Persona, Rule
from auditor.shards import missing
from auditor.snapshot import Coverage, Snapshot, merge, ordered
from auditor.snapshot import Status as Reading
from auditor.snapshot_file import load
from auditor.visits import taken_over


def restore(paths: Iterable[Path]) -> Snapshot:
    """Read saved snapshots as one. Raises `SnapshotError` for any that is not whole."""
    return ordered(merge(load(path) for path in paths))


def audit(
    snapshot: Snapshot,
    providers: Sequence[Provider],
    config: Config,
    rules: Sequence[Rule],
    persona: Persona,
    progress: Progress,
    executor: Executor | None = None,
) -> Report:
    """Judge what `snapshot` holds of `providers`. Pure: equal arguments give equal reports, byte for byte.

    One portion after the other, so that memory does not grow with the estate; with an `executor`, its workers judge
    them. What cannot be divided is judged last and together, since it may depend on the rest. Raises `WorkerError` when
    workers are lost, and `ScratchError` when there is no room on disk for what does not fit into memory.
    """
    court = Court(snapshot, providers, config, rules, persona)
    book = Book(snapshot, ledger(snapshot, providers), config.waivers)
    users: Counter[str] = Counter()
    for judged in counted("judging accounts", judge_all(court, court.divided, executor), len(court.divided), progress):
        users.update(judged.users)
        book.add(judged)
    decided = [court.decided(portion, progress) for portion in court.whole]
    for case in decided:
        users.update(case.users)
    for case in decided:
        book.add(court.judged(case, users - Counter(case.users), progress))
    return book.report()


def ledger(snapshot: Snapshot, providers: Sequence[Provider]) -> tuple[Coverage, ...]:
    """The coverage rows of `providers`, and one for each further provider whose documents lie unjudged beside them."""
    return tuple(sorted(_ledger(snapshot, providers), key=row_order))


def _ledger(snapshot: Snapshot, providers: Sequence[Provider]) -> Iterator[Coverage]:
    judged = {provider.id for provider in providers}
    yield from (row for row in snapshot.coverage if row.provider in judged)
    for name in snapshot.providers - judged:
        if name in PROVIDERS:
            yield Coverage(name, "-", "everything", Reading.SKIPPED, "not asked for")
        else:
            yield Coverage(name, "-", "everything", Reading.FAILED, "this version does not know this provider")
    for clouds, reason in missing(snapshot.parts):
        for name in judged.intersection(clouds):
            yield Coverage(name, "-", "everything", Reading.FAILED, reason)
    for name, told in taken_over(snapshot.visits):
        if name in judged:
            yield Coverage(name, "-", "earlier", Reading.READ, told)
