"""What became of a trust by what reports say of it: its verdicts, and the names and patterns it admits.

Weaker than comparing tokens. Only what is sure to be more is called more: whether one pattern admits what another does
is not known here.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping

from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.model import Breadth, Decision, Extent
from auditor.rules.changes import Change
from auditor.rules.trust_grew import CLASSES

ANY = Extent("any")
POINTS = 2000
"""Combinations of names looked at per box; a trust with more is not compared by names."""

RUNS = frozenset(("branch", "tag", "pull-request", "environment"))
"""Dimensions that belong to the kind of run of the same name."""

PATTERNS = "which names a pattern admits is not told by a report"

_Box = Mapping[str, Extent]


def change(old: Decision, new: Decision) -> Change:
    """Compare what is said of two versions of one trust."""
    then, now = _verdicts(old), _verdicts(new)
    opened = tuple(name for name in CLASSES if _became(name, then, now, Rejected, Accepted))
    closed = any(_became(name, then, now, Accepted, Rejected) for name in now)
    revived = _became("reachable", then, now, Rejected, Accepted)
    grown, shrunk, doubt = False, False, _doubt(then, now)
    if old.breadth != new.breadth or old.breadth_complete != new.breadth_complete:
        wider, narrower = covers(old.breadth, new.breadth), covers(new.breadth, old.breadth)
        whole = old.breadth_complete and new.breadth_complete
        grown, shrunk = wider is False and whole, narrower is not True
        if not whole:
            doubt = doubt or "not everything that it admits is listed"
        elif wider is None:
            doubt = doubt or PATTERNS
    witness = next((now[name] for name in (*opened, "reachable") if name in now), None)
    gained = witness.witness if isinstance(witness, Accepted) and (opened or revived) else None
    if opened or revived or grown:
        return Change(old, new, "incomparable" if shrunk or closed else "looser", gained, None, opened, doubt, False)
    if doubt is not None:
        return Change(old, new, "unknown", reason=doubt, by_tokens=False)
    return Change(old, new, "tighter" if shrunk or closed else "equal", by_tokens=False)


def _verdicts(decision: Decision) -> Mapping[str, Verdict]:
    return {"reachable": decision.reachable, **decision.classes}


def _became(
    name: str, then: Mapping[str, Verdict], now: Mapping[str, Verdict], before: type[Verdict], after: type[Verdict]
) -> bool:
    return isinstance(then.get(name), before) and isinstance(now.get(name), after)


def _doubt(then: Mapping[str, Verdict], now: Mapping[str, Verdict]) -> str | None:
    """Why it is not known whether somebody gets in who did not; None when the verdicts leave no doubt."""
    for name, verdict in now.items():
        before = then.get(name)
        if isinstance(verdict, Undecided) and not isinstance(before, Accepted) and verdict != before:
            return f"{name}: {verdict.reason}"
        if isinstance(verdict, Accepted) and not isinstance(before, Accepted | Rejected):
            return f"{name}: {before.reason if before else 'it was not asked before'}"
    return None


def covers(wide: Breadth, narrow: Breadth) -> bool | None:
    """Whether `wide` admits every combination of names that `narrow` does; None when nobody can tell."""
    answers = [_any(_within(point, box) for box in wide) for box in narrow for point in _points(box)]
    return False if False in answers else None if None in answers else True


def _points(box: _Box) -> Iterator[_Box | None]:
    """The combinations of names a box admits, for each kind of run; None in place of too many."""
    if math.prod(len(extent.values) or 1 for extent in box.values()) > POINTS:
        yield None
        return
    choices = [[(name, one) for one in _singles(extent)] for name, extent in box.items()]
    yield from map(dict, itertools.product(*choices))


def _singles(extent: Extent) -> list[Extent]:
    return [Extent("exact", (value,)) for value in extent.values] if extent.label in ("exact", "list") else [extent]


def _within(point: _Box | None, box: _Box) -> bool | None:
    """Whether a box holds a combination of names. What a box does not name, it does not restrict."""
    if point is None:
        return None
    run = point["run"].values if "run" in point else ()
    return _all(_admits_at(name, extent, point, run) for name, extent in box.items())


def _admits_at(name: str, wide: Extent, point: _Box, run: tuple[str, ...]) -> bool | None:
    """One dimension of that. A branch means little to the run of a tag, and a missing dimension is a doubt."""
    if name in RUNS and run and name not in (one.replace(" ", "-") for one in run) and name not in point:
        return True
    answer = _admits(wide, point.get(name, ANY))
    own = name in point and (name not in RUNS or not run or name in (one.replace(" ", "-") for one in run))
    return answer if own or answer is True else None


def _admits(wide: Extent, one: Extent) -> bool | None:
    if wide.label == "any" or wide == one:
        return True
    if "pattern" in (wide.label, one.label):
        return None
    return one.label != "any" and set(one.values) <= set(wide.values)


def _any(answers: Iterator[bool | None]) -> bool | None:
    listed = list(answers)
    return True if True in listed else None if None in listed else False


def _all(answers: Iterator[bool | None]) -> bool | None:
    listed = list(answers)
    return False if False in listed else None if None in listed else True
