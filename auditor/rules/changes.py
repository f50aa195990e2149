"""What has changed about a trust or an identity, in the words that the rules about changes share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from auditor.claims.predicate import Token, evaluate
from auditor.graph import Standing
from auditor.model import Confidence, Decision, Finding, Fix, Identity, Severity, Source, Trust
from auditor.rules import exposure, narrowing, words
from auditor.rules.base import Definition

BY_REPORTS = "This is by what reports say of the two trusts; their policies were not both at hand."


@dataclass(frozen=True, slots=True)
class Change:
    """One trust, then and now."""

    old: Decision
    new: Decision
    kind: Literal["equal", "tighter", "looser", "incomparable", "unknown"]
    """What became of it: `tighter` lets in less, `looser` more, `incomparable` both."""
    gained: Token | None = None
    """A token that gets in now and did not then, tried on both policies."""
    lost: Token | None = None
    """The other way round."""
    opened: tuple[str, ...] = ()
    """The attacker classes among those who get in now and did not then, widest first."""
    reason: str | None = None
    """Why it is `unknown`, or why it is not known whether what is `tighter` really lets in less."""
    by_tokens: bool = True
    """Whether both policies were at hand; else this is by what a report says."""


@dataclass(frozen=True, slots=True)
class Addition:
    """A trust that was not there."""

    new: Decision
    token: Token | None
    """One that gets in now and did not by any trust then; None where there is none, or nobody knows."""
    nobody_new: bool
    """Whether whoever gets in by it got in before, by other trusts of the same identity."""
    new_identity: bool
    looked: bool
    """Whether the older state covers the place it is in, so that it would have been seen there."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What an identity could do then, and can do now."""

    identity: Identity
    old: Standing
    new: Standing
    decisions: tuple[Decision, ...]
    """The trusts by which federated tokens become it now, or may."""
    doubt: str | None = None
    """Why it is not certain that it grew; None where it is."""


def about(
    rule: Definition,
    decision: Decision,
    *,
    severity: Severity,
    title: str,
    detail: Iterable[str],
    fix: Fix | None,
    evidence: Iterable[Source] = (),
    witness: Token | None = None,
    confidence: Confidence | None = None,
) -> Finding:
    """A finding of `rule` about one trust, at its place unless `evidence` says better."""
    return Finding(
        rule=rule.id,
        severity=severity,
        confidence=confidence or rule.confidence,
        subject=decision.trust.id,
        subject_kind="trust",
        title=title,
        detail=" ".join(sentence for sentence in detail if sentence),
        witness=witness,
        evidence=tuple(dict.fromkeys(evidence)) or (decision.trust.source,),
        fix=fix,
    )


def admitted(decision: Decision, classes: Iterable[str]) -> str:
    """Attacker classes in the issuer's words."""
    names = [exposure.admitted(decision, name) for name in classes]
    return words.listed(names, "and", most=len(names))


def refused(token: Token | None) -> str:
    """A token that no longer gets in. A finding's witness is one that does, so this one stands in the text."""
    claims = "; ".join(f"{name} = {_shown(token[name])}" for name in ("sub", "aud") if token and name in token)
    return f"No longer let in is, for one, {claims}." if claims else ""


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def doors(trust: Trust, token: Token | None) -> tuple[Source, ...]:
    """The lines that let `token` in, where the policy is at hand."""
    if token is None or evaluate(trust.predicate, token) is not True:
        return ()
    return narrowing.lines(trust, token)


def put_back(change: Change, summary: str) -> Fix:
    """The way back: what stands there now, and what stood there then."""
    before, after = (_text(one.trust) for one in (change.new, change.old))
    return Fix(summary, before, after) if before and after and before != after else Fix(summary)


def _text(trust: Trust) -> str | None:
    """What stands where the trust is written, as JSON; None where the document is not at hand."""
    for document in trust.documents.values():
        place: Any = document
        for step in trust.source.pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(place, list) and name.isdecimal() and int(name) < len(place):
                place = place[int(name)]
            else:
                place = place.get(name) if isinstance(place, Mapping) else None
        if isinstance(place, Mapping | list) and isinstance(document, Mapping):
            return json.dumps(place, indent=2, default=str)
    return None
