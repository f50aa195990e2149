"""Allow and deny policies for one concrete principal. Part of the concrete evaluator.

Rules: Google's pages on allow policies, deny policies and principal identifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from auditor.providers.gcp.cel import parse
from auditor.providers.gcp.cel_evaluate import evaluate
from auditor.providers.gcp.cel_evaluate_values import Unsure
from auditor.providers.gcp.cel_lexer import CelSyntaxError

Membership = Callable[[str], bool | None]
"""Whether what stands behind the pool's name in a principal identifier means the principal."""

_ENOUGH: Final = ("getAccessToken", "getOpenIdToken", "signJwt", "signBlob", "implicitDelegation")
_PREDEFINED: Final[Mapping[str, tuple[str, ...]]] = {
    "roles/iam.workloadIdentityUser": _ENOUGH[:2],
    "roles/iam.serviceAccountTokenCreator": _ENOUGH,
    "roles/iam.serviceAccountOpenIdTokenCreator": _ENOUGH[1:2],
}


def all_of(results: Iterable[bool | None]) -> bool | None:
    """False if any is, else None if any is."""
    found = list(results)
    return False if False in found else None if None in found else True


def any_of(results: Iterable[bool | None]) -> bool | None:
    """True if any is, else None if any is."""
    found = list(results)
    return True if True in found else None if None in found else False


def opposite(result: bool | None) -> bool | None:
    """None stays None."""
    return None if result is None else not result


def grant_lets_in(
    grant: Mapping[str, Any], documents: Mapping[str, Any], is_member: Membership, now: datetime
) -> bool | None:
    """Whether one binding gives the principal what the trust is about."""
    member = split(str(grant.get("member")))
    if member is None:
        return None
    scheme, pool, rest = member
    if not pool.split("/")[1].isdecimal():
        return False  # members hold the number; an id is nobody's
    body = grant.get("role_body")
    if isinstance(body, Mapping) and (body.get("deleted") is True or body.get("stage") == "DISABLED"):
        return False
    return all_of(
        (
            _means(scheme, rest, is_member),
            _meets(grant.get("condition"), now),
            _permitted(grant, documents, pool, is_member),
        )
    )


def split(text: str) -> tuple[str, str, str] | None:
    """Scheme, pool, and the rest of a principal identifier of a workload identity pool."""
    scheme, found, path = text.partition("://iam.googleapis.com/")
    parts = path.split("/", 6)
    if not found or scheme not in ("principal", "principalSet") or len(parts) < 7 or parts[0] != "projects":
        return None
    return (scheme, "/".join(parts[:6]), parts[6]) if parts[4] == "workloadIdentityPools" else None


def _means(scheme: str, rest: str, is_member: Membership) -> bool | None:
    kind, slash, _ = rest.partition("/")
    known = rest == "*" or (slash and (kind in ("subject", "group") or kind.startswith("attribute.")))
    if not known:
        return False
    if (kind == "subject") is not (scheme == "principal"):
        return None
    return is_member(rest)


def _meets(condition: Any, now: datetime) -> bool | None:
    """The binding's own condition. What is not about the time is not known."""
    if condition is None:
        return True
    written = condition.get("expression") if isinstance(condition, Mapping) else None
    if not isinstance(written, str):
        return None
    try:
        outcome = evaluate(parse(written), {"request": {"time": now}})
    except CelSyntaxError:
        return None
    return None if isinstance(outcome, Unsure) else outcome is True


def _permitted(grant: Mapping[str, Any], documents: Mapping[str, Any], pool: str, is_member: Membership) -> bool | None:
    """Some permission that counts is in the role, and no deny rule takes it away."""
    rules = [
        rule.get("denyRule") if isinstance(rule, Mapping) else None
        for body in documents.get("denials", ())
        for rule in _list(body.get("rules"))
    ]
    listed = _held(grant)
    if documents.get("impersonation"):
        held = None if listed is None else [one for one in listed if one.rpartition(".")[2] in _ENOUGH]
        held = held if held is None else [one for one in held if one.startswith("iam.serviceAccounts.")]
        if held is None:
            return None
    else:
        held = listed
        denied = [_applies(rule, None, pool, is_member) for rule in rules]
        if not any(one is not False for one in denied):
            return True
        if not held:
            return None
    return any_of(
        all_of(opposite(_applies(rule, permission, pool, is_member)) for rule in rules) for permission in held or ()
    )


def _held(grant: Mapping[str, Any]) -> list[str] | None:
    role, body = str(grant.get("role")), grant.get("role_body")
    if isinstance(body, Mapping):
        listed = body.get("includedPermissions", [])
        known = [one for one in _list(listed) if isinstance(one, str)]
        if known or role not in _PREDEFINED:
            return known
    if role in _PREDEFINED:
        return [f"iam.serviceAccounts.{verb}" for verb in _PREDEFINED[role]]
    return None


def _applies(rule: Any, permission: str | None, pool: str, is_member: Membership) -> bool | None:
    """The deny rule is about the principal and the permission (None: any)."""
    if not isinstance(rule, Mapping):
        return None
    about = all_of(
        (
            any_of(_is(one, pool, is_member) for one in _list(rule.get("deniedPrincipals"))),
            opposite(any_of(_is(one, pool, is_member) for one in _list(rule.get("exceptionPrincipals")))),
            None if rule.get("denialCondition") else True,
        )
    )
    if permission is None:
        return about
    named = _names(rule.get("deniedPermissions"), permission)
    return all_of((about, named, opposite(_names(rule.get("exceptionPermissions"), permission))))


def _names(listed: Any, permission: str) -> bool | None:
    service, _, verb = permission.partition(".")
    host = "cloudresourcemanager" if service == "resourcemanager" else service
    if (permission if "/" in permission else f"{host}.googleapis.com/{verb}") in _list(listed):
        return True
    return None if any("*" in str(one) for one in _list(listed)) else False


def _is(text: Any, pool: str, is_member: Membership) -> bool | None:
    if text == "principalSet://goog/public:all":
        return True
    found = split(str(text))
    if found is None:
        return None if str(text).startswith("principalSet://cloudresourcemanager.") else False
    scheme, own, rest = found
    return _means(scheme, rest, is_member) if own == pool else False


def _list(listed: Any) -> list[Any]:
    return list(listed) if isinstance(listed, list | tuple) else []
