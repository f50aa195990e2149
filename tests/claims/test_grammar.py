from __future__ import annotations

import pytest

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Variable, fill, variable_in
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import Match


@pytest.mark.parametrize(
    ("text", "members", "others"),
    [
        ("A-Za-z0-9_-", "AZaz09_-", ".:/ é"),
        ("^:/", "aZ é-", ":/"),
        ("-a", "-a", "b^"),
        ("a-", "a-", "b"),
        ("", "", "a"),
        ("^", "aé\U0001f680", ""),
    ],
)
def test_a_character_set_is_written_as_in_a_regular_expression(text: str, members: str, others: str) -> None:
    chars = CharSet.parse(text)
    assert [char for char in members if char not in chars] == []
    assert [char for char in others if char in chars] == []


def test_a_range_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="z-a runs backwards"):
        CharSet.parse("z-a")


OWNER = Variable("owner", CharSet.parse("a-z-"), 1, 5, (Pattern.glob("-*"),))
EVENT = Variable("event", CharSet(""), values=("push", "release"))


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        (OWNER, "acme", True),
        (OWNER, "", False),
        (OWNER, "acmeee", False),
        (OWNER, "Acme", False),
        (OWNER, "-acme", False),
        (OWNER, "a-b", True),
        (EVENT, "push", True),
        (EVENT, "Push", False),
        (EVENT, "", False),
    ],
)
def test_a_variable_says_which_values_can_be_minted(variable: Variable, text: str, expected: bool) -> None:
    assert variable.contains(text) is expected


def test_fill_escapes_the_colons_of_encoded_slots_only() -> None:
    term = ("repo:", Slot(OWNER), ":environment:", Slot(EVENT, encoded=True), "|", Slot(EVENT))
    assert fill(term, {OWNER: "acme", EVENT: "a:b:c"}) == "repo:acme:environment:a%3Ab%3Ac|a:b:c"


def test_a_shape_gives_terms_of_claims_and_of_variables() -> None:
    shape = Shape("one", "run", {"sub": ("repo:", Slot(OWNER))}, lists={"amr": EVENT})
    assert shape.term("sub") == ("repo:", Slot(OWNER))
    assert shape.term("$owner") == (Slot(OWNER),)
    assert shape.term("$event") == (Slot(EVENT),)
    assert shape.term("$nobody") is None
    assert shape.term("amr") is None
    assert dict(shape.variables) == {"owner": OWNER, "event": EVENT}


def test_shapes_that_a_predicate_cannot_tell_apart_are_asked_once() -> None:
    branch = Shape("branch", "branch", {"sub": (Slot(OWNER),), "ref": ("main",)})
    tag = Shape("tag", "tag", {"sub": (Slot(OWNER),), "ref": ("v1",)})
    doubtful = Shape("doubtful", "tag", {"sub": (Slot(OWNER),), "ref": ("v1",)}, certain=False)
    grammar = Grammar({"owner": OWNER}, (branch, tag, doubtful))
    assert grammar.distinct(grammar.shapes, frozenset({"sub"})) == (branch, doubtful)
    assert grammar.distinct(grammar.shapes, frozenset({"ref"})) == (branch, tag, doubtful)
    assert grammar.distinct(grammar.shapes, frozenset({"sub"}), by_run=True) == (branch, tag, doubtful)


def test_names_are_compared_as_their_platform_compares_them() -> None:
    folding = Variable("org", CharSet.parse("a-z"), ignore_case=True)
    assert variable_in(OWNER, ["a"]) == Match("$owner", ValueSet(["a"]))
    assert variable_in(folding, ["A"]) == Match("$org", ValueSet(["a"], ignore_case=True))


def test_an_extended_grammar_has_the_further_claims_in_every_shape() -> None:
    extra = Variable("session", CharSet.parse("a-z"))
    shape = Shape("one", "run", {"sub": (Slot(OWNER),)})
    grammar = Grammar({"owner": OWNER}, (shape,), fragments={shape: {"x": ("y",)}})
    extended = grammar.extended({"request:session": extra})
    assert [dict(shape.claims) for shape in extended.shapes] == [
        {"sub": (Slot(OWNER),), "request:session": (Slot(extra),)}
    ]
    assert [dict(fragments) for fragments in extended.fragments.values()] == [{"x": ("y",)}]
    assert grammar.extended({}) is grammar
