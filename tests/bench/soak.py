"""`python -m tests.bench soak [--minutes 30] [--quick]`: one process that scans three clouds for long in bad weather.

The clouds are served by a process of their own. A fifth of all calls fails, every time others. After each scan the
process is looked at: memory, open files, sockets, threads, files left behind. Whatever grows fails the run, and so does
a report that differs from that of a calm day and says that it is complete.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import difflib
import gc
import io
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import pytest
from tabulate import tabulate

from auditor import cli
from fixtures.loopback import aws_organisation
from fixtures.loopback.aws import LoopbackAws, forget_own_settings
from fixtures.loopback.azure import LoopbackAzure
from fixtures.loopback.faults import Storm
from fixtures.loopback.gcp import LoopbackGoogle
from tests.faults.clouds import AWS, AZURE, GOOGLE, hurry, timeless, trust

ESTATES = Path("fixtures/estates")
ORGANIZATION = "487201356490"
MEMBERS = 8
SHARE = 0.2
STALL = 0.8
TIMEOUT = 0.5
MINUTES = 30.0
QUICK_MINUTES = 0.5
FEWEST = 10
"""Scans without which nothing can be said."""

OBJECTS = 400.0
"""Blocks of Python's allocator that a scan may add at most, by a line through all samples but the first fifth: the
memos of the claim model, which are bounded, take up some 200 for each new run over the same trusts."""
HEAP = 4.0
"""KiB in use on the heap of the C library that a scan may add at most, by such a line."""
SLOPES = {"resident": "KiB resident", "heap": "KiB on the heap", "objects": "blocks of Python's"}
RESIDENT = 0.06
"""The share by which the middle of the last fifth may lie above that of the second fifth. With a dozen threads the C
library keeps ever more free memory for a while, in an arena for each."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The process after one scan."""

    resident: float
    """Memory, KiB, once the C library has given back what it can."""
    heap: float
    """In use on the heap of the C library, KiB."""
    objects: int
    """Blocks of Python's allocator in use."""
    files: int
    sockets: int
    threads: int
    left: int
    """Entries of the folder for temporary files."""


class Heap(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    )


LIBC = ctypes.CDLL("libc.so.6")
LIBC.mallinfo2.restype = Heap


def take(folder: Path) -> Sample:
    """Linux only."""
    gc.collect()
    # A thread that has done its work may need a moment to end.
    for _ in range(20):
        if threading.active_count() == 1:
            break
        time.sleep(0.01)
    LIBC.malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(str(entry.readlink()))
    return Sample(
        pages * os.sysconf("SC_PAGESIZE") / 1024,
        LIBC.mallinfo2().uordblks / 1024,
        sys.getallocatedblocks(),
        len(links),
        sum(link.startswith("socket:") for link in links),
        threading.active_count(),
        sum(1 for _ in folder.iterdir()),
    )


def serve(pipe: Connection) -> None:
    """The three clouds, until the pipe ends. A number that comes is the seed of new weather, None calms it.

    What goes back is how many calls the last weather saw, and how many of them it struck.
    """
    forget_own_settings()
    organisation, tenant = (json.loads((ESTATES / name / "demo.json").read_text("utf-8")) for name in ("gcp", "azure"))
    with (
        LoopbackAws(managed_policies=True) as aws,
        LoopbackGoogle(organisation, page_size=20) as google,
        LoopbackAzure(tenant, page_size=20) as azure,
    ):
        aws_organisation.load(aws, ((f"member-{number}", trust(number)) for number in range(MEMBERS)))
        aws.load_estate(ESTATES / "aws/demo.json")
        aws.empty_pages, aws.page_size = True, 20
        for server in (aws, google, azure):
            server.stall = STALL
        pipe.send({**aws.environment, **google.environment, **azure.environment})
        storms: list[Storm] = []
        with contextlib.suppress(EOFError):
            while True:
                seed: int | None = pipe.recv()
                pipe.send((sum(one.calls.total() for one in storms), sum(one.struck.total() for one in storms)))
                google.paths.clear()
                azure.paths.clear()
                for server in (aws, google, azure):
                    server.calm()
                storms = [] if seed is None else [each.storm(SHARE, seed) for each in (aws, google, azure)]


def scan(output: Path) -> tuple[int, str]:
    """Exit code and report of the whole command."""
    arguments = ["scan", "aws", "gcp", "azure", "--organization", "--organization", ORGANIZATION]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = cli.main([*arguments, "-f", "json", "-o", str(output)])
    return code, output.read_text("utf-8")


@contextlib.contextmanager
def clouds() -> Iterator[Connection]:
    """The pipe to the served clouds, with this process turned to them."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    theirs.close()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ours.recv().items():
            patch.setenv(name, value)
        for cloud in (AWS, GOOGLE, AZURE):
            hurry(patch, replace(cloud.patient, read_timeout=TIMEOUT))
        yield ours
    ours.close()
    server.join(10)


Likeness = Literal["alike", "gaps", "detour", "wrong"]
"""A report is that of a calm day; says that something was not read, since now and then every attempt at a call is
struck; says that something was read in another way, and is otherwise that of a calm day; or is none of these."""


@dataclass(slots=True)
class Course:
    """What a soak has seen."""

    samples: list[Sample] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    calls: int = 0
    struck: int = 0
    reports: Counter[Likeness] = field(default_factory=Counter)


def likened(report: str, clean: str) -> Likeness:
    """How a report in foul weather compares with that of a calm day."""
    if report == clean:
        return "alike"
    if not json.loads(report)["summary"]["coverage_complete"]:
        return "gaps"
    return "detour" if beyond_coverage(report) == beyond_coverage(clean) else "wrong"


def calm_day(output: Path) -> str:
    """The report in fair weather. First answers may be slow: the served clouds make themselves as they are asked."""
    reports = [""]
    for _ in range(10):
        begun = datetime.now(UTC)
        reports.append(timeless(scan(output)[1], begun))
        if reports[-1] == reports[-2] and json.loads(reports[-1])["summary"]["coverage_complete"]:
            return reports[-1]
    raise RuntimeError("no two reports of a calm day are complete and alike")


def beyond_coverage(report: str) -> Any:
    """All but the ledger, and which documents are quoted.

    Where a search fails to the end, each place is read by itself, the ledger says so, and the same role may come under
    another spelling of its id.
    """
    found = json.loads(report)
    findings = [{name: value for name, value in one.items() if name != "evidence"} for one in found["findings"]]
    return _without_sources({**found, "coverage": None, "findings": findings})


def _without_sources(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_sources(inner) for name, inner in value.items() if name != "sources"}
    return [_without_sources(inner) for inner in value] if isinstance(value, list) else value


def soak(minutes: float, folder: Path) -> Course:
    """Scan for so long."""
    course, output = Course(), folder.parent / "report.json"
    with clouds() as pipe:
        clean = calm_day(output)
        end = time.monotonic() + 60 * minutes
        seed = 0
        while time.monotonic() < end or seed < FEWEST:
            pipe.send(seed)
            calls, struck = pipe.recv()
            course.calls, course.struck = course.calls + calls, course.struck + struck
            begun = datetime.now(UTC)
            code, report = scan(output)
            report = timeless(report, begun)
            course.codes[code] += 1
            found = likened(report, clean)
            if found == "wrong":
                # Unless it is only later: findings count the days since a role was last used.
                pipe.send(None)
                pipe.recv()
                clean = calm_day(output)
                found = likened(report, clean)
            if found == "wrong":
                for line in difflib.unified_diff(clean.splitlines(), report.splitlines(), "calm", str(seed), n=0):
                    print(line[:400], file=sys.stderr, flush=True)
            course.reports[found] += 1
            course.samples.append(take(folder))
            seed += 1
            if seed % 50 == 0:
                print(f"{seed} scans, {course.samples[-1]}", file=sys.stderr, flush=True)
    return course


def fifth(samples: Sequence[Sample], number: int) -> Sequence[Sample]:
    """The samples of one fifth of the time, counted from 1."""
    size = len(samples) / 5
    return samples[round((number - 1) * size) : round(number * size)]


def complaints(samples: Sequence[Sample]) -> list[str]:
    """What grows, in words."""
    second, last = fifth(samples, 2), fifth(samples, 5)
    found = []
    for name in ("resident", "files", "sockets", "threads", "left"):
        before, after = (statistics.median(getattr(one, name) for one in part) for part in (second, last))
        if after > before * (1 + RESIDENT if name == "resident" else 1):
            found.append(f"{name} grew from {before:,.0f} to {after:,.0f}")
    for name, most in (("heap", HEAP), ("objects", OBJECTS)):
        if (each := slope(samples, name)) > most:
            found.append(f"each scan adds {each:,.1f} to {name}")
    return found


def slope(samples: Sequence[Sample], name: str) -> float:
    """What each scan adds, by least squares over all but the first fifth."""
    settled = [getattr(one, name) for one in samples[round(len(samples) / 5) :]]
    return statistics.linear_regression(range(len(settled)), settled).slope


def main(arguments: Sequence[str]) -> int:
    """0 when nothing grew and no report was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench soak")
    parser.add_argument("--minutes", type=float, default=None)
    parser.add_argument("--quick", action="store_true", help="for half a minute, which shows coarse leaks only")
    asked = parser.parse_args(arguments)
    minutes = asked.minutes or (QUICK_MINUTES if asked.quick else MINUTES)
    with tempfile.TemporaryDirectory(prefix="soak-") as base:
        folder = Path(base) / "temporary"
        folder.mkdir()
        tempfile.tempdir = str(folder)
        try:
            course = soak(minutes, folder)
        finally:
            tempfile.tempdir = None
    shown = []
    for each in fields(Sample):
        middles = [
            statistics.median(getattr(one, each.name) for one in fifth(course.samples, number))
            for number in range(1, 6)
        ]
        peak = max(getattr(one, each.name) for one in course.samples)
        shown.append((each.name, *middles, peak))
    print(tabulate(shown, headers=("middle of", "1st fifth", "2nd", "3rd", "4th", "5th", "most"), floatfmt=".0f"))
    added = [f"{slope(course.samples, name):+,.1f} {unit}" for name, unit in SLOPES.items()]
    print(
        f"{len(course.samples)} scans in {minutes:g} minutes, {course.calls:,} calls, {course.struck:,} struck; "
        f"each scan adds {', '.join(added)}; exit codes {dict(course.codes)}; reports as on a calm day: "
        f"{course.reports['alike']}, the same by a detour: {course.reports['detour']}, "
        f"with gaps that they tell: {course.reports['gaps']}, wrong: {course.reports['wrong']}"
    )
    found = complaints(course.samples)
    if course.reports["wrong"]:
        found.append(f"{course.reports['wrong']} reports say that they are complete and are not")
    for one in found:
        print(f"NOT GOOD: {one}")
    return 1 if found else 0
