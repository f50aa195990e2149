"""How to grant less: the guilty statement as it is, and as it could be. For a person to finish."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from auditor.model import Fix, Level
from auditor.power import Capability
from auditor.providers.aws.grants import Bound
from auditor.providers.aws.permissions import Standing
from auditor.providers.aws.tables import PASS_ROLE, PATHS
from auditor.providers.aws.wildcards import matches

_PLACES = "<the resources it works on>"


def sketch(standing: Standing, capability: Capability) -> Fix | None:
    """A narrower form of the statement that decides; None where it cannot be found."""
    bound = _guilty(standing, capability)
    if bound is None:
        return None
    raw = dict(bound.rule.raw)
    if capability.level is Level.ADMIN or capability.permissions == ("*",):
        after = {**_without(raw, "NotAction", "NotResource"), "Action": "<the actions it uses>", "Resource": _PLACES}
        summary = (
            "A sketch: name the actions and resources the role uses; CloudTrail and last-accessed data tell which."
        )
    elif "iam:PassRole" in capability.permissions and bound.rule.covers(PASS_ROLE):
        after = _passing(raw, capability)
        summary = "A sketch: let it pass the one role it needs, to the one service that needs it."
    elif capability.path is not None:
        after = _lesser(raw, capability.permissions)
        summary = "A sketch: take the action that decides out of the statement."
    else:
        after = {**_without(raw, "NotResource"), "Resource": _PLACES}
        summary = "A sketch: name the resources it works on, or a prefix of their names."
    return Fix(summary, json.dumps(raw, indent=2), json.dumps(after, indent=2))


def _guilty(standing: Standing, capability: Capability) -> Bound | None:
    places = {(source.document, source.pointer) for source in capability.sources}
    chosen = [
        bound
        for bound in standing.grants
        if any(
            document == bound.document and _inside(pointer, bound.prefix + bound.rule.pointer)
            for document, pointer in places
        )
    ]
    passing = [bound for bound in chosen if bound.rule.covers(PASS_ROLE)] if _passes(capability) else []
    return next(iter(passing or chosen), None)


def _passes(capability: Capability) -> bool:
    return "iam:PassRole" in capability.permissions


def _inside(pointer: str, place: str) -> bool:
    return pointer == place or pointer.startswith(f"{place}/")


def _without(raw: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in names}


def _passing(raw: Mapping[str, Any], capability: Capability) -> dict[str, Any]:
    services = next((way.services for way in PATHS if way.id == capability.path), ())
    return {
        **_without(raw, "Action", "NotAction", "Resource", "NotResource", "Condition"),
        "Action": "iam:PassRole",
        "Resource": "<the ARN of the role to pass>",
        "Condition": {"StringEquals": {"iam:PassedToService": services[0] if services else "<the service>"}},
    }


def _lesser(raw: Mapping[str, Any], permissions: Iterable[str]) -> dict[str, Any]:
    """Without the actions that cover one of `permissions`; where nothing would be left, or none is named, a blank."""
    written = raw.get("Action")
    wanted = tuple(permission.lower() for permission in permissions)
    listed = written if isinstance(written, list | tuple) else [written]
    kept = [
        name
        for name in listed
        if isinstance(name, str) and not any(matches(name.lower(), permission) for permission in wanted)
    ]
    blank = "<the actions it uses, without " + ", ".join(permissions) + ">"
    wild = any(isinstance(name, str) and ("*" in name or "?" in name) for name in listed if name not in kept)
    after = _without(raw, "NotAction")
    return {**after, "Action": [*kept, blank] if wild or not kept else kept}
