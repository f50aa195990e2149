"""Pass, fail, not assessed: a control passes only where nothing whatever is in the way of saying so."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.claims.verdict import Accepted, Rejected
from auditor.compliance.catalogue import Because, Control, Framework
from auditor.config import Ours, Owned
from auditor.graph import Standing
from auditor.model import Decision, Finding, Identity, Level, Severity, Status, Waived
from auditor.power import Power, Profile
from auditor.report.assessment import Assessed, Result, assess
from auditor.report.base import Report
from auditor.report.subjects import described
from auditor.rules import RULES
from auditor.rules.base import Definition
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from tests.estate import DENIED, READ, STRANGER, TIGHT, UNREAD, decision, finding, report

OURS = Ours({"github": (Owned("acme"),)}, declared=True)
NAMED = replace(TIGHT, tenants=("acme",))


def control(*rules: str, doubt: Iterable[str] = ()) -> Control:
    because = (Because(rules, "it is so"), Because(tuple(doubt), "it may be so", doubt=True))
    return Control("C-1", "A title", "https://c.example", "a part", tuple(one for one in because if one.rules))


def standing(one: Identity, **changes: Any) -> Standing:
    profile = Profile(Power(), use_known=True)
    return replace(Standing(profile, Level.NONE, (), one, profile), **changes)


def known(*decisions: Decision) -> Mapping[Identity, Standing]:
    return {one.trust.identity: standing(one.trust.identity) for one in decisions}


def audited(findings: Iterable[Finding] = (), decisions: Iterable[Decision] = (NAMED,), **changes: Any) -> Report:
    judged = tuple(decisions)
    return described(replace(report(findings, judged), standings=known(*judged), **changes))


def told(
    made: Report,
    of: Control,
    *,
    providers: frozenset[str] | None = None,
    ours: Ours = OURS,
    rules: tuple[Definition, ...] = RULES,
) -> Assessed:
    frame = Framework("f", "Frame 1.0", "https://f.example", "About.", (of,), providers)
    (assessment,) = assess(made, [frame], rules, ours).assessments
    (one,) = assessment.controls
    assert assessment.counts == {result: int(result is one.result) for result in Result}
    return one


def test_passes_when_all_was_read_decided_and_checked_and_nothing_was_found() -> None:
    one = told(audited(), control("any-tenant", "admin-access"))
    assert (one.result, one.reasons, one.findings, one.waived, one.worst) == (
        Result.PASS,
        ("nothing found among 1 trust of 1 identity",),
        (),
        0,
        None,
    )


def test_fails_by_open_findings_worst_first() -> None:
    low, high = finding(severity=Severity.LOW, discriminator="1"), finding(severity=Severity.HIGH)
    other = finding(rule="admin-access", severity=Severity.MEDIUM, subject_kind="identity")
    one = told(audited([low, other, high, finding(rule="any-tag")]), control("any-tenant", "admin-access"))
    assert one.result is Result.FAIL
    assert one.reasons == ("3 open findings, the worst high: 2 any-tenant, admin-access",)
    assert one.findings == (high, other, low)
    assert one.worst is Severity.HIGH


def test_what_fails_fails_also_where_not_everything_is_known() -> None:
    made = audited([finding()], [NAMED, UNREAD], coverage=(*READ, DENIED))
    assert told(made, control("any-tenant")).result is Result.FAIL


GAPS = {
    "read nothing": ({"coverage": ()}, "nothing was read"),
    "read nothing of it": (
        {"coverage": (Coverage("aws", "-", "account", Reading.SKIPPED, "no credentials"),)},
        "nothing was read",
    ),
    "not all read": ({"coverage": (*READ, DENIED)}, "1 part could not be read"),
    "undecided": ({"decisions": (NAMED, UNREAD)}, "of 1 trust it is not known who gets in"),
    "nothing there": ({"decisions": (), "identities": ()}, "there is no federated identity to look at"),
    "the rule failed": (
        {"findings": (finding(status=Status.ERROR),)},
        "1 check failed: any-tenant",
    ),
    "what the rule rests on failed": (
        {"findings": (finding(rule="witness-check", status=Status.ERROR),)},
        "1 check failed: witness-check",
    ),
    "the estate could not be checked": (
        {"findings": (finding(subject="estate", subject_kind="identity", status=Status.ERROR),)},
        "1 check failed: any-tenant",
    ),
    "mere information": (
        {"findings": (finding(severity=Severity.INFO),)},
        "for a person to look at: any-tenant",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), GAPS.values(), ids=list(GAPS))
def test_is_not_assessed_when(changes: Mapping[str, Any], reason: str) -> None:
    made = replace(audited(), **changes)
    one = told(replace(made, standings=known(*made.decisions)), control("any-tenant"))
    assert (one.result, one.reasons, one.worst) == (Result.NOT_ASSESSED, (reason,), None)


def test_a_cloud_that_was_not_read_is_not_assessed_by_others() -> None:
    one = told(audited(), control("admin-access"), providers=frozenset({"azure"}))
    assert (one.result, one.reasons) == (Result.NOT_ASSESSED, ("nothing of azure was read",))


def test_findings_and_gaps_of_other_clouds_do_not_count() -> None:
    elsewhere = Coverage("gcp", "p", "project", Reading.FAILED, "oops")
    away = Identity("gcp", "p", "service-account", "x@p.iam.gserviceaccount.com", "x")
    wrong = finding(rule="admin-access", subject=away.id, subject_kind="identity")
    made = audited([wrong], coverage=(*READ, elsewhere), identities=(NAMED.trust.identity, away))
    assert told(made, control("admin-access"), providers=frozenset({"aws"})).result is Result.PASS
    assert told(made, control("admin-access")).result is Result.FAIL


def test_a_check_of_the_whole_estate_that_failed_counts_for_every_cloud() -> None:
    failed = finding(rule="admin-access", subject="estate", subject_kind="identity", status=Status.ERROR)
    one = told(audited([failed]), control("admin-access"), providers=frozenset({"aws"}))
    assert (one.result, one.reasons) == (Result.NOT_ASSESSED, ("1 check failed: admin-access",))


def test_rules_of_doubt_neither_fail_nor_pass() -> None:
    of = control("any-branch", doubt=("environment-gate",))
    gate = finding(rule="environment-gate", severity=Severity.LOW)
    one = told(audited([gate]), of)
    assert (one.result, one.reasons) == (Result.NOT_ASSESSED, ("for a person to look at: environment-gate",))
    assert one.findings == (gate,)
    assert told(audited(), of).result is Result.PASS


GAP = Profile(Power(gaps=("a policy was not read",)), use_known=True)


@pytest.mark.parametrize(
    "changes", [{"profile": GAP}, {"held": GAP}, {"level": Level.UNKNOWN}], ids=["own", "at the end", "level"]
)
def test_power_that_is_not_known(changes: Mapping[str, Any]) -> None:
    who = NAMED.trust.identity
    made = replace(audited(), standings={who: standing(who, **changes)})
    one = told(made, control("admin-access"))
    assert (one.result, one.reasons) == (Result.NOT_ASSESSED, ("of 1 identity it is not known what they may do",))
    assert told(made, control("any-tenant")).result is Result.PASS, "who gets in does not depend on it"
    assert told(replace(made, standings={}), control("admin-access")).result is Result.NOT_ASSESSED, "nobody asked"


def test_verdicts_that_are_not_known_say_nothing_against_power() -> None:
    made = audited(decisions=(NAMED, UNREAD))
    assert told(made, control("admin-access")).result is Result.PASS


def test_last_use_that_is_not_known() -> None:
    who = NAMED.trust.identity
    made = replace(audited(), standings={who: standing(who, profile=Profile(Power()))})
    one = told(made, control("unused-identity"))
    assert one.reasons == ("of 1 identity it is not known when they were last used",)
    assert told(made, control("admin-access")).result is Result.PASS


@pytest.mark.parametrize(
    ("ours", "result"),
    [
        (OURS, Result.PASS),
        (Ours(issuers=(NAMED.trust.issuer.url,), declared=True), Result.PASS),
        (Ours(), Result.NOT_ASSESSED),
        (Ours({"gitlab": ()}, declared=True), Result.NOT_ASSESSED),
    ],
)
def test_whose_the_named_tenants_are(ours: Ours, result: Result) -> None:
    one = told(audited(), control("untrusted-tenant"), ours=ours)
    assert one.result is result
    reason = ("[ours] does not say whose the tenants are that 1 trust names",)
    assert (one.reasons == reason) == (result is Result.NOT_ASSESSED)
    dead = audited(decisions=(replace(NAMED, reachable=Rejected()),))
    assert told(dead, control("untrusted-tenant"), ours=ours).result is Result.PASS


def test_rules_that_were_not_run_and_rules_that_compare() -> None:
    fewer = tuple(rule for rule in RULES if rule.id != "any-tag")
    assert told(audited(), control("any-tenant", "any-tag"), rules=fewer).reasons == ("not looked for: any-tag",)
    one = told(audited(), control("any-tenant", "trust-grew"))
    assert one.reasons == ("only a comparison with an older state (`auditor diff`) can tell: trust-grew",)


def test_waived_findings_do_not_count_and_are_told() -> None:
    waived = finding(status=Status.WAIVED, waiver=Waived("known", "me", "2027-01-01"))
    one = told(audited([waived]), control("any-tenant"))
    assert (one.result, one.waived) == (Result.PASS, 1)


ROWS = (*READ, DENIED, Coverage("gcp", "p", "project", Reading.SKIPPED, "x"))
JUDGED = (NAMED, UNREAD, decision("b", "repo:*", {}, Accepted(STRANGER)))
FOUND = tuple(
    finding(rule=rule, severity=severity, status=status, discriminator=f"{number}")
    for number, (rule, severity, status) in enumerate(
        itertools.product(("any-tenant", "environment-gate"), (Severity.INFO, Severity.HIGH), Status)
    )
)


def some(count: int) -> st.SearchStrategy[set[int]]:
    return st.sets(st.integers(0, count - 1))


@given(some(len(FOUND)), some(len(JUDGED)), some(len(ROWS)))
def test_passes_exactly_when_nothing_is_in_the_way(found: set[int], judged: set[int], read: set[int]) -> None:
    findings, decisions, rows = [FOUND[n] for n in found], [JUDGED[n] for n in judged], [ROWS[n] for n in read]
    of = control("any-tenant", doubt=("environment-gate",))
    result = told(audited(findings, decisions, coverage=tuple(rows)), of).result
    clean = (
        bool(decisions)
        and UNREAD not in decisions
        and any(row.status is Reading.READ for row in rows)
        and DENIED not in rows
        and all(one.status is Status.WAIVED for one in findings)
    )
    worst = [one for one in findings if one.rule == "any-tenant" and one.status is Status.OPEN and one.severity > 0]
    assert (result is Result.PASS, result is Result.FAIL) == (clean, bool(worst))
