"""Labelled cases of what a role may do, written for people who know AWS and not this program."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import Identity
from auditor.power import Capability, Profile
from auditor.providers.aws import PROVIDER
from tests.providers.aws import power_cases

CASES = power_cases.cases()


def told(one: Capability) -> str:
    """`level: path or what it may do (if what that depends on)`."""
    doubt = f" (if {one.doubt})" if one.doubt else ""
    return f"{one.level}: {one.path or one.what}{doubt}"


def outcome(profile: Profile) -> dict[str, Any]:
    power = profile.power
    return {
        "level": str(power.level),
        "must": str(power.must),
        "may": [told(one) for one in power.capabilities],
        "gaps": list(power.gaps),
        "steps": [[step.kind, step.target.name, step.doubt or True] for step in profile.steps],
    }


def judged(case: power_cases.Case) -> dict[str, Any]:
    arn = power_cases.role_arn(case["identity"])
    identity = Identity("aws", power_cases.ACCOUNT, "iam-role", arn, case["identity"])
    return outcome(PROVIDER.authority(power_cases.snapshot(case)).profile(identity))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: power_cases.Case) -> None:
    expected = {"gaps": [], "steps": [], **case["expect"]}
    assert judged(case) == expected


def test_the_file() -> None:
    assert len(CASES) >= 40
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert all(case["why"] for case in CASES)
    assert {case["expect"]["level"] for case in CASES} == {
        *("admin", "escalation", "wide-write", "sensitive-read", "scoped", "none", "unknown"),
    }
