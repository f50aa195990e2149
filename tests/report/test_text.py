"""Nothing from a cloud may move the cursor, reorder a line or forge one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report.text import visible, wrap

ANY_TEXT = st.text(st.characters())  # surrogates and unassigned characters included


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("deploy-web", "deploy-web"),
        ("Größe 東京 ✓", "Größe 東京 ✓"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("two\nlines\r\n\tmore", "two\\nlines\\r\\n\\tmore"),
        ("\x00\x07\x08\x7f\x9b", "\\x00\\x07\\x08\\x7f\\x9b"),
        ("user\u202egpj.exe", "user\\u202egpj.exe"),
        ("\u2066isolate\u2069 \u200fmark", "\\u2066isolate\\u2069 \\u200fmark"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("line\u2028separator\u2029", "line\\u2028separator\\u2029"),
        ("no-break\u00a0space\u3000wide", "no-break\\xa0space\\u3000wide"),
        ("\U000e0041tag", "\\U000e0041tag"),
        ("hangul\u3164filler", "hangul\\u3164filler"),
        ("selector\ufe0f", "selector\\ufe0f"),
        ("lone\ud800surrogate", "lone\\ud800surrogate"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_what_is_not_shown_plainly_becomes_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY_TEXT)
def test_only_plain_characters_are_left(text: str) -> None:
    shown = visible(text)
    assert all(char == " " or unicodedata.category(char)[0] not in "CZ" for char in shown)
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("short", ["short"]),
        ("one two three", ["one two", "three"]),
        ("arn:aws:iam::1:role/a", ["arn:aws:", "iam::1:", "role/a"]),
        ("see arn:aws:iam::1:role/a", ["see", "arn:aws:", "iam::1:", "role/a"]),
        ("abcdefghijklmnop", ["abcdefgh", "ijklmnop"]),
        ("a\nb", ["a\\nb"]),
    ],
)
def test_lines_break_at_spaces_and_long_words_behind_their_separators(text: str, lines: list[str]) -> None:
    assert wrap(text, 8) == lines


@given(ANY_TEXT, st.integers(8, 120))
def test_wrapping_loses_nothing_and_keeps_the_width(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert lines
    assert all(len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == visible(text).replace(" ", "")
