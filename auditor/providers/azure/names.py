"""How Azure names things: scopes and ids, whose case means nothing. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

from auditor.errors import UsageError

GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
DOMAIN = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
GROUP = re.compile(r"(?:/?providers/Microsoft\.Management/managementGroups/)?([A-Za-z0-9_().-]{1,90})", re.IGNORECASE)
"""The name of a management group: letters, digits, `-`, `_`, `(`, `)` and `.`, 90 at most (Azure naming rules)."""
SUBSCRIPTION = re.compile(rf"(?:/?subscriptions/)?({GUID.pattern})", re.IGNORECASE)

GROUPS = "/providers/Microsoft.Management/managementGroups/"
IDENTITIES = "/providers/microsoft.managedidentity/userassignedidentities/"

WITHIN = re.compile(r"/subscriptions/([^/]+)(?:/|$)", re.IGNORECASE)
BELOW_GROUP = re.compile(rf"{GROUPS}([^/]+)", re.IGNORECASE)


def tenant(said: str) -> str:
    """A tenant as it was asked for: its id in lower case, or one of its domains. Raises `UsageError`."""
    if GUID.fullmatch(said) or DOMAIN.fullmatch(said):
        return said.lower()
    raise UsageError(f"{said!r} is neither the id nor a domain of a tenant; `az account tenant list` has the ids")


def subscription(said: str) -> str:
    """The id of a subscription, in lower case. Raises `UsageError`."""
    match = SUBSCRIPTION.fullmatch(said)
    if match is None:
        raise UsageError(f"{said!r} is not the id of a subscription; `az account list` has the ids")
    return match[1].lower()


def management_group(said: str) -> str:
    """The name of a management group. Raises `UsageError`."""
    match = GROUP.fullmatch(said)
    if match is None:
        raise UsageError(
            f"{said!r} is not the name of a management group; `az account management-group list` has the names"
        )
    return match[1]


def scope_of(resource: str, tenant_scope: str) -> str:
    """The scope of the ledger to which a resource or an assignment's scope belongs: the root is the tenant's."""
    within = WITHIN.match(resource)
    if within:
        return f"subscriptions/{within[1].lower()}"
    below = BELOW_GROUP.match(resource)
    return f"managementGroups/{below[1]}" if below else tenant_scope


def path(ident: str) -> str:
    """An id as it stands in the path of a request."""
    return quote(ident, safe="/:@-._~()$'=,", errors="replace")


def last(ident: str) -> str:
    """The last part of an id, in lower case."""
    return ident.rstrip("/").rpartition("/")[2].lower()
