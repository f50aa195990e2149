"""Effective permissions against a naive evaluator that shares no code with what is tested, over generated tenants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.providers.azure.assignments import assignments_of
from auditor.providers.azure.denials import Membership, denials_of
from auditor.providers.azure.known import Action
from auditor.providers.azure.permissions import Holdings
from auditor.providers.azure.scopes import hierarchy_of, scope_of
from auditor.snapshot import Document, Snapshot

ME, GROUP, STRANGER = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002", "someone-else"
ALL = "00000000-0000-0000-0000-000000000000"
SUBS = {"s1": ["g1", "g0"], "s2": ["g2", "g0"]}
GROUPS = {"g0": None, "g1": "g0", "g2": "g0"}
MG = "/providers/Microsoft.Management/managementGroups/"
SCOPES = [
    "/",
    f"{MG}g0",
    f"{MG}G1",
    f"{MG}g2",
    "/subscriptions/s1",
    "/subscriptions/S2",
    "/subscriptions/s1/resourceGroups/a",
    "/subscriptions/s1/resourceGroups/ab",
    "/subscriptions/s1/resourcegroups/A/providers/M.X/t/n",
    "/subscriptions/s2/resourceGroups/a",
    "/subscriptions/s1/resourceGroups/a/providers/M.X/t/n/sub/m",
]
ACTIONS = ["M.X/t/read", "M.X/t/write", "M.X/t/u/action", "M.Y/t/write", "m.y/T/delete"]
PATTERNS = [
    "*",
    "*/read",
    "M.X/*",
    "M.X/*/write",
    "m.x/t/write",
    "M.Y/t/*",
    "*/action",
    "M.X/t/u/action",
    "M.Z/*",
    "*/t/*",
]

lists = st.lists(st.sampled_from(PATTERNS), max_size=3)
blocks = st.fixed_dictionaries(
    {
        "actions": lists,
        "notActions": lists,
        "dataActions": lists,
        "notDataActions": lists,
        "condition": st.sampled_from([None, None, "b"]),
    },
)
roles = st.lists(st.lists(blocks, max_size=2), min_size=1, max_size=3)
assignments = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([ME, GROUP, STRANGER]), st.sampled_from(SCOPES), st.booleans()),
    max_size=4,
)
denies = st.lists(
    st.fixed_dictionaries(
        {
            "permissions": st.lists(blocks, max_size=2),
            "scope": st.sampled_from(SCOPES),
            "principals": st.lists(st.sampled_from([ME, GROUP, STRANGER, ALL]), max_size=2),
            "excludePrincipals": st.lists(st.sampled_from([ME, GROUP, STRANGER]), max_size=1),
            "doNotApplyToChildScopes": st.booleans(),
            "condition": st.sampled_from([None, None, "c"]),
        }
    ),
    max_size=2,
)


def holdings(roles: Any, assignments: Any, denies: Any) -> Holdings:
    """What is tested."""
    documents = [
        Document("azure", f"subscriptions/{name}", "subscription", f"subscriptions/{name}",
                 {"subscriptionId": name, "managementGroupAncestorsChain": [{"name": one} for one in chain]})
        for name, chain in SUBS.items()
    ]  # fmt: skip
    for name, up in GROUPS.items():
        above: dict[str, Any] = {"parent": {"id": f"{MG}{up}"} if up else None}
        documents.append(Document("azure", "tenants/t", "management-group", name, {"name": name, "properties": above}))
    for index, permissions in enumerate(roles):
        body = {"name": f"role-{index}", "properties": {"roleName": "r", "permissions": permissions}}
        documents.append(Document("azure", "tenants/t", "role-definition", f"/x/role-{index}", body))
    for index, (role, who, scope, conditional) in enumerate(assignments):
        told: dict[str, Any] = {"roleDefinitionId": f"/y/role-{role % len(roles)}", "principalId": who, "scope": scope}
        if conditional:
            told["condition"] = "c"
        documents.append(Document("azure", "tenants/t", "role-assignment", f"a{index}", {"properties": told}))
    for index, deny in enumerate(denies):
        told = {**deny, **{key: [{"id": one} for one in deny[key]] for key in ("principals", "excludePrincipals")}}
        documents.append(Document("azure", "tenants/t", "deny-assignment", f"d{index}", {"properties": told}))
    snapshot = Snapshot("2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z", documents)
    hierarchy, found = hierarchy_of(snapshot), assignments_of(snapshot)
    held = tuple(one for who in (ME, GROUP) for one in found.active.get(who, ()))
    who = Membership(frozenset((ME, GROUP)), complete=True)
    return Holdings(who, held, denials_of(snapshot, hierarchy), hierarchy, lambda _: None)


def below(scope: str, above: str) -> bool:
    """Whether `scope` is `above` or lies below it, by walking up."""
    scope, above = scope.lower().rstrip("/"), above.lower().rstrip("/")
    place: str | None = scope
    while place is not None:
        if place == above:
            return True
        place = parent(place)
    return False


def parent(scope: str) -> str | None:
    if scope == "":
        return None
    if scope.startswith(MG.lower()):
        up = GROUPS[scope.removeprefix(MG.lower())]
        return f"{MG.lower()}{up}" if up else ""
    parts = scope.split("/")
    if len(parts) == 3:
        return f"{MG.lower()}{SUBS[parts[2]][0]}"
    return "/".join(parts[:-2]) if "/providers/" not in scope or len(parts) > 9 else "/".join(parts[:5])


def listed(patterns: list[str], action: str) -> bool:
    return any(re.fullmatch(re.escape(one).replace(r"\*", "(.|\n)*"), action, re.IGNORECASE) for one in patterns)


def holds(block: Mapping[str, list[str]], action: str, *, data: bool) -> bool:
    named, left_out = ("dataActions", "notDataActions") if data else ("actions", "notActions")
    return listed(block[named], action) and not listed(block[left_out], action)


def granted(roles: Any, assignments: Any, action: str, at: str, *, data: bool, sure: bool) -> bool:
    """By some role, deny assignments apart; with `sure`, by one without a condition."""
    return any(
        who in {ME, GROUP}
        and not (conditional and sure)
        and below(at, scope)
        and any(
            holds(block, action, data=data) and not (block["condition"] and sure) for block in roles[role % len(roles)]
        )
        for role, who, scope, conditional in assignments
    )


def denied(denies: Any, action: str, at: str, *, data: bool, sure: bool) -> bool:
    """Everywhere at and below `at`, whatever conditions say; without `sure`, perhaps, or for a part."""
    for deny in denies:
        if not {ME, GROUP, ALL} & set(deny["principals"]) or {ME, GROUP} & set(deny["excludePrincipals"]):
            continue
        if deny["permissions"] and not any(holds(block, action, data=data) for block in deny["permissions"]):
            continue
        here = deny["scope"].lower().rstrip("/") == at.lower().rstrip("/")
        reaches = here if deny["doNotApplyToChildScopes"] else below(at, deny["scope"])
        whole = reaches and (not deny["doNotApplyToChildScopes"] or "/providers/M.X" in at)
        plain = any(holds(block, action, data=data) and not block["condition"] for block in deny["permissions"])
        if (whole and plain and not deny["condition"]) or (reaches and not sure):
            return True
    return False


@settings(max_examples=700, deadline=None)
@given(roles, assignments, denies)
def test_allowed_as_the_naive_evaluator_says(roles: Any, assignments: Any, denies: Any) -> None:
    """Every action at every scope: what is proven, what may be, what is not. 110 questions to each tenant."""
    held = holdings(roles, assignments, denies)
    for at in SCOPES:
        scope = scope_of(at)
        assert scope is not None
        for action in ACTIONS:
            for data in (False, True):
                found = held.allowed(Action(action, data), scope)
                may = granted(roles, assignments, action, at, data=data, sure=False)
                may = may and not denied(denies, action, at, data=data, sure=True)
                must = granted(roles, assignments, action, at, data=data, sure=True)
                must = must and not denied(denies, action, at, data=data, sure=False)
                told = (found is not None, found is not None and not found.doubts)
                assert told == (may, must), (at, action, data)
