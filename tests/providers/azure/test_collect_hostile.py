"""Answers that are JSON and nothing else that Azure would send: a collection ends, and what it holds can be saved."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from auditor.errors import UsageError
from auditor.providers.azure.haul import Crew, Haul
from auditor.providers.azure.rest import Answer, Json, Service
from auditor.providers.azure.tenant import asked
from auditor.providers.azure.walk import Walk
from auditor.snapshot_file import save
from fixtures.loopback.azure import LoopbackAzure
from fixtures.loopback.azure_requests import request
from tests.providers.azure.tenant import ESTATE, FAST

BASE = "http://127.0.0.1:1"
TEXTS = st.sampled_from(
    ["", "x", "/", "/subscriptions/", "\ud800", "\x00", "a/../b", BASE, f"{BASE}/next", "//evil.example"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2**70) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS | st.just("id"), inner, max_size=2),
    max_leaves=4,
)


class Mangled:
    """The loopback without a network; the answer to one call is changed in one place."""

    def __init__(self, azure: LoopbackAzure, call: int, steps: list[int], value: object) -> None:
        self._azure = azure
        self._call, self._steps, self._value = call, steps, value
        self.calls = 0

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: Json | None) -> Answer:
        found = {"authorization": "Bearer loopback", **{name.lower(): value for name, value in headers.items()}}
        said = request(method, BASE, url.removeprefix(BASE), found, body)
        status, sent, _ = self._azure.answer(said, url)
        self.calls += 1
        if self.calls == self._call and status == 200:
            sent = json.dumps(changed(json.loads(sent), self._steps, self._value)).encode()
        return Answer(status, {}, sent)


def changed(body: Any, steps: list[int], value: object) -> Any:
    """`body` with `value` somewhere in it: where the steps lead, each choosing among what is there."""
    if not steps or not isinstance(body, dict | list) or not body:
        return value
    keys = list(body) if isinstance(body, dict) else list(range(len(body)))
    key = keys[steps[0] % len(keys)]
    found = copy.copy(body)
    found[key] = changed(body[key], steps[1:], value)
    return found


@given(call=st.integers(1, 30), steps=st.lists(st.integers(0, 7), max_size=5), value=VALUES)
@example(call=1, steps=[], value=7)
@example(call=4, steps=[1, 0, 0], value="\ud800")
@example(call=6, steps=[0, 1], value={"id": 1})
def test_whatever_comes_a_collection_ends_and_can_be_saved(
    served: LoopbackAzure, call: int, steps: list[int], value: object
) -> None:
    served.load(ESTATE)
    send = Mangled(served, call, steps, value)
    services = Service(send, BASE, FAST), Service(send, BASE, FAST)
    haul = Haul()

    def listing(subscription: str) -> Any:
        where = f"subscriptions/{subscription}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
        return services[0].values(where, {"api-version": "2024-11-30"}, link="nextLink")

    walk = Walk(*services, listing, Crew(haul, 1), asked(), "AzureCloud")
    try:
        walk.levels(None)
        walk.run(lambda _: None)
    except UsageError:
        return  # the tenant that was named is another one
    snapshot = haul.snapshot("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z")
    save(snapshot, io.StringIO())
    assert snapshot.coverage
    assert all(row.reason or row.status.value == "read" for row in snapshot.coverage)
