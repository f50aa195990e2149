"""Times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor.tokens.times import ago, stamp, times

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "now"),
        (1, "in 1 second"),
        (-1, "1 second ago"),
        (59, "in 59 seconds"),
        (60, "in 1 minute"),
        (-61, "61 seconds ago"),
        (119, "in 119 seconds"),
        (-120, "2 minutes ago"),
        (3600, "in 1 hour"),
        (7199, "in 119 minutes"),
        (86_400, "in 1 day"),
        (-3 * 86_400, "3 days ago"),
        (-20 * 31_557_600, "20 years ago"),
    ],
)
def test_ago(seconds: int, text: str) -> None:
    assert ago(NOW + timedelta(seconds=seconds), NOW) == text


def test_stamp() -> None:
    assert stamp(NOW) == "2026-11-21 12:00:00 UTC"


@pytest.mark.parametrize(
    ("payload", "expired", "early"),
    [
        ({"exp": SECOND + 1}, False, False),
        ({"exp": SECOND - 299}, False, False),  # clouds allow for clocks that are off
        ({"exp": SECOND - 301}, True, False),
        ({"exp": SECOND - 301.5}, True, False),
        ({}, False, False),
        ({"exp": SECOND + 900, "nbf": SECOND + 299}, False, False),
        ({"exp": SECOND + 900, "nbf": SECOND + 301}, False, True),
    ],
)
def test_validity(payload: dict[str, Any], expired: bool, early: bool) -> None:
    seen = times(payload, NOW)
    assert (seen.expired, seen.live, seen.early) == (expired, not expired, early)


@pytest.mark.parametrize("value", ["tomorrow", True, -1, 10**40, [SECOND], {"at": SECOND}, 1e300])
def test_what_is_no_time(value: Any) -> None:
    seen = times({"exp": value, "iat": SECOND}, NOW)
    assert (seen.ends, seen.issued, seen.unreadable, seen.live) == (None, NOW, ("exp",), True)


def test_warning_about_a_whole_token() -> None:
    kept = "The signature was neither kept nor shown."
    advice = (
        "Whoever reads it can use it. Treat it as leaked to wherever it was pasted (shell history, chat, logs),\n"
        f"and pass the decoded payload only. {kept}"
    )
    assert times({"exp": SECOND + 240}, NOW).leak() == (
        "WARNING: this is a whole token, and it is live until 2026-11-21 12:04:00 UTC (in 4 minutes).\n" + advice
    )
    assert times({}, NOW).leak() == (
        "WARNING: this is a whole token, and it is live and does not say until when.\n" + advice
    )
    assert times({"exp": SECOND - 86_400}, NOW).leak() == (
        "this is a whole token, with its signature. It expired 1 day ago and opens nothing any more; "
        f"even so, pass the decoded payload only.\n{kept}"
    )
