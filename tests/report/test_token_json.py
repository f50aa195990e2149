"""What a machine reads about a token: one answer whole, and the published schema over many."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from auditor.report import token_json
from auditor.report.base import Layout
from auditor.snapshot import Snapshot
from tests.schemas import closed, complaints
from tests.tokens.material import (
    ACCOUNT,
    ISSUED,
    estate,
    github,
    provider,
    pull_request,
    report,
    role,
    role_arn,
    statement,
)

DOOR = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example"
ESTATE = estate(provider(DOOR, "us"), role("deploy", statement({"StringEquals": {"sub": "Alice"}}, via=DOOR)))
PLACE = "/AssumeRolePolicyDocument/Statement/0"
UNKNOWN = "nobody described this issuer, and [ours] issuers does not name it"
READ_ROW = {"provider": "aws", "scope": ACCOUNT, "status": "read", "reason": None, "permission": None}


def written(payload: dict[str, Any], snapshot: Snapshot | None = None, name: str | None = None) -> dict[str, Any]:
    stream = io.StringIO()
    token_json.write(report(payload, snapshot, name), stream, Layout())
    assert stream.getvalue().endswith("}\n")
    loaded: dict[str, Any] = json.loads(stream.getvalue())
    return loaded


def test_one_answer_whole() -> None:
    token = {"iss": "https://idp.example", "sub": "alice", "aud": "us", "exp": ISSUED, "scopes": [1]}
    found = written(token, ESTATE, "deploy")
    trust = found["estate"]["admissions"][0]["trust"]
    assert found == {
        "version": 1,
        "tool": {"name": "oidc-trust-auditor", "version": "0.0.0"},
        "token": {
            "issuer": "https://idp.example",
            "issuer_kind": "unknown",
            "issuer_name": "idp.example",
            "subject": "alice",
            "run": "token",
            "form": "{sub}",
            "template": [],
            "note": None,
            "signature_passed": False,
            "times": {
                "issued": None,
                "not_before": None,
                "expires": "2026-11-21T11:59:00+00:00",
                "expired": False,
                "unreadable": [],
            },
            "parts": [
                {
                    "name": "sub",
                    "label": "sub",
                    "dimension": "subject",
                    "value": "alice",
                    "controller": "unknown",
                    "claims": ["sub"],
                },
                {
                    "name": "aud",
                    "label": "audience",
                    "dimension": "audience",
                    "value": "us",
                    "controller": "unknown",
                    "claims": ["aud"],
                },
            ],
            "other_readings": [],
            "contradictions": [],
            "missing": [],
            "undescribed": ["scopes"],
            "unread": {"scopes": "a list of something other than text"},
            "whose": {"result": "unknown", "reason": UNKNOWN},
            "classes": {"any-tenant": {"result": "unknown", "reason": UNKNOWN}},
        },
        "estate": {
            "started": "2026-11-21T11:00:00Z",
            "finished": "2026-11-21T11:00:05Z",
            "complete": True,
            "coverage": [{**READ_ROW, "kind": kind} for kind in ("account", "iam-role", "oidc-provider")],
            "trusts": 1,
            "admissions": [
                {
                    "trust": trust,
                    "provider": "aws",
                    "scope": ACCOUNT,
                    "identity": {"kind": "iam-role", "id": role_arn("deploy"), "name": "deploy"},
                    "via": DOOR,
                    "result": "rejected",
                    "reason": None,
                    "chosen": {},
                    "audience_assumed": False,
                    "grounds": [],
                }
            ],
            "identity": {
                "provider": "aws",
                "scope": ACCOUNT,
                "kind": "iam-role",
                "id": role_arn("deploy"),
                "name": "deploy",
                "trusts": ["https://idp.example"],
                "why": [
                    {
                        "trust": trust,
                        "via": DOOR,
                        "result": "rejected",
                        "reason": "its one allow statement fails on StringEquals idp.example:sub",
                        "door": {
                            "holds": "true",
                            "issuer_difference": None,
                            "carried": [{"claim": "aud", "value": "us"}],
                            "registered": ["us"],
                            "note": None,
                            "difference": None,
                        },
                        "statements": [
                            {
                                "effect": "allow",
                                "holds": "false",
                                "source": {"document": role_arn("deploy"), "pointer": PLACE},
                                "clauses": [
                                    {
                                        "test": "StringEquals idp.example:sub",
                                        "holds": "false",
                                        "source": {
                                            "document": role_arn("deploy"),
                                            "pointer": f"{PLACE}/Condition/StringEquals/idp.example:sub",
                                        },
                                        "note": None,
                                        "carried": [{"claim": "sub", "value": "alice"}],
                                        "nearest": [
                                            {
                                                "value": "Alice",
                                                "matches": "false",
                                                "difference": "it differs in upper and lower case only",
                                                "source": {
                                                    "document": role_arn("deploy"),
                                                    "pointer": f"{PLACE}/Condition/StringEquals/idp.example:sub",
                                                },
                                            }
                                        ],
                                        "more": 0,
                                        "written": None,
                                    }
                                ],
                            }
                        ],
                    }
                ],
            },
        },
    }


OPEN = estate(
    provider(),
    role("any", statement({"StringLike": {"sub": "repo:acme/*", "sts:RoleSessionName": "ci-*"}})),
    role("odd", statement({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
    role("dead", statement({"StringEquals": {"repository_owner": "acme"}})),
)
MANY: dict[str, tuple[Any, ...]] = {
    "recognised only": (github(),),
    "a pull request": (pull_request(), OPEN),
    "why": (pull_request(), OPEN, "any"),
    "unknown": (github(), OPEN, "odd"),
    "dead": (github(), OPEN, "dead"),
    "contradictions": (github(repository_owner="eve", environment="x", exp="soon"), OPEN),
    "customised": (github("repo:acme/app:ref:refs/heads/main:workflow:ship"), OPEN),
    "another issuer": ({"iss": "https://gitlab.com", "sub": "x", "aud": ["a", "b"]}, OPEN, "any"),
}


@pytest.mark.parametrize("arguments", MANY.values(), ids=MANY)
def test_the_schema_describes_every_field(arguments: tuple[Any, ...]) -> None:
    assert complaints(closed("token"), written(*arguments)) == []


def test_the_schema_refuses_what_is_wrong() -> None:
    good = written(*MANY["why"])
    spoils: list[Callable[[Any], Any]] = [
        lambda one: one.update(version=2),
        lambda one: one["token"].update(run=3),
        lambda one: one["token"]["parts"][0].pop("value"),
        lambda one: one["estate"]["admissions"][0].update(result="maybe"),
        lambda one: one["estate"]["identity"]["why"][0]["statements"][0]["clauses"][0].update(holds=True),
        lambda one: one.pop("estate"),
    ]
    for spoil in spoils:
        bad = json.loads(json.dumps(good))
        spoil(bad)
        assert complaints(closed("token"), bad) != []
