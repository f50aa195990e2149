"""`auditor collect --resume` against the loopback clouds: killed, continued, repeated."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import parse_qs

import pytest

from auditor import cli
from auditor.collecting import journal
from auditor.snapshot import Snapshot
from auditor.snapshot_file import load, save
from fixtures.loopback import aws_organisation, aws_pages
from fixtures.loopback.aws import ACCOUNT, DETAILS, LoopbackAws
from fixtures.loopback.azure import LoopbackAzure
from fixtures.loopback.faults import Fault
from fixtures.loopback.gcp import LoopbackGoogle
from tests.schemas import closed, complaints

ROOT = Path(__file__).parents[2]
ESTATES = ROOT / "fixtures/estates"
MEMBERS = 8
HOST = "token.actions.githubusercontent.com"
GOOGLE, AZURE = "487201356490", "ea1d1e06-5f07-4410-84a6-cdf75bb12be8"
"""The organisation and the tenant of the made-up company."""
COLLECT = ("collect", "aws", "--organization", "-o", "estate.jsonl")


def trust(number: int) -> dict[str, Any]:
    """Every other one lets in any repository of an organisation."""
    subject = f"repo:acme/app-{number}:ref:refs/heads/main" if number % 2 else "repo:acme/*"
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {f"{HOST}:sub": subject}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


class Door:
    """Before the loopback AWS: writes down which accounts are entered and read, and makes some wait for ever."""

    def __init__(self, aws: LoopbackAws, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered: list[str] = []
        self.read: list[str] = []
        self._aws = aws
        self._open = threading.Event()
        self._open.set()
        self._most = 0
        self._lock = threading.Lock()
        self._answer: Callable[..., Any] = aws._answer
        monkeypatch.setattr(aws._server, "app", self._pass)

    def narrow(self, most: int) -> None:
        """From now on only so many accounts are read; the others wait."""
        self.entered.clear()
        self.read.clear()
        self._most = most
        self._open.clear()

    def widen(self) -> None:
        self._open.set()
        self.entered.clear()
        self.read.clear()

    def _pass(self, environ: dict[str, Any], start: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        asked = {key: value[0] for key, value in parse_qs(body.decode()).items()}
        account = self._aws._accounts.get(aws_pages.access_key(environ.get("HTTP_AUTHORIZATION", "")), ACCOUNT)
        if asked.get("Action") == "AssumeRole" and (found := re.search(r"::(\d{12}):role/", asked["RoleArn"])):
            self.entered.append(found[1])
        if asked.get("Action") == DETAILS:
            with self._lock:
                self.read.append(account)
                waits = len(self.read) > self._most
            if waits:
                self._open.wait(60)
        return self._answer(environ, start)


@pytest.fixture
def _elsewhere(aws: LoopbackAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def accounts(aws: LoopbackAws, _elsewhere: None) -> list[str]:
    """Those of an organisation, with the management account."""
    members = aws_organisation.load(aws, ((f"member-{n}", trust(n)) for n in range(MEMBERS)))
    return [ACCOUNT, *members.values()]


@pytest.fixture
def door(aws: LoopbackAws, accounts: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    found = Door(aws, monkeypatch)
    yield found
    found.widen()


def lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def timeless(path: str) -> list[dict[str, Any]]:
    """What a snapshot holds, but for times and what was read when."""
    found = lines(path)
    assert not [complaint for line in found for complaint in complaints(closed("snapshot"), line)]
    for line in found:
        told = line.get("visit", line)
        for name in ("started", "finished", "earlier"):
            told.pop(name, None)
    return found


def earlier(path: str) -> set[str]:
    """The scopes that were taken over."""
    return {line["visit"]["scope"] for line in lines(path) if "visit" in line and line["visit"]["earlier"]}


def stop_after(scopes: int, *more: str, by: signal.Signals = signal.SIGKILL) -> int:
    """A collection in a process of its own, stopped as soon as so many scopes are kept, and how it ended."""
    path = Path("estate.jsonl.partial")
    command = [sys.executable, "-m", "auditor", *COLLECT, *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            wait_until(lambda: path.exists() and kept(path) >= scopes, process)
            assert kept(path) == scopes
        except BaseException:
            process.kill()
            raise
        process.send_signal(by)
        return process.wait(30)


def kill_after(scopes: int, *more: str) -> None:
    assert stop_after(scopes, *more) == -signal.SIGKILL
    assert not Path("estate.jsonl").exists()
    assert kept(Path("estate.jsonl.partial")) == scopes


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        assert time.monotonic() < end
        time.sleep(0.02)


def kept(path: Path) -> int:
    with io.FileIO(path) as file:
        return max(sum(1 for _ in journal._frames(file)) - 1, 0)


def test_killed_and_continued_it_is_as_if_nothing_had_happened(
    accounts: list[str], door: Door, aws: LoopbackAws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["collect", "aws", "--organization", "-o", "whole.jsonl"]) == 0
    assert sorted(door.read) == sorted(accounts)
    door.narrow(4)
    kill_after(4)
    first = door.read[:4]
    door.widen()
    capsys.readouterr()
    assert cli.main([*COLLECT, "--resume"]) == 0
    assert capsys.readouterr().err == (
        "auditor: estate.jsonl.partial: 4 of 4 scopes are complete and fresh, and taken over\n"
        f"auditor: {len(load(Path('whole.jsonl')).documents)} documents saved; coverage complete\n"
    )
    assert timeless("estate.jsonl") == timeless("whole.jsonl")
    assert sorted(door.read) == sorted(set(accounts) - set(first))
    assert sorted(door.entered) == sorted(set(accounts) - set(first) - {ACCOUNT})
    assert earlier("estate.jsonl") == set(first)
    assert not Path("estate.jsonl.partial").exists()

    for name in ("whole.jsonl", "estate.jsonl"):
        cli.main(["scan", "--from", name, "-f", "json", "-o", f"{name}.report"])
    whole, resumed = (json.loads(Path(f"{name}.report").read_text("utf-8")) for name in ("whole.jsonl", "estate.jsonl"))
    (row,) = [row for row in resumed["coverage"] if row["kind"] == "earlier"]
    assert row["status"] == "read"
    assert re.fullmatch(r"4 of 9 scopes, read from \S+ to \S+", row["reason"])
    resumed["coverage"].remove(row)
    for told in (whole, resumed):
        del told["started"], told["finished"]
    assert json.dumps(resumed) == json.dumps(whole)


def test_killed_twice(accounts: list[str], door: Door) -> None:
    assert cli.main(["collect", "aws", "--organization", "-o", "whole.jsonl"]) == 0
    door.narrow(2)
    kill_after(2)
    seen = door.read[:2]
    door.narrow(3)
    kill_after(5, "--resume")
    assert not set(seen) & set(door.read)
    seen += door.read[:3]
    door.widen()
    assert cli.main([*COLLECT, "--resume"]) == 0
    assert sorted(door.read) == sorted(set(accounts) - set(seen))
    assert timeless("estate.jsonl") == timeless("whole.jsonl")
    assert earlier("estate.jsonl") == set(seen)


def test_ended_by_ctrl_c_what_was_read_is_saved_and_continued(accounts: list[str], door: Door) -> None:
    door.narrow(3)
    assert stop_after(3, by=signal.SIGINT) == 3
    first = door.read[:3]
    assert not Path("estate.jsonl.partial").exists()
    assert {visit.scope for visit in load(Path("estate.jsonl")).visits if visit.complete} == set(first)
    door.widen()
    assert cli.main([*COLLECT, "--resume"]) == 0
    assert sorted(door.read) == sorted(set(accounts) - set(first))
    assert earlier("estate.jsonl") == set(first)


def test_a_full_disk_costs_nothing_that_was_read(
    accounts: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[Snapshot] = []

    def until_full(part: Snapshot, stream: TextIO) -> None:
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(part)
        save(part, stream)

    with monkeypatch.context() as patch:
        patch.setattr(journal, "save", until_full)
        assert cli.main([*COLLECT]) == 1
    assert capsys.readouterr().err == (
        "auditor: estate.jsonl.partial: what was read is kept there; the same command with --resume continues it\n"
        "auditor: estate.jsonl.partial: cannot be kept: No space left on device\n"
    )
    assert not Path("estate.jsonl").exists()
    assert cli.main([*COLLECT, "--resume"]) == 0
    assert earlier("estate.jsonl") == {visit.scope for part in written for visit in part.visits}
    assert {document.scope for document in load(Path("estate.jsonl")).of("aws", "account")} == set(accounts)


@pytest.mark.usefixtures("door")
def test_another_command_line_does_not_continue_it(capsys: pytest.CaptureFixture[str], door: Door) -> None:
    door.narrow(2)
    kill_after(2)
    door.widen()
    before = Path("estate.jsonl.partial").read_bytes()
    assert cli.main([*COLLECT, "--resume", "--role-name", "Reader"]) == 2
    assert capsys.readouterr().err == (
        "auditor: estate.jsonl.partial: is of a collection with another command line or configuration, and cannot be "
        "continued by this one; repeat that one, or leave --resume out to read everything anew\n"
    )
    assert Path("estate.jsonl.partial").read_bytes() == before
    assert door.read == []


def test_what_was_denied_is_asked_again(
    accounts: list[str], door: Door, aws: LoopbackAws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.fail("AssumeRole", Fault.ACCESS_DENIED, about=accounts[3])
    assert cli.main([*COLLECT]) == 3
    aws.calm()
    door.widen()
    capsys.readouterr()
    assert cli.main([*COLLECT, "--resume"]) == 0
    assert capsys.readouterr().err.startswith(
        "auditor: estate.jsonl: 8 of 9 scopes are complete and fresh, and taken over\n"
    )
    assert door.read == [accounts[3]]
    assert earlier("estate.jsonl") == set(accounts) - {accounts[3]}


def test_fresh_scopes_are_taken_over_and_old_ones_read(
    accounts: list[str], door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a nightly run does it: always the same words."""
    nightly = [*COLLECT, "--resume", "--max-age", "20h"]
    assert cli.main(nightly) == 0
    assert len(door.read) == 9
    told = lines("estate.jsonl")
    now = datetime.now(UTC)
    ages = {accounts[1]: 25, accounts[2]: 19}
    for line in told:
        if "visit" in line and (hours := ages.get(line["visit"]["scope"])):
            moment = (now - timedelta(hours=hours)).isoformat().replace("+00:00", "Z")
            line["visit"] |= {"started": moment, "finished": moment}
    Path("estate.jsonl").write_text("".join(json.dumps(line) + "\n" for line in told), "utf-8")
    door.widen()
    assert cli.main(nightly) == 0
    assert door.read == [accounts[1]]
    assert earlier("estate.jsonl") == set(accounts) - {accounts[1]}
    # What is said to be as old as it is stays as old: two hours later it is too old.
    assert load(Path("estate.jsonl")).started == lines("estate.jsonl")[0]["started"]
    assert min(v.started for v in load(Path("estate.jsonl")).visits) == load(Path("estate.jsonl")).started
    monkeypatch.setattr(cli, "_now", lambda: now + timedelta(hours=2))
    door.widen()
    assert cli.main(nightly) == 0
    assert door.read == [accounts[2]]
    monkeypatch.setattr(cli, "_now", lambda: now + timedelta(hours=21))
    door.widen()
    assert cli.main(nightly) == 0
    assert sorted(door.read) == sorted(accounts)


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "x", "--max-age", "1h"], "--max-age tells what --resume may take over, which is missing"),
        (["-o", "-", "--resume"], "--resume needs a file: that of -o, or one of its own (--resume OLD)"),
        (["-o", os.devnull, "--resume"], "--resume needs a file: that of -o, or one of its own (--resume OLD)"),
        (["-o", "x", "--resume", "gone"], "gone: cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_meant(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["collect", "aws", *options]) == 2
    assert capsys.readouterr().err == f"auditor: {said}\n"
    assert not list(Path().iterdir())


@pytest.mark.usefixtures("_elsewhere")
def test_spans_of_time_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["collect", "aws", "-o", "x", "--resume", "--max-age", "soon"])
    said = "argument --max-age: 'soon' is no span of time such as 30m, 12h or 7d"
    assert said in capsys.readouterr().err


@pytest.fixture(scope="module")
def three_clouds() -> Iterator[Mapping[str, str]]:
    """The made-up company of the demo."""
    google = json.loads((ESTATES / "gcp/demo.json").read_text("utf-8"))
    with LoopbackAws(managed_policies=True) as aws, LoopbackGoogle(google) as gcp, LoopbackAzure() as azure:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in aws.environment.items():
                patch.setenv(name, value)
            aws.load_estate(ESTATES / "aws/demo.json")
        azure.load(json.loads((ESTATES / "azure/demo.json").read_text("utf-8")))
        yield {**aws.environment, **gcp.environment, **azure.environment}


def test_two_collections_of_what_did_not_change_are_recognisably_the_same(
    three_clouds: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in three_clouds.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AZURE_TOKEN_CREDENTIALS", raising=False)
    targets = ["aws", "gcp", "azure", "--organization", GOOGLE, "--tenant", AZURE]
    further: dict[str, list[str]] = {"one": [], "two": [], "three": ["--resume", "two.jsonl"]}
    for name, more in further.items():
        assert cli.main(["collect", "-q", *targets, "-o", f"{name}.jsonl", *more]) == 0
        cli.main(["scan", "-q", "--persona", "auditor", "--from", f"{name}.jsonl", "-f", "json", "-o", f"{name}.json"])
    assert earlier("two.jsonl") == set()
    assert earlier("three.jsonl") == {"123456789012", f"organizations/{GOOGLE}", AZURE}
    one, two, three = (json.loads(Path(f"{name}.json").read_text("utf-8")) for name in ("one", "two", "three"))
    assert {trust["provider"] for trust in one["trusts"]} == {"aws", "azure", "gcp"}
    for found in (two, three):
        assert [trust["id"] for trust in found["trusts"]] == [trust["id"] for trust in one["trusts"]]
        assert [finding["id"] for finding in found["findings"]] == [finding["id"] for finding in one["findings"]]
    assert len({finding["id"] for finding in one["findings"]}) == len(one["findings"]) > 50
    assert sum(row["kind"] == "earlier" for row in three["coverage"]) == 3
    capsys.readouterr()
    assert cli.main(["diff", "-f", "json", "one.jsonl", "three.jsonl"]) == 0
    changes = json.loads(capsys.readouterr().out)["comparison"]
    assert {name for name, number in changes["trusts"].items() if number} == {"equal"}
    assert {name for name, number in changes["findings"].items() if number} == {"known"}
