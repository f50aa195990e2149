"""The cloud that a test is about, in fair weather."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.faults.clouds import CLOUDS, Reading, Sky, hurry, served


@pytest.fixture(scope="module")
def skies() -> Iterator[Callable[[str], Sky]]:
    """The clouds by name. Each is served from when it is first asked for until the module is done."""
    with contextlib.ExitStack() as stack:
        found: dict[str, Sky] = {}

        def of(name: str) -> Sky:
            if name not in found:
                found[name] = stack.enter_context(served(CLOUDS[name]))
            found[name].calm()
            return found[name]

        yield of


@pytest.fixture(params=CLOUDS)
def server(request: pytest.FixtureRequest, skies: Callable[[str], Sky]) -> Sky:
    """Each cloud in turn."""
    return skies(request.param)


@pytest.fixture(scope="module")
def reports() -> dict[str, Reading]:
    """Name of a cloud → what is said when nothing fails."""
    return {}


@pytest.fixture
def clean(server: Sky, reports: dict[str, Reading]) -> Reading:
    """What is said of that cloud when nothing fails."""
    name = server.cloud.name
    if name not in reports:
        with pytest.MonkeyPatch.context() as patch:
            hurry(patch, server.cloud.patient)
            reports[name] = server.scan()
    return reports[name]
