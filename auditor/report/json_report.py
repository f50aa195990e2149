"""The report as JSON, version 1: the schema is `auditor/schemas/report.json`. One record a line, ASCII only.

Within version 1 fields are only ever added. Everything hostile in a string is behind a JSON escape.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TextIO, assert_never

from auditor.claims.predicate import Token
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.graph import Standing
from auditor.model import Decision, Finding, Fix, Identity, Source, Trust
from auditor.power import Capability, Step
from auditor.report.base import TOOL, Comparison, Layout, Report, Summary
from auditor.snapshot import Coverage

VERSION = 1

COMPOSED = "the token's owner composes its subject of "
"""What the reason of an accepted verdict begins with where the token needs a subject template; its claims follow."""

Record = dict[str, Any]


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write `report` as one JSON object. Every list has one record a line, whatever the layout."""
    del layout
    stream.write(f'{{\n"version": {VERSION},\n"tool": {_dump({"name": TOOL, "version": report.tool_version})},\n')
    stream.write(f'"started": {_dump(report.started)},\n"finished": {_dump(report.finished)},\n')
    if report.comparison is not None:
        stream.write(f'"comparison": {_dump(comparison_record(report.comparison))},\n')
    _list(stream, "coverage", map(coverage_record, report.coverage))
    _list(stream, "trusts", map(trust_record, report.decisions))
    _list(stream, "identities", (identity_record(one, report.standings.get(one)) for one in report.identities))
    _list(stream, "findings", map(finding_record, report.findings))
    stream.write(f'"summary": {_dump(summary_record(report.summary()))}\n}}\n')


def _list(stream: TextIO, name: str, records: Iterable[Record]) -> None:
    stream.write(f'"{name}": [')
    stream.writelines((",\n" if number else "\n") + _dump(record) for number, record in enumerate(records))
    stream.write("\n],\n")


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False)  # ASCII here is what is printable, so not DEL either


def comparison_record(comparison: Comparison) -> Record:
    return {
        "with": comparison.kind,
        "started": comparison.started,
        "finished": comparison.finished,
        "by": "tokens" if comparison.by_tokens else "reports",
        "trusts": dict(comparison.trusts),
        "findings": {"new": comparison.new, "known": comparison.known, "gone": comparison.gone},
        "known_hidden": comparison.hidden,
        "changes_only": comparison.changes_only,
    }


def coverage_record(row: Coverage) -> Record:
    return {
        "provider": row.provider,
        "scope": row.scope,
        "kind": row.kind,
        "status": row.status.value,
        "reason": row.reason,
        "permission": row.permission,
    }


def trust_record(decision: Decision) -> Record:
    trust = decision.trust
    return {
        "id": trust.id,
        "provider": trust.provider,
        "scope": trust.scope,
        "issuer": trust.issuer.url,
        "issuer_kind": trust.issuer.kind,
        "via": trust.via,
        **member_record(trust),
        "identity": {"kind": trust.identity.kind, "id": trust.identity.id, "name": trust.identity.name},
        "source": source_record(trust.source),
        "statement": decision.statement,
        "breadth": [
            {name: {"label": extent.label, "values": list(extent.values)} for name, extent in sorted(box.items())}
            for box in decision.breadth
        ],
        "breadth_complete": decision.breadth_complete,
        "reachable": verdict_record(decision.reachable),
        "classes": {name: verdict_record(verdict) for name, verdict in decision.classes.items()},
    }


def member_record(trust: Trust) -> Record:
    return {} if trust.member is None else {"member": trust.member}


def verdict_record(verdict: Verdict) -> Record:
    match verdict:
        case Accepted(witness, template):
            chosen = f"{COMPOSED}{', '.join(template)}" if template else None
            return {"result": "accepted", "witness": witness_record(witness), "reason": chosen}
        case Rejected(reason):
            return {"result": "rejected", "witness": None, "reason": reason}
        case Undecided(reason):
            return {"result": "unknown", "witness": None, "reason": reason}
        case _:
            assert_never(verdict)


def witness_record(token: Token) -> Record:
    """The claims of a token: issuer, subject and audience first, as in a token of old, then by name."""
    first = [claim for claim in ("iss", "sub", "aud") if claim in token]
    return {claim: token[claim] for claim in (*first, *sorted(token.keys() - set(first)))}


def identity_record(identity: Identity, standing: Standing | None) -> Record:
    return {
        "id": identity.id,
        "provider": identity.provider,
        "scope": identity.scope,
        "kind": identity.kind,
        "name": identity.name,
        "power": _UNASKED if standing is None else power_record(standing),
    }


_UNASKED: Record = {"level": "unknown", "may": [], "must": [], "evidence": []}


def power_record(standing: Standing) -> Record:
    """What an identity may do itself, and the most it comes to by becoming others."""
    power = standing.profile.power
    return {
        "level": str(standing.level),
        "may": [one.what for one in power.capabilities],
        "must": [one.what for one in power.capabilities if one.certain],
        "evidence": [capability_record(one) for one in power.capabilities],
        "own": str(power.level),
        "gaps": list(power.gaps),
        "certain": standing.certain,
        "way": [step_record(step) for step in standing.way],
    }


def capability_record(one: Capability) -> Record:
    return {
        "level": str(one.level),
        "what": one.what,
        "permissions": list(one.permissions),
        "scope": one.scope,
        "path": one.path,
        "certain": one.certain,
        "reason": one.doubt,
        "sources": [source_record(source) for source in one.sources],
    }


def step_record(step: Step) -> Record:
    return {
        "kind": step.kind,
        "how": step.how,
        "to": {"provider": step.target.provider, "kind": step.target.kind, "id": step.target.id},
        "permissions": list(step.permissions),
        "certain": step.certain,
        "reason": step.doubt,
        "sources": [source_record(source) for source in step.sources],
    }


def finding_record(finding: Finding) -> Record:
    waiver = finding.waiver
    waived = {"waiver": {"reason": waiver.reason, "owner": waiver.owner, "expires": waiver.expires}} if waiver else {}
    return {
        "id": finding.id,
        "rule": finding.rule,
        "severity": str(finding.severity),
        "confidence": finding.confidence.value,
        finding.subject_kind: finding.subject,
        "title": finding.title,
        "detail": finding.detail,
        "witness": None if finding.witness is None else witness_record(finding.witness),
        "evidence": [source_record(source) for source in finding.evidence],
        "fix": None if finding.fix is None else fix_record(finding.fix),
        "status": finding.status.value,
        **waived,
        **({"discriminator": finding.discriminator} if finding.discriminator else {}),
        **({} if finding.known is None else {"known": finding.known}),
    }


def source_record(source: Source) -> Record:
    record: Record = {"document": source.document, "pointer": source.pointer}
    if source.span is not None:
        record["span"] = dict(zip(("offset", "length"), source.span, strict=True))
    return record


def fix_record(fix: Fix) -> Record:
    return {"summary": fix.summary, "before": fix.before, "after": fix.after}


def summary_record(summary: Summary) -> Mapping[str, Any]:
    return {
        "trusts": summary.trusts,
        "identities": summary.identities,
        "by_severity": {str(severity): count for severity, count in summary.by_severity.items()},
        "coverage_complete": summary.coverage_complete,
        "waived": summary.waived,
        "errors": summary.errors,
        "undecided": summary.undecided,
    }
