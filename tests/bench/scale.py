"""Whole organisations from disk: time and memory of an audit by the number of accounts.

`python -m tests.bench.scale ACCOUNTS [--roles N] [--federated SHARE] [--workers N] [--format FORMAT]` makes an
organisation up, saves it, audits it in a process of its own, and prints what that took.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from auditor.output import whole_file
from auditor.snapshot import Coverage, Document, Snapshot, Status
from auditor.snapshot_file import save
from auditor.storage.shelf import Shelf
from tests.bench import estates, policies
from tests.bench.figure import Figure, Figures, Scale

ORGANISATION = "o-exampleorgid"
MANAGEMENT, TOOLING = "100000000000", "100000007919"
KINDS = ("account", "iam-policy", "iam-role", "oidc-provider")
SERVICES = ("lambda", "ec2", "ecs-tasks", "states", "events", "codebuild")

DENIED_REGIONS = {
    "Effect": "Deny",
    "NotAction": ["iam:*", "organizations:*", "sts:*"],
    "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}},
}
POLICIES: dict[str, tuple[str, dict[str, Any]]] = {
    "p-FullAWSAccess": ("SERVICE_CONTROL_POLICY", {"Effect": "Allow", "Action": "*", "Resource": "*"}),
    "p-regions": ("SERVICE_CONTROL_POLICY", DENIED_REGIONS),
    "p-RCPFullAWSAccess": (
        "RESOURCE_CONTROL_POLICY",
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
    ),
}


def documents(accounts: int, roles: int, federated: float, seed: int) -> Iterator[Document]:
    """An organisation of `accounts` with `roles` each, of which a share is open to jobs and the rest to services."""
    rng = Random(seed)
    names = policies.Names(rng)
    crowd = estates.different(seed + 1)
    numbers = [f"{int(MANAGEMENT) + 7_919 * number}" for number in range(accounts)]
    yield from _organisation(numbers)
    for place, account in enumerate(numbers):
        owner = estates.ORGANISATIONS[place % len(estates.ORGANISATIONS)]
        yield from estates.documents(_account(account, owner, round(roles * federated), names, crowd, rng))
        for number, (name, policy) in enumerate(_others(account, roles - round(roles * federated), names, rng)):
            detail = estates.role(account, number, name, policy)
            yield Document("aws", account, "iam-role", detail["Arn"], detail)


def _account(
    account: str, owner: str, roles: int, names: policies.Names, crowd: Iterator[estates.Role], rng: Random
) -> Iterator[estates.Role]:
    stamped = list(policies.STAMPED.items())[:roles]
    for name, structure in stamped:
        yield account, name, policies.filled(structure, {"account": account, "owner": owner}.__getitem__)
    weights = [weight for weight, _, _ in policies.PER_REPOSITORY]
    for number in range(roles - len(stamped)):
        if rng.random() < estates.BY_HAND:
            _, name, policy = next(crowd)
            yield account, name, estates.moved(policy, account)
            continue
        repo, environment = names.new(), estates.ENVIRONMENTS[number % len(estates.ENVIRONMENTS)]
        _, purpose, structure = rng.choices(policies.PER_REPOSITORY, weights)[0]
        given = {"account": account, "owner": owner, "repo": repo, "team": f"team-{number % 40}", "env": environment}
        yield account, f"{repo}-{purpose}-{environment}", policies.filled(structure, given.__getitem__)


def _others(account: str, roles: int, names: policies.Names, rng: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """What no token of a job enters: open to the management account, to the tooling account, to services."""
    for number in range(roles):
        match number:
            case 0:
                name, principal = "OrganizationAccountAccessRole", {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
            case 1:
                name, principal = "tooling", {"AWS": f"arn:aws:iam::{TOOLING}:role/landing-zone-apply"}
            case _:
                name, principal = f"{names.new()}-service", {"Service": f"{rng.choice(SERVICES)}.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        yield name, {"Version": "2012-10-17", "Statement": [statement]}


def _organisation(accounts: list[str]) -> Iterator[Document]:
    def document(kind: str, ident: str, body: dict[str, Any]) -> Document:
        return Document("aws", ORGANISATION, kind, ident, body)

    yield document("organization", ORGANISATION, {"Id": ORGANISATION, "MasterAccountId": MANAGEMENT})
    everywhere = ["p-FullAWSAccess", "p-RCPFullAWSAccess"]
    yield document("organization-target", "r-root", {"Id": "r-root", "Type": "ROOT", "Policies": everywhere})
    for number in range(12):
        unit = {"Id": f"ou-{number}", "Type": "ORGANIZATIONAL_UNIT", "Policies": ["p-FullAWSAccess", "p-regions"]}
        yield document("organization-target", f"ou-{number}", {**unit, "Parent": "r-root"})
    for number, account in enumerate(accounts):
        body = {"Id": account, "Type": "ACCOUNT", "Policies": ["p-FullAWSAccess"], "Parent": f"ou-{number % 12}"}
        yield document("organization-target", account, body)
    for ident, (kind, statement) in POLICIES.items():
        content = {"Version": "2012-10-17", "Statement": [statement]}
        yield document("organization-policy", ident, {"Id": ident, "Name": ident, "Type": kind, "Content": content})


def write(path: Path, accounts: int, roles: int, federated: float) -> None:
    """Saves the organisation as a collection of it is saved."""
    shelf = Shelf(documents(accounts, roles, federated, seed=9))
    scopes = shelf.scopes("aws")
    rows = [Coverage("aws", scope, kind, Status.READ) for scope in scopes if scope != ORGANISATION for kind in KINDS]
    with whole_file(path, pack=True) as stream:
        save(Snapshot(estates.NOW, estates.NOW, shelf, rows), stream)


RUN = """
import resource, sys, time, json, threading
from auditor.cli import main
peak = [0]
def shared():
    # what this process alone holds: pages shared with nobody else count once, the kernel's cache of files not at all
    while True:
        with open("/proc/self/status") as status:
            peak[0] = max(peak[0], *(int(line.split()[1]) for line in status if line.startswith("VmHWM")))
        time.sleep(1)
threading.Thread(target=shared, daemon=True).start()
started = time.monotonic()
code = main(sys.argv[1:])
use = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps({
    "code": code, "seconds": time.monotonic() - started, "cpu": sum(one.ru_utime + one.ru_stime for one in use),
    "peak": use[0].ru_maxrss / 1024, "worker": use[1].ru_maxrss / 1024,
}), file=sys.stderr)
"""


def measured(path: Path, report: Path, workers: int, form: str) -> dict[str, Any]:
    """The audit of a snapshot, as a user runs it: seconds, and peak memory (MB) of the process and of its workers."""
    command = [sys.executable, "-c", RUN, "scan", "--from", str(path), "--format", form, "--output", str(report)]
    command += ["--workers", str(workers)] if workers else []
    run = subprocess.run([*command, "--quiet"], check=False, stderr=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(run.stderr.splitlines()[-1])
    return {**found, "report": report.stat().st_size / 1e6}


def audits(accounts: int, roles: int, federated: float, workers: int = 0, form: str = "json") -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "estate.jsonl.zst")
        started = time.monotonic()
        write(path, accounts, roles, federated)
        saved = time.monotonic() - started
        found = measured(path, Path(folder, "report"), workers, form)
        return {"saved": saved, "file": path.stat().st_size / 1e6, **found}


def an_organisation_from_disk(scale: Scale) -> Figures:
    """Whether memory stays where it is when the organisation grows."""
    small, large = scale(100), scale(1_000)
    one, other = (audits(accounts, 20, 0.4) for accounts in (small, large))
    growth = (other["peak"] - one["peak"]) / ((large - small) * 20) * 1024
    return {
        f"{large:,} accounts of 20 roles: audit": Figure(other["seconds"], "s"),
        f"{large:,} accounts of 20 roles: peak memory": Figure(other["peak"], "MB", 1_000),
        "memory for each further role": Figure(growth, "KB"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale")
    parser.add_argument("accounts", type=int)
    parser.add_argument("--roles", type=int, default=200)
    parser.add_argument("--federated", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--format", default="json")
    given = parser.parse_args()
    print(json.dumps(audits(given.accounts, given.roles, given.federated, given.workers, given.format), indent=1))


if __name__ == "__main__":
    main()
