"""What `auditor reach` and `auditor who` tell a machine: JSON, version 1, ASCII only. Fields are only ever added."""

from __future__ import annotations

import json
from typing import Any, Protocol, TextIO

from auditor import __version__
from auditor.graph import Way
from auditor.model import Identity
from auditor.reach import Entry, Reached, ReachReport, Upstream, WhoReport
from auditor.report.base import TOOL, Layout
from auditor.report.json_report import (
    coverage_record,
    finding_record,
    member_record,
    power_record,
    source_record,
    step_record,
    trust_record,
    verdict_record,
)

VERSION = 1

Record = dict[str, Any]


class ReachFormat(Protocol):
    """One way to write down the answers of `reach` and `who`."""

    def write_reach(self, report: ReachReport, stream: TextIO, layout: Layout, /) -> None:
        """Write the whole of `report`, ending in a newline."""
        ...

    def write_who(self, report: WhoReport, stream: TextIO, layout: Layout, /) -> None:
        """Write the whole of `report`, ending in a newline."""
        ...


def write_reach(report: ReachReport, stream: TextIO, layout: Layout) -> None:
    """Write `report` as one JSON object, whatever the layout."""
    del layout
    origin = report.origin
    answer: Record = {
        "origin": {
            "issuer_kind": origin.kind,
            "tenant": origin.tenant or None,
            "tenant_id": origin.tenant_id,
            "project": list(origin.project),
        },
        "trusts": report.trusts,
        "reached": [reached_record(one) for one in report.reached],
    }
    _write(report, answer, stream)


def write_who(report: WhoReport, stream: TextIO, layout: Layout) -> None:
    """Write `report` as one JSON object, whatever the layout."""
    del layout
    answer: Record = {
        "identity": {**identity_record(report.identity), "power": power_record(report.standing)},
        "upstream": [upstream_record(one) for one in report.upstream],
    }
    _write(report, answer, stream)


def _write(report: ReachReport | WhoReport, answer: Record, stream: TextIO) -> None:
    record = {
        "version": VERSION,
        "tool": {"name": TOOL, "version": __version__},
        "started": report.started,
        "finished": report.finished,
        "complete": report.complete,
        "coverage": [coverage_record(row) for row in report.coverage],
        "failures": [finding_record(one) for one in report.failures],
        **answer,
    }
    json.dump(record, stream, indent=1, ensure_ascii=True, allow_nan=False)
    stream.write("\n")


def reached_record(one: Reached) -> Record:
    return {
        "identity": {**identity_record(one.identity), "power": power_record(one.standing)},
        "certain": one.certain,
        "trusts": [entry_record(entry) for entry in one.entries],
        "first": identity_record(one.first),
        "way": way_record(one.way),
    }


def entry_record(entry: Entry) -> Record:
    trust = entry.trust
    return {
        "id": trust.id,
        "via": trust.via,
        **member_record(trust),
        "source": source_record(trust.source),
        "runs": {run: verdict_record(verdict) for run, verdict in entry.runs.items()},
    }


def upstream_record(one: Upstream) -> Record:
    return {
        "identity": identity_record(one.identity),
        "way": way_record(one.way),
        "trusts": [trust_record(decision) for decision in one.decisions],
    }


def way_record(way: Way) -> list[Record]:
    return [step_record(step) for step in way]


def identity_record(identity: Identity) -> Record:
    return {
        "id": identity.id,
        "provider": identity.provider,
        "scope": identity.scope,
        "kind": identity.kind,
        "name": identity.name,
    }
