"""The demo estates of Google Cloud and Azure, with all that nobody can decide in them: no change is no change."""

from __future__ import annotations

import copy
import json
import os
from contextlib import ExitStack
from unittest import mock

import pytest

from auditor import collection
from auditor.config import Config
from auditor.drift import differences
from auditor.progress import silent
from auditor.providers import PROVIDERS
from auditor.report.base import undecided
from auditor.rules.base import Persona
from auditor.snapshot import Snapshot
from fixtures import demo
from fixtures.loopback.azure import LoopbackAzure
from fixtures.loopback.gcp import LoopbackGoogle
from tests.drift.estates import asked

CLOUDS = [PROVIDERS[name]() for name in ("azure", "gcp")]


@pytest.fixture(scope="module")
def estate() -> Snapshot:
    google, azure = (json.loads((demo.ROOT / path).read_text("utf-8")) for path in (demo.GOOGLE, demo.AZURE))
    with ExitStack() as stack:
        clouds = (stack.enter_context(LoopbackGoogle(google)), stack.enter_context(LoopbackAzure(azure)))
        stack.enter_context(mock.patch.dict(os.environ, {**clouds[0].environment, **clouds[1].environment}))
        return collection.collect(CLOUDS, Config(), {"organizations": ["487201356490"]}, silent)


def test_the_same_is_no_change(estate: Snapshot) -> None:
    later = copy.deepcopy(estate)
    later.finished = "2027-01-01T00:00:00Z"
    made = differences.diff(estate, later, CLOUDS, asked(persona=Persona.AUDITOR))
    assert sum(1 for one in made.decisions if undecided(one)) > 5
    assert made.comparison is not None
    assert made.comparison.trusts["equal"] == len(made.decisions) > 100
    assert [one.title for one in made.findings] == []
