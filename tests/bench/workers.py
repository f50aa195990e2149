"""`python -m tests.bench.workers [ACCOUNTS]`: one organisation read by every kind of worker, in one run.

The cloud is a process of its own which answers each call after a while, as AWS does from afar: so what is measured is
how well the waiting is shared out, and only on a machine of many cores how well the work is. Prints for each kind the
seconds it took, how many times as fast as one thread that is, and a digest of the report, which must be the same.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from tabulate import tabulate

from auditor import collection, pipeline, rules
from auditor.collecting.cluster import Cluster
from auditor.collecting.executors import THREADS, Inline, Means, means_of
from auditor.collecting.plan import Patience
from auditor.config import Config
from auditor.organizations import ANY
from auditor.progress import silent
from auditor.providers.aws import PROVIDER
from auditor.providers.aws.connections import Limits
from auditor.report.base import Layout
from auditor.report.json_report import write
from auditor.rules.base import Persona
from auditor.snapshot import Snapshot, ordered
from fixtures.loopback import aws_organisation
from fixtures.loopback.aws import LoopbackAws
from fixtures.loopback.faults import Fault
from tests.faults.clouds import trust

LIMITS = Limits(members=Patience(pause=0.5))
FOUL = (Fault.THROTTLING, Fault.UNAVAILABLE, Fault.CUT_SHORT, Fault.RESET)


def serve(accounts: int, latency: float, share: float) -> None:
    """The cloud, until stdin ends. Says on stdout where it is."""
    with LoopbackAws() as aws:
        aws_organisation.load(aws, ((f"member-{n}", trust(n)) for n in range(accounts)))
        answer = aws._answer

        def late(environ: Any, start: Any) -> Any:
            time.sleep(latency)
            return answer(environ, start)

        aws._server.app = late
        if share:
            aws.storm(share, 5, FOUL)
        print(json.dumps(aws.environment), flush=True)
        sys.stdin.read()


@contextmanager
def served(*arguments: object) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.bench.workers", "--serve", *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        os.environ.update(json.loads(process.stdout.readline()))
        try:
            yield
        finally:
            process.stdin.close()


def kinds(stack: ExitStack) -> Mapping[str, Callable[[], Means]]:
    from distributed import LocalCluster

    options: Mapping[str, Any] = {"dashboard_address": "127.0.0.1:0", "protocol": "tcp://", "threads_per_worker": 6}
    make: Any = LocalCluster
    dask = stack.enter_context(make(n_workers=2, **options))
    return {
        "one thread": lambda: Means(Inline, elsewhere=False),
        "12 threads": lambda: THREADS,
        "2 processes": lambda: stack.enter_context(means_of(2, None)),
        "4 processes": lambda: stack.enter_context(means_of(4, None)),
        "Dask, 2 workers of 6 threads": lambda: stack.enter_context(means_of(None, Cluster(dask.scheduler_address))),
    }


def digest(found: Snapshot) -> str:
    stream = io.StringIO()
    still = replace(ordered(found), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:00Z")
    write(pipeline.audit(still, [PROVIDER], Config(), rules.RULES, Persona.AUDITOR, silent), stream, Layout(100))
    return hashlib.sha256(stream.getvalue().encode()).hexdigest()[:12]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.workers")
    parser.add_argument("accounts", metavar="ACCOUNTS", type=int, nargs="?", default=200)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds before each answer (default: 0.1)")
    parser.add_argument("--share", type=float, default=0, help="of the calls that fail at first (default: none)")
    asked = parser.parse_args()
    rows: list[tuple[str, float, float, int, int, str]] = []
    with served(asked.accounts, asked.latency, asked.share), ExitStack() as stack:
        for kind, means in kinds(stack).items():
            begun = time.monotonic()
            found = collection.collect(
                [PROVIDER], Config(), {"organization": ANY, "limits": LIMITS}, silent, means=means()
            )
            took = time.monotonic() - begun
            first = rows[0][1] if rows else took
            gaps = sum(row.status.value != "read" for row in found.coverage)
            rows.append((kind, took, first / took, len(found.scopes("aws")) - 1, gaps, digest(found)))
            print(f"{kind}: {took:.1f} s", file=sys.stderr, flush=True)
    headers = ("workers", "seconds", "times as fast", "accounts", "gaps", "report")
    print(tabulate(rows, headers=headers, floatfmt=".1f"))
    if len({row[-1] for row in rows}) != 1:
        sys.exit("the reports differ")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
    else:
        main()
