"""Whether the resource control policies above an account refuse a call on one of its roles. Part of the evaluator.

They bind no role of the management account and no service-linked role, and can only refuse (AWS Organizations user
guide). Their principal is `*`, their resources are ARNs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from auditor.model import Trust
from auditor.providers.aws.evaluate_actions import action_matches, reading_of, statements_of, wild
from auditor.providers.aws.evaluate_conditions import all_of, any_of, meets, opposite
from auditor.providers.aws.evaluate_keys import Call
from auditor.providers.aws.evaluate_texts import Reading, fits, units

_POLICY_MEMBERS: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT_MEMBERS: Final = frozenset(
    {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_KEY: Final = "resource-control-policy "


def refused_above(trust: Trust, action: str, call: Call) -> bool | None:
    """Whether some Deny above the account is about this call; None where that is not known.

    `trust.documents` holds them under keys that begin with `resource-control-policy `, the organization's own document
    as `organization`, and as `resource-control-policies-unread` the ids of those that could not be read.
    """
    organization = trust.documents.get("organization")
    if not isinstance(organization, Mapping):
        return False
    manager = organization.get("MasterAccountId")
    arn = trust.identity.id
    if manager == call.account or arn.split(":", 5)[-1].startswith("role/aws-service-role/"):
        return False
    answers = [_refuses(body, action, arn, call) for name, body in trust.documents.items() if name.startswith(_KEY)]
    if trust.documents.get("resource-control-policies-unread"):
        answers.append(None)
    refused = any_of(answers)
    return refused if isinstance(manager, str) or refused is False else None


def _refuses(document: Any, action: str, arn: str, call: Call) -> bool | None:
    policy = document.get("Content") if isinstance(document, Mapping) else None
    statements = statements_of(policy) if isinstance(policy, Mapping) else None
    if not isinstance(policy, Mapping) or statements is None:
        return None
    reading = reading_of(policy, call)
    found = any_of([_denies(statement, action, arn, reading) for statement in statements])
    # An element that no policy has: what else it then says is not known, but what it is not about it is not about.
    return found if set(policy) <= _POLICY_MEMBERS or found is False else None


def _denies(statement: Any, action: str, arn: str, reading: Reading) -> bool | None:
    if not isinstance(statement, Mapping):
        return None
    effect = statement.get("Effect")
    if effect == "Allow":
        return False  # AWS's own policy that lets everything pass: it refuses nothing
    return all_of(
        (
            True if effect == "Deny" else None,
            True if set(statement) <= _STATEMENT_MEMBERS else None,
            True if statement.get("Principal") == "*" and "NotPrincipal" not in statement else None,
            action_matches(statement, action),
            _about(statement, arn, reading),
            meets(statement.get("Condition", {}), reading),
        )
    )


def _about(statement: Mapping[str, Any], arn: str, reading: Reading) -> bool | None:
    if ("Resource" in statement) == ("NotResource" in statement):
        return None
    named = statement["Resource"] if "Resource" in statement else statement["NotResource"]
    listed = named if isinstance(named, list | tuple) else [named]
    if not listed:
        return None
    answer = any_of([_names(pattern, arn, reading) for pattern in listed])
    return answer if "Resource" in statement else opposite(answer)


def _names(pattern: Any, arn: str, reading: Reading) -> bool | None:
    """Whether a pattern covers the ARN. A `*` that would have to span one of its first five colons is not settled."""
    if not isinstance(pattern, str) or ("${" in pattern and reading.variables is not False):
        return None
    if pattern == "*":
        return True
    if not fits(wild(pattern), units(arn)):
        return False
    theirs, ours = pattern.split(":", 5), arn.split(":", 5)
    if len(theirs) != len(ours):
        return None
    return all(fits(wild(one), units(other)) for one, other in zip(theirs, ours, strict=True)) or None
