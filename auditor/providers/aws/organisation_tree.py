"""Reads an organisation from its root down: units, accounts, and which policies are attached where. Judges nothing.

For the management account and delegated administrators (Organizations API reference). Pages hold 20 entries at most,
and an empty one is not the last as long as there is a token. Attachments are asked for by policy, not by target: every
account carries at least one policy, and one policy names twenty of its targets at once.

Everything lies under the organisation's own id as scope: one copy for all accounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.providers.aws.haul import Ask, Haul, lacking, plain
from auditor.providers.aws.organisation_walk import DESCRIBE, KIND, TYPES, StoppedError, answer_of, listed, policy_of
from auditor.snapshot import Status

ROOTS = "organizations:ListRoots"
UNITS = "organizations:ListOrganizationalUnitsForParent"
ACCOUNTS = "organizations:ListAccountsForParent"
POLICIES = "organizations:ListPolicies"
TARGETS = "organizations:ListTargetsForPolicy"

_WORDS = {"SERVICE_CONTROL_POLICY": "service control policies", "RESOURCE_CONTROL_POLICY": "resource control policies"}


@dataclass(frozen=True, slots=True)
class Member:
    """One account of an organisation."""

    account: str
    state: str
    """As Organizations writes it: `ACTIVE`, `SUSPENDED`, `CLOSED`, …"""


@dataclass(slots=True)
class Tree:
    """One organisation."""

    id: str
    management: str
    members: list[Member] = field(default_factory=list)
    haul: Haul = field(default_factory=Haul)


def read(ask: Ask) -> Tree:
    """The organisation of whoever asks.

    Raises `StoppedError` when there is none or its roots may not be listed. What cannot be listed below them is a row.
    """
    body = plain(answer_of(ask, DESCRIBE, {}).get("Organization", {}))
    try:
        tree = Tree(body["Id"], body["MasterAccountId"])
    except KeyError as error:
        raise StoppedError(lacking(error), DESCRIBE) from error
    targets: dict[str, dict[str, Any]] = {}
    for root in listed(ask, ROOTS, "Roots", {}):
        targets[root["Id"]] = {"Id": root["Id"], "Type": "ROOT", "Name": root.get("Name")}
    above = list(targets)
    while above:
        parent = above.pop(0)
        for permission, name, kind in (
            (UNITS, "OrganizationalUnits", "ORGANIZATIONAL_UNIT"),
            (ACCOUNTS, "Accounts", "ACCOUNT"),
        ):
            for child in _below(ask, tree.haul, permission, name, parent):
                ident = child["Id"]
                if ident in targets:
                    continue  # moved while it was read
                targets[ident] = {"Id": ident, "Type": kind, "Name": child.get("Name"), "Parent": parent}
                if kind == "ACCOUNT":
                    # State has taken the place of Status (Organizations API reference); some endpoints send one only.
                    state = str(child.get("State") or child.get("Status") or "UNKNOWN")
                    targets[ident]["State"] = state
                    tree.members.append(Member(ident, state))
                else:
                    above.append(ident)
    tree.haul.note(KIND, Status.READ, None, ROOTS)
    attached = _attached(ask, tree.haul)
    for ident, target in targets.items():
        tree.haul.keep("organization-target", ident, {**target, "Policies": attached.get(ident, [])})
    tree.haul.keep(KIND, tree.id, body)
    return tree


def _below(ask: Ask, haul: Haul, permission: str, name: str, parent: str) -> Iterator[Mapping[str, Any]]:
    try:
        yield from listed(ask, permission, name, {"ParentId": parent})
    except StoppedError as stopped:
        what = "accounts" if permission == ACCOUNTS else "units"
        trouble = stopped.trouble
        reason = (
            f"not all {what} directly below it could be listed, and what is not listed is not read: {trouble.reason}"
        )
        haul.note(f"organization-target {parent}", trouble.status, reason, permission)


def _attached(ask: Ask, haul: Haul) -> dict[str, list[str]]:
    """Target → ids of the policies attached to it; the policies themselves go into the haul.

    Of one type all attachments are known, or none is said: a level of which only some policies are known would allow
    less than it does.
    """
    found: dict[str, list[str]] = {}
    complete = True
    for kind in TYPES:
        try:
            of_kind = {
                policy["Id"]: [
                    target["TargetId"] for target in listed(ask, TARGETS, "Targets", {"PolicyId": policy["Id"]})
                ]
                for policy in listed(ask, POLICIES, "Policies", {"Filter": kind})
            }
        except StoppedError as stopped:
            complete = False
            trouble = stopped.trouble
            status = Status.SKIPPED if trouble.status is Status.DENIED else trouble.status
            reason = f"{_WORDS[kind]} were not read, which could only take away: {trouble.reason}"
            haul.note("organization-policy", status, reason, stopped.permission)
            continue
        for ident, targets in of_kind.items():
            for target in targets:
                found.setdefault(target, []).append(ident)
            if targets:
                _policy(ask, haul, ident, kind)
    if complete:
        haul.note("organization-policy", Status.READ, None, TARGETS)
    return found


def _policy(ask: Ask, haul: Haul, ident: str, kind: str) -> None:
    try:
        haul.keep("organization-policy", ident, policy_of(ident, ask))
    except StoppedError as stopped:
        haul.keep("organization-policy", ident, {"Id": ident, "Type": kind})  # what it may forbid depends on its type
        haul.trouble(f"organization-policy {ident}", stopped.trouble, stopped.permission)
