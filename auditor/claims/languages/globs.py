"""Regular expressions that are globs in disguise.

`^refs/heads/(main|release/.*)$` is `refs/heads/main` or `refs/heads/release/*`. People read globs, and the solver
splits them faster.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.claims.languages.characters import folded, size
from auditor.claims.languages.language import units
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.syntax import ANY, DOT, Chars, Choice, Node, Place, Repeat, Sequence

MOST = 16
"""Globs of one expression."""

MOST_SPELLINGS = 4
"""Spellings of one glob of which a part ignores case."""

MOST_TOKENS = 2_000
"""Tokens of all of them."""


@dataclass(frozen=True, slots=True)
class Globs:
    """A union of globs that says what the expression says about texts that hold none of the characters named."""

    patterns: tuple[Pattern, ...]
    no_newline: bool = False
    """Only for texts without a newline (`.` does not match it)."""
    no_surrogates: bool = False
    """Only for texts of the basic plane: `.` is one character, `?` one code unit."""
    no_foreign_letters: bool = False
    """Only for texts without U+017F and U+212A, which ignoring case are `s` and `k`."""


@dataclass(frozen=True, slots=True)
class _Folded:
    """A letter in either case."""

    letter: str


_Token = str | Wild | _Folded | Place


class _NotGlobsError(Exception):
    """It is more than a union of a few globs."""


def globs(tree: Node, *, search: bool) -> Globs | None:
    """The expression as globs; None where it is more than that."""
    reading = _Reading()
    try:
        ways = reading.ways(tree)
        patterns = dict.fromkeys(pattern for way in ways for pattern in reading.patterns(way, search))
    except _NotGlobsError:
        return None
    if len(patterns) > MOST:
        return None
    return Globs(tuple(patterns), reading.no_newline, reading.no_surrogates, reading.no_foreign_letters)


class _Reading:
    def __init__(self) -> None:
        self.no_newline = self.no_surrogates = self.no_foreign_letters = False

    def ways(self, tree: Node) -> list[tuple[_Token, ...]]:
        """The sequences of tokens that the tree stands for."""
        match tree:
            case Chars():
                return self.chars(tree)
            case Place():
                if tree in (Place.BOUNDARY, Place.NO_BOUNDARY):
                    raise _NotGlobsError
                self.no_newline = self.no_newline or tree in (Place.LINE_START, Place.LINE_END)
                start = tree in (Place.TEXT_START, Place.LINE_START)
                return [(Place.TEXT_START if start else Place.TEXT_END,)]
            case Sequence(parts):
                found: list[tuple[_Token, ...]] = [()]
                for part in parts:
                    found = _few((*before, *way) for before in found for way in self.ways(part))
                return found
            case Choice(parts):
                return _few(way for part in parts for way in self.ways(part))
            case Repeat(part, least, most):
                return self.repeat(part, least, most)

    def chars(self, tree: Chars) -> list[tuple[_Token, ...]]:
        if tree in (DOT, ANY):
            self.no_newline = self.no_newline or tree == DOT
            return [(Wild.ANY_CHAR,)]
        first = tree.points[0][0] if tree.points else 0
        if 65 <= first <= 90 and folded(((first, first),)) == tree.points:
            self.no_foreign_letters = self.no_foreign_letters or chr(first) in "KS"
            return [(_Folded(chr(first).lower()),)]
        if size(tree.points) > MOST:
            raise _NotGlobsError
        return [tuple(units(chr(point))) for a, b in tree.points for point in range(a, b + 1)]

    def repeat(self, part: Node, least: int, most: int | None) -> list[tuple[_Token, ...]]:
        if most is None:
            if part not in (DOT, ANY):
                raise _NotGlobsError
            self.no_newline = self.no_newline or part == DOT
            return [(*[Wild.ANY_CHAR] * least, Wild.STAR)]
        once = self.ways(part)
        found: list[tuple[_Token, ...]] = [()]
        exact = found if least == 0 else []
        for count in range(1, most + 1):
            found = _few((*before, *way) for before in found for way in once)
            if count >= least:
                exact = _few((*exact, *found))
        return exact

    def patterns(self, way: tuple[_Token, ...], search: bool) -> list[Pattern]:
        """The globs of one sequence, anchors having been taken into account."""
        begin, end = 0, len(way)
        while begin < end and way[begin] is Place.TEXT_START:
            begin += 1
        while end > begin and way[end - 1] is Place.TEXT_END:
            end -= 1
        tokens = list(way[begin:end])
        if any(isinstance(token, Place) for token in tokens):
            raise _NotGlobsError  # an anchor in the middle
        if search and begin == 0:
            tokens.insert(0, Wild.STAR)
        if search and end == len(way):
            tokens.append(Wild.STAR)
        self._note_runs(tokens)
        return _spelled(tokens)

    def _note_runs(self, tokens: list[_Token]) -> None:
        """`.+` is `?*` also for surrogate pairs; `.` alone and `..` are not `?` and `??`."""
        single = star = 0
        for token in (*tokens, ""):
            if token is Wild.ANY_CHAR:
                single += 1
            elif token is Wild.STAR:
                star += 1
            else:
                if single > (1 if star else 0):
                    self.no_surrogates = True
                single = star = 0


def _few(ways: Iterable[tuple[_Token, ...]]) -> list[tuple[_Token, ...]]:
    found: dict[tuple[_Token, ...], None] = {}
    tokens = 0
    for way in ways:
        found[way] = None
        tokens += len(way)
        if len(found) > MOST or tokens > MOST_TOKENS:
            raise _NotGlobsError
    return list(found)


def _spelled(tokens: list[_Token]) -> list[Pattern]:
    """One glob that ignores case where every letter does, else one for every spelling."""
    tokens = [token for place, token in enumerate(tokens) if not _idle(tokens, place)]
    cased = any(isinstance(token, str) and token.isascii() and token.isalpha() for token in tokens)
    if not cased:
        plain = [token.letter if isinstance(token, _Folded) else token for token in tokens]
        return [_pattern(plain, ignore_case=any(isinstance(token, _Folded) for token in tokens))]
    spellings: list[list[_Token]] = [[]]
    for token in tokens:
        cases = (token.letter, token.letter.upper()) if isinstance(token, _Folded) else (token,)
        spellings = [[*before, case] for before in spellings for case in cases]
        if len(spellings) > MOST_SPELLINGS:
            raise _NotGlobsError
    return [_pattern(spelling) for spelling in spellings]


def _idle(tokens: list[_Token], place: int) -> bool:
    """Of a run of wildcards the stars but the last say nothing: `*?*` is `?*`."""
    if tokens[place] is not Wild.STAR:
        return False
    for token in tokens[place + 1 :]:
        if token is Wild.STAR:
            return True
        if token is not Wild.ANY_CHAR:
            return False
    return False


def _pattern(tokens: Iterable[_Token], *, ignore_case: bool = False) -> Pattern:
    return Pattern((token for token in tokens if isinstance(token, str | Wild)), ignore_case=ignore_case)
