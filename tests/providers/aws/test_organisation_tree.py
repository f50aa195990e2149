"""An organisation from its root down: which calls, which documents, and what of them is known after a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.providers.aws.haul import Trouble
from auditor.providers.aws.organisation_tree import ACCOUNTS, POLICIES, ROOTS, TARGETS, UNITS, Member, read
from auditor.providers.aws.organisation_walk import DESCRIBE, POLICY, StoppedError
from auditor.providers.aws.organisations import Organisations
from auditor.snapshot import Coverage, Snapshot, Status

MANAGER, ONE, TWO, GONE = "000011112222", "111122223333", "222233334444", "333344445555"
DENIED = Trouble(Status.DENIED, "AccessDeniedException: no", code="AccessDeniedException")
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"

CHILDREN: dict[tuple[str, str], list[dict[str, str]]] = {
    (UNITS, "r-1"): [{"Id": "ou-1", "Name": "workloads"}],
    (ACCOUNTS, "r-1"): [{"Id": MANAGER, "Name": "main", "State": "ACTIVE", "Status": "ACTIVE"}],
    (ACCOUNTS, "ou-1"): [
        {"Id": ONE, "Name": "one", "State": "ACTIVE"},
        {"Id": TWO, "Name": "two", "Status": "PENDING_CLOSURE"},
        {"Id": GONE, "Name": "gone", "State": "SUSPENDED", "Status": "ACTIVE"},
    ],
}
ATTACHED = {"p-full": ["r-1", "ou-1", MANAGER, ONE, TWO, GONE], "p-guard": [ONE], "p-idle": [], "p-rcp": ["r-1"]}


class Organizations:
    """A root, one unit, four accounts; `refused` are (permission, value of a parameter or "") the caller lacks.

    Every list begins with an empty page and ends with one.
    """

    def __init__(self, *refused: tuple[str, str]) -> None:
        self.refused = refused
        self.asked: list[str] = []

    def __call__(self, permission: str, request: Mapping[str, Any]) -> Mapping[str, Any] | Trouble:
        self.asked.append(permission)
        if any(permission == name and (not value or value in request.values()) for name, value in self.refused):
            return DENIED
        if permission == DESCRIBE:
            return {"Organization": {"Id": "o-1", "MasterAccountId": MANAGER}, "ResponseMetadata": {}}
        if permission == POLICY:
            ident = request["PolicyId"]
            summary = {"Id": ident, "Name": ident.upper(), "Type": RCP if ident == "p-rcp" else SCP}
            return {"Policy": {"PolicySummary": summary, "Content": '{"Statement": []}'}}
        name, entries = self.entries(permission, request)
        token = request.get("NextToken")
        if token is None:
            return {name: [], "NextToken": "a"}
        return {name: entries, "NextToken": "b"} if token == "a" else {name: []}

    def entries(self, permission: str, request: Mapping[str, Any]) -> tuple[str, list[dict[str, str]]]:
        if permission == ROOTS:
            return "Roots", [{"Id": "r-1", "Name": "Root"}]
        if permission == POLICIES:
            kinds = {SCP: ["p-full", "p-guard", "p-idle"], RCP: ["p-rcp"]}
            return "Policies", [{"Id": ident} for ident in kinds[request["Filter"]]]
        if permission == TARGETS:
            return "Targets", [{"TargetId": target} for target in ATTACHED[request["PolicyId"]]]
        name = "Accounts" if permission == ACCOUNTS else "OrganizationalUnits"
        return name, CHILDREN.get((permission, request["ParentId"]), [])


def rows(*found: tuple[str, Status, str | None, str]) -> list[Coverage]:
    return [Coverage("aws", "-", *row) for row in found]


TREE = ("organization", Status.READ, None, ROOTS)
READ_POLICIES = ("organization-policy", Status.READ, None, TARGETS)


def target(ident: str, kind: str, name: str, policies: list[str], **fields: str) -> tuple[str, str, dict[str, Any]]:
    return "organization-target", ident, {"Id": ident, "Type": kind, "Name": name, **fields, "Policies": policies}


def test_from_the_root_down() -> None:
    ask = Organizations()
    tree = read(ask)
    assert (tree.id, tree.management) == ("o-1", MANAGER)
    assert tree.members == [
        Member(MANAGER, "ACTIVE"),
        Member(ONE, "ACTIVE"),
        Member(TWO, "PENDING_CLOSURE"),
        Member(GONE, "SUSPENDED"),
    ]
    assert [(doc.kind, doc.id, doc.body) for doc in tree.haul.documents] == [
        *(
            (
                "organization-policy",
                ident,
                {"Id": ident, "Name": ident.upper(), "Type": kind, "Content": {"Statement": []}},
            )
            for ident, kind in (("p-full", SCP), ("p-guard", SCP), ("p-rcp", RCP))
        ),
        target("r-1", "ROOT", "Root", ["p-full", "p-rcp"]),
        target("ou-1", "ORGANIZATIONAL_UNIT", "workloads", ["p-full"], Parent="r-1"),
        target(MANAGER, "ACCOUNT", "main", ["p-full"], Parent="r-1", State="ACTIVE"),
        target(ONE, "ACCOUNT", "one", ["p-full", "p-guard"], Parent="ou-1", State="ACTIVE"),
        target(TWO, "ACCOUNT", "two", ["p-full"], Parent="ou-1", State="PENDING_CLOSURE"),
        target(GONE, "ACCOUNT", "gone", ["p-full"], Parent="ou-1", State="SUSPENDED"),
        ("organization", "o-1", {"Id": "o-1", "MasterAccountId": MANAGER}),
    ]
    assert tree.haul.coverage == rows(TREE, READ_POLICIES)
    assert "organizations:ListPoliciesForTarget" not in ask.asked


@pytest.mark.parametrize("refused", [DESCRIBE, ROOTS])
def test_without_a_root_there_is_nothing(refused: str) -> None:
    with pytest.raises(StoppedError) as caught:
        read(Organizations((refused, "")))
    assert (caught.value.permission, caught.value.trouble) == (refused, DENIED)


@pytest.mark.parametrize(
    ("refused", "what", "left"),
    [
        ((ACCOUNTS, "ou-1"), "accounts", [MANAGER]),
        ((UNITS, "r-1"), "units", [MANAGER]),
        ((UNITS, "ou-1"), "units", [MANAGER, ONE, TWO, GONE]),
    ],
)
def test_what_cannot_be_listed_is_a_row(refused: tuple[str, str], what: str, left: list[str]) -> None:
    tree = read(Organizations(refused))
    said = f"not all {what} directly below it could be listed, and what is not listed is not read: {DENIED.reason}"
    assert tree.haul.coverage == rows(
        (f"organization-target {refused[1]}", Status.DENIED, said, refused[0]), TREE, READ_POLICIES
    )
    assert [member.account for member in tree.members] == left


@pytest.mark.parametrize(
    ("refused", "words", "left"),
    [
        ((POLICIES, SCP), "service control policies", {ONE: [], "r-1": ["p-rcp"]}),
        ((TARGETS, "p-guard"), "service control policies", {ONE: [], "r-1": ["p-rcp"]}),
        ((POLICIES, RCP), "resource control policies", {ONE: ["p-full", "p-guard"], "r-1": ["p-full"]}),
    ],
)
def test_attachments_of_one_type_are_known_whole_or_not_at_all(
    refused: tuple[str, str], words: str, left: Mapping[str, list[str]]
) -> None:
    tree = read(Organizations(refused))
    said = f"{words} were not read, which could only take away: {DENIED.reason}"
    assert tree.haul.coverage == rows(TREE, ("organization-policy", Status.SKIPPED, said, refused[0]))
    bodies = {doc.id: doc.body for doc in tree.haul.documents}
    assert {ident: bodies[ident]["Policies"] for ident in left} == left


def test_a_policy_whose_content_is_kept_back_makes_its_accounts_uncertain() -> None:
    tree = read(Organizations((POLICY, "p-guard")))
    assert tree.haul.coverage == rows(
        TREE, ("organization-policy p-guard", Status.DENIED, DENIED.reason, POLICY), READ_POLICIES
    )
    found = Organisations(Snapshot("", "", tree.haul.under("o-1").documents))
    unread = {account: one.unread for account in (ONE, TWO) if (one := found.of(account)) is not None}
    assert unread == {ONE: ("the organisation policy p-guard, which was not read",), TWO: ()}
    tokens = {account: one.resource_unread for account in (ONE, TWO) if (one := found.of(account)) is not None}
    assert tokens == {ONE: (), TWO: ()}  # it is known to be about what roles may do


def test_a_resource_control_policy_whose_content_is_kept_back_is_known_for_one() -> None:
    tree = read(Organizations((POLICY, "p-rcp")))
    (kept,) = (doc.body for doc in tree.haul.documents if doc.id == "p-rcp")
    assert kept == {"Id": "p-rcp", "Type": RCP}
    found = Organisations(Snapshot("", "", tree.haul.under("o-1").documents))
    unread = {account: one.resource_unread for account in (MANAGER, ONE) if (one := found.of(account)) is not None}
    assert unread == {MANAGER: (), ONE: ("p-rcp",)}


def test_one_copy_serves_all_accounts() -> None:
    found = Organisations(Snapshot("", "", read(Organizations()).haul.under("o-1").documents))
    levels = {}
    for account in (MANAGER, ONE, TWO, "999900001111"):
        one = found.of(account)
        levels[account] = one and [
            (level, [held.document for held in policies]) for level, policies in one.service_levels
        ]
    assert levels == {
        MANAGER: [],
        ONE: [(ONE, ["p-full", "p-guard"]), ("ou-1", ["p-full"]), ("r-1", ["p-full"])],
        TWO: [(TWO, ["p-full"]), ("ou-1", ["p-full"]), ("r-1", ["p-full"])],
        "999900001111": None,
    }


def test_a_token_that_repeats_ends_the_list_with_what_was_read() -> None:
    class Endless(Organizations):
        def __call__(self, permission: str, request: Mapping[str, Any]) -> Mapping[str, Any] | Trouble:
            answer = super().__call__(permission, request)
            if permission == ACCOUNTS and request["ParentId"] == "ou-1" and isinstance(answer, Mapping):
                return {**answer, "NextToken": "a"}
            return answer

    tree = read(Endless())
    reason = "a page says that there is more and repeats an earlier token"
    said = f"not all accounts directly below it could be listed, and what is not listed is not read: {reason}"
    assert tree.haul.coverage[0] == rows(("organization-target ou-1", Status.FAILED, said, ACCOUNTS))[0]
    assert [member.account for member in tree.members] == [MANAGER, ONE, TWO, GONE]
