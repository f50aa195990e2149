"""Which live clouds are read, with which options, and what becomes of those nobody asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor import cli
from auditor.config import Config
from auditor.errors import CollectError, NothingAskedError
from auditor.snapshot import Snapshot
from tests.estate import FakeCloud, snapshot


class Cloud(FakeCloud):
    """Remembers what it was asked; `trouble` is what comes of it."""

    def __init__(self, name: str, trouble: CollectError | None = None) -> None:
        super().__init__(snapshot({}), name=name)
        self.trouble = trouble
        self.asked: list[dict[str, Any]] = []

    def collect(self, config: Config, **options: Any) -> Snapshot:
        self.asked.append(options)
        if self.trouble:
            raise self.trouble
        return super().collect(config, **options)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def install(monkeypatch: pytest.MonkeyPatch, *clouds: Cloud) -> None:
    monkeypatch.setattr("auditor.estates.PROVIDERS", {cloud.id: lambda cloud=cloud: cloud for cloud in clouds})


def ledger(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Provider → status of its row of kind `account`."""
    rows = json.loads(capsys.readouterr().out)["coverage"]
    return {row["provider"]: row["status"] for row in rows if row["kind"] == "account"}


NOTHING = NothingAskedError("no credentials")


def test_options_reach_the_collectors(monkeypatch: pytest.MonkeyPatch) -> None:
    google = Cloud("gcp")
    install(monkeypatch, Cloud("aws"), google)
    targets = ["--project", "a", "--project", "b", "--folder", "1", "--organization", "2"]
    assert cli.main(["collect", "gcp", "-o", "x", *targets]) == 0
    assert google.asked == [{"projects": ["a", "b"], "folders": ["1"], "organizations": ["2"]}]


def test_options_of_azure_reach_its_collector(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    azure = Cloud("azure")
    install(monkeypatch, Cloud("aws"), azure)
    targets = ["--tenant", "t", "--subscription", "a", "--subscription", "b", "--management-group", "m"]
    assert cli.main(["collect", "azure", "-o", "x", *targets]) == 0
    assert azure.asked == [{"tenant": "t", "subscriptions": ["a", "b"], "management_groups": ["m"]}]
    capsys.readouterr()
    assert cli.main(["collect", "aws", "-o", "x", *targets]) == 2
    assert capsys.readouterr().err == ("auditor: --tenant is for azure, which is not among what is to be read\n")


@pytest.mark.parametrize(
    ("written", "aws", "google"),
    [
        (["--organization"], {"organization": "any"}, {}),
        (["--organization", "o-a1b2c3d4e5"], {"organization": "o-a1b2c3d4e5"}, {}),
        (["--organization", "1", "--organization", "2"], {}, {"organizations": ["1", "2"]}),
        (
            ["--organization", "1", "--role-name", "r", "--organization", "--duration", "900"],
            {"organization": "any", "role_name": "r", "duration": 900},
            {"organizations": ["1"]},
        ),
        (
            ["--external-id", "e", "--role-session-name", "s", "--organization"],
            {"organization": "any", "external_id": "e", "role_session_name": "s"},
            {},
        ),
    ],
)
def test_an_organisation_is_whose_id_it_is(
    written: list[str], aws: dict[str, Any], google: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clouds = Cloud("aws"), Cloud("gcp")
    install(monkeypatch, *clouds)
    assert cli.main(["collect", "aws", "gcp", "-o", "x", *written]) == 0
    assert clouds[0].asked == clouds[1].asked == [{**aws, **google}]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            ["--organization", "aws"],
            (
                "argument --organization: 'aws' is no organization of Google Cloud (a number) or AWS "
                "(o-..., or nothing after all else)"
            ),
        ),
        (["--duration", "899"], "argument --duration: '899' is no number of seconds from 900 to 43200"),
        (["--duration", "1h"], "argument --duration: '1h' is no number of seconds from 900 to 43200"),
    ],
)
def test_what_is_no_organisation(
    written: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["scan", *written])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: {said}\n")


def test_a_cloud_nobody_asked_for_and_without_credentials_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, Cloud("aws"), Cloud("gcp", NOTHING))
    assert cli.main(["scan", "-f", "json"]) == 0
    assert ledger(capsys) == {"aws": "read", "gcp": "skipped"}


@pytest.mark.parametrize(
    ("arguments", "config"),
    [
        (["aws", "gcp"], ""),
        (["--project", "web-prod"], ""),
        ([], "[targets.aws]\n[targets.gcp]\n"),
    ],
)
def test_a_cloud_somebody_asked_for_is_a_gap(
    arguments: list[str], config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, Cloud("aws"), Cloud("gcp", NOTHING))
    Path("auditor.toml").write_text(config, "utf-8")
    assert cli.main(["scan", "-f", "json", *arguments]) == 3
    assert ledger(capsys) == {"aws": "read", "gcp": "failed"}


def test_a_cloud_that_fails_for_another_reason_is_a_gap(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, Cloud("aws"), Cloud("gcp", CollectError("the credentials expired")))
    assert cli.main(["scan", "-f", "json"]) == 3
    assert ledger(capsys) == {"aws": "read", "gcp": "failed"}


def test_when_no_cloud_has_credentials_there_is_no_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, Cloud("aws", NothingAskedError("none for AWS")), Cloud("gcp", NOTHING))
    assert cli.main(["scan"]) == 1
    assert capsys.readouterr() == ("", "auditor: none for AWS\nauditor: no credentials\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scan", "aws", "--project", "x"], "--project is for gcp, which is not among what is"),
        (
            ["collect", "gcp", "-o", "x", "--profile", "x"],
            "--profile is for aws, which is not among what is to be read",
        ),
        (["scan", "--from", "x", "--folder", "1"], "--folder chooses what to read live"),
    ],
)
def test_options_that_would_be_ignored_are_refused(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, Cloud("aws"), Cloud("gcp"))
    assert cli.main(arguments) == 2
    assert message in capsys.readouterr().err
