"""Many roles alike under policies that tell them apart: the whole audit says of each what it says of that one alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from auditor import pipeline, rules
from auditor.config import Config, Ours
from auditor.decide import decide
from auditor.judging.checks import confirm
from auditor.progress import silent
from auditor.providers.aws import PROVIDER
from auditor.providers.aws.trust import trusts
from auditor.rules.base import Persona
from auditor.snapshot import Coverage, Document, Snapshot, Status
from tests.providers.aws.organised import (
    ACCOUNT,
    ACTION,
    HOSTS,
    MANAGER,
    ORGANISATION,
    control,
    organised,
    refusing,
)

HOST = HOSTS["github"]
SUB = f"{HOST}:sub"
DOOR = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
ROLES = 30


def role(number: int) -> Document:
    """Every second one trusts acme, every third is called `x`, every fifth is tagged free."""
    subject = f"repo:{('acme', 'partner')[number % 2]}/app-{number}:ref:refs/heads/main"
    condition = {"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com", SUB: subject}}
    allow = {"Effect": "Allow", "Principal": {"Federated": DOOR}, "Action": ACTION, "Condition": condition}
    name = f"{'ci' if number % 3 else 'x'}-{number}"
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    policy = {"Version": "2012-10-17", "Statement": [allow]}
    tags = [{"Key": "free", "Value": "false" if number % 5 else "true"}]
    body = {"Arn": arn, "RoleName": name, "AssumeRolePolicyDocument": policy, "Tags": tags}
    return Document("aws", ACCOUNT, "iam-role", arn, body)


def estate(statement: Any) -> Snapshot:
    provider = {"Arn": DOOR, "Url": HOST, "ClientIDList": ["sts.amazonaws.com"]}
    organisation = {"Id": ORGANISATION, "MasterAccountId": MANAGER}
    documents = [
        Document("aws", ACCOUNT, "oidc-provider", DOOR, provider),
        *map(role, range(ROLES)),
        *organised({"p-1": control(statement)}, {"r-1": ["p-1"]}, organisation),
    ]
    rows = [Coverage("aws", ACCOUNT, kind, Status.READ) for kind in ("account", "iam-role", "oidc-provider")]
    return Snapshot("2026-11-22T06:00:00+00:00", "2026-11-22T06:00:00+00:00", documents, rows)


STRANGERS = {"StringNotLike": {SUB: "repo:acme/*"}}


@pytest.mark.parametrize(
    ("statement", "shut"),
    [
        (refusing({"StringNotEquals": {f"{HOST}:aud": "sts.amazonaws.com"}}), 0),
        (refusing(STRANGERS), 15),
        (refusing({"StringEquals": {SUB: "repo:acme/app-4:ref:refs/heads/main"}}), 1),
        (refusing({**STRANGERS, "StringNotEquals": {"aws:ResourceTag/free": "true"}}), 12),
        (refusing(STRANGERS, Resource="arn:aws:iam::*:role/ci-*"), 10),
        (refusing(Resource=None, NotResource="arn:aws:iam::*:role/ci-*"), 10),
        (refusing({"StringNotEquals": {"aws:ResourceAccount": ACCOUNT}}), 0),
        (refusing({"StringEquals": {"aws:ResourceAccount": ACCOUNT}}), 30),
    ],
)
def test_no_role_speaks_for_another_that_is_treated_otherwise(statement: Any, shut: int) -> None:
    snapshot = estate(statement)
    report = pipeline.audit(snapshot, [PROVIDER], Config(), rules.RULES, Persona.REGULAR, silent)
    now = datetime.fromisoformat(snapshot.finished)
    alone = [confirm(PROVIDER, decide(trust, Ours())) for trust in trusts(snapshot, now)]
    assert {one.trust.id: (one.reachable, one.classes, one.breadth, one.statement) for one in report.decisions} == {
        one.trust.id: (one.reachable, one.classes, one.breadth, one.statement) for one in alone
    }
    assert [one.rule for one in report.findings].count("dead-trust") == shut
