"""Two versions of one trust: who gets in now that did not before, and the other way round."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from auditor.claims.grammar import Grammar
from auditor.claims.inclusion import Difference, Included, Inclusion, Separated, diff, difference, includes
from auditor.claims.predicate import Unknown, claims_of
from auditor.claims.solver import reasons, solve
from auditor.claims.templates import solve_templated
from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Clause, Source, Trust


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
    found = diff(old.predicate, new.predicate, grammar)
    named = _named_alike(old, new) if found.kind == "unknown" else None
    if named is None:
        return found
    again = diff(named[0].predicate, named[1].predicate, grammar)
    return found if again.kind == "unknown" else again


def no_more(old: Trust, new: Trust) -> bool:
    """Whether it is sure that whoever gets in by `new` gets in by `old`, also where `compare` settles nothing else."""
    grammar = _common_grammar(old, new)
    if grammar is None or (old.issuer.url, old.issuer.kind) != (new.issuer.url, new.issuer.kind):
        return False
    pairs = ((old, new), _named_alike(old, new) or (old, new))
    return any(isinstance(includes(wide.predicate, narrow.predicate, grammar), Included) for wide, narrow in pairs)


def _named_alike(old: Trust, new: Trust) -> tuple[Trust, Trust] | None:
    """Both with one name for what neither can tell and both say in the same words; None where there is no such thing.

    A test that is written the same and was compiled to the same is passed by the same requests, whoever can tell which.
    """
    keys = [{_key(trust, clause): clause for s in trust.statements for clause in s.clauses} for trust in (old, new)]
    shared = {key for key in keys[0].keys() & keys[1].keys() if key is not None}
    return (_with_names(old, shared), _with_names(new, shared)) if shared else None


def _key(trust: Trust, clause: Clause) -> str | None:
    """What is the same of two tests only if they are the same; None where one is known, or its text is not at hand."""
    if not reasons(clause.predicate):
        return None
    places = _texts(trust, clause.source)
    return json.dumps([clause.text, repr(clause.predicate), places], sort_keys=True, default=str) if places else None


def _with_names(trust: Trust, shared: Collection[str | None]) -> Trust:
    def named(clause: Clause) -> Clause:
        key = _key(trust, clause)
        return replace(clause, predicate=Unknown(clause.text, key)) if key in shared and key is not None else clause

    statements = (replace(s, clauses=tuple(map(named, s.clauses))) for s in trust.statements)
    return replace(trust, statements=tuple(statements))


def _written_alike(old: Trust, new: Trust) -> bool:
    """Whether both were compiled to the same from the same text: then what is unknown is taken for the same too."""
    compiled = [(t.gate, [(s.effect, [c.predicate for c in s.clauses]) for s in t.statements]) for t in (old, new)]
    if compiled[0] != compiled[1]:
        return False
    texts = [[_texts(trust, source) for source in (trust.source, *_above(trust))] for trust in (old, new)]
    return (all(texts[0]) and texts[0] == texts[1]) or _read_alike(old) == _read_alike(new)


def _above(trust: Trust) -> tuple[Source, ...]:
    """Where the policies that stand above the identity say something, as far as they were read."""
    policies = trust.notes.get("policies-above", {})
    found = (one.source for one in trust.statements if one.source.document in policies and one.source.pointer)
    return tuple(dict.fromkeys(found))


def _read_alike(trust: Trust) -> tuple[list[str], Mapping[str, Any]]:
    """Everything a trust was compiled from, but for the moment that it is judged for."""
    read = {name: document for name, document in trust.documents.items() if not isinstance(document, datetime)}
    return [clause.text for statement in trust.statements for clause in statement.clauses], read


def _texts(trust: Trust, source: Source) -> list[Any]:
    """What stands at a place, in whichever of the trust's documents has it."""
    found: list[Any] = []
    for document in trust.documents.values():
        place: Any = document if isinstance(document, Mapping) else None
        for step in source.pointer.split("/")[1:]:
            place = _within(place, step.replace("~1", "/").replace("~0", "~"))
        if source.span is not None and isinstance(place, str):
            place = place[source.span[0] : sum(source.span)]
        if place is not None:
            found.append(place)
    return found


def _within(place: Any, name: str) -> Any:
    if isinstance(place, Sequence) and not isinstance(place, str):
        return place[int(name)] if name.isdecimal() and int(name) < len(place) else None
    return place.get(name) if isinstance(place, Mapping) else None


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
