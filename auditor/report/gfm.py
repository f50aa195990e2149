"""Text of a cloud inside Markdown as GitHub and GitLab render it: shown as it is, never obeyed.

Plain words stay words. Every other word, with whatever could be a link, a mention, an image, HTML, emphasis or a
reference to an issue, stands in a code span, where nothing has a meaning.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable

from auditor.report.neutral import clip

_WORD = re.compile(r"(\(?)([A-Za-z0-9][A-Za-z0-9'-]*)([.,;:!?)]*)")
_REFERENCE = re.compile(r"[A-Za-z]+-[0-9]+|[0-9a-f]{7,64}")
"""What a forge turns into a link although it looks like a word: `GH-12`, `JIRA-7`, the hash of a commit. (A number
with a dot behind it is no word either: it can begin a list.)"""
_HEADS = re.compile(r"(\(*)(.*?)([.,;:!?)]*)", re.DOTALL)
_BACKTICKS = re.compile("`+")
_TOO_MANY = re.compile("`{9,}")
"""GitHub's parser knows no code span whose fence is longer than 80, and would then read on as if there were none."""


def say(text: str, most: int = 2000) -> str:
    """`text` as inline Markdown, not longer than `most` characters before it is marked up."""
    return _marked(clip(text, most), span)


def cell(text: str, most: int = 300) -> str:
    """The same inside a table, where a `|` would end the cell whatever stands around it."""
    return _marked(clip(text, most).replace("|", "\\x7c"), span)


def say_html(text: str, most: int = 2000) -> str:
    """The same for a place where Markdown does not reach: inside `<summary>`."""
    return _marked(clip(text, most), lambda word: f"<code>{html.escape(word)}</code>")


def _marked(text: str, code: Callable[[str], str]) -> str:
    """Neighbouring words that are code share a span."""
    shown: list[str] = []
    run: list[str] = []
    for word in text.split(" "):
        if _plain(word):
            shown.extend(_spans(run, code))
            run = []
            shown.append(word)
        else:
            run.append(word)
    shown.extend(_spans(run, code))
    return " ".join(shown)


def _plain(word: str) -> bool:
    match = _WORD.fullmatch(word)
    return match is not None and not _REFERENCE.fullmatch(match[2]) and not (match[2].isdecimal() and match[3])


def _spans(run: list[str], code: Callable[[str], str]) -> Iterable[str]:
    """Punctuation at either end stays outside the span, where people expect it."""
    text = " ".join(word for word in run if word)
    match = _HEADS.fullmatch(text)
    if match is None or not text:
        return ()
    before, middle, after = match.groups()
    return (f"{before}{code(middle)}{after}",) if middle else (code(text),)


def span(text: str) -> str:
    """`text`, which is one line of visible characters, as a code span. Long runs of backticks are spelled out."""
    text = _spelled(text)
    fence = "`" * (max(map(len, _BACKTICKS.findall(text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def block(lines: Iterable[str], language: str = "") -> str:
    """Lines of visible characters as a fenced code block."""
    listed = [_spelled(line) for line in lines]
    longest = max((len(run) for line in listed for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(longest + 1, 3)
    return "\n".join((f"{fence}{language}", *listed, fence))


def _spelled(text: str) -> str:
    return _TOO_MANY.sub(lambda run: "\\x60" * len(run[0]), text)
