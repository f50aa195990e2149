"""Flexible expressions → predicates: what every reading of the documentation accepts, and what some reading does.

Microsoft leaves corners open: letter case, the empty `*`, doubled quotes, backslashes, one claim named twice. A test
becomes `certain OR (Unknown(point) AND possible)`, so that somebody is let in only where each reading lets him in, and
kept out only where each keeps him out. A point is left away where no token of the issuer tells the readings apart.
Taken as given: a pattern matches the whole value, and a test on a missing claim fails.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from auditor.claims.box import Box
from auditor.claims.boxes import decompose
from auditor.claims.canonical import canonical
from auditor.claims.grammar import Grammar, Shape, Term, Variable
from auditor.claims.languages.language import Language, other_cases, units
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.pattern import Token as Letter
from auditor.claims.predicate import Match, Predicate, Unknown, conjunction, disjunction
from auditor.claims.solver import solve
from auditor.claims.templates import solve_templated
from auditor.claims.variables import inhabitant
from auditor.claims.verdict import Rejected
from auditor.errors import BudgetExceededError
from auditor.providers.azure.expressions import Comparison, Expression, Operator

_ANY: Final = frozenset(Operator)
_EQ: Final = frozenset((Operator.EQ,))

SUPPORTED: Final[Sequence[tuple[re.Pattern[str], Mapping[str, frozenset[Operator]]]]] = (
    (
        re.compile(r"https://token\.actions\.githubusercontent\.com"),
        {"sub": _ANY, "job_workflow_ref": _ANY, "repository_id": _EQ, "repository_owner_id": _EQ},
    ),
    (
        re.compile(r"https://gitlab\.(?:[A-Za-z0-9.-]+\.)?(?:com|ca)"),
        {"sub": _ANY, "project_id": _EQ, "namespace_id": _EQ, "user_id": _EQ},
    ),
    (re.compile(r"https://app\.(?:eu\.)?terraform\.io"), {"sub": _ANY}),
)
"""Issuers of which expressions are accepted; claim → operators (Microsoft: "Flexible federated identity credentials",
"Supported issuers, claims and operators")."""

CASE: Final = "whether an expression compares letter case is not documented"
EMPTY: Final = "whether `*` in an expression also stands for nothing at all is not documented"
QUOTE: Final = "what two quotes in a row mean in an expression is not documented"
ESCAPE: Final = "what a backslash before a wildcard means in an expression is not documented"
TWICE: Final = "which test counts where an expression tests one claim twice is not documented"
WHOLE: Final = "patterns are taken to match the whole value"
"""The one assumption without which nothing could be closed: the examples of the documentation end in `*`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One test, compiled."""

    test: Comparison
    predicate: Predicate
    points: tuple[str, ...]
    """The undocumented points on which it depends what it accepts."""


MOST_TESTS: Final = 32
"""Tests of an expression that are looked into; nobody writes more than four."""


def unsupported(expression: Expression, url: str) -> str | None:
    """Why the documentation says nothing about what the expression does for this issuer; None where it does."""
    if len(expression.tests) > MOST_TESTS:
        return f"budget: an expression of more than {MOST_TESTS} tests was not looked into"
    claims = next((claims for issuer, claims in SUPPORTED if issuer.fullmatch(url)), None)
    if claims is None:
        return f"flexible expressions are not documented for tokens of {url}"
    for test in expression.tests:
        if test.claim not in claims:
            return f"the claim {test.claim!a} is not documented for flexible expressions about {url}"
        if test.operator not in claims[test.claim]:
            return f"the operator {test.operator} is not documented for the claim {test.claim}"
    return None


def readings(expression: Expression, grammar: Grammar) -> tuple[Reading, ...]:
    """Every test of an expression that is `supported`, for tokens of `grammar`."""
    alone = [_reading(test, grammar) for test in expression.tests]
    found: list[Reading] = []
    for one in alone:
        others = [other for other in alone if other is not one and other.test.claim == one.test.claim]
        if not others:
            found.append(one)
            continue
        # Should the last test count, or the first, then this one may not matter.
        instead = disjunction(other.predicate for other in others)
        predicate = disjunction((one.predicate, conjunction((Unknown(TWICE), instead))))
        found.append(Reading(one.test, predicate, (*one.points, TWICE)))
    return tuple(found)


def _reading(test: Comparison, grammar: Grammar) -> Reading:
    exact = _exact(test)
    possible = [Pattern(tokens) for tokens in _spelled(test)]
    quoted, escaped = "'" in test.comparand, len(possible) > 1
    points: list[str] = []
    parts: list[Predicate] = []
    if quoted or escaped:
        points += [point for point, there in ((QUOTE, quoted), (ESCAPE, escaped)) if there]
        parts += [conjunction((Unknown(points[0]), Match(test.claim, pattern))) for pattern in possible]
    elif test.operator is Operator.MATCHES and (
        "**" in test.comparand or _told_apart(test.claim, possible[0], grammar)
    ):
        points.append(EMPTY)
        parts += [Match(test.claim, exact), conjunction((Unknown(EMPTY), Match(test.claim, possible[0])))]
    else:
        parts.append(Match(test.claim, possible[0]))
    case = max(_case(test.claim, pattern, grammar) for pattern in possible)
    if case is not Case.NOTHING:
        points.append(CASE)
    if case is Case.OPEN:
        ignoring = (Match(test.claim, _ignoring(pattern)) for pattern in possible)
        parts.append(conjunction((Unknown(CASE), disjunction(ignoring))))
    return Reading(test, disjunction(parts), tuple(points))


def _exact(test: Comparison) -> Pattern:
    """What every reading takes: letter by letter, at least one character for a star."""
    if test.operator is Operator.EQ:
        return Pattern.exactly(test.comparand)
    tokens: list[Letter] = []
    for char in units(test.comparand):
        if char == "*":
            tokens += (Wild.ANY_CHAR, Wild.STAR)
        else:
            tokens.append(Wild.ANY_CHAR if char == "?" else char)
    return Pattern(tokens)


_CAPITALS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_WILD: Final[Mapping[str, Letter]] = {"*": Wild.STAR, "?": Wild.ANY_CHAR}


def _spelled(test: Comparison) -> list[list[Letter]]:
    """The tokens of the comparand, and once more with backslashes as escapes where that makes a difference."""
    text = units(test.comparand)
    if test.operator is Operator.EQ:
        return [list(text)]
    plain: list[Letter] = [_WILD.get(char, char) for char in text]
    if not re.search(r"\\[*?\\']", text):
        return [plain]
    escaped = re.finditer(r"\\([*?\\'])|(.)", text, re.DOTALL)
    return [plain, [found[1] if found[1] is not None else _WILD.get(found[2], found[2]) for found in escaped]]


def _ignoring(pattern: Pattern) -> Pattern:
    """The same in any letter case; what folds beyond ASCII is left open, and may be of another length."""

    def folded(token: Letter) -> Letter:
        odd = isinstance(token, str) and not token.isascii() and (token.lower() != token or token.upper() != token)
        return Wild.STAR if odd else token

    return Pattern(map(folded, pattern.tokens), ignore_case=True)


MOST_STARS: Final = 8
"""Stars of a pattern that are looked at one by one."""


def _told_apart(claim: str, possible: Pattern, grammar: Grammar) -> bool:
    """Whether some token of `grammar` may fit `possible` with nothing where a star stands.

    Tokens of undocumented forms prove nothing in any case, so that it is enough if `possible` is right about them.
    """
    stars = [place for place, token in enumerate(possible.tokens) if token is Wild.STAR]
    if not stars or possible.universal:
        return False  # no claim is empty
    if len(stars) > MOST_STARS:
        return True
    without = (Pattern((*possible.tokens[:place], *possible.tokens[place + 1 :])) for place in stars)
    shapes = tuple(shape for shape in grammar.shapes if shape.certain)
    asked = disjunction(Match(claim, pattern) for pattern in without)
    alike, _ = canonical(asked, grammar, shapes)  # expressions that differ in names only are asked about once
    return _minted(alike, grammar, shapes)


@lru_cache(maxsize=1 << 12)
def _minted(predicate: Predicate, grammar: Grammar, shapes: tuple[Shape, ...]) -> bool:
    """Whether some token satisfies `predicate`, or may."""
    answers = (solve(predicate, grammar, shapes), solve_templated(predicate, grammar))
    return not all(isinstance(answer, Rejected) for answer in answers)


class Case(enum.IntEnum):
    """What it would mean for a pattern if letter case were ignored."""

    NOTHING = 0
    """Nothing but other spellings of names that the platform itself takes for the same."""
    NAMES = 1
    """Besides, other spellings of tenants and projects. A reading that ignores case names those as well: nobody gets in
    who is not named."""
    OPEN = 2
    """Somebody else may get in."""


@lru_cache(maxsize=1 << 12)
def _case(claim: str, pattern: Pattern, grammar: Grammar) -> Case:
    """What may vary in case in all the ways the issuer's tokens fit the pattern.

    Small letters elsewhere are those of the issuer's own words, which never come otherwise.
    """
    ignoring = _ignoring(pattern)
    if ignoring.tokens != pattern.tokens or not _own_words_are_small(grammar, claim):
        return Case.OPEN
    if not any(isinstance(token, str) and len(other_cases(token)) > 1 for token in pattern.tokens):
        return Case.NOTHING
    found: list[Case] = []
    for term in {shape.claims[claim] for shape in grammar.shapes if claim in shape.claims}:
        try:
            found += _cases(term, pattern, ignoring)
        except BudgetExceededError:
            return Case.OPEN
    return max(found, default=Case.OPEN)


def _cases(term: Term, pattern: Pattern, ignoring: Pattern) -> Iterator[Case]:
    """The same for one form of the claim. Raises `BudgetExceededError`."""
    exactly = {_folded(box): box for box in decompose(term, pattern)}
    for loose in decompose(term, ignoring):
        exact = exactly.get(_folded(loose))
        if exact is None:
            yield Case.OPEN
            continue
        empty = [variable for variable, language in exact if _none(variable, language)]
        if not empty:
            yield _case_of(exact, pattern)
        elif all(variable.controller != "platform" for variable in empty) and not any(_none(*part) for part in loose):
            yield Case.OPEN  # what the platform fills in itself has no other spelling


def _none(variable: Variable, language: Language) -> bool:
    return inhabitant(variable, frozenset((language,)), frozenset()) is None


def _folded(box: Box) -> frozenset[tuple[Variable, str]]:
    """A box, letter case aside."""
    return frozenset((variable, language.text.lower()) for variable, language in box if isinstance(language, Pattern))


_NAMING: Final = frozenset(("tenant", "tenant-id", "project", "project-id"))


def _case_of(box: Box, pattern: Pattern) -> Case:
    """In what the letters of a box stand. Capitals have to stand in names: the issuer's words have none."""
    capitals = sum(isinstance(token, str) and token.isupper() for token in pattern.tokens)
    worst = Case.NOTHING
    for variable, language in box:
        if not isinstance(language, Pattern):
            return Case.OPEN
        letters = [token for token in language.tokens if isinstance(token, str) and len(other_cases(token)) > 1]
        capitals -= sum(letter.isupper() for letter in letters)
        if letters and not (variable.ignore_case or _small(variable)):
            worst = max(worst, Case.NAMES if variable.dimension in _NAMING else Case.OPEN)
    return worst if capitals == 0 else Case.OPEN


@lru_cache(maxsize=4096)
def _small(variable: Variable) -> bool:
    """Whether no value of the variable has a capital."""
    if variable.values is not None:
        return all(value == value.lower() for value in variable.values)
    return not any(char in variable.characters for char in _CAPITALS)


@lru_cache(maxsize=1024)
def _own_words_are_small(grammar: Grammar, claim: str) -> bool:
    terms = [shape.claims[claim] for shape in grammar.shapes if claim in shape.claims]
    terms += [term for fragments in grammar.fragments.values() for term in fragments.values()]
    return all(part == part.lower() for term in terms for part in term if isinstance(part, str))
