"""Azure: federated credentials of user-assigned managed identities and of app registrations.

Only `collect` talks to Azure and Microsoft Graph, and only it imports the SDKs; it is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from auditor.claims.predicate import Token
from auditor.collecting.scopes import Scope
from auditor.config import Config
from auditor.issuers.catalogue import Catalogue
from auditor.model import Identity, Source, Trust
from auditor.power import Authority
from auditor.shards import WHOLE, Shard
from auditor.snapshot import Snapshot

AUDITED_AT = "audited-at"
"""Key of `Trust.documents`: the moment at which secrets have to be good to be told of."""


class Azure:
    """The provider protocol of `auditor.providers.base`."""

    id = "azure"

    def scopes(
        self,
        config: Config,
        *,
        tenant: str | None = None,
        subscriptions: Iterable[str] = (),
        management_groups: Iterable[str] = (),
        shard: Shard = WHOLE,
        **options: Any,
    ) -> Sequence[Scope]:
        """What is named, else `[targets.azure]`, else the tenant of the default credential: one scope.

        Of the subscriptions, those whose ids `shard` holds; what belongs to the tenant belongs to every part of it.
        `options` may hold `limits`. Raises `UsageError` for a name that cannot be meant.
        """
        from auditor.providers.azure.tenant import scope_of

        return (
            scope_of(
                config,
                tenant=tenant,
                subscriptions=tuple(subscriptions),
                management_groups=tuple(management_groups),
                limits=options.get("limits"),
                shard=shard,
            ),
        )

    def portions(self, snapshot: Snapshot) -> Sequence[str]:
        """One: its directory spans all subscriptions."""
        del snapshot
        return ("",)

    def portion(self, snapshot: Snapshot, key: str) -> Snapshot:
        """Everything of Azure."""
        del key
        return snapshot.only(self.id)

    def trusts(self, snapshot: Snapshot, issuers: Catalogue | None = None) -> Iterable[Trust]:
        """Every federated credential. Secrets are those still good at the end of the collection.

        Without `issuers`, the built-in tables alone say what is minted.
        """
        from auditor.providers.azure import trust

        return trust.trusts(snapshot, snapshot.ended, issuers)

    def identities(self, snapshot: Snapshot) -> Iterable[Identity]:
        """Every identity with credentials, and applications of other tenants that are granted something."""
        from auditor.providers.azure import inventory

        return inventory.identities(snapshot, snapshot.ended)

    def idle_registrations(self, snapshot: Snapshot) -> Iterable[tuple[Identity, Source]]:
        """None: Azure registers no issuers; each credential names its own."""
        del snapshot
        return ()

    def admits(self, trust: Trust, token: Token) -> bool | None:
        """The concrete evaluator's opinion of `token`."""
        from auditor.providers.azure import evaluate

        return evaluate.admits(trust, token)

    def authority(self, snapshot: Snapshot) -> Authority:
        """What the identities may do: by roles, application permissions, and the credentials they may write."""
        from auditor.providers.azure.authority import AzureAuthority

        return AzureAuthority(snapshot.only(self.id))

    def permissions(self) -> str:
        """A custom role and Graph permissions for whoever runs the collection."""
        from auditor.providers.azure.permissions_text import PERMISSIONS

        return PERMISSIONS


PROVIDER = Azure()
