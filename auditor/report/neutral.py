"""Text and times as formats for other programs take them: nothing hostile, nothing endless."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from auditor.report.text import visible

LONGEST = 2000
"""Characters of one text from a cloud that a report for people repeats; role names have 64, policies some thousands."""

LONGEST_CODE = 20_000
"""Characters of source code; a policy of AWS has 10,240 at most."""


def clip(text: str, most: int = LONGEST) -> str:
    """`visible(text)`; of what is longer than `most` characters the beginning, and how long it was."""
    shown = visible(text)
    if len(shown) <= most:
        return shown
    note = f"… ({len(shown):,} characters)"
    return shown[: max(most - len(note), 0)] + note[: most or None]


def lines(text: str) -> str:
    """As `clip`, line by line: source code keeps its line breaks and nothing else. The whole is bounded as well."""
    shown = "\n".join(clip(line) for line in text.split("\n"))
    return shown if len(shown) <= LONGEST_CODE else f"{shown[:LONGEST_CODE]}\n… ({len(shown):,} characters)"


def plain(value: Any) -> Any:
    """Decoded JSON with every text in it as by `lines`, names included."""
    match value:
        case str():
            return lines(value)
        case dict():
            return {clip(str(name)): plain(one) for name, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case _:
            return value


def dump(value: object) -> str:
    """JSON on one line, ASCII only. Raises ValueError for what JSON has no number for."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def dumped(values: Iterable[object], between: str = ", ") -> Iterator[str]:
    """The list of `values` as `dump` would write it, piece by piece."""
    yield "["
    yield from (f"{between if number else ''}{dump(value)}" for number, value in enumerate(values))
    yield "]"


def zulu(time: str) -> str:
    """An RFC 3339 time in UTC with a `Z`, as XML Schema, SARIF, OSCAL and AWS all read it."""
    return datetime.fromisoformat(time).astimezone(UTC).isoformat().replace("+00:00", "Z")


def milliseconds(time: str) -> int:
    """An RFC 3339 time as milliseconds since 1970."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)
