"""What a terminal gets: its own width, colours, and how far a long run is; and what a log gets of the latter."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from auditor.pace import Board, line, sentence
from auditor.progress import Stage
from auditor.report.text import visible

WIDTH = 100
"""Columns of what goes into a file or a pipe."""
WIDEST = 140
"""Columns beyond which lines are hard to read."""

OFTEN = 0.1
"""Seconds between two states of the line on a terminal."""
MINUTE = 60.0
"""Seconds between two lines in a log."""


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
        self._board = Board()
        self._shown = 0.0
        self._open = False

    def __call__(self, told: str | Stage) -> None:
        with self._lock:
            now = self._clock()
            before = self._board.one(now)
            new = self._board.hear(told, now)
            seen = self._board.one(now)
            if seen is not None and ((new and seen is not before) or now - self._shown >= OFTEN):
                self._shown = now
                self._draw(line(seen, now))

    def clear(self) -> None:
        """Take the line away, so that other text has the place."""
        with self._lock:
            if self._open:
                self._stream.write("\r\x1b[K")
                self._stream.flush()
                self._open = False

    def close(self) -> None:
        """Nothing more is shown."""
        self.clear()

    def _draw(self, text: str) -> None:
        # One column stays free: a terminal that wraps there would leave the old line behind.
        room = max(shutil.get_terminal_size().columns - 1, 20)
        shown = visible(f"auditor: {text}")
        self._stream.write("\r" + (shown if len(shown) <= room else shown[: room - 1] + "…") + "\x1b[K")
        self._stream.flush()
        self._open = True


class Diary:
    """Progress for a log: a line a minute, and none for what is done within one.

    Also of a run that hangs a line comes every minute, as whoever watches a log takes silence for death: so there is a
    thread that looks at the clock, from when something is first told until `close`.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._every = MINUTE
        self._lock = threading.Lock()
        self._board = Board()
        self._due = clock() + MINUTE
        self._ended = threading.Event()
        self._watch: threading.Thread | None = None

    def __call__(self, told: str | Stage) -> None:
        with self._lock:
            if self._watch is None and not self._ended.is_set():
                self._watch = threading.Thread(target=self._look, daemon=True, name="progress")
                self._watch.start()
            self._board.hear(told, self._clock())

    def look(self) -> float:
        """Write the line if it is time to. Returns how many seconds later to look again."""
        with self._lock:
            now = self._clock()
            if now >= self._due and not self._ended.is_set():
                lines = [sentence(one, now) for one in self._board.lately(self._due - self._every)]
                if lines:
                    self._stream.write(f"auditor: {visible('; '.join(lines))}\n")
                    self._stream.flush()
                self._due = now + self._every
            return max(self._due - now, 0.0)

    def clear(self) -> None:
        """Its lines stay where they are."""

    def close(self) -> None:
        """No more lines come."""
        with self._lock:
            self._ended.set()
        if self._watch is not None:
            self._watch.join(1)  # it may be writing to a pipe that nobody empties

    def _look(self) -> None:
        # Nobody may read the stream any more; then there is nobody to tell.
        with contextlib.suppress(OSError, ValueError):
            pause = self.look()
            while not self._ended.wait(pause):
                pause = self.look()
