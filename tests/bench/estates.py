"""Snapshots of made-up AWS estates: a large organisation, and a crowd of roles of which no two are alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from auditor.output import whole_file
from auditor.snapshot import Coverage, Document, Snapshot, Status
from auditor.snapshot_file import save
from auditor.storage.packing import wants_packing
from tests.bench import policies

ACCOUNT = "123456789012"
HOST = policies.GITHUB
NOW = "2026-11-21T12:00:00Z"

ROLES_PER_ACCOUNT = 125
ORGANISATIONS = ("acme", "acme-labs", "acme-data")
ENVIRONMENTS = ("dev", "staging", "production")
BY_HAND = 0.05
"""The share of an organisation's roles whose trust policy somebody wrote by hand."""


def role(account: str, number: int, name: str, policy: Mapping[str, Any]) -> dict[str, Any]:
    """A RoleDetail of GetAccountAuthorizationDetails, of ordinary size; one in three has an inline policy."""
    inline = {
        "PolicyName": "deploy",
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
                    "Resource": [f"arn:aws:s3:::{name}-artifacts", f"arn:aws:s3:::{name}-artifacts/*"],
                },
                {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"},
            ],
        },
    }
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{number:016}",
        "Arn": f"arn:aws:iam::{account}:role/{name}",
        "CreateDate": NOW,
        "AssumeRolePolicyDocument": policy,
        "InstanceProfileList": [],
        "RolePolicyList": [] if number % 3 else [inline],
        "AttachedManagedPolicies": [
            {"PolicyName": "PowerUserAccess", "PolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess"}
        ],
        "Tags": [{"Key": "team", "Value": name.partition("-")[0]}, {"Key": "managed-by", "Value": "terraform"}],
        "RoleLastUsed": {"LastUsedDate": NOW, "Region": "eu-west-1"},
    }


Role = tuple[str, str, dict[str, Any]]
"""(account, role name, trust policy)."""


def organisation(roles: int, seed: int) -> Iterator[Role]:
    """Realistic repetition: a landing zone stamped into every account, one role per repository and environment."""
    rng = Random(seed)
    names = policies.Names(rng)
    crowd = different(seed + 1)
    accounts = [f"{100_000_000_000 + 7_919 * number}" for number in range(max(3, roles // ROLES_PER_ACCOUNT))]
    left = count(roles, -1)
    for number, account in enumerate(accounts):
        owner = ORGANISATIONS[number % len(ORGANISATIONS)]
        for name, structure in policies.STAMPED.items():
            if next(left) == 0:
                return
            yield account, name, policies.filled(structure, {"account": account, "owner": owner}.__getitem__)
    weights = [weight for weight, _, _ in policies.PER_REPOSITORY]
    for number in count():
        repo, team = names.new(), f"team-{number % 40}"
        first = rng.randrange(len(accounts))
        for place, environment in enumerate(ENVIRONMENTS):
            if next(left) == 0:
                return
            account = accounts[(first + place) % len(accounts)]
            if rng.random() < BY_HAND:
                _, name, policy = next(crowd)
                yield account, name, moved(policy, account)
                continue
            _, purpose, structure = rng.choices(policies.PER_REPOSITORY, weights)[0]
            given = {
                "account": account,
                "owner": ORGANISATIONS[first % len(ORGANISATIONS)],
                "repo": repo,
                "team": team,
                "env": environment,
            }
            yield account, f"{repo}-{purpose}-{environment}", policies.filled(structure, given.__getitem__)


def moved(policy: dict[str, Any], account: str) -> dict[str, Any]:
    """The policy as if it stood in another account."""
    for statement in policy["Statement"]:
        federated = statement["Principal"]["Federated"]
        statement["Principal"]["Federated"] = federated.replace(ACCOUNT, account)
    return policy


def different(seed: int) -> Iterator[Role]:
    """Without end, one account, no two policies alike: neither in names nor in structure."""
    rng = Random(seed)
    names = policies.Names(rng)
    for structure in policies.unlike(rng):
        given: dict[str, str] = {"account": ACCOUNT}

        def name(placeholder: str, given: dict[str, str] = given) -> str:
            if placeholder.startswith("number"):
                return given.setdefault(placeholder, str(rng.randrange(10**6, 10**9)))
            return given.setdefault(placeholder, names.new())

        policy = policies.filled(structure, name)
        yield ACCOUNT, names.new(), policy


def documents(roles: Iterable[Role]) -> Iterator[Document]:
    """The roles, and what else is read of their accounts."""
    accounts: set[str] = set()
    for number, (account, name, policy) in enumerate(roles):
        if account not in accounts:
            accounts.add(account)
            yield from _account(account)
        detail = role(account, number, name, policy)
        yield Document("aws", account, "iam-role", detail["Arn"], detail)


def _account(account: str) -> Iterator[Document]:
    caller = f"arn:aws:iam::{account}:user/bench"
    yield Document("aws", account, "account", account, {"Account": account, "Partition": "aws", "CallerArn": caller})
    for issuer, audience in policies.AUDIENCES.items():
        arn = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
        body = {"Arn": arn, "Url": issuer, "ClientIDList": [audience], "ThumbprintList": [], "Tags": []}
        yield Document("aws", account, "oidc-provider", arn, body)


def snapshot(roles: Iterable[Role]) -> Snapshot:
    """Everything read."""
    found = list(documents(roles))
    scopes = dict.fromkeys(document.scope for document in found)
    kinds = ("account", "iam-policy", "iam-role", "oidc-provider")
    rows = [Coverage("aws", scope, kind, Status.READ) for scope in scopes for kind in kinds]
    return Snapshot(NOW, NOW, found, rows)


def write(roles: Iterable[Role], path: Path) -> None:
    with whole_file(path, pack=wants_packing(path)) as stream:
        save(snapshot(roles), stream)
