"""A second reading of patterns, predicates and grammars: slow, obvious, and sharing no code with what it checks.

Only the data types are taken from `auditor.claims`; every question about them is answered anew. Texts are tuples of
UTF-16 code units, truth is a pair (certainly, possibly), and a token is taken apart by plain backtracking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import product

from auditor.claims.grammar import Shape, Slot, Term, Variable
from auditor.claims.languages.automaton import Automaton
from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.regex import Regex
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    AllValues,
    And,
    AnyValue,
    ClaimValue,
    Constant,
    Exists,
    Match,
    Not,
    Or,
    Part,
    Predicate,
    SameText,
    Token,
    Unknown,
    claims_of,
)

Truth = tuple[bool, bool]
"""Whether a predicate is certainly true, and whether it is possibly true."""

_UPPER_TO_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def code_units(text: str) -> tuple[int, ...]:
    raw = text.encode("utf-16-be", "surrogatepass")
    return tuple(raw[i] * 256 + raw[i + 1] for i in range(0, len(raw), 2))


def _folded(units: Iterable[int]) -> tuple[int, ...]:
    return tuple(_UPPER_TO_LOWER.get(unit, unit) for unit in units)


@lru_cache(maxsize=1 << 16)
def in_language(language: Language, text: str) -> bool:
    """Whether `text` belongs to the language, by a table over (token, position)."""
    if isinstance(language, ValueSet):
        same = _folded if language.ignore_case else tuple
        return any(same(code_units(value)) == same(code_units(text)) for value in language.values)
    if isinstance(language, Length):
        length = len(text.encode()) if language.in_bytes else len(text)
        return language.least <= length <= (length if language.most is None else language.most)
    if isinstance(language, Regex):  # those of small worlds mean the same to Python, but for `$`
        source = re.sub(r"\$$", r"\\Z", language.source)
        return bool((re.search if language.search else re.fullmatch)(source, text))
    if isinstance(language, Automaton):  # the rest of another language; its own tests give it a second reading
        return language.matches("".join(map(chr, code_units(text))))
    assert isinstance(language, Pattern)
    units = code_units(text.replace(":", "%3A") if language.encoded else text)
    fold = _folded if language.ignore_case else tuple
    subject = fold(units)
    row = [True] + [False] * len(subject)  # which prefixes of the subject the tokens so far can match
    for token in language.tokens:
        if token is Wild.STAR:
            reached = False
            for end in range(len(subject) + 1):
                reached = reached or row[end]
                row[end] = reached
        else:
            want = None if isinstance(token, Wild) else fold(code_units(token))
            row = [False] + [row[end] and (want is None or want == (subject[end],)) for end in range(len(subject))]
    return row[-1]


def put_together(side: str | tuple[Part, ...], token: Token) -> str | None:
    """The text of a claim, or of claims and literals in a row; None where one is missing or no text."""
    text = ""
    for part in (Part(side),) if isinstance(side, str) else side:
        value = part.text if part.literal else token.get(part.text)
        if not isinstance(value, str):
            return None
        text += value
    return text


def holds(predicate: Predicate, token: Token) -> Truth:
    """The truth of a predicate for one token, when every `Unknown` may be either, each time anew."""
    match predicate:
        case Constant(value):
            return value, value
        case Unknown():
            return False, True
        case Exists(claim):
            return (claim in token,) * 2
        case Match(claim, language):
            text = token.get(claim)
            return (isinstance(text, str) and in_language(language, text),) * 2
        case SameText(left, right, begins):
            own, other = put_together(left, token), put_together(right, token)
            if own is None or other is None:
                return False, False
            return ((own[: len(other)] if begins else own) == other,) * 2
        case AnyValue(claim, each):
            return _some(holds(each, {"": value}) for value in _listed(token.get(claim)))
        case AllValues(claim, each):
            there = isinstance(token.get(claim), str | tuple)
            return _every([(there, there), *(holds(each, {"": value}) for value in _listed(token.get(claim)))])
        case Not(operand):
            certain, possible = holds(operand, token)
            return not possible, not certain
        case And(operands):
            return _every(holds(operand, token) for operand in operands)
        case Or(operands):
            return _some(holds(operand, token) for operand in operands)


def _listed(value: ClaimValue | None) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()


def _some(truths: Iterable[Truth]) -> Truth:
    all_truths = list(truths)
    return any(t[0] for t in all_truths), any(t[1] for t in all_truths)


def _every(truths: Iterable[Truth]) -> Truth:
    all_truths = list(truths)
    return all(t[0] for t in all_truths), all(t[1] for t in all_truths)


@lru_cache(maxsize=1 << 16)
def legal(variable: Variable, text: str) -> bool:
    """Whether the issuer can give the variable this value."""
    if variable.values is not None:
        return text in variable.values
    units = code_units(text)
    return (
        variable.minimum <= len(units) <= variable.maximum
        and all((chr(unit) in variable.characters.chars) is not variable.characters.negated for unit in units)
        and not any(in_language(shape, text) for shape in variable.exclusions)
    )


def mint(shape: Shape, values: Mapping[str, str], lists: Mapping[str, tuple[str, ...]] | None = None) -> Token:
    """The token of `shape` with these values of its variables, by name."""
    token: dict[str, ClaimValue] = {}
    for claim, term in shape.claims.items():
        if _present(shape, claim, values):
            token[claim] = text_of(term, values)
    for claim, element in shape.lists.items():
        if _present(shape, claim, values):
            token[claim] = (lists or {}).get(claim, (values[element.name],))
    return {**token, **shape.constants}


def _present(shape: Shape, claim: str, values: Mapping[str, str]) -> bool:
    return claim not in shape.optional or values[shape.optional[claim].name] == "present"


def text_of(term: Term, values: Mapping[str, str]) -> str:
    """A claim's text under values of its variables."""
    text = ""
    for part in term:
        if isinstance(part, str):
            text += part
        elif part.encoded:
            text += "%3A".join(values[part.variable.name].split(":"))
        else:
            text += values[part.variable.name]
    return text


def parses(term: Term, text: str, bound: Mapping[str, str] | None = None) -> Iterator[dict[str, str]]:
    """Every way to read `text` as the term, as legal values of its variables that agree with those `bound`."""
    known = dict(bound or {})
    if not term:
        if not text:
            yield known
        return
    part, rest = term[0], term[1:]
    if isinstance(part, str):
        if text.startswith(part):
            yield from parses(rest, text[len(part) :], known)
        return
    for end in range(len(text) + 1):
        if end and not part.encoded and not _held(part.variable, text[end - 1]):
            return  # nor does any longer piece consist of the variable's characters
        for value in _decoded(text[:end]) if part.encoded else (text[:end],):
            if known.get(part.variable.name, value) == value and legal(part.variable, value):
                yield from parses(rest, text[end:], {**known, part.variable.name: value})


def _held(variable: Variable, char: str) -> bool:
    if variable.values is not None:
        return any(char in value for value in variable.values)
    return (char in variable.characters.chars) is not variable.characters.negated


def _decoded(text: str) -> Iterator[str]:
    """The values that are printed as `text` when colons are written `%3A`."""
    if ":" in text:
        return
    pieces = text.split("%3A")
    for joiners in product((":", "%3A"), repeat=len(pieces) - 1):
        yield pieces[0] + "".join(joiner + piece for joiner, piece in zip(joiners, pieces[1:], strict=True))


def minted(shape: Shape, token: Token) -> bool:
    """Whether `shape` has values of its variables that give exactly this token (and its own restriction holds)."""
    claims = [(claim, term) for claim, term in shape.claims.items() if claim in token]
    absent = [claim for claim in (*shape.claims, *shape.lists) if claim not in token]
    if any(claim not in shape.optional for claim in absent):
        return False
    if token.keys() - shape.claims.keys() - shape.lists.keys() - shape.constants.keys():
        return False
    if any(token.get(claim) != value for claim, value in shape.constants.items()):
        return False
    for claim, element in shape.lists.items():
        value = token.get(claim, ())
        if not isinstance(value, tuple) or not all(legal(element, item) for item in value):
            return False
    presence = {v.name: "present" if claim in token else "absent" for claim, v in shape.optional.items()}
    return any(allowed(shape, values) for values in _readings(claims, token, presence))


def _readings(claims: list[tuple[str, Term]], token: Token, bound: dict[str, str]) -> Iterator[dict[str, str]]:
    if not claims:
        yield bound
        return
    # The claim with the fewest free variables first: it binds the most for the least.
    ordered = sorted(
        claims, key=lambda pair: len({s.variable.name for s in pair[1] if isinstance(s, Slot)} - bound.keys())
    )
    (claim, term), *rest = ordered
    text = token[claim]
    if isinstance(text, str):
        for values in parses(term, text, bound):
            yield from _readings(rest, token, values)


def allowed(shape: Shape, values: Mapping[str, str]) -> bool:
    """Whether the shape's own restriction lets these values be; a variable that no claim shows may have any."""
    read = {name.removeprefix("$") for name in claims_of(shape.only)}
    return bool(read - values.keys()) or holds(shape.only, {f"${name}": value for name, value in values.items()})[0]
