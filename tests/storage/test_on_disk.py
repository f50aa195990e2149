"""A whole audit of the demo estates whose documents, decisions and findings all lie on disk, against one in memory."""

from __future__ import annotations

import io
import pickle
from dataclasses import replace
from unittest import mock

import pytest

from auditor import pipeline
from auditor.collecting.executors import Processes
from auditor.config import load
from auditor.issuers import kinds
from auditor.providers import PROVIDERS
from auditor.report import FORMATS
from auditor.report.base import Layout, Report
from auditor.rules import RULES
from auditor.rules.base import Persona
from auditor.snapshot import Snapshot
from auditor.storage import batches, spool
from auditor.storage.shelf import Shelf
from auditor.storage.spool import Sorted, Spool, SpoolMap
from fixtures import demo
from tests.report.formats import demo_report

KINDS: tuple[type, ...] = (Spool, Sorted, SpoolMap)


@pytest.fixture(scope="module")
def collected() -> Snapshot:
    """The demo estates; the documents in a list."""
    with mock.patch.object(pipeline, "audit", lambda snapshot, *_: snapshot):
        found = demo_report()
    assert isinstance(found, Snapshot)
    return replace(found, documents=list(found.documents))


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stays in memory."""
    for kind in KINDS:
        small = {"limit": 0} if kind is SpoolMap else {"limit": 0, "few": 1}
        monkeypatch.setattr(vars(kind)["__init__"], "__kwdefaults__", small)
    for module, name, value in ((batches, "BATCH", 2_000), (batches, "PIECE", 2_000), (spool, "RUNS", 3)):
        monkeypatch.setattr(module, name, value)


def audited(snapshot: Snapshot, workers: int | None = None) -> Report:
    config = load(demo.ROOT / demo.CONFIG, kinds())
    providers = [make() for make in PROVIDERS.values()]
    executor = None if workers is None else Processes(workers)
    try:
        return pipeline.audit(snapshot, providers, config, RULES, Persona.AUDITOR, lambda _: None, executor)
    finally:
        if executor is not None:
            executor.shutdown()


def written(report: Report) -> dict[str, str]:
    """In every format."""
    found = {}
    for name, make in FORMATS.items():
        stream = io.StringIO()
        make()(report, stream, Layout(details=True))
        found[name] = stream.getvalue()
    return found


@pytest.fixture(scope="module")
def in_memory(collected: Snapshot) -> dict[str, str]:
    return written(audited(collected))


@pytest.mark.usefixtures("on_disk")
@pytest.mark.parametrize("workers", [None, 2])
def test_every_report_is_the_same_to_the_byte(
    collected: Snapshot, in_memory: dict[str, str], workers: int | None
) -> None:
    shelf = Shelf(collected.documents[::-1], limit=0)
    report = audited(replace(collected, documents=shelf), workers)
    assert shelf._file is not None
    assert isinstance(report.decisions, Spool)
    assert report.decisions._away is not None
    assert isinstance(report.findings, Sorted)
    assert len(report.findings._levels) > 1
    found = written(report)
    for name, text in in_memory.items():
        assert found[name] == text, name


def test_a_snapshot_travels(collected: Snapshot, in_memory: dict[str, str]) -> None:
    shelf = Shelf(collected.documents, limit=0)
    copied: Snapshot = pickle.loads(pickle.dumps(replace(collected, documents=shelf)))
    assert written(audited(copied))["json"] == in_memory["json"]
