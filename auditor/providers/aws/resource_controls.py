"""Resource control policies in the way of tokens: their Deny statements, compiled like those of a role's own policy.

They bind the roles of member accounts, whoever calls, and nothing that belongs to the management account; nor do they
bind service-linked roles. Those of every level from the root to the account count. They only deny: the one that allows
is AWS's own and stands everywhere (AWS Organizations user guide, RCP evaluation and syntax). What nobody was allowed to
read takes nothing away here, the coverage ledger says so; of a policy that is known to be attached and could not be
read or understood, nobody knows what it refuses.

An organisation has a few of them and a million roles: what a policy says is worked out once per issuer, for as long as
it looks at nothing of the role and its account.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from auditor.claims.predicate import FALSE
from auditor.model import Json, Source, Statement
from auditor.providers.aws import statements as written
from auditor.providers.aws.conditions import compile_conditions, doubt
from auditor.providers.aws.keys import Request
from auditor.providers.aws.organisations import Organisation

POLICY = "/Content"
DOCUMENT = "resource-control-policy "
"""Keys of `Trust.documents` under which such policies stand begin so; the id follows. None of one that was not read."""
ORGANISATION = "organization"

_SERVICE_LINKED = ":role/aws-service-role/"
_UNKNOWN_MANAGER = "which account manages the organization was not read; its own roles are not bound"
_OF_THE_ACCOUNT = ("aws:resourceaccount", "aws:principalaccount", "aws:userid", "aws:federatedprovider")
"""Condition keys that read differently in each account; `keys.py` has no others."""
_OF_THE_ROLE = "aws:resourcetag/"


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """One policy. The same object for all accounts it stands above."""

    id: str
    body: Json
    policy: written.Policy | str
    """Or why it could not be read."""
    statements: tuple[written.Statement, ...]
    """Those that may deny `sts:AssumeRoleWithWebIdentity`."""
    by_tags: bool
    """Whether they look at the tags of the role,"""
    by_account: bool
    """at what differs between accounts,"""
    by_name: bool
    """or at the ARN of the role."""

    @property
    def name(self) -> str:
        """What people call it."""
        name = self.body.get("Name")
        told = f"{name} ({self.id})" if isinstance(name, str) and name else self.id
        return f"the resource control policy {told}"


_Told = tuple[written.Statement, bool | None, Statement]
"""A statement as written, whether its policy has variables, and what it says compiled."""


@dataclass(frozen=True, slots=True, eq=False)
class Controls:
    """All resource control policies above one account."""

    organisation: str | None = None
    """Its id, where it was read."""
    documents: Json = field(default_factory=dict)
    """What the concrete evaluator reads, by key of `Trust.documents`."""
    policies: tuple[Control, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """Id → what people call the policy."""
    unread: tuple[str, ...] = ()
    """Ids of those that were not read, and of what may be one."""
    certain: bool = True
    """Whether it is known that they bind the account."""
    _told: dict[tuple[Any, ...], tuple[_Told, ...]] = field(default_factory=dict)

    def statements(self, arn: str, request: Request) -> Iterator[Statement]:
        """The Deny statements that may keep a token of `request` from the role `arn`."""
        if _SERVICE_LINKED in arn:
            return
        for ident in self.unread:
            yield _unclear(ident, "", f"the organization policy {ident}, which stands above the account, was not read")
        for control in self.policies:
            if isinstance(control.policy, str):
                yield _unclear(control.id, POLICY, control.policy)
        for statement, expanded, compiled in self._about(request):
            if self.certain and statement.raw.get("Resource") == "*":
                yield compiled
                continue
            bound = written.binds(statement, arn, expanded=expanded)
            doubts = [bound] if isinstance(bound, written.Doubt) else []
            if not self.certain:
                doubts.append(written.Doubt(statement.pointer, "MasterAccountId", _UNKNOWN_MANAGER))
            if bound and doubts:
                unclear = [doubt(compiled.source.document, one.pointer, one.text, one.reason) for one in doubts]
                yield replace(compiled, clauses=(*unclear, *compiled.clauses))
            elif bound:
                yield compiled

    def _about(self, request: Request) -> tuple[_Told, ...]:
        """What they say of tokens of `request`, whichever role of the account it is; its tags are looked at by few."""
        if not self.policies:
            return ()
        tags = request.tags if any(control.by_tags for control in self.policies) else ()
        key = (request.issuer, request.provider, request.github, request.now, tags)
        if key not in self._told:
            told = (one for control in self.policies for one in _about(control, _general(control, request)))
            self._told[key] = tuple(told)
        return self._told[key]

    def notes(self, statements: Iterable[Statement]) -> dict[str, Any]:
        """What `Trust.notes` tells of policies above, `statements` being those that concern the trust."""
        notes: dict[str, Any] = {}
        idents = dict.fromkeys(statement.source.document for statement in statements)
        if idents:
            named = self.names
            notes["policies-above"] = {ident: named.get(ident, f"the organization policy {ident}") for ident in idents}
        if any(control.by_tags or control.by_account or control.by_name for control in self.policies):
            notes["policies-above-differ"] = True
        return notes


def controls_of(organisation: Organisation | None) -> Controls:
    """Those that stand above an account; none where it is in no organisation or manages one."""
    if organisation is None:
        return Controls()
    found = tuple(control(ident, _text(body)) for ident, body in organisation.resource_policies.items())
    documents: dict[str, Any] = {ORGANISATION: organisation.body}
    documents |= {f"{DOCUMENT}{one.id}": one.body for one in found}
    documents |= dict.fromkeys(f"{DOCUMENT}{ident}" for ident in organisation.resource_unread)
    managed = isinstance(organisation.body.get("MasterAccountId"), str)
    names = {one.id: one.name for one in found}
    return Controls(organisation.id, documents, found, names, organisation.resource_unread, managed)


def _text(body: Json) -> str:
    """The document as text; too deep a one as one that cannot be read."""
    try:
        return json.dumps(body, default=str)
    except RecursionError:
        return json.dumps({**body, "Content": "…"}, default=str)


@lru_cache(maxsize=256)
def control(ident: str, text: str) -> Control:
    """The policy whose document, as JSON, is `text`."""
    body: Mapping[str, Any] = json.loads(text)
    policy = written.read_policy(body.get("Content"), POLICY, "", written.RESOURCE_CONTROL)
    read = () if isinstance(policy, str) else policy.statements
    statements = tuple(one for one in read if one.applies and "deny" in one.effects)
    tests = "".join(json.dumps(one.raw.get("Condition")) for one in statements).lower()
    return Control(
        ident,
        body,
        policy,
        statements,
        by_tags=_OF_THE_ROLE in tests,
        by_account=any(key in tests for key in _OF_THE_ACCOUNT),
        by_name=any(one.raw.get("Resource") not in ("*", ["*"]) for one in statements),
    )


def _general(policy: Control, request: Request) -> Request:
    """The request without what the policy does not look at."""
    if not policy.by_tags:
        request = replace(request, tags=())
    if not policy.by_account:
        provider = None if request.provider is None else ""  # that there is one matters all the same
        request = replace(request, account="", provider=provider)
    return request


@lru_cache(maxsize=1 << 10)
def _about(policy: Control, request: Request) -> tuple[_Told, ...]:
    """Every statement of the policy that may refuse a token of `request` to some role."""
    if isinstance(policy.policy, str):
        return ()
    expanded = policy.policy.expanded
    told = [(statement, expanded, _compiled(policy, statement, request)) for statement in policy.statements]
    return tuple([one for one in told if one[2].predicate != FALSE])  # others are about tokens of other issuers


def _compiled(policy: Control, statement: written.Statement, request: Request) -> Statement:
    assert isinstance(policy.policy, written.Policy)
    doubts = [*statement.doubts, *([] if statement.others is None else [statement.others])]
    unclear = [doubt(policy.id, one.pointer, one.text, one.reason) for one in dict.fromkeys(doubts)]
    tests = (
        compile_conditions(
            statement.raw["Condition"],
            request,
            document=policy.id,
            pointer=f"{statement.pointer}/Condition",
            expanded=policy.policy.expanded,
        )
        if "Condition" in statement.raw
        else ()
    )
    return Statement("deny", Source(policy.id, statement.pointer), (*unclear, *tests))


def _unclear(ident: str, pointer: str, why: str) -> Statement:
    return Statement("deny", Source(ident, pointer), (doubt(ident, pointer, "the policy", why),))
