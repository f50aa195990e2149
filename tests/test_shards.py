"""Parts of a collection: each scope is in exactly one, and together they are the whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auditor.shards import WHOLE, Part, Shard, checked, missing, parse, plan_of

COUNTS = st.integers(1, 50)
NAMES = st.text(st.characters(exclude_categories=()))


@given(NAMES, NAMES, COUNTS)
def test_every_scope_is_in_exactly_one_part(provider: str, scope: str, count: int) -> None:
    parts = [Shard(index, count) for index in range(1, count + 1)]
    assert [part.holds(provider, scope) for part in parts].count(True) == 1


@given(st.sets(NAMES), st.sets(NAMES), COUNTS)
def test_a_part_does_not_depend_on_what_else_there_is(one: set[str], other: set[str], count: int) -> None:
    shard = Shard(count // 2 + 1, count)
    held = {scope for scope in one if shard.holds("aws", scope)}
    assert {scope for scope in one | other if shard.holds("aws", scope)} & one == held


def test_parts_stay_the_same_from_version_to_version() -> None:
    accounts = ["prod", "staging", "dev", "sandbox", "logging", "network", "security", "shared", "billing"]
    divided = [[name for name in accounts if Shard(index, 3).holds("aws", name)] for index in (1, 2, 3)]
    assert divided == [["prod", "staging", "logging"], ["dev", "sandbox", "network", "security", "billing"], ["shared"]]


def test_parts_are_of_about_one_size() -> None:
    accounts = [f"{number:012}" for number in range(10_000)]
    for index in range(1, 11):
        assert 850 < sum(Shard(index, 10).holds("aws", name) for name in accounts) < 1_150


@given(NAMES, NAMES)
def test_the_whole_holds_everything(provider: str, scope: str) -> None:
    assert WHOLE.holds(provider, scope)


@given(COUNTS, st.data())
def test_what_is_written_is_read(count: int, data: st.DataObject) -> None:
    shard = Shard(data.draw(st.integers(1, count)), count)
    assert parse(str(shard)) == shard


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "'' is not written as INDEX/COUNT, such as 2/5"),
        ("2", "'2' is not written as INDEX/COUNT, such as 2/5"),
        ("1/2/3", "'1/2/3' is not written as INDEX/COUNT, such as 2/5"),
        ("-1/2", "'-1/2' is not written as INDEX/COUNT, such as 2/5"),
        ("1/2\n", "'1/2\\n' is not written as INDEX/COUNT, such as 2/5"),
        ("\u0662/5", "'\u0662/5' is not written as INDEX/COUNT, such as 2/5"),
        ("0/2", "there is no part 0 of 2"),
        ("3/2", "there is no part 3 of 2"),
        ("0/0", "there is no part 0 of 0"),
        ("1/10001", "there is no part 1 of 10001"),
    ],
)
def test_what_is_no_part(written: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse(written)


@pytest.mark.parametrize(("index", "count"), [("1", 2), (1, "2"), (True, 2), (1.0, 2), (None, None)])
def test_numbers_of_other_kinds_are_none(index: object, count: object) -> None:
    with pytest.raises(ValueError, match="there is no part"):
        checked(index, count)


def part(index: int, count: int, plan: str = "p", *clouds: str) -> Part:
    return Part(plan, Shard(index, count), clouds or ("aws",))


def test_all_parts_miss_nothing() -> None:
    assert list(missing([])) == []
    assert list(missing([part(2, 2), part(1, 2), part(1, 2)])) == []


def test_what_is_missing_is_said_for_each_plan() -> None:
    said = "this is not the whole collection: of its {} parts (--shard) these are not here: {}"
    assert list(missing([part(2, 3, "p", "aws", "gcp")])) == [(("aws", "gcp"), said.format(3, "1, 3"))]
    assert list(missing([part(1, 2), part(2, 3)])) == [
        (("aws",), said.format(2, "2")),
        (("aws",), said.format(3, "1, 3")),
    ]
    assert list(missing([part(1, 2, "p"), part(2, 2, "q")])) == [
        (("aws",), said.format(2, "2")),
        (("aws",), said.format(2, "1")),
    ]
    assert list(missing([part(1, 13)])) == [
        (("aws",), said.format(13, "2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more")),
    ]


@given(st.integers(2, 30), st.data())
def test_a_plan_lacks_nothing_only_with_all_its_parts(count: int, data: st.DataObject) -> None:
    there = data.draw(st.sets(st.integers(1, count), min_size=1))
    assume(len(there) < count)
    assert len(list(missing(part(index, count) for index in there))) == 1


def test_plans_are_told_apart_by_what_was_asked() -> None:
    asked = (("aws",), None, [("profile", "prod")])
    assert plan_of(*asked) == plan_of(*asked)
    assert len({plan_of(*asked), plan_of(("aws", "gcp"), *asked[1:]), plan_of(("aws",), None, [])}) == 3
