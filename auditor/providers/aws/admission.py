"""Whom a role's trust policy lets in besides web identities: roles and accounts of AWS, and AWS's own services.

Only `sts:AssumeRole` counts here; tokens are the business of `trust.py`. Within one account a trust policy that names a
role by its ARN is enough by itself in AWS's evaluation logic for resource policies; whether IAM holds to that for trust
policies in every case is not settled, so it counts as uncertain. (Reference: IAM user guide, principals.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.providers.aws.grants import met, spared
from auditor.providers.aws.keys import ABSENT, Known, Reading, Unreadable
from auditor.providers.aws.session import UNKNOWN, Possible, Session, Truth, holds
from auditor.providers.aws.values import Variables
from auditor.providers.aws.wildcards import cleaned, matches

POLICY = "/AssumeRolePolicyDocument"
_ACTION = "sts:assumerole"
ACCOUNT = re.compile(r"(?:arn:[^:]+:iam::)?(\d{12})(?::root)?")
SESSION = re.compile(r"arn:([^:]+):sts::(\d{12}):assumed-role/([^/]+)/(.+)")


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One statement of a trust policy about `sts:AssumeRole`."""

    pointer: str
    allow: bool
    everyone: bool
    accounts: frozenset[str]
    """Accounts whose principals may, if their own policies let them."""
    names: frozenset[str]
    """Roles by ARN or by unique id."""
    services: frozenset[str]
    """Without the `.cn` of China."""
    condition: Any
    expanded: bool | None
    odd: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Admission:
    """The part of a trust policy that is about AWS principals."""

    entries: tuple[Entry, ...]
    unread: str | None = None
    """Why it is not known whom it lets in, as a doubt."""
    served: dict[tuple[str, str], Way | None] = field(default_factory=dict, init=False, repr=False)
    """What `serves` found."""

    @property
    def allows(self) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry.allow)


@dataclass(frozen=True, slots=True)
class Way:
    """How a caller is let in."""

    pointer: str
    doubt: str | None
    named: bool
    """Whether the policy names the caller itself, and not just its account."""


NOBODY = Admission(())


def read_admission(document: Any) -> Admission:
    """Never raises."""
    if not isinstance(document, Mapping):
        return Admission((), "its trust policy, which could not be understood, lets it in")
    body = document.get("Statement")
    version = document.get("Version", "2008-10-17")
    expanded = {"2012-10-17": True, "2008-10-17": False}.get(version) if isinstance(version, str) else None
    if isinstance(body, Mapping):
        parts = [(f"{POLICY}/Statement", body)]
    elif isinstance(body, list | tuple):
        parts = [(f"{POLICY}/Statement/{index}", part) for index, part in enumerate(body)]
    else:
        return Admission((), "its trust policy, which has no statements, lets it in")
    entries: list[Entry] = []
    for pointer, part in parts:
        entry = _entry(part, pointer, expanded)
        if isinstance(entry, str):
            return Admission((), entry)
        if entry is not None:
            entries.append(entry)
    return Admission(tuple(entries)) if entries else NOBODY


def _entry(part: Any, pointer: str, expanded: bool | None) -> Entry | str | None:
    """None where it is about something else; a text where nobody can tell."""
    if not isinstance(part, Mapping) or part.get("Effect") not in ("Allow", "Deny"):
        return "a statement of its trust policy, which could not be understood, lets it in"
    allow = part["Effect"] == "Allow"
    principal = part.get("Principal")
    if allow and isinstance(principal, Mapping) and principal and not principal.keys() - {"Federated"}:
        return None
    if not _about_us(part):
        return None
    odd = next((f"the element {name}" for name in ("NotPrincipal", "Resource", "NotResource") if name in part), None)
    everyone = principal == "*" or "NotPrincipal" in part
    names: set[str] = set()
    if isinstance(principal, Mapping):
        names = set(_texts(principal.get("AWS", ())))
        everyone = everyone or "*" in names
        services = frozenset(text.removesuffix(".cn") for text in _texts(principal.get("Service", ())))
    else:
        services = frozenset()
    accounts = frozenset(found[1] for name in names if (found := ACCOUNT.fullmatch(name)))
    condition = part.get("Condition")
    kept = condition if condition or not isinstance(condition, Mapping) else None
    return Entry(pointer, allow, everyone, accounts, frozenset(names), services, kept, expanded, odd)


def _about_us(part: Mapping[str, Any]) -> bool:
    """Whether the statement may be about `sts:AssumeRole`."""
    for element in ("Action", "NotAction"):
        if element in part:
            covered = any(matches(cleaned(text.lower()), _ACTION) for text in _texts(part[element]))
            return covered == (element == "Action")
    return True


def _texts(value: Any) -> list[str]:
    return [text for text in (value if isinstance(value, list | tuple) else (value,)) if isinstance(text, str)]


def lets_in(admission: Admission, caller: Session, unique_id: str | None) -> Way | None:
    """Whether the session may assume the role, as far as that role's own policy decides. None: certainly not."""
    if admission.unread is not None:
        return Way(POLICY, admission.unread, named=False)

    def named(entry: Entry) -> Truth:
        if caller.role in entry.names or (unique_id is not None and unique_id in entry.names):
            return True
        for name in entry.names:
            found = SESSION.fullmatch(name)
            if found and found[2] == caller.account and found[3] == caller.role.rpartition("/")[2]:
                return f"the session name {found[4]}"
        return False

    def values(key: str) -> Possible:
        return (None,) if key in ("aws:sourceaccount", "aws:sourcearn") else caller.values(key)

    best: Way | None = None
    for entry in admission.entries:
        direct = named(entry)
        account = entry.everyone or caller.account in entry.accounts
        if not direct and not account:
            continue
        truth = _holds(entry, values, caller.expanded)
        if entry.allow and truth is not False:
            doubt = entry.odd or (None if truth is True else truth)
            if direct and direct is not True and not account:
                doubt = doubt or direct
            way = Way(entry.pointer, None if doubt is None else met(doubt), named=bool(direct))
            if best is None or (best.doubt is not None and doubt is None):
                best = way
    if best is None:
        return None
    return _unless_denied(best, admission, lambda entry: bool(named(entry)) or caller.account in entry.accounts, values)


def serves(admission: Admission, service: str, account: str) -> Way | None:
    """Whether AWS's service may run under the role for somebody of the same account. None: certainly not."""
    key = (service, account)
    if key not in admission.served:
        admission.served[key] = _serves(admission, service, account)
    return admission.served[key]


def _serves(admission: Admission, service: str, account: str) -> Way | None:
    if admission.unread is not None:
        return Way(POLICY, admission.unread, named=False)

    def values(key: str) -> Possible:
        if key == "aws:sourceaccount":
            return (Known(account),)
        return (Known("true", "bool"),) if key == "aws:principalisawsservice" else UNKNOWN

    best: Way | None = None
    for entry in admission.allows:
        if service in entry.services or (entry.everyone and entry.odd):
            truth = _holds(entry, values, _unknown_variable)
            doubt = None if truth is True and entry.odd is None else met(entry.odd or str(truth))
            if truth is not False and (best is None or (best.doubt is not None and doubt is None)):
                best = Way(entry.pointer, doubt, named=True)
    if best is None:
        return None
    return _unless_denied(best, admission, lambda entry: service in entry.services, values)


def _unless_denied(
    way: Way, admission: Admission, concerned: Callable[[Entry], bool], values: Callable[[str], Possible]
) -> Way | None:
    for entry in admission.entries:
        if entry.allow or not (entry.everyone or concerned(entry)):
            continue
        truth = _holds(entry, values, _unknown_variable)
        if truth is True and entry.odd is None:
            return None
        if truth is not False and way.doubt is None:
            way = Way(way.pointer, spared(f"a Deny of the trust policy with {entry.odd or truth}"), way.named)
    return way


def _holds(entry: Entry, values: Callable[[str], Possible], resolve: Callable[[str], Reading]) -> Truth:
    return True if entry.condition is None else holds(entry.condition, values, Variables(entry.expanded, resolve))


def _unknown_variable(name: str) -> Reading:
    return ABSENT if name.lower() == "aws:username" else Unreadable(f"the policy variable ${{{name}}}")
