"""Two versions of one trust: who gets in now that did not before, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.claims.grammar import Grammar
from auditor.claims.inclusion import Difference, Included, Inclusion, Separated, diff, difference
from auditor.claims.predicate import claims_of
from auditor.claims.solver import solve
from auditor.claims.templates import solve_templated
from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Trust


def compare(old: Trust, new: Trust) -> Difference:
    """What `new` lets in more, and less, than `old`; each with a token where there is one.

    Covers every token of the issuer, those with a customised subject included. Trusts of different issuers have no
    token in common: they are incomparable unless one of them lets nobody in. What is unknown in both counts as the same
    only where both were compiled from the very same text. Never raises.
    """
    if old.issuer.url != new.issuer.url:
        return difference(_empty(new), _empty(old))
    if _written_alike(old, new):
        return Difference("equal")
    if old.issuer.kind != new.issuer.kind:
        names = f"{old.issuer.name} and {new.issuer.name}"
        return Difference("unknown", reason=f"by its subjects the issuer was taken for two products, {names}")
    grammar = _common_grammar(old, new)
    if grammar is None:
        return Difference("unknown", reason="the two read different claims of an issuer whose tokens are not described")
    return diff(old.predicate, new.predicate, grammar)


def _written_alike(old: Trust, new: Trust) -> bool:
    """Whether both were compiled to the same from the same text: then what is unknown is taken for the same too."""
    compiled = [(t.gate, [(s.effect, [c.predicate for c in s.clauses]) for s in t.statements]) for t in (old, new)]
    texts = [_texts(trust) for trust in (old, new)]
    return compiled[0] == compiled[1] and bool(texts[0]) and texts[0] == texts[1]


def _texts(trust: Trust) -> list[Any]:
    """What stands where the trust is written, in whichever of its documents has that place."""
    found: list[Any] = []
    for document in trust.documents.values():
        place: Any = document
        for step in trust.source.pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            place = place.get(name) if isinstance(place, Mapping) else None
        if place is not None and isinstance(document, Mapping):
            found.append(place)
    return found


def _common_grammar(old: Trust, new: Trust) -> Grammar | None:
    """The grammar, of the two, that mints every claim either of them reads."""
    if old.issuer.grammar is new.issuer.grammar:
        return old.issuer.grammar
    read = claims_of(old.predicate) | claims_of(new.predicate)
    minted = [_minted(trust.issuer.grammar) for trust in (old, new)]
    told = read & (minted[0] | minted[1])  # a claim that neither mints is one the issuer does not have
    return next((t.issuer.grammar for t, claims in zip((old, new), minted, strict=True) if told <= claims), None)


def _minted(grammar: Grammar) -> frozenset[str]:
    return frozenset().union(*((*shape.claims, *shape.lists, *shape.constants) for shape in grammar.shapes))


def _empty(trust: Trust) -> Inclusion:
    """Whether the trust lets nobody in."""
    verdict = solve(trust.predicate, trust.issuer.grammar)
    if isinstance(verdict, Rejected):
        verdict = solve_templated(trust.predicate, trust.issuer.grammar)
    if isinstance(verdict, Accepted):
        return Separated(verdict.witness, verdict.template)
    return Included() if isinstance(verdict, Rejected) else verdict
