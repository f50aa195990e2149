"""Parts of source documents: which lines are written, and where in them a source points."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Source
from auditor.report.html_source import DEEPEST, LONGEST, Documents, Excerpt, Mark, _at, _path
from auditor.snapshot import Document
from tests.report.pages import POINTER, role

ROLE = role("deploy", "repo:acme/*")


def excerpt(body: dict[str, Any], *sources: Source) -> Excerpt:
    [one] = Documents([Document("aws", "1", "iam-role", "doc", body)]).excerpts(sources)
    return one


def test_a_policy_is_shown_whole_and_the_line_found() -> None:
    place = Source(ROLE.id, POINTER, (5, 4))
    [one] = Documents([ROLE]).excerpts([Source(ROLE.id, "/AssumeRolePolicyDocument"), place])
    assert one.pointer == "/AssumeRolePolicyDocument"
    assert list(one.lines) == json.dumps(ROLE.body["AssumeRolePolicyDocument"], indent=2).splitlines()
    mark = one.marks[place]
    assert (mark.first, mark.last) == (14, 14)
    assert one.lines[14][mark.begin : mark.end] == "acme"
    assert one.marks[Source(ROLE.id, "/AssumeRolePolicyDocument")] == Mark(0, len(one.lines) - 1)


def test_a_binding_of_thousands_of_members_is_shown_around_the_one() -> None:
    members = [f"principal://{number}" for number in range(5000)]
    bindings = [{"role": f"roles/r{number}", "members": ["user:a"]} for number in range(300)]
    bindings[150] = {"role": "roles/owner", "members": members}
    one = excerpt({"policy": {"bindings": bindings}}, Source("doc", "/policy/bindings/150/members/2500"))
    assert one.pointer == "/policy/bindings/150"
    assert list(one.lines) == [
        "{",
        '  "role": "roles/owner",',
        '  "members": [',
        "    … 2,498 more",
        '    "principal://2498",',
        '    "principal://2499",',
        '    "principal://2500",',
        '    "principal://2501",',
        '    "principal://2502",',
        "    … 2,497 more",
        "  ]",
        "}",
    ]
    assert one.marks == {Source("doc", "/policy/bindings/150/members/2500"): Mark(6, 6)}


def test_what_is_large_and_beside_the_point_is_folded() -> None:
    body = {"Name": "x", "Other": [[number] for number in range(200)], "Here": {"Guilty": True}}
    one = excerpt(body, Source("doc", "/Here/Guilty"))
    assert list(one.lines) == [
        "{",
        '  "Name": "x",',
        '  "Other": [ … 200 more ],',
        '  "Here": {',
        '    "Guilty": true',
        "  }",
        "}",
    ]


def test_places_that_are_not_there_have_no_mark() -> None:
    wrong = [
        Source("doc", pointer) for pointer in ("/b", "/a/x", "/a/-1", "/a/9", "/a/٣", f"/a/{'9' * 5000}", "/a/0/0")
    ]
    one = excerpt({"a": [1]}, *wrong, Source("doc", "/a/0"))
    assert one.marks == {Source("doc", "/a/0"): Mark(2, 2)}


def test_a_document_that_is_not_there_has_no_excerpt() -> None:
    assert list(Documents([ROLE]).excerpts([Source("other", "")])) == []


def test_of_two_documents_with_one_name_the_one_that_has_the_place() -> None:
    documents = [Document("gcp", "p", kind, "same", body) for kind, body in (("a", {"x": 1}), ("b", {"y": 2}))]
    [one] = Documents(documents).excerpts([Source("same", "/y")])
    assert list(one.lines) == ["{", '  "y": 2', "}"]


def test_names_with_slashes() -> None:
    source = Source("doc", "/a~1b/c~0d")
    one = excerpt({"a/b": {"c~d": "x"}}, source)
    assert one.lines[one.marks[source].first] == '    "c~d": "x"'


def test_what_nobody_could_see_is_written_as_an_escape() -> None:
    source = Source("doc", "/a", (3, 2))
    one = excerpt({"a": "\u202e\x00\nxy\u200bz"}, source)
    assert one.lines[1] == '  "a": "\\u202e\\u0000\\nxy\\u200bz"'
    mark = one.marks[source]
    assert one.lines[1][mark.begin : mark.end] == "xy"


def test_what_is_nested_without_end_and_what_is_long_is_cut() -> None:
    body: dict[str, Any] = {"text": "x" * 20_000}
    for _ in range(200):
        body = {"a": body}
    one = excerpt(body, Source("doc", "/a" * 150), Source("doc", "/a/a"))
    assert len(one.lines) < 3 * DEEPEST
    assert max(map(len, one.lines)) <= LONGEST
    assert set(one.marks) == {Source("doc", "/a/a")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=4), inner, max_size=30),
    max_leaves=120,
)


def pointers(value: Any, at: str = "") -> list[str]:
    match value:
        case dict():
            named = [(str(name), inner) for name, inner in value.items()]
        case list():
            named = [(str(number), inner) for number, inner in enumerate(value)]
        case _:
            named = []
    return [
        at,
        *(p for name, inner in named for p in pointers(inner, f"{at}/{name.replace('~', '~0').replace('/', '~1')}")),
    ]


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=30), st.data())
def test_every_place_is_found(body: dict[str, Any], data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.sampled_from(pointers(body)), min_size=1, max_size=4, unique=True))
    one = excerpt(body, *(Source("doc", pointer) for pointer in wanted))
    assert {source.pointer for source in one.marks} == set(wanted)
    for mark in one.marks.values():
        assert 0 <= mark.first <= mark.last < len(one.lines)
        head, tail = one.lines[mark.first], one.lines[mark.last]
        assert len(head) - len(head.lstrip(" ")) == len(tail) - len(tail.lstrip(" "))
    text = "\n".join(one.lines)
    if not re.search(r"…|\\x|\\U|\\\\", text):  # folded, or escapes that JSON does not have
        assert json.loads(text) == _at(body, _path(one.pointer))


@pytest.mark.parametrize("span", [(0, 100_000), (100_000, 5), (7000, 3)])
def test_a_span_never_leaves_its_line(span: tuple[int, int]) -> None:
    source = Source("doc", "/a", span)
    one = excerpt({"a": "x" * 8000}, source)
    mark = one.marks[source]
    assert mark.begin is not None
    assert mark.end is not None
    assert 0 <= mark.begin <= mark.end <= len(one.lines[1])
