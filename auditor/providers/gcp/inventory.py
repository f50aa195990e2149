"""What is listed rather than judged: identities, pools that are set apart, providers nobody uses."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model import Identity, Source
from auditor.providers.gcp.bindings import bindings_of, reached
from auditor.providers.gcp.doors import NOT_FEDERATED, Doors, closed
from auditor.providers.gcp.estate import GCP, Estate, estate_of
from auditor.providers.gcp.members import GKE_POOL, PoolMember, SetApart
from auditor.snapshot import Snapshot

PROVIDER = "workload-identity-pool-provider"
GKE, TRUST_DOMAIN, WORKFORCE = "gke-pool", "trust-domain-pool", "workforce-pool"


def identities(snapshot: Snapshot) -> Iterator[Identity]:
    """Everything some federated identity may become or act on, and the pools that no outside issuer reaches."""
    estate = estate_of(snapshot)
    seen: dict[Identity, None] = {}
    for binding in bindings_of(estate):
        member = binding.member
        if isinstance(member, SetApart):
            seen[_apart(member.kind, member.pool, estate)] = None
        elif isinstance(member, PoolMember) and not Doors.federated(estate, member):
            seen[_apart(TRUST_DOMAIN, estate.pool_name(member.pool), estate)] = None
        else:
            seen.update(dict.fromkeys(identity for identity, _ in reached(binding, estate)))
    for name, body in estate.pools.items():
        if name.endswith(GKE_POOL):
            seen[_apart(GKE, name, estate)] = None
        elif body.get("mode") in NOT_FEDERATED:
            seen[_apart(TRUST_DOMAIN, name, estate)] = None
    for name, document in estate.workforce.items():
        if document.kind == WORKFORCE:
            seen[_apart(WORKFORCE, name, estate)] = None
    return iter(seen)


def _apart(kind: str, pool: str, estate: Estate) -> Identity:
    """A pool as something to list; old members name GKE's by its short name alone."""
    short = pool.rpartition("/")[2]
    if kind == GKE and "/" not in pool:
        project = pool.removesuffix(GKE_POOL)
        pool = f"projects/{estate.project(project).number or project}/locations/global/workloadIdentityPools/{short}"
    if pool.startswith("projects/"):
        scope = estate.pool_scope(pool)
    else:
        scope = estate.workforce[pool].scope if pool in estate.workforce else "-"
    return Identity(GCP, scope, kind, pool, short)


def idle_registrations(snapshot: Snapshot) -> Iterator[tuple[Identity, Source]]:
    """Providers whose pool no policy names, of those that were read.

    Nothing is said where a policy of a project, folder, organisation or service account was not read. Policies of
    single resources are read only where Cloud Asset Inventory can be searched: the rule says so.
    """
    estate = estate_of(snapshot)
    if not estate.policies_read:
        return
    named = {
        estate.pool_name(binding.member.pool)
        for binding in bindings_of(estate)
        if isinstance(binding.member, PoolMember)
    }
    for pool, providers in estate.providers.items():
        if pool in named or pool.endswith(GKE_POOL) or closed("pool", estate.pools.get(pool, {})) is not None:
            continue
        for name, body in providers.items():
            if closed("provider", body) is None:
                shown = f"{pool.rpartition('/')[2]}/{name.rpartition('/')[2]}"
                yield Identity(GCP, estate.pool_scope(pool), PROVIDER, name, shown), Source(name, "")
