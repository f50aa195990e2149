"""Parts of source documents as numbered lines, so that a page can point at the guilty one.

A document is written out as JSON, as it was collected. Of what is large only what leads to the places asked for is
written, with a little around it: a policy may have thousands of members, and a page shows it once per trust.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.model import Source
from auditor.report.neutral import clip
from auditor.report.text import visible
from auditor.snapshot import Document

Path = tuple[str, ...]
"""The parts of a JSON pointer."""

LONGEST = 6000
"""Characters of one line; a condition of Google Cloud has 4,096 at most."""
MOST_NODES = 80
"""Values of a part that is always written out in full."""
MOST_LISTED = 12
"""Members of a larger part that are written although nothing points at them."""
AROUND = 2
"""Neighbours of what something points at, on either side."""
ENOUGH = 8
"""Lines below which a part is shown with what it stands in, if that stays below `ROOM`."""
ROOM = 40
DEEPEST = 40
"""Parts of a pointer; what is nested deeper is not written."""
LONGEST_INDEX = 10
"""Digits."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a source stands in an excerpt."""

    first: int
    last: int
    """Lines, counted from 0, the last one included."""
    begin: int | None = None
    """Of a part of one line: its characters, the last one excluded."""
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of one document."""

    document: str
    pointer: str
    """Of the part; empty for the whole document."""
    lines: tuple[str, ...]
    marks: Mapping[Source, Mark]
    """Sources that were asked for. One that points at nothing that is there has no mark."""


@dataclass(slots=True)
class _Page:
    """Lines under way."""

    wanted: frozenset[Path]
    leading: frozenset[Path]
    """Everything on the way to what is wanted."""
    lines: list[str] = field(default_factory=list)
    spans: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """What is wanted → its first and last line."""
    heads: dict[Path, int] = field(default_factory=dict)
    """What is wanted → how many characters stand in front of the value on its first line."""


class Documents:
    """The documents of a report, by what sources call them."""

    def __init__(self, documents: Iterable[Document], wanted: Container[str] | None = None) -> None:
        """Only those `wanted`, if that is told: the others are passed over, and may lie on disk."""
        self._bodies: dict[str, list[Mapping[str, Any]]] = {}
        for one in documents:
            if wanted is None or one.id in wanted:
                self._bodies.setdefault(one.id, []).append(one.body)

    def excerpts(self, sources: Iterable[Source]) -> Iterator[Excerpt]:
        """One per document, in the order in which `sources` first name them; none of a document that is not there."""
        asked: dict[str, list[Source]] = {}
        for source in dict.fromkeys(sources):
            asked.setdefault(source.document, []).append(source)
        for name, places in asked.items():
            body = self._body(name, places)
            if body is not None:
                yield _excerpt(name, body, places)

    def _body(self, name: str, places: Sequence[Source]) -> Mapping[str, Any] | None:
        """The document in which most of the places exist, should two of different kinds share a name."""
        bodies = self._bodies.get(name, [])
        paths = [_path(one.pointer) for one in places]
        return max(bodies, key=lambda body: sum(_there(body, path) for path in paths), default=None)


def _excerpt(name: str, body: Mapping[str, Any], places: Sequence[Source]) -> Excerpt:
    paths = {source: path for source in places if _there(body, path := _path(source.pointer))}
    root, page = _part(body, frozenset(paths.values()))
    marks = {}
    for source, path in paths.items():
        if path not in page.spans:
            continue  # deeper than is written
        first, last = page.spans[path]
        marks[source] = Mark(first, last)
        value = _at(body, path)
        if source.span is not None and isinstance(value, str) and first == last:
            begin, length = source.span
            before, inside = (len(_text(part)) for part in (value[:begin], value[begin : begin + length]))
            head = page.heads[path] + 1 + before  # a quotation mark
            edge = len(page.lines[first])
            marks[source] = Mark(first, last, min(head, edge), min(head + inside, edge))
    return Excerpt(name, _pointer(root), tuple(page.lines), marks)


def _part(body: Mapping[str, Any], wanted: frozenset[Path]) -> tuple[Path, _Page]:
    """What all of `wanted` have in common, and a little more where that is next to nothing."""
    root = _common(wanted)
    while root and not isinstance(_at(body, root), dict):
        root = root[:-1]
    page = _written(body, root, wanted)
    while root and len(page.lines) < ENOUGH:
        wider = _written(body, root[:-1], wanted)
        if len(wider.lines) > ROOM:
            break
        root, page = root[:-1], wider
    return root, page


def _written(body: Mapping[str, Any], root: Path, wanted: frozenset[Path]) -> _Page:
    leading = frozenset(path[:length] for path in wanted for length in range(len(path) + 1))
    page = _Page(wanted, leading)
    _write(page, root, "", _at(body, root), "")
    return page


def _write(page: _Page, path: Path, head: str, value: Any, tail: str) -> None:
    """Append `value` as lines; `head` stands in front of the first one (indented), `tail` behind the last one."""
    first = len(page.lines)
    indent = head[: len(head) - len(head.lstrip(" "))]
    members = _members(page, path, value) if len(path) < DEEPEST else None
    if not isinstance(value, dict | list) or not value:
        page.lines.append(clip(f"{head}{_scalar(value)}{tail}", LONGEST))
    elif members is None:
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        page.lines.append(clip(f"{head}{opening} … {len(value):,} more {closing}{tail}", LONGEST))
    else:
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        page.lines.append(clip(head + opening, LONGEST))
        for member in members:
            if isinstance(member, int):
                page.lines.append(f"{indent}  … {member:,} more")
                continue
            name, inner, last = member
            label = f'"{_text(name)}": ' if isinstance(value, dict) else ""
            _write(page, (*path, name), f"{indent}  {label}", inner, "" if last else ",")
        page.lines.append(f"{indent}{closing}{tail}")
    if path in page.wanted:
        page.spans[path] = (first, len(page.lines) - 1)
        page.heads[path] = len(head)


_Member = tuple[str, Any, bool]
"""Name, value, whether it is the last one."""


def _members(page: _Page, path: Path, value: Any) -> list[_Member | int] | None:
    """What of a container is written: members, and how many are left out between; None for nothing of it."""
    if isinstance(value, dict):
        named = [(str(name), inner) for name, inner in value.items()]
    elif isinstance(value, list):
        named = [(str(index), inner) for index, inner in enumerate(value)]
    else:
        return None
    all_of_it = _small(value)
    if not all_of_it and path not in page.leading:
        return None
    end = len(named) - 1
    kept: set[int] = set(range(len(named)))
    if not all_of_it and len(named) > MOST_LISTED:
        on_the_way = [index for index, (name, _) in enumerate(named) if (*path, name) in page.leading]
        kept = {near for at in on_the_way for near in range(at - AROUND, at + AROUND + 1) if 0 <= near <= end}
        kept = kept or set(range(MOST_LISTED))
    listed: list[_Member | int] = []
    for index, (name, inner) in enumerate(named):
        if index in kept:
            listed.append((name, inner, index == end))
        elif listed and isinstance(listed[-1], int):
            listed[-1] += 1
        else:
            listed.append(1)
    return listed


def _small(value: Any) -> bool:
    """Whether `value` holds at most `MOST_NODES` values; looks at no more than that."""
    waiting, seen = [value], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if isinstance(one, dict | list):
            if seen + len(waiting) + len(one) > MOST_NODES:
                return False
            waiting.extend(one.values() if isinstance(one, dict) else one)
    return True


def _scalar(value: Any) -> str:
    return f'"{_text(value)}"' if isinstance(value, str) else visible(json.dumps(value, default=str))


def _text(value: str) -> str:
    """As JSON writes it between quotation marks, and all of it to be seen."""
    return visible(json.dumps(value, ensure_ascii=False)[1:-1])


def _path(pointer: str) -> Path:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _pointer(path: Path) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _step(value: Any, name: str) -> Any:
    """The member `name` of `value`. Raises LookupError where there is none."""
    if isinstance(value, dict):
        return value[name]
    if isinstance(value, list) and name.isascii() and name.isdecimal() and len(name) < LONGEST_INDEX:
        return value[int(name)]
    raise LookupError(name)


def _at(body: Any, path: Path) -> Any:
    for name in path:
        body = _step(body, name)
    return body


def _there(body: Any, path: Path) -> bool:
    try:
        _at(body, path)
    except LookupError:
        return False
    return True


def _common(paths: Iterable[Path]) -> Path:
    listed = list(paths)
    if not listed:
        return ()
    low, high = min(listed), max(listed)
    length = 0
    while length < min(len(low), len(high)) and low[length] == high[length]:
        length += 1
    return low[:length]
