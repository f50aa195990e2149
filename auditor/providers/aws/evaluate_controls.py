"""Whether the resource control policies above an account refuse a call on one of its roles. Part of the evaluator.

They bind no role of the management account and no service-linked role, and can only refuse (AWS Organizations user
guide). Their principal is `*`, their resources are ARNs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from auditor.model import Trust
from auditor.providers.aws.evaluate_actions import action_matches, reading_of, statements_of, wild
from auditor.providers.aws.evaluate_conditions import all_of, any_of, meets, met_by_no_token, opposite
from auditor.providers.aws.evaluate_keys import Call, arn_account
from auditor.providers.aws.evaluate_texts import Reading, fits, units

_POLICY_MEMBERS: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT_MEMBERS: Final = frozenset(
    {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_KEY: Final = "resource-control-policy "
_MOST: Final = 1024


def refused_above(trust: Trust, action: str, call: Call) -> bool | None:
    """Whether some Deny above the account is about this call; None where that is not known.

    `trust.documents` holds them under keys that begin with `resource-control-policy ` (None for one that could not be
    read), and the organization's own document as `organization`.
    """
    organization = trust.documents.get("organization")
    if not isinstance(organization, Mapping):
        return False
    manager = organization.get("MasterAccountId")
    arn = trust.identity.id
    if manager == call.account or arn.split(":", 5)[-1].startswith("role/aws-service-role/"):
        return False
    bodies = [body for name, body in trust.documents.items() if name.startswith(_KEY)]
    refused = any_of(_refuses(body, action, arn, call) for body in bodies)
    return refused if isinstance(manager, str) or refused is False else None


def _refuses(document: Any, action: str, arn: str, call: Call) -> bool | None:
    policy = document.get("Content") if isinstance(document, Mapping) else None
    statements = statements_of(policy) if isinstance(policy, Mapping) else None
    if not isinstance(policy, Mapping) or statements is None:
        return None
    reading = reading_of(policy, call)
    concerned = _concerned(document, statements, action, reading)
    found = any_of(_denies(statement, action, arn, reading) for statement in concerned)
    # An element that no policy has: what else it then says is not known, but what it is not about it is not about.
    return found if set(policy) <= _POLICY_MEMBERS or found is False else None


_remembered: dict[tuple[int, str, str, bool], tuple[object, list[Any]]] = {}
"""Id of a document, action, issuer, whether that is built in → the document itself, its statements about such calls.

An organization has a few of them and asks about a million roles. The document is kept, so that its id stays its own.
"""


def _concerned(document: object, statements: list[Any], action: str, reading: Reading) -> list[Any]:
    """Without those about other services, and those whose conditions no token of the issuer meets."""
    key = (id(document), action, reading.call.issuer, arn_account(reading.call.via) is None)
    found = _remembered.get(key)
    if found is None or found[0] is not document:
        if len(_remembered) >= _MOST:
            _remembered.clear()
        found = _remembered[key] = document, [one for one in statements if not _elsewhere(one, action, reading)]
    return found[1]


def _elsewhere(statement: Any, action: str, reading: Reading) -> bool:
    if not isinstance(statement, Mapping):
        return False
    return action_matches(statement, action) is False or met_by_no_token(statement.get("Condition", {}), reading)


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
