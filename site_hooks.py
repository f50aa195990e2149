"""Hooks of mkdocs: what lies outside docs/ becomes pages, and links between the two keep working on the site."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).parent
MOVED = {"README.md": "index.md", "CHANGELOG.md": "changes.md", "examples/README.md": "examples.md"}
"""File beside docs/ → page of the site."""
SOURCE_ONLY = ("LICENSE", "SECURITY.md", "CONTRIBUTING.md")
"""What is for those who have the source: no page, so a link to it becomes its name."""
LANGUAGES = {".yml": "yaml", ".yaml": "yaml", ".json": "json", ".sh": "bash", ".service": "ini", ".timer": "ini"}

_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """Add the pages that are not in docs/."""
    for name, page in MOVED.items():
        text = (ROOT / name).read_text("utf-8")
        if page == "examples.md":
            text += "".join(_shown(path) for path in re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))
        moved = partial(_moved, Path(name).parent)
        files.append(File.generated(config, page, content=_LINK.sub(moved, text)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turn links of docs/ to files beside it into links to their pages."""
    return re.sub(
        r"\]\((?:\.\./)+(README|CHANGELOG|examples/README)\.md(#[^)]*)?\)",
        lambda link: f"]({MOVED[f'{link[1]}.md']}{link[2] or ''})",
        markdown,
    )


def _moved(folder: Path, link: re.Match[str]) -> str:
    """A link of a file in `folder`, beside docs/, as it reads on the file's page."""
    text, target = link.groups()
    if "://" in target or target.startswith("#"):
        return link[0]
    place = (folder / target).as_posix().replace("examples/../", "")
    path, _, anchor = place.partition("#")
    if path in SOURCE_ONLY:
        return text
    page = MOVED.get(path, path.removeprefix("docs/"))
    return f"[{text}]({page}{'#' + anchor if anchor else ''})"


def _shown(path: str) -> str:
    """One example in full."""
    file = ROOT / "examples" / path
    name = path.removeprefix("../")
    language = LANGUAGES.get(file.suffix, "")
    return f"\n## {name}\n\n```{language}\n{file.read_text('utf-8').rstrip()}\n```\n"
