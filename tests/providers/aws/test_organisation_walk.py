"""From an account up to the root: what is asked, what is kept, what is said where nobody may ask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from auditor.model import Identity, Level
from auditor.providers.aws import LEAST_PRIVILEGE, PROVIDER
from auditor.providers.aws.collect import collect
from auditor.providers.aws.connections import Limits
from auditor.providers.aws.haul import Ask, Haul, Trouble
from auditor.providers.aws.organisation_walk import ATTACHED, DESCRIBE, NOT_IN_USE, PARENTS, POLICY, read
from auditor.snapshot import Coverage, Status
from fixtures.loopback.aws import LoopbackAws
from fixtures.loopback.faults import Fault

MANAGER, MEMBER = "000011112222", "111122223333"
DENIED = Trouble(Status.DENIED, "AccessDeniedException: no", code="AccessDeniedException")
LOST = "organization policies were not read, which could only take away: "


class Organizations:
    """A root, one unit, one account; `refused` are the permissions the caller lacks."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def __call__(self, permission: str, request: Mapping[str, Any]) -> Mapping[str, Any] | Trouble:
        self.asked.append((permission, request))
        if permission in self.refused:
            return DENIED
        if permission == DESCRIBE:
            return {"Organization": {"Id": "o-1", "MasterAccountId": MANAGER}, "ResponseMetadata": {}}
        if permission == PARENTS:
            up = {MEMBER: ("ou-1", "ORGANIZATIONAL_UNIT"), "ou-1": ("r-1", "ROOT")}[request["ChildId"]]
            return {"Parents": [{"Id": up[0], "Type": up[1]}]}
        if permission == ATTACHED:
            if request["TargetId"] == "ou-1" and "NextToken" not in request:
                return {"Policies": [], "NextToken": "more"}
            own = {"ou-1": "p-guard", "r-1": "p-rcp"}.get(request["TargetId"])
            service = request["Filter"] == "SERVICE_CONTROL_POLICY"
            return {
                "Policies": [{"Id": "p-full"}]
                if own is None
                else [{"Id": own}]
                if service == (own == "p-guard")
                else []
            }
        kind = "RESOURCE_CONTROL_POLICY" if request["PolicyId"] == "p-rcp" else "SERVICE_CONTROL_POLICY"
        summary = {"Id": request["PolicyId"], "Name": f"name of {request['PolicyId']}", "Type": kind}
        return {"Policy": {"PolicySummary": summary, "Content": "{" if kind.startswith("RES") else '{"Statement": []}'}}


def walked(account: str, ask: Ask, manager: Ask | None = None) -> Haul:
    """`manager` is how the management account asks."""
    haul = Haul()
    read(account, ask, haul, {MANAGER: manager}.get)
    return haul


def documents(haul: Haul) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [(document.kind, document.id, document.body) for document in haul.documents]


def row(status: Status, reason: str | None, permission: str) -> list[Coverage]:
    return [Coverage("aws", "-", "organization", status, reason, permission)]


def test_up_to_the_root() -> None:
    haul = walked(MEMBER, Organizations())
    assert documents(haul) == [
        ("organization", "o-1", {"Id": "o-1", "MasterAccountId": MANAGER}),
        (
            "organization-target",
            MEMBER,
            {"Id": MEMBER, "Type": "ACCOUNT", "Policies": ["p-full", "p-full"], "Parent": "ou-1"},
        ),
        (
            "organization-target",
            "ou-1",
            {"Id": "ou-1", "Type": "ORGANIZATIONAL_UNIT", "Policies": ["p-guard"], "Parent": "r-1"},
        ),
        ("organization-target", "r-1", {"Id": "r-1", "Type": "ROOT", "Policies": ["p-rcp"]}),
        *(
            ("organization-policy", ident, {"Id": ident, "Name": f"name of {ident}", "Type": kind, "Content": content})
            for ident, kind, content in (
                ("p-full", "SERVICE_CONTROL_POLICY", {"Statement": []}),
                ("p-guard", "SERVICE_CONTROL_POLICY", {"Statement": []}),
                ("p-rcp", "RESOURCE_CONTROL_POLICY", "{"),
            )
        ),
    ]
    assert haul.coverage == row(Status.READ, None, ATTACHED)


def test_an_account_in_no_organisation_is_read_with_one_call() -> None:
    asked: list[str] = []

    def ask(permission: str, request: Mapping[str, Any]) -> Trouble:
        asked.append(permission)
        return Trouble(Status.FAILED, "not in use", code=NOT_IN_USE)

    haul = walked(MEMBER, ask)
    assert (asked, documents(haul), haul.coverage) == ([DESCRIBE], [], row(Status.READ, None, DESCRIBE))


def test_the_management_account_is_bound_by_nothing_and_asks_no_more() -> None:
    ask = Organizations()
    haul = walked(MANAGER, ask)
    assert ask.asked == [(DESCRIBE, {})]
    assert haul.coverage == row(Status.READ, None, DESCRIBE)


@pytest.mark.parametrize("refused", [ATTACHED, PARENTS, POLICY])
def test_what_a_member_may_not_read_is_skipped_and_said_once(refused: str) -> None:
    haul = walked(MEMBER, Organizations(refused))
    assert [kind for kind, _, _ in documents(haul)] == ["organization"]
    assert haul.coverage == row(Status.SKIPPED, f"{LOST}AccessDeniedException: no", refused)


def test_not_knowing_the_organisation_is_skipped_too() -> None:
    haul = walked(MEMBER, Organizations(DESCRIBE))
    assert haul.coverage == row(Status.SKIPPED, f"{LOST}AccessDeniedException: no", DESCRIBE)


def test_what_breaks_is_a_failure() -> None:
    haul = walked(MEMBER, lambda permission, request: Trouble(Status.FAILED, "nobody answers"))
    assert haul.coverage == row(Status.FAILED, f"{LOST}nobody answers", DESCRIBE)


def test_the_management_account_is_asked_where_a_member_may_not() -> None:
    member = walked(MEMBER, Organizations(ATTACHED), Organizations())
    assert [ident for kind, ident, _ in documents(member) if kind == "organization-target"] == [MEMBER, "ou-1", "r-1"]
    assert member.coverage == row(Status.READ, None, ATTACHED)


def test_pages_that_never_end_are_a_failure() -> None:
    class Endless(Organizations):
        def __call__(self, permission: str, request: Mapping[str, Any]) -> Mapping[str, Any] | Trouble:
            return (
                {"Policies": [], "NextToken": "x"} if permission == ATTACHED else super().__call__(permission, request)
            )

    haul = walked(MEMBER, Endless())
    assert haul.coverage == row(
        Status.FAILED, f"{LOST}a page says that there is more and repeats an earlier token", ATTACHED
    )


@pytest.fixture
def member(aws: LoopbackAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An account of an organisation on loopback, profile `member`; a guard rail stands above it. Profile `manager`.

    moto tells members that their own account does not exist, where AWS would deny the call.
    """
    manager = boto3.Session("loopback", "loopback", region_name="us-east-1")
    client = manager.client("organizations")
    client.create_organization(FeatureSet="ALL")
    account = client.create_account(AccountName="build", Email="build@example.com")["CreateAccountStatus"]["AccountId"]
    root = client.list_roots()["Roots"][0]["Id"]
    client.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    guard = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["iam:*","sts:*"],"Resource":"*"}]}'
    policy = client.create_policy(Content=guard, Description="", Name="guard", Type="SERVICE_CONTROL_POLICY")
    client.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=root)
    lent = manager.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole", RoleSessionName="audit"
    )["Credentials"]
    session = boto3.Session(lent["AccessKeyId"], lent["SecretAccessKey"], lent["SessionToken"], region_name="us-east-1")
    everything = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    iam = session.client("iam")
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument='{"Statement":[]}')
    iam.put_role_policy(RoleName="deploy", PolicyName="all", PolicyDocument=everything)
    lines = [
        *("[profile manager]", "aws_access_key_id = loopback", "aws_secret_access_key = loopback", "[profile member]"),
        *(f"aws_access_key_id = {lent['AccessKeyId']}", f"aws_secret_access_key = {lent['SecretAccessKey']}"),
        f"aws_session_token = {lent['SessionToken']}",
    ]
    (tmp_path / "config").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    aws.calls.clear()
    return str(account)


def deploys(account: str, *profiles: str) -> tuple[Level, Coverage]:
    """What its role `deploy` surely may, and the row about the organisation."""
    snapshot = collect(profiles, Limits(attempts=2, pause=0.01))
    identity = Identity("aws", account, "iam-role", f"arn:aws:iam::{account}:role/deploy", "deploy")
    (about,) = [one for one in snapshot.coverage if one.kind == "organization" and one.scope == account]
    return PROVIDER.authority(snapshot).profile(identity).power.must, about


def test_a_guard_rail_over_real_http(aws: LoopbackAws, member: str) -> None:
    read_by_the_manager = Coverage("aws", member, "organization", Status.READ, None, ATTACHED)
    assert deploys(member, "member", "manager") == (Level.WIDE_WRITE, read_by_the_manager)
    allowed = {action.partition(":")[2] for statement in LEAST_PRIVILEGE["Statement"] for action in statement["Action"]}
    others = {
        *("GetPolicy", "GetPolicyVersion", "GetOpenIDConnectProvider"),
        # of whole organisations: see test_collect_organisation.py
        *("AssumeRole", "ListRoots", "ListOrganizationalUnitsForParent", "ListAccountsForParent"),
        *("ListPolicies", "ListTargetsForPolicy"),
    }
    assert aws.calls.keys() - {"GetCallerIdentity"} == allowed - others


def test_a_member_on_its_own_over_real_http(aws: LoopbackAws, member: str) -> None:
    aws.fail("ListPoliciesForTarget", Fault.ACCESS_DENIED)
    said = "AccessDeniedException: You don't have permissions to access this resource: ListPoliciesForTarget"
    skipped = Coverage("aws", member, "organization", Status.SKIPPED, LOST + said, ATTACHED)
    assert deploys(member, "member") == (Level.ADMIN, skipped)
