"""Conditions that differ in names only are one question: names become placeholders before anything is decided.

Renaming is allowed where it cannot be noticed. A *word* is a longest run of letters, digits, `.`, `_` and `-`. Let w be
a word of the condition and p its placeholder, and let φ exchange the two wherever one is a whole word of a text. φ is a
bijection on texts. It maps the tokens of an issuer to tokens of the issuer, and the tokens that satisfy the
condition to those that satisfy the renamed one, if:

1. φ of a claim's text is the text of φ of its values: they meet literals at characters that no word holds, or at a
   part of a literal that no name holds, such as `.yml` (`_loose`); and no literal holds the word (those are reserved);
2. each variable can hold w exactly where it can hold p: both are spelled with its characters or neither is, finite
   values hold neither (reserved), no exclusion looks into either of them (`_looks_into`), and values that may hold
   several words have room for all that the condition spells out (`_room`);
3. no pattern of the condition looks into w or p: what stands beside a wildcard is neither part of them nor continued by
   them; and the condition holds neither `?`, nor `%` (a colon in code), nor a test that ignores case, nor a language
   other than patterns and lists of texts.

Comparing names as platforms do, ignoring case, tells no more: w and p are of small letters, and a word that the
condition also holds in another case is left alone. Whatever is not allowed leaves the word, or the whole condition, as
it was.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from auditor.claims.grammar import Grammar, Shape, Slot, Term, Variable
from auditor.claims.languages.language import Language
from auditor.claims.languages.pattern import STAR, Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    AllValues,
    And,
    AnyValue,
    ClaimValue,
    Match,
    Not,
    Or,
    Predicate,
    SameText,
    Token,
    claims_of,
    conjunction,
    disjunction,
    negation,
    parts_of,
)

_WORD = re.compile(r"[A-Za-z0-9._-]+")
_NAME = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,29}")
"""Words that are renamed: what owners and repositories are mostly called, and no id or version."""

_PLACEHOLDER = "name"

MOST = 99_999
"""Names that one condition may have."""

SLACK = 64
"""Characters a value may need beside what the condition spells out."""

Fragment = tuple[str, bool, bool]
"""Part of a word beside a wildcard; and whether the word begins with it, and ends with it."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """Names and their placeholders."""

    names: Mapping[str, str]
    """Placeholder → name."""

    def back(self, text: str) -> str:
        """`text` with the names in place of their placeholders."""
        return _exchanged(text, self.names) if _PLACEHOLDER in text else text

    def forth(self, text: str) -> str:
        """`text` with the placeholders in place of the names."""
        return _exchanged(text, {name: placeholder for placeholder, name in self.names.items()})

    def value(self, value: ClaimValue) -> ClaimValue:
        """The value of a claim, as `back`."""
        if isinstance(value, str):
            return self.back(value)
        return tuple(map(self.back, value)) if isinstance(value, tuple) else value

    def left_in(self, token: Token) -> bool:
        """Whether a text of the token still holds a placeholder, as part of a longer word."""
        texts = (value for value in token.values() if isinstance(value, str) and _PLACEHOLDER in value)
        return any(placeholder in text for text in texts for placeholder in self.names)

    def meant_by(self, text: str) -> bool:
        """Whether the text, written before any renaming, holds a word that looks like one of the placeholders."""
        return any(word in self.names for word in self.words(text))

    @staticmethod
    def words(text: str) -> list[str]:
        """The words of a text."""
        return _WORD.findall(text)


def canonical(
    predicate: Predicate, grammar: Grammar, shapes: tuple[Shape, ...], also: frozenset[str] = frozenset()
) -> tuple[Predicate, Renaming]:
    """The condition with placeholders for names, and how to get them back; itself where renaming is not allowed.

    Words of `also` are left alone: names that mean something beyond being the same or not.
    """
    facts = _facts(grammar, shapes, claims_of(predicate))
    texts = tuple(_texts(predicate))
    if not texts or None in texts or facts.loose:
        return predicate, Renaming({})
    kept = _kept(frozenset(text for text in texts if text is not None), facts, also)
    between = frozenset(char for text in texts for char in text or "" if not _WORD.fullmatch(char))
    if kept is None or _needed(predicate) + SLACK > _room(facts.variables, between):
        return predicate, Renaming({})
    assert len(kept) <= MOST, "a condition of so many names needs more room than any value has"
    placeholders = {word: f"{_PLACEHOLDER}{place}" for place, word in enumerate(dict.fromkeys(kept))}
    if not placeholders:
        return predicate, Renaming({})
    renamed = _renamed(predicate, placeholders)
    return renamed, Renaming({placeholder: word for word, placeholder in placeholders.items()})


def _texts(predicate: Predicate) -> Iterator[str | None]:
    """Every text that is compared with, stars included; None for what is not such a text."""
    match predicate:
        case Match(_, language):
            yield from _spelled(language)
        case SameText(left, right) if any(part.literal for side in (left, right) for part in parts_of(side)):
            yield None  # what a name is compared with may be part of a longer text
        case AnyValue(_, operand) | AllValues(_, operand) | Not(operand):
            yield from _texts(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _texts(operand)
        case _:
            return


def _compared(predicate: Predicate) -> Iterator[str]:
    """Every text of a restriction, in whatever way it is compared."""
    match predicate:
        case Match(_, language):
            yield language.order
        case Not(operand):
            yield from _compared(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _compared(operand)
        case _:
            return


def _spelled(language: Language) -> Iterable[str | None]:
    if isinstance(language, ValueSet):
        return (None,) if language.ignore_case else sorted(language.values)
    if not isinstance(language, Pattern) or language.ignore_case or language.encoded:
        return (None,)
    text = language.text
    return (text,) if "%" not in text and text.replace(STAR, "").isascii() else (None,)


def _kept(texts: frozenset[str], facts: _Facts, also: frozenset[str]) -> list[str] | None:
    """The words that may be renamed, in a fixed order; None when a placeholder is among the words already."""
    words: dict[str, None] = {}
    fragments = set(facts.fragments)
    for text in sorted(texts):
        for word in _words(text):
            if isinstance(word, str):
                words[word] = None
            else:
                fragments.add(word)
    others = {word.lower() for word in words if word != word.lower()}
    alone = facts.reserved | also | others
    if any(word.startswith(_PLACEHOLDER) and word[len(_PLACEHOLDER) :].isdigit() for word in (*words, *alone)):
        return None  # a name that looks like a placeholder, in the condition, the tables or among ours
    spare = [f"{_PLACEHOLDER}{place}" for place in range(len(words))]
    if any(_looks_into(fragment, name) for fragment in fragments for name in spare):
        return None
    return [
        word
        for word in words
        if _NAME.fullmatch(word)
        and word not in alone
        and facts.admits_alike(word)
        and not any(_looks_into(fragment, word) for fragment in fragments)
    ]


@lru_cache(maxsize=1 << 13)
def _words(text: str) -> tuple[str | Fragment, ...]:
    """The words of a pattern's text, and the parts of words that stand beside a star."""
    found: list[str | Fragment] = []
    for run in _WORD.finditer(text):
        before, after = text[run.start() - 1 : run.start()] == STAR, text[run.end() : run.end() + 1] == STAR
        found.append((run[0].lower(), not before, not after) if before or after else run[0])
    return tuple(found)


def _looks_into(fragment: Fragment, word: str) -> bool:
    """Whether some text holds the fragment only because it holds the word."""
    part, begins, ends = fragment
    if begins and ends:
        return part == word
    return word.startswith(part) if begins else word.endswith(part) if ends else part in word


@dataclass(frozen=True, slots=True)
class _Facts:
    """What renaming must respect in the tokens of one issuer."""

    loose: bool
    """Whether words may reach from one value into the next."""
    reserved: frozenset[str]
    """Words that literals, finite values and hints hold."""
    fragments: frozenset[Fragment]
    """What exclusions of variables look for."""
    variables: tuple[Variable, ...]

    def admits_alike(self, word: str) -> bool:
        """Whether every variable can hold the word exactly where it can hold a placeholder."""
        return _admits_alike(self.variables, word)


@lru_cache(maxsize=1 << 13)
def _admits_alike(variables: tuple[Variable, ...], word: str) -> bool:
    names = f"{_PLACEHOLDER}0", f"{_PLACEHOLDER}{MOST}"
    for variable in variables:
        spelled = variable.characters.spells(word)
        if spelled is not variable.characters.spells(names[-1]):
            return False
        if spelled and not all(variable.minimum <= len(text) <= variable.maximum for text in (word, *names)):
            return False
    return True


@lru_cache(maxsize=1024)
def _room(variables: tuple[Variable, ...], between: frozenset[str]) -> int:
    """The fewest characters that a variable can hold whose values may have several words of a condition.

    `between` is what stands between those words: a value without any of it has one word at most.
    """
    several = (v for v in variables if v.characters.spells(_PLACEHOLDER) and any(c in v.characters for c in between))
    return min((variable.maximum for variable in several), default=1_000_000)


@lru_cache(maxsize=1024)
def _facts(grammar: Grammar, shapes: tuple[Shape, ...], read: frozenset[str]) -> _Facts:
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
    words.update(word for shape in shapes for text in _compared(shape.only) for word in _all(text))
    free = tuple(variable for variable in variables if variable.values is None)
    exclusions = (shape for variable in free for shape in variable.exclusions)
    return _Facts(
        loose=_loose(terms),
        reserved=frozenset(words),
        fragments=frozenset(fragment for shape in exclusions for fragment in _looked_for(shape)),
        variables=free,
    )


def _all(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _looked_for(shape: Pattern) -> Iterator[Fragment]:
    """The words an exclusion looks for, whole ones as well."""
    for word in _words(shape.text):
        yield (word.lower(), True, True) if isinstance(word, str) else word


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
            left = isinstance(before, str) and bool(_WORD.fullmatch(before[-1:]))
            yield part.variable, (left, isinstance(after, str) and bool(_WORD.fullmatch(after[:1])))


def _merges(term: Term) -> bool:
    """Whether a value and what stands beside it may make up one name."""
    for own, following in itertools.pairwise(term):
        if isinstance(own, Slot) and isinstance(following, Slot):
            return True
        literal = own if isinstance(own, str) else following if isinstance(following, str) else ""
        runs = list(_WORD.finditer(literal))
        touching = [run for run in runs if (run.end() == len(literal) if literal is own else run.start() == 0)]
        if any(re.fullmatch(r"[a-z0-9-]+", run[0]) for run in touching):
            return True
    return False


def _needed(predicate: Predicate) -> int:
    """How many characters the texts that must hold together spell out."""
    match predicate:
        case Match(_, language):
            return max((len(text or "") for text in _spelled(language)), default=0)
        case And(operands):
            return sum(map(_needed, operands))
        case Or(operands):
            return max(map(_needed, operands), default=0)
        case Not(And(operands) | Or(operands)):
            return sum(_needed(negation(operand)) for operand in operands if not isinstance(operand, Match))
        case AnyValue(_, each) | AllValues(_, each):
            return _needed(each)
        case _:
            return 0  # what is refused can be avoided with a few characters


def _renamed(predicate: Predicate, placeholders: Mapping[str, str]) -> Predicate:
    match predicate:
        case Match(claim, language):
            return Match(claim, _with(language, placeholders))
        case And(operands):
            return conjunction(_renamed(operand, placeholders) for operand in operands)
        case Or(operands):
            return disjunction(_renamed(operand, placeholders) for operand in operands)
        case Not(operand):
            return negation(_renamed(operand, placeholders))
        case AnyValue(claim, each):
            return AnyValue(claim, _renamed(each, placeholders))
        case AllValues(claim, each):
            return AllValues(claim, _renamed(each, placeholders))
        case _:
            return predicate


def _with(language: Language, placeholders: Mapping[str, str]) -> Language:
    if isinstance(language, ValueSet):
        return ValueSet(_exchanged(value, placeholders) for value in language.values)
    assert isinstance(language, Pattern)
    return Pattern.written(_exchanged(language.text, placeholders))


def _exchanged(text: str, placeholders: Mapping[str, str]) -> str:
    return _WORD.sub(lambda word: placeholders.get(word[0], word[0]), text)
