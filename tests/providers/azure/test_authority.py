"""The authority of Azure: every row of its tables, evidence, order, usage, sketches, hostile documents."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model import Identity, Level
from auditor.power import Capability, Profile
from auditor.providers.azure import Azure
from auditor.providers.azure.authority import AzureAuthority
from auditor.providers.azure.known import Action, Bridge, Path, Right, tables
from auditor.providers.azure.scopes import Size, hierarchy_of, scope_of
from auditor.snapshot import Coverage, Document, Snapshot, Status
from tests.providers.azure.power_estates import GRAPH, WHOLE, guid, identity_id, snapshot

CASES = json.loads((File(__file__).parents[3] / "fixtures/cases/azure_power.json").read_text("utf-8"))
DEPLOY = Identity("azure", "subscriptions/22222222-aaaa-4bbb-8ccc-000000000002", "managed-identity",
                  identity_id("deploy"), "deploy")  # fmt: skip


def profile(case: Mapping[str, Any]) -> Profile:
    return AzureAuthority(snapshot(case)).profile(DEPLOY)


def granting(actions: tuple[Action, ...]) -> dict[str, Any]:
    """A case in which `deploy` holds exactly these actions, each in an entry of its own, at the root."""
    lists = {
        "actions": [one.name for one in actions if not one.data],
        "dataActions": [one.name for one in actions if one.data],
    }
    return {"roles": {"exact": lists}, "assignments": [{"to": "deploy", "role": "exact", "on": "root"}]}


def paths(case: Mapping[str, Any]) -> set[str | None]:
    return {capability.path for capability in profile(case).power.capabilities}


# -- the tables


@pytest.mark.parametrize("path", tables().paths, ids=lambda path: path.id)
def test_each_path_is_found_when_granted_exactly_and_only_then(path: Path) -> None:
    whole = (*path.actions, *path.any[:1])
    assert path.id in paths(granting(whole))
    for missing in whole:
        assert path.id not in paths(granting(tuple(one for one in whole if one != missing)))
    for other in path.any[1:]:
        assert path.id in paths(granting((*path.actions, other)))
    plane = granting(tuple(Action(one.name, not one.data) for one in whole))
    assert path.id not in paths(plane)  # actions hold no data actions, nor the other way round


@pytest.mark.parametrize("bridge", tables().bridges, ids=lambda bridge: bridge.what)
def test_each_bridge_is_found_by_each_of_its_actions(bridge: Bridge) -> None:
    what = bridge.what.replace("{scope}", "the whole tenant")
    for action in bridge.actions:
        found = profile(granting((action,))).power.capabilities
        assert [(one.level, one.permissions, one.certain) for one in found if one.what == what] == [
            (bridge.level, (action.name,), bridge.needs is None)
        ]


@pytest.mark.parametrize("right", tables().permissions.values(), ids=lambda right: right.name)
def test_each_application_permission_counts_as_the_table_says(right: Right) -> None:
    power = profile({"permissions": [{"to": "deploy", "permission": right.id.upper()}]}).power
    assert [(one.level, one.what, one.path, one.certain) for one in power.capabilities] == [
        (right.level, right.what, right.path, right.needs is None)
    ]
    assert power.gaps == ()


@pytest.mark.parametrize("right", tables().roles.values(), ids=lambda right: right.name)
def test_each_directory_role_counts_as_the_table_says(right: Right) -> None:
    power = profile({"directory": [{"to": "deploy", "role": right.id}]}).power
    assert [(one.level, one.what, one.path, one.certain) for one in power.capabilities] == [
        (right.level, right.what, right.path, right.needs is None)
    ]


def test_permissions_of_other_services() -> None:
    exchange = {"resourceId": guid("exchange"), "resourceDisplayName": "Office 365 Exchange Online"}
    service = {
        "scope": WHOLE,
        "kind": "service-principal",
        "id": f"servicePrincipals/{guid('exchange')}",
        "body": {"id": guid("exchange"), "appId": "00000002-0000-0ff1-ce00-000000000000"},
    }
    full = {"to": "deploy", "permission": "dc890d15-9560-4a4c-9b7f-a736ec74ec40", "of": exchange}
    power = profile({"permissions": [full], "documents": [service]}).power
    assert [(one.level, one.what) for one in power.capabilities] == [
        (Level.WIDE_WRITE, "read and change all mailboxes")
    ]
    unknown = profile({"permissions": [full]}).power  # which service it is was not read
    assert unknown.capabilities == ()
    assert unknown.gaps == (
        f"what the application permission {full['permission']} of Office 365 Exchange Online allows is not known",
    )


@pytest.mark.parametrize(
    ("value", "level", "gap"),
    [
        ("Things.ReadWrite.All", Level.WIDE_WRITE, True),
        ("Things.Manage.All", Level.WIDE_WRITE, True),
        ("Things.Read.All", Level.SENSITIVE_READ, False),
        ("Things.Selected", Level.SCOPED, False),
    ],
)
def test_a_permission_that_only_graph_names_is_judged_by_its_name(value: str, level: Level, gap: bool) -> None:
    named = {"id": "12121212-0000-4000-8000-000000000001", "value": value}
    service = {
        "scope": WHOLE,
        "kind": "service-principal",
        "id": f"servicePrincipals/{GRAPH}",
        "body": {"id": GRAPH, "appId": "00000003-0000-0000-c000-000000000000", "appRoles": [named]},
    }
    power = profile({"permissions": [{"to": "deploy", "permission": named["id"]}], "documents": [service]}).power
    assert [(one.level, one.what, one.doubt) for one in power.capabilities] == [
        (level, f"use {value}", "the permission is what its name says")
    ]
    assert bool(power.gaps) is gap


@pytest.mark.parametrize(
    ("definition", "level", "doubt", "gap"),
    [
        ({"rolePermissions": [{"allowedResourceActions": ["microsoft.directory/users/basic/update"]}]},
         Level.WIDE_WRITE, "its actions are what their names say", False),
        ({"rolePermissions": [{"allowedResourceActions": ["microsoft.directory/users/basic/update"]}],
          "isPrivileged": True},
         Level.ESCALATION, "the role leads to more, for which Microsoft calls it privileged", False),
        ({"rolePermissions": [{"allowedResourceActions": ["microsoft.directory/applications/credentials/update"],
                               "condition": "$SubjectIsOwner"}]},
         Level.ESCALATION, "the condition of the role: $SubjectIsOwner", False),
        ({"rolePermissions": [{"allowedResourceActions": ["microsoft.directory/users/standard/read", 7]}]},
         Level.SCOPED, None, True),
    ],
)  # fmt: skip
def test_a_directory_role_that_only_its_actions_tell(
    definition: Mapping[str, Any], level: Level, doubt: str | None, gap: bool
) -> None:
    ident = "66666666-aaaa-4bbb-8ccc-000000000009"
    role = {"id": ident, "displayName": "Own", "isBuiltIn": False, **definition}
    power = profile({"directory": [{"to": "deploy", "role": ident}], "directory-roles": [role]}).power
    assert [(one.level, one.doubt) for one in power.capabilities] == [(level, doubt)]
    assert bool(power.gaps) is gap


def test_one_wildcard_is_told_once() -> None:
    """What `Microsoft.Web/sites/*` grants is one line; spelled out it is one line each."""
    web = [path.id for path in tables().paths if path.actions[0].name.startswith("Microsoft.Web/")]
    assert len(web) == 5
    wild = profile(granting((Action("Microsoft.Web/sites/*"),))).power.capabilities
    assert [(one.path, one.permissions[0]) for one in wild if one.path] == [
        ("azure-run-code", "Microsoft.Web/sites/publish/Action")
    ]
    exact = tuple(path.actions[0] for path in tables().paths if path.id in web)
    assert paths(granting(exact)) >= set(web)


# -- profiles


def test_evidence_points_at_what_is_there() -> None:
    """Every source of every case resolves; a capability by a role names its assignment and the entry of the role."""
    for case in CASES:
        held = snapshot(case)
        documents = {document.id: document.body for document in held.documents}
        authority = AzureAuthority(held)
        for identity in authority.identities():
            found = authority.profile(identity)
            sources = [source for one in found.power.capabilities for source in one.sources]
            for source in (*sources, *(source for step in found.steps for source in step.sources)):
                value: Any = documents[source.document]
                for key in source.pointer.split("/")[1:]:
                    value = value[int(key)] if isinstance(value, list) else value[key]


def test_evidence_goes_down_to_the_action() -> None:
    case = {"roles": {"mixed": {"actions": ["*/read", "Microsoft.Storage/storageAccounts/*"]}},
            "assignments": [{"to": "deploy", "role": "mixed", "on": "subscription"}]}  # fmt: skip
    keys = next(one for one in profile(case).power.capabilities if "with their keys" in one.what)
    assert [source.pointer for source in keys.sources] == ["/properties", "/properties/permissions/0/actions/1"]
    assert keys.sources[1].document.endswith(guid("role", "mixed"))
    assert keys.permissions == ("Microsoft.Storage/storageAccounts/listKeys/action",)
    assert keys.scope == "/subscriptions/22222222-aaaa-4bbb-8ccc-000000000002"


def test_the_order_of_documents_means_nothing() -> None:
    for case in CASES:
        held = snapshot(case)
        want = {one.id: AzureAuthority(held).profile(one) for one in AzureAuthority(held).identities()}
        mixed = list(held.documents)
        random.Random(case["name"]).shuffle(mixed)
        other = AzureAuthority(Snapshot(held.started, held.finished, mixed, held.coverage[::-1]))
        assert {one.id: other.profile(one) for one in other.identities()} == want, case["name"]


def test_identities_are_those_of_trusts() -> None:
    case = {
        "identities": {"deploy": "managed-identity", "idle": "managed-identity", "portal": "application"},
        "credentials": {
            "deploy": [{"issuer": "https://gitlab.com", "subject": "project_path:a/b:ref_type:branch:ref:main"}],
            "portal": [{"issuer": "https://gitlab.com", "subject": "project_path:a/b:ref_type:branch:ref:main"}],
        },
    }
    held = snapshot(case)
    authority = Azure().authority(held)
    assert [one.name for one in authority.identities()] == ["deploy", "idle", "portal"]
    trusted = {trust.identity for trust in Azure().trusts(held)}
    assert {one.name for one in trusted} == {"deploy", "portal"}
    assert trusted <= set(authority.identities())


def test_an_identity_nobody_collected() -> None:
    stranger = Identity("azure", "tenants/x", "application", "nowhere", "stranger")
    assert AzureAuthority(snapshot({})).profile(stranger).power.gaps == ("stranger was not collected",)


def test_ids_are_looked_up_in_any_case_and_profiles_are_kept() -> None:
    authority = AzureAuthority(snapshot({"assignments": [{"to": "deploy", "role": "Owner", "on": "rg"}]}))
    loud = Identity("azure", DEPLOY.scope, DEPLOY.kind, DEPLOY.id.upper(), "deploy")
    assert authority.profile(loud) is authority.profile(DEPLOY)


def test_use() -> None:
    case: dict[str, Any] = {
        "identities": {"deploy": "managed-identity", "portal": "application"},
        "activity": {"portal": "2026-11-01T08:00:00Z"},
    }
    authority = AzureAuthority(snapshot(case))
    told = {
        one.name: (found.created, found.last_used, found.use_known)
        for one in authority.identities()
        for found in [authority.profile(one)]
    }
    assert told == {
        "deploy": (None, None, False),  # nothing says that managed identities have records
        "portal": ("2025-03-01T00:00:00Z", "2026-11-01T08:00:00Z", True),
    }
    case["activity"] = {"deploy": "2026-11-02T08:00:00Z"}
    case["rows"] = [[WHOLE, "sign-in-activity", "denied", "403"]]
    authority = AzureAuthority(snapshot(case))
    found = [authority.profile(one) for one in authority.identities()]
    assert [(one.last_used, one.use_known) for one in found] == [("2026-11-02T08:00:00Z", True), (None, False)]


def test_coverage_by_resource_graph_is_enough() -> None:
    """One row of the tenant stands for its subscriptions."""
    held = snapshot({"assignments": [{"to": "deploy", "role": "Network Contributor", "on": "subscription"}]})
    kinds = ("role-assignment", "deny-assignment")
    rows = [row for row in held.coverage if row.kind not in kinds]
    rows += [Coverage("azure", WHOLE, kind, Status.READ) for kind in kinds]
    power = AzureAuthority(Snapshot(held.started, held.finished, held.documents, rows)).profile(DEPLOY).power
    assert (power.level, power.must, power.gaps) == (Level.WIDE_WRITE, Level.WIDE_WRITE, ())


def test_nothing_read_is_nothing_known() -> None:
    held = snapshot({})
    power = AzureAuthority(Snapshot(held.started, held.finished, held.documents, [])).profile(DEPLOY).power
    assert power.level is Level.UNKNOWN
    assert power.gaps == (
        "application permissions were not read",
        "directory roles were not read",
        "role assignments of subscriptions/22222222-aaaa-4bbb-8ccc-000000000002 were not read",
        "role assignments of subscriptions/22222222-aaaa-4bbb-8ccc-000000000003 were not read",
    )


def test_two_versions_of_a_role_prove_nothing() -> None:
    """A snapshot put together from two, between which the role was changed."""
    other = {
        "scope": WHOLE,
        "kind": "role-definition",
        "id": "/elsewhere",
        "body": {"name": guid("role", "own"), "properties": {"roleName": "own", "permissions": [{"actions": ["*"]}]}},
    }
    case = {
        "roles": {"own": {"actions": ["Microsoft.Network/*"]}},
        "assignments": [{"to": "deploy", "role": "own", "on": "subscription"}],
    }
    assert profile(case).power.must is Level.WIDE_WRITE
    power = profile({**case, "documents": [other]}).power
    assert (power.may, power.must) == (Level.ADMIN, Level.NONE)
    assert {one.doubt for one in power.capabilities if one.path is None} == {
        "the role own, read in 2 versions, is still this one"
    }


@pytest.mark.parametrize(
    ("parents", "inside"),
    [
        ({"apps": {"id": "/x/platform"}, "platform": {"id": None}}, True),
        ({"apps": {"id": "/x/elsewhere"}, "elsewhere": None}, False),
        ({"apps": {"id": "/x/elsewhere"}}, None),  # what lies above that was not read
        ({"apps": 7}, None),
        ({"apps": {"id": "/x/apps"}}, False),  # a circle leads nowhere
        ({}, None),
    ],
)
def test_management_groups(parents: Mapping[str, Any], inside: bool | None) -> None:
    documents = [
        Document("azure", WHOLE, "management-group", name, {"name": name, "properties": {"parent": parent}})
        for name, parent in parents.items()
    ]
    hierarchy = hierarchy_of(Snapshot("2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z", documents))
    groups = "/providers/Microsoft.Management/managementGroups"
    inner, outer = scope_of(f"{groups}/Apps"), scope_of(f"{groups}/PLATFORM/")
    assert inner is not None
    assert outer is not None
    assert hierarchy.within(inner, outer) is inside


@pytest.mark.parametrize(
    ("written", "size", "name"),
    [
        ("/", Size.ROOT, ""),
        ("/providers/Microsoft.Management/managementGroups/Apps", Size.MANAGEMENT_GROUP, "Apps"),
        ("/subscriptions/S/", Size.SUBSCRIPTION, "S"),
        ("/subscriptions/s/resourcegroups/rg", Size.RESOURCE_GROUP, "rg"),
        ("/subscriptions/s/resourceGroups/rg/providers/M.X/t/n", Size.RESOURCE, "n"),
        ("/subscriptions/s/providers/M.X/t/n", Size.RESOURCE, "n"),
        ("/providers/Microsoft.Capacity", Size.RESOURCE, "Microsoft.Capacity"),
        ("/providers/Microsoft.Management/managementGroups/apps/providers/M.X/t/n", Size.RESOURCE, "n"),
    ],
)
def test_scopes(written: str, size: Size, name: str) -> None:
    found = scope_of(written)
    assert found is not None
    assert (found.size, found.name, found.text) == (size, name, written)


@pytest.mark.parametrize("written", [None, 7, "", "subscriptions/s", "/elsewhere/s", "/subscriptions", "*"])
def test_what_is_no_scope(written: Any) -> None:
    assert scope_of(written) is None


# -- sketches


def sketched(case: Mapping[str, Any], path: str | None = None) -> tuple[str, Any, Any]:
    authority = AzureAuthority(snapshot(case))
    found = [one for one in authority.profile(DEPLOY).power.capabilities if path is None or one.path == path]
    fix = authority.sketch(DEPLOY, found[0])
    assert fix is not None
    assert fix.before is not None
    assert fix.after is not None
    return fix.summary, json.loads(fix.before), json.loads(fix.after)


def test_a_sketch_of_handing_out_roles() -> None:
    scope = "/subscriptions/22222222-aaaa-4bbb-8ccc-000000000002"
    summary = "let it hand out only the roles it has to, on the scope where it works"
    assert sketched({"assignments": [{"to": "deploy", "role": "Owner", "on": "subscription"}]}) == (
        f"A sketch, to be finished by somebody who knows what it does: {summary}",
        {"roleDefinition": "Owner", "scope": scope},
        {
            "roleDefinition": "Role Based Access Control Administrator",
            "scope": scope,
            "conditionVersion": "2.0",
            "condition": "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
            "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals "
            "{<ids of the roles it has to hand out>}))",
        },
    )


def test_a_sketch_of_a_role_of_microsoft() -> None:
    scope = "/subscriptions/22222222-aaaa-4bbb-8ccc-000000000002"
    _, before, after = sketched({"assignments": [{"to": "deploy", "role": "Contributor", "on": "subscription"}]})
    assert before == {"roleDefinition": "Contributor", "scope": scope}
    assert after == {
        "roleDefinition": "<a role that holds only the actions it needs>",
        "scope": f"{scope}/<the resource group or the resource it works on>",
    }


def test_a_sketch_of_a_role_of_ones_own() -> None:
    lists = {"actions": ["*/read", "Microsoft.Web/sites/*", "Microsoft.Compute/virtualMachines/runCommand/action"]}
    case = {"roles": {"own": lists}, "assignments": [{"to": "deploy", "role": "own", "on": "subscription"}]}
    assert sketched(case, "azure-vm-run-command")[1:] == (
        {"permissions": [lists]},
        {"permissions": [{"actions": ["*/read", "Microsoft.Web/sites/*"]}]},
    )
    assert sketched(case, "azure-run-code")[2] == {
        "permissions": [
            {
                "actions": [
                    "*/read",
                    "<the actions it needs of Microsoft.Web/sites/*>",
                    "Microsoft.Compute/virtualMachines/runCommand/action",
                ]
            }
        ]
    }


def test_sketches_of_the_directory() -> None:
    assert sketched({"permissions": [{"to": "deploy", "permission": "Application.ReadWrite.All"}]})[1:] == (
        {"resource": "Microsoft Graph", "appRole": "Application.ReadWrite.All"},
        {"resource": "Microsoft Graph", "appRole": "Application.ReadWrite.OwnedBy"},
    )
    assert sketched({"directory": [{"to": "deploy", "role": "Application Administrator"}]})[1:] == (
        {"roleDefinition": "Application Administrator", "directoryScopeId": "/"},
        {
            "roleDefinition": "Application Administrator",
            "directoryScopeId": "/<the object id of the application it looks after>",
        },
    )


def test_no_sketch_of_what_nothing_grants() -> None:
    loose = Capability(Level.ADMIN, "do anything", (), "/", ())
    assert AzureAuthority(snapshot({})).sketch(DEPLOY, loose) is None


# -- documents of another shape

HOSTILE: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, "", "*", "/", "\ud800", "a" * 2000, "/subscriptions/", "//", [], {}, [None], [[]], [{}], [0],
     {"id": []}, {"": {}}, ["*" * 600], {"parent": 1}, "00000000-0000-0000-0000-000000000000"],
)  # fmt: skip

BUSY = {
    "identities": {"deploy": "managed-identity", "portal": "application", "billing": "managed-identity"},
    "groups": {"robots": ["deploy"]},
    "roles": {"own": {"actions": ["Microsoft.Authorization/*"], "assignableScopes": ["subscription"]}},
    "assignments": [
        {"to": "deploy", "role": "Contributor", "on": "subscription"},
        {"to": "deploy", "role": "own", "on": "group", "condition": "c"},
        {"to": "robots", "role": "Key Vault Secrets User", "on": "vault"},
    ],
    "eligible": [{"to": "deploy", "role": "Owner", "on": "root"}],
    "deny": [{"permissions": [{"actions": ["Microsoft.Web/*"], "condition": "c"}], "but": ["billing"]}],
    "permissions": [{"to": "deploy", "permission": "Application.ReadWrite.OwnedBy"}],
    "directory": [{"to": "deploy", "role": "66666666-aaaa-4bbb-8ccc-000000000001", "on": "@portal"}],
    "directory-eligible": [{"to": "deploy", "role": "Global Administrator"}],
    "directory-roles": [
        {
            "id": "66666666-aaaa-4bbb-8ccc-000000000001",
            "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/applications/credentials/update"]}],
        }
    ],
    "owners": {"portal": ["deploy"]},
    "credentials": {"portal": [{"issuer": "entra", "subject": "principal:deploy"}]},
    "activity": {"portal": "2026-11-01T08:00:00Z"},
}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*at, index))


ALL_PLACES = [
    (number, at) for number, document in enumerate(snapshot(BUSY).documents) for at in places(document.body) if at
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ALL_PLACES), HOSTILE), min_size=1, max_size=4), st.sampled_from([0, 1, 2]))
def test_no_document_makes_it_raise(changes: list[tuple[tuple[int, tuple[Any, ...]], Any]], ids: int) -> None:
    held = snapshot(BUSY)
    bodies = [copy.deepcopy(dict(document.body)) for document in held.documents]
    for (number, at), value in changes:
        target: Any = bodies[number]
        try:
            for key in at[:-1]:
                target = target[key]
            target[at[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    documents = [
        Document(one.provider, one.scope, one.kind, (one.id, one.id.upper(), "x")[ids], body)
        for one, body in zip(held.documents, bodies, strict=True)
    ]
    authority = AzureAuthority(Snapshot(held.started, held.finished, documents, held.coverage))
    for identity in authority.identities():
        found = authority.profile(identity)
        for capability in found.power.capabilities:
            authority.sketch(identity, capability)


@pytest.mark.parametrize("kind", sorted({document.kind for document in snapshot(BUSY).documents}))
def test_documents_as_deep_as_json_goes(kind: str) -> None:
    """What nests as deeply as a snapshot can, in each place of a kind of document at once."""
    held = snapshot(BUSY)
    deep = json.loads("[" * 900 + "]" * 900)
    documents = []
    for one in held.documents:
        body = copy.deepcopy(dict(one.body))
        if one.kind == kind:
            told = body.get("properties")
            body |= {key: deep for key in body if key != "properties"}
            if isinstance(told, dict):
                body["properties"] = {
                    **dict.fromkeys(told, deep),
                    **{k: told[k] for k in ("principalId", "roleDefinitionId") if k in told},
                }
        documents.append(Document(one.provider, one.scope, one.kind, one.id, body))
    authority = AzureAuthority(Snapshot(held.started, held.finished, documents, held.coverage))
    for identity in authority.identities():
        for capability in authority.profile(identity).power.capabilities:
            authority.sketch(identity, capability)


@pytest.mark.parametrize("key", ["principalId", "roleDefinitionId", "scope"])
def test_an_assignment_nobody_understands_is_a_gap(key: str) -> None:
    held = snapshot({"assignments": [{"to": "deploy", "role": "Reader", "on": "subscription", key: 7}]})
    documents = [
        Document(one.provider, one.scope, one.kind, "odd" if one.kind == "role-assignment" else one.id, one.body)
        for one in held.documents
    ]
    power = AzureAuthority(Snapshot(held.started, held.finished, documents, held.coverage)).profile(DEPLOY).power
    assert (power.level, power.gaps) == (Level.UNKNOWN, ("the role assignment odd could not be understood",))


@pytest.mark.parametrize(
    "permissions", [None, 7, ["x"], [{"actions": "*"}], [{"actions": [7]}], [{"actions": ["*" * 501]}]]
)
def test_a_role_nobody_understands_is_a_gap(permissions: Any) -> None:
    held = snapshot({"roles": {"odd": {}}, "assignments": [{"to": "deploy", "role": "odd", "on": "subscription"}]})
    for document in held.documents:
        if document.kind == "role-definition":
            document.body["properties"]["permissions"] = permissions
    power = AzureAuthority(held).profile(DEPLOY).power
    assert (power.level, len(power.gaps)) == (Level.UNKNOWN, 1)
    assert "of the role odd could not be understood" in power.gaps[0]


@pytest.mark.parametrize("key", ["permissions", "principals", "excludePrincipals", "scope"])
def test_a_deny_assignment_nobody_understands_denies_nothing_for_certain(key: str) -> None:
    case = {
        "assignments": [{"to": "deploy", "role": "Network Contributor", "on": "subscription"}],
        "deny": [{"permissions": [{"actions": ["*"]}]}],
    }
    assert profile(case).power.level is Level.NONE
    held = snapshot(case)
    documents = []
    for one in held.documents:
        if one.kind == "deny-assignment":
            told = {**one.body["properties"], key: 7}
            documents.append(Document(one.provider, one.scope, one.kind, "odd", {"properties": told}))
        else:
            documents.append(one)
    power = AzureAuthority(Snapshot(held.started, held.finished, documents, held.coverage)).profile(DEPLOY).power
    assert (power.level, power.must) == (Level.WIDE_WRITE, Level.NONE)
