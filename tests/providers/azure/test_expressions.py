"""The grammar of flexible expressions: what is read, where it stands, and that nothing else is read or raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.providers.azure.expressions import MAX_LENGTH, Comparison, Expression, ExpressionError, Operator, parse

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
NAMES = ANY_TEXT.map(lambda text: text.replace("'", "")).filter(bool)
EXPRESSIONS = st.builds(
    Expression,
    st.lists(st.builds(Comparison, NAMES, st.sampled_from(Operator), ANY_TEXT), min_size=1, max_size=4).map(tuple),
)
PIECES = st.sampled_from(
    [
        "claims",
        "['",
        "']",
        "[",
        "'",
        "''",
        " ",
        "  ",
        "eq",
        "matches",
        "and",
        " and ",
        "sub",
        "*",
        "?",
        "\\",
        "\x00",
        "\ud800",
        "(",
        "or",
    ]
)


def test_two_tests_and_where_they_stand() -> None:
    source = "claims['sub'] matches 'repo:acme/*' and claims['repository_owner_id'] eq '123'"
    first, second = parse(source).tests
    assert (first.claim, first.operator, first.comparand) == ("sub", Operator.MATCHES, "repo:acme/*")
    assert (second.claim, second.operator, second.comparand) == ("repository_owner_id", Operator.EQ, "123")
    assert [source[at : at + length] for at, length in (first.span, first.inner)] == [
        "claims['sub'] matches 'repo:acme/*'",
        "repo:acme/*",
    ]
    assert [source[at : at + length] for at, length in (second.span, second.inner)] == [
        "claims['repository_owner_id'] eq '123'",
        "123",
    ]


@pytest.mark.parametrize(
    ("source", "comparand"),
    [
        ("claims['sub'] eq ''", ""),
        ("claims['sub'] eq 'o''brien'", "o'brien"),
        ("claims['sub'] eq ' and '", " and "),
        ("claims['sub'] eq 'a'' and claims[''sub''] eq ''b'", "a' and claims['sub'] eq 'b"),
        ("claims['sub'] eq 'ä\U0001f600'", "ä\U0001f600"),
    ],
)
def test_comparands(source: str, comparand: str) -> None:
    (test,) = parse(source).tests
    assert test.comparand == comparand


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", 'the end where "claims[\'" was expected (at character 1)'),
        ("sub eq 'x'", '"sub eq \'x\'" where "claims[\'" was expected (at character 1)'),
        (" claims['sub'] eq 'x'", '" claims[\'sub" where "claims[\'" was expected (at character 1)'),
        ("claims[''] eq 'x'", "\"'] eq 'x'\" where the name of a claim was expected (at character 9)"),
        ("claims[\"sub\"] eq 'x'", '\'claims["sub"\' where "claims[\'" was expected (at character 1)'),
        ("claims['sub'] EQ 'x'", "\"EQ 'x'\" where eq or matches was expected (at character 15)"),
        ("claims['sub'] like 'x'", "\"like 'x'\" where eq or matches was expected (at character 15)"),
        ("claims['sub'] eq x", "' x' where \" '\" was expected (at character 17)"),
        ("claims['sub'] eq 'x", "the end where a closing quote was expected (at character 20)"),
        ("claims['sub'] eq 'x''", "the end where a closing quote was expected (at character 22)"),
        ("claims['sub'] eq 'x' ", "' ' where ' and ' was expected (at character 21)"),
        ("claims['sub'] eq 'x' AND claims['a'] eq 'b'", "' AND claims[' where ' and ' was expected (at character 21)"),
        ("claims['sub'] eq 'x' or claims['a'] eq 'b'", "\" or claims['\" where ' and ' was expected (at character 21)"),
        ("claims['sub'] eq 'x' and ", 'the end where "claims[\'" was expected (at character 26)'),
        ("claims['sub'] eq 'x'  and claims['a'] eq 'b'", "'  and claims' where ' and ' was expected (at character 21)"),
        ("(claims['sub'] eq 'x')", '"(claims[\'sub" where "claims[\'" was expected (at character 1)'),
        ("not claims['sub'] eq 'x'", "'not claims['\" where \"claims['\" was expected (at character 1)"),
    ],
)
def test_what_is_not_documented_is_refused(source: str, message: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(source)
    if "not claims" not in source:  # the quotes that `ascii` chooses there are beside the point
        assert str(error.value) == message


@given(EXPRESSIONS)
def test_what_is_printed_reads_the_same(expression: Expression) -> None:
    text = str(expression)
    assert parse(text) == expression
    assert str(parse(text)) == text


@given(st.one_of(ANY_TEXT, st.lists(PIECES, max_size=20).map("".join)))
def test_nothing_else_is_raised(source: str) -> None:
    """And whatever is read is printed as it was written: there is one way to write an expression."""
    try:
        said = str(parse(source))
    except ExpressionError as error:
        said = source if 0 <= error.offset <= len(source) and str(error).isascii() else f"{error}"
    assert said == source


@given(EXPRESSIONS, st.integers(0, 200), st.sampled_from(["'", " ", "x", ""]))
def test_near_misses(expression: Expression, place: int, letter: str) -> None:
    """A letter put in, or taken out, gives another expression or none."""
    text = str(expression)
    place %= len(text)
    other = text[:place] + letter + text[place + (letter == "") :]
    try:
        found = parse(other)
    except ExpressionError:
        return
    assert str(found) == other
    assert (found == expression) is (other == text)


@pytest.mark.parametrize(
    "source", ["'" * 100_000, "claims['" * 12_500, "claims['sub'] eq '" + "x" * 100_000 + "'", "\x00" * 100_000]
)
def test_long_input_is_refused_at_once(source: str) -> None:
    with pytest.raises(ExpressionError, match="more than 4,096 characters") as error:
        parse(source)
    assert error.value.offset == MAX_LENGTH
