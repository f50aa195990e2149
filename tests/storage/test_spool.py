"""Spools against plain lists and dicts, with limits so small that nearly everything lies in the file."""

from __future__ import annotations

import errno
import multiprocessing
import os
import pickle
import tempfile
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from auditor.errors import ScratchError
from auditor.storage import batches
from auditor.storage import spool as spools
from auditor.storage.batches import Packed, packed
from auditor.storage.scratch import unpack
from auditor.storage.spool import Sorted, Spool, SpoolMap

SMALL = {"FEW": 3, "SAMPLE": 2, "BATCH": 60, "PIECE": 40, "RUNS": 3, "DECODED": 3}
"""In place of the numbers of the modules."""


def scaled(patch: pytest.MonkeyPatch, numbers: dict[str, int]) -> None:
    """Put other numbers in their place."""
    for name, value in numbers.items():
        for module in (batches, spools):
            if hasattr(module, name):
                patch.setattr(module, name, value)


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        scaled(patch, SMALL)
        patch.setattr(spools.Spool.__init__, "__kwdefaults__", {"limit": 100, "few": 1})
        patch.setattr(spools.Sorted.__init__, "__kwdefaults__", {"limit": 100, "few": 1})
        patch.setattr(spools.SpoolMap.__init__, "__kwdefaults__", {"limit": 100})
        yield


@dataclass(frozen=True)
class Thing:
    """Sorted by weight alone, so that equal ones can be told apart."""

    weight: int
    name: str


def weight(thing: Thing) -> int:
    return thing.weight


THINGS = st.builds(Thing, st.integers(0, 5), st.text(max_size=3))


class AnyOrderOfTurns(RuleBasedStateMachine):
    """Adding in every way, beginning to read, reading on, all mixed."""

    @initialize(limit=st.sampled_from([0, 150, 10**9]))
    def begin(self, limit: int) -> None:
        self.spool: Spool[Thing] = Spool(limit=limit)
        self.sorted: Sorted[Thing] = Sorted(key=weight, limit=limit)
        self.added: list[Thing] = []
        self.readers: list[tuple[Iterator[Thing], Iterator[Thing]]] = []

    @rule(thing=THINGS)
    def add(self, thing: Thing) -> None:
        self.spool.add(thing)
        self.sorted.add(thing)
        self.added.append(thing)

    @rule(things=st.lists(THINGS, max_size=12))
    def extend(self, things: list[Thing]) -> None:
        self.spool.extend(iter(things))
        self.sorted.extend(iter(things))
        self.added += things

    @rule(things=st.lists(THINGS, max_size=12), ascending=st.booleans())
    def extend_packed(self, things: list[Thing], ascending: bool) -> None:
        self.spool.extend(packed(things))
        self.sorted.extend(packed(things, key=weight) if ascending else packed(things))
        self.added += things

    @rule()
    def begin_reading(self) -> None:
        self.readers.append((iter(self.spool), iter(list(self.added))))
        self.readers.append((iter(self.sorted), iter(sorted(self.added, key=weight))))

    @rule(count=st.integers(1, 10), data=st.data())
    def read_on(self, count: int, data: st.DataObject) -> None:
        if self.readers:
            found, wanted = data.draw(st.sampled_from(self.readers))
            assert list(islice(found, count)) == list(islice(wanted, count))

    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        place = st.integers(-len(self.added) - 2, len(self.added) + 2)
        one, two = data.draw(place), data.draw(place)
        assert self.spool[one:two] == self.added[one:two]
        if -len(self.added) <= one < len(self.added):
            assert self.spool[one] == self.added[one]
        else:
            with pytest.raises(IndexError):
                self.spool[one]

    @rule()
    def elsewhere(self) -> None:
        assert pickle.loads(pickle.dumps(self.spool)) == self.added
        assert list(pickle.loads(pickle.dumps(self.sorted))) == sorted(self.added, key=weight)

    @invariant()
    def holds_everything(self) -> None:
        if hasattr(self, "added"):
            assert len(self.spool) == len(self.sorted) == len(self.added)
            assert list(self.spool) == self.added
            assert list(self.sorted) == sorted(self.added, key=weight)

    def teardown(self) -> None:
        for found, wanted in getattr(self, "readers", ()):
            assert list(found) == list(wanted)


TestAnyOrderOfTurns = AnyOrderOfTurns.TestCase
TestAnyOrderOfTurns.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@given(st.lists(THINGS), st.booleans())
def test_packed(things: list[Thing], ascending: bool) -> None:
    found = packed(things, key=weight if ascending else None)
    wanted = sorted(things, key=weight) if ascending else things
    assert list(found) == list(pickle.loads(pickle.dumps(found))) == wanted
    assert len(found) == len(wanted)
    assert all(thing in found for thing in things)
    assert Thing(9, "") not in found
    assert all(len(pickle.dumps(list(Packed((batch,), ascending=False)))) < 1_000 for batch in found.batches)


def test_levels_of_runs_are_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(1)
    things = [Thing(rng.randrange(20), str(number)) for number in range(2_000)]
    found = Sorted(things, key=weight, limit=100)
    assert len(found._levels) > 3
    assert all(len(level.runs) < SMALL["RUNS"] for level in found._levels)
    assert list(found) == list(found) == sorted(things, key=weight)
    assert repr(found) == "<Sorted of 2000>"
    assert things[77] in found
    assert Thing(0, "nobody") not in found


KEYS = st.tuples(st.sampled_from("abc"), st.integers(0, 4))
GROUPS = st.lists(st.dictionaries(KEYS, st.integers(), max_size=5), max_size=8)


def room(key: tuple[str, int]) -> str:
    return key[0]


@given(GROUPS, st.sampled_from([0, 100, 10**9]), st.data())
def test_a_mapping_made_of_groups(groups: list[dict[tuple[str, int], int]], limit: int, data: st.DataObject) -> None:
    found: SpoolMap[tuple[str, int], int] = SpoolMap(room, limit=limit)
    wanted: dict[tuple[str, int], int] = {}
    for group in groups:
        reading, before = iter(found), dict(wanted)
        found.add(group)
        wanted |= group
        assert set(reading) == set(before)
        assert len(found) == len(wanted)
        assert found == wanted
        assert sorted(found) == sorted(wanted)
    for key in data.draw(st.lists(KEYS)):
        assert found.get(key) == wanted.get(key)
        assert (key in found) == (key in wanted)
    with pytest.raises(KeyError):
        found["z", 1]
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert list(again) == list(found)
    assert repr(found) == f"<SpoolMap of {len(wanted)}>"


def test_a_group_is_unpacked_once_for_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    found: SpoolMap[tuple[str, int], str] = SpoolMap(room, limit=0)
    rooms = [chr(ord("a") + number) for number in range(20)]
    for name in rooms:
        found.add({(name, number): "x" * 100 for number in range(50)})
    unpacked: list[bytes] = []

    def count(data: bytes) -> Any:
        unpacked.append(data)
        return unpack(data)

    monkeypatch.setattr(batches, "unpack", count)
    for name in rooms:
        for number in range(50):
            assert found[name, number] == "x" * 100
        assert ("a", 0) in found
        assert (name, 99) not in found
    assert len(unpacked) <= len(rooms) + 1
    unpacked.clear()
    assert len(list(found)) == 1000
    assert len(unpacked) <= len(rooms)
    assert len(found._decoded) == SMALL["DECODED"]


def _read(of: Any) -> list[Any]:
    return list(of.items()) if isinstance(of, SpoolMap) else list(of)


@pytest.mark.parametrize("way", ["spawn", "fork"])
@pytest.mark.parametrize("limit", [0, 10**9])
def test_read_by_another_process(way: str, limit: int) -> None:
    numbers = [7, 3, 9, 1] * 30
    standings: SpoolMap[str, int] = SpoolMap(str.lower, limit=limit)
    for number in numbers[:4]:
        standings.add({f"N{number}": number})
    all_kinds: list[tuple[Any, list[Any]]] = [
        (Spool(numbers, limit=limit), numbers),
        (Sorted(numbers, key=abs, limit=limit), sorted(numbers)),
        (standings, [(f"N{number}", number) for number in numbers[:4]]),
    ]
    with ProcessPoolExecutor(1, multiprocessing.get_context(way)) as workers:
        for given_one, wanted in all_kinds:
            assert workers.submit(_read, given_one).result() == wanted


def test_what_a_worker_packed_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [packed(range(number, 200, 7), key=int) for number in range(7)]
    monkeypatch.setattr(batches, "unpack", lambda _: pytest.fail("unpacked"))
    found, ascending = Spool[int](limit=0), Sorted[int](key=int, limit=0)
    for part in parts[: SMALL["RUNS"] - 1]:
        found.extend(part)
        ascending.extend(part)
    monkeypatch.undo()
    wanted = [number for start in range(SMALL["RUNS"] - 1) for number in range(start, 200, 7)]
    assert list(found) == wanted
    assert list(ascending) == sorted(wanted)


def test_nothing_is_copied_while_it_is_little() -> None:
    things = [Thing(number, "") for number in range(40)]
    for found in (Spool(things, limit=10**6), Sorted(things, key=weight, limit=10**6)):
        assert all(one is two for one, two in zip(found, things, strict=True))


class Unwilling:
    """Cannot be pickled, as an issuer that was made by hand."""

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("made by hand")


def test_the_first_few_need_not_be_such_as_can_be_pickled() -> None:
    things = [Unwilling() for _ in range(5)]
    assert list(Spool(things, limit=1, few=6)) == things
    with pytest.raises(TypeError, match="made by hand"):
        Spool(things, limit=1, few=5)


def test_added_by_many_threads() -> None:
    found, ascending = Spool[int](), Sorted[int](key=int, limit=100)

    def fill(start: int) -> None:
        for number in range(start, start + 300):
            found.add(number)
            ascending.add(number)
            if number % 100 == 0:
                there = list(ascending)
                assert there == sorted(there)

    with ThreadPoolExecutor(4) as threads:
        for one in [threads.submit(fill, 1000 * number) for number in range(4)]:
            one.result()
    assert sorted(found) == list(ascending) == [1000 * one + two for one in range(4) for two in range(300)]
    assert threading.active_count() < 10


def _spool() -> Spool[str]:
    return Spool(map(str, range(500)))


def _sorted() -> Sorted[str]:
    return Sorted(map(str, range(500)), key=str, limit=100)


def _map() -> SpoolMap[str, int]:
    found: SpoolMap[str, int] = SpoolMap(str.lower)
    for number in range(100):
        found.add({f"key {number} {more}": more for more in range(5)})
    return found


@pytest.mark.parametrize("make", [_spool, _sorted, _map])
def test_nothing_stays_behind(make: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("auditor.storage.scratch._without_name", lambda _, name: name)
    found = make()
    assert list(tmp_path.iterdir())
    begun = iter(found)
    first = next(begun)
    del found
    assert [first, *begun] == list(make())
    del begun
    assert not list(tmp_path.iterdir())

    def fails() -> None:
        kept = make()
        raise ValueError(len(kept))

    with pytest.raises(ValueError, match="500"):
        fails()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("make", [_spool, _sorted, _map])
def test_a_full_disk_is_told(make: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("auditor.storage.scratch._without_name", lambda _, name: name)
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(ScratchError, match=r"no room left for temporary files in .*; set TMPDIR to a directory"):
        make()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("make", [_spool, _sorted, _map])
def test_memory_does_not_grow_with_what_is_held(make: Callable[[], Any]) -> None:
    """What is in memory of ten times as much is the same but for where the batches lie."""

    def peak(count: int) -> int:
        rng = Random(2)
        tracemalloc.start()
        if make is _spool:
            spool = Spool(limit=50_000, items=(rng.randbytes(1_000) for _ in range(count)))
            assert sum(map(len, spool)) == 1_000 * count
        elif make is _sorted:
            ordered = Sorted((rng.randbytes(1_000) for _ in range(count)), key=bytes, limit=50_000)
            assert sum(map(len, ordered)) == 1_000 * count
        else:
            mapping: SpoolMap[str, bytes] = SpoolMap(str.lower, limit=400_000)
            for number in range(count // 5):
                mapping.add({f"{number}": rng.randbytes(10_000)})
            assert sum(map(len, mapping.values())) == 2_000 * count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    with pytest.MonkeyPatch.context() as patch:
        scaled(patch, {"BATCH": 8_000, "PIECE": 4_000, "RUNS": 8, "FEW": 16})
        assert peak(5_000) < 1.6 * peak(500)


def test_compared_with_other_sequences() -> None:
    assert Spool([1, 2]) == [1, 2] == Spool([1, 2])
    assert Spool([1, 2]) == (1, 2)
    assert Spool([1, 2]) != [1, 3]
    assert Spool([1, 2]) != [1]
    assert Spool([1, 2]) != "12"
    assert repr(Spool([1, 2])) == "<Spool of 2>"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Spool([1]))
