"""One estate judged inline, by threads, and by processes however they are started: the same report to the byte."""

from __future__ import annotations

import io
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main
from auditor.config import Config
from auditor.errors import WorkerError
from auditor.judging.court import Court, Decided
from auditor.judging.estate import Portion
from auditor.judging.fanout import AHEAD, judge_all, judges
from auditor.output import whole_file
from auditor.pipeline import audit
from auditor.progress import silent
from auditor.providers.aws import PROVIDER, Aws
from auditor.report import FORMATS
from auditor.report.base import Layout
from auditor.rules import RULES
from auditor.rules.base import Persona
from auditor.snapshot import Snapshot, ordered
from auditor.snapshot_file import save
from tests.bench import estates


@pytest.fixture(scope="module")
def several() -> Snapshot:
    """Accounts of an organisation, and one of roles that have nothing in common."""
    crowd = islice(estates.different(seed=11), 20)
    return ordered(estates.snapshot([*estates.organisation(240, seed=3), *crowd]))


def report(snapshot: Snapshot, executor: Executor | None = None, provider: Aws = PROVIDER) -> str:
    found = audit(snapshot, [provider], Config(), RULES, Persona.AUDITOR, silent, executor)
    stream = io.StringIO()
    FORMATS["json"]()(found, stream, Layout())
    return stream.getvalue()


@pytest.fixture(scope="module")
def inline(several: Snapshot) -> str:
    return report(several)


def processes(method: str) -> Callable[[], Executor]:
    return lambda: ProcessPoolExecutor(2, multiprocessing.get_context(method))


EXECUTORS: dict[str, Callable[[], Executor]] = {
    "threads": lambda: ThreadPoolExecutor(3),
    "forked processes": processes("fork"),
    "spawned processes": processes("spawn"),
}


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)
def test_the_report_is_the_same_to_the_byte(several: Snapshot, inline: str, make: Callable[[], Executor]) -> None:
    assert len(PROVIDER.portions(several)) == 4
    assert inline.count('"reachable"') > 250
    with make() as executor:
        assert report(several, executor) == inline


class Undivided(Aws):
    """Judges all accounts at once."""

    def portions(self, snapshot: Snapshot) -> Sequence[str]:
        return ("",)

    def portion(self, snapshot: Snapshot, key: str) -> Snapshot:
        return snapshot


def test_account_by_account_gives_the_report_of_the_whole(several: Snapshot, inline: str) -> None:
    assert report(several, provider=Undivided()) == inline


@pytest.fixture
def court(several: Snapshot) -> Court:
    return Court(several, [PROVIDER], Config(), [], Persona.AUDITOR)


class Counting(ThreadPoolExecutor):
    """Knows how many portions were handed in."""

    submitted = 0

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        self.submitted += 1
        return super().submit(*arguments, **options)


def test_a_large_estate_is_not_queued_up_as_a_whole(court: Court) -> None:
    many = [court.divided[0]] * (AHEAD * 3)
    with Counting(2) as executor:
        judged = judge_all(court, many, executor)
        next(judged)
        assert executor.submitted == AHEAD
        assert len(list(judged)) == len(many) - 1
        assert executor.submitted == len(many)


def test_without_an_executor_portions_are_judged_one_at_a_time(court: Court) -> None:
    read: list[Portion] = []

    def source() -> Iterator[Portion]:
        for one in court.divided:
            read.append(one)
            yield one

    assert next(judge_all(court, source())).portion == court.divided[0]
    assert len(read) == 1


def test_nothing_to_judge_no_work(court: Court) -> None:
    with Counting(1) as executor:
        assert list(judge_all(court, [], executor)) == []
        assert executor.submitted == 0


def test_lost_workers_are_an_error_and_no_report(court: Court) -> None:
    with (
        ProcessPoolExecutor(1, multiprocessing.get_context("fork"), os._exit, (1,)) as executor,
        pytest.raises(WorkerError, match=r"^a worker process was lost before it had judged its part .*fewer workers"),
    ):
        list(judge_all(court, court.divided, executor))


def test_what_goes_wrong_in_a_worker_goes_wrong_here(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Court, portion: Portion) -> Decided:
        raise ZeroDivisionError(portion.key)

    monkeypatch.setattr(Court, "decided", broken)
    with ThreadPoolExecutor(1) as executor, pytest.raises(ZeroDivisionError, match=court.divided[0].key):
        list(judge_all(court, court.divided, executor))


def test_workers_of_the_command_line(several: Snapshot, tmp_path: Path) -> None:
    saved = tmp_path / "estate.jsonl.zst"
    with whole_file(saved, pack=True) as stream:
        save(several, stream)
    found = []
    for more in ([], ["--workers", "2"]):
        report = tmp_path / f"report{len(more)}.json"
        assert main(["scan", "--from", str(saved), "--format", "json", "--output", str(report), "-q", *more]) == 13
        found.append(report.read_bytes())
    assert found[0] == found[1]


def test_processes_end_with_what_they_were_for() -> None:
    with judges(None) as executor:
        assert executor is None
    working: list[Future[None]] = []

    def interrupted() -> None:
        with judges(1) as executor:
            assert executor is not None
            working.append(executor.submit(time.sleep, 600))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert isinstance(working[0].exception(30), BrokenExecutor)
