"""The sample estates: what they claim to show, they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.config import Config
from auditor.providers.aws import PROVIDER
from auditor.rules import CHANGES, RULES
from auditor.snapshot import Snapshot
from fixtures.loopback.aws import LoopbackAws
from tests.reading import read_alone

DEMO = Path(__file__).parent.parent / "fixtures/estates/aws/demo.json"
ESTATE: dict[str, Any] = json.loads(DEMO.read_text(encoding="utf-8"))
GOOGLE: dict[str, Any] = json.loads((DEMO.parent.parent / "gcp/demo.json").read_text(encoding="utf-8"))
AZURE: dict[str, Any] = json.loads((DEMO.parent.parent / "azure/demo.json").read_text(encoding="utf-8"))

TRUST_POLICY_LIMIT = 2048
"""Characters, white space not counted: AWS's default quota."""


@pytest.fixture(scope="module")
def read() -> tuple[Snapshot, dict[str, int]]:
    """The estate as collected, and the calls that took."""
    with LoopbackAws(managed_policies=True) as aws, pytest.MonkeyPatch.context() as patch:
        for name, value in aws.environment.items():
            patch.setenv(name, value)
        aws.load_estate(DEMO)
        snapshot = read_alone(PROVIDER, Config())
        return snapshot, dict(aws.calls)


@pytest.fixture
def snapshot(read: tuple[Snapshot, dict[str, int]]) -> Snapshot:
    return read[0]


def test_every_rule_is_shown() -> None:
    google = [*GOOGLE["iam-policies"], *GOOGLE["workload-identity-pool-providers"]]
    azure = [*AZURE["user-assigned-identities"], *AZURE["federated-credentials"], *AZURE["applications"]]
    azure += [held for body in AZURE["applications"] for held in body["federatedIdentityCredentials"]]
    shown = {rule for entry in (*ESTATE["roles"], *google, *azure) for rule in entry.get("shows", ())}
    of_no_estate = {"expired-waiver", "unused-waiver", *(rule.id for rule in CHANGES)}
    assert shown == {rule.id for rule in RULES} - of_no_estate


def test_aws_would_hold_it() -> None:
    names = [role["RoleName"] for role in ESTATE["roles"]]
    assert len(names) == len(set(names)) >= 30
    for role in ESTATE["roles"]:
        policy = json.dumps(role["AssumeRolePolicyDocument"], separators=(",", ":"))
        assert len(policy) <= TRUST_POLICY_LIMIT
        assert role["Description"]


def test_it_is_read_completely(snapshot: Snapshot) -> None:
    assert snapshot.complete
    assert {doc.body["RoleName"]: doc.body["AssumeRolePolicyDocument"] for doc in snapshot.of("aws", "iam-role")} == {
        role["RoleName"]: role["AssumeRolePolicyDocument"] for role in ESTATE["roles"]
    }
    assert {doc.body["Url"]: doc.body["ClientIDList"] for doc in snapshot.of("aws", "oidc-provider")} == {
        provider["Url"].removeprefix("https://"): provider["ClientIDList"] for provider in ESTATE["oidc_providers"]
    }
    attached = {arn for role in ESTATE["roles"] for arn in role.get("AttachedManagedPolicies", ())}
    bounds = {role["PermissionsBoundary"] for role in ESTATE["roles"] if "PermissionsBoundary" in role}
    assert {doc.id for doc in snapshot.of("aws", "iam-policy")} == attached | bounds


def test_it_takes_few_calls(read: tuple[Snapshot, dict[str, int]]) -> None:
    assert read[1] == {
        "GetCallerIdentity": 1,
        "GetAccountAuthorizationDetails": 1,
        "ListOpenIDConnectProviders": 1,
        "GetOpenIDConnectProvider": 7,
        "DescribeOrganization": 1,
    }


def test_what_is_no_web_identity_does_not_appear(snapshot: Snapshot) -> None:
    trusted = {trust.identity.name for trust in PROVIDER.trusts(snapshot)}
    others = {role["RoleName"] for role in ESTATE["roles"] if role["Description"].startswith("Must not appear")}
    assert others == {
        "break-glass",
        "ec2-bastion",
        "lambda-thumbnails",
        "cognito-sms",
        "audit-readonly",
        "saml-analysts",
    }
    assert trusted == {role["RoleName"] for role in ESTATE["roles"]} - others


def test_the_unused_provider_is_idle(snapshot: Snapshot) -> None:
    ((identity, _),) = PROVIDER.idle_registrations(snapshot)
    assert identity.name == "oidc.circleci.com/org/5b0b0a4e-6c1d-4f57-9d0e-2f6f3c1a9b77"
