"""Findings about trusts below policies of the organisation: who is told what, and what to change."""

from __future__ import annotations

from typing import Any

from auditor.config import Ours
from auditor.model import Finding, Fix, Source
from tests.rules.cases import findings, judged, policy, snapshot

OURS = {"StringNotLikeIfExists": {"sub": "repo:acme/*"}, "Null": {"sub": "false"}}
AUD = {"StringEquals": {"aud": "sts.amazonaws.com"}}
MAIN = "repo:acme/app:ref:refs/heads/main"
ROLE = "arn:aws:iam::123456789012:role/deploy"
NAMED = "The resource control policy named p-0 (p-0), which stands above the account,"


def found(rule: str, *above: Any, **body: Any) -> Finding:
    case = {"above": above, **body}
    (one,) = (one for one in findings(judged(snapshot(policy(case), case), Ours())) if one.rule == rule)
    return one


def test_a_trust_that_is_shut_from_above_says_by_what_and_for_whom() -> None:
    told = found("dead-trust", OURS, condition={**AUD, "StringLike": {"sub": "repo:partner/*"}})
    assert told.detail == (
        f"{NAMED} refuses every token that this lets in. If nothing stood above it: Any branch, environment, pull "
        "request or tag of any repository of partner on GitHub Actions may become deploy."
    )
    assert told.evidence == (
        Source(
            ROLE, "/AssumeRolePolicyDocument/Statement/0/Condition/StringLike/token.actions.githubusercontent.com:sub"
        ),
        Source("p-0", "/Content/Statement/0"),
    )
    assert told.fix == Fix(
        "Delete the trust if nobody misses it, for it opens when that policy changes. Whoever is meant to get in needs "
        "an exception in that policy; no change of the trust lets them in."
    )


def test_what_was_not_read_above_does_not_matter_to_what_is_shut() -> None:
    told = found("dead-trust", OURS, None, condition={**AUD, "StringLike": {"sub": "repo:partner/*"}})
    assert told.detail.startswith(f"{NAMED} refuses every token that this lets in. If nothing stood above it: Any ")


def test_a_trust_that_is_dead_by_itself_is_not_blamed_on_what_stands_above() -> None:
    told = found("dead-trust", OURS, condition={"StringEquals": {"aud": "sts.amazonaws.com", "sub": "repo:acme/*"}})
    assert "policy named" not in told.detail
    assert told.fix == Fix("Delete the trust if nobody misses it; else say what was meant, exactly.")


def test_a_denial_of_ones_own_and_one_from_above() -> None:
    statements = [
        {"condition": AUD},
        {"condition": {"StringLike": {"sub": "repo:acme/*"}}, "effect": "Deny"},
    ]
    told = found("dead-trust", OURS, statements=statements)
    assert told.detail.startswith(
        "A Deny statement and the resource control policy named p-0 (p-0), which stands above the account, refuse "
        "every token that this lets in. If nothing stood above it: "
    )


def test_several_policies_above() -> None:
    told = found("dead-trust", OURS, {"StringLike": {"sub": "repo:acme/*"}}, condition=AUD)
    assert told.detail.startswith(
        "The resource control policy named p-0 (p-0) and the resource control policy named p-1 (p-1), which stand "
        "above the account, refuse every token that this lets in. If nothing stood above it: Any branch,"
    )


def test_what_is_unclear_above_is_pointed_at() -> None:
    told = found("undecided", {"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}, condition=AUD)
    assert told.evidence == (Source(ROLE, "/AssumeRolePolicyDocument"), Source("p-0", "/Content/Statement/0"))
    assert told.detail.endswith("(aws:SourceVpc: it depends on where the call comes from).")
    assert told.fix == Fix(
        "Let the auditor read what it could not. Whom a policy above the account refuses stays open as long as that "
        "depends on something no token tells, whatever the trust asks for."
    )


def test_a_statement_that_is_shut_from_above_beside_one_that_is_not() -> None:
    statements = [
        {"condition": {"StringEquals": {"aud": "sts.amazonaws.com", "sub": MAIN}}},
        {"condition": {"StringEquals": {"aud": "sts.amazonaws.com", "sub": "repo:partner/app:pull_request"}}},
    ]
    told = found("dead-value", OURS, statements=statements)
    assert told.fix == Fix("Strike the statement out, or have an exception made in that policy.")
    assert told.detail == (
        "Others do, so the trust as a whole is alive. The resource control policy named p-0 (p-0), which stands above "
        "the account, refuses every token that this lets in."
    )


def test_a_fix_edits_the_role_and_never_the_policy_above() -> None:
    told = found("any-project", OURS, condition=AUD)
    assert told.fix is not None
    assert told.fix.before is not None
    assert told.fix.after is not None
    assert '"Deny"' not in told.fix.before
    assert "repo:acme/REPOSITORY:ref:refs/heads/main" in told.fix.after
    assert {place.document for place in told.evidence} == {ROLE}
