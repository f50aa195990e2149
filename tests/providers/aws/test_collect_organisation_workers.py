"""An organisation of 200 accounts, read by every kind of worker, in fair weather and in foul: the same report."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from auditor import collection, pipeline, rules
from auditor.collecting.cluster import Cluster
from auditor.collecting.executors import THREADS, Inline, Means, means_of
from auditor.collecting.plan import Patience
from auditor.collecting.processes import ThreadedProcesses
from auditor.config import Config
from auditor.organizations import ANY
from auditor.progress import Progress, Stage, silent
from auditor.providers.aws import PROVIDER
from auditor.providers.aws.connections import Limits
from auditor.report.base import Layout
from auditor.report.json_report import write
from auditor.rules.base import Persona
from auditor.snapshot import Coverage, Snapshot, Status, ordered
from fixtures.loopback import aws_organisation
from fixtures.loopback.aws import ACCOUNT, LoopbackAws
from fixtures.loopback.faults import Fault
from tests.faults.clouds import trust

MANY, FEW = 200, 40
LIMITS = Limits(attempts=8, read_timeout=10, pause=0.01, members=Patience(pause=0.01))
KINDS = ("inline", "threads", "processes", "cluster")


@dataclass
class Organisation:
    """What is there, and what was reported of it before."""

    aws: LoopbackAws
    accounts: list[str]
    reports: dict[tuple[int, bool], str]


@pytest.fixture(scope="module")
def organisation(_aws_server: LoopbackAws) -> Iterator[Organisation]:
    _aws_server.reset()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _aws_server.environment.items():
            patch.setenv(name, value)
        members = aws_organisation.load(_aws_server, ((f"member-{n}", trust(n)) for n in range(MANY)))
        yield Organisation(_aws_server, list(members.values()), {})


@pytest.fixture(scope="module")
def cluster(organisation: Organisation) -> Iterator[str]:
    """The address of a Dask cluster of two processes."""
    distributed: Any = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "protocol": "tcp://"}
    with distributed.LocalCluster(processes=True, **options) as found:
        yield found.scheduler_address


@pytest.fixture(params=KINDS)
def means(request: pytest.FixtureRequest) -> Iterator[Means]:
    with ExitStack() as stack:
        found = THREADS
        if request.param == "inline":
            found = Means(Inline, elsewhere=False)
        elif request.param == "processes":
            found = stack.enter_context(means_of(2, None))
        elif request.param == "cluster":
            found = stack.enter_context(means_of(None, Cluster(request.getfixturevalue("cluster"))))
        yield found


def read(accounts: list[str], means: Means, tell: Progress = silent) -> Snapshot:
    options = {"organization": ANY, "accounts": [ACCOUNT, *accounts], "limits": LIMITS}
    found = collection.collect([PROVIDER], Config(), options, tell, means=means)
    return replace(ordered(found), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:00Z")


def report(snapshot: Snapshot) -> str:
    stream = io.StringIO()
    told = pipeline.audit(snapshot, [PROVIDER], Config(), rules.RULES, Persona.AUDITOR, silent)
    write(told, stream, Layout(100))
    return stream.getvalue()


@pytest.mark.parametrize("foul", [False, True])
def test_all_workers_give_the_same_report(organisation: Organisation, means: Means, foul: bool) -> None:
    """In foul weather one call in 50 fails (more of them: tests/faults), and one account lets nobody in."""
    aws, accounts = organisation.aws, organisation.accounts
    aws.calm()
    aws.calls.clear()
    if foul:
        aws.storm(0.02, 5, (Fault.THROTTLING, Fault.UNAVAILABLE, Fault.CUT_SHORT, Fault.RESET))
        aws.fail("AssumeRole", Fault.ACCESS_DENIED, about=accounts[7])
    found = read(accounts, means)
    said = report(found)
    aws.calm()

    gaps = [row for row in found.coverage if row.status is not Status.READ]
    reason = f"AccessDenied: User: arn:aws:iam::{ACCOUNT}:user/auditor is not authorized to perform: iam:AssumeRole"
    closed = Coverage("aws", accounts[7], "account", Status.DENIED, reason, "sts:AssumeRole")
    assert gaps == [closed] * foul
    entered = {doc.scope for doc in found.of("aws", "account")}
    assert entered == {ACCOUNT, *accounts} - {accounts[7]} if foul else {ACCOUNT, *accounts}
    assert aws.calls["AssumeRole"] >= MANY
    before = organisation.reports.setdefault((MANY, foul), said)
    assert said == before


def test_a_process_that_is_killed_half_way_loses_no_account(organisation: Organisation) -> None:
    made: list[ThreadedProcesses] = []

    def make() -> ThreadedProcesses:
        made.append(ThreadedProcesses(2))
        return made[-1]

    def tell(told: str | Stage) -> None:
        if isinstance(told, Stage) and told.done == 5 and len(made) == 1:
            os.kill(made[0]._workers[0].process.pid or 0, signal.SIGKILL)

    organisation.aws.calm()
    accounts = organisation.accounts[:FEW]
    said = report(read(accounts, Means(make, lambda: 4), tell))
    assert len(made) == 2
    assert said == organisation.reports.setdefault((FEW, False), said) == report(read(accounts, THREADS))
