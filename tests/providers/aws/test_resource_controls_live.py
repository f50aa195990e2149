"""A loose trust in every account of an organisation whose resource control policy lets one owner in, over real HTTP."""

from __future__ import annotations

import json
from typing import Any

from auditor import pipeline, rules
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.config import Config
from auditor.model import Decision
from auditor.organizations import ANY
from auditor.progress import silent
from auditor.providers.aws import PROVIDER
from auditor.providers.aws.connections import Limits
from auditor.report.base import Report
from auditor.rules.base import Persona
from fixtures.loopback import aws_organisation
from fixtures.loopback.aws import ACCOUNT, LoopbackAws
from fixtures.loopback.faults import Fault
from tests.reading import read_alone

HOST = "token.actions.githubusercontent.com"
FAST = Limits(attempts=2, read_timeout=20, pause=0.01)


def trust(subject: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com"}, "StringLike": {f"{HOST}:sub": subject}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


OURS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "TrustedTenants",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Resource": "*",
            "Condition": {
                "StringNotLikeIfExists": {f"{HOST}:sub": "repo:acme/*"},
                "Null": {f"{HOST}:sub": "false"},
            },
        }
    ],
}


def organisation(aws: LoopbackAws) -> tuple[str, list[str]]:
    """The policy's id and the accounts: the management account (anybody), then members: partner, anybody."""
    members = aws_organisation.load(aws, [("partner", trust("repo:partner/*")), ("anybody", trust("*"))])
    iam = aws.iam()
    iam.create_open_id_connect_provider(Url=f"https://{HOST}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=[])
    iam.create_role(RoleName="manager", AssumeRolePolicyDocument=json.dumps(trust("*")))
    return aws_organisation.control(aws, "tenants", OURS), [ACCOUNT, *members.values()]


def audit() -> Report:
    snapshot = read_alone(PROVIDER, Config(), organization=ANY, limits=FAST)
    return pipeline.audit(snapshot, [PROVIDER], Config(), rules.RULES, Persona.REGULAR, silent)


def told(decisions: Any) -> dict[str, tuple[type[Verdict], type[Verdict]]]:
    """Name of the role → whether anybody gets in, whether strangers do."""
    of: dict[str, Decision] = {one.trust.identity.name: one for one in decisions}
    return {name: (type(one.reachable), type(one.classes["any-tenant"])) for name, one in of.items()}


def test_a_policy_of_the_organisation_shuts_members_and_not_the_management_account(aws: LoopbackAws) -> None:
    ident, _ = organisation(aws)
    report = audit()
    assert told(report.decisions) == {
        "manager": (Accepted, Accepted),
        "partner": (Rejected, Rejected),
        "anybody": (Accepted, Rejected),
    }
    found = {
        (one.rule, one.title) for one in report.findings if one.rule in ("any-tenant", "any-project", "dead-trust")
    }
    assert found == {
        ("any-tenant", "Anyone on GitHub Actions can become manager"),
        ("any-project", "Any repository of acme can become anybody"),
        ("dead-trust", "No token of GitHub Actions can become partner"),
    }
    (dead,) = (one for one in report.findings if one.rule == "dead-trust")
    assert f"The resource control policy tenants ({ident}), which stands above the account, refuses" in dead.detail
    assert (ident, "/Content/Statement/0") in {(place.document, place.pointer) for place in dead.evidence}
    assert not [row for row in report.coverage if row.status != "read"]


def test_a_policy_that_may_not_be_read_leaves_its_accounts_open(aws: LoopbackAws) -> None:
    ident, _ = organisation(aws)
    aws.fail("DescribePolicy", Fault.ACCESS_DENIED, about=ident)
    report = audit()
    assert told(report.decisions) == {
        "manager": (Accepted, Accepted),
        "partner": (Undecided, Rejected),
        "anybody": (Undecided, Undecided),
    }
    (gap,) = (row for row in report.coverage if row.status != "read")
    assert (gap.kind, gap.status) == (f"organization-policy {ident}", "denied")


def test_attachments_nobody_may_read_take_nothing_away(aws: LoopbackAws) -> None:
    organisation(aws)
    aws.fail("ListPolicies", Fault.ACCESS_DENIED)
    report = audit()
    assert told(report.decisions) == {
        "manager": (Accepted, Accepted),
        "partner": (Accepted, Rejected),
        "anybody": (Accepted, Accepted),
    }
    gaps = [row for row in report.coverage if row.status != "read"]
    assert [(row.kind, row.status, (row.reason or "").partition(":")[0]) for row in gaps] == [
        ("organization-policy", "skipped", f"{kind} control policies were not read, which could only take away")
        for kind in ("resource", "service")
    ]
