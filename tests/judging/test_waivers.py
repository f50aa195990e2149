"""What the configuration waives stays visible; what no longer waives anything is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from auditor import cli
from auditor.config import Waiver, load
from auditor.errors import ConfigError
from auditor.judging.waivers import about, check_rules, settle
from auditor.model import Finding, Severity, Status, Waived
from auditor.snapshot_file import save
from tests.estate import OPEN, FakeCloud, finding, role_arn, snapshot
from tests.test_cli import install

NOW = "2026-11-21T10:00:05Z"


def waiver(subject: str, expires: str = "2026-11-21", rule: str = "any-tenant") -> Waiver:
    day = date.fromisoformat(expires)
    return Waiver(rule, subject, "a pilot", "platform@example.com", day, "auditor.toml", "/waiver/0", "auditor.toml:3")


def settled(waivers: list[Waiver], subject: Finding | None = None) -> list[Finding]:
    found = settle([subject or finding()], waivers, [OPEN], NOW)
    return [*found.findings, *about(waivers, found.answered, NOW)]


@pytest.mark.parametrize("subject", [finding().id, OPEN.trust.id, role_arn("deploy-web")])
def test_waived_by_each_of_its_names_until_the_end_of_the_day(subject: str) -> None:
    (one,) = settled([waiver(subject)])
    assert one == replace(
        finding(), status=Status.WAIVED, waiver=Waived("a pilot", "platform@example.com", "2026-11-21")
    )


@pytest.mark.parametrize("subject", ["deploy-web", role_arn("deploy-we"), role_arn("Deploy-Web"), ""])
def test_other_names_waive_nothing_and_that_is_told(subject: str) -> None:
    one, told = settled([waiver(subject)])
    assert one == finding()
    assert (told.rule, told.severity, told.status) == ("unused-waiver", Severity.LOW, Status.OPEN)
    assert told.title == f"The waiver of any-tenant for {subject} waives nothing"


def test_another_rule() -> None:
    one, told = settled([waiver(OPEN.trust.id, rule="any-branch")])
    assert (one, told.rule) == (finding(), "unused-waiver")


def test_over() -> None:
    one, told = settled([waiver(OPEN.trust.id, "2026-11-20")])
    assert one == finding()
    assert told.title == f"The waiver of any-tenant for {OPEN.trust.id} expired on 2026-11-20"
    assert told.detail == "platform@example.com waived it: a pilot. What it waived is still found, and counts again."
    assert told.evidence[0].document == "auditor.toml"


def test_renewed_beside_the_old_one() -> None:
    one, told = settled([waiver(OPEN.trust.id, "2026-11-20"), waiver(OPEN.trust.id, "2027-01-01")])
    assert one.status is Status.WAIVED
    assert told.rule == "expired-waiver"


def test_a_failed_check_is_never_waived() -> None:
    failed = finding(status=Status.ERROR)
    one, told = settled([waiver(OPEN.trust.id)], failed)
    assert (one, told.rule) == (failed, "unused-waiver")


def test_a_rule_that_does_not_exist() -> None:
    with pytest.raises(ConfigError) as caught:
        check_rules([waiver("x", rule="any-tenants")])
    assert str(caught.value) == "auditor.toml:3: there is no rule 'any-tenants'; did you mean any-tenant?"


TEXT = """\
# what we live with
[[waiver]]
rule = "any-tenant"
subject = "{subject}"
reason = "a pilot"
owner = "platform@example.com"
expires = 2099-01-01
"""


def test_read_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "auditor.toml"
    file.write_text(TEXT.format(subject="x"), "utf-8")
    assert load(file, ()).waivers == (replace(waiver("x", "2099-01-01"), file=str(file), where=f"{file}:2"),)


def test_a_run_whose_findings_are_all_waived_succeeds_and_shows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    install(monkeypatch, FakeCloud())
    estate = snapshot({"deploy-web": "repo:*"})
    with Path("estate.jsonl").open("w", encoding="utf-8") as stream:
        save(estate, stream)
    Path("auditor.toml").write_text(TEXT.format(subject=role_arn("deploy-web")), "utf-8")
    monkeypatch.setattr("auditor.judging.waivers.check_rules", lambda _: None)  # the rules here are made up
    assert cli.main(["scan", "--from", "estate.jsonl", "-q", "--report", "json=report.json"]) == 0
    assert "WAIVED (1)" in capsys.readouterr().out
    (record,) = json.loads(Path("report.json").read_text("utf-8"))["findings"]
    assert record["status"] == "waived"
    assert record["waiver"] == {"reason": "a pilot", "owner": "platform@example.com", "expires": "2099-01-01"}
