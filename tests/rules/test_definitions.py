"""What every rule says about itself, and the pages made of it."""

from __future__ import annotations

import re
from pathlib import Path
from unittest import mock

import pytest

from auditor.compliance.catalogue import Control, Framework, unmapped
from auditor.rules import RULES
from auditor.rules.base import Definition
from auditor.rules.docs import HEADINGS, main, page, pages
from auditor.rules.severity import TABLE

PACKAGE = Path(__file__).parents[2] / "auditor/rules"
ROOMS = {
    "__init__",
    "base",
    "changes",
    "connections",
    "docs",
    "exposure",
    "fix_aws",
    "fix_azure",
    "fix_gcp",
    "fixes",
    "pools",
    "powers",
    "waiving",
    "gates",
    "impossible",
    "meant",
    "narrowing",
}
ROOMS |= {"above", "alike", "forms", "likeness", "references", "severity", "words"}


def test_every_module_is_a_rule_or_serves_the_rules() -> None:
    names = {file.stem for file in PACKAGE.glob("*.py")}
    assert names - ROOMS == {rule.id.replace("-", "_") for rule in RULES}
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_documentation(rule: Definition) -> None:
    assert rule.documentation is not None
    assert rule.summary == rule.documentation.splitlines()[0]
    assert rule.summary.endswith(".")
    assert tuple(re.findall(r"^## (.*)$", rule.documentation, re.MULTILINE)) == HEADINGS
    sections = re.split(r"^## .*$", rule.documentation, flags=re.MULTILINE)[1:]
    assert all(section.strip() for section in sections)
    assert rule.references
    assert all(
        re.fullmatch(
            r"https://(docs\.aws\.amazon|docs\.github|docs\.gitlab|cloud\.google|learn\.microsoft)\.com/\S+", url
        )
        for url in rule.references
    )
    assert set(rule.rows) <= TABLE.keys()


def test_every_row_of_the_severity_table_belongs_to_a_rule() -> None:
    assert {row for rule in RULES for row in rule.rows} == set(TABLE)


def test_a_page_in_full() -> None:
    rule = Definition(
        id="any-tag",
        documentation="A line.\n\n## What it finds\n\nThings.\n",
        confidence=RULES[0].confidence,
        references=("https://docs.github.com/en/x",),
    )
    frame = Framework("frame", "Frame", "https://f.example", "About.", (), None)
    bearing = tuple((frame, Control(name, "Title", "https://f.example", "all", ())) for name in ("A-1", "A-2"))
    with mock.patch("auditor.rules.docs.bearing", return_value={"any-tag": bearing}):
        written = page(rule)
    assert written == (
        "# any-tag\n"
        "\n"
        "A line.\n"
        "\n"
        "## What it finds\n"
        "\n"
        "Things.\n"
        "\n"
        "## Severity\n"
        "\n"
        "By what the identity may do; low to high. Confidence high, for persona regular.\n"
        "\n"
        "| | admin | escalation | wide-write | sensitive-read | scoped | none | unknown |\n"
        "|---|---|---|---|---|---|---|---|\n"
        "| any-tag | high | high | medium | medium | low | low | medium |\n"
        "\n"
        "## Controls\n"
        "\n"
        "* Frame: A-1, A-2\n"
        "\n"
        "## References\n"
        "\n"
        "* <https://docs.github.com/en/x>\n"
    )


def test_a_page_says_why_a_rule_bears_on_no_control() -> None:
    (rule,) = (one for one in RULES if one.id == "unused-waiver")
    assert f"## Controls\n\nNone: {unmapped()['unused-waiver']}.\n\n## References" in page(rule)


def test_writing_the_pages_removes_those_of_rules_that_are_no_more(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "old-rule.md").write_text("x")
    (folder / "notes.txt").write_text("kept")
    main(str(folder))
    assert {file.name for file in folder.iterdir()} == {*pages(), "notes.txt"}
    assert {file.name: file.read_text("utf-8") for file in folder.glob("*.md")} == pages()
