"""`python -m tests.bench.estate_run STAGE SNAPSHOT`: one stage in a process of its own, whose peak memory counts.

Stages: `parse` (the lines through orjson, kept), `load` (the program's own reader, kept), `audit` (load, compile every
trust, decide it, count its verdicts), `cold` (decide some trusts, each with nothing remembered of the others).
Prints one JSON object.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import orjson

from auditor.claims.predicate import Token
from auditor.config import Ours
from auditor.decide import decide
from auditor.judging.checks import confirm
from auditor.model import Trust
from auditor.pipeline import restore
from auditor.providers.aws import PROVIDER, Aws
from auditor.rules.alike import Alike
from tests.bench.memos import memos

Record = dict[str, float]

COLD = 200
"""Trusts decided one by one with nothing remembered."""


def parse(path: Path, *, collector: bool = True) -> Record:
    """Seconds of `orjson.loads` over all lines."""
    lines = path.read_bytes().splitlines()
    if not collector:
        gc.disable()
    started = time.process_time()
    kept = [orjson.loads(line) for line in lines]
    return {"parse": time.process_time() - started, "documents": len(kept)}


def parse_without_collector(path: Path) -> Record:
    return parse(path, collector=False)


def load(path: Path) -> Record:
    started = time.process_time()
    snapshot = restore([path])
    return {"load": time.process_time() - started, "documents": len(snapshot.documents)}


class Timed(Aws):
    """AWS with a clock on what is tried on the source."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def admits(self, trust: Trust, token: Token) -> bool | None:
        started = time.process_time()
        admitted = super().admits(trust, token)
        self.seconds += time.process_time() - started
        return admitted


def audit(path: Path) -> Record:
    """Decides every trust as `judging.court` does, and forgets it, as a stream would.

    `compile` is what it takes to have the next trust, `decide` what it takes to have its decision, from a kind or by
    itself, confirmed: without the seconds in which a witness is tried on the source, whoever asks for that. Those
    count as `confirm`, and so does what `checks.confirm` needs around them. Tests of a policy that nobody looks at in
    all this are compiled by nobody (`providers.aws.trust`), and count nowhere.
    """
    gc.set_threshold(50_000, 20, 50)  # as the command line does
    now = time.process_time
    seconds = {"load": 0.0, "compile": 0.0, "decide": 0.0, "confirm": 0.0}
    source = Timed()
    kinds = Alike(Ours(), source.admits, lambda trust: confirm(source, decide(trust, Ours())))
    verdicts = trusts = alone = 0
    started = now()
    snapshot = restore([path])
    seconds["load"] = now() - started
    loaded = _peak()
    last = now()
    for trust in PROVIDER.trusts(snapshot):
        compiled, before = now(), source.seconds
        decision = kinds.decided(trust)
        itself = decision is None
        if decision is None:
            decision = decide(trust, Ours())
        decided, tried = now(), source.seconds - before
        if itself:
            decision = confirm(source, decision)
        confirmed = now()
        seconds["compile"] += compiled - last
        seconds["decide"] += decided - compiled - tried
        seconds["confirm"] += confirmed - decided + tried
        verdicts += len(decision.classes) + 1
        trusts += 1
        alone += itself
        last = confirmed
    return {**seconds, "trusts": trusts, "alone": alone, "verdicts": verdicts, "loaded": loaded}


def cold(path: Path) -> Record:
    """Milliseconds per decision, the solver's memory emptied before each; issuers' grammars are built beforehand."""
    trusts = list(islice(PROVIDER.trusts(restore([path])), COLD))
    for trust in trusts[:10]:
        decide(trust, Ours())
    emptied = memos()
    taken: list[float] = []
    gc.disable()
    for trust in trusts:
        for memo in emptied:
            memo()
        started = time.process_time()
        decide(trust, Ours())
        taken.append((time.process_time() - started) * 1_000)
    percentiles = statistics.quantiles(taken, n=100)
    return {"median": percentiles[49], "p99": percentiles[98]}


STAGES: dict[str, Callable[[Path], Record]] = {
    "parse": parse,
    "parse-without-collector": parse_without_collector,
    "load": load,
    "audit": audit,
    "cold": cold,
}


def _peak() -> float:
    """Megabytes; `ru_maxrss` counts kilobytes on Linux and bytes on macOS."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    stage, path = sys.argv[1:]
    record = STAGES[stage](Path(path))
    print(json.dumps({**record, "peak": _peak()}))


if __name__ == "__main__":
    main()
