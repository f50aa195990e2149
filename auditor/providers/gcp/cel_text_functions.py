"""CEL's tests and operations on texts over all tokens at once. What is not modelled is `Opaque`, never guessed.

Facts: the strings extension (github.com/google/cel-spec and google/cel-cpp, extensions/strings); `extract` as Google's
IAM conditions document it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.regex import regex
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import Predicate, Unknown, conjunction, negation
from auditor.claims.texts import Extract, Joined, Literal, Piece, Replace, Substring, Text
from auditor.errors import BudgetExceededError, RegexSyntaxError, UnsupportedRegexError
from auditor.providers.gcp.cel_compare import begins
from auditor.providers.gcp.cel_values import (
    YES,
    Cases,
    Derived,
    Json,
    Known,
    Opaque,
    Pieces,
    Place,
    Rails,
    Sequence,
    Symbol,
    Truth,
    computed,
    constant_of,
    defined,
    doubt,
    is_list,
    sure,
    test,
    text_of,
    type_of,
    within,
)

Symbols = tuple[Symbol, ...]
Function = Callable[[Symbols], Cases]

NEVER: Cases = ()
"""An error for every token."""

_TEMPLATE = re.compile(r"([^{}]*)\{[A-Za-z_][A-Za-z0-9_]*\}([^{}]*)", re.ASCII)
_LONGEST_WHOLE = 200
_LONGEST_PARTS = 60


def opaque(reason: str, *symbols: Symbol) -> Cases:
    """A value or an error, where all of `symbols` are values."""
    return ((conjunction(map(defined, symbols)), Opaque(reason)),)


def truth_value(rails: Rails) -> Cases:
    return sure(Truth(rails))


def integer(symbol: Symbol) -> int | None:
    value = symbol.value if isinstance(symbol, Known) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# Tests of a text


def tested(name: str) -> Function:
    def function(symbols: Symbols) -> Cases:
        whole, part = map(text_of, symbols)
        if whole is None or part is None:
            return NEVER
        known = constant_of(symbols[1])
        if known is not None:
            return truth_value(test(whole, _around(name, known)))
        both = conjunction((computed(whole), computed(part)))
        if whole == part:
            return truth_value(YES.given(both))
        constant = constant_of(symbols[0])
        if constant is not None and len(constant) <= (_LONGEST_PARTS if name == "contains" else _LONGEST_WHOLE):
            return truth_value(test(part, ValueSet(_parts(name, constant))))
        related = begins(whole, part) if name == "startsWith" else None
        if related is not None:
            return truth_value(related)
        return truth_value(doubt(f"{name} with a text that is derived from claims").given(both))

    return function


def _around(name: str, part: str) -> Language:
    tokens = Pattern.exactly(part).tokens
    front = (Wild.STAR,) if name != "startsWith" else ()
    back = (Wild.STAR,) if name != "endsWith" else ()
    return Pattern((*front, *tokens, *back))


def _parts(name: str, whole: str) -> set[str]:
    """The texts of which `whole.name(…)` holds."""
    size = len(whole) + 1
    if name == "startsWith":
        return {whole[:end] for end in range(size)}
    if name == "endsWith":
        return {whole[begin:] for begin in range(size)}
    return {whole[begin:end] for begin in range(size) for end in range(begin, size)}


def matches(symbols: Symbols) -> Cases:
    text, source = text_of(symbols[0]), constant_of(symbols[1])
    if text is None or text_of(symbols[1]) is None:
        return NEVER
    if source is None:
        return opaque("a regular expression that is derived from claims", *symbols)
    try:
        return truth_value(test(text, regex(source)))
    except RegexSyntaxError:
        return NEVER
    except (UnsupportedRegexError, BudgetExceededError) as error:
        return truth_value(doubt(f"not looked into: {error}").given(computed(text)))


# Texts out of texts


def changed(change: Callable[[Text], Text]) -> Function:
    def function(symbols: Symbols) -> Cases:
        text = text_of(symbols[0])
        return NEVER if text is None else sure(Derived(change(text)))

    return function


def extract(symbols: Symbols) -> Cases:
    text, template = text_of(symbols[0]), constant_of(symbols[1])
    if text is None or text_of(symbols[1]) is None:
        return NEVER
    parts = None if template is None else _TEMPLATE.fullmatch(template)
    if parts is None:
        return opaque("what extract makes of this template is not settled", *symbols)
    return sure(Derived(Extract(text, parts[1], parts[2])))


def split(symbols: Symbols) -> Cases:
    text, separator = text_of(symbols[0]), constant_of(symbols[1])
    limit = -1 if len(symbols) == 2 else integer(symbols[2])
    if text is None or text_of(symbols[1]) is None:
        return NEVER
    if limit is None or separator is None:
        return opaque("split at a separator or limit that is derived from claims", *symbols)
    if limit == 0:
        return ((computed(text), Sequence(())),)
    if not separator:
        return opaque("a text split at every character", *symbols)
    return sure(Pieces(text, separator, limit))


def join(symbols: Symbols) -> Cases:
    listed = symbols[0]
    separator: Text | None = Literal("") if len(symbols) == 1 else text_of(symbols[1])
    if separator is None or type_of(listed) not in (None, "list"):
        return NEVER
    match listed:
        case Sequence(items):
            texts = [text_of(item) for item in items]
            parts = [part for text in texts if text is not None for part in (separator, text)][1:]
            if not items:
                return sure(Derived(Literal("")))
            if None in texts:
                kinds = {type_of(item) for item, text in zip(items, texts, strict=True) if text is None}
                return NEVER if None not in kinds else opaque("a list of more than texts, joined", *symbols)
            return sure(Derived(Joined(tuple(parts))))
        case Pieces(of, old, limit) if isinstance(separator, Literal):
            if separator.text == old:
                return sure(Derived(of))
            return sure(Derived(Replace(of, old, separator.text, limit - 1 if limit > 0 else -1)))
        case Json(claim):
            found = is_list(claim)
            return ((found, Opaque(f"the elements of {claim}, joined")),)
        case _:
            return opaque("a list of the token, joined", *symbols)


def replace(symbols: Symbols) -> Cases:
    text, *others = map(text_of, symbols[:3])
    limit = -1 if len(symbols) == 3 else integer(symbols[3])
    old, new = constant_of(symbols[1]), constant_of(symbols[2])
    if text is None or None in others:
        return NEVER
    if limit is None or not old or new is None:
        return opaque("a replacement by a text that is derived from claims, or of the empty text", *symbols)
    return sure(Derived(text if limit == 0 else Replace(text, old, new, limit)))


def substring(symbols: Symbols) -> Cases:
    text, begin = text_of(symbols[0]), integer(symbols[1])
    end = None if len(symbols) == 2 else integer(symbols[2])
    if text is None or any(type_of(symbol) not in (None, "number") for symbol in symbols[1:]):
        return NEVER
    if begin is not None and (len(symbols) == 2 or end is not None):
        return _cut(text, begin, end)
    match symbols[1:]:
        case (Place(of, part, plus),) if of == text and part and plus in (0, len(part)):
            behind: Text = Piece(text, part, 1, 2)
            found = behind if plus else Joined((Literal(part), behind))
            cases = [(_has(text, part), Derived(found))]
            if plus:
                cases.append((_lacks(text, part), Derived(Substring(text, plus - 1))))
            return tuple(cases)
        case (Known(0), Place(of, part, 0)) if of == text and part:
            return ((_has(text, part), Derived(Extract(text, "", part))),)
        case _:
            return opaque("a part of a text at a place that depends on the token", *symbols)


def _cut(text: Text, begin: int, end: int | None) -> Cases:
    """Runtimes differ on an end at the very end of the text: cel-cpp takes it for an error, cel-go does not."""
    if begin < 0 or (end is not None and end < begin):
        return NEVER
    if end is None:
        return sure(Derived(Substring(text, begin)))
    unclear = Unknown("runtimes differ on substring up to the very end of a text")
    return (
        (within(text, Length(end + 1)), Derived(Substring(text, begin, end))),
        (conjunction((within(text, Length(end, end)), unclear)), Derived(Substring(text, begin))),
    )


def _has(text: Text, part: str) -> Predicate:
    return within(text, _around("contains", part))


def _lacks(text: Text, part: str) -> Predicate:
    return conjunction((computed(text), negation(within(text, _around("contains", part)))))


def char_at(symbols: Symbols) -> Cases:
    text, place = text_of(symbols[0]), integer(symbols[1])
    if text is None or type_of(symbols[1]) not in (None, "number"):
        return NEVER
    if place is None:
        return opaque("a character at a place that depends on the token", *symbols)
    if place < 0:
        return NEVER
    return (
        (within(text, Length(place, place)), Known("")),
        (within(text, Length(place + 1)), Derived(Substring(text, place, place + 1))),
    )


def index_of(symbols: Symbols) -> Cases:
    text, part = text_of(symbols[0]), constant_of(symbols[1])
    if text is None or text_of(symbols[1]) is None:
        return NEVER
    if part is None or len(symbols) == 3:
        return opaque("the place of a text that is derived from claims", *symbols)
    return sure(Place(text, part, 0)) if part else ((computed(text), Known(0)),)


def unmodelled(name: str) -> Function:
    def function(symbols: Symbols) -> Cases:
        return NEVER if text_of(symbols[0]) is None else opaque(f"{name} is not modelled", *symbols)

    return function
