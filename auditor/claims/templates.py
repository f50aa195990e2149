"""Attackers who customise the subject of their own tenant: is there a template that prints what the trust wants?

A template is a sequence of segments `key:value`, each key at most once, whose values come from the attacker's own
token. The search grows the front one segment at a time and prunes with over-approximations: the segments chosen so far,
then any text, then (one by one) each segment that may come last. What even that cannot reach, no longer template
reaches; so a refusal is exact, and an acceptance is shown with the finished template.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from auditor.claims.grammar import Grammar, Shape, Slot, Template, Term
from auditor.claims.languages.language import ascii_lower
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import And, Constant, Match, Or, Predicate, claims_of
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.claims.work import Work
from auditor.errors import BudgetExceededError

WORK_PER_TEMPLATE = 20
"""What it costs to write a template's subjects out, in tests."""

ANYTHING = ""
"""The end of a template of which nothing is known yet."""

MAX_SEGMENTS = 6
"""Longer templates are not searched: the answer is then `Undecided`. Published ones have at most four segments."""


def solve_templated(
    predicate: Predicate, grammar: Grammar, work: Work | None = None, *, strictly: bool = False
) -> Verdict:
    """Whether a token of *some* customised template satisfies `predicate`; `Rejected` for issuers without templates.

    All templates share one allowance of work. With `strictly`, `Rejected` says no more than that nothing was proved.
    """
    template = grammar.template
    claims = claims_of(predicate)
    if template is None or template.claim not in claims:
        return Rejected()
    search = _TemplateSearch(predicate, grammar, claims, work or Work(), strictly=strictly)
    try:
        return search.run(template)
    except BudgetExceededError:
        return Undecided("budget: too many customised subject templates could match")


class _TemplateSearch:
    """One search; all its questions share one allowance of work."""

    def __init__(
        self, predicate: Predicate, grammar: Grammar, claims: frozenset[str], work: Work, *, strictly: bool
    ) -> None:
        self.predicate = predicate
        self.grammar = grammar
        self.claims = claims
        self.work = work
        self.strictly = strictly
        self.undecided: str | None = None

    def run(self, template: Template) -> Verdict:
        fronts: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((), template.keys)]
        while fronts:
            longer: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
            for front, lasts in fronts:
                for key in template.keys if front else template.first:
                    keys = (*front, key)
                    if key in front or (not front and self._begins_otherwise(template, key)):
                        continue
                    if not self._possible(keys, ANYTHING):
                        continue
                    if not front and (found := self._exact(keys)):
                        return found
                    ends: list[str] = []
                    for last in lasts:
                        if last in keys or not self._possible(keys, last):
                            continue
                        if found := self._exact((*keys, last)):
                            return found
                        ends.append(last)
                    if ends:
                        longer.append((keys, tuple(ends)))
            if longer and len(longer[0][0]) >= MAX_SEGMENTS - 1:
                self.undecided = f"customised subjects of more than {MAX_SEGMENTS} segments were not searched"
                break
            fronts = longer
        return Rejected() if self.undecided is None else Undecided(self.undecided)

    def _begins_otherwise(self, template: Template, key: str) -> bool:
        """Whether no text that begins with this segment can satisfy the predicate, by its first letters alone."""
        begins = beginnings(self.predicate, template.claim)
        starts = printed_first(self.grammar, key)
        return begins is not None and not any(b.startswith(s) or s.startswith(b) for b in begins for s in starts)

    def _possible(self, keys: tuple[str, ...], end: str) -> bool:
        return not isinstance(self._ask(keys, end), Rejected)

    def _exact(self, keys: tuple[str, ...]) -> Accepted | None:
        verdict = self._ask(keys, None)
        if isinstance(verdict, Undecided):
            self.undecided = verdict.reason
        return replace(verdict, template=keys) if isinstance(verdict, Accepted) else None

    def _ask(self, keys: tuple[str, ...], end: str | None) -> Verdict:
        self.work.spend(WORK_PER_TEMPLATE)
        shapes = customised(self.grammar, keys, end=end, claims=self.claims)
        return solve(self.predicate, self.grammar, shapes, self.work, strictly=self.strictly)


@lru_cache(maxsize=1 << 10)
def printed_first(grammar: Grammar, key: str) -> frozenset[str]:
    """Texts in lower case such that every segment of the key begins like one of them."""
    special = None if grammar.template is None else grammar.template.special.get(key)
    if special is None:
        return frozenset((ascii_lower(f"{key}:"),))
    literal, _, fragment = special.rpartition("<")
    terms = (grammar.fragments.get(shape, {}).get(fragment.rstrip(">"), ()) for shape in grammar.shapes)
    return frozenset(ascii_lower(f"{literal}{term[0] if term and isinstance(term[0], str) else ''}") for term in terms)


@lru_cache(maxsize=1 << 10)
def beginnings(predicate: Predicate, claim: str) -> frozenset[str] | None:
    """Texts in lower case such that `claim` begins like one of them in every token that satisfies the predicate.

    None where it may begin with anything.
    """
    match predicate:
        case Constant(False):
            return frozenset()
        case Match(name, Pattern() as language) if name == claim:
            return frozenset((ascii_lower(language.lead),))
        case And(operands):
            found = [begins for operand in operands if (begins := beginnings(operand, claim)) is not None]
            return min(found, key=len, default=None)
        case Or(operands):
            each = [beginnings(operand, claim) for operand in operands]
            return frozenset().union(*(begins or () for begins in each)) if None not in each else None
        case _:
            return None


@lru_cache(maxsize=1 << 10)
def customised(
    grammar: Grammar, keys: tuple[str, ...], *, end: str | None = None, claims: frozenset[str] | None = None
) -> tuple[Shape, ...]:
    """The issuer's documented shapes with the claim printed by a template of `keys`.

    With `end`, any text may follow the segments of `keys`: any at all (`ANYTHING`), or any that ends in the segment of
    that key. With `claims`, shapes that a predicate over them cannot tell apart are left out.
    """
    template = grammar.template
    if template is None:
        return ()
    return tuple(_customised(grammar, template, keys, end, claims))


def _customised(
    grammar: Grammar, template: Template, keys: tuple[str, ...], end: str | None, claims: frozenset[str] | None
) -> Iterator[Shape]:
    seen: set[object] = set()
    for shape in grammar.shapes:
        term = _printed(grammar, shape, template, keys, end) if shape.certain else None
        if term is None:
            continue
        if claims is not None:
            alike = (term, _seen_by(shape, claims - {template.claim}))
            if alike in seen:
                continue
            seen.add(alike)
        whole = {**shape.claims, template.claim: term}
        yield replace(shape, name=f"{shape.name} customised", claims=whole, template=keys)


@lru_cache(maxsize=1 << 10)
def _seen_by(shape: Shape, claims: frozenset[str]) -> tuple[object, ...]:
    """What of a documented shape the claims tell."""
    return shape.restricted(claims)


def _printed(grammar: Grammar, shape: Shape, template: Template, keys: tuple[str, ...], end: str | None) -> Term | None:
    """The text a template prints for tokens of `shape`; None where they lack one of its claims."""
    term: list[str | Slot] = []
    for key in keys:
        printed = segment(grammar, shape, template, key)
        if printed is None:
            return None
        term.extend((template.joiner, *printed) if term else printed)
    if end is not None:
        while term and isinstance(term[-1], Slot):
            term.pop()  # what may follow covers the end of the last value as well
        term.append(Slot(template.rest))
    if end:
        printed = segment(grammar, shape, template, end)
        if printed is None:
            return None
        term.extend((template.joiner, *printed))
    return _joined(term)


def segment(grammar: Grammar, shape: Shape, template: Template, key: str) -> Term | None:
    """What the template prints for `key` in tokens of `shape`; None where they lack the claim."""
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
    return Slot(slot.variable, encoded=True) if ":" in slot.variable.characters and ":" in "".join(possible) else slot


def _joined(parts: list[str | Slot]) -> Term:
    joined: list[str | Slot] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tuple(joined)
