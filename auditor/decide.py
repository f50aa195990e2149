"""Decides one trust: who gets in, how broadly, and which attacker classes. Pure; knows no cloud."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

from auditor.breadth import breadth_of, sentence
from auditor.claims.classes import Question, classify
from auditor.claims.grammar import Grammar, Shape, variable_in
from auditor.claims.naming import NAMING, Names, Pin, named_audiences, pinned_names, pins_of
from auditor.claims.predicate import TRUE, Predicate, conjunction
from auditor.claims.regions import Region, regions
from auditor.claims.solver import reasons
from auditor.claims.templates import customised, solve_templated
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.claims.work import DECISION_BUDGET, Work
from auditor.config import Ours
from auditor.model import Decision, Trust


def decide(trust: Trust, ours: Ours) -> Decision:
    """Everything there is to say about one trust. Same answer for the same trust, whatever the order of its values."""
    grammar = trust.issuer.grammar
    predicate = trust.predicate
    shapes = (*grammar.shapes, *_declared_templates(trust, ours))
    work = Work(DECISION_BUDGET)
    found, listed = regions(predicate, grammar, shapes, Work(parent=work))
    naming, all_named = _certain_regions(predicate, grammar, shapes, found, work)
    pinned = pinned_names(naming, NAMING)
    pins = pins_of(naming)
    question = Question(
        predicate=predicate,
        grammar=grammar,
        tenants=_named(grammar, pinned, ours, trust.issuer.kind),
        pins=pins,
        audiences=_audiences(trust),
        audience_doubt=trust.notes.get("provider-unread"),
        names_known=listed and all_named,
        own_issuer=trust.issuer.url in ours.issuers,
        shapes=shapes,
        work=work,
    )
    classes = classify(question)
    stranger = classes.get("any-tenant")
    if isinstance(stranger, Accepted) and stranger.template:
        # Who customises the subject gets in: that is part of how broad the trust is.
        own = customised(grammar, stranger.template)
        templated, all_listed = regions(predicate, grammar, own, Work(parent=work))
        found, listed = [*found, *templated], listed and all_listed
    breadth = breadth_of(found, grammar)
    complete = listed and not reasons(predicate)
    return Decision(
        trust=trust,
        reachable=_reachable(question, classes.values()),
        classes=classes,
        breadth=breadth,
        breadth_complete=complete,
        tenants=tuple(sorted({name for v, names in pinned.items() if v.dimension == "tenant" for name in names})),
        projects=tuple(sorted({name for pin in pins for name in _projects(pin)})),
        statement=sentence(breadth, trust.issuer, trust.identity.name, complete),
    )


def _certain_regions(
    predicate: Predicate, grammar: Grammar, shapes: tuple[Shape, ...], found: list[Region], work: Work
) -> tuple[list[Region], bool]:
    """The boxes that tell what a trust names: a line that is known keeps its names beside one that is not."""
    if not reasons(predicate):
        return found, True
    certain, listed = regions(predicate, grammar, shapes, Work(parent=work), permissive=False)
    return [*found, *certain], listed


def _audiences(trust: Trust) -> frozenset[str]:
    """The audiences the trust names; the only one its door registers counts as named."""
    only = trust.audiences if trust.audiences is not None and len(trust.audiences) == 1 else ()
    return named_audiences(statement.predicate for statement in trust.allows) | frozenset(only)


def _reachable(question: Question, classes: Iterable[Verdict]) -> Verdict:
    verdict = question.ask(TRUE)
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


def _declared_templates(trust: Trust, ours: Ours) -> list[Shape]:
    """The shapes of subjects that the configuration says our own tenants customised."""
    grammar = trust.issuer.grammar
    shapes: list[Shape] = []
    for place, keys in ours.subject_templates.items():
        kind, _, owner = place.partition(":")
        if kind == trust.issuer.kind:
            shapes.extend(_owned_shapes(grammar, tuple(keys), owner))
    return shapes


def _owned_shapes(grammar: Grammar, keys: tuple[str, ...], owner: str) -> Iterable[Shape]:
    tenant, _, project = owner.partition("/")
    for shape in customised(grammar, keys):
        parts = [variable for variable in shape.variables.values() if variable.dimension == "project"]
        names = project.rsplit("/", max(len(parts) - 1, 0)) if project else []
        tenants = [variable_in(v, (tenant,)) for v in shape.variables.values() if v.dimension == "tenant"]
        if not tenants or (project and len(names) != len(parts)):
            continue  # a form of token that names no tenant, or projects by more parts than were declared
        named = [variable_in(v, (name,)) for v, name in zip(parts, names, strict=False)]
        yield replace(shape, template=(), only=conjunction((*tenants, *named)))


def _named(grammar: Grammar, pinned: Names, ours: Ours, kind: str) -> Names:
    """The tenants that count as named: those the trust pins exactly, and those the configuration calls ours."""
    names = {variable: set(values) for variable, values in pinned.items()}
    for owned in ours.tenants.get(kind, ()):
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
