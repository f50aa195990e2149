"""Packed files are read whatever they are called, and damage never passes for a shorter text."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import OutputError, SnapshotError
from auditor.output import whole_file
from auditor.snapshot import Coverage, Document, Snapshot, Status
from auditor.snapshot_file import load, save
from auditor.storage.packing import MAGIC, packed, unpacked, wants_packing

ROLES = [
    Document("aws", "123456789012", "iam-role", f"arn:aws:iam::123456789012:role/r{number}", {"RoleName": f"r{number}"})
    for number in range(2_000, 4_000)
]
SNAPSHOT = Snapshot(
    "2026-11-21T09:00:00Z",
    "2026-11-21T09:00:04Z",
    ROLES,
    [Coverage("aws", "123456789012", "iam-role", Status.READ)],
)


def written(path: Path) -> bytes:
    with packed(path) as stream:
        save(SNAPSHOT, stream)
    return path.read_bytes()


def text() -> str:
    stream = io.StringIO()
    save(SNAPSHOT, stream)
    return stream.getvalue()


def unpack(path: Path) -> str:
    with unpacked(path) as stream:
        return stream.read()


def test_a_packed_snapshot_is_read_by_any_name_and_is_much_smaller(tmp_path: Path) -> None:
    content = written(tmp_path / "estate.jsonl.zst")
    assert content.startswith(MAGIC)
    assert len(content) * 10 < len(text())
    (tmp_path / "estate.jsonl").write_bytes(content)
    (tmp_path / "plain.zst").write_text(text(), encoding="utf-8")
    for name in ("estate.jsonl.zst", "estate.jsonl", "plain.zst"):
        assert load(tmp_path / name) == SNAPSHOT


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r")))
@settings(max_examples=50)
def test_what_was_packed_is_unpacked(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.zst"
    with packed(path) as stream:
        stream.write(content)
    assert unpack(path) == content


def test_every_shortened_file_is_refused(tmp_path: Path) -> None:
    content = written(tmp_path / "estate.zst")
    for length in (*range(40), *range(40, len(content), 97), *range(len(content) - 12, len(content))):
        (tmp_path / "cut.zst").write_bytes(content[:length])
        with pytest.raises(SnapshotError, match=r"cut\.zst: (empty, not a snapshot|cut short: the packed text does)"):
            load(tmp_path / "cut.zst")


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    content = written(tmp_path / "estate.zst")
    # Two bytes of a frame's head stand for more than the text: the window may be larger than needed.
    for at in (*range(6, 60), *range(60, len(content), 61), *range(len(content) - 8, len(content))):
        damaged = bytearray(content)
        damaged[at] ^= 0x11
        (tmp_path / "damaged.zst").write_bytes(damaged)
        with pytest.raises(SnapshotError, match=r"damaged\.zst:"):
            load(tmp_path / "damaged.zst")


def test_what_follows_the_packed_text_is_noticed(tmp_path: Path) -> None:
    content = written(tmp_path / "estate.zst")
    (tmp_path / "longer.zst").write_bytes(content + b"more")
    with pytest.raises(SnapshotError, match=r"longer\.zst: damaged: it cannot be unpacked"):
        load(tmp_path / "longer.zst")
    (tmp_path / "twice.zst").write_bytes(content + content)
    with pytest.raises(SnapshotError, match=r"twice\.zst:2004: something follows the end line"):
        load(tmp_path / "twice.zst")


def test_packed_and_no_text(tmp_path: Path) -> None:
    from backports import zstd

    (tmp_path / "image.zst").write_bytes(zstd.compress(b"\xff\xfe\x00"))
    with pytest.raises(SnapshotError, match=r"image\.zst: not a snapshot: it holds bytes that are not UTF-8 text$"):
        load(tmp_path / "image.zst")


@pytest.mark.skipif(shutil.which("zstd") is None, reason="there is no other program to compare with")
def test_the_format_is_that_of_others(tmp_path: Path) -> None:
    written(tmp_path / "ours.zst")
    assert subprocess.run(["zstd", "-dc", tmp_path / "ours.zst"], capture_output=True, check=True).stdout == (
        text().encode()
    )
    subprocess.run(["zstd", "-q", "-", "-o", tmp_path / "theirs"], input=text().encode(), check=True)
    assert load(tmp_path / "theirs") == SNAPSHOT


def test_a_pipe_is_read(tmp_path: Path) -> None:
    content = written(tmp_path / "estate.zst")
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(content,))
    writer.start()
    try:
        assert load(tmp_path / "pipe") == SNAPSHOT
    finally:
        writer.join(10)


def test_a_block_that_fails_leaves_no_packed_file(tmp_path: Path) -> None:
    def fail() -> None:
        with whole_file(tmp_path / "estate.zst", pack=True) as stream:
            stream.write("half a snap")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_packed_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    with whole_file(tmp_path / "estate.zst", pack=True) as stream:
        stream.write("é\n\ud800\n")
        assert not (tmp_path / "estate.zst").exists()
    assert unpack(tmp_path / "estate.zst") == "é\n\\ud800\n"
    assert [path.name for path in tmp_path.iterdir()] == ["estate.zst"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_said() -> None:
    with (
        pytest.raises(OutputError, match=r"^/dev/full: cannot be written: No space left on device$"),
        whole_file(Path("/dev/full"), pack=True) as stream,
    ):
        save(SNAPSHOT, stream)


@pytest.mark.parametrize(
    ("name", "packs"), [("a.jsonl.zst", True), ("A.ZST", True), ("a.jsonl", False), ("zst", False), (".zst", False)]
)
def test_the_name_says_what_is_written(name: str, packs: bool) -> None:
    assert wants_packing(Path(name)) is packs
