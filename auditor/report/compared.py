"""A comparison with an older state, in words; for every format that is read by people."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.report.base import Comparison

_CHANGES = {
    "looser": "lets in more|let in more",
    "incomparable": "lets in others|let in others",
    "unknown": "may let in more|may let in more",
    "added": "is new|are new",
    "tighter": "lets in less|let in less",
    "removed": "is gone|are gone",
    "equal": "lets in the same as then|let in the same as then",
}
"""What became of trusts → how one and how several are told of; what grew comes first."""


def headline(failing: int, *, complete: bool) -> str:
    """What a report of changes comes to. `failing`: findings that count; `complete`: whether all could be compared."""
    if failing:
        return f"{failing:,} {'change' if failing == 1 else 'changes'} to look at."
    if not complete:
        return "Nothing is known to have grown, but not everything could be compared."
    return "Nothing grew, and nothing new was found."


def sentence(comparison: Comparison) -> str:
    """With what it was compared, what became of the trusts, and of the findings."""
    day, _, time = comparison.finished.partition("T")
    source = f"the {comparison.kind} of {day} {time[:5]} UTC"
    by = "" if comparison.by_tokens else " by what reports say, not by the tokens that get in"
    trusts = ", ".join(_told(comparison)) or "no trusts on either side"
    hidden = ", not shown" if comparison.hidden and comparison.known else ""
    findings = f"{comparison.new:,} new, {comparison.known:,} known{hidden}, {comparison.gone:,} gone"
    return f"Compared with {source}{by}: {trusts}. Findings: {findings}."


def _told(comparison: Comparison) -> Iterator[str]:
    first = True
    for kind, words in _CHANGES.items():
        count = comparison.trusts.get(kind, 0)
        if count:
            one, _, many = words.partition("|")
            noun = (" trust" if count == 1 else " trusts") if first else ""
            yield f"{count:,}{noun} {one if count == 1 else many}"
            first = False
