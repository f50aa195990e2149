"""Reads what one cloud of the program offers, as `auditor collect` reads it with all others."""

from __future__ import annotations

from typing import Any

from auditor.collecting.scopes import alone
from auditor.config import Config
from auditor.progress import Progress, silent
from auditor.providers.base import Provider
from auditor.snapshot import Snapshot


def read_alone(
    provider: Provider, config: Config | None = None, progress: Progress = silent, **options: Any
) -> Snapshot:
    """One cloud alone. Raises as `alone`."""
    return alone(provider.scopes(config or Config(), **options), progress)
