"""`auditor compliance`: exit codes, what goes where, what is asked of whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor import cli
from auditor.compliance import FRAMEWORKS
from auditor.snapshot import Coverage, Snapshot, Status
from auditor.snapshot_file import save
from tests.rules import cases

SUBJECT = "repo:acme/app:ref:refs/heads/main"
IDS = {"repository_owner_id": "123", "repository_id": "456"}
READ_ONE = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::assets/a.txt"}]
ADMIN = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
USED = {"CreateDate": "2026-11-01T00:00:00Z", "RoleLastUsed": {"LastUsedDate": "2026-11-20T00:00:00Z"}}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved(may: list[dict[str, str]], *rows: Coverage, **condition: Any) -> str:
    body = {
        "condition": {"StringEquals": {"aud": "sts.amazonaws.com", "sub": SUBJECT, **IDS, **condition}},
        "may": may,
        "role": USED,
    }
    made = cases.snapshot(cases.policy(body), body)
    with Path("estate.jsonl").open("w", encoding="utf-8") as stream:
        save(Snapshot(made.started, made.finished, made.documents, [*made.coverage, *rows]), stream)
    return "estate.jsonl"


DENIED = Coverage("aws", cases.ACCOUNT, "iam-policy", Status.DENIED, "AccessDenied", "iam:GetPolicy")


def compliance(*arguments: str) -> int:
    return cli.main(["compliance", *arguments])


def test_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert compliance("cis-aws", "--from", saved(READ_ONE), "--width", "100") == 0
    out, err = capsys.readouterr()
    assert err == "auditor: exit code 0: of the controls, 0 fail, 0 not assessed, 1 pass\n"
    assert "  0 fail, 0 not assessed, 1 pass\n" in out


@pytest.mark.parametrize(
    ("may", "rows", "arguments", "code"),
    [
        (ADMIN, (), (), 12),
        (ADMIN, (DENIED,), (), 12),
        (ADMIN, (), ("--exit-zero",), 3),
        (READ_ONE, (DENIED,), (), 3),
        (READ_ONE, (), ("cis-azure",), 3),
        (READ_ONE, (), ("gcp", "aws"), 0),
    ],
)
def test_exit_codes(
    may: list[dict[str, str]], rows: tuple[Coverage, ...], arguments: tuple[str, ...], code: int
) -> None:
    assert compliance("cis-aws", *arguments, "--from", saved(may, *rows)) == code


def test_all_frameworks_into_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert compliance("--from", saved(READ_ONE), "-f", "json", "-o", "told.json", "-q") == 3
    assert capsys.readouterr() == ("", "")
    told = json.loads(Path("told.json").read_text("utf-8"))
    assert [one["id"] for one in told["frameworks"]] == list(FRAMEWORKS)


def test_frameworks_come_in_the_order_asked_for_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    compliance("soc-2", "cis-aws", "soc-2", "--from", saved(READ_ONE), "-f", "json")
    told = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in told["frameworks"]] == ["soc-2", "cis-aws"]


def test_every_rule_is_heard_whatever_the_persona(capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(READ_ONE, sub="repo:acme/app:environment:production")
    compliance("nist-800-53", "--from", path, "-f", "json")
    controls = {one["id"]: one for one in json.loads(capsys.readouterr().out)["frameworks"][0]["controls"]}
    assert controls["CM-5"]["reasons"] == ["for a person to look at: environment-gate"]
    assert not [one["id"] for one in controls.values() if any("not looked for" in text for text in one["reasons"])]


def test_what_is_ours_is_asked_of_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(READ_ONE)
    results = []
    for text in ("", '[ours]\ngithub = ["acme@123"]\n'):
        Path("auditor.toml").write_text(text, "utf-8")
        compliance("nist-800-53", "--from", path, "-f", "json")
        controls = json.loads(capsys.readouterr().out)["frameworks"][0]["controls"]
        results.append({one["id"]: one["result"] for one in controls}["AC-20"])
    assert results == ["not-assessed", "pass"]


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        compliance("cis-oracle")
    assert stop.value.code == 2
    assert "'cis-oracle' is neither framework nor provider; frameworks: cis-aws," in capsys.readouterr().err
    assert compliance("--from", saved(READ_ONE), "-o", "nowhere/told.txt") == 2
