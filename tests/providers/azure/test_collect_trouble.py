"""Collection over real HTTP against the loopback Azure: every way in which Azure fails."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from auditor.errors import CollectError
from auditor.providers.azure.collect import read
from auditor.providers.azure.resource_graph import ResourceGraph
from auditor.providers.azure.rest import Answer, Json, Pace, RefusedError, Service, refusal, retry_after, same_origin
from auditor.providers.azure.tenant import asked
from auditor.snapshot import Coverage, Status
from fixtures.loopback.azure import Fault, LoopbackAzure
from fixtures.loopback.azure_requests import Problem
from fixtures.loopback.azure_routes import VERSIONS
from tests.providers.azure.tenant import (
    DEPLOY,
    DEV,
    ESTATE,
    EXACT,
    FAST,
    FLEXIBLE,
    IN_DEV,
    IN_PROD,
    IN_TENANT,
    PROD,
    TENANT,
    TRY,
    TRYING,
    WEB,
    bodies,
    collected,
    credential,
    gaps,
    row,
)

CREDENTIALS = "arm.federatedIdentityCredentials.list"
READ_CREDENTIALS = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read"
ACTION = "Microsoft.Authorization/"
FEDERATED = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"


# What cannot be read


@pytest.mark.parametrize(
    ("about", "scope", "kind", "permission"),
    [
        ("arm.tenants", IN_TENANT, "tenant", None),
        ("arm.subscriptions", IN_TENANT, "subscription", "Microsoft.Resources/subscriptions/read"),
        ("arm.entities", IN_TENANT, "management-group", "Microsoft.Management/getEntities/action"),
        (f"{IN_DEV}/providers/{ACTION}roleA", IN_DEV, "role-assignment", f"{ACTION}roleAssignments/read"),
        (f"{IN_DEV}/providers/{ACTION}deny", IN_DEV, "deny-assignment", f"{ACTION}denyAssignments/read"),
        (
            f"{IN_DEV}/providers/{ACTION}roleElig",
            IN_DEV,
            "role-eligibility",
            f"{ACTION}roleEligibilityScheduleInstances/read",
        ),
        (f"id-try/{CREDENTIALS[4:-5]}", IN_DEV, f"federated-credential {TRY['id']}", READ_CREDENTIALS),
        ("graph.applications.list", IN_TENANT, "application", "Application.Read.All"),
        ("graph.servicePrincipals.list", IN_TENANT, "service-principal", "Application.Read.All"),
        ("graph.servicePrincipals.get", IN_TENANT, "service-principal of Microsoft Graph", "Application.Read.All"),
        ("appRoleAssignedTo", IN_TENANT, "graph-role-assignment", "Application.Read.All"),
        ("appRoleAssignments", IN_TENANT, "graph-role-assignment", "Application.Read.All"),
        ("memberOf.list", IN_TENANT, "group-membership", "GroupMember.Read.All"),
        ("owners.list", IN_TENANT, "application-owners", "Application.Read.All"),
        ("directory/roleAssignments", IN_TENANT, "directory-role-assignment", "RoleManagement.Read.Directory"),
        ("directory/roleDefinitions", IN_TENANT, "directory-role-definition", "RoleManagement.Read.Directory"),
        ("directory/roleEligibility", IN_TENANT, "directory-role-eligibility", "RoleManagement.Read.Directory"),
    ],
)
def test_a_missing_permission_is_named_and_the_rest_is_read(
    azure: LoopbackAzure, about: str, scope: str, kind: str, permission: str | None
) -> None:
    azure.fail(about, Fault.FORBIDDEN)
    snapshot = collected()
    if kind == "tenant":  # the directory knows
        assert row(snapshot, scope, kind).status is Status.READ
        return
    found = row(snapshot, scope, kind)
    assert (found.status, found.permission) == (Status.DENIED, permission)
    assert not snapshot.complete
    assert found.reason
    # Directory and subscriptions do not need each other.
    assert bodies(snapshot, "federated-credential") or bodies(snapshot, "application")


def test_the_identity_whose_credentials_are_unread_is_kept_and_named(azure: LoopbackAzure) -> None:
    azure.fail("id-deploy/federated", Fault.FORBIDDEN)
    snapshot = collected()
    assert [one[:3] for one in gaps(snapshot)] == [(IN_PROD, f"federated-credential {DEPLOY['id']}", "denied")]
    assert row(snapshot, IN_PROD, "federated-credential").status is Status.READ
    assert DEPLOY["id"] in bodies(snapshot, "user-assigned-identity")
    assert list(bodies(snapshot, "federated-credential")) == [TRYING["id"]]


def test_a_list_of_credentials_that_ends_early_is_kept_and_told(azure: LoopbackAzure) -> None:
    azure.fail("id-deploy/federated", Fault.FORBIDDEN, after=1)
    snapshot = collected()
    ((scope, kind, _, reason),) = gaps(snapshot)
    assert (scope, kind) == (IN_PROD, f"federated-credential {DEPLOY['id']}")
    assert (reason or "").endswith("; 1 were read all the same")
    assert set(bodies(snapshot, "federated-credential")) == {EXACT["id"], TRYING["id"]}


def test_an_identity_that_has_gone_meanwhile_is_no_gap(azure: LoopbackAzure) -> None:
    estate = copy.deepcopy(ESTATE)
    azure.load(estate)
    ghost = {**DEPLOY, "id": DEPLOY["id"].replace("id-deploy", "id-ghost")}
    azure._arm._resource_graph._tables["resources"].append(
        {**ghost, "type": ghost["type"].lower(), "subscriptionId": PROD}
    )
    snapshot = collected()
    assert gaps(snapshot) == []
    assert ghost["id"] not in bodies(snapshot, "user-assigned-identity")


def test_permissions_that_are_all_denied_are_one_row(azure: LoopbackAzure) -> None:
    azure.fail("memberOf.list", Fault.FORBIDDEN)
    assert row(collected(), IN_TENANT, "group-membership") == Coverage(
        "azure",
        IN_TENANT,
        "group-membership",
        Status.DENIED,
        "Authorization_RequestDenied: Insufficient privileges to complete the operation (for each of 4)",
        "GroupMember.Read.All",
    )


def test_one_that_is_denied_is_named(azure: LoopbackAzure) -> None:
    principal = DEPLOY["properties"]["principalId"]
    azure.fail(f"{principal}/transitiveMemberOf", Fault.FORBIDDEN)
    assert [one[:3] for one in gaps(collected())] == [(IN_TENANT, f"group-membership {principal}", "denied")]


def test_a_role_whose_definition_is_not_to_be_had(azure: LoopbackAzure) -> None:
    azure.fail("resourceGraph", Fault.FORBIDDEN)
    azure.fail("arm.roleDefinitions.get", Fault.NOT_FOUND)
    found = [one[:3] for one in gaps(collected()) if "definition" in one[1]]
    assert len(found) == 2
    assert all(kind.startswith("role-definition ") and status == "failed" for _, kind, status in found)


@pytest.mark.parametrize(
    ("about", "scope", "kind"),
    [
        ("roleEligibilityScheduleInstances", IN_PROD, "role-eligibility"),
        ("roleEligibilitySchedules", IN_TENANT, "directory-role-eligibility"),
        ("SignInActivities", IN_TENANT, "sign-in-activity"),
    ],
)
def test_what_was_not_bought_is_skipped(azure: LoopbackAzure, about: str, scope: str, kind: str) -> None:
    azure.fail(about, Fault.NO_LICENCE)
    snapshot = collected()
    assert row(snapshot, scope, kind).status is Status.SKIPPED
    assert snapshot.complete


def test_sign_ins_are_an_extra(azure: LoopbackAzure) -> None:
    azure.fail("SignInActivities", Fault.FORBIDDEN)
    snapshot = collected()
    found = row(snapshot, IN_TENANT, "sign-in-activity")
    assert (found.status, found.permission) == (Status.SKIPPED, "AuditLog.Read.All")
    assert snapshot.complete


def test_a_group_or_subscription_that_is_not_there(azure: LoopbackAzure) -> None:
    other = "0" * 8 + PROD[8:]
    snapshot = collected(subscriptions=[DEV, other], management_groups=["nowhere"])
    assert [one[:3] for one in gaps(snapshot)] == [
        ("managementGroups/nowhere", "subscription", "denied"),
        (f"subscriptions/{other}", "subscription", "failed"),
    ]
    assert list(bodies(snapshot, "federated-credential")) == [TRYING["id"]]


def test_a_provider_that_is_not_registered_has_no_identities(
    azure: LoopbackAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK would register it, if it were let; this program changes nothing."""

    def unregistered(*_: object) -> None:
        raise Problem(409, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace")

    azure.fail("resourceGraph", Fault.FORBIDDEN)
    monkeypatch.setattr(azure._arm, "_list_identities", unregistered)
    snapshot = collected()
    assert row(snapshot, IN_PROD, "user-assigned-identity") == Coverage(
        "azure",
        IN_PROD,
        "user-assigned-identity",
        Status.READ,
        "there can be none: Microsoft.ManagedIdentity is not registered in this subscription",
        "Microsoft.ManagedIdentity/userAssignedIdentities/read",
    )
    assert not any("/register" in path for path in azure.paths)


# API versions


def test_a_cloud_without_the_newest_version(azure: LoopbackAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an older version shows holds; what it hides is told, never taken for nothing."""
    known = {**VERSIONS, FEDERATED: ("2023-01-31", "2024-11-30")}
    monkeypatch.setattr("fixtures.loopback.azure_arm.VERSIONS", known)
    snapshot = collected()
    assert [one[:3] for one in gaps(snapshot)] == [(IN_PROD, f"federated-credential {FLEXIBLE['id']}", "failed")]
    reason = row(snapshot, IN_PROD, f"federated-credential {FLEXIBLE['id']}").reason or ""
    assert reason.startswith("the API shows neither subject nor expression (NoRegisteredProviderFound: ")
    assert set(bodies(snapshot, "federated-credential")) == {EXACT["id"], FLEXIBLE["id"], TRYING["id"]}


def test_a_credential_that_shows_nothing_is_read_once_more(azure: LoopbackAzure) -> None:
    estate = copy.deepcopy(ESTATE)
    hidden = credential(TRY, "hidden")
    estate["federated-credentials"].append(hidden)
    azure.load(estate)
    snapshot = collected()
    assert gaps(snapshot) == [
        (
            IN_DEV,
            f"federated-credential {hidden['id']}",
            "failed",
            "the API shows neither subject nor expression",
        )
    ]
    assert azure.calls["arm.federatedIdentityCredentials.get"] == 2
    assert bodies(snapshot, "federated-credential")[hidden["id"]] == hidden


# Trouble


HEALING = [
    Fault.RATE_LIMITED,
    Fault.OUT_OF_QUOTA,
    Fault.UNAVAILABLE,
    Fault.HTML_502,
    Fault.HTML_200,
    Fault.CUT_SHORT,
    Fault.HANG_UP,
]


@pytest.mark.parametrize("fault", HEALING)
@pytest.mark.parametrize(
    "about",
    [CREDENTIALS, "arm.resourceGraph", "arm.userAssignedIdentities", "graph.servicePrincipals.list", "graph.batch"],
)
def test_what_heals_leaves_no_trace(azure: LoopbackAzure, about: str, fault: Fault, slept: list[float]) -> None:
    if "userAssigned" in about:
        azure.fail("arm.resourceGraph", Fault.BAD_REQUEST)
    azure.fail(about, fault, times=2)
    snapshot = collected()
    assert [one for one in gaps(snapshot) if one[1] != "resource-graph"] == []
    assert len(bodies(snapshot, "federated-credential")) == 3
    assert len(bodies(snapshot, "service-principal")) == 6


REASONS = {
    Fault.OUT_OF_QUOTA: "(after 3 attempts)",
    Fault.UNAVAILABLE: "(after 3 attempts)",
    Fault.HTML_502: "HTTP 502, with an error page (after 3 attempts)",
    Fault.HTML_200: "the answer is an error page, or cut short: not a JSON object (after 3 attempts)",
    Fault.CUT_SHORT: "the answer is an error page, or cut short: not a JSON object (after 3 attempts)",
    Fault.NOT_AN_OBJECT: "the answer is an error page, or cut short: not a JSON object (after 3 attempts)",
    Fault.WRONG_SHAPE: "the answer's field 'value' is not a list of objects",
    Fault.NOT_JSON_OBJECTS: "the answer's field 'value' is not a list of objects",
}


@pytest.mark.parametrize("fault", REASONS)
@pytest.mark.parametrize(
    ("about", "scope", "kind"),
    [
        ("id-try/federated", IN_DEV, f"federated-credential {TRY['id']}"),
        (f"{IN_DEV}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?", IN_DEV, "user-assigned-identity"),
        ("graph.servicePrincipals.list", IN_TENANT, "service-principal"),
    ],
)
def test_what_does_not_heal_is_a_row_with_its_reason(
    azure: LoopbackAzure, about: str, scope: str, kind: str, fault: Fault, slept: list[float]
) -> None:
    azure.fail("arm.resourceGraph", Fault.BAD_REQUEST)
    azure.fail(about, fault)
    snapshot = collected()
    found = row(snapshot, scope, kind)
    assert found.status is Status.FAILED
    assert (found.reason or "").endswith(REASONS[fault])


@pytest.mark.parametrize("about", [CREDENTIALS, "arm.userAssignedIdentities", "graph.servicePrincipals.list"])
@pytest.mark.parametrize("fault", [Fault.SAME_TOKEN, Fault.FOREIGN_LINK])
def test_links_in_a_circle_or_to_elsewhere_are_not_followed(azure: LoopbackAzure, about: str, fault: Fault) -> None:
    azure.fail("arm.resourceGraph", Fault.BAD_REQUEST)
    azure.fail(about, fault)
    snapshot = collected()
    reasons = [reason or "" for _, kind, status, reason in gaps(snapshot) if status == "failed"]
    wanted = "repeats an earlier link" if fault is Fault.SAME_TOKEN else "the token is not sent there"
    assert reasons
    assert all(wanted in reason for reason in reasons)


@pytest.mark.parametrize("about", [CREDENTIALS, "arm.userAssignedIdentities", "graph.servicePrincipals.list"])
def test_an_empty_page_is_not_the_end(azure: LoopbackAzure, about: str) -> None:
    azure.fail("arm.resourceGraph", Fault.BAD_REQUEST)
    azure.fail(about, Fault.EMPTY_PAGE, times=1)
    snapshot = collected()
    assert len(bodies(snapshot, "federated-credential")) == 3
    assert len(bodies(snapshot, "service-principal")) == 6


@pytest.mark.parametrize("version", ["nextLink", "@odata.nextLink"])
def test_a_link_to_elsewhere_is_not_even_tried(version: str) -> None:
    asked_for: list[str] = []

    def send(method: str, url: str, headers: object, body: object) -> Answer:
        asked_for.append(url)
        return Answer(200, {}, b'{"value": [{"id": "1"}], "%s": "https://evil.example/x"}' % version.encode())

    found: list[Json] = []
    with pytest.raises(RefusedError, match=r"^a page's link leads elsewhere \('https://evil.example/x'\)"):
        found.extend(Service(send, "https://arm.example", FAST).values("x", link=version))
    assert (found, asked_for) == ([{"id": "1"}], ["https://arm.example/x"])


def test_resource_graph_that_leaves_rows_out_is_not_believed(
    azure: LoopbackAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = azure._arm._resource_graph.answer
    short = lambda *a: {**answer(*a), "totalRecords": 9}  # noqa: E731 - the whole of the change
    monkeypatch.setattr(azure._arm._resource_graph, "answer", short)
    snapshot = collected()
    found = row(snapshot, IN_TENANT, "resource-graph")
    assert (found.status, found.reason) == (
        Status.SKIPPED,
        "read subscription by subscription instead, because Resource Graph gave 3 of 9 rows and no way to the rest",
    )
    assert len(bodies(snapshot, "federated-credential")) == 3


def test_a_stall_ends(azure: LoopbackAzure) -> None:
    azure.fail("id-try/federated", Fault.STALL)
    snapshot = read(asked(), replace(FAST, attempts=1, read_timeout=1))
    found = row(snapshot, IN_DEV, f"federated-credential {TRY['id']}")
    assert found.status is Status.FAILED
    assert (found.reason or "").startswith("no answer: ")


def test_retry_after_is_heeded_but_not_for_ever(azure: LoopbackAzure, slept: list[float]) -> None:
    azure.fail("arm.tenants", Fault.RATE_LIMITED, times=1)
    snapshot = read(asked(), replace(FAST, longest_pause=60))
    assert slept == [2]
    slept.clear()
    azure.fail("arm.tenants", Fault.RATE_LIMITED, times=1)
    read(asked(), replace(FAST, longest_pause=1))
    assert slept == [1]
    assert gaps(snapshot) == []


def test_a_post_that_reads_is_made_again(azure: LoopbackAzure, slept: list[float]) -> None:
    azure.fail("arm.resourceGraph", Fault.OUT_OF_QUOTA, times=1)
    assert row(collected(), IN_TENANT, "resource-graph").status is Status.READ


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "3"}, 3),
        ({"retry-after": " 0 "}, 0),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "²"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({}, None),
    ],
)
def test_every_form_of_retry_after(headers: dict[str, str], pause: float | None) -> None:
    assert retry_after(headers) == pause


def test_calls_keep_their_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("auditor.providers.azure.rest.time.monotonic", lambda: 100.0)
    monkeypatch.setattr("auditor.providers.azure.rest.time.sleep", slept.append)
    pace = Pace(0.25)
    for _ in range(3):
        pace.wait()
    pace.pause(10)
    pace.wait()
    assert slept == [0, 0.25, 0.5, 10]


def test_the_quota_of_resource_graph_is_waited_for(azure: LoopbackAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("auditor.providers.azure.rest.time.sleep", slept.append)
    graph = ResourceGraph(Spent(), None, Pace(0.001))  # type: ignore[arg-type]  # as much of a service as it takes
    assert list(graph.rows("resources")) == [{"id": "1"}, {"id": "2"}]
    assert [round(pause) for pause in slept] == [0, 4]


def test_resource_graph_is_asked_for_what_is_assigned_above(
    azure: LoopbackAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without being asked for it, it leaves out what is assigned to management groups."""
    asked_for: list[tuple[str, Any, Any]] = []
    answer = azure._arm._resource_graph.answer

    def spy(request: Any, *more: Any) -> Any:
        body = request.body
        asked_for.append((body["query"].split()[0], body.get("subscriptions"), body["options"].get(FILTER)))
        return answer(request, *more)

    monkeypatch.setattr(azure._arm._resource_graph, "answer", spy)
    azure._arm._resource_graph._page_size = 1000
    collected()
    collected(subscriptions=[DEV])
    above = "AtScopeAboveAndBelow"
    tables = [("resources", None), ("authorizationresources", above), ("authorizationresources", above)]
    assert asked_for == [(table, about, how) for about in (None, [DEV]) for table, how in tables]


FILTER = "authorizationScopeFilter"


class Spent:
    """Resource Graph whose quota is used up after a page."""

    limits = replace(FAST, longest_pause=60)

    def post(self, path: str, body: dict[str, Any], query: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
        first = "$skipToken" not in body["options"]
        page = {"data": [{"id": "1" if first else "2"}], "totalRecords": 2, **({"$skipToken": "t"} if first else {})}
        return page, {"X-MS-User-Quota-Remaining": "0", "x-ms-user-quota-resets-after": "00:00:04"}


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://graph.microsoft.com/beta/x", True),
        ("https://GRAPH.microsoft.com/beta/x", True),
        ("http://graph.microsoft.com/beta/x", False),
        ("https://graph.microsoft.com:444/", False),
        ("https://graph.microsoft.com.evil.example/", False),
        ("https://graph.microsoft.com@evil.example/", False),
        ("https://user@graph.microsoft.com/", False),
        ("//graph.microsoft.com/", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_where_a_token_may_go(url: str, same: bool) -> None:
    assert same_origin(url, "https://graph.microsoft.com") is same


@pytest.mark.parametrize(
    "body", [b"", b"[", b"[]", b"{}", b'{"error": "no"}', b'{"error": {"details": [1], "message": [2]}}', b"[" * 9999]
)
def test_errors_of_any_shape_are_reasons(body: bytes) -> None:
    trouble = refusal(Answer(403, {}, body)).trouble
    assert trouble.reason
    assert trouble.status is (Status.DENIED if b"details" in body else Status.FAILED)


# Nothing at all


def test_credentials_that_azure_refuses(azure: LoopbackAzure) -> None:
    azure.fail("", Fault.UNAUTHENTICATED)
    with pytest.raises(CollectError, match=r"(?s)^Azure refused the credentials: .*az login"):
        collected()
    assert sum(azure.calls.values()) == 4


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARM", "GRAPH"):
        monkeypatch.setenv(f"AUDITOR_AZURE_{name}_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CollectError, match=r"^Azure cannot be reached: no answer: "):
        collected()


def test_everything_is_denied(azure: LoopbackAzure) -> None:
    azure.fail("", Fault.FORBIDDEN)
    with pytest.raises(CollectError, match=r"^Azure: nothing could be read: AuthorizationFailed: "):
        collected()


def test_only_the_directory_answers(azure: LoopbackAzure) -> None:
    azure.fail("arm.", Fault.FORBIDDEN)
    snapshot = collected(tenant=TENANT)
    assert list(bodies(snapshot, "application")) == [f"applications/{WEB}"]
    assert not snapshot.complete
