"""How long a concatenation may be: a bound on several texts together, said by bounds on each of them.

Exact bounds would split the allowance in every possible way. Some ways are spelled out; a text that fits in none of
them, though each of its parts alone would, is unknown.
"""

from __future__ import annotations

from functools import lru_cache

from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import FALSE, TRUE, Predicate, Unknown, conjunction, disjunction, negation
from auditor.claims.texts import Joined, Literal, Text, is_in
from auditor.errors import BudgetExceededError, UnsupportedTextError

SHARES = 8
"""Parts of equal size that an allowance is dealt out in, where two texts share it."""

TOGETHER = "whether the parts that make up google.subject are short enough together was not settled"


@lru_cache(maxsize=1024)
def joined_within(text: Joined, most: int) -> Predicate:
    """`text` can be computed, is not empty, and has at most `most` bytes of UTF-8."""
    parts = [part for part in _flat(text) if part != Literal("")]
    fixed = sum(len(part.text.encode("utf-8", "surrogatepass")) for part in parts if isinstance(part, Literal))
    varying = [part for part in parts if not isinstance(part, Literal)]
    room = most - fixed
    if room < 0 or not varying:
        return TRUE if parts and room >= 0 else FALSE
    some = TRUE if fixed else negation(conjunction(_in(part, Pattern.exactly("")) for part in varying))
    each = conjunction(_short(part, room) for part in varying)
    fitting = disjunction(
        conjunction(_short(part, share) for part, share in zip(varying, shares, strict=True))
        for shares in _dealt(room, len(varying))
    )
    if len(varying) == 1:
        return conjunction((some, each))
    return conjunction((some, each, disjunction((fitting, Unknown(TOGETHER, "joined length")))))


def _dealt(room: int, number: int) -> list[tuple[int, ...]]:
    """Ways to deal `room` out to `number` parts."""
    if number != 2:
        return [(room // number,) * number]
    first = sorted({room * share // SHARES for share in range(SHARES + 1)})
    return [(least, room - least) for least in first]


def _short(part: Text, most: int) -> Predicate:
    return _in(part, Length(0, most, in_bytes=True))


def _in(part: Text, language: Language) -> Predicate:
    try:
        return is_in(part, language)
    except (UnsupportedTextError, BudgetExceededError) as error:
        return Unknown(f"{TOGETHER}: {error}")


def _flat(text: Text) -> list[Text]:
    return [inner for part in text.parts for inner in _flat(part)] if isinstance(text, Joined) else [text]
