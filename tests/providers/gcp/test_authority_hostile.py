"""Documents that hold anything at all: the authority answers, and never claims more than it can."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.model import Level
from auditor.power import Profile
from auditor.providers.gcp.authority import GoogleAuthority
from auditor.snapshot import Document, Snapshot
from tests.providers.gcp.estates import NOW
from tests.providers.gcp.power import snapshot

RICH = {
    "pool": True,
    "boundary": "acme-ci",
    "groups": {"admins@acme.example": ["deploy", "group-bots@acme.example"]},
    "deny": [
        {"on": "folder", "who": ["deploy", "group:x@acme.example"], "what": ["run.googleapis.com/services.create"]}
    ],
    "grants": [
        {"on": "acme-ci", "role": "roles/editor", "to": "deploy", "if": "resource.name.startsWith('a')"},
        {"on": "folder", "role": ["iam.roles.update"], "to": "group:admins@acme.example"},
        {"on": "admin", "role": "roles/iam.serviceAccountTokenCreator", "to": ["deploy", "*"]},
        {"on": "bucket", "role": "roles/storage.objectAdmin", "to": "attribute.repository/acme/app"},
        {"on": "job", "role": ["run.jobs.runWithOverrides"], "to": "subject/x"},
    ],
}
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)
WORDS = st.sampled_from(
    ["a", "roles/owner", "deploy@acme-ci.iam.gserviceaccount.com", "//x", "allUsers", "\ud800", "%s{"]
)
JSON = st.recursive(
    LEAVES | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | WORDS, inner, max_size=3),
    max_leaves=6,
)


def ask(found: Snapshot) -> list[Profile]:
    """Everything that can be asked of an authority."""
    authority = GoogleAuthority(found, NOW)
    profiles = []
    for identity in authority.identities():
        profile = authority.profile(identity)
        assert profile.power.must <= profile.power.may <= max(profile.power.level, profile.power.may)
        assert all(one.level not in (Level.NONE, Level.UNKNOWN) for one in profile.power.capabilities)
        for capability in profile.power.capabilities:
            fix = authority.sketch(identity, capability)
            assert fix is None or fix.before != fix.after
        profiles.append(profile)
    return profiles


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON document."""
    found = [at]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*at, key))
    return found


@st.composite
def damaged(draw: st.DrawFn) -> Snapshot:
    """A rich estate with something else in a few places."""
    found = snapshot(RICH)
    documents = [(doc, json.loads(json.dumps(doc.body))) for doc in found.documents]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(documents) - 1))
        doc, body = documents[at]
        place = draw(st.sampled_from(places(body)))
        value = draw(JSON)
        if place:
            inner = body
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = value
        else:
            documents[at] = doc, value if isinstance(value, dict) else {"x": value}
    bodies = [Document(doc.provider, doc.scope, doc.kind, doc.id, body) for doc, body in documents]
    return Snapshot(found.started, found.finished, bodies, found.coverage)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_damaged_documents_never_raise(found: Snapshot) -> None:
    ask(found)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["iam-policy", "role", "deny-policy", "group", "service-account", "policy-binding",
                                   "project", "folder", "workload-identity-pool", "principal-access-boundary"]),
                  st.text(max_size=12) | WORDS, st.dictionaries(st.text(max_size=5) | WORDS, JSON, max_size=3)),
        max_size=6,
    )
)  # fmt: skip
def test_documents_of_any_shape_never_raise(given_: list[tuple[str, str, dict[str, Any]]]) -> None:
    ask(Snapshot("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z", [Document("gcp", "x", k, i, b) for k, i, b in given_]))


def test_the_rich_estate_is_rich() -> None:
    """What is damaged above has all levels and steps to begin with."""
    found = ask(snapshot(copy.deepcopy(RICH)))
    assert sum(len(profile.power.capabilities) for profile in found) >= 8
    assert sum(len(profile.steps) for profile in found) > 2
    assert sum(bool(profile.power.gaps) for profile in found) > 0
    assert any(profile.bound for profile in found)


def test_a_policy_that_cannot_be_understood_is_a_gap() -> None:
    found = snapshot({"grants": [{"on": "acme-ci", "role": "roles/browser", "to": "deploy"}]})
    for doc in found.documents:
        if doc.kind == "iam-policy" and doc.scope == "acme-ci":
            doc.body["policy"]["bindings"].append({"role": 7, "members": ["serviceAccount:x"]})
    resource = "//cloudresourcemanager.googleapis.com/projects/123456789012"
    gap = f"something in the allow policy of {resource} could not be understood"
    assert {profile.power.gaps for profile in ask(found)} == {(gap,)}
