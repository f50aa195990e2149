"""Collection over real HTTP against the loopback Google: every way in which Google fails."""

from __future__ import annotations

import copy
import email.utils
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auditor.errors import CollectError, NothingAskedError, UsageError
from auditor.progress import Stage
from auditor.providers.gcp.collect import collect
from auditor.providers.gcp.rest import Answer, Limits, refusal
from auditor.snapshot import Coverage, Status
from fixtures.loopback.faults import Fault
from fixtures.loopback.gcp import LoopbackGoogle
from tests.providers.gcp.conftest import Clock
from tests.providers.gcp.organisation import (
    DEPLOY,
    DEPLOY_RESOURCE,
    ESTATE,
    FAST,
    IDLE,
    LIST_POOLS,
    LIST_PROVIDERS,
    ORGANIZATION,
    OTHER_POOL,
    POOL,
    SEARCH,
    bodies,
    gaps,
    raw,
    row,
)

# What cannot be read


BOUNDARIES = "iam.principalaccessboundarypolicies."
DENIED = "Permission '{}' denied on resource (or it may not exist)"


@pytest.mark.parametrize(
    ("about", "scope", "kind", "permission"),
    [
        ("workloadIdentityPools.list", "web-prod", "workload-identity-pool", LIST_POOLS),
        ("workloadIdentityPools.providers.list", "web-prod", f"workload-identity-pool-provider {POOL}", LIST_PROVIDERS),
        ("serviceAccounts.list", "web-prod", "service-account", "iam.serviceAccounts.list"),
        ("projects.getIamPolicy", "web-prod", "iam-policy", "resourcemanager.projects.getIamPolicy"),
        ("folders.getIamPolicy", "folders/200", "iam-policy", "resourcemanager.folders.getIamPolicy"),
        ("folders.get", "folders/200", "folder", "resourcemanager.folders.get"),
        ("organizations.get", ORGANIZATION, "organization", "resourcemanager.organizations.get"),
        ("policies.listPolicies", "web-prod", "deny-policy", "iam.denypolicies.list"),
        ("iam.policies.get", "web-prod", "deny-policy", "iam.denypolicies.get"),
        ("AccessBoundaryPolicies.list", ORGANIZATION, "principal-access-boundary", BOUNDARIES + "list"),
        ("searchPolicyBindings", ORGANIZATION, "policy-binding", BOUNDARIES + "searchPolicyBindings"),
        ("workforcePools.list", ORGANIZATION, "workforce-pool", "iam.googleapis.com/workforcePools.list"),
        ("searchAllIamPolicies", "web-prod", "direct-grants", SEARCH),
        ("roles.get", "-", "role roles/iam.workloadIdentityUser", "iam.roles.get"),
    ],
)
def test_a_missing_permission_is_named_and_the_rest_is_read(
    google: LoopbackGoogle, about: str, scope: str, kind: str, permission: str
) -> None:
    google.fail(about, Fault.FORBIDDEN)
    snapshot = collect(["projects/web-prod"], FAST)
    found = row(snapshot, scope, kind)
    assert (found.status, found.permission) == (Status.DENIED, permission)
    assert (found.reason or "").startswith(f"PERMISSION_DENIED: {DENIED.format(permission)}")
    assert bodies(snapshot, "project") == {"projects/1001": ESTATE["projects"][0]}


def test_policies_of_accounts_that_are_all_denied_are_one_row(google: LoopbackGoogle) -> None:
    google.fail("serviceAccounts.getIamPolicy", Fault.FORBIDDEN)
    found = row(collect(["projects/web-prod"], FAST), "web-prod", "service-account-policy")
    permission = "iam.serviceAccounts.getIamPolicy"
    reason = f"PERMISSION_DENIED: {DENIED.format(permission)} (for each of 2 service accounts)"
    assert found == Coverage("gcp", "web-prod", "service-account-policy", Status.DENIED, reason, permission)


def test_one_that_is_denied_is_named(google: LoopbackGoogle) -> None:
    google.fail(f"{IDLE}:getIamPolicy", Fault.FORBIDDEN)
    snapshot = collect(["projects/web-prod"], FAST)
    assert [one[:3] for one in gaps(snapshot)] == [
        ("web-prod", f"iam-policy {DEPLOY_RESOURCE.replace(DEPLOY, IDLE)}", "denied")
    ]


def test_what_was_read_later_does_not_hide_a_gap(google: LoopbackGoogle) -> None:
    pools = [{"name": f"locations/global/workforcePools/{name}", "parent": ORGANIZATION} for name in ("a", "b")]
    google.load({**ESTATE, "workforce-pools": pools})
    google.fail("workforcePools/a/providers", Fault.FORBIDDEN)
    found = row(collect(["projects/web-prod"], FAST), ORGANIZATION, "workforce-pool-provider")
    assert found.status is Status.DENIED


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        (Fault.FORBIDDEN, "group", Status.SKIPPED),
        (Fault.NOT_FOUND, "group all@acme.example", Status.SKIPPED),
        (Fault.UNAVAILABLE, "group all@acme.example", Status.FAILED),
        (Fault.CUT_SHORT, "group all@acme.example", Status.FAILED),
    ],
)
def test_a_group_that_may_answer_another_time_is_a_gap(
    google: LoopbackGoogle, fault: Fault, kind: str, status: Status
) -> None:
    google.fail("groups.lookup", fault)
    assert row(collect([ORGANIZATION], FAST), "-", kind).status is status


def test_projects_are_denied_one_by_one(google: LoopbackGoogle) -> None:
    google.fail("/projects/1002/locations", Fault.FORBIDDEN)
    snapshot = collect([ORGANIZATION], FAST)
    assert row(snapshot, "identity", "workload-identity-pool").status is Status.DENIED
    assert row(snapshot, "web-prod", "workload-identity-pool").status is Status.READ
    assert len(bodies(snapshot, "workload-identity-pool-provider")) == 3


def test_a_project_that_may_not_be_read_itself(google: LoopbackGoogle) -> None:
    """Its number is learnt from its pools; what is above it stays unknown, and the ledger says so."""
    google.fail("cloudresourcemanager.projects.get", Fault.FORBIDDEN)
    snapshot = collect(["projects/web-prod"], FAST)
    assert [one[:3] for one in gaps(snapshot)] == [
        ("web-prod", "ancestors", "failed"),
        ("web-prod", "iam-policy", "denied"),
        ("web-prod", "project", "denied"),
    ]
    assert bodies(snapshot, "iam-policy")[DEPLOY_RESOURCE]["project"] == "projects/1001"


def test_what_is_below_may_not_be_listed(google: LoopbackGoogle) -> None:
    google.fail("projects.list?", Fault.FORBIDDEN)
    google.fail("cloudresourcemanager.projects.list", Fault.FORBIDDEN)
    snapshot = collect([ORGANIZATION], FAST)
    assert row(snapshot, ORGANIZATION, "project-list").status is Status.DENIED
    # The search still finds those with pools.
    assert sorted(bodies(snapshot, "project")) == ["projects/1001", "projects/1002"]


def test_a_pool_elsewhere_that_does_not_exist_is_no_gap(google: LoopbackGoogle) -> None:
    estate = copy.deepcopy(ESTATE)
    estate["workload-identity-pools"] = estate["workload-identity-pools"][:3]
    google.load(estate)
    snapshot = collect(["projects/web-prod"], FAST)
    assert gaps(snapshot) == []
    found = row(snapshot, "1002", f"workload-identity-pool {OTHER_POOL}")
    assert (found.status, found.reason) == (Status.READ, "does not exist")


def test_a_pool_elsewhere_that_may_not_be_read_is_a_gap(google: LoopbackGoogle) -> None:
    google.fail("workloadIdentityPools.get", Fault.FORBIDDEN)
    snapshot = collect(["projects/web-prod"], FAST)
    assert [one[:3] for one in gaps(snapshot)] == [("1002", f"workload-identity-pool {OTHER_POOL}", "denied")]


# Trouble


@pytest.mark.parametrize(
    "fault",
    [
        Fault.RATE_LIMITED,
        Fault.OUT_OF_QUOTA,
        Fault.UNAVAILABLE,
        Fault.HTML_502,
        Fault.HTML_200,
        Fault.CUT_SHORT,
        Fault.HANG_UP,
        Fault.STALL,
    ],
)
@pytest.mark.parametrize("about", ["workloadIdentityPools.list", "iam.policies.get", "searchAllIamPolicies"])
def test_what_heals_leaves_no_trace(google: LoopbackGoogle, about: str, fault: Fault) -> None:
    google.fail(about, fault, times=2)
    limits = replace(FAST, read_timeout=0.5) if fault is Fault.STALL else FAST
    snapshot = collect(["projects/web-prod"], limits)
    assert gaps(snapshot) == []
    assert len(bodies(snapshot, "workload-identity-pool-provider")) == 3
    assert bodies(snapshot, "deny-policy") == raw("deny-policies")


REASONS = {
    Fault.RATE_LIMITED: "RESOURCE_EXHAUSTED: Quota exceeded for quota metric 'Read requests' (after 3 attempts)",
    Fault.UNAVAILABLE: "UNAVAILABLE: The service is currently unavailable (after 3 attempts)",
    Fault.HTML_502: "HTTP 502, with an error page (after 3 attempts)",
    Fault.HTML_200: "the answer is an error page, or cut short: not a JSON object (after 3 attempts)",
    Fault.CUT_SHORT: "the answer is an error page, or cut short: not a JSON object (after 3 attempts)",
    Fault.NOT_FOUND: "NOT_FOUND: Requested entity was not found",
    Fault.WRONG_SHAPE: "the answer's field 'workloadIdentityPools' is not a list of objects",
}


@pytest.mark.parametrize("fault", REASONS)
def test_what_does_not_heal_is_a_row_with_its_reason(google: LoopbackGoogle, fault: Fault) -> None:
    google.fail("workloadIdentityPools.list", fault)
    snapshot = collect(["projects/web-prod"], FAST)
    assert gaps(snapshot) == [("web-prod", "workload-identity-pool", "failed", REASONS[fault])]
    assert len(bodies(snapshot, "service-account")) == 2


def test_a_later_page_that_fails_does_not_lose_the_earlier_ones(google: LoopbackGoogle) -> None:
    google.fail("workloadIdentityPools.list", Fault.FORBIDDEN, after=1)
    snapshot = collect(["projects/web-prod"], FAST)
    ((_, _, status, reason), *_) = gaps(snapshot)
    assert status == "denied"
    assert (reason or "").endswith("; 1 were read all the same")
    assert POOL in bodies(snapshot, "workload-identity-pool")


def test_pages_that_go_in_a_circle_end(google: LoopbackGoogle) -> None:
    google.fail("serviceAccounts.list", Fault.SAME_TOKEN, times=1)
    google.fail("serviceAccounts.list", Fault.SAME_TOKEN)
    snapshot = collect(["projects/web-prod"], FAST)
    assert row(snapshot, "web-prod", "service-account").status is Status.FAILED


def test_retry_after_is_heeded(google: LoopbackGoogle, clock: Clock) -> None:
    google.fail("cloudresourcemanager.projects.get", Fault.RATE_LIMITED, times=1)
    google.fail("cloudresourcemanager.folders.get", Fault.OUT_OF_QUOTA, times=3)
    snapshot = collect(["projects/web-prod"], Limits(backoff=0.5, slow_interval=0))
    assert clock.slept == [3, 0.5, 1, 2]
    assert gaps(snapshot) == []


def test_a_stall_ends(google: LoopbackGoogle) -> None:
    google.fail("serviceAccounts.list", Fault.STALL)
    limits = Limits(attempts=1, read_timeout=1, slow_interval=0)
    found = row(collect(["projects/web-prod"], limits), "web-prod", "service-account")
    assert found.status is Status.FAILED
    assert (found.reason or "").startswith("no answer: ")


# The slow APIs


SLOW = ("AccessBoundaryPolicies.list", "searchPolicyBindings", "iam.policies.listPolicies", "iam.policies.get")


def test_reads_of_deny_policies_are_spread_and_said(google: LoopbackGoogle, clock: Clock) -> None:
    told: list[str | Stage] = []
    snapshot = collect(["projects/web-prod"], Limits(slow_interval=12), told.append)
    assert [sum(count for method, count in google.calls.items() if method.endswith(end)) for end in SLOW] == [
        1,
        1,
        3,
        1,
    ]
    assert clock.slept == [12] * 5
    said = "reading deny policies and access boundaries slowly: five reads a minute are allowed"
    assert told.count(said) == 1
    assert gaps(snapshot) == []


def test_when_patience_ends_the_ledger_says_how_much_is_left(google: LoopbackGoogle, clock: Clock) -> None:
    snapshot = collect(["projects/web-prod"], Limits(slow_interval=100, slow_patience=250))
    reason = "Google allows five such reads a minute, and 4 minutes of waiting were spent; not read of 2 of 3 levels"
    assert gaps(snapshot) == [("-", "deny-policy", "failed", reason)]
    assert clock.slept == [100, 100]


@pytest.mark.parametrize("name", ["a/b", ""])
def test_a_deny_policy_of_an_unheard_of_name_is_a_gap(google: LoopbackGoogle, name: str) -> None:
    point = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F1001/denypolicies"
    google.load({**ESTATE, "deny-policies": [{"name": f"{point}/{name}"}]})
    found = row(collect(["projects/web-prod"], FAST), "web-prod", "deny-policy")
    assert found.status is Status.FAILED


# Nothing at all


def test_credentials_that_google_refuses(google: LoopbackGoogle) -> None:
    google.fail("v3/projects", Fault.UNAUTHENTICATED)
    with pytest.raises(CollectError, match=r"(?s)^Google Cloud refused the credentials: .*application-default login"):
        collect(["projects/web-prod"], FAST)
    assert sum(google.calls.values()) == 1


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_GCP_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CollectError, match=r"^Google Cloud cannot be reached: no answer: .*\(after 3 attempts\)$"):
        collect(["projects/web-prod"], FAST)


def test_everything_is_denied(google: LoopbackGoogle) -> None:
    google.fail("", Fault.FORBIDDEN)
    with pytest.raises(
        CollectError, match=r"^Google Cloud: nothing could be read of projects/web-prod: PERMISSION_DENIED"
    ):
        collect(["projects/web-prod"], FAST)


def test_one_target_that_fails_beside_another(google: LoopbackGoogle) -> None:
    snapshot = collect(["projects/web-prod", "projects/elsewhere"], FAST)
    assert row(snapshot, "elsewhere", "project").status is Status.DENIED
    assert row(snapshot, "web-prod", "project").status is Status.READ


def test_no_credentials() -> None:
    with pytest.raises(
        NothingAskedError, match=r"no usable credentials: .*\. Log in again \(`gcloud auth application-def"
    ):
        collect(["projects/web-prod"], FAST)


def test_no_target(google: LoopbackGoogle) -> None:
    with pytest.raises(NothingAskedError, match=r"no project, folder or organisation was named\. Use --project"):
        collect([], FAST)
    assert sum(google.calls.values()) == 0


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "127.0.0.1:80", "http://", "http://google.example", "https://x/?a=b"]
)
def test_an_endpoint_that_cannot_be_used(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_GCP_ENDPOINT", url)
    with pytest.raises(UsageError, match="AUDITOR_GCP_ENDPOINT="):
        collect(["projects/web-prod"], FAST)


def test_real_credentials_never_reach_a_loopback(google: LoopbackGoogle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("google.auth.default", lambda **_: pytest.fail("real credentials were looked for"))
    collect(["projects/web-prod"], FAST)


@pytest.mark.parametrize(
    ("value", "pause"),
    [("3", 3), ("0", 0), ("", None), ("soon", None), ("²", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_both_forms_of_retry_after(value: str, pause: float | None) -> None:
    assert refusal(Answer(429, {"retry-after": value}, b"")).pause == pause


def test_a_date_to_come_back_at() -> None:
    later = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    pause = refusal(Answer(429, {"Retry-After": later}, b"")).pause
    assert pause is not None
    assert 90 < pause <= 100


@pytest.mark.parametrize(
    "body", [b"", b"[", b"[]", b"{}", b'{"error": "no"}', b'{"error": {"details": [1]}}', b"[" * 9999]
)
def test_errors_of_any_shape_are_reasons(body: bytes) -> None:
    error = refusal(Answer(403, {}, body))
    assert error.trouble.reason
    assert error.trouble.status is (Status.DENIED if b"details" in body else Status.FAILED)
