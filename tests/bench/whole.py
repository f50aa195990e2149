"""Whole estates from a saved snapshot, each stage in a process of its own, against orjson on the same bytes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

from tests.bench import estates
from tests.bench.figure import Figure, Figures, Scale

ROLES = 100_000
PARSES = 3


def a_large_organisation(scale: Scale) -> Figures:
    """Realistic repetition: what the design promises of 100,000 trusts."""
    roles = scale(ROLES)
    name = f"{roles:,} trusts of an organisation"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snapshot.jsonl")
        estates.write(estates.organisation(roles, seed=1), path)
        size = path.stat().st_size / 1e6
        parsed = statistics.median(_run("parse", path)["parse"] for _ in range(PARSES))
        bare = statistics.median(_run("parse-without-collector", path)["parse"] for _ in range(PARSES))
        loaded = _run("load", path)
        packed_path = Path(folder, "snapshot.jsonl.zst")
        estates.write(estates.organisation(roles, seed=1), packed_path)
        packed = packed_path.stat().st_size / 1e6
        unpacked = _run("load", packed_path)
        audit = _run("audit", path)
        parse_peak = _run("parse", path)["peak"]
    total = audit["load"] + audit["compile"] + audit["decide"]
    return {
        f"{name}: snapshot": Figure(size, "MB"),
        f"{name}: packed snapshot": Figure(packed, "MB"),
        f"{name}: load, packed": Figure(unpacked["load"] / parsed, "x orjson"),
        f"{name}: peak memory of the loaded snapshot": Figure(loaded["peak"], "MB"),
        f"{name}: orjson.loads of its lines": Figure(parsed, "s"),
        f"{name}: the same, garbage collector off": Figure(bare, "s"),
        f"{name}: load": Figure(audit["load"] / parsed, "x orjson"),
        f"{name}: compile": Figure(audit["compile"] / parsed, "x orjson"),
        f"{name}: decide": Figure(audit["decide"] / parsed, "x orjson"),
        f"{name}: try the witnesses on the source": Figure(audit["confirm"] / parsed, "x orjson"),
        f"{name}: load, compile and decide": Figure(total / parsed, "x orjson", 8),
        f"{name}: the same": Figure(total, "s"),
        f"{name}: against orjson with the garbage collector off": Figure(total / bare, "x orjson"),
        f"{name}: verdicts": Figure(audit["verdicts"], "verdicts"),
        f"{name}: peak memory above the parsed snapshot": Figure(audit["peak"] - loaded["peak"], "MB", 200),
        f"{name}: peak memory above what orjson needs": Figure(audit["peak"] - parse_peak, "MB"),
        f"{name}: peak memory in all": Figure(audit["peak"], "MB"),
    }


def a_crowd_of_strangers(scale: Scale) -> Figures:
    """No two policies alike in names or structure: nothing learnt from one trust answers for another."""
    roles = scale(ROLES // 20)
    name = f"{roles:,} trusts no two alike"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snapshot.jsonl")
        estates.write(islice(estates.different(seed=2), roles), path)
        audit = _run("audit", path)
        cold = _run("cold", path)
    return {
        f"{name}: verdicts": Figure(audit["verdicts"] / audit["decide"], "per second and core", 20_000, "at least"),
        f"{name}: one decision": Figure(audit["decide"] / audit["trusts"] * 1_000, "ms"),
        f"{name}: one decision, nothing remembered: median": Figure(cold["median"], "ms"),
        f"{name}: one decision, nothing remembered: 99th percentile": Figure(cold["p99"], "ms"),
        f"{name}: compiling one trust": Figure(audit["compile"] / audit["trusts"] * 1_000, "ms"),
    }


def _run(stage: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.estate_run", stage, str(path)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    record: dict[str, float] = json.loads(output)
    return record
