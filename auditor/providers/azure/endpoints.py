"""Where Azure Resource Manager and Microsoft Graph are: in their cloud, or where the environment says."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from auditor.errors import UsageError
from auditor.providers.azure.clouds import Cloud

ARM_ENDPOINT, GRAPH_ENDPOINT = "AUDITOR_AZURE_ARM_ENDPOINT", "AUDITOR_AZURE_GRAPH_ENDPOINT"
"""Base URLs that stand for the cloud's own. On a loopback address no real credentials are used."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs without a slash at the end."""

    arm: str
    graph: str
    local: bool
    """Whether both are on a loopback address."""


def endpoints(environment: Mapping[str, str], cloud: Cloud) -> Endpoints:
    """The base URLs. Raises `UsageError` for one that cannot be used, or where only one is on loopback."""
    bases = {name: environment.get(name, "").rstrip("/") for name in (ARM_ENDPOINT, GRAPH_ENDPOINT)}
    local = [_local(name, base) for name, base in bases.items() if base]
    if any(local) and local != [True, True]:
        raise UsageError(
            f"{ARM_ENDPOINT} and {GRAPH_ENDPOINT} must both be on a loopback address, or neither: "
            "what is made up and what is real would be mixed"
        )
    return Endpoints(bases[ARM_ENDPOINT] or cloud.arm, bases[GRAPH_ENDPOINT] or cloud.graph, any(local))


def _local(name: str, base: str) -> bool:
    """Whether an endpoint is on a loopback address. Raises `UsageError` when it cannot be used."""
    try:
        url = urlsplit(base)
        host, usable = url.hostname, url.scheme in {"http", "https"} and not url.query and not url.fragment
    except ValueError:
        host, usable = None, False
    if not host or not usable or "@" in base:
        raise UsageError(f"{name}={base} is not a URL such as https://management.example")
    if _is_loopback(host):
        return True
    if url.scheme != "https":
        raise UsageError(f"{name}={base}: credentials are sent over https only, except to a loopback address")
    return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
