"""A fifth of all calls fails, in every way that passes: the report is that of a calm day, byte for byte."""

from __future__ import annotations

import logging
import threading
from collections import Counter

import pytest

from fixtures.loopback.faults import PASSING, Fault
from tests.faults.clouds import Reading, Sky, hurry

SHARE = 0.2
SEEDS = range(5)


@pytest.fixture
def sky(server: Sky, monkeypatch: pytest.MonkeyPatch) -> Sky:
    """Read with the patience that everybody has."""
    hurry(monkeypatch, server.cloud.patient)
    return server


def test_a_storm_leaves_no_trace(sky: Sky, clean: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, sky.cloud.patient, stalls=True)
    struck, calls = Counter[Fault](), 0
    assert clean.code in {11, 12, 13, 14}
    for seed in SEEDS:
        storm = sky.storm(SHARE, seed)
        found = sky.scan()
        assert found == clean, f"seed {seed}, {storm.struck}"
        struck += storm.struck
        calls += storm.calls.total()
    assert struck.keys() == set(PASSING)
    assert 0.1 < struck.total() / calls < 0.3


QUICK = tuple(fault for fault in PASSING if fault is not Fault.STALL)
"""A stall takes half a second for each call: the storm has enough of them."""


@pytest.mark.parametrize("fault", QUICK, ids=lambda fault: fault.name)
def test_every_first_call_fails(sky: Sky, clean: Reading, fault: Fault) -> None:
    storm = sky.storm(1.0, 0, (fault,))
    storm.most = 1
    assert sky.scan() == clean
    assert storm.struck[fault] == len(storm.calls)


def test_weather_is_the_same_again(sky: Sky) -> None:
    """Or a failure could not be looked into."""
    fates = []
    for _ in range(2):
        storm = sky.storm(SHARE, 3, QUICK)
        sky.scan()
        fates.append(storm.struck)
    assert fates[0] == fates[1]
    assert fates[0].total() > 0


def test_a_service_that_has_answered_is_asked_with_all_patience(sky: Sky, clean: Reading) -> None:
    """Five times no connection: more than a place is worth that may not exist."""
    about = {"aws": "ListOpenIDConnectProviders", "gcp": "workforcePools.list", "azure": "roleEligibility"}
    sky.server.fail(about[sky.cloud.name], Fault.RESET, times=5)
    assert sky.scan() == clean


@pytest.mark.parametrize("server", ["azure"], indirect=True)
@pytest.mark.parametrize("fault", [Fault.CUT_SHORT, Fault.HTML_200, Fault.RATE_LIMITED], ids=lambda fault: fault.name)
def test_an_answer_in_a_batch_that_is_garbled_is_asked_for_again(sky: Sky, clean: Reading, fault: Fault) -> None:
    assert sky.server.inner
    for operation in sky.server.inner:
        sky.server.fail(operation, fault, times=1)
    assert sky.scan() == clean


def test_a_scan_leaves_nothing_behind(sky: Sky) -> None:
    """A process may scan as often as it likes. The soak looks closer, and for longer."""

    def left() -> tuple[int, ...]:
        handlers = [len(logging.getLogger(name).handlers) for name in ("", "azure", "google", "boto3", "botocore")]
        return threading.active_count() - served(), *handlers

    def served() -> int:
        """Threads of the loopback cloud, which runs in this process too."""
        return sum("process_request_thread" in thread.name for thread in threading.enumerate())

    sky.scan()
    before = left()
    for seed in range(2):
        sky.storm(SHARE, seed, QUICK)
        sky.scan()
    assert left() == before
