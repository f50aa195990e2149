"""Attackers who customise the subject of their own tenant: is there a template that prints what the trust wants?

A template is a sequence of segments `key:value`, each key at most once, whose values come from the attacker's own
token. The search grows templates one segment at a time and prunes with an over-approximation: the segments chosen so
far, followed by any text. What even that cannot reach, no longer template reaches; so a refusal is exact, and an
acceptance is shown with the finished template.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from auditor.claims.grammar import Grammar, Shape, Slot, Template, Term
from auditor.claims.predicate import Predicate, claims_of
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict

TEMPLATE_BUDGET = 400
"""Templates one question may look at. `workflow:*:repo:acme/app:ref:…` looks at 92."""

MAX_SEGMENTS = 6
"""Longer templates are not searched: the answer is then `Undecided`. Published ones have at most four segments."""


def solve_templated(predicate: Predicate, grammar: Grammar) -> Verdict:
    """Whether a token of *some* customised template satisfies `predicate`; `Rejected` for issuers without templates."""
    template = grammar.template
    if template is None or template.claim not in claims_of(predicate):
        return Rejected()
    looked = 0
    undecided: str | None = None
    pending: list[tuple[str, ...]] = [()]
    while pending:
        chosen = pending.pop()
        for key in template.keys:
            if key in chosen or (not chosen and key not in template.first):
                continue
            keys = (*chosen, key)
            looked += 1
            if looked > TEMPLATE_BUDGET:
                return Undecided("budget: too many customised subject templates could match")
            bound = solve(predicate, grammar, customised(grammar, keys, open_end=True))
            if isinstance(bound, Rejected):
                continue
            exact = solve(predicate, grammar, customised(grammar, keys, open_end=False))
            if isinstance(exact, Accepted):
                return Accepted(exact.witness, template=keys)
            if isinstance(exact, Undecided):
                undecided = exact.reason
            elif len(keys) < MAX_SEGMENTS:
                pending.append(keys)
            else:
                undecided = f"customised subjects of more than {MAX_SEGMENTS} segments were not searched"
    return Rejected() if undecided is None else Undecided(undecided)


@lru_cache(maxsize=4096)
def customised(grammar: Grammar, keys: tuple[str, ...], *, open_end: bool) -> tuple[Shape, ...]:
    """The issuer's shapes with the claim printed by a template; with any text behind it if `open_end`."""
    template = grammar.template
    if template is None:
        return ()
    return tuple(_customised(grammar, template, keys, open_end))


def _customised(grammar: Grammar, template: Template, keys: tuple[str, ...], open_end: bool) -> Iterator[Shape]:
    for shape in grammar.shapes:
        if not shape.certain:
            continue
        term: list[str | Slot] = []
        for key in keys:
            segment = _segment(grammar, shape, template, key)
            if segment is None:
                break
            term.extend((template.joiner, *segment) if term else segment)
        else:
            if open_end:
                term.append(Slot(template.rest))
            claims = {**shape.claims, template.claim: _joined(term)}
            yield replace(shape, name=f"{shape.name} customised", claims=claims, template=keys)


def _segment(grammar: Grammar, shape: Shape, template: Template, key: str) -> Term | None:
    if key in template.special:
        text = template.special[key]
        literal, _, fragment = text.rpartition("<")
        return (literal, *grammar.fragments[shape][fragment.rstrip(">")])
    value = shape.claims.get(key)
    if value is None:
        return None
    return (f"{key}:", *(_escaped(part) if isinstance(part, Slot) else part for part in value))


def _escaped(slot: Slot) -> Slot:
    """A value as templates print it: colons written `%3A` where it can hold any."""
    possible = slot.variable.values or (":",)
    return replace(slot, encoded=True) if ":" in slot.variable.characters and ":" in "".join(possible) else slot


def _joined(parts: list[str | Slot]) -> Term:
    joined: list[str | Slot] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tuple(joined)
