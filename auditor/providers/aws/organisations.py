"""Organisation policies that stand above an account: service control policies and resource control policies.

An action needs an Allow of the service control policies at every level from the root to the account; resource control
policies can only deny. Neither binds the management account's own roles. Policies that nobody was allowed to read make
nothing uncertain here: they only take away, and the coverage ledger says once that they were not read. Where it is
known which policy stands above an account and that very policy could not be read, everything is uncertain.
What resource control policies say about the exchange of a token is the business of `resource_controls.py`.
(Reference: AWS Organizations user guide, SCP and RCP evaluation.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.model import Json
from auditor.providers.aws.held import Held, hold
from auditor.snapshot import Snapshot

SERVICE = "SERVICE_CONTROL_POLICY"
RESOURCE = "RESOURCE_CONTROL_POLICY"
AWS_OWN = ("p-FullAWSAccess", "p-RCPFullAWSAccess")
"""Policies of AWS's own that allow everything; the latter is attached everywhere and cannot be detached."""
_DEEPEST = 16
"""More levels than an organisation can have."""
_REMEMBERED = 1000
"""Accounts whose policies are kept at hand."""


@dataclass(frozen=True, slots=True, eq=False)
class Organisation:
    """What an organisation says about one account."""

    id: str
    body: Json
    """Its own document."""
    service_levels: tuple[tuple[str, tuple[Held, ...]], ...] = ()
    """From the account up to the root: the name of the level and its service control policies."""
    policies: tuple[Held, ...] = ()
    """All policies whose Deny counts."""
    unread: tuple[str, ...] = ()
    resource_policies: Mapping[str, Json] = field(default_factory=dict)
    """Id → document of every resource control policy from the account up to the root."""
    resource_unread: tuple[str, ...] = ()
    """Ids of those that were not read, and of what may be one."""


class Organisations:
    """The organisation documents of a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._organisations: dict[str, Json] = {}
        self._targets: dict[tuple[str, str], Json] = {}
        self._policies: dict[tuple[str, str], Json] = {}
        self._found: dict[str, Organisation | None] = {}
        self._held: dict[tuple[str, str], Held] = {}
        self._homes: dict[str, str] = {}
        """Account → the scope under which an organisation that was read as a whole lies."""
        for document in snapshot.documents:
            if document.provider != "aws":
                continue
            if document.kind == "organization":
                self._organisations[document.scope] = document.body
            elif document.kind == "organization-target":
                self._targets[document.scope, document.id] = document.body
                if document.body.get("Type") == "ACCOUNT" and document.scope != document.id:
                    self._homes[document.id] = document.scope
            elif document.kind == "organization-policy":
                self._policies[document.scope, document.id] = document.body

    def of(self, account: str) -> Organisation | None:
        """The organisation of an account; None where it is in none, or nobody could tell."""
        if account not in self._found:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[account] = self._of(account)
        return self._found[account]

    def _of(self, account: str) -> Organisation | None:
        scope = self._homes.get(account, account)
        body = self._organisations.get(scope)
        ident = body.get("Id") if isinstance(body, Mapping) else None
        if body is None or not isinstance(ident, str):
            return None
        if body.get("MasterAccountId") == account:
            return Organisation(ident, body)
        levels: list[tuple[str, tuple[Held, ...]]] = []
        policies: list[Held] = []
        unread: list[str] = []
        resource: dict[str, Json] = {}
        resource_unread: dict[str, None] = {}
        target: Any = account
        for _ in range(_DEEPEST):
            node = self._targets.get((scope, target)) if isinstance(target, str) else None
            if node is None:
                break
            service: list[Held] = []
            whole = True
            for ident_ in _texts(node.get("Policies")):
                policy = self._policies.get((scope, ident_))
                kind = None if policy is None else policy.get("Type")
                if policy is not None and kind == RESOURCE and "Content" in policy:
                    resource[ident_] = policy
                elif (kind == RESOURCE or not isinstance(kind, str)) and ident_ not in AWS_OWN:
                    resource_unread[ident_] = None
                if policy is None or "Content" not in policy:
                    unread.append(f"the organisation policy {ident_}, which was not read")
                    whole = whole and kind == RESOURCE  # what is not known may allow more than the rest of its level
                    continue
                held = self._hold(scope, ident_, policy)
                policies.append(held)
                if policy.get("Type") == SERVICE:
                    service.append(held)
            if service and whole:
                levels.append((str(target), tuple(service)))
            target = node.get("Parent")
        return Organisation(
            ident,
            body,
            tuple(levels),
            tuple(policies),
            tuple(dict.fromkeys(unread)),
            resource,
            tuple(resource_unread),
        )

    def _hold(self, scope: str, ident: str, policy: Json) -> Held:
        if (scope, ident) not in self._held:
            content = policy.get("Content")
            if policy.get("Type") == SERVICE:
                self._held[scope, ident] = hold(content, ident, "/Content")
            else:
                # It binds some services only, and only what belongs to the organisation: it may deny, never surely.
                limits = f"limits of its own (the organisation policy {ident})"
                self._held[scope, ident] = hold(content, ident, "/Content", limits)
        return self._held[scope, ident]


def _texts(value: Any) -> Sequence[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list | tuple) else []
