"""Tokens back into shapes: what is printed is read, all of it, and what contradicts itself is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Template, Variable, fill, presence
from auditor.claims.languages.language import units
from auditor.claims.languages.pattern import Pattern
from auditor.claims.parse import PARSE_BUDGET, Reading, parse, readings
from auditor.claims.payload import flatten, nested
from auditor.claims.predicate import Token
from auditor.errors import BudgetExceededError
from auditor.issuers.catalogue import identify, tables

OWNER = Variable("owner", CharSet.parse("a-z"), dimension="tenant")
PATH = Variable("path", CharSet.parse("a-z/"), 1, 30, (Pattern.glob("*//*"),))
REST = Variable("rest", CharSet("", negated=True), 0, 4000)
NAME = Variable("name", CharSet("", negated=True), 0, 40)
KIND = Variable("kind", CharSet(""), values=("push", "pull"))
GROUP = Variable("group", CharSet.parse("a-z"))


def shape(name: str, claims: dict[str, tuple[str | Slot, ...]], **more: Any) -> Shape:
    return Shape(name, name, claims, **more)


TWO = shape("two", {"sub": (Slot(OWNER), "/", Slot(PATH)), "owner": (Slot(OWNER),), "kind": (Slot(KIND),)})
OPEN = shape("open", {"sub": (Slot(PATH), "/at/", Slot(REST))})


def said(found: tuple[Reading, ...]) -> list[tuple[str, dict[str, str], tuple[str, ...], tuple[str, ...]]]:
    return [(r.shape.name, {v.name: text for v, text in r.values.items()}, r.missing, r.misfits) for r in found]


def grammar(*shapes: Shape) -> Grammar:
    return Grammar({v.name: v for one in shapes for v in one.variables.values()}, shapes)


def test_shared_variables_must_agree() -> None:
    token = {"sub": "acme/a/b", "owner": "acme", "kind": "push"}
    assert said(readings(token, grammar(TWO))) == [("two", {"owner": "acme", "kind": "push", "path": "a/b"}, (), ())]
    wrong = {**token, "owner": "eve"}
    assert said(readings(wrong, grammar(TWO))) == [
        ("two", {"owner": "acme", "path": "a/b", "kind": "push"}, (), ("owner",))
    ]
    assert parse(TWO, wrong) == ()


def test_what_a_variable_cannot_be() -> None:
    assert parse(TWO, {"sub": "acme/a//b", "owner": "acme", "kind": "push"}) == ()
    assert parse(TWO, {"sub": "acme/a", "owner": "acme", "kind": "release"}) == ()
    assert parse(TWO, {"sub": "Acme/a", "owner": "Acme", "kind": "push"}) == ()


def test_every_way_to_cut_a_text_is_a_reading() -> None:
    found = parse(OPEN, {"sub": "a/at/b/at/c/at/"})
    assert [(values[PATH], values[REST]) for values in found] == [
        ("a", "b/at/c/at/"),
        ("a/at/b", "c/at/"),
        ("a/at/b/at/c", ""),
    ]


def test_missing_claims() -> None:
    token = {"sub": "acme/a"}
    assert parse(TWO, token) == ()
    (values,) = parse(TWO, token, partial=True)
    assert {v.name: text for v, text in values.items()} == {"owner": "acme", "path": "a"}
    assert said(readings(token, grammar(TWO))) == [("two", {"owner": "acme", "path": "a"}, ("kind", "owner"), ())]


def test_claims_of_other_shapes_contradict_and_unknown_ones_do_not() -> None:
    token = {"sub": "acme/at/x", "kind": "push", "foo": "bar"}
    two = ("two", {"owner": "acme", "path": "at/x", "kind": "push"}, ("owner",), ())
    assert said(readings(token, grammar(OPEN, TWO))) == [two]
    other = shape("other", {"kind": ("pull",)})
    assert said(readings(token, grammar(OPEN, other))) == [("open", {"path": "acme", "rest": "x"}, (), ("kind",))]


ESCAPED = shape("escaped", {"sub": ("e:", Slot(NAME, encoded=True)), "name": (Slot(NAME),)})


def test_an_encoded_value_is_settled_by_its_claim() -> None:
    for name in ("a:b", "a%3Ab"):
        ((values),) = parse(ESCAPED, {"sub": "e:a%3Ab", "name": name})
        assert values[NAME] == name
    assert parse(ESCAPED, {"sub": "e:a:b", "name": "a:b"}) == ()
    assert parse(ESCAPED, {"sub": "e:a%3ab", "name": "a:b"}) == ()


def test_an_encoded_value_alone_is_ambiguous() -> None:
    assert [values[NAME] for values in parse(ESCAPED, {"sub": "e:a%3Ab%3A"}, partial=True)] == [
        "a:b:", "a:b%3A", "a%3Ab:", "a%3Ab%3A",
    ]  # fmt: skip


def test_lists_and_audiences() -> None:
    audience = Variable("aud", CharSet("", negated=True))
    one = shape("one", {"aud": (Slot(audience),)}, lists={"groups": GROUP})
    assert parse(one, {"aud": "x", "groups": ("a", "b")}) == ({audience: "x"},)
    assert parse(one, {"aud": "x", "groups": "a"}) == ({audience: "x"},)
    assert parse(one, {"aud": "x", "groups": ()}) == ({audience: "x"},)
    assert parse(one, {"aud": "x", "groups": ("a", "B")}) == ()
    assert parse(one, {"aud": ("x",), "groups": ()}) == ({audience: "x"},)
    assert parse(one, {"aud": ("x", "y"), "groups": ()}) == ({audience: "x"}, {audience: "y"})
    assert parse(one, {"aud": 7, "groups": ()}) == ()


def test_constants_are_compared_by_type() -> None:
    one = shape("one", {}, constants={"run": 7, "verified": True, "exp": 1})
    assert parse(one, {"run": 8, "verified": False}) == ({},)
    assert parse(one, {"run": "8", "verified": False}) == ()
    assert parse(one, {"run": True, "verified": False}) == ()
    assert parse(one, {"run": 8}) == ()
    (reading,) = readings({"run": 8, "verified": "true"}, grammar(one))
    assert (reading.missing, reading.misfits, reading.exact) == ((), ("verified",), False)


def test_settled_shapes_come_first_and_exact_ones_alone() -> None:
    guess = replace(OPEN, name="guess", certain=False)
    assert [r.shape.name for r in readings({"sub": "a/at/b"}, grammar(guess, OPEN))] == ["open", "guess"]
    longer = shape("longer", {**OPEN.claims, "more": ("x",)})
    assert [r.shape.name for r in readings({"sub": "a/at/b"}, grammar(longer, OPEN))] == ["open"]
    assert [r.shape.name for r in readings({"sub": "a/at/b", "more": "x"}, grammar(longer, OPEN))] == ["longer"]


def test_no_shape_at_all() -> None:
    assert readings({"sub": "x"}, grammar()) == ()


def test_characters_beyond_the_basic_plane() -> None:
    whole = shape("whole", {"sub": (Slot(REST), ":", Slot(NAME))})
    ((values),) = parse(whole, {"sub": "\U0001f680:\U0001f680"})
    assert values == {REST: "\U0001f680", NAME: "\U0001f680"}


def test_a_token_made_to_be_ambiguous_ends() -> None:
    slots = [Variable(f"v{n}", CharSet("", negated=True), 0, 9999) for n in range(6)]
    term = tuple(part for slot in slots for part in (Slot(slot), "a"))
    assert PARSE_BUDGET < 1_000_000
    with pytest.raises(BudgetExceededError):
        readings({"sub": "a" * 300}, grammar(shape("many", {"sub": term})))


TEMPLATED = replace(
    grammar(TWO),
    template=Template(
        "sub", ":", ("owner", "kind", "context"), ("owner", "kind", "context"), {"context": "<context>"}, REST
    ),
    fragments={TWO: {"context": ("at:", Slot(PATH))}},
)


def test_customised_subjects() -> None:
    token = {"sub": "kind:push:at:a/b:owner:acme", "owner": "acme", "kind": "push"}
    (reading,) = readings(token, TEMPLATED)
    assert reading.exact
    assert reading.shape.template == ("kind", "context", "owner")
    assert {v.name: text for v, text in reading.values.items()} == {"owner": "acme", "kind": "push", "path": "a/b"}
    assert fill(reading.shape.claims["sub"], reading.values) == token["sub"]
    assert said(readings(token, TEMPLATED, templates=False)) == [
        ("two", {"owner": "acme", "kind": "push"}, (), ("sub",))
    ]
    broken = {**token, "kind": "pull"}
    assert not any(reading.exact for reading in readings(broken, TEMPLATED))
    twice = {**token, "sub": "kind:push:kind:push"}
    assert not any(reading.exact for reading in readings(twice, TEMPLATED))


def test_flatten() -> None:
    payload = {
        "sub": "x",
        "exp": 1.5,
        "gone": None,
        "aud": ["a", "b"],
        "mixed": ["a", {"b": [1, None]}],
        "kubernetes.io": {"namespace": "n", "pod": {"name": "p", "uid": None}, "empty": {}},
        "kubernetes.io.namespace": "outer",
        "ok": True,
    }
    flat = flatten(payload)
    assert flat == {
        "sub": "x",
        "exp": 1,
        "aud": ("a", "b"),
        "mixed": ("a", '{"b":[1,null]}'),
        "kubernetes.io": True,
        "kubernetes.io.namespace": "outer",
        "ok": True,
        "kubernetes.io.pod": True,
        "kubernetes.io.empty": True,
        "kubernetes.io.pod.name": "p",
    }


def test_flatten_refuses_what_is_no_json() -> None:
    with pytest.raises(TypeError, match="sub: no JSON value is a bytes"):
        flatten({"sub": b"x"})


@given(
    st.recursive(
        st.dictionaries(st.text("ab", min_size=1), st.text() | st.integers() | st.lists(st.text()), max_size=3),
        lambda inner: st.dictionaries(st.text("ab", min_size=1), inner.filter(bool) | st.text(), max_size=3),
        max_leaves=6,
    )
)
def test_nested_undoes_flatten(payload: dict[str, Any]) -> None:
    assert nested(flatten(payload)) == payload


GRAMMARS = {
    str(table["id"]): identify(table["issuers"][0]["example"], (str(table["formats"][0]["subject"]),)).grammar
    for table in tables()
}
ALPHABET = "abcxyz019ABZ-_./:@%{}|+ #é\u0436\U0001f680"


def values_of(variable: Variable) -> st.SearchStrategy[str]:
    """What the issuer can mint for a variable: its hints, and any text of fitting characters."""
    if variable.values is not None:
        return st.sampled_from(variable.values)
    letters = [char for char in ALPHABET if all(unit in variable.characters for unit in units(char))]
    most = min(variable.maximum, variable.minimum + 8)
    texts = st.text(letters or ["x"], min_size=variable.minimum, max_size=most)
    return st.sampled_from(variable.hints) | texts.filter(lambda text: variable.contains(units(text)))


@st.composite
def minted(draw: st.DrawFn, whole: Grammar) -> tuple[Shape, dict[Variable, str], Token]:
    one = draw(st.sampled_from(whole.shapes))
    values = {v: draw(values_of(v)) for v in one.variables.values() if v.dimension != "presence"}
    there = {claim: draw(st.booleans()) for claim in one.optional}
    token: dict[str, Any] = {claim: fill(term, values) for claim, term in one.claims.items() if there.get(claim, True)}
    for claim, element in one.lists.items():
        if there.get(claim, True):
            token[claim] = tuple(draw(st.lists(values_of(element), max_size=2)))
    token.update(one.constants)
    shown = {
        v
        for claim, term in one.claims.items()
        if claim in token
        for v in (p.variable for p in term if isinstance(p, Slot))
    }
    return one, {v: text for v, text in values.items() if v in shown}, token


@pytest.mark.parametrize("kind", GRAMMARS)
@settings(max_examples=15)
@given(data=st.data())
def test_every_grammar_reads_what_it_prints(kind: str, data: st.DataObject) -> None:
    one, values, token = data.draw(minted(GRAMMARS[kind]))
    assert values in parse(one, token)
    found = readings(token, GRAMMARS[kind])
    assert (one, values) in [(reading.shape, reading.values) for reading in found]
    for reading in found:
        assert reading.exact
        for claim, term in reading.shape.claims.items():
            assert claim not in token or fill(term, reading.values) == token[claim]


def test_presence_is_no_value() -> None:
    one = shape("one", {"sub": (Slot(OWNER),)}, optional={"sub": presence("sub")})
    assert parse(one, {}) == ({},)
    assert parse(one, {"sub": "acme"}) == ({OWNER: "acme"},)
