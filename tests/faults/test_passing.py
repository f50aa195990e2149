"""A fifth of all calls fails, in every way that passes: the report is that of a calm day, byte for byte."""

from __future__ import annotations

from collections import Counter

import pytest

from fixtures.loopback.faults import PASSING, Fault
from tests.faults.clouds import Reading, Sky, hurry

SHARE = 0.2
SEEDS = range(8)


@pytest.fixture
def sky(server: Sky, monkeypatch: pytest.MonkeyPatch) -> Sky:
    """Read with the patience that everybody has."""
    hurry(monkeypatch, server.cloud.patient)
    return server


def test_a_storm_leaves_no_trace(sky: Sky, clean: Reading) -> None:
    struck, calls = Counter[Fault](), 0
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
