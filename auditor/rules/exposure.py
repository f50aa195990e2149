"""The attacker classes as findings: one per hole, under the widest class that the hole lets in.

`any-tenant` says it all: no narrower class of the same trust is reported beside it. Below that, a class is a finding of
its own only if it is still proven to get in once the lines behind every wider finding are gone: any branch comes by the
line `repo:acme/*` like any project, `repo:acme/app:pull_request` beside it is a hole of its own. What a finding covers
is named in it. Only an accepted class covers others; with nobody to ask, nothing is covered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.model import Decision, Finding, Fix, Source
from auditor.rules import words
from auditor.rules.base import Context, Definition
from auditor.rules.narrowing import Bearer, bearer, lines, without_lines

WIDEST = "any-tenant"

ORDER = (WIDEST, "any-project", "pull-request", "any-branch", "any-tag", "any-environment")
"""From wide to narrow. `unchecked-audience` is about services rather than runs, and only the widest covers it."""

ROUNDS = 40
"""Lines looked for per class: more than one list may hold. A trust with still more is reported with those."""

_ADMITTED = {
    "pull-request": "code that nobody has merged",
    "unchecked-audience": "tokens made for another audience",
}


@dataclass(frozen=True, slots=True)
class Opening:
    """The lines by which one token gets in, and whose token it is (None where its form is not documented)."""

    places: tuple[Source, ...]
    who: Bearer | None


@dataclass(frozen=True, slots=True)
class Exposure:
    """One class that a trust lets in, and by which lines."""

    decision: Decision
    verdict: Accepted
    openings: tuple[Opening, ...]
    """Every line found; the first lets the verdict's witness in."""
    covered: tuple[str, ...]
    """Further classes that come in by these lines alone."""

    @property
    def places(self) -> tuple[Source, ...]:
        return tuple(dict.fromkeys(place for opening in self.openings for place in opening.places))

    @property
    def who(self) -> Bearer | None:
        """Whose token the witness is."""
        return self.openings[0].who

    @property
    def shown(self) -> str:
        """The project the witness comes from."""
        return words.place(self.decision, self.who)

    @property
    def projects(self) -> str:
        """The project the tokens come from, or projects."""
        return words.listed(dict.fromkeys(words.place(self.decision, one.who) for one in self.openings), "and")

    @property
    def tenants(self) -> str:
        """The tenants the tokens come from; empty where that is no notion of the issuer."""
        names = (self._tenant(opening.who) for opening in self.openings if opening.who is not None)
        return words.listed(dict.fromkeys(name for name in names if name is not None), "and")

    def _tenant(self, who: Bearer) -> str | None:
        """The tenant by name; by its id where the trust pins that and not the name, which may then be any."""
        number = who.named("tenant-id")
        if words.pinned_by_id(self.decision, "tenant") and number is not None:
            return f"{words.noun(self.decision.trust.issuer, 'tenant-id')} {number}"
        return who.named("tenant")


def exposed(decision: Decision) -> bool:
    """Whether any class of `ORDER` gets in."""
    return any(isinstance(decision.classes.get(name), Accepted) for name in ORDER)


def exposure(decision: Decision, context: Context, name: str) -> Exposure | None:
    """What there is to report of one class; None when it is not accepted, or when a wider finding says it already."""
    verdict = decision.classes.get(name)
    if not isinstance(verdict, Accepted):
        return None
    remaining = decision
    for wider in ORDER[: ORDER.index(name)] if name in ORDER else (WIDEST,):
        if isinstance(decision.classes.get(wider), Accepted):
            if wider == WIDEST:
                return None
            remaining, _ = _closed(remaining, wider, context)
    if remaining is not decision:
        left = remaining.classes.get(name)
        if left is None:
            remaining = decision  # nobody can tell what remains
        elif isinstance(left, Accepted):
            verdict = left
        else:
            return None
    rest, openings = _closed(replace(remaining, classes={**remaining.classes, name: verdict}), name, context)
    return Exposure(decision, verdict, openings, tuple(_covered(decision, rest, name)))


def _closed(decision: Decision, name: str, context: Context) -> tuple[Decision, tuple[Opening, ...]]:
    """The same trust without the lines by which the class gets in, and those lines."""
    openings: list[Opening] = []
    for _ in range(ROUNDS):
        verdict = decision.classes.get(name)
        if not isinstance(verdict, Accepted):
            break
        trust, witness = decision.trust, verdict.witness
        openings.append(Opening(lines(trust, witness), bearer(trust.issuer.grammar, witness)))
        decision = context.judge(without_lines(trust, witness))
    return decision, tuple(openings)


def _covered(decision: Decision, rest: Decision, name: str) -> Iterator[str]:
    for narrower, verdict in decision.classes.items():
        if narrower == name or not isinstance(verdict, Accepted):
            continue
        below = narrower in ORDER and name in ORDER and ORDER.index(narrower) > ORDER.index(name)
        if name == WIDEST or (below and isinstance(rest.classes.get(narrower), Rejected | Undecided)):
            yield narrower


def finding(
    rule: Definition, found: Exposure, *, who: str, why: str, fix: Fix | None, row: str | None = None
) -> Finding:
    """The finding of a class: who can get in as what, why, what else comes in the same way."""
    decision = found.decision
    sentences = [decision.statement, why]
    if found.verdict.template:
        keys = ", ".join(found.verdict.template)
        sentences.append(f"For this token its owner composes the subject of {keys}, as anyone may in an own project.")
    if found.covered:
        also = words.listed((admitted(decision, name) for name in found.covered), "and", most=len(found.covered))
        sentences.append(f"The same lines let in, and these are not reported again: {also}.")
    sentences.append(words.power(decision))
    return rule.finding(
        decision,
        title=f"{who} can {decision.trust.identity.gained}",
        detail=" ".join(sentence for sentence in sentences if sentence),
        witness=found.verdict.witness,
        evidence=found.places,
        fix=fix,
        exposure=row,
    )


def admitted(decision: Decision, name: str) -> str:
    """What an attacker class brings, in the issuer's words: `any branch`, `code that nobody has merged`."""
    dimension = name.removeprefix("any-")
    return _ADMITTED.get(name) or f"any {words.noun(decision.trust.issuer, dimension)}"
