"""`in` of CEL over all tokens at once."""

from __future__ import annotations

from auditor.claims.languages.language import Language
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    ELEMENT,
    FALSE,
    TRUE,
    AllValues,
    AnyValue,
    Exists,
    Match,
    Predicate,
    Unknown,
    conjunction,
    disjunction,
    negation,
)
from auditor.claims.texts import Claim
from auditor.providers.gcp.cel_compare import equal
from auditor.providers.gcp.cel_values import (
    ERROR,
    Derived,
    Elements,
    Json,
    Known,
    Names,
    Opaque,
    Payload,
    Pieces,
    Rails,
    Sequence,
    Symbol,
    Table,
    computed,
    constant_of,
    defined,
    doubt,
    is_list,
    is_other,
    is_text,
    test,
    type_of,
    within,
)

_FEW = 32
"""Texts of a list that a derived text is compared with one by one."""


def contained(value: Symbol, whole: Symbol) -> Rails:
    """`value in whole`."""
    match whole:
        case Opaque(reason):
            return doubt(reason)
        case Sequence(items):
            return _among(value, items, conjunction(map(defined, (value, *items))))
        case Table(entries):
            return _among_keys(value, tuple(key for key, _ in entries), whole)
        case Pieces():
            return _piece(value, whole)
        case Elements():
            return _element(value, whole)
        case Json(claim):
            return _in_json(value, claim)
        case Payload():
            name = constant_of(value)
            if name is None:
                return doubt("which claim is asked for is not known").given(defined(value))
            return Rails(carried(name), negation(carried(name)))
        case Names(prefix):
            return doubt(f"membership in {prefix} is not decided")
        case _:
            return ERROR


def carried(name: str) -> Predicate:
    """The token carries a claim of this name at its top."""
    return conjunction((Exists(name), at_top(name)))


def at_top(name: str) -> Predicate:
    """What goes by this name is a claim of its own, and not a path into an object."""
    steps = name.split(".")
    prefixes = (".".join(steps[:end]) for end in range(1, len(steps)))
    return conjunction(disjunction((negation(Exists(prefix)), AllValues(prefix, TRUE))) for prefix in prefixes)


def _among(value: Symbol, items: tuple[Symbol, ...], whole: Predicate) -> Rails:
    constants = [item.value for item in items if isinstance(item, Known) and isinstance(item.value, str)]
    if items and len(constants) == len(items):
        language: Language = ValueSet(constants) if len(constants) > 1 else Pattern.exactly(constants[0])
        if isinstance(value, Json):
            return Rails(Match(value.claim, language), negation(Match(value.claim, language)))
        if isinstance(value, Derived):
            inside = within(value.text, language)
            if not isinstance(value.text, Claim) and len(constants) <= _FEW:  # readable patterns, not one automaton
                inside = disjunction(within(value.text, Pattern.exactly(constant)) for constant in constants)
            return Rails(inside, conjunction((computed(value.text), negation(inside))))
    found = [equal(value, item) for item in items]
    return Rails(disjunction(one.true for one in found), conjunction(one.false for one in found)).given(whole)


def _among_keys(value: Symbol, keys: tuple[Symbol, ...], whole: Table) -> Rails:
    if type_of(value) in ("list", "map", "null", "bytes", "time"):
        return ERROR
    found = _among(value, keys, defined(value)).given(defined(whole))
    if not isinstance(value, Json):
        return found
    reason = Unknown(f"what {value.claim} carries is not known")
    return found.given(disjunction((is_text(value.claim), conjunction((is_other(value.claim), reason)))))


def _piece(value: Symbol, pieces: Pieces) -> Rails:
    constant = constant_of(value)
    separator = pieces.separator
    overlaps = any(separator.startswith(separator[begin:]) for begin in range(1, len(separator)))
    if constant is None or pieces.limit >= 0 or not separator or overlaps:
        kind = type_of(value)
        if kind is not None and kind != "text":
            return Rails(FALSE, conjunction((computed(pieces.of), defined(value))))
        return doubt("a value among the pieces of a text").given(computed(pieces.of), defined(value))
    if separator in constant:
        return Rails(FALSE, computed(pieces.of))
    front = Pattern.exactly(f"{constant}{separator}").tokens
    back = Pattern.exactly(f"{separator}{constant}").tokens
    middle = Pattern.exactly(f"{separator}{constant}{separator}").tokens
    star = Wild.STAR
    languages = (
        Pattern.exactly(constant),
        Pattern((*front, star)),
        Pattern((star, *back)),
        Pattern((star, *middle, star)),
    )
    inside = disjunction(within(pieces.of, language) for language in languages)
    return Rails(inside, conjunction((computed(pieces.of), negation(inside))))


def _element(value: Symbol, whole: Elements) -> Rails:
    fine = defined(whole)
    constant = constant_of(value)
    if constant is None:
        kind = type_of(value)
        if kind is not None and kind != "text":
            return Rails(FALSE, conjunction((fine, defined(value))))
        return doubt(f"a value among the elements of {whole.claim}").given(fine, defined(value))
    inside = test(whole.text, Pattern.exactly(constant))
    some = AnyValue(whole.claim, conjunction((whole.kept.true, inside.true)))
    none = AllValues(whole.claim, disjunction((whole.kept.false, conjunction((whole.kept.true, inside.false)))))
    return Rails(some, none).given(fine)


def _in_json(value: Symbol, claim: str) -> Rails:
    """A list or an object of the token."""
    constant = constant_of(value)
    if constant is None:
        return doubt(f"a value in {claim}").given(defined(value), negation(is_text(claim)))
    some = AnyValue(claim, Match(ELEMENT, Pattern.exactly(constant)))
    field = Exists(f"{claim}.{constant}")
    reason = Unknown(f"whether {claim} is an object is not known")
    return Rails(
        disjunction((conjunction((is_list(claim), some)), conjunction((is_other(claim), field)))),
        disjunction(
            (
                conjunction((is_list(claim), negation(some))),
                conjunction((is_other(claim), negation(field), reason)),
            )
        ),
    )
