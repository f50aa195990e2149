"""The trusts of which it is not known whom they let in, by what stands in the way of knowing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.model import Decision
from auditor.report.base import undecided
from auditor.report.ink import Ink, Tint
from auditor.report.large import Seen
from auditor.report.text import wrap

NAMED = 4
"""Trusts of one reason that are named."""


@dataclass(slots=True)
class _Trusts:
    """Those of one reason: the first few by name, and how many names there are."""

    names: list[str] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    total: int = 0

    def add(self, name: str) -> None:
        if self.seen.add(name):
            self.total += 1
            if len(self.names) < NAMED:
                self.names.append(name)


def open_questions(decisions: Iterable[Decision], width: int, ink: Ink, *, details: bool) -> Iterator[str]:
    """Reason by reason, the trusts it is true of; with `details` trust by trust, with every question left open.

    The different reasons are in memory, and of each the names of its trusts in 12 to 24 bytes each.
    """
    asked = ((decision, reasons) for decision in decisions if (reasons := undecided(decision)))
    lines = _one_by_one(asked, width) if details else _by_reason(asked, width)
    begun = False
    for line in lines:
        if not begun:
            yield ink("NOT DECIDED: unknown whether such tokens get in", Tint.WARN)
            yield ""
        begun = True
        yield line
    if begun:
        yield ""


_Asked = Iterable[tuple[Decision, Mapping[str, str]]]


def _one_by_one(asked: _Asked, width: int) -> Iterator[str]:
    for decision, reasons in asked:
        identity = decision.trust.identity
        yield from wrap(
            f"{identity.name} ({identity.kind} {identity.id}), tokens of {decision.trust.issuer.url}", width
        )
        by_reason: dict[str, list[str]] = {}
        for name, reason in reasons.items():
            by_reason.setdefault(reason, []).append(name)
        for reason, names in by_reason.items():
            yield from _below(f"{', '.join(names)}: {reason}", width)


def _by_reason(asked: _Asked, width: int) -> Iterator[str]:
    trusts: dict[str, _Trusts] = {}
    for decision, reasons in asked:
        name = f"{decision.trust.identity.name} (tokens of {decision.trust.issuer.name})"
        for reason in dict.fromkeys(reasons.values()):
            trusts.setdefault(reason, _Trusts()).add(name)
    for reason, found in trusts.items():
        more = [f"{found.total - NAMED:,} more"] if found.total > NAMED else []
        yield from wrap(reason, width)
        yield from _below(", ".join((*found.names, *more)), width)


def _below(text: str, width: int) -> Iterator[str]:
    yield from ("    " + line for line in wrap(text, width - 4))
