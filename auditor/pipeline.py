"""Collect → normalise → decide → report: the whole program on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from auditor import __version__
from auditor.checks import confirm, run, withdrawn
from auditor.config import Config
from auditor.decide import decide
from auditor.errors import CollectError
from auditor.model import Decision, Finding, Identity, Source, Status, Trust
from auditor.providers import PROVIDERS
from auditor.providers.base import Provider
from auditor.report.base import Report
from auditor.rules.base import Context, Persona, Rule
from auditor.snapshot import Coverage, Snapshot, load, merge
from auditor.snapshot import Status as Reading

Progress = Callable[[str], None]
"""Is told in a few words what begins."""


def collect(providers: Sequence[Provider], config: Config, profile: str | None, progress: Progress) -> Snapshot:
    """Read the live clouds. One that fails beside others that do not becomes a row of the ledger.

    Raises `CollectError` when none could be read at all.
    """
    parts: list[Snapshot] = []
    failed: list[Coverage] = []
    for provider in providers:
        progress(f"reading {provider.id}")
        try:
            parts.append(provider.collect(config, profile=profile))
        except CollectError as error:
            failed.append(Coverage(provider.id, "-", "account", Reading.FAILED, str(error)))
    if not parts:
        raise CollectError("\n".join(row.reason or "" for row in failed))
    snapshot = merge(parts)
    snapshot.coverage.extend(failed)
    return snapshot


def restore(paths: Iterable[Path]) -> Snapshot:
    """Read saved snapshots as one. Raises `SnapshotError` for any that is not whole."""
    return merge(load(path) for path in paths)


def audit(
    snapshot: Snapshot,
    providers: Sequence[Provider],
    config: Config,
    rules: Sequence[Rule],
    persona: Persona,
    progress: Progress,
) -> Report:
    """Judge what `snapshot` holds of `providers`. Pure: equal arguments give equal reports, byte for byte."""
    decisions: list[Decision] = []
    identities: list[Identity] = []
    idle: list[tuple[Identity, Source]] = []
    failures: list[Finding] = []
    rooms = {provider.id: provider for provider in providers}

    def judge(trust: Trust) -> Decision:
        return confirm(rooms[trust.provider], decide(trust, config.ours))

    for provider in providers:
        trusts = sorted(provider.trusts(snapshot), key=_trust_order)
        progress(f"judging {len(trusts)} trusts of {provider.id}")
        for trust in trusts:
            decision = decide(trust, config.ours)
            decisions.append(confirm(provider, decision))
            failures.extend(withdrawn(decision, decisions[-1]))
        unused = list(provider.idle_registrations(snapshot))
        idle.extend(unused)
        identities.extend((*provider.identities(snapshot), *(identity for identity, _ in unused)))
    context = Context(ours=config.ours, decisions=tuple(decisions), idle=tuple(idle), judge=judge)
    findings = (*failures, *run([rule for rule in rules if persona.hears(rule.persona)], context))
    return Report(
        tool_version=__version__,
        started=snapshot.started,
        finished=snapshot.finished,
        coverage=tuple(sorted(ledger(snapshot, providers), key=_row_order)),
        decisions=context.decisions,
        identities=tuple(sorted(dict.fromkeys(identities), key=_identity_order)),
        findings=tuple(sorted(findings, key=_finding_order)),
    )


def ledger(snapshot: Snapshot, providers: Sequence[Provider]) -> Iterator[Coverage]:
    """The coverage rows of `providers`, and one for each further provider whose documents lie unjudged beside them."""
    judged = {provider.id for provider in providers}
    yield from (row for row in snapshot.coverage if row.provider in judged)
    for name in snapshot.providers - judged:
        if name in PROVIDERS:
            yield Coverage(name, "-", "everything", Reading.SKIPPED, "not asked for")
        else:
            yield Coverage(name, "-", "everything", Reading.FAILED, "this version does not know this provider")


def _trust_order(trust: Trust) -> tuple[str, ...]:
    return (trust.provider, trust.scope, trust.identity.id, trust.issuer.url, trust.via)


def _identity_order(identity: Identity) -> tuple[str, ...]:
    return (identity.provider, identity.scope, identity.kind, identity.id)


def _row_order(row: Coverage) -> tuple[str, ...]:
    return (row.provider, row.scope, row.kind, row.status, row.permission or "", row.reason or "")


def _finding_order(finding: Finding) -> tuple[int, int, str, str, str]:
    """Open ones first, worst first; then by rule and subject."""
    state = (Status.OPEN, Status.ERROR, Status.WAIVED).index(finding.status)
    return (state, -finding.severity, finding.rule, finding.title, finding.id)
