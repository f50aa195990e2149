"""The proof of the proof: bugs planted in the solver's own rules, each of which the properties must notice."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from auditor.claims import boxes, classes, formula, regions, search, solver, variables
from auditor.claims.boxes import Box
from auditor.claims.formula import Formula, Some
from auditor.claims.grammar import Grammar, Shape, Slot, Term, Variable
from auditor.claims.pattern import Language, Pattern
from auditor.claims.predicate import AllValues, AnyValue, Predicate
from auditor.claims.verdict import Rejected, Verdict
from auditor.claims.work import Work
from tests.claims import checks
from tests.claims.trusts import accepted_classes, decided, sub

Plant = Callable[[pytest.MonkeyPatch], None]

CASES = 250
"""Random cases each property gets to find a bug; the slowest one found needs about 150."""


def check_templates(rng: Random) -> None:
    """Whoever customises their own subject gets in where the trust's subject allows it, and nowhere else."""
    path = f"acme/shared-{rng.randint(1, 9)}/.github/workflows/deploy.yml"
    assert "any-tenant" in accepted_classes(decided(sub(f"job_workflow_ref:{path}@*")))
    assert accepted_classes(decided(sub("repository_owner:acme:*"))) == set()


SUITE: tuple[Callable[[Random], None], ...] = (
    checks.check_boxes,
    checks.check_solve,
    checks.check_inhabitant,
    checks.check_regions,
    checks.check_unknown,
)


def run_suite(cases: int) -> None:
    """Raises AssertionError at the first property that does not hold."""
    for seed in range(cases):
        for check in SUITE:
            check(Random(seed))
        if seed < 2:
            check_templates(Random(seed))


def _forget() -> None:
    """Empty every memo of the solver: what one mutant computed says nothing about the next."""
    for name, module in list(sys.modules.items()):
        if name.startswith("auditor.claims"):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


@pytest.fixture(autouse=True)
def _fresh_memos() -> Iterator[None]:
    _forget()
    yield
    _forget()


def only_the_first_box(patch: pytest.MonkeyPatch) -> None:
    original = boxes._boxes

    def planted(term: Term, language: Language) -> boxes._Boxes:
        found = original(term, language)
        return found if found.boxes is None else replace(found, boxes=found.boxes[:1])

    patch.setattr(boxes, "_boxes", planted)


def one_language_per_variable(patch: pytest.MonkeyPatch) -> None:
    original = boxes._boxes

    def planted(term: Term, language: Language) -> boxes._Boxes:
        found = original(term, language)
        kept = tuple(frozenset(dict(sorted(box, key=repr)).items()) for box in found.boxes or ())
        return found if found.boxes is None else replace(found, boxes=kept)

    patch.setattr(boxes, "_boxes", planted)


def a_star_is_one_character(patch: pytest.MonkeyPatch) -> None:
    def advance(self: Pattern, state: int, char: str) -> int:
        return (state & (self._masks.get(char, 0) | self._any | self._stars)) << 1

    patch.setattr(Pattern, "_advance", advance)
    patch.setattr(Pattern, "start", property(lambda _: 1))


def encoded_is_plain(patch: pytest.MonkeyPatch) -> None:
    original = boxes._share

    def planted(pattern: Pattern, begin: int, end: int, slot: Slot) -> Box:
        return original(pattern, begin, end, replace(slot, encoded=False))

    patch.setattr(boxes, "_share", planted)


def case_is_forgotten_in_parts(patch: pytest.MonkeyPatch) -> None:
    def planted(self: Pattern, begin: int, end: int, *, star: bool, encoded: bool) -> Pattern:
        part = Pattern.glob("*").tokens if star else ()
        return Pattern((*self.tokens[begin:end], *part), encoded=encoded)

    patch.setattr(Pattern, "slice", planted)


def a_variable_leaves_a_star_on_one_side_only(patch: pytest.MonkeyPatch) -> None:
    original = boxes._ends

    def planted(pattern: Pattern, begin: int, slot: Slot) -> Iterator[int]:
        return (end for end in original(pattern, begin, slot) if end == len(pattern.tokens) or end == begin + 1)

    patch.setattr(boxes, "_ends", planted)


def _with_other_variables(patch: pytest.MonkeyPatch, change: Callable[[Variable], Variable]) -> None:
    """Decides emptiness as if every variable were `change`d."""
    contains, shortest = Variable.contains, variables._shortest

    def planted_contains(self: Variable, text: str) -> bool:
        return contains(change(self), text)

    def planted_shortest(variable: Variable, *sets: frozenset[Language]) -> Any:
        return shortest(change(variable), *sets)

    patch.setattr(Variable, "contains", planted_contains)
    patch.setattr(variables, "_shortest", planted_shortest)


def exclusions_are_ignored(patch: pytest.MonkeyPatch) -> None:
    _with_other_variables(patch, lambda variable: replace(variable, exclusions=()))


def the_longest_length_is_ignored(patch: pytest.MonkeyPatch) -> None:
    _with_other_variables(patch, lambda variable: replace(variable, maximum=variable.maximum + 20))


def the_shortest_length_is_ignored(patch: pytest.MonkeyPatch) -> None:
    _with_other_variables(patch, lambda variable: replace(variable, minimum=0))


def no_character_stands_for_the_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(variables, "_stand_in", lambda *_: None)


def refusals_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    original = variables.inhabitant

    def planted(variable: Variable, inside: frozenset[Language], outside: frozenset[Language], work: Any) -> str | None:
        return original(variable, inside, frozenset(), work)

    patch.setattr(search, "inhabitant", planted)


def the_unknown_is_read_as_true_when_strict(patch: pytest.MonkeyPatch) -> None:
    original = formula.lower

    def planted(predicate: Predicate, shape: Shape, *, permissive: bool, positive: bool = True) -> Formula:
        return original(predicate, shape, permissive=True, positive=positive)

    patch.setattr(solver, "lower", planted)
    patch.setattr(search, "lower", planted)


def the_unknown_is_read_as_false_when_permissive(patch: pytest.MonkeyPatch) -> None:
    original = formula.lower

    def planted(predicate: Predicate, shape: Shape, *, permissive: bool, positive: bool = True) -> Formula:
        return original(predicate, shape, permissive=False, positive=positive)

    patch.setattr(solver, "lower", planted)


def a_negated_test_wants_the_claim(patch: pytest.MonkeyPatch) -> None:
    original = formula._match

    def planted(claim: str, language: Language, shape: Shape, positive: bool) -> Formula:
        return False if shape.term(claim) is None else original(claim, language, shape, positive)

    patch.setattr(formula, "_match", planted)


def a_claim_that_may_be_missing_is_always_there(patch: pytest.MonkeyPatch) -> None:
    def planted(claim: str, shape: Shape, positive: bool) -> Formula:
        there = shape.term(claim) is not None or claim in shape.lists or claim in shape.constants
        return there is positive

    patch.setattr(formula, "_present", planted)


def every_element_is_read_as_some_element(patch: pytest.MonkeyPatch) -> None:
    original = formula._elements

    def planted(predicate: AnyValue | AllValues, claim: str, each: Predicate, *rest: Any) -> Formula:
        return original(AnyValue(claim, each), claim, each, *rest)

    patch.setattr(formula, "_elements", planted)


def propagation_drops_an_open_branch(patch: pytest.MonkeyPatch) -> None:
    original = search.Search._open

    def planted(self: search.Search, clause: Some, state: search.State) -> tuple[Formula, ...] | None:
        left = original(self, clause, state)
        return left[:-1] if left is not None and len(left) > 1 else left

    patch.setattr(search.Search, "_open", planted)


def propagation_keeps_a_dead_branch_as_true(patch: pytest.MonkeyPatch) -> None:
    original = search.Search._holds

    def planted(self: search.Search, branch: Formula, state: search.State) -> bool | None:
        return original(self, branch, state) is not False or None

    patch.setattr(search.Search, "_holds", planted)


def a_clause_with_one_branch_left_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    original = search.Search._open

    def planted(self: search.Search, clause: Some, state: search.State) -> tuple[Formula, ...] | None:
        left = original(self, clause, state)
        return None if left is not None and len(left) == 1 else left

    patch.setattr(search.Search, "_open", planted)


def a_guess_is_not_checked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(search.Search, "_true", lambda *_: True)


def one_box_refused_is_all_refused(patch: pytest.MonkeyPatch) -> None:
    original = formula._some_box

    def planted(found: tuple[Box, ...], positive: bool) -> Formula:
        if positive:
            return original(found, positive)
        return formula.some_of(original((box,), False) for box in found)

    patch.setattr(formula, "_some_box", planted)


def two_claims_are_always_equal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(formula, "_same_text", lambda left, right, shape, permissive, positive: positive)


def the_restriction_of_a_shape_is_ignored(patch: pytest.MonkeyPatch) -> None:
    def planted(predicate: Predicate, shape: Shape, work: Work, permissive: bool) -> Formula:
        return formula.lower(predicate, shape, permissive=permissive)

    patch.setattr(solver, "_formula", planted)


def an_undocumented_token_counts_as_documented(patch: pytest.MonkeyPatch) -> None:
    original = Grammar.distinct

    def planted(self: Grammar, *arguments: Any, **options: Any) -> tuple[Shape, ...]:
        return tuple(replace(shape, certain=True) for shape in original(self, *arguments, **options))

    patch.setattr(Grammar, "distinct", planted)


def shapes_are_all_alike(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Shape, "restricted", lambda *_: ("any",))


def the_witness_forgets_its_constraints(patch: pytest.MonkeyPatch) -> None:
    original = variables.inhabitant

    def planted(variable: Variable, *_: frozenset[Language]) -> str | None:
        return original(variable, frozenset(), frozenset())

    patch.setattr(solver, "inhabitant", planted)


def the_narrower_box_absorbs_the_wider(patch: pytest.MonkeyPatch) -> None:
    original = regions._inside
    patch.setattr(regions, "_inside", lambda small, large, work: original(large, small, work))


def no_box_is_absorbed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(regions._Listing, "maximal", lambda self: list(self.found.values()))


def templates_are_off(patch: pytest.MonkeyPatch) -> None:
    def planted(*_: object, **__: object) -> Verdict:
        return Rejected()

    patch.setattr(classes, "solve_templated", planted)


PLANTED: tuple[Plant, ...] = (
    only_the_first_box,
    one_language_per_variable,
    a_star_is_one_character,
    encoded_is_plain,
    case_is_forgotten_in_parts,
    a_variable_leaves_a_star_on_one_side_only,
    exclusions_are_ignored,
    the_longest_length_is_ignored,
    the_shortest_length_is_ignored,
    no_character_stands_for_the_others,
    refusals_are_not_looked_at,
    the_unknown_is_read_as_true_when_strict,
    the_unknown_is_read_as_false_when_permissive,
    a_negated_test_wants_the_claim,
    a_claim_that_may_be_missing_is_always_there,
    every_element_is_read_as_some_element,
    propagation_drops_an_open_branch,
    propagation_keeps_a_dead_branch_as_true,
    a_clause_with_one_branch_left_is_forgotten,
    a_guess_is_not_checked,
    one_box_refused_is_all_refused,
    two_claims_are_always_equal,
    the_restriction_of_a_shape_is_ignored,
    an_undocumented_token_counts_as_documented,
    shapes_are_all_alike,
    the_witness_forgets_its_constraints,
    the_narrower_box_absorbs_the_wider,
    no_box_is_absorbed,
    templates_are_off,
)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_noticed(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        run_suite(CASES)


def test_the_solver_as_it_is_passes_the_same_suite() -> None:
    run_suite(CASES)
