"""The documentation page of each issuer, as Markdown. `python -m auditor.report.issuers_pages FOLDER` writes them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from auditor.issuers.catalogue import catalogue_of
from auditor.tokens.portrait import Portrait, portraits

INDEX = "README.md"


def page(one: Portrait) -> str:
    """Everything about one issuer; ends in a newline."""
    return "\n".join((*_page(one), ""))


def _page(one: Portrait) -> Iterator[str]:
    yield f"# {one.name}"
    yield ""
    yield f"Id `{one.id}`, {one.confidence}. Generated from `auditor/issuers/{one.id}.toml`."
    yield ""
    yield from _table(("mints under", "for", "known as"), ((_code(a.url), a.mints_for, a.name) for a in one.addresses))
    yield "## Subjects"
    yield ""
    yield from _table(
        ("subject", "of", ""), ((_code(f.subject), f.name, _doubt(f.when, f.note, f.certain)) for f in one.forms)
    )
    if one.template:
        yield f"A tenant may compose its subjects of {', '.join(map(_code, one.template))}."
        yield ""
    yield "## Who chooses what"
    yield ""
    yield from _table(
        ("part", "what it is", "who chooses it", "values"),
        (
            (_code(s.name), s.label, s.control.words, _cell(s.about) or ", ".join(map(_code, s.values)))
            for s in one.segments
        ),
    )
    yield "## Claims"
    yield ""
    yield from _table(
        ("claim", "composed of", "in every token", "conditions can read it on", ""),
        (
            (
                _code(c.name),
                ", ".join(map(_code, c.forms)),
                "yes" if c.always else "no",
                ", ".join(c.visible),
                _cell(c.about),
            )
            for c in one.claims
        ),
    )
    yield "## Audience"
    yield ""
    yield one.audience
    yield ""
    if one.unmerged:
        yield "## Code nobody has merged"
        yield ""
        yield f"Runs that may run it: {', '.join(one.unmerged)}. {one.unmerged_when}".rstrip()
        yield ""
    yield "## What an attacker holds"
    yield ""
    yield f"Minted at {_code(one.at)}, where a trust asks for no more than a tenant called `my-org`."
    yield ""
    yield from _table(
        ("class", "who", "token"), ((_code(e.name), e.adversary, _token(e.token, e.note)) for e in one.examples)
    )
    yield "## Sources"
    yield ""
    yield from (f"* {title}: <{url}>" if title else f"* <{url}>" for title, url in one.sources)


def _doubt(when: str, note: str, certain: bool) -> str:
    told = [when] if when else []
    if not certain:
        told.append(f"not certain: {note}" if note else "not certain")
    return _cell("; ".join(told))


def _token(token: object, note: str) -> str:
    if not isinstance(token, dict):
        return _cell(f"none: {note}" if note else "none")
    return "<br>".join(_code(f"{claim} = {value}") for claim, value in token.items())


def _table(headers: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(headers)} |"
    yield "|" + "---|" * len(headers)
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _code(text: str) -> str:
    """A code span for a table cell; empty text is said to be empty."""
    if not text:
        return "(empty)"
    bare = text.replace("|", "\\|")
    return f"`` {bare} ``" if "`" in text else f"`{bare}`"


def index(listed: tuple[Portrait, ...]) -> str:
    """The table of all issuers."""
    rows = (
        (f"[{one.name}]({one.id}.md)", "<br>".join(_code(a.url) for a in one.addresses), one.confidence)
        for one in listed
    )
    return "\n".join(("# Issuers", "", *_table(("issuer", "mints under", "known by"), rows)))


def pages() -> dict[str, str]:
    """File name → text of everything in `docs/issuers/`."""
    listed = portraits(catalogue_of())
    return {INDEX: index(listed), **{f"{one.id}.md": page(one) for one in listed}}


def main(folder: str) -> None:
    """Write every page into `folder`, and remove the pages of issuers that are no more."""
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
