"""How long a concatenation may be: a bound on several texts together, said by bounds on each of them.

Exact bounds would split the allowance in every possible way. Some ways are spelled out; a text that fits in none of
them, though each of its parts alone would, is unknown.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations_with_replacement, pairwise

from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import FALSE, TRUE, Predicate, Unknown, conjunction, disjunction, negation
from auditor.claims.texts import Joined, Literal, Text, is_in
from auditor.errors import BudgetExceededError, UnsupportedTextError

SHARES = {2: 8, 3: 6, 4: 4}
"""How many texts share an allowance → into how many equal pieces it is cut; more than four texts get the same each."""

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
    pieces = SHARES.get(number)
    if pieces is None:
        return [(room // number,) * number]
    cuts = combinations_with_replacement(range(pieces + 1), number - 1)
    edges = ((0, *(room * cut // pieces for cut in cut_at), room) for cut_at in cuts)
    return sorted({tuple(end - begin for begin, end in pairwise(ends)) for ends in edges})


def _short(part: Text, most: int) -> Predicate:
    return _in(part, Length(0, most, in_bytes=True))


def _in(part: Text, language: Language) -> Predicate:
    try:
        return is_in(part, language)
    except (UnsupportedTextError, BudgetExceededError) as error:
        return Unknown(f"{TOGETHER}: {error}")


def _flat(text: Text) -> list[Text]:
    return [inner for part in text.parts for inner in _flat(part)] if isinstance(text, Joined) else [text]
