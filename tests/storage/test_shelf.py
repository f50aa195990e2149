"""The shelf against a plain dict, with limits so small that nearly everything lies in the file."""

from __future__ import annotations

import errno
import multiprocessing
import os
import pickle
import tempfile
import threading
import tracemalloc
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import ScratchError
from auditor.snapshot import Coverage, Snapshot, Status, merge, ordered
from auditor.snapshot_file import load, save
from auditor.storage import shelf as shelves
from auditor.storage.scratch import unpack
from auditor.storage.shelf import Document, Shelf, of_kinds

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=3)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
FEW = st.sampled_from(["", "a", "b", "\ud800"])
DOCUMENTS = st.builds(Document, FEW, FEW, FEW, FEW, st.dictionaries(ANY_TEXT, ANY_JSON, max_size=3))
LIMITS = st.sampled_from([0, 1, 30, 100, 10**9])
RANKS = st.sampled_from(["", "1", "2"])


def key(document: Document) -> tuple[str, str, str, str]:
    return (document.provider, document.scope, document.kind, document.id)


def expected(added: Iterable[tuple[Document, str]]) -> list[Document]:
    """What a shelf is: each key once, the last of the highest rank, in order."""
    by_rank = sorted(added, key=lambda pair: pair[1])
    last = {key(document): document for document, _ in by_rank}
    return [last[each] for each in sorted(last)]


def made(scopes: int, each: int) -> list[Document]:
    return [
        Document("aws", f"{scope:012}", "iam-role" if number else "account", f"r{number:03}", {"n": [scope, number]})
        for scope in range(scopes)
        for number in range(each)
    ]


def same(found: Shelf, wanted: Sequence[Document]) -> None:
    """In every way in which a shelf can be read."""
    assert list(found) == list(wanted)
    assert len(found) == len(wanted)
    assert found == list(wanted)
    assert [found[place] for place in range(-len(wanted), len(wanted))] == [*wanted, *wanted]
    assert found[1:] == list(wanted[1:])
    for outside in (len(wanted), -len(wanted) - 1):
        with pytest.raises(IndexError):
            found[outside]
    assert found.providers == {document.provider for document in wanted}
    for provider in ("", "a", "b", "\ud800", "c"):
        scopes = found.scopes(provider)
        assert scopes == sorted({document.scope for document in wanted if document.provider == provider})
        for scope in (*scopes, "elsewhere"):
            inside = [doc for doc in wanted if (doc.provider, doc.scope) == (provider, scope)]
            assert found.within(provider, scope) == inside
        for kinds in (("a",), ("a", "b"), ()):
            some = [doc for doc in wanted if doc.kind in kinds]
            assert list(found.of(provider, kinds)) == [doc for doc in some if doc.provider == provider]
            assert list(of_kinds(found, kinds)) == list(of_kinds(list(wanted), kinds)) == some


SIZES = st.sampled_from([1, 60, 10**6])


@given(st.lists(st.tuples(DOCUMENTS, RANKS), max_size=12), LIMITS, SIZES, SIZES)
def test_each_once_in_order_the_last_of_the_highest_rank(
    added: list[tuple[Document, str]], limit: int, batch: int, enough: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelves, "BATCH", batch)
        patch.setattr(shelves, "ENOUGH", enough)
        found = Shelf(limit=limit)
        for document, rank in added:
            found.append(document, rank=rank)
    same(found, expected(added))
    same(pickle.loads(pickle.dumps(found)), expected(added))
    same(found, expected(added))


@settings(max_examples=50)
@given(st.lists(st.lists(DOCUMENTS, max_size=6), max_size=4), LIMITS)
def test_read_between_the_turns_in_which_it_is_filled(turns: list[list[Document]], limit: int) -> None:
    found, added = Shelf(limit=limit), list[Document]()
    for turn in turns:
        reading = iter(found)
        begun = [next(reading, None)]
        found.extend(turn)
        wanted = expected((document, "") for document in added)
        assert begun == wanted[:1] or not wanted
        added += turn
        same(found, expected((document, "") for document in added))


@given(st.lists(DOCUMENTS, max_size=8), st.lists(DOCUMENTS, max_size=8), LIMITS)
def test_merged_as_lists_are(one: list[Document], two: list[Document], limit: int) -> None:
    times = ("2026-11-21T09:00:00Z", "2026-11-21T10:00:00Z")
    lists = [Snapshot(times[0], finished, docs) for finished, docs in zip(times, (one, two), strict=True)]
    wanted = ordered(merge(lists))
    as_shelves = [Snapshot(times[0], each.finished, Shelf(each.documents, limit=limit)) for each in lists]
    for given_ones in (as_shelves, as_shelves[::-1], [lists[0], as_shelves[1]], [as_shelves[0], lists[1]]):
        merged = ordered(merge(iter(given_ones)))
        assert isinstance(merged.documents, Shelf)
        assert merged == wanted
        assert merge([merged]).documents is merged.documents
        nested = merge([merge(given_ones), Snapshot(times[0], "2026-11-20T09:00:00Z", Shelf())])
        assert nested == wanted


def test_a_snapshot_by_scopes() -> None:
    documents = made(3, 4)
    rows = [Coverage("aws", f"{scope:012}", "iam-role", Status.READ) for scope in (2, 1, 4)]
    rows.append(Coverage("gcp", "x", "project", Status.DENIED))
    for limit in (0, 10**9, None):
        held = documents[::-1] if limit is None else Shelf(documents[::-1], limit=limit)
        snapshot = ordered(Snapshot("then", "now", held, rows))
        assert snapshot.scopes("aws") == ["000000000000", "000000000001", "000000000002", "000000000004"]
        assert snapshot.scopes("gcp") == ["x"]
        assert snapshot.scopes("azure") == []
        assert snapshot.providers == {"aws", "gcp"}
        assert list(snapshot.of("aws", "account")) == documents[::4]
        found = snapshot.within("aws", "000000000001")
        assert found == Snapshot("then", "now", documents[4:8], [rows[1]])
        assert isinstance(found.documents, list)
        assert snapshot.within("aws", "000000000004") == Snapshot("then", "now", [], [rows[2]])
        assert snapshot.within("aws", "nowhere") == Snapshot("then", "now")
        snapshot.coverage.append(Coverage("aws", "9", "iam-role", Status.READ))
        assert snapshot.scopes("aws")[-1] == "9"
        assert pickle.loads(pickle.dumps(snapshot)) == snapshot


def test_a_list_that_grows_is_looked_through_again() -> None:
    documents = made(1, 2)
    snapshot = Snapshot("then", "now", documents)
    assert snapshot.within("aws", "0" * 12).documents == documents
    documents.append(Document("aws", "1", "account", "1", {}))
    assert snapshot.within("aws", "1").documents == documents[-1:]


def test_loaded_and_saved_as_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves.Shelf.__init__, "__kwdefaults__", {"limit": 2_000, "gathered": 1_000})
    documents = made(20, 30)
    path, again = tmp_path / "one", tmp_path / "two"
    with path.open("w") as stream:
        save(Snapshot("2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z", documents), stream)
    found = load(path)
    assert isinstance(found.documents, Shelf)
    assert found.documents._file is not None
    assert found.documents == documents
    with again.open("w") as stream:
        save(found, stream)
    assert again.read_text() == path.read_text()


def test_names_are_kept_once() -> None:
    names = [(f"aw{'s' * one}", f"0{one}") for one in (1, 1, 1)]
    found = list(Shelf((Document(*name, "iam-role", str(place), {}) for place, name in enumerate(names)), limit=0))
    assert len({id(document.provider) for document in found}) == 1
    assert len({id(document.scope) for document in found}) == 1


def test_what_is_nested_deeply_stays_whole() -> None:
    deep: dict[str, Any] = {}
    for _ in range(600):
        deep = {"a": [deep]}
    deeper = deep
    for _ in range(500):
        deeper = {"a": [deeper]}
    for bodies, limit in (([deep], 0), ([deep], 10**9), ([deeper, deep], 0)):
        documents = [Document("aws", "1", "iam-role", str(number), body) for number, body in enumerate(bodies)]
        found = Shelf(documents, limit=limit)
        assert [_depth(document) for document in found] == [_depth(document) for document in documents]
        if bodies == [deep]:
            assert [_depth(document) for document in pickle.loads(pickle.dumps(found))] == [1200]


def _depth(document: Document) -> int:
    body: Any = document.body
    depth = 0
    while body:
        body = body["a"] if isinstance(body, dict) else body[0]
        depth += 1
    return depth


def test_other_than_plain_types_come_back_as_they_were() -> None:
    body = {"When": datetime(2026, 11, 22, tzinfo=UTC), "Pair": (1, 2)}
    documents = [Document("aws", "1", "iam-role", "r", body), Document("aws", "1", "iam-role", "s", {})]
    for limit in (0, 10**9):
        assert Shelf(documents, limit=limit) == documents
        assert pickle.loads(pickle.dumps(Shelf(documents, limit=limit))) == documents


def _scope(snapshot: Snapshot, scope: str) -> list[Document]:
    return list(snapshot.within("aws", scope).documents)


@pytest.mark.parametrize("limit", [0, 10**9])
@pytest.mark.parametrize("way", ["spawn", "fork"])
def test_read_by_another_process(way: str, limit: int) -> None:
    documents = made(3, 5)
    snapshot = Snapshot("then", "now", Shelf(documents, limit=limit))
    with ProcessPoolExecutor(1, multiprocessing.get_context(way)) as workers:
        found = [workers.submit(_scope, snapshot, scope) for scope in snapshot.scopes("aws")]
        assert [document for one in found for document in one.result()] == documents
    assert snapshot.documents == documents


def test_read_by_many_threads_while_it_is_filled() -> None:
    documents = made(40, 10)
    found = Shelf(limit=200, gathered=100)
    found.extend(documents[:200])
    stop = threading.Event()

    def read(_: int) -> int:
        times = 0
        while not stop.is_set() or not times:
            assert list(found)[:200] == documents[:200]
            assert found.within("aws", documents[0].scope) == documents[:10]
            times += 1
        return times

    with ThreadPoolExecutor(4) as threads:
        reading = [threads.submit(read, number) for number in range(4)]
        found.extend(documents[200:])
        stop.set()
        assert all(one.result() for one in reading)
    assert found == documents


def test_only_what_holds_the_kind_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rare = Document("aws", "000000000005", "organization", "o", {})
    found = Shelf([*made(10, 30), rare], limit=0)
    read: list[bytes] = []

    def count(data: bytes) -> Any:
        read.append(data)
        return unpack(data)

    monkeypatch.setattr(shelves, "unpack", count)
    assert list(found.of("aws", ("organization",))) == [rare]
    assert list(found.of("aws", ("iam-user",))) == []
    assert len(read) == 1


def test_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("auditor.storage.scratch._without_name", lambda _, name: name)
    found = Shelf(made(3, 3), limit=10)
    assert len(list(tmp_path.iterdir())) == 1
    found.close()
    assert not list(tmp_path.iterdir())
    assert list(found) == []
    found.extend(made(3, 3))
    assert found == made(3, 3)
    del found
    assert not list(tmp_path.iterdir())

    def fails() -> None:
        kept = Shelf(made(3, 3), limit=10)
        raise ValueError(len(kept))

    with pytest.raises(ValueError, match="9"):
        fails()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("auditor.storage.scratch._without_name", lambda _, name: name)
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(ScratchError, match=r"no room left for temporary files in .*; set TMPDIR to a directory"):
        Shelf(made(3, 3), limit=10)
    assert not list(tmp_path.iterdir())


def test_told_by_its_numbers() -> None:
    assert repr(Shelf(made(2, 3))) == "<Shelf of 6 documents in 2 scopes>"
    assert Shelf() != 5
    assert Shelf(made(1, 1)) != made(1, 2)
    with pytest.raises(TypeError, match="unhashable"):
        hash(Shelf())


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves.Shelf.__init__, "__kwdefaults__", {"limit": 100_000, "gathered": 50_000})
    monkeypatch.setattr("auditor.snapshot_file.BATCH", 50)

    def peak(scopes: int) -> int:
        path = tmp_path / str(scopes)
        with path.open("w") as stream:
            documents = (replace(one, body={"text": f"{one.scope} {one.id} " * 50}) for one in made(scopes, 20))
            save(Snapshot("2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z", Shelf(documents)), stream)
        tracemalloc.start()
        snapshot = ordered(merge([load(path)]))
        assert sum(len(snapshot.within("aws", scope).documents) for scope in snapshot.scopes("aws")) == 20 * scopes
        assert sum(1 for _ in snapshot.documents) == len(snapshot.documents) == 20 * scopes
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(200) < 1.3 * peak(20)
