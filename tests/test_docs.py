"""The pages of the rules lag behind the rules in nothing."""

from __future__ import annotations

from pathlib import Path

from auditor.rules.docs import pages

FOLDER = Path(__file__).parents[1] / "docs" / "rules"


def test_docs_are_those_that_make_docs_writes() -> None:
    assert {file.name: file.read_text("utf-8") for file in FOLDER.iterdir()} == pages()
