"""Accounts that are named one by one, with and without their organisation; and what the command line makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor import cli
from auditor.collecting.plan import Patience
from auditor.config import AwsTargets, Config, Targets, load
from auditor.errors import ConfigError, UsageError
from auditor.issuers import kinds
from auditor.organizations import ANY
from auditor.providers.aws import PROVIDER
from auditor.providers.aws.connections import Limits
from auditor.shards import Shard
from auditor.snapshot import Coverage, Snapshot, Status, merge, ordered
from fixtures.loopback import aws_organisation
from fixtures.loopback.aws import ACCOUNT, LoopbackAws
from fixtures.loopback.faults import Fault
from tests.faults.clouds import trust
from tests.reading import read_alone

FAST = Limits(attempts=2, read_timeout=20, pause=0.01, members=Patience(pause=0.01))
LISTED, ATTACHED = "organizations:ListAccountsForParent", "organizations:ListPoliciesForTarget"
STRANGER = "999999999999"


def organisation(aws: LoopbackAws, suspended: int = 0, region: str = "us-east-1") -> list[str]:
    members = aws_organisation.load(aws, ((f"member-{n}", trust(n)) for n in range(4)), suspended, region)
    return list(members.values())


def collect(**options: Any) -> Snapshot:
    return read_alone(PROVIDER, Config(), limits=FAST, **options)


def gaps(snapshot: Snapshot) -> list[Coverage]:
    return [row for row in ordered(snapshot).coverage if row.status is not Status.READ]


def read(snapshot: Snapshot) -> set[str]:
    return {document.scope for document in snapshot.of("aws", "account")}


def test_a_list_needs_no_permission_of_organizations(aws: LoopbackAws) -> None:
    accounts = organisation(aws)
    for operation in ("ListRoots", "ListAccountsForParent", "ListPoliciesForTarget"):
        aws.fail(operation, Fault.ACCESS_DENIED)
    found = collect(accounts=accounts[:2], role_name="OrganizationAccountAccessRole")
    assert read(found) == set(accounts[:2])
    said = (
        "organization policies were not read, which could only take away: AccessDeniedException: You don't have "
        "permissions to access this resource: ListPoliciesForTarget"
    )
    assert gaps(found) == [
        Coverage("aws", account, "organization", Status.SKIPPED, said, ATTACHED) for account in sorted(accounts[:2])
    ]
    assert found.complete
    assert (aws.calls["AssumeRole"], aws.calls["GetCallerIdentity"], aws.calls["ListRoots"]) == (2, 1, 0)


def test_what_stands_above_listed_accounts_is_asked_of_the_management_account(aws: LoopbackAws) -> None:
    """The third lies in the unit with the guard. Members may not ask that; the caller is the management account."""
    accounts = organisation(aws)
    found = collect(accounts=[accounts[2]])
    names = {document.body["Name"] for document in found.of("aws", "organization-policy")}
    assert "guard" in names
    assert gaps(found) == []


def test_the_callers_own_account_is_not_entered(aws: LoopbackAws) -> None:
    accounts = organisation(aws)
    found = collect(accounts=[ACCOUNT, accounts[0]])
    assert (read(found), aws.calls["AssumeRole"]) == ({ACCOUNT, accounts[0]}, 1)
    assert read(collect(accounts=[accounts[0]])) == {accounts[0]}


def test_the_partition_is_the_callers(aws: LoopbackAws, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = organisation(aws, region="us-gov-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-gov-west-1")
    (account,) = collect(accounts=accounts[:1]).of("aws", "account")
    assert account.body["Partition"] == "aws-us-gov"
    assert account.body["CallerArn"].startswith("arn:aws-us-gov:sts::")


def test_an_account_that_lets_nobody_in_is_one_row(aws: LoopbackAws) -> None:
    accounts = organisation(aws)
    aws.fail("AssumeRole", Fault.ACCESS_DENIED, about=accounts[1])
    found = collect(accounts=accounts)
    (gap,) = gaps(found)
    assert (gap.scope, gap.kind, gap.status, gap.permission) == (
        accounts[1],
        "account",
        Status.DENIED,
        "sts:AssumeRole",
    )
    assert read(found) == {*accounts} - {accounts[1]}


def test_beside_an_organisation_a_list_narrows_it(aws: LoopbackAws) -> None:
    accounts = organisation(aws, suspended=1)
    found = collect(organization=ANY, accounts=[accounts[1], STRANGER])
    (tree,) = found.of("aws", "organization")
    said = f"the account is not among those of the organization {tree.id} that could be listed"
    assert gaps(found) == [Coverage("aws", STRANGER, "account", Status.FAILED, said, LISTED)]
    assert (read(found), aws.calls["AssumeRole"]) == ({accounts[1]}, 1)
    # The whole tree: the root and three units, six accounts.
    assert len(list(found.of("aws", "organization-target"))) == 4 + 6


@pytest.mark.parametrize("more", [{}, {"organization": ANY}])
def test_parts_put_together_are_the_whole(aws: LoopbackAws, more: dict[str, Any]) -> None:
    accounts = organisation(aws)
    whole = collect(accounts=[*accounts, STRANGER], **more)
    parts = [collect(accounts=[*accounts, STRANGER], shard=Shard(index, 3), **more) for index in (1, 2, 3)]
    together = ordered(merge(parts))
    assert list(together.documents) == list(whole.documents)
    assert set(together.coverage) == set(whole.coverage)
    # moto lets one into any account.
    assert sum(len(read(part)) for part in parts) == len(read(whole)) == len(accounts) + (not more)


def test_the_configuration_may_list_them(tmp_path: Path) -> None:
    file = tmp_path / "auditor.toml"
    file.write_text('[targets.aws]\naccounts = ["111122223333", "444455556666"]\nrole-name = "r"\n', "utf-8")
    config = load(file, kinds())
    assert config.targets.aws == AwsTargets(accounts=("111122223333", "444455556666"), role_name="r")
    file.write_text('[targets.aws]\naccounts = ["1111-2222-3333"]\n', "utf-8")
    with pytest.raises(ConfigError, match=r"auditor\.toml:2: '1111-2222-3333' is no AWS account: twelve digits"):
        load(file, kinds())


def test_which_of_them_are_read() -> None:
    """A profile that is named on the command line is one account, unless accounts are named there too."""
    config = Config(targets=Targets(aws=AwsTargets(accounts=("1" * 12,))))
    names = [type(scope).__name__ for scope in PROVIDER.scopes(config)]
    names += [type(scope).__name__ for scope in PROVIDER.scopes(config, profile="p")]
    names += [type(scope).__name__ for scope in PROVIDER.scopes(Config(), profile="p", accounts=["2" * 12])]
    assert names == ["ListScope", "ProfileScope", "ListScope"]
    several = Config(targets=Targets(aws=AwsTargets(profiles=("p", "q"), accounts=("1" * 12,))))
    with pytest.raises(UsageError, match=r"^a list of accounts is entered from one profile; name it with --profile$"):
        PROVIDER.scopes(several)


def test_on_the_command_line(
    aws: LoopbackAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    accounts = organisation(aws)
    command = ["collect", "aws", "--account", accounts[0], "--account", accounts[1], "-o", "saved"]
    assert cli.main([*command, "--workers", "1"]) == 0
    assert "documents saved; coverage complete" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["scan", "--account", "12"])
    assert capsys.readouterr().err.endswith("error: argument --account: '12' is no AWS account: twelve digits\n")
    with pytest.raises(SystemExit):
        cli.main(["scan", "--workers", "0"])
    said = "error: argument --workers: '0' is no number of processes from 1 to 1,000\n"
    assert capsys.readouterr().err.endswith(said)
    for wrong, said in (
        (["scan", "aws", "--cluster-ca", "x"], "are for a --cluster, which is missing"),
        (["scan", "aws", "--cluster", "tcp://10.0.0.1:8786"], "off the loopback address only tls:// is spoken"),
        (["scan", "--from", "saved", "--cluster", "tls://a:1"], "--cluster reads live clouds"),
        (["scan", "gcp", "--account", accounts[0]], "--account is for aws, which is not among"),
    ):
        assert cli.main(wrong) == 2
        assert said in capsys.readouterr().err
