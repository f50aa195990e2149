"""What was not read, as far as the power of identities goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.providers.azure.estate import Estate, reason_of
from auditor.providers.azure.scopes import Hierarchy, Scope, Size, scope_of
from auditor.snapshot import Coverage, Status

_REFUSED = (Status.DENIED, Status.FAILED)


@dataclass(eq=False)
class Ledger:
    """The rows of the ledger, asked about tenants and scopes."""

    estate: Estate
    hierarchy: Hierarchy
    _gaps: dict[str | None, tuple[str, ...]] = field(default_factory=dict)
    _denials: dict[str, str | None] = field(default_factory=dict)

    def gaps(self, tenant: str | None) -> tuple[str, ...]:
        """Why identities of a tenant may do more than the documents tell."""
        if tenant not in self._gaps:
            self._gaps[tenant] = tuple(self._unread(tenant))
        return self._gaps[tenant]

    def _unread(self, tenant: str | None) -> Iterator[str]:
        yield from self._subscriptions("role-assignment", tenant)
        for kind, words in (
            ("graph-role-assignment", "application permissions"),
            ("directory-role-assignment", "directory roles"),
        ):
            rows = [row for row in self._rows(kind) if self._of(row, tenant)]
            refused = [row for row in rows if row.status in _REFUSED]
            if refused:
                yield from (f"{words} were not read: {reason_of(row, kind)}" for row in refused)
            elif not any(row.status is Status.READ for row in rows):
                yield f"{words} were not read"

    def _subscriptions(self, kind: str, tenant: str | None) -> Iterator[str]:
        rows = [row for row in self._rows(kind) if self._of(row, tenant)]
        for row in rows:
            if row.status in _REFUSED:
                yield f"role assignments of {row.scope} were not read: {reason_of(row, kind)}"
        read = {row.scope.lower() for row in rows if row.status is Status.READ}
        told = {row.scope.lower() for row in rows if row.status in _REFUSED}
        known = [f"subscriptions/{name}" for name in self.estate.subscriptions if self._tenant(name) in {None, tenant}]
        if tenant is None or f"tenants/{tenant}" not in read:
            yield from (f"role assignments of {one} were not read" for one in known if one not in read | told)
            if not known and not read and not told:
                yield "role assignments were not read"

    def principals_read(self, tenant: str | None) -> bool:
        """Whether the service principals of a tenant are known."""
        rows = [row for row in self._rows("service-principal") if self._of(row, tenant)]
        return bool(rows) and all(row.status is Status.READ for row in rows)

    def activity_read(self, tenant: str | None) -> bool:
        """Whether the tenant said when its service principals signed in last."""
        rows = [row for row in self._rows("sign-in-activity") if self._of(row, tenant)]
        return bool(rows) and all(row.status is Status.READ for row in rows)

    def denials(self, at: Scope) -> str | None:
        """Why the deny assignments that hold at a scope are not known; None where they are."""
        if at.key not in self._denials:
            self._denials[at.key] = (
                None if self._denials_read(at) else f"no deny assignment of {at.words}, which were not read, covers it"
            )
        return self._denials[at.key]

    def _denials_read(self, at: Scope) -> bool:
        # What is listed in a subscription includes what stands above it.
        read = [row.scope.lower() for row in self._rows("deny-assignment") if row.status is Status.READ]
        if at.subscription is not None:
            tenant = self._tenant(at.subscription)
            return f"subscriptions/{at.subscription}" in read or (tenant is not None and f"tenants/{tenant}" in read)
        if any(one.startswith("tenants/") for one in read) or at.size is Size.ROOT:
            return bool(read)
        if any(one == f"managementgroups/{at.name.lower()}" for one in read):
            return True
        below = (scope_of(f"/{one}") for one in read if one.startswith("subscriptions/"))
        return any(one is not None and self.hierarchy.within(one, at) is True for one in below)

    def _rows(self, kind: str) -> list[Coverage]:
        """The rows about a kind as a whole."""
        return [row for row in self.estate.rows.get(kind, ()) if row.kind == kind]

    def _of(self, row: Coverage, tenant: str | None) -> bool:
        """Whether a row may be about a tenant."""
        kind, _, name = row.scope.lower().partition("/")
        if tenant is None or kind not in {"tenants", "subscriptions"}:
            return True
        return name == tenant if kind == "tenants" else self._tenant(name) in {None, tenant}

    def _tenant(self, subscription: str) -> str | None:
        return self.hierarchy.tenants.get(subscription) or self.estate.only_tenant
