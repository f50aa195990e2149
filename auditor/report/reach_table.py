"""What `auditor reach` and `auditor who` tell a person. Plain text; every string out of a cloud is neutralised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO

from auditor.claims.predicate import Token
from auditor.claims.verdict import Accepted, Undecided, Verdict
from auditor.graph import Standing
from auditor.model import Decision, Finding, Identity
from auditor.reach import Entry, Reached, ReachReport, Upstream, WhoReport
from auditor.report.base import Layout, unread
from auditor.report.ink import LEVELS, Ink
from auditor.report.standing import hops, power
from auditor.report.text import wrap
from auditor.snapshot import Coverage

MINIMUM_WIDTH = 60
LABEL = 10
"""Columns of a field's name, the space behind it included."""
INDENT = 2

_Field = tuple[str, str]


def write_reach(report: ReachReport, stream: TextIO, layout: Layout) -> None:
    """Write `report` for a terminal; at least 60 columns are used."""
    width, ink = max(layout.width, MINIMUM_WIDTH), Ink(on=layout.colour)
    lines = [*_heading(report, width), ""]
    for one in report.reached:
        lines += [*_identity(one.identity, one.standing, width, ink), *_fields(_reached(one), width), ""]
    lines += _gaps(report.coverage, report.failures, width)
    _put(lines, stream)


def _heading(report: ReachReport, width: int) -> Iterator[str]:
    origin = report.origin
    whose = f"Tokens of {origin.text} ({origin.name})"
    if not report.reached:
        yield from wrap(
            f"{whose} become nobody: of {_count(report.trusts, 'trust')} in that issuer, none lets them in.", width
        )
        return
    sure = sum(one.certain for one in report.reached)
    clouds = len({one.identity.provider for one in report.reached})
    perhaps = len(report.reached) - sure
    parts = [_count(sure, "identity")] if sure else []
    parts += [f"perhaps {_count(perhaps, 'identity')}{' more' if sure else ''}"] if perhaps else []
    yield from wrap(f"{whose} come to {' and '.join(parts)} in {_count(clouds, 'cloud')}.", width)


def _reached(one: Reached) -> Iterator[_Field]:
    for entry in one.entries:
        yield from _entry(entry)
    if not one.entries:
        yield "first", f"they become {one.first.name} ({one.first.provider} {one.first.kind})"
        for hop in hops(one.first, one.way):
            yield "then", hop


def _entry(entry: Entry) -> Iterator[_Field]:
    trust = entry.trust
    yield "through", trust.via if trust.member is None else f"{trust.via}, as {trust.member}"
    runs = entry.kinds(accepted=True)
    if runs:
        yield "runs", ", ".join(runs)
    open_ones = entry.kinds(accepted=False)
    if open_ones:
        # Where other runs get in for certain, why these may not is no news; the JSON report tells.
        reasons = {} if runs else dict.fromkeys(v.reason for v in entry.runs.values() if isinstance(v, Undecided))
        yield "perhaps", ", ".join(open_ones) + (f": {'; '.join(reasons)}" if reasons else "")
    if isinstance(entry.verdict, Accepted):
        yield "token", _token(entry.verdict.witness)


def write_who(report: WhoReport, stream: TextIO, layout: Layout) -> None:
    """Write `report` for a terminal; at least 60 columns are used."""
    width, ink = max(layout.width, MINIMUM_WIDTH), Ink(on=layout.colour)
    lines = [*_identity(report.identity, report.standing, width, ink), ""]
    if not report.upstream:
        lines += [*wrap(f"No federated token that could be read of becomes {report.identity.name}.", width), ""]
    for one in report.upstream:
        lines += _upstream(one, report.identity, width)
    lines += _gaps(report.coverage, report.failures, width)
    _put(lines, stream)


def _upstream(one: Upstream, end: Identity, width: int) -> Iterator[str]:
    if one.way:
        yield from wrap(f"By way of {one.identity.name} ({one.identity.provider} {one.identity.id})", width)
        yield from _fields((("step", hop) for hop in hops(one.identity, one.way)), width)
    else:
        yield from wrap(f"Directly, tokens that become {end.name}", width)
    for decision in one.decisions:
        yield from _fields(_decision(decision), width)
    yield ""


def _decision(decision: Decision) -> Iterator[_Field]:
    yield "who", decision.statement
    match decision.reachable:
        case Accepted(witness):
            yield "token", _token(witness)
        case Undecided(reason):
            yield "unknown", reason
        case _:
            pass
    classes = [name for name, verdict in decision.classes.items() if isinstance(verdict, Accepted)]
    if classes:
        yield "lets in", ", ".join(classes)
    open_ones = [name for name, verdict in decision.classes.items() if _open(verdict)]
    if open_ones:
        yield "perhaps", ", ".join(open_ones)


def _open(verdict: Verdict) -> bool:
    return isinstance(verdict, Undecided)


def _identity(identity: Identity, standing: Standing, width: int, ink: Ink) -> Iterator[str]:
    """Level and name on a line, what it is and may do below."""
    level = str(standing.level).upper()
    first, *others = wrap(f"{level}  {identity.name}", width)
    yield ink(level, LEVELS.get(standing.level)) + first.removeprefix(level)
    yield from others
    fields = [("is", f"{identity.provider} {identity.kind} {identity.id}"), ("may", power(standing))]
    fields += [("how", hop) for hop in hops(identity, standing.way)]
    yield from _fields(fields, width)


def _token(token: Token) -> str:
    shown = [claim for claim in ("sub", "aud") if claim in token]
    texts = ((claim, token[claim]) for claim in shown)
    return "  ".join(f"{claim} = {', '.join(v) if isinstance(v, tuple) else v}" for claim, v in texts)


def _fields(fields: Iterable[_Field], width: int) -> Iterator[str]:
    room = width - INDENT - LABEL
    for label, text in fields:
        for number, line in enumerate(wrap(text, room)):
            yield f"{' ' * INDENT}{label if number == 0 else '':<{LABEL}}{line}"


def _gaps(coverage: Iterable[Coverage], failures: Iterable[Finding], width: int) -> Iterator[str]:
    """What was not read: the answer may be longer than it looks."""
    lost = [row for row in coverage if unread(row)]
    told = [*failures]
    if not lost and not told:
        return
    yield from wrap("This may not be all: what follows was not read or not worked out.", width)
    for row in lost:
        wanted = f" (needs {row.permission})" if row.permission else ""
        reason = f": {row.reason}" if row.reason else ""
        yield from _fields([(row.provider, f"{row.scope} {row.kind}{wanted}{reason}")], width)
    for failure in told:
        yield from _fields([("failed", f"{failure.title}. {failure.detail}")], width)
    yield ""


def _put(lines: list[str], stream: TextIO) -> None:
    while lines and not lines[-1]:
        lines.pop()
    stream.writelines(line.rstrip() + "\n" for line in lines)


def _count(number: int, noun: str) -> str:
    plural = noun.removesuffix("y") + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"
