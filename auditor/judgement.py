"""Judges one case: who gets in, how broadly, and which attacker classes; from a condition and an issuer, nothing else.

Cases that differ in names only are judged once (see `claims.canonical`): `remembered` gives every case the judgement of
its canonical form, so that what was asked before changes no answer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from auditor.breadth import breadth_of, in_order, with_values
from auditor.claims.canonical import Renaming, canonical
from auditor.claims.classes import Question, classify
from auditor.claims.grammar import Grammar, Shape
from auditor.claims.naming import NAMING, Names, Pin, pinned_names, pins_of
from auditor.claims.predicate import TRUE, Predicate, evaluate
from auditor.claims.regions import Region, regions
from auditor.claims.solver import Admitted, reasons
from auditor.claims.templates import customised, solve_templated
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.claims.work import DECISION_BUDGET, Work
from auditor.config import Owned
from auditor.model import Breadth


@dataclass(frozen=True, slots=True)
class Case:
    """All that a judgement depends on."""

    predicate: Predicate
    grammar: Grammar
    shapes: tuple[Shape, ...]
    """The forms of token that count: the grammar's own, and the declared templates of ours."""
    audiences: frozenset[str]
    """The audiences the trust itself names."""
    audience_doubt: str | None = None
    """Why the platform's own list of audiences is not known; None when it is."""
    owned: tuple[Owned, ...] = ()
    """The tenants of this kind of issuer that are ours."""
    own_issuer: bool = False
    """Whether the issuer as a whole is ours."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was decided about a case; the fields are those of `model.Decision`."""

    reachable: Verdict
    classes: Mapping[str, Verdict]
    breadth: Breadth
    breadth_complete: bool
    tenants: tuple[str, ...]
    projects: tuple[str, ...]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All of them, whether anybody gets in first."""
        return (self.reachable, *self.classes.values())


@lru_cache(maxsize=1 << 10)
def remembered(case: Case) -> Judgement:
    """The judgement of the case's canonical form, with its own names.

    Every witness is tried on the case itself. Should one not fit, or hold a placeholder that is no word of its own (a
    value behind a colon in code), the case is judged as it is written.
    """
    predicate, renaming = canonical(case.predicate, case.grammar, case.shapes, spoken_of(case.owned))
    if not renaming.names or any(map(renaming.meant_by, case.audiences)):
        return judged(case)
    audiences = frozenset(map(renaming.forth, case.audiences))
    told = _with_names(judged(replace(case, predicate=predicate, audiences=audiences)), renaming)
    proofs = [verdict.witness for verdict in told.verdicts if isinstance(verdict, Accepted)]
    fits = all(evaluate(case.predicate, proof) and not renaming.left_in(proof) for proof in proofs)
    return told if fits else judged(case)


def reached(case: Case) -> Verdict:
    """Whether anybody gets in: `Judgement.reachable` alone, without the work for the classes where somebody does."""
    admitted = Admitted(case.predicate, case.grammar, case.shapes, Work(DECISION_BUDGET))
    verdict = admitted.ask(TRUE, case.shapes, Work(parent=admitted.work))
    return verdict if isinstance(verdict, Accepted) else judged(case).reachable


@lru_cache(maxsize=1 << 8)
def judged(case: Case) -> Judgement:
    """The judgement of a case as it is written."""
    grammar = case.grammar
    work = Work(DECISION_BUDGET)
    admitted = Admitted(case.predicate, grammar, case.shapes, work)
    found, listed = regions(admitted.predicate, grammar, case.shapes, Work(parent=work), admitted=admitted)
    naming, all_named = _certain_regions(admitted, found)
    pinned = pinned_names(naming, NAMING)
    pins = pins_of(naming)
    question = Question(
        admitted=admitted,
        tenants=_named(grammar, pinned, case.owned),
        pins=pins,
        audiences=case.audiences,
        audience_doubt=case.audience_doubt,
        names_known=listed and all_named,
        own_issuer=case.own_issuer,
    )
    reached = question.ask(TRUE)  # first, for what is left of the allowance of work matters least to it
    classes = classify(question)
    stranger = classes.get("any-tenant")
    if isinstance(stranger, Accepted) and stranger.template:
        # Who customises the subject gets in: that is part of how broad the trust is.
        own = customised(grammar, stranger.template)
        templated, all_listed = regions(admitted.predicate, grammar, own, Work(parent=work))
        found, listed = [*found, *templated], listed and all_listed
    return Judgement(
        reachable=_reachable(question, reached, classes.values()),
        classes=classes,
        breadth=breadth_of(found, grammar),
        breadth_complete=listed
        and all(region.telling for region in found)
        and not reasons(admitted.predicate, case.shapes),
        tenants=tuple(sorted({name for v, names in pinned.items() if v.dimension == "tenant" for name in names})),
        projects=tuple(sorted({name for pin in pins for name in _projects(pin)})),
    )


def _certain_regions(admitted: Admitted, found: list[Region]) -> tuple[list[Region], bool]:
    """The boxes that tell what a trust names: a line that is known keeps its names beside one that is not."""
    predicate, grammar, shapes = admitted.predicate, admitted.grammar, admitted.shapes
    if not reasons(predicate, shapes):
        return found, True
    work = Work(parent=admitted.work)
    certain, listed = regions(predicate, grammar, shapes, work, permissive=False, admitted=admitted)
    return [*found, *certain], listed


def _reachable(question: Question, verdict: Verdict, classes: Iterable[Verdict]) -> Verdict:
    """Whether anybody gets in, given the answer for the forms of token that count."""
    if isinstance(verdict, Accepted):
        return verdict
    # Whoever gets in as a member of a class gets in: a stranger's customised subject is the one way left.
    inside = next((v for kind in (Accepted, Undecided) for v in classes if isinstance(v, kind)), None)
    if inside is not None:
        return inside
    if isinstance(verdict, Rejected):
        templated = solve_templated(question.predicate, question.grammar, Work(parent=question.work))
        if not isinstance(templated, Rejected):
            return Rejected("assuming the default subject; declare a customised one in [ours.subject-templates]")
    return verdict


def _named(grammar: Grammar, pinned: Names, tenants: Iterable[Owned]) -> Names:
    """The tenants that count as named: those the trust pins exactly, and those the configuration calls ours."""
    names = {variable: set(values) for variable, values in pinned.items()}
    for owned in tenants:
        for variable in grammar.of_dimension("tenant"):
            names.setdefault(variable, set()).add(owned.name)
        for variable in grammar.of_dimension("tenant-id") if owned.id else ():
            names.setdefault(variable, set()).add(str(owned.id))
    return {variable: frozenset(values) for variable, values in names.items()}


def _projects(pin: Pin) -> Iterable[str]:
    """`tenant/project` of every project a pin names; its id where no name is pinned."""
    owners = [sorted(values) for variable, values in pin.tenants if variable.dimension == "tenant"][:1]
    names = [sorted(values) for _, values in pin.names or pin.ids[:1]]
    return map("/".join, itertools.product(*owners, *names))


@lru_cache(maxsize=256)
def spoken_of(owned: tuple[Owned, ...]) -> frozenset[str]:
    """The words of our own names: a trust that uses one says something about us."""
    return frozenset(word for name in owned for word in Renaming.words(name.name.lower()))


def _with_names(judgement: Judgement, renaming: Renaming) -> Judgement:
    named: dict[int, Verdict] = {}  # most classes share their witness

    def back(verdict: Verdict) -> Verdict:
        if id(verdict) not in named:
            named[id(verdict)] = _verdict_with_names(verdict, renaming)
        return named[id(verdict)]

    return Judgement(
        reachable=back(judgement.reachable),
        classes={name: back(verdict) for name, verdict in judgement.classes.items()},
        breadth=in_order(
            {name: with_values(extent, map(renaming.back, extent.values)) for name, extent in entry.items()}
            for entry in judgement.breadth
        ),
        breadth_complete=judgement.breadth_complete,
        tenants=tuple(sorted(map(renaming.back, judgement.tenants))),
        projects=tuple(sorted(map(renaming.back, judgement.projects))),
    )


def _verdict_with_names(verdict: Verdict, renaming: Renaming) -> Verdict:
    match verdict:
        case Accepted(witness, template):
            return Accepted({name: renaming.value(value) for name, value in witness.items()}, template)
        case Rejected(None):
            return verdict
        case Rejected(reason):
            return Rejected(reason and renaming.back(reason))
        case Undecided(reason):
            return Undecided(renaming.back(reason))
