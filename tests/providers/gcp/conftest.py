"""Google Cloud on loopback, for every test of this folder that asks for it."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from fixtures.loopback.gcp import LoopbackGoogle
from tests.providers.gcp.organisation import ESTATE


@pytest.fixture(scope="module")
def _server() -> Iterator[LoopbackGoogle]:
    with LoopbackGoogle() as google:
        yield google


@pytest.fixture
def google(_server: LoopbackGoogle, monkeypatch: pytest.MonkeyPatch) -> LoopbackGoogle:
    """A small organisation on loopback, whose lists come one object at a time."""
    _server.load(copy.deepcopy(ESTATE), page_size=1)
    for name, value in _server.environment.items():
        monkeypatch.setenv(name, value)
    return _server


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def monotonic(self) -> float:
        return sum(self.slept)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("auditor.providers.gcp.rest.time", made)
    return made
