"""Collection over real HTTP: boto3 against the loopback AWS, every way in which AWS fails included."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.collecting.plan import Patience
from auditor.config import AwsTargets, Config, Targets
from auditor.errors import CollectError, UsageError
from auditor.providers.aws import LEAST_PRIVILEGE, PROVIDER
from auditor.providers.aws.account_walk import LOOKUP_LIMIT
from auditor.providers.aws.collect import ProfileScope, collect
from auditor.providers.aws.connections import Limits
from auditor.snapshot import Coverage, Document, Snapshot, Status
from auditor.snapshot_file import load, save
from fixtures.loopback.aws import ACCOUNT, LoopbackAws
from fixtures.loopback.faults import Fault

FAST = Limits(attempts=2, read_timeout=20, pause=0.01, members=Patience(pause=0.01))

DETAILS = "iam:GetAccountAuthorizationDetails"
LIST = "iam:ListOpenIDConnectProviders"
GET = "iam:GetOpenIDConnectProvider"
WHO = "sts:GetCallerIdentity"
ORGANIZATION = "organizations:DescribeOrganization"

GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
GITLAB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"

OF_ORGANISATIONS = {
    # see test_organisation_walk.py
    *("ListParents", "ListPoliciesForTarget", "DescribePolicy"),
    # see test_collect_organisation.py
    *("ListRoots", "ListOrganizationalUnitsForParent", "ListAccountsForParent"),
    *("ListPolicies", "ListTargetsForPolicy", "AssumeRole"),
}

NOT_XML = "the answer is an error page, or cut short: Unable to parse response"


def trust(provider: str = GITHUB) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {"gitlab.com:sub": "project_path:a/b:ref_type:branch:ref:a%3Ab+c"}},
            }
        ],
    }


def role(name: str, **fields: Any) -> dict[str, Any]:
    """A RoleDetail as boto3 returns it."""
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{name.upper()}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "CreateDate": "2024-02-29T12:00:00Z",
        "AssumeRolePolicyDocument": trust(),
        "InstanceProfileList": [],
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        "Tags": [],
        **fields,
    }


def roles(snapshot: Snapshot) -> list[str]:
    return [doc.body["RoleName"] for doc in snapshot.of("aws", "iam-role")]


def row(kind: str, status: Status, reason: str | None, permission: str | None, scope: str = ACCOUNT) -> Coverage:
    return Coverage("aws", scope, kind, status, reason, permission)


def gaps(snapshot: Snapshot) -> list[Coverage]:
    return [row for row in snapshot.coverage if row.status is not Status.READ]


READ = {
    kind: row(kind, Status.READ, None, permission)
    for kind, permission in (
        *(("account", WHO), ("iam-role", DETAILS), ("iam-policy", DETAILS), ("oidc-provider", LIST)),
        ("organization", ORGANIZATION),
    )
}


# What is read


def test_a_whole_account(aws: LoopbackAws) -> None:
    aws.iam().create_open_id_connect_provider(
        Url="https://gitlab.com", ClientIDList=["https://gitlab.com", "b"], Tags=[{"Key": "team", "Value": "ci"}]
    )
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    aws.serve_roles([role("deploy", RoleLastUsed={"LastUsedDate": "2026-11-01T10:00:00+02:00", "Region": "eu-west-1"})])
    aws.serve_roles([role("build", RolePolicyList=[{"PolicyName": "s3", "PolicyDocument": policy}], Path="/ci/")])

    snapshot = collect(limits=FAST)

    account, *deployers, provider = snapshot.documents
    assert account == Document(
        "aws",
        ACCOUNT,
        "account",
        ACCOUNT,
        {"Account": ACCOUNT, "Partition": "aws", "CallerArn": f"arn:aws:sts::{ACCOUNT}:user/moto"},
    )
    created = provider.body["CreateDate"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", created)
    assert provider == Document(
        "aws",
        ACCOUNT,
        "oidc-provider",
        GITLAB,
        {
            "Arn": GITLAB,
            "Url": "gitlab.com",
            "ClientIDList": ["https://gitlab.com", "b"],
            "ThumbprintList": [],
            "Tags": [{"Key": "team", "Value": "ci"}],
            "CreateDate": created,
        },
    )
    assert deployers[1:] == [
        Document(
            "aws",
            ACCOUNT,
            "iam-role",
            f"arn:aws:iam::{ACCOUNT}:role/deploy",
            role("deploy", RoleLastUsed={"LastUsedDate": "2026-11-01T08:00:00Z", "Region": "eu-west-1"}),
        ),
    ]
    assert deployers[:1] == [
        Document(
            "aws",
            ACCOUNT,
            "iam-role",
            f"arn:aws:iam::{ACCOUNT}:role/build",
            role("build", RolePolicyList=[{"PolicyName": "s3", "PolicyDocument": policy}], Path="/ci/"),
        ),
    ]
    assert snapshot.coverage == list(READ.values())


def test_an_empty_account_is_no_gap(aws: LoopbackAws) -> None:
    snapshot = collect(limits=FAST)
    assert [doc.kind for doc in snapshot.documents] == ["account"]
    assert snapshot.coverage == list(READ.values())


def test_roles_made_in_moto_arrive_as_they_were_written(aws: LoopbackAws) -> None:
    aws.load_trusts([("deploy", trust(GITLAB))], client_ids_of={"gitlab.com": ["x", "y"]})
    aws.last_used["deploy"] = "2026-11-01T08:00:00Z"
    (document,) = collect(limits=FAST).of("aws", "iam-role")
    assert document.body["AssumeRolePolicyDocument"] == trust(GITLAB)
    assert document.body["RoleLastUsed"] == {"LastUsedDate": "2026-11-01T08:00:00Z", "Region": "eu-west-1"}
    (provider,) = collect(limits=FAST).of("aws", "oidc-provider")
    assert provider.body["ClientIDList"] == ["x", "y"]


def test_five_thousand_roles_in_five_pages(aws: LoopbackAws, tmp_path: Path) -> None:
    for host in ("token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io"):
        aws.iam().create_open_id_connect_provider(Url=f"https://{host}", ClientIDList=["a"])
    aws.serve_roles(role(f"role-{number}") for number in range(5000))
    aws.calls.clear()

    snapshot = collect()

    assert dict(aws.calls) == {
        "GetCallerIdentity": 1,
        "GetAccountAuthorizationDetails": 5,
        "ListOpenIDConnectProviders": 1,
        "GetOpenIDConnectProvider": 3,
        "DescribeOrganization": 1,
    }
    assert roles(snapshot) == sorted(f"role-{number}" for number in range(5000))
    assert snapshot.complete
    with (tmp_path / "estate.snapshot").open("w", encoding="utf-8") as stream:
        save(snapshot, stream)
    assert load(tmp_path / "estate.snapshot") == snapshot


def test_a_role_on_two_pages_is_one_role(aws: LoopbackAws) -> None:
    aws.serve_roles([role("deploy"), *(role(f"role-{number}") for number in range(999)), role("deploy")])
    assert roles(collect(limits=FAST)) == ["deploy", *sorted(f"role-{number}" for number in range(999))]
    assert aws.calls["GetAccountAuthorizationDetails"] == 2


def test_no_more_is_called_than_the_published_policy_allows(aws: LoopbackAws) -> None:
    attach_unlisted_policy(aws)
    aws.load_trusts([("deploy", trust(GITLAB))])
    assert collect(limits=FAST).complete
    allowed = {action.partition(":")[2] for statement in LEAST_PRIVILEGE["Statement"] for action in statement["Action"]}
    assert aws.calls.keys() - {"GetCallerIdentity"} == allowed - OF_ORGANISATIONS


# Policies that the stream leaves out


def attach_unlisted_policy(aws: LoopbackAws) -> str:
    """A policy on a federated role that GetAccountAuthorizationDetails does not return."""
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    arn = aws.iam().create_policy(PolicyName="deploy", PolicyDocument=document)["Policy"]["Arn"]
    aws.left_out.add(arn)
    aws.serve_roles([role("attached", AttachedManagedPolicies=[{"PolicyName": "deploy", "PolicyArn": arn}])])
    aws.calls.clear()
    return arn


def test_a_policy_left_out_is_fetched(aws: LoopbackAws) -> None:
    arn = attach_unlisted_policy(aws)
    snapshot = collect(limits=FAST)
    (policy,) = snapshot.of("aws", "iam-policy")
    assert policy.id == arn
    assert [version["Document"] for version in policy.body["PolicyVersionList"]] == [
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    ]
    assert snapshot.coverage == list(READ.values())
    assert (aws.calls["GetPolicy"], aws.calls["GetPolicyVersion"]) == (1, 1)


def test_a_policy_that_came_along_is_not_fetched(aws: LoopbackAws) -> None:
    arn = attach_unlisted_policy(aws)
    aws.left_out.clear()
    snapshot = collect(limits=FAST)
    assert [doc.id for doc in snapshot.of("aws", "iam-policy")] == [arn]
    assert aws.calls["GetPolicy"] == 0


def test_policies_of_roles_without_federation_are_not_fetched(aws: LoopbackAws) -> None:
    attached = [{"PolicyName": "x", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
    machine = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2"}}]}
    aws.serve_roles([role("machine", AssumeRolePolicyDocument=machine, AttachedManagedPolicies=attached)])
    assert collect(limits=FAST).coverage == list(READ.values())
    assert aws.calls["GetPolicy"] == 0


@pytest.mark.parametrize("operation", ["GetPolicy", "GetPolicyVersion"])
def test_one_refusal_ends_the_look_ups(aws: LoopbackAws, operation: str) -> None:
    arn = attach_unlisted_policy(aws)
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    bounded = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": boundary}
    aws.serve_roles([role("bounded", PermissionsBoundary=bounded)])
    aws.fail(operation, Fault.ACCESS_DENIED)
    reason = f"AccessDenied: User: arn:aws:iam::{ACCOUNT}:user/auditor is not authorized to perform: iam:{operation}"
    assert gaps(collect(limits=FAST)) == [
        row(f"iam-policy {missing}", Status.DENIED, reason, f"iam:{operation}") for missing in (arn, boundary)
    ]
    assert aws.calls[operation] == 1


def test_a_policy_that_is_gone_does_not_end_them(aws: LoopbackAws) -> None:
    gone = f"arn:aws:iam::{ACCOUNT}:policy/gone"
    aws.serve_roles([role("a", AttachedManagedPolicies=[{"PolicyName": "gone", "PolicyArn": gone}])])
    arn = attach_unlisted_policy(aws)
    snapshot = collect(limits=FAST)
    (gap,) = gaps(snapshot)
    assert gap == row(f"iam-policy {gone}", Status.FAILED, f"NoSuchEntity: Policy {gone} not found", "iam:GetPolicy")
    assert [doc.id for doc in snapshot.of("aws", "iam-policy")] == [arn]


def test_look_ups_are_bounded(aws: LoopbackAws) -> None:
    arns = [f"arn:aws:iam::{ACCOUNT}:policy/gone-{number:02}" for number in range(LOOKUP_LIMIT + 2)]
    aws.serve_roles([role("a", AttachedManagedPolicies=[{"PolicyName": "p", "PolicyArn": arn} for arn in arns])])
    snapshot = collect(limits=FAST)
    assert aws.calls["GetPolicy"] == LOOKUP_LIMIT
    assert [gap.kind for gap in gaps(snapshot)] == [f"iam-policy {arn}" for arn in arns]
    assert {gap.reason for gap in gaps(snapshot)[LOOKUP_LIMIT:]} == {
        "not returned with the roles, and not among the 50 looked up singly"
    }


# What AWS says no to, and what breaks


def denied(operation: str) -> str:
    return f"AccessDenied: User: arn:aws:iam::{ACCOUNT}:user/auditor is not authorized to perform: iam:{operation}"


FAULTS: list[tuple[Fault, Status, str]] = [
    (Fault.THROTTLING, Status.FAILED, r"Throttling: Rate exceeded \(after 2 attempts\)"),
    (Fault.EXPIRED_TOKEN, Status.FAILED, "ExpiredToken: The security token included in the request is expired"),
    (Fault.HTML_500, Status.FAILED, re.escape(NOT_XML) + r" \(syntax error: line 1, column 0\)"),
    (Fault.CUT_SHORT, Status.FAILED, re.escape(NOT_XML) + r" \(.*\)"),
    (Fault.HANG_UP, Status.FAILED, re.escape(NOT_XML) + r" \(.*\)"),
    (Fault.STALL, Status.FAILED, r'Read timeout on endpoint URL: "http://127\.0\.0\.1:\d+/"'),
    (Fault.WRONG_SHAPE, Status.FAILED, r"the answer lacks the field '\w+'"),
    (
        Fault.WITHOUT_LISTS,
        Status.FAILED,
        r"the answer lacks the field '(RoleDetail|OpenIDConnectProvider|ClientID)List'",
    ),
]


@pytest.fixture
def estate(aws: LoopbackAws) -> LoopbackAws:
    """One role, one provider."""
    aws.iam().create_open_id_connect_provider(Url="https://gitlab.com", ClientIDList=["a"])
    aws.serve_roles([role("deploy")])
    aws.calls.clear()
    return aws


def limits_for(fault: Fault) -> Limits:
    """Who does not answer at all is not waited for; who does has all the time that a busy machine takes."""
    return replace(FAST, read_timeout=0.5) if fault is Fault.STALL else FAST


def expect(found: Coverage, kind: str, status: Status, reason: str, permission: str) -> None:
    assert found == row(kind, status, found.reason, permission)
    assert re.fullmatch(reason, found.reason or "")


@pytest.mark.parametrize(("fault", "status", "reason"), [(Fault.ACCESS_DENIED, Status.DENIED, ""), *FAULTS])
def test_details_unread(estate: LoopbackAws, fault: Fault, status: Status, reason: str) -> None:
    estate.fail("GetAccountAuthorizationDetails", fault)
    snapshot = collect(limits=limits_for(fault))
    role_gap, policy_gap = gaps(snapshot)
    reason = reason or re.escape(denied("GetAccountAuthorizationDetails"))
    expect(role_gap, "iam-role", status, reason, DETAILS)
    expect(policy_gap, "iam-policy", status, reason, DETAILS)
    assert [doc.kind for doc in snapshot.documents] == ["account", "oidc-provider"]


@pytest.mark.parametrize(("fault", "status", "reason"), [(Fault.ACCESS_DENIED, Status.DENIED, ""), *FAULTS])
def test_provider_list_unread(estate: LoopbackAws, fault: Fault, status: Status, reason: str) -> None:
    estate.fail("ListOpenIDConnectProviders", fault)
    snapshot = collect(limits=limits_for(fault))
    (gap,) = gaps(snapshot)
    expect(gap, "oidc-provider", status, reason or re.escape(denied("ListOpenIDConnectProviders")), LIST)
    assert [doc.kind for doc in snapshot.documents] == ["account", "iam-role"]


@pytest.mark.parametrize(("fault", "status", "reason"), [(Fault.ACCESS_DENIED, Status.DENIED, ""), *FAULTS])
def test_one_provider_unread(estate: LoopbackAws, fault: Fault, status: Status, reason: str) -> None:
    estate.iam().create_open_id_connect_provider(Url="https://app.terraform.io", ClientIDList=["a"])
    estate.fail("GetOpenIDConnectProvider", fault, about="gitlab.com")
    snapshot = collect(limits=limits_for(fault))
    (gap,) = gaps(snapshot)
    expect(gap, f"oidc-provider {GITLAB}", status, reason or re.escape(denied("GetOpenIDConnectProvider")), GET)
    assert [doc.body["Url"] for doc in snapshot.of("aws", "oidc-provider")] == ["app.terraform.io"]
    assert roles(snapshot) == ["deploy"]


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        (Fault.ACCESS_DENIED, Status.DENIED, ""),
        *(fault for fault in FAULTS if fault[0] not in {Fault.EXPIRED_TOKEN, Fault.WITHOUT_LISTS}),
    ],
)
def test_caller_unknown(estate: LoopbackAws, fault: Fault, status: Status, reason: str) -> None:
    # The account is then the one that the ARNs of its roles name.
    estate.fail("GetCallerIdentity", fault)
    snapshot = collect(limits=limits_for(fault))
    (gap,) = gaps(snapshot)
    expect(gap, "account", status, reason or re.escape(denied("GetCallerIdentity")), WHO)
    assert snapshot.documents[0].body == {"Account": ACCOUNT, "Partition": "aws", "CallerArn": None}
    assert {doc.scope for doc in snapshot.documents} == {ACCOUNT}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.NO_MARKER, "a page says that there is more and gives no marker"),
        (Fault.SAME_MARKER, "a page says that there is more and repeats an earlier marker"),
    ],
)
def test_pages_that_lead_nowhere(aws: LoopbackAws, fault: Fault, reason: str) -> None:
    aws.serve_roles(role(f"role-{number}") for number in range(2500))
    aws.fail("GetAccountAuthorizationDetails", fault)
    snapshot = collect(limits=FAST)
    rest = "; 1000 roles and 0 policies were read all the same"
    assert gaps(snapshot) == [row(kind, Status.FAILED, reason + rest, DETAILS) for kind in ("iam-role", "iam-policy")]
    assert len(roles(snapshot)) == 1000


def test_what_was_read_before_the_stream_broke_is_kept(aws: LoopbackAws) -> None:
    aws.serve_roles(role(f"role-{number}") for number in range(2500))
    aws.fail("GetAccountAuthorizationDetails", Fault.EXPIRED_TOKEN, after=2)
    snapshot = collect(limits=FAST)
    reason = (
        "ExpiredToken: The security token included in the request is expired; "
        "2000 roles and 0 policies were read all the same"
    )
    assert gaps(snapshot) == [row(kind, Status.FAILED, reason, DETAILS) for kind in ("iam-role", "iam-policy")]
    assert roles(snapshot) == sorted(f"role-{number}" for number in range(2000))


@pytest.mark.parametrize("fault", [Fault.THROTTLING, Fault.HTML_500, Fault.CUT_SHORT, Fault.HANG_UP, Fault.STALL])
def test_a_fault_that_passes_leaves_no_trace(estate: LoopbackAws, fault: Fault) -> None:
    estate.fail("GetAccountAuthorizationDetails", fault, times=1)
    snapshot = collect(limits=limits_for(fault))
    assert snapshot.coverage == list(READ.values())
    assert roles(snapshot) == ["deploy"]
    assert estate.calls["GetAccountAuthorizationDetails"] == 2


def test_everything_denied_is_still_a_snapshot(estate: LoopbackAws) -> None:
    for operation in ("GetAccountAuthorizationDetails", "ListOpenIDConnectProviders"):
        estate.fail(operation, Fault.ACCESS_DENIED)
    snapshot = collect(limits=FAST)
    assert [doc.kind for doc in snapshot.documents] == ["account"]
    assert snapshot.coverage == [
        READ["account"],
        row("iam-role", Status.DENIED, denied("GetAccountAuthorizationDetails"), DETAILS),
        row("iam-policy", Status.DENIED, denied("GetAccountAuthorizationDetails"), DETAILS),
        row("oidc-provider", Status.DENIED, denied("ListOpenIDConnectProviders"), LIST),
        READ["organization"],
    ]


def test_attempts_follow_the_environment(estate: LoopbackAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    estate.fail("GetAccountAuthorizationDetails", Fault.THROTTLING)
    assert not collect(limits=Limits(members=Patience(attempts=3, pause=0))).complete
    assert estate.calls["GetAccountAuthorizationDetails"] == 3  # one for each time that the account is read


# Documents that are not what they should be


def test_policy_documents_that_are_no_json_objects(aws: LoopbackAws) -> None:
    inline = [{"PolicyName": "good", "PolicyDocument": {}}, {"PolicyName": "bad", "PolicyDocument": "{"}]
    texts = {"words": "not json", "list": "[1]", "number": "7", "void": ""}
    aws.serve_roles(role(name, AssumeRolePolicyDocument=text) for name, text in texts.items())
    aws.serve_roles([role("inline", RolePolicyList=inline)])
    aws.serve_roles([role("both", AssumeRolePolicyDocument="{}}", RolePolicyList=inline)])
    aws.serve_roles([{key: value for key, value in role("none").items() if key != "AssumeRolePolicyDocument"}])
    snapshot = collect(limits=FAST)
    arn = f"iam-role arn:aws:iam::{ACCOUNT}:role/"
    assert gaps(snapshot) == [
        *(row(arn + name, Status.FAILED, "the trust policy is not a JSON object", None) for name in texts),
        row(f"{arn}inline", Status.FAILED, "the inline policy bad is not a JSON object", None),
        row(f"{arn}both", Status.FAILED, "the trust policy and the inline policy bad are not a JSON object", None),
        row(f"{arn}none", Status.FAILED, "the trust policy is not a JSON object", None),
    ]
    assert roles(snapshot) == sorted([*texts, "inline", "both", "none"])
    documents = {
        doc.body["RoleName"]: doc.body.get("AssumeRolePolicyDocument") for doc in snapshot.of("aws", "iam-role")
    }
    assert documents["words"] == "not%20json"
    assert documents["list"] == [1]


def test_a_role_without_an_arn_is_a_gap(aws: LoopbackAws) -> None:
    aws.serve_roles([{"RoleName": "nameless", "AssumeRolePolicyDocument": trust()}, role("deploy")])
    snapshot = collect(limits=FAST)
    reason = "the answer lacks the field 'Arn'; 1 roles and 0 policies were read all the same"
    assert gaps(snapshot) == [row(kind, Status.FAILED, reason, DETAILS) for kind in ("iam-role", "iam-policy")]
    assert roles(snapshot) == ["deploy"]


def test_a_document_nested_too_deeply_is_a_gap(aws: LoopbackAws) -> None:
    aws.serve_roles([role("deep", AssumeRolePolicyDocument="[" * 100_000)])
    reason = "a policy document is nested too deeply to be decoded"
    assert gaps(collect(limits=FAST)) == [
        row(kind, Status.FAILED, reason, DETAILS) for kind in ("iam-role", "iam-policy")
    ]


def test_control_characters_in_a_name(aws: LoopbackAws) -> None:
    # No XML can carry them. moto tries to; AWS does not allow such names.
    body = b"Action=CreateRole&Version=2010-05-08&RoleName=a%1B%5B31m&AssumeRolePolicyDocument=%7B%7D"
    aws.load_trusts([("deploy", trust(GITLAB))])
    aws.post(body)
    snapshot = collect(limits=FAST)
    role_gap, policy_gap = gaps(snapshot)
    expect(role_gap, "iam-role", Status.FAILED, re.escape(NOT_XML) + r" \(not well-formed .*\)", DETAILS)
    expect(policy_gap, "iam-policy", Status.FAILED, re.escape(NOT_XML) + r" \(not well-formed .*\)", DETAILS)
    assert [doc.id for doc in snapshot.of("aws", "oidc-provider")] == [GITLAB]


def test_text_beyond_ascii_and_lone_surrogates(aws: LoopbackAws, tmp_path: Path) -> None:
    policy = '{"Statement": [], "Id": "\\ud800 \\u001b[31m Łódź 🛃 %41"}'
    aws.serve_roles([role("odd", AssumeRolePolicyDocument=policy, Tags=[{"Key": "ort", "Value": "Zürich"}])])
    snapshot = collect(limits=FAST)
    (document,) = snapshot.of("aws", "iam-role")
    assert document.body["AssumeRolePolicyDocument"] == {"Statement": [], "Id": "\ud800 \x1b[31m Łódź 🛃 %41"}
    assert document.body["Tags"] == [{"Key": "ort", "Value": "Zürich"}]
    with (tmp_path / "estate.snapshot").open("w", encoding="utf-8") as stream:
        save(snapshot, stream)
    assert load(tmp_path / "estate.snapshot") == snapshot


# Credentials, regions, profiles


def test_no_credentials(aws: LoopbackAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CollectError) as caught:
        collect(limits=FAST)
    assert str(caught.value) == (
        "AWS: no usable credentials: Unable to locate credentials. "
        "Log in again (for example `aws sso login`), set AWS_PROFILE or pass --profile."
    )
    assert not aws.calls


def test_expired_credentials(estate: LoopbackAws) -> None:
    estate.fail("GetCallerIdentity", Fault.EXPIRED_TOKEN)
    with pytest.raises(CollectError) as caught:
        collect(limits=FAST)
    assert str(caught.value) == (
        "AWS refused the credentials: ExpiredToken: The security token included in the request is expired. "
        "Log in again (for example `aws sso login`), set AWS_PROFILE or pass --profile."
    )
    assert dict(estate.calls) == {"GetCallerIdentity": 1}


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch, aws: LoopbackAws) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(CollectError) as caught:
        collect(limits=FAST)
    message = 'AWS cannot be reached: Could not connect to the endpoint URL: "http://127.0.0.1:1/"'
    assert str(caught.value) == message


def test_nothing_could_be_read(aws: LoopbackAws) -> None:
    for operation in ("GetCallerIdentity", "GetAccountAuthorizationDetails", "ListOpenIDConnectProviders"):
        aws.fail(operation, Fault.ACCESS_DENIED)
    with pytest.raises(CollectError) as caught:
        collect(limits=FAST)
    assert str(caught.value) == (
        f"AWS: nothing could be read: {denied('GetCallerIdentity')}; {denied('GetAccountAuthorizationDetails')}; "
        f"{denied('ListOpenIDConnectProviders')}"
    )


@pytest.mark.parametrize(
    ("region", "partition"), [("", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_partition_is_that_of_the_region(
    aws: LoopbackAws, monkeypatch: pytest.MonkeyPatch, region: str, partition: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    (account,) = collect(limits=FAST).of("aws", "account")
    assert account.body == {
        "Account": ACCOUNT,
        "Partition": partition,
        "CallerArn": f"arn:{partition}:sts::{ACCOUNT}:user/moto",
    }


@pytest.fixture
def profiles(aws: LoopbackAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LoopbackAws:
    """Profile `good` works, `empty` has no credentials."""
    keys = "aws_access_key_id = x\naws_secret_access_key = y\n"
    (tmp_path / "config").write_text(f"[profile good]\nregion = eu-west-1\n{keys}[profile empty]\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    return aws


def test_a_profile_that_is_not_configured(profiles: LoopbackAws) -> None:
    with pytest.raises(UsageError) as caught:
        collect(["good", "absent"], FAST)
    assert str(caught.value) == "the AWS profile 'absent' is not configured (`aws configure list-profiles`)"


def test_an_account_that_fails_beside_one_that_does_not(profiles: LoopbackAws) -> None:
    snapshot = collect(["empty", "good"], FAST)
    reason = (
        "AWS (profile empty): no usable credentials: Unable to locate credentials. "
        "Log in again (for example `aws sso login`), set AWS_PROFILE or pass --profile."
    )
    assert sorted(snapshot.coverage) == sorted([row("account", Status.FAILED, reason, WHO, "-"), *READ.values()])
    assert [doc.kind for doc in snapshot.documents] == ["account"]


@pytest.mark.parametrize(
    ("config", "options", "opened"),
    [
        (Config(), {"profile": "good"}, ["good"]),
        (Config(targets=Targets(aws=AwsTargets(("good", "other")))), {}, ["good", "other"]),
        (Config(targets=Targets(aws=AwsTargets(("other",)))), {"profile": "good"}, ["good"]),
        (Config(targets=Targets(aws=AwsTargets())), {}, [None]),
        (Config(), {}, [None]),
    ],
)
def test_which_accounts_are_read(config: Config, options: Mapping[str, Any], opened: list[str | None]) -> None:
    scopes = PROVIDER.scopes(config, **options)
    assert [scope.source.profile for scope in scopes if isinstance(scope, ProfileScope)] == opened


def test_boto3_is_not_imported_until_something_is_collected() -> None:
    program = (
        "import sys; from auditor.providers.aws import PROVIDER; PROVIDER.permissions(); "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'boto3', 'botocore'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout == "[]\n"


def test_permissions_are_a_policy_ready_to_paste() -> None:
    whole, one = json.loads(PROVIDER.organization_permissions()), json.loads(PROVIDER.permissions())
    assert one["Statement"] == whole["Statement"][:3]
    assert "sts:AssumeRole" not in PROVIDER.permissions()
    assert PROVIDER.organization_permissions() == (
        '{\n  "Version": "2012-10-17",\n  "Statement": [\n    {\n      "Sid": "RolesPoliciesAndProviders",\n'
        '      "Effect": "Allow",\n      "Action": [\n        "iam:GetAccountAuthorizationDetails",\n'
        '        "iam:ListOpenIDConnectProviders",\n        "iam:GetOpenIDConnectProvider"\n      ],\n'
        '      "Resource": "*"\n    },\n    {\n      "Sid": "AttachedPoliciesMissingFromTheDetails",\n'
        '      "Effect": "Allow",\n      "Action": [\n        "iam:GetPolicy",\n        "iam:GetPolicyVersion"\n'
        '      ],\n      "Resource": "*"\n    },\n    {\n      "Sid": "OrganizationPoliciesAboveTheAccount",\n'
        '      "Effect": "Allow",\n      "Action": [\n        "organizations:DescribeOrganization",\n'
        '        "organizations:ListParents",\n        "organizations:ListPoliciesForTarget",\n'
        '        "organizations:DescribePolicy"\n      ],\n      "Resource": "*"\n    },\n    {\n'
        '      "Sid": "WholeOrganizationFromItsManagementAccountOrADelegatedAdministrator",\n'
        '      "Effect": "Allow",\n      "Action": [\n        "organizations:ListRoots",\n'
        '        "organizations:ListOrganizationalUnitsForParent",\n'
        '        "organizations:ListAccountsForParent",\n        "organizations:ListPolicies",\n'
        '        "organizations:ListTargetsForPolicy"\n      ],\n      "Resource": "*"\n    },\n    {\n'
        '      "Sid": "WholeOrganizationEnterItsAccounts",\n      "Effect": "Allow",\n'
        '      "Action": [\n        "sts:AssumeRole"\n      ],\n'
        '      "Resource": "arn:*:iam::*:role/OrganizationAccountAccessRole"\n    }\n  ]\n}\n'
    )
