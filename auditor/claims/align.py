"""When two claims are equal: their terms laid side by side, piece by piece."""

from __future__ import annotations

from auditor.claims.boxes import decompose
from auditor.claims.formula import Formula, Same, all_of, in_some, some_of
from auditor.claims.grammar import CharSet, Shape, Slot, Term, Variable
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import Side, parts_of

Pieces = tuple[str | Slot, ...]


_REST = Variable("any rest", CharSet("", negated=True), minimum=0, maximum=1_000_000)


def term_of(side: Side, shape: Shape) -> Term | None:
    """What a side of a comparison prints in tokens of `shape`; None where they lack a claim of it."""
    pieces: list[str | Slot] = []
    for part in parts_of(side):
        term = (part.text,) if part.literal else shape.term(part.text)
        if term is None:
            return None
        for piece in term:
            if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
                pieces[-1] += piece
            elif piece != "":
                pieces.append(piece)
    return tuple(pieces) or ("",)


def begun(left: Term, right: Term) -> Formula | None:
    """Where the text of `left` begins with that of `right`, as `aligned`."""
    if all(isinstance(piece, str) for piece in left):
        text = "".join(map(str, left))
        each = (decompose(right, Pattern.exactly(text[:end])) for end in range(len(text) + 1))
        return some_of(in_some(boxes) for boxes in each)
    return aligned(left, (*right, Slot(_REST)))


def aligned(left: Term, right: Term) -> Formula | None:
    """Where the texts of both terms are equal; None where laying them side by side does not tell.

    Raises `BudgetExceededError`.
    """
    found: list[Formula] = []
    own, other = (tuple(piece for piece in term if piece != "") for term in (left, right))
    while True:
        own, other = _without_common_front(own, other)
        backwards = _without_common_front(_backwards(own), _backwards(other))
        own, other = _backwards(backwards[0]), _backwards(backwards[1])
        pair = _separated(own, other)
        if pair is None:
            break
        # Neither variable can hold the separator behind it, so that both end at the first one.
        found.append(Same(*pair, positive=True))
        own, other = own[1:], other[1:]
    rest = _rest(own, other)
    return None if rest is None else all_of((*found, rest))


def _rest(own: Pieces, other: Pieces) -> Formula | None:
    if _apart(own, other) or _apart(_backwards(own), _backwards(other)) or _alien(own, other) or _alien(other, own):
        return False
    if other == (Slot(_REST),):
        return True
    if Slot(_REST) in other:
        return None
    for fixed, free in ((own, other), (other, own)):
        if all(isinstance(piece, str) for piece in fixed):
            text = "".join(map(str, fixed))
            return in_some(decompose(free, Pattern.exactly(text))) if free else not text
    match own, other:
        case (Slot(left, encoded=False),), (Slot(right, encoded=False),):
            return Same(left, right, positive=True)
        case _:
            return None


def _apart(own: Pieces, other: Pieces) -> bool:
    """Whether both begin with a literal, and not with the same character."""
    match own, other:
        case (str(first), *_), (str(second), *_):
            return first[0] != second[0]
        case _:
            return False


def _alien(own: Pieces, other: Pieces) -> bool:
    """Whether a literal of one holds a character that no text of the other does."""
    return any(not _can_hold(other, char) for piece in own if isinstance(piece, str) for char in piece)


def _can_hold(pieces: Pieces, char: str) -> bool:
    for piece in pieces:
        if isinstance(piece, str):
            if char in piece:
                return True
        elif piece.variable.values is not None:
            if (piece.encoded and char in "%3A") or any(char in value for value in piece.variable.values):
                return True
        elif char in piece.variable.characters or (piece.encoded and char in "%3A"):
            return True
    return False


def _separated(own: Pieces, other: Pieces) -> tuple[Variable, Variable] | None:
    """The first variable of each, when a literal separator behind both ends them at the same place."""
    match own, other:
        case (Slot(left, encoded=False), str(first), *_), (Slot(right, encoded=False), str(second), *_):
            separator = first[0]
            free = separator in left.characters or separator in right.characters
            if first[0] == second[0] and not free and left.values is None and right.values is None:
                return left, right
            return None
        case _:
            return None


def _without_common_front(own: Pieces, other: Pieces) -> tuple[Pieces, Pieces]:
    while own and other:
        first, second = own[0], other[0]
        if isinstance(first, str) and isinstance(second, str):
            common = _common(first, second)
            if not common:
                break
            own = (*((first[common:],) if first[common:] else ()), *own[1:])
            other = (*((second[common:],) if second[common:] else ()), *other[1:])
        elif first == second:
            own, other = own[1:], other[1:]
        else:
            break
    return own, other


def _common(first: str, second: str) -> int:
    """How many characters two texts begin with in common."""
    differing = (place for place, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1])
    return next(differing, min(len(first), len(second)))


def _backwards(pieces: Pieces) -> Pieces:
    return tuple(piece[::-1] if isinstance(piece, str) else piece for piece in reversed(pieces))
