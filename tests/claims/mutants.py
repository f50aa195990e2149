"""Bugs to plant in the program's own rules. Each says which property of the suite must notice it, all by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import pytest

from auditor.claims import (
    align,
    box,
    boxes,
    canonical,
    classes,
    formula,
    inclusion,
    lowering,
    names,
    pattern_boxes,
    predicate,
    regions,
    search,
    solver,
    ties,
    variables,
    work,
)
from auditor.claims.box import Box, Split
from auditor.claims.formula import Formula, Refused, Same, Some
from auditor.claims.grammar import Grammar, Shape, Slot, Term, Variable
from auditor.claims.languages.language import Language
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import AllValues, AnyValue, Predicate
from auditor.claims.state import State
from auditor.claims.verdict import Rejected, Verdict
from auditor.providers.aws import conditions, operators
from auditor.providers.aws.operators import Operator

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug, and the property (by its number in `README.md`) whose checks must fail under it."""

    plant: Plant
    noticed_by: int


MUTANTS: list[Mutant] = []


def noticed_by(*properties: int) -> Callable[[Plant], Plant]:
    def register(plant: Plant) -> Plant:
        MUTANTS.extend(Mutant(plant, number) for number in properties)
        return plant

    return register


# --- boxes ------------------------------------------------------------------------------------------------------------


def _with_boxes(patch: pytest.MonkeyPatch, change: Callable[[tuple[Box, ...]], tuple[Box, ...]]) -> None:
    original, of_pattern = boxes.split, pattern_boxes.split_pattern

    def changed(found: Split) -> Split:
        return found if found.boxes is None else replace(found, boxes=change(found.boxes))

    patch.setattr(boxes, "split", lambda term, language: changed(original(term, language)))
    patch.setattr(lowering, "split", boxes.split)
    patch.setattr(pattern_boxes, "split_pattern", lambda term, pattern: changed(of_pattern(term, pattern)))


@noticed_by(2, 3)
def only_the_first_box(patch: pytest.MonkeyPatch) -> None:
    _with_boxes(patch, lambda found: found[:1])


@noticed_by(3)
def one_language_per_variable(patch: pytest.MonkeyPatch) -> None:
    def change(found: tuple[Box, ...]) -> tuple[Box, ...]:
        return tuple(frozenset(dict(sorted(box, key=repr)).items()) for box in found)

    _with_boxes(patch, change)


@noticed_by(3)
def a_star_is_one_character(patch: pytest.MonkeyPatch) -> None:
    original = Pattern.slice

    def planted(self: Pattern, begin: int, end: int, *, star: bool, encoded: bool) -> Pattern:
        part = original(self, begin, end, star=False, encoded=encoded)
        tokens = (*part.tokens, *(Pattern.glob("?").tokens if star else ()))
        return Pattern(tokens, ignore_case=self.ignore_case, encoded=encoded)

    patch.setattr(Pattern, "slice", planted)


@noticed_by(3)
def encoded_is_plain(patch: pytest.MonkeyPatch) -> None:
    original = pattern_boxes._share

    def planted(pattern: Pattern, begin: int, end: int, slot: Slot) -> Box:
        return original(pattern, begin, end, Slot(slot.variable, encoded=False))

    patch.setattr(pattern_boxes, "_share", planted)


@noticed_by(3)
def case_is_forgotten_in_parts(patch: pytest.MonkeyPatch) -> None:
    def planted(self: Pattern, begin: int, end: int, *, star: bool, encoded: bool) -> Pattern:
        part = Pattern.glob("*").tokens if star else ()
        return Pattern((*self.tokens[begin:end], *part), encoded=encoded)

    patch.setattr(Pattern, "slice", planted)


@noticed_by(3)
def a_variable_leaves_a_star_on_one_side_only(patch: pytest.MonkeyPatch) -> None:
    original = pattern_boxes._ends

    def planted(pattern: Pattern, begin: int, slot: Slot) -> list[int]:
        return [end for end in original(pattern, begin, slot) if end == len(pattern.tokens) or end == begin + 1]

    patch.setattr(pattern_boxes, "_ends", planted)


@noticed_by(3)
def listed_values_are_joined_across_other_variables(patch: pytest.MonkeyPatch) -> None:
    original = box._joined

    def planted(found: list[dict[Variable, Language]], variable: Variable) -> list[dict[Variable, Language]]:
        first = [{**box, **{v: found[0][v] for v in found[0] if v is not variable}} for box in found]
        return original(first, variable)

    patch.setattr(box, "_joined", planted)


# --- values -----------------------------------------------------------------------------------------------------------


def _with_other_variables(patch: pytest.MonkeyPatch, change: Callable[[Variable], Variable]) -> None:
    """Decides emptiness as if every variable were `change`d."""
    contains, shortest = Variable.contains, variables._shortest

    def planted_contains(self: Variable, text: str) -> bool:
        return contains(change(self), text)

    def planted_shortest(variable: Variable, *sets: frozenset[Language]) -> Any:
        return shortest(change(variable), *sets)

    patch.setattr(Variable, "contains", planted_contains)
    patch.setattr(variables, "_shortest", planted_shortest)


@noticed_by(1, 4)
def exclusions_are_ignored(patch: pytest.MonkeyPatch) -> None:
    _with_other_variables(patch, lambda variable: replace(variable, exclusions=()))


@noticed_by(4)
def the_longest_length_is_ignored(patch: pytest.MonkeyPatch) -> None:
    _with_other_variables(patch, lambda variable: replace(variable, maximum=variable.maximum + 20))


@noticed_by(4)
def the_shortest_length_is_ignored(patch: pytest.MonkeyPatch) -> None:
    _with_other_variables(patch, lambda variable: replace(variable, minimum=0))


@noticed_by(4)
def no_character_stands_for_the_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(variables, "_stand_in", lambda *_: None)


@noticed_by(1, 2)
def refusals_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    original = variables.inhabitant

    def planted(variable: Variable, inside: frozenset[Language], outside: frozenset[Language], work: Any) -> str | None:
        del outside
        return original(variable, inside, frozenset(), work)

    patch.setattr(search, "inhabitant", planted)


@noticed_by(8)
def lengths_count_code_units(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Length, "width", lambda *_: 1)
    patch.setattr(Length, "of", lambda self, text: len(text))


# --- lowering and search ----------------------------------------------------------------------------------------------


def _reading_the_unknown(patch: pytest.MonkeyPatch, *, permissive: bool) -> None:
    original = lowering._Lowering.__init__

    def planted(self: lowering._Lowering, shape: Shape, **options: bool) -> None:
        del options
        original(self, shape, permissive=permissive)

    patch.setattr(lowering._Lowering, "__init__", planted)


@noticed_by(8, 11)
def the_unknown_is_read_as_true_when_strict(patch: pytest.MonkeyPatch) -> None:
    _reading_the_unknown(patch, permissive=True)


@noticed_by(8, 11)
def the_unknown_is_read_as_false_when_permissive(patch: pytest.MonkeyPatch) -> None:
    _reading_the_unknown(patch, permissive=False)


@noticed_by(8)
def a_negated_test_wants_the_claim(patch: pytest.MonkeyPatch) -> None:
    original = lowering._Lowering._match

    def planted(self: Any, claim: str, languages: tuple[Language, ...], positive: bool) -> Formula:
        return False if self.shape.term(claim) is None else original(self, claim, languages, positive)

    patch.setattr(lowering._Lowering, "_match", planted)
    patch.setattr(solver, "simplified", lambda predicate, _: predicate)  # it would fold such a test away


@noticed_by(8)
def a_claim_that_may_be_missing_is_always_there(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lowering._Lowering, "_if_present", lambda self, claim, test, positive: test)


@noticed_by(8)
def every_element_is_read_as_some_element(patch: pytest.MonkeyPatch) -> None:
    original = lowering._Lowering._elements

    def planted(self: Any, test: AnyValue | AllValues, claim: str, each: Predicate, positive: bool) -> Formula:
        del test
        return original(self, AnyValue(claim, each), claim, each, positive)

    patch.setattr(lowering._Lowering, "_elements", planted)


@noticed_by(8)
def two_claims_are_always_equal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lowering._Lowering, "_same_text", lambda self, predicate, positive: positive)


@noticed_by(1)
def the_last_pieces_of_equal_claims_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    original = align._rest

    def planted(own: Any, other: Any) -> Formula | None:
        found = original(own, other)
        return True if isinstance(found, Same) else found

    patch.setattr(align, "_rest", planted)


@noticed_by(1)
def claims_that_must_be_equal_are_not_tied(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(search.Search, "_tie", lambda *_: True)


@noticed_by(1)
def what_must_differ_may_be_equal(patch: pytest.MonkeyPatch) -> None:
    original = ties._Ties._holds

    def planted(self: Any, tie: Any, assigned: Any) -> bool:
        return isinstance(tie, Same) or original(self, tie, assigned)

    patch.setattr(ties._Ties, "_holds", planted)


@noticed_by(1)
def likely_values_are_all_values(patch: pytest.MonkeyPatch) -> None:
    original = ties._Ties._likely
    patch.setattr(ties._Ties, "_likely", lambda self, leader: (original(self, leader)[0][:1], True))


@noticed_by(2, 6)
def one_box_refused_is_all_refused(patch: pytest.MonkeyPatch) -> None:
    def planted(found: Iterable[Box]) -> Formula:
        return formula.some_of(formula.in_none((box,)) for box in found)

    patch.setattr(lowering, "in_none", planted)


@noticed_by(1)
def a_long_list_of_refusals_is_looked_up_in_part(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(formula, "INDEXED", 2)
    patch.setattr(Refused, "left_by", lambda self, value: self.exact.get(value, ()))


@noticed_by(2)
def propagation_drops_an_open_branch(patch: pytest.MonkeyPatch) -> None:
    original = search.Search._open

    def planted(self: search.Search, clause: Some, state: State) -> tuple[Formula, ...] | None:
        left = original(self, clause, state)
        return left[:-1] if left is not None and len(left) > 1 else left

    patch.setattr(search.Search, "_open", planted)


@noticed_by(2)
def a_clause_with_one_branch_left_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    original = search.Search._open

    def planted(self: search.Search, clause: Some, state: State) -> tuple[Formula, ...] | None:
        left = original(self, clause, state)
        return None if left is not None and len(left) == 1 else left

    patch.setattr(search.Search, "_open", planted)


@noticed_by(1)
def a_guess_is_not_checked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(search.Search, "_true", lambda *_: True)


@noticed_by(1)
def the_restriction_of_a_shape_is_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(solver, "_restriction", lambda *_, **__: True)


@noticed_by(1)
def an_undocumented_token_counts_as_documented(patch: pytest.MonkeyPatch) -> None:
    original = Grammar.distinct

    def planted(self: Grammar, *arguments: Any, **options: Any) -> tuple[Shape, ...]:
        return tuple(replace(shape, certain=True) for shape in original(self, *arguments, **options))

    patch.setattr(Grammar, "distinct", planted)


@noticed_by(2, 6)
def shapes_are_all_alike(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Shape, "restricted", lambda *_: ("any",))


@noticed_by(1)
def the_witness_forgets_its_constraints(patch: pytest.MonkeyPatch) -> None:
    original = variables.inhabitant

    def planted(variable: Variable, *_: frozenset[Language]) -> str | None:
        return original(variable, frozenset(), frozenset())

    patch.setattr(solver, "inhabitant", planted)


# --- everything around the solver -------------------------------------------------------------------------------------


@noticed_by(5)
def a_shared_value_settles_the_whole_list(patch: pytest.MonkeyPatch) -> None:
    original = inclusion._questions

    def planted(narrow: Predicate, wide: Predicate, allowance: Any) -> Iterator[Any]:
        return iter(list(original(narrow, wide, allowance))[:-1])

    patch.setattr(inclusion, "_questions", planted)


@noticed_by(5)
def inclusion_asks_the_other_way_round(patch: pytest.MonkeyPatch) -> None:
    original = inclusion._questions
    patch.setattr(inclusion, "_questions", lambda narrow, wide, allowance: original(wide, narrow, allowance))


class _Forgetful:
    """A memo whose keys say too little; it is emptied as any other."""

    def __init__(self, original: Callable[[Term, Language], Split], key: Callable[[Language], str]) -> None:
        self.original = original
        self.key = key
        self.known: dict[tuple[Term, str], Split] = {}

    def __call__(self, term: Term, language: Language) -> Split:
        return self.known.setdefault((term, self.key(language)), self.original(term, language))

    def cache_clear(self) -> None:
        self.known.clear()


@noticed_by(7)
def names_that_differ_in_case_are_one(patch: pytest.MonkeyPatch) -> None:
    memo = _Forgetful(boxes.split, lambda language: language.order.lower())
    patch.setattr(boxes, "split", memo)
    patch.setattr(lowering, "split", memo)


@noticed_by(7)
def names_are_renamed_under_wildcards(patch: pytest.MonkeyPatch) -> None:
    for module in (canonical, names):
        patch.setattr(module, "looks_into", lambda *_: False)


@noticed_by(7)
def different_names_get_one_placeholder(patch: pytest.MonkeyPatch) -> None:
    original = canonical.renamed

    def planted(condition: Predicate, placeholders: Mapping[str, str]) -> Predicate:
        return original(condition, dict.fromkeys(placeholders, "name0"))

    patch.setattr(canonical, "renamed", planted)


@noticed_by(7)
def names_of_the_same_length_are_one(patch: pytest.MonkeyPatch) -> None:
    memo = _Forgetful(boxes.split, lambda language: re.sub("[a-z]", "a", language.order))
    patch.setattr(boxes, "split", memo)
    patch.setattr(lowering, "split", memo)


@noticed_by(9)
def the_narrower_box_absorbs_the_wider(patch: pytest.MonkeyPatch) -> None:
    original = regions._inside
    patch.setattr(regions, "_inside", lambda small, large, allowance: original(large, small, allowance))


@noticed_by(9)
def no_box_is_absorbed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(regions._Listing, "maximal", lambda self: list(self.found.values()))


@noticed_by(9)
def a_box_lost_its_refusals(patch: pytest.MonkeyPatch) -> None:
    original = regions._without_idle

    def planted(variable: Variable, inside: Any, outside: Any, allowance: Any) -> Any:
        return original(variable, inside, outside, allowance)[0], frozenset()

    patch.setattr(regions, "_without_idle", planted)


@noticed_by(10)
def operands_keep_the_order_they_are_written_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(predicate, "order_of", lambda _: "")


@noticed_by(10)
def boxes_come_as_a_set_has_them(patch: pytest.MonkeyPatch) -> None:
    """As the order of a set changes from process to process: here from call to call."""
    turns = cycle((False, True, True, False, True))
    _with_boxes(patch, lambda found: found[:: -1 if next(turns) else 1])


@noticed_by(11)
def work_is_never_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(work.Work, "spend", lambda *_: None)


def templates_are_off(patch: pytest.MonkeyPatch) -> None:
    """Noticed by the checks of templates, which are no numbered property."""

    def planted(*_: object, **__: object) -> Verdict:
        return Rejected()

    patch.setattr(classes, "solve_templated", planted)


@noticed_by(12)
def a_missing_key_fails_every_operator(patch: pytest.MonkeyPatch) -> None:
    original = operators.parse

    def planted(name: str) -> Operator | None:
        operator = original(name)
        return None if operator is None else replace(operator, if_exists=False)

    patch.setattr(conditions, "parse", planted)


@noticed_by(12)
def case_matters_to_every_operator(patch: pytest.MonkeyPatch) -> None:
    original = operators.parse

    def planted(name: str) -> Operator | None:
        return original(name.replace("IgnoreCase", ""))

    patch.setattr(conditions, "parse", planted)


PROPERTIES: Mapping[int, tuple[Plant, ...]] = {
    number: tuple(mutant.plant for mutant in MUTANTS if mutant.noticed_by == number) for number in range(1, 13)
}
