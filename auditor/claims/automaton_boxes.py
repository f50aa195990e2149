"""Splitting regular languages at the variable boundaries of a term, as `boxes` splits patterns.

What is a few globs goes that way. Everything else is walked: the variables of a term lead the automaton from state to
state, and each gets the language of the values that lead where the rest of the term is accepted. Both are exact.
"""

from __future__ import annotations

from functools import lru_cache

from auditor.claims.box import BOX_BUDGET, Box, Split
from auditor.claims.grammar import CharSet, Slot, Term, Variable
from auditor.claims.languages.automaton import Automaton, replaced
from auditor.claims.languages.characters import KELVIN, LONG_S
from auditor.claims.languages.globs import Globs
from auditor.claims.languages.language import Language, ascii_lower
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.regex import Regex
from auditor.claims.languages.tables import Partition, leading, sources
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.pattern_boxes import split_list
from auditor.errors import BudgetExceededError

STEP_BUDGET = 400_000
"""Steps from state to state by one kind of character while a language is split: about 0.2 s."""

STEPS_PER_PART = 8
"""How many of them each state and kind of character of a variable's own language costs."""

STEPS_PER_WAY = 4
"""How many of them cost as much as one way to split a pattern."""

MOST_VALUES = 64
"""A finite language of up to so many values is written as a list."""

MOST_PATTERNS = 4
"""Any other is written as up to so many patterns, where that can be done."""

MOST_STATES = 60
"""Larger automata are not tried."""

_ENCODING = {":": "%3A"}


def split(term: Term, language: Language) -> Split:
    """The boxes in which `term` lies in `language`, or None past the budget; and what they cost."""
    globs = language.globs if isinstance(language, Regex) else None
    if globs is not None and all(valid_for(globs, part.variable) for part in term if isinstance(part, Slot)):
        return split_list(term, globs.patterns)
    try:
        automaton = Automaton.of(language)
        if len(term) == 1 and isinstance(term[0], Slot) and not term[0].encoded and term[0].variable.values is None:
            return Split(_single(term[0].variable, language, automaton))
        walk = _Walk(term, automaton)
        return Split(tuple(walk.boxes(0, 0)), 1 + walk.steps // STEPS_PER_WAY)
    except BudgetExceededError:
        return Split(None, STEP_BUDGET // STEPS_PER_WAY)


def _single(variable: Variable, language: Language, automaton: Automaton) -> tuple[Box, ...]:
    """The language itself, which people know by its source, unless it is something simpler."""
    simple = simplified(automaton, variable.characters, variable.minimum)
    if simple == (automaton,):
        simple = (language,)
    return tuple(
        frozenset() if isinstance(one, Pattern) and one.universal else frozenset(((variable, one),)) for one in simple
    )


def valid_for(globs: Globs, variable: Variable) -> bool:
    """Whether no value of the variable holds a character for which the globs do not speak."""
    return not (
        (globs.no_newline and _holds(variable, "\n", "\n"))
        or (globs.no_surrogates and _holds(variable, "\ud800", "\udfff"))
        or (globs.no_foreign_letters and any(_holds(variable, chr(c), chr(c)) for c in (LONG_S, KELVIN)))
    )


@lru_cache(maxsize=1 << 12)
def _holds(variable: Variable, first: str, last: str) -> bool:
    if variable.values is not None:
        return any(first <= char <= last for value in variable.values for char in value)
    named = sum(first <= char <= last for char in variable.characters.chars)
    return named <= ord(last) - ord(first) if variable.characters.negated else named > 0


class _Walk:
    """One term against one automaton. States are rows of its table."""

    def __init__(self, term: Term, automaton: Automaton) -> None:
        self.term = term
        self.automaton = automaton
        self.known: dict[tuple[int, int], tuple[Box, ...]] = {}
        self.kinds: dict[Slot, tuple[int, ...]] = {}
        self.steps = 0

    def boxes(self, place: int, state: int) -> tuple[Box, ...]:
        """The boxes in which `term[place:]` leads from `state` to acceptance. Raises `BudgetExceededError`."""
        if place == len(self.term):
            return (frozenset(),) if state in self.automaton.table.accepting else ()
        known = self.known.get((place, state))
        if known is None:
            part = self.term[place]
            if isinstance(part, str):
                known = self.boxes(place + 1, self.automaton.run(state, part))
            else:
                known = tuple(self._slot(part, place, state))
            if len(known) > BOX_BUDGET:
                raise BudgetExceededError("too many boxes")
            self.known[place, state] = known
        return known

    def _slot(self, slot: Slot, place: int, state: int) -> dict[Box, None]:
        variable = slot.variable
        if variable.values is not None:
            return self._listed(slot, place, state, variable.values)
        partition, rows = _rows(self.automaton, slot.encoded)
        kinds = self.kinds.get(slot)
        if kinds is None:
            kinds = self.kinds[slot] = _kinds(partition, variable.characters)
        reached = set() if variable.minimum else {state}
        queue = [state]
        entered = {state}
        for current in queue:
            self._spend(len(kinds))
            row = rows[current]
            for kind in kinds:
                following = row[kind]
                reached.add(following)
                if following not in entered:
                    entered.add(following)
                    queue.append(following)
        ends: dict[Box, set[int]] = {}
        for end in sorted(reached):
            for box in self.boxes(place + 1, end):
                ends.setdefault(box, set()).add(end)
        found: dict[Box, None] = {}
        for box, wanted in ends.items():
            if len(wanted) == len(reached):
                found[box] = None
                continue
            share = _part(self.automaton, slot.encoded, state, frozenset(wanted))
            self._spend(STEPS_PER_PART * len(share.table.rows) * share.table.partition.size)
            for one in simplified(share, variable.characters, variable.minimum):
                found[box | {(variable, one)}] = None
        return found

    def _listed(self, slot: Slot, place: int, state: int, values: tuple[str, ...]) -> dict[Box, None]:
        wanted: dict[Box, list[str]] = {}
        for value in values:
            text = value.replace(":", "%3A") if slot.encoded else value
            self._spend(len(text) + 1)
            for box in self.boxes(place + 1, self.automaton.run(state, text)):
                wanted.setdefault(box, []).append(value)
        found: dict[Box, None] = {}
        for box, fitting in wanted.items():
            if len(set(fitting)) == len(set(values)):
                found[box] = None
            else:
                one = Pattern(fitting[0]) if len(fitting) == 1 else ValueSet(fitting)
                found[box | {(slot.variable, one)}] = None
        return found

    def _spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > STEP_BUDGET:
            raise BudgetExceededError("a language that takes too long to split")


@lru_cache(maxsize=1 << 10)
def _encoded(automaton: Automaton) -> tuple[Partition, list[list[int]], list[list[int]]]:
    """Partition, rows and their sources."""
    partition, rows, _ = replaced(automaton, _ENCODING)
    return partition, rows, sources(rows)


def _rows(automaton: Automaton, encoded: bool) -> tuple[Partition, list[list[int]] | tuple[tuple[int, ...], ...]]:
    """The automaton as a value's own characters move it."""
    if not encoded:
        return automaton.table.partition, automaton.table.rows
    partition, rows, _ = _encoded(automaton)
    return partition, rows


@lru_cache(maxsize=1 << 14)
def _part(automaton: Automaton, encoded: bool, begin: int, ends: frozenset[int]) -> Automaton:
    if not encoded:
        return automaton.part(begin, ends)
    return Automaton(leading(*_encoded(automaton), begin, ends))


@lru_cache(maxsize=1 << 12)
def _kinds(partition: Partition, characters: CharSet) -> tuple[int, ...]:
    """The kinds of units that hold some character of the set."""
    if not characters.negated:
        return tuple(sorted({partition.kind(ord(char)) for char in characters.chars}))
    left = [0] * partition.size
    for first, last, kind in partition.spans():
        left[kind] += last - first + 1
    for char in characters.chars:
        left[partition.kind(ord(char))] -= 1
    return tuple(kind for kind, count in enumerate(left) if count)


@lru_cache(maxsize=1 << 14)
def simplified(automaton: Automaton, characters: CharSet, minimum: int = 0) -> tuple[Language, ...]:
    """Languages that together are the automaton among texts of these characters, of `minimum` length or more.

    None where no such text belongs to it, `*` where all of them do, one list or a few patterns where that will do; else
    the automaton itself.
    """
    chars, negated = characters.chars, characters.negated
    everything = Automaton.of_units(chars, negated=negated)
    if minimum:
        everything = everything.intersection(_NONEMPTY)
    own = everything.intersection(automaton)
    if own.empty:
        return ()
    if own == everything:
        return (Pattern((Wild.STAR,)),)
    words = own.words(MOST_VALUES)
    if words is not None and len(words) == 1:
        return (Pattern(words[0]),)
    if words is not None and not any(own.in_both_cases(char) for char in words[0]):
        return (ValueSet(words),)
    found: list[Language] = []
    left = own
    while len(found) < MOST_PATTERNS and len(own.table.rows) <= MOST_STATES:
        pattern = _largest(left, own, everything)
        if pattern is None:
            break
        found.append(pattern)
        left = left.intersection(Automaton.of(pattern).complement())
        if left.empty:
            return tuple(found)
    return (automaton,) if words is None else (ValueSet(words),)


def _largest(left: Automaton, own: Automaton, everything: Automaton) -> Pattern | None:
    """A pattern around a shortest text of `left` whose texts all belong to `own`; None where no character is named."""
    word = left.shortest()
    fold = any(map(left.in_both_cases, word))
    if not all(left.alone(char) or left.in_both_cases(char) for char in word):
        return None
    word = ascii_lower(word) if fold else word
    stars = ((True, True), (False, True), (True, False), (False, False)) if word else ((False, False),)
    for before, behind in stars:
        pattern = Pattern((*[Wild.STAR] * before, *word, *[Wild.STAR] * behind), ignore_case=fold)
        if everything.intersection(pattern).intersection(own.complement()).empty:
            return pattern
    return None


_NONEMPTY = Automaton.of(Pattern((Wild.ANY_CHAR, Wild.STAR)))
