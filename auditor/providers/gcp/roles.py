"""Which permissions of a role let its holder become a service account.

Facts: Google's role and permission reference. What a role holds is read from its document; a predefined role whose
document was not read is one of those below, or holds none of these permissions unless it belongs to a service agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_ACCOUNTS: Final = "iam.serviceAccounts."

IMPERSONATION: Final = frozenset(
    _ACCOUNTS + verb for verb in ("getAccessToken", "getOpenIdToken", "signJwt", "signBlob", "implicitDelegation")
)
"""Any of them, on the account or on anything above it, is enough to act as it."""

_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "roles/iam.workloadIdentityUser": frozenset((_ACCOUNTS + "getAccessToken", _ACCOUNTS + "getOpenIdToken")),
    "roles/iam.serviceAccountTokenCreator": IMPERSONATION,
    "roles/iam.serviceAccountOpenIdTokenCreator": frozenset((_ACCOUNTS + "getOpenIdToken",)),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a role gives, as far as becoming somebody goes."""

    permissions: frozenset[str]
    """Those of `IMPERSONATION` it holds."""
    doubt: str | None = None
    """Why it may hold others; None where these are all."""
    idle: str | None = None
    """Why it gives nothing at all; None where it may."""


def grant_of(role: str, body: Any) -> Grant:
    """What the holder of `role` gets; `body` is the role's document, None where there is none."""
    if isinstance(body, Mapping):
        return _read(role, body)
    if role in _KNOWN:
        return Grant(_KNOWN[role])
    if role.startswith("roles/") and "serviceagent" not in role.lower():
        return Grant(frozenset())
    return Grant(frozenset(), doubt=f"the permissions of {role} were not read")


def _read(role: str, body: Mapping[str, Any]) -> Grant:
    if body.get("deleted") is True:
        return Grant(frozenset(), idle=f"{role} is deleted")
    if body.get("stage") == "DISABLED":
        return Grant(frozenset(), idle=f"{role} is disabled")
    held = body.get("includedPermissions", [])
    if not isinstance(held, list | tuple) or any(not isinstance(permission, str) for permission in held):
        return Grant(frozenset(), doubt=f"the permissions of {role} could not be understood")
    if not held and role in _KNOWN:
        return Grant(_KNOWN[role])  # a document read without its permissions (the basic view)
    return Grant(IMPERSONATION.intersection(held))
