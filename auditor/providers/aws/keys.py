"""Condition keys: what each one reads when `sts:AssumeRoleWithWebIdentity` is called with a token of one issuer.

A key is `<issuer without https://>:<name>`, or a global key of the request. Names compare ignoring case. The keys each
issuer has are AWS's list for the action (Service Authorization Reference, October 2026) plus the default keys of every
provider (IAM user guide); newer lists may add to the table, a key never leaves it. What the list does not hold is
absent from the request, however the token looks: a condition on it reads nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from auditor.claims.predicate import TRUE, Exists, Not, Predicate

AUDITED_AT = "audited_at"
"""Key of `Trust.documents`: the moment that `aws:CurrentTime` is compared with, a datetime with its time zone."""

SESSION_NAME = "request:RoleSessionName"
"""The pseudo-claim under which every grammar carries the session name, which the caller picks."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is known about a call before its token is seen."""

    issuer: str
    """The issuer without `https://`, path kept."""
    github: bool
    """Whether the issuer is GitHub's, which signs no session tags, source identity or role list."""
    account: str
    """The account of the role, twelve digits."""
    provider: str | None
    """The OIDC provider's ARN; None for a built-in issuer."""
    tags: tuple[tuple[str, str], ...] | None
    """The role's tags; None when they could not be read."""
    now: datetime
    """The time of the audit, with its time zone."""
    organisation: str | None = None
    """The id of the organisation the account belongs to; None where it was not read."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text: that of the first claim whose guard holds."""

    cases: tuple[tuple[Predicate, str], ...]
    """(guard, claim); the guards exclude one another on tokens that carry the claims."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A list claim."""

    claim: str


@dataclass(frozen=True, slots=True)
class TextOrTexts:
    """A claim of which it is not settled how AWS types it when the token carries several values."""

    claim: str


@dataclass(frozen=True, slots=True)
class Known:
    """The same value for every token."""

    text: str
    type: Literal["text", "bool", "date", "epoch"] = "text"


@dataclass(frozen=True, slots=True)
class Absent:
    """Never in the request."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Not decided by the token, or not settled."""

    reason: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these for every token; which, is not settled."""

    readings: tuple[Known | Absent, ...]
    reason: str


Reading = Text | Texts | TextOrTexts | Known | Absent | OneOf | Unreadable

ABSENT = Absent()


def _claim(name: str) -> Text:
    return Text(((TRUE, name),))


AUDIENCE = Text(((TRUE, "azp"), (Not(Exists("azp")), "aud")))
"""AWS reads `azp` where the token has one (a test of a missing claim is false, so that case needs no guard)."""

_DEFAULT: Mapping[str, Reading] = MappingProxyType(
    {
        "aud": AUDIENCE,
        "oaud": TextOrTexts("aud"),
        "sub": _claim("sub"),
        "amr": Texts("amr"),
        "email": _claim("email"),
    }
)

# Built-in issuers: the principal is the bare string, and the default keys do not apply.
_BUILT_IN: Mapping[str, Mapping[str, Reading]] = MappingProxyType(
    {
        "accounts.google.com": {
            "aud": AUDIENCE,
            "oaud": TextOrTexts("aud"),
            "sub": _claim("sub"),
            "email": _claim("email"),
            "google/organization_number": Unreadable("which claim google/organization_number reads is not settled"),
        },
        "cognito-identity.amazonaws.com": {
            "aud": _claim("aud"),  # the identity pool
            "oaud": TextOrTexts("aud"),
            "sub": _claim("sub"),
            "amr": Texts("amr"),  # typed String in AWS's list, observed to behave as a list
        },
        # `sub` of these two: accepted by the check AWS makes when a role is saved, not in its list
        "www.amazon.com": {name: _claim(name) for name in ("app_id", "user_id", "sub")},
        "graph.facebook.com": {name: _claim(name) for name in ("app_id", "id", "sub")},
    }
)

BUILT_IN = frozenset(_BUILT_IN)
"""The issuers AWS knows without an OIDC provider in the account."""

_GITHUB = (
    "actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository", "repository_id",
    "repository_owner_id", "workflow",
)  # fmt: skip
_GITLAB = (
    "namespace_id", "project_id", "user_id", "user_login", "user_email", "user_access_level", "ref_protected",
    "pipeline_source", "runner_environment",
)  # fmt: skip
_BUILDKITE = (
    "organization_slug", "organization_id", "pipeline_slug", "pipeline_id", "cluster_name", "cluster_id",
    "build_branch",
)  # fmt: skip

# Issuer (whole text, lower case) → the claims that are keys besides the default ones.
_SPECIFIC: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"token\.actions\.githubusercontent\.com(/.+)?"), _GITHUB),  # a path is an enterprise's slug
    (re.compile(r"token\.actions\.[^/]+\.ghe\.com"), _GITHUB),  # no variant with a path is listed
    (re.compile(r"github\.com/enterprises/[^/]+"), _GITHUB),
    (re.compile(r"gitlab\.com"), _GITLAB),  # self-managed installations have the default keys only
    (re.compile(r"agent\.buildkite\.com|agent\.[^/]+\.buildkite\.(dev|site)"), _BUILDKITE),
    (re.compile(r"oidc\.circleci\.com/org/[^/]+"), ("oidc.circleci.com/project-id",)),
    (re.compile(r"idcs-[^/]+\.identity\.oraclecloud\.com"), ("rpst_id",)),
)


def specific_claims(issuer: str) -> tuple[str, ...]:
    """The claims of `issuer` (without `https://`) that are condition keys there, those every provider has left out."""
    folded = issuer.lower()
    if folded in _BUILT_IN:
        readings = _BUILT_IN[folded].values()
        claims = (claim for reading in readings if isinstance(reading, Text) for _, claim in reading.cases)
        return tuple(claim for claim in dict.fromkeys(claims) if claim != "azp" and claim not in _DEFAULT)
    return next((claims for form, claims in _SPECIFIC if form.fullmatch(folded)), ())


def lookup(key: str, request: Request) -> Reading:
    """What the full condition key `key` reads in `request`. Never raises."""
    if not key.isascii():
        return Unreadable(f"{key}: how IAM folds the case of a key beyond ASCII is not settled")
    if reads_token(key):
        return token_key(key, request.issuer)
    return _global(key, key.lower(), request)


@lru_cache(maxsize=4096)
def reads_token(key: str) -> bool:
    """Whether what the key reads depends on token and issuer only, and on nothing else of the request."""
    return key.isascii() and not key.lower().startswith(("aws:", "sts:"))


@lru_cache(maxsize=4096)
def token_key(key: str, issuer: str) -> Reading:
    """`lookup` of a key that `reads_token`."""
    prefix, colon, name = key.lower().rpartition(":")
    own = issuer.lower()
    if colon and prefix == own:
        built_in = _BUILT_IN.get(own)
        if built_in is not None:
            return built_in.get(name, ABSENT)
        if name in _DEFAULT:
            return _DEFAULT[name]
        return _claim(name) if name in specific_claims(own) else ABSENT
    if colon and prefix.rstrip("/") == own.rstrip("/"):
        return Unreadable(f"{key}: whether AWS takes this for a key of {issuer} is not settled")
    if "." in prefix:
        return ABSENT  # another issuer's key
    return Unreadable(f"{key} is no condition key this program knows")


_UNDECIDED = {
    "aws:principaltag/": "whether a web-identity caller carries principal tags is not settled",
    "aws:sourceip": "it depends on where the call comes from",
    "aws:sourcevpc": "it depends on where the call comes from",
    "aws:vpcsourceip": "it depends on where the call comes from",
    "aws:resourceorg": "the account's organisation was not read",
}
_OPEN = "is not settled"
_SIGNED = ("aws:requesttag/", "aws:tagkeys", "sts:transitivetagkeys", "sts:sourceidentity")


def _global(key: str, folded: str, request: Request) -> Reading:
    """A key of the request rather than of the token. `aws:` and `sts:` keys alike."""
    if folded.startswith(_SIGNED):
        return ABSENT if request.github else Unreadable(f"{key}: whether this issuer signs it is not known")
    if folded.startswith("aws:resourcetag/"):
        return _role_tag(folded.removeprefix("aws:resourcetag/"), key, request)
    match folded:
        case "sts:rolesessionname":
            return _claim(SESSION_NAME)
        case "sts:roleauthorizedbyidp":
            return Known("false", "bool") if request.github else Unreadable(f"{key}: the issuer may sign a role list")
        case "aws:resourceaccount":
            return Known(request.account)
        case "aws:principalaccount" if request.provider is not None:  # not known for a built-in issuer
            return Known(request.account)
        case "aws:userid" if request.provider is not None:
            return Known(request.provider)
        case "aws:principaltype" if request.provider is not None:
            return Known("User")
        case "aws:principalarn" | "aws:principalorgid" | "aws:principalorgpaths":
            return ABSENT
        case "aws:securetransport":
            return Known("true", "bool")  # always in the request; STS is reached by TLS alone
        case "aws:resourceorgid" if request.organisation is not None:
            return Known(request.organisation)
        case "aws:currenttime":
            return Known(request.now.isoformat(), "date")
        case "aws:epochtime":
            return Known(str(int(request.now.timestamp())), "epoch")
    if request.provider is not None:  # a built-in issuer's service may call by itself
        match folded:
            case "aws:sourceaccount" | "aws:sourcearn" | "aws:sourceorgid" | "aws:sourceorgpaths":
                return ABSENT  # only where a service of AWS calls for a resource
            case "aws:principalisawsservice" | "aws:viaawsservice":
                return OneOf((ABSENT, Known("false", "bool")), f"{key}: whether a web-identity call has it {_OPEN}")
            case "aws:federatedprovider":
                named = (ABSENT, Known(request.provider), Known(request.issuer), Known(f"https://{request.issuer}"))
                return OneOf(named, f"{key}: how it names an OIDC provider in a web-identity call {_OPEN}")
    for prefix, reason in _UNDECIDED.items():
        if folded.startswith(prefix):
            return Unreadable(f"{key}: {reason}")
    return Unreadable(f"{key}: its value in a web-identity call is not known")


def _role_tag(name: str, key: str, request: Request) -> Reading:
    if request.tags is None:
        return Unreadable(f"{key}: the role's tags could not be understood")
    values = {value for tag, value in request.tags if tag.lower() == name}
    if len(values) > 1:
        return Unreadable(f"{key}: the role has several tags of that name")
    return Known(values.pop()) if values else ABSENT
