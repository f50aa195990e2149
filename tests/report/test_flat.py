"""A report of any size is written in the same memory, from sequences that are only gone through, and a few times."""

from __future__ import annotations

import gc
import hashlib
import json
import pickle
import tracemalloc
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Never, TypeVar

import pytest

from auditor.claims.verdict import Undecided
from auditor.delivery import deliver
from auditor.errors import TooLargeError
from auditor.graph import Standing
from auditor.model import Decision, Finding, Identity, Level, Severity, Status, Waived
from auditor.order import finding_order, trust_order
from auditor.power import Capability, Power, Profile
from auditor.report import FORMATS, html_report, large
from auditor.report.base import Layout, Report
from auditor.report.subjects import described
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from auditor.storage import spool
from tests.estate import DENIED, OPEN, TIGHT, TIMES, UNREAD, finding

T = TypeVar("T")

FEW, MANY = 200, 1_200
"""Trusts, and findings. Ten times as many make no difference, but take their time."""
MORE = 2_400
"""For JSON, of whose dictionaries up to 50 kB are left in the interpreter's pools, of many as of more."""
MOST_PASSES = 5
SCOPES = 20
ROLES = 30
"""Names of roles, which are the same in every account."""
NOISE = 32
"""Bytes for each that is added; a finding, its record or its text are at least thirty times as large."""
SAMPLE = 150
"""One in so many is a moment at which it is looked how much memory is held."""
WAYS = [(name, False) for name in FORMATS if name != "html"] + [("table", True), ("markdown", True)]
SORTING = {("asff", False), ("junit", False), ("oscal", False), ("table", True)}
"""What is sorted on the disk: up to `spool.RUNS` runs of each length are open at a time, a small piece of each."""
IDS = [f"{name}{' --details' if details else ''}" for name, details in WAYS]
RULES = ("any-tenant", "dead-value", "environment-gate", "reusable-name", "wide-audience")
LEVELS = (Level.ADMIN, Level.WIDE_WRITE, Level.SCOPED, Level.NONE)


class Gauge:
    """How much memory is held at most, in bytes, whenever it is looked at."""

    def __init__(self) -> None:
        self.on = False
        self.most = 0

    def look(self) -> None:
        if self.on:
            gc.collect()  # which also empties the interpreter's own lists of free objects
            self.most = max(self.most, tracemalloc.get_traced_memory()[0])


GAUGE = Gauge()


class Passing(Sequence[T]):
    """A sequence that can be gone through, which makes everything in it anew, and nothing else."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = [pickle.dumps(item, pickle.HIGHEST_PROTOCOL) for item in items]
        self.passes = 0

    def __iter__(self) -> Iterator[T]:
        self.passes += 1
        for number, item in enumerate(self._items, 1):
            yield pickle.loads(item)
            if number % SAMPLE == 0 or number == len(self._items):
                GAUGE.look()

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Never:
        raise AssertionError("nothing is taken out of the middle")

    def __contains__(self, item: object) -> bool:
        raise AssertionError("nothing is looked for")


class Levels(Mapping[Identity, Standing]):
    """What identities may do, made when somebody asks."""

    def __getitem__(self, one: Identity) -> Standing:
        level = LEVELS[int(one.name.removeprefix("deploy-")) % len(LEVELS)]
        able = () if level is Level.NONE else (Capability(level, f"do what {level} is", ("*",), "*", ()),)
        profile = Profile(Power(able))
        return Standing(profile, level, (), one, profile)

    def __iter__(self) -> Iterator[Identity]:
        raise AssertionError("nobody needs them all")

    def __len__(self) -> int:
        raise AssertionError("nobody needs them all")


def _decision(number: int, size: int) -> Decision:
    base = (OPEN, TIGHT, TIGHT, UNREAD)[number % 4]
    scope = f"{100_000_000_000 + number * SCOPES // size}"
    name = f"deploy-{number % ROLES}"
    one = Identity("aws", scope, "iam-role", f"arn:aws:iam::{scope}:role/path-{number}/{name}", name)
    reason = Undecided(f"reason {number % 3}")
    classes = {name: reason if isinstance(verdict, Undecided) else verdict for name, verdict in base.classes.items()}
    return replace(base, trust=replace(base.trust, identity=one), classes=classes)


def _finding(number: int, decision: Decision) -> Finding:
    # What is waived was written down by a person: it does not grow with the estate.
    status = Status.WAIVED if number < 20 else Status.ERROR if number % 50 == 0 else Status.OPEN
    return finding(
        decision,
        rule="undecided" if number % 60 == 0 else RULES[number % len(RULES)],
        severity=tuple(Severity)[number % 5],
        title=f"Somebody can become {decision.trust.identity.name}",
        status=status,
        waiver=Waived("it is ours", "platform@acme.example", "2027-03-31") if status is Status.WAIVED else None,
        discriminator=str(number),
    )


@cache
def plain(size: int) -> Report:
    """As many findings as trusts, all in memory."""
    decisions = sorted((_decision(number, size) for number in range(size)), key=lambda one: trust_order(one.trust))
    found = [_finding(number, decisions[number * 7 % size]) for number in range(size)]
    scopes = dict.fromkeys(one.trust.scope for one in decisions)
    rows = (DENIED, *(Coverage("aws", scope, "iam-role", Reading.READ) for scope in scopes))
    identities = [one.trust.identity for one in decisions]
    made = Report("0.0.0", *TIMES, rows, decisions, identities, sorted(found, key=finding_order), Levels())
    return described(made).with_counts()


@cache
def passing(size: int) -> Report:
    """The same on something like a disk."""
    made = plain(size)
    return replace(
        made,
        decisions=Passing(made.decisions),
        identities=Passing(made.identities),
        findings=Passing(made.findings),
    )


class Sink:
    """Takes what is written, and keeps no more than a fingerprint of it."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, text: str) -> int:
        self.digest.update(text.encode())
        if (self.size + len(text)) // 50_000 > self.size // 50_000:
            GAUGE.look()
        self.size += len(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)


def put(report: Report, name: str, *, details: bool) -> str:
    """A fingerprint of the whole report."""
    sink: Any = Sink()
    FORMATS[name]()(report, sink, Layout(details=details))
    return str(sink.digest.hexdigest())


def held(report: Report, name: str, *, details: bool) -> int:
    """The most memory that is held while `report` is written, in bytes."""
    gc.collect()
    gc.freeze()
    tracemalloc.start()
    GAUGE.on, GAUGE.most = True, 0
    try:
        put(report, name, details=details)
        return GAUGE.most
    finally:
        GAUGE.on = False
        tracemalloc.stop()
        gc.unfreeze()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sorted goes to the disk early, so that few and many are sorted there alike."""
    monkeypatch.setattr(large, "LIMIT", 20_000)
    monkeypatch.setattr(spool, "RUNS", 4)


@pytest.mark.parametrize(("name", "details"), WAYS, ids=IDS)
def test_memory_does_not_grow(name: str, details: bool) -> None:
    put(passing(FEW), name, details=details)  # what is loaded and noted once and for all
    most = MORE if name == "json" else MANY
    few, many = (held(passing(size), name, details=details) for size in (FEW, most))
    assert many < (3 if (name, details) in SORTING else 1.3) * few + NOISE * (most - FEW)
    assert many < 1_000_000


@pytest.mark.parametrize(("name", "details"), WAYS, ids=IDS)
def test_a_report_on_disk_is_the_same_and_read_a_few_times(name: str, details: bool) -> None:
    report = passing(FEW)
    parts = {"decisions": report.decisions, "identities": report.identities, "findings": report.findings}
    passes = {part: one for part, one in parts.items() if isinstance(one, Passing)}
    for one in passes.values():
        one.passes = 0
    assert put(report, name, details=details) == put(plain(FEW), name, details=details)
    assert {part: one.passes for part, one in passes.items() if one.passes > MOST_PASSES} == {}


def test_a_page_holds_so_much_and_is_refused_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    sink: Any = Sink()
    monkeypatch.setattr(html_report, "MOST", 2 * FEW)
    FORMATS["html"]()(plain(FEW), sink, Layout())
    assert sink.size > 100_000
    monkeypatch.setattr(html_report, "MOST", 2 * FEW - 1)
    refusing: Any = Sink()
    with pytest.raises(TooLargeError) as refused:
        FORMATS["html"]()(passing(FEW), refusing, Layout())
    assert refusing.size == 0
    assert str(refused.value) == (
        "an HTML page holds everything at once, 399 trusts and findings at most, and here are 400: write another "
        "format (json, jsonl, csv, sarif, ocsf and the others take any number), or audit a part of the estate"
    )


def test_the_other_reports_are_written_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(html_report, "MOST", 1)
    page, data = tmp_path / "page.html", tmp_path / "report.json"
    args = Namespace(quiet=False, fail_on="low", strict=False, exit_zero=False, width=None, details=False)
    with pytest.raises(TooLargeError):
        deliver(passing(FEW), [("html", str(page)), ("json", str(data))], args)
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]
    assert len(json.loads(data.read_text())["trusts"]) == FEW
    assert capsys.readouterr() == ("", f"auditor: json report written to {data}\n")
