"""Two snapshots: who gets in now and did not then, by the tokens themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from auditor.claims.predicate import Token
from auditor.config import Ours
from auditor.drift import tokens
from auditor.issuers.catalogue import catalogue_of
from auditor.judging.checks import REFUSED, UNCONFIRMED
from auditor.model import Decision, Trust
from auditor.providers.aws import PROVIDER, Aws
from auditor.report.base import Report
from tests.drift.estates import (
    EVERYTHING,
    GITHUB,
    GITLAB,
    MAIN,
    READS,
    Role,
    changed,
    only,
    role,
    snapshot,
    statement,
    told,
)

APP, RELEASE = "repo:acme/app:*", "repo:acme/app:ref:refs/heads/release"
IN_GITLAB = "project_path:acme/app:ref_type:branch:ref:main"
TOKENS = "Tokens of GitHub Actions that were refused before can become deploy"


def at(network: str) -> Mapping[str, Any]:
    """A condition that no token tells."""
    return {"IpAddress": {"aws:SourceIp": network}}


CASES: dict[str, tuple[dict[str, Role], dict[str, Role], dict[str, int], list[str]]] = {
    "a further branch": (
        {"deploy": role(MAIN)},
        {"deploy": role(MAIN, RELEASE)},
        {"looser": 1},
        [f"low trust-grew: {TOKENS}"],
    ),
    "another branch": (
        {"deploy": role(MAIN)},
        {"deploy": role(RELEASE)},
        {"incomparable": 1},
        [f"low trust-grew: {TOKENS}"],
    ),
    "any branch of an administrator": (
        {"deploy": role(MAIN, may=EVERYTHING)},
        {"deploy": role(APP, may=EVERYTHING)},
        {"looser": 1},
        [
            "critical pull-request: Unmerged code of acme/app can become deploy",
            f"critical trust-grew: {TOKENS}: code that nobody has merged",
            "high admin-access: deploy, which federated tokens become, is an administrator",
        ],
    ),
    "growth behind a finding that was there": (
        {"deploy": role("repo:acme/*")},
        {"deploy": role("repo:acme/*", "repo:umbrella/*")},
        {"looser": 1},
        [f"medium trust-grew: {TOKENS}: any repository"],
    ),
    "less": (
        {"deploy": role(APP)},
        {"deploy": role(MAIN)},
        {"tighter": 1},
        [
            "info finding-gone: No longer found, pull-request: Unmerged code of acme/app can become deploy",
            "info trust-shrank: Fewer tokens of GitHub Actions can become deploy than before",
        ],
    ),
    "not known": (
        {"deploy": role(MAIN, further=at("192.0.2.0/24"))},
        {"deploy": role(MAIN, further=at("192.0.0.0/16"))},
        {"unknown": 1},
        ["low trust-grew: It is not known whether more tokens of GitHub Actions can become deploy than before"],
    ),
    "more, and a test that is gone": (
        {"deploy": role(MAIN, further=at("192.0.2.0/24"))},
        {"deploy": role(MAIN, RELEASE)},
        {"looser": 1},
        [
            "low reusable-name: deploy goes by the name of owner acme, which somebody else may hold one day",
            f"low trust-grew: {TOKENS}",
            "info finding-gone: No longer found, undecided: It is not known who on GitHub Actions can become deploy",
        ],
    ),
    "less, beside something not known": (
        {"deploy": role(MAIN, RELEASE, further=at("192.0.2.0/24"))},
        {"deploy": role(MAIN, further=at("192.0.2.0/24"))},
        {"tighter": 1},
        ["info trust-shrank: Perhaps fewer tokens of GitHub Actions can become deploy than before"],
    ),
    "more, beside something not known": (
        {"deploy": role(MAIN, further=at("192.0.2.0/24"))},
        {"deploy": role(MAIN, RELEASE, further=at("192.0.2.0/24"))},
        {"unknown": 1},
        ["low trust-grew: It is not known whether more tokens of GitHub Actions can become deploy than before"],
    ),
    "a new role": (
        {"deploy": role(MAIN)},
        {"deploy": role(MAIN), "ship": role(MAIN)},
        {"equal": 1, "added": 1},
        [
            "low reusable-name: ship goes by the name of owner acme, which somebody else may hold one day",
            "low trust-added: A new trust lets tokens of GitHub Actions become ship",
        ],
    ),
    "a new issuer of a role": (
        {"deploy": role(MAIN)},
        {"deploy": {"trusts": [statement(MAIN), statement(IN_GITLAB, issuer=GITLAB)], "may": READS}},
        {"equal": 1, "added": 1},
        [
            "low trust-added: A new trust lets tokens of GitLab CI/CD become deploy",
            "info finding-gone: No longer found, orphan-provider: Nothing trusts the registered issuer gitlab.com",
            "info reusable-name: deploy goes by the name of group acme, which somebody else may hold one day",
        ],
    ),
    "a new trust that lets nobody in": (
        {"deploy": role(MAIN)},
        {"deploy": role(MAIN), "ship": role("nothing")},
        {"equal": 1, "added": 1},
        [
            "low dead-trust: No token of GitHub Actions can become ship",
            "info trust-added: A new trust in GitHub Actions lets nobody become ship",
        ],
    ),
    "a trust that is gone": (
        {"deploy": role(MAIN), "ship": role("nothing")},
        {"deploy": role(MAIN)},
        {"equal": 1, "removed": 1},
        [
            "info finding-gone: No longer found, dead-trust: No token of GitHub Actions can become ship",
            "info trust-removed: A trust by which tokens of GitHub Actions could become ship is gone",
        ],
    ),
    "nothing": ({"deploy": role(MAIN)}, {"deploy": role(MAIN)}, {"equal": 1}, []),
}


@pytest.mark.parametrize(("old", "new", "trusts", "findings"), CASES.values(), ids=CASES)
def test_what_is_told(
    old: Mapping[str, Role], new: Mapping[str, Role], trusts: Mapping[str, int], findings: list[str]
) -> None:
    report = changed(old, new)
    assert told(report) == findings
    assert report.comparison is not None
    assert {kind: count for kind, count in report.comparison.trusts.items() if count} == trusts
    assert report.comparison.by_tokens


REWORDED: dict[str, list[Any]] = {
    "as it is": [statement(MAIN, RELEASE)],
    "another order": [statement(RELEASE, MAIN)],
    "twice": [statement(MAIN, RELEASE, MAIN)],
    "two statements": [statement(MAIN), statement(RELEASE)],
    "overlapping statements": [statement(MAIN, RELEASE), statement(RELEASE)],
    "equal to, where like says the same": [statement(MAIN, RELEASE, operator="StringEquals")],
    "keys in another case": [statement(further={"StringLike": {f"{GITHUB.title()}:SUB": [RELEASE, MAIN]}})],
    "a pattern beside what it covers": [statement("repo:acme/app:ref:refs/heads/ma[in", MAIN, RELEASE)],
    "a condition that says the same again": [
        statement(MAIN, RELEASE, further={"StringLike": {f"{GITHUB}:aud": "sts.*.com"}})
    ],
    "a list of one": [
        statement(MAIN, RELEASE, further={"StringEquals": {f"{GITHUB}:aud": ["sts.amazonaws.com"]}}),
    ],
}


@pytest.mark.parametrize("statements", REWORDED.values(), ids=REWORDED)
def test_other_words_are_no_change(statements: list[Any]) -> None:
    then = {"deploy": {"trusts": REWORDED["as it is"], "may": READS}}
    now = {"deploy": {"trusts": statements, "may": READS}}
    for report in (changed(then, now), changed(now, then)):
        assert report.comparison is not None
        assert report.comparison.trusts["equal"] == 1
        assert [one.rule for one in report.findings if one.rule.startswith(("trust-", "power-"))] == []


def trusts(report: Report) -> Mapping[str, Trust]:
    return {decision.trust.id: decision.trust for decision in report.decisions}


@pytest.mark.parametrize("name", ["a further branch", "another branch", "growth behind a finding that was there"])
def test_the_token_shown_gets_in_now_and_did_not_then(name: str) -> None:
    old, new, _, _ = CASES[name]
    found = only(changed(old, new), "trust-grew")
    assert found.witness is not None
    before, after = (trusts(changed(state, state))[found.subject] for state in (old, new))
    assert (PROVIDER.admits(before, found.witness), PROVIDER.admits(after, found.witness)) == (False, True)


def test_a_growth_in_full() -> None:
    found = only(changed({"deploy": role(MAIN)}, {"deploy": role(MAIN, APP)}), "trust-grew")
    assert found.detail == (
        "Before: Branch main of acme/app on GitHub Actions may become deploy. "
        "Now: Any branch, environment, pull request or tag of acme/app on GitHub Actions may become deploy. "
        "Newly let in: code that nobody has merged, any branch, any tag and any environment. "
        "The token shown was refused before. deploy may then use s3."
    )
    assert found.witness is not None
    assert found.witness["sub"] == "repo:acme/app:pull_request"
    place = f"/AssumeRolePolicyDocument/Statement/0/Condition/StringLike/{GITHUB}:sub/1"
    assert [source.pointer for source in found.evidence] == [place]
    assert found.fix is not None
    assert found.fix.summary == "If nobody meant to let them in, write again what was there before."
    assert (json.loads(found.fix.before or ""), json.loads(found.fix.after or "")) == (
        {"Version": "2012-10-17", "Statement": [statement(MAIN, APP)]},
        {"Version": "2012-10-17", "Statement": [statement(MAIN)]},
    )


class Lies(Aws):
    """A second opinion that differs: of the tokens that are to tell two policies apart, it admits none, or all."""

    def __init__(self, answer: bool | None) -> None:
        super().__init__()
        self.answer = answer

    def admits(self, trust: Trust, token: Token) -> bool | None:
        del trust, token
        return self.answer


def decisions(state: Mapping[str, Role]) -> Decision:
    from auditor.decide import decide

    (trust,) = PROVIDER.trusts(snapshot(state), catalogue_of())
    return decide(trust, Ours())


@pytest.mark.parametrize(("answer", "reason"), [(True, REFUSED), (False, REFUSED), (None, UNCONFIRMED)])
def test_a_token_that_the_policies_do_not_confirm_proves_nothing(answer: bool | None, reason: str) -> None:
    old, new = decisions({"deploy": role(MAIN)}), decisions({"deploy": role(APP)})
    change = tokens.change(old, new, Lies(answer), lambda trust: new)
    assert (change.kind, change.gained, change.opened, change.reason) == ("unknown", None, (), reason)
    if reason == REFUSED:
        failed = tokens.failure(change)
        assert (failed.rule, failed.status.value) == ("witness-check", "error")
        assert failed.title == "What changed about who can become deploy is not settled"
