"""The pages of the rules and of the issuers lag behind in nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.report import compliance_pages, issuers_pages
from auditor.rules import docs

FOLDER = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize(("folder", "pages"), [("rules", docs.pages()), ("issuers", issuers_pages.pages())])
def test_docs_are_those_that_make_docs_writes(folder: str, pages: dict[str, str]) -> None:
    assert {file.name: file.read_text("utf-8") for file in (FOLDER / folder).iterdir()} == pages


def test_the_page_of_the_frameworks_is_the_one_that_make_docs_writes() -> None:
    assert (FOLDER / "compliance.md").read_text("utf-8") == compliance_pages.page()
