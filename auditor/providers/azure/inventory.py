"""What is listed rather than judged: identities, and applications whose credentials live in another tenant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from auditor.model import Identity
from auditor.providers.azure.estate import estate_of
from auditor.providers.azure.federated import foreign_applications, holders
from auditor.snapshot import Snapshot


def identities(snapshot: Snapshot, now: datetime) -> Iterator[Identity]:
    """Every identity of some trust, and the applications of other tenants that are granted something here."""
    estate = estate_of(snapshot)
    found = dict.fromkeys(holder.identity for holder in holders(estate, now))
    found.update(dict.fromkeys(foreign_applications(estate)))
    return iter(found)
