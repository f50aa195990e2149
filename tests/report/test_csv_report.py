"""CSV: cells no spreadsheet runs."""

from __future__ import annotations

import pytest

from auditor.report.csv_report import cell


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("deploy-web", "deploy-web"),
        ("", ""),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "\\t=1"),
        ("\r=1", "\\r=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a=1", "a=1"),
        ('a"b,c', 'a"b,c'),
        ("two\nlines", "two\\nlines"),
    ],
)
def test_no_formula(text: str, shown: str) -> None:
    assert cell(text) == shown


def test_a_cell_fits_a_spreadsheet() -> None:
    assert len(cell("x" * 40_000)) == 30_000
