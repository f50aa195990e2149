"""What an account of Google may do where it is easily read otherwise: too certain, or gone though it is there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.gcp import power as google
from tests.providers.power_told import Want, told

SET = ["resourcemanager.projects.setIamPolicy"]
SETS = "cloudresourcemanager.googleapis.com/projects.setIamPolicy"
CREATOR = "roles/iam.serviceAccountTokenCreator"
ALL = "principalSet://goog/public:all"
MINE = {"on": "acme-ci", "role": SET, "to": "deploy"}
CERTAIN = Want("admin", "admin", ("grant-roles admin",))

GOOGLE_CASES: list[tuple[str, dict[str, Any], Want]] = [
    (
        "a condition that ended",
        {"grants": [{**MINE, "if": "request.time < timestamp('2020-01-01T00:00:00Z')"}]},
        Want("none", "none"),
    ),
    (
        "one that is always true beside",
        {"grants": [{**MINE, "if": "request.time < timestamp('2020-01-01T00:00:00Z') || true"}]},
        CERTAIN,
    ),
    (
        "not before a moment that is past",
        {"grants": [{**MINE, "if": "!(request.time < timestamp('2020-01-01T00:00:00Z'))"}]},
        CERTAIN,
    ),
    (
        "office hours",
        {"grants": [{**MINE, "if": "request.time.getHours('UTC') >= 9"}]},
        Want("admin", "none", ("grant-roles admin ?",)),
    ),
    ("one binding without a condition beside one with", {"grants": [{**MINE, "if": "false"}, MINE]}, CERTAIN),
    (
        "denied to everybody but a group it may be in",
        {"grants": [MINE], "deny": [{"on": "acme-ci", "who": ALL, "but": "group:ops@acme.example", "what": [SETS]}]},
        Want("admin", "none", ("grant-roles admin ?",)),
    ),
    (
        "and is not in",
        {
            "grants": [MINE],
            "groups": {"ops@acme.example": []},
            "deny": [{"on": "acme-ci", "who": ALL, "but": "group:ops@acme.example", "what": [SETS]}],
        },
        Want("none", "none"),
    ),
    (
        "denied and excepted",
        {"grants": [MINE], "deny": [{"on": "acme-ci", "who": "deploy", "but": "deploy", "what": [SETS]}]},
        CERTAIN,
    ),
    (
        "denied to every account of its project",
        {
            "grants": [MINE],
            "deny": [
                {
                    "on": "acme-ci",
                    "who": "principalSet://cloudresourcemanager.googleapis.com/projects/123456789012/type/ServiceAccount",
                    "what": [SETS],
                }
            ],
        },
        Want("none", "none"),
    ),
    (
        "an owner without the one permission has others that come to the same",
        {
            "grants": [{**MINE, "role": "roles/owner"}],
            "deny": [{"on": "organization", "who": "deploy", "what": [SETS]}],
        },
        Want("escalation", "escalation", ("create-key admin ?", "grant-roles admin", "run-as admin ?")),
    ),
    (
        "denied tokens, not signatures",
        {
            "grants": [{**MINE, "role": CREATOR}],
            "deny": [{"on": "acme-ci", "who": "deploy", "what": ["iam.googleapis.com/serviceAccounts.getAccessToken"]}],
        },
        Want("escalation", "escalation", ("impersonate admin",)),
    ),
    ("inherited from the folder", {"grants": [{**MINE, "on": "folder"}]}, CERTAIN),
    (
        "a disabled account",
        {"grants": [MINE], "accounts": {"deploy": {"disabled": True}}},
        Want("admin", "none", ("grant-roles admin ?",)),
    ),
    (
        "a disabled account to become",
        {"grants": [{"on": "admin", "role": CREATOR, "to": "deploy"}], "accounts": {"admin": {"disabled": True}}},
        Want("scoped", "scoped"),
    ),
    ("a deprecated role still grants", {"grants": [{**MINE, "body": {"stage": "DEPRECATED"}}]}, CERTAIN),
    ("a disabled one does not", {"grants": [{**MINE, "body": {"stage": "DISABLED"}}]}, Want("none", "none")),
    (
        "a name in another letter case",
        {
            "grants": [
                {
                    **MINE,
                    "to": "principal://iam.googleapis.com/projects/-/serviceAccounts/Deploy@acme-ci.iam.gserviceaccount.com",
                }
            ]
        },
        CERTAIN,
    ),
    (
        "an account that bore its name",
        {"grants": [{**MINE, "to": "deleted:serviceAccount:deploy@acme-ci.iam.gserviceaccount.com?uid=5"}]},
        Want("none", "none"),
    ),
]


@pytest.mark.parametrize(("case", "want"), [case[1:] for case in GOOGLE_CASES], ids=[case[0] for case in GOOGLE_CASES])
def test_a_service_account_of_google(case: dict[str, Any], want: Want) -> None:
    assert told(google.profile(case)) == want
