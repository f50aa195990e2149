"""One estate decided inline, by threads, and by processes however they are started: the same report to the byte."""

from __future__ import annotations

import io
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from auditor import rules
from auditor.config import Config, Ours, load
from auditor.decide import decide
from auditor.errors import WorkerError
from auditor.fanout import AHEAD, decide_all
from auditor.issuers import kinds
from auditor.model import Trust
from auditor.pipeline import audit
from auditor.providers.aws import PROVIDER
from auditor.providers.aws.collect import collect
from auditor.report import FORMATS
from auditor.report.base import Layout
from auditor.rules.base import Persona
from auditor.snapshot import Snapshot
from fixtures.loopback.aws import LoopbackAws
from tests.bench import estates
from tests.estate import trust

ESTATE = Path("fixtures/estates/aws")


@pytest.fixture(scope="module")
def demo() -> Iterator[Snapshot]:
    with pytest.MonkeyPatch.context() as patch, LoopbackAws(managed_policies=True) as aws:
        for name, value in aws.environment.items():
            patch.setenv(name, value)
        aws.load_estate(ESTATE / "demo.json")
        yield collect()


def report(snapshot: Snapshot, config: Config, executor: Executor | None) -> bytes:
    found = audit(snapshot, [PROVIDER], config, rules.RULES, Persona.AUDITOR, lambda _: None, executor)
    stream = io.StringIO()
    FORMATS["json"]()(found, stream, Layout())
    return stream.getvalue().encode()


def processes(method: str) -> Callable[[], Executor]:
    return lambda: ProcessPoolExecutor(2, multiprocessing.get_context(method))


EXECUTORS: dict[str, Callable[[], Executor]] = {
    "threads": lambda: ThreadPoolExecutor(3),
    "forked processes": processes("fork"),
    "spawned processes": processes("spawn"),
}


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)
def test_the_report_is_the_same_to_the_byte(demo: Snapshot, make: Callable[[], Executor]) -> None:
    config = load(ESTATE.parent / "auditor.toml", kinds())
    inline = report(demo, config, None)
    assert inline.count(b'"reachable"') > 10
    with make() as executor:
        assert report(demo, config, executor) == inline


@pytest.fixture(scope="module")
def crowd() -> list[Trust]:
    """Trusts of three issuers, a session name among the claims they read, and one that nobody described."""
    snapshot = estates.snapshot(islice(estates.different(seed=11), 40))
    roles = [document for document in snapshot.documents if document.kind == "iam-role"]
    session = {"StringLike": {"sts:RoleSessionName": "deploy-*"}}
    for document, further in zip(roles[:2], (session, session), strict=True):
        document.body["AssumeRolePolicyDocument"]["Statement"][0]["Condition"].update(further)
    unread = roles[2].body["AssumeRolePolicyDocument"]
    unread["Statement"][0]["Principal"] = {"Federated": "something else"}
    return list(PROVIDER.trusts(snapshot))


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)
@pytest.mark.parametrize("chunk", [1, 7, 1_000])
def test_every_decision_comes_back_in_order_with_its_own_trust(
    crowd: list[Trust], make: Callable[[], Executor], chunk: int
) -> None:
    expected = [decide(trust, Ours()) for trust in crowd]
    with make() as executor:
        found = list(decide_all(crowd, Ours(), executor, chunk=chunk))
    assert found == expected
    assert all(one.trust is trust for one, trust in zip(found, crowd, strict=True))


def test_without_an_executor_trusts_are_read_one_at_a_time(crowd: list[Trust]) -> None:
    read: list[Trust] = []

    def source() -> Iterator[Trust]:
        for one in crowd:
            read.append(one)
            yield one

    decisions = decide_all(source(), Ours())
    assert next(decisions).trust is crowd[0]
    assert len(read) == 1


class Counting(ThreadPoolExecutor):
    """Knows how many chunks were handed in and not yet asked for."""

    submitted = 0

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        self.submitted += 1
        return super().submit(*arguments, **options)


def test_a_large_estate_is_not_queued_up_as_a_whole(crowd: list[Trust]) -> None:
    many = crowd[:1] * (AHEAD * 3)
    with Counting(2) as executor:
        decisions = decide_all(many, Ours(), executor, chunk=1)
        next(decisions)
        assert executor.submitted == AHEAD
        assert len(list(decisions)) == len(many) - 1
        assert executor.submitted == len(many)


def test_no_trusts_no_work() -> None:
    with Counting(1) as executor:
        assert list(decide_all([], Ours(), executor)) == []
        assert executor.submitted == 0


def test_lost_workers_are_an_error_and_no_report() -> None:
    with (
        ProcessPoolExecutor(1, multiprocessing.get_context("fork"), os._exit, (1,)) as executor,
        pytest.raises(WorkerError, match=r"^a worker process was lost before it had judged its trusts .*fewer workers"),
    ):
        list(decide_all([trust("web", "repo:*")], Ours(), executor))


def test_what_goes_wrong_in_a_worker_goes_wrong_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(trust: Trust, ours: Ours) -> None:
        raise ZeroDivisionError(trust.identity.name)

    monkeypatch.setattr("auditor.fanout.decide", broken)
    with ThreadPoolExecutor(1) as executor, pytest.raises(ZeroDivisionError, match="web"):
        list(decide_all([trust("web", "repo:*")], Ours(), executor))


def test_an_issuer_made_by_hand_cannot_travel() -> None:
    found = trust("web", "repo:*")
    alone = replace(found, issuer=replace(found.issuer, recipe=None))
    with (
        ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as executor,
        pytest.raises(TypeError, match="was made by hand"),
    ):
        list(decide_all([alone], Ours(), executor))
