"""The clouds, one room each behind the protocol of `base`, loaded when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `auditor --help` names the providers without loading any
    from auditor.providers.base import Provider


def _aws() -> Provider:
    from auditor.providers.aws import PROVIDER

    return PROVIDER


def _gcp() -> Provider:
    from auditor.providers.gcp import PROVIDER

    return PROVIDER


def _azure() -> Provider:
    from auditor.providers.azure import PROVIDER

    return PROVIDER


PROVIDERS: Mapping[str, Callable[[], Provider]] = {"aws": _aws, "azure": _azure, "gcp": _gcp}
