"""Splitting a language at the variable boundaries of a term, whatever the language: a union of boxes, and exact."""

from __future__ import annotations

from functools import lru_cache

from auditor.claims import automaton_boxes
from auditor.claims.box import BOX_BUDGET, Box, Split, joined
from auditor.claims.grammar import Slot, Term
from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.pattern_boxes import UNION_BUDGET, split_list, split_pattern
from auditor.errors import BudgetExceededError


def decompose(term: Term, language: Language) -> tuple[Box, ...]:
    """The boxes in which `term` lies in `language`. Raises `BudgetExceededError`."""
    boxes = split(term, language).boxes
    if boxes is None:
        raise too_many_ways((language,))
    return boxes


def too_many_ways(languages: tuple[Language, ...]) -> BudgetExceededError:
    """The error that says so in one line."""
    text = str(languages[0])
    if len(languages) > 1:
        what = f"{len(languages):,} values"
    else:
        what = f"the pattern {text}" if len(text) < 60 else f"the pattern {text[:50]}… of {len(text):,} characters"
    return BudgetExceededError(f"{what} can be split in more than {BOX_BUDGET:,} ways")


@lru_cache(maxsize=1 << 12)
def split(term: Term, language: Language) -> Split:
    """The boxes in which `term` lies in `language`, and what they cost."""
    if isinstance(language, Pattern):
        return split_pattern(term, language)
    if not isinstance(language, ValueSet | Length):
        return automaton_boxes.split(term, language)
    if len(term) == 1 and isinstance(term[0], Slot) and not term[0].encoded:
        if language.literal is not None and not term[0].variable.contains(language.literal):
            return Split(())
        return Split((frozenset(((term[0].variable, language),)),))
    if isinstance(language, ValueSet):
        return split_list(term, (Pattern(v, ignore_case=language.ignore_case) for v in sorted(language.values)))
    return automaton_boxes.split(term, language)


@lru_cache(maxsize=1 << 11)
def union(term: Term, languages: tuple[Language, ...]) -> Split:
    """The boxes in which `term` lies in some of `languages`."""
    patterns = [language for language in languages if isinstance(language, Pattern)]
    if len(patterns) == len(languages):
        return split_list(term, patterns)
    boxes: dict[Box, None] = {}
    ways = 0
    for language in languages:
        found = split(term, language)
        ways += found.ways
        if found.boxes is None or ways > UNION_BUDGET:
            return Split(None, ways)
        boxes.update(dict.fromkeys(found.boxes))
    return Split(joined(term, boxes), ways)
