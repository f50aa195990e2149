"""The report as one page of HTML that holds everything it needs: it is looked at from disk and loads nothing.

Markup, style and program of the page are files of their own in `html/`; they are the same for every report. What a
report holds goes in as JSON, in which no character could end the element it stands in, and the program writes it as
text. The policy of the page (https://www.w3.org/TR/CSP3/) runs this one program, named by its hash, and forbids all
else: other programs, any connection, forms, and (https://www.w3.org/TR/trusted-types/) text being read as markup.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TextIO

from auditor.errors import TooLargeError
from auditor.report.base import Layout, Report
from auditor.report.html_data import Data
from auditor.report.html_subject import Record
from auditor.report.neutral import dump

STYLES = ("base.css", "overview.css", "list.css", "sheet.css")
PROGRAMS = ("dom.js", "data.js", "state.js", "overview.js", "picture.js", "list.js", "parts.js", "sheet.js", "main.js")
"""In the order in which they are put together; later ones use what earlier ones define."""

MOST = 100_000
"""Trusts and findings together. Of so many the page has 85 MB, and the parts of policies that it shows besides."""

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
"""In JSON these stand in texts only, where an escape means the same."""


def write(report: Report, stream: TextIO, layout: Layout) -> None:
    """Write the whole page, whatever the layout. Raises `TooLargeError`, with nothing written, beyond `MOST`."""
    del layout
    _require_room(report)
    style, program = _joined(STYLES), f'"use strict";\n{_joined(PROGRAMS)}'
    before, after = _file("page.html").split("<!-- data -->\n")
    before = before.replace("/* style */", style).replace("POLICY", policy(style, program))
    stream.write(before)
    data = Data(report)
    stream.write(_block("head", data.head()))
    stream.writelines(_block(f"part-{number}", chunk) for number, chunk in enumerate(data.chunks()))
    stream.write(after.replace("/* program */", program))


def _require_room(report: Report) -> None:
    held = len(report.decisions) + len(report.findings)
    if held > MOST:
        raise TooLargeError(
            f"an HTML page holds everything at once, {MOST:,} trusts and findings at most, and here are {held:,}: "
            "write another format (json, jsonl, csv, sarif, ocsf and the others take any number), "
            "or audit a part of the estate"
        )


def policy(style: str, program: str) -> str:
    """The content security policy of a page with this one style and this one program."""
    rules = {
        "default-src": "'none'",
        "script-src": _hash(program),
        "style-src": _hash(style),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _block(name: str, record: Record) -> str:
    return f'<script type="application/json" id="{name}">{dump(record).translate(_ESCAPES)}</script>\n'


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _joined(names: tuple[str, ...]) -> str:
    return "".join(map(_file, names))


def _file(name: str) -> str:
    return resources.files("auditor.report").joinpath("html", name).read_text("utf-8")
