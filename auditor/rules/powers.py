"""Findings about what identities may do: whose they are, how they are rated, and what they point to.

Only identities that a federated token can become are spoken of, and of those proven to be out of reach not a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.claims.verdict import Rejected
from auditor.graph import Standing
from auditor.model import Confidence, Decision, Finding, Fix, Identity, Level, Source
from auditor.power import Capability
from auditor.rules import words
from auditor.rules.base import Context, Definition
from auditor.rules.exposure import exposed
from auditor.rules.severity import rate

OPEN, TIGHT = "power, open", "power"
"""The rows of the severity table: whether more than the named branches and environments get in."""

ROWS = (OPEN, TIGHT)

SHOWN = 6
"""Capabilities told of one finding."""


@dataclass(frozen=True, slots=True)
class Holder:
    """An identity that federated tokens can become."""

    identity: Identity
    standing: Standing
    decisions: tuple[Decision, ...]
    """The trusts by which they do, or may."""

    @property
    def row(self) -> str:
        """The row of the severity table."""
        return OPEN if any(map(exposed, self.decisions)) else TIGHT

    @property
    def who(self) -> str:
        """By whom it can be become, in the sentences of its trusts."""
        return " ".join(dict.fromkeys(decision.statement for decision in self.decisions[:2]))


def holders(context: Context) -> Iterator[Holder]:
    """Every identity that a federated token can become, or may, in the order of the trusts."""
    doors: dict[Identity, list[Decision]] = {}
    for decision in context.decisions:
        if not isinstance(decision.reachable, Rejected):
            doors.setdefault(decision.trust.identity, []).append(decision)
    for identity, decisions in doors.items():
        if identity in context.standings:
            yield Holder(identity, context.standings[identity], tuple(decisions))


def at(holder: Holder, level: Level) -> tuple[Capability, ...]:
    """What the identity may do itself that is of this level."""
    return tuple(one for one in holder.standing.profile.power.capabilities if one.level is level)


def administrator(holder: Holder) -> bool:
    """Whether the identity is proven to be able to do anything, so that nothing else it may do is news."""
    return holder.standing.profile.power.must is Level.ADMIN


def finding(
    rule: Definition, holder: Holder, found: tuple[Capability, ...], context: Context, *, why: str, title: str
) -> Finding:
    """One finding about an identity: what it may do of one level, and a sketch of less for the first of it."""
    identity = holder.identity
    sentences = [f"{identity.name} may {told(found)}.", why, holder.who]
    return about(
        rule,
        holder,
        level=found[0].level,
        title=title,
        detail=" ".join(sentences),
        evidence=(source for one in found for source in one.sources),
        certain=any(one.certain for one in found),
        fix=context.graph.sketch(identity, found[0]),
    )


def about(
    rule: Definition,
    holder: Holder,
    *,
    level: Level,
    title: str,
    detail: str,
    evidence: Iterable[Source],
    certain: bool,
    fix: Fix | None,
    row: str | None = None,
) -> Finding:
    """A finding of `rule` about an identity; rated by `row`, else by whether its trusts are open."""
    return Finding(
        rule=rule.id,
        severity=rate(row or holder.row, level),
        confidence=rule.confidence if certain else Confidence.MEDIUM,
        subject=holder.identity.id,
        subject_kind="identity",
        title=title,
        detail=detail,
        witness=None,
        evidence=tuple(dict.fromkeys(evidence)),
        fix=fix,
    )


def told(found: Iterable[Capability]) -> str:
    """Capabilities as a list of clauses, each with what it depends on."""
    clauses = (f"{one.what}{f' (if {one.doubt})' if one.doubt else ''}" for one in found)
    return words.listed(dict.fromkeys(clauses), "and", most=SHOWN)
