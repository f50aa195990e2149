"""Azure on loopback, for every test of this folder that asks for it."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from fixtures.loopback.azure import LoopbackAzure
from tests.providers.azure.tenant import ESTATE


@pytest.fixture(scope="module")
def served() -> Iterator[LoopbackAzure]:
    with LoopbackAzure() as azure:
        yield azure


@pytest.fixture
def azure(served: LoopbackAzure, monkeypatch: pytest.MonkeyPatch) -> LoopbackAzure:
    """A small tenant on loopback, whose lists come one object at a time."""
    served.load(copy.deepcopy(ESTATE), page_size=1)
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)
    return served


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every pause of the SDK's retries, none of which is made."""
    pauses: list[float] = []
    monkeypatch.setattr("azure.core.pipeline.transport.RequestsTransport.sleep", lambda _, pause: pauses.append(pause))
    return pauses
