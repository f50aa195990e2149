"""Small AWS accounts in two states: roles by name, each with its trust policy and what it may do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from auditor.config import Config, Ours
from auditor.drift import differences
from auditor.model import Finding
from auditor.progress import silent
from auditor.providers.aws import PROVIDER
from auditor.report.base import Report
from auditor.rules import RULES
from auditor.rules.base import Persona
from auditor.snapshot import Coverage, Document, Snapshot, Status

ACCOUNT, OTHER = "123456789012", "210987654321"
GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
THEN = ("2026-10-01T10:00:00Z", "2026-10-01T10:00:05Z")
NOW = ("2026-11-21T10:00:00Z", "2026-11-21T10:00:05Z")
KINDS = ("account", "iam-policy", "iam-role", "oidc-provider", "organization")

MAIN = "repo:acme/app:ref:refs/heads/main"
READS = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-site/*"}]
EVERYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]

Role = Mapping[str, Any]


def statement(
    *subjects: str, issuer: str = GITHUB, operator: str = "StringLike", further: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """An allow statement for some subjects; `further`: more conditions."""
    conditions = {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"}, **(further or {})}
    if subjects:
        conditions[operator] = {**conditions.get(operator, {}), f"{issuer}:sub": list(subjects)}
    return {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions,
    }


def role(*subjects: str, may: Sequence[Any] = READS, **changes: Any) -> Role:
    """A role of one statement."""
    return {"trusts": [statement(*subjects, **changes)], "may": may}


def arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def rows(account: str = ACCOUNT, *, but: Iterable[str] = ()) -> list[Coverage]:
    """The ledger of an account; the kinds `but` were refused."""
    refused = set(but)
    return [
        Coverage("aws", account, kind, Status.DENIED, "AccessDenied", f"iam:Get-{kind}")
        if kind in refused
        else Coverage("aws", account, kind, Status.READ)
        for kind in KINDS
    ]


def snapshot(
    roles: Mapping[str, Role],
    times: tuple[str, str] = NOW,
    *,
    account: str = ACCOUNT,
    coverage: Iterable[Coverage] | None = None,
) -> Snapshot:
    """One account."""
    documents = [Document("aws", account, "account", account, {"Account": account})]
    for name, body in roles.items():
        trusts = json.loads(json.dumps(body["trusts"]).replace(f":{ACCOUNT}:", f":{account}:"))
        policy = {"Version": "2012-10-17", "Statement": trusts}
        granted = [{"PolicyName": "grants", "PolicyDocument": {"Version": "2012-10-17", "Statement": body["may"]}}]
        raw = {
            "Arn": arn(name, account),
            "RoleName": name,
            "AssumeRolePolicyDocument": policy,
            "RolePolicyList": granted if body["may"] else [],
        }
        documents.append(Document("aws", account, "iam-role", arn(name, account), raw))
    for issuer in (GITHUB, GITLAB):
        door = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
        body = {"Arn": door, "Url": issuer, "ClientIDList": ["sts.amazonaws.com"]}
        documents.append(Document("aws", account, "oidc-provider", door, body))
    return Snapshot(*times, documents, list(rows(account) if coverage is None else coverage))


def asked(ours: Ours | None = None, persona: Persona = Persona.REGULAR) -> differences.Asked:
    return differences.Asked(Config(ours=ours or Ours()), RULES, persona, silent)


def diff(old: differences.State, new: differences.State, persona: Persona = Persona.REGULAR) -> Report:
    return differences.diff(old, new, [PROVIDER], asked(persona=persona))


def changed(old: Mapping[str, Role], new: Mapping[str, Role]) -> Report:
    """The comparison of two states of one account."""
    return diff(snapshot(old, THEN), snapshot(new))


def told(report: Report) -> list[str]:
    """Severity, rule and title of everything a report of changes finds."""
    return [f"{one.severity} {one.rule}: {one.title}" for one in report.findings]


def only(report: Report, rule: str) -> Finding:
    (found,) = (one for one in report.findings if one.rule == rule)
    return found
