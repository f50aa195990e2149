"""What it costs to know what roles may do: roles of an organisation, each with three permission policies."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from auditor.config import Config
from auditor.model import Level
from auditor.pipeline import audit, restore
from auditor.providers.aws import PROVIDER
from auditor.rules import RULES
from auditor.rules.base import Persona
from auditor.snapshot import Document, Snapshot
from auditor.snapshot_file import save
from tests.bench import estates
from tests.bench.figure import Figure, Figures, Scale

ROLES = 5_000
OWN = 12
"""Customer managed policies of each account."""

SERVICES = (
    "s3",
    "ec2",
    "lambda",
    "dynamodb",
    "sqs",
    "sns",
    "ecs",
    "ecr",
    "logs",
    "kms",
    "secretsmanager",
    "ssm",
    "rds",
)


def the_power_of_roles(scale: Scale) -> Figures:
    """Every role's capabilities and steps from a saved snapshot, and their share of a whole audit."""
    roles = scale(ROLES)
    name = f"what {roles:,} roles with 3 policies each may do"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snapshot.jsonl")
        with path.open("w", encoding="utf-8") as stream:
            save(estate(roles, seed=6), stream)
        started = time.process_time()
        snapshot = restore([path])
        loaded = time.process_time()
        authority = PROVIDER.authority(snapshot)
        profiles = [authority.profile(identity) for identity in authority.identities()]
        looked = time.process_time()
        audit(snapshot, [PROVIDER], Config(), RULES, Persona.REGULAR, lambda _: None)
        whole = time.process_time() - looked + loaded - started
    assert len(profiles) == roles
    assert {profile.power.may for profile in profiles} >= {Level.ADMIN, Level.ESCALATION, Level.SCOPED}
    seconds = looked - loaded
    return {
        name: Figure(seconds, "s", 3),
        f"{name}: share of loading and auditing them": Figure(seconds / whole * 100, "%"),
        f"{name}: loading and auditing them": Figure(whole, "s"),
        f"{name}: capabilities": Figure(sum(len(one.power.capabilities) for one in profiles), ""),
        f"{name}: steps": Figure(sum(len(one.steps) for one in profiles), ""),
    }


def estate(roles: int, seed: int) -> Snapshot:
    """One managed policy of AWS, one of the account and an inline one that names the role's own things, for each."""
    rng = Random(seed)
    taken = estates.snapshot(estates.organisation(roles, seed))
    assert isinstance(taken.documents, list)
    accounts = list(dict.fromkeys(document.scope for document in taken.documents))
    managed = {account: [*_of_aws(), *_of_account(rng, account)] for account in accounts}
    for number, document in enumerate(taken.documents):
        if document.kind == "iam-role":
            body = {**document.body, **_policies(rng, document, [arn for arn, _ in managed[document.scope]])}
            taken.documents[number] = Document("aws", document.scope, "iam-role", document.id, body)
    for account, policies in managed.items():
        for arn, statements in policies:
            version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": _policy(statements)}
            body = {"Arn": arn, "PolicyVersionList": [version]}
            taken.documents.append(Document("aws", account, "iam-policy", arn, body))
    return taken


def _policies(rng: Random, document: Document, arns: list[str]) -> dict[str, Any]:
    name, account = document.body["RoleName"], document.scope
    own = [
        _allow(
            ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
            [f"arn:aws:s3:::{name}-artifacts", f"arn:aws:s3:::{name}-artifacts/*"],
        ),
        _allow(["lambda:UpdateFunctionCode", "lambda:PublishVersion"], f"arn:aws:lambda:*:{account}:function:{name}-*"),
    ]
    of_aws, of_account = arns[:-OWN], arns[-OWN:]
    chosen = (rng.choice(of_aws), rng.choice(of_account))
    services = {0: ["lambda.amazonaws.com"], 1: ["ecs-tasks.amazonaws.com"]}.get(rng.randrange(40))
    trust = document.body["AssumeRolePolicyDocument"]
    if services:
        trust = _policy([{"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}])
    return {
        "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": _policy(own)}],
        "AttachedManagedPolicies": [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in chosen],
    }


def _of_aws() -> Iterator[tuple[str, list[Any]]]:
    """Policies such as AWS manages: an administrator's, a developer's, full access to a service, reading."""
    but_iam = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}
    yield "arn:aws:iam::aws:policy/AdministratorAccess", [_allow("*")]
    yield "arn:aws:iam::aws:policy/PowerUserAccess", [but_iam, _allow(["iam:ListRoles", "account:ListRegions"])]
    for service in SERVICES:
        yield f"arn:aws:iam::aws:policy/{service}FullAccess", [_allow(f"{service}:*")]
        yield (
            f"arn:aws:iam::aws:policy/{service}ReadOnlyAccess",
            [_allow([f"{service}:Get*", f"{service}:List*", f"{service}:Describe*"])],
        )


def _of_account(rng: Random, account: str) -> Iterator[tuple[str, list[Any]]]:
    for number in range(OWN):
        service = rng.choice(SERVICES)
        passed = {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "ecs-tasks.amazonaws.com"]}}
        statements = [
            _allow(
                [f"{service}:Create*", f"{service}:Update*", f"{service}:Describe*"],
                rng.choice(("*", f"arn:aws:{service}:*:*:team-*")),
            ),
            _allow(
                "iam:PassRole", f"arn:aws:iam::{account}:role/*-{rng.choice(estates.ENVIRONMENTS)}", Condition=passed
            ),
            _allow(["lambda:CreateFunction", "lambda:InvokeFunction", "ecs:RegisterTaskDefinition", "ecs:RunTask"]),
            {"Effect": "Deny", "Action": ["iam:CreateUser", "s3:DeleteBucket"], "Resource": "*"},
        ]
        yield f"arn:aws:iam::{account}:policy/team-{number}", statements[: 2 + number % 3]


def _policy(statements: Iterable[Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(actions: str | list[str], resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}
