"""The times a token carries, for people. NumericDate of RFC 7519, section 2: seconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

LEEWAY = timedelta(minutes=5)
"""How far off clocks may be before a cloud refuses (STS was observed to allow this much)."""

_LAST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Times:
    """When a token was issued and until when it counts; None for what it does not say."""

    issued: datetime | None
    begins: datetime | None
    ends: datetime | None
    unreadable: tuple[str, ...]
    """Time claims that hold no time."""
    now: datetime

    @property
    def expired(self) -> bool:
        return self.ends is not None and self.ends + LEEWAY < self.now

    @property
    def live(self) -> bool:
        """Whether a cloud may still take it; a token without an end counts as live."""
        return not self.expired

    @property
    def early(self) -> bool:
        """Whether it is not valid yet."""
        return self.begins is not None and self.begins > self.now + LEEWAY

    def leak(self) -> str:
        """What to tell somebody who passed a whole token, signature included."""
        kept = "The signature was neither kept nor shown."
        if self.ends is not None and self.expired:
            past = f"It expired {ago(self.ends, self.now)} and opens nothing any more"
            return f"this is a whole token, with its signature. {past}; even so, pass the decoded payload only.\n{kept}"
        until = f"until {stamp(self.ends)} ({ago(self.ends, self.now)})" if self.ends else "and does not say until when"
        return (
            f"WARNING: this is a whole token, and it is live {until}.\n"
            "Whoever reads it can use it. Treat it as leaked to wherever it was pasted (shell history, chat, logs),\n"
            f"and pass the decoded payload only. {kept}"
        )


def times(payload: Mapping[str, Any], now: datetime) -> Times:
    """The times in a payload, seen from `now` (with its time zone)."""
    found = {claim: _moment(payload.get(claim)) for claim in ("iat", "nbf", "exp")}
    wrong = tuple(claim for claim, moment in found.items() if moment is None and payload.get(claim) is not None)
    return Times(found["iat"], found["nbf"], found["exp"], wrong, now)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST:
        return None
    return datetime.fromtimestamp(value, UTC)


def ago(moment: datetime, now: datetime) -> str:
    """`3 days ago`, `in 4 minutes`, in the largest unit of which there are two, or one exactly."""
    seconds = int((moment - now).total_seconds())
    size = abs(seconds)
    unit, length = next(((name, s) for name, s in _UNITS if size >= 2 * s or size == s), ("second", 1))
    count = size // length
    if count == 0:
        return "now"
    text = f"{count:,} {unit}{'' if count == 1 else 's'}"
    return f"in {text}" if seconds > 0 else f"{text} ago"


_UNITS = (("year", 31_557_600), ("day", 86_400), ("hour", 3_600), ("minute", 60))


def stamp(moment: datetime) -> str:
    """`2026-11-21 10:00:00 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
