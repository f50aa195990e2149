"""What an authority of Google says besides levels: whom it knows, where things are granted, how to grant less."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.model import Fix, Identity, Level, Source
from auditor.power import Capability, Profile
from auditor.providers.gcp import PROVIDER
from auditor.providers.gcp.authority import GoogleAuthority
from auditor.providers.gcp.permissions_conditions import Limit, limit_of
from auditor.providers.gcp.permissions_groups import groups_of
from auditor.providers.gcp.permissions_roles import Role, changes, role_of
from auditor.snapshot import Document, Snapshot
from tests.providers.gcp.estates import ACCOUNT, CONTAINERS, NOW, NUMBER, member
from tests.providers.gcp.power import email, identity, profile, snapshot

FEDERATED = {
    "pool": True,
    "grants": [
        {"on": "bucket", "role": "roles/storage.objectAdmin", "to": "attribute.repository/acme/app"},
        {"on": "acme-ci", "role": "roles/iam.workloadIdentityUser", "to": "*"},
        {"on": "admin", "role": "roles/iam.serviceAccountUser", "to": "subject/x"},
        {"on": "organization", "role": "roles/browser", "to": ["deploy", "group:all@acme.example"]},
    ],
}


def test_who_is_known() -> None:
    authority = PROVIDER.authority(snapshot(FEDERATED))
    assert [(one.scope, one.kind, one.id, one.name) for one in authority.identities()] == [
        ("acme-ci", "service-account", email("admin"), "admin"),
        ("acme-ci", "service-account", email("deploy"), "deploy"),
        ("acme-data", "service-account", email("reader"), "reader"),
        ("acme-ci", "project", f"{CONTAINERS}projects/{NUMBER}", "project acme-ci"),
        ("acme-ci", "resource", "//storage.googleapis.com/acme-artifacts", "bucket acme-artifacts"),
        ("acme-ci", "resource", ACCOUNT.replace("deploy@", "admin@"), "service account admin"),
    ]


def test_the_identities_of_trusts_are_known() -> None:
    found = snapshot(FEDERATED)
    known = set(PROVIDER.authority(found).identities())
    trusts = list(PROVIDER.trusts(found))
    assert trusts
    assert {trust.identity for trust in trusts} <= known


@pytest.mark.parametrize(
    ("asked", "gap"),
    [
        (Identity("gcp", "x", "service-account", "gone@x", "gone"), "gone@x was not collected"),
        (Identity("gcp", "x", "resource", "//x/y", "y"), "nobody who is known is granted anything on //x/y"),
        (Identity("gcp", "x", "gke-pool", "p", "pool"), "what pool may do is not worked out: it is a gke-pool"),
    ],
)
def test_whoever_is_not_known_has_a_gap(asked: Identity, gap: str) -> None:
    found = PROVIDER.authority(snapshot(FEDERATED)).profile(asked)
    assert found.power.gaps == (gap,)
    assert found.power.level is Level.UNKNOWN


def test_a_profile_is_worked_out_once() -> None:
    authority = GoogleAuthority(snapshot(FEDERATED), NOW)
    assert authority.profile(identity("deploy")) is authority.profile(identity("deploy"))


def test_nothing_was_read() -> None:
    body = {"email": email("deploy"), "projectId": "acme-ci"}
    bare = Snapshot("x", "2026-11-21T12:00:00Z", [Document("gcp", "acme-ci", "service-account", email("deploy"), body)])
    assert GoogleAuthority(bare, NOW).profile(identity("deploy")).power.gaps == (
        "no allow policy was read",
        "what is granted on single resources was not asked for",
    )


def test_where_a_combination_is_granted() -> None:
    (found,) = profile(
        {
            "grants": [
                {"on": "folder", "role": "roles/iam.serviceAccountUser", "to": ["group:x@acme.example", "deploy"]},
                {"on": "acme-ci", "role": "roles/logging.logWriter", "to": "deploy"},
                {"on": "acme-ci", "role": ["run.services.create"], "to": "deploy"},
            ]
        }
    ).steps
    assert found.target == identity("admin")
    assert (found.kind, found.permissions, found.certain) == (
        "run-as",
        ("iam.serviceAccounts.actAs", "run.services.create"),
        True,
    )
    assert found.sources == (
        Source(f"{CONTAINERS}folders/9988776655", "/policy/bindings/0/members/1"),
        Source(f"{CONTAINERS}projects/{NUMBER}", "/policy/bindings/1/members/0"),
    )


def test_a_boundary_is_told_and_is_that_of_all_its_project() -> None:
    grants = [{"on": "acme-ci", "role": "roles/browser", "to": "deploy"}]
    name = "organizations/1122334455/locations/global/principalAccessBoundaryPolicies/inside"
    found = profile({"grants": grants, "boundary": "organization"})
    assert (found.bound, found.bounds_usual) == (name, True)
    found = profile({"grants": grants})
    assert (found.bound, found.bounds_usual) == (None, False)
    assert (found.created, found.last_used, found.use_known) == (None, None, False)


# Sketches


def sketched(role: Any, on: str = "acme-ci", **more: Any) -> tuple[Capability, Fix]:
    """The most powerful capability of one grant, and the sketch for it."""
    grants = [{"on": on, "role": role, "to": ["deploy", "group:x@acme.example"], **more}]
    authority = GoogleAuthority(snapshot({"grants": grants}), NOW)
    capability = authority.profile(identity("deploy")).power.capabilities[0]
    fix = authority.sketch(identity("deploy"), capability)
    assert fix is not None
    return capability, fix


def binding(role: str, **more: Any) -> str:
    return json.dumps({**more, "role": role, "members": [f"serviceAccount:{email('deploy')}"]}, indent=2)


def test_a_sketch_for_an_owner() -> None:
    capability, fix = sketched("roles/owner")
    assert capability.level is Level.ADMIN
    assert fix == Fix(
        "A sketch: a role without setIamPolicy, with what is really used. It stands on project acme-ci.",
        binding("roles/owner"),
        binding("<a custom role with the permissions that are used>"),
    )


def test_a_sketch_for_impersonation() -> None:
    capability, fix = sketched("roles/iam.serviceAccountTokenCreator", "organization")
    assert capability.path == "gcp-get-access-token"
    assert fix == Fix(
        "A sketch: the same role on the one service account that is meant, not on everything below. "
        "It stands on organization acme.example.",
        binding("roles/iam.serviceAccountTokenCreator"),
        binding(
            "roles/iam.serviceAccountTokenCreator",
            resource="<projects/PROJECT/serviceAccounts/the one that is meant>",
        ),
    )


def test_a_sketch_for_another_path() -> None:
    _, fix = sketched(["orgpolicy.policy.set"], "organization")
    role = "organizations/1122334455/roles/made0"
    assert fix == Fix(
        "A sketch: the same without orgpolicy.policy.set. It stands on organization acme.example.",
        binding(role),
        binding(f"<a custom role like {role}, without orgpolicy.policy.set>"),
    )


def test_a_sketch_for_secrets_keeps_the_condition() -> None:
    _, fix = sketched("roles/secretmanager.secretAccessor", **{"if": "resource.matchTag('1/env', 'x')"})
    assert fix.before is not None
    assert fix.after is not None
    before, after = json.loads(fix.before), json.loads(fix.after)
    assert after == {"resource": "<the one resource that is read>", **before}
    assert before["condition"]["expression"] == "resource.matchTag('1/env', 'x')"


def test_no_sketch_for_what_no_document_holds() -> None:
    authority = GoogleAuthority(snapshot(FEDERATED), NOW)
    made = Capability(Level.ADMIN, "x", ("p",), "x", (Source("//x", "/policy/bindings/0/members/0"),))
    assert authority.sketch(identity("deploy"), made) is None
    assert authority.sketch(identity("deploy"), replace(made, sources=(Source(ACCOUNT, "/policy"),))) is None


# Roles


@pytest.mark.parametrize(
    ("permission", "verdict"),
    [
        ("storage.objects.create", "yes"),
        ("storage.buckets.setIamPolicy", "yes"),
        ("compute.instances.setMetadata", "yes"),
        ("pubsub.topics.publish", "yes"),
        ("storage.objects.get", "no"),
        ("cloudsql.instances.connect", "no"),
        ("logging.logEntries.create", "no"),
        ("recommender.runServiceCostInsights.update", "no"),
        ("bigquery.jobs.create", "no"),
        ("run.routes.invoke", "no"),
        ("newservice.things.frobnicate", "perhaps"),
        ("nothing", "perhaps"),
        ("", "perhaps"),
    ],
)
def test_what_changes_something(permission: str, verdict: str) -> None:
    assert changes(permission) == verdict


def shown(role: Role) -> tuple[list[str], str | None]:
    return sorted(role.permissions), role.gap


def test_roles() -> None:
    unread = "what roles/iam.serviceAccountUser allows was not read"
    assert shown(role_of("roles/iam.serviceAccountUser", None)) == (["iam.serviceAccounts.actAs"], unread)
    assert shown(role_of("roles/iam.serviceAccountUser", {"name": "x"})) == (["iam.serviceAccounts.actAs"], unread)
    assert shown(role_of("projects/p/roles/x", {})) == ([], None)
    assert shown(role_of("projects/p/roles/x", {"includedPermissions": ["a.b.get"]})) == (["a.b.get"], None)
    odd = "what projects/p/roles/x allows could not be understood"
    assert shown(role_of("projects/p/roles/x", {"includedPermissions": ["a.b.get", 7]})) == (["a.b.get"], odd)
    assert shown(role_of("projects/p/roles/x", {"includedPermissions": "all"})) == ([], odd)
    assert role_of("projects/p/roles/x", None).custom == "projects/p"
    assert role_of("roles/x", None).custom is None


# Conditions


@pytest.mark.parametrize(
    ("expression", "limit"),
    [
        ("true", Limit()),
        ("request.time < timestamp('2026-01-01T00:00:00Z')", Limit(never=True)),
        ("request.time < timestamp('2027-01-01T00:00:00Z')", Limit()),
        ("resource.name == 'projects/p/secrets/s'", Limit(names=("projects/p/secrets/s",))),
        ("'projects/p/secrets/s' == resource.name", Limit(names=("projects/p/secrets/s",))),
        ("resource.name.startsWith('projects/p/secrets/s')", Limit(names=("projects/p/secrets/s*",))),
        (
            "resource.name in ['projects/p/topics/a', 'projects/p/topics/b']",
            Limit(names=("projects/p/topics/a", "projects/p/topics/b")),
        ),
        (
            "resource.name.startsWith('projects/p/locations/l/keyRings/k') && true",
            Limit(names=("projects/p/locations/l/keyRings/k*",)),
        ),
    ],
)
def test_conditions_that_are_understood(expression: str, limit: Limit) -> None:
    assert limit_of({"expression": expression}, NOW) == limit


@pytest.mark.parametrize(
    "expression",
    [
        "resource.name.startsWith('projects/p')",
        "resource.name.startsWith('projects/p/')",
        "resource.name.startsWith('projects/p/zones/europe-west1-b')",
        "resource.name.startsWith('projects/p/locations/europe-west1/')",
        "resource.name.startsWith('projects/p/global/')",
        "resource.name.startsWith('projects/p/buckets/')",
        "resource.name.endsWith('projects/p/secrets/s')",
        "resource.name != 'projects/p/secrets/s'",
        "!(resource.name == 'projects/p/secrets/s')",
        "resource.name == 'projects/p/secrets/s' || resource.type == 'x'",
        "resource.name in ['projects/p/secrets/s', 'projects']",
        "resource.name in ['projects/p/secrets/s', resource.type]",
        "resource.name in []",
        "resource.type == 'storage.googleapis.com/Bucket'",
        "request.time.getHours('Europe/Zurich') < 18",
        "resource.name.startsWith(",
    ],
)
def test_conditions_that_confine_to_nothing_named_are_doubts(expression: str) -> None:
    shown = " ".join(expression.split())
    assert limit_of({"expression": expression}, NOW) == Limit(doubt=f"a condition of its binding holds: {shown}")


def test_conditions_of_odd_shapes() -> None:
    odd = Limit(doubt="a condition of its binding, which could not be understood, holds")
    assert limit_of(None, NOW) == Limit()
    assert [limit_of(one, NOW) for one in ({}, "x", 7, {"expression": None})] == [odd] * 4
    named = "resource.name == 'projects/p/secrets/s'"
    both = limit_of({"expression": f"{named} && resource.hasTagKey('1/env')"}, NOW)
    assert (both.names, both.tags, both.never) == (("projects/p/secrets/s",), True, False)
    assert both.doubt is not None
    late = {"expression": "request.time < timestamp('2026-11-21T12:00:00Z')"}
    assert limit_of(late, datetime(2026, 11, 21, 11, tzinfo=UTC)) == Limit()
    assert limit_of(late, datetime(2026, 11, 21, 13, tzinfo=UTC)) == Limit(never=True)


# Groups


def test_groups_within_groups() -> None:
    def group(name: str, *inside: tuple[str, str]) -> Document:
        listed = [{"preferredMemberKey": {"id": one}, "type": kind} for one, kind in inside]
        return Document("gcp", "-", "group", name, {"memberships": listed})

    groups = groups_of(
        [
            group("outer@x", ("Inner@x", "GROUP"), ("ann@x", "USER")),
            group("inner@x", ("outer@x", "GROUP"), ("Bot@p.iam.gserviceaccount.com", "SERVICE_ACCOUNT")),
            group("open@x", ("ann@x", "USER"), ("lost@x", "GROUP")),
            group("untyped@x", ("bot@p.iam.gserviceaccount.com", ""), ("who@x", "")),
            Document("gcp", "-", "group", "odd@x", {"memberships": [{"preferredMemberKey": "ann@x"}]}),
        ]
    )
    bot = "bot@p.iam.gserviceaccount.com"
    assert [groups.holds(f"group:{name}@x", bot) for name in ("Outer", "inner", "open", "untyped", "odd", "none")] == [
        True,
        True,
        None,
        True,
        None,
        None,
    ]
    assert groups.holds("group:outer@x", "else@x") is False
    assert groups.holds("group:untyped@x", "else@x") is None


def test_the_members_of_one_resource_can_be_asked_for_one_by_one() -> None:
    grants = [
        {"on": "acme-ci", "role": "roles/owner", "to": "attribute.repository/acme/infra"},
        {"on": "acme-ci", "role": "roles/browser", "to": "attribute.repository/acme/app"},
    ]
    authority = GoogleAuthority(snapshot({"pool": True, "grants": grants}), NOW)
    found: list[Profile] = [
        authority.profile(identity("acme-ci"), one and member(f"attribute.repository/acme/{one}"))
        for one in (None, "infra", "app", "other")
    ]
    assert [one.power.level for one in found] == [Level.ADMIN, Level.ADMIN, Level.SCOPED, Level.UNKNOWN]
