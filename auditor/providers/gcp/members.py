"""Members of allow and deny policies: which of them are identities of workload identity pools, and of which.

The forms are those of Google's page on principal identifiers. A value is everything behind the slash, slashes included,
and no form has a wildcard besides the pool-wide `/*`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

Form = Literal["subject", "group", "attribute", "pool"]


@dataclass(frozen=True, slots=True)
class PoolMember:
    """Identities of one workload identity pool."""

    text: str
    pool: str
    """The pool's full name as it stands in the member, `projects/…/locations/global/workloadIdentityPools/…`."""
    form: Form
    name: str = ""
    """The attribute's name, where the form is `attribute`."""
    value: str = ""
    """What it has to be; nothing for the whole pool."""
    dead: str | None = None
    """Why nobody can ever be this member; None where somebody can."""
    doubt: str | None = None
    """Why it is not known whether the form means anything to Google."""


@dataclass(frozen=True, slots=True)
class SetApart:
    """Identities that no outside issuer reaches: GKE's workloads, people of a workforce pool, a trust domain's own."""

    text: str
    kind: Literal["gke-pool", "workforce-pool", "trust-domain-pool"]
    pool: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """A member that may or may not hold identities of workload pools."""

    text: str
    reason: str


Member = PoolMember | SetApart | Unclear

EVERYBODY: Final = "principalSet://goog/public:all"
"""How deny policies write everybody there is."""

GKE_POOL: Final = ".svc.id.goog"

_POOL: Final = re.compile(
    r"(?P<scheme>principal|principalSet)://iam\.googleapis\.com/"
    r"(?P<pool>projects/(?P<project>[^/]+)/locations/[^/]+/workloadIdentityPools/(?P<id>[^/]+))(?P<rest>(?:/.*)?)",
    re.DOTALL,
)
_WORKFORCE: Final = re.compile(
    r"principal(?:Set)?://iam\.googleapis\.com/(?P<pool>locations/[^/]+/workforcePools/[^/]+)(?:/.*)?", re.DOTALL
)
_OLD_GKE: Final = re.compile(r"serviceAccount:(?P<pool>[^\[\]/]+\.svc\.id\.goog)\[[^\[\]]*\]", re.DOTALL)
_TRUST_DOMAIN: Final = re.compile(r"principal(?:Set)?://(?P<pool>[^/]+)/.*", re.DOTALL)
_REST: Final = re.compile(r"/(?:(?P<kind>subject|group)|attribute\.(?P<name>[^/]*))/(?P<value>.*)", re.DOTALL)
_DELETED: Final = "deleted:"


@lru_cache(maxsize=1 << 14)
def read_member(text: str) -> Member | None:
    """What kind of federated identity a member names; None for everybody else (Google accounts, groups, domains).

    `allAuthenticatedUsers` holds no identity of a pool, and `allUsers` needs none.
    """
    if text.startswith(_DELETED):
        kept = read_member(text.removeprefix(_DELETED))
        if not isinstance(kept, PoolMember):
            return None
        return Unclear(text, "whether an identity marked as deleted still counts is not documented")
    if found := _POOL.fullmatch(text):
        return _of_pool(text, found)
    if found := _WORKFORCE.fullmatch(text):
        return SetApart(text, "workforce-pool", found["pool"])
    if found := _OLD_GKE.fullmatch(text):
        return SetApart(text, "gke-pool", found["pool"])
    if text.startswith(("principal://goog/", "principalSet://goog/", "principal://iam.googleapis.com/projects/-/")):
        return None
    if text.startswith(
        ("principalSet://cloudresourcemanager.googleapis.com/", "principal://iam.", "principalSet://iam.")
    ):
        if text.endswith(("/type/ServiceAccount", "/type/ServiceAgent")):
            return None
        return Unclear(text, "whether this principal set holds identities of workload pools is not known")
    if found := _TRUST_DOMAIN.fullmatch(text):
        return SetApart(text, "trust-domain-pool", found["pool"])
    return None


def _of_pool(text: str, found: re.Match[str]) -> Member:
    pool, rest = found["pool"], found["rest"]
    if found["id"].endswith(GKE_POOL):
        return SetApart(text, "gke-pool", pool)
    dead = None
    if not found["project"].isdecimal():
        dead = "it holds the id of a project, where members hold its number"
    parts = _REST.fullmatch(rest)
    if parts is None and rest != "/*":
        return PoolMember(text, pool, "subject", dead=dead or "it names the pool in no form that members have")
    form: Form = "pool"
    if parts is not None:
        form = "subject" if parts["kind"] == "subject" else "group" if parts["kind"] == "group" else "attribute"
    fitting = "principal" if form == "subject" else "principalSet"
    doubt = None if found["scheme"] == fitting else f"Google documents this form with {fitting}:// only"
    name, value = ("", "") if parts is None else (parts["name"] or "", parts["value"])
    return PoolMember(text, pool, form, name, value, dead, doubt)
