"""Reads `fixtures/cases/aws_evaluate.json`: concrete calls and their outcome, as documents, trusts and tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from auditor.claims.grammar import Grammar
from auditor.claims.predicate import TRUE, ClaimValue
from auditor.model import Identity, Issuer, Source, Trust

TABLE: Mapping[str, Any] = json.loads(
    (Path(__file__).parents[3] / "fixtures/cases/aws_evaluate.json").read_text("utf-8")
)
NOW = datetime.fromisoformat(TABLE["now"])


def trust_of(policy: Any, issuer: Mapping[str, Any], case: Mapping[str, Any] = MappingProxyType({})) -> Trust:
    """A trust as the evaluator reads it: documents, issuer URL and door. What was compiled is left empty."""
    via = case.get("via", issuer["via"])
    registered = {via: {"Url": issuer["url"].removeprefix("https://"), "ClientIDList": issuer["clients"]}}
    tags = case.get("tags", {})
    if isinstance(tags, dict):
        tags = [{"Key": key, "Value": value} for key, value in tags.items()]
    role = {"Arn": TABLE["role"], "RoleName": "deploy", "AssumeRolePolicyDocument": policy}
    if tags is not None:
        role["Tags"] = tags
    return Trust(
        identity=Identity("aws", TABLE["account"], "iam-role", TABLE["role"], "deploy"),
        issuer=Issuer(url=issuer["url"], kind="unknown", name="", grammar=Grammar({}, ())),
        via=via,
        source=Source(TABLE["role"], "/AssumeRolePolicyDocument"),
        statements=(),
        gate=TRUE,
        audiences=None,
        documents={
            "role": role,
            "account": TABLE["account"],
            "providers": case.get("providers", registered),
            "providers_read": case.get("providers_read", True),
        },
    )


def policy_of(case: Mapping[str, Any], via: str) -> Any:
    if "policy" in case:
        return case["policy"]
    statement = {"Effect": "Allow", "Principal": {"Federated": via}, "Action": "sts:AssumeRoleWithWebIdentity"}
    statements = case["statements"] if "statements" in case else [{**statement, "Condition": case["condition"]}]
    version = case.get("version", "2012-10-17")
    return {"Statement": statements} if version is None else {"Version": version, "Statement": statements}


def token_of(claims: Mapping[str, Any]) -> dict[str, ClaimValue]:
    values = {claim: tuple(value) if isinstance(value, list) else value for claim, value in claims.items()}
    return {claim: value for claim, value in values.items() if value is not None}


def matrix() -> Iterator[dict[str, Any]]:
    """Every operator in every form, on a claim that matches, one that does not, and none: cases like the others."""
    for row in TABLE["matrix"]:
        claim = row["key"].rpartition(":")[2]
        for form, expected in row["expect"].items():
            operator = form.replace("OP", row["operator"])
            for presence, admitted in zip(("matching", "other", "absent"), expected, strict=True):
                yield {
                    "id": f"{operator}-{presence}",
                    "issuer": row["issuer"],
                    "condition": {operator: {row["key"]: row["values"]}},
                    "token": {claim: row.get(presence)},
                    "admitted": admitted,
                }


def trust_and_token(case: Mapping[str, Any]) -> tuple[Trust, dict[str, ClaimValue]]:
    """What a case is about."""
    issuer = TABLE["issuers"][case["issuer"]]
    trust = trust_of(policy_of(case, case.get("via", issuer["via"])), issuer, case)
    return trust, token_of({**issuer["token"], **case.get("token", {})})
