"""Reading and printing CEL."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditor.providers.gcp.cel import MAX_LENGTH, parse
from auditor.providers.gcp.cel_lexer import CelSyntaxError
from auditor.providers.gcp.cel_syntax import (
    Binary,
    Call,
    Comprehension,
    Conditional,
    Expr,
    Has,
    Ident,
    Index,
    ListLiteral,
    Literal,
    Logic,
    MapLiteral,
    Message,
    Select,
    Uint,
    Unary,
    children,
    show,
)
from tests.providers.gcp.cel_oracle import Program
from tests.providers.gcp.cel_strategies import make_condition, make_tree

A, B, C, D = map(Ident, "abcd")

TREES = {
    "a": A,
    ".a": Ident(".a"),
    "a.b": Select(A, "b"),
    "a . b // the rest\n .c": Select(Select(A, "b"), "c"),
    "a.`x-y`": Select(A, "x-y"),
    "a.if": Select(A, "if"),
    "a[b]": Index(A, B),
    "a['x'].b": Select(Index(A, Literal("x")), "b"),
    "a()": Call("a", None, ()),
    ".a(b)": Call(".a", None, (B,)),
    "a.b(c, d)": Call("b", A, (C, D)),
    "has(a.b.c)": Has(Select(A, "b"), "c"),
    "a.has(b)": Call("has", A, (B,)),
    "has(a.b, c)": Call("has", None, (Select(A, "b"), C)),
    "a.all(b, c)": Comprehension("all", A, "b", (C,)),
    "a.map(b, c, d)": Comprehension("map", A, "b", (C, D)),
    "a.exists(b)": Call("exists", A, (B,)),
    "[]": ListLiteral(()),
    "[,]": ListLiteral(()),
    "[a, b,]": ListLiteral((A, B)),
    "{}": MapLiteral(()),
    "{a: b, 'c': d,}": MapLiteral(((A, B), (Literal("c"), D))),
    "a.b{c: d}": Message("a.b", (("c", D),)),
    "a && b && c": Logic("&&", (A, B, C)),
    "a && (b && c)": Logic("&&", (A, Logic("&&", (B, C)))),
    "a || b && c || d": Logic("||", (A, Logic("&&", (B, C)), D)),
    "a ? b : c ? d : a": Conditional(A, B, Conditional(C, D, A)),
    "a == b != c": Binary("!=", Binary("==", A, B), C),
    "a in b + c": Binary("in", A, Binary("+", B, C)),
    "a - b - c * d": Binary("-", Binary("-", A, B), Binary("*", C, D)),
    "a - -1": Binary("-", A, Literal(-1)),
    "!a == b": Binary("==", Unary("!", A), B),
    "!!a": A,
    "!!!a.b": Unary("!", Select(A, "b")),
    "--a": A,
    "---a": Unary("-", A),
    "-(1)": Unary("-", Literal(1)),
    "--1": Literal(1),
    "- 1": Literal(-1),
    "-1.b()": Call("b", Literal(-1), ()),
    "-9223372036854775808": Literal(-(1 << 63)),
    "0x1F": Literal(31),
    "7u": Literal(Uint(7)),
    "1.5e3": Literal(1500.0),
    ".5": Literal(0.5),
    "true": Literal(True),
    "null": Literal(None),
    r"'\x41\101\u00e9\U0001F600\n\?\`\\'": Literal("AA\u00e9\U0001f600\n?`\\"),
    r"r'\n'": Literal("\\n"),
    '"""a"b\r\nc"""': Literal('a"b\nc'),
    "'''it's'''": Literal("it's"),
    r"b'\xff\377\u'": None,
    "b'\u00e9\\xff'": Literal(b"\xc3\xa9\xff"),
    "bR'''\\'''": Literal(b"\\"),
}


@pytest.mark.parametrize(("source", "tree"), TREES.items())
def test_trees(source: str, tree: Expr | None) -> None:
    if tree is None:
        with pytest.raises(CelSyntaxError):
            parse(source)
    else:
        assert parse(source) == tree


ERRORS = {
    "": "the end where a value was expected (at character 1)",
    "a ==": "the end where a value was expected (at character 5)",
    "a b": "'b' where nothing more was expected (at character 3)",
    "(a": "the end where ')' was expected (at character 3)",
    "a ? b ? c : d : a": "'?' where ':' was expected (at character 7)",
    "[1,,2]": "',' where a value was expected (at character 4)",
    "[1,2,,]": "',' where a value was expected (at character 6)",
    "a.in": "'in' where a name was expected (at character 3)",
    "if": "'if' is reserved (at character 1)",
    "a.if(b)": "'if' is reserved (at character 3)",
    "has(a)": "has() wants a field (at character 5)",
    "has(a['b'])": "has() wants a field (at character 5)",
    "a.all(b.c, d)": "all() wants a plain name first (at character 7)",
    "'a": "a text that does not end (at character 1)",
    "'a\nb'": "a line break within a text (at character 3)",
    r"'\q'": "an escape that does not exist (at character 2)",
    r"'\ud800'": "an escape that names no character (at character 2)",
    r"b'\u0041'": "a Unicode escape within bytes (at character 3)",
    "9223372036854775808": "a number that is too large (at character 1)",
    "18446744073709551616u": "a number that is too large (at character 1)",
    "!-a": "a minus sign before what is no number (at character 2)",
    "a = b": "'=' begins nothing (at character 3)",
    "a # b": "'#' begins nothing (at character 3)",
    "\ud800": "'\\ud800' begins nothing (at character 1)",
    "'\ud800'": "half of a surrogate pair (at character 2)",
    "a" * (MAX_LENGTH + 1): "an expression of more than 4,096 characters (at character 4097)",
    "(" * 65 + "a" + ")" * 65: "an expression nested more than 64 levels deep (at character 65)",
    "!(" * 64 + "a" + ")" * 64: "an expression nested more than 64 levels deep (at character 129)",
    "a" + "+a" * 64: "an expression nested more than 64 levels deep (at character 1)",
}


@pytest.mark.parametrize(("source", "message"), ERRORS.items())
def test_errors_say_where(source: str, message: str) -> None:
    with pytest.raises(CelSyntaxError) as caught:
        parse(source)
    assert str(caught.value) == message


def test_every_node_knows_where_it_stands() -> None:
    source = "has(a.b) && !( c['x'].startsWith(\"\U0001f600\") ) || d in [ -1 ] ? a : (b)  // done"
    found: dict[str, str] = {}
    pending = [parse(source)]
    for expr in pending:
        text = source[expr.span.offset : expr.span.offset + expr.span.length]
        found[text] = type(expr).__name__
        pending.extend(children(expr))
    assert found == {
        "has(a.b) && !( c['x'].startsWith(\"\U0001f600\") ) || d in [ -1 ] ? a : (b)": "Conditional",
        "has(a.b) && !( c['x'].startsWith(\"\U0001f600\") ) || d in [ -1 ]": "Logic",
        "a": "Ident",
        "b": "Ident",
        "has(a.b) && !( c['x'].startsWith(\"\U0001f600\") )": "Logic",
        "d in [ -1 ]": "Binary",
        "has(a.b)": "Has",
        "!( c['x'].startsWith(\"\U0001f600\") )": "Unary",
        "d": "Ident",
        "[ -1 ]": "ListLiteral",
        "c['x'].startsWith(\"\U0001f600\")": "Call",
        "-1": "Literal",
        "c['x']": "Index",
        '"\U0001f600"': "Literal",
        "c": "Ident",
        "'x'": "Literal",
    }


def test_long_chains_are_no_depth() -> None:
    assert parse(" || ".join(["a"] * 500)) == Logic("||", (A,) * 500)
    assert parse("!" * 1001 + "a") == Unary("!", A)


@settings(max_examples=600, derandomize=True, database=None, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_what_is_printed_is_read_back(random: Random, depth: int) -> None:
    tree = make_tree(random, depth)
    assert parse(show(tree)) == tree


def test_constants_of_different_types_differ() -> None:
    constants = [Literal(1), Literal(True), Literal(1.0), Literal(Uint(1)), Literal("1"), Literal(b"1")]
    assert len(set(constants)) == len(constants)
    assert Literal(0.0) != Literal(-0.0)


def read(source: str) -> Expr | CelSyntaxError:
    try:
        return parse(source)
    except CelSyntaxError as error:
        return error


_PIECES = st.sampled_from(
    ["a", "assertion", ".", "(", ")", "[", "]", "{", "}", ",", ":", "?", "&&", "||", "!", "-", "==", "in", " ", "has",
     "all", "'x'", '"', "'", "\\", "1", "0x", "1e", "u", "r'", "b", "//", "\n", "`", "true", "if", "\u00e9", "'''"]
)  # fmt: skip


@settings(max_examples=1_500, derandomize=True, database=None, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(_PIECES, max_size=25).map("".join)))
@example("(" * 4096)
@example("a." * 2047)
@example("[" * 60 + "{" * 60)
@example("a?" * 1000)
@example("-" * 4096)
def test_nothing_but_a_syntax_error_is_ever_raised(source: str) -> None:
    tree = read(source)
    if isinstance(tree, CelSyntaxError):
        assert 0 <= tree.offset <= len(source)
    else:
        assert parse(show(tree)) == tree


def test_the_runtime_reads_the_same_language() -> None:
    """A condition with one character changed is read by both or refused by both."""
    seen = {"read": 0, "refused": 0}
    for seed in range(1_500):
        random = Random(seed)
        source, _ = make_condition(random)
        place = random.randrange(len(source) + 1)
        source = source[:place] + random.choice(("", "", *"()[]{}.,:?!&|=-+'\"\\a1 ")) + source[place + 1 :]
        if "`" in source or len(source) > 1_000:
            continue
        tree = read(source)
        if isinstance(tree, CelSyntaxError):
            assert Program(source).refused, f"{source}: {tree}"
            seen["refused"] += 1
        else:
            assert Program(source).refused is Program(show(tree)).refused, source
            seen["read"] += 1
    assert min(seen.values()) > 300
