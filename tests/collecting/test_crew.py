"""Many calls at once within one scope: order, errors, what is told, and nobody who keeps the program from ending."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from auditor.collecting.crew import Crew, UnansweredError
from auditor.progress import Stage
from auditor.snapshot import Status

Row = tuple[str, str, Status, str | None, str | None]


class Ledger:
    def __init__(self) -> None:
        self.rows: list[Row] = []

    def note(
        self, scope: str, kind: str, status: Status, reason: str | None = None, permission: str | None = None
    ) -> None:
        self.rows.append((scope, kind, status, reason, permission))

    def refuse(self, scope: str, kind: str, error: Exception, permission: str | None, rest: str = "") -> None:
        self.note(scope, kind, Status.DENIED, f"{error}{rest}", permission)


class AbsentError(UnansweredError):
    @property
    def absent(self) -> str:
        return "there is no licence"


@pytest.mark.parametrize("workers", [1, 2, 5, 50])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    told: list[object] = []
    side_by_side, most, lock = 0, 0, threading.Lock()

    def work(number: int) -> int:
        nonlocal side_by_side, most
        with lock:
            side_by_side += 1
            most = max(most, side_by_side)
        time.sleep(0.001 * (20 - number))
        with lock:
            side_by_side -= 1
        return number * number

    crew = Crew(Ledger(), workers, told.append)
    assert crew.each(work, range(20), "counting") == [number * number for number in range(20)]
    assert told == [Stage("counting", done, 20) for done in range(21)]
    assert most <= workers
    assert crew.each(work, []) == []


def test_what_goes_wrong_is_raised_and_ends_the_rest() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise LookupError("three")
        time.sleep(0.01)
        return number

    with pytest.raises(LookupError, match=r"^three$"):
        Crew(Ledger(), 2).each(work, range(1000))
    time.sleep(0.05)
    assert len(begun) < 20


def test_rows() -> None:
    ledger = Ledger()
    crew, kept = Crew(ledger, 1), list[object]()

    def listed(error: Exception | None) -> object:
        yield {"n": 1}
        yield {"n": 2}
        if error is not None:
            raise error

    for error in (None, UnansweredError("no"), AbsentError("no")):
        crew.gather("s", "things", "may", listed(error), kept.append, "by hand")  # type: ignore[arg-type]  # an iterator
    assert crew.attempt("s", "thing", "may", lambda: {"n": 1}) == {"n": 1}

    def refused() -> dict[str, int]:
        raise UnansweredError("no")

    assert crew.attempt("s", "thing", "may", refused) is None
    assert kept == [{"n": 1}, {"n": 2}] * 3
    assert ledger.rows == [
        ("s", "things", Status.READ, "by hand", "may"),
        ("s", "things", Status.DENIED, "no; 2 were read all the same", "may"),
        ("s", "things", Status.SKIPPED, "there is no licence", "may"),
        ("s", "thing", Status.READ, None, "may"),
        ("s", "thing", Status.DENIED, "no", "may"),
    ]


def test_a_program_that_is_interrupted_does_not_wait_for_them() -> None:
    program = (
        "import os, signal, threading, time\n"
        "from auditor.collecting.crew import Crew\n"
        "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "Crew(None, 4).each(lambda _: time.sleep(30), range(8))\n"
    )
    begun = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert "KeyboardInterrupt" in ended.stderr
    assert time.monotonic() - begun < 25
