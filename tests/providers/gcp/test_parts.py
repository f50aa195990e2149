"""Projects that are read apart come together as if they had been read at once, whoever is granted what in which."""

from __future__ import annotations

import copy
from typing import Any

from auditor.providers.gcp.collect import collect
from auditor.snapshot import Snapshot, merge, ordered
from fixtures.loopback.gcp import LoopbackGoogle
from tests.providers.gcp.organisation import DEPLOY, DEPLOY_RESOURCE, ESTATE, FAST, GRANT, MANAGER, bodies

WEB, DATA = "projects/web-prod", "projects/data"
DENY = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F1004/denypolicies/no-deletes"


def estate() -> dict[str, Any]:
    """Whoever enters web-prod as DEPLOY may go on to the project data, in person and as one of a group."""
    grants = [
        {"role": "roles/editor", "members": [f"serviceAccount:{DEPLOY}"]},
        {"role": "roles/viewer", "members": ["group:ci@acme.example"]},
    ]
    rule = {"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": ["x.googleapis.com/y.delete"]}
    changed: dict[str, Any] = {
        "projects": [
            *ESTATE["projects"],
            {"name": "projects/1004", "parent": "organizations/100", "projectId": "data", "state": "ACTIVE"},
        ],
        "iam-policies": [
            {"resource": DEPLOY_RESOURCE, "policy": {"bindings": [GRANT]}},
            {"resource": f"{MANAGER}projects/1004", "project": "projects/1004", "policy": {"bindings": grants}},
        ],
        "roles": [*ESTATE["roles"], {"name": "roles/editor", "includedPermissions": ["compute.instances.create"]}],
        "deny-policies": [{"name": DENY, "rules": [{"denyRule": rule}]}],
    }
    return {**copy.deepcopy(ESTATE), **changed}


def apart() -> Snapshot:
    parts = [collect([WEB], FAST, others=[DATA]), collect([DATA], FAST, others=[WEB])]
    return like(merge(parts))


def like(snapshot: Snapshot) -> Snapshot:
    """In order, with the times made alike."""
    snapshot.started = snapshot.finished = "2026-11-21T12:00:00Z"
    return ordered(snapshot)


def test_what_an_account_of_another_part_may_do_is_read(google: LoopbackGoogle) -> None:
    google.load(estate())
    whole = like(collect([WEB, DATA], FAST))
    assert set(bodies(whole, "deny-policy")) == {DENY}
    assert {"roles/editor", "roles/viewer"} <= set(bodies(whole, "role"))
    assert set(bodies(whole, "group")) == {"all@acme.example", "ci@acme.example"}
    assert apart() == whole


def test_projects_may_be_named_by_number_or_id(google: LoopbackGoogle) -> None:
    google.load(estate())
    named = [
        collect(["projects/1001"], FAST, others=["projects/1004"]),
        collect([DATA], FAST, others=["projects/1001"]),
    ]
    assert like(merge(named)) == apart()


def test_a_pool_of_another_part_is_left_to_it(google: LoopbackGoogle) -> None:
    changed = estate()
    changed["iam-policies"].append(
        {"resource": f"{MANAGER}projects/1004", "project": "projects/1004", "policy": {"bindings": [GRANT]}}
    )
    google.load(changed)
    part = collect([DATA], FAST, others=[WEB])
    assert bodies(part, "workload-identity-pool") == {}
    assert not [row for row in part.coverage if row.kind.startswith("workload-identity-pool ")]
    # Read on its own, the project needs the pool that lets somebody in.
    assert len(bodies(collect([DATA], FAST), "workload-identity-pool")) == 1
    assert apart() == like(collect([WEB, DATA], FAST))


def test_others_that_cannot_be_read_are_told_of_by_their_own_part(google: LoopbackGoogle) -> None:
    google.load(estate())
    part = collect([DATA], FAST, others=["projects/nowhere"])
    assert part.complete
    assert like(part) == like(collect([DATA], FAST, others=["projects/elsewhere"]))
