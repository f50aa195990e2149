"""The documentation: no link leads nowhere, every command in it parses, and the site builds."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from auditor.arguments import parser

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BESIDE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "examples/README.md", "fixtures/README.md")
PAGES = sorted([*DOCS.rglob("*.md"), *(ROOT / name for name in BESIDE)])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def prose(text: str) -> str:
    """`text` without code, in which a link is none."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^ {4}.*$|`[^`\n]*`", "", text, flags=re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links, as GitHub and mkdocs do it."""
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", one)).strip().lower().replace(" ", "-") for one in headings}


def dead(page: Path, text: str) -> list[str]:
    """The links of a page that lead to no file, or to no heading of it."""
    found = []
    for target in LINK.findall(prose(text)):
        if re.match(r"https?://|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead(page: Path) -> None:
    assert dead(page, page.read_text("utf-8")) == []


def test_dead_links_are_found() -> None:
    text = (
        "[a](rules/none.md) [b](formats.md#none) [c](#none) [d](../none.md) [`e`](rules/any-tag.md#severity)\n"
        "[f](https://example.com/none) `[g](none.md)`\n\n    [h](none.md)\n\n```\n[i](none.md)\n```\n[j](rules)\n"
    )
    assert dead(DOCS / "running.md", text) == ["rules/none.md", "formats.md#none", "#none", "../none.md"]


def commands(text: str) -> list[str]:
    """The command lines of this program in the indented code of a page."""
    lines = [line for line in text.splitlines() if line.startswith("    ")]
    parts = [part.strip().removeprefix("do ") for line in lines for part in re.split(r";|&&|[|>]| #", line)]
    return [part for part in parts if part.startswith("auditor ")]


COMMANDS = [
    (page.name, line)
    for page in (DOCS / "running.md", DOCS / "compliance.md", ROOT / "examples/README.md")
    for line in commands(page.read_text("utf-8"))
]


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_every_command_parses(page: str, line: str) -> None:
    _, *arguments = shlex.split(line)
    parser().parse_args(arguments)


def test_commands_were_found() -> None:
    assert len(COMMANDS) == 7


def test_the_trust_that_is_shown_is_that_of_the_example() -> None:
    running = (DOCS / "running.md").read_text("utf-8")
    (shown,) = re.findall(r'^    ("StringEquals": \{\n(?: {4}.*\n)*?    \})\n', running, re.MULTILINE)
    policy = json.loads((ROOT / "examples/trust/aws-github.json").read_text("utf-8"))
    assert json.loads(f"{{{shown}}}") == policy["Statement"][0]["Condition"]


def test_every_guide_is_in_the_navigation() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
    guides = next(entry["Guides"] for entry in nav if "Guides" in entry)
    listed = {page for guide in guides for page in guide.values()}
    assert listed == {page.name for page in DOCS.glob("*.md")} | {"examples.md", "changes.md"}


def test_the_site_builds(tmp_path: Path) -> None:
    program = shutil.which("mkdocs", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("mkdocs is not installed: `make site` installs it")
    done = subprocess.run(
        [program, "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    index, examples, drift = (
        (tmp_path / name).read_text("utf-8") for name in ("index.html", "examples.html", "drift.html")
    )
    assert 'href="formats.html"' in index
    assert "CONTRIBUTING.md" in index
    assert "CONTRIBUTING.md<" not in index.replace("CONTRIBUTING.md.", "")
    assert 'href="index.html#configuration"' in drift
    assert "OnCalendar=" in examples
    assert {page.stem for page in (tmp_path / "rules").glob("*.html")} >= {"any-tenant", "index"}
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?:[^"]+)"', page.read_text("utf-8"))
        assert loaded == [], "the site loads nothing from elsewhere"
