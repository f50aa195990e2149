"""Azure documents → trusts: which tokens of which issuer become which managed identity or application.

One trust per federated credential; an identity's reach is the union of its credentials. A list of credentials that
could not be read is a trust as well, of an issuer that nobody can name.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from auditor.claims.predicate import FALSE, TRUE, Unknown, conjunction
from auditor.issuers.catalogue import NOWHERE, Catalogue, catalogue_of
from auditor.model import Clause, Json, Source, Statement, Trust
from auditor.providers.azure import AUDITED_AT
from auditor.providers.azure.credentials import Compiled, compiled, tenant_of
from auditor.providers.azure.estate import Estate, estate_of, text_of
from auditor.providers.azure.federated import Credential, Holder, holders
from auditor.providers.azure.subjects import GUID
from auditor.snapshot import Snapshot

UNATTRIBUTED: Final = "unknown"
"""Issuer of a trust that no issuer can be named for, and `via` of one that stands for a whole list."""


def trusts(snapshot: Snapshot, now: datetime, issuers: Catalogue | None = None) -> Iterator[Trust]:
    """Every federated credential of the snapshot, also the dead ones.

    `now`, with its time zone, decides which secrets are still good. Without `issuers`, the built-in tables alone say
    what is minted. Never raises for what a document holds.
    """
    estate = estate_of(snapshot)
    compiler = _Compiler(estate, now, issuers or catalogue_of())
    for holder in holders(estate, now):
        yield from compiler.trusts(holder)


class _Compiler:
    def __init__(self, estate: Estate, now: datetime, issuers: Catalogue) -> None:
        self.estate = estate
        self.now = now
        self.issuers = issuers

    def trusts(self, holder: Holder) -> Iterator[Trust]:
        for credential in holder.credentials:
            yield self.trust(holder, credential)
        if holder.unread is not None:
            yield self.unread(holder, holder.unread)

    def trust(self, holder: Holder, credential: Credential) -> Trust:
        found = compiled(_shown(credential), credential.source, self.issuers)
        gate, notes = self.gate(holder, found)
        return Trust(
            identity=holder.identity,
            issuer=found.issuer or self.issuers.issuer(UNATTRIBUTED, NOWHERE, ()),
            via=credential.via,
            source=credential.source,
            statements=(Statement("allow", credential.source, found.clauses),),
            gate=gate,
            audiences=None,
            documents=self.documents(holder, credential.body),
            notes={**notes, **self.relations(holder, found, credential)},
        )

    def gate(self, holder: Holder, found: Compiled) -> tuple[Any, dict[str, Any]]:
        gate = holder.gate
        notes: dict[str, Any] = {**holder.notes, **found.notes}
        if found.closed is not None:
            gate = FALSE
            notes.setdefault("closed", found.closed)
        elif found.doubt is not None:
            gate = conjunction((gate, Unknown(found.doubt)))
        if found.unread is not None:
            notes["policy-unread"] = found.unread
        return gate, notes

    def relations(self, holder: Holder, found: Compiled, credential: Credential) -> dict[str, Any]:
        """Notes on what the credential ties together: tenants, and another identity of ours."""
        notes = self.standing(holder)
        issuer = tenant_of(found.issuer.url) if found.issuer is not None else None
        if issuer is not None:
            if holder.tenant is not None and issuer != holder.tenant:
                notes["home-tenant"] = issuer
            subject = text_of(_shown(credential), "subject") or ""
            other = self.estate.by_principal.get(subject.lower()) if GUID.fullmatch(subject) else None
            if other is not None and self.estate.tenant_of(other) == issuer:
                name = text_of(other.body, "name") or other.id.rpartition("/")[2]
                notes["identity-of"] = ["managed-identity", other.id, name]
        return notes

    def standing(self, holder: Holder) -> dict[str, Any]:
        notes: dict[str, Any] = {"expected-audience": self.estate.audience(holder.tenant)}
        if holder.tenant is not None:
            notes["tenant"] = holder.tenant
        return notes

    def documents(self, holder: Holder, body: Any) -> Json:
        """The raw documents, as `evaluate` reads them."""
        found: dict[str, Any] = {AUDITED_AT: self.now, "principal": holder.principal}
        found["multi-tenant"] = bool(holder.notes.get("multi-tenant"))
        if isinstance(holder.gate, Unknown):
            found["doubtful"] = True
        if body is not None:
            found["credential"] = body
        return found

    def unread(self, holder: Holder, reason: str) -> Trust:
        """Anybody may be let in by what was not read, or nobody."""
        source = Source(holder.document, "")
        clause = Clause(source, "federatedIdentityCredentials", Unknown(reason))
        return Trust(
            identity=holder.identity,
            issuer=self.issuers.issuer(UNATTRIBUTED, NOWHERE, ()),
            via=UNATTRIBUTED,
            source=source,
            statements=(Statement("allow", source, (clause,)),),
            gate=holder.gate if holder.gate == FALSE else TRUE,
            audiences=None,
            documents=self.documents(holder, None),
            notes={**holder.notes, **self.standing(holder), "policy-unread": reason},
        )


def _shown(credential: Credential) -> Any:
    """What of a credential's document holds its properties."""
    if credential.source.pointer == "/properties":
        return credential.body.get("properties")
    return credential.body
