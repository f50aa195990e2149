"""The clouds that Microsoft runs apart from each other: their hosts and names.

Sources: Microsoft identity platform, "National clouds"; Microsoft Graph, "National cloud deployments"; Azure Government
and Azure China developer guides (endpoints of Azure Resource Manager).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from auditor.errors import UsageError

CLOUD, AUTHORITY = "AZURE_CLOUD", "AZURE_AUTHORITY_HOST"
"""Variables that name a cloud: ours, and the one that azure-identity reads."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of them."""

    name: str
    """As the Azure CLI names it."""
    authority: str
    """The host that issues tokens."""
    arm: str
    """Base URL of Azure Resource Manager."""
    arm_scope: str
    graph: str
    """Base URL of Microsoft Graph."""
    sdk_name: str
    """As azure-core names it."""
    other_authorities: tuple[str, ...] = ()
    """Further hosts that issue tokens there."""

    @property
    def graph_scope(self) -> str:
        return f"{self.graph}/.default"


CLOUDS: Mapping[str, Cloud] = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "AzureCloud",
            "login.microsoftonline.com",
            "https://management.azure.com",
            "https://management.azure.com/.default",
            "https://graph.microsoft.com",
            "AZURE_PUBLIC_CLOUD",
            ("login.windows.net",),
        ),
        Cloud(
            "AzureUSGovernment",
            "login.microsoftonline.us",
            "https://management.usgovcloudapi.net",
            "https://management.usgovcloudapi.net/.default",
            "https://graph.microsoft.us",
            "AZURE_US_GOVERNMENT",
        ),
        Cloud(
            "AzureChinaCloud",
            "login.chinacloudapi.cn",
            "https://management.chinacloudapi.cn",
            "https://management.chinacloudapi.cn/.default",
            "https://microsoftgraph.chinacloudapi.cn",
            "AZURE_CHINA_CLOUD",
            ("login.partner.microsoftonline.cn",),
        ),
    )
}


def cloud_of(named: str | None, environment: Mapping[str, str]) -> Cloud:
    """The cloud called `named`, else the one the environment means, else the public one. Raises `UsageError`."""
    name = named or environment.get(CLOUD)
    if name:
        found = next((one for one in CLOUDS.values() if name.lower() in {one.name.lower(), one.sdk_name.lower()}), None)
        if found is None:
            raise UsageError(f"{name!r} is no Azure cloud; known: {', '.join(CLOUDS)}")
        return found
    said = environment.get(AUTHORITY, "").strip()
    if not said:
        return CLOUDS["AzureCloud"]
    host = (urlsplit(said).hostname if "//" in said else said.split("/")[0]) or said
    for cloud in CLOUDS.values():
        if host.lower() in {cloud.authority, *cloud.other_authorities}:
            return cloud
    known = ", ".join(cloud.authority for cloud in CLOUDS.values())
    raise UsageError(f"{AUTHORITY}={said} is the host of no Azure cloud that is known here; known: {known}")
