"""Text and times for other programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report.neutral import clip, dump, lines, milliseconds, plain, zulu


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("deploy", 6, "deploy"),
        ("a\x1bb", 10, "a\\x1bb"),
        ("x" * 41, 40, "x" * 23 + "… (41 characters)"),
        ("\x00" * 20, 40, "\\x00\\x00\\x00\\x00\\x00\\x0" + "… (80 characters)"),
        ("x" * 30, 5, "… (30"),
    ],
)
def test_long_texts_are_cut_and_say_how_long_they_were(text: str, most: int, shown: str) -> None:
    assert clip(text, most) == shown


@given(st.text(st.characters()), st.integers(1, 50))
def test_never_longer_than_asked_for(text: str, most: int) -> None:
    assert len(clip(text, most)) <= most


def test_code_keeps_its_lines_and_ends() -> None:
    assert lines('{\n\t"a": 1\r\n}') == '{\n\\t"a": 1\\r\n}'
    cut = lines("x" * 1500 + "\n" + "y\n" * 30_000)
    assert len(cut) < 20_100
    assert cut.endswith("\n… (61,501 characters)")


def test_documents_keep_their_shape() -> None:
    assert plain({"a\x00": ("\u202e", 1, True, None, ["x"])}) == {"a\\x00": ["\\u202e", 1, True, None, ["x"]]}


def test_json_is_ascii() -> None:
    assert dump({"a": "é\x7f\u2028"}) == '{"a": "\\u00e9\\u007f\\u2028"}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump(float("nan"))


@pytest.mark.parametrize(
    ("time", "utc", "number"),
    [
        ("2026-11-21T10:00:05Z", "2026-11-21T10:00:05Z", 1_795_255_205_000),
        ("2026-11-21T10:00:05.250+00:00", "2026-11-21T10:00:05.250000Z", 1_795_255_205_250),
        ("2026-11-21T12:00:05+02:00", "2026-11-21T10:00:05Z", 1_795_255_205_000),
    ],
)
def test_times(time: str, utc: str, number: int) -> None:
    assert (zulu(time), milliseconds(time)) == (utc, number)
