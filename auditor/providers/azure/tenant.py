"""What there is to read of Azure. Imports no SDK before it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from auditor.collecting import plan
from auditor.collecting.scopes import Reading
from auditor.config import Config
from auditor.progress import Progress, silent
from auditor.providers.azure import names
from auditor.providers.azure.levels import Ask
from auditor.providers.azure.rest import Limits
from auditor.shards import WHOLE, Shard
from auditor.snapshot import Coverage, Status

DEADLINE = 7200
"""Seconds for a whole tenant. The walk bounds its own calls and tries them again, so that it is seldom tried again as a
whole."""


def asked(
    tenant: str | None = None,
    subscriptions: Sequence[str] = (),
    management_groups: Sequence[str] = (),
    cloud: str | None = None,
    shard: Shard = WHOLE,
) -> Ask:
    """What was asked for, as Azure names it. Raises `UsageError` for a name that cannot be meant."""
    return Ask(
        tenant=None if tenant is None else names.tenant(tenant),
        subscriptions=tuple(dict.fromkeys(map(names.subscription, subscriptions))),
        management_groups=tuple(dict.fromkeys(map(names.management_group, management_groups))),
        cloud=cloud,
        shard=shard,
    )


def scope_of(
    config: Config,
    *,
    tenant: str | None = None,
    subscriptions: Sequence[str] = (),
    management_groups: Sequence[str] = (),
    limits: Limits | None = None,
    shard: Shard = WHOLE,
) -> TenantScope:
    """What is named, else `[targets.azure]`, else the tenant of the default credential. Raises `UsageError`."""
    chosen = config.targets.azure
    if chosen and not subscriptions and not management_groups:
        subscriptions, management_groups = chosen.subscriptions, chosen.management_groups
    tenant, cloud = tenant or (chosen.tenant if chosen else None), chosen.cloud if chosen else None
    return TenantScope(asked(tenant, subscriptions, management_groups, cloud, shard), limits)


@dataclass(frozen=True, slots=True)
class TenantScope:
    """What was asked for of Azure: one walk, as one directory stands above all of it."""

    ask: Ask
    limits: Limits | None = None

    provider: ClassVar[str] = "azure"
    what: ClassVar[None] = None
    lane: ClassVar[str] = "azure"
    patience: ClassVar[plan.Patience] = plan.Patience(at_once=1, deadline=DEADLINE)

    @property
    def name(self) -> str | None:
        """The tenant's id. A domain may come to belong to another tenant, and so may the credentials."""
        ident = self.ask.tenant
        if ident is None or not names.GUID.fullmatch(ident):
            return None
        return ident.lower()

    def unread(self, why: str) -> Coverage:
        tenant = f"the tenant {self.ask.tenant}" if self.ask.tenant else "the tenant of the credentials"
        return Coverage("azure", "-", "account", Status.FAILED, f"{tenant} {why}")

    def read(self, tell: Progress = silent) -> Reading:
        """As `collect.read_tenant`."""
        from auditor.providers.azure import collect

        return collect.read_tenant(self.ask, self.limits, tell)

    def close(self) -> None:
        """Nothing is kept."""
