"""Which roles let their holder become a service account."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.providers.gcp.roles import IMPERSONATION, Grant, grant_of

TOKEN, IDENTITY = "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken"
CUSTOM = "projects/acme/roles/deployer"


@pytest.mark.parametrize(
    ("role", "body", "grant"),
    [
        ("roles/iam.workloadIdentityUser", None, Grant(frozenset((TOKEN, IDENTITY)))),
        ("roles/iam.serviceAccountTokenCreator", None, Grant(IMPERSONATION)),
        ("roles/iam.serviceAccountOpenIdTokenCreator", None, Grant(frozenset((IDENTITY,)))),
        ("roles/owner", None, Grant(frozenset())),
        ("roles/storage.admin", None, Grant(frozenset())),
        (
            "roles/run.serviceAgent",
            None,
            Grant(frozenset(), doubt="the permissions of roles/run.serviceAgent were not read"),
        ),
        (CUSTOM, None, Grant(frozenset(), doubt=f"the permissions of {CUSTOM} were not read")),
        (CUSTOM, {"includedPermissions": [TOKEN, "run.services.get"]}, Grant(frozenset((TOKEN,)))),
        (CUSTOM, {"includedPermissions": ["run.services.get"]}, Grant(frozenset())),
        (CUSTOM, {}, Grant(frozenset())),
        (CUSTOM, {"includedPermissions": [TOKEN], "deleted": True}, Grant(frozenset(), idle=f"{CUSTOM} is deleted")),
        (
            CUSTOM,
            {"includedPermissions": [TOKEN], "stage": "DISABLED"},
            Grant(frozenset(), idle=f"{CUSTOM} is disabled"),
        ),
        (
            CUSTOM,
            {"includedPermissions": "all"},
            Grant(frozenset(), doubt=f"the permissions of {CUSTOM} could not be understood"),
        ),
        ("roles/iam.workloadIdentityUser", {"title": "basic view"}, Grant(frozenset((TOKEN, IDENTITY)))),
    ],
)
def test_roles(role: str, body: Any, grant: Grant) -> None:
    assert grant_of(role, body) == grant
