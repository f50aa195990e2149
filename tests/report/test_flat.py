"""A report of any size is written in the same memory, from sequences that are only gone through, and a few times."""

from __future__ import annotations

import gc
import hashlib
import pickle
import tracemalloc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Never, TypeVar

import pytest

from auditor import spool
from auditor.claims.verdict import Undecided
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
from tests.estate import DENIED, OPEN, TIGHT, TIMES, UNREAD, finding
from tests.report.formats import one_rule

T = TypeVar("T")

FEW, MANY = 2_000, 20_000
MOST_PASSES = 5
SCOPES = 40
WAYS = [(name, False) for name in FORMATS if name != "html"] + [("table", True), ("markdown", True)]
IDS = [f"{name}{' --details' if details else ''}" for name, details in WAYS]
RULES = ("any-tenant", "dead-value", "environment-gate", "reusable-name", "undecided", "wide-audience")
LEVELS = (Level.ADMIN, Level.WIDE_WRITE, Level.SCOPED, Level.NONE)


class Passing(Sequence[T]):
    """A sequence that can be gone through, which makes everything in it anew, and nothing else."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = [pickle.dumps(item, pickle.HIGHEST_PROTOCOL) for item in items]
        self.passes = 0

    def __iter__(self) -> Iterator[T]:
        self.passes += 1
        return map(pickle.loads, self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Never:
        raise AssertionError("nothing is taken out of the middle")

    def __contains__(self, item: object) -> bool:
        raise AssertionError("nothing is looked for")


class Levels(Mapping[Identity, Standing]):
    """What identities may do, made when somebody asks."""

    def __getitem__(self, one: Identity) -> Standing:
        level = LEVELS[_number(one) % len(LEVELS)]
        able = () if level is Level.NONE else (Capability(level, f"do what {level} is", ("*",), "*", ()),)
        profile = Profile(Power(able))
        return Standing(profile, level, (), one, profile)

    def __iter__(self) -> Iterator[Identity]:
        raise AssertionError("nobody needs them all")

    def __len__(self) -> int:
        raise AssertionError("nobody needs them all")


def _number(one: Identity) -> int:
    return int(one.name.rpartition("-")[2])


def _decision(number: int, size: int) -> Decision:
    base = (OPEN, TIGHT, TIGHT, UNREAD)[number % 4]
    scope = f"{100_000_000_000 + number * SCOPES // size}"
    name = f"deploy-{number}"
    one = Identity("aws", scope, "iam-role", f"arn:aws:iam::{scope}:role/{name}", name)
    reason = Undecided(f"reason {number % 3}")
    classes = {name: reason if isinstance(verdict, Undecided) else verdict for name, verdict in base.classes.items()}
    return replace(base, trust=replace(base.trust, identity=one), classes=classes)


def _finding(number: int, decision: Decision) -> Finding:
    # What is waived was written down by a person: it does not grow with the estate.
    status = Status.WAIVED if number < 20 else Status.ERROR if number % 50 == 0 else Status.OPEN
    return finding(
        decision,
        rule=RULES[number % len(RULES)] if number % 7 else "any-tenant",
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

    def write(self, text: str) -> int:
        self.digest.update(text.encode())
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)


def put(report: Report, name: str, *, details: bool) -> str:
    """A fingerprint of the whole report."""
    sink: Any = Sink()
    FORMATS[name]()(report, sink, Layout(details=details))
    return str(sink.digest.hexdigest())


def peak(report: Report, name: str, *, details: bool) -> int:
    """The most memory that is taken at a time, in bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        put(report, name, details=details)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is sorted goes to the disk early, so that few and many are sorted there alike."""
    monkeypatch.setattr(large, "LIMIT", 20_000)
    monkeypatch.setattr(spool, "RUNS", 4)
    with one_rule():
        yield


@pytest.mark.parametrize(("name", "details"), WAYS, ids=IDS)
def test_memory_does_not_grow(name: str, details: bool) -> None:
    put(passing(FEW), name, details=details)  # what is loaded and noted once and for all
    few, many = (peak(passing(size), name, details=details) for size in (FEW, MANY))
    print(name, details, few, many, many / few)
    assert many < 1.3 * few


@pytest.mark.parametrize(("name", "details"), WAYS, ids=IDS)
def test_a_report_on_disk_is_the_same_and_read_a_few_times(name: str, details: bool) -> None:
    report = passing(FEW)
    parts = {"decisions": report.decisions, "identities": report.identities, "findings": report.findings}
    passes = {part: one for part, one in parts.items() if isinstance(one, Passing)}
    for one in passes.values():
        one.passes = 0
    assert put(report, name, details=details) == put(plain(FEW), name, details=details)
    assert {part: one.passes for part, one in passes.items() if one.passes > MOST_PASSES} == {}
