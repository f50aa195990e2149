"""Where each key stands: written cases, and documents made at random whose lines are counted as they are written."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.toml_lines import Path, Written, line_of

DOCUMENT = '''\
# [ours] in a comment
title = "a = 1"
[ours]   # [not.a.table]
github = ["a", # "x",
  "b]", 'c\\',
]
"git lab" = """x
[ours]
y = 1"""
literal = \'\'\'
also = 2\'\'\'
a . "b.c" . d = 1979-05-27 07:32:00
[ours.subject-templates]
"github:my-org" = ["repo", "context"]
[[waiver]]
rule = "one"
[[waiver]]
rule = { name = "two", deep.er = [ { x = 1 },
  { y = [ [ 2 ] ] } ] }
[[waiver.note]]
text = "z"
[targets . aws]
profiles = []
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("ours",), 3),
        (("ours", "github"), 4),
        (("ours", "github", 0), 4),
        (("ours", "github", 1), 5),
        (("ours", "github", 2), 5),
        (("ours", "git lab"), 7),
        (("ours", "literal"), 10),
        (("ours", "a"), 12),
        (("ours", "a", "b.c", "d"), 12),
        (("ours", "subject-templates"), 13),
        (("ours", "subject-templates", "github:my-org", 1), 14),
        (("waiver", 0, "rule"), 16),
        (("waiver", 1), 17),
        (("waiver", 1, "rule", "name"), 18),
        (("waiver", 1, "rule", "deep", "er", 0, "x"), 18),
        (("waiver", 1, "rule", "deep", "er", 1, "y", 0, 0), 19),
        (("waiver", 1, "note", 0, "text"), 21),
        (("targets", "aws", "profiles"), 23),
        (("ours", "nothing", "here"), 3),
        (("targets", "aws", "profiles", 7), 23),
        (("elsewhere",), None),
    ],
)
def test_lines(path: Path, line: int | None) -> None:
    tomllib.loads(DOCUMENT)
    assert line_of(DOCUMENT, path) == line


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", '"" = 1', 'a = """"quoted""""', "a = ''''quoted''''"])
def test_small_documents(text: str) -> None:
    table = tomllib.loads(text)
    for key in table:
        assert line_of(text, (key,)) == 1
    assert line_of(text, ("missing",)) is None


@pytest.mark.parametrize(
    "value", ['"""x""""', '"""x"""""', "'''x''''", "'''x'''''", '"""\\""""', '""""""', '"""""x"""']
)
def test_quotes_at_the_end_of_a_text_are_part_of_it(value: str) -> None:
    text = f'a = [{value}, """\n]\nz = 1""", {value}]\nb = {value}\nc = 1\n'
    assert list(tomllib.loads(text)) == ["a", "b", "c"]
    assert [line_of(text, path) for path in (("a", 2), ("b",), ("c",), ("z",))] == [3, 4, 5, None]


@given(st.text("a\"'=[]{}.,#\n \\"), st.integers(0, 200))
def test_a_text_that_is_no_toml_is_given_up_not_followed_for_ever(text: str, cut: int) -> None:
    for broken in (text, DOCUMENT[:cut] + text + DOCUMENT[cut:]):
        line = line_of(broken, ("targets", "aws"))
        assert line is None or 1 <= line <= broken.count("\n") + 1


KEYS = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,4}", fullmatch=True), st.text("ab.[]='# \u00e9", max_size=4))
TEXTS = st.text("ab\"'\\#[]{}=,\n\u00e9 ", max_size=12)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@st.composite
def scalars(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["text", "lines", "literal", "number", "date"]))
    text = draw(TEXTS)
    match kind:
        case "text":
            return quoted(text)
        case "lines":
            return '"""' + text.replace("\\", "\\\\").replace('"', '\\"') + '"""'
        case "literal":
            return "'''" + text.replace("'", "") + "'''"
        case "number":
            return str(draw(st.integers()))
        case _:
            return "1979-05-27 07:32:00Z"


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[Path, int]]:
    """A text and the line of every key and list element in it."""
    text = ""
    lines: dict[Path, int] = {}

    def put(more: str, place: Path | None = None) -> None:
        nonlocal text
        if place is not None:
            lines.setdefault(place, text.count("\n") + 1)
        text += more

    def value(place: Path, depth: int) -> None:
        kind = draw(st.sampled_from(["scalar", "scalar", "list", "table"] if depth else ["scalar"]))
        if kind == "list":
            put("[")
            for index in range(draw(st.integers(0, 3))):
                put(
                    draw(st.sampled_from(["", " ", "\n  ", " # ] \n"]))
                    if not index
                    else draw(st.sampled_from(["\n", " "]))
                )
                put("", (*place, index))
                value((*place, index), depth - 1)
                put(",")
            put("]")
        elif kind == "table":
            put("{ ")
            for number, key in enumerate(draw(st.lists(KEYS, max_size=2, unique=True))):
                put(", " if number else "")
                put(f"{quoted(key)} = ", (*place, key))
                value((*place, key), depth - 1)
            put(" }")
        else:
            put(draw(scalars()))

    for name in ("", "one", "two"):
        table: Path = (name,) if name else ()
        if name:
            put(f"[{name}]", table)
            put(draw(st.sampled_from(["\n", " # [x]\n", "\n\n"])))
        for key in draw(st.lists(KEYS.filter(lambda key: key not in ("one", "two")), max_size=3, unique=True)):
            put(f"{quoted(key)} = ", (*table, key))
            value((*table, key), 2)
            put(draw(st.sampled_from(["\n", " # a = 1\n", "\n# [b]\n\n"])))
    return text, lines


@given(documents())
def test_every_key_and_element_of_any_document_is_found(case: tuple[str, dict[Path, int]]) -> None:
    text, lines = case
    tomllib.loads(text)
    assert {place: line_of(text, place) for place in lines} == lines


def test_a_written_table_knows_its_place() -> None:
    text = '[a]\nx = 1\n[[a.b]]\nname = "one"\n[[a.b]]\nname = "two"\n'
    second = Written("f.toml", text, ("a", "b", 1))
    assert second.value == {"name": "two"}
    assert (second.where(("name",)), second.where()) == ("f.toml:6", "f.toml:5")
    assert second.where(("missing",)) == "f.toml:5"
    assert Written("f.toml", "").where(("missing",)) == "f.toml"
    assert second == Written("f.toml", text, ("a", "b", 1)) != Written("f.toml", text, ("a", "b", 0))
    with pytest.raises(IndexError):
        _ = Written("f.toml", text, ("a", "b", 2)).value
