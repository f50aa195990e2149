"""What must hold of the solver, as functions of a source of randomness.

Hypothesis drives them (in `test_boxes.py` and its neighbours), and so does the suite that plants bugs in the solver to
see them caught (`test_mutations.py`). Each builds one random case, asks the solver and the naive reading, and asserts
that they agree.
"""

from __future__ import annotations

from itertools import product
from random import Random

from auditor.claims.boxes import Box, decompose
from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Term, Variable
from auditor.claims.pattern import Language, Pattern, ValueSet
from auditor.claims.predicate import AllValues, And, AnyValue, Match, Not, Or, Predicate, Unknown, claims_of, evaluate
from auditor.claims.regions import Region, regions
from auditor.claims.solver import solve
from auditor.claims.variables import inhabitant
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from tests.claims import naive, queries, worlds

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


def has_same_text(predicate: Predicate) -> bool:
    return "SameText(" in repr(predicate)


def check_witness(verdict: Verdict, predicate: Predicate, grammar: Grammar) -> None:
    """Property 1: what is accepted comes with a token that the issuer mints and the predicate lets in."""
    if isinstance(verdict, Accepted):
        assert naive.holds(predicate, verdict.witness) == (True, True), verdict.witness
        assert any(naive.minted(shape, verdict.witness) for shape in grammar.shapes if shape.certain), verdict.witness


def check_solve(rng: Random) -> None:
    """Properties 1 and 2 on worlds so small that every token is tried: the verdict is exact."""
    here = worlds.world(rng)
    asked = worlds.predicate(rng, here)
    verdict = solve(asked, here.grammar)
    check_witness(verdict, asked, here.grammar)
    surely, possibly = truths(asked, here)
    case = f"{asked}\n{verdict}\n{worlds.shown(here.grammar.shapes)}"
    if has_same_text(asked) and isinstance(verdict, Undecided):
        pass  # two claims compared with each other may stay undecided
    elif surely:
        assert isinstance(verdict, Accepted), case
    elif possibly:
        assert isinstance(verdict, Undecided), case
    else:
        assert isinstance(verdict, Rejected), case


def check_evaluate(rng: Random) -> None:
    """`predicate.evaluate` and the naive reading say the same of every token."""
    here = worlds.world(rng)
    asked = worlds.predicate(rng, here)
    truth = {(True, True): True, (False, True): None, (False, False): False}
    for _, token in here.tokens[:40]:
        assert evaluate(asked, token) is truth[naive.holds(asked, token)], (asked, token)


def check_boxes(rng: Random) -> None:
    """Property 3: a claim's text is in the language if and only if some box contains its variables' values."""
    here = worlds.world(rng, lists=False)
    shape = rng.choice(here.grammar.shapes)
    term = rng.choice(list(shape.claims.values()))
    for _ in range(4):
        language = worlds.language(rng, here.texts)
        boxes = decompose(term, language)
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
        asked = worlds.predicate(rng, here, same_text=0.0)
    else:  # alternatives, some of them inside others
        texts = rng.sample(here.texts, min(len(here.texts), 2))
        asked = Or(
            tuple(Match(rng.choice(("sub", "sub", "ref")), worlds.language(rng, tuple(texts))) for _ in range(3))
        )
    found, complete = regions(asked, here.grammar, shapes)
    if not complete and any(_repeats(term) for shape in shapes for term in shape.claims.values()):
        return  # a variable that occurs twice makes many boxes, of which only so many are listed
    assert complete
    for shape in shapes:
        mine = [region for region in found if alike(region, shape, asked)]
        members: list[set[int]] = [set() for _ in mine]
        for number, values in enumerate(worlds.every_assignment(shape)):
            inside = [index for index, region in enumerate(mine) if in_region(region, values)]
            for index in inside:
                members[index].add(number)
            possible = naive.holds(asked, naive.mint(shape, values))[1]
            assert bool(inside) is possible, (
                f"{asked}\n{values}\n{[r.constraints for r in mine]}\n{worlds.shown([shape])}"
            )
        for index, one in enumerate(members):
            assert one, f"{asked}\n{mine[index].constraints}\n{worlds.shown([shape])}"
            others = [other for place, other in enumerate(members) if place != index]
            redundant = any(one <= other for other in others)
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
    for token in queries.near_misses(rng, asked, grammar, tokens):
        assert naive.holds(asked, token) == (False, False), (asked, token)
