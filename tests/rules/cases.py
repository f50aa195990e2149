"""Cases of the rules: one trust policy each, judged as the pipeline judges it, and the findings it must give.

`fixtures/cases/rules/README.md` says how a case is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from auditor.config import Ours, Owned
from auditor.decide import decide
from auditor.graph import Graph
from auditor.issuers.catalogue import Catalogue, catalogue_of
from auditor.judging.checks import confirm, run
from auditor.model import Decision, Finding, Trust
from auditor.providers import PROVIDERS
from auditor.providers.base import Provider
from auditor.rules import RULES
from auditor.rules.base import Context
from auditor.snapshot import Coverage, Document, Snapshot, Status
from tests.providers.aws import organised
from tests.providers.azure import estates as azure_estates
from tests.providers.gcp import estates

FOLDER = Path(__file__).parents[2] / "fixtures/cases/rules"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
POLICY = "/AssumeRolePolicyDocument"

HOSTS = {
    "github": "token.actions.githubusercontent.com",
    "github-server": "ghe.example.com/_services/token",
    "gitlab": "gitlab.com",
    "gitlab-server": "gitlab.example.com",
    "cluster": "oidc.eks.eu-west-1.amazonaws.com/id/8F3A6C0D21B94E7FA5D3C6B7E8091A2B",
    "terraform": "app.terraform.io",
    "buildkite": "agent.buildkite.com",
    "unheard-of": "oidc.example.com",
    "unheard-of-too": "ci.example.com/tenants/7",
}
CLIENTS = ("sts.amazonaws.com",)


@dataclass(frozen=True)
class Case:
    """One case of a file."""

    rule: str
    body: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.rule}: {self.body['name']}"

    @property
    def titles(self) -> list[str]:
        return list(self.body["finds"])

    @property
    def policy(self) -> dict[str, Any]:
        return policy(self.body)

    @property
    def power(self) -> bool:
        return bool(self.body.get("power")) or "may" in self.body

    @property
    def ours(self) -> Ours:
        return ours(self.body.get("ours"))

    def snapshot(self) -> Snapshot:
        if "google" in self.body:
            return estates.snapshot(self.body["google"])
        if "azure" in self.body:
            return azure(self.body["azure"])
        return snapshot(self.policy, self.body)


def cases() -> Iterator[Case]:
    """Every case of every file, in a fixed order."""
    for file in sorted(FOLDER.glob("*.json")):
        for body in json.loads(file.read_text("utf-8"))["cases"]:
            yield Case(file.stem, body)


def policy(body: Mapping[str, Any]) -> dict[str, Any]:
    """The trust policy of a case."""
    if "policy" in body:
        return dict(body["policy"])
    names = body.get("issuers") or [body.get("issuer", "github")]
    if "statements" in body:
        statements = [_statement(part, names) for part in body["statements"]]
    else:
        statements = [_statement({"condition": body["condition"]}, names)]
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(part: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    doors = [f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOSTS[name]}" for name in part.get("issuers", names)]
    return {
        "Effect": part.get("effect", "Allow"),
        "Principal": {"Federated": doors[0] if len(doors) == 1 else doors},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": _written(part["condition"], HOSTS[names[0]]),
    }


def snapshot(trust_policy: Mapping[str, Any], body: Mapping[str, Any]) -> Snapshot:
    """An account of one role and the providers its policy names, unless the case says otherwise."""
    documents = [Document("aws", ACCOUNT, "account", ACCOUNT, {"Account": ACCOUNT})]
    documents.append(
        Document(
            "aws",
            ACCOUNT,
            "iam-role",
            ROLE,
            {"Arn": ROLE, "RoleName": "deploy", "AssumeRolePolicyDocument": trust_policy, **_grants(body)},
        )
    )
    for name, other in body.get("others", {}).items():
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        trusted = {"Version": "2012-10-17", "Statement": other.get("trusts", [])}
        role = {"Arn": arn, "RoleName": name, "AssumeRolePolicyDocument": trusted, **_grants(other)}
        documents.append(Document("aws", ACCOUNT, "iam-role", arn, role))
    named = [] if body.get("registered") is False else body.get("issuers") or [body.get("issuer", "github")]
    for name in (*named, *body.get("idle", ())):
        arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOSTS[name]}"
        provider = {"Arn": arn, "Url": HOSTS[name], "ClientIDList": list(body.get("clients", CLIENTS))}
        documents.append(Document("aws", ACCOUNT, "oidc-provider", arn, provider))
    if "above" in body:
        documents += _above(body["above"])
    kinds = ("account", "iam-policy", "iam-role", "oidc-provider", "organization")
    coverage = [Coverage("aws", ACCOUNT, kind, Status.READ) for kind in kinds]
    return Snapshot("2026-11-21T10:00:00Z", "2026-11-21T10:00:05Z", documents, coverage)


def _above(conditions: list[Any]) -> list[Document]:
    """An organisation with one resource control policy per condition of a Deny; None is one that was not read."""
    contents: dict[str, Any] = {}
    for number, condition in enumerate(conditions):
        tests = None if condition is None else _written(condition, HOSTS["github"])
        contents[f"p-{number}"] = organised.UNREAD if tests is None else organised.control(organised.refusing(tests))
    organisation = {"Id": organised.ORGANISATION, "MasterAccountId": organised.MANAGER}
    return organised.organised(contents, {"r-1": list(contents)}, organisation, ACCOUNT)


def _written(condition: Mapping[str, Any], host: str) -> dict[str, Any]:
    """A condition with the issuer in front of keys that have none."""
    return {
        operator: {key if ":" in key else f"{host}:{key}": values for key, values in tests.items()}
        for operator, tests in condition.items()
    }


def _grants(body: Mapping[str, Any]) -> dict[str, Any]:
    """The one inline policy of a role, of the statements under `may`, and whatever stands under `role`."""
    if "may" not in body:
        return {}
    policies = [{"PolicyName": "grants", "PolicyDocument": {"Version": "2012-10-17", "Statement": body["may"]}}]
    return {"RolePolicyList": policies if body["may"] else [], **body.get("role", {})}


def azure(estate: Mapping[str, Any]) -> Snapshot:
    """An Azure estate with further `documents` as JSON objects, and `read`, the further kinds that were read."""
    documents = [Document("azure", **one) for one in estate.get("documents", ())]
    scopes = f"tenants/{azure_estates.TENANT}", f"subscriptions/{azure_estates.SUBSCRIPTION}"
    rows = [Coverage("azure", scope, kind, Status.READ) for kind in estate.get("read", ()) for scope in scopes]
    return azure_estates.snapshot({**estate, "documents": documents, "unread": [*estate.get("unread", ()), *rows]})


def ours(declared: Mapping[str, list[str]] | None) -> Ours:
    """`[ours]` as a case writes it: kinds of issuer and names, `name@id` with the id; under `issuers` URLs."""
    if declared is None:
        return Ours()
    kinds = {kind: names for kind, names in declared.items() if kind != "issuers"}
    parts = {kind: [name.partition("@") for name in names] for kind, names in kinds.items()}
    tenants = {kind: tuple(Owned(name, id_ or None) for name, _, id_ in names) for kind, names in parts.items()}
    return Ours(tenants=tenants, issuers=tuple(declared.get("issuers", ())), declared=True)


def judged(case: Snapshot, mine: Ours, issuers: Catalogue | None = None, *, power: bool = False) -> Context:
    """The context rules run in, witnesses confirmed on the source as in the pipeline.

    Without `power`, nobody asked what identities may do.
    """
    provider = provider_of(case)

    def judge(trust: Trust) -> Decision:
        return confirm(provider, decide(trust, mine))

    decisions = tuple(judge(trust) for trust in provider.trusts(case, issuers or catalogue_of()))
    idle = tuple(provider.idle_registrations(case))
    if not power:
        return Context(mine, decisions, idle, judge)
    graph = Graph({provider.id: provider.authority(case)})
    standings = {decision.trust.identity: graph.standing(decision.trust.identity) for decision in decisions}
    rated = tuple(replace(one, power=standings[one.trust.identity].level) for one in decisions)
    return Context(mine, rated, idle, judge, graph=graph, standings=standings, collected=case.finished)


def provider_of(case: Snapshot) -> Provider:
    """The one cloud that the snapshot is of."""
    (name,) = case.providers
    return PROVIDERS[name]()


def findings(context: Context) -> list[Finding]:
    """What all rules find, in the order of `RULES`."""
    return list(run(RULES, context))
