"""The statements of a policy in the way of tokens apart from their conditions: effect, principal, action, resource.

That policy is a role's own trust policy or a resource control policy above its account.

A *door* is what a federated principal names: the ARN of an OIDC provider, or a built-in issuer's bare name. Whatever
cannot be read is kept as a `Doubt`, which later makes the statement unknown, never silently narrower or wider.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from auditor.claims.languages.pattern import Pattern
from auditor.providers.aws.conditions import escape
from auditor.providers.aws.keys import BUILT_IN
from auditor.providers.aws.wildcards import cleaned, matches

ACTION = "sts:AssumeRoleWithWebIdentity"

Effect = Literal["allow", "deny"]

_USUAL = frozenset(("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"))
_RESOURCES = ("Resource", "NotResource")
_EXPANDED = {"2012-10-17": True, "2008-10-17": False}
"""Version → whether `${…}` are policy variables."""
_DOCUMENT = frozenset(("Version", "Id", "Statement"))
_PROVIDER = re.compile(r"arn:[^:*?]+:iam::(?P<account>[^:*?]*):oidc-provider/(?P<issuer>[^*?]+)", re.DOTALL)
_SAML = re.compile(r"arn:[^:*?]+:iam::[^:*?]*:saml-provider/[^*?]+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Dialect:
    """A kind of policy."""

    name: str
    controls: bool
    """Whether it stands above resources: its statements say which, and are about everybody."""


TRUST = Dialect("the trust policy", controls=False)
RESOURCE_CONTROL = Dialect("the resource control policy", controls=True)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something of a statement that was not understood."""

    pointer: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as written, its principal and action decided as far as they can be."""

    pointer: str
    effects: tuple[Effect, ...]
    """Both where the effect could not be read."""
    applies: bool
    """Whether its actions (may) cover `sts:AssumeRoleWithWebIdentity`."""
    doors: tuple[str, ...]
    """The doors its principal names outright."""
    everyone: bool
    """Whether it is about every caller."""
    others: Doubt | None
    """Why it may be about callers at other doors as well."""
    doubts: tuple[Doubt, ...]
    raw: Mapping[str, Any]

    def covers(self, door: str) -> bool | Doubt:
        """Whether it is about callers that come through `door`."""
        if self.everyone or door in self.doors:
            return True
        return False if self.others is None else self.others


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as far as its statements."""

    statements: tuple[Statement, ...]
    expanded: bool | None
    """Whether `${…}` are policy variables; None where the version is none that exists."""


@lru_cache(maxsize=4096)
def provider_of(door: str) -> tuple[str, str] | None:
    """(account, issuer without scheme) of an OIDC provider's ARN; None for anything else."""
    found = _PROVIDER.fullmatch(door)
    return None if found is None else (found["account"], found["issuer"])


def read_policy(document: Any, pointer: str, account: str, dialect: Dialect = TRUST) -> Policy | str:
    """The statements of a policy that stands at `pointer` of a document about `account`; or why none can be read.

    Never raises.
    """
    if isinstance(document, str):
        return f"{dialect.name} is not JSON"
    if not isinstance(document, Mapping):
        return f"{dialect.name} is not a JSON object"
    if "Statement" not in document:
        return f"{dialect.name} has no Statement"
    body = document["Statement"]
    place = f"{pointer}/Statement"
    listed = enumerate(body) if isinstance(body, list | tuple) else None
    if listed is None and not isinstance(body, Mapping):
        return f"the Statement of {dialect.name} is neither an object nor a list"
    extra = [
        Doubt(f"{pointer}/{escape(str(name))}", str(name), f"a policy has no element {name}")
        for name in document
        if name not in _DOCUMENT
    ]
    parts = [(place, body)] if listed is None else [(f"{place}/{index}", part) for index, part in listed]
    version = document.get("Version", "2008-10-17")
    expanded = _EXPANDED.get(version) if isinstance(version, str) else None
    return Policy(tuple([_statement(part, where, account, dialect, extra) for where, part in parts]), expanded)


def _statement(part: Any, pointer: str, account: str, dialect: Dialect, doubts: Sequence[Doubt]) -> Statement:
    if not isinstance(part, Mapping):
        unread = Doubt(pointer, "Statement", "the statement is not an object")
        return Statement(pointer, ("allow", "deny"), True, (), False, unread, (unread,), {})
    found = list(doubts) if _USUAL.issuperset(part) else [*doubts, *_unknown_elements(part, pointer, dialect)]
    effects = _effects(part, pointer, found)
    applies = _applies(part, pointer, found)
    doors, everyone, others = _principal(part, pointer, effects, account, dialect)
    return Statement(pointer, effects, applies, doors, everyone, others, tuple(found), part)


def _unknown_elements(part: Mapping[str, Any], pointer: str, dialect: Dialect) -> Iterator[Doubt]:
    for name in part:
        if name in _USUAL or (dialect.controls and name in _RESOURCES):
            continue
        where = f"{pointer}/{escape(str(name))}"
        if name in _RESOURCES:
            yield Doubt(where, name, f"a trust policy has no {name}; what IAM makes of it is not settled")
        else:
            yield Doubt(where, str(name), f"a statement has no element {name}")


def _effects(part: Mapping[str, Any], pointer: str, doubts: list[Doubt]) -> tuple[Effect, ...]:
    match part.get("Effect"):
        case "Allow":
            return ("allow",)
        case "Deny":
            return ("deny",)
    doubts.append(Doubt(f"{pointer}/Effect", "Effect", "the effect is neither Allow nor Deny"))
    return ("allow", "deny")


def _applies(part: Mapping[str, Any], pointer: str, doubts: list[Doubt]) -> bool:
    """Whether the statement's actions cover ours; where that is not known it does, with a doubt."""
    named = [name for name in ("Action", "NotAction") if name in part]
    if len(named) != 1:
        reason = "the statement has both Action and NotAction" if named else "the statement has no Action"
        doubts.append(Doubt(pointer, "Action", reason))
        return True
    (element,) = named
    value = part[element]
    entries = value if isinstance(value, list | tuple) else [value]
    covered = any(isinstance(entry, str) and _covers(entry) for entry in entries)
    if not covered and not all(isinstance(entry, str) for entry in entries):
        doubts.append(Doubt(f"{pointer}/{element}", element, f"{element} holds something other than text"))
        return True
    return covered if element == "Action" else not covered


@lru_cache(maxsize=4096)
def _covers(action: str) -> bool:
    return Pattern.glob(action.lower()).matches(ACTION.lower())


def _principal(
    part: Mapping[str, Any], pointer: str, effects: tuple[Effect, ...], account: str, dialect: Dialect
) -> tuple[tuple[str, ...], bool, Doubt | None]:
    """(doors named, whether everyone is meant, why others may be)."""
    if "NotPrincipal" in part:
        kind = "a resource control policy" if dialect.controls else "a trust policy"
        reason = f"{kind} has no NotPrincipal; what IAM makes of it is not settled"
        return (), False, Doubt(f"{pointer}/NotPrincipal", "NotPrincipal", reason)
    where = f"{pointer}/Principal"
    principal = part.get("Principal")
    denies = effects == ("deny",)
    if principal == "*" and (denies or dialect.controls):
        return (), True, None
    if dialect.controls:
        return (), False, Doubt(where, "Principal", "the principal of a resource control policy is * and nothing else")
    if not isinstance(principal, Mapping):
        reason = "the statement has no Principal" if principal is None else "the Principal is not an object"
        return (), False, Doubt(where, "Principal", reason)
    doors: dict[str, None] = {}
    others: Doubt | None = None
    for kind, value in principal.items():
        several = isinstance(value, list | tuple)
        for index, entry in enumerate(value if several else (value,)):
            if kind == "Federated" and isinstance(entry, str) and (entry in BUILT_IN or provider_of(entry)):
                doors[entry] = None
            elif why := _other_callers(kind, entry, denies, account):
                inside = f"{where}/{escape(str(kind))}"
                others = Doubt(f"{inside}/{index}" if several else inside, f"Principal {kind}", why)
    return tuple(doors), False, others


def _other_callers(kind: Any, entry: Any, denies: bool, account: str) -> str | None:
    """Why this principal may mean web-identity callers it does not name; None where it cannot."""
    if kind == "Federated":
        if isinstance(entry, str) and _SAML.fullmatch(entry):
            return None
        return f"the federated principal {entry} is neither an OIDC provider's ARN nor a built-in issuer"
    if kind not in ("AWS", "Service", "CanonicalUser"):
        return f"there is no kind of principal {kind}"
    if not isinstance(entry, str):
        return f"the {kind} principal is not text"
    # An Allow of {"AWS": …}, "*" included, does not admit OIDC callers; whether a Deny refuses them is not settled.
    everyone = entry in ("*", account) or entry.endswith(f"::{account}:root")
    if denies and kind == "AWS" and everyone:
        return f"whether a Deny of the AWS principal {entry} refuses web-identity callers is not settled"
    return None


def binds(statement: Statement, arn: str, *, expanded: bool | None) -> bool | Doubt:
    """Whether a statement of a resource control policy is about the resource `arn`."""
    part = statement.raw
    named = [name for name in _RESOURCES if name in part]
    if len(named) != 1:
        reason = "the statement has both Resource and NotResource" if named else "the statement has no Resource"
        return Doubt(statement.pointer, "Resource", reason)
    (element,) = named
    where = f"{statement.pointer}/{element}"
    value = part[element]
    entries = value if isinstance(value, list | tuple) else [value]
    if not entries:
        return Doubt(where, element, f"{element} names nothing")
    found = [_of(entry, arn, expanded) for entry in entries]
    if True in found:
        return element == "Resource"
    if None in found:
        return Doubt(where, element, f"whether {element} covers {arn} is not decided")
    return element != "Resource"


def _of(pattern: Any, arn: str, expanded: bool | None) -> bool | None:
    """Each of the six parts of an ARN is compared by itself. What matches as a whole only is not decided."""
    if not isinstance(pattern, str) or ("${" in pattern and expanded is not False):
        return None
    text = cleaned(pattern)
    if not matches(text, arn):
        return False
    parts, others = text.split(":", 5), arn.split(":", 5)
    return True if text == "*" or (len(parts) == len(others) and all(map(matches, parts, others))) else None
