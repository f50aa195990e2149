"""What to write instead: the narrowest form of subject the issuer mints, in the cloud's own words where known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from auditor.claims.fresh import gated
from auditor.claims.grammar import Grammar, Shape, Slot, Term, Variable, fill
from auditor.claims.predicate import TRUE, evaluate
from auditor.model import Fix, Issuer, Source, Trust
from auditor.rules import fix_aws, fix_azure, fix_gcp, words
from auditor.rules.exposure import Exposure
from auditor.rules.narrowing import Bearer

Change = tuple[str, str]

SUBJECT = "sub"

TENANT = ("tenant", "tenant-id")
PLACE = (*TENANT, "project", "project-id")
"""Dimensions that say whose a token is, which a fix takes over from the witness."""

_NAMES = {"branch": "main", "environment": "production"}


class Writer(Protocol):
    """One cloud's way to write a trust down. None where the source is not of a form that can be edited safely."""

    def narrowed(self, trust: Trust, texts: Mapping[Source, str], claim: str) -> Change | None: ...

    def required(self, trust: Trust, places: Iterable[Source], claim: str, text: str) -> Change | None: ...

    def without(self, trust: Trust, places: Iterable[Source]) -> Change | None: ...

    def audience(self, trust: Trust) -> str: ...


WRITERS: Mapping[str, Writer] = {"aws": fix_aws, "azure": fix_azure, "gcp": fix_gcp}


def narrow(
    found: Exposure, summary: str, *, keep: tuple[str, ...], through: str = "branch", tenants: tuple[str, ...] = ()
) -> Fix:
    """Let one subject in, in the place of the lines behind an exposure.

    `keep` are the dimensions taken over from the witness (its tenant, its project), all others are for the reader to
    fill in; `through` is the kind of run, `branch` or `environment`. `tenants` are those that may be meant.
    """
    trust = found.decision.trust
    keep = tuple(name for name in keep if not words.pinned_by_id(found.decision, name))
    subjects: dict[Source, str] = {}
    for opening in found.openings:
        subject = example_subject(trust.issuer, opening.who, keep, through, tenants)
        if subject is None:
            return Fix(summary)
        subjects |= dict.fromkeys(opening.places, subject)
    writer = WRITERS.get(trust.provider)
    change = writer.narrowed(trust, subjects, SUBJECT) if writer else None
    first = next(iter(subjects.values()))
    return of(summary, change) if change else Fix(f"{summary} For example {first}.")


def to_name(issuer: Issuer, *dimensions: str) -> str:
    """What a trust should name: `the owner and the repository, and one branch or environment`."""
    names = [
        f"the {words.noun(issuer, dimension)}" for dimension in dimensions if issuer.grammar.of_dimension(dimension)
    ]
    further = ", and one branch or environment" if issuer.grammar.of_dimension("branch") else ""
    return f"{words.listed(names, 'and') or 'the subject'}{further}"


def require_audience(trust: Trust, places: Iterable[Source], summary: str) -> Fix:
    """Demand one audience in every statement of `places`."""
    writer = WRITERS.get(trust.provider)
    return of(summary, writer.required(trust, places, "aud", writer.audience(trust)) if writer else None)


def member(trust: Trust, who: Bearer | None, summary: str) -> Fix:
    """Grant what is granted to one subject, like that of `who` (Google)."""
    subject = example_subject(trust.issuer, who, PLACE, "branch") if who is not None else None
    return of(summary, None if subject is None else fix_gcp.granted(trust, (subject,)))


def drop(trust: Trust, places: Iterable[Source], summary: str) -> Fix:
    """Strike listed values out."""
    writer = WRITERS.get(trust.provider)
    return of(summary, writer.without(trust, places) if writer else None)


def of(summary: str, change: Change | None) -> Fix:
    """A fix in words, with before and after where there is a change to show."""
    return Fix(summary, *change) if change else Fix(summary)


def example_subject(
    issuer: Issuer, who: Bearer | None, keep: tuple[str, ...], through: str, tenants: tuple[str, ...] = ()
) -> str | None:
    """A subject that names everything it can, e.g. `repo:acme/REPOSITORY:ref:refs/heads/main`.

    Takes the dimensions `keep` from `who`; a tenant not taken over is the only one of `tenants`. What the reader has to
    fill in stands in capitals, what no reader could (a commit, a job's number) is a star. None where subjects of the
    issuer do not say whose they are.
    """
    shape = _tightest(issuer.grammar, through, ids=_has_ids(who.shape) if who else False)
    if shape is None:
        return None
    term = shape.claims[SUBJECT]
    slots = [part.variable for part in term if isinstance(part, Slot)]
    if not issuer.grammar.single_tenant and not any(variable.dimension in TENANT for variable in slots):
        return None
    values = {variable: _value(variable, shape, issuer, term) for variable in slots}
    if who is not None:
        known = {variable.name: value for variable, value in who.values.items() if variable.dimension in keep}
        values |= {variable: known[variable.name] for variable in slots if variable.name in known}
    if "tenant" not in keep and len(tenants) == 1:
        values |= {variable: tenants[0] for variable in slots if variable.dimension == "tenant"}
    return fill(term, values)


def _tightest(grammar: Grammar, through: str, *, ids: bool) -> Shape | None:
    """The form of token to recommend: of reviewed code, of the wanted kind of run, with ids where they were used."""
    fit = [
        shape
        for shape in grammar.shapes
        if shape.certain and not shape.narrower and shape.unmerged != TRUE and SUBJECT in shape.claims
    ]
    environment = through == "environment"

    def differences(shape: Shape) -> tuple[bool, bool, bool]:
        return (gated(shape) is not environment, "branch" not in shape.run, _has_ids(shape) is not ids)

    return min(fit, key=differences, default=None)


def _has_ids(shape: Shape) -> bool:
    """Whether the subject carries the tenant's immutable id."""
    return any(isinstance(p, Slot) and p.variable.dimension == "tenant-id" for p in shape.claims.get(SUBJECT, ()))


def _value(variable: Variable, shape: Shape, issuer: Issuer, term: Term) -> str:
    if variable.values is not None:
        merged = (v for v in variable.values if not _unmerged(shape, variable, v))
        return next(merged, variable.values[0])
    if variable.dimension in PLACE:
        return words.blank(issuer, variable, term)
    return _NAMES.get(variable.dimension, "*")


def _unmerged(shape: Shape, variable: Variable, value: str) -> bool:
    return shape.unmerged is not None and evaluate(shape.unmerged, {f"${variable.name}": value}) is True
