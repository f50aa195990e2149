"""What is counted, and what a terminal makes of it."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import terminal
from auditor.pace import Board, Seen, duration, frequency, line, sentence
from auditor.progress import Stage, counted
from auditor.terminal import Diary, Meter, coloured


def test_what_is_counted_is_told_before_each_and_after_the_last() -> None:
    told: list[object] = []
    assert list(counted("reading", iter("ab"), 2, told.append)) == ["a", "b"]
    assert told == [Stage("reading", 0, 2), Stage("reading", 1, 2), Stage("reading", 2, 2)]


def test_of_nothing_nothing_is_told() -> None:
    told: list[object] = []
    assert list(counted("reading", (), 0, told.append)) == told == []


def test_nothing_is_asked_for_before_its_turn() -> None:
    def source() -> Iterator[str]:
        yield "a"
        raise AssertionError("too far")

    taken = counted("reading", source(), 2, lambda _: None)
    assert next(taken) == "a"


def seen(*course: tuple[float, str | Stage]) -> Seen:
    """A stage that was told of at these moments."""
    (begun, first), *rest = course
    found = Seen(first, begun, begun)
    for moment, told in ((begun, first), *rest):
        found.hear(told, moment)
    return found


def reading(done: int, total: int = 500, throttled: int = 0) -> Stage:
    return Stage("reading projects", done, total, throttled)


@pytest.mark.parametrize(
    ("course", "now", "short", "long"),
    [
        ([(0, "reading aws")], 99, "reading aws …", "reading aws, for 2 min now"),
        ([(0, reading(0))], 0, "reading projects: 0 of 500 (0 %)", "reading projects: 0 of 500"),
        ([(0, reading(0)), (2.9, reading(250))], 2.9, "reading projects: 250 of 500 (50 %)", None),
        (
            [(0, reading(0)), (10, reading(250))],
            10,
            "reading projects: 250 of 500 (50 %), 25 a second, about 10 s left",
            "reading projects: 250 of 500, 25 a second, about 10 s left",
        ),
        (
            [(0, reading(200)), (10, reading(300))],
            10,
            "reading projects: 300 of 500 (60 %), 10 a second, about 20 s left",
            None,
        ),
        ([(0, reading(200)), (10, reading(200))], 10, "reading projects: 200 of 500 (40 %)", None),
        (
            [(0, reading(0, 5000)), (180, reading(120, 5000, 12))],
            180,
            "reading projects: 120 of 5,000 (2 %), 40 a minute, 12 throttled, about 2 h left",
            "reading projects: 120 of 5,000, 40 a minute, 12 throttled, about 2 h left",
        ),
        (
            [(0, reading(0, 12_000)), (60, reading(10, 12_000))],
            60,
            "reading projects: 10 of 12,000 (0 %), 10 a minute, about 20 h left",
            None,
        ),
        ([(0, reading(0)), (99, reading(500))], 99, "reading projects: 500 of 500 (100 %), 303 a minute", None),
        ([(0, reading(0, 0))], 99, "reading projects: 0 of 0", "reading projects: 0 of 0"),
        # It hangs: the rate sinks, and the log says since when.
        (
            [(0, reading(0)), (60, reading(100))],
            600,
            "reading projects: 100 of 500 (20 %), 10 a minute, about 40 min left",
            "reading projects: 100 of 500, 10 a minute, about 40 min left, nothing new for 9 min",
        ),
    ],
)
def test_a_state_in_words(course: list[tuple[float, str | Stage]], now: float, short: str, long: str | None) -> None:
    assert line(seen(*course), now) == short
    assert sentence(seen(*course), now) == (re.sub(r" \(\d+ %\)", "", short) if long is None else long)


def test_the_rate_is_that_of_the_last_minutes() -> None:
    """A quick beginning must not promise a quick end."""
    course = [(float(second), reading(10 * second, 100_000)) for second in range(100)]
    course += [(float(100 + second), reading(1000 + second // 10, 100_000)) for second in range(600)]
    assert line(seen(*course), 700).endswith("(1 %), 6 a minute, about 284 h left")


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        (1234.5, "1,234 a second"),
        (10, "10 a second"),
        (9.99, "599 a minute"),
        (1 / 60, "1 a minute"),
        (1e-3, "4 an hour"),
        (1e-9, "1 an hour"),
    ],
)
def test_frequencies(each: float, expected: str) -> None:
    assert frequency(each) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        *((0.2, "1 s"), (89.4, "89 s"), (90, "2 min"), (600, "10 min"), (5400, "1 h 30 min"), (7320, "2 h")),
        *((17_000, "4 h 40 min"), (18_000, "5 h"), (86_400, "24 h")),
    ],
)
def test_durations(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_a_stage_keeps_its_place_until_it_is_over_or_silent() -> None:
    board = Board()
    shown = []
    for now, told in (
        (0.0, "reading"),
        (0.1, Stage("aws", 0, 3)),
        (0.2, Stage("gcp", 0, 3)),
        (1.0, Stage("aws", 1, 3)),
        (2.0, Stage("gcp", 1, 3)),
        (3.5, Stage("gcp", 2, 3)),
        (4.0, Stage("aws", 3, 3)),
        (4.1, Stage("gcp", 3, 3)),
        (4.2, "judging"),
        (4.3, Stage("rules", 0, 2)),
    ):
        board.hear(told, now)
        one = board.one(now)
        assert one is not None
        shown.append(one.told if isinstance(one.told, str) else one.told.what)
    assert shown == ["reading", "aws", "aws", "aws", "aws", "gcp", "gcp", "gcp", "judging", "rules"]


@pytest.fixture(autouse=True)
def _forty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((40, 24)))


class Clock:
    """A clock that goes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_line_is_written_anew_not_too_often_and_goes_when_it_should() -> None:
    clock, stream = Clock(), io.StringIO()
    meter = Meter(stream, clock)
    meter.clear()
    meter("reading aws")
    for done in range(200):
        clock.now = done / 64
        meter(Stage("judging", done, 200))
    clock.now = 3.2
    meter(Stage("judging", 200, 200))
    meter("a stage of a name that is longer than the line\x1b[2J")
    meter.clear()
    meter.close()
    drawn = stream.getvalue().split("\r")
    assert drawn[:4] == [
        "",
        "auditor: reading aws …\x1b[K",
        "auditor: judging: 0 of 200 (0 %)\x1b[K",
        "auditor: judging: 7 of 200 (3 %)\x1b[K",
    ]
    assert len(drawn) == 3 + 200 // 7 + 3
    assert drawn[-2:] == ["auditor: a stage of a name that is lon…\x1b[K", "\x1b[K"]
    assert all(len(text.removesuffix("\x1b[K")) < 40 for text in drawn)


class Quiet(Diary):
    """Looked at by hand alone."""

    def _look(self) -> None:
        pass


def test_a_log_gets_a_line_a_minute_and_none_of_a_short_run() -> None:
    clock, stream = Clock(), io.StringIO()
    diary = Quiet(stream, clock)
    for second in range(0, 60, 2):
        clock.now = second
        diary(Stage("reading AWS accounts", second, 5000))
        assert diary.look() == 60 - second
    assert stream.getvalue() == ""
    for second in range(60, 300, 2):
        clock.now = second
        diary(Stage("reading AWS accounts", second, 5000, second // 100))
        if second > 120:
            diary(Stage("reading projects\x1b[2J", second - 120, 10_000))
        diary.look()
    diary.clear()
    diary.close()
    clock.now = 9999
    diary(Stage("reading AWS accounts", 1, 2))
    diary.look()
    assert stream.getvalue().splitlines() == [
        "auditor: reading AWS accounts: 60 of 5,000, 60 a minute, about 82 min left",
        "auditor: reading AWS accounts: 120 of 5,000, 60 a minute, 1 throttled, about 81 min left",
        (
            "auditor: reading AWS accounts: 180 of 5,000, 60 a minute, 1 throttled, about 80 min left; "
            r"reading projects\x1b[2J: 60 of 10,000, 60 a minute, about 2 h 50 min left"
        ),
        (
            "auditor: reading AWS accounts: 240 of 5,000, 60 a minute, 2 throttled, about 79 min left; "
            r"reading projects\x1b[2J: 120 of 10,000, 60 a minute, about 2 h 40 min left"
        ),
    ]


def test_of_what_hangs_a_log_is_told_too() -> None:
    clock, stream = Clock(), io.StringIO()
    diary = Quiet(stream, clock)
    diary("reading gcp")
    for clock.now in (60, 120, 125):
        diary.look()
    assert stream.getvalue() == "auditor: reading gcp, for 60 s now\nauditor: reading gcp, for 2 min now\n"


PROGRAM = """
import sys, threading, time
from auditor import cli, estates, terminal
from auditor.collecting import scopes
from tests.estate import FakeCloud, FakeScope, snapshot

class Slow(FakeScope):
    def read(self, tell):
        time.sleep(0.15 * int(self.name))
        return scopes.Reading(snapshot({f"deploy-{self.name}": "repo:*"}), throttled=int(self.name) % 2)

class Cloud(FakeCloud):
    def scopes(self, config, **options):
        return [Slow(self, config, options, str(number), "reading AWS accounts") for number in range(1, 8)]

estates.PROVIDERS = {"aws": Cloud}
terminal.MINUTE = float(sys.argv.pop(1))
code = cli.main(sys.argv[1:])
assert not any(thread.name == "progress" for thread in threading.enumerate())
sys.exit(code)
"""


def run(every: float, *more: str, screen: bool) -> tuple[str, str]:
    """What the command writes to stdout and stderr, where the latter is a terminal of 80 columns, or a pipe."""
    command = [sys.executable, "-c", PROGRAM, str(every), "collect", "aws", "-o", "-", *more]
    environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(Path(__file__).parent.parent)}
    ours, theirs = pty.openpty() if screen else os.pipe()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment, text=True) as process:
        os.close(theirs)
        assert process.stdout is not None
        out, parts = process.stdout.read(), [b""]
        with contextlib.suppress(OSError):  # how a terminal that was left says that it is at an end
            while part := os.read(ours, 1 << 16):
                parts.append(part)
        os.close(ours)
    assert process.returncode == 0
    return out, b"".join(parts).decode().replace("\r\n", "\n")


def test_a_real_pipe_gets_lines_from_time_to_time() -> None:
    out, err = run(0.3, screen=False)
    assert out.startswith("{")
    *lines, last = err.splitlines()
    assert 2 <= len(lines) <= 6
    counted = r"auditor: reading AWS accounts: [1-7] of 7(, \d+ a \w+)?(, [1-4] throttled)?(, about \d+ s left)?"
    assert all(re.fullmatch(counted, text) for text in lines), lines
    assert last == "auditor: 7 documents saved; coverage complete"


def test_a_real_pipe_gets_nothing_of_a_short_run() -> None:
    assert run(60, screen=False)[1] == "auditor: 7 documents saved; coverage complete\n"


def test_a_real_terminal_gets_one_line_that_goes() -> None:
    out, err = run(0.3, screen=True)
    assert out.startswith("{")
    *states, last = err.split("\r")
    assert states[0] == ""
    counted = r"auditor: reading AWS accounts: [1-7] of 7 \(\d+ %\)(, \d+ a \w+)?(, [1-4] throttled)?(, .*)?\x1b\[K"
    assert sum(re.fullmatch(counted, state) is not None for state in states) >= 2
    assert last == "\x1b[Kauditor: 7 documents saved; coverage complete\n"
    assert not any("\n" in state for state in states)


@pytest.mark.parametrize("screen", [True, False])
def test_quiet_is_quiet(screen: bool) -> None:
    assert run(0.1, "--quiet", screen=screen)[1] == ""


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("asked", "environment", "screen", "pipe"),
    [
        ("auto", {}, True, False),
        ("auto", {"TERM": "dumb"}, False, False),
        ("auto", {"NO_COLOR": "1"}, False, False),
        ("auto", {"NO_COLOR": ""}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, True, True),
        ("auto", {"FORCE_COLOR": ""}, True, False),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ("always", {"NO_COLOR": "1"}, True, True),
        ("never", {"FORCE_COLOR": "1"}, False, False),
    ],
)
def test_when_to_paint(asked: str, environment: dict[str, str], screen: bool, pipe: bool) -> None:
    assert coloured(asked, Screen(), environment) is screen
    assert coloured(asked, io.StringIO(), environment) is pipe


def test_the_width_of_a_terminal_counts_on_a_terminal() -> None:
    assert terminal.columns(Screen()) == 40
    assert terminal.columns(io.StringIO()) == 100
