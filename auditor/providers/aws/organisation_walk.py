"""Reads the organisation policies that stand above an account, from the account up to the root. Judges nothing.

Anybody in an organisation may ask which it is; the policies are for its management account and delegated administrators
(Organizations API reference). So where an account may not read them, the management account is asked if it is among
those that are read. What nobody may read is skipped and said once: these policies only ever take away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from auditor.providers.aws.haul import Ask, Haul, Trouble, lacking, plain
from auditor.snapshot import Status

DESCRIBE = "organizations:DescribeOrganization"
PARENTS = "organizations:ListParents"
ATTACHED = "organizations:ListPoliciesForTarget"
POLICY = "organizations:DescribePolicy"
TYPES = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
NOT_IN_USE = "AWSOrganizationsNotInUseException"
KIND = "organization"
_DEEPEST = 16

Manager = Callable[[str], Ask | None]
"""How the management account of that id asks, where it can be asked."""


class StoppedError(Exception):
    """A call that gave no answer; carries it and the permission."""

    def __init__(self, trouble: Trouble, permission: str) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble
        self.permission = permission


def read(account: str, ask: Ask, haul: Haul, manager: Manager = lambda _: None) -> None:
    """Add kinds `organization`, `organization-target` and `organization-policy` to the haul, and one row.

    `manager` is asked for the management account's way when the account's own does not do.
    """
    answer = ask(DESCRIBE, {})
    if isinstance(answer, Trouble):
        if answer.code == NOT_IN_USE:
            haul.note(KIND, Status.READ, None, DESCRIBE)
        else:
            _excuse(haul, answer, DESCRIBE)
        return
    body = plain(answer.get("Organization", {}))
    management = body.get("MasterAccountId")
    haul.keep(KIND, str(body.get("Id")), body)
    if management == account:
        haul.note(KIND, Status.READ, None, DESCRIBE)
        return
    stopped = _walked(account, ask, haul)
    if stopped is not None and (other := manager(str(management))) is not None:
        stopped = _walked(account, other, haul)
    if stopped is None:
        haul.note(KIND, Status.READ, None, ATTACHED)
    else:
        _excuse(haul, stopped.trouble, stopped.permission)


def _excuse(haul: Haul, trouble: Trouble, permission: str) -> None:
    """What was denied is skipped, as nobody but the organisation's administrators can do better."""
    status = Status.SKIPPED if trouble.status is Status.DENIED else trouble.status
    reason = f"organization policies were not read, which could only take away: {trouble.reason}"
    haul.note(KIND, status, reason, permission)


def _walked(account: str, ask: Ask, haul: Haul) -> StoppedError | None:
    """All documents of one account's walk to the root, or none of them and what stopped it."""
    found = Haul()
    policies: dict[str, str] = {}
    try:
        for target, body in _targets(account, ask):
            found.keep("organization-target", target, body)
            policies.update(dict.fromkeys(body["Policies"], target))
        for ident in policies:
            found.keep("organization-policy", ident, policy_of(ident, ask))
    except StoppedError as stopped:
        return stopped
    haul.documents += found.documents
    haul.coverage += found.coverage
    return None


def _targets(account: str, ask: Ask) -> Iterator[tuple[str, dict[str, Any]]]:
    target, kind = account, "ACCOUNT"
    for _ in range(_DEEPEST):
        attached = [
            policy["Id"]
            for name in TYPES
            for policy in listed(ask, ATTACHED, "Policies", {"TargetId": target, "Filter": name})
        ]
        parents = [] if kind == "ROOT" else list(listed(ask, PARENTS, "Parents", {"ChildId": target}))
        parent = parents[0] if parents else None
        body = {"Id": target, "Type": kind, "Policies": attached}
        yield target, body if parent is None else {**body, "Parent": parent["Id"]}
        if parent is None:
            return
        target, kind = parent["Id"], parent["Type"]


def listed(ask: Ask, permission: str, name: str, request: Mapping[str, Any]) -> Iterator[Any]:
    """The entries of all pages; an empty one is not the last as long as there is a token.

    Raises `StoppedError` after what was read, also when a page leads back to an earlier one.
    """
    tokens: set[str] = set()
    token: str | None = None
    while True:
        answer = answer_of(ask, permission, request if token is None else {**request, "NextToken": token})
        if name not in answer:
            raise StoppedError(lacking(KeyError(name)), permission)
        yield from answer[name]
        token = answer.get("NextToken")
        if not token:
            return
        if token in tokens:
            raise StoppedError(
                Trouble(Status.FAILED, "a page says that there is more and repeats an earlier token"), permission
            )
        tokens.add(token)


def policy_of(ident: str, ask: Ask) -> dict[str, Any]:
    """A policy as it is kept, its content decoded where that can be done. Raises `StoppedError`."""
    policy = answer_of(ask, POLICY, {"PolicyId": ident}).get("Policy", {})
    summary = policy.get("PolicySummary", {})
    text = policy.get("Content")
    try:
        content = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        content = text
    return {"Id": ident, "Name": summary.get("Name"), "Type": summary.get("Type"), "Content": content}


def answer_of(ask: Ask, permission: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a call answers. Raises `StoppedError`."""
    answer = ask(permission, request)
    if isinstance(answer, Trouble):
        raise StoppedError(answer, permission)
    return answer
