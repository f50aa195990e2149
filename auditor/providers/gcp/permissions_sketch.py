"""How to grant less: the guilty binding as it stands, and as it could be. A sketch, to be finished by a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from auditor.model import Fix, Json, Level, Source
from auditor.power import Capability
from auditor.providers.gcp.bindings import resource_of
from auditor.providers.gcp.escalations import table
from auditor.providers.gcp.estate import Estate, Policy

_SUMMARIES: Mapping[Level, str] = {
    Level.ADMIN: "A sketch: a role without setIamPolicy, with what is really used",
    Level.ESCALATION: "A sketch: the same without {permission}",
    Level.WIDE_WRITE: "A sketch: a role with what is really used, on the resources it is used on",
    Level.SENSITIVE_READ: "A sketch: the role that reads, on the single resource that is read",
    Level.SCOPED: "A sketch: a role with what is really used",
}
_USED = "<a custom role with the permissions that are used>"


def sketch(estate: Estate, capability: Capability) -> Fix | None:
    """The binding that grants the decisive permission, and a narrower one. None where no document holds it."""
    found = _guilty(estate, capability)
    if found is None or capability.level not in _SUMMARIES:
        return None
    policy, binding, member, permission = found
    before = {**binding, "members": [member]}
    after: dict[str, Any] = {**before}
    where = resource_of(policy, estate).name
    summary = _SUMMARIES[capability.level].format(permission=permission)
    path = next((path for path in table().paths if path.id == capability.path), None)
    if path is not None and path.step is not None and path.account and policy.container is not None:
        summary = "A sketch: the same role on the one service account that is meant, not on everything below"
        after = {"resource": "<projects/PROJECT/serviceAccounts/the one that is meant>", **before}
    elif capability.level is Level.SENSITIVE_READ:
        after = {"resource": "<the one resource that is read>", **before}
    elif capability.level is Level.ESCALATION:
        after["role"] = f"<a custom role like {binding.get('role')}, without {permission}>"
    else:
        after["role"] = _USED
    return Fix(f"{summary}. It stands on {where}.", _text(before), _text(after))


def _guilty(estate: Estate, capability: Capability) -> tuple[Policy, Json, str, str] | None:
    """The binding that its first, decisive permission comes from."""
    permission = capability.permissions[0] if capability.permissions else ""
    found = (place for source in capability.sources for place in _at(estate, source))
    return next(((*one, permission) for one in found), None)


def _at(estate: Estate, source: Source) -> list[tuple[Policy, Json, str]]:
    parts = source.pointer.split("/")
    if len(parts) != 6 or not (parts[3].isdecimal() and parts[5].isdecimal()):
        return []
    found = []
    for policy in estate.policies:
        if policy.resource == source.document:
            try:
                binding = policy.body["policy"]["bindings"][int(parts[3])]
                found.append((policy, binding, binding["members"][int(parts[5])]))
            except (KeyError, IndexError, TypeError):
                continue
    return found


def _text(binding: Json) -> str:
    return json.dumps(binding, indent=2, ensure_ascii=False)
