"""What is measured, and how."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
from itertools import islice
from random import Random

from auditor.claims.predicate import Predicate, conjunction, equals, negation
from auditor.claims.solver import solve
from auditor.providers.aws.collect import collect
from fixtures.loopback.aws import LoopbackAws
from tests.bench import estates
from tests.bench.figure import Figure, Figures, Scale
from tests.bench.memos import memos
from tests.claims import oracle, queries

QUERIES = 2_000
Z3_QUERIES = 60
Z3_MILLISECONDS = 1_000
ROLES = 5_000
HELP_RUNS = 9
SDKS = ("boto3", "botocore", "google", "azure")


def one_query_cold(scale: Scale) -> Figures:
    """The solver on one condition of GitHub tokens, nothing of it remembered; half ask for strangers only."""
    rng = Random(1)
    asked: list[Predicate] = []
    for number in range(scale(QUERIES)):
        condition = queries.query(rng, unknown=0.05)
        stranger = negation(equals("repository_owner", "acme"))
        asked.append(conjunction((condition, stranger)) if number % 2 else condition)
    grammar = queries.GITHUB.grammar
    emptied = memos(of_issuers=False)
    taken: list[float] = []
    gc.disable()
    for predicate in asked:
        solve(predicate, grammar)  # learns what belongs to the issuer
        for memo in emptied:
            memo()
        started = time.perf_counter()
        solve(predicate, grammar)
        taken.append((time.perf_counter() - started) * 1_000)
    gc.enable()
    percentiles = statistics.quantiles(taken, n=100)
    return {
        "one query, cold: median": Figure(percentiles[49], "ms", 0.3),
        "one query, cold: 99th percentile": Figure(percentiles[98], "ms", 2.0),
        "one query, cold: slowest": Figure(max(taken), "ms"),
    }


def against_z3(scale: Scale) -> Figures:
    """The same conditions over the same small grammar, nothing remembered; z3 is cut off after a second."""
    ours, theirs, given_up = [], [], 0
    emptied = memos(of_issuers=False)
    for number in range(max(30, scale(Z3_QUERIES))):
        asked = oracle.query(Random(10_000 + number))
        solve(asked, oracle.GRAMMAR)
        for memo in emptied:
            memo()
        started = time.perf_counter()
        solve(asked, oracle.GRAMMAR)
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        given_up += oracle.ask(asked, Z3_MILLISECONDS) == "unknown"
        theirs.append(time.perf_counter() - started)
    return {
        "times faster than z3: median query": Figure(
            statistics.median(theirs) / statistics.median(ours), "x", 100, "at least"
        ),
        "times faster than z3: all queries": Figure(sum(theirs) / sum(ours), "x", 100, "at least"),
        "z3 gave up": Figure(given_up / len(theirs) * 100, "% of queries"),
    }


def calls_for_a_large_account(scale: Scale) -> Figures:
    """AWS operations for 5,000 roles, besides one per OIDC provider, against the loopback AWS."""
    before, roles = dict(os.environ), scale(ROLES)
    with LoopbackAws() as aws:
        os.environ.update(aws.environment)
        aws.iam().create_open_id_connect_provider(Url=f"https://{estates.HOST}", ClientIDList=["sts.amazonaws.com"])
        generated = enumerate(islice(estates.different(seed=4), roles))
        aws.serve_roles(estates.role(account, number, name, policy) for number, (account, name, policy) in generated)
        aws.calls.clear()
        started = time.perf_counter()
        snapshot = collect()
        seconds = time.perf_counter() - started
        calls = sum(aws.calls.values()) - aws.calls["GetOpenIDConnectProvider"]
    os.environ.clear()
    os.environ.update(before)
    assert len(list(snapshot.of("aws", "iam-role"))) == roles
    return {
        f"API calls for {roles:,} roles": Figure(calls, "calls", 12),
        f"collecting {roles:,} roles on loopback": Figure(seconds, "s"),
    }


def the_help_text(scale: Scale) -> Figures:
    """`auditor --help` as a process of its own, and the SDK modules that it loads."""
    command = [sys.executable, "-m", "auditor", "--help"]
    subprocess.run(command, check=True, capture_output=True)
    taken = []
    for _ in range(HELP_RUNS):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
    listing = subprocess.run(
        [sys.executable, "-X", "importtime", *command[1:]], check=True, capture_output=True, text=True
    ).stderr
    loaded = {line.rpartition("|")[2].strip() for line in listing.splitlines() if line.startswith("import time:")}
    of_sdks = [name for name in loaded if name.partition(".")[0] in SDKS]
    bare = []
    for _ in range(HELP_RUNS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", ""], check=True, capture_output=True)
        bare.append(time.perf_counter() - started)
    return {
        "auditor --help": Figure(statistics.median(taken), "s", 0.2),
        "auditor --help, as multiples of an empty Python": Figure(
            statistics.median(taken) / statistics.median(bare), "x"
        ),
        "auditor --help: SDK modules loaded": Figure(len(of_sdks), "modules", 0),
    }
