"""How accounts are entered that are not the caller's own, and who may be asked about them besides."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from auditor.errors import CollectError
from auditor.providers.aws.connections import Connections, Source, connections
from auditor.providers.aws.haul import Ask, Trouble, lacking

ASSUME = "sts:AssumeRole"

HASTY = ("organizations",)
"""What is asked with few attempts in a single account: most may not ask it, and it only ever takes away."""


@dataclass(frozen=True, slots=True)
class Assume:
    """How accounts other than the caller's own are entered."""

    role_name: str = "OrganizationAccountAccessRole"
    """The same in every account, with its path. The default is what AWS makes in each account an organisation creates;
    it may do anything, so that one of its own for reading is better."""
    external_id: str | None = None
    session_name: str = "oidc-trust-auditor"
    duration: int = 900
    """Seconds; STS takes 900 to 43,200, and 3,600 at most where the caller has assumed a role itself. An account is
    given up after that time anyhow."""


def managers(sources: Iterable[Source]) -> Callable[[str], Ask | None]:
    """Finds who may ask about an organisation's policies: by the id of its management account."""

    def manager(account: str) -> Ask | None:
        for source in sources:
            try:
                ways = connections(source)
            except CollectError:
                continue
            if ways.account() == account:
                return ways.asker(hasty=HASTY)
        return None

    return manager


def enter(ways: Connections, role: str, assume: Assume) -> tuple[str, Ask] | Trouble:
    """Who one is by that role, and how to ask there."""
    request: dict[str, Any] = {
        "RoleArn": role,
        "RoleSessionName": assume.session_name,
        "DurationSeconds": assume.duration,
    }
    if assume.external_id is not None:
        request["ExternalId"] = assume.external_id
    answer = ways.entrance(ASSUME, request)
    if isinstance(answer, Trouble):
        return answer
    try:
        keys = {
            "aws_access_key_id": answer["Credentials"]["AccessKeyId"],
            "aws_secret_access_key": answer["Credentials"]["SecretAccessKey"],
            "aws_session_token": answer["Credentials"]["SessionToken"],
        }
        return answer["AssumedRoleUser"]["Arn"], ways.asker(keys)
    except KeyError as error:
        return lacking(error)
