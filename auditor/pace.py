"""How fast the stages of a long run go, and in which words that is told. Knows no stream and no clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from auditor.progress import Stage

PATIENCE = 3.0
"""Seconds of a stage after which its rate can be told."""
MARK, MARKS = 10.0, 30
"""A rate is that of the last minutes: so many marks, so many seconds apart. A cloud that throttles changes it."""
QUIET = 2.0
"""Seconds after which a stage that says nothing gives the place to another that does."""


@dataclass(slots=True)
class Seen:
    """A stage, and what is known of its course. Moments are seconds of any clock that only goes forward."""

    told: str | Stage
    begun: float
    heard: float
    """When it was last told of."""
    marks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=MARKS))
    """(moment, how many were done then)"""

    @property
    def over(self) -> bool:
        """Whether nothing is left to do. Of a stage that counts nothing nobody knows."""
        return isinstance(self.told, Stage) and self.told.done >= self.told.total

    def hear(self, told: str | Stage, now: float) -> None:
        """Take its newest state."""
        self.told, self.heard = told, now
        if isinstance(told, Stage) and (not self.marks or now - self.marks[-1][0] >= MARK):
            self.marks.append((now, told.done))

    def rate(self, now: float) -> float | None:
        """Done each second, lately; None while that is a guess."""
        if not isinstance(self.told, Stage) or now - self.begun < PATIENCE:
            return None
        moment, done = self.marks[0]
        return (self.told.done - done) / (now - moment) if now > moment and self.told.done > done else None


class Board:
    """All stages that are told of. They may run side by side, one for each cloud."""

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}
        self._shown = ""

    def hear(self, told: str | Stage, now: float) -> bool:
        """Whether something is told of that was not there before."""
        what = told if isinstance(told, str) else told.what
        new = what not in self._seen
        if new:
            # Those that are over need not be known any longer, and a text ends with whatever comes after it.
            left = {name: one for name, one in self._seen.items() if not one.over and not isinstance(one.told, str)}
            self._seen = {**left, what: Seen(told, now, now)}
        self._seen[what].hear(told, now)
        return new

    def one(self, now: float) -> Seen | None:
        """The stage to show where there is place for one: it stays until it is over or has nothing to say."""
        shown = self._seen.get(self._shown)
        if shown is None or shown.over or isinstance(shown.told, str) or now - shown.heard > QUIET:
            latest = max(self._seen.items(), key=lambda named: (not named[1].over, named[1].heard), default=None)
            if latest is None:
                return None
            self._shown, shown = latest
        return shown

    def lately(self, since: float) -> list[Seen]:
        """The stages under way that were told of since that moment; where none was, the one that was last."""
        under_way = [one for one in self._seen.values() if not one.over]
        latest = max(self._seen.values(), key=lambda one: one.heard, default=None)
        return [one for one in under_way if one.heard >= since] or ([] if latest is None else [latest])


def line(seen: Seen, now: float) -> str:
    """A stage in one line of a terminal: `reading projects: 250 of 500 (50 %), 40 a minute, about 6 min left`."""
    if isinstance(seen.told, str):
        return f"{seen.told} …"
    share = f" ({100 * seen.told.done // seen.told.total} %)" if seen.told.total else ""
    return f"{_counted(seen.told)}{share}{_course(seen, seen.told, now)}"


def sentence(seen: Seen, now: float) -> str:
    """The same for a log: `reading projects: 250 of 500, 40 a minute, 12 throttled, about 6 min left`."""
    if isinstance(seen.told, str):
        return f"{seen.told}, for {duration(now - seen.begun)} now"
    silent = now - max(seen.heard, seen.begun)
    waiting = f", nothing new for {duration(silent)}" if silent >= 90 and not seen.over else ""
    return f"{_counted(seen.told)}{_course(seen, seen.told, now)}{waiting}"


def _counted(stage: Stage) -> str:
    return f"{stage.what}: {stage.done:,} of {stage.total:,}"


def _course(seen: Seen, stage: Stage, now: float) -> str:
    each = seen.rate(now)
    parts = [] if each is None else [frequency(each)]
    if stage.throttled:
        parts.append(f"{stage.throttled:,} throttled")
    if each is not None and not seen.over:
        parts.append(f"about {duration((stage.total - stage.done) / each)} left")
    return "".join(f", {part}" for part in parts)


def frequency(each: float) -> str:
    """`12 a second`, `40 a minute`, `3 an hour`: as exact as a guess may be."""
    for unit, seconds in (("a second", 1), ("a minute", 60)):
        if each * seconds >= 10 or (seconds == 60 and each * seconds >= 1):
            return f"{round(each * seconds):,} {unit}"
    return f"{max(round(each * 3600), 1):,} an hour"


def duration(seconds: float) -> str:
    """`8 s`, `2 min`, `1 h 30 min`, `20 h`: as exact as a guess may be."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 5 * 60:
        hours, rest = divmod(round(minutes, -1), 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(minutes / 60):,} h"
