"""The cloud that a test is about, in fair weather."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.clouds import CLOUDS, Reading, Sky, hurry, served


@pytest.fixture(scope="module", params=CLOUDS)
def server(request: pytest.FixtureRequest) -> Iterator[Sky]:
    """One cloud, until the module is done."""
    with served(CLOUDS[request.param]) as sky:
        yield sky


@pytest.fixture(scope="module")
def clean(server: Sky) -> Reading:
    """What is said when nothing fails."""
    server.calm()
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch, server.cloud.patient)
        return server.scan()
