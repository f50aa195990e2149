"""The issuer that a credential means, where the URL it holds is one that no token carries.

Entra stores any text as an issuer and compares it letter by letter with the token's `iss` (Microsoft: "Important
considerations and restrictions for federated identity credentials"). A slash too many, and it never works.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditor.issuers.catalogue import UNKNOWN, Catalogue

_LINK: Final = re.compile(r"\[[^\]]*\]\(\s*<?([^)>]*?)>?\s*\)")
_AROUND: Final = re.compile(r"^[\s\u200b-\u200f\u2060\ufeff\"'`<]+|[\s\u200b-\u200f\u2060\ufeff\"'`>]+$")
_WELL_KNOWN: Final = re.compile(r"/?\.well-known/.*")
_CLUSTER: Final = re.compile(r"https://[a-z0-9-]+\.oic\.prod-aks\.azure\.(?:com|us|cn)/[0-9a-f-]+/[0-9a-f-]+")
"""Issuers of Azure Kubernetes Service of the newer form, all of which end in a slash (seen in public credentials)."""


_ENTRA: Final = re.compile(r"https://login\.(?:microsoftonline|microsoft|windows)\.(?:com|net)(?:/.*)?", re.IGNORECASE)
"""Where Entra serves every tenant of the public cloud."""
_TENANT: Final = re.compile(r"https://login\.microsoftonline\.com/[0-9a-f-]{36}")
_ENTRA_ISSUERS: Final = (
    "Entra's are https://login.microsoftonline.com/{tenant id}/v2.0 and https://sts.windows.net/{tenant id}/"
)


@dataclass(frozen=True, slots=True)
class Meant:
    """The issuer a credential is about."""

    url: str
    never: str | None = None
    """Why no token carries the URL that is written; None where one may."""


def meant(written: str, issuers: Catalogue) -> Meant:
    """The URL to look the issuer up by. Only says `never` where the issuer is known to call itself otherwise."""
    url, slips = _unwrapped(written)
    if not slips:
        if _CLUSTER.fullmatch(url):
            return Meant(f"{url}/", _differs(written, f"{url}/", ["the slash at the end is missing"]))
        if issuers.identify(url).kind != UNKNOWN:
            return Meant(url)
    found = next(((other, why) for other, why in _spellings(url) if _told(other, issuers)), None)
    if found is None and _ENTRA.fullmatch(url):
        return Meant(url, f"no token carries the issuer {written!a}: {_ENTRA_ISSUERS}")
    if found is None:
        return Meant(url, _differs(written, url, slips)) if slips else Meant(url)
    other, why = found
    return Meant(other, _differs(written, other, [*slips, *why])) if other != written else Meant(other)


def _unwrapped(written: str) -> tuple[str, list[str]]:
    """The URL without what surrounds it, and what that is."""
    slips: list[str] = []
    link = _LINK.fullmatch(written.strip())
    url = written
    if link is not None:
        url = link[1]
        slips.append("it is a Markdown link")
    bare = _AROUND.sub("", url)
    if bare != url:
        slips.append("blanks or quotes surround it")
    return bare, slips


def _spellings(url: str) -> Iterator[tuple[str, list[str]]]:
    """Ways to write nearly the same URL, nearest first, and what was changed."""
    whole = url if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url) else f"https://{url}"
    schemed = re.sub(r"^http://", "https://", whole, flags=re.IGNORECASE)
    scheme = [] if schemed == url else ["it does not begin with https://"]
    rooted = _WELL_KNOWN.sub("", schemed)
    known = [] if rooted == schemed else ["it names the document that describes the issuer"]
    plain = re.sub(r"^(https://[^/:]+):443(?=/|$)", r"\1", rooted, flags=re.IGNORECASE)
    port = [] if plain == rooted else ["it names a port"]
    for cased in dict.fromkeys((plain, plain.lower())):
        case = [] if cased == plain else ["its letter case differs"]
        bare = cased.rstrip("/")
        for end in (cased, bare, f"{bare}/"):
            slash = [] if end == cased else [f"the slash at the end is {'missing' if end[-1:] == '/' else 'too much'}"]
            yield end, [*scheme, *known, *port, *case, *slash]
        if _TENANT.fullmatch(bare):
            yield f"{bare}/v2.0", [*scheme, *known, *port, *case, "/v2.0 is missing at the end"]


def _told(url: str, issuers: Catalogue) -> bool:
    """Whether a row of some table is about this very URL, not only about hosts with some word in them."""
    if _CLUSTER.fullmatch(url):
        return False  # without its slash
    rows = (row for table in issuers.tables for row in table["issuers"] if "url" in row)
    return any(
        not row.get("generic") and "subject" not in row and re.fullmatch(row["url"], url) is not None for row in rows
    )


def _differs(written: str, right: str, why: list[str]) -> str:
    return f"no token carries the issuer {written!a}, for its issuer is {right} ({', '.join(why)})"
