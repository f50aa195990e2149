"""Bugs planted in automata, expressions, boxes and derived texts, each of which a property must notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from auditor.claims import alphabet, automaton_boxes, origins, variables
from auditor.claims.languages import automaton, built, characters, globs, program, regex, syntax, tables
from auditor.claims.languages.automaton import Automaton
from auditor.claims.languages.language import Language
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.program import Gap
from tests.claims.languages import language_checks
from tests.claims.proof import forget

Check = Callable[[Random], None]
Plant = Callable[[pytest.MonkeyPatch], None]

CASES = 700
"""Random cases a property gets to find a bug; the slowest one found needs about 350."""


def _replaced(module: Any, name: str, new: Callable[[Any], Any]) -> Plant:
    """A function of a module replaced by what `new` makes of it."""
    return lambda patch: patch.setattr(module, name, new(getattr(module, name)))


def _ends_dropped(old: Any) -> Any:
    def part(own: Automaton, encoded: bool, begin: int, ends: frozenset[int]) -> Any:
        return (
            old(own, encoded, begin, frozenset(sorted(ends)[:1])) if len(ends) > 2 else old(own, encoded, begin, ends)
        )

    return part


def _no_fallback(search: Any) -> None:
    search.fallback = [0] * len(search.fallback)


def _naive_search(old: Any) -> Any:
    def init(self: Any, word: str) -> None:
        old(self, word)
        _no_fallback(self)

    return init


PLANTED: dict[str, tuple[Check, Plant]] = {
    "case is not ignored in lists": (
        language_checks.check_conversion,
        lambda patch: patch.setattr(built, "other_cases", frozenset),
    ),
    "equal states are not merged": (
        language_checks.check_algebra,
        _replaced(tables, "_blocks", lambda _: lambda rows, accepting: list(range(len(rows)))),
    ),
    "states that moved are not looked at again": (
        language_checks.check_smallest,
        lambda patch: patch.setattr(tables, "_blocks", _once),
    ),
    "a concatenation forgets where it stands": (
        language_checks.check_algebra,
        _replaced(automaton, "_concatenation", lambda old: lambda one, other: old(one, other).union(other)),
    ),
    "a replacement is left out": (
        language_checks.check_parts,
        _replaced(automaton, "replaced", lambda old: lambda own, new: old(own, dict(list(new.items())[:1]))),
    ),
    "s and k fold as ASCII only": (
        language_checks.check_regex,
        _replaced(syntax, "folded", lambda old: lambda chars: tuple(s for s in old(chars) if s[0] < 128)),
    ),
    "a newline is like any character": (
        language_checks.check_regex,
        lambda patch: patch.setattr(syntax, "DOT", syntax.ANY),
    ),
    "a line ends like a text": (
        language_checks.check_regex,
        lambda patch: patch.setitem(program._ASKS, syntax.Place.LINE_END, Gap.TEXT_END),
    ),
    "boundaries are not told from their opposite": (
        language_checks.check_regex,
        lambda patch: patch.setitem(program._ASKS, syntax.Place.NO_BOUNDARY, Gap.BOUNDARY),
    ),
    "pairs of surrogates are cut": (
        language_checks.check_regex,
        _replaced(program, "_pair", lambda old: lambda point: (old(point)[0], old(point)[1] ^ 1)),
    ),
    "spaces include the vertical tab and newlines do not count": (
        language_checks.check_regex,
        lambda patch: patch.setitem(characters.PERL, "s", ((9, 9), (32, 32))),
    ),
    "globs speak for texts with newlines": (
        language_checks.check_regex,
        _replaced(regex, "globs", lambda old: lambda tree, search: _bold(old(tree, search=search))),
    ),
    "a single dot is a code unit": (
        language_checks.check_regex,
        lambda patch: patch.setattr(globs._Reading, "_note_runs", lambda _, tokens: None),
    ),
    "groups may be repeated a million times": (
        language_checks.check_syntax,
        lambda patch: patch.setattr(syntax, "MAX_REPEAT", 10**6),
    ),
    "an escape is what it escapes": (
        language_checks.check_syntax,
        lambda patch: patch.setattr(
            syntax, "_ESCAPES", {c: ord(c) for c in "abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}
        ),
    ),
    "some ends of a variable are forgotten": (
        language_checks.check_boxes,
        _replaced(automaton_boxes, "_part", _ends_dropped),
    ),
    "a colon in a value is not written in code": (
        language_checks.check_boxes,
        lambda patch: patch.setattr(automaton_boxes, "_ENCODING", {}),
    ),
    "globs are trusted with every variable": (
        language_checks.check_boxes,
        lambda patch: patch.setattr(automaton_boxes, "valid_for", lambda globs, variable: True),
    ),
    "any pattern will do": (
        language_checks.check_boxes,
        _replaced(automaton_boxes, "_largest", lambda _: lambda left, own, everything: Pattern.glob("*")),
    ),
    "what is to be avoided is not": (
        language_checks.check_inhabitant,
        lambda patch: patch.setattr(variables, "as_inside", _as_inside),
    ),
    "only readable characters are tried": (
        language_checks.check_inhabitant,
        _replaced(variables, "classes_of", lambda old: lambda chars, own: [c for c in old(chars, own) if c.isalpha()]),
    ),
    "a search does not fall back": (
        language_checks.check_texts,
        lambda patch: patch.setattr(origins._Search, "__init__", _naive_search(origins._Search.__init__)),
    ),
    "a missing suffix runs to the end": (
        language_checks.check_texts,
        _replaced(origins, "of_extract", lambda old: lambda inner, before, behind: old(inner, before, "")),
    ),
    "one replacement too many": (
        language_checks.check_texts,
        _replaced(origins, "of_replace", lambda old: lambda inner, a, b, limit: old(inner, a, b, limit + (limit > 0))),
    ),
    "a limit of pieces is ignored": (
        language_checks.check_texts,
        _replaced(origins, "of_piece", lambda old: lambda inner, a, index, limit: old(inner, a, index, -1)),
    ),
    "positions count code units": (
        language_checks.check_texts,
        lambda patch: patch.setattr(origins, "_HALVES", tables.WHOLE),
    ),
    "space is blank": (
        language_checks.check_texts,
        lambda patch: patch.setattr(origins, "WHITE_SPACE", frozenset("\t")),
    ),
}


def _once(rows: list[tuple[int, ...]], accepting: list[int]) -> list[int]:
    """One round of telling states apart; a class whose states differ afterwards is cut into states."""
    signatures = [
        (state in accepting, *(following in accepting for following in row)) for state, row in enumerate(rows)
    ]
    blocks = [signatures.index(signature) for signature in signatures]
    rows_of = [tuple(blocks[following] for following in row) for row in rows]
    alike = [len({rows_of[other] for other, block in enumerate(blocks) if block == own}) == 1 for own in blocks]
    return [block if same else state for state, (block, same) in enumerate(zip(blocks, alike, strict=True))]


def _bold(found: Any) -> Any:
    return None if found is None else replace(found, no_newline=False)


def _as_inside(inside: frozenset[Language], outside: frozenset[Language]) -> Any:
    return alphabet.as_inside(inside, frozenset(language for language in outside if not alphabet.ranged(language)))


@pytest.fixture(autouse=True)
def _fresh_memos() -> Iterator[None]:
    forget()
    yield
    forget()


def run(check: Check, cases: int) -> None:
    """Raises AssertionError at the first case in which the property does not hold."""
    for seed in range(cases):
        check(Random(seed))


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_noticed(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check, plant = PLANTED[bug]
    plant(monkeypatch)
    with pytest.raises((AssertionError, KeyError)):  # a crash is noticed as well
        run(check, CASES)


@pytest.mark.parametrize(
    "check", dict.fromkeys(check for check, _ in PLANTED.values()), ids=lambda check: check.__name__
)
def test_without_a_bug_nothing_is_noticed(check: Check) -> None:
    run(check, 60)
