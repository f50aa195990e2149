"""What an identity of Azure may do where it is easily read otherwise: too certain, or gone though it is there."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.providers.azure.authority import AzureAuthority
from tests.providers.azure import power_estates
from tests.providers.power_told import Want, told

WRITES = "Microsoft.Authorization/roleAssignments/write"
ATTACH = "Microsoft.ManagedIdentity/userAssignedIdentities"
TWO = {"deploy": "managed-identity", "billing": "managed-identity"}
EVERYTHING = [{"actions": ["*"]}]


def own(*actions: str, on: str = "subscription", **more: Any) -> dict[str, Any]:
    """A role of one's own, assigned."""
    return {"roles": {"own": {"actions": list(actions), **more}}, "assignments": [assigned("own", on)]}


def assigned(name: str, on: str = "subscription", **more: Any) -> dict[str, Any]:
    return {"to": "deploy", "role": name, "on": on, **more}


def denied(on: str = "subscription", **more: Any) -> dict[str, Any]:
    return {
        "assignments": [assigned("Owner")],
        "deny": [{"on": on, "to": ["everybody"], "permissions": EVERYTHING, **more}],
    }


AZURE_CASES: list[tuple[str, dict[str, Any], Want]] = [
    ("actions have no letter case", own("microsoft.AUTHORIZATION/roleassignments/WRITE"), Want("admin", "admin")),
    ("every write", own("*/write"), Want("admin", "admin")),
    (
        "every write but those of roles",
        own("*/write", notActions=["Microsoft.Authorization/*"]),
        Want("escalation", "wide-write"),
    ),
    ("everything but everything", own("*", notActions=["*"]), Want("none", "none")),
    (
        "what one role leaves out another grants",
        {
            "roles": {
                "most": {"actions": ["*"], "notActions": ["Microsoft.Authorization/*"]},
                "rest": {"actions": [WRITES]},
            },
            "assignments": [assigned("most"), assigned("rest")],
        },
        Want("admin", "admin"),
    ),
    (
        "but only where it is assigned",
        {
            "roles": {
                "most": {"actions": ["*"], "notActions": ["Microsoft.Authorization/*"]},
                "rest": {"actions": [WRITES]},
            },
            "assignments": [assigned("most"), assigned("rest", "rg")],
        },
        Want("escalation", "escalation"),
    ),
    ("keys open data", own("Microsoft.Storage/storageAccounts/listKeys/action"), Want("wide-write", "wide-write")),
    (
        "an identity, and perhaps something to attach it to",
        {**own(f"{ATTACH}/*/assign/action"), "identities": TWO},
        Want("wide-write", "wide-write", ("assign-identity billing ?",)),
    ),
    (
        "as Microsoft's own role writes it",
        {**own(f"{ATTACH}/*/assign/action", "Microsoft.Compute/virtualMachines/write"), "identities": TWO},
        Want("escalation", "wide-write", ("assign-identity billing",)),
    ),
    (
        "and in that role itself",
        {
            "roles": {"machines": {"actions": ["Microsoft.Compute/virtualMachines/write"]}},
            "assignments": [assigned("Managed Identity Operator"), assigned("machines")],
            "identities": TWO,
        },
        Want("escalation", "wide-write", ("assign-identity billing",)),
    ),
    (
        "left out, as that role writes it",
        {**own("*", notActions=[f"{ATTACH}/*", "Microsoft.Authorization/*"]), "identities": TWO},
        Want("escalation", "wide-write"),
    ),
    (
        "a credential, where the identity lies",
        {**own(f"{ATTACH}/federatedIdentityCredentials/write", on="identity/billing"), "identities": TWO},
        Want("scoped", "scoped", ("write-credential billing",)),
    ),
    (
        "a credential, elsewhere",
        {**own(f"{ATTACH}/federatedIdentityCredentials/write", on="rg"), "identities": TWO},
        Want("escalation", "wide-write"),
    ),
    ("an empty condition is none", {"assignments": [assigned("Owner", condition="")]}, Want("admin", "admin")),
    ("a condition is not understood", {"assignments": [assigned("Owner", condition="true")]}, Want("admin", "none")),
    (
        "ids have no letter case",
        {"assignments": [assigned("Owner", on="/SUBSCRIPTIONS/22222222-AAAA-4BBB-8CCC-000000000002/")]},
        Want("admin", "admin"),
    ),
    ("everything is denied", denied(), Want("none", "none")),
    ("to everybody else", denied(but=["deploy"]), Want("admin", "admin")),
    ("above", denied("group"), Want("none", "none")),
    ("above, and only there", denied("group", doNotApplyToChildScopes=True), Want("admin", "admin")),
    ("elsewhere", denied("other"), Want("admin", "admin")),
    ("and only logged", denied(denyAssignmentEffect="audit"), Want("admin", "admin")),
    ("and enforced", denied(denyAssignmentEffect="Enforced", isSystemProtected=False), Want("none", "none")),
    ("or perhaps only logged", denied(isSystemProtected=False), Want("admin", "none")),
    ("by an effect nobody knows", denied(denyAssignmentEffect="warn"), Want("admin", "none")),
    (
        "all but reading is denied",
        denied(permissions=[{"actions": ["*"], "notActions": ["*/read"]}]),
        Want("sensitive-read", "scoped"),
    ),
    ("a role that waits for somebody", {"eligible": [assigned("Owner")]}, Want("scoped", "none")),
    (
        "for a group it is in",
        {"eligible": [{**assigned("Owner"), "to": "ops"}], "groups": {"ops": ["deploy"]}},
        Want("scoped", "none"),
    ),
    (
        "an owner of an application who may not write what it owns",
        {"identities": {"deploy": "application", "boss": "application"}, "owners": {"boss": ["deploy"]}},
        Want("none", "none", ("write-credential boss ?",)),
    ),
    (
        "and who may",
        {
            "identities": {"deploy": "application", "boss": "application"},
            "owners": {"boss": ["deploy"]},
            "permissions": [{"to": "deploy", "permission": "Application.ReadWrite.OwnedBy"}],
        },
        Want("escalation", "none", ("write-credential boss",)),
    ),
]


@pytest.mark.parametrize(("case", "want"), [case[1:] for case in AZURE_CASES], ids=[case[0] for case in AZURE_CASES])
def test_an_identity_of_azure(case: dict[str, Any], want: Want) -> None:
    authority = AzureAuthority(power_estates.snapshot({"name": "", "why": "", "expect": {}, **case}))
    identity = next(one for one in authority.identities() if one.name == "deploy")
    assert told(authority.profile(identity)) == want
