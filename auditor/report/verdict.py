"""What a report for people says first: the verdict in one sentence, how wide a trust is, whom it lets in."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from auditor.breadth import project_parts
from auditor.claims.grammar import Grammar
from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.model import Decision, Extent, Severity
from auditor.report.base import Report, Summary, undecided
from auditor.report.compared import headline, sentence
from auditor.report.facts import FAILS_FROM

PROVIDERS: Mapping[str, str] = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure"}
"""What people call the clouds; another one goes by its id."""

Tone = Literal["bad", "warn", "unknown", "good"]

MOST_ORIGINS = 6
"""Whom one trust lets in, one by one; beyond that they are counted."""

IDS = ("project-id", "tenant-id")
"""What names an origin when its name is free."""
EVERYBODY = "everything there"

_RUNS = ("any-branch", "any-tag", "any-environment", "pull-request")


class Reach(enum.StrEnum):
    """How wide a trust is, widest first: what the weight, the colour and the form of its line in the picture say."""

    ANYONE = "anyone"
    ORGANISATION = "organisation"
    RUN = "run"
    UNKNOWN = "unknown"
    PINNED = "pinned"
    NOBODY = "nobody"


def reach(decision: Decision) -> Reach:
    """The widest that is proven; `UNKNOWN` where nothing wider than that is, and something is not decided."""
    classes = decision.classes
    if isinstance(classes.get("any-tenant"), Accepted):
        return Reach.ANYONE
    if isinstance(decision.reachable, Rejected):
        return Reach.NOBODY
    if any(isinstance(classes.get(name), Undecided) for name in ("any-tenant", "any-project")):
        return Reach.UNKNOWN
    if isinstance(classes.get("any-project"), Accepted):
        return Reach.ORGANISATION
    if any(isinstance(classes.get(name), Accepted) for name in _RUNS):
        return Reach.RUN
    return Reach.UNKNOWN if undecided(decision) else Reach.PINNED


def origins(decision: Decision) -> tuple[str, ...]:
    """Whom a trust lets in, as short names: `acme/app`, `acme/*`, `anyone`; empty when it lets nobody in."""
    parts = _parts(decision.trust.issuer.grammar)
    names = list(dict.fromkeys(name for box in decision.breadth for name in _origins(box, parts)))
    if EVERYBODY in names and reach(decision) is Reach.ANYONE:
        return ("anyone",)
    if not names:
        return () if isinstance(decision.reachable, Rejected) else ("not known",)
    if len(names) > MOST_ORIGINS:
        return (*names[: MOST_ORIGINS - 1], f"{len(names) - MOST_ORIGINS + 1:,} more")
    return tuple(names)


@lru_cache(maxsize=256)
def _parts(grammar: Grammar) -> tuple[str, ...]:
    """The dimensions that name an origin, from the outside in."""
    inner = (name for shape in grammar.shapes for name in project_parts(shape))
    return tuple(dict.fromkeys(("tenant", "project", *inner)))


def _origins(box: Mapping[str, Extent], parts: tuple[str, ...]) -> Iterator[str]:
    """One name per listed project."""
    if "subject" in box:
        yield from box["subject"].values or ("any subject",)
        return
    extents = [box[name] for name in parts if name in box]
    extents = extents or [extent for name, extent in box.items() if name not in ("run", "audience")]
    names = [""]
    for extent in extents:
        values = extent.values or ("*",)
        names = [f"{name}/{value}" if name else value for name in names for value in values][: 4 * MOST_ORIGINS]
    ids = [f"{name.replace('-', ' ')} {box[name].values[0]}" for name in IDS if name in box and box[name].values]
    for name in names:
        bare = not name.strip("*/")
        yield name if not bare else ids[0] if ids else EVERYBODY


class Verdict(NamedTuple):
    """The first thing a report says."""

    tone: Tone
    headline: str
    detail: str


def verdict(report: Report) -> Verdict:
    """The sentence an audit comes to, and what to know beside it. What was not read or decided is never passed over."""
    summary = report.summary()
    unknown = not summary.coverage_complete or summary.errors > 0 or summary.undecided > 0
    tail = _tail(summary)
    if not report.coverage:
        return Verdict("unknown", "Nothing was read, so nothing is known.", tail)
    failing = sum(count for severity, count in summary.by_severity.items() if severity >= FAILS_FROM)
    if report.comparison is not None and report.comparison.changes_only:
        complete = summary.coverage_complete and not summary.errors
        grave: Tone = "bad" if _serious(summary) else "warn" if failing else "good" if complete else "unknown"
        return Verdict(grave, headline(failing, complete=complete), f"{sentence(report.comparison)} {tail}")
    names, worst = _strangers(report)
    trusts = _count(summary.trusts, "trust")
    if worst is not None:
        shown = [name for name, _ in names.most_common(2)]
        platforms = " or ".join(shown) if len(names) <= len(shown) else f"{', '.join(shown)} or elsewhere"
        admit = "admits" if names.total() == 1 else "admit"
        head = f"Strangers can get in: {names.total():,} of {trusts} {admit} anyone on {platforms}."
        return Verdict("bad", head, f"{_worst(worst)} {tail}")
    if failing:
        lead = "No stranger is known to get in" if unknown else "No stranger gets in"
        tone: Tone = "bad" if _serious(summary) else "warn"
        return Verdict(tone, f"{lead}, but {_count(failing, 'finding')} of {trusts} should be looked at.", tail)
    if unknown:
        return Verdict("unknown", "Nothing was found, but this is not a clean report.", tail)
    if not summary.trusts:
        return Verdict("good", "No federated trust exists in what was read.", tail)
    return Verdict("good", f"No stranger gets in: {trusts} judged, and nothing to act on.", tail)


def _strangers(report: Report) -> tuple[Counter[str], Decision | None]:
    """How many trusts admit anyone, by the name of their issuer; and the first of those with the most power."""
    names = Counter[str]()
    worst: Decision | None = None
    for decision in report.decisions:
        if reach(decision) is Reach.ANYONE:
            names[decision.trust.issuer.name] += 1
            if worst is None or decision.power > worst.power:
                worst = decision
    return names, worst


def _worst(decision: Decision) -> str:
    then = f", and then {decision.then}" if decision.then else ""
    issuer = decision.trust.issuer.name
    return f"Among them: anyone on {issuer} may {decision.trust.identity.gained}{then}."


def _serious(summary: Summary) -> bool:
    return any(count for severity, count in summary.by_severity.items() if severity >= Severity.HIGH)


def _tail(summary: Summary) -> str:
    told = [f"{_count(summary.trusts, 'trust')} of {_count(summary.identities, 'identity')} judged"]
    told += [f"{summary.undecided:,} not decided in every respect"] if summary.undecided else []
    told += [f"{_count(summary.errors, 'check')} failed, which is no pass"] if summary.errors else []
    told += [f"{_count(summary.waived, 'finding')} waived"] if summary.waived else []
    return f"{'; '.join(told)}."


def _count(number: int, noun: str) -> str:
    plural = noun.removesuffix("y") + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"
