"""Does one predicate let in no more than another? And if it lets in more: a token that tells them apart.

`includes(wide, narrow)` looks for a token that satisfies `narrow` and not `wide`. Long lists against long lists are
taken apart first: whatever must hold is split into its cases, and in each case most of what must fail can be seen to
hold or to be out of reach by its letters alone, which an index finds. Only what is left is a question to the solver.
Every step is an equivalence for any token at all, so nothing is lost on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from auditor.claims.grammar import Grammar, Shape
from auditor.claims.languages.language import Language
from auditor.claims.letters import Texts, apart, inside
from auditor.claims.predicate import (
    FALSE,
    TRUE,
    AllValues,
    And,
    AnyValue,
    Constant,
    Match,
    Not,
    Or,
    Predicate,
    Token,
    Unknown,
    claims_of,
    conjunction,
    disjunction,
    negation,
    order_of,
)
from auditor.claims.solver import solve
from auditor.claims.templates import solve_templated
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.claims.work import DECISION_BUDGET, Work
from auditor.errors import BudgetExceededError

WORK_PER_CASE = 10
"""What it costs to look at one case, in tests."""

TOO_MANY = "budget: there are too many cases to compare"


@dataclass(frozen=True, slots=True)
class Included:
    """Every token the narrow predicate lets in, the wide one lets in as well."""


@dataclass(frozen=True, slots=True)
class Separated:
    """The narrow predicate lets this token in, the wide one does not."""

    token: Token
    template: tuple[str, ...] = ()
    """The subject template a tenant must choose to get that token; empty for the default one."""


Inclusion = Included | Separated | Undecided


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change of a predicate changes. `kind` tells the new one from the old one."""

    kind: Literal["equal", "tighter", "looser", "incomparable", "unknown"]
    gained: Token | None = None
    """A token that gets in now and did not before."""
    lost: Token | None = None
    """A token that got in before and does not now."""
    reason: str | None = None
    """Why it is `unknown`; a token that is given was found all the same."""


def includes(
    wide: Predicate,
    narrow: Predicate,
    grammar: Grammar,
    shapes: Iterable[Shape] | None = None,
    work: Work | None = None,
) -> Inclusion:
    """Whether every token that `narrow` lets in gets in by `wide`. Same answer whatever the order of operands.

    Asked of the tokens of `shapes`; without them of all the grammar's, and of those whose subject a tenant customised
    by any template (up to the length `solve_templated` searches, past which the answer is undecided).
    `Included` holds and `Separated` tells apart whatever the unknown parts of either turn out to be. Unknown parts that
    read alike may still be about different things, so even a predicate compared with itself is then undecided.
    """
    allowance = work or Work(DECISION_BUDGET)
    asked = None if shapes is None else tuple(shapes)
    undecided: str | None = None
    try:
        for holding, failing in _questions(narrow, wide, allowance):
            question = And((*holding, negation(disjunction(failing))))
            verdict = _ask(question, grammar, asked, allowance)
            if isinstance(verdict, Accepted):
                return Separated(verdict.witness, verdict.template)
            if isinstance(verdict, Undecided):
                undecided = undecided or verdict.reason
    except BudgetExceededError:
        return Undecided(TOO_MANY)
    return Included() if undecided is None else Undecided(undecided)


def diff(old: Predicate, new: Predicate, grammar: Grammar, shapes: Iterable[Shape] | None = None) -> Difference:
    """What `new` lets in more, and less, than `old`; see `includes` for the tokens this is about."""
    asked = None if shapes is None else tuple(shapes)
    return difference(includes(old, new, grammar, asked), includes(new, old, grammar, asked))


def difference(old_includes_new: Inclusion, new_includes_old: Inclusion) -> Difference:
    """Two inclusions as one difference."""
    gained = old_includes_new.token if isinstance(old_includes_new, Separated) else None
    lost = new_includes_old.token if isinstance(new_includes_old, Separated) else None
    for answer in (old_includes_new, new_includes_old):
        if isinstance(answer, Undecided):
            return Difference("unknown", gained, lost, answer.reason)
    if gained is None:
        return Difference("equal" if lost is None else "tighter", None, lost)
    return Difference("looser" if lost is None else "incomparable", gained, lost)


def _ask(question: Predicate, grammar: Grammar, shapes: tuple[Shape, ...] | None, work: Work) -> Verdict:
    verdict = solve(question, grammar, shapes, Work(parent=work))
    if isinstance(verdict, Accepted) or shapes is not None:
        return verdict
    templated = solve_templated(question, grammar, Work(parent=work), strictly=isinstance(verdict, Undecided))
    return templated if isinstance(templated, Accepted) or isinstance(verdict, Rejected) else verdict


# --- taking the question apart ----------------------------------------------------------------------------------------

_Case = tuple[tuple[Predicate, ...], tuple[Predicate, ...]]
"""(what must hold, what must fail), each of it."""


def _questions(narrow: Predicate, wide: Predicate, work: Work) -> Iterator[_Case]:
    """The cases that are left, those of one list joined; the easiest first. Raises `BudgetExceededError`."""
    left: dict[_Case, list[Predicate]] = {}
    for rest, part, failing in _cases(narrow, wide, work):
        left.setdefault((rest, failing), []).append(part)
    for (rest, failing), parts in sorted(left.items(), key=lambda item: len(item[0][1])):
        if len(parts) > 1:
            yield (*rest, parts[0]), failing  # one value is quickly asked about, and most often tells
        yield (*rest, disjunction(parts)), failing


def _cases(
    narrow: Predicate, wide: Predicate, work: Work
) -> Iterator[tuple[tuple[Predicate, ...], Predicate, tuple[Predicate, ...]]]:
    """(what else must hold, the case that was split off last, what must fail) of every case that is not settled."""
    stack: list[tuple[tuple[Predicate, ...], Predicate, tuple[Predicate, ...]]] = [((), narrow, (wide,))]
    while stack:
        rest, part, failing = stack.pop()
        work.spend(WORK_PER_CASE)
        settled = _settled((*rest, part), failing, work)
        if settled is None:
            continue
        holding, failing = settled
        listed = _list_to_split(holding, failing)
        several = [failed for failed in failing if isinstance(failed, And)]
        if len(several) == 1:  # it fails when any of its parts does
            others = tuple(failed for failed in failing if failed is not several[0])
            parts = sorted(several[0].operands, key=order_of, reverse=True)
            stack.extend((holding, TRUE, (one, *others)) for one in parts)
        elif listed is not None:
            others = tuple(held for held in holding if held is not listed)
            stack.extend((others, case, failing) for case in sorted(listed.operands, key=order_of, reverse=True))
        elif holding == (*rest, part):
            yield rest, part, failing
        else:
            yield (), conjunction(holding), failing


def _settled(holding: tuple[Predicate, ...], failing: tuple[Predicate, ...], work: Work) -> _Case | None:
    """The case taken apart as far as that goes; None where it is impossible."""
    while True:
        sides = _spread(holding, failing)
        reduced = None if sides is None else _reduced(*sides, work)
        if sides is None or reduced is None:
            return None
        if (sides[0], reduced) == (holding, failing):
            return holding, failing
        holding, failing = sides[0], reduced


def _spread(holding: Iterable[Predicate], failing: Iterable[Predicate]) -> _Case | None:
    """The case with conjunctions that must hold, and negations, taken apart; None where it contradicts itself."""
    held: dict[Predicate, None] = {}
    failed: dict[Predicate, None] = {}
    pending = [(predicate, True) for predicate in holding] + [(predicate, False) for predicate in failing]
    pending.reverse()
    while pending:
        predicate, wanted = pending.pop()
        match predicate:
            case Constant(value):
                if value is not wanted:
                    return None
            case Not(operand):
                pending.append((operand, not wanted))
            case And(operands) if wanted:
                pending.extend((operand, True) for operand in reversed(operands))
            case _:
                (held if wanted else failed)[predicate] = None
    return tuple(held), tuple(failed)


def _reduced(holding: Sequence[Predicate], failing: Sequence[Predicate], work: Work) -> tuple[Predicate, ...] | None:
    """What must fail, without what fails anyway given all the rest; None where some of it cannot fail."""
    known = _Known(holding, failing, work)
    reduced: dict[Predicate, None] = {}
    for predicate in failing:
        left = known.simplified(predicate)
        if left == TRUE:
            return None
        if left != FALSE:
            reduced[left] = None
    return tuple(reduced)


def _list_to_split(holding: Sequence[Predicate], failing: Sequence[Predicate]) -> Or | None:
    """The longest of the alternatives that something which must fail is about as well."""
    told = frozenset().union(*map(claims_of, failing))
    lists = [held for held in holding if isinstance(held, Or) and not told.isdisjoint(claims_of(held))]
    return max(lists, key=lambda listed: (len(listed.operands), listed.order), default=None)


class _Known:
    """What holds for sure in a case, and what fails."""

    def __init__(self, holding: Sequence[Predicate], failing: Sequence[Predicate], work: Work) -> None:
        self.work = work
        self.facts = frozenset(holding)
        self.refused = frozenset(failing)
        self.texts = _languages(holding)
        self.refused_texts = _languages(failing)

    def simplified(self, predicate: Predicate, *, nested: bool = False) -> Predicate:
        """A predicate that is equivalent wherever the facts hold.

        `nested`: it is a part of something, so that what fails is known to fail. (By itself it is one of the things
        that must fail; two of them that are the same must not be dropped for each other's sake.)
        """
        if predicate in self.facts and _wholly_known(predicate):
            return TRUE
        if nested and predicate in self.refused and _wholly_known(predicate):
            return FALSE
        match predicate:
            case Match():
                return self._text(predicate, nested=nested)
            case And(operands):
                return conjunction(self.simplified(operand, nested=True) for operand in operands)
            case Or():
                return self._any(predicate)
            case Not(operand):
                return negation(self.simplified(operand, nested=True))
            case _:
                return predicate

    def _text(self, predicate: Match, *, nested: bool) -> Predicate:
        for fact in self.texts.get(predicate.claim, ()):
            if inside(fact, predicate.language):
                return TRUE
            if apart(fact, predicate.language):
                return FALSE
        refused = self.refused_texts.get(predicate.claim, ()) if nested else ()
        return FALSE if any(inside(predicate.language, language) for language in refused) else predicate

    def _any(self, predicate: Or) -> Predicate:
        index = _index(predicate)
        left: list[Predicate] = []
        for claim, listed in index.texts.items():
            facts = self.texts.get(claim, ())
            for fact in facts:
                holders = list(listed.containing(fact))
                self.work.spend(len(holders))
                if any(inside(fact, part.language) for part in holders):
                    return TRUE
            near = list(listed.near(facts[0])) if facts else listed.all
            self.work.spend(len(near))
            simple = (self._text(part, nested=True) for part in near)
            left.extend(part for part in simple if part != FALSE)
        for other in index.others:
            part = self.simplified(other, nested=True)
            if part == TRUE:
                return TRUE
            left.append(part)
        return predicate if left == list(predicate.operands) else disjunction(left)


def _languages(predicates: Iterable[Predicate]) -> dict[str, list[Language]]:
    """Claim → the languages it is compared with."""
    found: dict[str, list[Language]] = {}
    for predicate in predicates:
        if isinstance(predicate, Match):
            found.setdefault(predicate.claim, []).append(predicate.language)
    return found


@lru_cache(maxsize=1 << 14)
def _wholly_known(predicate: Predicate) -> bool:
    match predicate:
        case Unknown():
            return False
        case Not(operand) | AnyValue(_, operand) | AllValues(_, operand):
            return _wholly_known(operand)
        case And(operands) | Or(operands):
            return all(map(_wholly_known, operands))
        case _:
            return True


class _Index:
    """The alternatives of a list: tests of a text by claim, and everything else."""

    def __init__(self, listed: Or) -> None:
        grouped: dict[str, list[Match]] = {}
        others: list[Predicate] = []
        for part in listed.operands:
            if isinstance(part, Match):
                grouped.setdefault(part.claim, []).append(part)
            else:
                others.append(part)
        self.texts = {claim: Texts(parts) for claim, parts in grouped.items()}
        self.others = tuple(others)


@lru_cache(maxsize=256)
def _index(listed: Or) -> _Index:
    return _Index(listed)
