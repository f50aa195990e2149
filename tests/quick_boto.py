"""boto3 for a process that makes a thousand sessions: tables read once, pauses cut short. Nothing else is otherwise."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.loaders import create_loader
from botocore.retries import bucket

PACE = 20
"""So many times as fast the clock runs by which boto3 waits before it asks again, and slows down when throttled."""


def hurry(patch: pytest.MonkeyPatch) -> None:
    """What boto3 does is the same, only sooner: each attempt, each pause, each rate."""
    read: dict[str | None, dict[Any, Any]] = {}

    def loader(path: str | None = None) -> Any:
        """One of a session's own, for it adds folders to it. What was read is that of all."""
        found: Any = create_loader(path)
        found._cache = read.setdefault(path, {})
        return found

    buckets: Any = bucket.TokenBucket
    sleep_amount = buckets._sleep_amount
    patch.setattr("botocore.session.create_loader", loader)
    patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / PACE)))
    patch.setattr(bucket.Clock, "current_time", lambda _: time.time() * PACE)
    patch.setattr(buckets, "_sleep_amount", lambda self, amount: sleep_amount(self, amount) / PACE)
