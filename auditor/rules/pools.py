"""Providers of workload identity pools, which several rules speak about once rather than once per binding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.model import Decision, Trust
from auditor.rules.base import Context

_PROVIDERS = "/providers/"


def pool_of(trust: Trust) -> str:
    """The full name of the pool a trust goes through."""
    return trust.via.partition(_PROVIDERS)[0]


def short(name: str) -> str:
    """A provider as people call it, `pool/provider`; a pool by its own name."""
    pool, _, provider = name.partition(_PROVIDERS)
    own = pool.rpartition("/")[2]
    return f"{own}/{provider}" if provider else own


def providers(context: Context) -> Iterator[Decision]:
    """One decision for every provider of a pool that takes tokens: its first, in the order of the report."""
    seen: set[str] = set()
    for decision in context.decisions:
        trust = decision.trust
        takes = trust.provider == "gcp" and "mapping" in trust.notes and "closed" not in trust.notes
        if takes and trust.via not in seen:
            seen.add(trust.via)
            yield decision


def mapping(trust: Trust) -> Mapping[str, Any]:
    """Attribute → what `providers/base.py` says about its expression."""
    found = trust.notes.get("mapping", {})
    return found if isinstance(found, Mapping) else {}
