"""What a collection has read so far, and pure questions about it. Knows IAM's documents, not how they were fetched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from auditor.snapshot import Coverage, Document, Status

PROVIDER = "aws"
UNKNOWN_SCOPE = "-"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a call gave no answer."""

    status: Status
    reason: str
    unreachable: bool = False
    code: str | None = None
    """AWS's own name for it."""
    passing: bool = False
    """Whether it may be gone when the account is read anew."""


Ask = Callable[[str, Mapping[str, Any]], Mapping[str, Any] | Trouble]
"""Calls one operation, named as the permission for it in IAM, with these parameters."""


def lacking(error: KeyError) -> Trouble:
    """An answer that is not what AWS sends."""
    return Trouble(Status.FAILED, f"the answer lacks the field {error}", passing=True)


@dataclass(slots=True)
class Haul:
    """Documents and ledger rows of one account, in the order of reading. `stamped` fills in their scope at the end."""

    documents: list[Document] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    passing: int = 0
    """How many rows say what may be gone when the account is read anew."""

    def keep(self, kind: str, ident: str, body: Mapping[str, Any]) -> None:
        """Add a document, and a row for each part of it that is not what it should be."""
        self.documents.append(Document(PROVIDER, UNKNOWN_SCOPE, kind, ident, body))
        if broken := undecoded(kind, body):
            reason = f"{' and '.join(broken)} {'is' if len(broken) == 1 else 'are'} not a JSON object"
            self.note(f"{kind} {ident}", Status.FAILED, reason)

    def note(self, kind: str, status: Status, reason: str | None = None, permission: str | None = None) -> None:
        self.coverage.append(Coverage(PROVIDER, UNKNOWN_SCOPE, kind, status, reason, permission))

    def trouble(self, kind: str, trouble: Trouble, permission: str, rest: str = "") -> None:
        """Add a row for what could not be read."""
        self.note(kind, trouble.status, trouble.reason + rest, permission)
        self.passing += trouble.passing

    def under(self, scope: str) -> Haul:
        """Everything under that scope."""
        return Haul(
            [replace(doc, scope=scope) for doc in self.documents],
            [replace(row, scope=scope) for row in self.coverage],
            self.passing,
        )

    def stamped(self, account: Mapping[str, Any]) -> Haul:
        """Everything under the scope `account["Account"]`, with the account's own document in front."""
        scope = account["Account"]
        rest = self.under(scope)
        return Haul(
            [Document(PROVIDER, scope, "account", scope, account), *rest.documents], rest.coverage, self.passing
        )


def undecoded(kind: str, body: Mapping[str, Any]) -> list[str]:
    """The policy documents of a role or policy that botocore could not turn into an object, in words."""
    texts: dict[str, Any] = {}
    if kind == "iam-role":
        texts["the trust policy"] = body.get("AssumeRolePolicyDocument")
        for inline in body.get("RolePolicyList", ()):
            texts[f"the inline policy {inline.get('PolicyName', 'without a name')}"] = inline.get("PolicyDocument")
    elif kind == "iam-policy":
        for version in body.get("PolicyVersionList", ()):
            if version.get("IsDefaultVersion"):
                texts["the default version"] = version.get("Document")
    return [name for name, decoded in texts.items() if not isinstance(decoded, dict)]


def unread_policies(documents: Sequence[Document]) -> list[str]:
    """ARNs of policies and boundaries that roles with a federated principal carry and that are not in `documents`."""
    known = {doc.id for doc in documents if doc.kind == "iam-policy"}
    carried = (
        arn
        for doc in documents
        if doc.kind == "iam-role" and "Federated" in json.dumps(doc.body.get("AssumeRolePolicyDocument"))
        for arn in _policy_arns(doc.body)
    )
    return [arn for arn in dict.fromkeys(carried) if arn not in known]


def _policy_arns(role: Mapping[str, Any]) -> Iterator[str]:
    for attached in role.get("AttachedManagedPolicies", ()):
        if "PolicyArn" in attached:
            yield attached["PolicyArn"]
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if boundary:
        yield boundary


def account_of(documents: Sequence[Document]) -> dict[str, Any]:
    """The account as the ARNs of roles and providers name it, for when STS did not say; `-` when none does."""
    for doc in documents:
        _, partition, _, _, account, *_ = [*doc.id.split(":"), *[""] * 5]
        if account.isdigit():
            return {"Account": account, "Partition": partition, "CallerArn": None}
    return {"Account": UNKNOWN_SCOPE, "Partition": "aws", "CallerArn": None}


def plain(value: Any) -> Any:
    """`value` with every time as RFC 3339 text in UTC and without botocore's own notes, so that it is JSON."""
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def rfc3339(moment: datetime) -> str:
    """`moment` in UTC, with a final `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
