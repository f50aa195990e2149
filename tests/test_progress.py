"""What is counted, and what a terminal makes of it."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator

import pytest

from auditor import terminal
from auditor.progress import Stage, counted
from auditor.terminal import Meter, coloured, duration, line


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


@pytest.mark.parametrize(
    ("told", "passed", "first", "expected"),
    [
        ("reading aws", 99.0, 0, "reading aws …"),
        (Stage("reading projects", 0, 500), 0.0, 0, "reading projects: 0 of 500 (0 %)"),
        (Stage("reading projects", 250, 500), 2.9, 0, "reading projects: 250 of 500 (50 %)"),
        (Stage("reading projects", 250, 500), 10.0, 0, "reading projects: 250 of 500 (50 %), about 10 s left"),
        (Stage("reading projects", 300, 500), 10.0, 200, "reading projects: 300 of 500 (60 %), about 20 s left"),
        (Stage("reading projects", 200, 500), 10.0, 200, "reading projects: 200 of 500 (40 %)"),
        (Stage("reading", 10, 12_000), 60.0, 0, "reading: 10 of 12,000 (0 %), about 19 h 59 min left"),
        (Stage("reading", 500, 500), 99.0, 0, "reading: 500 of 500 (100 %)"),
        (Stage("reading", 0, 0), 99.0, 0, "reading: 0 of 0"),
    ],
)
def test_a_line_of_progress(told: str | Stage, passed: float, first: int, expected: str) -> None:
    assert line(told, passed, first) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.2, "1 s"), (89.4, "89 s"), (90, "2 min"), (600, "10 min"), (5400, "1 h 30 min"), (86_400, "24 h 0 min")],
)
def test_durations(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


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
    meter("a stage of a name that is longer than the line\x1b[2J")
    meter.clear()
    meter.clear()
    drawn = stream.getvalue().split("\r")
    assert drawn[:4] == [
        "",
        "auditor: reading aws …\x1b[K",
        "auditor: judging: 0 of 200 (0 %)\x1b[K",
        "auditor: judging: 7 of 200 (3 %)\x1b[K",
    ]
    assert len(drawn) == 3 + 200 // 7 + 2
    assert drawn[-2:] == ["auditor: a stage of a name that is lon…\x1b[K", "\x1b[K"]
    assert all(len(text.removesuffix("\x1b[K")) < 40 for text in drawn)


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
