"""Which controls formats name for a finding."""

from __future__ import annotations

import pytest

from auditor.report.rulebook import controls, rulebook

RULES = rulebook()


@pytest.mark.parametrize(
    ("provider", "benchmarks"),
    [("aws", {"AWS"}), ("gcp", {"Google"}), ("azure", {"Microsoft"}), ("", {"AWS", "Google", "Microsoft"})],
)
def test_benchmarks_of_other_clouds_are_left_out(provider: str, benchmarks: set[str]) -> None:
    names = [framework for framework, _ in controls(RULES["admin-access"], provider)]
    assert {name.split()[1] for name in names if "Benchmark" in name} == benchmarks
    assert "NIST SP 800-53 Rev. 5" in names


def test_what_only_casts_doubt_fails_nothing() -> None:
    gate = RULES["environment-gate"]
    assert ("NIST SP 800-53 Rev. 5", "CM-5") in controls(gate)
    assert controls(gate, failing=True) == ()
    assert controls(RULES["any-branch"], failing=True) == controls(RULES["any-branch"])


def test_a_rule_that_is_not_there_bears_on_nothing() -> None:
    assert controls(None) == ()
