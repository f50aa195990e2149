"""Every path of `escalations.toml`: found when granted exactly, and not when one permission is missing."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.power import Capability, Step
from auditor.providers.gcp.escalations import EscalationPath, table
from auditor.providers.gcp.permissions_paths import ISSUERS
from tests.providers.gcp.power import profile

PATHS = table().paths
STEPS = [path for path in PATHS if path.step is not None]
NEEDED: dict[str | None, dict[str, Any]] = {
    None: {},
    "custom-role": {},
    "admitted-pool": {"pool": False},
    "admitted-provider": {"pool": True},
    "denied": {"deny": [{"on": "acme-ci", "who": "deploy", "what": ["iam.googleapis.com/roles.delete"]}]},
    "tag-condition": {},
}


def grants(path: EscalationPath, permissions: tuple[str, ...]) -> list[dict[str, Any]]:
    """What exactly the path takes, on a project, or on the organisation where it has to be."""
    on = "acme-ci" if "projects" in path.levels else "organization"
    found: list[dict[str, Any]] = [{"on": on, "role": list(permissions), "to": "deploy"}]
    if path.needs == "custom-role":
        found[0]["named"] = "projects/acme-ci/roles/keeper"
    if path.needs in ("admitted-pool", "admitted-provider"):
        found.append({"on": "admin", "role": "roles/iam.workloadIdentityUser", "to": "*"})
    if path.needs == "tag-condition":
        found.append({"on": on, "role": "roles/browser", "to": "deploy", "if": "resource.matchTag('1/env', 'x')"})
    return found


def found(path: EscalationPath, permissions: tuple[str, ...]) -> list[Capability]:
    power = profile({"grants": grants(path, permissions), **NEEDED[path.needs]}).power
    return [one for one in power.capabilities if one.path == path.id]


@pytest.mark.parametrize("path", PATHS, ids=[path.id for path in PATHS])
def test_a_path_that_is_granted_exactly_is_found(path: EscalationPath) -> None:
    (one,) = found(path, (*path.permissions, *path.also))
    wanted = " and if ".join(
        doubt for doubt in (path.doubt, ISSUERS if "admitted" in str(path.needs) else None) if doubt is not None
    )
    assert one.doubt == (wanted or None)
    assert one.permissions == path.permissions
    assert [source.pointer for source in one.sources] == ["/policy/bindings/0/members/0"]


@pytest.mark.parametrize("path", PATHS, ids=[path.id for path in PATHS])
def test_a_path_that_lacks_a_permission_is_not_found(path: EscalationPath) -> None:
    for missing in path.permissions:
        rest = tuple(one for one in (*path.permissions, *path.also) if one != missing)
        assert found(path, rest) == [], missing


@pytest.mark.parametrize("path", [path for path in PATHS if path.also], ids=lambda path: path.id)
def test_a_path_that_lacks_what_it_usually_takes_is_in_doubt(path: EscalationPath) -> None:
    (one,) = found(path, path.permissions)
    assert one.doubt is not None
    assert f"it gets by without {', '.join(path.also)}" in one.doubt


@pytest.mark.parametrize("path", [path for path in PATHS if path.needs], ids=lambda path: path.id)
def test_a_path_whose_need_is_not_met_is_in_doubt(path: EscalationPath) -> None:
    power = profile({"grants": [{"on": "acme-ci", "role": list(path.permissions), "to": "deploy"}]}).power
    (one,) = [one for one in power.capabilities if one.path == path.id]
    assert one.doubt is not None
    assert one.doubt != path.doubt


def stepped(account: tuple[str, ...], project: tuple[str, ...]) -> list[Step]:
    given = [{"on": "admin", "role": list(account), "to": "deploy"}]
    given.append({"on": "acme-ci", "role": list(project), "to": "deploy"})
    return [step for step in profile({"grants": given}).steps if step.target.name == "admin"]


@pytest.mark.parametrize("path", STEPS, ids=[path.id for path in STEPS])
def test_on_one_account_a_path_is_a_step(path: EscalationPath) -> None:
    also = () if path.doubt else path.also  # what others need as well would be another path
    usual = f"it gets by without {', '.join(path.also)}" if path.also and not also else None
    doubt = " and if ".join(part for part in (path.doubt, usual) if part) or None
    (step,) = stepped(path.account, (*path.project, *also))
    assert (step.kind, step.how, step.permissions, step.doubt) == (path.step, path.how, path.permissions, doubt)
    for missing in path.permissions:
        account = tuple(one for one in path.account if one != missing)
        project = tuple(one for one in path.project if one != missing)
        assert stepped(account, project) == []


def test_the_table_is_in_order() -> None:
    assert len(PATHS) >= 80
    assert len({path.id for path in PATHS}) == len(PATHS)
    assert {path.needs for path in PATHS} == set(NEEDED)
    for path in PATHS:
        assert path.permissions
        assert path.id.startswith("gcp-")
        assert path.what.count("{place}") == 1
        assert not path.what.endswith(".")
        assert (path.step is None) == (path.how == "")
    assert {path.step for path in STEPS} == {"impersonate", "create-key", "grant-roles", "run-as"}
    readings = table().readings
    assert len({reading.what for reading in readings}) == len(readings)


@pytest.mark.parametrize("reading", table().readings, ids=lambda reading: reading.any[0])
def test_what_is_sensitive_to_read_is_told_of_a_project_and_not_of_one_resource(reading: Any) -> None:
    for permission in reading.any:
        wide = profile({"grants": [{"on": "acme-ci", "role": [permission], "to": "deploy"}]}).power
        told = [(str(one.level), one.what, one.permissions) for one in wide.capabilities]
        assert ("sensitive-read", reading.what.format(place="project acme-ci"), (permission,)) in told
        named = profile({"grants": [{"on": "bucket", "role": [permission], "to": "deploy"}]}).power
        assert [str(one.level) for one in named.capabilities] == ["scoped"]
