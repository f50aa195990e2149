"""Principal identifiers, form by form."""

from __future__ import annotations

import pytest

from auditor.providers.gcp.members import PoolMember, SetApart, Unclear, read_member

POOL = "projects/123/locations/global/workloadIdentityPools/ci"
AT = f"iam.googleapis.com/{POOL}"
GKE = "projects/123/locations/global/workloadIdentityPools/acme.svc.id.goog"
BY_ID = "it holds the id of a project, where members hold its number"
NO_FORM = "it names the pool in no form that members have"


@pytest.mark.parametrize(
    ("text", "member"),
    [
        (f"principalSet://{AT}/*", PoolMember(f"principalSet://{AT}/*", POOL, "pool")),
        (
            f"principal://{AT}/subject/a/b:c",
            PoolMember(f"principal://{AT}/subject/a/b:c", POOL, "subject", "", "a/b:c"),
        ),
        (f"principalSet://{AT}/group/g", PoolMember(f"principalSet://{AT}/group/g", POOL, "group", "", "g")),
        (
            f"principalSet://{AT}/attribute.repository/o/r",
            PoolMember(f"principalSet://{AT}/attribute.repository/o/r", POOL, "attribute", "repository", "o/r"),
        ),
        (
            f"principalSet://{AT}/attribute.a/x/attribute.b/y",
            PoolMember(f"principalSet://{AT}/attribute.a/x/attribute.b/y", POOL, "attribute", "a", "x/attribute.b/y"),
        ),
        (
            f"principalSet://{AT}/attribute.a/*",
            PoolMember(f"principalSet://{AT}/attribute.a/*", POOL, "attribute", "a", "*"),
        ),
        (
            f"principalSet://{AT}/providers/github",
            PoolMember(f"principalSet://{AT}/providers/github", POOL, "subject", dead=NO_FORM),
        ),
        (
            "principalSet://iam.googleapis.com/projects/acme/locations/global/workloadIdentityPools/ci/*",
            PoolMember(
                "principalSet://iam.googleapis.com/projects/acme/locations/global/workloadIdentityPools/ci/*",
                "projects/acme/locations/global/workloadIdentityPools/ci",
                "pool",
                dead=BY_ID,
            ),
        ),
        (
            f"principal://{AT}/attribute.a/x",
            PoolMember(
                f"principal://{AT}/attribute.a/x",
                POOL,
                "attribute",
                "a",
                "x",
                doubt="Google documents this form with principalSet:// only",
            ),
        ),
        (
            f"principal://iam.googleapis.com/{GKE}/subject/ns/a/sa/b",
            SetApart(f"principal://iam.googleapis.com/{GKE}/subject/ns/a/sa/b", "gke-pool", GKE),
        ),
        (
            "serviceAccount:acme.svc.id.goog[ns/sa]",
            SetApart("serviceAccount:acme.svc.id.goog[ns/sa]", "gke-pool", "acme.svc.id.goog"),
        ),
        (
            "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ann",
            SetApart(
                "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/ann",
                "workforce-pool",
                "locations/global/workforcePools/staff",
            ),
        ),
        (
            "principal://ci.global.123.workload.id.goog/ns/a/sa/b",
            SetApart(
                "principal://ci.global.123.workload.id.goog/ns/a/sa/b",
                "trust-domain-pool",
                "ci.global.123.workload.id.goog",
            ),
        ),
        (
            "principalSet://cloudresourcemanager.googleapis.com/projects/123",
            Unclear(
                "principalSet://cloudresourcemanager.googleapis.com/projects/123",
                "whether this principal set holds identities of workload pools is not known",
            ),
        ),
        ("principalSet://cloudresourcemanager.googleapis.com/projects/123/type/ServiceAccount", None),
        ("user:ann@acme.example", None),
        ("serviceAccount:ci@acme.iam.gserviceaccount.com", None),
        ("deleted:serviceAccount:ci@acme.iam.gserviceaccount.com?uid=1", None),
        ("principalSet://goog/public:all", None),
        ("allAuthenticatedUsers", None),
        ("", None),
    ],
)
def test_forms(text: str, member: PoolMember | SetApart | Unclear | None) -> None:
    assert read_member(text) == member


def test_deleted_identities_of_a_pool_are_unclear() -> None:
    text = f"deleted:principal://{AT}/subject/x?uid=1"
    assert read_member(text) == Unclear(text, "whether an identity marked as deleted still counts is not documented")
