"""What fails for good is one row of the ledger that says what, why and with which permission; all else is read."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import pytest

from fixtures.loopback.faults import Fault
from tests.faults.clouds import Reading, Sky, hurry
from tests.providers.azure.tenant import DEV, IN_DEV, IN_TENANT
from tests.providers.gcp.organisation import LIST_PROVIDERS, ORGANIZATION, POOL


@pytest.fixture
def sky(server: Sky, monkeypatch: pytest.MonkeyPatch) -> Sky:
    """Read by somebody who soon gives up."""
    hurry(monkeypatch, server.cloud.hasty)
    server.calm()
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
    listed: bool = True
    """Whether it is a list, which has pages."""


MEMBER = "017598983478"
"""An account of the organisation; the loopback AWS chooses the same each time."""
GUARD = "p-ugnmxwqe"
OWN_ROLE = f"{ORGANIZATION}/roles/impersonator"
PROVIDERS = f"workload-identity-pool-provider {POOL}"

APIS = {
    "aws": {
        "providers": Api(
            f"ListOpenIDConnectProviders {MEMBER}",
            MEMBER,
            ("oidc-provider",),
            "iam:ListOpenIDConnectProviders",
            None,
            False,
        ),
        "roles": Api(
            f"GetAccountAuthorizationDetails {MEMBER}",
            MEMBER,
            ("iam-policy", "iam-role"),
            "iam:GetAccountAuthorizationDetails",
        ),
        "a policy of the organisation": Api(
            f"DescribePolicy {GUARD}",
            "o-ujzde8gxd6",
            (f"organization-policy {GUARD}",),
            "organizations:DescribePolicy",
            (),
            False,
        ),
    },
    "gcp": {
        "IAM": Api(f"{POOL}/providers", "web-prod", (PROVIDERS,), LIST_PROVIDERS, ()),
        "IAM v2": Api("projects%2F1001/denypolicies", "web-prod", ("deny-policy",), "iam.denypolicies.list"),
        "a role": Api(OWN_ROLE, ORGANIZATION, (f"role {OWN_ROLE}",), "iam.roles.get", ("role",), False),
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
        Fault.SAME_TOKEN: "^a page says that there is more and repeats an earlier token$",
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


CASES = [
    pytest.param(cloud, api, fault, id=f"{cloud}-{name}-{fault.name}")
    for cloud, apis in APIS.items()
    for name, api in apis.items()
    for fault in REASONS[cloud]
    if api.listed or fault is not Fault.SAME_TOKEN
]


@pytest.mark.parametrize(("server", "api", "fault"), CASES, indirect=["server"])
def test_what_cannot_be_read_is_one_row(sky: Sky, clean: Reading, api: Api, fault: Fault) -> None:
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
    # A stall ends with the timeout of each attempt; nothing else takes any time.
    assert took < (6 if fault is Fault.STALL else 4)
