"""RE2 expressions on one concrete text, by walking the tree. Part of the concrete evaluator.

It shares nothing with the compiled regular expressions but the reading of their syntax. Every part of the expression is
asked once for every position it may begin at, so that no expression takes exponential time.
"""

from __future__ import annotations

from typing import assert_never

from auditor.claims.languages.syntax import Chars, Choice, Node, Place, Repeat, Sequence, parse


def found(source: str, text: str) -> bool:
    """Whether `source` matches somewhere in `text`.

    Raises `RegexSyntaxError`, `UnsupportedRegexError` or `BudgetExceededError`.
    """
    walk = _Walk(text)
    tree = parse(source)
    return any(walk.ends(tree, begin) for begin in range(len(text) + 1))


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.known: dict[tuple[int, int], frozenset[int]] = {}

    def ends(self, node: Node, begin: int) -> frozenset[int]:
        """Where a match of `node` that begins at `begin` may end."""
        key = id(node), begin
        known = self.known.get(key)
        if known is None:
            known = self.known[key] = frozenset(self._ends(node, begin))
        return known

    def _ends(self, node: Node, begin: int) -> set[int]:
        match node:
            case Chars(points):
                char = ord(self.text[begin]) if begin < len(self.text) else -1
                return {begin + 1} if any(first <= char <= last for first, last in points) else set()
            case Place():
                return {begin} if self._holds(node, begin) else set()
            case Sequence(parts):
                reached = {begin}
                for part in parts:
                    reached = self._after(part, reached)
                return reached
            case Choice(parts):
                return {end for part in parts for end in self.ends(part, begin)}
            case Repeat(part, least, most):
                return self._repeated(part, begin, least, most)
            case _:
                assert_never(node)

    def _after(self, node: Node, places: set[int]) -> set[int]:
        return {end for place in places for end in self.ends(node, place)}

    def _repeated(self, part: Node, begin: int, least: int, most: int | None) -> set[int]:
        reached = {begin}
        for _ in range(least):
            reached = self._after(part, reached)
        seen = set(reached)
        count = least
        while reached and (most is None or count < most):
            reached = self._after(part, reached) - seen
            seen |= reached
            count += 1
        return seen

    def _holds(self, place: Place, at: int) -> bool:
        before = self.text[at - 1] if at else ""
        after = self.text[at] if at < len(self.text) else ""
        match place:
            case Place.TEXT_START:
                return not before
            case Place.TEXT_END:
                return not after
            case Place.LINE_START:
                return before in ("", "\n")
            case Place.LINE_END:
                return after in ("", "\n")
            case Place.BOUNDARY:
                return _word(before) is not _word(after)
            case Place.NO_BOUNDARY:
                return _word(before) is _word(after)
            case _:
                assert_never(place)


def _word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")
