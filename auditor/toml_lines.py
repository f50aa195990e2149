"""Where in a TOML text a key or a list element stands: `tomllib` reads values but forgets their lines.

The text must already have been accepted by `tomllib`; this scanner only follows it along and judges nothing. TOML
version 1.0 (toml.io) is the grammar.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
"""Keys and list indices from the top of the document down."""


class _LostError(Exception):
    """The text is not of the TOML this scanner follows."""


_BLANK = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\[\s\S])*?"{3,5}(?!")'  # up to two more quotes may belong to the text itself
    r"|'''[\s\S]*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]+")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_CLOSE = re.compile(r"[ \t]*\]\]?")


def line_of(text: str, path: Path) -> int | None:
    """The line (from 1) where `path` is first written, or where the nearest table or list around it is.

    None when not even the first part of the path is written anywhere.
    """
    lines: dict[Path, int] = {}
    with suppress(_LostError):  # a line nearby is better than none
        for place, offset in _places(text):
            line = text.count("\n", 0, offset) + 1
            for length in range(1, len(place) + 1):
                lines.setdefault(place[:length], line)
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _places(text: str) -> Iterator[tuple[Path, int]]:
    """Every key and list element with the offset where it begins."""
    table: Path = ()
    arrays: dict[Path, int] = {}
    at = _skip(text, 0)
    while at < len(text):
        begin = at
        if text[at] == "[":
            double = text.startswith("[[", at)
            keys, at = _key(text, _skip(text, at + 1 + double))
            table = _within_arrays(keys, arrays)
            if double:
                arrays[table] = arrays.get(table, -1) + 1
                table = (*table, arrays[table])
            yield table, begin
            at = _match(_CLOSE, text, at)
        else:
            at = yield from _assignment(text, at, table)
        at = _skip(text, at)


def _within_arrays(keys: Path, arrays: dict[Path, int]) -> Path:
    """A header's path, with the index of the current element after each part that is an array of tables."""
    path: Path = ()
    for key in keys[:-1]:
        path = (*path, key)
        if path in arrays:
            path = (*path, arrays[path])
    return (*path, *keys[-1:])


def _assignment(text: str, at: int, table: Path) -> Generator[tuple[Path, int], None, int]:
    begin = at
    keys, at = _key(text, at)
    place = (*table, *keys)
    yield place, begin
    return (yield from _value(text, _match(_EQUALS, text, at), place))


def _value(text: str, at: int, place: Path) -> Generator[tuple[Path, int], None, int]:
    if text.startswith("[", at):
        at = _skip(text, at + 1)
        index = 0
        while not text.startswith("]", at):
            yield (*place, index), at
            at = _skip(text, (yield from _value(text, at, (*place, index))))
            index += 1
        return at + 1
    if text.startswith("{", at):
        at = _skip(text, at + 1)
        while not text.startswith("}", at):
            at = _skip(text, (yield from _assignment(text, at, place)))
        return at + 1
    string = _STRING.match(text, at)
    return string.end() if string else _match(_SCALAR, text, at)


def _key(text: str, at: int) -> tuple[Path, int]:
    """A dotted key, and the offset behind it."""
    keys: list[str] = []
    while True:
        quoted = _STRING.match(text, at)
        end = quoted.end() if quoted else _match(_BARE, text, at)
        keys.append(_unquoted(text[at:end]) if quoted else text[at:end])
        dot = _DOT.match(text, end)
        if dot is None:
            return tuple(keys), end
        at = dot.end()


def _unquoted(text: str) -> str:
    try:
        return str(tomllib.loads(f"key = {text}")["key"])
    except tomllib.TOMLDecodeError as error:
        raise _LostError from error


def _skip(text: str, at: int) -> int:
    return _match(_BLANK, text, at)


def _match(expression: re.Pattern[str], text: str, at: int) -> int:
    """The offset behind `expression`, which must be there: so every step but a skip moves on, and the scan ends."""
    found = expression.match(text, at)
    if found is None:
        raise _LostError
    return found.end()


@dataclass(frozen=True, slots=True)
class Written:
    """A table of a TOML file, and where it stands there. Equal ones say the same in the same place."""

    file: str
    """The file's name as a person knows it."""
    text: str = field(repr=False)
    """The whole file; it must be TOML."""
    place: Path = ()

    @property
    def value(self) -> Any:
        """What stands there. Raises KeyError or IndexError when nothing does."""
        value: Any = tomllib.loads(self.text)
        for part in self.place:
            value = value[part]
        return value

    def where(self, place: Path = ()) -> str:
        """`file:line` of a place within the table, or just the file's name."""
        line = line_of(self.text, (*self.place, *place))
        return f"{self.file}:{line}" if line else self.file
