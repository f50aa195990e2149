"""One finding per hole: what a wider finding covers, and that nothing accepted is ever lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.claims.verdict import Accepted, Rejected
from auditor.config import Ours
from auditor.model import Finding
from auditor.rules import RULES
from auditor.rules.base import Context, nobody
from auditor.rules.exposure import ORDER
from tests.rules.cases import HOSTS, findings, judged, policy, snapshot

GITHUB = HOSTS["github"]
SUB = f"/AssumeRolePolicyDocument/Statement/0/Condition/StringLike/{GITHUB}:sub"
CLASSES = (*ORDER, "unchecked-audience")


def like(*subjects: str, **further: Any) -> dict[str, Any]:
    return {
        "condition": {"StringEquals": {"aud": "sts.amazonaws.com"}, "StringLike": {"sub": list(subjects)}, **further}
    }


def judge(body: dict[str, Any]) -> Context:
    return judged(snapshot(policy(body), body), Ours())


def of_classes(found: list[Finding]) -> dict[str, list[str]]:
    return {one.rule: [source.pointer for source in one.evidence] for one in found if one.rule in CLASSES}


@pytest.mark.parametrize(
    ("subjects", "found"),
    [
        (["repo:acme/app:*"], {"pull-request": [f"{SUB}/0"]}),
        (["repo:acme/*", "repo:acme/web:*"], {"any-project": [f"{SUB}/0"], "pull-request": [f"{SUB}/1"]}),
        (["repo:acme/*:ref:refs/tags/v1", "repo:acme/x*:ref:refs/tags/v1"], {"any-project": [f"{SUB}/0", f"{SUB}/1"]}),
        (["repo:acme/app:ref:refs/heads/*", "repo:acme/app:environment:*"], {
            "any-branch": [f"{SUB}/0"],
            "any-environment": [f"{SUB}/1"],
        }),
        (["repo:acme/app:environment:*", "repo:acme/*", "repo:acme/web:pull_request"], {
            "any-project": [f"{SUB}/1"],
            "pull-request": [f"{SUB}/2"],
            "any-environment": [f"{SUB}/0"],
        }),
        (["repo:acme*", "repo:acme/app:pull_request", "repo:acme/*"], {"any-tenant": [f"{SUB}/0"]}),
    ],
)  # fmt: skip
def test_lines_are_reported_once(subjects: list[str], found: dict[str, list[str]]) -> None:
    assert of_classes(findings(judge(like(*subjects)))) == found


def test_every_open_statement_is_named() -> None:
    body = {"statements": [like("repo:acme/a*:ref:refs/heads/main"), like("repo:acme/b*:ref:refs/heads/main")]}
    second = SUB.replace("Statement/0", "Statement/1")
    assert of_classes(findings(judge(body))) == {"any-project": [f"{SUB}/0", f"{second}/0"]}


def test_two_lists_at_once_are_taken_apart_pair_by_pair() -> None:
    repositories = [f"repo:acme/{name}:*" for name in ("app", "web")]
    refs = {"StringEquals": {"aud": "sts.amazonaws.com", "ref": ["refs/heads/main", "refs/pull/17/merge"]}}
    found = findings(judge(like(*repositories, **refs)))
    ref = f"/AssumeRolePolicyDocument/Statement/0/Condition/StringEquals/{GITHUB}:ref"
    assert of_classes(found)["pull-request"] == [f"{ref}/1", f"{SUB}/0", f"{SUB}/1"]


def test_what_a_finding_covers_is_named_in_it() -> None:
    (one,) = (one for one in findings(judge(like("repo:acme/app:*"))) if one.rule == "pull-request")
    assert one.detail == (
        "Any branch, environment, pull request or tag of acme/app on GitHub Actions may become deploy. Who may propose "
        "a change there decides what runs, before anybody has looked at it. The same lines let in, and these are not "
        "reported again: any branch, any tag and any environment. What deploy may then do was not judged."
    )


def test_what_has_lines_of_its_own_is_not_said_to_be_covered() -> None:
    found = findings(judge(like("repo:acme/*:ref:refs/heads/main", "repo:acme/app:pull_request")))
    (project,) = (one for one in found if one.rule == "any-project")
    assert project.detail == (
        "Branch main of any repository of acme; any pull request of acme/app on GitHub Actions may become deploy. The "
        "token shown is of acme/evil-repo, which the trust does not name. What deploy may then do was not judged."
    )


def test_a_list_that_an_absent_claim_passes_is_no_line() -> None:
    body = like("repo:acme/app:*", StringEqualsIfExists={"environment": ["production", "staging"]})
    environment = f"/AssumeRolePolicyDocument/Statement/0/Condition/StringEqualsIfExists/{GITHUB}:environment"
    assert of_classes(findings(judge(body))) == {"pull-request": [f"{SUB}/0", environment]}


def test_a_covering_class_that_is_not_decided_covers_nothing() -> None:
    unknown = like("repo:acme/*:ref:refs/heads/*", IpAddress={"aws:SourceIp": "192.0.2.0/24"})
    body = {"statements": [unknown, like("repo:acme/app:pull_request")]}
    context = judge(body)
    (decision,) = context.decisions
    assert not isinstance(decision.classes["any-project"], Accepted | Rejected)
    assert set(of_classes(findings(context))) == {"pull-request"}
    assert "undecided" in {one.rule for one in findings(context)}


def test_what_only_may_get_in_by_another_line_stays_covered() -> None:
    unknown = like("repo:acme/app:pull_request", IpAddress={"aws:SourceIp": "192.0.2.0/24"})
    found = findings(judge({"statements": [like("repo:acme/*"), unknown]}))
    assert of_classes(found) == {"any-project": [f"{SUB}/0"]}
    assert "code that nobody has merged" in found[0].detail


def test_with_nobody_to_ask_everything_is_reported() -> None:
    context = judge(like("repo:acme/*"))
    alone = Context(context.ours, context.decisions, context.idle)
    assert alone.judge is nobody
    accepted = {name for name, verdict in context.decisions[0].classes.items() if isinstance(verdict, Accepted)}
    assert of_classes(findings(alone)) == {name: [f"{SUB}/0"] for name in accepted}
    assert accepted == {"any-project", "any-branch", "any-tag", "any-environment", "pull-request"}


SUBJECTS = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["repo:acme/", "repo:acme@123/", "repo:acme", "repo:"]),
        st.sampled_from(["app", "app@456", "a*", "*"]),
        st.sampled_from([
            ":*", ":pull_request", ":ref:refs/heads/main", ":ref:refs/heads/*", ":ref:refs/tags/*", ":environment:*",
            ":environment:production", ":ref:*",
        ]),
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


PHRASES = {
    "any-project": "any repository",
    "pull-request": "code that nobody has merged",
    "any-branch": "any branch",
    "any-tag": "any tag",
    "any-environment": "any environment",
    "unchecked-audience": "tokens made for another audience",
}


def reported(found: list[Finding], name: str) -> bool:
    """Whether an accepted class is told: by its own finding, or by name in one that covers it."""
    covered = " ".join(one.detail.partition("not reported again: ")[2] for one in found)
    return name in {one.rule for one in found} or PHRASES[name] in covered


@settings(max_examples=40)
@given(st.lists(SUBJECTS, min_size=1, max_size=2))
def test_no_accepted_class_is_lost(statements: list[list[str]]) -> None:
    context = judge({"statements": [like(*subjects) for subjects in statements], "clients": ["sts.amazonaws.com", "x"]})
    (decision,) = context.decisions
    found = findings(context)
    for name, verdict in decision.classes.items():
        if isinstance(verdict, Accepted):
            assert reported(found, name), name
        elif isinstance(verdict, Rejected):
            assert name not in {one.rule for one in found}


@settings(max_examples=40)
@given(SUBJECTS)
def test_the_lines_of_all_findings_are_all_the_open_lines(subjects: list[str]) -> None:
    """Without every line that some finding names, no class gets in any more."""
    named = {place for places in of_classes(findings(judge(like(*subjects)))).values() for place in places}
    kept = [] if SUB in named else [text for index, text in enumerate(subjects) if f"{SUB}/{index}" not in named]
    left = findings(judge(like(*kept))) if kept else []
    # Strangers hide the rest: once they are out, the next audit tells what else there is.
    if not any("any-tenant" in one.rule for one in findings(judge(like(*subjects)))):
        assert of_classes(left) == {}


def test_rules_are_listed_once() -> None:
    assert [rule.id for rule in RULES if rule.id in CLASSES] == [*ORDER[:1], *ORDER[1:], "unchecked-audience"]
