"""From a token back to the grammar: which shapes print it, and with which values of their variables.

Exact: a reading prints exactly the claims it explains, and no other reading does. Where a token fits no shape, the
shapes it contradicts least are told, with the claims that contradict them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from auditor.claims.grammar import Grammar, Shape, Slot, Template, Term, Variable
from auditor.claims.languages.language import readable, units
from auditor.claims.predicate import ClaimValue, Token
from auditor.claims.templates import customised, segment
from auditor.claims.work import Work

PARSE_BUDGET = 200_000
"""Places one token may be cut at, over all shapes together; no real token needs a hundredth of it."""

MAX_DECODED = 6
"""More `%3A` than this in one value are all taken for colons: which of them were, only another claim can tell."""

TIMES = frozenset(("iat", "nbf", "exp"))
"""Claims a token is not the less whole for lacking."""

Values = Mapping[Variable, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a token."""

    shape: Shape
    values: Values
    """What each variable stands for; presence variables and the elements of lists are left out."""
    missing: tuple[str, ...] = ()
    """Claims every such token carries and this one does not, sorted."""
    misfits: tuple[str, ...] = ()
    """Claims whose text contradicts the rest, in the order they were tried; empty for a token the shape prints."""

    @property
    def exact(self) -> bool:
        """Whether the shape prints this very token."""
        return not self.missing and not self.misfits


@dataclass(slots=True)
class _Run:
    token: Token
    """In UTF-16 units, as languages and variables count."""
    work: Work = field(default_factory=lambda: Work(PARSE_BUDGET))


def readings(token: Token, grammar: Grammar, *, templates: bool = True) -> tuple[Reading, ...]:
    """The best readings of `token`: the exact ones if there are any, else those with the fewest contradicting claims.

    Settled shapes come first, then those that lack the fewest claims, then in the order of the grammar. Claims the
    grammar does not know are ignored. Subjects that a tenant customised are read where no shape prints the token
    as it is; `templates=False` leaves them out. Raises `BudgetExceededError` for a token made to be ambiguous.
    """
    run = _Run(_in_units(token))
    known = grammar.claims
    found = [reading for shape in grammar.shapes for reading in _tolerant(shape, run, known)]
    if templates and grammar.template is not None and not any(reading.exact for reading in found):
        fewest = min(map(_misfits, found), default=len(known))
        customs = [r for r in _customised(grammar, grammar.template, run, known) if _misfits(r) < max(fewest, 1)]
        found.extend(r for r in customs if r.exact or fewest)
    return _best(found)


def parse(shape: Shape, token: Token, *, partial: bool = False) -> tuple[Values, ...]:
    """All assignments under which `shape` prints `token`; with `partial`, the token may lack any of its claims.

    Claims the shape does not have are ignored, and so is the value of a constant. Raises `BudgetExceededError`.
    """
    run = _Run(_in_units(token))
    if not partial and _missing(shape, run.token):
        return ()
    if any(not _constant_fits(shape, claim, value) for claim, value in run.token.items()):
        return ()
    found: list[dict[Variable, str]] = [{}]
    for claim in _order(shape, run.token):
        found = _joined(shape, claim, found, run)
    return tuple(map(_readable, _unique(found)))


def _in_units(token: Token) -> Token:
    return {
        name: units(value)
        if isinstance(value, str)
        else tuple(map(units, value))
        if isinstance(value, tuple)
        else value
        for name, value in token.items()
    }


def _readable(values: Mapping[Variable, str]) -> Values:
    return {variable: readable(text) for variable, text in values.items()}


def _missing(shape: Shape, token: Token) -> tuple[str, ...]:
    needed = {*shape.claims, *shape.lists, *(shape.constants.keys() - TIMES)} - shape.optional.keys()
    return tuple(sorted(needed - token.keys()))


def _misfits(reading: Reading) -> int:
    return len(reading.misfits)


def _best(found: list[Reading]) -> tuple[Reading, ...]:
    exact = [reading for reading in found if reading.exact]
    fewest = min(map(_misfits, found), default=0)
    kept = exact or [reading for reading in found if _misfits(reading) == fewest]
    return tuple(sorted(kept, key=lambda reading: (not reading.shape.certain, len(reading.missing))))


def _order(shape: Shape, token: Token, first: Iterable[str] = ()) -> list[str]:
    """Claims of `shape` that `token` carries, those of one variable first: they settle what the others leave open."""
    carried = [claim for claim in (*shape.claims, *shape.lists) if claim in token]
    ahead = list(first)
    return sorted(carried, key=lambda claim: (claim not in ahead, _slots(shape.claims.get(claim, ()))))


def _slots(term: Term) -> int:
    return sum(isinstance(part, Slot) for part in term)


def _tolerant(shape: Shape, run: _Run, known: frozenset[str]) -> Iterator[Reading]:
    """Every reading by `shape`, with the claims that had to be set aside for it."""
    missing = _missing(shape, run.token)
    strange = [claim for claim in run.token if claim in known and not _carries(shape, claim)]
    strange += [claim for claim, value in run.token.items() if not _constant_fits(shape, claim, value)]
    found, misfits = _read(shape, _order(shape, run.token), run)
    if misfits:  # what the subject says is what people go by: then it is the other claims that contradict it
        found, misfits = _read(shape, _order(shape, run.token, ("iss", "sub")), run)
    for values in found:
        yield Reading(shape, _readable(values), missing, (*misfits, *strange))


def _carries(shape: Shape, claim: str) -> bool:
    return claim in shape.claims or claim in shape.lists or claim in shape.constants


def _constant_fits(shape: Shape, claim: str, value: ClaimValue) -> bool:
    constant = shape.constants.get(claim)
    return constant is None or (isinstance(value, int) and isinstance(value, bool) == isinstance(constant, bool))


def _read(shape: Shape, claims: Iterable[str], run: _Run) -> tuple[list[dict[Variable, str]], tuple[str, ...]]:
    found: list[dict[Variable, str]] = [{}]
    misfits: list[str] = []
    for claim in claims:
        further = _joined(shape, claim, found, run)
        if further:
            found = further
        else:
            misfits.append(claim)
    return _unique(found), tuple(misfits)


def _unique(found: list[dict[Variable, str]]) -> list[dict[Variable, str]]:
    return list({tuple((v.name, text) for v, text in values.items()): values for values in found}.values())


def _joined(shape: Shape, claim: str, found: list[dict[Variable, str]], run: _Run) -> list[dict[Variable, str]]:
    """`found` with the variables of one more claim; empty when it fits none of them."""
    value = run.token[claim]
    if claim in shape.lists:
        elements = value if isinstance(value, tuple) else (value,) if isinstance(value, str) else None
        fits = elements is not None and all(map(shape.lists[claim].contains, elements))
        return found if fits else []
    term = shape.claims[claim]
    # Which of several audiences a platform goes by is its own affair: each of them is a way to read the token.
    texts = value if isinstance(value, tuple) and claim == "aud" else (value,) if isinstance(value, str) else ()
    return [
        {**values, **further}
        for values in found
        for text in texts
        for end, further in _match(term, text, 0, values, run.work)
        if end == len(text)
    ]


def _match(
    term: Term, text: str, at: int, known: Mapping[Variable, str], work: Work, *, joiner: str = ""
) -> Iterator[tuple[int, dict[Variable, str]]]:
    """Where a text of `term` that begins at `at` may end, and what the variables not yet `known` then stand for.

    With `joiner`, the text may also end wherever the joiner follows.
    """
    if not term:
        yield at, {}
        return
    part, rest = term[0], term[1:]
    if isinstance(part, str):
        literal = units(part)
        if text.startswith(literal, at):
            yield from _match(rest, text, at + len(literal), known, work, joiner=joiner)
        return
    for end in _ends(part, rest, text, at, known, joiner):
        work.spend(1)
        for value in _decoded(part, text[at:end], known):
            here = {**known, part.variable: value}
            for stop, further in _match(rest, text, end, here, work, joiner=joiner):
                yield stop, {part.variable: value, **further} if part.variable not in known else further


def _ends(
    slot: Slot, rest: Term, text: str, at: int, known: Mapping[Variable, str], joiner: str
) -> Iterator[int]:  # fmt: skip
    """Where the slot's text may end, shortest first."""
    if slot.variable in known:
        value = _encoded(slot, known[slot.variable])
        if text.startswith(value, at):
            yield at + len(value)
    elif not rest and not joiner:
        yield len(text)
    else:
        follows = rest[0] if rest else joiner
        mark = units(follows) if isinstance(follows, str) else ""
        end = text.find(mark, at)
        while end >= 0:
            yield end
            end = text.find(mark, end + 1) if end < len(text) else -1
        if not rest:
            yield len(text)


def _encoded(slot: Slot, value: str) -> str:
    return value.replace(":", "%3A") if slot.encoded else value


def _decoded(slot: Slot, text: str, known: Mapping[Variable, str]) -> Iterator[str]:
    """The values that are written `text` in this slot."""
    if slot.variable in known:
        yield known[slot.variable]
    elif not slot.encoded:
        if slot.variable.contains(text):
            yield text
    elif ":" not in text:
        pieces = text.split("%3A")
        marks = itertools.repeat((":",)) if len(pieces) - 1 > MAX_DECODED else itertools.repeat((":", "%3A"))
        for chosen in itertools.product(*itertools.islice(marks, len(pieces) - 1)):
            value = "".join(itertools.chain.from_iterable(zip(pieces, (*chosen, ""), strict=True)))
            if slot.variable.contains(value):
                yield value


def _customised(grammar: Grammar, template: Template, run: _Run, known: frozenset[str]) -> Iterator[Reading]:
    """Readings with the claim printed by some template. The other claims are read first: they settle most of it."""
    text = run.token.get(template.claim)
    if not isinstance(text, str):
        return
    rest = _Run({claim: value for claim, value in run.token.items() if claim != template.claim}, run.work)
    for shape in grammar.shapes:
        if not shape.certain:
            continue
        for reading in _tolerant(shape, rest, known):
            values = {variable: units(value) for variable, value in reading.values.items()}
            missing = tuple(claim for claim in reading.missing if claim != template.claim)
            for keys, further in _segments(grammar, shape, template, text, (), values, run.work):
                own = next(s for s in customised(grammar, keys) if s.name == f"{shape.name} customised")
                yield replace(reading, shape=own, values=_readable({**values, **further}), missing=missing)


def _segments(
    grammar: Grammar, shape: Shape, template: Template, text: str, keys: tuple[str, ...],
    known: Mapping[Variable, str], work: Work,
) -> Iterator[tuple[tuple[str, ...], dict[Variable, str]]]:  # fmt: skip
    """Every sequence of keys that prints `text`, and the variables it settles."""
    for key in template.keys if keys else template.first:
        term = segment(grammar, shape, template, key) if key not in keys else None
        if term is None:
            continue
        work.spend(1)
        for end, further in _match(term, text, 0, known, work, joiner=template.joiner):
            if end == len(text):
                yield (*keys, key), further
            elif text.startswith(template.joiner, end):
                left = text[end + len(template.joiner) :]
                whole = {**known, **further}
                for chosen, more in _segments(grammar, shape, template, left, (*keys, key), whole, work):
                    yield chosen, {**further, **more}
