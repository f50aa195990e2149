"""The three clouds on loopback, each read by the real command with limits that fit a test."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config

from auditor import cli
from auditor.collecting.plan import Patience
from auditor.providers.aws.connections import Limits as AwsLimits
from auditor.providers.azure.rest import Limits as AzureLimits
from auditor.providers.gcp.rest import Limits as GoogleLimits
from fixtures.loopback import aws_organisation
from fixtures.loopback.aws import ACCOUNT, LoopbackAws
from fixtures.loopback.azure import LoopbackAzure
from fixtures.loopback.faults import PASSING, Fault, Storm
from fixtures.loopback.gcp import LoopbackGoogle
from tests.providers.azure.tenant import ESTATE as TENANT
from tests.providers.gcp.organisation import ESTATE as ORGANISATION

HOST = "token.actions.githubusercontent.com"
MEMBERS = 4

PATIENT = 20
"""Seconds without a byte: of whoever answers on loopback, however busy the machine is."""
STALLED = 0.5
"""Seconds without a byte where somebody does not answer at all."""

Server = LoopbackAws | LoopbackGoogle | LoopbackAzure


@dataclass(frozen=True, slots=True)
class Cloud:
    """How one cloud is served, asked and read."""

    name: str
    arguments: Sequence[str]
    """Of `auditor scan`, so that the whole estate is read."""
    serve: Callable[[], AbstractContextManager[Server]]
    load: Callable[[Any], Mapping[str, str]]
    """Puts the estate there anew, in fair weather. Returns the names that are not always the same."""
    patient: Any
    """Limits as they are by default, but for the length of pauses."""
    hasty: Any
    """Limits that soon give up."""


def trust(number: int) -> dict[str, Any]:
    """Every other one lets in any repository of an organisation."""
    subject = f"repo:acme/app-{number}:ref:refs/heads/main" if number % 2 else "repo:acme/*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{HOST}:aud": "sts.amazonaws.com"},
                    "StringLike": {f"{HOST}:sub": subject},
                },
            }
        ],
    }


def _aws(server: LoopbackAws) -> Mapping[str, str]:
    server.reset()
    server.seed(7)
    accounts = aws_organisation.load(server, ((f"member-{n}", trust(n)) for n in range(MEMBERS)))
    server.load_trusts([(f"own-{number}", trust(number)) for number in range(2)])
    session = boto3.Session("loopback", "loopback", region_name="us-east-1")
    client = session.client("organizations", endpoint_url=server.url, config=Config(proxies={}))
    policies = client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    names = {
        "member": accounts["member-0"],
        "organisation": client.describe_organization()["Organization"]["Id"],
        "guard": next(policy["Id"] for policy in policies if policy["Name"] == "guard"),
    }
    server.empty_pages, server.page_size = True, 1
    return names


def _google(server: LoopbackGoogle) -> Mapping[str, str]:
    server.load(copy.deepcopy(ORGANISATION), page_size=2)
    return {}


def _azure(server: LoopbackAzure) -> Mapping[str, str]:
    server.load(copy.deepcopy(TENANT), page_size=2)
    return {}


AWS = Cloud(
    "aws",
    ("aws", "--organization"),
    LoopbackAws,
    _aws,
    AwsLimits(read_timeout=PATIENT, pause=0.001, members=Patience(pause=0.01)),
    AwsLimits(attempts=2, read_timeout=PATIENT, pause=0.001, members=Patience(deadline=20, attempts=1, pause=0.01)),
)
GOOGLE = Cloud(
    "gcp",
    ("gcp", "--organization", "100"),
    LoopbackGoogle,
    _google,
    GoogleLimits(backoff=0.001, longest_pause=0.002, read_timeout=PATIENT, slow_interval=0),
    GoogleLimits(attempts=2, backoff=0.001, longest_pause=0.002, read_timeout=PATIENT, slow_interval=0),
)
NO_PACE = {"list_interval": 0, "subscription_interval": 0, "query_interval": 0}
AZURE = Cloud(
    "azure",
    ("azure",),
    LoopbackAzure,
    _azure,
    AzureLimits(backoff=0.001, longest_pause=0.002, read_timeout=PATIENT, **NO_PACE),
    AzureLimits(attempts=2, backoff=0.001, longest_pause=0.002, read_timeout=PATIENT, **NO_PACE),
)
CLOUDS = {cloud.name: cloud for cloud in (AWS, GOOGLE, AZURE)}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the command said."""

    code: int
    report: str
    """JSON, the times of the reading taken out."""
    told: str
    """What stood on stderr."""

    @property
    def body(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.report)
        return found

    @property
    def ledger(self) -> list[tuple[str, str, str, str | None, str | None]]:
        """Scope, kind, status, permission and reason of each row, in order."""
        names = ("scope", "kind", "status", "permission", "reason")
        return [tuple(row[name] for name in names) for row in self.body["coverage"]]

    def trusts(self, elsewhere: str) -> list[Mapping[str, Any]]:
        """Those that do not lie in that scope."""
        return [trust for trust in self.body["trusts"] if trust["scope"] != elsewhere]

    @property
    def gaps(self) -> list[tuple[str, str, str, str | None, str | None]]:
        """The rows of what was not read."""
        return [row for row in self.ledger if row[2] != "read"]


@dataclass(frozen=True, slots=True)
class Sky:
    """One cloud that is being served, and the weather there."""

    cloud: Cloud
    server: Any
    names: Mapping[str, str]

    def scan(self, *more: str) -> Reading:
        """The whole command, in this process."""
        begun = datetime.now(UTC)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.main(["scan", *self.cloud.arguments, "-f", "json", *more])
        return Reading(code, timeless(out.getvalue(), begun), err.getvalue())

    def storm(self, share: float, seed: int, kinds: Sequence[Fault] = PASSING) -> Storm:
        """Random faults from now on, and no others."""
        self.calm()
        storm: Storm = self.server.storm(share, seed, kinds)
        return storm

    def calm(self) -> None:
        """No faults, and the estate as it is."""
        self.server.calm()


def timeless(report: str, begun: datetime) -> str:
    """The report without the times of the reading, which began then."""

    def moment(match: re.Match[str]) -> str:
        return "now" if datetime.fromisoformat(match[0]) >= begun else match[0]

    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", moment, report)


@contextlib.contextmanager
def served(cloud: Cloud) -> Iterator[Sky]:
    """The cloud, and this process turned to it."""
    with cloud.serve() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        names = cloud.load(server)
        server.stall = 1
        yield Sky(cloud, server, names)


def hurry(patch: pytest.MonkeyPatch, limits: Any, *, stalls: bool = False) -> None:
    """Make these the limits of the collector where nobody says otherwise, and let boto3 lose no time.

    `stalls`: somebody will not answer at all, and is not waited for.
    """
    if stalls:
        limits = replace(limits, read_timeout=STALLED)
    patch.setattr(type(limits).__init__, "__defaults__", tuple(getattr(limits, each.name) for each in fields(limits)))
    patch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.001)
    patch.setattr("botocore.retries.adaptive.ClientRateLimiter.on_sending_request", lambda *_, **__: None)
