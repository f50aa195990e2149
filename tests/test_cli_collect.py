"""`auditor collect`: packed files, and parts that several jobs read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor import cli
from auditor.config import AwsTargets, Config, GcpTargets, Targets
from auditor.providers.aws import Aws
from auditor.providers.aws.collect import ProfileScope
from auditor.providers.gcp import Gcp
from auditor.shards import WHOLE, Shard
from auditor.snapshot import Coverage, Document, Snapshot, Status
from auditor.snapshot_file import load
from auditor.storage.packing import MAGIC, unpacked
from tests.estate import FakeCloud, snapshot
from tests.reading import read_alone
from tests.schemas import closed, complaints

PROFILES = ("prod", "staging", "dev", "sandbox")


class Cloud(FakeCloud):
    """A role in each account, as far as the part holds the account."""

    def collect(self, config: Config, *, shard: Shard = WHOLE, **options: Any) -> Snapshot:
        accounts = [name for name in PROFILES if shard.holds(self.id, name)]
        subject = {"RoleName": "deploy-web", "Subject": "repo:acme/*"}
        return Snapshot(
            *("2026-11-21T10:00:00Z", "2026-11-21T10:00:05Z"),
            [Document(self.id, name, "iam-role", f"{name}/deploy-web", subject) for name in accounts],
            [Coverage(self.id, name, "iam-role", Status.READ) for name in accounts],
        )


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def install(monkeypatch: pytest.MonkeyPatch, *clouds: FakeCloud) -> None:
    monkeypatch.setattr("auditor.estates.PROVIDERS", {cloud.id: lambda cloud=cloud: cloud for cloud in clouds})


def test_a_name_ending_in_zst_is_packed_and_audited_like_any_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, FakeCloud(snapshot({"deploy-web": "repo:*"})))
    for name in ("estate.jsonl", "estate.jsonl.zst"):
        assert cli.main(["collect", "-o", name]) == 0
    with unpacked(Path("estate.jsonl.zst")) as stream:
        assert stream.read() == Path("estate.jsonl").read_text("utf-8")
    assert Path("estate.jsonl.zst").read_bytes().startswith(MAGIC)
    assert not Path("estate.jsonl").read_bytes().startswith(MAGIC)
    capsys.readouterr()
    reports = []
    for name in ("estate.jsonl", "estate.jsonl.zst"):
        cli.main(["scan", "-f", "json", "--from", name])
        reports.append(capsys.readouterr().out)
    assert reports[0] == reports[1] != ""
    assert cli.main(["diff", "estate.jsonl", "estate.jsonl.zst"]) == 0


def test_a_damaged_packed_file_is_named_and_no_report_is_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, FakeCloud(snapshot({"deploy-web": "repo:*"})))
    cli.main(["collect", "-q", "-o", "estate.zst"])
    Path("cut.zst").write_bytes(Path("estate.zst").read_bytes()[:-5])
    for command in (["scan", "--from", "cut.zst"], ["diff", "estate.zst", "cut.zst"]):
        assert cli.main(command) == 2
        message = "auditor: cut.zst: cut short: the packed text does not end; collect again\n"
        assert capsys.readouterr() == ("", message)


def test_parts_are_audited_as_the_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, Cloud())
    assert cli.main(["collect", "-o", "whole"]) == 0
    assert capsys.readouterr().err == "auditor: 4 documents saved; coverage complete\n"
    for index in (1, 2, 3):
        assert cli.main(["collect", "--shard", f"{index}/3", "-o", f"{index}"]) == 0
    assert capsys.readouterr().err == (
        "auditor: 2 documents of part 1/3 saved; coverage complete\n"
        "auditor: 2 documents of part 2/3 saved; coverage complete\n"
        "auditor: 0 documents of part 3/3 saved; coverage complete\n"
    )
    reports = []
    for names in (["whole"], ["2", "3", "1"]):
        cli.main(["scan", "-f", "json", "--from", *names])
        reports.append(capsys.readouterr().out)
    assert reports[0] == reports[1]
    assert json.loads(reports[0])["summary"]["coverage_complete"]


@pytest.mark.parametrize(("names", "lacking"), [(["1", "2"], "3"), (["3"], "1, 2"), (["2", "2"], "1, 3")])
def test_parts_without_the_others_are_no_clean_report(
    names: list[str], lacking: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, Cloud())
    for index in (1, 2, 3):
        cli.main(["collect", "-q", "--shard", f"{index}/3", "-o", f"{index}"])
    assert cli.main(["scan", "-f", "json", "--exit-zero", "--from", *names]) == 3
    rows = [row for row in json.loads(capsys.readouterr().out)["coverage"] if row["status"] != "read"]
    assert rows == [
        {
            "provider": "aws",
            "scope": "-",
            "kind": "everything",
            "status": "failed",
            "reason": f"this is not the whole collection: of its 3 parts (--shard) these are not here: {lacking}",
            "permission": None,
        }
    ]


def test_parts_of_other_collections_do_not_complete_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, Cloud())
    cli.main(["collect", "-q", "--shard", "1/2", "-o", "a"])
    cli.main(["collect", "-q", "--shard", "2/2", "--profile", "prod", "-o", "b"])
    assert cli.main(["scan", "-f", "json", "--exit-zero", "--from", "a", "b"]) == 3
    assert [row["reason"][-1] for row in json.loads(capsys.readouterr().out)["coverage"] if row["reason"]] == ["1", "2"]


def test_the_header_of_a_part_is_described_by_the_published_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Cloud(), FakeCloud(snapshot({}), name="gcp"))
    cli.main(["collect", "-q", "--shard", "2/3", "-o", "part"])
    header = json.loads(Path("part").read_text("utf-8").partition("\n")[0])
    assert complaints(closed("snapshot"), header) == []
    (part,) = header["parts"]
    assert (part["index"], part["count"], part["providers"]) == (2, 3, ["aws", "gcp"])


@pytest.mark.parametrize("said", ["3/2", "0/1", "x", "1", "1/99999"])
def test_what_is_no_part(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["collect", "-o", "x", "--shard", said])
    assert ended.value.code == 2
    assert "argument --shard: " in capsys.readouterr().err


def test_a_part_of_nothing_is_complete_and_asks_nobody() -> None:
    shard = next(Shard(index, 50) for index in range(1, 51) if not Shard(index, 50).holds("aws", "prod"))
    found = read_alone(Aws(), Config(targets=Targets(aws=AwsTargets(("prod",)))), shard=shard)
    assert (found.documents, found.coverage) == ([], [])
    shard = next(Shard(index, 50) for index in range(1, 51) if not Shard(index, 50).holds("gcp", "projects/acme-web"))
    found = read_alone(Gcp(), Config(targets=Targets(gcp=GcpTargets(projects=("acme-web",)))), shard=shard)
    assert (found.documents, found.coverage) == ([], [])


def test_profiles_are_divided() -> None:
    config = Config(targets=Targets(aws=AwsTargets(PROFILES)))
    parts = [Aws().scopes(config, shard=Shard(index, 3)) for index in (1, 2, 3)]
    assert [[scope.source.profile for scope in part if isinstance(scope, ProfileScope)] for part in parts] == [
        ["prod", "staging"],
        ["dev", "sandbox"],
        [],
    ]


def test_a_part_survives_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Cloud())
    cli.main(["collect", "-q", "--shard", "1/3", "-o", "part.zst"])
    (part,) = load(Path("part.zst")).parts
    assert (part.shard, part.providers) == (Shard(1, 3), ("aws",))
