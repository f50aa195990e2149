"""Runs that come in through an environment although nobody need have reviewed what they do."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.claims.fresh import fresh_name, gated, showing
from auditor.claims.grammar import Shape, Variable
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import TRUE, Match, Predicate, Unknown, conjunction
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.model import Trust


def unreviewed(trust: Trust, also: Predicate = TRUE) -> Verdict:
    """Whether a run of unmerged code, or of an arbitrary branch or tag, gets in by naming an environment.

    `also` is asked of its token besides. The witness is not confirmed on the source.
    """
    predicate = conjunction((trust.predicate, also))
    shapes = [shape for shape in trust.issuer.grammar.shapes if gated(shape)]
    asked = [(shape, unmerged) for shape in shapes for unmerged in _unmerged(shape, predicate)]
    asked += [(shape, arbitrary) for shape in shapes for arbitrary in _arbitrary(shape, predicate)]
    verdict: Verdict = Rejected()
    for shape, unreviewed_run in asked:
        answer = solve(conjunction((predicate, unreviewed_run)), trust.issuer.grammar, (shape,))
        if isinstance(answer, Accepted):
            return answer
        if isinstance(answer, Undecided):
            verdict = answer
    return verdict


def _unmerged(shape: Shape, predicate: Predicate) -> Iterator[Predicate]:
    """The run is of code nobody has merged."""
    if shape.unmerged is not None:
        fresh = shape.variables.get(shape.fresh_unmerged or "")
        yield shape.unmerged if fresh is None else conjunction((shape.unmerged, _fresh(shape, fresh, predicate)))


def _arbitrary(shape: Shape, predicate: Predicate) -> Iterator[Predicate]:
    """The run is of a branch or tag whose name the trust does not use."""
    for variable in shape.variables.values():
        if variable.dimension in {"branch", "tag"} and variable.name not in shape.fixed:
            yield _fresh(shape, variable, predicate)


def _fresh(shape: Shape, variable: Variable, predicate: Predicate) -> Predicate:
    name = fresh_name(variable, predicate, showing((shape,), variable))
    if name is None:
        return Unknown(f"no {variable.dimension} name is left that the trust's patterns do not use")
    return Match(f"${variable.name}", Pattern.exactly(name))
