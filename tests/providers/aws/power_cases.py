"""Turns the shorthand of `fixtures/cases/aws_power.json` into a snapshot. The file says what may be written there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.snapshot import Coverage, Document, Snapshot, Status

ACCOUNT = "111122223333"
NOW = "2026-11-22T12:00:00Z"
FILE = Path(__file__).parents[3] / "fixtures" / "cases" / "aws_power.json"
READ = ("account", "iam-role", "iam-policy", "oidc-provider")

Case = Mapping[str, Any]


def cases() -> list[Case]:
    found: list[Case] = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    return found


def policy(statements: Any) -> Any:
    """A policy document; what is no list of statements stands for itself."""
    return {"Version": "2012-10-17", "Statement": statements} if isinstance(statements, list) else statements


def role_arn(name: str, account: str = ACCOUNT) -> str:
    return name if name.startswith("arn:") else f"arn:aws:iam::{account}:role/{name}"


def policy_arn(name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:policy/{name}"


def snapshot(case: Case) -> Snapshot:
    documents: dict[tuple[str, str, str], Document] = {}
    for record in case["documents"]:
        document = _document(record)
        documents[document.scope, document.kind, document.id] = document
    rows = [
        Coverage("aws", account, kind, Status.READ)
        for account in dict.fromkeys((ACCOUNT, *(document.scope for document in documents.values())))
        for kind in READ
        if kind not in case.get("unread", ())
    ]
    rows += [Coverage("aws", ACCOUNT, kind, Status.DENIED, "no permission") for kind in case.get("unread", ())]
    return Snapshot(NOW, NOW, list(documents.values()), rows)


def _document(record: Mapping[str, Any]) -> Document:
    if "role" in record:
        arn = role_arn(record["role"], record.get("account", ACCOUNT))
        return Document("aws", arn.split(":")[4], "iam-role", arn, _role(record, arn))
    if "policy" in record:
        arn = policy_arn(record["policy"])
        versions = [
            {"VersionId": "v1", "IsDefaultVersion": False, "Document": policy([])},
            {"VersionId": "v2", "IsDefaultVersion": True, "Document": policy(record["statements"])},
        ]
        return Document("aws", ACCOUNT, "iam-policy", arn, {"Arn": arn, "PolicyVersionList": versions})
    if "provider" in record:
        arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{record['provider']}"
        return Document(
            "aws", ACCOUNT, "oidc-provider", arn, {"Arn": arn, "Url": record["provider"], "ClientIDList": []}
        )
    return Document("aws", ACCOUNT, record["kind"], record["id"], record["body"])


def _role(record: Mapping[str, Any], arn: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "RoleName": arn.rpartition("/")[2],
        "RoleId": f"AROA{arn.rpartition('/')[2].upper()}",
        "Arn": arn,
        "AssumeRolePolicyDocument": policy(record.get("trust", [])),
        "RolePolicyList": [],
        "AttachedManagedPolicies": [
            {"PolicyName": name, "PolicyArn": policy_arn(name)} for name in record.get("attached", ())
        ],
    }
    if "statements" in record:
        body["RolePolicyList"] = [{"PolicyName": "inline", "PolicyDocument": policy(record["statements"])}]
    if "boundary" in record:
        body["PermissionsBoundary"] = {"PermissionsBoundaryArn": policy_arn(record["boundary"])}
    return {**body, **record.get("fields", {})}
