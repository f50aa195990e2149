"""Is there a value of this variable inside all these languages and outside all those? The one place that decides it.

Guess and check finds nearly every answer; an exact breadth-first search over the product of the automata decides the
rest. The search walks *classes* of characters (those some language tells apart, and one stand-in for all others).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from auditor.claims.alphabet import as_inside, classes_of, ranged
from auditor.claims.grammar import Variable
from auditor.claims.languages.language import Language, State
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.regex import Regex
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.work import Work
from auditor.errors import BudgetExceededError

SEARCH_BUDGET = 200_000
"""Steps of one automaton by one character that a search may make: about 0.2 s."""

STEPS_PER_TEST = 5
"""How many such steps cost as much as one test of a search (see `work`)."""

GUESSES_PER_TEST = 3
"""How many guesses cost as much as one test for each language."""

_STAND_INS = "xyzabcdefghijklmnopqrstuvwXYZABCDEFGHIJKLMNOPQRSTUVW0123456789-_.~" + "\u0436\u0448\u00e9\u4e2d\u6587"


def inhabitant(
    variable: Variable, inside: frozenset[Language], outside: frozenset[Language], work: Work | None = None
) -> str | None:
    """A readable value of `variable` in every language of `inside` and none of `outside`; None when there is none.

    The same value for the same question, whatever the order of the sets. Raises `BudgetExceededError`, also when it
    costs more than `work` has left.
    """
    if not inside and not outside and variable.natural is not None:
        return variable.natural
    found = _found(variable, inside, outside)
    if work is not None:
        work.spend_once((variable, inside, outside), found.cost)
    if found.exceeded:
        raise BudgetExceededError(f"no value of {variable.name} found within {SEARCH_BUDGET:,} steps")
    return found.value


def shortest(variable: Variable, inside: frozenset[Language], outside: frozenset[Language], work: Work) -> str | None:
    """The same, but a value with the fewest UTF-16 code units."""
    if variable.values is not None:
        order = sorted(variable.values, key=lambda value: (len(value), value))
        each = ((v, inhabitant(variable, inside | {Pattern(v)}, outside, work)) for v in order)
        return next((value for value, found in each if found is not None), None)
    found = _shortest(variable, inside, outside)
    work.spend_once((variable, inside, outside, "shortest"), found.cost)
    if found.exceeded:
        raise BudgetExceededError(f"no shortest value of {variable.name} found within {SEARCH_BUDGET:,} steps")
    return found.value


class Minted:
    """The language of everything a variable can hold: what its twin must be able to hold as well."""

    __slots__ = ("letters", "literal", "order", "variable")

    variable: Variable
    letters: frozenset[str]
    literal: str | None
    order: str

    def __init__(self, variable: Variable) -> None:
        self.variable = variable
        listed = "".join(variable.values) if variable.values is not None else variable.characters.chars
        self.letters = frozenset(listed).union(*(shape.letters for shape in variable.exclusions))
        self.literal = variable.values[0] if variable.values is not None and len(variable.values) == 1 else None
        self.order = f"\x00/m{variable.name}"

    @property
    def start(self) -> State:
        if self.variable.values is not None:
            return ""
        return 0, *(shape.start for shape in self.variable.exclusions)

    def step(self, state: State, char: str, /) -> State:
        """The text so far, or its length and where it stands in each exclusion; None once no value begins like it."""
        variable = self.variable
        if isinstance(state, str):
            text = state + char
            return text if any(value.startswith(text) for value in variable.values or ()) else None
        if not isinstance(state, tuple) or char not in variable.characters or state[0] == variable.maximum:
            return None
        pairs = zip(variable.exclusions, state[1:], strict=True)
        return state[0] + 1, *(shape.step(place, char) for shape, place in pairs)

    def accepts(self, state: State, /) -> bool:
        if isinstance(state, str):
            return state in (self.variable.values or ())
        if not isinstance(state, tuple) or state[0] < self.variable.minimum:
            return False
        return not any(s.accepts(place) for s, place in zip(self.variable.exclusions, state[1:], strict=True))

    def matches(self, text: str, /) -> bool:
        return self.variable.contains(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Minted) and self.variable is other.variable

    def __hash__(self) -> int:
        return hash(self.variable)

    def __str__(self) -> str:
        return f"any {self.variable.name}"


@dataclass(frozen=True, slots=True)
class _Found:
    value: str | None
    cost: int
    exceeded: bool = False


@lru_cache(maxsize=1 << 13)
def _found(variable: Variable, inside: frozenset[Language], outside: frozenset[Language]) -> _Found:
    tests = 1 + len(inside) + len(outside)

    def fits(text: str) -> bool:
        return (
            variable.contains(text)
            and all(language.matches(text) for language in inside)
            and not any(language.matches(text) for language in outside)
        )

    if variable.values is not None:
        return _Found(next((value for value in variable.values if fits(value)), None), tests)
    for language in inside:
        if language.literal is not None:
            return _Found(language.literal if fits(language.literal) else None, tests)
    finite = [language.values for language in inside if isinstance(language, ValueSet) and not language.ignore_case]
    if finite:
        values = sorted(frozenset.intersection(*finite))
        return _Found(next((value for value in values if fits(value)), None), tests + len(values))
    if any(map(variable.excludes, inside)):
        return _Found(None, tests)
    guessed = 0
    for guessed, guess in enumerate(dict.fromkeys(_guesses(variable, in_order(inside)))):
        if fits(guess):
            return _Found(guess, tests * (1 + guessed // GUESSES_PER_TEST))
    found = _shortest(variable, inside, outside)
    return replace(found, cost=found.cost + tests * (1 + guessed // GUESSES_PER_TEST))


def _guesses(variable: Variable, inside: list[Language]) -> Iterator[str]:
    """Hints, and the patterns themselves with their wildcards filled by hints."""
    if not inside:
        yield from variable.hints
        return
    patterns = [language for language in inside if isinstance(language, Pattern)]
    for language in sorted(inside, key=_alternatives):
        if isinstance(language, ValueSet):
            yield from sorted(language.values)
        elif isinstance(language, Pattern):
            yield from _filled(language, variable.hints)
        elif isinstance(language, Regex) and language.globs is not None:
            for pattern in language.globs.patterns:
                yield from _filled(pattern, variable.hints)
    yield from variable.hints
    if len(patterns) > 1:  # `a*`, `*b*` and `*c`: all at once
        yield from _together(sorted(patterns, key=_place))


def _place(pattern: Pattern) -> int:
    """Where in a text that matches several patterns this one's literals stand: first, anywhere, last."""
    if pattern.tokens[:1] != (Wild.STAR,):
        return 0
    return 1 if pattern.tokens[-1:] == (Wild.STAR,) else 2


def _together(patterns: list[Pattern]) -> Iterator[str]:
    """What all of them want, one after the other; then the same with an `x` between them and where an end is open.

    No branch is called `.yml@/feature/`, but one may be `x.yml@x/feature/x`.
    """
    bodies = [next(_filled(pattern, ("",))) for pattern in patterns]
    yield "".join(bodies)
    begin = "x" if patterns[0].tokens[:1] == (Wild.STAR,) else ""
    end = "x" if patterns[-1].tokens[-1:] == (Wild.STAR,) else ""
    yield begin + "x".join(bodies) + end


def _alternatives(language: Language) -> int:
    return len(language.values) if isinstance(language, ValueSet) else 0


def _filled(pattern: Pattern, hints: tuple[str, ...]) -> Iterator[str]:
    """`acme*` reads best as `acme-evil`, `*/app` as `evil-org/app`: fill the open ends, leave inner stars empty."""
    body = ["x" if token is Wild.ANY_CHAR else "" if isinstance(token, Wild) else token for token in pattern.tokens]
    open_end = len(body) > 1 and pattern.tokens[-1] is Wild.STAR
    open_begin = bool(body) and pattern.tokens[0] is Wild.STAR
    for hint in (*hints[1:], *hints[:1]):
        text = "".join(body)
        if open_end:
            text += f"-{hint}" if text[-1:].isalnum() else hint
        elif open_begin:
            text = hint + text
        yield text.replace("%3A", ":") if pattern.encoded else text
        if open_end and open_begin:
            yield hint + text
    # `*/a/*/b` where `//` and a leading `/` are impossible: fill the inner stars as well
    yield "".join(hints[-1] if token is Wild.STAR else part for part, token in zip(body, pattern.tokens, strict=True))


def _stand_in(variable: Variable, letters: frozenset[str]) -> str | None:
    """A character the variable admits and no language tells apart, readable where there is one; never a surrogate."""
    characters = variable.characters
    readable = next((c for c in _STAND_INS if c in characters and c not in letters), None)
    if readable is not None:
        return readable
    if not characters.negated:
        return min(characters.chars - letters, default=None)
    # Only finitely many characters are excluded or told apart, so one of the next few thousand is neither.
    return next(c for c in map(chr, range(0x4E00, 0xD7FF)) if c in characters and c not in letters)


def _alphabet(variable: Variable, languages: list[Language]) -> list[str]:
    """The characters that a search must try: one of every class."""
    if any(map(ranged, languages)):
        return classes_of(variable.characters, languages)
    told_apart = frozenset().union(*(language.letters for language in languages))
    letters = sorted(char for char in told_apart if char in variable.characters)
    stand_in = _stand_in(variable, told_apart)
    return letters if stand_in is None else [stand_in, *letters]


def in_order(languages: frozenset[Language]) -> list[Language]:
    """The languages in an order that is the same in every process."""
    return sorted(languages, key=lambda language: language.order)


@lru_cache(maxsize=1 << 12)
def _shortest(variable: Variable, inside: frozenset[Language], outside: frozenset[Language]) -> _Found:
    inside, outside = as_inside(inside, outside)
    languages = [*in_order(inside), *in_order(outside), *variable.exclusions]
    wanted = [True] * len(inside) + [False] * (len(outside) + len(variable.exclusions))
    alphabet = _alphabet(variable, languages)
    halves = any(_high(char) or _low(char) for char in alphabet)

    def good(states: tuple[State, ...], length: int) -> bool:
        return length >= variable.minimum and all(
            language.accepts(state) is want for language, state, want in zip(languages, states, wanted, strict=True)
        )

    # Once in `x*`, always in `x*`: a word inside an unwanted language of that form has no continuation that is free.
    traps = [
        not want and isinstance(language, Pattern) and language.tokens[-1:] == (Wild.STAR,)
        for language, want in zip(languages, wanted, strict=True)
    ]

    def alive(states: tuple[State, ...]) -> bool:
        for language, state, want, trap in zip(languages, states, wanted, traps, strict=True):
            if want and state is None:
                return False
            if trap and language.accepts(state):
                return False
        return True

    start = tuple(language.start for language in languages)
    if good(start, 0):
        return _Found("", 1)
    # A word's length matters only up to the minimum; the shortest word found is what the maximum is compared with.
    level: dict[tuple[tuple[State, ...], int, bool], str] = {(start, 0, False): ""}
    seen = set(level)
    steps = 0
    for length in range(1, variable.maximum + 1):
        following: dict[tuple[tuple[State, ...], int, bool], str] = {}
        counted = min(length, variable.minimum)
        for (states, _, _), word in level.items():
            steps += len(alphabet) * len(languages)
            if steps > SEARCH_BUDGET:
                return _Found(None, steps // STEPS_PER_TEST, exceeded=True)
            for char in alphabet:
                if halves and _low(char) is not _high(word[-1:]):
                    continue  # half a character is nothing a claim can hold
                stepped = tuple(lang.step(state, char) for lang, state in zip(languages, states, strict=True))
                key = stepped, counted, _high(char)
                if key in seen or not alive(stepped):
                    continue
                if good(stepped, length) and not _high(char):
                    return _Found(word + char, steps // STEPS_PER_TEST)
                seen.add(key)
                following[key] = word + char
        if not following:
            break
        level = following
    return _Found(None, steps // STEPS_PER_TEST)


def _high(char: str) -> bool:
    """The first half of a character beyond the basic plane."""
    return "\ud800" <= char < "\udc00"


def _low(char: str) -> bool:
    """The second half of one."""
    return "\udc00" <= char < "\ue000"
