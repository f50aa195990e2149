"""CEL source → tokens. Every failure is a `CelSyntaxError` that says where."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from auditor.errors import AuditorError
from auditor.providers.gcp.cel_syntax import Constant, Span, Uint


class CelSyntaxError(AuditorError):
    """The text is no CEL expression, so that no such condition can be stored; or one beyond our limits."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(f"{message} (at character {offset + 1})")
        self.offset = offset
        """Where, in characters from 0."""


class Kind(enum.Enum):
    """What a token is."""

    NAME = "a name"
    QUOTED = "a name in backticks"
    CONSTANT = "a constant"
    SIGN = "an operator"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `text` as written, a quoted name without its backticks."""

    kind: Kind
    text: str
    span: Span
    value: Constant = None


_BLANK = re.compile(r"(?:[\t\n\f\r ]|//[^\n]*)+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r"`([A-Za-z0-9_.\-/ ]+)`")
_FLOAT = re.compile(r"(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)")
_INTEGER = re.compile(r"(0x[0-9a-fA-F]+|[0-9]+)([uU]?)")
_SIGN = re.compile(r"&&|\|\||[<>=!]=|[<>!?:.,+\-*/%()\[\]{}]")
_STRING = re.compile(r"([bB]?[rR]?)('''|\"\"\"|'|\")")

_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\?\"'`])|[xX](?P<two>[0-9a-fA-F]{2})|u(?P<four>[0-9a-fA-F]{4})"
    r"|U(?P<eight>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2}))"
)
_PLAIN = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}

LARGEST = (1 << 63) - 1
LARGEST_UINT = (1 << 64) - 1


def tokens(source: str) -> list[Token]:
    """All tokens of `source`, `Kind.END` last. Raises `CelSyntaxError`."""
    found: list[Token] = []
    place = 0
    while True:
        blank = _BLANK.match(source, place)
        place = blank.end() if blank else place
        if place == len(source):
            found.append(Token(Kind.END, "", Span(place, 0)))
            return found
        token = _token(source, place)
        found.append(token)
        place += token.span.length


def _token(source: str, place: int) -> Token:
    if string := _STRING.match(source, place):
        return _text(source, string)
    if name := _NAME.match(source, place):
        return Token(Kind.NAME, name[0], _span(name))
    if quoted := _QUOTED.match(source, place):
        return Token(Kind.QUOTED, quoted[1], _span(quoted))
    if fraction := _FLOAT.match(source, place):
        return Token(Kind.CONSTANT, fraction[0], _span(fraction), float(fraction[0]))
    if integer := _INTEGER.match(source, place):
        return Token(Kind.CONSTANT, integer[0], _span(integer), _number(integer))
    if sign := _SIGN.match(source, place):
        return Token(Kind.SIGN, sign[0], _span(sign))
    raise CelSyntaxError(f"{source[place]!r} begins nothing", place)


def _span(found: re.Match[str]) -> Span:
    return Span(found.start(), found.end() - found.start())


def _number(found: re.Match[str]) -> int | Uint:
    """The number; what fits only with a sign before it is left to the parser."""
    digits = found[1]
    number = int(digits, 16) if digits.startswith("0x") else int(digits) if len(digits) < 400 else LARGEST_UINT + 1
    if number > (LARGEST_UINT if found[2] else LARGEST + 1):
        raise CelSyntaxError("a number that is too large", found.start())
    return Uint(number) if found[2] else number


def _text(source: str, opening: re.Match[str]) -> Token:
    prefix, quote = opening[1].lower(), opening[2]
    raw, binary = "r" in prefix, "b" in prefix
    place = opening.end()
    parts: list[str | bytes] = []
    while not source.startswith(quote, place):
        if place >= len(source):
            raise CelSyntaxError("a text that does not end", opening.start())
        char = source[place]
        if char in "\r\n" and len(quote) == 1:
            raise CelSyntaxError("a line break within a text", place)
        if 0xD800 <= ord(char) < 0xE000:
            raise CelSyntaxError("half of a surrogate pair", place)
        if char == "\\" and not raw:
            escape = _ESCAPE.match(source, place)
            if escape is None:
                raise CelSyntaxError("an escape that does not exist", place)
            parts.append(_escaped(escape, binary))
            place = escape.end()
        elif char == "\r":
            parts.append("\n")
            place += 2 if source.startswith("\r\n", place) else 1
        else:
            parts.append(char)
            place += 1
    span = Span(opening.start(), place + len(quote) - opening.start())
    value = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return Token(
        Kind.CONSTANT, source[span.offset : span.offset + span.length], span, value if binary else value.decode()
    )


def _escaped(found: re.Match[str], binary: bool) -> str | bytes:
    if found["plain"]:
        return chr(_PLAIN.get(found["plain"], ord(found["plain"])))
    if found["two"] or found["octal"]:
        code = int(found["two"], 16) if found["two"] else int(found["octal"], 8)
        return bytes((code,)) if binary else chr(code)
    if binary:
        raise CelSyntaxError("a Unicode escape within bytes", found.start())
    code = int(found["four"] or found["eight"], 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise CelSyntaxError("an escape that names no character", found.start())
    return chr(code)
