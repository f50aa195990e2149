"""What the configuration says of rules and thresholds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor import cli
from auditor.config import Config, RuleSettings, Thresholds, load
from auditor.errors import ConfigError
from auditor.judging.waivers import check_settings, rated
from auditor.model import Severity, Status
from auditor.snapshot import Snapshot
from tests.estate import FakeCloud, finding, snapshot
from tests.rules.cases import cases, findings, judged
from tests.test_cli import install, saved

OPEN: Snapshot = snapshot({"deploy-web": "repo:*"})

TEXT = """\
[thresholds]
fail-on = "high"
persona = "auditor"

[rules.any-tenant]
severity = "medium"

[rules.unused-identity]
days = 500
"""


def test_read_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "auditor.toml"
    file.write_text(TEXT, "utf-8")
    found = load(file, ())
    assert found.thresholds == Thresholds("high", "auditor")
    assert found.rules == {
        "any-tenant": RuleSettings("medium", None, f"{file}:5"),
        "unused-identity": RuleSettings(None, 500, f"{file}:8"),
    }
    assert Config().thresholds == Thresholds("low", "regular")


def test_a_severity_of_ones_own() -> None:
    failed = finding(status=Status.ERROR)
    other = finding(rule="any-branch")
    low = {"any-tenant": RuleSettings("low")}
    assert [one.severity for one in rated([finding(), failed, other], low)] == [
        Severity.LOW,
        Severity.CRITICAL,
        Severity.CRITICAL,
    ]
    assert list(rated([finding()], {"any-tenant": RuleSettings(days=3)})) == [finding()]


def test_a_rule_that_does_not_exist() -> None:
    with pytest.raises(ConfigError) as caught:
        check_settings({"any-tenants": RuleSettings(where="auditor.toml:7")})
    assert str(caught.value) == "auditor.toml:7: there is no rule 'any-tenants'; did you mean any-tenant?"


@pytest.mark.parametrize(("days", "found"), [(None, 1), (417, 1), (418, 0)])
def test_how_long_something_may_rest(days: int | None, found: int) -> None:
    (case,) = [one for one in cases() if one.rule == "unused_identity" and one.body["name"] == "last used long ago"]
    settings = {"unused-identity": RuleSettings(days=days)}
    context = replace(judged(case.snapshot(), case.ours, power=True), settings=settings)
    assert len([one for one in findings(context) if one.rule == "unused-identity"]) == found


@pytest.mark.parametrize(
    ("options", "code"),
    [([], 0), (["--fail-on", "medium"], 12), (["--fail-on", "low"], 12), (["--config", "severe.toml"], 12)],
)
def test_thresholds_hold_where_the_command_line_does_not_say(
    options: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    install(monkeypatch, FakeCloud())
    Path("auditor.toml").write_text(TEXT, "utf-8")
    Path("severe.toml").write_text("[rules.any-tenant]\nseverity = 'medium'\n", "utf-8")
    monkeypatch.setattr("auditor.judging.waivers.check_settings", lambda _: None)  # the rules here are made up
    assert cli.main(["scan", "--from", saved(OPEN), "-q", *options]) == code
