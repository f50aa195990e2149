"""The documentation page of a rule, as Markdown. `python -m auditor.rules.docs FOLDER` writes them all anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from auditor.compliance.catalogue import bearing, unmapped
from auditor.rules import RULES
from auditor.rules.base import Definition
from auditor.rules.severity import COLUMNS, TABLE

HEADINGS = ("What it finds", "Why it matters", "Example", "Use instead")
"""The sections of a rule's documentation, in this order."""

INDEX = "README.md"


def page(rule: Definition) -> str:
    """What `auditor explain` prints and `docs/rules/` holds; ends in a newline."""
    _, _, sections = (rule.documentation or "").partition("\n\n")
    return "\n".join((f"# {rule.id}", "", rule.summary, "", sections.strip(), "", *_facts(rule)))


def _facts(rule: Definition) -> Iterator[str]:
    yield "## Severity"
    yield ""
    yield f"By what the identity may do; {rule.severity}. Confidence {rule.confidence}, for persona {rule.persona}."
    yield ""
    yield from _HEAD
    yield from map(_row, rule.rows)
    yield ""
    yield "## Controls"
    yield ""
    yield from _controls(rule)
    yield ""
    yield "## References"
    yield ""
    yield from (f"* <{url}>" for url in rule.references)
    yield ""


def _controls(rule: Definition) -> Iterator[str]:
    listed: dict[str, list[str]] = {}
    for framework, control in bearing().get(rule.id, ()):
        listed.setdefault(framework.name, []).append(control.id)
    if not listed:
        yield f"None: {unmapped()[rule.id]}."
        return
    yield from (f"* {framework}: {', '.join(controls)}" for framework, controls in listed.items())


def index() -> str:
    """The table of all rules, and that of all severities."""
    rows = (f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.summary} |" for rule in RULES)
    return "\n".join((*_RULES, *rows, "", *_SEVERITIES, *(_row(name) for name in TABLE), ""))


def _row(name: str) -> str:
    return f"| {name} | {' | '.join(map(str, TABLE[name]))} |"


_HEAD = (f"| | {' | '.join(map(str, COLUMNS))} |", f"|---|{'---|' * len(COLUMNS)}")
_RULES = ("# Rules", "", "| rule | severity | finds |", "|---|---|---|")
_SEVERITIES = (
    "## Severity",
    "",
    "What is open, a row each, by what the identity may do, itself or by becoming others. The same table for every",
    "cloud; [what the levels mean](../power.md) is the same as well. `unknown` is rated like `wide-write`.",
    "",
    *_HEAD,
)


def pages() -> dict[str, str]:
    """File name → text of everything in `docs/rules/`."""
    return {INDEX: index(), **{f"{rule.id}.md": page(rule) for rule in RULES}}


def main(folder: str) -> None:
    """Write every page into `folder`, and remove the pages of rules that are no more."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for stale in place.glob("*.md"):
        if stale.name not in wanted:
            stale.unlink()
    for name, text in wanted.items():
        (place / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
