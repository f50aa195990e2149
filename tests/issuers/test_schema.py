"""What an issuer table may say: whatever else it says, the answer is a `TableError` and nothing worse."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.issuers.catalogue import tables
from auditor.issuers.loader import build
from auditor.issuers.schema import Place, TableError, check

SMALL = [table for table in tables() if table["id"] in ("spacelift", "circleci", "google", "aws")]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 300) | st.text("ab{}<>[(*", max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=4,
)


def places(node: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(value, (*place, key))


def put(table: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    changed: Any = copy.deepcopy(table)
    node = changed
    for part in place[:-1]:
        node = node[part]
    node[place[-1]] = value
    return changed  # type: ignore[no-any-return] # a table again


@settings(max_examples=300)
@given(data=st.data())
def test_any_change_is_understood_or_refused(data: st.DataObject) -> None:
    table = dict(data.draw(st.sampled_from(SMALL)))
    place = data.draw(st.sampled_from([place for place in places(table) if place]))
    changed = put(table, place, data.draw(JSON))
    with suppress(TableError):
        check(changed)
        build(changed)


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"families": {"tag_": "tga"}}, ("families", "tag_"), "there is no variable 'tga' in this table"),
        (
            {"template": {"claim": "sub", "joiner": ":", "keys": ["sub"], "special": {"sub": "<x>"}}},
            ("template", "special", "sub"),
            "there is no fragment 'x' in this table",
        ),
        (
            {"template": {"claim": "sub", "joiner": ":", "keys": ["sub"], "first": ["aud"]}},
            ("template", "first", 0),
            "there is no key 'aud' in this table",
        ),
        ({"about": {"subb": "x"}}, ("about", "subb"), "there is no claim 'subb' in this table"),
        ({"subject_hint": "x:"}, (), "`subject_hint` and `self_managed` belong together"),
        (
            {"constants": {"iat": "1"}},
            ("constants", "iat"),
            ("`constants.iat` must be a number or a truth value; texts go under `claims`"),
        ),
        ({"issuers": []}, ("issuers",), "`issuers` must not be empty"),
        (
            {"issuers": [{"url": "(?P<x>.*)", "tenancy": "single"}]},
            ("issuers", 0, "url"),
            "there is no variable 'x' in this table",
        ),
        (
            {"issuers": [{"url": ".*", "tenancy": "single", "without": ["x"]}]},
            ("issuers", 0, "without", 0),
            "there is no option 'x' in this table",
        ),
        (
            {"formats": [{"name": "x", "subject": "{x}"}]},
            ("formats", 0, "subject"),
            "there is no variable 'x' in this table",
        ),
        (
            {"formats": [{"name": "x", "subject": "", "any_of": ["x"]}]},
            ("formats", 0, "any_of", 0),
            ("there is no option 'x' in this table"),
        ),
        ({"id": "My CI"}, ("id",), "`id` must be lower-case letters, digits and hyphens, not 'My CI'"),
    ],
)
def test_refused(change: dict[str, Any], place: Place, message: str) -> None:
    table = {
        "id": "x",
        "name": "X",
        "issuers": [{"url": "x", "tenancy": "single"}],
        "variables": {"aud": {}},
        "claims": {"sub": "x", "aud": "{aud}"},
    }
    check(table)
    with pytest.raises(TableError) as caught:
        check({**table, **change})
    assert (caught.value.place, str(caught.value)) == (place, message)
