"""Whatever a journal was torn off at, the whole scopes in it are there as they were written, and no others."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.collecting import journal as subject
from auditor.collecting.journal import Journal, plan_in
from auditor.errors import OutputError, UsageError
from auditor.snapshot import Coverage, Document, Snapshot, Status
from auditor.storage.packing import unpacked
from auditor.visits import Visit

PLAN = "0.1.0/4f2a"
ACCOUNTS = ("111111111111", "222222222222", "333333333333")
BODIES: tuple[dict[str, object], ...] = (
    {"Arn": "é\ud800"},
    {},
    {"Arn": "x" * 300, "Tags": [{"Key": "a", "Value": None}]},
)


def part(account: str, hour: int = 9, body: dict[str, object] | None = None, *, complete: bool = True) -> Snapshot:
    """One account with one role."""
    times = (f"2026-11-21T{hour:02}:00:00Z", f"2026-11-21T{hour:02}:00:04.5Z")
    status, reason = (Status.READ, None) if complete else (Status.DENIED, "no")
    return Snapshot(
        *times,
        [Document("aws", account, "iam-role", f"arn:aws:iam::{account}:role/deploy", body or {"Arn": account})],
        [Coverage("aws", account, "iam-role", status, reason)],
        visits=(Visit("aws", f"account {account}", *times, complete, (account,)),),
    )


PARTS = tuple(
    part(account, 9 + place, body) for place, (account, body) in enumerate(zip(ACCOUNTS, BODIES, strict=True))
)


def held(path: Path) -> dict[str, Snapshot]:
    """What a later collection finds, by scope of the plan."""
    with closing(Journal(path, PLAN, keep=True)) as journal:
        return {key[1]: plain(journal.part(key)) for key in journal.visits}


def plain(snapshot: Snapshot) -> Snapshot:
    snapshot.documents = list(snapshot.documents)
    return snapshot


@pytest.fixture(scope="module", autouse=True)
def _without_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.collecting.journal.os.fsync", lambda _: None)
        yield


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, list[int]]:
    """A journal of all parts, and where its frames end: the first tells the plan."""
    path = tmp_path / "estate.partial"
    ends = []
    with closing(Journal(path, PLAN, keep=False)) as journal:
        ends.append(path.stat().st_size)
        for one in PARTS:
            journal.add(one)
            ends.append(path.stat().st_size)  # on the disk at once
    return path, ends


def test_what_was_added_is_found(written: tuple[Path, list[int]]) -> None:
    path, _ = written
    assert held(path) == {f"account {account}": one for account, one in zip(ACCOUNTS, PARTS, strict=True)}
    assert plan_in(path) == PLAN


def test_it_unpacks_like_any_other_file(written: tuple[Path, list[int]]) -> None:
    with unpacked(written[0]) as stream:
        lines = [json.loads(line) for line in stream]
    assert lines[0] == {"format": "oidc-trust-auditor journal", "plan": PLAN}
    assert [next(iter(line)) for line in lines[1:]] == ["format", "visit", "document", "coverage", "end"] * 3


def test_torn_off_anywhere_the_whole_scopes_count_and_what_follows_is_whole(written: tuple[Path, list[int]]) -> None:
    path, ends = written
    content = path.read_bytes()
    late = part("444444444444")
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        whole = sum(end <= length for end in ends)
        with closing(Journal(path, PLAN, keep=True)) as journal:
            found = {key[1]: plain(journal.part(key)) for key in journal.visits}
            assert found == {one.visits[0].scope: one for one in PARTS[: max(whole - 1, 0)]}, length
            assert journal.torn == length - (ends[whole - 1] if whole else 0)
            journal.add(late)
        assert held(path) == {**found, late.visits[0].scope: late}, length


@given(st.data())
@settings(max_examples=300)
def test_garbage_is_never_taken_for_a_scope(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Zeros and noise where the disk lost what was written, from any place on."""
    path = tmp_path_factory.getbasetemp() / "noise.partial"
    path.unlink(missing_ok=True)
    with closing(Journal(path, PLAN, keep=False)) as journal:
        start = path.stat().st_size
        for one in PARTS:
            journal.add(one)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(start, len(content) - 1))
    if data.draw(st.booleans()):
        content[place:] = bytes(len(content) - place)
    else:
        content[place:] = data.draw(st.binary(min_size=1, max_size=40))
    path.write_bytes(content)
    names = {one.visits[0].scope: one for one in PARTS}
    assert all(names[name] == one for name, one in held(path).items())


def test_of_a_scope_that_was_read_twice_the_later_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "estate.partial"
    first, second = part(ACCOUNTS[0], complete=False), part(ACCOUNTS[0], 10)
    with closing(Journal(path, PLAN, keep=False)) as journal:
        journal.add(first)
    with closing(Journal(path, PLAN, keep=True)) as journal:
        journal.add(second)
    assert held(path) == {f"account {ACCOUNTS[0]}": second}


def test_begun_anew(written: tuple[Path, list[int]]) -> None:
    path, ends = written
    with closing(Journal(path, "0.1.0/other", keep=False)) as journal:
        assert not journal.visits
        journal.add(PARTS[1])
    assert plan_in(path) == "0.1.0/other"
    assert path.stat().st_size < ends[-1]


def test_removed_it_is_gone(written: tuple[Path, list[int]]) -> None:
    with closing(Journal(written[0], PLAN, keep=True)) as journal:
        journal.remove()
    assert not written[0].exists()


def test_another_plan_is_not_continued(written: tuple[Path, list[int]]) -> None:
    before = written[0].read_bytes()
    with pytest.raises(UsageError, match=r"estate\.partial: is of another collection$"):
        Journal(written[0], "0.1.0/other", keep=True)
    assert written[0].read_bytes() == before


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("content", [b"my thesis", b"\x28\xb6", b'{"format":"oidc-trust-auditor journal"}'])
def test_somebody_elses_file_is_left_alone(tmp_path: Path, content: bytes, *, keep: bool) -> None:
    path = tmp_path / "estate.partial"
    path.write_bytes(content)
    assert plan_in(path) is None
    with pytest.raises(UsageError, match=r"estate\.partial: is no file of an interrupted collection; move it away"):
        Journal(path, PLAN, keep=keep)
    assert path.read_bytes() == content


def test_an_entry_that_fails_leaves_the_file_as_it_was(
    written: tuple[Path, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = written
    before = path.read_bytes()

    def full(file: object, data: bytes) -> None:
        if data:
            os.write(file.fileno(), data[: len(data) // 2])  # type: ignore[attr-defined]  # it is a file
            raise OSError(28, "No space left on device")

    def interrupted(snapshot: Snapshot, stream: object) -> None:
        raise KeyboardInterrupt

    late = part("444444444444")
    with closing(Journal(path, PLAN, keep=True)) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(subject, "_write", full)
            with pytest.raises(OutputError, match=r"estate\.partial: cannot be kept: No space left on device$"):
                journal.add(late)
        assert path.read_bytes() == before
        with monkeypatch.context() as patch:
            patch.setattr(subject, "save", interrupted)
            with pytest.raises(KeyboardInterrupt):
                journal.add(late)
        assert path.read_bytes() == before
        journal.add(late)
    assert len(held(path)) == len(PARTS) + 1


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"missing/estate\.partial: cannot be kept: No such file or directory$"):
        Journal(tmp_path / "missing/estate.partial", PLAN, keep=False)


def _hold(path: Path, line: Connection) -> None:
    with closing(Journal(path, PLAN, keep=True)):
        line.send("held")
        line.poll(60)


@pytest.fixture
def holder(written: tuple[Path, list[int]]) -> Iterator[multiprocessing.process.BaseProcess]:
    """Another process that writes it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()  # an event would wait for ever for whoever was killed while waiting for it
    process = context.Process(target=_hold, args=(written[0], theirs))
    process.start()
    theirs.close()
    with ours:
        assert ours.poll(60)
        assert ours.recv() == "held"
        yield process
    process.join(60)


def test_two_collections_do_not_write_one_file(
    written: tuple[Path, list[int]], holder: multiprocessing.process.BaseProcess
) -> None:
    path, _ = written
    before = path.read_bytes()
    for keep in (True, False):
        with pytest.raises(UsageError, match=r"another collection is writing it; wait for it"):
            Journal(path, PLAN, keep=keep)
    assert path.read_bytes() == before
    holder.kill()
    holder.join(30)
    assert len(held(path)) == len(PARTS)


def test_large_entries_are_read_in_pieces(tmp_path: Path) -> None:
    """Longer than what is read or unpacked at once, and hardly to be packed."""
    noise = random.Random(1).randbytes(3 * subject.CHUNK).hex()
    path = tmp_path / "estate.partial"
    parts = [part(account, body={"Noise": noise, "Alike": "a" * 40 * subject.CHUNK}) for account in ACCOUNTS]
    with closing(Journal(path, PLAN, keep=False)) as journal:
        for one in parts:
            journal.add(one)
    assert held(path) == {one.visits[0].scope: one for one in parts}
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 1])
    assert list(held(path)) == [one.visits[0].scope for one in parts[:2]]
