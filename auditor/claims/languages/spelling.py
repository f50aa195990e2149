"""An automaton put into words: as a regular expression where a short one says it."""

from __future__ import annotations

from auditor.claims.languages.automaton import Automaton
from auditor.claims.languages.language import readable
from auditor.claims.languages.tables import Span, complement_of

MOST_STATES = 40
MOST_CHARACTERS = 80

_SPECIAL = frozenset("\\^$.|?*+()[]{}")
_ANYTHING = "(?s:.)"
_NEWLINE = (10, 10)
_HYPHEN = ord("-")
_BASIC = 0xD800
"""Surrogates and what lies behind them are not spelled: they only say what `.` and `[^…]` say already."""


def spelled_out(automaton: Automaton) -> str:
    """The texts where they (or all but they) are few, else a short expression, else an example."""
    words = automaton.words(8)
    if words is not None:
        return "nothing" if not words else " or ".join(map(readable, words))
    excluded = automaton.complement().words(8)
    if excluded is not None:
        return f"any text but {', '.join(map(repr, map(readable, excluded)))}" if excluded else "any text"
    source = _expression(automaton) if len(automaton.table.rows) <= MOST_STATES else None
    if source is None or len(source) > MOST_CHARACTERS:
        return f"a text like {_example(automaton)} (of a language of {len(automaton.table.rows):,} states)"
    return f"a text matching /^{f'(?:{source})' if _is_choice(source) else source}$/"


def _expression(automaton: Automaton) -> str | None:
    """State elimination on characters of the basic plane, the states with the fewest detours first."""
    table = automaton.table
    units: list[list[Span]] = [[] for _ in range(table.partition.size)]
    for first, last, kind in table.partition.spans():
        if first < _BASIC:
            units[kind].append((first, min(last, _BASIC - 1)))
    begin, end = -1, -2
    edges: dict[tuple[int, int], str] = {(begin, 0): ""}
    for state, row in enumerate(table.rows):
        by_target: dict[int, list[Span]] = {}
        for kind, target in enumerate(row):
            by_target.setdefault(target, []).extend(units[kind])
        edges.update({(state, target): _set(sorted(spans)) for target, spans in by_target.items() if spans})
        if state in table.accepting:
            edges[state, end] = ""
    alive = _alive(edges, end)
    edges = {pair: text for pair, text in edges.items() if pair[0] in alive and pair[1] in alive}
    left = {state for state in alive if state >= 0}
    while left:
        state = min(left, key=lambda s: (sum((a == s) + (b == s) for a, b in edges), -s))
        left.remove(state)
        loop = edges.pop((state, state), "")
        into = [(a, text) for (a, b), text in edges.items() if b == state]
        out = [(b, text) for (a, b), text in edges.items() if a == state]
        edges = {pair: text for pair, text in edges.items() if state not in pair}
        for a, front in into:
            for b, rear in out:
                text = _sequence(_repeated(front, loop), rear)
                known = edges.get((a, b))
                edges[a, b] = text if known is None else _either(known, text)
                if len(edges[a, b]) > 4 * MOST_CHARACTERS:
                    return None
    return edges.get((begin, end))


def _example(automaton: Automaton) -> str:
    """One of the shortest texts, of characters that can be shown."""
    table = automaton.table
    shown: dict[int, str] = {}
    for first, last, kind in table.partition.spans():
        char = next((chr(u) for u in range(first, min(last, first + 128) + 1) if chr(u).isalnum()), chr(first))
        if kind not in shown or (char.isalnum() and not shown[kind].isalnum()):
            shown[kind] = char
    words = {0: ""}
    for state in (queue := [0]):
        if state in table.accepting:
            return repr(readable(words[state]))
        for kind, reached in enumerate(table.rows[state]):
            if reached not in words:
                words[reached] = words[state] + shown[kind]
                queue.append(reached)
    return "none"


def _alive(edges: dict[tuple[int, int], str], end: int) -> set[int]:
    alive = {end}
    grown = True
    while grown:
        more = {a for a, b in edges if b in alive} - alive
        alive |= more
        grown = bool(more)
    return alive


def _sequence(*parts: str) -> str:
    return "".join(f"(?:{part})" if _is_choice(part) else part for part in parts)


def _repeated(front: str, loop: str) -> str:
    """`front` and any number of `loop`: `[0-9][0-9]*` is `[0-9]+`."""
    if not loop:
        return front
    before = front.removesuffix(loop)
    atom = _single(loop) and (loop == "." or loop[0] == "[")
    if atom and before != front and not before.endswith("\\") and not _is_choice(front):
        return f"{front}+"
    return _sequence(front, f"{_grouped(loop)}*")


def _either(one: str, other: str) -> str:
    if one == other:
        return one
    if not one or not other:
        return f"{_grouped(one or other)}?"
    return f"{one}|{other}"


def _grouped(text: str) -> str:
    return text if _single(text) else f"(?:{text})"


def _single(text: str) -> bool:
    """Whether a repetition behind the text is about the whole of it."""
    if len(text) == 1 or text == _ANYTHING:
        return True
    return (len(text) == 2 and text[0] == "\\") or (text[0] == "[" and text.find("]") == len(text) - 1)


def _is_choice(text: str) -> bool:
    depth = 0
    inside = escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif inside:
            inside = char != "]"
        elif char == "[":
            inside = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and not depth:
            return True
    return False


def _set(spans: list[Span]) -> str:
    merged: list[Span] = []
    for first, last in spans:
        if merged and merged[-1][1] == first - 1:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    rest = complement_of(merged, _BASIC)
    if rest == [_NEWLINE]:
        return "."
    if not rest:
        return _ANYTHING
    if len(merged) == 1 and merged[0][0] == merged[0][1]:
        return _char(merged[0][0])
    if merged[-1][1] == _BASIC - 1:
        return f"[^{_ranges(rest)}]"
    return f"[{_ranges(merged)}]"


def _ranges(spans: list[Span]) -> str:
    body = "".join(map(_range, spans))
    return body[1:] if spans[0] == (_HYPHEN, _HYPHEN) else body  # in front it needs no backslash


def _range(span: Span) -> str:
    first, last = ((f"\\{chr(unit)}" if chr(unit) in "\\^[]-" else _shown(unit)) for unit in span)
    if span[0] == span[1]:
        return first
    return f"{first}{'' if span[1] == span[0] + 1 else '-'}{last}"


def _char(unit: int) -> str:
    char = chr(unit)
    return f"\\{char}" if char in _SPECIAL else _shown(unit)


def _shown(unit: int) -> str:
    char = chr(unit)
    return char if char.isprintable() else f"\\x{{{unit:x}}}"
