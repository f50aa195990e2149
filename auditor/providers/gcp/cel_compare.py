"""Comparisons of CEL over all tokens at once: equality and order."""

from __future__ import annotations

from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    ELEMENT,
    FALSE,
    AllValues,
    AnyValue,
    Match,
    Part,
    Predicate,
    SameText,
    Side,
    Unknown,
    conjunction,
    disjunction,
    negation,
)
from auditor.claims.texts import Claim, Joined, Literal, Text
from auditor.providers.gcp import cel_numbers
from auditor.providers.gcp.cel_syntax import Constant, Uint
from auditor.providers.gcp.cel_values import (
    ERROR,
    NO,
    YES,
    Count,
    Derived,
    Json,
    Known,
    Moment,
    Now,
    Opaque,
    Pieces,
    Place,
    Rails,
    Sequence,
    Symbol,
    Truth,
    Whole,
    computed,
    constant_of,
    defined,
    doubt,
    is_list,
    is_other,
    is_text,
    test,
    text_of,
    type_of,
)


def equal(left: Symbol, right: Symbol) -> Rails:
    """`left == right`."""
    for symbol in (left, right):
        if isinstance(symbol, Opaque):
            return doubt(symbol.reason)
    for one, other in ((left, right), (right, left)):
        found = _equal(one, other)
        if found is not None:
            return found
    both = conjunction((defined(left), defined(right)))
    kinds = type_of(left), type_of(right)
    if None not in kinds and kinds[0] != kinds[1]:
        return Rails(FALSE, both)
    return doubt("whether these two values are equal is not decided").given(both)


def _equal(one: Symbol, other: Symbol) -> Rails | None:
    """The same, where `one` says how to compare it with `other`."""
    match one, other:
        case Known(left), Known(right):
            return YES if _same(left, right) else NO
        case Derived(text), Known(str() as constant):
            return test(text, Pattern.exactly(constant))
        case Derived(left_text), Derived(right_text):
            return _texts(left_text, right_text)
        case Json(claim), _:
            return _json(claim, other)
        case Truth(rails), Known(bool() as value):
            return rails if value else rails.flipped
        case Truth(left_rails), Truth(right_rails):
            return _truths(left_rails, right_rails)
        case ((Count() | Place() | Whole()), Known(int() | float() | Uint() as number)) if not isinstance(number, bool):
            return cel_numbers.compared(one, "==", _number(number))
        case Now(), Moment(moment):
            return cel_numbers.at(one, "==", moment)
        case Moment(early), Moment(late):
            return YES if early == late else NO
        case Sequence(items), Sequence(others):
            return _sequences(items, others)
        case Pieces(), Sequence(items):
            return _pieces(one, items)
        case _:
            return None


def _number(value: float | Uint) -> int | float:
    return value.number if isinstance(value, Uint) else value


def _same(left: Constant, right: Constant) -> bool:
    numbers = [
        _number(value) if isinstance(value, int | float | Uint) and not isinstance(value, bool) else None
        for value in (left, right)
    ]
    if None not in numbers:
        return numbers[0] == numbers[1]
    return type(left) is type(right) and left == right


def _truths(left: Rails, right: Rails) -> Rails:
    return Rails(
        disjunction((conjunction((left.true, right.true)), conjunction((left.false, right.false)))),
        disjunction((conjunction((left.true, right.false)), conjunction((left.false, right.true)))),
    )


def _texts(left: Text, right: Text) -> Rails:
    """Two texts of one token: what they have in common at either end is set aside."""
    both = conjunction((computed(left), computed(right)))
    own, other = _without_common_ends(_parts(left), _parts(right))
    if not own and not other:
        return Rails(both, FALSE)
    match own, other:
        case ([Literal(one)], [Literal(two)]):
            return Rails(FALSE, both) if one != two else Rails(both, FALSE)
        case ([Literal(text)], [of]) | ([of], [Literal(text)]):
            return test(of, Pattern.exactly(text)).given(both)
    sides = _side(own), _side(other)
    if sides[0] is None or sides[1] is None:
        return doubt("a text that is derived from claims, compared with another one").given(both)
    return _related(SameText(sides[0], sides[1]), both)


def begins(whole: Text, front: Text) -> Rails | None:
    """Whether one text begins with another, both put together from claims; None where they are not."""
    sides = _side(_parts(whole)), _side(_parts(front))
    if sides[0] is None or sides[1] is None:
        return None
    both = conjunction((computed(whole), computed(front)))
    return _related(SameText(sides[0], sides[1], begins=True), both)


def _related(same: SameText, both: Predicate) -> Rails:
    plain = isinstance(same.left, str) and isinstance(same.right, str)
    return Rails(same if plain else conjunction((both, same)), conjunction((both, negation(same))))


def _side(parts: list[Text]) -> Side | None:
    """A text as claims and literals; None where it is more than that."""
    match parts:
        case [Claim(name)]:
            return name
    found = tuple(
        Part(part.text, literal=True) if isinstance(part, Literal) else Part(part.name)
        for part in parts
        if isinstance(part, Claim | Literal)
    )
    return found if len(found) == len(parts) else None


def _parts(text: Text) -> list[Text]:
    parts = [part for inner in text.parts for part in _parts(inner)] if isinstance(text, Joined) else [text]
    return [part for part in parts if part != Literal("")]


def _without_common_ends(own: list[Text], other: list[Text]) -> tuple[list[Text], list[Text]]:
    for last in (False, True):
        place = -1 if last else 0
        while own and other:
            one, two = own[place], other[place]
            if isinstance(one, Literal) and isinstance(two, Literal):
                short, long = sorted((one.text, two.text), key=len)
                if not short or not (long.endswith(short) if last else long.startswith(short)):
                    break
                rests = [
                    part.text[: len(part.text) - len(short)] if last else part.text[len(short) :] for part in (one, two)
                ]
                own = _replaced(own, place, rests[0])
                other = _replaced(other, place, rests[1])
            elif one == two:
                own = own[:-1] if last else own[1:]
                other = other[:-1] if last else other[1:]
            else:
                break
    return own, other


def _replaced(parts: list[Text], place: int, rest: str) -> list[Text]:
    middle = [Literal(rest)] if rest else []
    return [*parts[:-1], *middle] if place else [*middle, *parts[1:]]


def _json(claim: str, other: Symbol) -> Rails:
    """What the token carries under `claim`, compared with something else; only texts are seen through."""
    text = text_of(other)
    match other:
        case Known(str() as constant):
            same = Match(claim, Pattern.exactly(constant))
            return Rails(same, negation(same))
        case Json(second):
            if second == claim:
                return YES
            unclear = conjunction((is_other(claim), is_other(second)))
            lists = conjunction((is_list(claim), is_list(second)))
            reason = Unknown(f"whether {claim} and {second} are equal is not known")
            perhaps = conjunction((disjunction((unclear, lists)), reason))
            alike = SameText(claim, second)
            texts = negation(disjunction((unclear, lists)))
            return Rails(disjunction((alike, perhaps)), conjunction((negation(alike), disjunction((texts, reason)))))
        case Known(None | bytes()):
            return NO
        case Sequence(items):
            return _json_list(claim, items)
        case Known() | Truth() | Count() | Place() | Whole():
            perhaps = conjunction((is_other(claim), Unknown(f"what {claim} carries is not known")))
            otherwise = disjunction((negation(is_other(claim)), perhaps))
            return Rails(perhaps, otherwise).given(defined(other))
        case _ if text is not None:
            as_text = _texts(Claim(claim), text)
            otherwise = conjunction((computed(text), negation(is_text(claim))))
            return Rails(as_text.true, disjunction((as_text.false, otherwise)))
        case _:
            unclear = conjunction((negation(is_text(claim)), Unknown(f"what {claim} carries is not known")))
            return Rails(unclear, disjunction((is_text(claim), unclear))).given(defined(other))


def _json_list(claim: str, items: tuple[Symbol, ...]) -> Rails:
    """A list claim compared with a list that was written out. The order of its elements is not seen."""
    whole = conjunction(map(defined, items))
    constants = [constant_of(item) for item in items]
    if None in constants:
        return doubt("a list of the token, compared with a list that is derived from claims").given(whole)
    texts = [text for text in constants if text is not None]
    only = AllValues(claim, Match(ELEMENT, ValueSet(texts)) if texts else FALSE)
    each = [AnyValue(claim, Match(ELEMENT, Pattern.exactly(text))) for text in texts]
    alike = conjunction((is_list(claim), only, *each))
    if not texts:
        return Rails(alike, negation(alike))
    reason = Unknown(f"the order of the elements of {claim} is not known")
    return Rails(conjunction((alike, reason)), disjunction((negation(alike), reason)))


def _sequences(items: tuple[Symbol, ...], others: tuple[Symbol, ...]) -> Rails:
    whole = conjunction(map(defined, (*items, *others)))
    if len(items) != len(others):
        return Rails(FALSE, whole)
    pairs = [equal(one, other) for one, other in zip(items, others, strict=True)]
    return Rails(conjunction(pair.true for pair in pairs), disjunction(pair.false for pair in pairs)).given(whole)


def _pieces(pieces: Pieces, items: tuple[Symbol, ...]) -> Rails:
    """Splitting undoes joining: the pieces are these exactly if the text is these, joined, and splits into them."""
    constants = [constant_of(item) for item in items]
    if None in constants or pieces.limit >= 0 or not pieces.separator:
        return doubt("the pieces of a text, compared with a list").given(computed(pieces.of))
    texts = [text for text in constants if text is not None]
    joined = pieces.separator.join(texts)
    if joined.split(pieces.separator) != texts:
        return Rails(FALSE, computed(pieces.of))
    return test(pieces.of, Pattern.exactly(joined))


# Order


def ordered(left: Symbol, sign: str, right: Symbol) -> Rails:
    """`left < right` and its kin."""
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}[sign]
    match left, right:
        case (Opaque(reason), _) | (_, Opaque(reason)):
            return doubt(reason)
        case ((Count() | Place() | Whole()), Known(int() | float() | Uint() as number)) if not isinstance(number, bool):
            return cel_numbers.compared(left, sign, _number(number))
        case Known(int() | float() | Uint() as number), (Count() | Place() | Whole()) if not isinstance(number, bool):
            return cel_numbers.compared(right, turned, _number(number))
        case Now(), Moment(moment):
            return cel_numbers.at(left, sign, moment)
        case Moment(moment), Now():
            return cel_numbers.at(right, turned, moment)
    kinds = {type_of(left), type_of(right)} - {None}
    if len(kinds) > 1 or kinds & {"list", "map", "null"}:
        return ERROR
    needed = [computed(text) for text in map(text_of, (left, right)) if text is not None and "text" in kinds]
    if "text" not in kinds and kinds:
        needed = [is_other(symbol.claim) for symbol in (left, right) if isinstance(symbol, Json)]
    return doubt("an order of two values is not decided").given(*needed)
