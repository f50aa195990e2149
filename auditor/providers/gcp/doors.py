"""Doors: the providers of a pool, what each asks for before any member is looked at, and whose tokens it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from auditor.claims.grammar import Grammar
from auditor.claims.predicate import FALSE, TRUE, Predicate, Unknown, conjunction, disjunction
from auditor.issuers.catalogue import NOWHERE, UNKNOWN, Catalogue
from auditor.model import Issuer, Json
from auditor.providers.gcp.cel_compile import texts_of
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.mapping import OidcProvider, never
from auditor.providers.gcp.members import GKE_POOL, PoolMember
from auditor.providers.gcp.review import review

UNATTRIBUTED: Final = "unknown"
"""`via` and issuer of a trust that no issuer can be named for."""

NOT_FEDERATED: Final = frozenset(("TRUST_DOMAIN", "SYSTEM_TRUST_DOMAIN"))
"""Modes of pools that hold no providers."""

_OTHER_KINDS: Final = {
    "aws": "what an AWS identity brings is no OIDC token: such a provider is listed, not judged",
    "saml": "a SAML assertion is no OIDC token: such a provider is listed, not judged",
    "x509": "a certificate is no OIDC token: such a provider is listed, not judged",
}
_ODD_STATE: Final = "the state of the pool or provider is one that this program does not know"


@dataclass(frozen=True, slots=True)
class Door:
    """A provider, or what stands in for one that could not be read or is not there."""

    via: str
    """The provider's full name, or the pool's."""
    gate: Predicate
    notes: Json
    url: str
    """The issuer's URL, or words for an issuer that has none."""
    oidc: OidcProvider | None = None
    body: Any = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A member at a door."""

    issuer: Issuer
    gate: Predicate
    """The door is open, and the exchange works for the token."""
    becomes: Predicate
    """What then comes of the token is the member."""
    provider: OidcProvider | None = None
    """The provider, compiled for that issuer; None where it takes no OIDC tokens."""


class Doors:
    """The doors of all pools of an estate; each is compiled once."""

    def __init__(self, estate: Estate, issuers: Catalogue) -> None:
        self.estate = estate
        self.issuers = issuers
        self._doors: dict[str, tuple[Door, ...]] = {}
        self._entries: dict[tuple[str, PoolMember], Entry] = {}
        self._typed: dict[tuple[str, Grammar], tuple[OidcProvider, Predicate]] = {}

    def of(self, pool: str) -> tuple[Door, ...]:
        """Every provider of the pool, and a stand-in where there is none or not all could be read."""
        if pool not in self._doors:
            self._doors[pool] = tuple(self._doors_of(pool))
        return self._doors[pool]

    def _doors_of(self, pool: str) -> Iterator[Door]:
        estate = self.estate
        body = estate.pools.get(pool)
        scope = estate.pool_scope(pool)
        known = estate.providers.get(pool, {})
        shut = None if body is None else closed("pool", body)
        gate = TRUE if body is None else open_to("pool", body)
        for name, provider in known.items():
            yield self._door(name, provider, gate, shut)
        kind = "workload-identity-pool" if body is None else "workload-identity-pool-provider"
        gap = estate.gap(kind, scope, pool)
        if gap is not None and not (known and body is None):
            yield Door(pool, conjunction((gate, Unknown(gap))), {"policy-unread": gap}, UNATTRIBUTED)
        elif not known:
            yield Door(pool, FALSE, {"provider-missing": True}, UNATTRIBUTED)

    def _door(self, name: str, body: Json, pool_gate: Predicate, shut: str | None) -> Door:
        shut = shut or closed("provider", body)
        gate = conjunction((pool_gate, open_to("provider", body)))
        notes: dict[str, Any] = {} if shut is None else {"closed": shut}
        oidc = body.get("oidc")
        url = oidc.get("issuerUri") if isinstance(oidc, Mapping) else None
        if isinstance(url, str) and url:
            provider = OidcProvider(name, body)
            notes |= review(provider, self.estate)
            if shut is None and provider.subject_is_no_text:
                notes["closed"] = "the attribute mapping gives no token a google.subject that is text"
            return Door(name, gate, notes, url, provider, body)
        kind = next((kind for kind in _OTHER_KINDS if isinstance(body.get(kind), Mapping)), "")
        reason = _OTHER_KINDS.get(kind, "the provider is of a kind that this program does not know")
        closing = conjunction((gate, Unknown(reason)))
        return Door(name, closing, {**notes, "not-oidc": reason}, _title(kind, body), None, body)

    def entry(self, door: Door, member: PoolMember) -> Entry:
        """Whose tokens come in by the door, and which of those it takes are `member`."""
        key = (door.via, member)
        if key not in self._entries:
            self._entries[key] = self._entry(door, member)
        return self._entries[key]

    def _entry(self, door: Door, member: PoolMember) -> Entry:
        raw = door.oidc
        if raw is None:
            issuer = self.issuers.issuer(door.url, NOWHERE, ())
            return Entry(issuer, door.gate, TRUE if member.dead is None else FALSE)
        subjects = tuple(dict.fromkeys((*raw.subjects, *_subject(raw, member))))
        issuer = self._issuer(door.url, subjects, raw.claims)
        key = (door.via, issuer.grammar)
        if key not in self._typed:
            # What an issuer mints says which claims are texts; of one that nobody described, nothing is known.
            texts = texts_of(issuer.grammar) if issuer.kind != UNKNOWN else frozenset()
            typed = OidcProvider(raw.name, raw.body, texts)
            self._typed[key] = typed, conjunction((door.gate, typed.exchange(issuer.grammar)))
        provider, gate = self._typed[key]
        becomes = _or_nearly(provider, member, provider.becomes(member), issuer)
        return Entry(issuer, gate, becomes, provider)

    def _issuer(self, url: str, subjects: tuple[str, ...], claims: Iterable[str]) -> Issuer:
        """The issuer, found with or without the slash that `issuerUri` may end in."""
        found = self.issuers.identify(url, subjects, claims)
        if found.kind == UNKNOWN:
            other = self.issuers.identify(url.rstrip("/") if url.endswith("/") else f"{url}/", subjects, claims)
            return found if other.kind == UNKNOWN else other
        return found

    @staticmethod
    def federated(estate: Estate, member: PoolMember) -> bool:
        """Whether the member's pool is one that outside tokens can enter."""
        pool = estate.pool_name(member.pool)
        body = estate.pools.get(pool, {})
        open_mode = body.get("mode") not in NOT_FEDERATED or bool(estate.providers.get(pool))
        return open_mode and not pool.endswith(GKE_POOL)


def closed(what: str, body: Json) -> str | None:
    """Why a pool or provider takes no token; None where it does, or may."""
    if body.get("state") == "DELETED":
        return f"the {what} is deleted"
    return f"the {what} is disabled" if body.get("disabled") is True else None


def open_to(what: str, body: Json) -> Predicate:
    """Whether the pool or provider takes any token at all."""
    if closed(what, body) is not None:
        return FALSE
    return TRUE if body.get("state", "ACTIVE") == "ACTIVE" else Unknown(_ODD_STATE)


def _or_nearly(provider: OidcProvider, member: PoolMember, becomes: Predicate, issuer: Issuer) -> Predicate:
    """`becomes`, and unknown for tokens that match but for letter case or percent-encoding.

    Google compares letter by letter, as far as anybody knows. So case is looked at only where nobody gets in otherwise.
    """
    if member.form not in ("subject", "attribute") or becomes == FALSE:
        return becomes
    decoded = unquote(member.value)
    if decoded == member.value and not never(becomes, issuer.grammar):
        return becomes
    return disjunction((becomes, provider.nearly(member, decoded)))


def _subject(provider: OidcProvider, member: PoolMember) -> tuple[str, ...]:
    """The token's `sub` that the member names, if it names one."""
    if member.form == "subject" and provider.reads("google.subject") == "assertion.sub":
        return (member.value,)
    return ()


def _title(kind: str, body: Json) -> str:
    """What to call an issuer that has no URL."""
    if kind == "aws":
        return f"AWS account {body['aws'].get('accountId')}"
    return {"saml": "SAML", "x509": "X.509"}.get(kind, UNATTRIBUTED)
