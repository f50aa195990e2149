"""RE2's syntax, read into a small tree. Facts: RE2's syntax page (github.com/google/re2/wiki/Syntax).

Two failures are told apart: `RegexSyntaxError` (RE2 refuses it) and `UnsupportedRegexError` (we cannot say what RE2
makes of it). Whether a quantifier is lazy and whether a group captures makes no difference to what matches.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from typing import NoReturn

from auditor.claims.languages.characters import (
    ALL_POINTS,
    EVERY,
    NEWLINE,
    PERL,
    POSIX,
    Points,
    category,
    folded,
    others,
    points,
)
from auditor.errors import BudgetExceededError, RegexSyntaxError, UnsupportedRegexError

MAX_REPEAT = 1000
"""RE2's limit for one repetition, and for nested ones multiplied."""

MAX_DEPTH = 100
"""Groups within groups that are read."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set."""

    points: Points


class Place(enum.Enum):
    """What an empty match can ask of its surroundings."""

    TEXT_START = enum.auto()
    TEXT_END = enum.auto()
    LINE_START = enum.auto()
    LINE_END = enum.auto()
    BOUNDARY = enum.auto()
    NO_BOUNDARY = enum.auto()


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other; nothing at all when empty."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`least` to `most` times; None means without end."""

    part: Node
    least: int
    most: int | None


Node = Chars | Place | Sequence | Choice | Repeat

DOT = Chars(others(((NEWLINE, NEWLINE),)))
ANY = Chars(EVERY)


@dataclass(frozen=True, slots=True)
class _Flags:
    ignore_case: bool = False
    multi_line: bool = False
    dot_newline: bool = False


def parse(source: str) -> Node:
    """The tree of an expression. Raises `RegexSyntaxError`, `UnsupportedRegexError` or `BudgetExceededError`."""
    parser = _Parser(source)
    node = parser.choice(0)
    if parser.place < len(source):
        parser.refuse("unexpected )")
    return node


_ESCAPES = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_REPEAT = re.compile(r"\{(0|[1-9][0-9]{0,8})(?:(,)(0|[1-9][0-9]{0,8})?)?\}", re.ASCII)
_GROUP = re.compile(r"\(\?P?<([^>]*)>")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:(-)([imsU]+))?([:)])")
_POSIX = re.compile(r"\[:(\^?)(.*?):\]", re.DOTALL)


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.place = 0
        self.flags = _Flags()
        self.names: set[str] = set()

    def refuse(self, why: str) -> NoReturn:
        raise RegexSyntaxError(f"{why} in the regular expression {self.source!r}")

    def at(self, text: str) -> bool:
        return self.source.startswith(text, self.place)

    def skip(self, text: str) -> bool:
        found = self.at(text)
        self.place += len(text) if found else 0
        return found

    def next(self, missing: str) -> str:
        if self.place >= len(self.source):
            self.refuse(missing)
        self.place += 1
        return self.source[self.place - 1]

    # Groups, alternatives, sequences

    def choice(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise BudgetExceededError(f"a regular expression of more than {MAX_DEPTH} nested groups")
        parts = [self.sequence(depth)]
        while self.skip("|"):
            parts.append(self.sequence(depth))
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        repeated_until = -1  # where the last quantifier ended: two in a row are refused
        while self.place < len(self.source) and self.source[self.place] not in "|)":
            begin = self.place
            bounds = self.quantifier()
            if bounds is None:
                self.item(parts, depth)
                continue
            if not parts:
                self.refuse("no argument for a repetition")
            if begin == repeated_until:
                self.refuse("two repetitions in a row")
            least, most = bounds
            parts[-1] = Repeat(parts[-1], least, most)
            if max(least, most or 0) > 1 and _repeats(parts[-1]) > MAX_REPEAT:
                self.refuse(f"more than {MAX_REPEAT} repetitions")
            repeated_until = self.place
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def quantifier(self) -> tuple[int, int | None] | None:
        bounds: tuple[int, int | None]
        char = self.source[self.place]
        if char in "*+?":
            self.place += 1
            bounds = (1 if char == "+" else 0, 1 if char == "?" else None)
        elif char == "{" and (found := _REPEAT.match(self.source, self.place)):
            least, comma, most = found.groups()
            if int(least) >= 100_000_000 or int(most or 0) >= 100_000_000:
                return None  # RE2 reads so long a number as plain text
            bounds = (int(least), int(most) if most else None if comma else int(least))
            if max(bounds[0], bounds[1] or 0) > MAX_REPEAT or (bounds[1] is not None and bounds[1] < bounds[0]):
                self.refuse("a repetition of an impossible size")
            self.place = found.end()
        else:
            return None
        self.skip("?")
        return bounds

    def item(self, parts: list[Node], depth: int) -> None:
        char = self.next("")
        if char == "(":
            self.place -= 1
            self.group(parts, depth)
        elif char == "[":
            parts.append(Chars(self.bracket()))
        elif char == ".":
            parts.append(ANY if self.flags.dot_newline else DOT)
        elif char == "^":
            parts.append(Place.LINE_START if self.flags.multi_line else Place.TEXT_START)
        elif char == "$":
            parts.append(Place.LINE_END if self.flags.multi_line else Place.TEXT_END)
        elif char == "\\":
            self.escaped_item(parts)
        else:
            parts.append(self.literal(ord(char)))

    def literal(self, point: int) -> Chars:
        single: Points = ((point, point),)
        return Chars(folded(single) if self.flags.ignore_case else single)

    def group(self, parts: list[Node], depth: int) -> None:
        outer = self.flags
        if not self.at("(?"):
            self.place += 1
        elif named := _GROUP.match(self.source, self.place):
            self.name(named[1])
            self.place = named.end()
        elif flags := _FLAGS.match(self.source, self.place):
            self.place = flags.end()
            self.set_flags(flags[1], on=True)
            self.set_flags(flags[3] or "", on=False)
            if flags[4] == ")":
                return
        else:
            self.refuse("an unknown kind of group")
        parts.append(self.choice(depth + 1))
        if not self.skip(")"):
            self.refuse("missing )")
        self.flags = outer

    def name(self, name: str) -> None:
        if not name:
            self.refuse("an empty group name")
        if name in self.names:  # RE2 in C++ accepts it, RE2 in Go does not
            raise UnsupportedRegexError(f"two groups of the name {name!r}")
        if not all(char == "_" or char.isalnum() for char in name):
            if name.isascii():
                self.refuse("a group name with other than letters and digits")
            raise UnsupportedRegexError(f"the group name {name!r}")
        self.names.add(name)

    def set_flags(self, letters: str, *, on: bool) -> None:
        for letter in letters:
            match letter:
                case "i":
                    self.flags = replace(self.flags, ignore_case=on)
                case "m":
                    self.flags = replace(self.flags, multi_line=on)
                case "s":
                    self.flags = replace(self.flags, dot_newline=on)

    # Escapes

    def escaped_item(self, parts: list[Node]) -> None:
        if self.skip("Q"):
            end = self.source.find("\\E", self.place)
            text = self.source[self.place : end if end >= 0 else None]
            self.place = end + 2 if end >= 0 else len(self.source)
            parts.extend(self.literal(ord(char)) for char in text)
            return
        for letter, place in (
            ("A", Place.TEXT_START),
            ("z", Place.TEXT_END),
            ("b", Place.BOUNDARY),
            ("B", Place.NO_BOUNDARY),
        ):
            if self.skip(letter):
                parts.append(place)
                return
        if self.at("C"):
            raise UnsupportedRegexError("\\C, a single byte")
        chars = self.escaped_class()
        parts.append(self.literal(self.escaped_point()) if chars is None else Chars(chars))

    def escaped_class(self) -> Points | None:
        r"""`\d`, `\pL` and their like, the backslash having been read; None for anything else."""
        letter = self.source[self.place : self.place + 1]
        if letter and letter in "dswDSW":
            self.place += 1
            return self.named(PERL[letter.lower()], negated=letter.isupper())
        if letter and letter in "pP":
            self.place += 1
            name = self.next("missing class name")
            if name == "{":
                end = self.source.find("}", self.place)
                if end < 0:
                    self.refuse("missing }")
                name = self.source[self.place : end]
                self.place = end + 1
            negated = (letter == "P") is not name.startswith("^")
            return self.named(category(name.removeprefix("^")), negated=negated)
        return None

    def named(self, chars: Points, *, negated: bool) -> Points:
        chars = folded(chars) if self.flags.ignore_case else chars
        return others(chars) if negated else chars

    def escaped_point(self) -> int:
        char = self.next("a trailing backslash")
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char == "x":
            return self.hexadecimal()
        if char in "01234567":
            digits = re.compile("[0-7]{0,2}").match(self.source, self.place)
            more = digits[0] if digits else ""
            if char != "0" and not more:
                self.refuse("a reference to a group")
            self.place += len(more)
            return int(char + more, 8)
        if char != "_" and (not char.isascii() or char.isalnum()):
            self.refuse(f"the unknown escape \\{char}")
        return ord(char)

    def hexadecimal(self) -> int:
        found = re.compile(r"\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2})").match(self.source, self.place)
        point = int(found[1] or found[2], 16) if found else ALL_POINTS
        if found is None or point >= ALL_POINTS:
            self.refuse("a malformed \\x")
        self.place = found.end()
        return point

    # Brackets

    def bracket(self) -> Points:
        """A bracketed class, the `[` having been read."""
        negated = self.skip("^")
        spans: list[tuple[int, int]] = []
        first = True
        while first or not self.at("]"):
            first = False
            spans.extend(self.bracket_item())
        self.place += 1
        chars = points(spans)
        return others(chars) if negated else chars

    def bracket_item(self) -> Points:
        if self.at("[:") and (found := _POSIX.match(self.source, self.place)):
            if found[2] not in POSIX:
                self.refuse("an unknown [:class:]")
            self.place = found.end()
            return self.named(POSIX[found[2]], negated=bool(found[1]))
        if self.at("\\"):
            self.place += 1
            chars = self.escaped_class()
            if chars is not None:
                return chars
            self.place -= 1
        low = self.bracket_point()
        high = low
        if self.at("-") and not self.at("-]"):
            self.place += 1
            if self.place < len(self.source):
                high = self.bracket_point()
        if high < low:
            self.refuse("a range that runs backwards")
        span: Points = ((low, high),)
        return folded(span) if self.flags.ignore_case else span

    def bracket_point(self) -> int:
        char = self.next("missing ]")
        return self.escaped_point() if char == "\\" else ord(char)


def _repeats(node: Node) -> int:
    """How often the innermost part is repeated at most, counting each unlimited repetition by its minimum."""
    match node:
        case Repeat(part, least, most):
            return max(1, least if most is None else most) * _repeats(part)
        case Sequence(parts) | Choice(parts):
            return max(map(_repeats, parts), default=1)
        case _:
            return 1
