"""The power of Google identities, case by case: `fixtures/cases/gcp_power.json`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.providers.gcp.power import profile, told

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "fixtures/cases/gcp_power.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    assert told(profile(case)) == case["expect"], case["why"]


def test_the_cases_are_many_and_tell_every_level() -> None:
    assert len(CASES) >= 40
    assert max(Counter(case["name"] for case in CASES).values()) == 1
    assert all(case["why"] for case in CASES)
    levels = {"admin", "escalation", "wide-write", "sensitive-read", "scoped", "none", "unknown"}
    assert {case["expect"]["level"] for case in CASES} == levels
    assert {kind for case in CASES for kind, _, _ in case["expect"]["steps"]} == {
        "create-key",
        "grant-roles",
        "impersonate",
        "rewrite-trust",
        "run-as",
    }
