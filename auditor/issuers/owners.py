"""Who is behind an issuer, as far as its address says."""

from __future__ import annotations

import re

from auditor.issuers.catalogue import UNKNOWN
from auditor.model import Issuer

_HOST = re.compile(r"https://([a-z0-9.-]+)(?:/|$)")
_HOSTING = ("storage.googleapis.com", "raw.githubusercontent.com", "amazonaws.com", "digitaloceanspaces.com")
"""Hosts on which everybody may publish files: sharing one says nothing."""


def owner(issuer: Issuer) -> str:
    """What two issuers of one owner have in common: the URL; of an address nobody described, the host."""
    host = _HOST.match(issuer.url) if issuer.kind == UNKNOWN else None
    if host is None or any(f".{host[1]}".endswith(f".{name}") for name in _HOSTING):
        return issuer.url
    return host[1]
