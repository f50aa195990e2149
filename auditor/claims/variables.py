"""Is there a value of this variable inside all these languages and outside all those? The one place that decides it.

Guess and check finds nearly every answer; an exact breadth-first search over the product of the automata decides the
rest. The search walks *classes* of characters (those some language tells apart, and one stand-in for all others).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from auditor.claims.grammar import Variable
from auditor.claims.pattern import Language, Pattern, State, ValueSet, Wild
from auditor.claims.work import Work
from auditor.errors import BudgetExceededError

SEARCH_BUDGET = 200_000
"""Steps of one automaton by one character that a search may make: about 0.2 s."""

STEPS_PER_TEST = 5
"""How many such steps cost as much as one test of a search (see `work`)."""

_STAND_INS = "xyzabcdefghijklmnopqrstuvwXYZABCDEFGHIJKLMNOPQRSTUVW0123456789-_.~" + "\u0436\u0448\u00e9\u4e2d\u6587"


def inhabitant(
    variable: Variable, inside: frozenset[Language], outside: frozenset[Language], work: Work | None = None
) -> str | None:
    """A readable value of `variable` in every language of `inside` and none of `outside`; None when there is none.

    The same value for the same question, whatever the order of the sets. Raises `BudgetExceededError`, also when it
    costs more than `work` has left.
    """
    found = _found(variable, inside, outside)
    if work is not None:
        work.spend_once((variable, inside, outside), found.cost)
    if found.exceeded:
        raise BudgetExceededError(f"no value of {variable.name} found within {SEARCH_BUDGET:,} steps")
    return found.value


@dataclass(frozen=True, slots=True)
class _Found:
    value: str | None
    cost: int
    exceeded: bool = False


@lru_cache(maxsize=1 << 18)
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
    for guess in _guesses(variable, in_order(inside)):
        if fits(guess):
            return _Found(guess, tests)
    return _shortest(variable, inside, outside)


def _guesses(variable: Variable, inside: list[Language]) -> Iterator[str]:
    """Hints, and the patterns themselves with their wildcards filled by hints."""
    if not inside:
        yield from variable.hints
        return
    patterns = [language for language in inside if isinstance(language, Pattern)]
    for language in inside:
        if isinstance(language, ValueSet):
            yield from sorted(language.values)
        elif isinstance(language, Pattern):
            yield from _filled(language, variable.hints)
    yield from variable.hints
    if len(patterns) > 1:  # `*a*` and `*b*`: both at once
        yield "".join(next(_filled(pattern, ("",))) for pattern in patterns)


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


def in_order(languages: frozenset[Language]) -> list[Language]:
    """The languages in an order that is the same in every process."""
    return sorted(languages, key=lambda language: language.order)


def _shortest(variable: Variable, inside: frozenset[Language], outside: frozenset[Language]) -> _Found:
    languages = [*in_order(inside), *in_order(outside), *variable.exclusions]
    wanted = [True] * len(inside) + [False] * (len(outside) + len(variable.exclusions))
    told_apart = frozenset().union(*(language.letters for language in languages))
    letters = sorted(char for char in told_apart if char in variable.characters)
    stand_in = _stand_in(variable, told_apart)
    alphabet = letters if stand_in is None else [stand_in, *letters]

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
            if want and (state == 0 or state is None):
                return False
            if trap and language.accepts(state):
                return False
        return True

    start = tuple(language.start for language in languages)
    if good(start, 0):
        return _Found("", 1)
    # A word's length matters only up to the minimum; the shortest word found is what the maximum is compared with.
    level: dict[tuple[tuple[State, ...], int], str] = {(start, 0): ""}
    seen = set(level)
    steps = 0
    for length in range(1, variable.maximum + 1):
        following: dict[tuple[tuple[State, ...], int], str] = {}
        counted = min(length, variable.minimum)
        for (states, _), word in level.items():
            steps += len(alphabet) * len(languages)
            if steps > SEARCH_BUDGET:
                return _Found(None, steps // STEPS_PER_TEST, exceeded=True)
            for char in alphabet:
                stepped = tuple(lang.step(state, char) for lang, state in zip(languages, states, strict=True))
                if (stepped, counted) in seen or not alive(stepped):
                    continue
                if good(stepped, length):
                    return _Found(word + char, steps // STEPS_PER_TEST)
                seen.add((stepped, counted))
                following[stepped, counted] = word + char
        if not following:
            break
        level = following
    return _Found(None, steps // STEPS_PER_TEST)
