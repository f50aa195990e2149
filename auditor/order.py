"""The order of things in every report, whatever order they were collected or judged in."""

from __future__ import annotations

from auditor.model import Finding, Identity, Status, Trust
from auditor.snapshot import Coverage


def trust_order(trust: Trust) -> tuple[str, ...]:
    """By place and identity, then by what lets it in."""
    return (trust.provider, trust.scope, trust.identity.id, trust.issuer.url, trust.via, trust.member or "")


def identity_order(identity: Identity) -> tuple[str, ...]:
    """By place."""
    return (identity.provider, identity.scope, identity.kind, identity.id)


def row_order(row: Coverage) -> tuple[str, ...]:
    """By place."""
    return (row.provider, row.scope, row.kind, row.status, row.permission or "", row.reason or "")


def finding_order(finding: Finding) -> tuple[int, int, str, str, str]:
    """Open ones first, worst first; then by rule and subject."""
    state = (Status.OPEN, Status.ERROR, Status.WAIVED).index(finding.status)
    return (state, -finding.severity, finding.rule, finding.title, finding.id)
