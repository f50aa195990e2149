"""What one condition key reads in one concrete AssumeRoleWithWebIdentity call. Part of the concrete evaluator.

This is the evaluator's own table of keys, apart from the compiler's on purpose: a slip in one shows as a disagreement.
Sources: the AWS Service Authorization Reference (keys per issuer) and recorded probes of the service (default keys,
request keys).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from auditor.claims.predicate import Token

ROLES_CLAIM: Final = "https://aws.amazon.com/roles"
TAGS_CLAIM: Final = "https://aws.amazon.com/tags"
SOURCE_IDENTITY_CLAIM: Final = "https://aws.amazon.com/source_identity"
SESSION_NAME: Final = "request:RoleSessionName"
"""The pseudo-claim under which a token carries the session name its bearer asks for."""

BUILT_IN: Final = frozenset(
    {"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}
)
"""Issuers that are principals by their bare name, without an IAM OIDC provider."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The call does not carry the key."""


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Texts:
    """A key that AWS types as a list."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool


@dataclass(frozen=True, slots=True)
class Moment:
    value: datetime
    epoch: bool
    """Whether the key is typed as seconds since 1970 and so may be compared as a number too."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The value cannot be known from the documents and the token."""

    present: bool | None
    """Whether the key is at least known to be there."""


@dataclass(frozen=True, slots=True)
class Either:
    """One of several; which, was not established."""

    values: tuple[Absent | Text | Truth, ...]


KeyValue = Absent | Text | Texts | Truth | Moment | Either | Unclear


@dataclass(frozen=True, slots=True)
class Call:
    """One concrete call: the token, and everything about the role that conditions can read."""

    token: Token
    issuer: str
    """The issuer without `https://`, lower-cased: the prefix of its condition keys."""
    issuer_url: str
    via: str
    account: str
    role_arn: str
    role_tags: Any
    now: datetime
    """An aware datetime."""
    organization: str | None = None
    """The id of the account's organization; None where it was not read."""


_GITHUB = (
    "actor actor_id enterprise_id environment job_workflow_ref ref repository repository_id repository_owner_id "
    "workflow"
)
_BUILDKITE = "build_branch cluster_id cluster_name organization_id organization_slug pipeline_id pipeline_slug"
_GITLAB = (
    "namespace_id pipeline_source project_id ref_protected runner_environment user_access_level user_email user_id "
    "user_login"
)


def extra_claims(issuer: str) -> str:
    """The claims, separated by blanks, that AWS exposes as keys for this issuer besides the default ones."""
    host, _, path = issuer.partition("/")
    if host == "token.actions.githubusercontent.com":
        return _GITHUB
    if path == "" and _between(host, "token.actions.", ".ghe.com"):
        return _GITHUB
    if host == "github.com" and path.startswith("enterprises/") and path.count("/") == 1 and path != "enterprises/":
        return _GITHUB
    if issuer == "gitlab.com":
        return _GITLAB
    if issuer == "agent.buildkite.com":
        return _BUILDKITE
    if path == "" and (_between(host, "agent.", ".buildkite.dev") or _between(host, "agent.", ".buildkite.site")):
        return _BUILDKITE
    if host == "oidc.circleci.com" and path.startswith("org/") and path.count("/") == 1 and path != "org/":
        return "oidc.circleci.com/project-id"
    if path == "" and _between(host, "idcs-", ".identity.oraclecloud.com"):
        return "rpst_id"
    return ""


def _between(text: str, before: str, after: str) -> bool:
    """Whether at least one character stands between the two ends."""
    return text.startswith(before) and text.endswith(after) and len(text) > len(before) + len(after)


def is_github(issuer: str) -> bool:
    """GitHub in all its forms: none of them emits the claims AWS reads tags, source identity and roles from."""
    host, _, path = issuer.partition("/")
    return (
        host == "token.actions.githubusercontent.com"
        or _between(host, "token.actions.", ".ghe.com")
        or (host != "" and path == "_services/token")
    )


def lookup(key: str, call: Call) -> KeyValue:
    """What `key` reads; its name is compared ignoring case.

    A key of another issuer is absent. What belongs to no issuer and to no known request key is unclear, and so is what
    differs from a key by a trailing slash of the issuer, or ignoring case beyond ASCII.
    """
    name = lower(key)
    if not name.isascii():
        return Unclear(present=None)
    if name.startswith(("aws:", "sts:")):
        return _of_request(name, call)
    prefix, _, claim = name.rpartition(":")
    if prefix == call.issuer:
        return _of_token(claim, call)
    return Absent() if _of_another_issuer(name, call) else Unclear(present=None)


@lru_cache(maxsize=1024)
def _exposed(issuer: str) -> frozenset[str]:
    """The claims that are keys."""
    match issuer:
        case "accounts.google.com":
            return frozenset(("aud", "oaud", "sub", "email", "google/organization_number"))
        case "cognito-identity.amazonaws.com":
            return frozenset(("aud", "oaud", "sub", "amr"))
        case "www.amazon.com":
            return frozenset(("app_id", "user_id", "sub"))
        case "graph.facebook.com":
            return frozenset(("app_id", "id", "sub"))
        case _:
            return frozenset(("aud", "oaud", "sub", "amr", "email", *extra_claims(issuer).split()))


def _of_token(claim: str, call: Call) -> KeyValue:
    if claim not in _exposed(call.issuer):
        return Absent()
    if claim == "google/organization_number":
        return Unclear(present=None)
    if claim == "aud":
        # Of Cognito it is the identity pool; there is no azp.
        cognito = call.issuer == "cognito-identity.amazonaws.com"
        return _claim("azp" if "azp" in call.token and not cognito else "aud", call)
    if claim == "oaud":
        return _claim("aud", call)
    if claim == "amr":
        listed = call.token.get("amr", ())
        if "amr" not in call.token:
            return Absent()
        return Texts(listed) if isinstance(listed, tuple) else Unclear(present=None)
    return _claim(claim, call)


def _claim(name: str, call: Call) -> KeyValue:
    """A claim AWS reads as one text. How it would read a list, a number or a truth value was not established."""
    if name not in call.token:
        return Absent()
    value = call.token[name]
    if name == "aud" and isinstance(value, tuple) and value:
        return Text(value[0]) if len(value) == 1 else Unclear(present=True)
    return Text(value) if isinstance(value, str) else Unclear(present=None)


_OF_THE_CALLER: Final = frozenset(
    (
        *("aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:principalisawsservice"),
        *("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"),
        *("aws:securetransport", "aws:viaawsservice"),
    )
)
"""Keys that read the same whatever token, role and account it is; OIDC providers and built-in issuers may differ."""


def without_token(key: str, call: Call) -> KeyValue | None:
    """What the key reads for every token of the issuer, whatever the role; None where that may differ."""
    name = lower(key)
    if name in _OF_THE_CALLER or _of_another_issuer(name, call):
        return lookup(key, call)
    return None


def _of_another_issuer(name: str, call: Call) -> bool:
    prefix, _, claim = name.rpartition(":")
    if not claim or not name.isascii() or name.startswith(("aws:", "sts:")):
        return False
    return "." in prefix and prefix.rstrip("/") != call.issuer.rstrip("/")


def _of_request(name: str, call: Call) -> KeyValue:
    github = is_github(call.issuer)
    provider_account = arn_account(call.via)
    match name:
        case "sts:rolesessionname":
            asked = call.token.get(SESSION_NAME)
            return Text(asked) if isinstance(asked, str) else Unclear(present=True)
        case "sts:roleauthorizedbyidp":
            if ROLES_CLAIM in call.token:
                named = authorized_by_idp(call)
                return Unclear(present=None) if named is None else Truth(named)
            return Truth(False) if github else Unclear(present=None)
        case "sts:sourceidentity":
            asked = call.token.get(SOURCE_IDENTITY_CLAIM)
            if isinstance(asked, str):
                return Text(asked)
            return Absent() if github and asked is None else Unclear(present=None)
        case "aws:tagkeys" | "sts:transitivetagkeys":
            return Absent() if github and TAGS_CLAIM not in call.token else Unclear(present=None)
        case "aws:principalaccount" if provider_account is not None:
            return Text(provider_account)
        case "aws:principaltype" if provider_account is not None:
            return Text("User")
        case "aws:userid" if provider_account is not None:
            return Text(call.via)
        case "aws:principalarn" | "aws:principalorgid" | "aws:principalorgpaths":
            return Absent()
        case "aws:securetransport":
            return Truth(True)  # STS has no endpoint without TLS
        case "aws:sourceaccount" | "aws:sourcearn" | "aws:sourceorgid" | "aws:sourceorgpaths" if provider_account:
            return Absent()
        case "aws:principalisawsservice" | "aws:viaawsservice" if provider_account:
            return Either((Absent(), Truth(False)))  # the bearer of a token is no service of AWS
        case "aws:federatedprovider" if provider_account:
            spelt = (call.via, call.issuer_url, call.issuer_url.removeprefix("https://"))
            return Either((Absent(), *map(Text, spelt)))
        case "aws:resourceorgid" if call.organization is not None:
            return Text(call.organization)
        case "aws:resourceaccount":
            return Text(call.account)
        case "aws:currenttime":
            return Moment(call.now, epoch=False)
        case "aws:epochtime":
            return Moment(call.now, epoch=True)
    if name.startswith("aws:requesttag/"):
        return Absent() if github and TAGS_CLAIM not in call.token else Unclear(present=None)
    if name.startswith("aws:resourcetag/"):
        return _role_tag(name.removeprefix("aws:resourcetag/"), call.role_tags)
    return Unclear(present=None)


def _role_tag(wanted: str, tags: Any) -> KeyValue:
    """IAM compares tag keys ignoring case; a role without a `Tags` member has none."""
    if tags is None:
        return Absent()
    if not isinstance(tags, list | tuple):
        return Unclear(present=None)
    for tag in tags:
        if not isinstance(tag, dict) or not isinstance(tag.get("Key"), str) or not isinstance(tag.get("Value"), str):
            return Unclear(present=None)
        if lower(tag["Key"]) == wanted:
            return Text(tag["Value"])
    return Absent()


def authorized_by_idp(call: Call) -> bool | None:
    """Whether the token's roles claim names this role; None when it has no such claim or not a readable one."""
    named = call.token.get(ROLES_CLAIM)
    if isinstance(named, str):
        named = tuple(named.split(";"))
    if not isinstance(named, tuple):
        return None
    return call.role_arn in [arn.strip() for arn in named]


@lru_cache(maxsize=1024)
def arn_account(arn: str) -> str | None:
    """The account of an IAM OIDC provider's ARN; None when the text is not such an ARN."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "iam" or not parts[5].startswith("oidc-provider/"):
        return None
    return parts[4] or None


def lower(text: str) -> str:
    """ASCII letters lower-cased, nothing else: names in IAM are ASCII."""
    if text.isascii():
        return text.lower()
    return "".join(char.lower() if "A" <= char <= "Z" else char for char in text)
