"""ASFF: one request a line, each for one account, in the region of Security Hub."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from auditor.model import Identity
from auditor.report.base import Report
from auditor.report.subjects import described
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from tests.estate import ACCOUNT, OPEN, READ, finding, report
from tests.report.formats import written
from tests.report.valid import complaints


def requests(subject: Report) -> list[list[dict[str, Any]]]:
    text = written("asff", subject)
    assert complaints("asff", text) == []
    return [orjson.loads(line)["Findings"] for line in text.splitlines()]


def about(*identities: Identity, times: int = 1) -> Report:
    found = [
        finding(subject=one.id, subject_kind="identity", discriminator=str(number))
        for one in identities
        for number in range(times)
    ]
    return described(replace(report(found), identities=identities))


def role(account: str, partition: str = "aws") -> Identity:
    return Identity("aws", account, "iam-role", f"arn:{partition}:iam::{account}:role/x", "x")


def test_a_request_holds_a_hundred_findings_of_one_account() -> None:
    batches = requests(about(role("1" * 12), role("2" * 12), times=130))
    assert [(len(batch), batch[0]["AwsAccountId"]) for batch in batches] == [
        (100, "1" * 12),
        (30, "1" * 12),
        (100, "2" * 12),
        (30, "2" * 12),
    ]
    assert len({one["Id"] for batch in batches for one in batch}) == 260


def test_findings_of_other_clouds_stand_in_the_first_account() -> None:
    google = Identity("gcp", "web-prod", "service-account", "deploy@web-prod.iam.gserviceaccount.com", "deploy")
    ((found,),) = requests(about(google))
    assert found["AwsAccountId"] == ACCOUNT
    assert found["Resources"] == [{"Type": "Other", "Id": "deploy@web-prod.iam.gserviceaccount.com"}]


def test_without_any_account_the_service_will_refuse_it() -> None:
    ((found,),) = requests(report(coverage=(Coverage("aws", "-", "account", Reading.FAILED, "no credentials"),)))
    assert found["AwsAccountId"] == "000000000000"
    assert found["Compliance"] == {"Status": "NOT_AVAILABLE"}


@pytest.mark.parametrize(
    ("partition", "settings", "region"),
    [
        ("aws", {}, "us-east-1"),
        ("aws-us-gov", {}, "us-gov-west-1"),
        ("aws-cn", {}, "cn-north-1"),
        ("aws", {"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ("aws", {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-central-1"}, "eu-central-1"),
    ],
)
def test_the_region_is_that_of_security_hub(
    partition: str, settings: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    ((found,),) = requests(about(role(ACCOUNT, partition)))
    assert found["ProductArn"] == f"arn:{partition}:securityhub:{region}:{ACCOUNT}:product/{ACCOUNT}/default"
    assert found["Id"].startswith(f"{region}/{ACCOUNT}/oidc-trust-auditor/")


def test_the_largest_findings_fit() -> None:
    long = "\u5d50" * 10_000
    many = [finding(title=long, detail=long, discriminator=str(number), witness={"sub": long}) for number in range(100)]
    (batch,) = requests(report(many, [OPEN], READ))
    assert len(batch) == 100
