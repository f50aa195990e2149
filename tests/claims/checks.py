"""What must hold of the solver, as functions of a source of randomness.

Hypothesis drives them (in `test_boxes.py` and its neighbours), and so does the suite that plants bugs in the solver to
see them caught (`test_mutations.py`). Each builds one random case, asks the solver and the naive reading, and asserts
that they agree.
"""

from __future__ import annotations

from itertools import product
from random import Random

from auditor.claims.box import Box
from auditor.claims.boxes import decompose
from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Term, Variable
from auditor.claims.inclusion import Included, Separated, includes
from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.regex import Regex
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    ELEMENT,
    AllValues,
    And,
    AnyValue,
    Exists,
    Match,
    Not,
    Or,
    Predicate,
    Token,
    Unknown,
    claims_of,
    conjunction,
    disjunction,
    equals,
    evaluate,
    negation,
)
from auditor.claims.regions import Region, regions
from auditor.claims.solver import reasons, solve
from auditor.claims.templates import customised
from auditor.claims.variables import inhabitant
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.errors import BudgetExceededError
from tests.claims import naive, near, queries, worlds

WORDS = tuple("".join(letters) for length in range(7) for letters in product("ab:", repeat=length))
"""Everything over three letters up to length six: 1,093 words."""


def truths(predicate: Predicate, here: worlds.World) -> tuple[bool, bool]:
    """Whether some certain token certainly satisfies the predicate, and whether any token possibly does."""
    surely = possibly = False
    for shape, token in here.tokens:
        certain, possible = naive.holds(predicate, token)
        surely = surely or (certain and shape.certain)
        possibly = possibly or possible
    return surely, possibly


def left_open(predicate: Predicate, reason: str) -> bool:
    """Whether `reason` gives up a question that may be given up: on equal claims, or the length of several parts."""
    shown = repr(predicate)
    tied = "SameText(" in shown or "Length(" in shown
    return tied and (reason.startswith("budget: whether ") or "can be equal was not decided" in reason)


def check_witness(verdict: Verdict, predicate: Predicate, grammar: Grammar) -> None:
    """Property 1: what is accepted comes with a token that the issuer mints and the predicate lets in."""
    if isinstance(verdict, Accepted):
        assert naive.holds(predicate, verdict.witness) == (True, True), verdict.witness
        assert any(naive.minted(shape, verdict.witness) for shape in grammar.shapes if shape.certain), verdict.witness


def check_witness_of(verdict: Verdict, predicate: Predicate, grammar: Grammar) -> None:
    """The same of a decision, whose witness may have a customised subject: then its template must print it."""
    if isinstance(verdict, Accepted):
        assert naive.holds(predicate, verdict.witness) == (True, True), verdict.witness
        shapes = customised(grammar, verdict.template) if verdict.template else grammar.shapes
        assert any(naive.minted(shape, verdict.witness) for shape in shapes if shape.certain), verdict


def check_solve(rng: Random) -> None:
    """Properties 1 and 2 on worlds so small that every token is tried: the verdict is exact."""
    here = worlds.world(rng)
    asked = worlds.predicate(rng, here)
    verdict = solve(asked, here.grammar)
    check_witness(verdict, asked, here.grammar)
    surely, possibly = truths(asked, here)
    case = f"{asked}\n{verdict}\n{worlds.shown(here.grammar.shapes)}"
    if isinstance(verdict, Undecided) and left_open(asked, verdict.reason):
        pass
    elif surely:
        assert isinstance(verdict, Accepted), case
    elif possibly:
        assert isinstance(verdict, Undecided), case
    else:
        assert isinstance(verdict, Rejected), case


def check_ties(rng: Random) -> None:
    """Properties 1 and 2 where claims are compared with each other and measured: exact, or given up and said so."""
    here = worlds.tied_world(rng)
    asked = worlds.tied_predicate(rng, here)
    verdict = solve(asked, here.grammar)
    check_witness(verdict, asked, here.grammar)
    surely, _ = truths(asked, here)
    if isinstance(verdict, Undecided):
        assert left_open(asked, verdict.reason), (asked, verdict)
    else:
        case = f"{asked}\n{verdict}\n{worlds.shown(here.grammar.shapes)}"
        assert isinstance(verdict, Accepted) is surely, case


def check_evaluate(rng: Random) -> None:
    """`predicate.evaluate` and the naive reading say the same of every token."""
    here = worlds.world(rng)
    asked = worlds.predicate(rng, here)
    truth = {(True, True): True, (False, True): None, (False, False): False}
    tests = [asked, *(Match(claim, worlds.language(rng, here.texts)) for claim in ("sub", "repo", "ref"))]
    tests.append(Match("sub", Length(rng.randint(0, 3), rng.randint(3, 6), in_bytes=rng.random() < 0.5)))
    for _, token in rng.sample(here.tokens, min(len(here.tokens), 40)):
        for test in tests:
            assert evaluate(test, token) is truth[naive.holds(test, token)], (test, token)


def check_boxes(rng: Random) -> None:
    """Property 3: a claim's text is in the language if and only if some box contains its variables' values."""
    here = worlds.world(rng, lists=False)
    shape = rng.choice(here.grammar.shapes)
    term = rng.choice(list(shape.claims.values()))
    for _ in range(4):
        language = worlds.language(rng, here.texts, lengths=False)
        try:
            boxes = decompose(term, language)
        except BudgetExceededError:
            assert isinstance(language, Regex), (term, language)  # a variable four times is many ways to split it
            assert _repeats(term), (term, language)
            continue
        for values in worlds.every_assignment(shape):
            text = naive.text_of(term, values)
            inside = any(in_box(box, values) for box in boxes)
            assert inside is naive.in_language(language, text), (term, language, values, boxes)


def in_box(box: Box, values: dict[str, str]) -> bool:
    return all(naive.in_language(language, values[variable.name]) for variable, language in box)


def check_inhabitant(rng: Random) -> None:
    """Property 4: a value lies where it must; that there is none agrees with trying all words."""
    maximum = rng.choice((1, 2, 3, 4, 6, 6))
    minimum = rng.randint(0, maximum)
    exclusions = tuple(Pattern.glob(_three_letters(rng)) for _ in range(rng.choice((0, 0, 1, 2))))
    hints = tuple("".join(rng.choice("ab") for _ in range(rng.randint(1, 3))) for _ in range(2))
    letters = rng.choice(("ab:", "ab:", "ab:", "ab", "a:"))
    variable = Variable("v", CharSet(letters), minimum, maximum, exclusions, hints=hints)
    inside = frozenset(_three_letter_language(rng) for _ in range(rng.choice((0, 1, 1, 2, 3))))
    outside = frozenset(_three_letter_language(rng) for _ in range(rng.choice((0, 1, 2, 4))))
    found = inhabitant(variable, inside, outside)
    right = [
        word
        for word in WORDS
        if naive.legal(variable, word)
        and all(naive.in_language(language, word) for language in inside)
        and not any(naive.in_language(language, word) for language in outside)
    ]
    case = (minimum, maximum, letters, exclusions, inside, outside)
    assert (found is None) is (not right), (*case, found, right[:1])
    assert found is None or found in right, (*case, found)


def _three_letters(rng: Random) -> str:
    letters = rng.choice(("ab:", "aB:", "ab:%3A"))
    return "".join(rng.choice(letters + "***?") for _ in range(rng.randint(0, 6)))


def _three_letter_language(rng: Random) -> Language:
    text = _three_letters(rng)
    if rng.random() < 0.5:
        return Pattern.glob(text)
    if rng.random() < 0.3:
        words = ("".join(rng.choice("abB:") for _ in range(rng.randint(0, 5))) for _ in range(rng.randint(0, 3)))
        return ValueSet(words, ignore_case=rng.random() < 0.5)
    return Pattern(Pattern.glob(text).tokens, ignore_case=rng.random() < 0.5, encoded=rng.random() < 0.5)


def check_regions(rng: Random) -> None:
    """Property 9: the boxes together are the accepted set, and none lies inside another."""
    here = worlds.world(rng, lists=False)
    shapes = tuple(shape for shape in here.grammar.shapes if shape.certain)
    if rng.random() < 0.5:
        asked = worlds.predicate(rng, here)
    else:  # alternatives, some of them inside others
        texts = rng.sample(here.texts, min(len(here.texts), 2))
        asked = Or(
            tuple(Match(rng.choice(("sub", "sub", "ref")), worlds.language(rng, tuple(texts))) for _ in range(3))
        )
    found, complete = regions(asked, here.grammar, shapes)
    shown = f"{asked} {[shape.only for shape in shapes]}"
    if not complete and any(_repeats(term) for shape in shapes for term in shape.claims.values()):
        return  # a variable that occurs twice makes many boxes, of which only so many are listed
    if not complete and ("Length(" in shown or "SameText(" in shown or shown.count("Match(") > 6):
        return  # not all of these are decided, and what refuses a list of texts has as many boxes
    assert complete
    for shape in shapes:
        mine = [region for region in found if alike(region, shape, asked)]
        # What ties variables together is left out of a box, and what was not decided counts as let in.
        exact = all(region.exact for region in mine) and not reasons(asked, shapes)
        members: list[set[int]] = [set() for _ in mine]
        for number, values in enumerate(worlds.every_assignment(shape)):
            inside = [index for index, region in enumerate(mine) if in_region(region, values)]
            for index in inside:
                members[index].add(number)
            possible = naive.holds(asked, naive.mint(shape, values))[1]
            assert bool(inside) is possible or (inside and not exact), (
                f"{asked}\n{values}\n{[r.constraints for r in mine]}\n{worlds.shown([shape])}"
            )
        for index, one in enumerate(members):
            assert one, f"{asked}\n{mine[index].constraints}\n{worlds.shown([shape])}"
            others = [other for place, other in enumerate(members) if place != index]
            redundant = exact and any(one <= other for other in others)
            assert not redundant, f"{asked}\n{[r.constraints for r in mine]}\n{worlds.shown([shape])}"


def _repeats(term: Term) -> bool:
    variables = [part.variable.name for part in term if isinstance(part, Slot)]
    return len(variables) > len(set(variables))


def alike(region: Region, shape: Shape, asked: Predicate) -> bool:
    """Whether the region speaks for the shape: shapes that the predicate cannot tell apart share their regions."""
    return region.shape.restricted(claims_of(asked)) == shape.restricted(claims_of(asked))


def in_region(region: Region, values: dict[str, str]) -> bool:
    return all(
        all(naive.in_language(language, values[variable.name]) for language in inside)
        and not any(naive.in_language(language, values[variable.name]) for language in outside)
        for variable, (inside, outside) in region.constraints.items()
    )


def check_unknown(rng: Random) -> None:
    """Property 11: replacing or adding something unknown never turns a definite verdict into the opposite one."""
    here = worlds.world(rng)
    asked = worlds.predicate(rng, here, unknown=0.0)
    before = solve(asked, here.grammar)
    after = solve(blurred(rng, asked), here.grammar)
    assert {type(before), type(after)} != {Accepted, Rejected}, (asked, before, after)


def blurred(rng: Random, predicate: Predicate) -> Predicate:
    """`predicate` with some of its parts no longer known."""
    if rng.random() < 0.2:
        return Unknown("not read")
    match predicate:
        case Not(operand):
            return Not(blurred(rng, operand))
        case And(operands):
            return And(tuple(blurred(rng, operand) for operand in operands))
        case Or(operands):
            return Or(tuple(blurred(rng, operand) for operand in operands))
        case AnyValue(claim, each):
            return AnyValue(claim, blurred(rng, each))
        case AllValues(claim, each):
            return AllValues(claim, blurred(rng, each))
        case _:
            return predicate


def check_rails(rng: Random) -> None:
    """Property 8: pinned to one token, a predicate is accepted exactly where it is true, refused where it is false."""
    here = worlds.world(rng)
    asked = worlds.predicate(rng, here, unknown=0.15)
    # Both at once never: whatever is unknown, no token proves a predicate and its complement.
    assert not isinstance(solve(And((asked, negation(asked))), here.grammar), Accepted), asked
    certain = [(shape, token) for shape, token in here.tokens if shape.certain]
    for shape, token in rng.sample(certain, min(len(certain), 12)):
        pinned = exactly(token, shape)
        verdicts = [solve(And((pinned, side)), here.grammar, (shape,)) for side in (asked, negation(asked))]
        truth = naive.holds(asked, token)
        expected: dict[naive.Truth, tuple[type[Verdict], type[Verdict]]] = {
            (True, True): (Accepted, Rejected),
            (False, False): (Rejected, Accepted),
            (False, True): (Undecided, Undecided),
        }
        for verdict, kind in zip(verdicts, expected[truth], strict=True):
            given_up = isinstance(verdict, Undecided) and (
                left_open(asked, verdict.reason)
                or ("Length(" in repr(asked) and "Unknown(" in repr(asked))  # two reasons, of which one is told
            )
            assert given_up or isinstance(verdict, kind), (asked, token, truth, verdicts)


def exactly(token: Token, shape: Shape) -> Predicate:
    """This token of `shape` and no other."""
    tests: list[Predicate] = []
    for claim in (*shape.claims, *shape.lists):
        value = token.get(claim)
        if isinstance(value, str):
            tests.append(equals(claim, value))
        elif isinstance(value, tuple):
            tests.extend(AnyValue(claim, equals(ELEMENT, element)) for element in value)
            tests.append(AllValues(claim, Match(ELEMENT, ValueSet(value))))
        else:
            tests.append(negation(Exists(claim)))
    return conjunction(tests)


def check_includes(rng: Random) -> None:
    """Property 5: `includes` is the inclusion of the accepted sets, hence an order; a shorter list is never looser."""
    here = worlds.world(rng)
    certain = tuple(shape for shape in here.grammar.shapes if shape.certain)
    wide, middle, narrow = (worlds.predicate(rng, here, depth=2, unknown=0.0, same_text=0.0) for _ in range(3))
    if rng.random() < 0.6:  # unrelated conditions seldom include one another
        middle = conjunction((middle, wide)) if rng.random() < 0.7 else wide
        narrow = conjunction((narrow, middle))

    def included(larger: Predicate, smaller: Predicate) -> bool:
        answer = includes(larger, smaller, here.grammar, certain)
        tokens = [token for shape, token in here.tokens if shape.certain]
        apart = [t for t in tokens if naive.holds(smaller, t)[0] and not naive.holds(larger, t)[0]]
        case = f"{larger}\n{smaller}\n{answer}\n{worlds.shown(certain)}"
        if isinstance(answer, Separated):
            assert naive.holds(smaller, answer.token)[0], case
            assert not naive.holds(larger, answer.token)[1], case
        elif isinstance(answer, Undecided):
            assert left_open(And((larger, smaller)), answer.reason), case
        else:
            assert not apart, f"{case}\n{apart[:1]}"
        return isinstance(answer, Included)

    for predicate in (wide, middle, narrow):
        undecided = isinstance(includes(predicate, predicate, here.grammar, certain), Undecided)
        assert undecided or included(predicate, predicate), predicate
    if included(wide, middle) and included(middle, narrow):
        undecided = isinstance(includes(wide, narrow, here.grammar, certain), Undecided)
        assert undecided or included(wide, narrow), (wide, middle, narrow)
    if included(wide, middle) and included(middle, wide):
        for shape, token in here.tokens:
            if shape.certain:
                assert naive.holds(wide, token) == naive.holds(middle, token), (wide, middle, token)
    listed = tuple(Match("sub", worlds.language(rng, here.texts, lengths=False)) for _ in range(rng.randint(2, 9)))
    fewer = tuple(rng.sample(listed, len(listed) - 1))
    assert included(disjunction(listed), disjunction(fewer)), listed
    assert included(negation(disjunction(fewer)), negation(disjunction(listed))), listed


def check_realistic(rng: Random, tokens: int = 300) -> None:
    """Properties 1 and 2 on GitHub's grammar: what is rejected refuses `tokens` near misses."""
    grammar = queries.GITHUB.grammar
    for _ in range(12):
        asked = queries.query(rng)
        verdict = solve(asked, grammar)
        check_witness(verdict, asked, grammar)
        if not isinstance(verdict, Accepted):
            break
    else:
        return
    if isinstance(verdict, Undecided):
        # Nothing here is unknown: only forms of token that GitHub does not document may leave it open.
        assert verdict.reason in {shape.note for shape in grammar.shapes if not shape.certain}, verdict
    # A refusal covers the undocumented forms of token as well.
    shapes = grammar.shapes if isinstance(verdict, Rejected) else [s for s in grammar.shapes if s.certain]
    tried = 0
    for miss in near.near_misses(rng, asked, grammar, tokens, shapes=shapes):
        tried += 1
        assert naive.holds(asked, miss.token) == (False, False), (asked, miss)
    assert tried >= tokens, f"only {tried} different near misses of {asked}"
