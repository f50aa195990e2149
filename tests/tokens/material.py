"""Tokens and a small AWS estate that the tests of `auditor token` share."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from auditor.config import Config, Ours, Owned
from auditor.issuers.catalogue import catalogue_of
from auditor.providers.aws import Aws
from auditor.questions import hold
from auditor.snapshot import Coverage, Document, Snapshot, Status
from auditor.tokens.answer import Answer, TokenReport
from auditor.tokens.nearest import View
from auditor.tokens.read import Decoded, read
from auditor.tokens.recognise import Recognition, recognise
from auditor.tokens.times import times

ACCOUNT = "123456789012"
HOST = "token.actions.githubusercontent.com"
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ISSUED = int(NOW.timestamp()) - 60
OURS = Ours(tenants={"github": (Owned("acme"),)}, declared=True)
READ = tuple(Coverage("aws", ACCOUNT, kind, Status.READ) for kind in ("account", "iam-role", "oidc-provider"))
SIGNATURE = "bm90LWEtcmVhbC1zaWduYXR1cmUtYnV0LWxvbmctZW5vdWdo"
SHA = "c0ffee" * 6 + "c0ff"


def github(sub: str = "repo:acme/app:ref:refs/heads/main", **changes: Any) -> dict[str, Any]:
    """The payload of a push to main of acme/app; None removes a claim."""
    ref = changes.get("ref", "refs/heads/main")
    repository = changes.get("repository", "acme/app")
    workflow = f"{repository}/.github/workflows/ship.yml@{ref}"
    payload = {
        "iss": f"https://{HOST}",
        "sub": sub,
        "aud": "sts.amazonaws.com",
        "repository": repository,
        "repository_id": "70007",
        "repository_owner": repository.partition("/")[0],
        "repository_owner_id": "7007",
        "repository_visibility": "private",
        "ref": ref,
        "ref_type": "branch",
        "head_ref": "",
        "base_ref": "",
        "event_name": "push",
        "actor": "dora",
        "actor_id": "77",
        "workflow": "ship",
        "workflow_ref": workflow,
        "workflow_sha": SHA,
        "job_workflow_ref": workflow,
        "job_workflow_sha": SHA,
        "sha": SHA,
        "runner_environment": "github-hosted",
        "run_id": "7700",
        "run_number": "7",
        "run_attempt": "1",
        "check_run_id": "770077",
        "jti": "one",
        "iat": ISSUED,
        "nbf": ISSUED - 600,
        "exp": ISSUED + 300,
        **changes,
    }
    return {name: value for name, value in payload.items() if value is not None}


def pull_request(repository: str = "acme/app", **changes: Any) -> dict[str, Any]:
    return github(
        f"repo:{repository}:pull_request",
        **{
            "repository": repository,
            "ref": "refs/pull/17/merge",
            "head_ref": "patch-1",
            "base_ref": "main",
            "event_name": "pull_request",
            **changes,
        },
    )


def segment(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def jwt(payload: Mapping[str, Any], header: Mapping[str, Any] | None = None, signature: str = SIGNATURE) -> str:
    """A whole token. Its signature is none, but nothing but a key could tell."""
    return f"{segment(header or {'alg': 'RS256', 'kid': 'one', 'typ': 'JWT'})}.{segment(payload)}.{signature}"


def decoded(payload: Mapping[str, Any]) -> Decoded:
    return read(io.BytesIO(json.dumps(payload).encode()))


def recognised(payload: Mapping[str, Any], ours: Ours = OURS) -> Recognition:
    return recognise(decoded(payload), catalogue_of(), ours)


def provider(arn: str = GITHUB, *client_ids: str) -> Document:
    body = {
        "Arn": arn,
        "Url": arn.partition("oidc-provider/")[2],
        "ClientIDList": list(client_ids or ("sts.amazonaws.com",)),
        "ThumbprintList": [],
        "Tags": [],
    }
    return Document("aws", ACCOUNT, "oidc-provider", arn, body)


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def role(name: str, *statements: Mapping[str, Any]) -> Document:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    body = {"RoleName": name, "Arn": role_arn(name), "AssumeRolePolicyDocument": policy, "Tags": []}
    return Document("aws", ACCOUNT, "iam-role", role_arn(name), body)


def statement(condition: Mapping[str, Any], effect: str = "Allow", via: str = GITHUB) -> dict[str, Any]:
    """`condition`: operator → claim → values; the issuer's prefix is put in front of claims without a colon."""
    host = via.partition("oidc-provider/")[2]
    keyed = {
        operator: {key if ":" in key else f"{host}:{key}": value for key, value in tests.items()}
        for operator, tests in condition.items()
    }
    return {
        "Effect": effect,
        "Principal": {"Federated": via},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": keyed,
    }


def estate(*documents: Document, coverage: tuple[Coverage, ...] = READ) -> Snapshot:
    return Snapshot("2026-11-21T11:00:00Z", "2026-11-21T11:00:05Z", list(documents), list(coverage))


def held(payload: Mapping[str, Any], snapshot: Snapshot, name: str | None = None) -> Answer:
    """The answer about one token and one estate."""
    token = decoded(payload)
    recognition = recognise(token, catalogue_of(), Config().ours)
    view = View(recognition.issuer.grammar, recognition.reading, token.unread)
    return hold(snapshot, [Aws()], Config(), token, view, name, lambda _: None)


def report(payload: Mapping[str, Any], snapshot: Snapshot | None = None, name: str | None = None) -> TokenReport:
    token = decoded(payload)
    subject = token.claims.get("sub")
    return TokenReport(
        tool_version="0.0.0",
        subject=subject if isinstance(subject, str) else None,
        recognition=recognised(payload),
        times=times(payload, NOW),
        whole=False,
        unread=token.unread,
        answer=None if snapshot is None else held(payload, snapshot, name),
    )
