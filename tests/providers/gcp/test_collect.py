"""Collection over real HTTP against the loopback Google: what is read, how it is asked, what it costs."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.config import Config, GcpTargets, Targets
from auditor.errors import UsageError
from auditor.providers.gcp import LEAST_PRIVILEGE, PROVIDER
from auditor.providers.gcp.collect import collect, names
from auditor.snapshot import Coverage, Status
from auditor.snapshot_file import load, save
from fixtures.loopback.faults import Fault
from fixtures.loopback.gcp import LoopbackGoogle
from fixtures.loopback.gcp_routes import GROUPS_READER, ROUTES
from tests.providers.gcp.organisation import (
    DEPLOY,
    DEPLOY_RESOURCE,
    ESTATE,
    EVERYONE,
    FAST,
    GRANT,
    IDLE,
    MANAGER,
    ORGANIZATION,
    OTHER_POOL,
    POOL,
    SEARCH,
    UNTIL,
    bodies,
    gaps,
    raw,
    row,
)
from tests.reading import read_alone

# What is read


def test_a_whole_organisation_by_search(google: LoopbackGoogle) -> None:
    snapshot = collect([ORGANIZATION], FAST)
    assert gaps(snapshot) == [
        ("-", "deny-policy", "skipped", "not read in projects in which nothing is granted to a federated member")
    ]
    assert snapshot.complete
    assert bodies(snapshot, "organization") == raw("organizations")
    assert bodies(snapshot, "folder") == raw("folders")
    assert bodies(snapshot, "project") == raw("projects")
    assert bodies(snapshot, "workload-identity-pool") == raw("workload-identity-pools")
    assert bodies(snapshot, "workload-identity-pool-provider") == raw("workload-identity-pool-providers")
    assert bodies(snapshot, "service-account") == {body["email"]: body for body in ESTATE["service-accounts"]}
    assert bodies(snapshot, "role") == raw("roles")
    assert bodies(snapshot, "deny-policy") == raw("deny-policies")
    assert bodies(snapshot, "principal-access-boundary") == raw("principal-access-boundaries")
    assert bodies(snapshot, "policy-binding") == raw("policy-bindings")
    assert bodies(snapshot, "workforce-pool") == raw("workforce-pools")
    assert bodies(snapshot, "workforce-pool-provider") == raw("workforce-pool-providers")
    assert bodies(snapshot, "group") == {
        group["groupKey"]["id"]: {
            "groupKey": group["groupKey"],
            "name": group["name"],
            "memberships": group["memberships"],
        }
        for group in ESTATE["groups"]
    }
    policies = bodies(snapshot, "iam-policy")
    assert policies == {
        DEPLOY_RESOURCE: {
            "resource": DEPLOY_RESOURCE,
            "assetType": "iam.googleapis.com/ServiceAccount",
            "project": "projects/1001",
            "policy": {"bindings": [GRANT, {**GRANT, "condition": UNTIL}]},
        },
        f"{MANAGER}folders/200": {
            "resource": f"{MANAGER}folders/200",
            "assetType": "cloudresourcemanager.googleapis.com/Folder",
            "policy": {"bindings": ESTATE["iam-policies"][1]["policy"]["bindings"]},
        },
        "//storage.googleapis.com/acme-assets": {
            "resource": "//storage.googleapis.com/acme-assets",
            "assetType": "storage.googleapis.com/Bucket",
            "project": "projects/1001",
            "policy": {"bindings": [{"role": "roles/storage.objectAdmin", "members": [EVERYONE]}]},
            "matches": "policy:workloadIdentityPools",
        },
    }
    assert row(snapshot, ORGANIZATION, "cloud-asset") == Coverage(
        "gcp",
        ORGANIZATION,
        "cloud-asset",
        Status.READ,
        "the whole of it by Cloud Asset Inventory search, whose index may lag by minutes",
        "cloudasset.assets.searchAllResources",
    )
    scopes = {(doc.kind, doc.id): doc.scope for doc in snapshot.documents}
    assert scopes["service-account", DEPLOY] == scopes["iam-policy", DEPLOY_RESOURCE] == "web-prod"
    assert scopes["workload-identity-pool-provider", f"{POOL}/providers/github"] == "web-prod"
    assert scopes["iam-policy", f"{MANAGER}folders/200"] == "folders/200"
    assert scopes["deny-policy", next(iter(raw("deny-policies")))] == "web-prod"
    assert scopes["role", "roles/storage.objectAdmin"] == "-"


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN, Fault.SWITCHED_OFF, Fault.BAD_REQUEST, Fault.HTML_200])
def test_without_search_an_organisation_is_read_project_by_project(google: LoopbackGoogle, fault: Fault) -> None:
    searched = collect([ORGANIZATION], FAST)
    google.load(copy.deepcopy(ESTATE), page_size=1)
    google.fail("cloudasset", fault)
    snapshot = collect([ORGANIZATION], FAST)

    way = row(snapshot, ORGANIZATION, "cloud-asset")
    assert way.status is Status.SKIPPED
    assert (way.reason or "").startswith("read project by project instead, because ")
    direct = row(snapshot, ORGANIZATION, "direct-grants")
    assert direct.status is (Status.DENIED if fault is Fault.FORBIDDEN else Status.FAILED)
    assert direct.permission == SEARCH
    assert not snapshot.complete

    both = {(doc.kind, doc.id): doc for doc in searched.documents}
    alone = {(doc.kind, doc.id): doc for doc in snapshot.documents}
    assert both.keys() - alone.keys() == {
        ("iam-policy", "//storage.googleapis.com/acme-assets"),
        ("role", "roles/storage.objectAdmin"),
    }
    # Whoever reads one by one also keeps the policies that grant nothing.
    assert {key for key in alone.keys() - both.keys() if alone[key].body["policy"] != {"etag": "ACAB"}} == set()
    assert bodies(snapshot, "iam-policy")[DEPLOY_RESOURCE]["policy"] == ESTATE["iam-policies"][0]["policy"]


def test_the_switched_off_api_can_be_switched_on_by_the_command_in_the_reason(google: LoopbackGoogle) -> None:
    google.fail("cloudasset", Fault.SWITCHED_OFF)
    reason = row(collect(["projects/web-prod"], FAST), "web-prod", "direct-grants").reason
    assert reason == (
        "PERMISSION_DENIED: cloudasset.googleapis.com has not been used in project 1 before or it is disabled. "
        "To enable it: gcloud services enable cloudasset.googleapis.com"
    )


@pytest.mark.parametrize("name", ["web-prod", "1001"])
def test_a_project_by_id_or_number_with_what_is_above_it_and_the_pools_it_trusts(
    google: LoopbackGoogle, name: str
) -> None:
    snapshot = collect([f"projects/{name}"], FAST)
    assert gaps(snapshot) == []
    assert list(bodies(snapshot, "project")) == ["projects/1001"]
    assert bodies(snapshot, "folder") == raw("folders")
    assert bodies(snapshot, "organization") == raw("organizations")
    assert bodies(snapshot, "workload-identity-pool") == raw("workload-identity-pools")
    assert row(snapshot, "1002", f"workload-identity-pool {OTHER_POOL}").status is Status.READ
    assert sorted(bodies(snapshot, "iam-policy")) == sorted(
        [
            f"{MANAGER}folders/200",
            f"{MANAGER}organizations/100",
            f"{MANAGER}projects/1001",
            DEPLOY_RESOURCE,
            DEPLOY_RESOURCE.replace(DEPLOY, IDLE),
            "//storage.googleapis.com/acme-assets",
        ]
    )
    assert {doc.scope for doc in snapshot.of("gcp", "service-account")} == {"web-prod"}


def test_a_folder(google: LoopbackGoogle) -> None:
    snapshot = collect(["folders/200"], FAST)
    assert gaps(snapshot) == []
    assert list(bodies(snapshot, "project")) == ["projects/1001"]
    assert list(bodies(snapshot, "organization")) == [ORGANIZATION]
    assert {row.scope for row in snapshot.coverage if row.kind == "iam-policy"} == {"folders/200", ORGANIZATION}


def test_targets_that_overlap_are_read_once(google: LoopbackGoogle) -> None:
    collect([ORGANIZATION, "projects/web-prod", "projects/1001"], FAST)
    assert google.calls["iam.projects.locations.workloadIdentityPools.list"] == 4  # three pools and one, a page each
    assert google.calls["iam.projects.serviceAccounts.list"] == 0


def test_unique_ids_of_accounts_become_addresses_again(google: LoopbackGoogle) -> None:
    """Cloud Asset Inventory names service accounts by number; bindings are about addresses."""
    direct = collect(["projects/web-prod"], FAST)
    searched = collect([ORGANIZATION], FAST)
    assert DEPLOY_RESOURCE in bodies(direct, "iam-policy")
    assert DEPLOY_RESOURCE in bodies(searched, "iam-policy")


def test_what_is_collected_survives_a_file(google: LoopbackGoogle, tmp_path: Path) -> None:
    snapshot = collect([ORGANIZATION], FAST)
    with (tmp_path / "s.jsonl").open("w", encoding="utf-8") as stream:
        save(snapshot, stream)
    assert load(tmp_path / "s.jsonl") == snapshot
    assert datetime.fromisoformat(snapshot.started) <= datetime.fromisoformat(snapshot.finished)


def test_two_collections_are_equal(google: LoopbackGoogle) -> None:
    first, second = collect([ORGANIZATION], FAST), collect([ORGANIZATION], FAST)
    assert (first.documents, first.coverage) == (second.documents, second.coverage)


def test_what_is_granted_on_an_organisation_touches_every_project_but_those_that_are_going(
    google: LoopbackGoogle,
) -> None:
    grant = {"resource": f"{MANAGER}{ORGANIZATION}", "policy": {"bindings": [GRANT]}}
    google.load({**ESTATE, "iam-policies": [grant]})
    snapshot = collect([ORGANIZATION], FAST)
    assert [row.scope for row in snapshot.coverage if row.kind == "deny-policy"] == [
        "folders/200",
        "identity",
        ORGANIZATION,
        "web-prod",
    ]


# What service accounts are granted


def test_what_service_accounts_and_groups_are_granted_is_read_with_its_roles(google: LoopbackGoogle) -> None:
    editor = {"role": "roles/editor", "members": [f"serviceAccount:{IDLE.upper()}"]}
    strangers = {"role": "roles/owner", "members": ["user:ann@acme.example", "serviceAccount:else@where.example"]}
    writer = {"role": "roles/storage.objectAdmin", "members": [f"serviceAccount:{DEPLOY}"]}
    both = {"role": "roles/storage.objectAdmin", "members": [EVERYONE, f"serviceAccount:{IDLE}"]}
    bucket = {"assetType": "storage.googleapis.com/Bucket", "project": "projects/1001"}
    policies = [
        {"resource": f"{MANAGER}projects/1001", "policy": {"bindings": [editor, strangers]}},
        {"resource": "//storage.googleapis.com/a", **bucket, "policy": {"bindings": [both, writer, strangers]}},
        {"resource": "//storage.googleapis.com/b", **bucket, "policy": {"bindings": [writer]}},
    ]
    roles = [*ESTATE["roles"], {"name": "roles/editor", "includedPermissions": ["compute.instances.create"]}]
    google.load({**ESTATE, "iam-policies": policies, "roles": roles})
    snapshot = collect([ORGANIZATION], FAST)
    assert list(bodies(snapshot, "role")) == ["roles/editor", "roles/storage.objectAdmin"]
    kept = bodies(snapshot, "iam-policy")
    assert kept[f"{MANAGER}projects/1001"]["policy"] == {"bindings": [editor, strangers]}
    assert kept["//storage.googleapis.com/a"] == {
        "resource": "//storage.googleapis.com/a",
        **bucket,
        "policy": {"bindings": [both, writer, strangers]},
        "matches": "policy:workloadIdentityPools OR memberTypes:serviceAccount",
    }
    assert kept["//storage.googleapis.com/b"]["matches"] == "memberTypes:serviceAccount"
    assert row(snapshot, ORGANIZATION, "account-grants").status is Status.READ


def test_groups_that_may_not_be_read_are_asked_for_once_and_no_gap(google: LoopbackGoogle) -> None:
    google.fail("cloudidentity", Fault.FORBIDDEN)
    snapshot = collect([ORGANIZATION], FAST)
    found = row(snapshot, "-", "group")
    assert (found.status, found.permission) == (Status.SKIPPED, "Groups Reader (a role of Cloud Identity)")
    assert (found.reason or "").startswith("who is in the groups was not read: PERMISSION_DENIED")
    assert google.calls["cloudidentity.groups.lookup"] == 1
    assert snapshot.complete
    assert bodies(snapshot, "group") == {}


def test_groups_of_deny_policies_are_read_too(google: LoopbackGoogle) -> None:
    rule = {"deniedPrincipals": ["principalSet://goog/group/Ops@acme.example"], "deniedPermissions": []}
    name = "policies/cloudresourcemanager.googleapis.com%2Forganizations%2F100/denypolicies/ops"
    group = {"name": "groups/03", "groupKey": {"id": "ops@acme.example"}}
    denies = [{"name": name, "rules": [{"denyRule": rule}]}]
    google.load({**ESTATE, "deny-policies": denies, "groups": [*ESTATE["groups"], group]})
    assert sorted(bodies(collect([ORGANIZATION], FAST), "group")) == [
        "all@acme.example",
        "ci@acme.example",
        "ops@acme.example",
    ]


def test_one_group_that_may_not_be_read_is_named(google: LoopbackGoogle) -> None:
    google.fail("groups/02/memberships", Fault.NOT_FOUND)
    snapshot = collect([ORGANIZATION], FAST)
    assert list(bodies(snapshot, "group")) == ["all@acme.example"]
    assert row(snapshot, "-", "group ci@acme.example").status is Status.SKIPPED
    assert row(snapshot, "-", "group").status is Status.READ


# How it is asked


def test_the_wire(google: LoopbackGoogle) -> None:
    collect(["projects/web-prod"], FAST)
    asked = "\n".join(google.paths)
    assert "/v2/policies/cloudresourcemanager.googleapis.com%252Fprojects%252F1001/denypolicies" in asked
    assert f"/v1/projects/-/serviceAccounts/{DEPLOY}:getIamPolicy?options.requestedPolicyVersion=3" in asked
    assert "/v1/projects/1001/locations/global/workloadIdentityPools?pageSize=1000&showDeleted=true" in asked
    assert "query=policy%3AworkloadIdentityPools" in asked
    assert "ci-mesh/providers" not in asked  # such a pool cannot have any


def test_conditions_arrive(google: LoopbackGoogle) -> None:
    """Google leaves them out unless it is asked for version 3, in two different ways."""
    google.fail("cloudasset", Fault.FORBIDDEN)
    google.load(
        {
            **ESTATE,
            "iam-policies": [
                {"resource": f"{MANAGER}{level}", "policy": {"version": 3, "bindings": [{**GRANT, "condition": UNTIL}]}}
                for level in (ORGANIZATION, "folders/200", "projects/1001")
            ]
            + ESTATE["iam-policies"][:1],
        }
    )
    policies = bodies(collect(["projects/web-prod"], FAST), "iam-policy")
    conditional = [name for name, body in policies.items() if "condition" in json.dumps(body)]
    assert sorted(conditional) == sorted(
        [*(f"{MANAGER}{level}" for level in (ORGANIZATION, "folders/200", "projects/1001")), DEPLOY_RESOURCE]
    )


def test_every_method_is_called_with_a_permission_that_is_listed(google: LoopbackGoogle) -> None:
    google.fail("cloudasset", Fault.FORBIDDEN, after=3)
    collect([ORGANIZATION], FAST)
    collect(["projects/web-prod"], FAST)
    needed = {permission for _, _, method, permission in ROUTES if google.calls[method]}
    assert needed == {*LEAST_PRIVILEGE, GROUPS_READER}
    assert google.calls["unknown"] == 0


def test_the_permissions_are_a_role_that_gcloud_takes() -> None:
    text = PROVIDER.permissions()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines[:4] == [
        "title: OIDC trust auditor",
        "description: Reads who may become which service account through workload identity federation.",
        "stage: GA",
        "includedPermissions:",
    ]
    assert lines[4:] == [f"- {permission}" for permission in sorted(LEAST_PRIVILEGE)]


# What is asked for


def test_names_of_targets() -> None:
    assert names(["web-prod", "projects/1001", "acme.example:old", "web-prod"], ["folders/2", "3"], ["100"]) == [
        "organizations/100",
        "folders/2",
        "folders/3",
        "projects/web-prod",
        "projects/1001",
        "projects/acme.example:old",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"projects": ["a/../b"]}, "'a/../b' is neither the id nor the number of a project; `gcloud projects list`"),
        ({"projects": [""]}, "'' is neither"),
        ({"folders": ["Production"]}, "'Production' is no number of a folder; find it with `gcloud resource-manager"),
        ({"organizations": ["acme.example"]}, "find it with `gcloud organizations list`"),
    ],
)
def test_names_that_cannot_be_meant(arguments: dict[str, list[str]], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        names(**arguments)
    assert message in str(caught.value)


def test_the_configuration_says_what_to_read_unless_the_command_line_does(google: LoopbackGoogle) -> None:
    config = Config(targets=Targets(gcp=GcpTargets(folders=("200",))))
    assert row(read_alone(PROVIDER, config, limits=FAST), "folders/200", "cloud-asset").status is Status.READ
    snapshot = read_alone(PROVIDER, config, projects=["identity"], limits=FAST)
    assert list(bodies(snapshot, "project")) == ["projects/1002"]


def test_the_project_of_the_environment_is_the_last_resort(
    google: LoopbackGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "identity")
    assert list(bodies(read_alone(PROVIDER, Config(), limits=FAST), "project")) == ["projects/1002"]


# How much it costs


def large(projects: int, providers: int) -> dict[str, Any]:
    """An organisation in which every project has a pool with so many providers, and a service account."""
    numbers = range(5000, 5000 + projects)
    pools = {number: f"projects/{number}/locations/global/workloadIdentityPools/ci" for number in numbers}
    address = "ci@p-{0}.iam.gserviceaccount.com"
    return {
        "organizations": ESTATE["organizations"],
        "folders": [{"name": f"folders/{200 + i}", "parent": ORGANIZATION} for i in range(4)],
        "projects": [
            {"name": f"projects/{number}", "parent": f"folders/{200 + number % 4}", "projectId": f"p-{number}"}
            for number in numbers
        ],
        "workload-identity-pools": [{"name": pool, "state": "ACTIVE"} for pool in pools.values()],
        "workload-identity-pool-providers": [
            {"name": f"{pool}/providers/github-{i}", "attributeCondition": f"assertion.repository == 'acme/r{i}'"}
            for pool in pools.values()
            for i in range(providers)
        ],
        "service-accounts": [
            {"email": address.format(number), "projectId": f"p-{number}", "uniqueId": f"9{number}"}
            for number in numbers
        ],
        "iam-policies": [
            {
                "resource": f"//iam.googleapis.com/projects/p-{number}/serviceAccounts/{address.format(number)}",
                "policy": {"bindings": [{**GRANT, "members": [f"principalSet://iam.googleapis.com/{pool}/*"]}]},
            }
            for number, pool in pools.items()
        ],
        "roles": ESTATE["roles"],
    }


def test_500_projects_with_10_providers_each(google: LoopbackGoogle) -> None:
    google.load(large(500, 10))
    snapshot = collect([ORGANIZATION], FAST)
    assert snapshot.complete
    assert len(bodies(snapshot, "workload-identity-pool-provider")) == 5000
    assert len(bodies(snapshot, "iam-policy")) == 500
    assert dict(google.calls) == {
        "cloudresourcemanager.organizations.get": 1,
        "cloudresourcemanager.projects.list": 5,
        "cloudresourcemanager.folders.list": 5,
        "cloudasset.searchAllResources": 2,
        "cloudasset.searchAllIamPolicies": 3,
        "iam.projects.locations.workloadIdentityPools.list": 500,
        "iam.projects.locations.workloadIdentityPools.providers.list": 500,
        "iam.roles.get": 1,
        "iam.policies.listPolicies": 505,
        "iam.organizations.locations.principalAccessBoundaryPolicies.list": 1,
        "iam.locations.workforcePools.list": 1,
    }
    google.calls.clear()
    google.fail("cloudasset", Fault.FORBIDDEN)
    one_by_one = collect([ORGANIZATION], FAST)
    assert len(bodies(one_by_one, "workload-identity-pool-provider")) == 5000
    assert sum(google.calls.values()) == 3026
