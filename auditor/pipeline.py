"""Collect → normalise → decide → report: the whole program on one page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from itertools import chain
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.checks import GuardedAuthority, confirm, confirmed, run, withdrawn
from auditor.claims.verdict import Verdict
from auditor.config import Config
from auditor.decide import case_of, decide
from auditor.errors import CollectError, NothingAskedError
from auditor.fanout import decide_all
from auditor.graph import Graph, powerless, with_power
from auditor.issuers.catalogue import catalogue_of
from auditor.judgement import reached
from auditor.model import Decision, Finding, Identity, Source, Status, Trust
from auditor.progress import Progress, counted
from auditor.providers import PROVIDERS
from auditor.providers.base import Provider
from auditor.report.base import Report
from auditor.rules.base import Context, Persona, Rule
from auditor.shards import Part, Shard, missing, plan_of
from auditor.snapshot import Coverage, Snapshot, load, merge, ordered
from auditor.snapshot import Status as Reading
from auditor.waivers import rated, settle


def collect(
    providers: Sequence[Provider],
    config: Config,
    options: Mapping[str, Any],
    progress: Progress,
    asked: Collection[str] | None = None,
    shard: Shard | None = None,
) -> Snapshot:
    """Read the live clouds. One that fails beside others that do not becomes a row of the ledger.

    `options` are the collectors' own, from the command line. A cloud that is not among those `asked` for (None: all
    are) and for which there are no credentials is passed over; the ledger says so. With a `shard` only the scopes that
    it holds are read. Raises `CollectError` when none could be read at all.
    """
    parts: list[Snapshot] = []
    failed: list[Coverage] = []
    for provider in providers:
        progress(f"reading {provider.id}")
        try:
            parts.append(provider.collect(config, progress=progress, **({"shard": shard} if shard else {}), **options))
        except CollectError as error:
            passed = isinstance(error, NothingAskedError) and asked is not None and provider.id not in asked
            status = Reading.SKIPPED if passed else Reading.FAILED
            failed.append(Coverage(provider.id, "-", "account", status, str(error)))
    if not parts:
        raise CollectError("\n".join(row.reason or "" for row in failed))
    snapshot = merge(parts)
    snapshot.coverage.extend(failed)
    snapshot = ordered(snapshot)
    if shard is not None:
        names = tuple(sorted(provider.id for provider in providers))
        snapshot.parts = (Part(plan_of(names, config.targets, sorted(options.items())), shard, names),)
    return snapshot


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

    With an `executor`, its workers decide the trusts. Raises `WorkerError` when they are lost.
    """
    decisions: list[Decision] = []
    identities: list[Identity] = []
    idle: list[tuple[Identity, Source]] = []
    failures: list[Finding] = []
    rooms = {provider.id: provider for provider in providers}
    issuers = catalogue_of(config.issuers)

    def judge(trust: Trust) -> Decision:
        return confirm(rooms[trust.provider], decide(trust, config.ours))

    def reach(trust: Trust) -> Verdict:
        return confirmed(rooms[trust.provider], trust, reached(case_of(trust, config.ours)))

    for provider in providers:
        trusts = sorted(provider.trusts(snapshot, issuers), key=trust_order)
        judged = decide_all(trusts, config.ours, executor)
        for decision in counted(f"judging the trusts of {provider.id}", judged, len(trusts), progress):
            decisions.append(confirm(provider, decision))
            failures.extend(withdrawn(decision, decisions[-1]))
        idle.extend(provider.idle_registrations(snapshot))
        identities.extend(provider.identities(snapshot))
    authorities = {one.id: GuardedAuthority(one.authority(snapshot), one.id) for one in providers}
    graph = Graph(authorities, (one.trust for one in decisions))
    identities = list(dict.fromkeys((*identities, *(one.trust.identity for one in decisions))))
    asked = counted("looking at what identities may do", identities, len(identities), progress)
    standings = {identity: graph.standing(identity) for identity in asked}
    unused = {registered: powerless(registered) for registered, _ in idle}
    decisions = [with_power(one, standings[one.trust.identity]) for one in decisions]
    context = Context(
        ours=config.ours,
        decisions=tuple(decisions),
        idle=tuple(idle),
        judge=judge,
        reach=reach,
        graph=graph,
        standings=standings,
        collected=snapshot.finished,
        settings=config.rules,
    )
    heard = [rule for rule in rules if persona.hears(rule.persona)]
    found: Iterable[Finding] = run(counted("looking for what is wrong", heard, len(heard), progress), context)
    found = (*failures, *found, *chain.from_iterable(one.failures for one in authorities.values()))
    findings = settle(rated(found, config.rules), config.waivers, context.decisions, snapshot.finished)
    return Report(
        tool_version=__version__,
        started=snapshot.started,
        finished=snapshot.finished,
        coverage=ledger(snapshot, providers),
        decisions=context.decisions,
        identities=tuple(sorted({*identities, *unused}, key=identity_order)),
        findings=tuple(sorted(findings, key=finding_order)),
        standings={**standings, **unused},
        documents=snapshot.documents,
    )


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


def trust_order(trust: Trust) -> tuple[str, ...]:
    """The order of trusts in every report."""
    return (trust.provider, trust.scope, trust.identity.id, trust.issuer.url, trust.via, trust.member or "")


def identity_order(identity: Identity) -> tuple[str, ...]:
    """The order of identities in every report."""
    return (identity.provider, identity.scope, identity.kind, identity.id)


def row_order(row: Coverage) -> tuple[str, ...]:
    """The order of the ledger in every report."""
    return (row.provider, row.scope, row.kind, row.status, row.permission or "", row.reason or "")


def finding_order(finding: Finding) -> tuple[int, int, str, str, str]:
    """The order of findings in every report. Open ones first, worst first; then by rule and subject."""
    state = (Status.OPEN, Status.ERROR, Status.WAIVED).index(finding.status)
    return (state, -finding.severity, finding.rule, finding.title, finding.id)
