"""Splitting a pattern at the variable boundaries of a term: `repo:{owner}/{repo}` against `repo:acme/*`.

The result is a union of boxes {variable: languages its value must lie in}, and it is exact: a text of the term matches
the pattern if and only if some box contains its values (property 3 of the test suite). A variable that occurs twice
simply collects two languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from auditor.claims.grammar import Slot, Term, Variable
from auditor.claims.pattern import Language, Pattern, ValueSet, Wild, ascii_lower
from auditor.errors import BudgetExceededError

Box = frozenset[tuple[Variable, Language]]
"""Constraints that hold together; the empty box admits every value of every variable."""

BOX_BUDGET = 5_000
"""Ways to split one pattern that are tried. `*a*b*c*` against a term of six variables has 330."""

WAYS_PER_TEST = 4
"""How many of them cost as much as one test of a search (see `work`)."""


def decompose(term: Term, language: Language) -> tuple[Box, ...]:
    """The boxes in which `term` lies in `language`. Raises `BudgetExceededError`."""
    boxes = _boxes(term, language).boxes
    if boxes is None:
        raise BudgetExceededError(f"{_short(language)} can be split in more than {BOX_BUDGET:,} ways")
    return boxes


def _short(language: Language) -> str:
    text = str(language)
    return f"the pattern {text}" if len(text) < 60 else f"the pattern {text[:50]}… of {len(text):,} characters"


def split_cost(term: Term, language: Language) -> int:
    """What `decompose` costs, in tests."""
    return _boxes(term, language).ways // WAYS_PER_TEST


@dataclass(frozen=True, slots=True)
class _Boxes:
    boxes: tuple[Box, ...] | None
    """None past the budget, so that giving up is remembered as well."""
    ways: int = 1


@lru_cache(maxsize=1 << 17)
def _boxes(term: Term, language: Language) -> _Boxes:
    if len(term) == 1 and isinstance(term[0], Slot) and not term[0].encoded:
        if isinstance(language, Pattern) and language.universal:
            return _Boxes((frozenset(),))
        if language.literal is not None and not term[0].variable.contains(language.literal):
            return _Boxes(())
        return _Boxes((frozenset(((term[0].variable, language),)),))
    if isinstance(language, ValueSet):
        exact = tuple(Pattern(value, ignore_case=language.ignore_case) for value in sorted(language.values))
        return _Boxes(union(term, exact), len(exact))
    if not isinstance(language, Pattern):
        raise TypeError(f"{language!r} cannot be split")
    boxes: dict[Box, None] = {}
    if len(language.tokens) > longest(term) + sum(token is Wild.STAR for token in language.tokens):
        return _Boxes(())  # more characters than any text of the term has
    if not _fits(term, language):
        return _Boxes(())
    ways = 0
    for ways, box in enumerate(_split(term, 0, language, 0), 1):
        if box is not None:
            boxes[box] = None
        if ways > BOX_BUDGET:
            return _Boxes(None, ways)
    return _Boxes(tuple(boxes), ways)


def _fits(term: Term, pattern: Pattern) -> bool:
    """Whether the literal parts of the term leave room for the pattern at all: a quick look before splitting."""
    lead, tail = pattern.lead, pattern.tail
    literals = [part for part in term if isinstance(part, str)]
    first = term[0] if term and isinstance(term[0], str) else ""
    last = term[-1] if term and isinstance(term[-1], str) else ""
    if pattern.ignore_case:
        lead, tail, first, last = map(ascii_lower, (lead, tail, first, last))
        literals = [ascii_lower(part) for part in literals]
    if not pattern.wild and not all(part in lead for part in literals):
        return False
    return (lead.startswith(first) or first.startswith(lead)) and (tail.endswith(last) or last.endswith(tail))


@lru_cache(maxsize=4096)
def longest(term: Term) -> int:
    """The most characters a text of the term can have."""
    return sum(len(part) if isinstance(part, str) else _longest_value(part) for part in term)


def _longest_value(slot: Slot) -> int:
    values = slot.variable.values
    most = slot.variable.maximum if values is None else max(map(len, values))
    return 3 * most if slot.encoded else most


@lru_cache(maxsize=1 << 14)
def union(term: Term, languages: tuple[Language, ...]) -> tuple[Box, ...] | None:
    """The boxes in which `term` lies in some of `languages`, those that differ in one exact value joined.

    Two thousand listed subjects of one organisation become one box whose `repo` is one of two thousand names.
    None past the budget.
    """
    boxes: dict[Box, None] = {}
    for language in languages:
        found = _boxes(term, language).boxes
        if found is None:
            return None
        boxes.update(dict.fromkeys(found))
    if len(boxes) < 2:
        return tuple(boxes)
    slots = dict.fromkeys(part.variable for part in term if isinstance(part, Slot))
    current = [dict(box) for box in boxes if len({v for v, _ in box}) == len(box)]
    twice = [box for box in boxes if len({v for v, _ in box}) != len(box)]
    for variable in slots:
        current = _joined(current, variable)
    return (*(frozenset(box.items()) for box in current), *twice)


def _joined(boxes: list[dict[Variable, Language]], variable: Variable) -> list[dict[Variable, Language]]:
    groups: dict[object, list[dict[Variable, Language]]] = {}
    for place, box in enumerate(boxes):
        exact = _values(box.get(variable))
        rest = frozenset((v, language) for v, language in box.items() if v is not variable)
        groups.setdefault(place if exact is None else (rest, exact.ignore_case), []).append(box)
    joined: list[dict[Variable, Language]] = []
    for group in groups.values():
        if len(group) == 1:
            joined.append(group[0])
            continue
        sets = [exact for box in group if (exact := _values(box[variable])) is not None]
        listed = ValueSet((value for exact in sets for value in exact.values), ignore_case=sets[0].ignore_case)
        joined.append({**group[0], variable: listed})
    return joined


def _values(language: Language | None) -> ValueSet | None:
    """A language that is a finite set of whole values, as such."""
    if isinstance(language, ValueSet):
        return language
    if isinstance(language, Pattern) and not language.wild and not language.encoded:
        return ValueSet((language.lead,), ignore_case=language.ignore_case)
    return None if language is None or language.literal is None else ValueSet((language.literal,))


def _split(term: Term, part: int, pattern: Pattern, position: int) -> Iterator[Box | None]:
    """Boxes in which `term[part:]` matches `pattern` from `position` on; None for each way that fails."""
    if part == len(term):
        if all(token is Wild.STAR for token in pattern.tokens[position:]):
            yield frozenset()
        else:
            yield None
        return
    piece = term[part]
    if isinstance(piece, str):
        for reached in _after(pattern, position, piece):
            yield from _split(term, part + 1, pattern, reached)
        return
    for end in _ends(pattern, position, piece):
        own: Box | None = None  # built only once something behind it matches: most ends lead nowhere
        for rest in _split(term, part + 1, pattern, end):
            if rest is None:
                yield None
                continue
            if own is None:
                own = _share(pattern, position, end, piece)
            yield own | rest


def _after(pattern: Pattern, position: int, text: str) -> list[int]:
    """The positions where the pattern can stand after consuming the literal `text` from `position`."""
    tokens = pattern.tokens
    states = {position}
    for char in text:
        moved: set[int] = set()
        for state in states:
            on_star = state < len(tokens) and tokens[state] is Wild.STAR
            if on_star:
                moved.add(state)
            following = state + 1 if on_star else state
            if following < len(tokens) and _same(pattern, tokens[following], char):
                moved.add(following + 1)
        states = moved
    # A position right behind a star is contained in the position on the star.
    return sorted(s for s in states if not (s and tokens[s - 1] is Wild.STAR and s - 1 in states))


def _same(pattern: Pattern, token: str | Wild, char: str) -> bool:
    if isinstance(token, Wild):
        return True  # one character of a star is covered by staying on it; `?` takes any one
    return token == char or (pattern.ignore_case and char.isascii() and token.lower() == char.lower())


def _share(pattern: Pattern, begin: int, end: int, slot: Slot) -> Box:
    """What the variable must hold to consume the pattern from `begin` to `end`."""
    star = end < len(pattern.tokens) and pattern.tokens[end] is Wild.STAR
    inner = pattern.slice(begin, end, star=star, encoded=slot.encoded)
    return frozenset() if inner.universal else frozenset(((slot.variable, inner),))


def _ends(pattern: Pattern, begin: int, slot: Slot) -> Iterator[int]:
    """Every position at which a variable can leave the pattern that it entered at `begin`.

    Leaving *on* a star gives the star to both sides. Leaving right behind a star is left out: leaving on it says more.
    """
    tokens = pattern.tokens
    variable = slot.variable
    room = _longest_value(slot)
    empty = variable.minimum == 0 if variable.values is None else "" in variable.values
    for end in range(begin, len(tokens) + 1):
        on_star = end < len(tokens) and tokens[end] is Wild.STAR
        behind_star = end > begin and tokens[end - 1] is Wild.STAR
        if not behind_star and (end > begin or on_star or empty):
            yield end
        if end < len(tokens):
            token = tokens[end]
            if isinstance(token, str) and not _possible(pattern, token, slot):
                return  # no value holds this character, so no longer share is possible
            room -= token is not Wild.STAR
            if room < 0:
                return  # no value is that long


def _possible(pattern: Pattern, char: str, slot: Slot) -> bool:
    variable = slot.variable
    if variable.values is not None:
        return True
    if slot.encoded:
        in_code = char in "%3A" or (pattern.ignore_case and char == "a")
        return char != ":" and (in_code or _in(pattern, char, variable))
    return _in(pattern, char, variable)


def _in(pattern: Pattern, char: str, variable: Variable) -> bool:
    if char in variable.characters:
        return True
    return pattern.ignore_case and char.isascii() and (char.swapcase() in variable.characters)
