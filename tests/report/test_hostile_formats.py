"""Names of a cloud are whatever somebody typed: none may break a report, forge a part of it, or act in a viewer."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from auditor.graph import Standing
from auditor.model import Decision, Fix, Identity, Level, Source, Status, Waived
from auditor.power import Capability, Power, Profile
from auditor.report.base import Report
from auditor.report.gfm import block, cell, say, say_html, span
from auditor.report.subjects import described
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from tests.estate import OPEN, READ, UNREAD, finding, report
from tests.report.formats import written
from tests.report.valid import JUDGES, complaints, html_of, tags

PIECES = (
    *("\x1b[2J\x1b]8;;https://evil.example\x07x\x1b]8;;\x07", "\x00", "\x7f\x9b", "\r\nCOVERAGE\n", "\t=1+1", "\ud800"),
    *("\u202egpj.exe", "\u2066x\u2069", "\u200f", "\u200b", "\ufeff", "\u2028", "\ufffe", "\U000e0041"),
    *("</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!--", "-->", "<![CDATA[", "]]>", "&lt;"),
    *("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\uff1d1", "'", '"', '""', ",", ";", "%0A", "\\", "\\\\|", "|"),
    *("[x](https://evil.example)", "![x](//evil.example/p.png)", "](", "https://evil.example", "www.evil.example"),
    *("@everyone", "a@evil.example", "#1", "GH-1", "acme/app#7", "deadbeef", ":smile:", "$`x`$", "[^1]", "- [ ] x"),
    *(
        "# h",
        "\n# h\n",
        "\n\n<b>",
        "```",
        "``",
        "`",
        "~~~",
        "---",
        "> q",
        "1. x",
        "**b**",
        "_i_",
        "</details>",
        "</summary>",
    ),
    *(
        "{0}",
        "%s",
        "${x}",
        "{{x}}",
        "a b",
        " ",
        "",
        "../../..",
        "//",
        "x" * 10_240,
        "\u5d50" * 10_240,
        "`" * 300,
        "|" * 300,
    ),
)
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(st.characters(), max_size=12), max_size=5).map("".join).filter(bool)


def poisoned(texts: list[str], *, rule: str = "any-tenant") -> Report:
    """A report of ordinary shape with `texts`, in turn, in every field that a cloud or a policy fills."""
    turn = 0

    def text() -> str:
        nonlocal turn
        turn += 1
        return texts[turn % len(texts)]

    def place(document: str) -> Source:
        return Source(f"{document}{text()}", "/" + text().replace("~", "~0").replace("/", "~1"))

    def judged(one: Decision, prefix: str) -> Decision:
        identity = Identity("aws", text(), "iam-role", f"{prefix}{text()}", text())
        trust = replace(one.trust, identity=identity, via=text(), source=place("d"))
        trust = replace(trust, issuer=replace(trust.issuer, url=f"https://{text()}"), notes={"member": text()})
        return replace(one, trust=trust, statement=f"s{text()}")

    first, second = judged(OPEN, "arn:"), judged(UNREAD, "second:")
    alone = Identity("gcp", text(), "workload-identity-pool-provider", f"a{text()}", text())
    common: dict[str, Any] = {"rule": rule, "evidence": (place("d"), replace(place("e"), span=(1, 2)))}
    found = [
        finding(
            first,
            **common,
            title=f"t{text()}",
            detail=text(),
            witness={"sub": text(), "aud": (text(), text()), f"c{text()}": text(), "n": 1, "b": True},
            fix=Fix(f"f{text()}", text(), text()),
        ),
        finding(second, **common, status=Status.ERROR, title=f"t{text()}", detail=text()),
        finding(
            subject=alone.id,
            subject_kind="identity",
            **common,
            title=f"t{text()}",
            detail=text(),
            witness=None,
            fix=Fix(f"f{text()}"),
            status=Status.WAIVED,
            waiver=Waived(f"r{text()}", f"o{text()}", "2027-03-31"),
        ),
        finding(subject=f"u{text()}", subject_kind="identity", **common, title=f"t{text()}"),
    ]
    rows = [*READ, Coverage("aws", f"s{text()}", f"k{text()}", Reading.DENIED, text(), text())]
    rows.append(Coverage("gcp", f"s{text()}", f"k{text()}", Reading.FAILED, text()))
    rows.append(Coverage("azure", f"s{text()}", f"k{text()}", Reading.SKIPPED, text()))
    may = Capability(Level.ADMIN, f"w{text()}", (text(),), text(), (), doubt=text() or None)
    held = Profile(Power((may,), (f"g{text()}",)))
    standing = Standing(held, Level.ADMIN, (), first.trust.identity, held)
    made = report(found, [first, second], rows)
    return described(replace(made, identities=(*made.identities, alone), standings={first.trust.identity: standing}))


PLAIN = {name: written(name, poisoned(["x"]), details=True) for name in JUDGES}


def shown(text: str) -> bool:
    """Nothing in `text` but line breaks and what a screen draws, in the order in which it stands."""
    return all(char in "\n\r" or unicodedata.category(char)[0] not in "CZ" or char == " " for char in text)


@pytest.mark.parametrize("name", JUDGES)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(TEXTS, min_size=1, max_size=7))
def test_hostile_text_in_every_field(name: str, texts: list[str]) -> None:
    text = written(name, poisoned(texts), details=True)
    assert shown(text)
    assert complaints(name, text) == []
    assert SHAPES[name](text) == SHAPES[name](PLAIN[name])


class _Outline(HTMLParser):
    """The elements of a page, in order, without the code in them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        # How long a text is decides whether a change has a block of its own, and how it is marked up inline.
        if tag not in ("code", "pre"):
            self.found.append(tag)


def _outline(text: str) -> list[str]:
    parser = _Outline()
    parser.feed(html_of(text))
    return parser.found


SHAPES: Mapping[str, Callable[[str], object]] = {
    "table": lambda text: [line for line in text.splitlines() if re.fullmatch(r"[A-Z]+ \(\d+\)", line)],
    "json": lambda text: len(json.loads(text)["findings"]),
    "jsonl": lambda text: [next(iter(json.loads(line))) for line in text.splitlines()],
    "csv": lambda text: len(list(csv.reader(io.StringIO(text, newline=""), strict=True))),
    "markdown": _outline,
    "sarif": lambda text: [result["level"] for result in orjson.loads(text)["runs"][0]["results"]],
    "junit": lambda text: len(list(ET.fromstring(text).iter("testcase"))),
    "ocsf": lambda text: [orjson.loads(line)["class_uid"] for line in text.splitlines()],
    "asff": lambda text: sum(len(orjson.loads(line)["Findings"]) for line in text.splitlines()),
    "oscal": lambda text: len(orjson.loads(text)["assessment-results"]["results"][0]["observations"]),
}


@example("`" * 81 + "[x](https://evil.example)")
@example("a|[x](https://evil.example)")
@example("a\\|[x](https://evil.example)")
@example("1. x")
@example("Any-one [x](https://evil.example), @you.")
@settings(max_examples=120)
@given(TEXTS)
def test_inline_markdown_shows_its_text_and_does_nothing(text: str) -> None:
    marked = say(text, 10**6)
    html = html_of(f"- {marked}\n")
    assert {tag.strip("/") for tag, _ in tags(html)} <= {"ul", "li", "code"}
    table = html_of(f"| a | b |\n|---|---|\n| {cell(text)} | y |\n")
    assert table.count("<td") == 2
    assert {tag.strip("/") for tag, _ in tags(table)} <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    folded = html_of(f"<details><summary>{say_html(text)}</summary>\n\nx\n\n</details>\n")
    assert {tag.strip("/") for tag, _ in tags(folded)} <= {"details", "summary", "code", "p"}
    assert folded.count("<details") == folded.count("</details") == 1


@settings(max_examples=100)
@given(st.lists(st.text("`~ab|<\\", max_size=8), max_size=5))
def test_a_block_holds_its_lines(lines: list[str]) -> None:
    html = html_of(block(lines) + "\n\nend\n")
    inside = re.fullmatch(r"<pre><code>([\s\S]*)</code></pre>\n<p>end</p>\n", html)
    assert inside is not None
    assert inside[1].replace("&lt;", "<").splitlines() == lines


@settings(max_examples=100)
@given(st.text("`ab| \\<*", min_size=1, max_size=12).filter(str.strip))
def test_a_span_holds_its_text(text: str) -> None:
    html = html_of(f"x {span(text)} y\n")
    inside = re.fullmatch(r"<p>x <code>([\s\S]*)</code> y</p>\n", html)
    assert inside is not None
    assert inside[1].replace("&lt;", "<").strip() == text.strip()


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Anyone on GitHub Actions can become deploy-web", "Anyone on GitHub Actions can become deploy-web"),
        ("Any repository of acme/app, on any branch.", "Any repository of `acme/app`, on any branch."),
        ("see @acme and #12 or GH-12", "see `@acme` and `#12` or `GH-12`"),
        ("(acme@123) or a1b2c3d4", "(`acme@123`) or `a1b2c3d4`"),
        ("a `tick` b", "a `` `tick` `` b"),
        ("sub = repo:*", "sub `= repo:*`"),
        ("Größe", "`Größe`"),
        ("", ""),
        ("...", "`...`"),
    ],
)
def test_words_stay_words_and_the_rest_is_code(text: str, marked: str) -> None:
    assert say(text) == marked
