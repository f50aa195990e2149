"""Colour, where it helps the eye: the words for how bad something is, the verdict, lines that go and lines that come.

Text is painted after it was made visible and fitted to the width, so that no string of a cloud can colour anything and
no escape sequence counts as a column.
"""

from __future__ import annotations

import enum

from auditor.model import Level, Severity


class Tint(enum.StrEnum):
    """The parameters of a terminal's SGR sequence (ECMA-48). Colour never stands alone: the words say the same."""

    GRAVE = "1;31"
    """Bold red."""
    BAD = "31"
    WARN = "33"
    GOOD = "32"
    DIM = "2"
    STRONG = "1"


class Ink:
    """Paints, or does not."""

    def __init__(self, *, on: bool = False) -> None:
        self._on = on

    def __call__(self, text: str, tint: Tint | None) -> str:
        """`text`, which must be visible as it is, in that tint."""
        return f"\x1b[{tint.value}m{text}\x1b[0m" if self._on and tint and text else text

    def severity(self, text: str, severity: Severity) -> str:
        """`text` in the colour of a severity."""
        return self(text, SEVERITIES[severity])


SEVERITIES = {
    Severity.CRITICAL: Tint.GRAVE,
    Severity.HIGH: Tint.BAD,
    Severity.MEDIUM: Tint.WARN,
    Severity.LOW: None,
    Severity.INFO: Tint.DIM,
}

LEVELS = {
    Level.ADMIN: Tint.GRAVE,
    Level.ESCALATION: Tint.BAD,
    Level.WIDE_WRITE: Tint.WARN,
    Level.UNKNOWN: Tint.WARN,
}

PLAIN = Ink()
"""Paints nothing."""
