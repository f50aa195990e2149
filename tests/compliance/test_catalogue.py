"""The frameworks as data: nothing is missing, nothing points nowhere, nothing is said without a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.compliance import FRAMEWORKS
from auditor.compliance.catalogue import Control, Framework, bearing, framework, frameworks, unmapped
from auditor.providers import PROVIDERS
from auditor.rules import RULES

FOLDER = Path(__file__).parents[2] / "auditor/compliance"
IDS = {rule.id for rule in RULES}
CONTROLS = [(one, control) for one in frameworks().values() for control in one.controls]
FORMS = {
    "cis-aws": r"\d+\.\d+",
    "cis-gcp": r"\d+\.\d+",
    "cis-azure": r"\d+\.\d+\.\d+",
    "nist-800-53": r"[A-Z]{2}-\d+(\(\d+\))?",
    "soc-2": r"CC\d\.\d",
    "iso-27001": r"A\.[5-8]\.\d+",
    "pci-dss": r"\d+\.\d+\.\d+(\.\d+)?",
    "mitre-attack": r"T\d{4}(\.\d{3})?",
    "owasp-cicd": r"CICD-SEC-([1-9]|10)",
    "cis-controls": r"\d+\.\d+",
}
NARROWER = {"admin-access", "privilege-escalation", "service-wildcard"}


def test_every_file_is_a_framework() -> None:
    assert {file.stem for file in FOLDER.glob("*.toml")} == {*FRAMEWORKS, "unmapped"}
    assert list(frameworks()) == list(FRAMEWORKS) == list(FORMS)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_says_what_it_is(name: str) -> None:
    one = framework(name)
    assert (one.id, one.controls != ()) == (name, True)
    assert one.url.startswith("https://")
    assert one.about.endswith(".")
    ids = [control.id for control in one.controls]
    assert len(set(ids)) == len(ids)
    assert one.providers is None or one.providers <= set(PROVIDERS)
    assert (one.providers is None) == (name not in {"cis-aws", "cis-gcp", "cis-azure"})


@pytest.mark.parametrize(("of", "control"), CONTROLS, ids=lambda one: one.id)
def test_a_control(of: Framework, control: Control) -> None:
    assert re.fullmatch(FORMS[of.id], control.id)
    assert control.url.startswith("https://")
    for text in (control.title, control.sees):
        assert text
        assert text == text.strip()
        assert not text.endswith(".")
        assert len(text) <= 120
    for because in control.because:
        assert because.rules
        assert set(because.rules) <= IDS
        assert because.reason[0].islower()
        assert not because.reason.endswith(".")
    listed = [rule for because in control.because for rule in because.rules]
    assert len(set(listed)) == len(listed), "a rule bears on a control once"
    assert any(not because.doubt for because in control.because), "a control that nothing can fail says nothing"


def test_every_rule_bears_on_a_control_or_it_is_said_why_not() -> None:
    assert set(bearing()) | set(unmapped()) == IDS
    assert set(bearing()) & set(unmapped()) == set()


@pytest.mark.parametrize(("of", "control"), CONTROLS, ids=lambda one: one.id)
def test_a_chain_of_steps_never_stands_alone(of: Framework, control: Control) -> None:
    # What somebody in the middle of a chain may do beyond what is known hides behind what is known to be as much. Then
    # one of the three fails the control, so that nothing passes.
    assert "impersonation-chain" not in control.rules or set(control.rules) >= NARROWER


@pytest.mark.parametrize(("of", "control"), CONTROLS, ids=lambda one: one.id)
def test_pages_are_those_of_the_controls(of: Framework, control: Control) -> None:
    if of.id == "mitre-attack":
        assert control.url == f"https://attack.mitre.org/techniques/{control.id.replace('.', '/')}/"
    elif of.id == "owasp-cicd":
        number = int(control.id.removeprefix("CICD-SEC-"))
        assert control.url.startswith(f"{of.url}CICD-SEC-{number:02}-")
    else:
        assert control.url == of.url


def test_rules_of_doubt_fail_nothing_anywhere() -> None:
    doubted = {"undecided", "unknown-issuer", "environment-gate", "audience-unusual"}
    told = {(rule, control.doubted(rule)) for _, control in CONTROLS for rule in control.rules}
    assert {rule for rule, doubt in told if doubt} == doubted
    assert not {rule for rule, doubt in told if not doubt} & doubted


def test_which_rules_judge_power() -> None:
    assert {rule.id for rule in RULES if rule.of_power} == {
        *("admin-access", "privilege-escalation", "impersonation-chain", "service-wildcard", "sensitive-read"),
        *("credential-writer", "unbounded-role", "unused-identity"),
    }


def test_rules_that_compare_have_no_check_of_a_single_audit() -> None:
    quiet = {rule.id for rule in RULES if rule.compares}
    assert quiet == {
        *("trust-grew", "trust-added", "trust-shrank", "trust-removed", "power-grew", "power-shrank", "finding-gone")
    }
