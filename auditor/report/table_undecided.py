"""The trusts of which it is not known whom they let in, by what stands in the way of knowing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.model import Decision
from auditor.report.base import undecided
from auditor.report.ink import Ink, Tint
from auditor.report.text import wrap

NAMED = 4
"""Trusts of one reason that are named."""


def open_questions(decisions: Iterable[Decision], width: int, ink: Ink, *, details: bool) -> Iterator[str]:
    """Reason by reason, the trusts it is true of; with `details` trust by trust, with every question left open."""
    asked = [(decision, reasons) for decision in decisions if (reasons := undecided(decision))]
    if not asked:
        return
    yield ink("NOT DECIDED: unknown whether such tokens get in", Tint.WARN)
    yield ""
    if details:
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
        yield ""
        return
    trusts: dict[str, dict[str, None]] = {}
    for decision, reasons in asked:
        name = f"{decision.trust.identity.name} (tokens of {decision.trust.issuer.name})"
        for reason in reasons.values():
            trusts.setdefault(reason, {})[name] = None
    for reason, found in trusts.items():
        names = list(found)
        more = [f"{len(names) - NAMED:,} more"] if len(names) > NAMED else []
        yield from wrap(reason, width)
        yield from _below(", ".join((*names[:NAMED], *more)), width)
    yield ""


def _below(text: str, width: int) -> Iterator[str]:
    yield from ("    " + line for line in wrap(text, width - 4))
