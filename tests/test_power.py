"""What identities may do, in the pipeline: how it rates findings, and what happens when it cannot be worked out."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from auditor import cli
from auditor.config import Config
from auditor.judging.checks import POWER_ANALYSIS
from auditor.model import Fix, Identity, Level, Severity, Source, Status
from auditor.pipeline import audit
from auditor.power import Authority, Capability, Nobody, Power, Profile, ranked, unread
from auditor.progress import silent
from auditor.report.base import Report
from auditor.rules import RULES
from auditor.rules.base import Persona
from tests.estate import ACCOUNT, FakeCloud, role_arn, snapshot
from tests.test_cli import install, saved

ROLE = Identity("aws", ACCOUNT, "iam-role", role_arn("deploy-web"), "deploy-web")


class Powers(Nobody):
    """Everybody has the same profile."""

    def __init__(self, *capabilities: Capability, gaps: tuple[str, ...] = ()) -> None:
        self.found = Profile(Power(ranked(capabilities), gaps))

    def profile(self, identity: Identity) -> Profile:
        return self.found

    def sketch(self, identity: Identity, capability: Capability) -> Fix | None:
        return Fix("Grant less.")


class Failing(Nobody):
    """Breaks on everybody, and on listing them."""

    def identities(self) -> Iterable[Identity]:
        raise LookupError("nothing here")

    def profile(self, identity: Identity) -> Profile:
        raise RecursionError("too deep")


def may(level: Level, doubt: str | None = None) -> Capability:
    return Capability(level, f"do {level} things", ("x:Y",), "*", (Source(ROLE.id, "/x"),), None, doubt)


def audited(authority: Authority, subject: str = "repo:*") -> Report:
    cloud = FakeCloud(authority=authority)
    return audit(snapshot({"deploy-web": subject}), [cloud], Config(), RULES, Persona.AUDITOR, silent)


EXPECTED = {
    Level.ADMIN: Severity.CRITICAL,
    Level.ESCALATION: Severity.CRITICAL,
    Level.WIDE_WRITE: Severity.CRITICAL,
    Level.SENSITIVE_READ: Severity.CRITICAL,
    Level.SCOPED: Severity.HIGH,
}


@pytest.mark.parametrize("doubt", [None, "a condition holds"])
@pytest.mark.parametrize("level", EXPECTED)
def test_a_finding_about_a_trust_is_rated_by_what_stands_behind_it(level: Level, doubt: str | None) -> None:
    report = audited(Powers(may(level, doubt)))
    (finding,) = [one for one in report.findings if one.rule == "any-tenant"]
    assert finding.severity == EXPECTED[level]
    assert f"deploy-web may then do {level} things" in finding.detail
    assert report.decisions[0].power is level


def test_nothing_behind_it() -> None:
    report = audited(Powers())
    (finding,) = [one for one in report.findings if one.rule == "any-tenant"]
    assert finding.severity is Severity.MEDIUM
    assert report.standings[ROLE].level is Level.NONE


def test_a_gap_counts_as_wide_write_and_never_hides_more() -> None:
    gap = ("a policy was not read",)
    assert audited(Powers(may(Level.SCOPED), gaps=gap)).decisions[0].power is Level.UNKNOWN
    assert audited(Powers(may(Level.ADMIN), gaps=gap)).decisions[0].power is Level.ADMIN
    findings = audited(Powers(gaps=gap)).findings
    assert [one.severity for one in findings if one.rule == "any-tenant"] == [Severity.CRITICAL]


def test_what_fails_is_unknown_and_a_failed_check() -> None:
    report = audited(Failing())
    assert report.decisions[0].power is Level.UNKNOWN
    assert report.standings[ROLE].profile == unread("the program failed on it: RecursionError")
    (failed,) = [one for one in report.findings if one.status is Status.ERROR]
    assert (failed.rule, failed.subject) == (POWER_ANALYSIS, ROLE.id)
    assert failed.title == "What deploy-web may do could not be worked out: it counts as unknown"
    assert failed.detail == "RecursionError: too deep. This is a defect of this program."
    assert report.summary().errors == 1


def test_what_fails_shows_in_the_exit_code(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(str(tmp_path))
    install(monkeypatch, FakeCloud(authority=Failing()), rules=())
    file = saved(snapshot({"deploy-web": "repo:acme/app:ref:refs/heads/main"}))
    assert cli.main(["scan", "--from", file]) == 3
    assert "FAILED CHECKS" in capsys.readouterr().out


def test_rules_about_power_speak_of_what_tokens_become_alone() -> None:
    rules = {one.rule for one in audited(Powers(may(Level.ADMIN))).findings}
    assert "admin-access" in rules
    dead = audited(Powers(may(Level.ADMIN)), "repo:acme/app:ref:refs/heads/a b")
    assert "admin-access" not in {one.rule for one in dead.findings}
