"""What is proposed in the cloud's own words closes the hole it is proposed for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.config import Ours
from auditor.issuers import identify
from auditor.model import Finding, Severity, Source
from auditor.rules import fix_aws, fixes
from auditor.rules.exposure import ORDER
from tests.providers.gcp import estates
from tests.providers.gcp.estates import member
from tests.rules.cases import CLIENTS, HOSTS, POLICY, ROLE, Case, cases, findings, judged, policy, snapshot

CLOSING = (*ORDER, "unchecked-audience")


def changed(written: dict[str, Any], found: Finding) -> dict[str, Any]:
    """The policy with the statements of a fix put in the place of those it shows as they are."""
    assert found.fix is not None
    assert found.fix.before is not None
    assert found.fix.after is not None
    before, after = json.loads(found.fix.before), json.loads(found.fix.after)
    pairs = [(before, after)] if isinstance(before, dict) else list(zip(before, after, strict=True))
    new = [next((b for a, b in pairs if a == statement), statement) for statement in written["Statement"]]
    assert new != written["Statement"]
    return {**written, "Statement": new}


def changed_google(estate: dict[str, Any], found: Finding) -> dict[str, Any]:
    """The estate with the member or the condition of a fix in the place of the one it shows as it is."""
    assert found.fix is not None
    before, after = found.fix.before, found.fix.after
    assert before is not None
    assert after is not None
    if before.startswith("principal"):
        assert member(estate["member"]) == before
        return {**{key: value for key, value in estate.items() if key != "member"}, "members": after.splitlines()}
    assert estate.get("condition", "(no attribute condition)") == before
    return {**estate, "condition": after}


FIXED = [case for case in cases() if case.titles and not {"google", "azure"} & case.body.keys()]


@pytest.mark.parametrize("case", FIXED, ids=str)
def test_the_fix_closes_what_it_is_for(case: Case) -> None:
    context = judged(case.snapshot(), case.ours)
    before = [found for found in findings(context) if found.rule in CLOSING and found.severity > Severity.INFO]
    for found in before:
        assert found.fix is not None
        after = judged(snapshot(changed(case.policy, found), case.body), case.ours)
        assert (found.rule, found.subject) not in {(one.rule, one.subject) for one in findings(after)}
        if len({one.rule for one in before if one.subject == found.subject}) == 1:
            (decision,) = (one for one in after.decisions if one.trust.id == found.subject)
            unknown = "undecided" in {one.rule for one in findings(after)}
            assert isinstance(decision.classes[found.rule], Rejected | Undecided if unknown else Rejected)


@pytest.mark.parametrize("case", [case for case in cases() if "google" in case.body], ids=str)
def test_the_fix_closes_what_it_is_for_in_google_cloud(case: Case) -> None:
    context = judged(case.snapshot(), case.ours)
    for found in findings(context):
        if found.rule in CLOSING and found.severity > Severity.INFO:
            new = changed_google(dict(case.body["google"]), found)
            after = judged(estates.snapshot(new), case.ours)
            assert found.rule not in {one.rule for one in findings(after)}
            unknown = "undecided" in {one.rule for one in findings(after)}
            for decision in after.decisions:
                assert isinstance(decision.classes[found.rule], Rejected | Undecided if unknown else Rejected)


@pytest.mark.parametrize("rule", ["dead-value", "untrusted-tenant"])
def test_striking_out_silences_the_rule(rule: str) -> None:
    struck = 0
    for case in cases():
        if {"google", "azure"} & case.body.keys():
            continue
        for found in findings(judged(case.snapshot(), case.ours)):
            if found.rule == rule and found.fix is not None and found.fix.after is not None:
                after = judged(snapshot(changed(case.policy, found), case.body), case.ours)
                assert found.id not in {one.id for one in findings(after)}
                struck += 1
    assert struck >= 1


def test_a_value_among_others_is_replaced_in_its_place() -> None:
    sub = f"{HOSTS['github']}:sub"
    body = {"condition": {"StringLike": {"sub": ["repo:acme/app:ref:refs/heads/main", "repo:acme/*", "repo:acme/w*"]}}}
    written = policy(body)
    (found,) = (one for one in findings(judged(snapshot(written, body), Ours())) if one.rule == "any-project")
    new = changed(written, found)["Statement"][0]
    assert new["Condition"] == {
        "StringLike": {sub: ["repo:acme/app:ref:refs/heads/main", "repo:acme/REPOSITORY:ref:refs/heads/main"]}
    }
    assert {k: v for k, v in new.items() if k != "Condition"} == {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{HOSTS['github']}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }


def test_every_line_is_narrowed_to_its_own_project() -> None:
    body = {"condition": {"StringLike": {"sub": ["repo:acme/app:*", "repo:acme/web:*"]}}}
    written = policy(body)
    (found,) = (one for one in findings(judged(snapshot(written, body), Ours())) if one.rule == "pull-request")
    assert found.title == "Unmerged code of acme/app and acme/web can become deploy"
    assert changed(written, found)["Statement"][0]["Condition"] == {
        "StringEquals": {
            f"{HOSTS['github']}:sub": ["repo:acme/app:ref:refs/heads/main", "repo:acme/web:ref:refs/heads/main"]
        }
    }


@pytest.mark.parametrize(
    ("url", "through", "subject"),
    [
        ("https://token.actions.githubusercontent.com", "branch", "repo:OWNER/REPOSITORY:ref:refs/heads/main"),
        ("https://token.actions.githubusercontent.com", "environment", "repo:OWNER/REPOSITORY:environment:production"),
        ("https://gitlab.com", "branch", "project_path:GROUP/PROJECT:ref_type:branch:ref:main"),
        (
            "https://app.terraform.io",
            "branch",
            "organization:ORGANIZATION:project:PROJECT:workspace:WORKSPACE:run_phase:apply",
        ),
        (
            "https://agent.buildkite.com",
            "branch",
            "organization:ORGANIZATION:pipeline:PIPELINE:ref:refs/heads/main:commit:*:step:*",
        ),
        (f"https://{HOSTS['cluster']}", "branch", "system:serviceaccount:NAMESPACE:SERVICE_ACCOUNT"),
        ("https://oidc.example.com", "branch", None),
        ("https://cognito-identity.amazonaws.com", "branch", None),
    ],
)
def test_example_subjects(url: str, through: str, subject: str | None) -> None:
    assert fixes.example_subject(identify(url), None, (), through) == subject


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Condition": "x"},
        {"Effect": "Allow", "Condition": {"StringLike": ["x"]}},
        "Allow",
        None,
    ],
)
def test_nothing_is_proposed_for_what_has_no_known_shape(statement: Any) -> None:
    body = {"condition": {"StringEquals": {"aud": CLIENTS[0]}}}
    (decision,) = judged(snapshot(policy(body), body), Ours()).decisions
    role = {"AssumeRolePolicyDocument": {"Statement": [statement]}}
    trust = decision.trust
    broken = type(trust)(**{name: getattr(trust, name) for name in trust.__slots__} | {"documents": {"role": role}})
    place = Source(ROLE, f"{POLICY}/Statement/0")
    assert fix_aws.narrowed(broken, {place: "x"}, "sub") is None
    assert fix_aws.required(broken, [place], "aud", "x") is None
    assert fix_aws.without(broken, [place]) is None


def test_the_usual_audience_is_asked_for_where_it_is_registered() -> None:
    body = {
        "condition": {"StringEquals": {"sub": "repo:acme/app:ref:refs/heads/main"}},
        "clients": ["a", "sts.amazonaws.com"],
    }
    context = judged(snapshot(policy(body), body), Ours())
    assert fix_aws.audience(context.decisions[0].trust) == "sts.amazonaws.com"
    assert isinstance(context.decisions[0].classes["unchecked-audience"], Accepted)
