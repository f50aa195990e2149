"""What a cloud must offer: collect its documents, turn them into trusts, and re-check a witness on the source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from auditor.claims.predicate import Token
from auditor.collecting.scopes import Scope
from auditor.config import Config
from auditor.issuers.catalogue import Catalogue
from auditor.model import Identity, Source, Trust
from auditor.power import Authority
from auditor.snapshot import Snapshot

# Names used in `Trust.notes`:
#   "provider-missing": True             the cloud has no registration for this issuer (the trust is dead until it does)
#   "provider-unread": str               the registration could not be read; the reason
#   "provider-foreign": True             the trust names a registration of another account: it is dead for good
#   "refused-if-resaved": list[[document, pointer, why]]   statements the cloud would refuse to store today
#   "policy-unread": str                 the trust document itself could not be understood; the reason
#   "policies-above": dict[id, words]    policies above the identity's account that may refuse tokens, by the ids under
#                                        which their statements stand among `denies`, and what people call them
#   "policies-above-differ": True        what such policies say is not the same of every identity of the estate
# and of Google Cloud besides:
#   "member": str                        the principal that is granted something
#   "grants": list[[role, document, pointer]]       by which roles, and where the member stands
#   "impersonates": list[[role, document, pointer]] those that hold for every service account below the resource
#   "closed": str                        why nobody gets as far as the condition; the reason
#   "dead": dict[clause text, why]       why a clause can never hold
#   "not-oidc": str                      the provider takes something else than OIDC tokens; what
#   "mapping": dict[attribute, {text, claims, joints, whole}]   how a provider maps claims: the expression, the claims
#                                        it reads, neighbours joined with nothing between, the one claim it is
#   "condition", "uploaded-keys": [document, pointer]           where they stand, if they are there
#   "beside": list[[provider, issuer]]   the other enabled providers of the pool
# and of Azure besides ("closed" and "dead" as above, the latter by the texts `subject` and `audiences` too):
#   "tenant": str                        the Entra tenant of the identity, where it is known
#   "expected-audience": str             what credentials carry in the tenant's cloud unless somebody chose otherwise
#   "expression": {text, claims}         the flexible expression of the credential, understood or not
#   "undocumented": list[str]            open points of the expression language on which the answer may rest
#   "eid1": {tenant, application, application-name, rest}       the parts of a coded subject; None where undecodable
#   "migrated-connection": True          an Azure DevOps connection by names, as before its move to Entra's issuer
#   "identity-of": [kind, id, name]      the identity of this estate whose tokens the credential takes
#   "home-tenant": str                   the tenant whose Entra tokens it takes, where that is another one
#   "multi-tenant": True                 an application that other tenants may admit
#   "secrets": list[[kind, key id, name, end, document, pointer]]   passwords and certificates still good, or maybe so
#   "disabled": str                      why the identity gets no tokens, or may not


class Provider(Protocol):
    """One cloud. Everything but reading the scopes is pure."""

    id: str

    def scopes(self, config: Config, **options: Any) -> Sequence[Scope]:
        """What there is to read: each scope by itself, and whatever it brings. Talks to nobody.

        Raises `UsageError` for what cannot be meant.
        """
        ...

    def portions(self, snapshot: Snapshot) -> Sequence[str]:
        """The keys of what can be judged on its own, in the order of reports."""
        ...

    def portion(self, snapshot: Snapshot, key: str) -> Snapshot:
        """All that `trusts`, `identities` and `idle_registrations` need for one of `portions`, in memory.

        Over all portions they give what they give for the whole. `authority` needs the whole.
        """
        ...

    def trusts(self, snapshot: Snapshot, issuers: Catalogue) -> Iterable[Trust]:
        """Every (identity, issuer) pair in which an OIDC token could play a part, also the dead ones.

        `issuers.identify(url, subjects, claims)` knows what each issuer mints, the user's own descriptions included.
        """
        ...

    def identities(self, snapshot: Snapshot) -> Iterable[Identity]:
        """Every identity that occurs in some trust."""
        ...

    def idle_registrations(self, snapshot: Snapshot) -> Iterable[tuple[Identity, Source]]:
        """Registered issuers that no identity trusts, as identities of kind `oidc-provider`."""
        ...

    def admits(self, trust: Trust, token: Token) -> bool | None:
        """Whether the *source* documents let this very token in, by an evaluator that shares no code with the compiler.

        None where that depends on something unknown.
        """
        ...

    def authority(self, snapshot: Snapshot) -> Authority:
        """What the cloud's identities may do, and become next. Cheap to make: each identity is looked at when asked."""
        ...

    def permissions(self) -> str:
        """The least privilege the collector needs, ready to paste."""
        ...
