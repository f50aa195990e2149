"""What fails for good is one row of the ledger that says what, why and with which permission; all else is read."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from fixtures.loopback.faults import Fault
from tests.faults.clouds import Reading, Sky, hurry
from tests.providers.azure.tenant import DEV, IN_DEV, IN_TENANT
from tests.providers.gcp.organisation import LIST_POOLS, LIST_PROVIDERS, ORGANIZATION, POOL

STALL = 60
"""Seconds; whoever waits for as long is not patient but stuck."""


@pytest.fixture
def sky(server: Sky, monkeypatch: pytest.MonkeyPatch) -> Sky:
    """Read by somebody who soon gives up."""
    hurry(monkeypatch, server.cloud.hasty)
    server.server.stall = STALL
    return server


@dataclass(frozen=True, slots=True)
class Api:
    """Something that a cloud is asked for, of one scope."""

    about: str
    """What the calls for it have in common; of AWS the operation, and after a space what is asked about."""
    scope: str
    kinds: tuple[str, ...]
    """Of the rows that say that it was not read."""
    permission: str
    gone: tuple[str, ...] | None = None
    """Kinds of the rows of the same scope that are not there any more; None: the same kinds, which were read."""

    def named(self, names: Mapping[str, str]) -> Api:
        """With the names of this estate put in."""
        kinds = tuple(kind.format_map(names) for kind in self.kinds)
        return replace(self, about=self.about.format_map(names), scope=self.scope.format_map(names), kinds=kinds)


OWN_ROLE = f"{ORGANIZATION}/roles/impersonator"
PROVIDERS = f"workload-identity-pool-provider {POOL}"

APIS = {
    "aws": {
        "providers": Api(
            "ListOpenIDConnectProviders {member}", "{member}", ("oidc-provider",), "iam:ListOpenIDConnectProviders"
        ),
        "roles": Api(
            "GetAccountAuthorizationDetails {member}",
            "{member}",
            ("iam-policy", "iam-role"),
            "iam:GetAccountAuthorizationDetails",
        ),
        "a policy": Api(
            "DescribePolicy {guard}",
            "{organisation}",
            ("organization-policy {guard}",),
            "organizations:DescribePolicy",
            (),
        ),
    },
    "gcp": {
        "IAM": Api(f"{POOL}/providers", "web-prod", (PROVIDERS,), LIST_PROVIDERS, ()),
        "IAM v2": Api("projects%2F1001/denypolicies", "web-prod", ("deny-policy",), "iam.denypolicies.list"),
        "a role": Api(OWN_ROLE, ORGANIZATION, (f"role {OWN_ROLE}",), "iam.roles.get", ("role",)),
    },
    "azure": {
        "Resource Manager": Api(
            f"{DEV}/providers/Microsoft.Authorization/roleEligibility",
            IN_DEV,
            ("role-eligibility",),
            "Microsoft.Authorization/roleEligibilityScheduleInstances/read",
        ),
        "Microsoft Graph": Api(
            "directory/roleDefinitions", IN_TENANT, ("directory-role-definition",), "RoleManagement.Read.Directory"
        ),
    },
}

REASONS = {
    "aws": {
        Fault.FORBIDDEN: "AccessDenied",
        Fault.UNAUTHENTICATED: "ExpiredToken",
        Fault.OUT_OF_QUOTA: r"Throttling.*\(after 2 attempts\)$",
        Fault.RATE_LIMITED: r"TooManyRequestsException.*\(after 2 attempts\)$",
        Fault.UNAVAILABLE: r"Service(Unavailable|Exception).*\(after 2 attempts\)$",
        Fault.ERROR_PAGE: r"500|error page, or cut short",
        Fault.HTML_200: "^the answer is an error page, or cut short: ",
        Fault.CUT_SHORT: "^the answer is an error page, or cut short: ",
        Fault.HANG_UP: "^the answer is an error page, or cut short: |Connection|IncompleteRead",
        Fault.RESET: "^Connection was closed before we received a valid response",
        Fault.STALL: "^Read timeout on endpoint URL",
        Fault.WRONG_SHAPE: r"^the answer lacks the field '\w+'$",
        Fault.SAME_TOKEN: "^a page says that there is more and repeats an earlier (token|marker)",
    },
    "gcp": {
        Fault.FORBIDDEN: "^PERMISSION_DENIED: Permission '.*' denied",
        Fault.UNAUTHENTICATED: "credentials",
        Fault.OUT_OF_QUOTA: r"^(429 )?.*Quota exceeded for quota metric 'Read requests'.*\(after 2 attempts\)$",
        Fault.RATE_LIMITED: r"Quota exceeded for quota metric 'Read requests'.*\(after 2 attempts\)$",
        Fault.UNAVAILABLE: r"The service is currently unavailable.*\(after 2 attempts\)$",
        Fault.ERROR_PAGE: r"^HTTP 502, with an error page \(after 2 attempts\)$",
        Fault.HTML_200: r"^the answer is an error page, or cut short: .* \(after 2 attempts\)$",
        Fault.CUT_SHORT: r"^the answer is an error page, or cut short: .* \(after 2 attempts\)$",
        Fault.HANG_UP: r"\(after 2 attempts\)$",
        Fault.RESET: r"^no answer: .*reset by peer.* \(after 2 attempts\)$",
        Fault.STALL: r"^no answer: .*timed out.* \(after 2 attempts\)$",
        Fault.SAME_TOKEN: "^a page repeats an earlier page token",
    },
    "azure": {
        Fault.FORBIDDEN: "^Authorization(Failed|_RequestDenied): ",
        Fault.UNAUTHENTICATED: "^(Expired|Invalid)AuthenticationToken: ",
        Fault.OUT_OF_QUOTA: r"^TooManyRequests: .*\(after 2 attempts\)$",
        Fault.RATE_LIMITED: r"^TooManyRequests: .*\(after 2 attempts\)$",
        Fault.UNAVAILABLE: r"^(ServiceUnavailable|ServerTimeout): .*\(after 2 attempts\)$",
        Fault.ERROR_PAGE: r"^HTTP 502, with an error page \(after 2 attempts\)$",
        Fault.HTML_200: r"^the answer is an error page, or cut short: .* \(after 2 attempts\)$",
        Fault.CUT_SHORT: r"^the answer is an error page, or cut short: .* \(after 2 attempts\)$",
        Fault.HANG_UP: "cut short|no answer",
        Fault.RESET: "^no answer: .*reset by peer",
        Fault.STALL: "^no answer: .*timed out",
        Fault.SAME_TOKEN: "^a page repeats an earlier link",
    },
}
"""What the row says."""


def strike(sky: Sky, api: Api, fault: Fault) -> None:
    """Strike every call for it."""
    operation, _, about = api.about.partition(" ")
    if sky.cloud.name == "aws":
        sky.server.fail(operation, fault, about=about)
    else:
        sky.server.fail(api.about, fault)


FEW = (Fault.FORBIDDEN, Fault.UNAVAILABLE, Fault.CUT_SHORT)
"""Of every list; the first of each cloud fails in all ways."""
CASES = [
    pytest.param(cloud, api, fault, id=f"{cloud}-{name}-{fault.name}")
    for cloud, apis in APIS.items()
    for number, (name, api) in enumerate(apis.items())
    for fault in (FEW if number else REASONS[cloud])
    if not (cloud == "aws" and fault is Fault.SAME_TOKEN)  # that list has no pages
]
CASES.append(pytest.param("aws", APIS["aws"]["roles"], Fault.SAME_TOKEN, id="aws-roles-SAME_TOKEN"))


@pytest.mark.parametrize(("server", "api", "fault"), CASES, indirect=["server"])
def test_what_cannot_be_read_is_one_row(
    sky: Sky, clean: Reading, api: Api, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault is Fault.STALL:
        hurry(monkeypatch, sky.cloud.hasty, stalls=True)
    api = api.named(sky.names)
    strike(sky, api, fault)
    begun = time.monotonic()
    found = sky.scan("--exit-zero")
    took = time.monotonic() - begun
    status = "denied" if fault is Fault.FORBIDDEN else "failed"
    new = [row for row in found.ledger if row not in clean.ledger]
    assert [row[:4] for row in new] == [(api.scope, kind, status, api.permission) for kind in api.kinds]
    for row in new:
        assert re.search(REASONS[sky.cloud.name][fault], row[4] or ""), row[4]
    gone = api.kinds if api.gone is None else api.gone
    assert [row for row in clean.ledger if row not in found.ledger] == [
        row for row in clean.ledger if row[0] == api.scope and row[1] in gone
    ]
    assert found.code == 3
    assert "Traceback" not in found.told
    assert found.trusts(elsewhere=api.scope) == clean.trusts(elsewhere=api.scope) != []
    assert took < STALL / 2  # a stall ends with the timeout of each attempt


def deny(sky: Sky) -> None:
    """An account, a project, a subscription in which one may do nothing."""
    match sky.cloud.name:
        case "aws":
            sky.server.fail("AssumeRole", Fault.FORBIDDEN, about=sky.names["member"])
        case "gcp":
            sky.server.fail("projects/1001", Fault.FORBIDDEN)
            sky.server.fail("projects%2F1001", Fault.FORBIDDEN)
        case _:
            sky.server.forbid(DEV)


READS = "Microsoft.Authorization/{}/read"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities/read"
DENIED = {
    "aws": ("{member}", [("account", "sts:AssumeRole")]),
    "gcp": (
        "web-prod",
        [
            ("deny-policy", "iam.denypolicies.list"),
            ("workload-identity-pool", LIST_POOLS),
            (f"workload-identity-pool {POOL}", "iam.googleapis.com/workloadIdentityPools.get"),
        ],
    ),
    "azure": (
        IN_DEV,
        [
            ("deny-assignment", READS.format("denyAssignments")),
            ("federated-credential", IDENTITIES),
            ("role-assignment", READS.format("roleAssignments")),
            ("role-eligibility", READS.format("roleEligibilityScheduleInstances")),
            ("user-assigned-identity", IDENTITIES),
        ],
    ),
}
"""Scope, and a row for each permission that is found to be missing there."""


def test_a_scope_that_is_denied_is_told_of_and_the_others_are_read(sky: Sky, clean: Reading) -> None:
    scope, rows = DENIED[sky.cloud.name]
    scope = scope.format_map(sky.names)
    deny(sky)
    found = sky.scan("--exit-zero")
    new = [row for row in found.ledger if row not in clean.ledger]
    assert [row[:4] for row in new] == [(scope, kind, "denied", permission) for kind, permission in rows]
    assert {row[0] for row in clean.ledger if row not in found.ledger} == {scope}
    assert found.code == 3
    assert "Traceback" not in found.told
    assert found.trusts(elsewhere=scope) == clean.trusts(elsewhere=scope) != []


@pytest.mark.parametrize("share", [0.7, 0.9])
def test_credentials_that_expire_half_way_leave_gaps_and_no_lies(sky: Sky, clean: Reading, share: float) -> None:
    """Whatever was not read is a row; what was read before stays; nobody hammers on a closed door."""
    sky.server.calls.clear()
    assert sky.scan() == clean
    calls = sky.server.calls.total()
    sky.server.calls.clear()
    sky.server.fail("", Fault.UNAUTHENTICATED, after=int(share * calls))
    found = sky.scan("--exit-zero")
    new = [row for row in found.ledger if row not in clean.ledger and row[2] != "read"]
    assert found.code == 3
    assert "failed" in {row[2] for row in new} <= {"failed", "skipped"}
    assert all(re.search("[Ee]xpired|credentials|AuthenticationToken", row[4] or "") for row in new)
    assert {row[0] for row in clean.ledger} == {row[0] for row in found.ledger}
    assert {trust["id"] for trust in found.body["trusts"]} <= {trust["id"] for trust in clean.body["trusts"]}
    assert "Traceback" not in found.told
    assert sky.server.calls.total() < 1.5 * calls


@pytest.mark.parametrize("server", ["aws"], indirect=True)
@pytest.mark.parametrize("fault", [Fault.CUT_SHORT, Fault.HTML_200, Fault.WRONG_SHAPE], ids=lambda fault: fault.name)
def test_a_list_of_accounts_that_is_garbled_is_not_an_empty_one(sky: Sky, fault: Fault) -> None:
    """JSON that is none is an object without any of its fields to botocore."""
    sky.server.fail("ListAccountsForParent", fault)
    found = sky.scan("--exit-zero")
    assert found.code == 3
    gaps = [row for row in found.gaps if row[3] == "organizations:ListAccountsForParent"]
    assert len(gaps) == 4  # the root and three units
    said = "not all accounts directly below it could be listed, and what is not listed is not read: the answer "
    why = "lacks the field 'Accounts'" if fault is Fault.WRONG_SHAPE else "is an error page, or cut short"
    assert all((row[4] or "").startswith(said + why) for row in gaps)
