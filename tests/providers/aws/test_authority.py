"""What an authority tells besides levels: where it stands, what is missing, when a role was used, what to write.

And what must hold of it whatever the documents say: it never raises, never grows by a Deny, and is the same every time.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data

from auditor.model import Fix, Identity, Level, Source
from auditor.power import Capability, Profile
from auditor.providers.aws import PROVIDER
from auditor.snapshot import Coverage, Document, Snapshot, Status
from tests.providers.aws.power_cases import ACCOUNT, NOW, policy_arn, role_arn, snapshot
from tests.providers.aws.test_permissions import policy as generated

DEPLOY = Identity("aws", ACCOUNT, "iam-role", role_arn("deploy"), "deploy")


def profile(*documents: dict[str, Any], unread: tuple[str, ...] = ()) -> Profile:
    return PROVIDER.authority(snapshot({"documents": documents, "unread": unread})).profile(DEPLOY)


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


# Where it stands


def test_evidence_is_the_action_of_the_statement_of_the_default_version() -> None:
    documents = (
        {"role": "deploy", "attached": ["shared"], "statements": [allow("sns:Publish", "arn:aws:sns:*:*:builds")]},
        {"policy": "shared", "statements": [allow("s3:ListBucket"), allow(["logs:PutLogEvents", "s3:GetObject"])]},
    )
    capabilities = profile(*documents).power.capabilities
    assert capabilities == (
        Capability(
            Level.SENSITIVE_READ,
            "read the objects of every bucket",
            ("s3:GetObject",),
            "*",
            (Source(policy_arn("shared"), "/PolicyVersionList/1/Document/Statement/1/Action/1"),),
        ),
        Capability(
            Level.SCOPED,
            "use s3",
            ("s3:ListBucket",),
            "*",
            (Source(policy_arn("shared"), "/PolicyVersionList/1/Document/Statement/0"),),
        ),
        Capability(
            Level.SCOPED,
            "use sns",
            ("sns:Publish",),
            "arn:aws:sns:*:*:builds",
            (Source(DEPLOY.id, "/RolePolicyList/0/PolicyDocument/Statement/0"),),
        ),
    )


def serves(service: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}


def test_an_escalation_names_its_path_and_every_statement_it_takes() -> None:
    statements = [allow("iam:PassRole"), allow(["lambda:InvokeFunction", "lambda:CreateF*"])]
    found = profile({"role": "deploy", "statements": statements}, {"role": "runner", "trust": [serves("lambda")]})
    place = "/RolePolicyList/0/PolicyDocument/Statement"
    assert found.power.capabilities[0] == Capability(
        Level.ESCALATION,
        "run a new function under a role of its choice",
        ("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"),
        "*",
        (
            Source(DEPLOY.id, f"{place}/0/Action"),
            Source(DEPLOY.id, f"{place}/1/Action/1"),
            Source(DEPLOY.id, f"{place}/1/Action/0"),
        ),
        path="lambda-create-function-invoke",
    )
    (step,) = found.steps
    assert (step.kind, step.target.name, step.certain) == ("run-as", "runner", True)
    assert step.sources[-1] == Source(role_arn("runner"), "/AssumeRolePolicyDocument/Statement/0")


# What is missing


def test_why_a_policy_was_not_read_is_told() -> None:
    arn = policy_arn("shared")
    taken = snapshot({"documents": [{"role": "deploy", "attached": ["shared"]}]})
    taken.coverage.append(
        Coverage("aws", ACCOUNT, f"iam-policy {arn}", Status.DENIED, "AccessDenied: no", "iam:GetPolicy")
    )
    assert PROVIDER.authority(taken).profile(DEPLOY).power.gaps == (f"the policy {arn} was not read: AccessDenied: no",)


def test_a_policy_without_default_version_is_a_gap() -> None:
    body = {"Arn": policy_arn("shared"), "PolicyVersionList": [{"VersionId": "v1", "Document": {}}]}
    documents = (
        {"role": "deploy", "attached": ["shared"]},
        {"kind": "iam-policy", "id": policy_arn("shared"), "body": body},
    )
    reason = f"the policy {policy_arn('shared')} has no default version that could be read"
    assert profile(*documents).power.gaps == (reason,)


@pytest.mark.parametrize(
    ("fields", "gap"),
    [
        ({"RolePolicyList": "x"}, "the list of inline policies could not be read"),
        ({"AttachedManagedPolicies": 7}, "the list of managed policies could not be read"),
        ({"AttachedManagedPolicies": [{}]}, "the list of managed policies could not be read"),
        ({"RolePolicyList": [{"PolicyName": "x"}]}, "the inline policy x: it is not a JSON object"),
        ({"RolePolicyList": [{"PolicyName": "x", "PolicyDocument": {}}]}, "the inline policy x: it has no Statement"),
    ],
)
def test_shapes_nobody_expects_are_gaps(fields: dict[str, Any], gap: str) -> None:
    power = profile({"role": "deploy", "fields": fields}).power
    assert (power.level, power.gaps) == (Level.UNKNOWN, (gap,))


def test_roles_that_were_not_all_read_leave_ways_open() -> None:
    statements = [allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])]
    (way,) = [
        one
        for one in profile({"role": "deploy", "statements": statements}, unread=("iam-role",)).power.capabilities
        if one.path
    ]
    assert way.doubt == "a role that was not read trusts lambda.amazonaws.com"


# When it was used, and what bounds it


def test_dates_and_boundaries() -> None:
    used = {"RoleLastUsed": {"LastUsedDate": "2026-11-01T08:00:00Z"}, "CreateDate": "2024-02-29T12:00:00Z"}
    bounded = {"role": "other", "boundary": "bounds"}
    found = profile({"role": "deploy", "fields": used}, bounded, {"policy": "bounds", "statements": []})
    assert (found.created, found.last_used, found.use_known) == ("2024-02-29T12:00:00Z", "2026-11-01T08:00:00Z", True)
    assert (found.bound, found.bounds_usual) == (None, True)
    never = profile({"role": "deploy", "fields": {"RoleLastUsed": {}}, "boundary": "bounds"})
    assert (never.last_used, never.use_known, never.bound, never.bounds_usual) == (
        *(None, True, policy_arn("bounds"), False),
    )
    assert not profile({"role": "deploy"}).use_known


def test_every_role_is_listed_once_in_the_order_of_the_documents() -> None:
    documents = [{"role": "b"}, {"role": "a"}, {"role": "b"}]
    authority = PROVIDER.authority(snapshot({"documents": documents}))
    assert [identity.name for identity in authority.identities()] == ["b", "a"]


# What to write instead


def sketched(statements: Any, *others: dict[str, Any], nth: int = 0) -> Fix:
    authority = PROVIDER.authority(snapshot({"documents": [{"role": "deploy", "statements": statements}, *others]}))
    fix = authority.sketch(DEPLOY, authority.profile(DEPLOY).power.capabilities[nth])
    assert fix is not None
    assert fix.summary.startswith("A sketch")
    assert fix.before == json.dumps(statements[0], indent=2)
    return fix


def test_sketch_for_an_administrator() -> None:
    after = sketched([allow("*", Sid="All")]).after
    assert json.loads(after or "") == {
        "Sid": "All",
        "Effect": "Allow",
        "Action": "<the actions it uses>",
        "Resource": "<the resources it works on>",
    }


def test_sketch_for_passing_a_role() -> None:
    statements = [allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])]
    after = sketched(statements, {"role": "runner", "trust": [serves("lambda")]}).after
    assert json.loads(after or "") == {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "<the ARN of the role to pass>",
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    }


def test_sketch_for_an_escalation_leaves_the_decisive_action_out() -> None:
    after = sketched([allow(["iam:PutRolePolicy", "iam:GetRole"])]).after
    assert json.loads(after or "") == {"Effect": "Allow", "Action": ["iam:GetRole"], "Resource": "*"}


def test_sketch_for_wide_reading() -> None:
    after = sketched([allow("secretsmanager:GetSecretValue")]).after
    assert json.loads(after or "") == {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "<the resources it works on>",
    }


# AWS's own policies, as they were in moto's copy

MANAGED: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)


@pytest.mark.parametrize(
    ("name", "may", "must"),
    [
        ("AdministratorAccess", "admin", "admin"),
        ("IAMFullAccess", "admin", "admin"),
        ("PowerUserAccess", "escalation", "wide-write"),
        ("AWSLambda_FullAccess", "escalation", "escalation"),
        ("AmazonECS_FullAccess", "escalation", "escalation"),
        ("AmazonEC2FullAccess", "escalation", "wide-write"),
        ("AmazonS3FullAccess", "wide-write", "wide-write"),
        ("AmazonEC2ContainerRegistryPowerUser", "wide-write", "wide-write"),
        ("ReadOnlyAccess", "sensitive-read", "sensitive-read"),
        ("AmazonS3ReadOnlyAccess", "sensitive-read", "sensitive-read"),
        ("SecurityAudit", "scoped", "scoped"),
        ("ViewOnlyAccess", "scoped", "scoped"),
        ("AWSLambdaBasicExecutionRole", "scoped", "scoped"),
        ("IAMUserChangePassword", "scoped", "scoped"),
    ],
)
def test_policies_of_aws(name: str, may: str, must: str) -> None:
    services = ("lambda", "ec2", "ecs-tasks")
    documents = [
        {"role": "deploy", "statements": MANAGED[name]["Document"]},
        *(
            {
                "role": service,
                "trust": [serves(service)],
                "fields": {"InstanceProfileList": [{}]},
            }
            for service in services
        ),
    ]
    power = profile(*documents).power
    assert (str(power.level), str(power.must)) == (may, must)


# Whatever the documents say


def levels(statements: list[Any]) -> tuple[Level, Level]:
    power = profile({"role": "deploy", "statements": statements}).power
    return power.may, power.must


@pytest.mark.parametrize("seed", range(150))
def test_a_deny_never_adds_and_an_allow_never_takes_away(seed: int) -> None:
    rng = Random(seed)
    statements = [one for _ in range(2) for one in generated(rng, 0.3)["Statement"]]
    less = [*statements, {**generated(rng, 0.0)["Statement"][0], "Effect": "Deny"}]
    more = [*statements, {**generated(rng, 0.0)["Statement"][0], "Effect": "Allow"}]
    may, must = levels(statements)
    assert levels(less)[0] <= may
    assert levels(less)[1] <= must
    assert levels(more)[0] >= may
    assert levels(more)[1] >= must
    assert must <= may


TEXTS = st.sampled_from(
    [
        *(
            "*",
            "s3:*",
            "iam:PassRole",
            "codestar:*",
            "sts:AssumeRole",
            "${aws:username}",
            "${",
            "arn:aws:s3:::*",
            "arn:",
            ":",
        ),
        *(
            "Allow",
            "Deny",
            "2012-10-17",
            "arn:aws:iam::111122223333:role/deploy",
            "\ud800",
            "\ue000",
            "a" * 300,
            "?*?*?*",
        ),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Effect",
                    "Action",
                    "NotAction",
                    "Resource",
                    "NotResource",
                    "Condition",
                    "Principal",
                    "Statement",
                    "AWS",
                    "StringLike",
                    "Bool",
                    "aws:PrincipalArn",
                    "PolicyName",
                    "PolicyDocument",
                    "PolicyArn",
                    "IsDefaultVersion",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Action": TEXTS | st.lists(TEXTS, max_size=3),
            "Resource": TEXTS,
        },
        optional={"Condition": JSON, "Principal": JSON},
    )
    | JSON,
    max_size=4,
)


@settings(max_examples=300)
@given(
    fields=st.dictionaries(
        st.sampled_from(
            [
                "RolePolicyList",
                "AttachedManagedPolicies",
                "PermissionsBoundary",
                "AssumeRolePolicyDocument",
                "RoleLastUsed",
                "RoleName",
                "RoleId",
                "CreateDate",
                "InstanceProfileList",
            ]
        ),
        JSON,
        max_size=5,
    ),
    statements=STATEMENTS,
    trust=STATEMENTS,
    organisation=JSON,
)
def test_hostile_documents_never_raise(fields: Any, statements: Any, trust: Any, organisation: Any) -> None:
    documents = [
        {"role": "deploy", "statements": statements, "trust": trust, "boundary": "bounds"},
        {"role": "odd", "fields": fields},
        {"policy": "bounds", "statements": statements},
    ]
    bodies = (
        organisation if isinstance(organisation, dict) else {"Policies": organisation, "Id": "o-1", "Parent": ACCOUNT}
    )
    taken = snapshot({"documents": documents})
    assert isinstance(taken.documents, list)
    for kind in ("organization", "organization-target", "organization-policy"):
        taken.documents.append(Document("aws", ACCOUNT, kind, ACCOUNT, bodies))
    first = PROVIDER.authority(taken)
    second = PROVIDER.authority(Snapshot(NOW, NOW, taken.documents, taken.coverage))
    for identity in first.identities():
        found = first.profile(identity)
        assert found == second.profile(identity)
        for capability in found.power.capabilities:
            assert capability.sources
            first.sketch(identity, capability)


@pytest.mark.parametrize("service", ["codestar", "codestar-notifications", "no-such-service", "s3express-tomorrow", ""])
def test_a_service_no_catalogue_knows_is_no_pass(service: str) -> None:
    assert levels([allow(f"{service}:*")])[0] is Level.WIDE_WRITE
    assert levels([allow(f"{service}:CreateThing")])[0] is Level.WIDE_WRITE
    assert levels([allow([f"{service}:*", "*"])]) == (Level.ADMIN, Level.ADMIN)
