"""Files appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.errors import OutputError, UsageError
from auditor.output import require_writable, whole_file


def test_a_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    with whole_file(path) as stream:
        stream.write("é\n\ud800\n")
        assert not path.exists()
    assert path.read_bytes() == b"\xc3\xa9\n\\ud800\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def fail() -> None:
        with whole_file(path) as stream:
            stream.write("half a rep")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_takes_the_place_of_a_file_is_on_the_disk_by_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    seen: list[tuple[str, bytes]] = []

    def fsync(descriptor: int) -> None:
        seen.append((path.read_text(), os.pread(descriptor, 100, 0)))

    monkeypatch.setattr("auditor.output.os.fsync", fsync)
    with whole_file(path) as stream:
        stream.write("new")
    assert seen == [("old", b"new")]
    assert path.read_text() == "new"


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with whole_file(tmp_path / "link") as stream:
        stream.write("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_device_is_written_directly() -> None:
    with whole_file(Path(os.devnull)) as stream:
        stream.write("gone")
    assert not Path(os.devnull).is_file()


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"missing/report\.json: cannot be written: No such file or directory"),
        whole_file(tmp_path / "missing" / "report.json"),
    ):
        pass


def test_mistakes_are_told_before_the_work(tmp_path: Path) -> None:
    require_writable(tmp_path / "new")
    with pytest.raises(UsageError, match=r"is a folder, not a file"):
        require_writable(tmp_path)
    with pytest.raises(UsageError, match=r"there is no folder .*missing; create it first"):
        require_writable(tmp_path / "missing" / "report.json")
