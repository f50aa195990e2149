"""Collections of whole organisations: time and memory by the number of accounts, whatever the cloud would take.

`python -m tests.bench.collecting ACCOUNTS [--roles N]` collects a made-up organisation by `auditor collect`, once anew
and once with `--resume` from what the first has written, each in a process of its own, and prints what that took.
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from auditor import cli
from auditor.collecting.plan import Patience
from auditor.collecting.scopes import Reading, Scope
from auditor.config import Config
from auditor.progress import Progress, silent
from auditor.snapshot import Coverage, Document, Snapshot, Status
from tests.bench import scale

ALIKE = 8
"""Different accounts there are, under many numbers: making them up takes longer than collecting them."""
PATIENCE = Patience()


@cache
def account_of(number: int, roles: int) -> bytes:
    """The documents of one of them, to be had as new objects each time."""
    return pickle.dumps([doc for doc in scale.documents(1, roles, 1.0, seed=number) if doc.scope == scale.MANAGEMENT])


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the organisation."""

    number: int
    roles: int
    provider: str = "aws"
    what: str = "reading AWS accounts"
    lane: str = "aws"
    patience: Patience = PATIENCE

    @property
    def name(self) -> str:
        return f"{100_000_000_000 + self.number}"

    def read(self, tell: Progress = silent) -> Reading:
        del tell
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        documents = [
            Document("aws", self.name, doc.kind, doc.id.replace(scale.MANAGEMENT, self.name), doc.body)
            for doc in pickle.loads(account_of(self.number % ALIKE, self.roles))
        ]
        rows = [Coverage("aws", self.name, kind, Status.READ) for kind in scale.KINDS]
        return Reading(Snapshot(now, now, documents, rows))

    def unread(self, why: str) -> Coverage:
        return Coverage("aws", self.name, "account", Status.FAILED, why)

    def close(self) -> None:
        """Nothing is kept."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """As much of a provider as a collection needs."""

    accounts: int
    roles: int
    id: str = "aws"

    def scopes(self, config: Config, **options: Any) -> Iterable[Scope]:
        del config, options
        return [Account(number, self.roles) for number in range(self.accounts)]


def collected(accounts: int, roles: int, arguments: list[str]) -> dict[str, float]:
    """What one run takes in this process: seconds, seconds of CPU, and peak memory in MB."""
    for number in range(ALIKE):
        account_of(number, roles)
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.monotonic()
    with patch("auditor.estates.PROVIDERS", {"aws": lambda: Cloud(accounts, roles)}):
        assert cli.main(["collect", "aws", *arguments]) == 0
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": time.monotonic() - started,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "before": before.ru_maxrss / 1024,
        "peak": after.ru_maxrss / 1024,
    }


def runs(accounts: int, roles: int) -> dict[str, Any]:
    """Once anew, and once taking everything over."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "estate.jsonl.zst")
        found: dict[str, Any] = {}
        for name, more in (("anew", []), ("taken over", ["--resume"])):
            command = [sys.executable, "-m", "tests.bench.collecting", str(accounts), "--roles", str(roles), "--here"]
            ran = subprocess.run(
                [*command, "-q", "-o", str(path), *more], check=True, stdout=subprocess.PIPE, text=True
            )
            found[name] = json.loads(ran.stdout)
        return {"file": path.stat().st_size / 1e6, **found}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.collecting")
    parser.add_argument("accounts", type=int)
    parser.add_argument("--roles", type=int, default=200)
    parser.add_argument("--here", action="store_true", help="one run in this process, by the arguments that follow")
    given, arguments = parser.parse_known_args()
    found = collected(given.accounts, given.roles, arguments) if given.here else runs(given.accounts, given.roles)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
