"""Which trusts an estate makes: units, identities, doors, notes; and what is listed without being judged."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.config import Ours
from auditor.decide import decide
from auditor.judging.checks import confirm
from auditor.model import Identity, Source, Trust
from auditor.providers.gcp import PROVIDER as GOOGLE
from auditor.providers.gcp import denials, evaluate_policies
from auditor.providers.gcp.inventory import identities, idle_registrations
from auditor.providers.gcp.trust import trusts
from auditor.snapshot import Coverage, Document, Status
from tests.providers.gcp import estates
from tests.providers.gcp.estates import ACCOUNT, CONTAINERS, EMAIL, FOLDER, NOW, NUMBER, POOL, PROJECT, PROVIDER, member

REPO = "attribute.repository/acme/app"
DEPLOY = Identity("gcp", PROJECT, "service-account", EMAIL, "deploy")
PLACE = "/policy/bindings/0/members/0"


def made(case: dict[str, Any]) -> list[Trust]:
    return list(trusts(estates.snapshot(case), NOW))


def word(trust: Trust) -> str:
    verdict = confirm(GOOGLE, decide(trust, Ours())).reachable
    return {Accepted: "accepted", Rejected: "rejected", Undecided: "unknown"}[type(verdict)]


def test_one_account_one_member_one_provider() -> None:
    (trust,) = made({"member": REPO})
    assert (trust.identity, trust.via, trust.issuer.kind) == (DEPLOY, PROVIDER, "github")
    assert trust.source == Source(ACCOUNT, PLACE)
    assert trust.member == member(REPO)
    assert trust.notes["grants"] == [["roles/iam.workloadIdentityUser", ACCOUNT, PLACE]]
    assert "impersonates" not in trust.notes


def test_clauses_stand_where_they_are_written() -> None:
    condition = "assertion.repository_owner == 'acme' && assertion.ref in ['refs/heads/main', 'refs/heads/next']"
    (trust,) = made({"member": REPO, "condition": condition, "audiences": ["deploy"]})
    (statement,) = trust.statements
    assert [(clause.text, clause.source) for clause in statement.clauses] == [
        ("allowedAudiences", Source(PROVIDER, "/oidc/allowedAudiences")),
        ("assertion.repository_owner == 'acme'", Source(PROVIDER, "/attributeCondition", (0, 36))),
        (
            "assertion.ref in ['refs/heads/main', 'refs/heads/next']",
            Source(PROVIDER, "/attributeCondition", (40, 55)),
        ),
        (REPO, Source(ACCOUNT, PLACE)),
    ]
    assert [(value.text, value.source.span) for value in statement.clauses[2].values] == [
        ("refs/heads/main", (58, 17)),
        ("refs/heads/next", (77, 17)),
    ]


def test_members_and_providers_multiply() -> None:
    case = {"members": [REPO, "*"], "beside": {"old": {}, "gitlab": {"issuer": "gitlab"}}}
    found = {(trust.member, trust.via.rpartition("/")[2]) for trust in made(case)}
    assert found == {(member(text), name) for text in (REPO, "*") for name in ("main", "old", "gitlab")}
    assert len({trust.id for trust in made(case)}) == 6


def test_two_roles_for_one_member_are_one_trust() -> None:
    both = [{"member": REPO}, {"member": REPO, "role": "roles/iam.serviceAccountTokenCreator", "binding": "false"}]
    (trust,) = made({"bindings": both})
    assert [statement.source.pointer for statement in trust.statements] == [PLACE, "/policy/bindings/1/members/0"]


@pytest.mark.parametrize(
    ("place", "kind"), [("project", "project"), ("folder", "folder"), ("organization", "organization")]
)
def test_impersonation_above_reaches_every_account_below(place: str, kind: str) -> None:
    case = {"member": REPO, "on": place}
    above, below = made(case)
    resource = estates.RESOURCES[place][0]
    assert (above.identity.kind, above.identity.id) == (kind, resource)
    assert above.notes["impersonates"] == [["roles/iam.workloadIdentityUser", resource, PLACE]]
    assert below.identity == DEPLOY
    assert below.source == Source(resource, PLACE)
    assert {word(above), word(below)} == {"accepted"}


def test_another_role_above_reaches_nobody_below() -> None:
    (trust,) = made({"member": REPO, "on": "project", "role": "roles/owner"})
    assert trust.identity == Identity("gcp", PROJECT, "project", f"{CONTAINERS}projects/{NUMBER}", f"project {PROJECT}")


def test_the_account_and_the_project_together_are_one_trust_of_the_account() -> None:
    found = made({"bindings": [{"member": REPO}, {"member": REPO, "on": "project"}]})
    (account,) = (trust for trust in found if trust.identity == DEPLOY)
    assert [statement.source.document for statement in account.statements] == [
        ACCOUNT,
        f"{CONTAINERS}projects/{NUMBER}",
    ]


def test_direct_access() -> None:
    (bucket,) = made({"member": REPO, "on": "bucket", "role": "roles/storage.objectAdmin"})
    assert bucket.identity == Identity(
        "gcp", PROJECT, "resource", "//storage.googleapis.com/acme-artifacts", "bucket acme-artifacts"
    )
    (account,) = made({"member": REPO, "role": "roles/iam.serviceAccountViewer"})
    assert account.identity == Identity("gcp", PROJECT, "resource", ACCOUNT, "service account deploy")


@pytest.mark.parametrize(
    ("role", "body", "verdict"),
    [
        ("projects/acme-ci/roles/x", {"includedPermissions": ["iam.serviceAccounts.signBlob"]}, "accepted"),
        (
            "projects/acme-ci/roles/x",
            {"includedPermissions": ["iam.serviceAccounts.signBlob"], "deleted": True},
            "rejected",
        ),
        ("projects/acme-ci/roles/x", None, "unknown"),
    ],
)
def test_custom_roles(role: str, body: dict[str, Any] | None, verdict: str) -> None:
    roles = [] if body is None else [{"name": role, **body}]
    (trust,) = made({"member": REPO, "role": role, "roles": roles})
    assert word(trust) == verdict


@pytest.mark.parametrize(
    ("case", "via", "note", "verdict"),
    [
        ({"providers": []}, POOL, {"provider-missing": True}, "rejected"),
        ({"pool": None, "providers": []}, POOL, {"provider-missing": True}, "rejected"),
        (
            {"pool": None, "providers": [], "unread": ["workload-identity-pool"]},
            POOL,
            {"policy-unread": "the workload-identity-pool was denied"},
            "unknown",
        ),
        (
            {"providers": [], "unread": ["workload-identity-pool-provider"]},
            POOL,
            {"policy-unread": "the workload-identity-pool-provider was denied"},
            "unknown",
        ),
        ({"pool": {"disabled": True}}, PROVIDER, {"closed": "the pool is disabled"}, "rejected"),
        ({"provider": {"state": "DELETED"}}, PROVIDER, {"closed": "the provider is deleted"}, "rejected"),
        ({"provider": {"state": "STATE_UNSPECIFIED"}}, PROVIDER, {}, "unknown"),
        ({"account": {"disabled": True}}, PROVIDER, {"closed": "the service account is disabled"}, "rejected"),
    ],
)
def test_doors(case: dict[str, Any], via: str, note: dict[str, Any], verdict: str) -> None:
    (trust,) = made({"member": REPO, **case})
    assert trust.via == via
    assert trust.notes.items() >= note.items()
    assert word(trust) == verdict


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"aws": {"accountId": "111122223333"}}, "AWS account 111122223333"),
        ({"saml": {"idpMetadataXml": "<xml/>"}}, "SAML"),
        ({"x509": {"trustStore": {}}}, "X.509"),
    ],
)
def test_other_kinds_of_provider_are_listed_and_unknown(body: dict[str, Any], name: str) -> None:
    (trust,) = made({"member": "*", "provider": {"oidc": None, **body}})
    assert (trust.issuer.name, word(trust)) == (name, "unknown")
    assert trust.notes["not-oidc"]


def test_a_set_of_principals_nobody_has_read_is_unknown() -> None:
    (trust,) = made({"member": "principalSet://cloudresourcemanager.googleapis.com/projects/1"})
    assert (trust.via, word(trust)) == ("unknown", "unknown")


def test_pools_set_apart_make_no_trusts_and_are_listed() -> None:
    mesh = f"projects/{NUMBER}/locations/global/workloadIdentityPools/mesh"
    gke = f"projects/{NUMBER}/locations/global/workloadIdentityPools/{PROJECT}.svc.id.goog"
    staff = "locations/global/workforcePools/staff"
    snapshot = estates.snapshot(
        {
            "members": [
                f"principal://iam.googleapis.com/{gke}/subject/ns/a/sa/b",
                f"serviceAccount:{PROJECT}.svc.id.goog[a/b]",
                f"principal://iam.googleapis.com/{mesh}/subject/x",
                f"principalSet://iam.googleapis.com/{staff}/*",
            ],
            "documents": [
                Document("gcp", PROJECT, "workload-identity-pool", mesh, {"name": mesh, "mode": "TRUST_DOMAIN"}),
                Document("gcp", PROJECT, "workload-identity-pool", gke, {"name": gke}),
            ],
        }
    )
    assert list(trusts(snapshot, NOW)) == []
    assert list(identities(snapshot)) == [
        Identity("gcp", PROJECT, "gke-pool", gke, f"{PROJECT}.svc.id.goog"),
        Identity("gcp", PROJECT, "trust-domain-pool", mesh, "mesh"),
        Identity("gcp", "-", "workforce-pool", staff, "staff"),
    ]


def test_idle_providers() -> None:
    idle = {"member": "user:ann@acme.example"}
    assert list(idle_registrations(estates.snapshot(idle))) == [
        (Identity("gcp", PROJECT, "workload-identity-pool-provider", PROVIDER, "ci/main"), Source(PROVIDER, ""))
    ]
    assert list(idle_registrations(estates.snapshot({"member": REPO}))) == []
    assert list(idle_registrations(estates.snapshot({**idle, "unread": ["iam-policy"]}))) == []


def boundary(resource: str) -> list[Document]:
    """A principal access boundary bound to the pool that lets it have `resource` only."""
    name = f"{estates.ORGANIZATION}/locations/global/principalAccessBoundaryPolicies/limits"
    rules = [{"resources": [resource], "effect": "ALLOW"}]
    bound = {"policy": name, "target": {"principalSet": f"//iam.googleapis.com/{POOL}"}}
    return [
        Document(
            "gcp", estates.ORGANIZATION, "principal-access-boundary", name, {"name": name, "details": {"rules": rules}}
        ),
        Document("gcp", PROJECT, "policy-binding", f"projects/{NUMBER}/policyBindings/b", bound),
    ]


def test_boundaries() -> None:
    (inside,) = made({"member": REPO, "documents": boundary(f"{CONTAINERS}{FOLDER}")})
    (outside,) = made({"member": REPO, "documents": boundary(f"{CONTAINERS}projects/1")})
    assert (word(inside), word(outside)) == ("accepted", "unknown")


def test_a_deny_rule_is_a_statement_of_its_own() -> None:
    rule = {
        "deniedPrincipals": ["*"],
        "deniedPermissions": [
            f"iam.googleapis.com/serviceAccounts.{verb}" for verb in ("getAccessToken", "getOpenIdToken")
        ],
    }
    (trust,) = made({"member": REPO, "deny": [rule]})
    assert [statement.effect for statement in trust.statements] == ["allow", "deny"]
    assert trust.denies[0].source.pointer == "/rules/0/denyRule"
    assert word(trust) == "rejected"


def test_what_has_another_shape_than_googles_raises_nothing() -> None:
    odd: list[Any] = [None, 7, "x", [], {}, [None], {"bindings": None}, {"bindings": [None, {"members": 5, "role": 3}]}]
    for body in odd:
        document = Document("gcp", PROJECT, "iam-policy", "//storage.googleapis.com/odd", {"policy": body})
        assert len(made({"member": REPO, "documents": [document]})) == 1
        (trust,) = made({"member": REPO, "provider": {"attributeMapping": body}})
        assert word(trust) in ("rejected", "unknown")
        made({"member": REPO, "provider": {"attributeCondition": body}})
        made({"member": REPO, "provider": {"oidc": body}})


def test_an_unread_account_of_a_policy_is_still_an_identity() -> None:
    snapshot = estates.snapshot({"member": REPO})
    snapshot.documents = [document for document in snapshot.documents if document.kind != "service-account"]
    snapshot.coverage.append(Coverage("gcp", PROJECT, "service-account", Status.DENIED))
    assert [trust.identity for trust in trusts(snapshot, NOW)] == [DEPLOY]


@pytest.mark.parametrize(
    ("permission", "denied"),
    [
        ("resourcemanager.projects.get", "cloudresourcemanager.googleapis.com/projects.get"),
        ("storage.objects.get", "storage.googleapis.com/objects.get"),
        ("iam.googleapis.com/workloadIdentityPools.list", "iam.googleapis.com/workloadIdentityPools.list"),
    ],
)
def test_permissions_as_deny_policies_write_them(permission: str, denied: str) -> None:
    assert denials.as_denied(permission) == denied
    assert evaluate_policies._names([denied], permission) is True
    assert evaluate_policies._names([permission], permission) is ("/" in permission)
