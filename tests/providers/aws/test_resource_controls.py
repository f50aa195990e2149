"""Resource control policies: the written-down cases by both evaluations, and what reports are told of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.claims.predicate import evaluate
from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.compare import compare
from auditor.config import Ours
from auditor.decide import decide
from auditor.model import Clause, Source, Statement, Trust
from auditor.providers.aws.evaluate import admits
from auditor.providers.aws.keys import Request, lookup
from auditor.providers.aws.organisations import Organisations
from auditor.providers.aws.resource_controls import _OF_THE_ACCOUNT, controls_of
from auditor.providers.aws.resource_controls import control as read_control
from auditor.providers.aws.trust import trusts
from auditor.snapshot import Document, Snapshot
from tests.providers.aws.material import REQUEST_VALUES, UNKNOWN_REQUEST_VALUES
from tests.providers.aws.organised import (
    ACCOUNT,
    HOSTS,
    MANAGER,
    ORGANISATION,
    ROLE,
    TABLE,
    UNREAD,
    control,
    organised,
    refusing,
    snapshot_of,
    token_of,
)

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SUB = f"{HOSTS['github']}:sub"
STRANGERS = {"StringNotLike": {SUB: "repo:acme/*"}}


def only(case: Mapping[str, Any]) -> Trust:
    (trust,) = trusts(snapshot_of(case), NOW)
    return trust


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_a_case_by_the_compiler(case: Mapping[str, Any]) -> None:
    assert evaluate(only(case).predicate, token_of(case)) is case["admitted"], case["why"]


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_a_case_by_the_evaluator(case: Mapping[str, Any]) -> None:
    assert admits(only(case), token_of(case), NOW) is case["admitted"], case["why"]


@pytest.mark.parametrize("case", TABLE["verdicts"], ids=lambda case: case["name"])
def test_verdicts(case: Mapping[str, Any]) -> None:
    decision = decide(only(case), Ours())
    words = {Accepted: "accepted", Rejected: "rejected", Undecided: "unknown"}
    expected = dict.fromkeys(decision.classes, "rejected")
    expected |= dict.fromkeys(case["accepted"], "accepted") | dict.fromkeys(case["unknown"], "unknown")
    got = {name: words[type(verdict)] for name, verdict in decision.classes.items()}
    assert (words[type(decision.reachable)], got) == (case["reachable"], expected), case["why"]
    assert decision.tenants == tuple(case["tenants"])
    for verdict in (decision.reachable, *decision.classes.values()):
        if isinstance(verdict, Accepted):
            assert admits(decision.trust, verdict.witness, NOW) is True, verdict.witness


# --- what a trust holds of them ---------------------------------------------------------------------------------------


def snapshot(contents: Mapping[str, Any], attached: Mapping[str, list[str]], **organisation: Any) -> Snapshot:
    plain = snapshot_of({"organization": None, "deny": None, "trust": {"StringLike": {"sub": "repo:*"}}})
    body = {"Id": ORGANISATION, "MasterAccountId": MANAGER, **organisation}
    return Snapshot(
        plain.started, plain.finished, [*plain.documents, *organised(contents, attached, body)], plain.coverage
    )


def test_statements_point_into_the_policy_that_refuses() -> None:
    case = snapshot({"p-1": control({"Effect": "Allow"}, refusing(STRANGERS))}, {"r-1": ["p-1"], ACCOUNT: ["p-1"]})
    (trust,) = trusts(case, NOW)
    (deny,) = trust.denies
    assert deny.source == Source("p-1", "/Content/Statement/1")
    assert [(clause.source, clause.text) for clause in deny.clauses] == [
        (Source("p-1", f"/Content/Statement/1/Condition/StringNotLike/{SUB}"), f"StringNotLike {SUB}")
    ]
    assert trust.notes == {"policies-above": {"p-1": "the resource control policy named p-1 (p-1)"}}
    assert sorted(trust.documents) == [
        *("account", "audited_at", "organization", "providers", "providers_read"),
        *("resource-control-policy p-1", "role"),
    ]


def test_what_concerns_no_token_of_the_issuer_is_left_out() -> None:
    other = refusing({"StringNotLike": {"gitlab.com:sub": "x"}, "Null": {"gitlab.com:sub": "false"}})
    (trust,) = trusts(snapshot({"p-1": control(other, refusing(Action="s3:*"))}, {"r-1": ["p-1"]}), NOW)
    assert (trust.denies, trust.notes) == ((), {})


def test_a_policy_that_was_not_read_is_named() -> None:
    (trust,) = trusts(snapshot({"p-1": UNREAD}, {"ou-1": ["p-1", "p-FullAWSAccess", "p-RCPFullAWSAccess"]}), NOW)
    (deny,) = trust.denies
    why = "the organization policy p-1, which stands above the account, was not read"
    assert (deny.source, repr(deny.predicate)) == (Source("p-1", ""), f"Unknown(reason='{why}', name=None)")
    assert trust.notes == {"policies-above": {"p-1": "the organization policy p-1"}}
    assert {name: body for name, body in trust.documents.items() if name.startswith("resource-control-policy ")} == {
        "resource-control-policy p-1": None
    }


@pytest.mark.parametrize(
    ("body", "unread"),
    [
        ({"Type": "RESOURCE_CONTROL_POLICY"}, ("p-1",)),
        ({"Type": "SERVICE_CONTROL_POLICY"}, ()),
        ({"Type": "TAG_POLICY", "Content": {}}, ()),
        ({"Content": {}}, ("p-1",)),
    ],
)
def test_only_what_may_be_such_a_policy_makes_uncertain(body: Mapping[str, Any], unread: tuple[str, ...]) -> None:
    case = snapshot({"p-1": UNREAD}, {"ou-1": ["p-1"]})
    documents = [*case.documents, Document("aws", ORGANISATION, "organization-policy", "p-1", {"Id": "p-1", **body})]
    found = Organisations(Snapshot("", "", documents)).of(ACCOUNT)
    assert found is not None
    assert (found.resource_unread, found.resource_policies) == (unread, {})
    assert found.unread == (() if "Content" in body else ("the organisation policy p-1, which was not read",))


def test_a_level_fences_only_when_all_its_service_control_policies_were_read() -> None:
    def level(*, typed: str) -> list[str]:
        case = snapshot({"p-1": UNREAD}, {"ou-1": ["p-1", "p-allow"]})
        bodies: dict[str, dict[str, Any]] = {
            "p-1": {"Type": typed},
            "p-allow": {"Type": "SERVICE_CONTROL_POLICY", "Content": {"Statement": []}},
        }
        more = [Document("aws", ORGANISATION, "organization-policy", ident, body) for ident, body in bodies.items()]
        found = Organisations(Snapshot("", "", [*case.documents, *more])).of(ACCOUNT)
        assert found is not None
        return [name for name, _ in found.service_levels]

    assert level(typed="SERVICE_CONTROL_POLICY") == []  # the one that was not read may allow what the other does not
    assert level(typed="RESOURCE_CONTROL_POLICY") == ["ou-1"]


def below(policy: Mapping[str, Any]) -> Trust:
    (trust,) = trusts(snapshot({"p-1": policy}, {"r-1": ["p-1"]}), NOW)
    return trust


def test_two_states_are_compared_with_what_stands_above() -> None:
    network = {"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}
    other = {"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-2"}}
    told = {
        "the same": compare(below(control(refusing(STRANGERS))), below(control(refusing(STRANGERS)))),
        "gone": compare(below(control(refusing(STRANGERS))), below(control())),
        "new": compare(below(control()), below(control(refusing(STRANGERS)))),
        "the same, not decided": compare(below(control(refusing(network))), below(control(refusing(network)))),
        "another, not decided": compare(below(control(refusing(network))), below(control(refusing(other)))),
    }
    assert {name: difference.kind for name, difference in told.items()} == {
        "the same": "equal",
        "gone": "looser",
        "new": "tighter",
        "the same, not decided": "equal",
        "another, not decided": "unknown",
    }


def test_the_management_account_has_no_policies_above() -> None:
    (trust,) = trusts(snapshot({"p-1": control(refusing())}, {"r-1": ["p-1"]}, MasterAccountId=ACCOUNT), NOW)
    assert (trust.denies, trust.notes) == ((), {})
    assert "resource-control-policy p-1" not in trust.documents


# --- worked out once --------------------------------------------------------------------------------------------------


def request(account: str = ACCOUNT, **changes: Any) -> Request:
    door = f"arn:aws:iam::{account}:oidc-provider/{HOSTS['github']}"
    plain = {"issuer": HOSTS["github"], "github": True, "account": account, "provider": door, "tags": (), "now": NOW}
    return Request(**{**plain, **changes})


def statements(content: Mapping[str, Any], arn: str, asked: Request) -> tuple[Statement, ...]:
    found = Organisations(snapshot({"p-1": content}, {"r-1": ["p-1"]})).of(ACCOUNT)
    return tuple(controls_of(found).statements(arn, asked))


def test_accounts_and_roles_share_what_says_nothing_of_them() -> None:
    content = control(refusing(STRANGERS), refusing({"Bool": {"aws:PrincipalIsAWSService": "false"}}))
    one = statements(content, ROLE, request())
    two = statements(content, "arn:aws:iam::222233334444:role/x", request("222233334444", tags=(("a", "b"),)))
    assert [id(statement) for statement in one] == [id(statement) for statement in two]


@pytest.mark.parametrize(
    ("condition", "changes", "same"),
    [
        ({"StringEquals": {"aws:ResourceAccount": ACCOUNT}}, {"account": "222233334444"}, False),
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, {"account": "222233334444"}, False),
        ({"StringLike": {SUB: "repo:acme/${aws:ResourceAccount}"}}, {"account": "222233334444"}, False),
        ({"StringEquals": {"aws:userid": "x"}}, {"provider": "x"}, False),
        ({"StringEquals": {"aws:FederatedProvider": "gitlab.com"}}, {"provider": "gitlab.com"}, False),
        ({"StringEquals": {"aws:ResourceTag/team": "shop"}}, {"tags": (("team", "shop"),)}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"account": "222233334444", "tags": (("team", "shop"),)}, True),
        ({"StringEquals": {"aws:SourceAccount": "1"}}, {"provider": None}, False),
        ({"StringEquals": {"aws:ResourceOrgID": "o-abc"}}, {"organisation": "o-abc"}, False),
    ],
)
def test_what_it_looks_at_is_not_shared(condition: Any, changes: Mapping[str, Any], *, same: bool) -> None:
    before, after = (
        [
            [clause.predicate for clause in statement.clauses]
            for statement in statements(control(refusing(condition)), ROLE, asked)
        ]
        for asked in (request(), request(**changes))
    )
    assert (before == after) is same


def test_no_key_that_differs_between_accounts_or_roles_is_forgotten() -> None:
    one = request(tags=(("team", "shop"),))
    two = request("222233334444", tags=(("team", "bank"),))
    keys = (*REQUEST_VALUES, *UNKNOWN_REQUEST_VALUES, "aws:PrincipalIsAWSService", "aws:ViaAWSService")
    different = {key.lower() for key in keys if lookup(key, one) != lookup(key, two)}
    assert different == {*_OF_THE_ACCOUNT, "aws:resourcetag/team"}


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (refusing(STRANGERS), False),
        (refusing(STRANGERS, Resource=["*"]), False),
        (refusing(STRANGERS, Action="s3:*", Resource="arn:aws:s3:::x"), False),
        (refusing(STRANGERS, Resource="arn:aws:iam::*:role/x"), True),
        (refusing(STRANGERS, Resource=None, NotResource="arn:aws:iam::*:role/x"), True),
        (refusing({"StringNotEquals": {"aws:ResourceTag/x": "y"}}), True),
        (refusing({"StringNotEquals": {"aws:ResourceAccount": "y"}}), True),
    ],
)
def test_what_is_not_the_same_of_every_role_is_noted(statement: Any, *, told: bool) -> None:
    (trust,) = trusts(snapshot({"p-1": control(statement)}, {"r-1": ["p-1"]}), NOW)
    assert trust.notes.get("policies-above-differ", False) is told


def test_one_policy_is_one_object_however_often_it_is_read() -> None:
    text = '{"Content": {"Statement": []}}'
    assert read_control("p-1", text) is read_control("p-1", f"{text}")
    assert read_control("p-1", text) is not read_control("p-2", text)


def test_a_policy_too_deep_for_anybody_is_not_understood() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    (trust,) = trusts(snapshot({"p-1": {"Statement": deep}}, {"r-1": ["p-1"]}), NOW)
    (deny,) = trust.denies
    assert deny.clauses == (Clause(Source("p-1", "/Content"), "the policy", deny.predicate),)
    while isinstance(deep, list) and deep:  # else taking it apart goes as deep
        deep = deep.pop()
