"""What a report of changes rests on: which places each side covers, what failed, what is known, what is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from auditor.drift import compared
from auditor.drift.sides import Ground, Side
from auditor.model import Confidence, Finding, Severity, Status
from auditor.providers import PROVIDERS
from auditor.report.base import Report
from auditor.rules.base import Persona
from auditor.snapshot import Coverage, Snapshot, merge
from auditor.snapshot import Status as Reading
from tests.drift.estates import ACCOUNT, MAIN, NOW, OTHER, THEN, arn, asked, diff, only, role, rows, snapshot, told
from tests.estate import OPEN, TIGHT, finding, report
from tests.providers.azure import estates as azure
from tests.providers.gcp import estates as google

ROLES = {"deploy": role(MAIN)}
MORE = {**ROLES, "ship": role("nothing")}
COMPARISON = "comparison"


def compare_rows(made: Report) -> list[tuple[str, str, str | None]]:
    return [(row.scope, row.status.value, row.reason) for row in made.coverage if row.kind == COMPARISON]


# Places


def test_an_account_that_is_not_covered_any_more_is_no_removal() -> None:
    both = merge([snapshot(MORE, THEN), snapshot(ROLES, THEN, account=OTHER)])
    made = diff(both, snapshot(ROLES, account=OTHER))
    assert told(made) == []
    reason = "the newer state does not cover it: of 2 trusts that were there it is not known what became"
    assert compare_rows(made) == [(ACCOUNT, "failed", reason)]
    assert not made.summary().coverage_complete
    assert made.comparison is not None
    assert (made.comparison.trusts["equal"], made.comparison.trusts["removed"]) == (1, 0)


def test_an_account_that_was_not_covered_counts_as_added_and_says_so() -> None:
    both = merge([snapshot(ROLES), snapshot({"deploy": role("repo:acme/*")}, account=OTHER)])
    made = diff(snapshot(ROLES, THEN), both)
    added = only(made, "trust-added")
    assert (added.confidence, added.severity) == (Confidence.MEDIUM, Severity.LOW)
    assert added.detail.endswith("It may have been there before: the older state does not cover that place.")
    assert made.summary().coverage_complete


def test_what_was_not_read_in_either_state_stays_in_the_ledger() -> None:
    made = diff(
        snapshot(ROLES, THEN, coverage=rows(but=["iam-policy"])),
        snapshot(ROLES, coverage=rows(but=["oidc-provider"])),
    )
    refused = [(row.kind, row.reason) for row in made.coverage if row.status is Reading.DENIED]
    assert refused == [("iam-policy", "in the older state: AccessDenied"), ("oidc-provider", "AccessDenied")]
    assert not made.summary().coverage_complete


def test_a_removal_from_a_place_that_was_not_read_whole_is_not_certain() -> None:
    made = diff(snapshot(MORE, THEN), snapshot(ROLES, coverage=rows(but=["iam-policy"])))
    removed = only(made, "trust-removed")
    assert removed.confidence is Confidence.LOW
    assert removed.detail.endswith("Not everything of its place could be read, so that it may still be there.")
    assert [one.rule for one in made.findings if one.rule == "finding-gone"] == []


def test_a_removed_trust_is_in_the_report_and_lets_nobody_in() -> None:
    made = diff(snapshot(MORE, THEN), snapshot(ROLES))
    gone = next(one for one in made.decisions if one.trust.identity.name == "ship")
    assert only(made, "trust-removed").subject == gone.trust.id
    assert gone.statement == "Gone. Before: No token of GitHub Actions can become ship."
    assert {type(verdict).__name__ for verdict in (gone.reachable, *gone.classes.values())} == {"Rejected"}
    assert [one.id for one in made.identities if one.kind == "iam-role"] == [arn("deploy"), arn("ship")]
    assert str(made.standings[gone.trust.identity].level) == "none"


def test_nothing_read_before() -> None:
    made = diff(Snapshot(*THEN), snapshot(ROLES))
    assert compare_rows(made) == [("-", "failed", "of the older state nothing was read")]
    assert only(made, "trust-added").confidence is Confidence.MEDIUM


PROJECT, ORGANISATION = "acme-app", "organizations/1"


def row(scope: str, kind: str, status: Reading = Reading.READ) -> Coverage:
    return Coverage("gcp", scope, kind, status)


LISTED = row(ORGANISATION, "project-list")


@pytest.mark.parametrize(
    ("then", "now", "covered", "whole"),
    [
        ([row(PROJECT, "iam-policy")], [row(PROJECT, "iam-policy")], True, True),
        ([row(PROJECT, "iam-policy")], [], False, False),
        ([row(PROJECT, "iam-policy")], [row("other", "iam-policy")], False, False),
        ([row(PROJECT, "iam-policy")], [row(PROJECT, "iam-policy", Reading.DENIED)], False, False),
        (
            [row(PROJECT, "iam-policy")],
            [row(PROJECT, "iam-policy"), row(PROJECT, "x", Reading.DENIED)],
            True,
            False,
        ),
        ([row(PROJECT, "iam-policy")], [row(PROJECT, "iam-policy"), row("-", "x", Reading.FAILED)], True, False),
        # A project in which nothing is left has no row: the organisation's list tells that it was looked for.
        ([row(PROJECT, "deny-policy"), LISTED], [LISTED], True, True),
        ([row(PROJECT, "deny-policy"), LISTED, row("folders/2", "project-list")], [LISTED], False, False),
        ([row(PROJECT, "deny-policy"), LISTED], [row(ORGANISATION, "project-list", Reading.FAILED)], False, False),
        ([row(PROJECT, "deny-policy"), LISTED], [LISTED, row(ORGANISATION, "x", Reading.DENIED)], True, False),
        ([row(PROJECT, "deny-policy")], [LISTED], False, False),
    ],
)
def test_whether_a_place_was_looked_at(then: list[Coverage], now: list[Coverage], covered: bool, whole: bool) -> None:
    old, new = (Ground(replace(report(), coverage=tuple(listed))) for listed in (then, now))
    assert new.covers("gcp", PROJECT, old) is covered
    assert new.whole("gcp", PROJECT, old) is whole
    assert not new.covers("aws", PROJECT, old)


# Other clouds


def azure_state(*credentials: Mapping[str, Any]) -> Snapshot:
    return azure.snapshot({"credentials": list(credentials)})


def changed_in(cloud: str, old: Snapshot, new: Snapshot) -> Report:
    from auditor.drift import differences

    return differences.diff(old, new, [PROVIDERS[cloud]()], asked())


MAIN_ONE = {"subject": MAIN, "credential": {"id": azure.guid("main"), "name": "main"}}


def test_a_renamed_credential_lets_nobody_new_in() -> None:
    renamed = {**MAIN_ONE, "credential": {"id": azure.guid("renamed"), "name": "renamed"}}
    made = changed_in("azure", azure_state(MAIN_ONE), azure_state(renamed))
    shown = [f"{one.severity} {one.rule}: {one.title}" for one in made.findings if one.rule.startswith("trust-")]
    assert shown == [
        "info trust-added: A new trust lets only those tokens of GitHub Actions become deploy that could before",
        "info trust-removed: A trust by which tokens of GitHub Actions could become deploy is gone",
    ]


def test_a_further_credential_for_others_does() -> None:
    release = {"subject": "repo:acme/app:ref:refs/heads/release"}
    added = only(changed_in("azure", azure_state(MAIN_ONE), azure_state(MAIN_ONE, release)), "trust-added")
    assert added.severity is Severity.LOW
    assert added.witness is not None
    assert added.witness["sub"] == "repo:acme/app:ref:refs/heads/release"


def test_google_states_are_equal_to_themselves() -> None:
    for case in ({}, {"mapping": {"google.subject": "assertion.sub.matchTag('x', 'y')"}}):
        made = changed_in("gcp", google.snapshot(case), google.snapshot(case))
        assert made.findings == ()
        assert made.comparison is not None
        assert made.comparison.trusts["equal"] == len(made.decisions) > 0


# Findings, known and new

OLD = Side(report([finding(TIGHT, severity=Severity.HIGH)], [TIGHT]), "report")


def flagged(*found: Finding, old: Side = OLD, hide: bool = False, rules: frozenset[str] | None = None) -> Report:
    new = Side(report(found, [TIGHT, OPEN]), "report", rules)
    return compared.against(old, new, {}, lambda trust: TIGHT, hide=hide)


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({}, True),
        ({"severity": Severity.LOW}, True),
        ({"severity": Severity.CRITICAL}, False),
        ({"status": Status.WAIVED}, True),
        ({"status": Status.ERROR}, False),
        ({"discriminator": "/other"}, False),
        ({"rule": "any-project"}, False),
    ],
)
def test_known_is_what_was_there_and_no_milder(changes: dict[str, Any], known: bool) -> None:
    defaults: dict[str, Any] = {"severity": Severity.HIGH}
    (one,) = flagged(finding(TIGHT, **{**defaults, **changes})).findings
    assert one.known is known


def test_what_was_waived_and_counts_again_is_new() -> None:
    waived = Side(report([finding(TIGHT, status=Status.WAIVED)], [TIGHT]), "report")
    (one,) = flagged(finding(TIGHT), old=waived).findings
    assert one.known is False


def test_known_ones_decide_no_exit_code_and_can_be_left_out() -> None:
    known, new = finding(TIGHT, severity=Severity.HIGH), finding(OPEN, severity=Severity.MEDIUM)
    failed = finding(TIGHT, status=Status.ERROR, rule="dead-trust", severity=Severity.HIGH)
    whole = flagged(known, new, failed)
    assert [one.known for one in whole.findings] == [True, False, False]
    assert whole.summary().known == {Severity.HIGH: 1}
    short = flagged(known, new, failed, hide=True)
    assert [one.known for one in short.findings] == [False, False]
    for made in (whole, short):
        assert made.comparison is not None
        assert (made.comparison.new, made.comparison.known, made.comparison.gone) == (1, 1, 0)


@pytest.mark.parametrize(
    ("rules", "further", "gone"),
    [
        (None, [], 1),
        (frozenset(["any-tenant"]), [], 1),
        (frozenset(["any-branch"]), [], 0),  # nobody looked for it
        (None, [finding(TIGHT, status=Status.ERROR, discriminator="error")], 0),  # the look failed
        (None, [finding(subject="estate", subject_kind="identity", status=Status.ERROR)], 0),
        (None, [finding(OPEN, status=Status.ERROR, discriminator="error")], 1),
        (None, [finding(TIGHT, status=Status.WAIVED)], 0),
    ],
)
def test_gone_is_what_was_looked_for_in_vain(rules: frozenset[str] | None, further: list[Finding], gone: int) -> None:
    made = flagged(*further, rules=rules)
    assert made.comparison is not None
    assert made.comparison.gone == gone


def test_a_finding_on_a_trust_that_grew_is_new_again() -> None:
    state, more = role("repo:acme/*"), role("repo:acme/*", "repo:umbrella/*")
    sides = []
    for roles, times in (({"deploy": state, "ship": state}, THEN), ({"deploy": more, "ship": state}, NOW)):
        made = diff(snapshot(roles, times), snapshot(roles, times))  # audited: decisions without findings of changes
        assert made.findings == ()
        sides.append((roles, times))
    from auditor.drift import differences
    from auditor.pipeline import audit
    from auditor.providers.aws import PROVIDER
    from auditor.rules import RULES

    how = asked()
    newer = audit(snapshot(*sides[1]), [PROVIDER], how.config, RULES, Persona.REGULAR, how.progress)
    made = differences.against(snapshot(*sides[0]), newer, [PROVIDER], how, hide=False)
    flags = {(one.rule, one.title.rpartition(" ")[2]): one.known for one in made.findings if one.rule == "any-project"}
    assert flags == {("any-project", "deploy"): False, ("any-project", "ship"): True}


def test_failed_checks_of_the_older_state_leave_the_comparison_incomplete() -> None:
    old = Side(report([finding(TIGHT, status=Status.ERROR)], [TIGHT]), "report")
    made = compared.diff(old, Side(report((), [TIGHT]), "report"), {}, lambda trust: TIGHT)
    assert ("-", "failed", "in the older state 1 check failed") in compare_rows(made)


def test_reports_are_said_to_be_the_weaker_comparison() -> None:
    made = compared.diff(OLD, Side(report((), [TIGHT]), "report"), {}, lambda trust: TIGHT)
    assert compare_rows(made) == [
        (
            "-",
            "skipped",
            (
                "the older and the newer state is a report without policies: trusts were compared by verdicts, names "
                "and patterns, which is weaker than by the tokens that get in"
            ),
        )
    ]
    assert made.summary().coverage_complete
