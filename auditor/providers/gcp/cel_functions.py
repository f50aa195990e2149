"""CEL's functions, methods and arithmetic over all tokens at once. What is not modelled is `Opaque`, never guessed.

Facts: as in the concrete evaluator (`cel_evaluate_functions`), which shares no code with this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.regex import regex
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import TRUE, AnyValue, Predicate, Unknown, conjunction, negation
from auditor.claims.texts import Claim, Extract, Joined, Literal, Lower, Piece, Replace, Substring, Text, Trim, Upper
from auditor.errors import BudgetExceededError, RegexSyntaxError, UnsupportedRegexError
from auditor.providers.gcp import cel_numbers
from auditor.providers.gcp.cel_lexer import LARGEST
from auditor.providers.gcp.cel_values import (
    YES,
    Case,
    Cases,
    Derived,
    Elements,
    Json,
    Known,
    Moment,
    Opaque,
    Payload,
    Pieces,
    Place,
    Rails,
    Sequence,
    Symbol,
    Table,
    Truth,
    Whole,
    computed,
    constant_of,
    defined,
    doubt,
    is_list,
    is_other,
    is_text,
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
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_LONGEST_WHOLE = 200
_LONGEST_PARTS = 60


def applied(function: Function, symbols: Symbols) -> Cases:
    """`function` of values; where one of them is not known, neither is the result."""
    for symbol in symbols:
        if isinstance(symbol, Opaque):
            return sure(symbol)
    return function(symbols)


def _opaque(reason: str, *symbols: Symbol) -> Cases:
    """A value or an error, where all of `symbols` are values."""
    return ((conjunction(map(defined, symbols)), Opaque(reason)),)


def _truth(rails: Rails) -> Cases:
    return sure(Truth(rails))


def _integer(symbol: Symbol) -> int | None:
    value = symbol.value if isinstance(symbol, Known) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# Tests of a text


def _tested(name: str) -> Function:
    def function(symbols: Symbols) -> Cases:
        whole, part = map(text_of, symbols)
        if whole is None or part is None:
            return NEVER
        known = constant_of(symbols[1])
        if known is not None:
            return _truth(test(whole, _around(name, known)))
        both = conjunction((computed(whole), computed(part)))
        if whole == part:
            return _truth(YES.given(both))
        constant = constant_of(symbols[0])
        if constant is not None and len(constant) <= (_LONGEST_PARTS if name == "contains" else _LONGEST_WHOLE):
            return _truth(test(part, ValueSet(_parts(name, constant))))
        return _truth(doubt(f"{name} with a text that is derived from claims").given(both))

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


def _matches(symbols: Symbols) -> Cases:
    text, source = text_of(symbols[0]), constant_of(symbols[1])
    if text is None or text_of(symbols[1]) is None:
        return NEVER
    if source is None:
        return _opaque("a regular expression that is derived from claims", *symbols)
    try:
        return _truth(test(text, regex(source)))
    except RegexSyntaxError:
        return NEVER
    except (UnsupportedRegexError, BudgetExceededError) as error:
        return _truth(doubt(f"not looked into: {error}").given(computed(text)))


# Texts out of texts


def _changed(change: Callable[[Text], Text]) -> Function:
    def function(symbols: Symbols) -> Cases:
        text = text_of(symbols[0])
        return NEVER if text is None else sure(Derived(change(text)))

    return function


def _extract(symbols: Symbols) -> Cases:
    text, template = text_of(symbols[0]), constant_of(symbols[1])
    if text is None or text_of(symbols[1]) is None:
        return NEVER
    parts = None if template is None else _TEMPLATE.fullmatch(template)
    if parts is None:
        return _opaque("what extract makes of this template is not settled", *symbols)
    return sure(Derived(Extract(text, parts[1], parts[2])))


def _split(symbols: Symbols) -> Cases:
    text, separator = text_of(symbols[0]), constant_of(symbols[1])
    limit = -1 if len(symbols) == 2 else _integer(symbols[2])
    if text is None or text_of(symbols[1]) is None:
        return NEVER
    if limit is None or separator is None:
        return _opaque("split at a separator or limit that is derived from claims", *symbols)
    if limit == 0:
        return ((computed(text), Sequence(())),)
    if not separator:
        return _opaque("a text split at every character", *symbols)
    return sure(Pieces(text, separator, limit))


def _join(symbols: Symbols) -> Cases:
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
                return NEVER if None not in kinds else _opaque("a list of more than texts, joined", *symbols)
            return sure(Derived(Joined(tuple(parts))))
        case Pieces(of, old, limit) if isinstance(separator, Literal):
            if separator.text == old:
                return sure(Derived(of))
            return sure(Derived(Replace(of, old, separator.text, limit - 1 if limit > 0 else -1)))
        case Json(claim):
            found = is_list(claim)
            return ((found, Opaque(f"the elements of {claim}, joined")),)
        case _:
            return _opaque("a list of the token, joined", *symbols)


def _replace(symbols: Symbols) -> Cases:
    text, *others = map(text_of, symbols[:3])
    limit = -1 if len(symbols) == 3 else _integer(symbols[3])
    old, new = constant_of(symbols[1]), constant_of(symbols[2])
    if text is None or None in others:
        return NEVER
    if limit is None or not old or new is None:
        return _opaque("a replacement by a text that is derived from claims, or of the empty text", *symbols)
    return sure(Derived(text if limit == 0 else Replace(text, old, new, limit)))


def _substring(symbols: Symbols) -> Cases:
    text, begin = text_of(symbols[0]), _integer(symbols[1])
    end = None if len(symbols) == 2 else _integer(symbols[2])
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
            return _opaque("a part of a text at a place that depends on the token", *symbols)


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


def _char_at(symbols: Symbols) -> Cases:
    text, place = text_of(symbols[0]), _integer(symbols[1])
    if text is None or type_of(symbols[1]) not in (None, "number"):
        return NEVER
    if place is None:
        return _opaque("a character at a place that depends on the token", *symbols)
    if place < 0:
        return NEVER
    return (
        (within(text, Length(place, place)), Known("")),
        (within(text, Length(place + 1)), Derived(Substring(text, place, place + 1))),
    )


def _index_of(symbols: Symbols) -> Cases:
    text, part = text_of(symbols[0]), constant_of(symbols[1])
    if text is None or text_of(symbols[1]) is None:
        return NEVER
    if part is None or len(symbols) == 3:
        return _opaque("the place of a text that is derived from claims", *symbols)
    return sure(Place(text, part, 0)) if part else ((computed(text), Known(0)),)


def _unmodelled(name: str) -> Function:
    def function(symbols: Symbols) -> Cases:
        return NEVER if text_of(symbols[0]) is None else _opaque(f"{name} is not modelled", *symbols)

    return function


# Sizes and conversions


def _size(symbols: Symbols) -> Cases:
    match symbols[0]:
        case Known(str() | bytes() as constant):
            return sure(Known(len(constant)))
        case Derived(text):
            return sure(cel_numbers.size(text))
        case Json(claim):
            return (
                (is_text(claim), cel_numbers.size(Claim(claim))),
                (conjunction((is_list(claim), negation(AnyValue(claim, TRUE)))), Known(0)),
                (conjunction((is_list(claim), AnyValue(claim, TRUE))), Opaque(f"how many elements {claim} has")),
                (is_other(claim), Opaque(f"how many fields {claim} has")),
            )
        case Sequence(items):
            return ((conjunction(map(defined, items)), Known(len(items))),)
        case Pieces(of, separator, -1):
            return sure(cel_numbers.pieces(of, separator))
        case Table() | Payload() | Pieces() | Elements():
            return _opaque("how many elements this has is not decided", *symbols)
        case _:
            return NEVER


def _string(symbols: Symbols) -> Cases:
    match symbols[0]:
        case Known(bool() as value):
            return sure(Known("true" if value else "false"))
        case Known(str()) | Derived():
            return sure(symbols[0])
        case Known(int() as number):
            return sure(Known(str(number)))
        case Known(None):
            return NEVER
        case Truth(rails):
            return (rails.true, Known("true")), (rails.false, Known("false"))
        case Json(claim):
            return (is_text(claim), Derived(Claim(claim))), (
                is_other(claim),
                Opaque(f"how {claim} is written is not known"),
            )
        case symbol if type_of(symbol) in ("list", "map"):
            return NEVER
        case _:
            return _opaque("how this is written as a text is not known", *symbols)


def _int(symbols: Symbols) -> Cases:
    match symbols[0]:
        case Known(int() as number) if not isinstance(number, bool):
            return sure(symbols[0])
        case Known(str()) | Derived():
            text = text_of(symbols[0])
            assert text is not None
            return sure(Whole(text))
        case Json(claim):
            return (is_text(claim), Whole(Claim(claim))), (is_other(claim), Opaque(f"{claim} as a number"))
        case symbol if type_of(symbol) in ("list", "map", "null", "bytes"):
            return NEVER
        case _:
            return _opaque("a conversion to a number is not decided", *symbols)


_TRUE = ValueSet(("true", "True", "TRUE", "t", "1"))
_FALSE = ValueSet(("false", "False", "FALSE", "f", "0"))
_EITHER = ValueSet(("T", "F"))


def _bool(symbols: Symbols) -> Cases:
    text = text_of(symbols[0])
    if isinstance(symbols[0], Truth) or type_of(symbols[0]) == "bool":
        return sure(symbols[0])
    if text is None:
        return NEVER if type_of(symbols[0]) is not None else _opaque("a conversion to a truth value", *symbols)
    cases: list[Case] = [
        (TRUE, Truth(Rails(within(text, _TRUE), within(text, _FALSE)))),
        (within(text, _EITHER), Opaque("runtimes differ on bool() of one capital letter")),
    ]
    if isinstance(symbols[0], Json):
        cases.append((is_other(symbols[0].claim), Opaque(f"{symbols[0].claim} as a truth value")))
    return tuple(cases)


def _timestamp(symbols: Symbols) -> Cases:
    match symbols[0]:
        case Known(str() as text) if _TIME.fullmatch(text):
            try:
                return sure(Moment(datetime.fromisoformat(text)))
            except ValueError:
                return NEVER
        case _:
            return _opaque("a time that depends on the token", *symbols)


def _identity(symbols: Symbols) -> Cases:
    return sure(symbols[0])


def _some(name: str) -> Function:
    return lambda symbols: _opaque(f"{name}() is not decided", *symbols)


FUNCTIONS: Mapping[tuple[str, int], Function] = {
    ("size", 1): _size,
    ("matches", 2): _matches,
    ("string", 1): _string,
    ("int", 1): _int,
    ("bool", 1): _bool,
    ("dyn", 1): _identity,
    ("timestamp", 1): _timestamp,
    ("uint", 1): _some("uint"),
    ("double", 1): _some("double"),
    ("bytes", 1): _some("bytes"),
    ("type", 1): _some("type"),
}
"""Functions by name and number of arguments."""

METHODS: Mapping[tuple[str, int], Function] = {
    ("size", 1): _size,
    ("matches", 2): _matches,
    ("startsWith", 2): _tested("startsWith"),
    ("endsWith", 2): _tested("endsWith"),
    ("contains", 2): _tested("contains"),
    ("extract", 2): _extract,
    ("split", 2): _split,
    ("split", 3): _split,
    ("join", 1): _join,
    ("join", 2): _join,
    ("lowerAscii", 1): _changed(Lower),
    ("upperAscii", 1): _changed(Upper),
    ("trim", 1): _changed(Trim),
    ("reverse", 1): _unmodelled("reverse"),
    ("replace", 3): _replace,
    ("replace", 4): _replace,
    ("substring", 2): _substring,
    ("substring", 3): _substring,
    ("charAt", 2): _char_at,
    ("indexOf", 2): _index_of,
    ("indexOf", 3): _index_of,
    ("lastIndexOf", 2): _unmodelled("lastIndexOf"),
    ("lastIndexOf", 3): _unmodelled("lastIndexOf"),
}
"""Methods by name and number of arguments, the target included."""


# Arithmetic


def arithmetic(sign: str) -> Function:
    """`+`, `-`, `*`, `/` and `%`."""

    def function(symbols: Symbols) -> Cases:
        left, right = symbols
        if sign == "+" and (found := _added(left, right)) is not None:
            return found
        one, other = _integer(left), _integer(right)
        if one is not None and other is not None and sign in "+-*":
            whole = {"+": one + other, "-": one - other, "*": one * other}[sign]
            return sure(Known(whole)) if -LARGEST - 1 <= whole <= LARGEST else NEVER
        if isinstance(left, Place) and other is not None and sign in "+-":
            return sure(Place(left.of, left.part, left.plus + (other if sign == "+" else -other)))
        kinds = {type_of(symbol) for symbol in symbols} - {None}
        allowed = {"number", "time"} | ({"text", "bytes", "list"} if sign == "+" else set())
        if len(kinds - {"time"}) > 1 or not kinds <= allowed:
            return NEVER
        numbers = [is_other(symbol.claim) for symbol in symbols if isinstance(symbol, Json) and "number" in kinds]
        return ((conjunction((*map(defined, symbols), *numbers)), Opaque(f"the result of {sign} is not decided")),)

    return function


def _added(left: Symbol, right: Symbol) -> Cases | None:
    match left, right:
        case Known(str() as one), Known(str() as other):
            return sure(Known(one + other))
        case Sequence(items), Sequence(others):
            return sure(Sequence((*items, *others)))
    own, behind = text_of(left), text_of(right)
    if own is None or behind is None:
        return None
    cases: Cases = sure(Derived(Joined((own, behind))))
    if isinstance(left, Json) and isinstance(right, Json):
        reason = f"{left.claim} + {right.claim} where they are no texts"
        lists = conjunction((is_list(left.claim), is_list(right.claim)))
        unclear = conjunction((is_other(left.claim), is_other(right.claim)))
        cases = (*cases, (lists, Opaque(reason)), (unclear, Opaque(reason)))
    return cases


def negative(symbols: Symbols) -> Cases:
    """`-x`."""
    match symbols[0]:
        case Known(int() | float() as number) if not isinstance(number, bool):
            return sure(Known(-number)) if not isinstance(number, int) or -number <= LARGEST else NEVER
        case Json(claim):
            return ((is_other(claim), Opaque(f"{claim} as a number")),)
        case symbol if type_of(symbol) == "number":
            return _opaque("a negative number that depends on the token", *symbols)
        case _:
            return NEVER
