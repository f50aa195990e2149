"""Doors: the OIDC providers and built-in issuers a role may trust, and what AWS asks at each before it reads a policy.

The gate is the registered client id (reference: IAM user guide, OIDC identity providers). A provider that is not in the
role's own account lets nobody in; one whose document was not read is taken to let everybody through to the policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import FALSE, TRUE, Exists, Match, Not, Predicate, conjunction, disjunction
from auditor.model import Json
from auditor.providers.aws.keys import BUILT_IN
from auditor.providers.aws.statements import provider_of
from auditor.snapshot import Coverage, Snapshot, Status


@dataclass(frozen=True, slots=True)
class Provider:
    """An OIDC provider document, as far as it can be understood."""

    url: str | None
    """The issuer without scheme."""
    client_ids: tuple[str, ...] | None


@dataclass(slots=True)
class Account:
    """What the snapshot says about one account's identity providers and roles."""

    documents: dict[str, Json] = field(default_factory=dict)
    rows: list[Coverage] = field(default_factory=list)
    gates: dict[tuple[str, str], Gate] = field(default_factory=dict)
    """(door, owner) → gate, as far as asked for."""

    def listed(self, kind: str) -> bool:
        """Whether the list of documents of this kind was read in full."""
        statuses = [row.status for row in self.rows if row.kind == kind]
        return bool(statuses) and all(status is Status.READ for status in statuses)

    def gap(self, arn: str) -> str | None:
        """Why it is not known whether the provider is there or what it says; None when it is certainly missing."""
        for kind in (f"oidc-provider {arn}", "oidc-provider"):
            for row in self.rows:
                if row.kind == kind and row.status is not Status.READ:
                    needed = f" (needs {row.permission})" if row.permission else ""
                    return f"{row.reason or f'the OIDC provider was {row.status}'}{needed}"
        return None if self.listed("oidc-provider") else "the account's OIDC providers were not read"


def accounts_of(snapshot: Snapshot) -> dict[str, Account]:
    """Scope → what was read there."""
    accounts: dict[str, Account] = {}
    for document in snapshot.documents:
        if document.provider == "aws":
            account = accounts.setdefault(document.scope, Account())
            if document.kind == "oidc-provider":
                account.documents[document.id] = document.body
    for row in snapshot.coverage:
        if row.provider == "aws":
            accounts.setdefault(row.scope, Account()).rows.append(row)
    return accounts


def read_provider(body: Any) -> Provider:
    """Reads `Url` and `ClientIDList`; what is of the wrong type counts as not read."""
    if not isinstance(body, Mapping):
        return Provider(None, None)
    url, listed = body.get("Url"), body.get("ClientIDList")
    issuer = url.removeprefix("https://") if isinstance(url, str) else None
    client_ids = None
    if isinstance(listed, list | tuple) and all(isinstance(entry, str) for entry in listed):
        client_ids = tuple(listed)
    return Provider(issuer or None, client_ids)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a door asks for before the policy is read."""

    issuer: str
    predicate: Predicate
    audiences: tuple[str, ...] | None
    notes: Json
    certain: bool
    """Whether the provider's being there, or not, is known."""


def gate_of(door: str, account: Account, owner: str) -> Gate:
    """The gate at `door` for a role that lives in the account `owner`."""
    found = account.gates.get((door, owner))
    if found is None:
        found = account.gates[door, owner] = _gate_of(door, account, owner)
    return found


def _gate_of(door: str, account: Account, owner: str) -> Gate:
    if door in BUILT_IN:
        return Gate(door, TRUE, None, {}, True)
    named = provider_of(door)
    assert named is not None  # doors are built-in issuers or providers' ARNs
    registrar, path = named
    if registrar != owner and owner.isdecimal():
        # AWS looks the provider up in the role's own account.
        return Gate(path, FALSE, None, {"provider-foreign": True}, True)
    if door not in account.documents:
        gap = account.gap(door)
        if gap is None:
            return Gate(path, FALSE, None, {"provider-missing": True}, True)
        return Gate(path, TRUE, None, {"provider-unread": gap}, False)
    provider = read_provider(account.documents[door])
    issuer = provider.url or path
    if provider.client_ids is None or provider.url is None:
        reason = "the document of the OIDC provider could not be understood"
        return Gate(issuer, TRUE, None, {"provider-unread": reason}, True)
    return Gate(issuer, _audience_in(provider.client_ids), provider.client_ids, {}, True)


@lru_cache(maxsize=4096)
def _audience_in(client_ids: tuple[str, ...]) -> Predicate:
    """`azp` where the token has one, else `aud`, is registered. Several audiences without `azp` are refused."""
    if not client_ids:
        return FALSE
    registered = ValueSet(client_ids)
    plain = conjunction((Not(Exists("azp")), Match("aud", registered)))
    return disjunction((Match("azp", registered), plain))
