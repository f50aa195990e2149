"""Reads `fixtures/cases/aws_resource_controls.json`: policies above one role, as a snapshot would hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.claims.predicate import ClaimValue
from auditor.providers.aws.keys import BUILT_IN
from auditor.snapshot import Coverage, Document, Snapshot, Status

TABLE: Mapping[str, Any] = json.loads(
    (Path(__file__).parents[3] / "fixtures/cases/aws_resource_controls.json").read_text("utf-8")
)
ACCOUNT, MANAGER, ORGANISATION = "111122223333", "999900001111", "o-abc"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
ACTION = "sts:AssumeRoleWithWebIdentity"
RESOURCE = "RESOURCE_CONTROL_POLICY"
HOSTS = {"github": "token.actions.githubusercontent.com", "gitlab": "gitlab.com", "google": "accounts.google.com"}
LEVELS = {"account": ACCOUNT, "unit": "ou-1", "root": "r-1", "elsewhere": "ou-2"}
UNREAD = object()


def refusing(condition: Any = None, **changes: Any) -> dict[str, Any]:
    """A Deny of the exchange by everybody, of every role; changes of None take an element away."""
    body = {"Effect": "Deny", "Principal": "*", "Action": ACTION, "Resource": "*", "Condition": condition, **changes}
    return {name: value for name, value in body.items() if value is not None}


def control(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def organised(
    contents: Mapping[str, Any],
    attached: Mapping[str, list[str]],
    organisation: Mapping[str, Any],
    account: str = ACCOUNT,
) -> list[Document]:
    """An organisation read as a whole: root, two units, the account in the first of them; policies by id.

    `attached` is target → ids. A content that is `UNREAD` has no document.
    """
    parents = {account: "ou-1", "ou-1": "r-1", "ou-2": "r-1", "r-1": None}
    kinds = {account: "ACCOUNT", "r-1": "ROOT"}
    documents = [Document("aws", ORGANISATION, "organization", ORGANISATION, organisation)]
    for target, parent in parents.items():
        body: dict[str, Any] = {"Id": target, "Type": kinds.get(target, "ORGANIZATIONAL_UNIT")}
        body |= {"Policies": attached.get(target, [])} | ({"Parent": parent} if parent else {})
        documents.append(Document("aws", ORGANISATION, "organization-target", target, body))
    for ident, content in contents.items():
        if content is not UNREAD:
            policy = {"Id": ident, "Name": f"named {ident}", "Type": RESOURCE, "Content": content}
            documents.append(Document("aws", ORGANISATION, "organization-policy", ident, policy))
    return documents


def _written(block: Any) -> Any:
    """A Condition with the issuer in front of keys that have none."""
    if not isinstance(block, Mapping):
        return block
    return {
        operator: {key if ":" in key else f"{HOSTS['github']}:{key}": value for key, value in tests.items()}
        for operator, tests in block.items()
    }


def snapshot_of(case: Mapping[str, Any]) -> Snapshot:
    """One role, its provider, and the organisation of the case."""
    host = HOSTS[case.get("issuer", "github")]
    door = host if host in BUILT_IN else f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
    arn = case.get("role", ROLE)
    audience = {"StringEquals": {f"{host}:aud": "sts.amazonaws.com"}}
    allow = {"Effect": "Allow", "Principal": {"Federated": door}, "Action": ACTION}
    trust = {"Version": "2012-10-17", "Statement": [{**allow, "Condition": _written(case.get("trust")) or audience}]}
    tags = [{"Key": key, "Value": value} for key, value in case.get("tags", {}).items()]
    role = {"Arn": arn, "RoleName": arn.rpartition("/")[2], "AssumeRolePolicyDocument": trust, "Tags": tags}
    provider = {"Arn": door, "Url": host, "ClientIDList": ["sts.amazonaws.com"]}
    documents = [
        Document("aws", ACCOUNT, "account", ACCOUNT, {"Account": ACCOUNT}),
        Document("aws", ACCOUNT, "iam-role", arn, role),
        *([Document("aws", ACCOUNT, "oidc-provider", door, provider)] if door != host else []),
    ]
    contents = {"p-rcp": _content(case), "p-RCPFullAWSAccess": UNREAD}
    attached = {LEVELS[level]: ["p-RCPFullAWSAccess", "p-rcp"] for level in case.get("at", ["unit"])}
    if "besides" in case:
        contents["p-besides"] = control(refusing(_written(case["besides"])))
        attached["r-1"] = ["p-besides"]
    if "organization" not in case:
        organisation = {"Id": ORGANISATION, "MasterAccountId": case.get("manager", MANAGER)}
        documents += organised(contents, attached, organisation)
    rows = [Coverage("aws", ACCOUNT, kind, Status.READ) for kind in ("account", "iam-role", "oidc-provider")]
    return Snapshot("2026-11-22T06:00:00Z", "2026-11-22T06:00:01Z", documents, rows)


def _content(case: Mapping[str, Any]) -> Any:
    if "content" in case:
        return UNREAD if case["content"] is None else case["content"]
    if "statements" in case:
        return control(*({**one, "Condition": _written(one.get("Condition", {}))} for one in case["statements"]))
    return control(refusing(_written(case["deny"]), **case.get("statement", {})))


def token_of(case: Mapping[str, Any]) -> dict[str, ClaimValue]:
    told = case["token"]
    claims = {"sub": told} if isinstance(told, str) else told
    return {
        "iss": f"https://{HOSTS[case.get('issuer', 'github')]}",
        "aud": "sts.amazonaws.com",
        "request:RoleSessionName": "ci",
        **claims,
    }
