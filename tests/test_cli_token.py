"""`auditor token` and `auditor issuers` from end to end: what goes where, every exit code, no signature anywhere."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor import cli
from auditor.snapshot import Coverage, Snapshot, Status
from auditor.snapshot_file import save
from fixtures.loopback.aws import LoopbackAws
from tests.schemas import complaints, validator
from tests.tokens.material import (
    ACCOUNT,
    HOST,
    NOW,
    READ,
    SIGNATURE,
    estate,
    github,
    jwt,
    provider,
    pull_request,
    role,
    role_arn,
    statement,
)

ANY = statement({"StringLike": {"sub": "repo:acme/*"}})
MAIN = statement({"StringEquals": {"sub": "repo:acme/app:ref:refs/heads/main"}})
WHERE = statement({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
ESTATE = estate(provider(), role("any", ANY), role("main", MAIN))
HINT = "pass the decoded payload as JSON, or the whole token as header.payload.signature"
LEAKED = "auditor: WARNING: this is a whole token, and it is live until 2026-11-21 12:04:00 UTC (in 4 minutes).\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("auditor.cli._now", lambda: NOW)


def token(payload: Mapping[str, Any] | str, name: str = "token.json") -> str:
    Path(name).write_text(payload if isinstance(payload, str) else json.dumps(payload), "utf-8")
    return name


def saved(snapshot: Snapshot) -> str:
    with Path("estate.jsonl").open("w", encoding="utf-8") as stream:
        save(snapshot, stream)
    return "estate.jsonl"


Out = pytest.CaptureFixture[str]


def test_recognised_from_a_file_and_from_stdin(monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    assert cli.main(["token", token(github())]) == 0
    from_file = capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(github()).encode())))
    assert cli.main(["token", "-"]) == 0
    assert capsys.readouterr() == from_file
    assert from_file.err == ""
    assert from_file.out.startswith(f"TOKEN\n  issuer     GitHub Actions, https://{HOST}\n")


@pytest.mark.parametrize("further", [[], ["-f", "json"], ["--identity", "any"], ["--identity", "main", "-f", "json"]])
def test_a_whole_token_warns_and_its_signature_is_nowhere(further: list[str], capsys: Out) -> None:
    source = ["--from", saved(ESTATE)] if further[:1] == ["--identity"] else []
    assert cli.main(["token", token(jwt(github())), *source, *further]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith(LEAKED)
    assert SIGNATURE not in printed.out + printed.err
    assert SIGNATURE[:12] not in printed.out + printed.err
    assert [file for file in Path().rglob("*") if file.name != "token.json" and SIGNATURE in file.read_text()] == []


def test_an_expired_whole_token_is_told_to_be_harmless(capsys: Out) -> None:
    assert cli.main(["token", token(jwt(github(exp=1)))]) == 0
    assert capsys.readouterr().err.startswith(
        "auditor: this is a whole token, with its signature. It expired 56 years ago"
    )


def test_no_part_of_a_token_that_cannot_be_read_is_shown(capsys: Out) -> None:
    assert cli.main(["token", token(jwt(github()) + ".more")]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (
        "",
        f"auditor: 4 segments between dots, but a token has three; {HINT}\n",
    )


def test_what_it_becomes_and_does_not(capsys: Out) -> None:
    name, source = token(pull_request()), saved(ESTATE)
    assert cli.main(["token", name, "--from", source]) == 0
    out = capsys.readouterr().out
    assert "IDENTITIES it could become: 1, by 1 of 2 trusts\n\n1. any\n" in out
    assert "1 further trust of this issuer refuses it: --identity NAME tells why.\n" in out
    assert cli.main(["token", name, "--from", source, "--identity", "main", "--width", "80"]) == 0
    assert "main: NO, this token does not become it\n" in capsys.readouterr().out


DENIED = tuple(
    row if row.kind != "iam-role" else Coverage("aws", ACCOUNT, row.kind, Status.DENIED, "no", "iam:X") for row in READ
)


@pytest.mark.parametrize(
    ("snapshot", "options", "code"),
    [
        (ESTATE, [], 0),
        (estate(provider()), [], 0),
        (replace(ESTATE, coverage=list(DENIED)), [], 3),
        (replace(ESTATE, coverage=list(DENIED)), ["--identity", "main"], 0),
        (estate(provider(), role("where", WHERE)), [], 3),
        (estate(provider(), role("where", WHERE), role("main", MAIN)), ["--identity", "main"], 0),
        (estate(provider(), role("where", WHERE)), ["--identity", "where"], 3),
        (ESTATE, ["--identity", "nobody"], 2),
        (ESTATE, ["--profile", "x"], 2),
    ],
)
def test_exit_codes(snapshot: Snapshot, options: list[str], code: int) -> None:
    assert cli.main(["token", token(github()), "--from", saved(snapshot), *options]) == code


def test_wrong_usage(capsys: Out) -> None:
    assert cli.main(["token", "missing.json"]) == 2
    assert capsys.readouterr().err == "auditor: missing.json: cannot be read: No such file or directory\n"
    assert cli.main(["token", token(github()), "--identity", "x"]) == 2
    assert capsys.readouterr().err == (
        "auditor: --identity needs an estate to look at: --from SNAPSHOT, or a provider to read live\n"
    )
    assert cli.main(["token", token(github()), "--from", "missing.jsonl"]) == 2


def test_ours_is_taken_from_the_configuration(capsys: Out) -> None:
    Path("auditor.toml").write_text('[ours]\ngithub = ["acme"]\n', "utf-8")
    assert cli.main(["token", token(github())]) == 0
    assert "  whose      ours: [ours] github names acme\n" in capsys.readouterr().out


def test_json_holds_to_its_schema(capsys: Out) -> None:
    assert cli.main(["token", token(pull_request()), "--from", saved(ESTATE), "--identity", "any", "-f", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert complaints(validator("token"), document) == []
    assert [(one["identity"]["name"], one["result"]) for one in document["estate"]["admissions"]] == [
        ("any", "accepted"),
        ("main", "rejected"),
    ]


def test_a_live_account(aws: LoopbackAws, capsys: Out) -> None:
    policies = {"any": ANY, "main": MAIN}
    aws.load_trusts([(name, {"Version": "2012-10-17", "Statement": [one]}) for name, one in policies.items()])
    assert cli.main(["token", token(pull_request()), "aws"]) == 0
    out = capsys.readouterr().out
    assert "IDENTITIES it could become: 1, by 1 of 2 trusts\n" in out
    assert f"     as    iam-role {role_arn('any')}\n" in out


def test_issuers(capsys: Out) -> None:
    assert cli.main(["issuers"]) == 0
    listed = capsys.readouterr().out
    assert "\ngithub             GitHub Actions " in listed
    assert cli.main(["issuers", "githib"]) == 2
    assert capsys.readouterr().err == "auditor: no issuer 'githib' is described; did you mean github?\n"
    assert cli.main(["issuers", f"https://{HOST}/acme", "-f", "json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["issuers"]
    assert (one["id"], one["name"]) == ("github", "GitHub Actions (enterprise issuer)")


def test_issuers_of_the_configuration_are_listed_too(capsys: Out) -> None:
    Path("auditor.toml").write_text(
        '[[issuer]]\nlike = "github"\nissuers = [{ url = "https://ci\\\\.acme\\\\.example", tenancy = "instance" }]\n',
        "utf-8",
    )
    assert cli.main(["issuers", "https://ci.acme.example"]) == 0
    assert "minted at https://ci.acme.example\n" in capsys.readouterr().out
