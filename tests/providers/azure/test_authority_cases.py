"""Labelled permissions: `fixtures/cases/azure_power.json`, each with everything it comes to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.providers.azure.authority import AzureAuthority
from tests.providers.azure.power_estates import OTHER, SUBSCRIPTION, TENANT, snapshot

CASES = json.loads((Path(__file__).parents[3] / "fixtures/cases/azure_power.json").read_text("utf-8"))
SHORT = {SUBSCRIPTION: "SUB", OTHER: "OTHER", TENANT: "TENANT"}


def short(text: str) -> str:
    """`text` with short names in place of ids."""
    for ident, word in SHORT.items():
        text = text.replace(ident, word)
    return text


def judged(case: Mapping[str, Any]) -> dict[str, Any]:
    """What the authority says about the identity of a case, in the words of the file."""
    authority = AzureAuthority(snapshot(case))
    wanted = case.get("identity", "deploy")
    identity = next(one for one in authority.identities() if one.name == wanted)
    profile = authority.profile(identity)
    power = profile.power
    return {
        "level": str(power.level),
        "must": str(power.must),
        "may": [f"{one.level}: {short(one.what)}{'' if one.certain else ' (?)'}" for one in power.capabilities],
        "gaps": [short(gap) for gap in power.gaps],
        "steps": [[step.kind, step.target.name, step.certain] for step in profile.steps],
    }


def test_there_are_enough() -> None:
    assert len(CASES) >= 40
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert {case["expect"]["level"] for case in CASES} == {
        "admin", "escalation", "wide-write", "sensitive-read", "scoped", "none", "unknown",
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_power(case: Mapping[str, Any]) -> None:
    """Level, every capability, every gap, every step; what is left out of a case is nothing."""
    assert judged(case) == {"gaps": [], "steps": [], **case["expect"]}
