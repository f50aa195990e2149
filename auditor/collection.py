"""Reads the live clouds: one plan of scopes over all of them, side by side, on whatever workers there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from auditor.collecting.executors import THREADS, Means
from auditor.collecting.scopes import Done, Known, Refusal, Scope, gather
from auditor.config import Config
from auditor.errors import CollectError
from auditor.progress import Progress
from auditor.providers.base import Provider
from auditor.shards import Part, Shard, plan_of
from auditor.snapshot import Coverage, Snapshot, Status, ordered


def collect(
    providers: Sequence[Provider],
    config: Config,
    options: Mapping[str, Any],
    progress: Progress,
    asked: Collection[str] | None = None,
    shard: Shard | None = None,
    *,
    means: Means = THREADS,
    known: Known | None = None,
    done: Done | None = None,
) -> Snapshot:
    """Read the live clouds. One that fails beside others that do not becomes a row of the ledger.

    `options` are the collectors' own, from the command line. A cloud that is not among those `asked` for (None: all
    are) and for which there are no credentials is passed over; the ledger says so. With a `shard` only the scopes that
    it holds are read. `known` and `done` as `scopes.gather` has them. Ctrl-C ends the reading, and what was not read
    until then is a gap.

    Raises `CollectError` when none could be read at all, `UsageError` and `WorkerError` as `scopes.gather` does.
    """
    scopes: list[Scope] = []
    for provider in providers:
        scopes += provider.scopes(config, **({"shard": shard} if shard else {}), **options)
    progress(f"reading {', '.join(provider.id for provider in providers)}")
    gathered = gather(scopes, means, progress, known, done)
    refused = gathered.refused
    if len(refused) == len(providers):
        raise CollectError("\n".join(refused[provider.id].reason for provider in providers))
    failed = [_row(name, refusal, asked) for name, refusal in refused.items()]
    snapshot = ordered(replace(gathered.snapshot, coverage=[*gathered.snapshot.coverage, *failed]))
    if shard is not None:
        names = tuple(sorted(provider.id for provider in providers))
        snapshot.parts = (Part(plan_of(names, config.targets, sorted(options.items())), shard, names),)
    return snapshot


def _row(provider: str, refusal: Refusal, asked: Collection[str] | None) -> Coverage:
    passed = refusal.unasked and asked is not None and provider not in asked
    return Coverage(provider, "-", "account", Status.SKIPPED if passed else Status.FAILED, refusal.reason)
