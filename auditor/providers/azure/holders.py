"""The identities of an estate and the principals by which roles and permissions are given to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditor.model import Identity
from auditor.providers.azure.documents import text
from auditor.providers.azure.estate import AZURE, Estate, identity_of, subscription_of, text_of
from auditor.providers.azure.federated import APPLICATION, MANAGED, foreign_applications
from auditor.providers.azure.subjects import lower_guid
from auditor.snapshot import Document


@dataclass(frozen=True, slots=True, eq=False)
class Holder:
    """An identity as roles and permissions see it."""

    identity: Identity
    tenant: str | None
    """Where it is at home, lower case."""
    tenants: frozenset[str]
    """Where it has a principal, its home included."""
    principals: tuple[str, ...]
    """Object ids of its service principals, lower case."""
    client: str | None
    """The application id by which sign-ins are recorded, lower case."""
    document: Document | None
    disabled: bool
    """No service principal of it is enabled."""
    created: str | None
    unread: str | None = None
    """Why its service principals are not known; None where they are."""

    @property
    def object_id(self) -> str:
        """Of an application: the id of the registration, lower case."""
        return "" if self.document is None else self.document.id.rpartition("/")[2].lower()


_UNSEEN: Final = "which principal it is was not read"


def holders(estate: Estate) -> Iterator[Holder]:
    """All of them, in trusts or not, each once."""
    by_place = {place: object_id for object_id, place in _by_name(estate)}
    for key in dict.fromkeys((*estate.identities, *estate.credentials)):
        yield _managed(estate, key, by_place.get(key))
    by_application: dict[str, list[Document]] = {}
    for document in estate.by_object.values():
        application = text(document.body, "appId") or ""
        by_application.setdefault(application.lower(), []).append(document)
    seen: set[str] = set()
    for document in estate.applications:
        holder = _application(estate, document, by_application)
        if holder.identity.id.lower() not in seen:
            seen.add(holder.identity.id.lower())
            yield holder
    yield from _unseen(estate)
    for identity in foreign_applications(estate):
        if identity.id.lower() not in seen:
            seen.add(identity.id.lower())
            yield _foreign(estate, identity, by_application.get(identity.id.lower(), []))


def _managed(estate: Estate, key: str, named: str | None) -> Holder:
    document, listed = estate.identities.get(key), estate.credentials.get(key, [])
    place = identity_of(listed[0].id) if document is None else document.id
    scope = document.scope if document is not None else listed[0].scope
    body: Mapping[str, Any] = {} if document is None else document.body
    principal = lower_guid(text_of(body, "properties", "principalId")) or named
    known = None if principal is None else estate.by_object.get(principal)
    tenant = estate.tenant_of(document or listed[0])
    return Holder(
        Identity(AZURE, scope, MANAGED, place, text(body, "name") or place.rpartition("/")[2]),
        tenant,
        _tenants(estate, tenant, [known] if known else []),
        () if principal is None else (principal,),
        lower_guid(text_of(body, "properties", "clientId")) or lower_guid(text_of(_body(known), "appId")),
        document,
        _disabled([known] if known else []),
        text_of(body, "systemData", "createdAt") or text_of(_body(known), "createdDateTime"),
        None if principal is not None else _UNSEEN,
    )


def _application(estate: Estate, document: Document, by_application: Mapping[str, list[Document]]) -> Holder:
    body, tenant = document.body, estate.tenant_of(document)
    application = text(body, "appId") or document.id.rpartition("/")[2]
    listed = by_application.get(application.lower(), [])
    return Holder(
        Identity(AZURE, document.scope, APPLICATION, application, text(body, "displayName") or application),
        tenant,
        _tenants(estate, tenant, listed),
        tuple(_object_id(one) for one in listed),
        application.lower(),
        document,
        _disabled(listed),
        text(body, "createdDateTime"),
    )


def _unseen(estate: Estate) -> Iterator[Holder]:
    """User-assigned identities that only the directory knows."""
    for object_id, place in _by_name(estate):
        scope = subscription_of(place)
        document = estate.by_object[object_id]
        known = place.lower() in estate.identities or place.lower() in estate.credentials
        if known or scope is None or object_id in estate.by_principal:
            continue
        written = next(one for one in document.body["alternativeNames"] if str(one).lower() == place)
        name = text(document.body, "displayName") or place.rpartition("/")[2]
        tenant = estate.tenant_of(document)
        yield Holder(
            Identity(AZURE, scope, MANAGED, written, name),
            tenant,
            _tenants(estate, tenant, []),
            (object_id,),
            lower_guid(text(document.body, "appId")),
            None,
            _disabled([document]),
            text(document.body, "createdDateTime"),
        )


def _by_name(estate: Estate) -> Iterator[tuple[str, str]]:
    """(object id, resource id in lower case) of the managed identities that the directory names."""
    for object_id, document in estate.by_object.items():
        names = document.body.get("alternativeNames")
        if text(document.body, "servicePrincipalType") == "ManagedIdentity" and isinstance(names, list | tuple):
            for one in names:
                if isinstance(one, str) and "/userassignedidentities/" in one.lower():
                    yield object_id, one.lower()
                    break


def _foreign(estate: Estate, identity: Identity, listed: list[Document]) -> Holder:
    listed = listed or [document for document in [estate.by_object.get(identity.id.lower())] if document is not None]
    tenant = estate.tenant_of(listed[0]) if listed else None
    principals = tuple(map(_object_id, listed))
    tenants = _tenants(estate, tenant, listed)
    return Holder(identity, tenant, tenants, principals, identity.id.lower(), None, _disabled(listed), None)


def _object_id(document: Document) -> str:
    return lower_guid(text(document.body, "id")) or document.id.rpartition("/")[2].lower()


def _disabled(listed: list[Document]) -> bool:
    return bool(listed) and all(one.body.get("accountEnabled") is False for one in listed)


def _body(document: Document | None) -> Mapping[str, Any]:
    return {} if document is None else document.body


def _tenants(estate: Estate, home: str | None, listed: list[Document]) -> frozenset[str]:
    return frozenset(one for one in (home, *map(estate.tenant_of, listed)) if one is not None)
