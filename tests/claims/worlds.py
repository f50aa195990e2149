"""Small worlds: random grammars so tiny that every token can be listed, and random predicates over their claims."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product
from random import Random

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Term, Variable
from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern, Token, Wild
from auditor.claims.languages.regex import regex
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    ELEMENT,
    TRUE,
    AllValues,
    And,
    AnyValue,
    Constant,
    Exists,
    Match,
    Not,
    Or,
    Predicate,
    SameText,
    Unknown,
    conjunction,
    disjunction,
    negation,
)
from auditor.claims.predicate import Token as Claims
from tests.claims import naive

LETTERS = "abAB:/%3*?"
MOST_TOKENS = 1_500
FRESH = "z\n\u00e9\u4e2d\U0001f600"
"""Stands for all the characters no language of a small world names: one of each length, and the one that `.` is not."""


@dataclass(frozen=True)
class World:
    """A grammar and all its tokens."""

    grammar: Grammar
    tokens: tuple[tuple[Shape, Claims], ...]
    texts: tuple[str, ...]
    """Texts some claim has, for patterns that have a chance."""


def world(rng: Random, *, lists: bool = True) -> World:
    """A random grammar of one or two shapes with at most `MOST_TOKENS` tokens."""
    while True:
        variables = [_variable(rng, f"v{number}") for number in range(rng.randint(1, 3))]
        if not all(map(every_value, variables)):
            continue  # an issuer whose variable has no value mints nothing
        element = _variable(rng, "element", few=True) if lists and rng.random() < 0.45 else None
        shapes = tuple(_shape(rng, number, variables, element) for number in range(rng.choice((1, 1, 2))))
        grammar = Grammar({v.name: v for shape in shapes for v in shape.variables.values()}, shapes)
        tokens: list[tuple[Shape, Claims]] = []
        for shape in shapes:
            tokens.extend((shape, token) for token in every_token(shape, MOST_TOKENS + 1))
        if len(tokens) <= MOST_TOKENS and {shape for shape, _ in tokens} == set(shapes):
            claimed = (text for _, token in tokens for text in token.values() if isinstance(text, str))
            texts = {text for text in claimed if not set(FRESH) & set(text)}
            return World(grammar, tuple(tokens), tuple(sorted(texts)))


def _variable(rng: Random, name: str, *, few: bool = False) -> Variable:
    if few or rng.random() < 0.25:
        values = tuple(dict.fromkeys(_word(rng, "ab:", rng.randint(0, 2)) for _ in range(rng.randint(1, 3))))
        return Variable(name, CharSet(""), values=values, hints=values)
    if rng.random() < 0.25:
        # Anything but a few characters: one fresh character stands for all that no language mentions.
        characters = CharSet(":" if rng.random() < 0.5 else "", negated=True)
    else:
        characters = CharSet(rng.sample("abA:/%\u00e9", rng.randint(1, 3)))
    maximum = rng.randint(1, 2)
    exclusions = tuple(
        Pattern.glob(rng.choice(("a*", "*b", "??", "*a*b*", ":", "*:*"))) for _ in range(rng.choice((0, 0, 1, 2)))
    )
    hints = tuple(_word(rng, "ab", rng.randint(1, 2)) for _ in range(2))
    return Variable(name, characters, rng.randint(0, 1), maximum, exclusions, hints=hints)


def _shape(rng: Random, number: int, variables: list[Variable], element: Variable | None) -> Shape:
    names = rng.sample(("sub", "repo", "ref"), rng.randint(1, 3))
    claims = {name: _term(rng, variables) for name in sorted(names)}
    lists = {"amr": element} if element is not None else {}
    absent = ("absent", "present")
    optional = {
        claim: Variable(f"{claim}?", CharSet(""), values=absent) for claim in (*claims, *lists) if rng.random() < 0.2
    }
    shape = Shape(f"shape {number}", "run", claims, lists, optional, certain=rng.random() < 0.85, note="undocumented")
    return replace(shape, only=_restriction(rng, shape)) if rng.random() < 0.15 else shape


def _restriction(rng: Random, shape: Shape) -> Predicate:
    """Whose tokens have the shape: a test of one of its variables."""
    variable = rng.choice([TRUE, *(v for v in shape.variables.values() if v not in shape.lists.values())])
    if not isinstance(variable, Variable):
        return TRUE
    mine = Match(f"${variable.name}", language(rng, tuple(every_value(variable)[:8])))
    return negation(mine) if rng.random() < 0.5 else mine


def _term(rng: Random, variables: list[Variable]) -> Term:
    return tuple(
        _word(rng, "ab:/", rng.randint(1, 2))
        if rng.random() < 0.4
        else Slot(rng.choice(variables), rng.random() < 0.25)
        for _ in range(rng.choice((1, 2, 2, 3, 4)))
    )


def _word(rng: Random, letters: str, length: int) -> str:
    return "".join(rng.choice(letters) for _ in range(length))


def every_value(variable: Variable) -> list[str]:
    """All values of a variable over the letters of small worlds and one fresh character, in a fixed order."""
    if variable.values is not None:
        return list(dict.fromkeys(variable.values))
    letters = [
        letter for letter in LETTERS + FRESH if (letter in variable.characters.chars) is not variable.characters.negated
    ]
    words = ("".join(word) for length in range(variable.maximum + 1) for word in product(letters, repeat=length))
    return [word for word in words if naive.legal(variable, word)]


def every_assignment(shape: Shape) -> Iterator[dict[str, str]]:
    """All values of the shape's variables together, as far as its own restriction lets them be."""
    names = list(shape.variables)
    for chosen in product(*(every_value(variable) for variable in shape.variables.values())):
        values = dict(zip(names, chosen, strict=True))
        if naive.holds(shape.only, {f"${name}": value for name, value in values.items()})[0]:
            yield values


def every_token(shape: Shape, limit: int) -> Iterator[Claims]:
    """All tokens of a shape, list claims with every set of elements; stops after `limit`."""
    sets: dict[str, list[tuple[str, ...]]] = {}
    for claim, element in shape.lists.items():
        values = every_value(element)
        sets[claim] = [chosen for size in range(len(values) + 1) for chosen in combinations(values, size)]
    seen: set[tuple[object, ...]] = set()
    for assigned in every_assignment(shape):
        for chosen_lists in product(*sets.values()):
            token = naive.mint(shape, assigned, dict(zip(sets, chosen_lists, strict=True)))
            key = tuple(token.items())
            if key not in seen:
                seen.add(key)
                yield token
                if len(seen) >= limit:
                    return


def language(rng: Random, texts: tuple[str, ...], *, lengths: bool = True) -> Language:
    """A random language: often a text that occurs, with pieces replaced by wildcards."""
    text = rng.choice(texts) if texts and rng.random() < 0.75 else _word(rng, LETTERS, rng.randint(0, 4))
    draw = rng.random()
    if lengths and draw < 0.06:
        least, most = rng.randint(0, 5), rng.choice((None, None, 0, 1, 2, 3, 4, 6))
        return Length(least if most is None else min(least, most), most, in_bytes=rng.random() < 0.5)
    if draw < 0.14:
        return regex(expression(rng, text), search=rng.random() < 0.5)
    if draw < 0.26:
        others = [rng.choice(texts) if texts else "a" for _ in range(rng.randint(0, 2))]
        return ValueSet((text, *others), ignore_case=rng.random() < 0.3)
    tokens: list[Token] = []
    for char in text:
        tokens.append(rng.choice((char, char, char, char, char.swapcase(), Wild.ANY_CHAR, Wild.STAR)))
        if rng.random() < 0.1:
            tokens.append(rng.choice((Wild.STAR, Wild.ANY_CHAR, "*", "?", "a")))
    if rng.random() < 0.4:
        cut = rng.randint(0, len(tokens))
        tokens = [*tokens[:cut], Wild.STAR] if rng.random() < 0.5 else [Wild.STAR, *tokens[cut:]]
    return Pattern(tokens, ignore_case=rng.random() < 0.25)


def expression(rng: Random, text: str) -> str:
    """A regular expression around `text`, of the kind that RE2 and Python read alike."""

    def piece(char: str) -> str:
        own = re.escape(char)
        other = re.escape(rng.choice(LETTERS))
        forms = (
            own,
            own,
            own,
            own,
            ".",
            f"[{own}b]",
            f"[^{other}]",
            f"(?:{own}|{other}a?)",
            f"{own}{rng.choice('*+?')}",
        )
        return rng.choice((*forms, f"(?i:{own})" if char.isascii() and char not in "kKsS" else own))

    body = "".join(piece(char) for char in text)
    if rng.random() < 0.4:
        cut = rng.randint(0, len(text))
        body = "".join(piece(char) for char in text[:cut]) + rng.choice((".*", ".+", ".", "(?:/.*)?"))
    if rng.random() < 0.2:
        body = f"(?:{body}|{''.join(map(piece, _word(rng, 'ab:', 2)))})"
    if rng.random() < 0.1:
        body = f"(?:{body}){{1,2}}"
    return ("^" if rng.random() < 0.4 else "") + body + ("$" if rng.random() < 0.4 else "")


def predicate(rng: Random, here: World, depth: int = 3, *, unknown: float = 0.05, same_text: float = 0.06) -> Predicate:
    """A random predicate over the claims of a small world (and one that no shape has)."""

    def grow(levels: int) -> Predicate:
        draw = rng.random()
        if levels == 0 or draw < 0.3:
            return atom()
        if draw < 0.5:
            inner = grow(levels - 1)
            return Not(inner) if rng.random() < 0.5 else negation(inner)
        if draw < 0.56:
            return many()
        parts = tuple(grow(levels - 1) for _ in range(rng.randint(1, 3)))
        if draw < 0.8:
            return And(parts) if rng.random() < 0.5 else conjunction(parts)
        return Or(parts) if rng.random() < 0.5 else disjunction(parts)

    def many() -> Predicate:
        """A list long enough to be looked up rather than tried, allowed or refused."""
        claim = rng.choice(("sub", "sub", "repo", "ref"))
        texts = rng.sample(here.texts, min(len(here.texts), rng.randint(6, 24)))
        tests = [Match(claim, Pattern.exactly(text, ignore_case=rng.random() < 0.2)) for text in texts]
        tests.extend(Match(claim, language(rng, here.texts)) for _ in range(rng.randint(0, 2)))
        if rng.random() < 0.3:
            return And(tuple(map(Not, tests)))
        return Not(Or(tuple(tests))) if rng.random() < 0.6 else Or(tuple(tests))

    def atom() -> Predicate:
        draw = rng.random()
        claim = rng.choice(("sub", "sub", "sub", "repo", "ref", "ref", "nowhere"))
        if draw < unknown:
            return Unknown(rng.choice(("a tag", "an address")))
        if draw < unknown + same_text:
            return SameText(claim, rng.choice(("sub", "repo", "ref")))
        if draw < 0.2:
            return Exists(rng.choice((claim, "amr")))
        if draw < 0.24:
            return Constant(rng.random() < 0.5)
        if draw < 0.36:
            each = Match(ELEMENT, language(rng, ("a", "b", "ab", "")))
            inner: Predicate = negation(each) if rng.random() < 0.3 else each
            if rng.random() < 0.2:
                inner = disjunction((inner, Match(ELEMENT, language(rng, ("a", ":")))))
            where = rng.choice(("amr", "amr", claim))
            return AnyValue(where, inner) if rng.random() < 0.5 else AllValues(where, inner)
        return Match(claim, language(rng, here.texts))

    return grow(depth)


def tied_world(rng: Random) -> World:
    """A grammar whose claims can be laid side by side: `{u}/{w}` and `{w}/{t}`, and each part by itself."""
    letters = rng.choice(("ab", "ab", "aA", "a", "a\u00e9"))

    def part(name: str) -> Variable:
        if rng.random() < 0.2:
            values = tuple(rng.sample(("a", "b", "ab", "A", "ba"), rng.randint(1, 3)))
            return Variable(name, CharSet(""), values=values, hints=values)
        exclusions = (Pattern.glob(rng.choice(("aa", "b*", "??"))),) if rng.random() < 0.25 else ()
        own = CharSet(letters + (rng.choice((":", pair, pair)) if rng.random() < 0.4 else ""))
        return Variable(name, own, rng.randint(0, 1), rng.choice((1, 2, 2)), exclusions, hints=("a", "b"))

    pair = rng.choice("/:")
    u, w, t = parts = [part(name) for name in "uwt"]
    claims: dict[str, Term] = {
        "one": (Slot(u),),
        "two": (Slot(w),),
        "three": (Slot(t),),
        "left": (Slot(u), pair, Slot(w)),
        "right": (Slot(rng.choice(parts)), rng.choice((pair, pair, "-")), Slot(t)),
        "sub": ("x:", Slot(u, encoded=rng.random() < 0.4), ":", Slot(w)),
        "other": (rng.choice(("x:", "y:")), Slot(rng.choice(parts)), ":", Slot(w)),
    }
    optional = {"two": Variable("two?", CharSet(""), values=("absent", "present"))} if rng.random() < 0.2 else {}
    shape = Shape("tied", "run", claims, optional=optional)
    if not all(map(every_value, parts)):
        return tied_world(rng)
    tokens = tuple((shape, token) for token in every_token(shape, MOST_TOKENS))
    texts = {text for _, token in tokens for text in token.values() if isinstance(text, str)}
    return World(Grammar(dict(shape.variables), (shape,)), tokens, tuple(sorted(texts)))


def tied_predicate(rng: Random, here: World) -> Predicate:
    """Claims that must be equal or different, of certain lengths, beside a few tests of each."""
    claims = ("one", "two", "three", "left", "right", "sub", "other")

    def test() -> Predicate:
        draw = rng.random()
        if draw < 0.45:
            return SameText(*(("left", "right") if rng.random() < 0.3 else rng.sample(claims, 2)))
        claim = rng.choice(claims)
        if draw < 0.65:
            least, more = rng.randint(0, 4), rng.choice((None, 0, 1, 2))
            return Match(claim, Length(least, None if more is None else least + more, in_bytes=rng.random() < 0.4))
        own = tuple(str(token[claim]) for _, token in here.tokens[:200] if claim in token)
        return Match(claim, language(rng, own or ("a",), lengths=False))

    tests = [test() for _ in range(rng.choice((1, 2, 2, 3, 4)))]
    return conjunction(negation(one) if rng.random() < 0.45 else one for one in tests)


def shown(shapes: Iterable[Shape]) -> str:
    """The shapes of a small world, for the message of a failed check."""
    lines: list[str] = []
    for shape in shapes:
        certain = "" if shape.certain else " (uncertain)"
        lines.append(f"{shape.name}{certain}, optional {sorted(shape.optional)}, only {shape.only}")
        for claim, term in shape.claims.items():
            text = "".join(
                part if isinstance(part, str) else "{" + part.variable.name + ":encoded" * part.encoded + "}"
                for part in term
            )
            lines.append(f"  {claim} = {text!r}")
        lines.extend(f"  {claim} = [{element.name}]" for claim, element in shape.lists.items())
        lines.extend(f"  {name} in {every_value(variable)[:12]}" for name, variable in shape.variables.items())
    return "\n".join(lines)
