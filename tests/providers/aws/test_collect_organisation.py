"""A whole organisation over real HTTP: accounts entered by a role each, denials and faults included."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.session import Session as CoreSession

from auditor import pipeline, rules
from auditor.collecting.executors import THREADS, Inline, Means
from auditor.collecting.plan import Patience
from auditor.collecting.processes import ThreadedProcesses
from auditor.config import AwsTargets, Config, Targets
from auditor.errors import CollectError, UsageError
from auditor.model import Identity, Level
from auditor.organizations import ANY
from auditor.progress import Stage, silent
from auditor.providers.aws import ORGANIZATION_PRIVILEGE, PROVIDER
from auditor.providers.aws.collect import collect_organisations
from auditor.providers.aws.connections import Limits, connections
from auditor.report.base import Layout
from auditor.report.json_report import write
from auditor.rules.base import Persona
from auditor.shards import Shard
from auditor.snapshot import Coverage, Snapshot, Status, merge, ordered
from fixtures.loopback import aws_organisation
from fixtures.loopback.aws import ACCOUNT, LoopbackAws
from fixtures.loopback.faults import Fault
from tests.reading import read_alone

MANY, FEW = 40, 6
INLINE = Means(Inline, elsewhere=False)
PROCESSES = Means(partial(ThreadedProcesses, 2), lambda: 2)
FAST = Limits(attempts=2, read_timeout=20, pause=0.01, members=Patience(pause=0.01))
ASSUME, LISTED = "sts:AssumeRole", "organizations:ListAccountsForParent"
DETAILS = "iam:GetAccountAuthorizationDetails"


def trust(number: int) -> dict[str, Any]:
    """Every other one lets in any repository of an organisation."""
    subject = f"repo:acme/app-{number}:ref:refs/heads/main" if number % 2 else "repo:acme/*"
    host = "token.actions.githubusercontent.com"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{host}:aud": "sts.amazonaws.com"},
                    "StringLike": {f"{host}:sub": subject},
                },
            }
        ],
    }


def organisation(aws: LoopbackAws, size: int, suspended: int = 0) -> list[str]:
    """Ids of the accounts that can be entered; the first few lie in the root, workloads, production, sandbox."""
    members = aws_organisation.load(aws, ((f"member-{n}", trust(n)) for n in range(size)), suspended)
    return list(members.values())


def report(snapshot: Snapshot) -> str:
    stream = io.StringIO()
    told = pipeline.audit(timeless(snapshot), [PROVIDER], Config(), rules.RULES, Persona.AUDITOR, silent)
    write(told, stream, Layout(100))
    return stream.getvalue()


def timeless(snapshot: Snapshot) -> Snapshot:
    return replace(ordered(snapshot), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:00Z")


def gaps(snapshot: Snapshot) -> list[Coverage]:
    return [row for row in timeless(snapshot).coverage if row.status is not Status.READ]


def read(snapshot: Snapshot) -> set[str]:
    return {document.scope for document in snapshot.of("aws", "account")}


def test_accounts_give_the_same_report_one_by_one_and_side_by_side(aws: LoopbackAws) -> None:
    accounts = organisation(aws, MANY, suspended=2)
    aws.empty_pages = True
    told: list[Any] = []
    calm = collect_organisations(limits=FAST, means=INLINE, tell=told.append)
    assert read(calm) == {ACCOUNT, *accounts}
    assert [document.body["RoleName"] for document in calm.of("aws", "iam-role")].count(
        "OrganizationAccountAccessRole"
    ) == MANY
    assert {document.body["RoleName"] for document in calm.of("aws", "iam-role")} >= {
        f"member-{n}" for n in range(MANY)
    }
    assert [(row.status, row.kind, row.reason, row.permission) for row in gaps(calm)] == [
        (Status.SKIPPED, "account", "the account is suspended", LISTED)
    ] * 2
    assert calm.complete
    assert told[0] == "reading the organization's accounts"
    assert told[-1] == Stage("reading AWS accounts", MANY + 1, MANY + 1)
    assert aws.calls["AssumeRole"] == MANY
    assert aws.calls["ListTargetsForPolicy"] == 6  # 3 policies, not 200 accounts

    aws.fail("GetAccountAuthorizationDetails", Fault.THROTTLING, times=10)
    busy = collect_organisations(limits=replace(FAST, attempts=5), means=THREADS)
    assert aws.calls["GetAccountAuthorizationDetails"] == 2 * (MANY + 1) + 10
    assert timeless(busy) == timeless(calm)
    assert report(busy) == report(calm)


def test_accounts_are_read_by_processes_that_enter_by_themselves(aws: LoopbackAws) -> None:
    organisation(aws, FEW)
    assert timeless(collect_organisations(limits=FAST, means=PROCESSES)) == timeless(
        collect_organisations(limits=FAST, means=INLINE)
    )


@pytest.mark.parametrize("means", [INLINE, THREADS])
def test_a_denied_account_is_one_row(aws: LoopbackAws, means: Means) -> None:
    accounts = organisation(aws, FEW)
    aws.fail("AssumeRole", Fault.ACCESS_DENIED, about=accounts[2])
    snapshot = collect_organisations(limits=FAST, means=means)
    (gap,) = gaps(snapshot)
    reason = f"AccessDenied: User: arn:aws:iam::{ACCOUNT}:user/auditor is not authorized to perform: iam:AssumeRole"
    assert gap == Coverage("aws", accounts[2], "account", Status.DENIED, reason, ASSUME)
    assert read(snapshot) == {ACCOUNT, *accounts} - {accounts[2]}
    assert aws.calls["AssumeRole"] == FEW


def test_throttling_that_does_not_end_is_one_row_for_each_kind(aws: LoopbackAws) -> None:
    accounts = organisation(aws, FEW)
    aws.fail("GetAccountAuthorizationDetails", Fault.THROTTLING, about=accounts[0])
    reason = "Throttling: Rate exceeded (after 2 attempts)"
    assert gaps(collect_organisations(limits=FAST)) == [
        Coverage("aws", accounts[0], kind, Status.FAILED, reason, DETAILS) for kind in ("iam-policy", "iam-role")
    ]
    assert aws.calls["AssumeRole"] == FEW + 1  # the account was entered again


@pytest.mark.parametrize("fault", [Fault.THROTTLING, Fault.EXPIRED_TOKEN, Fault.HTML_500, Fault.CUT_SHORT])
def test_a_fault_that_outlasts_the_call_is_gone_when_the_account_is_read_anew(aws: LoopbackAws, fault: Fault) -> None:
    accounts = organisation(aws, FEW)
    clean = timeless(collect_organisations(limits=FAST))
    aws.fail("ListOpenIDConnectProviders", fault, times=1, about=accounts[1])
    once = replace(FAST, attempts=1, pause=0)
    assert timeless(collect_organisations(limits=once)) == clean


def test_credentials_that_expire_half_way(aws: LoopbackAws) -> None:
    """What was read is kept; each account after that is one row, asked for once."""
    accounts = organisation(aws, FEW)
    aws.fail("AssumeRole", Fault.EXPIRED_TOKEN, after=3)
    snapshot = collect_organisations(limits=FAST, means=INLINE)
    lost = gaps(snapshot)
    reason = "ExpiredToken: The security token included in the request is expired"
    assert [(row.kind, row.status, row.reason, row.permission) for row in lost] == [
        ("account", Status.FAILED, reason, ASSUME)
    ] * (FEW - 3)
    assert {row.scope for row in lost} | read(snapshot) == {ACCOUNT, *accounts}
    assert not {row.scope for row in lost} & read(snapshot)
    assert aws.calls["AssumeRole"] == FEW


def test_an_account_that_never_answers(aws: LoopbackAws, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = organisation(aws, FEW)
    leap, over = 0.0, threading.Event()
    monkeypatch.setattr(aws, "_closing", over)

    def tell(told: Any) -> None:
        nonlocal leap
        if isinstance(told, Stage) and told.done == FEW:  # all but that one
            leap = 60

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + leap, sleep=time.sleep)
    monkeypatch.setattr("auditor.collecting.plan.time", clock)
    aws.fail("GetAccountAuthorizationDetails", Fault.STALL, about=accounts[3])
    limits = replace(FAST, attempts=1, read_timeout=60, members=Patience(deadline=60, attempts=1))
    snapshot = collect_organisations(limits=limits, tell=tell)
    over.set()
    said = "the account was not read within 60 seconds"
    assert gaps(snapshot) == [Coverage("aws", accounts[3], "account", Status.FAILED, said)]
    assert read(snapshot) == {ACCOUNT, *accounts} - {accounts[3]}


def test_ctrl_c_keeps_the_accounts_that_were_read(aws: LoopbackAws) -> None:
    accounts = organisation(aws, FEW)

    def tell(told: Any) -> None:
        if isinstance(told, Stage) and told.done == 3:
            raise KeyboardInterrupt

    snapshot = collect_organisations(limits=replace(FAST, members=Patience(at_once=1)), means=INLINE, tell=tell)
    lost = gaps(snapshot)
    assert len(read(snapshot)) == 3
    assert {row.scope for row in lost} == {ACCOUNT, *accounts} - read(snapshot)
    assert {(row.kind, row.status, row.reason) for row in lost} == {
        ("account", Status.FAILED, "the account was not read: interrupted")
    }


def test_how_the_role_is_assumed(aws: LoopbackAws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws_organisation.load(aws, [("member", trust(1))], region="us-gov-west-1")
    asked: list[Mapping[str, Any]] = []
    answer = aws._answer

    def listening(environ: Any, start: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        if b"Action=AssumeRole&" in body:
            asked.append({key: value[0] for key, value in parse_qs(body.decode()).items()})
        environ["wsgi.input"] = io.BytesIO(body)
        return answer(environ, start)

    monkeypatch.setattr(aws._server, "app", listening)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-gov-west-1")
    targets = AwsTargets(organization=ANY, role_name="/audit/Reader", external_id="heard", duration=1200)
    found = read_alone(PROVIDER, Config(targets=Targets(aws=targets)), role_session_name="nightly", limits=FAST)
    ((member, body),) = [(d.id, d.body) for d in found.of("aws", "account") if d.id != ACCOUNT]
    assert asked == [
        {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": f"arn:aws-us-gov:iam::{member}:role/audit/Reader",
            "RoleSessionName": "nightly",
            "ExternalId": "heard",
            "DurationSeconds": "1200",
        }
    ]
    assert body == {
        "Account": member,
        "Partition": "aws-us-gov",
        "CallerArn": f"arn:aws-us-gov:sts::{member}:assumed-role/Reader/nightly",
    }


def test_all_accounts_share_one_session_and_leave_none_behind(
    aws: LoopbackAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation(aws, FEW)
    made: list[str | None] = []

    def counted(profile: str | None = None) -> CoreSession:
        made.append(profile)
        return CoreSession(profile=profile)

    monkeypatch.setattr("auditor.providers.aws.connections.CoreSession", counted)
    assert collect_organisations(limits=FAST).complete
    assert made == [None]
    assert connections.cache_info().currsize == 0


def test_parts_put_together_are_the_whole(aws: LoopbackAws) -> None:
    organisation(aws, 12, suspended=3)
    config = Config(targets=Targets(aws=AwsTargets(organization=ANY)))
    whole = read_alone(PROVIDER, config, limits=FAST)
    parts = [read_alone(PROVIDER, config, limits=FAST, shard=Shard(index, 3)) for index in (1, 2, 3)]
    assert timeless(merge(parts)) == timeless(whole)
    assert sum(len(read(part)) for part in parts) == len(read(whole)) == 13


def test_who_may_not_list_accounts_is_told_what_to_do(aws: LoopbackAws) -> None:
    organisation(aws, 1)
    aws.fail("ListRoots", Fault.ACCESS_DENIED)
    with pytest.raises(CollectError) as caught:
        collect_organisations(limits=FAST)
    assert str(caught.value) == (
        "AWS: the organization cannot be read (organizations:ListRoots): AccessDeniedException: You don't have "
        "permissions to access this resource: ListRoots. "
        "Use credentials of its management account, or of a delegated administrator."
    )


def test_another_organisation_than_the_one_that_is_meant(aws: LoopbackAws) -> None:
    organisation(aws, 1)
    with pytest.raises(
        CollectError, match=r"^AWS: these credentials are of the organization o-\w+, not of o-0000000000$"
    ):
        read_alone(PROVIDER, Config(), organization="o-0000000000", limits=FAST)
    assert aws.calls["AssumeRole"] == 0


def test_a_unit_whose_accounts_cannot_be_listed(aws: LoopbackAws) -> None:
    organisation(aws, 8)
    whole = collect_organisations(limits=FAST)
    unit = next(doc.id for doc in whole.of("aws", "organization-target") if doc.body["Name"] == "sandbox")
    below = {doc.id for doc in whole.of("aws", "organization-target") if doc.body.get("Parent") == unit}
    aws.fail("ListAccountsForParent", Fault.ACCESS_DENIED, about=unit)
    snapshot = collect_organisations(limits=FAST)
    (gap,) = gaps(snapshot)
    assert (gap.kind, gap.status, gap.permission) == (f"organization-target {unit}", Status.DENIED, LISTED)
    assert read(snapshot) == read(whole) - below
    assert len(below) == 2


def test_policies_of_the_organisation_bind_its_accounts(aws: LoopbackAws) -> None:
    """The third member lies in the unit with the guard, which denies what its role is allowed otherwise."""
    accounts = organisation(aws, 4)
    allowed = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    for number, account in enumerate(accounts):
        aws_organisation.allow(account, f"member-{number}", allowed)
    authority = PROVIDER.authority(collect_organisations(limits=FAST))
    levels = [
        authority.profile(Identity("aws", account, "iam-role", f"arn:aws:iam::{account}:role/member-{n}", "")).power.may
        for n, account in enumerate(accounts)
    ]
    assert levels == [Level.WIDE_WRITE, Level.WIDE_WRITE, Level.NONE, Level.WIDE_WRITE]


def test_a_role_without_an_organisation_is_a_slip() -> None:
    with pytest.raises(UsageError, match=r"^a role is assumed in accounts: --organization or --account is missing$"):
        read_alone(PROVIDER, Config(), role_name="Reader")


def test_no_more_is_called_than_the_published_policy_allows(aws: LoopbackAws) -> None:
    organisation(aws, 2)
    assert collect_organisations(limits=FAST).complete
    statements = ORGANIZATION_PRIVILEGE["Statement"]
    allowed = {action.partition(":")[2] for statement in statements for action in statement["Action"]}
    of_single_accounts = {
        "GetPolicy",
        "GetPolicyVersion",
        "ListParents",
        "ListPoliciesForTarget",
    }
    assert aws.calls.keys() - {"GetCallerIdentity"} == allowed - of_single_accounts
