"""Service connections of Azure DevOps in the older form, by three names, and those that have moved to Entra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.claims.verdict import Rejected
from auditor.model import Decision, Trust
from auditor.rules.base import Context

AZURE_DEVOPS = "499b84ac-1321-427f-aa17-267ca6975798"
"""The application id of Azure DevOps, which its newer subjects hold."""


def older(context: Context) -> Iterator[tuple[Decision, bool]]:
    """Living credentials for the older form, and whether one of the newer form for the same organization stands beside.

    Then the connection was most likely converted: Azure DevOps mints the newer form for it and no longer the older.
    """
    beside = {place for decision in context.decisions for place in newer(decision.trust)}
    for decision in context.decisions:
        trust = decision.trust
        if trust.notes.get("migrated-connection") and not isinstance(decision.reachable, Rejected):
            yield decision, (trust.identity.id, _organization(trust)) in beside


def newer(trust: Trust) -> Iterator[tuple[str, str]]:
    """Identity and organization of a credential for the newer form."""
    coded = trust.notes.get("eid1")
    if isinstance(coded, Mapping) and coded.get("application") == AZURE_DEVOPS:
        match list(coded.get("rest", ())):
            case ["sc", organization, _]:
                yield trust.identity.id, organization


def _organization(trust: Trust) -> str:
    """The organization's id, with which the issuer of the older form ends."""
    return trust.issuer.url.rpartition("/")[2]
