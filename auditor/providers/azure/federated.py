"""Who holds federated credentials: managed identities and applications, and what is known about each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from auditor.claims.predicate import FALSE, TRUE, Predicate, Unknown
from auditor.model import Identity, Json, Source
from auditor.providers.azure.estate import AZURE, Estate, identity_of, subscription_of, text_of
from auditor.providers.azure.subjects import lower_guid
from auditor.snapshot import Document

MANAGED, APPLICATION, FOREIGN = "managed-identity", "application", "foreign-application"

MULTI_TENANT: Final = frozenset(("AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount"))
"""`signInAudience` of applications that other tenants may admit (Microsoft Graph: application resource type)."""

UNREAD_LIST: Final = "the list of federated credentials was not read"
_DISABLED: Final = "the service principal is disabled"
_ELSEWHERE: Final = "the service principal is disabled here, but other tenants may have an enabled one"
_DEACTIVATED: Final = "the application is deactivated, and whether its tokens end with that is not known"


@dataclass(frozen=True, slots=True)
class Credential:
    """One federated credential, as it came, and where it stands."""

    via: str
    source: Source
    body: Any


@dataclass(frozen=True, slots=True)
class Holder:
    """An identity with its credentials."""

    identity: Identity
    document: str
    tenant: str | None
    credentials: tuple[Credential, ...]
    unread: str | None
    """Why its credentials were not read, or not all of them."""
    gate: Predicate
    """Whether the identity gets tokens at all."""
    principal: Json | None
    notes: Mapping[str, Any]


def holders(estate: Estate, now: datetime) -> Iterator[Holder]:
    """Everything that holds a federated credential, or may, for all that was read."""
    for key in dict.fromkeys((*estate.identities, *estate.credentials)):
        yield from _managed(estate, key)
    for document in estate.applications:
        yield from _application(estate, document, now)
    yield from _unseen(estate)


def foreign_applications(estate: Estate) -> Iterator[Identity]:
    """Applications of other tenants that are granted something: their credentials live where nobody here can read."""
    own = {lower_guid(text_of(document.body, "appId")) for document in estate.applications}
    for object_id, document in estate.by_object.items():
        home = lower_guid(text_of(document.body, "appOwnerOrganizationId"))
        application = lower_guid(text_of(document.body, "appId"))
        elsewhere = home is not None and home != estate.tenant_of(document) and application not in own
        if (
            elsewhere
            and object_id in estate.holders
            and text_of(document.body, "servicePrincipalType") != "ManagedIdentity"
        ):
            name = text_of(document.body, "displayName") or application or object_id
            yield Identity(AZURE, document.scope, FOREIGN, application or object_id, name)


def _managed(estate: Estate, key: str) -> Iterator[Holder]:
    document, listed = estate.identities.get(key), estate.credentials.get(key, [])
    place = identity_of(listed[0].id) if document is None else document.id
    scope = document.scope if document is not None else listed[0].scope
    unread = estate.gap("federated-credential", scope, place, have=bool(listed))
    if not listed and unread is None:
        return
    name = (None if document is None else text_of(document.body, "name")) or place.rpartition("/")[2]
    tenant = estate.tenant_of(document or listed[0])
    principal = lower_guid(None if document is None else text_of(document.body, "properties", "principalId"))
    owner = estate.by_object.get(principal or "")
    gate, notes = _gate(owner, multi_tenant=False)
    yield Holder(
        identity=Identity(AZURE, scope, MANAGED, place, name),
        document=place if document is not None else listed[0].id,
        tenant=tenant,
        credentials=tuple(Credential(one.id, Source(one.id, "/properties"), one.body) for one in listed),
        unread=unread,
        gate=gate,
        principal=None if owner is None else owner.body,
        notes=notes,
    )


def _application(estate: Estate, document: Document, now: datetime) -> Iterator[Holder]:
    body = document.body
    listed = body.get("federatedIdentityCredentials")
    known = listed if isinstance(listed, list | tuple) else None
    unread = estate.gap("federated-credential", document.scope, document.id, have=known is not None)
    if known is None:
        unread = unread or UNREAD_LIST
    if not known and unread is None:
        return
    tenant = estate.tenant_of(document)
    application = text_of(body, "appId") or document.id.rpartition("/")[2]
    owner = estate.by_application.get((tenant or "", application.lower()))
    multi_tenant = text_of(body, "signInAudience") in MULTI_TENANT
    gate, notes = _gate(owner, multi_tenant=multi_tenant)
    if body.get("isDisabled") is True and gate == TRUE:
        gate = Unknown(_DEACTIVATED)
    if multi_tenant:
        notes["multi-tenant"] = True
    live = [*_secrets(document, now), *(() if owner is None else _secrets(owner, now))]
    if live:
        notes["secrets"] = live
    yield Holder(
        identity=Identity(AZURE, document.scope, APPLICATION, application, text_of(body, "displayName") or application),
        document=document.id,
        tenant=tenant,
        credentials=tuple(
            Credential(
                f"{document.id}/federatedIdentityCredentials/{text_of(one, 'id') or index}",
                Source(document.id, f"/federatedIdentityCredentials/{index}"),
                one,
            )
            for index, one in enumerate(known or ())
        ),
        unread=unread,
        gate=gate,
        principal=None if owner is None else owner.body,
        notes=notes,
    )


def _unseen(estate: Estate) -> Iterator[Holder]:
    """User-assigned identities that Graph names and no subscription at hand holds."""
    for object_id, document in estate.by_object.items():
        names = document.body.get("alternativeNames")
        if text_of(document.body, "servicePrincipalType") != "ManagedIdentity" or not isinstance(names, list | tuple):
            continue
        place = next((one for one in names if isinstance(one, str) and "/userassignedidentities/" in one.lower()), None)
        tenant = estate.tenant_of(document)
        scope = None if place is None else subscription_of(place)
        if place is None or scope is None or object_id in estate.by_principal or estate.restricted(tenant):
            continue
        if place.lower() in estate.identities or place.lower() in estate.credentials:
            continue
        if estate.read("user-assigned-identity", scope):
            continue  # it is gone, and its service principal will be
        reason = estate.gap("user-assigned-identity", scope, place, have=False) or UNREAD_LIST
        gate, notes = _gate(document, multi_tenant=False)
        name = text_of(document.body, "displayName") or place.rpartition("/")[2]
        identity = Identity(AZURE, scope, MANAGED, place, name)
        yield Holder(identity, document.id, tenant, (), reason, gate, document.body, notes)


def _gate(principal: Document | None, *, multi_tenant: bool) -> tuple[Predicate, dict[str, Any]]:
    if principal is None or principal.body.get("accountEnabled") is not False:
        return TRUE, {}
    if multi_tenant:
        return Unknown(_ELSEWHERE), {"disabled": _ELSEWHERE}
    return FALSE, {"disabled": _DISABLED, "closed": _DISABLED}


_LISTS: Final = (("passwordCredentials", "password"), ("keyCredentials", "certificate"))
_NO_SIGN_IN: Final = frozenset(("Encrypt",))
"""Uses of a key by which nobody signs in: tokens are encrypted with it."""


def _secrets(document: Document, now: datetime) -> Iterator[list[Any]]:
    """Passwords and certificates that are good at `now`, or may be: kind, id, name, end, document, pointer."""
    for key, kind in _LISTS:
        listed = document.body.get(key)
        for index, one in enumerate(listed if isinstance(listed, list | tuple) else ()):
            if not isinstance(one, Mapping) or text_of(one, "usage") in _NO_SIGN_IN:
                continue
            if _over(one.get("endDateTime"), now):
                continue
            told = [text_of(one, "keyId"), text_of(one, "displayName"), text_of(one, "endDateTime")]
            yield [kind, *told, document.id, f"/{key}/{index}"]


def _over(end: Any, now: datetime) -> bool:
    """Whether a moment certainly lies before `now`."""
    try:
        found = datetime.fromisoformat(end) if isinstance(end, str) else None
    except ValueError:
        return False
    return found is not None and found.tzinfo is not None and found <= now
