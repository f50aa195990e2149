"""Reads what IAM of one account holds: every role, the policies and the OIDC providers. Judges nothing.

Calls (IAM API reference): `iam:GetAccountAuthorizationDetails` in pages of 1,000 over roles and policies together,
`iam:ListOpenIDConnectProviders` once, `iam:GetOpenIDConnectProvider` once per provider. An account of 5,000 roles costs
about eight calls and one per provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.providers.aws.haul import Ask, Haul, Trouble, lacking, plain, unread_policies
from auditor.snapshot import Status

PAGE_SIZE = 1000
"""The most IAM returns at once; it may return fewer."""
LOOKUP_LIMIT = 50

DETAILS = "iam:GetAccountAuthorizationDetails"
LIST_PROVIDERS = "iam:ListOpenIDConnectProviders"
GET_PROVIDER = "iam:GetOpenIDConnectProvider"
GET_POLICY = "iam:GetPolicy"
GET_VERSION = "iam:GetPolicyVersion"


def read_details(ask: Ask, haul: Haul) -> Trouble | None:
    """Roles and policies, page by page. Returns what ended the stream early; what came before is kept."""
    roles: dict[str, Mapping[str, Any]] = {}
    policies: dict[str, Mapping[str, Any]] = {}
    trouble: Trouble | None = None
    listed = False
    for page in _pages(ask):
        if isinstance(page, Trouble):
            trouble = page
            break
        listed |= "RoleDetailList" in page
        for kept, entries in ((roles, page.get("RoleDetailList", ())), (policies, page.get("Policies", ()))):
            for entry in entries:
                try:
                    kept[entry["Arn"]] = plain(entry)
                except KeyError as error:
                    trouble = lacking(error)
    else:
        if not listed:
            trouble = lacking(KeyError("RoleDetailList"))

    for kind, documents in (("iam-role", roles), ("iam-policy", policies)):
        if trouble is None:
            haul.note(kind, Status.READ, None, DETAILS)
        else:
            rest = (
                f"; {len(roles)} roles and {len(policies)} policies were read all the same" if roles or policies else ""
            )
            haul.trouble(kind, trouble, DETAILS, rest)
        for arn, body in documents.items():
            haul.keep(kind, arn, body)
    return trouble


def _pages(ask: Ask) -> Iterator[Mapping[str, Any] | Trouble]:
    """The pages of GetAccountAuthorizationDetails, and what ended them early.

    boto3's own paginator ends in silence when a page says that there is more and gives no marker. Here that is trouble.
    """
    request: dict[str, Any] = {"Filter": ["Role", "LocalManagedPolicy", "AWSManagedPolicy"], "MaxItems": PAGE_SIZE}
    markers: set[str] = set()
    while True:
        page = ask(DETAILS, request)
        yield page
        if isinstance(page, Trouble):
            return
        if "IsTruncated" not in page:
            yield lacking(KeyError("IsTruncated"))
            return
        if not page["IsTruncated"]:
            return
        marker = page.get("Marker")
        if not marker or marker in markers:
            fault = "repeats an earlier marker" if marker else "gives no marker"
            yield Trouble(Status.FAILED, f"a page says that there is more and {fault}")
            return
        markers.add(marker)
        request["Marker"] = marker


def read_providers(ask: Ask, haul: Haul) -> None:
    """The OIDC providers."""
    answer = ask(LIST_PROVIDERS, {})
    try:
        arns = [] if isinstance(answer, Trouble) else [entry["Arn"] for entry in answer["OpenIDConnectProviderList"]]
    except KeyError as error:
        answer = lacking(error)
    if isinstance(answer, Trouble):
        haul.trouble("oidc-provider", answer, LIST_PROVIDERS)
        return
    haul.note("oidc-provider", Status.READ, None, LIST_PROVIDERS)
    for arn in arns:
        found = ask(GET_PROVIDER, {"OpenIDConnectProviderArn": arn})
        if not isinstance(found, Trouble):
            try:
                # A missing list of client ids is not an empty one: nobody passes an empty one.
                body = {"Arn": arn, "Url": found["Url"], "ClientIDList": found["ClientIDList"]}
            except KeyError as error:
                found = lacking(error)
        if isinstance(found, Trouble):
            haul.trouble(f"oidc-provider {arn}", found, GET_PROVIDER)
            continue
        optional = {key: found[key] for key in ("ThumbprintList", "Tags", "CreateDate") if key in found}
        haul.keep("oidc-provider", arn, plain({**body, **optional}))


def look_up(ask: Ask, haul: Haul) -> None:
    """Fetch policies one by one that the stream left out: AWS does not promise that it holds every attached one.

    Two calls each, for `LOOKUP_LIMIT` policies at most and none after the first refusal.
    """
    refusal: tuple[Trouble, str] | None = None
    for number, arn in enumerate(unread_policies(haul.documents)):
        permission = GET_POLICY
        if refusal is None and number < LOOKUP_LIMIT:
            found, permission = _policy(ask, arn)
            if not isinstance(found, Trouble):
                haul.keep("iam-policy", arn, found)
                continue
            trouble = found
            refusal = (trouble, permission) if trouble.status is Status.DENIED else None
        elif refusal is not None:
            trouble, permission = refusal
        else:
            trouble = Trouble(
                Status.FAILED, f"not returned with the roles, and not among the {LOOKUP_LIMIT} looked up singly"
            )
        haul.trouble(f"iam-policy {arn}", trouble, permission)


def _policy(ask: Ask, arn: str) -> tuple[Mapping[str, Any] | Trouble, str]:
    """A policy with its default version, and the permission it was last asked with."""
    answer = ask(GET_POLICY, {"PolicyArn": arn})
    permission = GET_POLICY
    try:
        if isinstance(answer, Trouble):
            return answer, permission
        policy, version = answer["Policy"], answer["Policy"]["DefaultVersionId"]
        permission = GET_VERSION
        answer = ask(GET_VERSION, {"PolicyArn": arn, "VersionId": version})
        if isinstance(answer, Trouble):
            return answer, permission
        return plain({**policy, "PolicyVersionList": [answer["PolicyVersion"]]}), permission
    except KeyError as error:
        return lacking(error), permission
