"""Strings from a cloud are hostile: what a terminal or a reader would obey instead of show is made visible here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_PRINTABLE_ASCII = re.compile(r"[ -~]*")
_SEPARATORS = re.compile(r"[^/:,@&=]+[/:,@&=]*|[/:,@&=]+")

# Characters that are drawn as nothing although Unicode counts them as letters or marks (Default_Ignorable_Code_Point
# of the Unicode character database, less what the general category already tells).
_INVISIBLE = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)


def visible(text: str) -> str:
    """`text` on one line, with everything that is not plainly shown written as an escape (`\\x1b`, `\\u202e`).

    That is: control and format characters (terminal escapes, newlines, direction marks, zero-width characters), lone
    surrogates, unassigned and private characters, every space but the common one, and letters that are drawn empty.
    """
    if _PRINTABLE_ASCII.fullmatch(text):
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    hidden = char != " " and unicodedata.category(char)[0] in "CZ"
    return _escape(char) if hidden or char in _INVISIBLE else char


def _escape(char: str) -> str:
    code = ord(char)
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    return named or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def wrap(text: str, width: int) -> list[str]:
    """`visible(text)` in lines of at most `width` characters, at least one line.

    Breaks at spaces; a word longer than a line (an ARN, a JSON pointer) breaks behind its own separators.
    """
    lines: list[str] = []
    for word in visible(text).split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += " " + word
        else:
            lines.extend([word] if len(word) <= width else _pieces(word, width))
    return lines


def _pieces(word: str, width: int) -> Iterator[str]:
    line = ""
    for part in _SEPARATORS.findall(word):
        if line and len(line) + len(part) > width:
            yield line
            line = ""
        line += part
        while len(line) > width:
            yield line[:width]
            line = line[width:]
    if line:
        yield line


def count(number: int, noun: str) -> str:
    """`1 trust`, `2,000 identities`."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """Of the regular nouns this program counts."""
    if noun.endswith("y") and not noun.endswith(("ay", "ey", "oy", "uy")):
        return noun.removesuffix("y") + "ies"
    return noun + "s"
