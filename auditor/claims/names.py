"""What renaming must respect in the tokens of one issuer, and the words that texts are made of (see `canonical`)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from auditor.claims.grammar import Grammar, Shape, Slot, Term, Variable
from auditor.claims.languages.pattern import STAR, Pattern
from auditor.claims.predicate import And, Match, Not, Or, Predicate

WORD = re.compile(r"[A-Za-z0-9._-]+")
LETTERS = frozenset(char for char in map(chr, range(128)) if WORD.fullmatch(char))
"""The characters of words."""

PLACEHOLDER = "name"
"""What placeholders begin with; a number follows."""

MOST = 99_999
"""Names that one condition may have."""

_NAME = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,29}")
"""Words that are renamed: what owners and repositories are mostly called, and no id or version."""

_RUN = re.compile(f"{STAR}?{WORD.pattern}{STAR}?")

Fragment = tuple[str, bool, bool]
"""Part of a word beside a wildcard; and whether the word begins with it, and ends with it."""


def words_of(text: str) -> tuple[list[str], frozenset[Fragment]]:
    """The words of a pattern's text in order, and the parts of words that stand beside a star."""
    if STAR not in text:
        return WORD.findall(text), frozenset()
    runs = _RUN.findall(text.replace(STAR, 2 * STAR))  # a star between two words stands beside both
    beside = (run for run in runs if STAR in run)
    fragments = [(run.strip(STAR).lower(), run[0] != STAR, run[-1] != STAR) for run in beside]
    return [run for run in runs if STAR not in run], frozenset(fragments)


def looks_into(fragment: Fragment, word: str) -> bool:
    """Whether some text holds the fragment only because it holds the word."""
    part, begins, ends = fragment
    if begins and ends:
        return part == word
    return word.startswith(part) if begins else word.endswith(part) if ends else part in word


@lru_cache(maxsize=1 << 10)
def look_into_placeholders(fragments: frozenset[Fragment], count: int) -> bool:
    """Whether one of the fragments looks into one of the first `count` placeholders."""
    return any(looks_into(fragment, f"{PLACEHOLDER}{place}") for fragment in fragments for place in range(count))


def any_placeholder(words: Iterable[str]) -> bool:
    """Whether one of the words, ignoring case, looks like a placeholder."""
    folded = (word.lower() for word in words)
    return any(word.startswith(PLACEHOLDER) and word[len(PLACEHOLDER) :].isdigit() for word in folded)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a variable asks of words, as far as they matter here."""

    characters: frozenset[str]
    negated: bool
    minimum: int
    maximum: int

    def admit_alike(self, word: str) -> bool:
        """Whether it can hold the word exactly where it can hold a placeholder."""
        names = f"{PLACEHOLDER}0", f"{PLACEHOLDER}{MOST}"
        spelled = self._spell(word)
        if spelled is not self._spell(names[-1]):
            return False
        return not spelled or all(self.minimum <= len(text) <= self.maximum for text in (word, *names))

    def _spell(self, word: str) -> bool:
        return self.characters.isdisjoint(word) if self.negated else self.characters.issuperset(word)


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What renaming must respect in the tokens of one issuer."""

    loose: bool
    """Whether words may reach from one value into the next."""
    reserved: frozenset[str]
    """Words that literals, finite values and hints hold."""
    fragments: frozenset[Fragment]
    """What exclusions of variables look for."""
    variables: tuple[Variable, ...]

    limits: frozenset[Limits]
    """What the variables ask, each only once."""


@lru_cache(maxsize=1 << 13)
def may_rename(facts: Facts, word: str) -> bool:
    """Whether nothing in the tokens would notice: all that renaming asks but for what the condition says."""
    if not _NAME.fullmatch(word) or word in facts.reserved:
        return False
    if any(looks_into(fragment, word) for fragment in facts.fragments):
        return False
    return all(limits.admit_alike(word) for limits in facts.limits)


@lru_cache(maxsize=1024)
def room_of(variables: tuple[Variable, ...], between: frozenset[str]) -> int:
    """The fewest characters that a variable can hold whose values may have several words of a condition.

    `between` is what stands between those words: a value without any of it has one word at most.
    """
    several = (v for v in variables if v.characters.spells(PLACEHOLDER) and any(c in v.characters for c in between))
    return min((variable.maximum for variable in several), default=1_000_000)


@lru_cache(maxsize=1024)
def facts_of(grammar: Grammar, shapes: tuple[Shape, ...], read: frozenset[str]) -> Facts:
    """The facts about the claims that are read, and those a customised one may be made of."""
    template = grammar.template
    printed: tuple[str, ...] = ()
    parts: list[Term] = []
    if template is not None and template.claim in read:
        printed = (*template.keys, *template.special.values())
        read |= frozenset(template.keys)
        parts.extend(part for fragments in grammar.fragments.values() for part in fragments.values())
    terms = tuple(dict.fromkeys(shape.term(claim) or () for shape in shapes for claim in sorted(read)))
    slots = (part.variable for term in (*terms, *parts) for part in term if isinstance(part, Slot))
    lists = (shape.lists[claim] for shape in shapes for claim in sorted(read) if claim in shape.lists)
    variables = tuple(dict.fromkeys((*slots, *lists)))
    words = {word for term in (*terms, *parts) for part in term if isinstance(part, str) for word in _all(part)}
    words.update(word for key in printed for word in _all(key))
    words.update(word for v in variables for text in (*(v.values or ()), *v.hints) for word in _all(text))
    words.update(word for shape in shapes for text in compared(shape.only) for word in _all(text))
    free = tuple(variable for variable in variables if variable.values is None)
    exclusions = (shape for variable in free for shape in variable.exclusions)
    return Facts(
        loose=_loose(terms),
        reserved=frozenset(words),
        fragments=frozenset(fragment for shape in exclusions for fragment in _looked_for(shape)),
        variables=free,
        limits=frozenset(Limits(v.characters.chars, v.characters.negated, v.minimum, v.maximum) for v in free),
    )


def _all(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


def _looked_for(shape: Pattern) -> Iterator[Fragment]:
    """The words an exclusion looks for, whole ones as well."""
    words, fragments = words_of(shape.text)
    yield from ((word.lower(), True, True) for word in words)
    yield from fragments


def _loose(terms: Iterable[Term]) -> bool:
    """Whether a word of some text may be more than a word of one value."""
    sides: dict[Variable, tuple[bool, bool]] = {}
    for term in terms:
        if _merges(term):
            return True
        for variable, touched in _touched(term):
            if sides.setdefault(variable, touched) != touched:
                return True
    return False


def _touched(term: Term) -> Iterator[tuple[Variable, tuple[bool, bool]]]:
    """Each variable of a term, and whether a word continues from it to its left and to its right."""
    for place, part in enumerate(term):
        if isinstance(part, Slot):
            before = term[place - 1] if place else ""
            after = term[place + 1] if place + 1 < len(term) else ""
            left = isinstance(before, str) and bool(WORD.fullmatch(before[-1:]))
            yield part.variable, (left, isinstance(after, str) and bool(WORD.fullmatch(after[:1])))


def _merges(term: Term) -> bool:
    """Whether a value and what stands beside it may make up one name."""
    for own, following in itertools.pairwise(term):
        if isinstance(own, Slot) and isinstance(following, Slot):
            return True
        literal = own if isinstance(own, str) else following if isinstance(following, str) else ""
        runs = list(WORD.finditer(literal))
        touching = [run for run in runs if (run.end() == len(literal) if literal is own else run.start() == 0)]
        if any(re.fullmatch(r"[a-z0-9-]+", run[0]) for run in touching):
            return True
    return False


def compared(predicate: Predicate) -> Iterator[str]:
    """Every text of a restriction, in whatever way it is compared."""
    match predicate:
        case Match(_, language):
            yield language.order
        case Not(operand):
            yield from compared(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from compared(operand)
        case _:
            return
