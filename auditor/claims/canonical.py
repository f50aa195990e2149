"""Conditions that differ in names only are one question: names become placeholders before anything is decided.

Renaming is allowed where it cannot be noticed. A *word* is a longest run of letters, digits, `.`, `_` and `-`. Let w be
a word of the condition and p its placeholder, and let φ exchange the two wherever one is a whole word of a text. φ is a
bijection on texts. It maps the tokens of an issuer to tokens of the issuer, and the tokens that satisfy the
condition to those that satisfy the renamed one, if:

1. φ of a claim's text is the text of φ of its values: they meet literals at characters that no word holds, or at a
   part of a literal that no name holds, such as `.yml` (`_loose`); and no literal holds the word (those are reserved);
2. each variable can hold w exactly where it can hold p: both are spelled with its characters or neither is, finite
   values hold neither (reserved), no exclusion looks into either of them (`looks_into`), and values that may hold
   several words have room for all that the condition spells out, before and after (`room_of`);
3. no pattern of the condition looks into w or p: what stands beside a wildcard is neither part of them nor continued by
   them; and the condition holds neither `?`, nor `%` (a colon in code), nor a test that ignores case, nor a language
   other than patterns and lists of texts.

Comparing names as platforms do, ignoring case, tells no more: w and p are of small letters, and a word that the
condition also holds in another case is left alone. Whatever is not allowed leaves the word, or the whole condition, as
it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from auditor.claims.grammar import Grammar, Shape
from auditor.claims.languages.language import Language
from auditor.claims.languages.pattern import STAR, Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.names import (
    LETTERS,
    MOST,
    PLACEHOLDER,
    WORD,
    Facts,
    any_placeholder,
    facts_of,
    look_into_placeholders,
    looks_into,
    may_rename,
    room_of,
    words_of,
)
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
    Unknown,
    claims_of,
    conjunction,
    disjunction,
    negation,
    parts_of,
)

SLACK = 64
"""Characters a value may need beside what the condition spells out."""


_PIECES = re.compile(f"({WORD.pattern})")
"""Splits a text into its words and what stands between them."""

_WITHIN = LETTERS | {"\n"}


@dataclass(frozen=True, slots=True)
class Renaming:
    """Names and their placeholders."""

    names: Mapping[str, str]
    """Placeholder → name."""

    def back(self, text: str) -> str:
        """`text` with the names in place of their placeholders."""
        return exchanged(text, self.names) if PLACEHOLDER in text else text

    def forth(self, text: str) -> str:
        """`text` with the placeholders in place of the names."""
        return exchanged(text, {name: placeholder for placeholder, name in self.names.items()})

    def value(self, value: ClaimValue) -> ClaimValue:
        """The value of a claim, as `back`."""
        if isinstance(value, str):
            return self.back(value)
        return tuple(map(self.back, value)) if isinstance(value, tuple) else value

    def left_in(self, token: Token) -> bool:
        """Whether a text of the token still holds a placeholder, as part of a longer word."""
        texts = (value for value in token.values() if isinstance(value, str) and PLACEHOLDER in value)
        return any(placeholder in text for text in texts for placeholder in self.names)

    def meant_by(self, text: str) -> bool:
        """Whether the text, written before any renaming, holds a word that looks like one of the placeholders."""
        return any(word in self.names for word in self.words(text))

    @staticmethod
    def words(text: str) -> list[str]:
        """The words of a text."""
        return WORD.findall(text)


def canonical(
    predicate: Predicate, grammar: Grammar, shapes: tuple[Shape, ...], also: frozenset[str] = frozenset()
) -> tuple[Predicate, Renaming]:
    """The condition with placeholders for names, and how to get them back; itself where renaming is not allowed.

    Words of `also` are left alone: names that mean something beyond being the same or not.
    """
    texts = tuple(_texts(predicate))
    known = sorted({text for text in texts if text is not None})
    if not texts or None in texts or any("\n" in text for text in known):
        return predicate, Renaming({})
    facts = facts_of(grammar, shapes, claims_of(predicate))
    placeholders = placeholders_for("\n".join(known), _needed(predicate), facts, also)
    if not placeholders:
        return predicate, Renaming({})
    return renamed(predicate, placeholders), Renaming({name: word for word, name in placeholders.items()})


def placeholders_for(texts: str, needed: int, facts: Facts, also: frozenset[str] = frozenset()) -> dict[str, str]:
    """Word → placeholder, for the names in `texts`: what a condition compares with, one text a line.

    The placeholders are numbered in the order of the names. `facts` are those of the claims that are read. `needed`
    is how many characters the texts that must hold together spell out, or more. Empty where nothing may be renamed.
    Words of `also` are left alone.
    """
    kept = () if _barred(facts, also) else _kept(texts, facts, also)
    if not kept:
        return {}
    room = room_of(facts.variables, frozenset(texts) - _WITHIN) - SLACK
    if needed > room or len(kept) > MOST:
        return {}
    placeholders = {word: f"{PLACEHOLDER}{place}" for place, word in enumerate(kept)}
    # Placeholders may be longer than the names: `name10/name11/…` needs the room as well that `ab/cd/…` has.
    stretched = max(len(placeholder) / len(word) for word, placeholder in placeholders.items())
    if needed * stretched > room:
        stretched = max(len(exchanged(text, placeholders)) / len(text) for text in texts.split("\n") if text)
        if needed * stretched > room:
            return {}
    return placeholders


@lru_cache(maxsize=1 << 12)
def told_by(predicate: Predicate) -> frozenset[str] | None:
    """Every text that is compared with; None where some test is none of whole texts, or of anything unknown."""
    texts = frozenset(_texts(predicate))
    return None if None in texts or _open(predicate) else frozenset(text for text in texts if text is not None)


def _open(predicate: Predicate) -> bool:
    match predicate:
        case Unknown() | SameText():
            return True
        case AnyValue(_, operand) | AllValues(_, operand) | Not(operand):
            return _open(operand)
        case And(operands) | Or(operands):
            return any(map(_open, operands))
        case _:
            return False


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


def _spelled(language: Language) -> Iterable[str | None]:
    if isinstance(language, ValueSet):
        return (None,) if language.ignore_case else sorted(language.values)
    if not isinstance(language, Pattern) or language.ignore_case or language.encoded:
        return (None,)
    text = language.text
    return (text,) if "%" not in text and text.replace(STAR, "").isascii() else (None,)


@lru_cache(maxsize=1 << 10)
def _barred(facts: Facts, also: frozenset[str]) -> bool:
    """Whether nothing may be renamed, whatever the condition: a name in the tables or of ours may be a placeholder."""
    return facts.loose or any_placeholder(facts.reserved | also)


def _kept(texts: str, facts: Facts, also: frozenset[str]) -> Sequence[str]:
    """The words that may be renamed, each once, in order; none when a placeholder is among the words already."""
    found, fragments = words_of(texts)
    words = dict.fromkeys(found)
    if PLACEHOLDER in texts.lower() and any_placeholder(words):
        return ()
    if look_into_placeholders(facts.fragments, len(words)):
        return ()
    if fragments and look_into_placeholders(fragments, len(words)):
        return ()
    others = frozenset[str]() if texts.islower() else {word.lower() for word in words if not word.islower()}
    return [
        word
        for word in words
        if may_rename(facts, word)
        and word not in also
        and word not in others
        and not any(looks_into(fragment, word) for fragment in fragments)
    ]


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


def renamed(predicate: Predicate, placeholders: Mapping[str, str]) -> Predicate:
    """`predicate` with the placeholders in place of the words."""
    match predicate:
        case Match(claim, language):
            return Match(claim, _with(language, placeholders))
        case And(operands):
            return conjunction(renamed(operand, placeholders) for operand in operands)
        case Or(operands):
            return disjunction(renamed(operand, placeholders) for operand in operands)
        case Not(operand):
            return negation(renamed(operand, placeholders))
        case AnyValue(claim, each):
            return AnyValue(claim, renamed(each, placeholders))
        case AllValues(claim, each):
            return AllValues(claim, renamed(each, placeholders))
        case _:
            return predicate


def _with(language: Language, placeholders: Mapping[str, str]) -> Language:
    if isinstance(language, ValueSet):
        return ValueSet(exchanged(value, placeholders) for value in language.values)
    assert isinstance(language, Pattern)
    return Pattern.written(exchanged(language.text, placeholders))


def exchanged(text: str, placeholders: Mapping[str, str]) -> str:
    """`text` with the placeholders in place of the words."""
    return "".join([placeholders.get(piece, piece) for piece in _PIECES.split(text)])
