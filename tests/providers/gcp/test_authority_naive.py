"""Hierarchy x bindings x deny rules against a naive evaluator of raw documents that shares no code."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.model import Level
from auditor.power import Profile
from auditor.providers.gcp.authority import GoogleAuthority
from auditor.snapshot import Coverage, Document, Snapshot, Status
from tests.providers.gcp.estates import NOW

PARENT = {
    "organizations/1": None,
    "folders/10": "organizations/1",
    "folders/11": "folders/10",
    "projects/100": "folders/11",
    "projects/200": "folders/10",
    "projects/300": "organizations/1",
}
IDS = {"projects/100": "one", "projects/200": "two", "projects/300": "three"}
ACCOUNTS = {
    f"{name}@{ident}.iam.gserviceaccount.com": project
    for name, (project, ident) in zip("abc", IDS.items(), strict=True)
}
EVERY_OF_ONE = "principalSet://cloudresourcemanager.googleapis.com/projects/100/type/ServiceAccount"
PERMISSIONS = {
    "resourcemanager.projects.setIamPolicy": "cloudresourcemanager.googleapis.com/projects.setIamPolicy",
    "iam.serviceAccounts.getAccessToken": "iam.googleapis.com/serviceAccounts.getAccessToken",
    "iam.serviceAccounts.actAs": "iam.googleapis.com/serviceAccounts.actAs",
    "run.services.create": "run.googleapis.com/services.create",
    "secretmanager.versions.access": "secretmanager.googleapis.com/versions.access",
}
"""Permission → how deny policies write it."""
TAGS = ("resource.matchTag('1/env', 'a')", "resource.matchTag('1/env', 'b')")
TIMES = {
    "request.time < timestamp('2026-01-01T00:00:00Z')": False,
    "request.time < timestamp('2027-01-01T00:00:00Z')": True,
}
World = Mapping[str, bool]


def full_name(place: str) -> str:
    if place in PARENT:
        return f"//cloudresourcemanager.googleapis.com/{place}"
    return f"//iam.googleapis.com/projects/{IDS[ACCOUNTS[place]]}/serviceAccounts/{place}"


@st.composite
def estates(draw: st.DrawFn) -> dict[str, Any]:
    members = st.sampled_from([*(f"serviceAccount:{email}" for email in ACCOUNTS), "allUsers", EVERY_OF_ONE])
    conditions = st.sampled_from([None, None, None, *TAGS, *TIMES])
    roles = {f"organizations/1/roles/r{at}": sorted(draw(_some(PERMISSIONS))) for at in range(3)}
    bindings = st.fixed_dictionaries(
        {
            "on": st.sampled_from([*PARENT, *ACCOUNTS]),
            "role": st.sampled_from(sorted(roles)),
            "members": st.lists(members, min_size=1, max_size=2),
            "if": conditions,
        }
    )
    alone = st.sampled_from(
        [f"principal://iam.googleapis.com/projects/-/serviceAccounts/{email}" for email in ACCOUNTS]
    )
    principals = alone | st.sampled_from(["principalSet://goog/public:all", EVERY_OF_ONE])
    rules = st.fixed_dictionaries(
        {
            "on": st.sampled_from(list(PARENT)),
            "deniedPrincipals": st.lists(principals, min_size=1, max_size=2),
            "exceptionPrincipals": st.lists(principals, max_size=1),
            "deniedPermissions": _some(PERMISSIONS.values()),
            "exceptionPermissions": st.lists(st.sampled_from(sorted(PERMISSIONS.values())), max_size=1),
            "if": st.sampled_from([None, None, *TAGS]),
        }
    )
    return {
        "roles": roles,
        "bindings": draw(st.lists(bindings, min_size=1, max_size=5)),
        "rules": draw(st.lists(rules, max_size=2)),
    }


def _some(values: Any) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=3, unique=True)


def snapshot(estate: Mapping[str, Any]) -> Snapshot:
    documents = [Document("gcp", "-", "role", name, {"includedPermissions": p}) for name, p in estate["roles"].items()]
    for place, parent in PARENT.items():
        kind = place.partition("/")[0].removesuffix("s")
        body: dict[str, Any] = {"name": place, "parent": parent, "projectId": IDS.get(place)}
        documents.append(Document("gcp", IDS.get(place, place), kind, place, body))
    for email, project in ACCOUNTS.items():
        body = {"email": email, "projectId": IDS[project]}
        documents.append(Document("gcp", IDS[project], "service-account", email, body))
    for place in (*PARENT, *ACCOUNTS):
        listed = [_binding(one) for one in estate["bindings"] if one["on"] == place]
        body = {"resource": full_name(place), "policy": {"bindings": listed}}
        documents.append(Document("gcp", IDS.get(place, place), "iam-policy", full_name(place), body))
    for at, rule in enumerate(estate["rules"]):
        name = f"policies/cloudresourcemanager.googleapis.com%2F{rule['on'].replace('/', '%2F')}/denypolicies/d{at}"
        inner = {key: value for key, value in rule.items() if key not in ("on", "if")}
        if rule["if"]:
            inner["denialCondition"] = {"expression": rule["if"]}
        body = {"rules": [{"denyRule": inner}]}
        documents.append(Document("gcp", IDS.get(rule["on"], rule["on"]), "deny-policy", name, body))
    rows = [
        Coverage("gcp", IDS.get(place, place), kind, Status.READ)
        for place in PARENT
        for kind in ("iam-policy", "deny-policy", "direct-grants", "account-grants", "principal-access-boundary")
    ]
    return Snapshot("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z", documents, rows)


def _binding(one: Mapping[str, Any]) -> dict[str, Any]:
    bare = {"role": one["role"], "members": one["members"]}
    return bare if one["if"] is None else {**bare, "condition": {"expression": one["if"]}}


# The naive evaluator


def up(place: str) -> Iterator[str]:
    """A place and everything above it."""
    at: str | None = place
    while at is not None:
        yield at
        at = ACCOUNTS[at] if at in ACCOUNTS else PARENT[at]


def allowed(estate: Mapping[str, Any], world: World, who: str, permission: str, place: str) -> bool:
    """Whether an account may do something on a place, in a world in which every condition is decided."""
    mine = {f"serviceAccount:{who}", "allUsers", *([EVERY_OF_ONE] if ACCOUNTS[who] == "projects/100" else [])}
    names = {
        f"principal://iam.googleapis.com/projects/-/serviceAccounts/{who}",
        "principalSet://goog/public:all",
        *([EVERY_OF_ONE] if ACCOUNTS[who] == "projects/100" else []),
    }
    for rule in estate["rules"]:
        if (
            rule["on"] in up(place)
            and names & set(rule["deniedPrincipals"])
            and not names & set(rule["exceptionPrincipals"])
            and PERMISSIONS[permission] in rule["deniedPermissions"]
            and PERMISSIONS[permission] not in rule["exceptionPermissions"]
            and (rule["if"] is None or world[rule["if"]])
        ):
            return False
    return any(
        binding["on"] in up(place)
        and mine & set(binding["members"])
        and permission in estate["roles"][binding["role"]]
        and (binding["if"] is None or world[binding["if"]])
        for binding in estate["bindings"]
    )


def worlds() -> Iterator[World]:
    for truths in itertools.product((False, True), repeat=len(TAGS)):
        yield {**TIMES, **dict(zip(TAGS, truths, strict=True))}


WORLDS = tuple(worlds())
SET, TOKEN, ACT, RUN, SECRET = PERMISSIONS


def level(estate: Mapping[str, Any], world: World, who: str) -> Level:
    """The level that an account has for certain in a world, of those that these permissions can give."""

    def may(*permissions: str, on: str) -> bool:
        return all(allowed(estate, world, who, permission, on) for permission in permissions)

    if any(may(SET, on=place) for place in PARENT):
        return Level.ADMIN
    if any(may(TOKEN, on=place) or may(ACT, RUN, on=place) for place in PARENT):
        return Level.ESCALATION
    if any(may(RUN, on=place) for place in PARENT):
        return Level.WIDE_WRITE
    if any(may(SECRET, on=place) for place in PARENT):
        return Level.SENSITIVE_READ
    held = any(may(permission, on=place) for permission in PERMISSIONS for place in (*PARENT, *ACCOUNTS))
    return Level.SCOPED if held else Level.NONE


def steps(estate: Mapping[str, Any], world: World, who: str) -> set[tuple[str, str]]:
    """(kind, target) of every account that `who` may become in a world."""
    found = set()
    for target, project in ACCOUNTS.items():
        if target == who:
            continue
        if allowed(estate, world, who, TOKEN, target):
            found.add(("impersonate", target))
        if allowed(estate, world, who, ACT, target) and allowed(estate, world, who, RUN, project):
            found.add(("run-as", target))
        if allowed(estate, world, who, SET, project):
            found.add(("grant-roles", target))
    return found


SEEN: Counter[str] = Counter()


@settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(estates())
def test_levels_and_steps_agree_with_the_naive_evaluator(estate: dict[str, Any]) -> None:
    authority = GoogleAuthority(snapshot(estate), NOW)
    for identity in authority.identities():
        found = authority.profile(identity)
        assert found.power.gaps == ()
        _levels(estate, identity.id, found)
        _steps(estate, identity.id, found)


def _levels(estate: Mapping[str, Any], who: str, found: Profile) -> None:
    levels = [level(estate, world, who) for world in WORLDS]
    SEEN[f"{found.power.may}"] += 1
    crossing = any(one.doubt and "other projects" in one.doubt for one in found.power.capabilities)
    assert found.power.must <= min(levels)
    assert found.power.may >= max(levels)
    conditional = any(one["if"] in TAGS for one in (*estate["bindings"], *estate["rules"]))
    if not conditional and not _partly(estate, found):
        # Nothing is open: what may be is what must be, but for what organisation policy decides.
        assert found.power.must == levels[0]
        assert found.power.may == levels[0] or crossing


def _partly(estate: Mapping[str, Any], found: Profile) -> bool:
    """Whether a deny rule takes a part of something away."""
    return any(one.doubt and "further down" in one.doubt for one in found.power.capabilities) or bool(
        estate["rules"] and any(not one.certain for one in found.power.capabilities)
    )


def _steps(estate: Mapping[str, Any], who: str, found: Profile) -> None:
    possible = [steps(estate, world, who) for world in WORLDS]
    told = {(step.kind, step.target.id): step for step in found.steps}
    assert set.union(*possible) <= told.keys()
    certain = {key for key, step in told.items() if step.certain}
    assert certain <= set.intersection(*possible)
    if not any(one["if"] in TAGS for one in (*estate["bindings"], *estate["rules"])):
        assert certain == possible[0]
        for key in told.keys() - certain:
            assert "other projects" in (told[key].doubt or ""), key


def test_the_estates_reached_every_level() -> None:
    """After the test above: a generator that makes nothing interesting would pass everything."""
    assert {"admin", "escalation", "wide-write", "sensitive-read", "scoped", "none"} <= SEEN.keys(), SEEN
