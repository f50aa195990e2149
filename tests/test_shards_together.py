"""All parts of a collection, audited together, give the report of the whole: to the byte, times apart."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from auditor import collection, pipeline
from auditor.config import AwsTargets, Config, Targets
from auditor.progress import silent
from auditor.providers.aws import PROVIDER as AWS
from auditor.providers.azure import PROVIDER as AZURE
from auditor.providers.base import Provider
from auditor.providers.gcp import PROVIDER as GCP
from auditor.report import FORMATS
from auditor.report.base import Layout
from auditor.rules import RULES
from auditor.rules.base import Persona
from auditor.shards import Shard
from auditor.snapshot import Snapshot, Status, merge, ordered
from auditor.snapshot_file import load, save
from fixtures.loopback.aws import LoopbackAws
from fixtures.loopback.azure import LoopbackAzure
from fixtures.loopback.gcp import LoopbackGoogle

ESTATES = Path(__file__).parent.parent / "fixtures/estates"
NOW = "2026-11-21T12:00:00Z"
ACCOUNTS = [f"{number * 111_111_111_111}" for number in range(1, 7)]
ORIGINS = {
    "aws": Config(targets=Targets(aws=AwsTargets(tuple(f"in-{account}" for account in ACCOUNTS)))),
    "azure": Config(),
    "gcp": Config(),
}


def estate(cloud: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads((ESTATES / cloud / "demo.json").read_text(encoding="utf-8"))
    return decoded


@pytest.fixture(scope="module")
def _environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def google(_environment: pytest.MonkeyPatch) -> Iterator[None]:
    with LoopbackGoogle(estate("gcp")) as server:
        for name, value in server.environment.items():
            _environment.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def azure(_environment: pytest.MonkeyPatch) -> Iterator[None]:
    with LoopbackAzure() as server:
        server.load(estate("azure"))
        for name, value in server.environment.items():
            _environment.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def aws(_environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Accounts that are entered by roles, as profiles say."""
    with LoopbackAws() as server:
        for name, value in server.environment.items():
            _environment.setenv(name, value)
        lines = ["[profile home]", "aws_access_key_id = x", "aws_secret_access_key = y", "region = eu-west-1"]
        for account in ACCOUNTS:
            role = f"role_arn = arn:aws:iam::{account}:role/audit"
            lines += [f"[profile in-{account}]", role, "source_profile = home", "region = eu-west-1"]
        file = tmp_path_factory.mktemp("aws") / "config"
        file.write_text("\n".join(lines), encoding="utf-8")
        _environment.setenv("AWS_CONFIG_FILE", str(file))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            _environment.delenv(name, raising=False)
        for number, account in enumerate(ACCOUNTS):
            fill(account, number)
        yield


def fill(account: str, number: int) -> None:
    iam = boto3.Session(profile_name=f"in-{account}").client("iam")
    arn = iam.create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40]
    )["OpenIDConnectProviderArn"]
    assert account in arn
    subjects = ["repo:acme/*", "repo:acme/app:ref:refs/heads/main", "*"][: number % 3 + 1]
    for place, subject in enumerate(subjects):
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": subject}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        iam.create_role(RoleName=f"deploy-{place}", AssumeRolePolicyDocument=json.dumps(policy))
    # One account's role may become the next account's: the parts do not know each other.
    following = ACCOUNTS[(number + 1) % len(ACCOUNTS)]
    reach = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{following}:role/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [reach]})
    iam.put_role_policy(RoleName="deploy-0", PolicyName="onwards", PolicyDocument=document)


def collected(provider: Provider, options: Mapping[str, Any], shard: Shard | None = None) -> Snapshot:
    return collection.collect([provider], ORIGINS[provider.id], options, silent, shard=shard)


def filed(snapshot: Snapshot, path: Path) -> Snapshot:
    """There and back, with the times made alike."""
    snapshot.started = snapshot.finished = NOW
    with path.open("w", encoding="utf-8") as stream:
        save(snapshot, stream)
    return load(path)


def report(provider: Provider, snapshot: Snapshot) -> str:
    made = pipeline.audit(snapshot, [provider], Config(), RULES, Persona.AUDITOR, silent)
    told = io.StringIO()
    for form in ("json", "table", "html"):
        FORMATS[form]()(made, told, Layout(100, details=True))
    return told.getvalue()


def together(provider: Provider, options: Mapping[str, Any], count: int, folder: Path) -> None:
    whole = filed(collected(provider, options), folder / "whole.jsonl")
    parts = [
        filed(collected(provider, options, Shard(index, count)), folder / f"{index}.jsonl")
        for index in range(1, count + 1)
    ]
    assert all(len(part.documents) < len(whole.documents) for part in parts)
    merged = ordered(merge(reversed(parts)))
    assert merged.coverage == whole.coverage
    assert [(doc.scope, doc.kind, doc.id) for doc in merged.documents] == [
        (doc.scope, doc.kind, doc.id) for doc in whole.documents
    ]
    assert report(provider, merged) == report(provider, whole)
    for part in parts:
        lacking = pipeline.ledger(merge([part]), [provider])
        assert [row.kind for row in lacking if row.status is Status.FAILED] == ["everything"]
    lacking = pipeline.ledger(merge(parts[1:]), [provider])
    reason = f"this is not the whole collection: of its {count} parts (--shard) these are not here: 1"
    assert [row.reason for row in lacking if row.status is Status.FAILED] == [reason]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("count", [2, 3])
def test_aws(count: int, tmp_path: Path) -> None:
    together(AWS, {}, count, tmp_path)


@pytest.mark.usefixtures("azure")
@pytest.mark.parametrize("count", [2, 3])
def test_azure(count: int, tmp_path: Path) -> None:
    together(AZURE, {}, count, tmp_path)


@pytest.mark.usefixtures("azure")
def test_azure_by_subscription(tmp_path: Path) -> None:
    named = [body["subscriptionId"] for body in estate("azure")["subscriptions"]]
    together(AZURE, {"subscriptions": named}, 2, tmp_path)


@pytest.mark.usefixtures("google")
@pytest.mark.parametrize("count", [2, 3])
def test_google(count: int, tmp_path: Path) -> None:
    named = [body["projectId"] for body in estate("gcp")["projects"]]
    together(GCP, {"projects": named}, count, tmp_path)
