"""Reads both states, audits those that are snapshots, and compares: what the command line asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor import pipeline
from auditor.config import Config
from auditor.decide import decide
from auditor.drift import compared
from auditor.drift.sides import Side, restore
from auditor.drift.tokens import Judge
from auditor.issuers.catalogue import catalogue_of
from auditor.judging.checks import confirm
from auditor.model import Decision, Trust
from auditor.progress import Progress
from auditor.providers.base import Provider
from auditor.report.base import Report
from auditor.rules.base import Persona, Rule
from auditor.snapshot import Snapshot

State = Snapshot | Report
"""What one side of a comparison was read as."""


@dataclass(frozen=True)
class Asked:
    """How snapshots are audited: both the same way, by what the configuration says today."""

    config: Config
    rules: Sequence[Rule]
    persona: Persona
    progress: Progress


def restored(path: Path, config: Config) -> State:
    """The snapshot or report of a file. Raises `SnapshotError` or `ReportError`."""
    return restore(path, catalogue_of(config.issuers))


def diff(old: State, new: State, providers: Iterable[Provider], asked: Asked) -> Report:
    """What changed from `old` to `new`, as a report, for those of `providers` that either has anything of."""
    known = frozenset[str]().union(*(one.providers for one in (old, new) if isinstance(one, Snapshot)))
    rooms = [provider for provider in providers if provider.id in known]
    then, now = (_side(one, rooms, asked) for one in (old, new))
    asked.progress("comparing the two states")
    return compared.diff(then, now, {room.id: room for room in rooms}, _judge(rooms, asked))


def against(old: State, report: Report, providers: Sequence[Provider], asked: Asked, *, hide: bool) -> Report:
    """`report`, just made of a snapshot, with what `old` knows told apart; left out with `hide`."""
    asked.progress("comparing with the baseline")
    then = _side(old, providers, asked)
    now = Side(report, "snapshot", _heard(asked))
    rooms = {provider.id: provider for provider in providers}
    return compared.against(then, now, rooms, _judge(providers, asked), hide=hide)


def _side(state: State, providers: Sequence[Provider], asked: Asked) -> Side:
    if isinstance(state, Report):
        return Side(state, "report")
    report = pipeline.audit(state, providers, asked.config, asked.rules, asked.persona, asked.progress)
    return Side(report, "snapshot", _heard(asked))


def _heard(asked: Asked) -> frozenset[str]:
    return frozenset(rule.id for rule in asked.rules if asked.persona.hears(rule.persona))


def _judge(providers: Iterable[Provider], asked: Asked) -> Judge:
    rooms = {provider.id: provider for provider in providers}

    def judge(trust: Trust) -> Decision:
        return confirm(rooms[trust.provider], decide(trust, asked.config.ours))

    return judge
