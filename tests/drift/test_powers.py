"""What identities may do now and could not then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.claims.verdict import Accepted, Rejected
from auditor.drift import powers
from auditor.graph import Standing
from auditor.model import Confidence, Level, Severity
from auditor.power import Capability, Power, Profile, Step
from auditor.report.base import Report
from tests.drift.estates import EVERYTHING, MAIN, READS, changed, only, role
from tests.estate import OPEN, STRANGER, TIGHT, report

IDENTITY = TIGHT.trust.identity
PINNED = replace(TIGHT, classes={"any-tenant": Rejected()})


def standing(level: Level, *gaps: str, doubt: str | None = None) -> Standing:
    held = () if level in (Level.NONE, Level.UNKNOWN) else (Capability(level, f"be {level}", (), "*", (), doubt=doubt),)
    profile = Profile(Power(held, gaps))
    return Standing(profile, profile.power.level, (), IDENTITY, profile)


def state(one: Standing | None, *, reachable: bool = True) -> Report:
    decision = replace(PINNED, reachable=Accepted(STRANGER) if reachable else Rejected())
    return replace(report((), [decision]), standings={} if one is None else {IDENTITY: one})


A, E, W, R, S, N, U = Level
GREW, SHRANK, UNSURE = "power-grew", "power-shrank", "not known"


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        (standing(S), standing(S), None),
        (standing(S), standing(A), GREW),
        (standing(N), standing(S), GREW),
        (standing(E), standing(A), GREW),
        (standing(A), standing(S), SHRANK),
        (standing(W), standing(N), SHRANK),
        (standing(A), standing(U, "x"), None),  # nobody is more than an administrator
        (standing(W), standing(U, "x"), UNSURE),
        (standing(S), standing(S, "x"), UNSURE),
        (standing(W), standing(W, "x"), UNSURE),
        (standing(W, "x"), standing(W, "x"), None),
        (standing(W, "x"), standing(W, "x", "y"), UNSURE),
        (standing(U, "x"), standing(U, "x"), None),
        (standing(U, "x"), standing(U, "y"), UNSURE),
        (standing(U, "x"), standing(A), UNSURE),
        (standing(U, "x"), standing(S), None),
        (standing(A), standing(A, "x"), None),
        (standing(R, "x"), standing(R), None),
    ],
)
def test_every_pair_of_levels(then: Standing, now: Standing, said: str | None) -> None:
    found = list(powers.findings(state(then), state(now)))
    assert [UNSURE if UNSURE in one.title else one.rule for one in found] == ([said] if said else [])


@pytest.mark.parametrize(
    ("then", "now"), [(None, standing(A)), (standing(S), None)], ids=["not asked then", "not asked now"]
)
def test_where_nobody_asked_nothing_is_said(then: Standing | None, now: Standing | None) -> None:
    assert list(powers.findings(state(then), state(now))) == []


def test_nothing_is_said_of_identities_that_no_token_becomes() -> None:
    assert list(powers.findings(state(standing(S)), state(standing(A), reachable=False))) == []


def test_growth_behind_an_open_door_is_worse_and_what_may_be_is_less_certain() -> None:
    (tight,) = powers.findings(state(standing(S)), state(standing(A, doubt="a condition holds")))
    assert (tight.severity, tight.confidence) == (Severity.MEDIUM, Confidence.MEDIUM)
    opened = replace(state(standing(A)), decisions=(replace(OPEN, trust=TIGHT.trust),))
    (wide,) = powers.findings(state(standing(S)), opened)
    assert (wide.severity, wide.confidence) == (Severity.HIGH, Confidence.HIGH)


def test_the_way_is_evidence() -> None:
    boss = replace(IDENTITY, id="boss", name="boss")
    held = standing(A)
    reached = Standing(Profile(Power()), A, (Step(boss, "assume-role", "assume it", (), ()),), boss, held.profile)
    (found,) = powers.findings(state(standing(S)), state(reached))
    assert found.title == "deploy-api may do more than before: admin, and was scoped"
    assert found.detail.startswith("Before, it could be scoped. Now it may become boss, who may be admin.")


def test_in_a_real_account() -> None:
    made = changed({"deploy": role(MAIN, may=READS)}, {"deploy": role(MAIN, may=EVERYTHING)})
    grown = only(made, "power-grew")
    assert (grown.title, grown.severity) == ("deploy may do more than before: admin, and was scoped", Severity.MEDIUM)
    assert [source.pointer for source in grown.evidence] == [
        "/RolePolicyList/0/PolicyDocument/Statement/0/Action",
    ]
    back = changed({"deploy": role(MAIN, may=EVERYTHING)}, {"deploy": role(MAIN, may=READS)})
    assert only(back, "power-shrank").title == "deploy may do less than before: scoped, and was admin"
