"""Decides one trust: who gets in, how broadly, and which attacker classes. Pure; knows no cloud."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from auditor.breadth import sentence
from auditor.claims.grammar import Grammar, Shape, variable_in
from auditor.claims.naming import named_audiences
from auditor.claims.predicate import conjunction, within_depth
from auditor.claims.simplify import simplified
from auditor.claims.templates import customised
from auditor.config import Ours
from auditor.judgement import Case, remembered
from auditor.model import Decision, Issuer, Trust


def decide(trust: Trust, ours: Ours) -> Decision:
    """Everything there is to say about one trust. Same answer for the same trust, whatever the order of its values."""
    found = remembered(case_of(trust, ours))
    return Decision(
        trust=trust,
        reachable=found.reachable,
        classes=found.classes,
        breadth=found.breadth,
        breadth_complete=found.breadth_complete,
        tenants=found.tenants,
        projects=found.projects,
        statement=sentence(found.breadth, trust.issuer, trust.identity.gained, found.breadth_complete),
    )


def case_of(trust: Trust, ours: Ours) -> Case:
    """What the decision about a trust depends on."""
    issuer = trust.issuer
    shapes = shapes_for(issuer, ours)
    return Case(
        predicate=simplified(within_depth(trust.predicate), shapes),
        grammar=issuer.grammar,
        shapes=shapes,
        audiences=_audiences(trust),
        audience_doubt=trust.notes.get("provider-unread"),
        owned=ours.tenants.get(issuer.kind, ()),
        own_issuer=issuer.url in ours.issuers,
    )


def shapes_for(issuer: Issuer, ours: Ours) -> tuple[Shape, ...]:
    """The forms of token of an issuer that count."""
    declared = tuple((place, keys) for place, keys in ours.subject_templates.items() if _kind(place) == issuer.kind)
    return _shapes(issuer.grammar, declared) if declared else issuer.grammar.shapes


def _audiences(trust: Trust) -> frozenset[str]:
    """The audiences the trust names; the only one its door registers counts as named."""
    only = trust.audiences if trust.audiences is not None and len(trust.audiences) == 1 else ()
    return named_audiences(statement.predicate for statement in trust.allows) | frozenset(only)


def _kind(place: str) -> str:
    return place.partition(":")[0]


@lru_cache(maxsize=1024)
def _shapes(grammar: Grammar, declared: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[Shape, ...]:
    """The forms of token that count, with the subjects that the configuration says our own tenants customised."""
    owned = (s for place, keys in declared for s in _owned_shapes(grammar, keys, place.partition(":")[2]))
    return (*grammar.shapes, *owned)


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
