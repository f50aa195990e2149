"""What only a terminal gets: its own width, colours, and a line that tells how far a long run is."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from auditor.progress import Stage
from auditor.report.text import visible

WIDTH = 100
"""Columns of what goes into a file or a pipe."""
WIDEST = 140
"""Columns beyond which lines are hard to read."""

OFTEN = 0.1
"""Seconds between two states of the line."""
PATIENCE = 3.0
"""Seconds of a stage after which the remaining time can be guessed."""


def columns(stream: TextIO) -> int:
    """How wide a table on `stream` should be: as the terminal, but not too wide to read."""
    return min(shutil.get_terminal_size().columns, WIDEST) if stream.isatty() else WIDTH


def coloured(asked: str, stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to paint what goes to `stream`. What was asked for counts before the environment.

    There, `NO_COLOR` (https://no-color.org) comes before `FORCE_COLOR` (https://force-color.org); either counts when
    it is not empty. Otherwise only a terminal that is not `dumb` is painted.
    """
    if asked != "auto":
        return asked == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


class Meter:
    """Progress as one line on a terminal that is written anew: what goes on, how many of how many, how long still."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._lock = threading.Lock()
        self._what = ""
        self._begun = 0.0
        self._shown = 0.0
        self._first = 0
        self._open = False

    def __call__(self, told: str | Stage) -> None:
        with self._lock:
            now = self._clock()
            what = told if isinstance(told, str) else told.what
            if what != self._what:
                self._what, self._begun = what, now
                self._first = 0 if isinstance(told, str) else told.done
            elif now - self._shown < OFTEN:
                return
            self._shown = now
            self._draw(line(told, now - self._begun, self._first))

    def clear(self) -> None:
        """Take the line away, so that other text has the place."""
        with self._lock:
            if self._open:
                self._stream.write("\r\x1b[K")
                self._stream.flush()
                self._open = False

    def _draw(self, text: str) -> None:
        # One column stays free: a terminal that wraps there would leave the old line behind.
        room = max(shutil.get_terminal_size().columns - 1, 20)
        shown = visible(f"auditor: {text}")
        self._stream.write("\r" + (shown if len(shown) <= room else shown[: room - 1] + "…") + "\x1b[K")
        self._stream.flush()
        self._open = True


def line(told: str | Stage, passed: float, first: int = 0) -> str:
    """A state in words. `passed`: seconds since the stage was first told of, when `first` were done."""
    if isinstance(told, str):
        return f"{told} …"
    share = f" ({100 * told.done // told.total} %)" if told.total else ""
    left = ""
    if passed >= PATIENCE and first < told.done < told.total:
        left = f", about {duration(passed * (told.total - told.done) / (told.done - first))} left"
    return f"{told.what}: {told.done:,} of {told.total:,}{share}{left}"


def duration(seconds: float) -> str:
    """`8 s`, `2 min`, `1 h 5 min`: as exact as a guess may be."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
